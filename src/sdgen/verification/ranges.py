"""The values a column may have: bounds, lists, lengths of texts. One scan of a table answers all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from sdgen.planning.plan import ColumnPlan
from sdgen.scenario.types import FLOATS, NUMBERS
from sdgen.targets.base import TableColumn
from sdgen.targets.csv_encoding import plain_text
from sdgen.verification.comparable import in_order, one_array, shown
from sdgen.verification.expected import Bounds, Expectation, allowed_values, bounds
from sdgen.verification.findings import Finding, Found, Status, judged, listed

_NEAR = 1e-9  # how far a bound may be missed by a place that keeps decimals as floats


@dataclass(frozen=True)
class _Question:
    """What is asked of a column in SQL aggregates, and what the answers tell; one scan answers all of a table's."""

    aggregates: tuple[str, ...]
    told: Callable[[Sequence[pa.Array]], Finding]


def check_ranges(found: Found, expectation: Expectation, rows: int) -> Iterator[Finding]:
    """Bounds of numbers and times, lists of values, lengths of texts. `rows`: how many there should be."""
    moving = expectation.moving[found.entity.name]
    wanted = expectation.plan.entities[found.entity.name]
    questions: list[_Question] = []
    for column in found.columns:
        planned = wanted.columns[column.name]
        if column.type.length:
            questions.append(_length(found, column))
        if column.name not in moving:
            questions += _range(found, column, planned, rows)
        elif bounds(planned, rows):
            what = "depends on the run's as_of: give --as-of"
            yield Finding(found.entity.name, (column.name,), "range", Status.SKIPPED, found=what)
    yield from _answered(found, questions)


def _answered(found: Found, questions: Sequence[_Question]) -> Iterator[Finding]:
    aggregates = [aggregate for question in questions for aggregate in question.aggregates]
    if not aggregates:
        return
    parts = ", ".join(f"{aggregate} AS a{number}" for number, aggregate in enumerate(aggregates))
    answers = iter([one_array(column) for column in found.place.arrow(f"SELECT {parts} FROM {found.source}").columns])
    for question in questions:
        yield question.told([next(answers) for _ in question.aggregates])


def _range(found: Found, column: TableColumn, planned: ColumnPlan, rows: int) -> Iterator[_Question]:
    limits = bounds(planned, rows)
    if limits is not None:
        yield _bounds(found, column, limits)
        return
    allowed = allowed_values(planned)
    if allowed is not None:
        yield _allowed(found, column, allowed)


def _length(found: Found, column: TableColumn) -> _Question:
    def told(answers: Sequence[pa.Array]) -> Finding:
        longest = int(answers[0][0].as_py() or 0)
        wanted, what = f"up to {column.type.length} characters", f"up to {longest}"
        return Finding(found.entity.name, (column.name,), "length", judged(longest <= column.type.length), wanted, what)

    return _Question((f"max(length({found.place.dialect.quote(column.name)}))",), told)


def _bounds(found: Found, column: TableColumn, limits: Bounds) -> _Question:
    wanted = _span(limits, column)

    def told(answers: Sequence[pa.Array]) -> Finding:
        try:
            ends = [float(value) for each in answers for value in in_order(each, column.type)]
        except ValueError:
            what = " to ".join(str(each[0]) for each in answers)
            return Finding(found.entity.name, (column.name,), "range", Status.BROKEN, wanted, what)
        right = all(_within(value, limits, column) for value in ends)
        what = " to ".join(shown(value, column.type) for value in ends) or "no values"
        return Finding(found.entity.name, (column.name,), "range", judged(right), wanted, what)

    name = found.place.ordered(column)
    return _Question((f"min({name})", f"max({name})"), told)


def _within(value: float, limits: Bounds, column: TableColumn) -> bool:
    """Whether a value keeps the bounds, but for what a place that keeps decimals as floats adds to it."""
    slack = _NEAR * max(abs(value), 1e-3) if column.type.kind in FLOATS | {"decimal"} else 0.0
    return (limits.low is None or value >= limits.low - slack) and (limits.high is None or value <= limits.high + slack)


def _span(limits: Bounds, column: TableColumn) -> str:
    ends = [None if end is None else shown(end, column.type) for end in (limits.low, limits.high)]
    if ends[0] is None:
        return f"up to {ends[1]}"
    return f"from {ends[0]}" if ends[1] is None else f"{ends[0]} to {ends[1]}"


def _allowed(found: Found, column: TableColumn, allowed: pa.Array) -> _Question:
    def told(answers: Sequence[pa.Array]) -> Finding:
        number = int(answers[0][0].as_py())
        what = f"{number:,} other values, such as {answers[1][0]}" if number else "no others"
        return Finding(found.entity.name, (column.name,), "range", judged(not number), listed(values), what)

    values = plain_text(allowed, column.type).to_pylist()
    name = found.quoted([column.name])[0]
    bare = column.type.kind in NUMBERS and found.place.ordered(column) == name
    quoted = found.place.dialect.literal
    listing = ", ".join(value if bare else quoted(value) for value in values)
    strange = f"CASE WHEN {name} NOT IN ({listing}) THEN"
    return _Question(
        (f"count({strange} 1 END)", f"min({strange} CAST({name} AS {found.place.dialect.text}) END)"), told
    )
