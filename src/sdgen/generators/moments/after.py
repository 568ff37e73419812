"""Values that come after another one of the same row: a moment some time later, a number somewhat greater."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.arrays.decimals import numbers_of, places_of, room, units_from, units_to
from sdgen.generators.arrays.fixed_width import array_over
from sdgen.generators.base import ColumnBatch, ColumnContext, Dependency, Generator, ParamError
from sdgen.generators.moments.durations import DAY, SECOND, Length, Moment, fixed_length, parse_moment
from sdgen.generators.moments.uniform import moment_faults
from sdgen.generators.numbers.uniform import order_fault
from sdgen.generators.registry import register
from sdgen.scenario.types import NUMBERS, TEXTS, Type

_MOMENTS = frozenset({"date", "timestamp", "timestamptz"})
_TEXT_MOMENTS = TEXTS - {"enum"}
_LAST_SECOND = DAY - SECOND
_LOST = 2 * 365 * DAY  # where the other column is null: somewhere in the two years before as_of


@register("after")
class After(Generator):
    """A moment after that of another column of the row, short waits being likelier than long ones.

    A date is never before the other moment's day, and no value before the other's. Where the other is null, the moment
    is one of the two years before as_of. Times of day stay within the day. With `state` there is a moment only where
    that column says that it came: in the states `only`, or in all but `unless`.
    """

    fits: ClassVar[frozenset[str]] = _MOMENTS | _TEXT_MOMENTS | {"time"}
    example: ClassVar[str] = "{generator: after, params: {column: created_at, min: 1h, max: 30d}}"

    column: str = Field(min_length=1, description="the column of the earlier moment")
    min: Length = Field("0s", description="the least time between, such as 90s, 1h30m or 2d")
    max: Length = Field("30d", description="the most time between")
    until: Moment = Field(
        "", description="no moment is later, unless the other one is: ISO 8601, or relative to as_of, such as now"
    )

    state: str = Field("", description="a column of texts that says how far the row is, such as status")
    only: tuple[str, ...] = Field((), description="the states that have a moment, in any case; null in all others")
    unless: tuple[str, ...] = Field((), description="the states that have none yet, in any case")

    @property
    def gives_null(self) -> bool:
        return bool(self.state)

    def natural(self) -> Type:
        raise LookupError(f"the type follows from {self.column}")

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        other = types.get(Dependency(self.column))
        return other if other is not None and other.kind in self.fits else Type("timestamp")

    def needs(self) -> tuple[Dependency, ...]:
        return (Dependency(self.column), Dependency(self.state)) if self.state else (Dependency(self.column),)

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        wrong = list(moment_faults("until", self.until, facts)) if self.until else []
        if bool(self.state) != bool(self.only or self.unless):
            wrong.append(ParamError("state", "state goes with only or unless", "name a column, and its states"))
        for param, value in (("min", self.min), ("max", self.max)):
            try:
                fixed_length(value)
            except ValueError as error:
                wrong.append(ParamError(param, str(error)))
        yield from wrong
        if wrong:
            return
        if fixed_length(self.min) < 0:
            yield ParamError("min", f"min {self.min} is below zero", "take a time of 0s or more")
        elif fixed_length(self.min) > fixed_length(self.max):
            yield order_fault(self.min, self.max)

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        other = types.get(Dependency(self.column))
        if other is not None and other.kind not in self.fits:
            yield ParamError("column", f"{self.column} is {other}, not a time", "name a column of dates or times")
        state = types.get(Dependency(self.state)) if self.state else None
        if state is not None and state.kind not in TEXTS:
            yield ParamError("state", f"{self.state} is {state}, not a text", "name a column of texts")

    def values(self, cells: ColumnBatch) -> pa.Array:
        moments = self._moments(cells)
        if not self.state:
            return moments
        return pc.if_else(self._came(cells), moments, pa.scalar(None, moments.type))

    def _came(self, cells: ColumnBatch) -> pa.Array:
        """Whether a row's state is one that has a moment; one that isn't known has none."""
        states = spelled(_plain(cells.column(self.state)).cast(pa.string()))
        told = pc.is_valid(states)
        if self.only:
            told = pc.and_(told, pc.is_in(states, value_set=spelled(pa.array(self.only))))
        if self.unless:
            told = pc.and_not(told, pc.is_in(states, value_set=spelled(pa.array(self.unless))))
        return told

    def _moments(self, cells: ColumnBatch) -> pa.Array:
        other = _plain(cells.column(self.column))
        if pa.types.is_time(other.type):
            return self._times_of_day(cells, other)
        began = self._began(cells, other)
        later = began + self._waits(cells, began, self._limit(cells.facts))
        if cells.facts.type.kind == "date" or (pa.types.is_date(other.type) and cells.facts.type.kind in TEXTS):
            days = -(-later // DAY)
            return array_over(days.astype(np.int32), pa.date32())
        return array_over(later, pa.timestamp("us"))

    def _began(self, cells: ColumnBatch, other: pa.Array) -> NDArray[np.int64]:
        """The other column's moments, in microseconds; where there is none, one of the last two years."""
        moments = cast_array(other, Type("timestamp"), pa.timestamp("us")).cast(pa.int64())
        known: NDArray[np.int64] = np.asarray(moments.fill_null(0) if moments.null_count else moments, dtype=np.int64)
        if not moments.null_count:
            return known
        now = parse_moment("now", cells.facts.as_of)
        drawn = now - (cells.unit("lost") * _LOST).astype(np.int64) // SECOND * SECOND
        valid = np.asarray(moments.is_valid(), dtype=np.bool_)
        began: NDArray[np.int64] = np.where(valid, known, drawn)
        return began

    def _limit(self, facts: ColumnContext) -> int:
        return parse_moment(self.until, facts.as_of) if self.until else np.iinfo(np.int64).max >> 1

    def _waits(self, cells: ColumnBatch, began: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
        """Whole seconds between min and max; where the limit leaves less room, spread over what is left."""
        least, most = fixed_length(self.min), fixed_length(self.max)
        left = np.maximum(np.minimum(limit - began, most), 0)
        start = np.where(left > least, least, 0)
        share = cells.unit()
        waits = start + (share * share * (left - start)).astype(np.int64)
        whole: NDArray[np.int64] = waits // SECOND * SECOND
        return whole

    def _times_of_day(self, cells: ColumnBatch, other: pa.Array) -> pa.Array:
        began = np.asarray(other.cast(pa.time64("us")).cast(pa.int64()).fill_null(0))
        return array_over(began + self._waits(cells, began, _LAST_SECOND), pa.time64("us"))


def spelled(states: pa.Array) -> pa.Array:
    """States in one spelling: In Progress, IN-PROGRESS and in_progress are the same."""
    return pc.replace_substring_regex(pc.utf8_lower(states), "[^a-z0-9]+", "_")


@register("above")
class Above(Generator):
    """A number above that of another column of the row: more by min to max, or by so many times as much.

    With `times`, min and max are shares of the other number: 0.1 to 0.5 gives 10 to 50 % more. Where the other is null,
    it counts as 0. Numbers end where the column's type does.
    """

    fits: ClassVar[frozenset[str]] = NUMBERS
    example: ClassVar[str] = "{generator: above, params: {column: price, min: 0.2, max: 0.8, times: true}}"

    column: str = Field(min_length=1, description="the column of the lesser number")
    min: Decimal = Field(Decimal(0), ge=0, le=10**15, description="how much more at least")
    max: Decimal = Field(Decimal(100), ge=0, le=10**15, description="how much more at most")
    times: bool = Field(False, description="whether min and max are shares of the other number")

    def natural(self) -> Type:
        raise LookupError(f"the type follows from {self.column}")

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        other = types.get(Dependency(self.column))
        return other if other is not None and other.kind in self.fits else Type("double")

    def needs(self) -> tuple[Dependency, ...]:
        return (Dependency(self.column),)

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if self.min > self.max:
            yield order_fault(self.min, self.max)

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        other = types.get(Dependency(self.column))
        if other is not None and other.kind not in NUMBERS:
            yield ParamError("column", f"{self.column} is {other}, not a number", "name a column of numbers")

    def values(self, cells: ColumnBatch) -> pa.Array:
        type = cells.facts.type
        places = places_of(type)
        low = np.asarray(_plain(cells.column(self.column)).cast(pa.float64()).fill_null(0.0))
        more = float(self.min) + cells.unit() * (float(self.max) - float(self.min))
        values = low + low * more if self.times else low + more
        if places is None:
            return array_over(values, pa.float64())
        units = np.ceil(values * float(10**places) - 1e-6)
        limits = room(replace(type, precision=min(type.precision, 18)) if type.kind == "decimal" else type)
        if limits is not None:
            units = np.clip(units, units_from(limits[0], places), min(units_to(limits[1], places), 1 << 53))
        return numbers_of(units.astype(np.int64), places, type)


def _plain(array: pa.Array) -> pa.Array:
    return pc.cast(array, array.type.value_type) if pa.types.is_dictionary(array.type) else array
