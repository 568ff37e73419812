"""The engine: any rows of a plan's entity, as an Arrow batch, and streams of batches from worker threads.

cell = f(seed, entity name, column name, row number)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from threading import Event
from typing import Any, TypeVar, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.errors import Cancelled, Problem, ScenarioError, SdgenError
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.base import ColumnBatch
from sdgen.generators.cancellation import cancelled_by
from sdgen.generators.links.counts import Layout
from sdgen.generators.locales import values_by_locale
from sdgen.generators.streams import Numbers
from sdgen.planning.plan import ColumnPlan, EntityPlan, Plan
from sdgen.scenario.model import Origin

BATCH_ROWS = 65_536
PROBED = 1024
T = TypeVar("T")


class PlannedRows:
    """Some rows of one entity; columns and parents are computed when asked for, once."""

    def __init__(
        self, plan: Plan, entity: EntityPlan, numbers: Numbers, missing: NDArray[np.bool_] | None = None
    ) -> None:
        self.plan = plan
        self.settled = entity
        self.numbers = numbers
        self.missing = missing
        self._columns: dict[str, pa.Array] = {}
        self._parents: dict[str, PlannedRows] = {}
        self._shared: dict[str, Any] = {}

    @property
    def entity(self) -> str:
        return self.settled.name

    def column(self, name: str) -> pa.Array:
        if name not in self._columns:
            values = _column(self, self.settled.columns[name])
            self._columns[name] = values if self.missing is None else _null_where(self.missing, values)
        return self._columns[name]

    def parent(self, link: str) -> PlannedRows:
        if link not in self._parents:
            settled = self.settled.links[link]
            numbers, missing = settled.parents(self.numbers)
            if self.missing is not None:
                missing = self.missing if missing is None else self.missing | missing
            parent = self.plan.entities[settled.parent]
            self._parents[link] = PlannedRows(self.plan, parent, numbers, missing)
        return self._parents[link]

    def shared(self, name: str, compute: Callable[[], T]) -> T:
        if name not in self._shared:
            self._shared[name] = compute()
        return cast(T, self._shared[name])

    def parent_numbers(self, link: str) -> Numbers:
        return self.parent(link).numbers

    def child_counts(self, entity: str) -> Numbers:
        layout = self._layout_of(entity)
        return layout.starts(self.numbers + 1) - layout.starts(self.numbers)

    def children(self, entity: str, start: int, stop: int) -> PlannedRows:
        counts = self.shared(f"children {entity}", lambda: self.child_counts(entity))
        ends = self.shared(f"ends {entity}", lambda: np.cumsum(counts))
        places = np.arange(start, stop, dtype=np.int64)
        parents = np.searchsorted(ends, places, side="right")
        numbers = self._layout_of(entity).starts(self.numbers[parents]) + places - (ends - counts)[parents]
        return PlannedRows(self.plan, self.plan.entities[entity], numbers)

    def _layout_of(self, entity: str) -> Layout:
        links = self.plan.entities[entity].links.values()
        return next(link.layout for link in links if link.layout is not None and link.parent == self.entity)

    def ordinals(self, link: str) -> Numbers:
        layout = self.settled.links[link].layout
        if layout is None:
            raise LookupError(f"{self.entity} does not count its rows by {link}")
        return self.shared("ordinals", lambda: layout.locate(self.numbers)[1])


def batch(plan: Plan, entity: str, start: int, stop: int) -> pa.RecordBatch:
    """Rows start (included) to stop (excluded) of an entity, without its hidden columns."""
    settled = plan.entities[entity]
    rows = PlannedRows(plan, settled, np.arange(start, stop, dtype=np.int64))
    arrays = [rows.column(column.name) for column in settled.written]
    for column, array in zip(settled.written, arrays, strict=True):
        if array.null_count and not column.nullable:
            raise SdgenError(f"{entity}.{column.name}: nulls were made, but the column is not nullable")
    for condition in settled.conditions:
        if (error := condition.broken(rows)) is not None:
            raise error
    return pa.RecordBatch.from_arrays(arrays, schema=settled.schema)


def probe(plan: Plan, origin: Origin | None = None) -> list[Problem]:
    """The checks that some rows break, of the first and of others spread over each entity: before all are made.

    origin: where the scenario's parts stand, for the problems' places.
    """
    problems: list[Problem] = []
    for settled in plan.entities.values():
        if settled.conditions and settled.rows > settled.first:
            spread = np.linspace(settled.first, settled.rows - 1, PROBED).astype(np.int64)
            firsts = np.arange(settled.first, min(settled.first + PROBED, settled.rows))
            rows = PlannedRows(plan, settled, np.unique(np.append(firsts, spread)))
            errors = (condition.broken(rows) for condition in settled.conditions)
            problems += [problem for error in errors if error is not None for problem in error.problems]
    if origin is None:
        return problems
    return [origin.problem(each.path, each.what, each.hint, each.type) for each in problems]


def batches(
    plan: Plan,
    entity: str,
    *,
    encode: Callable[[pa.RecordBatch, int], T],
    start: int | None = None,
    stop: int | None = None,
    batch_rows: int = BATCH_ROWS,
    workers: int = 0,
    pool: Executor | None = None,
    ahead: int = 0,
    cancel: Event | None = None,
) -> Generator[T]:
    """Rows start … stop of an entity in order, each batch passed with its number through `encode`.

    The work is done on `workers` threads, or on those of a pool that several streams share, or on the caller's where
    there is neither. At most `ahead` batches (workers + 1 where 0) are begun before they are asked for. Cancelled is
    raised within a batch of `cancel` being set.
    """
    _reuse_freed_memory()
    settled = plan.entities[entity]
    stop = settled.rows if stop is None else stop
    firsts = range(settled.first if start is None else start, stop, batch_rows)

    def make(number: int) -> T:
        if cancel is not None and cancel.is_set():
            raise Cancelled("the run was cancelled")
        first = firsts[number]
        with cancelled_by(cancel):
            return encode(batch(plan, entity, first, min(first + batch_rows, stop)), number)

    numbers = range(len(firsts))
    if pool is not None:
        yield from _ahead(make, numbers, pool, ahead or workers + 1)
    elif workers < 1 or len(firsts) == 1:
        yield from map(make, numbers)
    else:
        with ThreadPoolExecutor(workers, thread_name_prefix="sdgen") as own:
            yield from _ahead(make, numbers, own, ahead or workers + 1)


@cache
def _reuse_freed_memory() -> None:
    """Let the C library keep the memory of a batch's arrays for the next batch, which halves the time (page faults).

    glibc hands less memory back once a block of nearly 32 MiB has been freed: mallopt(3), M_MMAP_THRESHOLD.
    """
    np.empty(31 << 20, dtype=np.uint8)


def _ahead(make: Callable[[int], T], numbers: range, pool: Executor, ahead: int) -> Generator[T]:
    """make(number) for each number, in order, done on the pool a few numbers ahead."""
    waiting: deque[Future[T]] = deque()
    try:
        for number in numbers:
            waiting.append(pool.submit(make, number))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _column(rows: PlannedRows, column: ColumnPlan) -> pa.Array:
    """A column's values: generated, made null by its rate, and overlaid with the fixed rows' values."""
    cells = ColumnBatch(rows, column.facts)
    values = _generated(rows, column)
    if column.null_rate:
        values = _null_where(cells.unit("null") < column.null_rate, values)
    return values if column.fixed is None else _fixed(rows, column, column.fixed, values)


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
