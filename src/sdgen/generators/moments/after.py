"""Values that come after another one of the same row: a moment some time later, a number somewhat greater."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat

from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.arrays.decimals import numbers_of, places_of, room, units_from, units_to
from sdgen.generators.arrays.fixed_text import array_over
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.moments.bounds import NEVER, Bounds, bounds_faults, bounds_types, earliest, latest
from sdgen.generators.moments.durations import DAY, SECOND, Length, Moment, fixed_length, moment_faults, parse_moment
from sdgen.generators.moments.operational_clock import waiting_clock
from sdgen.generators.moments.rhythm import Rhythm, RhythmParam, rhythm_faults
from sdgen.generators.numbers.quantile_tables import lognormal_table
from sdgen.generators.numbers.uniform import order_fault
from sdgen.generators.references import Referring, is_reference
from sdgen.generators.registry import register
from sdgen.generators.streams import Floats
from sdgen.scenario.types import MOMENTS, NUMBERS, TEXTS, Type

_TEXT_MOMENTS = TEXTS - {"enum"}
_LAST_SECOND = DAY - SECOND
_LOST = 2 * 365 * DAY  # where the other column is null: somewhere in the two years before as_of


@register("after")
class After(Referring):
    """A moment after that of another column of the row or its parent, short waits being likelier than long ones.

    With `median` waits are lognormal; with `rhythm` they run in its time: two hours of `office` are two working hours,
    from Friday evening to Monday morning. A date is never before the other moment's day, and no value before the
    other's. Where the other is null, the moment is one of the two years before as_of. Times of day stay within the day.
    With `state` there is a moment only where that column says that it came: in the states `only`, or in all but
    `unless`.
    """

    fits: ClassVar[frozenset[str]] = MOMENTS | _TEXT_MOMENTS | {"time"}
    example: ClassVar[str] = "{generator: after, params: {column: created_at, min: 1h, max: 30d}}"

    column: str = Field(min_length=1, description="the column of the earlier moment, or link.column of a parent")
    min: Length = Field("0s", description="the least time between, such as 90s, 1h30m or 2d")
    max: Length = Field("30d", description="the most time between")
    median: Length = Field("", description="half of the waits are shorter; a lognormal law, which min and max truncate")
    sigma: FiniteFloat = Field(1.0, gt=0, le=5, description="how far lognormal waits spread")
    rhythm: RhythmParam = Field(
        None, description="in whose time waits run, such as office: an hour is one of its busiest hours"
    )
    until: Moment = Field(
        "", description="no moment is later, unless the other one is: ISO 8601, or relative to as_of, such as now"
    )

    after: Bounds = Field(
        (), description="never before these either: columns of the row, link.column of parents, or moments"
    )
    before: Bounds = Field((), description="never after these, likewise, unless the other one is")

    state: str = Field("", description="a column of texts that says how far the row is, such as status")
    only: tuple[str, ...] = Field((), description="the states that have a moment, in any case; null in all others")
    unless: tuple[str, ...] = Field((), description="the states that have none yet, in any case")

    @property
    def gives_null(self) -> bool:
        return bool(self.state)

    def natural(self) -> Type:
        raise LookupError(f"the type follows from {self.column}")

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        other = types.get(self.dependency(self.column))
        return other if other is not None and other.kind in self.fits else Type("timestamp")

    def references(self) -> Iterator[str]:
        bounds = (str(bound) for bound in (*self.after, *self.before) if is_reference(bound))
        return iter((self.column, *((self.state,) if self.state else ()), *bounds))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        wrong = list(moment_faults("until", self.until, facts)) if self.until else []
        wrong += rhythm_faults(self.rhythm, facts)
        wrong += [*bounds_faults("after", self.after, facts), *bounds_faults("before", self.before, facts)]
        if bool(self.state) != bool(self.only or self.unless):
            wrong.append(ParamError("state", "state goes with only or unless", "name a column, and its states"))
        for param, value in (("min", self.min), ("max", self.max), ("median", self.median or "1s")):
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
        elif self.median and not fixed_length(self.min) <= fixed_length(self.median) <= fixed_length(self.max):
            what = f"median {self.median} is not between min {self.min} and max {self.max}"
            yield ParamError("median", what, "widen min and max")

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        other = types.get(self.dependency(self.column))
        if other is not None and other.kind not in self.fits:
            yield ParamError("column", f"{self.column} is {other}, not a time", "name a column of dates or times")
        if other is not None and other.kind == "time" and self.rhythm is not None:
            yield ParamError("rhythm", f"{self.column} is a time of day, which has no rhythm", "leave it out")
        if other is None or other.kind != "time":
            yield from bounds_types(self, "after", self.after, types)
            yield from bounds_types(self, "before", self.before, types)
        state = types.get(self.dependency(self.state)) if self.state else None
        if state is not None and state.kind not in TEXTS:
            yield ParamError("state", f"{self.state} is {state}, not a text", "name a column of texts")

    def values(self, cells: ColumnBatch) -> pa.Array:
        moments = self._moments(cells)
        if not self.state:
            return moments
        return pc.if_else(self._came(cells), moments, pa.scalar(None, moments.type))

    def _came(self, cells: ColumnBatch) -> pa.Array:
        """Whether a row's state is one that has a moment; one that isn't known has none."""
        # In one spelling, since scenarios and data write states in several.
        states = spelled(_plain(self.array(cells, self.state)).cast(pa.string()))
        told = pc.is_valid(states)
        if self.only:
            told = pc.and_(told, pc.is_in(states, value_set=spelled(pa.array(self.only))))
        if self.unless:
            told = pc.and_not(told, pc.is_in(states, value_set=spelled(pa.array(self.unless))))
        return told

    def _moments(self, cells: ColumnBatch) -> pa.Array:
        other = _plain(self.array(cells, self.column))
        if pa.types.is_time(other.type):
            return self._times_of_day(cells, other)
        began = self._began(cells, other)
        # A row's own limit and not one for all: waits are truncated by it, never cut to
        # it, so that nothing piles up there.
        limit = self._limit(cells)
        if self.rhythm is not None:
            later = self._by_rhythm(cells, self.rhythm, began, limit)
        else:
            later = began + self._waits(cells, began, limit)
        if cells.facts.type.kind == "date" or (pa.types.is_date(other.type) and cells.facts.type.kind in TEXTS):
            # A date has lost its time of day: it is rounded up, so that it doesn't
            # lie before the moment that it follows.
            days = -(-later // DAY)
            last = np.maximum(limit // DAY, began // DAY)  # no later day than the limit's
            return array_over(np.minimum(days, last).astype(np.int32), pa.date32())
        return array_over(later, pa.timestamp("us"))

    def _began(self, cells: ColumnBatch, other: pa.Array) -> NDArray[np.int64]:
        """When waits begin, in microseconds; where all columns are null, at one moment of the last two years."""
        moments = cast_array(other, Type("timestamp"), pa.timestamp("us")).cast(pa.int64())
        known: NDArray[np.int64] = np.asarray(moments.fill_null(-NEVER), dtype=np.int64)
        known = np.maximum(known, latest(self, cells, self.after, UTC, -NEVER)) if self.after else known
        if not moments.null_count:
            return known
        # Nothing to wait from: the moment is drawn by itself, in a stream of its own.
        now = parse_moment("now", cells.facts.as_of)
        drawn = now - (cells.unit("lost") * _LOST).astype(np.int64) // SECOND * SECOND
        began: NDArray[np.int64] = np.where(known > -NEVER, known, drawn)
        return began

    def _limit(self, cells: ColumnBatch) -> NDArray[np.int64]:
        """Each row's last moment, itself included."""
        until = parse_moment(self.until, cells.facts.as_of) if self.until else NEVER
        # One microsecond before the bound, since bounds from above are ends.
        return np.minimum(earliest(self, cells, self.before, UTC, NEVER) - 1, until)

    def _waits(self, cells: ColumnBatch, began: NDArray[np.int64], limit: NDArray[np.int64]) -> NDArray[np.int64]:
        """Whole seconds between min and max; where the limit leaves less room, spread over what is left."""
        least, most = fixed_length(self.min), fixed_length(self.max)
        left = np.maximum(np.minimum(limit - began, most), 0)
        # Where the limit comes before the least wait, the wait may be shorter: a moment is never after its limit.
        start = np.where(left > least, least, 0)
        waits = start + self._spread(cells, start, left).astype(np.int64)
        whole: NDArray[np.int64] = waits // SECOND * SECOND
        return whole

    def _spread(self, cells: ColumnBatch, start: NDArray[np.int64], left: NDArray[np.int64]) -> Floats:
        """How much more than `start` each wait is, of what is left at most."""
        share = cells.unit()
        if not self.median:
            # The square of a uniform number makes short waits likelier than long ones, by a multiplication alone.
            squares: Floats = share * share * (left - start)
            return squares
        table, median = lognormal_table(float(self.sigma)), float(fixed_length(self.median))
        # The law between the least wait and what is left: chances are narrowed, so that the law keeps its shape.
        low = table.probability(fixed_length(self.min) / median)
        high = table.probabilities_below(left / median)
        chances = low + share * np.maximum(high - low, 0.0)
        # The table ends at these chances; beyond, there is nothing to interpolate.
        return np.clip(table.at(np.clip(chances, 2.0**-53, 1 - 2.0**-53)) * median - start, 0, left - start)

    def _by_rhythm(
        self, cells: ColumnBatch, rhythm: Rhythm, began: NDArray[np.int64], limit: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Moments whose waits are counted in the rhythm's time, none later than the limit."""
        clock = waiting_clock(rhythm, cells.facts.as_of)
        first = clock.ticks(began)
        # How much time of the rhythm is left decides the bounds, since waits are counted in it.
        left = clock.hours(clock.ticks(np.maximum(began, limit)) - first).astype(np.int64)
        least, most = fixed_length(self.min), fixed_length(self.max)
        left = np.minimum(left, most)
        waits = np.where(left > least, least, 0) + self._spread(cells, np.where(left > least, least, 0), left)
        later = clock.moments(first + clock.of_hours(waits)) // SECOND * SECOND
        # Rounding to whole seconds must lead neither beyond the limit nor before the beginning.
        return np.maximum(np.minimum(later, limit), began)

    def _times_of_day(self, cells: ColumnBatch, other: pa.Array) -> pa.Array:
        began = np.asarray(other.cast(pa.time64("us")).cast(pa.int64()).fill_null(0))
        return array_over(
            began + self._waits(cells, began, np.full(len(cells), _LAST_SECOND, dtype=np.int64)), pa.time64("us")
        )


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
        # By the magnitude, so that a share of a negative number is more, and not less.
        values = low + np.abs(low) * more if self.times else low + more
        if places is None:
            return array_over(values, pa.float64())
        # Rounded up, so that the number is not below the other one; a millionth of a unit is let through, since it
        # may be the rounding of the product.
        units = np.ceil(values * float(10**places) - 1e-6)
        # Units are 64-bit whole numbers, of which a decimal of 18 digits is the longest.
        limits = room(replace(type, precision=min(type.precision, 18)) if type.kind == "decimal" else type)
        if limits is not None:
            units = np.clip(units, units_from(limits[0], places), min(units_to(limits[1], places), 1 << 53))
        return numbers_of(units.astype(np.int64), places, type)


def _plain(array: pa.Array) -> pa.Array:
    return pc.cast(array, array.type.value_type) if pa.types.is_dictionary(array.type) else array
