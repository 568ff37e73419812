"""What a place's rows must keep whatever was drawn: keys, links, NOT NULL, ranges. All of it by SQL on all rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from sdgen.generators.choosers import EachOf, OneToOne
from sdgen.generators.counts import DrawnCounts, EvenSpread, FixedCount, Layout
from sdgen.generators.links import ForeignKey, Parent
from sdgen.plan.model import ColumnPlan, EntityPlan, Plan
from sdgen.scenario.types import FLOATS, NUMBERS
from sdgen.verify.expected import Bounds, Expectation, allowed_values, bounds
from sdgen.verify.findings import Finding, Status, judged, listed
from sdgen.verify.forms import in_order, one_array, shown
from sdgen.verify.place import Place
from sdgen.write.base import Table, TableColumn
from sdgen.write.csvtext import plain_text

_NEAR = 1e-9  # how far a bound may be missed by a place that keeps decimals as floats


@dataclass(frozen=True)
class Found:
    """One entity as it stands in a place: its table, the columns that are there, and how many rows and nulls."""

    place: Place
    entity: EntityPlan
    table: Table
    columns: tuple[TableColumn, ...]
    rows: int = 0
    nulls: dict[str, int] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns)

    @property
    def source(self) -> str:
        return self.place.dialect.table(self.table.name)

    def quoted(self, columns: Sequence[str], prefix: str = "") -> list[str]:
        return [prefix + self.place.dialect.quote(column) for column in columns]


def counted(place: Place, entity: EntityPlan, table: Table) -> Found | None:
    """An entity's table with its rows and nulls; None where there is no such table."""
    there = place.columns(table)
    if not there:
        return None
    columns = tuple(column for column in table.columns if column.name in there)
    found = Found(place, entity, table, columns)
    parts = ["count(*)", *(f"count({name})" for name in found.quoted([column.name for column in columns]))]
    rows, *values = place.rows(f"SELECT {', '.join(parts)} FROM {found.source}")[0]
    nulls = {column.name: rows - filled for column, filled in zip(columns, values, strict=True)}
    return Found(place, entity, table, columns, rows, nulls)


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


@dataclass(frozen=True)
class WrittenLink:
    """A link whose columns are written: the child's, and the parent's that they hold."""

    name: str
    columns: tuple[str, ...]
    to: tuple[str, ...]


def written_links(found: Found) -> Iterator[WrittenLink]:
    """An entity's links, as far as their columns are in the place."""
    for link in found.entity.links:
        pairs = [
            (column.name, column.generator.column)
            for column in found.entity.written
            if isinstance(column.generator, ForeignKey) and (column.generator.via or column.name) == link
            if column.name in found.names
        ]
        if pairs:
            own, theirs = _whole_key(found, found.entity.links[link].parent, tuple(pairs))
            yield WrittenLink(link, own, theirs)


