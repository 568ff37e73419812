"""What a table's rows must keep by themselves: columns, types, NOT NULL, keys. All of it by SQL on all rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sdgen.errors import TargetError
from sdgen.verification.findings import Finding, Found, Status, judged, listed

if TYPE_CHECKING:
    from sdgen.planning.conditions import Condition


def check_columns(found: Found) -> Iterator[Finding]:
    """Are the columns there, and are their values of the planned types?"""
    for column in found.table.columns:
        if column.name not in found.names:
            yield Finding(found.entity.name, (column.name,), "columns", Status.BROKEN, str(column.type), "no column")
    wrong = {column: found.place.unreadable(column) for column in found.columns}
    asked = {column: condition for column, condition in wrong.items() if condition}
    if not asked:
        return
    parts = ", ".join(f"count(CASE WHEN {condition} THEN 1 END)" for condition in asked.values())
    numbers = found.place.rows(f"SELECT {parts} FROM {found.source}")[0]
    for column, number in zip(asked, numbers, strict=True):
        if number:
            what = f"{number:,} values that are none"
            yield Finding(found.entity.name, (column.name,), "types", Status.BROKEN, str(column.type), what)


def check_not_null(found: Found) -> Iterator[Finding]:
    for column in found.columns:
        if not column.nullable:
            nulls = found.nulls[column.name]
            status = judged(not nulls)
            yield Finding(found.entity.name, (column.name,), "not null", status, "no nulls", f"{nulls:,} nulls")


def check_duplicates(found: Found) -> Iterator[Finding]:
    """Primary keys, unique columns and unique sets."""
    primary = [found.table.primary_key] if found.table.primary_key else []
    for columns in dict.fromkeys([*primary, *found.table.unique]):
        if set(columns) <= found.names:
            kind = "primary key" if columns == found.table.primary_key else "unique"
            yield _duplicates(found, columns, kind)


def _duplicates(found: Found, columns: tuple[str, ...], kind: str) -> Finding:
    names = found.quoted(columns)
    listing, filled = ", ".join(names), " AND ".join(f"{name} IS NOT NULL" for name in names)
    twice = f"SELECT {listing}, count(*) AS times FROM {found.source} WHERE {filled} GROUP BY {listing}"
    texts = ", ".join(f"min(CAST({name} AS {found.place.dialect.text}))" for name in names)
    sql = f"SELECT count(*), sum(times - 1), {texts} FROM ({twice} HAVING count(*) > 1) AS twice"
    keys, surplus, *example = found.place.rows(sql)[0]
    what = (
        f"{int(surplus):,} rows too many, of {keys:,} values such as ({listed(example)})" if keys else "no duplicates"
    )
    return Finding(found.entity.name, columns, kind, judged(not keys), "no duplicates", what)


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
