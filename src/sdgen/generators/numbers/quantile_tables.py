"""Laws of probability as tables: everything that needs a logarithm or a power is computed once, at set-up.

Table entries are rounded to 12 significant digits, and the way from a draw to a value uses + - * and comparisons
alone, so that a seed gives the same values on every machine.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sdgen.generators.numbers.alias_tables import AliasTable, CumulatedWeights, alias_table, cumulated, within
from sdgen.generators.streams import Numbers, Words, mix, unit

Floats = NDArray[np.float64]

# A tail probability t in [2^-53, 1/2] lies in one of 52 octaves of 128 cells each: the cell's number is the
# exponent of t and the first 7 bits of its mantissa, read from the float's own bits.
_OCTAVES = 52
_PER_OCTAVE = 128
_SHIFT = 52 - 7
_CELLS = _OCTAVES * _PER_OCTAVE + 1  # the last holds t = 1/2 alone
_LEAST = 2.0**-53
_FIRST_CELL = (1023 - 53) << 7


def significant(value: float) -> float:
    """The value to 12 significant digits."""
    # Machines differ in the last of some sixteen digits; the first twelve are the same everywhere.
    return float(f"{value:.11e}")


def all_significant(values: Sequence[float]) -> list[float]:
    """Each value to 12 significant digits: all of them written and read at once, in half the time."""
    return list(map(float, ("%.11e " * len(values) % tuple(values)).split()))


@lru_cache(maxsize=1)
def _tails() -> list[float]:
    """The tail probabilities at which cells begin, rising from 2^-53 to 1/2."""
    octaves = (2.0**exponent for exponent in range(-53, -1))
    return [start * (1 + cell / _PER_OCTAVE) for start in octaves for cell in range(_PER_OCTAVE)] + [0.5]


@dataclass(frozen=True, eq=False)
class QuantileTable:
    """A law's inverse distribution function, linear within each cell; cells shrink towards both tails.

    Within a cell the value is intercept + slope * t, where t is the nearer tail's probability; the first half of
    the cells serve the lower tail. `points` and `probabilities` are the ends of all cells, both rising.
    """

    intercepts: Floats
    slopes: Floats
    points: tuple[float, ...]
    probabilities: tuple[float, ...]

    def at(self, probabilities: Floats) -> Floats:
        """The values that the law stays below with these probabilities, each in [2^-53, 1 - 2^-53]."""
        # Both tails are read by the nearer end, where the density of cells is high.
        tails = 1.0 - probabilities
        np.minimum(probabilities, tails, out=tails)
        cells = tails.view(np.int64) >> _SHIFT
        cells -= _FIRST_CELL
        cells += (probabilities > 0.5) * np.int64(_CELLS)
        values = self.slopes.take(cells)
        values *= tails
        values += self.intercepts.take(cells)
        return values

    def probability(self, value: float) -> float:
        """The probability that the law stays below a value: the inverse of `at`, clipped to its range."""
        if not self.points[0] < value < self.points[-1]:
            return self.probabilities[0] if value <= self.points[0] else self.probabilities[-1]
        place = bisect_right(self.points, value) - 1
        low, high = self.points[place], self.points[place + 1]
        start, stop = self.probabilities[place], self.probabilities[place + 1]
        return start + (value - low) / (high - low) * (stop - start)

    def probabilities_below(self, values: Floats) -> Floats:
        """`probability` of each value, to within a rounding."""
        points, chances = self._rising
        place = np.clip(np.searchsorted(points, values, side="right") - 1, 0, len(points) - 2)
        low, start = points[place], chances[place]
        width, rise = points[place + 1] - low, chances[place + 1] - start
        share = np.divide(values - low, width, out=np.zeros(len(values)), where=width > 0)
        return start + np.clip(share, 0.0, 1.0) * rise

    @cached_property
    def _rising(self) -> tuple[Floats, Floats]:
        return np.array(self.points), np.array(self.probabilities)

    def draw(self, words: Words, low: float = -math.inf, high: float = math.inf) -> Floats:
        """One value of the law for each word; between `low` and `high` where given (truncated, not clamped)."""
        # Truncated, not clamped: chances are narrowed to those between the bounds,
        # so that nothing piles up at an end.
        start = self.probability(low)
        chances = unit(words)
        chances *= self.probability(high) - start
        chances += start
        return self.at(chances)


def quantile_table(lower: Sequence[float], upper: Sequence[float]) -> QuantileTable:
    """The table of a law, from its values at `_tails`: the probabilities of the lower, and of the upper, tail."""
    tails = _tails()
    sides = [all_significant(lower), all_significant(upper)]
    # Rounded entries first, and then the lines between them: the entries are what all machines must share.
    lines = [_lines(np.array(tails), np.array(side)) for side in sides]
    return QuantileTable(
        intercepts=np.concatenate([intercepts for intercepts, _ in lines]),
        slopes=np.concatenate([slopes for _, slopes in lines]),
        # The point at 1/2 belongs to both tails, and stands once.
        points=(*sides[0], *reversed(sides[1][:-1])),
        probabilities=(*tails, *(1 - tail for tail in reversed(tails[:-1]))),
    )


def _lines(tails: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Intercept and slope of each cell."""
    slopes = np.diff(values) / np.diff(tails)
    return np.append(values[:-1] - slopes * tails[:-1], values[-1]), np.append(slopes, 0.0)


