"""What follows from another column's value: the generator of a row's value, or its share of nulls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from sdgen.generators.base import ColumnBatch, ColumnContext, Dependency, Generator, ParamError
from sdgen.generators.nested.nested_generator import NestedGenerator
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.model import case_names
from sdgen.scenario.types import KINDS, NESTED, Type


def case_numbers(values: pa.Array, cases: Sequence[str]) -> Numbers:
    """For each value its place among the cases, which are written as texts; their number where it is none of them."""
    plain = pc.cast(values, values.type.value_type) if pa.types.is_dictionary(values.type) else values
    places = pc.index_in(plain.cast(pa.string()), value_set=pa.array(cases, pa.string()), skip_nulls=True)
    found: Numbers = np.asarray(places.fill_null(len(cases))).astype(np.int64)
    return found


@dataclass(frozen=True)
class NullRates:
    """The shares of nulls by a column's value; `otherwise` where the value is none of those."""

    column: str
    rates: Mapping[str, float]
    otherwise: float

    def missing(self, values: pa.Array, drawn: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which rows are null. drawn: a number in [0, 1) for each."""
        rates = np.array([*self.rates.values(), self.otherwise])
        missing: NDArray[np.bool_] = drawn < rates[case_numbers(values, list(self.rates))]
        return missing


@register("given")
class Given(Generator):
    """Values of one of several generators, chosen by the value of another column of the row.

    Values of that column are written as texts. The type where the column names none is that of the first case.
    """

    fits: ClassVar[frozenset[str]] = KINDS
    example: ClassVar[str] = (
        "{type: text, generator: given, params: {column: title, cases:"
        " {Draft: {generator: const, params: {value: hidden}}},"
        " otherwise: {generator: choice, params: {values: [shown, sold]}}}}"
    )

    column: str = Field(min_length=1, description="the column whose value chooses; it holds no arrays, maps or structs")
    cases: Annotated[dict[str, NestedGenerator], BeforeValidator(case_names)] = Field(
        min_length=1, max_length=1024, description="by the column's value, the generator for the rows that have it"
    )
    otherwise: NestedGenerator | None = Field(None, description="for all other rows; null where left out")

    @cached_property
    def parts(self) -> tuple[tuple[str, NestedGenerator], ...]:
        """The cases by the paths of their params, what is for all others at the end."""
        cases = tuple((f"cases.{name}", part) for name, part in self.cases.items())
        return cases if self.otherwise is None else (*cases, ("otherwise", self.otherwise))

    @property
    def gives_null(self) -> bool:
        return any(part.made.gives_null for _, part in self.parts)

    @property
    def may_be_null(self) -> bool:
        return self.otherwise is None or any(part.made.may_be_null for _, part in self.parts)

    def natural(self) -> Type:
        return self.natural_for({})

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        return self.parts[0][1].type_for(types)

    def resolved(self, links: Mapping[str, str]) -> Generator:
        update: dict[str, Any] = {"cases": {name: part.resolved(links) for name, part in self.cases.items()}}
        update["otherwise"] = self.otherwise and self.otherwise.resolved(links)
        return self.model_copy(update=update)

    def needs(self) -> tuple[Dependency, ...]:
        inner = (need for _, part in self.parts for need in part.made.needs())
        return tuple(dict.fromkeys((Dependency(self.column, param="column"), *inner)))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        for path, part in self.parts:
            yield from part.faults(facts, facts.type, path)

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        other = types.get(Dependency(self.column))
        if other is not None and other.kind in NESTED:
            yield ParamError("column", f"{self.column} is {other}, whose values are no single ones", "name another")
        for path, part in self.parts:
            yield from part.type_faults(types, path)

    def values(self, cells: ColumnBatch) -> pa.Array:
        type = cells.facts.type
        chosen = case_numbers(cells.column(self.column), list(self.cases))
        made = [part.values(cells.inner(f"{path}/", type), type) for path, part in self.parts]
        made += [pa.nulls(len(cells), type.arrow)] if self.otherwise is None else []
        return pa.concat_arrays(made).take(pa.array(chosen * len(cells) + np.arange(len(cells))))
