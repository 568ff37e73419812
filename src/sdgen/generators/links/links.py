"""Links: which parent row a row belongs to, and values taken from it.

A link draws the parent's row number; the parent's key is then computed at that row. No key is ever stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, field_validator

from sdgen.errors import did_you_mean
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.links.parent_sampler import Zipf
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import INTEGERS, KINDS, Type


class Quota(BaseModel):
    """An exact number of children for one parent row."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    row: int = Field(0, ge=0, description="the parent's row number, from 0; fixed rows come first")
    where: dict[str, Any] | None = Field(None, description="instead of row: values that one fixed row has")
    count: int = Field(ge=0, description="how many rows link to it, no more and no fewer")


class Among(BaseModel):
    """Which parents rows belong to, one each: of so many parents in a row, those at some places."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    every: int = Field(ge=1, le=1000, description="how many parents in a row are told apart")
    at: tuple[int, ...] = Field(min_length=1, description="the places of those that have a row, from 0, ascending")

    def parents(self, count: int) -> int:
        """How many of so many parents have a row."""
        return count // self.every * len(self.at) + sum(place < count % self.every for place in self.at)


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
    weights_by_place: tuple[tuple[float, ...], ...] = Field(
        (),
        description="weighted: instead, a list of weights for the first of the rows that are counted for one parent, "
        "one for the second, and so on; the last one for all further rows",
    )
    one_to_one: bool = Field(False, description="no parent twice")
    among: Among | None = Field(
        None, description="one row for each of some parents: {every: 3, at: [1]}, the second of three"
    )
    spread: bool = Field(
        False,
        description="the rows of one parent that rows are counted by have parents at even distances, none twice",
    )
    quota: tuple[Quota, ...] = Field((), description="exact numbers of rows for some parents; none besides")
    distinct: bool = Field(
        False, description="no parent twice among the rows of one parent they are counted by; else no parent twice"
    )
    roots: int = Field(
        1, ge=0, description="in a tree: how many rows at the start have no parent; 0: the first row's is the second"
    )
    depth: int = Field(
        0, ge=0, le=24, description="in a tree: the most levels it has, roots being the first; 0 for any"
    )
    within: str = Field(
        "", description="another link: take a parent that belongs to the same row as that link's parent (one tenant's)"
    )
    unlike: str = Field("", description="another link to the same entity: never the parent row which that one has")
    later_than: str = Field(
        "", description="another link to the same entity: always a later parent row than that one's"
    )
    follows: tuple[str, ...] = Field(
        (), description="links of parents, as order_id.customer_id: lead where the first of them that there is leads"
    )
    row: str = Field(
        "", description="a column that says which parent row, counted from 1; beyond the last come the first ones again"
    )
    sharing: dict[str, str] = Field(
        {},
        max_length=1,
        description="a link of the parent's, and one of this row's, or of a parent of it, that leads to the same row: "
        "{team_id: task_id.team_id}; any parent where there is no such",
    )
    null_rate: float | None = Field(None, ge=0, le=1, description="the share of rows without a parent")

    @field_validator("follows", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @property
    def followed(self) -> tuple[Dependency, ...]:
        """The links to follow: each a column of the parent that another link leads to."""
        parts = (path.rpartition(".") for path in self.follows)
        return tuple(Dependency(column, link) for link, _, column in parts)

    @property
    def shared(self) -> tuple[Dependency, ...]:
        """This row's link that `sharing` names, or its parent's, and the link of the parents that are chosen among."""
        ways = ((theirs, *own.rpartition(".")[::2]) for theirs, own in self.sharing.items())
        return tuple(need for theirs, link, column in ways for need in (Dependency(column, link), Dependency(theirs)))

    def needs(self) -> tuple[Dependency, ...]:
        needs = (*self.followed, *self.shared[::2])
        return (*needs, Dependency(self.row)) if self.row else needs

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        type = types.get(Dependency(self.row)) if self.row else None
        if type is not None and type.kind not in INTEGERS:
            yield ParamError("row", f"{self.row} is {type}, and a row's number is whole", "cast it to int")

    def natural(self) -> Type:
        raise LookupError("a foreign key takes its parent's type")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        lists = self.weights_by_place or (self.weights,)
        param = "weights_by_place" if self.weights_by_place else "weights"
        if any(lists) and self.distribution != "weighted":
            what = "weights are given, but the distribution is not weighted"
            yield ParamError(param, what, "add distribution: weighted")
        if self.distribution == "weighted" and any(not each or min(each) < 0 or sum(each) <= 0 for each in lists):
            yield ParamError(param, "weights must be zero or more, and not all zero")
        if self.weights_by_place and (self.weights or self.quota):
            yield ParamError("weights_by_place", "weights by place take neither weights nor quotas beside them")
        if self.one_to_one and (self.distribution != "uniform" or self.quota):
            yield ParamError("one_to_one", "a one-to-one link takes neither a distribution nor quotas")
        if self.unlike and (self.within or self.quota or self.distribution == "weighted" or self.one_to_one):
            yield ParamError(
                "unlike", "a link unlike another takes neither weights nor quotas nor within nor one_to_one"
            )
        if self.within and (self.one_to_one or self.quota or self.distribution != "uniform" or self.depth):
            what = "a link within another's row takes neither a distribution nor quotas nor one_to_one nor depth"
            yield ParamError("within", what)
        if self.later_than and (self.within or self.quota or self.one_to_one or self.unlike or self.follows):
            what = "a link later than another takes neither quotas nor within, unlike, follows nor one_to_one"
            yield ParamError("later_than", what)
        if self.later_than and self.distribution != "uniform":
            yield ParamError(
                "later_than", "two links in order are drawn together, all pairs alike", "drop distribution"
            )
        if not self.roots and (self.depth or self.within):
            yield ParamError("roots", "a tree without roots takes neither depth nor within", "give it one root or more")
        settled = self.quota or self.one_to_one or self.distinct or self.unlike or self.later_than
        drawn = settled or self.distribution != "uniform"
        if facts.entity == self.entity and drawn:
            what = "a link to the same entity draws an earlier row; it takes only roots, depth, within and null_rate"
            yield ParamError("entity", what)
        if self.among is not None:
            if not all(0 <= place < self.among.every for place in self.among.at) or [*self.among.at] != sorted(
                {*self.among.at}
            ):
                yield ParamError("among", "places are from 0 to below every, ascending, none twice")
            if drawn or self.within or facts.entity == self.entity:
                yield ParamError("among", "which parent a row has follows from its number: nothing else may say so")
        if self.row and (
            drawn or self.within or self.among or self.follows or self.spread or facts.entity == self.entity
        ):
            yield ParamError("row", f"which parent a row has follows from {self.row}: nothing else may say so")
        if self.sharing and (
            settled
            or self.within
            or self.among
            or self.row
            or self.spread
            or self.follows
            or facts.entity == self.entity
        ):
            what = "a link that shares another's row takes neither quotas nor within, unlike, distinct or one_to_one"
            yield ParamError("sharing", what, "leave them out")
        if self.spread and (drawn or self.within or self.among or self.follows or facts.entity == self.entity):
            yield ParamError("spread", "which parent a row has follows from its number: nothing else may say so")
        if self.depth == 1:
            yield ParamError("depth", "a tree of one level has no links", "give a depth of 2 or more, or 0 for any")
        if facts.entity != self.entity and (self.depth or self.roots != 1):
            yield ParamError(
                "depth" if self.depth else "roots", "only a link to the same entity makes a tree", "leave it out"
            )

    @property
    def passes_null(self) -> bool:
        return True

    def values(self, cells: ColumnBatch) -> pa.Array:
        # The parent's key is computed at the row that was drawn, so that no list of keys is ever kept.
        return cells.rows.parent(self.via or cells.facts.column).column(self.column)


class ElementLink(Generator):
    """A link inside a struct or an array: a row of another entity for each element, drawn as links are."""

    entity: str = Field(description="the parent entity")
    column: str = Field(description="the parent's column whose values these are")
    distribution: Literal["uniform", "zipf"] = Field("uniform", description="how parents share the elements")
    exponent: float = Field(1.0, gt=0, le=4, description="zipf: the larger, the more uneven")

    def needs(self) -> tuple[Dependency, ...]:
        return (Dependency(self.column, entity=self.entity),)

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        type = types.get(self.needs()[0])
        if type is None:
            raise LookupError("a link takes its parent's type")
        return type

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if facts.entity == self.entity:
            yield ParamError("entity", "a link inside a column leads to another entity", "give it a column of its own")

    def values(self, cells: ColumnBatch) -> pa.Array:
        def pick(parents: int) -> Numbers:
            if self.distribution == "uniform":
                return cells.below(parents, "parent")
            # Elements have numbers of their own, which are drawn as rows are.
            return Zipf(cells.key("parent"), parents, self.exponent).choose(cells.numbers)

        return cells.rows.others(self.entity, pick).column(self.column)


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
        return self.model_copy(update={"link": resolve_link(self.link or link, links), "column": column})

    def needs(self) -> tuple[Dependency, ...]:
        return (Dependency(self.column, self.link),)

    @property
    def passes_null(self) -> bool:
        return True

    def values(self, cells: ColumnBatch) -> pa.Array:
        return cells.rows.parent(self.link).column(self.column)


def resolve_link(name: str, links: Mapping[str, str]) -> str:
    """The link that a name stands for: the link itself, or the one link to the parent entity of that name.

    `links` maps each link (the name of its foreign key column) to its parent entity. A name that is both is
    the link. ValueError says what the name could have been.
    """
    if name in links:
        return name
    found = [link for link, entity in links.items() if entity == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(
            f"{name!r} is reached by {len(found)} links: write one of " + ", ".join(sorted(found)) + " instead"
        )
    if not links:
        raise ValueError(f"{name!r} is no parent of this entity: it has no links")
    hint = did_you_mean(name, {*links, *links.values()}, "links: " + ", ".join(sorted(links)))
    raise ValueError(f"{name!r} is neither a link nor a parent of this entity; {hint}")
