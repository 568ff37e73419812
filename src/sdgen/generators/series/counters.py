"""Counters: totals that never fall, such as an odometer's, at any row without a sum over those before it.

The increments of a counter are the leaves of a binary tree, of which a total is split from the top down: each half's
share is hashed from its place. So the sum of the first n increments takes 2 log2(n) draws. There is no root: the leaves
behind the first lie in blocks of 1, 2, 4, 8 … of them, each with a total of its own, so that a counter has no end and
nothing changes where rows are added. That the halves of a sum have shares of their own, whatever the sum is, is a
property of gamma distributed increments; those here come close to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import sqrt
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field, FiniteFloat

from sdgen.generators.arrays.decimals import places_of, units_from
from sdgen.generators.base import ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.moments.durations import SECOND, Length, fixed_length
from sdgen.generators.references import KEYS, MOMENTS, Floats, Reference, Term, is_reference, term_faults
from sdgen.generators.registry import register
from sdgen.generators.series.parts import SeriesPart, episodes, hashed, heads, length_faults, normals
from sdgen.generators.series.series import InTime, Mask, either, floats_over
from sdgen.generators.streams import Numbers, Words
from sdgen.scenario.types import NUMBERS, Type

GRAIN = 1 << 20  # a counter's totals are whole numbers of so many parts of the mean increment, and so never fall
_LEAVES = 1 << 40
_MOST_SWING = 0.95  # of all cycles together: above, rounding could move a counter back


class Resets(SeriesPart):
    """Where a counter starts again, as a device's does that is exchanged."""

    every: Length | int = Field(
        description="how far apart on average: a length of time, or rows where there is no `at`"
    )
    variation: float = Field(0.5, ge=0, le=1, description="0: all are as far apart; 1: from nothing to twice that")

    def spacing(self) -> int:
        return self.every if isinstance(self.every, int) else fixed_length(self.every)


