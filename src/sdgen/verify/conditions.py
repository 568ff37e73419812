"""An entity's own checks, asked of the place in its own SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sdgen.errors import TargetError
from sdgen.verify.findings import Finding, Status, judged
from sdgen.verify.found import Found

if TYPE_CHECKING:
    from sdgen.plan.conditions import Condition


def check_conditions(found: Found) -> Iterator[Finding]:
    """How many rows break each `check` of the entity; one that the place can't compute is skipped."""
    for condition in found.entity.conditions:
        yield _condition(found, condition)


def _condition(found: Found, condition: Condition) -> Finding:
    needs = condition.expression.needs()
    columns = tuple(dict.fromkeys(need.column for need in needs if not need.link))
    hidden = [need.column for need in needs if need.link or need.column not in found.names]
    if hidden:
        return _skipped(found, columns, condition, f"{hidden[0]} is not in the table")
    try:
        broken = found.place.rows(f"SELECT count(*) FROM {found.source} WHERE NOT ({_translated(found, condition)})")[
            0
        ][0]
    except TargetError as error:
        return _skipped(found, columns, condition, f"can't be asked here: {error.problems[0].what}")
    return Finding(found.entity.name, columns, "check", judged(not broken), condition.sql, f"{broken:,} rows break it")


def _skipped(found: Found, columns: tuple[str, ...], condition: Condition, why: str) -> Finding:
    return Finding(found.entity.name, columns, "check", Status.SKIPPED, condition.sql, why)


def _translated(found: Found, condition: Condition) -> str:
    """The condition in the place's SQL, its columns under the names they have there."""
    from sqlglot import exp, parse_one

    tree = parse_one(condition.sql, dialect="duckdb")
    named = {name.lower(): name for name in found.names}
    for column in tree.find_all(exp.Column):
        column.set("this", exp.to_identifier(named[column.name.lower()], quoted=True))
    return tree.sql(dialect=found.place.dialect.name)
