"""Lives: a row's present state, the moments at which it changed, and a row for each change, all from one way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr, model_validator

from sdgen.errors import did_you_mean
from sdgen.generators.arrays.fixed_text import array_over
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.expressions.expression import Expression
from sdgen.generators.lifecycles.path import Path, State, Walk, state_faults, walk
from sdgen.generators.moments.durations import DAY, Moment, moment_faults, parse_moment
from sdgen.generators.references import Referring, is_reference, microseconds
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import TEXTS, Type


@register("lifecycle")
class Lifecycle(Referring):
    """The state that a row has come to: from its birth through states that follow one another, until now.

    The first state listed is the one at birth. `lifecycle.moment`, `lifecycle.step` and `lifecycle.count` tell of the
    same life when it changed, each state it has had, and how many these are. A row that isn't born yet, or whose
    birth is null, has no state.
    """

    fits: ClassVar[frozenset[str]] = TEXTS
    example: ClassVar[str] = (
        "{generator: lifecycle, params: {start: created_at, states:"
        " {placed: {next: {paid: 94, cancelled: 6}, after: 20m}, paid: {next: shipped, after: 1d},"
        " shipped: {next: {delivered: 98, lost: 2}, after: 3d}, delivered: , lost: , cancelled: }}}"
    )

    start: Moment = Field(description="the birth: a column of the row, link.column of a parent, or a moment")
    until: Moment = Field("now", description="how far time has come: ISO 8601, or relative to as_of")
    states: dict[str, State] = Field(
        min_length=1, max_length=120, description="the states, that of birth first: what follows each, after how long"
    )

    _cases: dict[str, Expression] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _conditions(self) -> Lifecycle:
        for name, state in self.states.items():
            if state.cases:
                # The cases of a state become one CASE, so that DuckDB is asked once for all of them.
                branches = (f"when ({case.when}) then {place}" for place, case in enumerate(state.cases))
                self._cases[name] = Expression(sql=f"case {' '.join(branches)} else {len(state.cases)} end")
        return self

    @property
    def may_be_null(self) -> bool:
        return True

    @property
    def decides_nulls(self) -> bool:
        return True

    def natural(self) -> Type:
        return Type("text")

    def arrow(self, type: Type) -> pa.DataType:
        return pa.dictionary(pa.int16(), type.arrow)

    def references(self) -> Iterator[str]:
        return iter((str(self.start),) if is_reference(self.start) else ())

    def resolved(self, links: Mapping[str, str]) -> Lifecycle:
        copy = super().resolved(links)
        # A copy has conditions of its own, or those of the original would be resolved with it.
        copy._cases = {}
        for name, case in self._cases.items():
            resolved = case.resolved(links)
            assert isinstance(resolved, Expression)
            copy._cases[name] = resolved
        return copy

    def needs(self) -> tuple[Dependency, ...]:
        conditions = (need for case in self._cases.values() for need in case.needs())
        return tuple(dict.fromkeys((*super().needs(), *conditions)))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        for param, value in (("start", self.start), ("until", self.until)):
            if not (param == "start" and is_reference(value)):
                yield from moment_faults(param, value, facts)
        yield from state_faults(self.states, facts)
        for name, case in self._cases.items():
            yield from (ParamError(f"states.{name}", fault.what, fault.hint) for fault in case.faults(facts))

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        yield from self.no_moments("start", self.references(), types)
        for name, case in self._cases.items():
            yield from (ParamError(f"states.{name}", fault.what, fault.hint) for fault in case.check_types(types))

    @cached_property
    def names(self) -> pa.Array:
        """The states' names, in order."""
        return pa.array(list(self.states), pa.string())

    def values(self, cells: ColumnBatch) -> pa.Array:
        # One life for all columns that are read off it, so that status, moments and
        # counts can't contradict one another.
        path = cells.rows.shared(_shared_name(cells.facts.column), lambda: self._path(cells))
        state, _ = path.at(np.maximum(path.steps - 1, 0))
        return self.named(state)

    def named(self, states: Numbers) -> pa.Array:
        """States by their numbers; null for a number below 0."""
        indices = array_over(states.astype(np.int16), pa.int16(), states < 0)
        return pa.DictionaryArray.from_arrays(indices, self.names)

    def _path(self, cells: ColumnBatch) -> Path:
        as_of = cells.facts.as_of
        if is_reference(self.start):
            born, valid = microseconds(self.array(cells, str(self.start)))
        else:
            born, valid = np.full(len(cells), parse_moment(self.start, as_of), dtype=np.int64), None
        known: NDArray[np.bool_] = np.ones(len(cells), dtype=np.bool_) if valid is None else valid
        plan = Walk(
            self.states, cells.key, parse_moment(self.until, as_of), as_of, lambda name: self._case(cells, name)
        )
        return walk(plan, cells.numbers, born, known)

    def _case(self, cells: ColumnBatch, name: str) -> Numbers:
        # Only the first row in a state asks for its conditions; they are kept for the batch.
        numbers = cells.rows.shared(
            f"lifecycle {cells.facts.column} {name}", lambda: self._cases[name].values(cells).cast(pa.int64())
        )
        return np.asarray(numbers, dtype=np.int64)


def _shared_name(column: str) -> str:
    return f"lifecycle {column}"


