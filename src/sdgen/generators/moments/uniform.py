"""Dates, moments and times of day within a range: all equally likely, or by a rhythm, and between other columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators.arrays.fixed_text import array_over
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import Domain
from sdgen.generators.moments.bounds import BoundedMoments, drawn_by
from sdgen.generators.moments.durations import (
    DAY,
    Clock,
    Moment,
    moment_faults,
    parse_clock,
    parse_moment,
    zone_faults,
)
from sdgen.generators.moments.operational_clock import operational_clock
from sdgen.generators.moments.rhythm import Rhythm, RhythmParam, rhythm_faults
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers, Words
from sdgen.scenario.types import NUMBERS, TEXTS, Type

_DEFAULT_START = "-5y"
TICKS = {"s": 1_000_000, "ms": 1_000, "us": 1}

Precision = Literal["s", "ms", "us"]


@dataclass(frozen=True)
class Ticks:
    """The domain of `size` moments, days or times of day: start, start + step, … in the Arrow type's unit."""

    start: int
    size: int
    step: int
    arrow: pa.DataType

    def decode(self, indexes: Numbers) -> pa.Array:
        values = indexes * np.int64(self.step) if self.step != 1 else indexes
        values = values + np.int64(self.start)
        return array_over(values.astype(f"i{self.arrow.bit_width // 8}", copy=False), self.arrow)