@register("counter")
class Counter(InTime):
    """A running total for each parent that never falls: odometers, meters, page counts.

    Without `at` it rises from each of a parent's rows to the next, in their order, by `mean` on average. With `at`, a
    column of moments, it rises by `mean` in each `every` from `since` on, faster and slower with the cycles, whose
    amplitudes are shares of the mean: 0.6 is from 40 % to 160 %.
    """

    fits: ClassVar[frozenset[str]] = NUMBERS
    example: ClassVar[str] = (
        "{generator: counter, params: {per: customer_id, at: created_at, since: 2000-01-01, mean: 0.4, every: 1h, "
        "daily: {amplitude: 0.6, peak: '19:00'}, precision: 2}}"
    )

    mean: Term = Field(1.0, description="the mean increment: a number above 0, or a parent's column")
    every: Length = Field("1h", description="with `at`: the time in which it rises by `mean`")
    variation: float = Field(
        0.5, ge=0, le=3, description="the increments' standard deviation, as a share of the mean; 0: all are alike"
    )
    start: Term = Field(0.0, description="what it counts from: a number, or a parent's column")
    rollover: FiniteFloat | None = Field(None, gt=0, description="it begins anew at 0 when it comes to this, as a dial")
    resets: Resets | None = Field(None, description="it starts again now and then: {every: 400d, variation: 0.5}")
    precision: int | None = Field(
        None, ge=0, le=15, description="decimal places; a decimal or whole-number column's own where left out"
    )

    @property
    def counted_by(self) -> str:
        return "" if self.at else self.per

    def natural(self) -> Type:
        return Type("double")

    def column_params(self) -> Iterator[Reference]:
        if self.at:
            yield Reference("at", self.at, MOMENTS)
        if self.per:
            yield Reference("per", self.per, KEYS)
        for param, term in (("mean", self.mean), ("start", self.start)):
            if is_reference(term):
                yield Reference(param, str(term), NUMBERS)
        yield from super().column_params()

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from super().faults(facts)
        yield from length_faults("every", self.every, SECOND)
        for param, term in (("mean", self.mean), ("start", self.start)):
            yield from term_faults(param, term)
            # A mean or a start that changed from row to row would let a counter fall.
            if is_reference(term) and "." not in str(term):
                what = f"{term} changes from row to row, so that the counter could fall"
                yield ParamError(param, what, "name a parent's column, as parent.column")
        if not isinstance(self.mean, str) and self.mean <= 0:
            yield ParamError("mean", f"a mean of {self.mean:g} never rises", "give a number above 0")
        if not self.at and not self.per:
            yield ParamError("per", "a counter needs the link that rows are counted by, or moments", "give per or at")
        yield from self._time_faults()
        places = places_of(facts.type, self.precision)
        own = places_of(facts.type)
        if places is not None and own is not None and places > own:
            yield ParamError("precision", f"a column of type {facts.type} holds {own} decimal places")

    def _time_faults(self) -> Iterator[ParamError]:
        swings = [cycle.amplitude for _, cycle in self.cycles()]
        if swings and not self.at:
            yield ParamError("at", "cycles need a column of moments", "name it")
        if any(isinstance(swing, str) for swing in swings):
            yield ParamError("daily", "a counter's amplitudes are numbers", "write shares of the mean, such as 0.6")
        elif sum(abs(float(swing)) for swing in swings) > _MOST_SWING:
            yield ParamError("daily", f"amplitudes come to more than {_MOST_SWING} of the mean", "make them smaller")
        if self.resets is None:
            return
        if self.at and not isinstance(self.resets.every, int):
            yield from length_faults("resets.every", self.resets.every, 1)
        elif self.at or not isinstance(self.resets.every, int) or self.resets.every < 1:
            yield ParamError(
                "resets.every", f"{self.resets.every} is no {'length of time' if self.at else 'count of rows'}"
            )

    def values(self, cells: ColumnBatch) -> pa.Array:
        words = self.keys(cells, self.per, "counter")
        # With places, the row itself has been counted: the first row's total is one increment.
        moments, missing = self.moments(cells, self.at) if self.at else (cells.rows.ordinals(self.per) + 1, None)
        start, unknown = self.start_of(cells) if self.at else (0, None)
        totals = tree_totals(words, *self._steps(cells, moments, start), self.variation)
        if self.resets is not None:
            # What the counter was when it was last reset is taken off: both are totals of the same tree.
            keys = self.keys(cells, self.per, "resets")
            reset = episodes(keys, moments, self.resets.spacing(), self.resets.variation).start
            totals = totals - tree_totals(words, *self._steps(cells, reset, start), self.variation)
        values = totals * (np.maximum(self.number(cells, self.mean), 0.0) * (1.0 / GRAIN))
        values += self.number(cells, self.start)
        return self._as_numbers(cells.facts.type, values, either(missing, unknown, np.isnan(values)))

    def _steps(self, cells: ColumnBatch, moments: Numbers, start: Numbers | int) -> tuple[Numbers, Floats | None]:
        """How many whole increments there are up to moments, or to places among siblings; and the share of the next."""
        if not self.at:
            return np.clip(moments, 0, _LEAVES), None
        elapsed = (moments - start).astype(np.float64)
        offsets = self.zone_offsets(cells, self.timezone)
        for _, cycle in self.cycles():
            # The integral of the cycle, so that the counter's rate swings as the cycle does.
            # Where the amplitude is 0.6, time counts up to 1.6 times as fast.
            swing = cycle.sums(moments + offsets) - cycle.sums(np.asarray(start + offsets))
            elapsed += float(cycle.amplitude) * swing
        # A counter before its beginning is 0.
        passed = np.clip(elapsed * (1.0 / fixed_length(self.every)), 0.0, float(_LEAVES))
        whole = np.floor(passed)
        return whole.astype(np.int64), passed - whole

    def _as_numbers(self, type: Type, values: Floats, lost: Mask) -> pa.Array:
        """The values as a dial shows them: cut at the column's decimal places, not rounded."""
        # Cut and not rounded, as a dial shows a digit only when it is reached.
        places = places_of(type, self.precision)
        power = 10.0 ** (places or 0)
        units = values if places is None else np.floor(values * power)
        if self.rollover is not None:
            units = np.fmod(units, self.rollover if places is None else max(units_from(self.rollover, places), 1))
        return floats_over(units / power, lost)


