"""The values a column may have: bounds, lists, lengths of texts. One scan of a table answers all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from sdgen.planning.plan import ColumnPlan
from sdgen.scenario.types import FLOATS, NUMBERS
from sdgen.targets.base import TableColumn
from sdgen.targets.csv_encoding import plain_text
from sdgen.verification.comparable import format_value, in_order, one_array
from sdgen.verification.expected import Bounds, Expectation, allowed_values, bounds
from sdgen.verification.findings import Finding, Status, StoredEntity, list_values, status_of

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
    bare = column.type.kind in NUMBERS and stored.reader.ordered(column) == name
    quoted = stored.reader.dialect.literal
    listing = ", ".join(value if bare else quoted(value) for value in values)
    text = f"CAST({name} AS {stored.reader.dialect.text})"
    strange = f"CASE WHEN {text if column.type.kind == 'enum' else name} NOT IN ({listing}) THEN"
    return _AggregateCheck((f"count({strange} 1 END)", f"min({strange} {text} END)"), finding)
