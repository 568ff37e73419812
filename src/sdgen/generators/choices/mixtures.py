"""Mixtures: each row's value comes from one of several generators, by weight or by what another column holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BeforeValidator, Field, FiniteFloat, model_validator

from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.nested.nested_generator import NestedGenerator
from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.output import several
from sdgen.scenario.types import KINDS, Type


class MixturePart(NestedGenerator):
    """One generator of a mixture, and its weight or the values of another column that it belongs to."""

    weight: FiniteFloat = Field(1.0, ge=0, description="its share: fractions, percents or any numbers, none below 0")
    when: Annotated[tuple[Any, ...], BeforeValidator(several)] = Field(
        (), description="with by: the column's values that this part is for, null among them; a list, or one"
    )


@register("mixture")
class Mixture(Generator):
    """Values of several generators, each row's from one of them, by weight: ordinary ones, and now and then an extreme.

    With `by`, another column of the row says which: rows whose value is of no part are null. The type where the column
    names none is that of the first part.
    """

    fits: ClassVar[frozenset[str]] = KINDS
    example: ClassVar[str] = (
        "{type: int, generator: mixture, params: {parts:"
        " [{generator: normal, params: {mean: 680, std: 80, min: 300, max: 850}, weight: 95},"
        " {generator: choice, params: {values: [300, 850]}, weight: 5}]}}"
    )

    parts: tuple[MixturePart, ...] = Field(
        min_length=1, max_length=64, description="the generators, each with a weight"
    )
    by: str = Field("", description="a column of the same row that chooses the part, instead of the weights")

    @model_validator(mode="after")
    def _some_weight(self) -> Mixture:
        if not any(part.weight for part in self.parts):
            raise ValueError("give at least one part a weight above 0")
        if any(bool(part.when) != bool(self.by) for part in self.parts):
            raise ValueError("with by, each part says when it is taken; without it, none does")
        return self

    @property
    def gives_null(self) -> bool:
        return any(part.made.gives_null or part.null_rate for part in self.parts if part.weight)

    @property
    def may_be_null(self) -> bool:
        return bool(self.by) or self.gives_null or any(part.made.may_be_null for part in self.parts)

    def natural(self) -> Type:
        return self.natural_for({})

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        return self.parts[0].type_for(types)

    def resolved(self, links: Mapping[str, str]) -> Generator:
        return self.model_copy(update={"parts": tuple(part.resolved(links) for part in self.parts)})

    def needs(self) -> tuple[Dependency, ...]:
        own = (Dependency(self.by, param="by"),) if self.by else ()
        return tuple(dict.fromkeys([*own, *(need for part in self.parts for need in part.made.needs())]))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        for place, part in enumerate(self.parts):
            yield from part.faults(facts, facts.type, f"parts.{place}")

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        for place, part in enumerate(self.parts):
            yield from part.type_faults(types, f"parts.{place}")

    @cached_property
    def table(self) -> AliasTable:
        return alias_table([part.weight for part in self.parts])

    def values(self, cells: ColumnBatch) -> pa.Array:
        type = cells.facts.type
        # The purpose of its own: the part's draw must be independent of the values' draws.
        chosen = self._by(cells.column(self.by)) if self.by else self.table.pick(cells.draw("part"))
        # Every part makes all rows, so that a row's value doesn't depend on which part the other rows have.
        made = [part.values(cells.inner(f"part/{place}", type), type) for place, part in enumerate(self.parts)]
        places = chosen * len(cells) + np.arange(len(cells))
        return pa.concat_arrays(made).take(pa.array(places, mask=chosen < 0 if self.by else None))

    def _by(self, column: pa.Array) -> Numbers:
        """The part of each row by a column's values, compared as texts; -1 where it is of none."""
        # Reversed, so that the first part that names a value keeps it.
        listed = [(value, place) for place, part in reversed([*enumerate(self.parts)]) for value in part.when]
        places = {_text(value): place for value, place in listed if value is not None}
        empty = next((place for place, part in enumerate(self.parts) if None in part.when), -1)
        values = column.dictionary.take(column.indices) if pa.types.is_dictionary(column.type) else column
        found = pc.index_in(cast_array(values, Type("text"), pa.string()), value_set=pa.array([*places], pa.string()))
        parts: Numbers = np.array([*places.values(), -1])[np.asarray(found.fill_null(len(places)))]
        return np.where(np.asarray(pc.is_null(values)), empty, parts)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
