"""How a link finds parents among a part of all: above in a tree, within a span of rows, with quotas."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sdgen.generators import streams
from sdgen.generators.links.counts import Layout
from sdgen.generators.links.parent_sampler import Link, ParentSampler
from sdgen.generators.streams import Numbers

_MOST_SHARING = 1 << 23  # parents: their index takes 16 bytes each


@dataclass(frozen=True)
class Tree(ParentSampler):
    """An earlier row of the same entity, so that there is no cycle; the first `roots` rows have none.

    Without roots the first row's parent is the second, and the second's the first.
    """

    may_lack = True

    key: int
    roots: int

    def choose(self, numbers: Numbers) -> Numbers:
        # Any earlier row: a tree has no cycles if every edge leads back.
        earlier = streams.below_each(streams.draw(self.key, numbers), np.maximum(numbers, 1))
        if not self.roots:
            # Without roots the first two rows lead to each other, which is the only cycle there is.
            return np.where(numbers == 0, np.int64(1), earlier)
        return np.where(numbers < self.roots, np.int64(-1), earlier)


@dataclass(frozen=True)
class LevelTree(ParentSampler):
    """A tree of `depth` levels, however many rows it has: each row's level follows from its number.

    After the roots come blocks of 1, 2, 4 … rows of the second, third, fourth … level. A row's parent is any row of the
    level above in its own block or one before, so it is an earlier row.
    """

    may_lack = True

    key: int
    roots: int
    depth: int

    def choose(self, numbers: Numbers) -> Numbers:
        block_rows = np.int64((1 << self.depth - 1) - 1)
        block, place = np.divmod(np.maximum(numbers - self.roots, 0), block_rows)
        # The exponent of the place is its level, read by frexp, which is exact.
        above = np.frexp((place + 1).astype(np.float64))[1] - 2  # the level over the row's own: -1 is the roots'
        width = np.int64(1) << np.maximum(above, 0).astype(np.int64)
        # Rows of the level above in this block and all before it, which are earlier rows by construction.
        drawn = streams.below_each(
            streams.draw(self.key, numbers), np.where(above < 0, self.roots, (block + 1) * width)
        )
        chosen_block, chosen = np.divmod(drawn, width)
        inner = self.roots + chosen_block * block_rows + (width - 1) + chosen
        return np.where(numbers < self.roots, np.int64(-1), np.where(above < 0, drawn, inner))


@dataclass(frozen=True)
class Within(ParentSampler):
    """A parent among the rows that belong to one row further up, the same that another link's parent belongs to.

    `layouts` lead from the parents up to that row, `other_layouts` from the other link's parents. A row whose tenant,
    say, has no such parent has none.
    """

    may_lack = True

    key: int
    layouts: tuple[Layout, ...]
    other: Link
    other_layouts: tuple[Layout, ...]

    def choose(self, numbers: Numbers) -> Numbers:
        first, count = self.room(numbers)
        drawn = streams.below_each(streams.draw(self.key, numbers), np.maximum(count, 1))
        return np.where(count > 0, first + drawn, np.int64(-1))

    def room(self, numbers: Numbers) -> tuple[Numbers, Numbers]:
        """For each row the first parent it may have, and how many there are."""
        # Up to the row that both share, through layouts, which are searched and not stored.
        shared, _ = self.other.parents(numbers)
        for layout in self.other_layouts:
            shared = layout.locate(shared)[0]
        first, end = shared, shared + 1
        # And down again: the descendants of one row are contiguous, as children are laid out parent after parent.
        for layout in reversed(self.layouts):
            first, end = layout.starts(first), layout.starts(end)
        return first, end - first


@dataclass(frozen=True, eq=False)
class Sharing(ParentSampler):
    """A parent whose own link leads to the same row as the links `own` of the row do; any, by `rest`, if there is none.

    Parents are found by where their link leads: that is computed for all of them once, so that no more than the first
    eight million are chosen among.
    """

    key: int
    parents: int
    rest: ParentSampler
    own: tuple[Link, ...]
    theirs: Link

    def choose(self, numbers: Numbers) -> Numbers:
        shared, gone = numbers, np.zeros(len(numbers), dtype=np.bool_)
        for link in self.own:
            shared, missing = link.parents(shared)
            gone = gone if missing is None else gone | missing
        rows, led = self._by_shared
        first, end = (np.searchsorted(led, shared, side) for side in ("left", "right"))
        count = np.where(gone, 0, end - first)
        place = first + streams.below_each(streams.draw(self.key, numbers), np.maximum(count, 1))
        return np.where(count > 0, rows[np.minimum(place, len(rows) - 1)], self.rest.choose(numbers))

    @cached_property
    def _by_shared(self) -> tuple[Numbers, Numbers]:
        """The parents in the order of the rows that they lead to, and these rows: -1 for those that lead to none."""
        led, missing = self.theirs.parents(np.arange(min(self.parents, _MOST_SHARING), dtype=np.int64))
        led = led if missing is None else np.where(missing, np.int64(-1), led)
        rows = np.argsort(led, kind="stable")
        return rows, led[rows]


@dataclass(frozen=True)
class DistinctWithin(ParentSampler):
    """As Within, with no parent twice among the rows that `layout` counts for one row: their places, turned by a draw.

    The most rows of one must be no more than the fewest parents it may have.
    """

    may_lack = True

    within: Within
    layout: Layout

    def choose(self, numbers: Numbers) -> Numbers:
        first, count = self.within.room(numbers)
        counting, place = self.layout.locate(numbers)
        # One turn for all rows of a parent: their places differ by less than the size, so that no two meet.
        size = np.maximum(count, 1)
        turned = (streams.below_each(streams.draw(self.within.key, counting), size) + place) % size
        return np.where(place < count, first + turned, np.int64(-1))


@dataclass(frozen=True)
class TreeWithin(ParentSampler):
    """An earlier row of those counted for the same row, so that there is no cycle; the first `roots` have none."""

    may_lack = True

    key: int
    roots: int
    layout: Layout

    def choose(self, numbers: Numbers) -> Numbers:
        place = self.layout.locate(numbers)[1]
        # Counted back from the row itself within its own group, whose rows are contiguous.
        earlier = numbers - 1 - streams.below_each(streams.draw(self.key, numbers), np.maximum(place, 1))
        return np.where(place < self.roots, np.int64(-1), earlier)


@dataclass(frozen=True)
class WithQuotas(ParentSampler):
    """The first rows go to the parents with quotas, the rest to the others by `rest`.

    `named` holds those parents' row numbers in rising order, `ends` the running sums of their counts.
    """

    named: tuple[int, ...]
    ends: tuple[int, ...]
    rest: ParentSampler

    def choose(self, numbers: Numbers) -> Numbers:
        chosen = self.rest.choose(numbers)
        for parent in self.named:  # numbers of the others: skip each named parent, in rising order
            chosen += chosen >= parent
        # The first rows are the quotas', in order, so that their counts are exact.
        quota = np.flatnonzero(numbers < self.ends[-1])
        places = np.searchsorted(np.array(self.ends), numbers[quota], side="right")
        chosen[quota] = np.array(self.named, dtype=np.int64)[places]
        return chosen
