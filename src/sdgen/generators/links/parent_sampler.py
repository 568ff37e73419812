"""How a link finds parents: for each row a parent's row number, drawn or laid out, at any row by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sdgen.generators import streams
from sdgen.generators.choices.null_rates import NullRates
from sdgen.generators.domains import Exchange, permute, permute_rows
from sdgen.generators.links.counts import FixedCount, Layout
from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.numbers.quantile_tables import zipf_ranks
from sdgen.generators.streams import Numbers


class ParentSampler(Protocol):
    """Draws a parent's row number for each row; -1 where a row has none, which `may_lack` says."""

    may_lack: ClassVar[bool] = False

    def choose(self, numbers: Numbers) -> Numbers: ...


@dataclass(frozen=True)
class Uniform(ParentSampler):
    """Every parent is equally likely."""

    key: int
    parents: int

    def choose(self, numbers: Numbers) -> Numbers:
        # A draw among all parents: with more parents it leads elsewhere, which is why only columns that
        # draw from a grown parent may change.
        return streams.below(streams.draw(self.key, numbers), self.parents)


@dataclass(frozen=True)
class Zipf(ParentSampler):
    """The n-th most popular parent has a share of 1 / n^exponent; who is popular is shuffled."""

    key: int
    parents: int
    exponent: float

    def choose(self, numbers: Numbers) -> Numbers:
        ranks = zipf_ranks(streams.draw(self.key, numbers), self.parents, self.exponent)
        # The commonest ranks would else be the first rows of the parent.
        return permute(self.key, ranks, self.parents)


