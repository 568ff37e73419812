"""Lengths of time and moments as a scenario writes them: `1h30m`, `-7d`, `P1DT2H`, `2024-12-31T08:00`, `now`.

All become whole microseconds; moments count from 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta, tzinfo
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
from pydantic import BeforeValidator

from sdgen.errors import did_you_mean
from sdgen.generators.base import ParamError
from sdgen.generators.column_batch import ColumnContext
from sdgen.generators.streams import Numbers

SECOND = 1_000_000
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_SHORTEST_MONTH = 28 * DAY

# Microseconds of each unit; m is a minute, as in 1h30m.
# Fractions, so that 1.5h is exact and a length that is no whole number of microseconds is told.
_UNITS: dict[str, Fraction] = {
    name: Fraction(length)
    for names, length in (
        (("ns",), Fraction(1, 1000)),
        (("us", "µs", "μs"), 1),
        (("ms",), 1000),
        (("s", "sec", "second", "seconds"), SECOND),
        (("m", "min", "minute", "minutes"), 60 * SECOND),
        (("h", "hour", "hours"), 3600 * SECOND),
        (("d", "day", "days"), DAY),
        (("w", "week", "weeks"), 7 * DAY),
    )
    for name in names
}
# Months come before microseconds, since their lengths vary: they stay apart until the moment is known.
_MONTHS = {"mo": 1, "month": 1, "months": 1, "y": 12, "year": 12, "years": 12}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zµμ]+)")
_ISO = re.compile(r"P(?=.)([^T]*)(?:T(?=.)(.*))?", re.IGNORECASE)
_ISO_DATE = {"y": "y", "m": "mo", "w": "w", "d": "d"}
_ISO_TIME = {"h": "h", "m": "m", "s": "s"}
_WRITTEN = "write it like 90s, 1h30m, 12ms, 7d, 2w, 6mo or 1y"


@dataclass(frozen=True)
class Duration:
    """A length of time: calendar months (their days vary) and microseconds."""

    months: int = 0
    microseconds: int = 0

    def after(self, moment: datetime) -> datetime:
        """The moment this much later; a day that its month lacks becomes the month's last.

        OverflowError beyond the years 1 to 9999.
        """
        # By counting months, as people do: a month after January 31st is the last day of February.
        count = moment.year * 12 + moment.month - 1 + self.months
        year, month = count // 12, count % 12 + 1
        if not 1 <= year <= MAXYEAR:
            raise OverflowError(f"year {year}")
        day = min(moment.day, monthrange(year, month)[1])
        return moment.replace(year=year, month=month, day=day) + timedelta(microseconds=self.microseconds)

    def times(self, count: int) -> Duration:
        return Duration(self.months * count, self.microseconds * count)

    @property
    def shortest(self) -> int:
        """The least microseconds that it can take, whichever its sign."""
        return abs(self.months) * _SHORTEST_MONTH + abs(self.microseconds)


def months_later(days: Numbers, months: Numbers, on: int = 0) -> Numbers:
    """Days from 1970 so many months later, on a day of the month or their own; on its last where it is short."""
    begins = days.astype("datetime64[D]").astype("datetime64[M]")
    number = days - begins.astype("datetime64[D]").astype(np.int64) + 1
    month = begins.astype(np.int64) + months
    first, following = (_first_day(month + shift) for shift in (0, 1))
    # A month that lacks the day has its last day instead, and the next month has the day again.
    later: Numbers = first + np.minimum(on or number, following - first) - 1
    return later


def _first_day(months: Numbers) -> Numbers:
    """The first day of months counted from January 1970."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


