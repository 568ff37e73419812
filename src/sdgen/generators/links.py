"""Links: which parent row a row belongs to, and values taken from it.

A link draws the parent's row number; the parent's key is then computed at that row. No key is ever stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from sdgen.generators import draws
from sdgen.generators.aliases import AliasTable, alias_table
from sdgen.generators.base import Cells, Facts, Fault, Generator, Need
from sdgen.generators.counts import Layout
from sdgen.generators.distributions import zipf_ranks
from sdgen.generators.domains import Exchange, permute
from sdgen.generators.draws import Numbers
from sdgen.generators.references import resolve
from sdgen.generators.registry import register
from sdgen.scenario.types import KINDS, Type


class Quota(BaseModel):
    """An exact number of children for one parent row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: int = Field(0, ge=0, description="the parent's row number, from 0; fixed rows come first")
    where: dict[str, Any] | None = Field(None, description="instead of row: values that one fixed row has")
    count: int = Field(ge=0, description="how many rows link to it, no more and no fewer")


@register("fk")
class ForeignKey(Generator):
    """A foreign key: the value of a parent row's key column."""

    fits: ClassVar[frozenset[str]] = KINDS
    example: ClassVar[str] = "{generator: fk, params: {entity: customers, column: id, distribution: zipf}}"

    entity: str = Field(description="the parent entity; the entity's own name makes a tree")
    column: str = Field(description="the parent's column whose values these are")
    via: str = Field("", description="take the same parent row as the link of this name")
    distribution: Literal["uniform", "zipf", "weighted"] = Field(
        "uniform", description="how parents share the rows: all alike, a few with most, or by weights"
    )
    exponent: float = Field(1.0, gt=0, le=4, description="zipf: the larger, the more uneven")
    weights: tuple[float, ...] = Field(
        (), description="weighted: one weight for each parent row, in row order; repeated where there are more parents"
    )
    one_to_one: bool = Field(False, description="no parent twice")
    quota: tuple[Quota, ...] = Field((), description="exact numbers of rows for some parents; none besides")
    distinct: bool = Field(
        False, description="no parent twice among the rows of one parent they are counted by; else no parent twice"
    )
    roots: int = Field(1, ge=1, description="in a tree: how many rows at the start have no parent")
    depth: int = Field(
        0, ge=0, le=24, description="in a tree: the most levels it has, roots being the first; 0 for any"
    )
    within: str = Field(
        "", description="another link: take a parent that belongs to the same row as that link's parent (one tenant's)"
    )
    unlike: str = Field("", description="another link to the same entity: never the parent row which that one has")
    null_rate: float | None = Field(None, ge=0, le=1, description="the share of rows without a parent")

    def natural(self) -> Type:
        raise LookupError("a foreign key takes its parent's type")

    def faults(self, facts: Facts) -> Iterable[Fault]:
        if self.weights and self.distribution != "weighted":
            yield Fault(
                "weights",
                "weights are given, but the distribution is not weighted",
                "add distribution: weighted",
            )
        if self.distribution == "weighted" and (not self.weights or min(self.weights) < 0 or sum(self.weights) <= 0):
            yield Fault("weights", "weights must be zero or more, and not all zero")
        if self.one_to_one and (self.distribution != "uniform" or self.quota):
            yield Fault("one_to_one", "a one-to-one link takes neither a distribution nor quotas")
        if self.unlike and (self.within or self.quota or self.distribution == "weighted" or self.one_to_one):
            yield Fault("unlike", "a link unlike another takes neither weights nor quotas nor within nor one_to_one")
        if self.within and (self.one_to_one or self.quota or self.distribution != "uniform" or self.depth):
            what = "a link within another's row takes neither a distribution nor quotas nor one_to_one nor depth"
            yield Fault("within", what)
        drawn = self.quota or self.one_to_one or self.distinct or self.unlike or self.distribution != "uniform"
        if facts.entity == self.entity and drawn:
            what = "a link to the same entity draws an earlier row; it takes only roots, depth, within and null_rate"
            yield Fault("entity", what)
        if self.depth == 1:
            yield Fault("depth", "a tree of one level has no links", "give a depth of 2 or more, or 0 for any")
        if facts.entity != self.entity and (self.depth or self.roots > 1):
            yield Fault(
                "depth" if self.depth else "roots", "only a link to the same entity makes a tree", "leave it out"
            )

    def values(self, cells: Cells) -> pa.Array:
        return cells.rows.parent(self.via or cells.facts.column).column(self.column)