def tree_totals(words: Words, leaves: Numbers, shares: Floats | None, variation: float) -> Numbers:
    """The sum of the first `leaves` increments of each row's counter, and of a share of the next, in grains.

    Rows that follow one another share most of the way down, so each node is computed once for a run of rows below it.
    """
    if not len(leaves):
        return leaves
    # frexp gives the bit length exactly, without a logarithm.
    block = np.frexp(leaves.astype(np.float64))[1].astype(np.int64)  # leaf n lies in the block of n's bit length
    begins = np.ones(len(leaves), dtype=np.bool_)
    begins[1:] = (words[1:] != words[:-1]) | (block[1:] != block[:-1])
    # Rows differ in the bits below which their ways part.
    moved = np.append(np.int64(0), leaves[1:] ^ leaves[:-1])
    first = np.flatnonzero(begins)
    total, before = _blocks(words[first], block[first], variation)
    # From the top down: a level's nodes follow from those above.
    for level in range(int(block.max()) - 2, -1, -1):
        node = leaves[first] >> (level + 1) << (level + 1)
        # The share is hashed from the node's place, so that every row that passes here finds the same one.
        left = total * _shares(hashed(words[first], node * 64 + level), 1 << level, variation)
        children = np.flatnonzero(begins | (moved >> level != 0))
        parents = np.searchsorted(first, children, side="right") - 1
        # Never more than the whole, whatever the rounding of the product.
        half, total = np.minimum(left.astype(np.int64), total)[parents], total[parents]
        split = block[children] > level + 1
        right = split & (leaves[children] >> level & 1 == 1)
        before = before[parents] + np.where(right, half, 0)
        # The second half is the rest, so that halves add up exactly, and the counter can't fall.
        total = np.where(split, np.where(right, total - half, half), total)
        first = children
    runs = np.diff(np.append(first, len(leaves)))
    sums: Numbers = np.repeat(before, runs)
    # The next increment is a leaf like others; a share of it is linear.
    return sums if shares is None else sums + (np.repeat(total, runs) * shares).astype(np.int64)


def _blocks(words: Words, block: Numbers, variation: float) -> tuple[Numbers, Numbers]:
    """Each row's block's total, and the sum of those before it; computed once for rows of one counter."""
    first, run = heads(words)
    count = int(block.max()) + 1
    totals = np.empty((len(first), count), dtype=np.int64)
    for number in range(count):
        leaves = 1 << max(number - 1, 0)
        totals[:, number] = _positive(words[first] ^ np.uint64(number + 1), leaves, variation)
    before = np.cumsum(totals, axis=1) - totals
    return totals[run, block], before[run, block]


def _positive(words: Words, leaves: int, variation: float) -> Numbers:
    """Sums of so many increments, in grains: (y + sqrt(1 + y^2))^2 is positive, with a mean of 1 + 2 var(y)."""
    spread = variation / sqrt(leaves)
    y = normals(hashed(words, np.zeros(len(words), dtype=np.int64))) * (spread / 2)
    # The square of y + sqrt(1 + y²) is positive for every y, with a mean that is
    # known exactly: no logarithm is needed.
    root = y + np.sqrt(1.0 + y * y)
    return (root * root * (GRAIN * leaves / (1.0 + spread * spread / 2))).astype(np.int64)


def _shares(words: Words, half: int, variation: float) -> Floats:
    """The share of a sum that its first half has: that of a sum of two gamma distributed ones, nearly."""
    square = variation * variation / half
    spread = sqrt(square / (2.0 - min(square, 1.0)))
    y = normals(words) * spread
    # Between 0 and 1 for every y, and symmetric, as the share of a half must be.
    return 0.5 + 0.5 * (y / np.sqrt(1.0 + y * y))