def _whole_key(
    found: Found, parent: str, pairs: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of a link, with those that the foreign key it is part of shares with another link."""
    own, theirs = zip(*pairs, strict=True)
    for key in found.entity.foreign_keys:
        if key.entity == parent and set(own) < set(key.columns) <= found.names:
            return key.columns, key.to
    return own, theirs


def check_links(found: Found, plan: Plan, parents: dict[str, Found | None]) -> Iterator[Finding]:
    """Orphans, copies that differ from their parent's, and the numbers of children."""
    for link in written_links(found):
        entity = found.entity.links[link.name].parent
        parent = parents.get(entity)
        if parent is None or not set(link.to) <= parent.names:
            what = f"{entity} ({', '.join(link.to)}) is not there"
            yield Finding(found.entity.name, link.columns, "foreign key", Status.SKIPPED, found=what)
            continue
        yield _orphans(found, parent, link)
        if _is_key(parent, link.to):
            yield from _copies(found, parent, link)
            yield from _children(found, parent, link)


def _is_key(parent: Found, columns: tuple[str, ...]) -> bool:
    keys = [parent.table.primary_key, *parent.table.unique]
    return any(key and set(key) <= set(columns) for key in keys)


def _joined(found: Found, link: WrittenLink) -> str:
    pairs = zip(found.quoted(link.columns, "child."), found.quoted(link.to, "parent."), strict=True)
    return " AND ".join(f"{own} = {theirs}" for own, theirs in pairs)


def _orphans(found: Found, parent: Found, link: WrittenLink) -> Finding:
    keys = f"(SELECT DISTINCT {', '.join(found.quoted(link.to))} FROM {parent.source})"
    filled = " AND ".join(f"{name} IS NOT NULL" for name in found.quoted(link.columns, "child."))
    texts = ", ".join(
        f"min(CAST({name} AS {found.place.dialect.text}))" for name in found.quoted(link.columns, "child.")
    )
    alone = f"{found.quoted(link.to, 'parent.')[0]} IS NULL AND {filled}"
    sql = f"SELECT count(*), {texts} FROM {found.source} AS child LEFT JOIN {keys} AS parent ON {_joined(found, link)}"
    number, *example = found.place.rows(f"{sql} WHERE {alone}")[0]
    what = f"{number:,} rows without, such as ({listed(example)})" if number else "no orphans"
    wanted = f"rows of {parent.entity.name} ({', '.join(link.to)})"
    return Finding(found.entity.name, link.columns, "foreign key", judged(not number), wanted, what)


def _copies(found: Found, parent: Found, link: WrittenLink) -> Iterator[Finding]:
    """Columns that copy one of the parent's: both must agree."""
    for column in found.columns:
        planned = found.entity.columns[column.name]
        generator = planned.generator
        if not isinstance(generator, Parent) or generator.link != link.name or generator.column not in parent.names:
            continue
        original = parent.entity.columns[generator.column]
        if original.type != planned.type or column.type.kind in {"json", "array", "map", "struct", "float"}:
            continue
        own, theirs = found.quoted([column.name], "child.")[0], found.quoted([generator.column], "parent.")[0]
        differs = f"{own} <> {theirs} OR ({own} IS NULL) <> ({theirs} IS NULL)"
        if planned.null_rate:
            differs = f"{own} <> {theirs}"
        tables = f"{found.source} AS child JOIN {parent.source} AS parent ON {_joined(found, link)}"
        number = found.place.rows(f"SELECT count(*) FROM {tables} WHERE {differs}")[0][0]
        wanted, what = f"as {parent.entity.name}.{generator.column}", f"{number:,} rows differ"
        yield Finding(found.entity.name, (column.name,), "copy", judged(not number), wanted, what)


def _children(found: Found, parent: Found, link: WrittenLink) -> Iterator[Finding]:
    settled = found.entity.links[link.name]
    limits = child_limits(settled.layout, parent.rows) if settled.layout is not None else None
    if isinstance(settled.chooser, OneToOne):
        limits = (0, 1)
    if isinstance(settled.chooser, EachOf):
        limits = (1, 1)
    if limits is None:
        return
    low, high = (0 if settled.null_rate else limits[0]), limits[1]
    numbers = child_counts(found, parent, link)
    wrong = sum(parents for children, parents in numbers.items() if not low <= children <= high)
    ends = f"{min(numbers)} to {max(numbers)}" if numbers else "no parents"
    what = f"{ends}; {wrong:,} parents outside" if wrong else ends
    wanted = f"{low} to {high} for each of {parent.entity.name}"
    yield Finding(found.entity.name, link.columns, "children", judged(not wrong), wanted, what)


def child_limits(layout: Layout, parents: int) -> tuple[int, int] | None:
    """The fewest and the most children that one of so many parents has."""
    if isinstance(layout, FixedCount):
        return (layout.count if layout.parents >= parents else 0), layout.count
    if isinstance(layout, DrawnCounts):
        return layout.minimum, layout.maximum
    if isinstance(layout, EvenSpread):
        return 0, 2 * -(-layout.total // max(layout.parents, 1)) + 1
    return None


def child_counts(found: Found, parent: Found, link: WrittenLink) -> dict[int, int]:
    """How many parents have how many children."""
    keys = ", ".join(found.quoted(link.to, "parent."))
    first = found.quoted(link.columns, "child.")[0]
    tables = f"{parent.source} AS parent LEFT JOIN {found.source} AS child ON {_joined(found, link)}"
    each = f"SELECT count({first}) AS children FROM {tables} GROUP BY {keys}"
    return dict(found.place.rows(f"SELECT children, count(*) FROM ({each}) AS each_parent GROUP BY children"))