class OfLifecycle(Referring):
    """What is read off a life: the column that has it is of the row, or of the parent that rows are counted by."""

    of: str = Field(min_length=1, description="the column with the lifecycle: of the row, or link.column of its parent")

    reads_sources: ClassVar[bool] = True

    _source: Generator | None = PrivateAttr(default=None)

    def references(self) -> Iterator[str]:
        return iter((self.of,))

    @property
    def by_step(self) -> bool:
        """Whether each row is one of its parent's steps."""
        return False

    @property
    def per(self) -> str:
        """The link that rows must be counted by."""
        return self.dependency(self.of).link if self.by_step else ""

    @property
    def may_be_null(self) -> bool:
        return True

    @property
    def decides_nulls(self) -> bool:
        return True

    def with_sources(self, sources: Mapping[Dependency, Generator]) -> Generator:
        copy = self.model_copy()
        copy._source = sources.get(self.dependency(self.of))
        return copy

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if self.by_step and not self.dependency(self.of).link:
            yield ParamError("of", f"{self.of} is no column of the parent", "write link.column, as in tickets.status")
        elif isinstance(self._source, Lifecycle):
            yield from self.state_faults(self._source)
        elif self._source is not None:
            what = f"{self.of} is made by {self._source.called}, not by lifecycle"
            yield ParamError("of", what, "name a column that has a lifecycle")

    def state_faults(self, source: Lifecycle) -> Iterable[ParamError]:
        """What is wrong with the states that are named."""
        return ()

    @property
    def lifecycle(self) -> Lifecycle:
        """The generator whose lives these are."""
        assert isinstance(self._source, Lifecycle)
        return self._source

    def path(self, cells: ColumnBatch) -> tuple[Path, Numbers | None]:
        """The lives of the batch's rows or of their parents, and which of them is each row's (None: each its own)."""
        need = self.dependency(self.of)
        # Rows of one parent share its life.
        rows, places = cells.rows.parent(need.link).distinct() if need.link else (cells.rows, None)
        rows.column(need.column)  # which leaves the lives behind, shared by all columns that are read off them

        def missing() -> Path:
            raise LookupError(f"{self.of} left no life behind")

        return rows.shared(_shared_name(need.column), missing), places

    def at_step(self, cells: ColumnBatch, step: Numbers) -> tuple[Numbers, Numbers]:
        """The state that each row's parent has at a step, and its moment."""
        path, places = self.path(cells)
        return path.at(step, places)


@register("lifecycle.moment")
class LifecycleMoment(OfLifecycle):
    """When a row of a lifecycle came to a state; null where it didn't yet.

    Without `state` each row is one step of its parent's life, counted from its birth: `rows: {per: tickets, count: …}`.
    """

    fits: ClassVar[frozenset[str]] = TEXTS | {"timestamp", "timestamptz", "date"}
    example: ClassVar[str] = "{generator: lifecycle.moment, params: {of: status, state: shipped}}"

    state: str = Field("", description="the state; left out where each row is one of its parent's steps")
    last: bool = Field(False, description="the last time that it came to the state, not the first")

    @property
    def by_step(self) -> bool:
        return not self.state

    @property
    def gives_null(self) -> bool:
        return bool(self.state)

    def natural(self) -> Type:
        return Type("timestamp")

    def state_faults(self, source: Lifecycle) -> Iterable[ParamError]:
        if self.state and self.state not in source.states:
            yield ParamError("state", f"{self.of} has no state {self.state!r}", did_you_mean(self.state, source.states))

    def values(self, cells: ColumnBatch) -> pa.Array:
        if self.state:
            place = list(self.lifecycle.states).index(self.state)
            path, places = self.path(cells)
            moments, came = path.reached(place, self.last)
            if places is not None:
                moments, came = moments.take(places), came.take(places)
        else:
            states, moments = self.at_step(cells, cells.rows.ordinals(self.per))
            came = states >= 0
        if cells.facts.type.kind == "date":
            return array_over((moments // DAY).astype(np.int32), pa.date32(), ~came)
        return array_over(moments, pa.timestamp("us"), ~came)


@register("lifecycle.step")
class LifecycleStep(OfLifecycle):
    """The state that a row stands for, where each row is one step of its parent's life; or the one before it."""

    fits: ClassVar[frozenset[str]] = TEXTS
    example: ClassVar[str] = "{generator: lifecycle.step, params: {of: tickets.status}}"

    before: bool = Field(False, description="the state that was left; null for the first")

    @property
    def by_step(self) -> bool:
        return True

    @property
    def gives_null(self) -> bool:
        return self.before

    def natural(self) -> Type:
        return Type("text")

    def arrow(self, type: Type) -> pa.DataType:
        return pa.dictionary(pa.int16(), type.arrow)

    def values(self, cells: ColumnBatch) -> pa.Array:
        step = cells.rows.ordinals(self.per) - self.before
        states, _ = self.at_step(cells, np.maximum(step, 0))
        return self.lifecycle.named(np.where(step < 0, -1, states))


@register("lifecycle.count")
class LifecycleCount(OfLifecycle):
    """How many states a row has had, its birth's included: as many rows as a table of its changes has of it."""

    fits: ClassVar[frozenset[str]] = frozenset({"smallint", "int", "bigint"})
    example: ClassVar[str] = "{type: int, generator: lifecycle.count, params: {of: status}}"

    @property
    def may_be_null(self) -> bool:
        return False

    def natural(self) -> Type:
        return Type("int")

    def values(self, cells: ColumnBatch) -> pa.Array:
        path, places = self.path(cells)
        return pa.array(path.steps if places is None else path.steps.take(places))
