"""How many there are of something: laws over 0, 1, 2 …, each row with a mean of its own if need be.

A law is its probability of 0 and the ratio of each probability to the one before (Panjer, 1981), so that a count is
found by adding probabilities up, from + - * / and the project's own exp and ln alone. A lognormal count is a rounded
quantile instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdgen.generators.expressions.transcendental import exp, ln
from sdgen.generators.numbers.quantile_tables import all_significant, lognormal_table, significant
from sdgen.generators.streams import Numbers, Words, unit

Floats = NDArray[np.float64]

MOST_MEAN = 500.0  # exp(-mean) and its like stay normal doubles
_NEGLIGIBLE = 2.0**-60  # no draw tells such a probability from none


@dataclass(frozen=True)
class Recurrence:
    """A law's probability of 0, and of k by that of k - 1; both take the means and the law's dispersion."""

    none: Callable[[Floats, float], Floats]
    ratio: Callable[[int, Floats, float], Floats]


def _binomial_none(means: Floats, dispersion: float) -> Floats:
    # The law's size is mean / (dispersion - 1): users measure variance and mean, and not the size of textbooks.
    return exp(ln(np.array([dispersion])) * -means / (dispersion - 1))


def _binomial_ratio(count: int, means: Floats, dispersion: float) -> Floats:
    ratio: Floats = (count - 1 + means / (dispersion - 1)) / count * ((dispersion - 1) / dispersion)
    return ratio


RECURRENCES: Mapping[str, Recurrence] = {
    "poisson": Recurrence(lambda means, _: exp(-means), lambda count, means, _: means / count),
    "negative_binomial": Recurrence(_binomial_none, _binomial_ratio),
    "geometric": Recurrence(lambda means, _: 1 / (1 + means), lambda _, means, __: means / (1 + means)),
}


@dataclass(frozen=True)
class CountLaw:
    """A law of counts by its name, with its mean before any truncation to minimum … maximum.

    spread: the variance as a multiple of the mean, of a negative binomial law; of a lognormal one the standard
    deviation of the logarithm.
    """

    name: str
    mean: float
    spread: float = 0.0
    minimum: int = 0
    maximum: int | None = None

    def probabilities(self) -> list[float]:
        """Those of minimum, minimum + 1, … up to the maximum, or until none is left to speak of; not summing to 1."""
        law, mean = RECURRENCES[self.name], np.array([self.mean])
        share, count, shares = law.none(mean, self.spread), 0, []
        # Until past the mean, before which probabilities rise, and then until none is left to speak of.
        while count <= self.maximum if self.maximum is not None else (count <= self.mean or share[0] > _NEGLIGIBLE):
            shares.append(float(share[0]))
            count += 1
            share = share * law.ratio(count, mean, self.spread)
        return shares[self.minimum :]

    def draw(self, words: Words, factors: Floats) -> Numbers:
        """One count for each word, by the law of `factors` times the mean."""
        # A factor of the parent multiplies the mean, and is not normalised: that would need the sum over all parents.
        means = factors * self.mean
        return self._rounded(words, means) if self.name == "lognormal" else self._added_up(words, means)

    def _added_up(self, words: Words, means: Floats) -> Numbers:
        """The least counts whose cumulated probability is above the draws, scaled to the part between the bounds."""
        law = RECURRENCES[self.name]
        chances = unit(words)
        # The law is cut off and not clamped: draws are scaled to the chances that lie between the bounds.
        below = self._below(self.minimum, means)
        whole = 1.0 if self.maximum is None else self._below(self.maximum + 1, means)
        chances *= whole - below
        chances += below
        counts = np.zeros(len(words), dtype=np.int64)
        rows, count = np.arange(len(words)), 0
        share = law.none(means, self.spread)
        added = share.copy()
        # Only rows whose count isn't found yet go on, so that few large counts don't cost all rows.
        while len(rows):
            further = np.flatnonzero((chances >= added) & ((count < means) | (share > _NEGLIGIBLE)))
            rows, chances, means = rows[further], chances[further], means[further]
            count += 1
            share = share[further] * law.ratio(count, means, self.spread)
            added = added[further] + share
            counts[rows] = count
        # Where draws lie beyond the last probability, by rounding alone.
        return np.clip(counts, self.minimum, self.maximum, out=counts)

    def _below(self, count: int, means: Floats) -> Floats:
        """The probability of less than `count`."""
        law = RECURRENCES[self.name]
        share = law.none(means, self.spread)
        added = np.zeros_like(means)
        for number in range(1, count + 1):
            added += share
            share = share * law.ratio(number, means, self.spread)
        return added

    def _rounded(self, words: Words, means: Floats) -> Numbers:
        table = lognormal_table(self.spread)
        # The mean of a lognormal law is its median times exp(sigma² / 2); the factor is rounded, since exp differs in
        # last digits between machines.
        medians = means * significant(math.exp(-self.spread * self.spread / 2))
        known = medians > 0  # a mean of 0 has the least count
        medians = np.where(known, medians, 1.0)
        # Half a count more on either side, since values are rounded.
        low = table.probabilities_below((self.minimum - 0.5) / medians)
        high = 1.0 if self.maximum is None else table.probabilities_below((self.maximum + 0.5) / medians)
        chances = np.clip(unit(words) * (high - low) + low, table.probabilities[0], table.probabilities[-1])
        values = np.where(known, np.rint(table.at(chances) * medians), 0.0)
        # Doubles beyond would have no whole number of 64 bits.
        counts = np.minimum(values, float(1 << 40)).astype(np.int64)
        return np.clip(counts, self.minimum, self.maximum, out=counts)


def zipf_shares(size: int, exponent: float) -> list[float]:
    """Shares of which the n-th is 1 / n^exponent."""
    # Rounded to 12 digits, since powers differ in last digits between machines.
    return all_significant([math.pow(rank, -exponent) for rank in range(1, size + 1)])
