"""Operational time: how much of a rhythm has gone by until a moment, and the moment at which so much has gone by.

A rhythm's density is integrated once, hour by hour, into a table of whole numbers (ticks). F(moment) and its inverse
are then a look-up and a linear step within the hour, in integers alone, so that every machine gives the same moments.
A law that is drawn in ticks follows the rhythm: F⁻¹(uniform) for moments, F⁻¹(F(start) + wait) for waits, F⁻¹ of
order statistics for events in order. (Time change of a point process: Cox & Isham, "Point Processes", 1980, 2.2.)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sdgen.generators.moments.durations import DAY, SECOND, fixed_length, parse_moment
from sdgen.generators.moments.rhythm import Rhythm, holidays
from sdgen.generators.streams import Floats, Numbers

HOUR = 3600 * SECOND
# The busiest hour has this many ticks, so that a product with an hour's microseconds fits
# 63 bits, and all others have fewer.
_FINEST = 1 << 28  # ticks of the busiest hour: times an hour's microseconds still fits 63 bits
_EPOCH = date(1970, 1, 1)
# Slices of all ticks whose first hours are tabled, so that a bisection has few steps.
_GUIDES = 1 << 14


@dataclass(frozen=True, eq=False)
class OperationalClock:
    """A rhythm's ticks over a span of hours. Beyond the span time goes on at its mean rate.

    start: microseconds from 1970, on an hour of the rhythm's zone. sums[i]: the ticks before hour i. busiest: the ticks
    of the busiest hour, as which an hour of operational time counts.
    """

    start: int
    sums: Numbers
    guides: Numbers
    busiest: int

    @property
    def total(self) -> int:
        return int(self.sums[-1])

    @property
    def _hours(self) -> int:
        return len(self.sums) - 1

    def ticks(self, moments: Numbers) -> Numbers:
        """F: the ticks before each moment."""
        since = moments - np.int64(self.start)
        hours = np.clip(since // HOUR, 0, self._hours - 1)
        rest = since - hours * np.int64(HOUR)
        inside = (rest >= 0) & (rest < HOUR)
        before = self.sums.take(hours)
        # Whole numbers alone: a product and a division are exact on every machine.
        ticks = before + (self.sums.take(hours + 1) - before) * np.where(inside, rest, 0) // HOUR
        return ticks if inside.all() else np.where(inside, ticks, self._beyond_ticks(since))

    def moments(self, ticks: Numbers) -> Numbers:
        """The inverse of F: the moment before which so many ticks lie, to the microsecond."""
        inside = (ticks >= 0) & (ticks < self.total)
        within = ticks if inside.all() else np.where(inside, ticks, 0)
        hours = self._hour_of(within)
        before = self.sums.take(hours)
        # No density is zero, as every hour has one tick at least.
        density = self.sums.take(hours + 1) - before
        moments = (within - before) * np.int64(HOUR) // density + hours * np.int64(HOUR) + np.int64(self.start)
        return moments if within is ticks else np.where(inside, moments, self._beyond_moments(ticks))

    def of_hours(self, lengths: Floats) -> Numbers:
        """Microseconds of operational time, of which the busiest hour has an hour's, in ticks."""
        # An hour of operational time is one of the busiest hours: an hour of
        # `office` is a working hour at its height.
        ticks: Numbers = (lengths * (self.busiest / HOUR)).astype(np.int64)
        return ticks

    def hours(self, ticks: Numbers) -> Floats:
        """Ticks in microseconds of operational time."""
        lengths: Floats = ticks.astype(np.float64) * (HOUR / self.busiest)
        return lengths

    def _hour_of(self, ticks: Numbers) -> Numbers:
        """The hour in which each tick lies: a bisection within a slice that the guides tell."""
        # The product of a tick and the number of slices must fit 64 bits; for longer spans
        # slices are a little uneven instead.
        slices = ticks * _GUIDES // self.total if self.total < 1 << 48 else ticks // (self.total // _GUIDES + 1)
        low, high = self.guides.take(slices), self.guides.take(slices + 1)
        # As many steps as the widest slice of the batch needs; a row that needs fewer stays where it is.
        for _ in range(int((high - low).max(initial=0)).bit_length()):
            middle = (low + high + 1) >> 1
            before = self.sums.take(middle) <= ticks
            low, high = np.where(before, middle, low), np.where(before, high, middle - 1)
        return low

    def _beyond_ticks(self, since: Numbers) -> Numbers:
        over = np.where(since < 0, since, since - np.int64(self._hours * HOUR))
        ticks: Numbers = np.floor(over * self.rate).astype(np.int64) + np.where(since < 0, 0, self.total)
        return ticks

    def _beyond_moments(self, ticks: Numbers) -> Numbers:
        over = np.where(ticks < 0, ticks, ticks - self.total)
        since = np.floor(over / self.rate).astype(np.int64) + np.where(ticks < 0, 0, np.int64(self._hours * HOUR))
        moments: Numbers = since + np.int64(self.start)
        return moments

    @property
    def rate(self) -> float:
        """The mean ticks of a microsecond."""
        return self.total / (self._hours * HOUR)


