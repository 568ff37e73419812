"""How many rows each parent has, and which parent a row belongs to.

A layout numbers the children of parent 0 first, then those of parent 1, and so on, and finds the parent of any row
number without counting from the start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sdgen.generators import streams
from sdgen.generators.cancellation import raise_if_cancelled
from sdgen.generators.numbers.alias_tables import AliasTable
from sdgen.generators.streams import Numbers

# A sum is kept for each block and never for each parent: eight bytes a parent would be in every plan that is sent.
BLOCK = 65_536  # parents whose counts are summed together
_KEPT = 64  # blocks of counts that a layout remembers, of a byte for each parent


class Layout(Protocol):
    """The children of all parents of one entity, in the parents' order."""

    @property
    def total(self) -> int: ...

    # Children of one parent are contiguous rows, so that a parent is found by bisection, and siblings by counting.
    def locate(self, numbers: Numbers) -> tuple[Numbers, Numbers]:
        """For each child's row number: its parent's row number, and its place among that parent's children."""
        ...

    def starts(self, parents: Numbers) -> Numbers:
        """The row number of each parent's first child; that of the parent behind the last one is the total."""
        ...


@dataclass(frozen=True)
class FixedCount:
    """Each of the first `parents` parents has `count` children; any behind them have none."""

    parents: int
    count: int

    @property
    def total(self) -> int:
        return self.parents * self.count

    def locate(self, numbers: Numbers) -> tuple[Numbers, Numbers]:
        parents = numbers // np.int64(self.count)
        return parents, numbers - parents * np.int64(self.count)

    def starts(self, parents: Numbers) -> Numbers:
        starts: Numbers = np.minimum(parents * np.int64(self.count), np.int64(self.total))
        return starts


