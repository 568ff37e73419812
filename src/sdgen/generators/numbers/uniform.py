"""Numbers that are all equally likely: booleans, whole numbers, floats and decimals in a range."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat

from sdgen.generators.arrays.decimals import digits_for, places_faults, places_of, room_faults, steps
from sdgen.generators.arrays.fixed_text import array_over, booleans_over
from sdgen.generators.base import Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import Domain, Integers
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import INTEGERS, NUMBERS, Type

_INT64 = 1 << 63


def order_fault(low: object, high: object) -> ParamError:
    return ParamError("min", f"min {low} is more than max {high}", "swap them")


@dataclass(frozen=True)
class BooleanGenerator:
    """False and true."""

    size: int = 2

    def decode(self, indexes: Numbers) -> pa.Array:
        return booleans_over(indexes == 1)


@register("boolean")
class Boolean(Generator):
    """True or false, true with a given probability."""

    fits: ClassVar[frozenset[str]] = INTEGERS | {"bool"}
    rises: ClassVar[bool] = True
    example: ClassVar[str] = "{generator: boolean, params: {probability: 0.8}}"

    probability: float = Field(0.5, ge=0, le=1, description="how likely true is, from 0 to 1")

    def natural(self) -> Type:
        return Type("bool")

    def domain(self, facts: ColumnContext) -> Domain:
        return BooleanGenerator()

    def values(self, cells: ColumnBatch) -> pa.Array:
        if cells.facts.unique or cells.facts.joint is not None:
            return super().values(cells)
        # A probability of 1 has no word that could be compared with 2^64.
        if self.probability == 1:
            return booleans_over(np.ones(len(cells), dtype=np.bool_))
        # Values must rise with the draw that other columns follow, so that high words are true there.
        words = ~cells.draw() if cells.correlated else cells.draw()  # low draws are true where nothing follows them
        # The probability in parts of 2^64, compared as whole numbers.
        return booleans_over(words < np.uint64(int(self.probability * 2.0**64)))

    def ranks(self, cells: ColumnBatch) -> NDArray[np.float64]:
        # True is drawn by low words, and is the greater value: the rank runs the other way.
        return 1 - cells.unit()


@register("uniform_int")
class UniformInt(Generator):
    """Whole numbers from min to max, both included, all equally likely."""

    fits: ClassVar[frozenset[str]] = NUMBERS
    rises: ClassVar[bool] = True
    example: ClassVar[str] = "{generator: uniform_int, params: {min: 1, max: 6}}"

    min: int = Field(ge=-_INT64, lt=_INT64, description="the least value")
    max: int = Field(ge=-_INT64, lt=_INT64, description="the greatest value, itself included")
    step: int = Field(1, ge=1, lt=_INT64, description="the distance between neighbouring values, counted from min")

    def natural(self) -> Type:
        return Type("bigint")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if self.min > self.max:
            yield order_fault(self.min, self.max)
            return
        yield from room_faults(facts.type, self.min, self.max)
        distinct = facts.unique or facts.joint is not None
        if distinct and self.domain(facts).size >= _INT64:
            yield ParamError("max", "a unique column's range holds fewer than 2^63 values", "give a narrower range")
        if facts.type.kind in ("float", "double") and distinct:
            yield from places_faults(facts, 0, self.min, self.max, "max")

    def domain(self, facts: ColumnContext) -> Integers:
        return Integers(self.min, (self.max - self.min) // self.step + 1, self.step)


@register("uniform_float")
class UniformFloat(Generator):
    """Numbers from min to max, all equally likely.

    Without `precision` values lie in [min, max) and can't be unique; with it both ends are included.
    """

    fits: ClassVar[frozenset[str]] = NUMBERS
    rises: ClassVar[bool] = True
    example: ClassVar[str] = "{generator: uniform_float, params: {min: 0, max: 100, precision: 1}}"

    min: FiniteFloat = Field(0.0, description="the least value")
    max: FiniteFloat = Field(1.0, description="the greatest value")
    precision: int | None = Field(
        None, ge=0, le=18, description="decimal places; a decimal or whole-number column's own where left out"
    )

    def natural(self) -> Type:
        return Type("double")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if self.min > self.max:
            yield order_fault(self.min, self.max)
        elif not isfinite(self.max - self.min):
            yield ParamError("max", "the range from min to max is longer than the greatest float")
        else:
            yield from room_faults(facts.type, self.min, self.max)
            places = places_of(facts.type, self.precision)
            yield from places_faults(facts, places, self.min, self.max, "precision")
            yield from _empty_fault(self.domain(facts), self.min, self.max)

    def domain(self, facts: ColumnContext) -> Domain | None:
        places = places_of(facts.type, self.precision)
        return None if places is None else steps(self.min, self.max, places, facts.type)

    def values(self, cells: ColumnBatch) -> pa.Array:
        if places_of(cells.facts.type, self.precision) is not None:
            return super().values(cells)
        values = cells.unit()
        values *= self.max - self.min
        values += self.min
        return array_over(values, pa.float64())


@register("decimal")
class UniformDecimal(Generator):
    """Decimal numbers from min to max, both included, all equally likely."""

    fits: ClassVar[frozenset[str]] = NUMBERS
    rises: ClassVar[bool] = True
    example: ClassVar[str] = "{generator: decimal, params: {min: 0.99, max: 499.99, scale: 2}}"

    min: Decimal = Field(Decimal(0), description="the least value")
    max: Decimal = Field(Decimal(1000), description="the greatest value, itself included")
    scale: int | None = Field(
        None,
        ge=0,
        le=18,
        description="decimal places; the column's own where left out, or 2 where it has none",
    )

    def _places(self, type: Type) -> int:
        places = places_of(type, self.scale)
        return 2 if places is None else places

    def natural(self) -> Type:
        places = 2 if self.scale is None else self.scale
        return Type("decimal", precision=digits_for(self.min, self.max, places), scale=places)

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if self.min > self.max:
            yield order_fault(self.min, self.max)
            return
        yield from room_faults(facts.type, self.min, self.max)
        yield from places_faults(facts, self._places(facts.type), self.min, self.max, "scale")
        yield from _empty_fault(self.domain(facts), self.min, self.max)

    def domain(self, facts: ColumnContext) -> Domain:
        return steps(self.min, self.max, self._places(facts.type), facts.type)


def _empty_fault(domain: Domain | None, low: object, high: object) -> Iterable[ParamError]:
    if domain is not None and domain.size == 0:
        hint = "ask for more decimal places, or a wider range"
        yield ParamError("min", f"no number of so few decimal places lies between {low} and {high}", hint)
