"""What a table's rows must keep by themselves: columns, types, NOT NULL, keys. All of it by SQL on all rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sdgen.errors import TargetError
from sdgen.planning.plan import ColumnPlan
from sdgen.scenario.types import FLOATS, NESTED, NUMBERS
from sdgen.targets.base import TableColumn
from sdgen.targets.csv_encoding import plain_text
from sdgen.verification.comparable import format_value, in_order, one_array
from sdgen.verification.expected import Bounds, Expectation, allowed_values, bounds
from sdgen.verification.findings import Finding, Status, StoredEntity, list_values, status_of

if TYPE_CHECKING:
    from sqlglot import exp

    from sdgen.planning.conditions import Condition


def check_columns(stored: StoredEntity) -> Iterator[Finding]:
    """Are the columns there, and are their values of the planned types?"""
    for column in stored.table.columns:
        if column.name not in stored.names:
            yield Finding(stored.entity.name, (column.name,), "columns", Status.BROKEN, str(column.type), "no column")
    wrong = {column: stored.reader.unreadable(column) for column in stored.columns}
    conditions = {column: condition for column, condition in wrong.items() if condition}
    if not conditions:
        return
    parts = ", ".join(f"count(CASE WHEN {condition} THEN 1 END)" for condition in conditions.values())
    numbers = stored.reader.rows(f"SELECT {parts} FROM {stored.source}")[0]
    for column, number in zip(conditions, numbers, strict=True):
        if number:
            what = f"{number:,} values are of another type"
            yield Finding(stored.entity.name, (column.name,), "types", Status.BROKEN, str(column.type), what)


def check_not_null(stored: StoredEntity) -> Iterator[Finding]:
    for column in stored.columns:
        if not column.nullable:
            nulls = stored.nulls[column.name]
            status = status_of(not nulls)
            yield Finding(stored.entity.name, (column.name,), "not null", status, "no nulls", f"{nulls:,} nulls")


def check_duplicates(stored: StoredEntity, of_any_origin: bool = False) -> Iterator[Finding]:
    """Primary keys, unique columns and unique sets, those that hold in some rows among them.

    of_any_origin: rows that others wrote keep a set, and not the part of it that is unique among the run's own.
    """
    primary = [stored.table.primary_key] if stored.table.primary_key else []
    for columns in dict.fromkeys([*primary, *stored.table.unique]):
        narrower = of_any_origin and any(set(columns) < set(each) for each in stored.table.unique)
        if set(columns) <= stored.names and not narrower:
            kind = "primary key" if columns == stored.table.primary_key else "unique"
            yield _duplicates(stored, columns, kind)
    for partial in stored.entity.partial_unique:
        if {*partial.columns, *partial.where} <= stored.names:
            among = [_asked(stored, name, value) for name, value in partial.where.items()]
            yield _duplicates(stored, partial.columns, "partial unique", among)


def _asked(stored: StoredEntity, name: str, value: Any) -> str:
    """A column's part of a partial unique set's condition, in SQL."""
    quoted = stored.reader.dialect.quote(name)
    if value is None:
        return f"{quoted} IS NULL"
    if isinstance(value, Mapping):
        return f"NOT ({_asked(stored, name, value.get('not'))})"
    values = value if isinstance(value, list | tuple) else [value]
    return f"{quoted} IN ({', '.join(_literal(stored, each) for each in values)})"


def _literal(stored: StoredEntity, value: Any) -> str:
    return str(value) if isinstance(value, bool | int | float) else stored.reader.dialect.literal(str(value))


def _duplicates(stored: StoredEntity, columns: tuple[str, ...], kind: str, among: Sequence[str] = ()) -> Finding:
    names = stored.quoted(columns)
    listing, filled = ", ".join(names), " AND ".join([*(f"{name} IS NOT NULL" for name in names), *among])
    twice = f"SELECT {listing}, count(*) AS times FROM {stored.source} WHERE {filled} GROUP BY {listing}"
    texts = ", ".join(f"min(CAST({name} AS {stored.reader.dialect.text}))" for name in names)
    # All sums and an example come from one query, in which the groups are counted by the database.
    sql = f"SELECT count(*), sum(times - 1), {texts} FROM ({twice} HAVING count(*) > 1) AS twice"
    keys, surplus, *example = stored.reader.rows(sql)[0]
    what = (
        f"{int(surplus):,} rows too many, of {keys:,} values such as ({list_values(example)})"
        if keys
        else "no duplicates"
    )
    return Finding(stored.entity.name, columns, kind, status_of(not keys), "no duplicates", what)


def check_conditions(stored: StoredEntity) -> Iterator[Finding]:
    """How many rows break each `check` of the entity; one that the target can't compute is skipped."""
    for condition in stored.entity.conditions:
        yield _condition(stored, condition)