@register("parent")
class Parent(Generator):
    """Another column of the row's parent, through a link: copied, so that both always agree."""

    fits: ClassVar[frozenset[str]] = KINDS
    example: ClassVar[str] = "{generator: parent, params: {column: customer_id.country}}"

    column: str = Field(description="`link.column`, or `entity.column` where one link leads to that entity")
    link: str = Field("", description="the link, where `column` does not name it")

    def natural(self) -> Type:
        raise LookupError("a parent's column brings its type")

    def resolved(self, links: Mapping[str, str]) -> Generator:
        link, _, column = self.column.rpartition(".")
        if not link and not self.link and len(links) == 1:
            link = next(iter(links))
        return self.model_copy(update={"link": resolve(self.link or link, links), "column": column})

    def needs(self) -> tuple[Need, ...]:
        return (Need(self.column, self.link),)

    def values(self, cells: Cells) -> pa.Array:
        return cells.rows.parent(self.link).column(self.column)


class Chooser(Protocol):
    """Draws a parent's row number for each row; -1 where a row has none."""

    def choose(self, numbers: Numbers) -> Numbers: ...


@dataclass(frozen=True)
class Uniform:
    """Every parent is equally likely."""

    key: int
    parents: int

    def choose(self, numbers: Numbers) -> Numbers:
        return draws.below(draws.draw(self.key, numbers), self.parents)


@dataclass(frozen=True)
class Zipf:
    """The n-th most popular parent has a share of 1 / n^exponent; who is popular is shuffled."""

    key: int
    parents: int
    exponent: float

    def choose(self, numbers: Numbers) -> Numbers:
        ranks = zipf_ranks(draws.draw(self.key, numbers), self.parents, self.exponent)
        return permute(self.key, ranks, self.parents)