@lru_cache(maxsize=1)
def _normal_points() -> list[float]:
    """The standard normal law's values at the tails (inverse by Wichura's AS 241, in the standard library)."""
    # Wichura's algorithm has the logarithm of the C library in it, whose last digits the rounding takes away.
    return list(map(NormalDist().inv_cdf, _tails()))


@lru_cache(maxsize=1)
def normal_table() -> QuantileTable:
    """The standard normal law."""
    return quantile_table(_normal_points(), [-point for point in _normal_points()])


@lru_cache(maxsize=1)
def exponential_table() -> QuantileTable:
    """The exponential law of mean 1."""
    return quantile_table([-math.log1p(-tail) for tail in _tails()], [-math.log(tail) for tail in _tails()])


@lru_cache(maxsize=64)
def lognormal_table(sigma: float) -> QuantileTable:
    """The lognormal law of median 1, whose logarithm has the standard deviation sigma."""
    # The normal law's points, so that a lognormal number and its logarithm come from the same draw.
    # The law is symmetric in its logarithm: the values of the upper tail are the inverses of the lower tail's.
    spread = [sigma * point for point in _normal_points()]
    return quantile_table(list(map(math.exp, spread)), [math.exp(-each) for each in spread])


@dataclass(frozen=True, eq=False)
class Poisson:
    """The Poisson law: `draw(words)` gives counts, from a table of all that are likelier than about 2^-60."""

    first: int
    table: AliasTable
    shares: CumulatedWeights

    def draw(self, words: Words) -> Numbers:
        return self.table.pick(words) + np.int64(self.first)

    def at(self, chances: Floats) -> Numbers:
        """Counts that rise with numbers in [0, 1)."""
        return self.shares.at(chances)[0] + np.int64(self.first)

    def ranks(self, words: Words) -> Floats:
        """The chances that have the counts drawn for these words."""
        return self.shares.ranks(self.table.pick(words), within(words))


@lru_cache(maxsize=64)
def poisson(mean: float, most: int | None = None) -> Poisson:
    """The Poisson law of a mean above 0, truncated to counts up to `most`; ValueError where few are left.

    Weights are multiplied outwards from the commonest count, so no factorial or exponential is needed.
    """
    peak = int(mean)
    # Twelve standard deviations and some more, in whole numbers, beyond which no draw can tell a count from none.
    reach = 12 * math.isqrt(peak + 1) + 40
    below, above = [1.0], [1.0]
    # Each weight follows from its neighbour by one multiplication, in the same order on every machine.
    for count in range(peak, max(peak - reach, 0), -1):
        below.append(below[-1] * count / mean)
    for count in range(peak + 1, peak + reach + 1):
        above.append(above[-1] * mean / count)
    first, weights = peak + 1 - len(below), below[:0:-1] + above
    if most is not None:
        weights = weights[: max(most + 1 - first, 0)]
    # Counts that are hardly ever drawn leave a table whose shares are rounding alone.
    if sum(weights) < 1e-9:
        raise ValueError(f"a Poisson law of mean {mean} hardly ever stays at or below {most}")
    return Poisson(first, alias_table(weights), cumulated(weights))


