"""Rows of a plan to look at: those from a row number on, those that fit a condition, the children of a row.

Nothing is read from a target. A row is computed at its number, and so are its parents, wherever they stand. What can't
be computed is looked for: a condition is held against the rows from a number on, column by column, for so many rows and
so many seconds at most; a window says how far that went, and from where it goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from time import monotonic

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.errors import NotFound, Problem, ScenarioError, did_you_mean
from sdgen.generators.links.links import ForeignKey, Parent
from sdgen.generators.streams import Numbers
from sdgen.planning.plan import ColumnPlan, EntityPlan, Plan
from sdgen.planning.planned_rows import PlannedRows
from sdgen.planning.written_rows import written_rows
from sdgen.scenario.types import INTEGERS, NUMBERS, TIMES
from sdgen.targets.columnar import plain
from sdgen.targets.csv_encoding import plain_text

MOST_SCANNED = 1_000_000  # rows held against a condition for one request
SCAN_SECONDS = 2.0
FIRST_CHUNK, LARGEST_CHUNK = 1024, 65_536  # rows; the first matches are mostly near
SOUGHT = 65_536  # rows among which the parent of a given key is looked for

Test = Callable[[PlannedRows], NDArray[np.bool_]]


@dataclass(frozen=True)
class Query:
    """Which rows: at most `limit` from row number `offset` on, of those that fit.

    column, operator, value: a condition; link, parent: the children of that row number by that link.
    """

    offset: int = 0
    limit: int = 50
    column: str = ""
    operator: str = "="
    value: str = ""
    link: str = ""
    parent: int | None = None


@dataclass(frozen=True)
class Window:
    """The rows found. span: the rows that there are, among which; next: where to go on, None at their end.

    scanned: how many rows were held against a condition; 0 where there was none.
    """

    entity: EntityPlan
    numbers: Numbers
    span: range
    next: int | None
    scanned: int = 0


@dataclass(frozen=True)
class Reference:
    """Where a link leads from a row: the parent's row number, or None where it has none or that isn't known."""

    column: str
    entity: str
    row: int | None


@dataclass(frozen=True)
class Children:
    """A link that leads to a row's entity. rows: the row numbers that it comes from, where they lie together."""

    entity: str
    link: str
    rows: range | None


def select(plan: Plan, entity: str, query: Query) -> Window:
    """The rows of a query; NotFound or ScenarioError where it names what there is not."""
    settled = entity_of(plan, entity)
    span, tests = range(settled.first, settled.clean_rows), []
    if query.link:
        narrowed, test = _children(plan, settled, query)
        span = narrowed if narrowed is not None else span
        tests += [test] if test is not None else []
    if query.column:
        tests.append(_condition(settled, query))
    start = min(max(query.offset, span.start), span.stop)
    if not tests:
        stop = min(start + query.limit, span.stop)
        return Window(settled, np.arange(start, stop, dtype=np.int64), span, stop if stop < span.stop else None)
    numbers, stop = _scan(plan, settled, range(start, span.stop), tests, query.limit)
    return Window(settled, numbers, span, stop if stop < span.stop else None, stop - start)


def entity_of(plan: Plan, name: str) -> EntityPlan:
    if name not in plan.entities:
        hint = did_you_mean(name, plan.entities, "there are: " + ", ".join(plan.entities))
        raise NotFound(Problem(("entity",), f"there is no entity {name!r}", hint))
    return plan.entities[name]


def rows_at(plan: Plan, entity: EntityPlan, numbers: Numbers) -> pa.RecordBatch:
    """The rows with these numbers as they are written, without hidden columns."""
    rows = written_rows(plan, entity, numbers)
    return pa.RecordBatch.from_arrays([rows.column(each.name) for each in entity.written], schema=entity.schema)


def texts_of(batch: pa.RecordBatch, entity: EntityPlan) -> list[list[str | None]]:
    """The values of each column as texts, null as None."""
    pairs = zip(batch.columns, entity.written, strict=True)
    return [_texts(array, column).to_pylist() for array, column in pairs]


def references(plan: Plan, entity: EntityPlan, numbers: Numbers) -> dict[str, list[Reference]]:
    """For each column that holds a parent's key, where it leads from each of these rows."""
    rows = written_rows(plan, entity, numbers).clean
    return {name: _led_to(rows, *link) for name, link in key_columns(entity).items()}


def key_columns(entity: EntityPlan) -> dict[str, tuple[str, str, str]]:
    """The written columns that hold a parent's key: the column, its link, and the parent's column."""
    keys = {name for each in entity.foreign_keys for name in each.columns}
    found = {}
    for column in entity.written:
        generator = column.generator
        if isinstance(generator, ForeignKey):
            found[column.name] = (column.name, generator.via or column.name, generator.column)
        elif isinstance(generator, Parent) and column.name in keys:
            found[column.name] = (column.name, generator.link, generator.column)
    return {name: each for name, each in found.items() if each[1] in entity.links}