def _condition(stored: StoredEntity, condition: Condition) -> Finding:
    needs = condition.expression.needs()
    columns = tuple(dict.fromkeys(need.column for need in needs if not need.link))
    hidden = [need.column for need in needs if need.link or need.column not in stored.names]
    if hidden:
        return _skip(stored, columns, condition, f"{hidden[0]} is not in the table")
    why = _unlike(stored, columns, condition)
    if why:
        return _skip(stored, columns, condition, why)
    try:
        broken = stored.reader.rows(
            f"SELECT count(*) FROM {stored.source} WHERE NOT ({_in_dialect(stored, condition)})"
        )[0][0]
    except TargetError as error:
        return _skip(stored, columns, condition, f"the target can't evaluate it: {error.problems[0].what}")
    return Finding(
        stored.entity.name, columns, "check", status_of(not broken), condition.sql, f"{broken:,} rows break it"
    )


def _unlike(stored: StoredEntity, columns: tuple[str, ...], condition: Condition) -> str:
    """Why a target that computes a condition computes another one; "" where it doesn't."""
    kinds = {each.type.kind for each in stored.entity.columns.values() if each.name in columns}
    if stored.reader.dialect.name in ("mysql", "sqlite") and kinds & NESTED:
        return "the target keeps lists and structs as texts"
    if stored.reader.dialect.name == "sqlite" and "decimal" in kinds and re.search(r"[^<>!]=", condition.sql):
        return "the target keeps decimals as floats, which are not compared for equality"
    return ""


def _skip(stored: StoredEntity, columns: tuple[str, ...], condition: Condition, why: str) -> Finding:
    return Finding(stored.entity.name, columns, "check", Status.SKIPPED, condition.sql, why)


def _in_dialect(stored: StoredEntity, condition: Condition) -> str:
    """The condition in the target's SQL, its columns under the names they have there."""
    from sqlglot import exp, parse_one

    tree = parse_one(condition.sql, dialect="duckdb")
    named = {name.lower(): name for name in stored.names}
    for column in tree.find_all(exp.Column):
        # Expressions of a scenario know no capitals, and quoted names in a database do.
        column.set("this", exp.to_identifier(named[column.name.lower()], quoted=True))
    return tree.transform(_translated, stored.reader.dialect.name).sql(dialect=stored.reader.dialect.name)


def _translated(node: exp.Expr, dialect: str) -> exp.Expr:
    """DuckDB's functions of regular expressions, and of time in other units than days, as another database has them."""
    from sqlglot import exp

    if dialect == "mysql" and isinstance(node, exp.DateDiff) and str(node.args.get("unit") or "DAY").upper() != "DAY":
        return exp.TimestampDiff(
            this=node.this.copy(), expression=node.expression.copy(), unit=node.args["unit"].copy()
        )

    if dialect == "duckdb" or not isinstance(node, exp.RegexpFullMatch | exp.RegexpLike):
        return node
    pattern = node.expression
    if isinstance(node, exp.RegexpFullMatch) and isinstance(pattern, exp.Literal):
        pattern = exp.Literal.string(f"^(?:{pattern.name})$")
    if dialect == "mysql":  # of which MariaDB has no REGEXP_LIKE
        place = exp.Anonymous(this="regexp_instr", expressions=[node.this.copy(), pattern.copy()])
        return exp.GT(this=place, expression=exp.Literal.number(0))
    flag = node.args.get("flag") or node.args.get("options")
    return exp.RegexpLike(this=node.this.copy(), expression=pattern.copy(), flag=flag and flag.copy())


# The values a column may have: bounds, lists, lengths of texts. One scan of a table answers all of it.
_NEAR = 1e-9  # how far a bound may be missed by a target that keeps decimals as floats


@dataclass(frozen=True)
class _AggregateCheck:
    """What is asked of a column in SQL aggregates, and what the answers tell; one scan answers all of a table's."""

    aggregates: tuple[str, ...]
    finding: Callable[[Sequence[pa.Array]], Finding]


