"""Dates, moments and times of day, all equally likely within a range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.errors import did_you_mean
from sdgen.generators.arrays.fixed_width import array_over
from sdgen.generators.base import ColumnContext, Generator, ParamError
from sdgen.generators.domains import Domain
from sdgen.generators.moments.durations import DAY, Clock, Moment, parse_clock, parse_moment
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import TEXTS, Type

_DEFAULT_START = "-5y"
_TICKS = {"s": 1_000_000, "ms": 1_000, "us": 1}

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
    first, last = -(-start // tick), -(-end // tick)
    return Ticks(first * tick, max(last - first, 0), tick, arrow)


def moment_faults(param: str, value: Moment, facts: ColumnContext, zone: tzinfo = UTC) -> Iterator[ParamError]:
    """A fault where a param is no moment."""
    try:
        parse_moment(value, facts.as_of, zone)
    except ValueError as error:
        yield ParamError(param, str(error))


def zone_faults(name: str | None) -> Iterator[ParamError]:
    """A fault where there is no such time zone."""
    try:
        ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        hint = did_you_mean(name or "", available_timezones(), "use a name such as Europe/Berlin or UTC")
        yield ParamError("timezone", f"unknown time zone {name!r}", hint)


def moments_arrow(type: Type) -> pa.DataType:
    """The Arrow type of a column's moments: its own where it holds any."""
    return type.arrow if type.kind in ("timestamp", "timestamptz") else pa.timestamp("us")


@register("date")
class Date(Generator):
    """Dates from start to end, both included, all equally likely."""

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
        yield from wrong
        if not wrong and not self.domain(facts).size:
            yield ParamError("start", f"start {self.start} is after end {self.end}", "swap them")

    def domain(self, facts: ColumnContext) -> Domain:
        first, last = (parse_moment(value, facts.as_of) // DAY for value in (self.start, self.end))
        return Ticks(first, max(last - first + 1, 0), 1, pa.date32())


@register("datetime")
class Datetime(Generator):
    """Moments from start to before end, all equally likely.

    With `timezone`, a start and end without an offset of their own are local times there; values are in UTC.
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

    def natural(self) -> Type:
        return Type("timestamp" if self.timezone is None else "timestamptz")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        wrong = list(zone_faults(self.timezone))
        zone = UTC if wrong else self._zone()
        wrong += [
            *moment_faults("start", self.start, facts, zone),
            *moment_faults("end", self.end, facts, zone),
        ]
        yield from wrong
        if not wrong and not self.domain(facts).size:
            yield ParamError(
                "start",
                f"no moment lies between start {self.start} and end {self.end}",
                "make start the earlier",
            )

    def _zone(self) -> tzinfo:
        return UTC if self.timezone is None else ZoneInfo(self.timezone)

    def domain(self, facts: ColumnContext) -> Domain:
        zone = self._zone()
        start, end = (parse_moment(value, facts.as_of, zone) for value in (self.start, self.end))
        return ticks(start, end, _TICKS[self.precision], moments_arrow(facts.type))


@register("time")
class TimeOfDay(Generator):
    """Times of day from start to before end, all equally likely."""

    rises: ClassVar[bool] = True
    fits: ClassVar[frozenset[str]] = TEXTS | {"time"}
    example: ClassVar[str] = "{generator: time, params: {start: '08:00', end: '18:30'}}"

    start: Clock = Field("00:00", description="the earliest time of day, in quotes: '08:30'")
    end: Clock = Field("24:00", description="the end, itself not included; '24:00' is the day's end")
    precision: Precision = Field("s", description="whole seconds (s), milliseconds (ms) or microseconds (us)")

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
        if not wrong and not self.domain(facts).size:
            yield ParamError(
                "start",
                f"no time lies between start {self.start} and end {self.end}",
                "make start the earlier",
            )

    def domain(self, facts: ColumnContext) -> Domain:
        return ticks(parse_clock(self.start), parse_clock(self.end), _TICKS[self.precision], pa.time64("us"))