@dataclass(frozen=True, eq=False)
class Weighted(ParentSampler):
    """Parents by weight. The weights repeat over the parents: parent p has the weight p modulo their number."""

    key: int
    parents: int
    table: AliasTable

    def choose(self, numbers: Numbers) -> Numbers:
        words = streams.draw(self.key, numbers)
        places = self.table.pick(words)
        size = np.int64(len(self.table.aliases))
        # The place in the list first, and then which of the parents that have it:
        # their number differs by one at most.
        return places + size * streams.below_each(streams.mix(words), (self.parents - 1 - places) // size + 1)


def weighted(key: int, parents: int, weights: Sequence[float]) -> Weighted:
    """Parents by weights that repeat where there are more parents; those beyond the parents are left out."""
    used = weights[:parents]
    # A weight counts once for each parent that has it.
    shares = [weight * ((parents - 1 - place) // len(used) + 1) for place, weight in enumerate(used)]
    return Weighted(key, parents, alias_table(shares if sum(shares) > 0 else [1.0] * len(used)))


@dataclass(frozen=True, eq=False)
class ByPlace(ParentSampler):
    """Parents by a law for each place that a row has among those counted for one row; the last for all further ones."""

    layout: Layout
    laws: tuple[ParentSampler, ...]

    def choose(self, numbers: Numbers) -> Numbers:
        places = self.layout.locate(numbers)[1]
        chosen = self.laws[-1].choose(numbers)
        for place, law in enumerate(self.laws[:-1]):
            chosen = np.where(places == place, law.choose(numbers), chosen)
        return chosen


@dataclass(frozen=True)
class OneToOne(ParentSampler):
    """No parent twice: a permutation of the parents. `exchange` keeps rows away from parents that are taken."""

    key: int
    parents: int
    exchange: Exchange | None = None

    def choose(self, numbers: Numbers) -> Numbers:
        # A permutation and not a draw with a memory of the parents that are taken.
        return permute_rows(self.key, numbers if self.exchange is None else self.exchange.of(numbers), self.parents)


@dataclass(frozen=True)
class AtPlaces(ParentSampler):
    """The parents at some places of every so many, in their order, one row each."""

    every: int
    at: tuple[int, ...]

    def choose(self, numbers: Numbers) -> Numbers:
        rounds, places = np.divmod(numbers, len(self.at))
        # Arithmetic on the row's number alone, since the parents are all at known places.
        return rounds * self.every + np.array(self.at, dtype=np.int64)[places]


@dataclass(frozen=True)
class Spread(ParentSampler):
    """Parents at even distances for the rows that are counted for one row, each such row beginning one further on.

    Every `others` of these the distances grow by one, so that neighbours in one turn are none in the next. It is how
    TPC-H (clause 4.2.3 of the standard, PS_SUPPKEY) gives a part its suppliers.
    """

    layout: FixedCount
    parents: int

    def choose(self, numbers: Numbers) -> Numbers:
        counting, place = self.layout.locate(numbers)
        parents = np.int64(self.parents)
        return (counting + 1 + place * (parents // self.layout.count + counting // parents)) % parents

    @property
    def is_distinct(self) -> bool:
        """Whether no row that rows are counted for has a parent twice."""
        least = self.parents // self.layout.count
        # Two rows of one part meet where a multiple of the distance is a multiple of the parents.
        steps = np.arange(least, least + max(self.layout.parents - 1, 0) // max(self.parents, 1) + 1, dtype=np.int64)
        return all((steps * place % max(self.parents, 1)).all() for place in range(1, self.layout.count))


@dataclass(frozen=True)
class Unlike(ParentSampler):
    """Never the parent row that another link has: `rest` chooses among one parent fewer."""

    rest: ParentSampler
    other: Link

    def choose(self, numbers: Numbers) -> Numbers:
        chosen = self.rest.choose(numbers)
        # One parent fewer is drawn from, and those from the other's on move up by one:
        # all but that one are equally likely.
        return chosen + (chosen >= self.other.parents(numbers)[0])


def pair_sizes(parents: int) -> tuple[int, int]:
    """The sizes of the two draws that make a pair of different parents: their product is the number of pairs."""
    # The second size is odd either way, so that the product is parents * (parents - 1) / 2.
    return parents // 2, (parents - 1) | 1


@dataclass(frozen=True)
class OrderedPair(ParentSampler):
    """The earlier or the later of two different parents, all pairs of which are alike.

    The triangle of pairs (i < j) is folded into a rectangle, a long row beside a short one, so that two independent
    draws, or two digits of a permutation, make each pair once.
    """

    row: ParentSampler
    place: ParentSampler
    parents: int
    later: bool

    def choose(self, numbers: Numbers) -> Numbers:
        row, place = self.row.choose(numbers), self.place.choose(numbers)
        last, odd = np.int64(self.parents - 1), self.parents % 2
        inside = place > row if odd else place >= row
        if self.later:
            return np.where(inside, place + (1 - odd), last - place)
        return np.where(inside, row, last - odd - row)


@dataclass(frozen=True)
class Following(ParentSampler):
    """Where a link of the row's parent leads: the first of several paths that there is, `rest` where there is none."""

    paths: tuple[tuple[Link, Link], ...]
    rest: ParentSampler

    def choose(self, numbers: Numbers) -> Numbers:
        chosen = self.rest.choose(numbers)
        # From the last path to the first, so that the first that there is has the last word.
        for first, second in reversed(self.paths):
            parents, missing = first.parents(numbers)
            found, lacking = second.parents(parents)
            for gone in (missing, lacking):
                found = found if gone is None else np.where(gone, chosen, found)
            chosen = found
        return chosen


@dataclass(frozen=True)
class Counted(ParentSampler):
    """The parent that the entity's rows are counted by."""

    layout: Layout

    def choose(self, numbers: Numbers) -> Numbers:
        return self.layout.locate(numbers)[0]


@dataclass(frozen=True)
class EachOf(ParentSampler):
    """Every parent once, in their order, from the row `start` on; the rows before and after have none."""

    may_lack = True

    start: int
    parents: int
    first: int = 0

    def choose(self, numbers: Numbers) -> Numbers:
        place = numbers - self.start
        return np.where((place >= 0) & (place < self.parents), place + self.first, np.int64(-1))


class Nulls(Protocol):
    """Tells which rows have no parent; drawn: those that would have none by the link's null rate."""

    def missing(self, numbers: Numbers, drawn: NDArray[np.bool_]) -> NDArray[np.bool_]: ...


@dataclass(frozen=True)
class Link:
    """A link as the plan settled it: the parent entity, and how its rows are chosen.

    `null_rates`, where given, counts instead of `null_rate`: rows alone know it, by `missing`. `older` holds, where
    that matters, the parents of the rows that a target holds already, by row number: -1 for none.
    `row`, where given, names the column that says which parent, from 1, of `count`; the chooser then draws nothing.
    """

    name: str
    parent: str
    chooser: ParentSampler
    null_key: int = 0
    null_rate: float = 0.0
    layout: Layout | None = None
    older: Numbers | None = field(default=None, compare=False, repr=False)
    nulls: Nulls | None = None
    null_rates: NullRates | None = None
    row: str = ""
    count: int = 0

    @property
    def is_optional(self) -> bool:
        """Whether rows may have no parent, or one that a target holds."""
        return bool(self.null_rate) or self.nulls is not None or (self.older is not None and bool(len(self.older)))

    def missing(self, numbers: Numbers, column: Callable[[str], pa.Array]) -> NDArray[np.bool_] | None:
        """Which rows are without a parent by another column's value, in addition to those that `parents` tells."""
        if self.null_rates is None:
            return None
        drawn = streams.unit(streams.draw(self.null_key, numbers))
        found = self.null_rates.missing(column(self.null_rates.column), drawn)
        # Rows that a target holds already keep the parents that they have there.
        return found if self.older is None else found & (numbers >= len(self.older))

    def parents(
        self, numbers: Numbers, column: Callable[[str], pa.Array] | None = None
    ) -> tuple[Numbers, NDArray[np.bool_] | None]:
        """The parents' row numbers, and which rows have none (None: all have one; their number is then 0).

        `column` gives the rows' own columns; only a link that names one asks for it.
        """
        if self.row and column is not None:
            named = column(self.row).cast(pa.int64())
            missing = named.is_null().to_numpy(zero_copy_only=False) if named.null_count else None
            chosen = (named.fill_null(1).to_numpy() - 1) % np.int64(max(self.count, 1))
        else:
            # Every row has a number chosen, also where it has no parent: what others draw doesn't depend on it.
            chosen = self.chooser.choose(numbers)
            missing = chosen < 0 if self.chooser.may_lack else None
        if (self.null_rate and self.null_rates is None) or self.nulls is not None:
            drawn = streams.unit(streams.draw(self.null_key, numbers)) < self.null_rate
            drawn = drawn if self.nulls is None else self.nulls.missing(numbers, drawn)
            missing = drawn if missing is None else missing | drawn
        if self.older is not None and len(self.older):
            old = numbers < len(self.older)
            there = self.older[np.where(old, numbers, 0)]
            chosen = np.where(old, there, chosen)
            missing = np.where(old, there < 0, False if missing is None else missing)
        # A missing parent is row 0, so that columns of parents can be computed at any row.
        return (chosen if missing is None else np.where(missing, 0, chosen)), missing
