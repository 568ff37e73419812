"""Links to rows of several tables: a column of the row names the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator

from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.base import Dependency, Generator
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.registry import register
from sdgen.scenario.types import KINDS, Type


@register("polymorphic")
class Polymorphic(Generator):
    """A row of one of several entities, whichever another column of the row names; null where it names none of them.

    What Rails calls a polymorphic association, Django a generic foreign key, Laravel a morph: `commentable_type` and
    `commentable_id`. The plan adds a hidden link for each of the entities.
    """

    fits: ClassVar[frozenset[str]] = KINDS
    example: ClassVar[str] = (
        "{type: bigint, generator: polymorphic,"
        " params: {type: commentable_type, to: {Post: posts.id, Photo: photos.id}}}"
    )

    type: str = Field(description="the column that names the entity")
    to: dict[str, str] = Field(
        min_length=1, description="what that column holds, and the column whose values are taken then: `entity.column`"
    )
    one_to_one: bool = Field(False, description="no row of an entity twice")

    @field_validator("to")
    @classmethod
    def _columns(cls, to: dict[str, str]) -> dict[str, str]:
        for target in to.values():
            if "." not in target.strip("."):
                raise ValueError(f"{target!r} names no column: write entity.column")
        return to

    def natural(self) -> Type:
        return Type("bigint")

    def needs(self) -> tuple[Dependency, ...]:
        return (Dependency(self.type, param="type"),)

    @property
    def passes_null(self) -> bool:
        return True

    @property
    def distinct_beside(self) -> str:
        """The column beside which no value stands twice; "" for none."""
        return self.type if self.one_to_one else ""

    def values(self, cells: ColumnBatch) -> pa.Array:
        # As text, since a scenario writes the types as keys of a mapping.
        kinds = _plain(cells.column(self.type)).cast(pa.string())
        type = cells.facts.type
        found = pa.nulls(len(cells), type.arrow)
        for kind, target in self.to.items():
            # Every type's link is drawn for all rows, so that a row's parent
            # doesn't depend on which types others have.
            taken = cells.rows.parent(hidden_link(cells.facts.column, kind)).column(target.rpartition(".")[2])
            there = pc.equal(kinds, kind).fill_null(False)
            found = pc.if_else(there, cast_array(_plain(taken), type, type.arrow), found)
        return found


def _plain(array: pa.Array) -> pa.Array:
    return array.dictionary_decode() if isinstance(array, pa.DictionaryArray) else array


def hidden_link(column: str, kind: str) -> str:
    """The name of the hidden link to the entity that a type stands for."""
    return f"{column}: {kind}"


# The hidden link is an ordinary one, so that growth, order of writing and keys are those of ordinary links.
def link_params(generator: Polymorphic, kind: str) -> Mapping[str, object]:
    """The params of the hidden link for a type."""
    entity, _, column = generator.to[kind].rpartition(".")
    return {"entity": entity, "column": column, **({"one_to_one": True} if generator.one_to_one else {})}