def children_of(plan: Plan, entity: str, number: int) -> Iterator[Children]:
    """The links that lead to an entity, with the rows that come from this row of it where they are laid out.

    One whose key is hidden leads nowhere that a page could show.
    """
    for child in plan.entities.values():
        shown = {link for _, link, _ in key_columns(child).values()}
        for link in child.links.values():
            if link.parent == entity and link.name in shown:
                yield Children(child.name, link.name, _laid_out(child, link.name, number))


def _laid_out(child: EntityPlan, link: str, parent: int) -> range | None:
    """The rows laid out for a parent; None where a link draws its parents, or rows were given or there before."""
    layout = child.links[link].layout
    key = child.columns.get(link)
    if layout is None or child.first or child.links[link].null_rate or (key is not None and len(key.given)):
        return None
    first, stop = layout.starts(np.array([parent, parent + 1], dtype=np.int64)).tolist()
    return range(first, min(stop, child.rows))


def _children(plan: Plan, child: EntityPlan, query: Query) -> tuple[range | None, Test | None]:
    """The rows that lead to a parent by a link, or how to tell them from others."""
    if query.link not in child.links or query.parent is None:
        hint = did_you_mean(query.link, child.links, "links: " + (", ".join(child.links) or "none"))
        raise NotFound(Problem(("link",), f"{child.name} has no link {query.link!r}", hint))
    parent = plan.entities[child.links[query.link].parent]
    if not 0 <= query.parent < parent.rows:
        raise NotFound(Problem(("parent",), f"{parent.name} has no row {query.parent:,}"))
    laid_out = _laid_out(child, query.link, query.parent)
    if laid_out is not None:
        return laid_out, None
    return None, partial(_leads_to, plan, child, query.link, query.parent)


def _leads_to(plan: Plan, child: EntityPlan, link: str, parent: int, rows: PlannedRows) -> NDArray[np.bool_]:
    """Which rows a link leads to a parent from; the values that were given to the first rows count before the link."""
    leading = rows.parent(link)
    numbers, missing = leading.numbers, leading.missing
    found: NDArray[np.bool_] = numbers == parent if missing is None else (numbers == parent) & ~missing
    column = next((each for each in key_columns(child).values() if each[1] == link), None)
    given = len(child.columns[column[0]].given) if column else 0
    first = np.flatnonzero(rows.numbers < given)
    if column is None or not len(first):
        return found
    there = plan.entities[child.links[link].parent]
    key = _texts(PlannedRows(plan, there, np.array([parent])).column(column[2]), there.columns[column[2]])[0]
    some = PlannedRows(plan, child, rows.numbers[first])
    found[first] = _mask(pc.equal(_texts(some.column(column[0]), child.columns[column[0]]), key))
    return found


def _led_to(rows: PlannedRows, column: str, link: str, there: str) -> list[Reference]:
    """Where a column's values lead: to the link's parent where that has this key, else to a first row that has it."""
    settled = rows.settled
    parent = rows.plan.entities[settled.links[link].parent]
    numbers, _ = settled.links[link].parents(rows.numbers, rows.column)
    values = _texts(rows.column(column), settled.columns[column]).to_pylist()
    keys = _texts(PlannedRows(rows.plan, parent, numbers).column(there), parent.columns[there]).to_pylist()
    pairs = zip(values, keys, numbers.tolist(), strict=True)
    found = [None if value is None else number if value == key else -1 for value, key, number in pairs]
    if -1 in found:
        sought = [value for value, number in zip(values, found, strict=True) if number == -1]
        places = _places(rows.plan, parent, there, sought)
        found = [places.get(value) if number == -1 else number for value, number in zip(values, found, strict=True)]
    made = (None if number is None or number < parent.first else number for number in found)
    return [Reference(column, parent.name, number) for number in made]


def _places(plan: Plan, parent: EntityPlan, column: str, keys: list[str | None]) -> dict[str | None, int]:
    """The row numbers of keys, of those that are among the parent's first rows."""
    numbers = np.arange(min(parent.clean_rows, SOUGHT), dtype=np.int64)
    there = _texts(PlannedRows(plan, parent, numbers).column(column), parent.columns[column])
    places = pc.index_in(pa.array(keys, pa.string()), value_set=there).to_pylist()
    return {key: place for key, place in zip(keys, places, strict=True) if place is not None}


