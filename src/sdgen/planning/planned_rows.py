"""Some rows of a planned entity: columns, parents and children are computed when they are asked for.

The engine makes batches of these; planning uses them itself where a row count follows from a parent's column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast
from weakref import ReferenceType, ref

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.errors import Problem, ScenarioError
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.column_batch import ChosenRows, ColumnBatch, Rows
from sdgen.generators.links.counts import Layout
from sdgen.generators.links.parent_sampler import Counted, Link
from sdgen.generators.locales import values_by_locale
from sdgen.generators.streams import Numbers
from sdgen.planning.plan import ColumnPlan, EntityPlan, Plan

if TYPE_CHECKING:
    from sdgen.planning.partial_rows import Matching

T = TypeVar("T")


class PlannedRows:
    """Some rows of one entity; columns and parents are computed when asked for, once."""

    def __init__(
        self,
        plan: Plan,
        entity: EntityPlan,
        numbers: Numbers,
        missing: NDArray[np.bool_] | None = None,
        distinct: tuple[Numbers, Numbers] | None = None,
        above: _Above | None = None,
    ) -> None:
        self.plan = plan
        self.settled = entity
        self.numbers = numbers
        self.missing = missing
        self._columns: dict[str, pa.Array] = {}
        self._parents: dict[str, PlannedRows] = {}
        self._shared: dict[str, Any] = {}
        # Where numbers repeat: places that hold each once, and for every row which of those it is.
        self._repeats = distinct
        self._above = above

    @property
    def entity(self) -> str:
        return self.settled.name

    def column(self, name: str) -> pa.Array:
        if name not in self._columns:
            if self._distinct is not None and self._repeats is not None:
                values = self._distinct.column(name).take(pa.array(self._repeats[1]))
            else:
                # Where a row of children has no parent, some row's number stands here: its values are left out below.
                values = _column(self, self.settled.columns[name])
            self._columns[name] = values if self.missing is None else _null_where(self.missing, values)
        return self._columns[name]

    @cached_property
    def _distinct(self) -> PlannedRows | None:
        """The rows without those that are there already; None where few repeat."""
        return None if self._repeats is None else PlannedRows(self.plan, self.settled, self.numbers[self._repeats[0]])

    def parent(self, link: str) -> Rows:
        # Not kept: rows that keep their children would hold themselves, and their memory long after the batch.
        if (above := self._rows_above(self.settled.links[link])) is not None:
            return above
        if link not in self._parents:
            self._parents[link] = self._parent(self.settled.links[link])
        return self._parents[link]

    def _rows_above(self, link: Link) -> Rows | None:
        """The rows that these were asked for as the children of, where the link leads there from each."""
        if self._above is None or self._above.link != link.name or self.missing is not None:
            return None
        rows = self._above.rows()
        if rows is None or not isinstance(link.chooser, Counted) or link.is_optional or link.null_rates is not None:
            return None
        return ChosenRows(rows, self._above.places)

    def _parent(self, link: Link) -> PlannedRows:
        numbers, missing = link.parents(self.numbers, self.column) if link.layout is None else self._counted_by(link)
        for more in (link.missing(self.numbers, self.column), self.missing):
            missing = missing if more is None else more if missing is None else more | missing
        parent = self.plan.entities[link.parent]
        # Parents that rows are counted by come in runs of one number; drawn ones repeat at random places.
        distinct = _drawn_often(numbers, parent.rows) if link.layout is None else _runs(numbers)
        return PlannedRows(self.plan, parent, numbers, missing, distinct)

    def _counted_by(self, link: Link) -> tuple[Numbers, NDArray[np.bool_] | None]:
        """The parents of rows that are counted by a link; where they stand among their siblings is kept."""
        if not isinstance(link.chooser, Counted) or link.is_optional:
            return link.parents(self.numbers)
        return self._located(link.chooser.layout)[0], None

    def _located(self, layout: Layout) -> tuple[Numbers, Numbers]:
        return self.shared("located", lambda: layout.locate(self.numbers))

    def shared(self, name: str, compute: Callable[[], T]) -> T:
        if name not in self._shared:
            self._shared[name] = compute()
        return cast(T, self._shared[name])

    def others(self, entity: str, pick: Callable[[int], Numbers]) -> PlannedRows:
        settled = self.plan.entities[entity]
        # Copies that dirt writes behind the clean rows are nobody's to draw.
        return PlannedRows(self.plan, settled, pick(settled.clean_rows))

    def parent_numbers(self, link: str) -> Numbers:
        return self.parent(link).numbers

    def child_counts(self, entity: str) -> Numbers:
        layout = self._layout_of(entity)
        firsts = self.shared(f"firsts {entity}", lambda: layout.starts(self.numbers))
        # Children lie parent after parent: the next parent's first child ends this one's.
        return layout.starts(self.numbers + 1) - firsts

    def children(self, entity: str, start: int, stop: int) -> PlannedRows:
        firsts = self.shared(f"firsts {entity}", lambda: self._layout_of(entity).starts(self.numbers))
        counts = self.shared(f"children {entity}", lambda: self.child_counts(entity))
        ends = self.shared(f"ends {entity}", lambda: np.cumsum(counts))
        numbers = np.arange(start, stop, dtype=np.int64)
        # The usual case, a span of parents, needs no search for each child.
        if len(ends) and np.array_equal(firsts[1:], firsts[:-1] + counts[:-1]):  # parents in sequence
            numbers += firsts[0]
        else:
            parents = np.searchsorted(ends, numbers, side="right")
            numbers += (firsts - (ends - counts))[parents]
        # Children that ask for these rows as their parents find what is computed here.
        above = None if self.missing is not None else _Above(self._link_of(entity), ref(self), ends, start, stop)
        return PlannedRows(self.plan, self.plan.entities[entity], numbers, above=above)

    def at(self, numbers: Numbers) -> PlannedRows:
        return PlannedRows(self.plan, self.settled, numbers)

    def _layout_of(self, entity: str) -> Layout:
        layout = self.plan.entities[entity].links[self._link_of(entity)].layout
        assert layout is not None
        return layout

    def _link_of(self, entity: str) -> str:
        """The link by which the rows of an entity are counted per rows of this one."""
        links = self.plan.entities[entity].links.values()
        return next(link.name for link in links if link.layout is not None and link.parent == self.entity)

    def scores(self, column: str) -> NDArray[np.float64]:
        settled = self.settled.columns[column]
        cells = ColumnBatch(self, settled.facts)
        if self._distinct is not None and self._repeats is not None:
            return self._distinct.scores(column).take(self._repeats[1])
        return self.shared(f"scores {column}", lambda: cells.scores(settled.generator))

    def distinct(self) -> tuple[Rows, Numbers | None]:
        if self._distinct is None or self._repeats is None:
            return self, None
        return self._distinct, self._repeats[1]

    def ordinals(self, link: str) -> Numbers:
        layout = self.settled.links[link].layout
        if layout is None:
            raise LookupError(f"{self.entity} does not count its rows by {link}")
        return self._located(layout)[1]


@dataclass(frozen=True, eq=False)
class _Above:
    """Rows whose children are some other rows: the start-th to the stop-th of all. ends: where each one's end."""

    link: str
    rows: ReferenceType[PlannedRows]
    ends: Numbers
    start: int
    stop: int

    @cached_property
    def places(self) -> Numbers:
        """Which of the rows each child is of."""
        return np.searchsorted(self.ends, np.arange(self.start, self.stop, dtype=np.int64), side="right")