@dataclass(frozen=True, eq=False)
class Weighted:
    """Parents by weight. The weights repeat over the parents: parent p has the weight p modulo their number."""

    key: int
    parents: int
    table: AliasTable

    def choose(self, numbers: Numbers) -> Numbers:
        words = draws.draw(self.key, numbers)
        places = self.table.pick(words)
        size = np.int64(len(self.table.aliases))
        return places + size * draws.below_each(draws.mix(words), (self.parents - 1 - places) // size + 1)


def weighted(key: int, parents: int, weights: Sequence[float]) -> Weighted:
    """Parents by weights that repeat where there are more parents; those beyond the parents are left out."""
    used = weights[:parents]
    shares = [weight * ((parents - 1 - place) // len(used) + 1) for place, weight in enumerate(used)]
    return Weighted(key, parents, alias_table(shares if sum(shares) > 0 else [1.0] * len(used)))


@dataclass(frozen=True)
class OneToOne:
    """No parent twice: a permutation of the parents. `exchange` keeps rows away from parents that are taken."""

    key: int
    parents: int
    exchange: Exchange | None = None

    def choose(self, numbers: Numbers) -> Numbers:
        return permute(self.key, numbers if self.exchange is None else self.exchange.of(numbers), self.parents)


@dataclass(frozen=True)
class Unlike:
    """Never the parent row that another link has: `rest` chooses among one parent fewer."""

    rest: Chooser
    other: Link

    def choose(self, numbers: Numbers) -> Numbers:
        chosen = self.rest.choose(numbers)
        return chosen + (chosen >= self.other.parents(numbers)[0])


@dataclass(frozen=True)
class Counted:
    """The parent that the entity's rows are counted by."""

    layout: Layout

    def choose(self, numbers: Numbers) -> Numbers:
        return self.layout.locate(numbers)[0]


@dataclass(frozen=True)
class Tree:
    """An earlier row of the same entity, so that there is no cycle; the first `roots` rows have none."""

    key: int
    roots: int

    def choose(self, numbers: Numbers) -> Numbers:
        earlier = draws.below_each(draws.draw(self.key, numbers), np.maximum(numbers, 1))
        return np.where(numbers < self.roots, np.int64(-1), earlier)


@dataclass(frozen=True)
class LevelTree:
    """A tree of `depth` levels, however many rows it has: each row's level follows from its number.

    After the roots come blocks of 1, 2, 4 … rows of the second, third, fourth … level. A row's parent is any row of the
    level above in its own block or one before, so it is an earlier row.
    """

    key: int
    roots: int
    depth: int

    def choose(self, numbers: Numbers) -> Numbers:
        block_rows = np.int64((1 << self.depth - 1) - 1)
        block, place = np.divmod(np.maximum(numbers - self.roots, 0), block_rows)
        above = np.frexp((place + 1).astype(np.float64))[1] - 2  # the level over the row's own: -1 is the roots'
        width = np.int64(1) << np.maximum(above, 0).astype(np.int64)
        drawn = draws.below_each(draws.draw(self.key, numbers), np.where(above < 0, self.roots, (block + 1) * width))
        chosen_block, chosen = np.divmod(drawn, width)
        inner = self.roots + chosen_block * block_rows + (width - 1) + chosen
        return np.where(numbers < self.roots, np.int64(-1), np.where(above < 0, drawn, inner))


@dataclass(frozen=True)
class Within:
    """A parent among the rows that belong to one row further up, the same that another link's parent belongs to.

    `layouts` lead from the parents up to that row, `other_layouts` from the other link's parents. A row whose tenant,
    say, has no such parent has none.
    """

    key: int
    layouts: tuple[Layout, ...]
    other: Link
    other_layouts: tuple[Layout, ...]

    def choose(self, numbers: Numbers) -> Numbers:
        first, count = self.room(numbers)
        drawn = draws.below_each(draws.draw(self.key, numbers), np.maximum(count, 1))
        return np.where(count > 0, first + drawn, np.int64(-1))

    def room(self, numbers: Numbers) -> tuple[Numbers, Numbers]:
        """For each row the first parent it may have, and how many there are."""
        shared, _ = self.other.parents(numbers)
        for layout in self.other_layouts:
            shared = layout.locate(shared)[0]
        first, end = shared, shared + 1
        for layout in reversed(self.layouts):
            first, end = layout.starts(first), layout.starts(end)
        return first, end - first


@dataclass(frozen=True)
class DistinctWithin:
    """As Within, with no parent twice among the rows that `layout` counts for one row: their places, turned by a draw.

    The most rows of one must be no more than the fewest parents it may have.
    """

    within: Within
    layout: Layout

    def choose(self, numbers: Numbers) -> Numbers:
        first, count = self.within.room(numbers)
        counting, place = self.layout.locate(numbers)
        size = np.maximum(count, 1)
        turned = (draws.below_each(draws.draw(self.within.key, counting), size) + place) % size
        return np.where(place < count, first + turned, np.int64(-1))


@dataclass(frozen=True)
class TreeWithin:
    """An earlier row of those counted for the same row, so that there is no cycle; the first `roots` have none."""

    key: int
    roots: int
    layout: Layout

    def choose(self, numbers: Numbers) -> Numbers:
        place = self.layout.locate(numbers)[1]
        earlier = numbers - 1 - draws.below_each(draws.draw(self.key, numbers), np.maximum(place, 1))
        return np.where(place < self.roots, np.int64(-1), earlier)


@dataclass(frozen=True)
class WithQuotas:
    """The first rows go to the parents with quotas, the rest to the others by `rest`.

    `named` holds those parents' row numbers in rising order, `ends` the running sums of their counts.
    """

    named: tuple[int, ...]
    ends: tuple[int, ...]
    rest: Chooser

    def choose(self, numbers: Numbers) -> Numbers:
        chosen = self.rest.choose(numbers)
        for parent in self.named:  # numbers of the others: skip each named parent, in rising order
            chosen += chosen >= parent
        quota = np.flatnonzero(numbers < self.ends[-1])
        places = np.searchsorted(np.array(self.ends), numbers[quota], side="right")
        chosen[quota] = np.array(self.named, dtype=np.int64)[places]
        return chosen


@dataclass(frozen=True)
class Link:
    """A link as the plan settled it: the parent entity, and how its rows are chosen."""

    name: str
    parent: str
    chooser: Chooser
    null_key: int = 0
    null_rate: float = 0.0
    layout: Layout | None = None

    def parents(self, numbers: Numbers) -> tuple[Numbers, NDArray[np.bool_] | None]:
        """The parents' row numbers, and which rows have none (None: all have one; their number is then 0)."""
        chosen = self.chooser.choose(numbers)
        missing = (
            chosen < 0 if isinstance(self.chooser, Tree | LevelTree | Within | DistinctWithin | TreeWithin) else None
        )
        if self.null_rate:
            drawn = draws.unit(draws.draw(self.null_key, numbers)) < self.null_rate
            missing = drawn if missing is None else missing | drawn
        return (chosen if missing is None else np.where(missing, 0, chosen)), missing