@lru_cache(maxsize=4096)
def parse_duration(text: str | timedelta) -> Duration:
    """The length of time a text names, with a sign or without; ValueError for any other text."""
    if isinstance(text, timedelta):
        return Duration(0, text // _TICK)
    body = text.strip().lower()
    sign = -1 if body.startswith("-") else 1
    body = body[1:].lstrip() if body[:1] in ("-", "+") else body
    iso = _ISO.fullmatch(body)
    # ISO 8601 gives m two meanings, before and behind the T, so that it is read by itself.
    if iso is None:
        months, length = _sum(text, body, {unit: unit for unit in (*_UNITS, *_MONTHS)})
    else:
        days, clock = _sum(text, iso[1], _ISO_DATE, True), _sum(text, iso[2] or "", _ISO_TIME, True)
        months, length = days[0] + clock[0], days[1] + clock[1]
    if months.denominator > 1 or length.denominator > 1:
        raise ValueError(f"{text!r} is not a whole number of {'months' if months.denominator > 1 else 'microseconds'}")
    return Duration(sign * int(months), sign * int(length))


def _sum(text: str, body: str, names: Mapping[str, str], may_be_empty: bool = False) -> tuple[Fraction, Fraction]:
    """Months and microseconds of number-unit pairs that follow one another."""
    months, length, position = Fraction(0), Fraction(0), 0
    while body[position:].strip():
        match = _PART.match(body, position)
        if match is None or match[2] not in names:
            raise ValueError(f"{text!r} is not a length of time; {_WRITTEN}")
        number, unit = Fraction(match[1]), names[match[2]]
        months += number * _MONTHS.get(unit, 0)
        length += number * _UNITS.get(unit, 0)
        position = match.end()
    if not position and not may_be_empty:
        raise ValueError(f"{text!r} is not a length of time; {_WRITTEN}")
    return months, length


def fixed_length(text: str | timedelta) -> int:
    """The microseconds of a length of time without months or years, whose days vary."""
    duration = parse_duration(text)
    if duration.months:
        raise ValueError(f"{text!r} has months or years, whose lengths vary; use days, such as 30d or 365d")
    return duration.microseconds


def parse_moment(value: str | date, as_of: datetime, zone: tzinfo = UTC) -> int:
    """The microseconds from 1970 to a moment: ISO 8601 (a date is its midnight), `now`, or `-7d` from `as_of`.

    What names no zone of its own is in `zone`. ValueError for anything else, and for years beyond 1 to 9999.
    """
    # A moment without a zone is in UTC, so that it is the same on every machine.
    now = as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)
    try:
        return (_moment(value, now.astimezone(UTC), zone) - EPOCH) // _TICK
    except OverflowError as error:
        raise ValueError(f"{value!r} leaves the years 1 to 9999") from error


def _moment(value: str | date, now: datetime, zone: tzinfo) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=zone)
    text = value.strip()
    shift = re.sub(r"^(now|as_of)\b\s*", "", text, flags=re.IGNORECASE)
    if text and not shift:
        return now
    return parse_duration(shift).after(now) if shift[:1] in ("+", "-") else _iso(text, zone)


def _iso(text: str, zone: tzinfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        hint = "write it like 2024-12-31, 2024-12-31T08:00:00Z, -7d, +1h or now"
        raise ValueError(f"{text!r} is not a moment ({error}); {hint}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def parse_clock(value: str | time) -> int:
    """The microseconds from midnight to a time of day such as 08:30 or 23:59:59.5; 24:00 is the day's end."""
    # Python has no 24:00, which is how an end of day is written.
    if isinstance(value, str) and value.strip() in ("24:00", "24:00:00"):
        return DAY
    try:
        clock = value if isinstance(value, time) else time.fromisoformat(value.strip())
    except ValueError as error:
        raise ValueError(f"{value!r} is not a time of day; write it like 08:30 or 23:59:59") from error
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * SECOND + clock.microsecond


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


def _is_moment(value: Any) -> Any:
    if not isinstance(value, (str, date)):
        raise ValueError(f"{value!r} is not a moment; write it like 2024-12-31, -7d or now")
    return value


def _is_clock(value: Any) -> Any:
    if not isinstance(value, (str, time)):
        raise ValueError(f"{value!r} is not a time of day; write it in quotes, like '08:30'")
    return value


def _is_length(value: Any) -> Any:
    if not isinstance(value, (str, timedelta)):
        raise ValueError(f"{value!r} is not a length of time; {_WRITTEN}")
    return value


Moment = Annotated[str | datetime | date, BeforeValidator(_is_moment)]
Clock = Annotated[str | time, BeforeValidator(_is_clock)]
Length = Annotated[str | timedelta, BeforeValidator(_is_length)]
