"""The parts of a series as a scenario writes them: trend, drift, noise, regimes, charge, faults and gaps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from sdgen.generators.base import ParamError
from sdgen.generators.expressions.transcendental import PI, sin
from sdgen.generators.moments.durations import DAY, SECOND, Clock, Length, fixed_length, parse_clock
from sdgen.generators.numbers.quantile_tables import normal_table
from sdgen.generators.references import Floats, Reference, Term, is_reference, term_faults
from sdgen.generators.streams import Numbers, Words, mix, unit
from sdgen.scenario.types import NUMBERS

# What series are made of, each computable at any moment by itself: cycles, autocorrelated noise, episodes.
#
# Moments are whole microseconds since 1970; `words` are one key of a stream for each row.
WEEK = 7 * DAY
YEAR = 365 * DAY + 20_952_000_000  # the Gregorian calendar's mean
_FIRST_MONDAY = 4 * DAY  # 1970-01-05
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
# Lattice points a correlation time, so that values a correlation time apart correlate by 1/e: measured, by octaves.
_POINTS = (0.8243, 0.7317, 0.7098, 0.7049)
_PERSISTENCE = 0.5  # each octave's amplitude to the one before


class SeriesPart(BaseModel):
    """A part of a series, as a scenario writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Cycle(SeriesPart):
    """A sine that peaks at the same time of each period."""

    period: ClassVar[int]

    amplitude: Term = Field(description="how far it swings, either way: a number or a column")

    def peak_at(self) -> int:
        """A moment of the peak, in microseconds since 1970; ValueError where it is written wrong."""
        raise NotImplementedError

    def angles(self, moments: Numbers) -> Floats:
        """The angle whose sine is greatest at the peak."""
        # Reduced to one period in whole numbers: the angle keeps its digits however far the moment is.
        behind = moments - np.int64(self.peak_at())
        angles: Floats = (behind - behind // self.period * self.period) * (2 * PI / self.period)
        return angles + PI / 2

    def at(self, moments: Numbers) -> Floats:
        """The cycle's height in [-1, 1] at local times."""
        return sin(self.angles(moments))

    def sums(self, moments: Numbers) -> Floats:
        """The integral of `at` up to local times, in microseconds, from where it is 0."""
        # The integral in closed form, for counters, which add up what a rate has been.
        return sin(self.angles(moments) - PI / 2) * (self.period / (2 * PI))

    def faults(self, param: str) -> Iterator[ParamError]:
        try:
            self.peak_at()
        except ValueError as error:
            yield ParamError(f"{param}.peak", str(error))


class Daily(Cycle):
    """A cycle of 24 hours."""

    period: ClassVar[int] = DAY
    peak: Clock = Field("15:00", description="the time of day of the peak, in quotes")

    def peak_at(self) -> int:
        return parse_clock(self.peak)


class Weekly(Cycle):
    """A cycle of seven days."""

    period: ClassVar[int] = WEEK
    peak: str = Field("wed", description="the weekday of the peak, at its noon: mon, tue … sun")

    def peak_at(self) -> int:
        day = self.peak.strip().lower()[:3]
        if day not in _WEEKDAYS:
            raise ValueError(f"{self.peak!r} is not a weekday; write mon, tue, wed, thu, fri, sat or sun")
        return _FIRST_MONDAY + _WEEKDAYS.index(day) * DAY + DAY // 2


class Yearly(Cycle):
    """A cycle of a year."""

    period: ClassVar[int] = YEAR
    peak: str = Field("07-20", description="the month and day of the peak, in quotes")

    def peak_at(self) -> int:
        # Days of a common year, since a cycle of the mean year knows no leap days.
        found = _MONTH_DAY.fullmatch(self.peak.strip())
        if found is None:
            raise ValueError(f"{self.peak!r} is not a month and a day; write it like '07-20'")
        return (_DAYS_BEFORE[int(found[1]) - 1] + int(found[2]) - 1) * DAY


def hashed(words: Words, numbers: Numbers) -> Words:
    """One draw for each stream's key and number."""
    # The published step of SplitMix64, so that the numbers of a stream are as those of rows.
    return mix((numbers.view(np.uint64) + np.uint64(1)) * _GAMMA + words)


def normals(words: Words) -> Floats:
    """Standard normal numbers."""
    return normal_table().draw(words)


def fractal_noise(words: Words, moments: Numbers, correlation_time: int, octaves: int) -> Floats:
    """Smooth random curves, standard normal at each moment: values a correlation time apart correlate by 1/e.

    Value noise (Perlin & Hoffert, "Hypertexture", 1989, without gradients) in octaves. The two weights of an
    interpolation are divided by the root of the sum of their squares, so that the variance is the same between the
    lattice's points as at them.
    """
    points = _POINTS[min(octaves, len(_POINTS)) - 1]
    # No octave sees another's lattice: keys differ.
    total = np.zeros(len(moments))
    power = 0.0
    for octave in range(octaves):
        # Each octave has half the spacing of the one before; whole microseconds, one at least.
        spacing = max(round(correlation_time / points) >> octave, 1)
        weight = _PERSISTENCE**octave
        total += weight * _lattice_noise(mix(words + np.uint64(octave)), moments, spacing)
        power += weight * weight
    # Independent parts add up by their variances, which leaves the sum standard normal.
    total /= np.sqrt(power)
    return total


def _lattice_noise(words: Words, moments: Numbers, spacing: int) -> Floats:
    # Each curve's lattice has a phase of its own, else all would be smoothest at the same moments.
    shifted = moments + (unit(words) * spacing).astype(np.int64)
    places = shifted // np.int64(spacing)
    share = (shifted - places * np.int64(spacing)) * (1.0 / spacing)
    # Smooth at the lattice's points, where its slope is 0 on both sides (Perlin's cubic).
    after = share * share * (3.0 - 2.0 * share)
    before = 1.0 - after
    values = before * normals(hashed(words, places)) + after * normals(hashed(words, places + 1))
    # Interpolation makes a middle of two normal numbers, whose variance is smaller between the points.
    values /= np.sqrt(before * before + after * after)
    return values


class Episodes(NamedTuple):
    """The stretch of time that each row lies in: its number among its stream's, its start and its end."""

    number: Numbers
    start: Numbers
    end: Numbers


def episodes(words: Words, places: Numbers, length: int, variation: float) -> Episodes:
    """Time, or any whole numbers, cut into stretches of a mean length, from 1 - variation to 1 + variation times it.

    Stretch k starts at (k + variation * draw(k)) * length, so that the stretch of any place is one of two.
    """
    # A phase of its own for each stream, or all stretches would end at the same moments.
    phase = (unit(words) * length).astype(np.int64)
    shifted = places + phase
    number = shifted // np.int64(length)

    def start(numbers: Numbers) -> Numbers:
        if not variation:
            return numbers * np.int64(length)
        moved: Numbers = (unit(hashed(words, numbers)) * (variation * length)).astype(np.int64)
        return moved + numbers * np.int64(length)

    here = start(number)
    # A start may be moved by less than a length, so that a place lies in this stretch or in the one before.
    early = shifted < here
    number = number - early
    starts = np.where(early, start(number), here)
    ends = np.where(early, here, start(number + 1))
    return Episodes(number, starts - phase, ends - phase)


def heads(words: Words) -> tuple[NDArray[np.int64], Numbers]:
    """Where runs of equal words begin, and which run each row is in."""
    changes = np.empty(len(words), dtype=np.bool_)
    changes[:1] = True
    np.not_equal(words[1:], words[:-1], out=changes[1:])
    return np.flatnonzero(changes), np.cumsum(changes) - 1


_LONGEST = 1 << 55  # a thousand years of microseconds


class Trend(SeriesPart):
    """A steady change from `since` on."""

    change: Term = Field(description="the change in each `every`: a number or a column")
    every: Length = Field("365d", description="the time in which it changes by that much")


class Drift(SeriesPart):
    """A steady change of each series' own, such as a sensor's that ages."""

    std: Term = Field(description="the standard deviation of the change in each `every`, over all series")
    every: Length = Field("365d", description="the time in which it changes by that much")


class Noise(SeriesPart):
    """Normal noise around the series, correlated in time or, without a correlation time, new in each row."""

    std: Term = Field(description="its standard deviation: a number or a column")
    correlation_time: Length = Field(
        "0s", description="values this far apart correlate by 0.37, closer ones by more; 0s: each row has its own"
    )
    octaves: int = Field(4, ge=1, le=12, description="1 is smooth, more are rougher")
    per: str = Field("", description="a column: rows with the same value share the noise; the series' own if left out")


class Regimes(SeriesPart):
    """Levels that are added in turn, each for a stretch of time."""

    levels: tuple[Term, ...] = Field(min_length=1, description="numbers or columns, one of which is added")
    weights: tuple[FiniteFloat, ...] = Field((), description="how often each level comes; all alike if left out")
    every: Length = Field(description="how long a stretch is on average")
    variation: float = Field(0.5, ge=0, le=1, description="0: all stretches are as long; 1: from nothing to twice that")
    per: str = Field("", description="a column: rows with the same value share the stretches")


class Charge(SeriesPart):
    """A saw-tooth: falls from full to low, and is charged or replaced."""

    full: FiniteFloat = Field(100.0, description="the level after charging")
    low: tuple[FiniteFloat, FiniteFloat] = Field((5.0, 20.0), description="the range of levels at which it is charged")
    every: Length = Field(description="how long it lasts on average")
    variation: float = Field(0.5, ge=0, le=1, description="0: each lasts as long; 1: from nothing to twice that")
    charging: float = Field(0.0, ge=0, lt=1, description="the share of that time in which it is charged; 0: at once")


class Faults(SeriesPart):
    """Faults of what measures, each kind at a rate of rows."""

    stuck: float = Field(0.0, ge=0, le=1, description="the share of time in which the value stays as it was")
    offset: float = Field(0.0, ge=0, le=1, description="the share of time in which values are off by `size`")
    dropout: float = Field(0.0, ge=0, le=1, description="the share of time in which there is no value: null")
    spike: float = Field(0.0, ge=0, le=1, description="the share of rows that are off by `size` and up to twice that")
    last: Length = Field("2h", description="how long a fault lasts on average; spikes are single rows")
    size: Term = Field(1.0, description="how far values are off, either way: a number or a column")

    def bounds(self) -> tuple[float, ...]:
        """The bounds of the draws for stuck, offset and dropout."""
        # One draw tells a fault's kind: the bounds lie one behind the other.
        return tuple(accumulate((self.stuck, self.offset, self.dropout)))


class Gaps(SeriesPart):
    """Stretches without values, the same for all columns of an entity that have gaps: a device is offline."""

    rate: float = Field(ge=0, le=1, description="the share of time without values")
    last: Length = Field("2h", description="how long a gap is on average")


AnyPart = Trend | Drift | Noise | Regimes | Charge | Faults | Gaps
_LENGTHS = {"every": 1, "last": 1, "correlation_time": 0}  # the least microseconds of each
_TERMS = ("change", "std", "size")


def part_references(param: str, part: SeriesPart) -> Iterator[Reference]:
    """The columns of numbers that a part names."""
    for field, value in part:
        terms: Mapping[str, object] = {f"{param}.{field}": value}
        if isinstance(value, tuple):
            terms = {f"{param}.{field}.{place}": each for place, each in enumerate(value)}
        if field not in ("per", "peak", *_LENGTHS):
            yield from (Reference(path, str(term), NUMBERS) for path, term in terms.items() if is_reference(term))


def part_faults(param: str, part: AnyPart) -> Iterator[ParamError]:
    """Lengths that are none, terms that are no numbers, shares of more than everything."""
    for field, value in part:
        if field in _LENGTHS:
            yield from length_faults(f"{param}.{field}", value, _LENGTHS[field])
        elif field in _TERMS:
            yield from term_faults(f"{param}.{field}", value)
    if isinstance(part, Faults) and part.bounds()[-1] > 1:
        yield ParamError(param, f"stuck, offset and dropout come to {part.bounds()[-1]:g}, more than 1")
    if isinstance(part, Regimes):
        yield from _regime_faults(param, part)
    if isinstance(part, Charge) and not part.low[0] <= part.low[1] <= part.full:
        yield ParamError(f"{param}.low", f"low is {part.low[0]:g} to {part.low[1]:g}, and full {part.full:g}")


def _regime_faults(param: str, part: Regimes) -> Iterator[ParamError]:
    for place, level in enumerate(part.levels):
        yield from term_faults(f"{param}.levels.{place}", level)
    if part.weights and len(part.weights) != len(part.levels):
        what = f"{len(part.weights)} weights for {len(part.levels)} levels"
        yield ParamError(f"{param}.weights", what, "give one for each")
    elif part.weights and (min(part.weights) < 0 or not sum(part.weights)):
        yield ParamError(f"{param}.weights", "weights must be zero or more, and not all zero")


def length_faults(param: str, length: Length, least: int) -> Iterator[ParamError]:
    """A fault where a length isn't fixed, or is too short or too long."""
    try:
        size = fixed_length(length)
    except ValueError as error:
        yield ParamError(param, str(error))
    else:
        if size < least:
            yield ParamError(param, f"a length of {length} is too short", f"take {_written(least)} or more")
        elif size > _LONGEST:
            yield ParamError(param, f"a length of {length} is too long", "take 1,000 years or less")


def _written(length: int) -> str:
    return {0: "0s", SECOND: "1s"}.get(length, "1us")