def operational_clock(rhythm: Rhythm, start: int, end: int, as_of: datetime) -> OperationalClock:
    """The clock of a rhythm over the hours that hold [start, end), in microseconds from 1970."""
    return _clock(rhythm.model_dump_json(), start // HOUR, max(-(-end // HOUR), start // HOUR + 1), as_of)


def waiting_clock(rhythm: Rhythm, as_of: datetime) -> OperationalClock:
    """The clock by which waits are counted: of the twelve years before as_of and three after it."""
    # A span that doesn't depend on the rows, so that one clock serves all columns that wait by the rhythm.
    now = parse_moment("now", as_of)
    return operational_clock(rhythm, now - 12 * 365 * DAY, now + 3 * 365 * DAY, as_of)


@lru_cache(maxsize=64)  # every batch asks for it; a rhythm has dictionaries, so its text is the key
def _clock(rhythm: str, first: int, last: int, as_of: datetime) -> OperationalClock:
    parsed = Rhythm.model_validate_json(rhythm)
    # A zone such as Asia/Kolkata begins its hours at half past those of UTC: the table's hours begin with them.
    past = _past_hour(parsed.timezone, as_of)
    hours = np.arange(first, last + (past > 0), dtype=np.int64)
    density = _density(parsed, hours, past, as_of)
    # no hour is impossible: a moment that another column demands must have a place
    ticks = np.maximum(np.rint(density * (_FINEST / density.max())), 1).astype(np.int64)
    sums = np.concatenate([[0], np.cumsum(ticks)]).astype(np.int64)
    return OperationalClock(first * HOUR - past, sums, _guides(sums), int(ticks.max()))


def _guides(sums: Numbers) -> Numbers:
    total = int(sums[-1])
    step = np.arange(_GUIDES + 1, dtype=np.int64)
    bounds = -(-step * total // _GUIDES) if total < 1 << 48 else step * (total // _GUIDES + 1)
    hours = np.searchsorted(sums, bounds, side="right") - 1
    guides: Numbers = np.append(np.clip(hours, 0, len(sums) - 2), len(sums) - 2).astype(np.int64)
    return guides


def _density(rhythm: Rhythm, hours: Numbers, past: int, as_of: datetime) -> Floats:
    """What happens in each hour (counted from 1970, UTC, each `past` microseconds earlier), in shares."""
    # Hours are those of the rhythm's own zone, so that a shop opens at the same local time all year.
    local = hours + _offsets(rhythm.timezone, hours, past)
    days, hour = local // 24, local % 24
    # Days repeat for 24 hours, so that what depends on the day is computed once for each.
    firsts, places = np.unique(days, return_inverse=True)
    weekday = (firsts + 3) % 7  # 1970 began on a Thursday
    usual, weekend = _of_day(rhythm.hours), _of_day(rhythm.weekend_hours or rhythm.hours)
    density = _by_day(rhythm, firsts, weekday, as_of)[places]
    density *= np.where((weekday >= 5)[places], weekend[hour], usual[hour])
    for burst in rhythm.bursts:
        begin = parse_moment(burst.at, as_of)
        starts = hours * HOUR - past
        inside = (starts >= begin) & (starts < begin + fixed_length(burst.lasts))
        density = np.where(inside, density * burst.times, density)
    # Shares that leave nothing, such as a holiday of 0 in a span of one day, are taken for even ones.
    return density if density.any() else np.ones(len(hours))


def _of_day(hours: tuple[float, ...]) -> Floats:
    """Each hour's share of a day."""
    shares = np.array(hours or (1.0,) * 24)
    of_day: Floats = shares / shares.sum()
    return of_day


def _by_day(rhythm: Rhythm, days: Numbers, weekday: Numbers, as_of: datetime) -> Floats:
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype(np.int64)
    shares = np.ones(len(days))
    if rhythm.months:
        shares *= np.array(rhythm.months)[months % 12]
    if rhythm.weekdays:
        shares *= np.array(rhythm.weekdays)[weekday]
    if rhythm.month_days:
        shares *= _by_month_day(rhythm, days, dates)
    if rhythm.holidays:
        years = range(int(months[0]) // 12 + 1970, int(months[-1]) // 12 + 1971)
        closed = [(day - _EPOCH).days for day in holidays(rhythm.holidays, years)]
        shares[np.isin(days, closed)] *= rhythm.holiday
    if rhythm.growth:
        shares *= _growth(rhythm.growth, days, as_of)
    return shares


def _by_month_day(rhythm: Rhythm, days: Numbers, dates: NDArray[np.datetime64]) -> Floats:
    months = dates.astype("datetime64[M]")
    number = days - months.astype("datetime64[D]").astype(np.int64) + 1
    shares = np.full(len(days), rhythm.month_days.get("other", 1.0))
    for day, share in rhythm.month_days.items():
        if isinstance(day, int):
            shares[number == day] = share
    if "last" in rhythm.month_days:
        shares[(months + 1).astype("datetime64[D]").astype(np.int64) == days + 1] = rhythm.month_days["last"]
    return shares


def _growth(growth: float, days: Numbers, as_of: datetime) -> Floats:
    """Compound growth by the day, 1 at as_of."""
    # Our own power function, since that of the C library differs between machines.
    from sdgen.generators.expressions.transcendental.exponential import pow as power

    # From as_of, so that growth has the factor 1 now, however long the span is.
    years = (days - parse_moment("now", as_of) // DAY) / 365.25
    # Growth is bounded to sixty years either way, so that its power stays a finite number.
    return power(np.full(len(days), 1.0 + growth), np.clip(years, -60, 60))


def _past_hour(timezone: str, as_of: datetime) -> int:
    """By how many microseconds a zone is ahead of UTC beyond whole hours."""
    shift = as_of.astimezone(ZoneInfo(timezone)).utcoffset() if timezone else None
    return int((shift or timedelta(0)).total_seconds()) * SECOND % HOUR


def _offsets(timezone: str, hours: Numbers, past: int) -> Numbers:
    """The hours to add to each hour in UTC; they change in few places, so one look a day tells where to look closer."""
    zone: tzinfo = ZoneInfo(timezone) if timezone else UTC
    if zone is UTC:
        return np.zeros(len(hours), dtype=np.int64)
    marks = np.append(np.arange(int(hours[0]), int(hours[-1]), 24, dtype=np.int64), hours[-1])
    offsets = [_offset(zone, int(mark), past) for mark in marks]
    found = np.full(len(hours), offsets[0], dtype=np.int64)
    # A zone's offset changes at most once between two looks a day apart.
    for mark, following, old, new in zip(marks, marks[1:], offsets, offsets[1:], strict=False):
        if old != new:
            change = next(hour for hour in range(int(mark), int(following) + 1) if _offset(zone, hour, past) == new)
            found[change - int(hours[0]) :] = new
    return found


def _offset(zone: tzinfo, hour: int, past: int) -> int:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hour, microseconds=-past)
    shift = moment.astimezone(zone).utcoffset()
    return round(((shift or timedelta(0)).total_seconds() - past / SECOND) / 3600)
