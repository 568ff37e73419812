"""The rows that a partial unique set picks, and what its columns hold there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sdgen.generators import streams
from sdgen.generators.base import Generator
from sdgen.generators.domains import permute
from sdgen.generators.links.counts import Layout
from sdgen.generators.links.parent_sampler import ParentSampler
from sdgen.generators.streams import Numbers
from sdgen.planning.choose import Key
from sdgen.planning.unique_sets import JointIndexes

BLOCK = 64  # rows of which a share matches
SHARE = 0.5  # of the rows that match, where neither the scenario nor the key says another


@dataclass(frozen=True)
class Selection:
    """The rows that match: `picked` of every 64, as many in all as `limit`; none before the row `first`."""

    key: int
    picked: int
    limit: int
    first: int = 0

    def ranks(self, numbers: Numbers) -> Numbers:
        """Each row's place among those that match, from 0; -1 for a row that doesn't."""
        # Every block has as many rows that match, at places that its own permutation picks: so a row's rank follows
        # from its number, and no row before it is counted.
        blocks, places = np.divmod(numbers - np.int64(self.first), np.int64(BLOCK))
        shuffled = permute(streams.draw(self.key, blocks), places, BLOCK)
        ranks = blocks * self.picked + shuffled
        return np.where((blocks >= 0) & (shuffled < self.picked) & (ranks < self.limit), ranks, np.int64(-1))


@dataclass(frozen=True)
class FirstChildren:
    """The first row of each parent that rows are counted by: one row of a parent matches, however many it has."""

    layout: Layout
    limit: int
    first: int = 0

    def ranks(self, numbers: Numbers) -> Numbers:
        parents, ordinals = self.layout.locate(numbers)
        matched = (ordinals == 0) & (parents < self.limit) & (numbers >= self.first)
        return np.where(matched, parents, np.int64(-1))


Chosen = Selection | FirstChildren


@dataclass(frozen=True)
class PartialIndexes(ParentSampler):
    """A column's digit of a permutation of the rows that match, or their parents' row numbers; `rest` draws others."""

    selection: Chosen
    joint: JointIndexes
    offset: int = 0
    rest: ParentSampler | None = None

    def indexes(self, numbers: Numbers) -> Numbers:
        # Rows that don't match have the rank -1. They get the first row's index, which callers don't use.
        return self.joint.indexes(np.maximum(self.selection.ranks(numbers), 0)) + np.int64(self.offset)

    def choose(self, numbers: Numbers) -> Numbers:
        """As the sampler of a link."""
        free = self.rest.choose(numbers) if self.rest is not None else np.zeros_like(numbers)
        return np.where(self.selection.ranks(numbers) < 0, free, self.indexes(numbers))


@dataclass(frozen=True)
class Matching:
    """What a column holds in the rows that match, and in the others.

    key: its indexes where the rows that match differ in it. inside, outside: what makes its values there; None for its
    own generator. refused: values that the other rows must not hold, which are replaced by `spare`. null_inside,
    null_outside: whether all rows there are null, or none; None where its null rate says how many.
    """

    selection: Chosen
    key: PartialIndexes | None = None
    inside: Generator | None = None
    outside: Generator | None = None
    refused: pa.Array | None = None
    spare: pa.Scalar | None = None
    null_inside: bool | None = None
    null_outside: bool | None = None

    @property
    def values(self) -> bool:
        """Whether the rows that match have values of their own."""
        return self.inside is not None or self.key is not None

    def matches(self, numbers: Numbers) -> NDArray[np.bool_]:
        matched: NDArray[np.bool_] = self.selection.ranks(numbers) >= 0
        return matched

    def missing(self, numbers: Numbers, drawn: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which rows are null; drawn: those that would be by the column's null rate."""
        matched = self.matches(numbers)
        inside = drawn if self.null_inside is None else np.full(len(drawn), self.null_inside)
        outside = drawn if self.null_outside is None else np.full(len(drawn), self.null_outside)
        return np.where(matched, inside, outside)


@dataclass(frozen=True)
class PartialSets:
    """All that partial unique sets ask of a plan's columns and links."""

    indexes: Mapping[Key, PartialIndexes] = field(default_factory=dict)
    matching: Mapping[Key, Matching] = field(default_factory=dict)