def _scan(plan: Plan, entity: EntityPlan, span: range, tests: list[Test], limit: int) -> tuple[Numbers, int]:
    """The first rows of a span that pass all tests, and the row behind the last that was looked at."""
    found: list[Numbers] = []
    at, size, until = span.start, FIRST_CHUNK, monotonic() + SCAN_SECONDS
    last = min(span.stop, span.start + MOST_SCANNED)
    while at < last and sum(map(len, found)) < limit:
        fit = np.arange(at, min(at + size, last), dtype=np.int64)
        # Chunks grow: where rows that fit are near, little is made in vain, and where they are rare, few steps are
        # needed.
        at, size = at + len(fit), min(size * 2, LARGEST_CHUNK)
        for test in tests:
            # Each test makes its own columns of the rows that are left, and no others.
            fit = fit[test(PlannedRows(plan, entity, fit))] if len(fit) else fit
        found.append(fit)
        if monotonic() > until:
            break
    numbers = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
    return (numbers[:limit], int(numbers[limit - 1]) + 1) if len(numbers) >= limit else (numbers, at)


def _containing(array: pa.Array, column: ColumnPlan, value: str) -> pa.Array:
    return pc.match_substring(_texts(array, column), value, ignore_case=True)


# Numbers and times are compared as such, other values as texts.
COMPARISONS: Mapping[str, Callable[[pa.Array, pa.Scalar], pa.Array]] = {
    "=": pc.equal,
    "≠": pc.not_equal,
    "<": pc.less,
    "≤": pc.less_equal,
    ">": pc.greater,
    "≥": pc.greater_equal,
}
LOOKS: Mapping[str, Callable[[pa.Array, ColumnPlan, str], pa.Array]] = {
    "contains": _containing,
    "is null": lambda array, column, value: pc.is_null(array),
    "is not null": lambda array, column, value: pc.is_valid(array),
}
OPERATORS = (*COMPARISONS, *LOOKS)
ALIASES: Mapping[str, str] = {"!=": "≠", "<=": "≤", ">=": "≥", "==": "="}


def _condition(entity: EntityPlan, query: Query) -> Test:
    """The test of a query's condition; ScenarioError where it can't be held against the column."""
    columns = {column.name: column for column in entity.written}
    if query.column not in columns:
        hint = did_you_mean(query.column, columns, "columns: " + ", ".join(columns))
        raise ScenarioError(Problem(("column",), f"{entity.name} has no column {query.column!r}", hint))
    operator = ALIASES.get(query.operator, query.operator)
    if operator not in OPERATORS:
        raise ScenarioError(Problem(("op",), f"unknown operator {query.operator!r}", "known: " + ", ".join(OPERATORS)))
    column = columns[query.column]
    if operator in LOOKS:
        return lambda rows: _mask(LOOKS[operator](rows.column(column.name), column, query.value))
    # As texts 10 would come before 9.
    as_such = column.type.kind in NUMBERS | TIMES
    literal = _literal(query.value, column) if as_such else pa.scalar(query.value)

    def fits(rows: PlannedRows) -> NDArray[np.bool_]:
        array = rows.column(column.name)
        return _mask(COMPARISONS[operator](plain(array) if as_such else _texts(array, column), literal))

    return fits


def _mask(found: pa.Array) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = found.fill_null(False).to_numpy(zero_copy_only=False)
    return mask


def _literal(value: str, column: ColumnPlan) -> pa.Scalar:
    """The value of a condition as one that the column's can be compared with."""
    text, kind = value.strip(), column.type.kind
    try:
        if kind in INTEGERS and text.lstrip("+-").isdecimal():
            return pa.scalar(int(text)) if abs(int(text)) < 2**63 else pa.scalar(float(text))
        if kind == "decimal":
            return pa.scalar(_finite(text))
        if kind in NUMBERS:
            return pa.scalar(float(text))
        return _moment(text, column.type.arrow)
    except (ValueError, ArithmeticError, pa.ArrowException):
        what = f"{value!r} can't be compared with {column.name}, which is {column.type}"
        raise ScenarioError(Problem(("value",), what)) from None


def _finite(text: str) -> Decimal:
    number = Decimal(text)
    # Arrow's decimals have 38 digits, and a longer number can't be compared with them.
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise InvalidOperation
    return number


def _moment(text: str, arrow: pa.DataType) -> pa.Scalar:
    if pa.types.is_timestamp(arrow) and arrow.tz is not None:
        with_zone = text if text.endswith("Z") or "+" in text else f"{text}Z" if ":" in text else f"{text} 00:00:00Z"
        return pa.scalar(with_zone).cast(arrow)
    return pa.scalar(text).cast(arrow)


def _texts(array: pa.Array, column: ColumnPlan) -> pa.Array:
    return plain_text(plain(array), column.type)