def _drawn_often(numbers: Numbers, rows: int) -> tuple[Numbers, Numbers] | None:
    """A place of each number there is, and each place's number among those; None where there may be as many as places.

    rows: numbers are below it.
    """
    if 2 * rows > len(numbers):
        return None
    places = np.full(rows, -1, dtype=np.int64)
    places[numbers] = np.arange(len(numbers))
    there = np.flatnonzero(places >= 0)
    order = np.empty(rows, dtype=np.int64)
    order[there] = np.arange(len(there))
    return places[there], order[numbers]


def _runs(numbers: Numbers) -> tuple[Numbers, Numbers] | None:
    """Where runs of one number begin, and each place's run; None where most numbers differ from the one before.

    The parents of rows that are laid out parent after parent repeat: what is computed of them is, once for each.
    """
    # No row has the number -1, so that the first place begins a run.
    begins = np.flatnonzero(np.diff(numbers, prepend=-1))
    if 2 * len(begins) > len(numbers):
        return None
    return begins, np.repeat(np.arange(len(begins)), np.diff(begins, append=len(numbers)))


def _column(rows: PlannedRows, column: ColumnPlan) -> pa.Array:
    """A column's values: generated, made null by its rate, and overlaid with the fixed rows' values."""
    values = _generated(rows, column)
    if column.matching is not None:
        values = _matched(rows, column, column.matching, values)
    elif column.null_rates is not None or column.null_rate:
        values = _null_where(_drawn_nulls(rows, column), values)
    return values if column.fixed is None else _fixed(rows, column, column.fixed, values)