def check_ranges(stored: StoredEntity, expectation: Expectation, rows: int) -> Iterator[Finding]:
    """Bounds of numbers and times, lists of values, lengths of texts. `rows`: how many there should be."""
    moving = expectation.moving[stored.entity.name]
    expected = expectation.plan.entities[stored.entity.name]
    checks: list[_AggregateCheck] = []
    for column in stored.columns:
        planned = expected.columns[column.name]
        if column.type.length:
            checks.append(_length(stored, column))
        if column.name not in moving:
            checks += _range(stored, column, planned, rows)
        elif bounds(planned, rows):
            what = "depends on the run's as_of: give --as-of"
            yield Finding(stored.entity.name, (column.name,), "range", Status.SKIPPED, found=what)
    yield from _ask(stored, checks)


def _ask(stored: StoredEntity, checks: Sequence[_AggregateCheck]) -> Iterator[Finding]:
    aggregates = [aggregate for check in checks for aggregate in check.aggregates]
    if not aggregates:
        return
    parts = ", ".join(f"{aggregate} AS a{number}" for number, aggregate in enumerate(aggregates))
    answers = iter(
        [one_array(column) for column in stored.reader.arrow(f"SELECT {parts} FROM {stored.source}").columns]
    )
    for check in checks:
        yield check.finding([next(answers) for _ in check.aggregates])


def _range(stored: StoredEntity, column: TableColumn, planned: ColumnPlan, rows: int) -> Iterator[_AggregateCheck]:
    limits = bounds(planned, rows)
    if limits is not None:
        yield _bounds(stored, column, limits)
        return
    allowed = allowed_values(planned)
    if allowed is not None:
        yield _allowed(stored, column, allowed)


def _length(stored: StoredEntity, column: TableColumn) -> _AggregateCheck:
    def finding(answers: Sequence[pa.Array]) -> Finding:
        longest = int(answers[0][0].as_py() or 0)
        expected, what = f"up to {column.type.length} characters", f"up to {longest}"
        return Finding(
            stored.entity.name, (column.name,), "length", status_of(longest <= column.type.length), expected, what
        )

    return _AggregateCheck((f"max(length({stored.reader.dialect.quote(column.name)}))",), finding)


def _bounds(stored: StoredEntity, column: TableColumn, limits: Bounds) -> _AggregateCheck:
    expected = _span(limits, column)

    def finding(answers: Sequence[pa.Array]) -> Finding:
        try:
            ends = [float(value) for each in answers for value in in_order(each, column.type)]
        except ValueError:
            what = " to ".join(str(each[0]) for each in answers)
            return Finding(stored.entity.name, (column.name,), "range", Status.BROKEN, expected, what)
        right = all(_within(value, limits, column) for value in ends)
        what = " to ".join(format_value(value, column.type) for value in ends) or "no values"
        return Finding(stored.entity.name, (column.name,), "range", status_of(right), expected, what)

    name = stored.reader.ordered(column)
    return _AggregateCheck((f"min({name})", f"max({name})"), finding)


def _within(value: float, limits: Bounds, column: TableColumn) -> bool:
    """Whether a value keeps the bounds, but for what a target that keeps decimals as floats adds to it."""
    # A bound of 0 would leave no room by a share of the value alone.
    slack = _NEAR * max(abs(value), 1e-3) if column.type.kind in FLOATS | {"decimal"} else 0.0
    return (limits.low is None or value >= limits.low - slack) and (limits.high is None or value <= limits.high + slack)


def _span(limits: Bounds, column: TableColumn) -> str:
    ends = [None if end is None else format_value(end, column.type) for end in (limits.low, limits.high)]
    if ends[0] is None:
        return f"up to {ends[1]}"
    return f"from {ends[0]}" if ends[1] is None else f"{ends[0]} to {ends[1]}"


def _allowed(stored: StoredEntity, column: TableColumn, allowed: pa.Array) -> _AggregateCheck:
    def finding(answers: Sequence[pa.Array]) -> Finding:
        number = int(answers[0][0].as_py())
        what = f"{number:,} other values, such as {answers[1][0]}" if number else "no others"
        return Finding(stored.entity.name, (column.name,), "range", status_of(not number), list_values(values), what)

    values = plain_text(allowed, column.type).to_pylist()
    name = stored.quoted([column.name])[0]
    # Where a target keeps such numbers as texts, they are compared as texts.
    bare = column.type.kind in NUMBERS and stored.reader.ordered(column) == name
    quoted = stored.reader.dialect.literal
    listing = ", ".join(value if bare else quoted(value) for value in values)
    text = f"CAST({name} AS {stored.reader.dialect.text})"
    strange = f"CASE WHEN {text if column.type.kind == 'enum' else name} NOT IN ({listing}) THEN"
    return _AggregateCheck((f"count({strange} 1 END)", f"min({strange} {text} END)"), finding)