@dataclass(frozen=True)
class EvenSpread:
    """Exactly `total` children over all parents, each parent's share between none and twice the mean.

    Parent p's children start at floor((p + jitter(p)) * total / parents), with a jitter in [0, 1) hashed per parent:
    the bounds rise with p, so a row's parent is found by bisection in a window around row * parents / total.
    """

    parents: int
    total: int
    key: int

    def starts(self, parents: Numbers) -> Numbers:
        # The jitter is less than one parent's share, so that starts rise with the parents, and a
        # row's parent is near its mean place.
        jitter = streams.below(streams.draw(self.key, parents), self.total)
        starts = (parents * np.int64(self.total) + jitter) // np.int64(self.parents)
        starts[parents <= 0] = 0
        starts[parents >= self.parents] = self.total
        return starts

    def locate(self, numbers: Numbers) -> tuple[Numbers, Numbers]:
        size, total = np.int64(self.parents), np.int64(self.total)
        if _in_sequence(numbers):
            # Jitter moves a start by less than one parent's mean share, so that one
            # parent more at either side is enough.
            first = max(int(numbers[0]) * self.parents // self.total - 1, 0)
            last = min(-(-(int(numbers[-1]) + 1) * self.parents // self.total), self.parents - 1)
            return _lay_out(numbers, first, self.starts(np.arange(first, last + 2, dtype=np.int64)))
        # A bisection over starts that are computed where they are asked for:
        # nothing is summed over the parents before.
        low = np.maximum(numbers * size // total - 1, 0)
        high = np.minimum(-(-(numbers + 1) * size // total), size - 1)
        while np.any(low < high):  # the last parent whose start is at or before the row
            middle = (low + high + 1) // 2
            before = self.starts(middle) <= numbers
            low, high = np.where(before, middle, low), np.where(before, high, middle - 1)
        return low, numbers - self.starts(low)


class SummedCounts:
    """Counts that are known parent by parent; the sums before each block of parents are kept, never a sum per parent.

    `offsets` has the number of children before each block, and that of all.
    """

    parents: int
    offsets: NDArray[np.int64]

    def _counts(self, start: int) -> Numbers:
        """The counts of the block of parents that begins at `start`."""
        raise NotImplementedError

    @property
    def total(self) -> int:
        return int(self.offsets[-1])

    def _sum_up(self) -> tuple[int, int]:
        """Set the offsets; the least and the greatest count of all."""
        sums, least, most = [0], [], []
        for start in range(0, self.parents, BLOCK):
            # Summing a large entity takes time, in which a run may have been given up.
            raise_if_cancelled()
            counts = self._counts(start)
            sums.append(int(counts.sum()))
            least.append(int(counts.min()))
            most.append(int(counts.max()))
        # The record is frozen for all others; its sums are set once, while it is made.
        object.__setattr__(self, "offsets", np.cumsum(sums, dtype=np.int64))
        return min(least, default=0), max(most, default=0)

    def locate(self, numbers: Numbers) -> tuple[Numbers, Numbers]:
        # Batches are rows in sequence, and their parents follow one another: they are
        # laid out without a search for each row.
        if _in_sequence(numbers):
            return self._laid_out(numbers)
        blocks = np.searchsorted(self.offsets, numbers, side="right") - 1
        parents, ordinals = np.empty_like(numbers), np.empty_like(numbers)
        for block in np.unique(blocks):
            rows = np.flatnonzero(blocks == block)
            within = numbers[rows] - self.offsets[block]
            ends = _ends(self, int(block))
            places = np.searchsorted(ends, within, side="right")
            parents[rows] = places + int(block) * BLOCK
            ordinals[rows] = within - np.where(places > 0, ends[places - 1], 0)
        return parents, ordinals

    def _laid_out(self, numbers: Numbers) -> tuple[Numbers, Numbers]:
        """Parents and places of rows in sequence, whose parents are few blocks, or a part of one."""
        first, last = (int(each) for each in np.searchsorted(self.offsets, numbers[[0, -1]], side="right") - 1)
        ends = [_ends(self, block) + self.offsets[block] for block in range(first, last + 1)]
        starts = np.concatenate([self.offsets[first : first + 1], *ends])
        low, high = (int(each) for each in np.searchsorted(starts, numbers[[0, -1]], side="right"))
        return _lay_out(numbers, first * BLOCK + low - 1, starts[low - 1 : high + 1])

    def starts(self, parents: Numbers) -> Numbers:
        if _in_sequence(parents) and parents[0] // BLOCK == parents[-1] // BLOCK:
            block = int(parents[0]) // BLOCK
            if block * BLOCK < self.parents:
                before = np.concatenate([np.zeros(1, dtype=np.int64), _ends(self, block)])
                first = int(parents[0]) - block * BLOCK
                starts: Numbers = before[first : first + len(parents)] + self.offsets[block]
                return starts
        blocks = parents // BLOCK
        starts = np.empty_like(parents)
        for block in np.unique(blocks):
            rows = np.flatnonzero(blocks == block)
            places = parents[rows] - block * BLOCK
            before = np.concatenate([[0], _ends(self, int(block))]) if block * BLOCK < self.parents else np.zeros(1)
            starts[rows] = self.offsets[block] + before[places].astype(np.int64)
        return starts


@dataclass(frozen=True, eq=False)
class DrawnCounts(SummedCounts):
    """Each parent's count is drawn by itself.

    `table` draws minimum, minimum + 1, … by weight; without one every count in minimum … maximum is equally likely.
    """

    # A draw for each parent by itself: a longer table begins with the counts of the shorter one.
    parents: int
    minimum: int
    maximum: int
    key: int
    table: AliasTable | None = None
    offsets: NDArray[np.int64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._sum_up()

    def _counts(self, start: int) -> Numbers:
        numbers = np.arange(start, min(start + BLOCK, self.parents), dtype=np.int64)
        words = streams.draw(self.key, numbers)
        drawn = self.table.pick(words) if self.table else streams.below(words, self.maximum - self.minimum + 1)
        return drawn + np.int64(self.minimum)


class CountSource(Protocol):
    """How many children each parent has, as a function of the parents' row numbers."""

    def counts(self, parents: Numbers) -> Numbers: ...


@dataclass(frozen=True, eq=False)
class ComputedCounts(SummedCounts):
    """Each parent's count is computed: from a column of the parent, or drawn by a law of its own."""

    parents: int
    source: CountSource
    minimum: int = field(init=False)
    maximum: int = field(init=False)
    offsets: NDArray[np.int64] = field(init=False, repr=False)
    # Counts may follow from columns that cost much: those of the first blocks that summing them up has computed are
    # kept, where they are small. They are no part of a plan that is sent to other processes.
    _kept: dict[int, NDArray[np.uint8]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        least, most = self._sum_up()
        object.__setattr__(self, "minimum", least)
        object.__setattr__(self, "maximum", most)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": {}}

    def _counts(self, start: int) -> Numbers:
        if start in self._kept:
            return self._kept[start].astype(np.int64)
        counts = self.source.counts(np.arange(start, min(start + BLOCK, self.parents), dtype=np.int64))
        if len(self._kept) < _KEPT and len(counts) and counts.min() >= 0 and counts.max() < 1 << 8:
            self._kept[start] = counts.astype(np.uint8)
        return counts


@dataclass(frozen=True, eq=False)
class KnownCounts:
    """Children that are there already, in their parents' order: the row number of each parent's first, and an end."""

    firsts: NDArray[np.int64]

    @property
    def parents(self) -> int:
        return len(self.firsts) - 1

    @property
    def total(self) -> int:
        return int(self.firsts[-1])

    def locate(self, numbers: Numbers) -> tuple[Numbers, Numbers]:
        parents = np.minimum(np.searchsorted(self.firsts, numbers, side="right") - 1, max(self.parents - 1, 0))
        return parents, numbers - self.firsts[parents]

    def starts(self, parents: Numbers) -> Numbers:
        starts: Numbers = self.firsts[np.minimum(parents, self.parents)]
        return starts


@dataclass(frozen=True, eq=False)
class Later:
    """Children that come after `first_row` rows which were there before, laid out by another layout.

    base: the layout's rows that are left out, being those of older parents. first_parent: the parent that the layout
    has as 0. older: how the rows lie that were there before, where that is known; `older_parents`: how many parents at
    the start have only such rows.
    """

    layout: Layout
    first_row: int
    base: int
    first_parent: int
    older: KnownCounts | None = None
    older_parents: int = 0

    @property
    def total(self) -> int:
        return self.first_row + self.layout.total - self.base

    def locate(self, numbers: Numbers) -> tuple[Numbers, Numbers]:
        # Rows that were there before are no part of this layout; they are given any
        # place in it, which is replaced below.
        parents, ordinals = self.layout.locate(np.maximum(numbers - self.first_row + self.base, 0))
        parents = parents + np.int64(self.first_parent)
        if self.older is None or not (old := numbers < self.first_row).any():
            return parents, ordinals
        before, places = self.older.locate(numbers)
        return np.where(old, before, parents), np.where(old, places, ordinals)

    def starts(self, parents: Numbers) -> Numbers:
        starts = self.layout.starts(np.maximum(parents - self.first_parent, 0))
        starts = np.maximum(starts - self.base, 0) + np.int64(self.first_row)
        if self.older is None or not self.older_parents:
            return starts
        return np.where(parents < self.older_parents, self.older.starts(parents), starts)


def most_children(layout: Layout) -> int:
    """The most children that one parent has."""
    if isinstance(layout, Later):
        return most_children(layout.layout)
    if isinstance(layout, FixedCount):
        return layout.count
    if isinstance(layout, DrawnCounts | ComputedCounts):
        return layout.maximum
    return 2 * -(-layout.total // max(layout.parents, 1)) + 1 if isinstance(layout, EvenSpread) else 0


def least_children(layout: Layout, parents: int) -> int:
    """The fewest children that one of so many parents has."""
    if isinstance(layout, DrawnCounts | ComputedCounts):
        return layout.minimum
    return layout.count if isinstance(layout, FixedCount) and layout.parents >= parents else 0


def _in_sequence(numbers: Numbers) -> bool:
    """Whether the numbers rise by one, as those of a batch do."""
    size = len(numbers)
    return size > 1 and int(numbers[-1] - numbers[0]) == size - 1 and bool(np.all(numbers[1:] > numbers[:-1]))


def _lay_out(numbers: Numbers, first: int, starts: Numbers) -> tuple[Numbers, Numbers]:
    """Parents and places of rows in sequence; `starts` are the first rows of parents first, first + 1, … and an end."""
    bounds = np.clip(starts, numbers[0], numbers[-1] + 1)
    counts = np.diff(bounds)
    parents = np.repeat(np.arange(first, first + len(counts), dtype=np.int64), counts)
    return parents, numbers - np.repeat(starts[:-1], counts)


@lru_cache(maxsize=128)  # neighbouring batches ask for the same blocks; values never depend on it
def _ends(layout: SummedCounts, block: int) -> Numbers:
    """Within a block of parents: the number of children up to and including each parent's."""
    return np.cumsum(layout._counts(block * BLOCK))
