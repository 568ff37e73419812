"""The parts of a series as a scenario writes them: trend, drift, noise, regimes, charge, faults and gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate

from pydantic import Field, FiniteFloat

from sdgen.generators.base import ParamError
from sdgen.generators.moments.durations import SECOND, Length, fixed_length
from sdgen.generators.references import is_reference
from sdgen.generators.series.references import Reference, Term, term_faults
from sdgen.generators.series.waves import Part
from sdgen.scenario.types import NUMBERS

_LONGEST = 1 << 55  # a thousand years of microseconds


class Trend(Part):
    """A steady change from `since` on."""

    change: Term = Field(description="the change in each `every`: a number or a column")
    every: Length = Field("365d", description="the time in which it changes by that much")


class Drift(Part):
    """A steady change of each series' own, such as a sensor's that ages."""

    std: Term = Field(description="the standard deviation of the change in each `every`, over all series")
    every: Length = Field("365d", description="the time in which it changes by that much")


class Noise(Part):
    """Normal noise around the series, correlated in time or, without a correlation time, new in each row."""

    std: Term = Field(description="its standard deviation: a number or a column")
    correlation_time: Length = Field(
        "0s", description="values this far apart correlate by 0.37, closer ones by more; 0s: each row has its own"
    )
    octaves: int = Field(4, ge=1, le=12, description="1 is smooth, more are rougher")
    per: str = Field("", description="a column: rows with the same value share the noise; the series' own if left out")


class Regimes(Part):
    """Levels that are added in turn, each for a stretch of time."""

    levels: tuple[Term, ...] = Field(min_length=1, description="numbers or columns, one of which is added")
    weights: tuple[FiniteFloat, ...] = Field((), description="how often each level comes; all alike if left out")
    every: Length = Field(description="how long a stretch is on average")
    variation: float = Field(0.5, ge=0, le=1, description="0: all stretches are as long; 1: from nothing to twice that")
    per: str = Field("", description="a column: rows with the same value share the stretches")


class Charge(Part):
    """A saw-tooth: falls from full to low, and is charged or replaced."""

    full: FiniteFloat = Field(100.0, description="the level after charging")
    low: tuple[FiniteFloat, FiniteFloat] = Field((5.0, 20.0), description="the range of levels at which it is charged")
    every: Length = Field(description="how long it lasts on average")
    variation: float = Field(0.5, ge=0, le=1, description="0: each lasts as long; 1: from nothing to twice that")
    charging: float = Field(0.0, ge=0, lt=1, description="the share of that time in which it is charged; 0: at once")


class Faults(Part):
    """Faults of what measures, each kind at a rate of rows."""

    stuck: float = Field(0.0, ge=0, le=1, description="the share of time in which the value stays as it was")
    offset: float = Field(0.0, ge=0, le=1, description="the share of time in which values are off by `size`")
    dropout: float = Field(0.0, ge=0, le=1, description="the share of time in which there is no value: null")
    spike: float = Field(0.0, ge=0, le=1, description="the share of rows that are off by `size` and up to twice that")
    last: Length = Field("2h", description="how long a fault lasts on average; spikes are single rows")
    size: Term = Field(1.0, description="how far values are off, either way: a number or a column")

    def bounds(self) -> tuple[float, ...]:
        """The bounds of the draws for stuck, offset and dropout."""
        return tuple(accumulate((self.stuck, self.offset, self.dropout)))


class Gaps(Part):
    """Stretches without values, the same for all columns of an entity that have gaps: a device is offline."""

    rate: float = Field(ge=0, le=1, description="the share of time without values")
    last: Length = Field("2h", description="how long a gap is on average")


AnyPart = Trend | Drift | Noise | Regimes | Charge | Faults | Gaps
_LENGTHS = {"every": 1, "last": 1, "correlation_time": 0}  # the least microseconds of each
_TERMS = ("change", "std", "size")


def part_references(param: str, part: Part) -> Iterator[Reference]:
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
