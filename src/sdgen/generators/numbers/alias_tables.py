"""Weighted draws in constant time: Walker's alias tables, built by Vose's method (1991).

The building is done in whole numbers, so a table is exact and the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import lcm

import numpy as np
from numpy.typing import NDArray

from sdgen.generators.streams import Numbers, Words, mix, unit

Floats = NDArray[np.float64]

_U32 = np.uint64(32)
_LOW_32 = np.uint64(0xFFFFFFFF)
# The number makes a second word of a word; any other would do, but it must stay what it is.
_WITHIN = np.uint64(0xD1B54A32D192ED03)
_BELOW_ONE = 1 - 2.0**-53


@dataclass(frozen=True, eq=False)
class AliasTable:
    """`pick(words)`: an index for each word.

    Index i has the probability weights[i] / sum(weights), to within 2^-32; a weight of zero is never picked.
    """

    thresholds: NDArray[np.uint64]
    aliases: Numbers

    # The upper half of the word picks the cell, the lower half decides between its two values.
    def pick(self, words: Words) -> Numbers:
        spread = words >> _U32
        spread *= np.uint64(len(self.aliases))
        spread >>= _U32
        cells = spread.view(np.int64)
        # As whole numbers of 2^-32: no float is compared, so that no machine can decide otherwise.
        keeps = (words & _LOW_32) < self.thresholds.take(cells)
        return np.where(keeps, cells, self.aliases.take(cells))


@dataclass(frozen=True, eq=False)
class CumulatedWeights:
    """Weighted draws in order: `at(chances)` gives indexes that rise with numbers in [0, 1).

    `ends` are the running sums of the weights' shares.
    """

    ends: Floats

    def at(self, chances: Floats) -> tuple[Numbers, Floats]:
        """The index for each chance, and how far in [0, 1) that lies between the index's ends."""
        # The last index has no end of its own above, whatever the sums were rounded to.
        indexes = np.minimum(np.searchsorted(self.ends, chances, side="right"), len(self.ends) - 1)
        starts, widths = self._of(indexes)
        return indexes, np.clip((chances - starts) / np.where(widths > 0, widths, 1.0), 0.0, _BELOW_ONE)

    def ranks(self, indexes: Numbers, inside: Floats) -> Floats:
        """The chances that have these indexes, and lie so far between their ends."""
        starts, widths = self._of(indexes)
        ranks: Floats = starts + inside * widths
        return ranks

    def _of(self, indexes: Numbers) -> tuple[Floats, Floats]:
        starts = np.append(0.0, self.ends[:-1]).take(indexes)
        return starts, self.ends.take(indexes) - starts


def cumulated(weights: Sequence[float]) -> CumulatedWeights:
    """Running sums of weights, as shares: at least one weight, none negative, not all zero."""
    # Added up by Python from left to right, which is the same on every machine.
    sums = np.array(list(accumulate(map(float, weights))))
    return CumulatedWeights(sums / sums[-1])


def within(words: Words) -> Floats:
    """A number in [0, 1) for each word that has told an index already, apart from what told it."""
    # An index has been told by the word, so that the word itself would tell the same again.
    return unit(mix(words ^ _WITHIN))


def alias_table(weights: Sequence[float]) -> AliasTable:
    """The table for these weights: at least one, none negative, not all zero; ValueError otherwise."""
    shares, total = _whole(weights)
    size = len(shares)
    small = [index for index, share in enumerate(shares) if share < total]
    large = [index for index, share in enumerate(shares) if share >= total]
    thresholds = np.full(size, 1 << 32, dtype=np.uint64)
    aliases = np.arange(size, dtype=np.int64)
    # Vose's method: each cell that has less than its share is filled up by one that has more.
    while small:
        less, more = small.pop(), large.pop()
        # Rounded to the nearest 2^-32, in whole numbers.
        thresholds[less] = ((shares[less] << 33) + total) // (2 * total)
        aliases[less] = more
        shares[more] -= total - shares[less]
        (small if shares[more] < total else large).append(more)
    return AliasTable(thresholds, aliases)


def _whole(weights: Sequence[float]) -> tuple[list[int], int]:
    """The weights as whole numbers in proportion, times their count; and their mean on the same scale."""
    if not len(weights) or min(weights) < 0 or not any(weights):
        raise ValueError("weights must be zero or more, and not all zero")
    if all(isinstance(weight, int) for weight in weights):
        whole = [int(weight) for weight in weights]
    else:
        # Every float is a fraction of whole numbers, so that shares are exact.
        exact = [weight.as_integer_ratio() for weight in weights]
        unit = lcm(*{denominator for _, denominator in exact})
        whole = [numerator * (unit // denominator) for numerator, denominator in exact]
    return [share * len(whole) for share in whole], sum(whole)