def _matched(rows: PlannedRows, column: ColumnPlan, matching: Matching, values: pa.Array) -> pa.Array:
    """Values that follow the condition of a partial unique set: what it asks for in the rows that match, else not."""
    if matching.key is not None:
        inside = _generated(rows, replace(column, facts=replace(column.facts, joint=matching.key)))
        values = pc.if_else(matching.matches(rows.numbers), inside, values)
    elif matching.inside is not None:
        inside = _generated(rows, replace(column, generator=matching.inside))
        if matching.outside is not None:
            values = _generated(rows, replace(column, generator=matching.outside))
        elif matching.refused is not None:
            values = pc.if_else(pc.is_in(values, matching.refused), matching.spare, values)
        values = pc.if_else(matching.matches(rows.numbers), inside, values)
    if column.name in rows.settled.links:
        return values  # the link has its nulls already
    return _null_where(matching.missing(rows.numbers, _drawn_nulls(rows, column)), values)


def _drawn_nulls(rows: PlannedRows, column: ColumnPlan) -> NDArray[np.bool_]:
    """Which rows are null by the column's null rate, or by those of another column's values."""
    unit = ColumnBatch(rows, column.facts).unit("null")
    if column.null_rates is None:
        return unit < column.null_rate
    return column.null_rates.missing(rows.column(column.null_rates.column), unit)


def _null_where(mask: NDArray[np.bool_], values: pa.Array) -> pa.Array:
    """Values with nulls where the mask says so; a dictionary stays as it is, whichever of its values are left."""
    if isinstance(values, pa.DictionaryArray):
        return pa.DictionaryArray.from_arrays(pc.if_else(mask, None, values.indices), values.dictionary, safe=False)
    return pc.if_else(mask, None, values)


def _fixed(rows: PlannedRows, column: ColumnPlan, fixed: pa.Array, values: pa.Array) -> pa.Array:
    """Values with the given ones in the first rows.

    In a unique column a generated value that equals a given one is exchanged for the value which that fixed row
    would have had: the exchange is a transposition, so all values stay distinct.
    """
    numbers = rows.numbers
    given = np.flatnonzero(column.given)
    inside = numbers < len(column.given)
    place = np.where(inside, numbers, 0)
    replaced = inside & np.array(column.given)[place] if len(column.given) else inside
    if column.facts.unique:
        taken = fixed.take(pa.array(given))
        # A value that comes in exchange may be a given one itself. Each step leads on to another fixed row, so that
        # there are no more steps than fixed rows.
        for _ in range(len(given)):
            hit = pc.if_else(replaced, None, pc.index_in(values, value_set=taken, skip_nulls=True))
            if hit.null_count == len(hit):
                break
            values = _exchanged(rows, column, values, hit, given)
    if not inside.any():
        return values
    return pc.if_else(replaced, fixed.take(pa.array(place)), values)


def _exchanged(
    rows: PlannedRows, column: ColumnPlan, values: pa.Array, place: pa.Array, given: NDArray[np.int64]
) -> pa.Array:
    """Values, where `place` isn't null those which the given row at that place would have had."""
    hit = np.flatnonzero(pc.is_valid(place))
    others = given[place.drop_null().to_numpy()]
    own = _generated(PlannedRows(rows.plan, rows.settled, others), column)
    order = np.arange(len(values), dtype=np.int64)
    order[hit] = len(values) + np.arange(len(hit))
    return pa.concat_arrays([values, own]).take(pa.array(order))


def _generated(rows: PlannedRows, column: ColumnPlan) -> pa.Array:
    made = values_by_locale(column.generator, ColumnBatch(rows, column.facts))
    path = ("entities", rows.entity, "columns", column.name)
    try:
        if not (column.facts.unique and column.type.length):
            return cast_array(made, column.type, column.arrow)
        # Two texts that differ behind the cut would be one value twice: both forms are made, and compared.
        whole = cast_array(made, replace(column.type, length=0), pa.string())
        values = cast_array(whole, column.type, column.arrow)
    except (ValueError, pa.ArrowNotImplementedError) as error:  # of which ArrowInvalid is one
        what = f"its values can't be {column.type}: {str(error).splitlines()[0]}"
        raise ScenarioError(Problem(path, what, "give the column another type, or cast them")) from error
    if not values.cast(pa.string()).equals(whole):  # what is cut need not stay unique
        longest = pc.max(pc.utf8_length(whole)).as_py()
        what = f"values of up to {longest} characters, cut to {column.type}, need not stay unique"
        raise ScenarioError(Problem(path, what, f"give the column a length of {longest} or more"))
    return values