def ticks(start: int, end: int, tick: int, arrow: pa.DataType) -> Ticks:
    """The domain of the whole ticks from start to before end."""
    # Rounded up to whole units at both ends, so that the start is kept and the end is left out.
    first, last = -(-start // tick), -(-end // tick)
    return Ticks(first * tick, max(last - first, 0), tick, arrow)


def moments_arrow(type: Type) -> pa.DataType:
    """The Arrow type of a column's moments: its own where it holds any."""
    return type.arrow if type.kind in ("timestamp", "timestamptz") else pa.timestamp("us")


@register("date")
class Date(BoundedMoments):
    """Dates from start to end, both included: all equally likely, or by a rhythm's months and weekdays.

    `after` and `before` keep them between other columns, themselves included; where nothing lies between, the date is
    that of the latest of start and after.
    """

    rises: ClassVar[bool] = True
    fits: ClassVar[frozenset[str]] = TEXTS | {"date", "timestamp", "timestamptz"}
    example: ClassVar[str] = "{generator: date, params: {start: 2020-01-01, end: 2024-12-31}}"

    start: Moment = Field(
        _DEFAULT_START, description="the first date: ISO 8601, or relative to as_of, such as -730d or -2y"
    )
    end: Moment = Field("now", description="the last date, itself included; likewise")

    def natural(self) -> Type:
        return Type("date")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        wrong = [*moment_faults("start", self.start, facts), *moment_faults("end", self.end, facts)]
        yield from self.bound_faults(facts, UTC)
        yield from wrong
        if not wrong and not self._days(facts).size:
            yield ParamError("start", f"start {self.start} is after end {self.end}", "swap them")

    def _days(self, facts: ColumnContext) -> Ticks:
        first, last = (parse_moment(value, facts.as_of) // DAY for value in (self.start, self.end))
        return Ticks(first, max(last - first + 1, 0), 1, pa.date32())

    def span(self, facts: ColumnContext) -> tuple[int, int]:
        days = self._days(facts)
        return days.start * DAY, (days.start + days.size) * DAY

    def domain(self, facts: ColumnContext) -> Domain | None:
        # Bounds and rhythms are laws over moments, and no set of values that an index could stand for.
        return self._days(facts) if self.is_plain else None

    def values(self, cells: ColumnBatch) -> pa.Array:
        days = self._days(cells.facts)
        if self.is_plain:
            return days.decode(cells.indexes(days.size))
        low, high = self.interval(cells, *self.span(cells.facts), UTC)
        # Whole days: a date's interval ends with its last day.
        moments = self.drawn(cells, low // DAY * DAY, -(-high // DAY) * DAY)
        return array_over((moments // DAY).astype(np.int32), pa.date32())


@register("datetime")
class Datetime(BoundedMoments):
    """Moments from start to before end: all equally likely, or by a rhythm.

    With `timezone`, a start and end without an offset of their own are local times there, as are the rhythm's hours;
    values are in UTC. `after` and `before` keep them between other columns: the law is truncated there, nothing piles
    up. Where nothing lies between, the moment is the latest of start and after. With `share`, a column of numbers from
    0 to 1, nothing is drawn: the moment is that far on in the rhythm's time, so that numbers given in order of time
    and their moments rise together.
    """

    rises: ClassVar[bool] = True
    fits: ClassVar[frozenset[str]] = TEXTS | {"timestamp", "timestamptz"}
    example: ClassVar[str] = "{generator: datetime, params: {start: 2024-01-01, end: 2025-01-01}}"

    start: Moment = Field(
        _DEFAULT_START,
        description="the earliest moment: ISO 8601, or relative to as_of, such as -730d, -2y or now",
    )
    end: Moment = Field("now", description="the end, itself not included; likewise")
    precision: Precision = Field("s", description="whole seconds (s), milliseconds (ms) or microseconds (us)")
    timezone: str | None = Field(None, description="the time zone of start and end, such as Europe/Berlin; else UTC")
    share: str = Field("", description="instead of a draw: a column that says how far between start and end, 0 to 1")

    @property
    def is_plain(self) -> bool:
        return not self.share and super().is_plain

    def references(self) -> Iterator[str]:
        yield from super().references()
        yield from (self.share,) if self.share else ()

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        yield from super().check_types(types)
        type = types.get(self.dependency(self.share)) if self.share else None
        if type is not None and type.kind not in NUMBERS:
            yield ParamError("share", f"{self.share} is {type}, not a number", "name a column of numbers from 0 to 1")

    def words(self, cells: ColumnBatch) -> Words:
        if not self.share:
            return super().words(cells)
        numbers = self.array(cells, self.share).cast(pa.float64()).fill_null(0)
        # A number of 1 is the end, which is left out: it is moved to the last one below.
        shares = np.clip(np.nan_to_num(np.asarray(numbers, dtype=np.float64)), 0, 1 - 2.0**-53)
        # The share takes the place of the draw's 53 bits, so that all that follows is as it is for drawn moments.
        words: Words = (shares * 2.0**53).astype(np.uint64) << np.uint64(11)
        return words

    def natural(self) -> Type:
        return Type("timestamp" if self.timezone is None else "timestamptz")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        wrong = list(zone_faults(self.timezone))
        zone = UTC if wrong else self._zone()
        wrong += [
            *moment_faults("start", self.start, facts, zone),
            *moment_faults("end", self.end, facts, zone),
        ]
        yield from self.bound_faults(facts, zone)
        yield from wrong
        if not wrong and not self._ticks(facts).size:
            yield ParamError(
                "start",
                f"no moment lies between start {self.start} and end {self.end}",
                "make start the earlier",
            )

    def _zone(self) -> tzinfo:
        return UTC if self.timezone is None else ZoneInfo(self.timezone)

    def _ticks(self, facts: ColumnContext) -> Ticks:
        return ticks(*self.span(facts), TICKS[self.precision], moments_arrow(facts.type))

    def span(self, facts: ColumnContext) -> tuple[int, int]:
        zone = self._zone()
        return parse_moment(self.start, facts.as_of, zone), parse_moment(self.end, facts.as_of, zone)

    def domain(self, facts: ColumnContext) -> Domain | None:
        return self._ticks(facts) if self.is_plain else None

    def values(self, cells: ColumnBatch) -> pa.Array:
        if self.is_plain:
            return super().values(cells)
        low, high = self.interval(cells, *self.span(cells.facts), self._zone())
        moments, tick = self.drawn(cells, low, high, self.timezone or ""), np.int64(TICKS[self.precision])
        # Cut to whole units, which must not lead before the least moment.
        return array_over(np.maximum(moments // tick * tick, low), moments_arrow(cells.facts.type))


@register("time")
class TimeOfDay(Generator):
    """Times of day from start to before end: all equally likely, or by the hours of a rhythm."""

    rises: ClassVar[bool] = True
    fits: ClassVar[frozenset[str]] = TEXTS | {"time"}
    example: ClassVar[str] = "{generator: time, params: {start: '08:00', end: '18:30'}}"

    start: Clock = Field("00:00", description="the earliest time of day, in quotes: '08:30'")
    end: Clock = Field("24:00", description="the end, itself not included; '24:00' is the day's end")
    precision: Precision = Field("s", description="whole seconds (s), milliseconds (ms) or microseconds (us)")
    rhythm: RhythmParam = Field(
        None, description="how likely each hour is: a shipped rhythm's name, or one spelled out"
    )

    def natural(self) -> Type:
        return Type("time")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        wrong = False
        for param, value in (("start", self.start), ("end", self.end)):
            try:
                parse_clock(value)
            except ValueError as error:
                wrong = True
                yield ParamError(param, str(error))
        yield from rhythm_faults(self.rhythm, facts)
        if not wrong and not self._ticks().size:
            yield ParamError(
                "start",
                f"no time lies between start {self.start} and end {self.end}",
                "make start the earlier",
            )

    def _ticks(self) -> Ticks:
        return ticks(parse_clock(self.start), parse_clock(self.end), TICKS[self.precision], pa.time64("us"))

    def domain(self, facts: ColumnContext) -> Domain | None:
        return self._ticks() if self.rhythm is None else None

    def values(self, cells: ColumnBatch) -> pa.Array:
        if self.rhythm is None:
            return super().values(cells)
        day = Rhythm(hours=self.rhythm.hours)  # a time of day is of no day: only the hours count
        start, end = parse_clock(self.start), parse_clock(self.end)
        size = len(cells)
        # One day of 1970, of which only the time is taken.
        clock = operational_clock(day, 0, DAY, cells.facts.as_of)
        moments = drawn_by(clock, cells.draw(), np.full(size, start), np.full(size, end))
        return array_over(moments // TICKS[self.precision] * TICKS[self.precision], pa.time64("us"))