_EXACT_RANKS = 1024
_SECOND = np.uint64(0xD1B54A32D192ED03)


@dataclass(frozen=True, eq=False)
class Zipf:
    """Zipf's law over `size` ranks: rank k (from 0) has a share of 1 / (k + 1)^exponent.

    The first 1,024 ranks are exact; those beyond lie in segments whose ends grow by 1/64, each segment of exact
    weight and its ranks alike, so that a rank's probability is within exponent / 100 of its own. Build it
    with `zipf`.
    """

    table: AliasTable
    starts: Numbers
    widths: Floats
    shares: CumulatedWeights

    def ranks(self, words: Words) -> Numbers:
        """One rank from 0 to size - 1 for each word."""
        segments = self.table.pick(words)
        ranks = self.starts.take(segments)
        if len(self.widths) > _EXACT_RANKS:
            # The segment is told by the word, and the place within it must be independent of that.
            inside = unit(mix(words ^ _SECOND))
            inside *= self.widths.take(segments)
            ranks += inside.astype(np.int64)
        return ranks

    def at(self, chances: Floats) -> Numbers:
        """Ranks that rise with numbers in [0, 1)."""
        segments, inside = self.shares.at(chances)
        return self.starts.take(segments) + (inside * self.widths.take(segments)).astype(np.int64)

    def chances(self, words: Words) -> Floats:
        """The numbers in [0, 1) that have the ranks drawn for these words."""
        segments, ranks = self.table.pick(words), self.ranks(words)
        inside = (ranks - self.starts.take(segments) + within(words)) / self.widths.take(segments)
        return self.shares.ranks(segments, inside)


@lru_cache(maxsize=64)
def zipf(size: int, exponent: float) -> Zipf:
    """Zipf's law over 1 to 2^62 ranks, with an exponent from 0 (all alike) to 10."""
    if not 1 <= size <= 1 << 62:
        raise ValueError(f"Zipf's law takes 1 to 2^62 ranks, not {size}")
    ends = list(range(1, min(size, _EXACT_RANKS) + 1))
    while ends[-1] < size:
        # Segments grow by a 64th, so that 2^62 ranks take some thousands of them and not a table of all.
        ends.append(min(ends[-1] + ends[-1] // 64, size))
    starts = [0, *ends[:-1]]
    weights = all_significant([_weight(low + 1, high + 1, exponent) for low, high in zip(starts, ends, strict=True)])
    # A width that was rounded up would let a draw leave its segment.
    widths = [_at_most(high - low) for low, high in zip(starts, ends, strict=True)]
    return Zipf(alias_table(weights), np.array(starts, dtype=np.int64), np.array(widths), cumulated(weights))


def zipf_ranks(words: Words, size: int, exponent: float) -> Numbers:
    """One rank from 0 to size - 1 for each word, by Zipf's law."""
    return zipf(size, exponent).ranks(words)


def _at_most(value: int) -> float:
    """The largest float that is no more than a whole number."""
    near = float(value)
    return near if near <= value else math.nextafter(near, 0)


def _weight(low: int, high: int, exponent: float) -> float:
    """The sum of k^-exponent over low <= k < high, by the Euler-Maclaurin formula where there are many."""
    if high - low == 1:
        return math.pow(low, -exponent)
    # Euler and Maclaurin: the integral, half of both ends, and one term of the derivatives.
    growth = math.log(high / low)
    rest = 1 - exponent
    # expm1 keeps the digits where the exponent is near 1, and the law near a logarithm.
    area = growth if rest == 0 else math.expm1(rest * growth) / rest
    ends = (math.pow(low, -exponent) - math.pow(high, -exponent)) / 2
    ends += exponent / 12 * (math.pow(low, rest - 2) - math.pow(high, rest - 2))
    return area * math.pow(low, rest) + ends
