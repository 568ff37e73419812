"""Mixtures: each row's value comes from one of several generators, by weight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field, FiniteFloat, model_validator

from sdgen.generators.base import ColumnBatch, ColumnContext, Dependency, Generator, ParamError
from sdgen.generators.nested.nested_generator import NestedGenerator
from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.registry import register
from sdgen.scenario.types import KINDS, Type


class Part(NestedGenerator):
    """One generator of a mixture, and its weight."""

    weight: FiniteFloat = Field(1.0, ge=0, description="its share: fractions, percents or any numbers, none below 0")


@register("mixture")
class Mixture(Generator):
    """Values of several generators, each row's from one of them, by weight: ordinary ones, and now and then an extreme.

    The type where the column names none is that of the first part.
    """

    fits: ClassVar[frozenset[str]] = KINDS
    example: ClassVar[str] = (
        "{type: int, generator: mixture, params: {parts:"
        " [{generator: normal, params: {mean: 680, std: 80, min: 300, max: 850}, weight: 95},"
        " {generator: choice, params: {values: [300, 850]}, weight: 5}]}}"
    )

    parts: tuple[Part, ...] = Field(min_length=1, max_length=64, description="the generators, each with a weight")

    @model_validator(mode="after")
    def _some_weight(self) -> Mixture:
        if not any(part.weight for part in self.parts):
            raise ValueError("give at least one part a weight above 0")
        return self

    @property
    def gives_null(self) -> bool:
        return any(part.made.gives_null for part in self.parts if part.weight)

    @property
    def may_be_null(self) -> bool:
        return any(part.made.may_be_null for part in self.parts)

    def natural(self) -> Type:
        return self.natural_for({})

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        return self.parts[0].type_for(types)

    def resolved(self, links: Mapping[str, str]) -> Generator:
        return self.model_copy(update={"parts": tuple(part.resolved(links) for part in self.parts)})

    def needs(self) -> tuple[Dependency, ...]:
        return tuple(dict.fromkeys(need for part in self.parts for need in part.made.needs()))

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
        chosen = self.table.pick(cells.draw("part"))
        made = [part.values(cells.inner(f"part/{place}", type), type) for place, part in enumerate(self.parts)]
        places = chosen * len(cells) + np.arange(len(cells))
        return pa.concat_arrays(made).take(pa.array(places))
