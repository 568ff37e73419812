"""Numbers by a law of probability: normal, lognormal, exponential, Poisson and Zipf."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field, FiniteFloat

from sdgen.generators.arrays.decimals import (
    digits_for,
    numbers_of,
    places_faults,
    places_of,
    room_faults,
    units_from,
    units_to,
)
from sdgen.generators.arrays.fixed_text import array_over
from sdgen.generators.base import Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import Domain, Integers
from sdgen.generators.numbers.quantile_tables import (
    Floats,
    QuantileTable,
    exponential_table,
    lognormal_table,
    normal_table,
    poisson,
    zipf,
)
from sdgen.generators.numbers.uniform import order_fault
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import NUMBERS, Type

_RAREST = 1e-9
_PLACES = "decimal places; a decimal or whole-number column's own where left out"
_LEAST = "the least value: the law is truncated there, its values do not pile up at it"
_MOST = "the greatest value, likewise"


class Distribution(Generator):
    """A law from a quantile table, moved and stretched: value = location + factor * table value.

    Bounds narrow the probabilities that values are drawn for, so that the law keeps its shape between them.
    """

    fits: ClassVar[frozenset[str]] = NUMBERS
    rises: ClassVar[bool] = True
    places_param: ClassVar[str] = "precision"

    min: FiniteFloat | None = Field(None, description=_LEAST)
    max: FiniteFloat | None = Field(None, description=_MOST)

    @property
    def asked_places(self) -> int | None:
        value = getattr(self, self.places_param)
        return None if value is None else int(value)

    def shape(self) -> tuple[QuantileTable, float, float]:
        """The table, the location and the factor."""
        raise NotImplementedError

    def natural(self) -> Type:
        return Type("double")

    def extremes(self) -> tuple[float, float]:
        """The least and the greatest value that can be drawn."""
        table, location, factor = self.shape()
        # The table's own ends bound a law that has none.
        low = self.min if self.min is not None else location + factor * table.points[0]
        high = self.max if self.max is not None else location + factor * table.points[-1]
        return low, high

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        low, high = self.extremes()
        if self.min is not None and self.max is not None and self.min > self.max:
            yield order_fault(self.min, self.max)
        elif self._share() < _RAREST:
            param = "min" if self.min is not None else "max"
            yield ParamError(
                param,
                f"the law hardly ever gives a value between {low:.6g} and {high:.6g}",
                "widen the bounds",
            )
        else:
            yield from room_faults(facts.type, low, high)
            yield from places_faults(facts, places_of(facts.type, self.asked_places), low, high, self.places_param)

    def _share(self) -> float:
        table, location, factor = self.shape()
        low, high = ((bound - location) / factor for bound in self.extremes())
        return table.probability(high) - table.probability(low)

    def values(self, cells: ColumnBatch) -> pa.Array:
        places = places_of(cells.facts.type, self.asked_places)
        margin = 0.0 if places is None else 0.5 / 10**places  # half a unit more, since values are rounded
        table, location, factor = self.shape()
        low = -inf if self.min is None else (self.min - margin - location) / factor
        high = inf if self.max is None else (self.max + margin - location) / factor
        values = table.draw(cells.draw(), low, high)
        values *= factor
        values += location
        if places is not None:
            # Decimals are counted in whole units, so that they have exactly so many places.
            return numbers_of(self._units(values, places), places, cells.facts.type)
        if self.min is not None or self.max is not None:
            np.clip(values, self.min, self.max, out=values)  # a last digit's rounding, no more
        return array_over(values, pa.float64())

    def _units(self, values: Floats, places: int) -> Numbers:
        values *= float(10**places)
        # The nearest unit to a bound may lie beyond it, by half a unit at most.
        units = np.rint(values, out=values).astype(np.int64)
        if self.min is not None:
            np.maximum(units, units_from(self.min, places), out=units)
        if self.max is not None:
            np.minimum(units, units_to(self.max, places), out=units)
        return units


@register("normal")
class Normal(Distribution):
    """Numbers by the normal law (the bell curve), truncated to min and max where given."""

    example: ClassVar[str] = "{generator: normal, params: {mean: 20, std: 4, min: -10, max: 50, precision: 1}}"

    mean: FiniteFloat = Field(0.0, description="the mean before any truncation")
    std: FiniteFloat = Field(1.0, gt=0, description="the standard deviation before any truncation")
    precision: int | None = Field(None, ge=0, le=15, description=_PLACES)

    def shape(self) -> tuple[QuantileTable, float, float]:
        return normal_table(), self.mean, self.std


@register("lognormal")
class Lognormal(Distribution):
    """Positive numbers with many small and few large ones, such as amounts: their logarithm is normal.

    With `scale` the natural type is a decimal.
    """

    places_param: ClassVar[str] = "scale"
    example: ClassVar[str] = "{generator: lognormal, params: {median: 40, min: 5, max: 900, scale: 2}}"

    median: FiniteFloat = Field(gt=0, description="the value that half of all values stay below")
    sigma: FiniteFloat = Field(
        0.6, gt=0, le=8, description="the standard deviation of the logarithm: 0.25 is narrow, 1.5 very wide"
    )
    scale: int | None = Field(None, ge=0, le=15, description=_PLACES)

    def natural(self) -> Type:
        if self.scale is None:
            return Type("double")
        return Type("decimal", precision=digits_for(*self.extremes(), self.scale), scale=self.scale)

    def shape(self) -> tuple[QuantileTable, float, float]:
        return lognormal_table(self.sigma), 0.0, self.median


@register("exponential")
class Exponential(Distribution):
    """Waiting times: positive numbers by the exponential law, truncated to min and max where given."""

    example: ClassVar[str] = "{generator: exponential, params: {mean: 90, max: 3600, precision: 1}}"

    mean: FiniteFloat = Field(1.0, gt=0, description="the mean before any truncation")
    precision: int | None = Field(None, ge=0, le=15, description=_PLACES)

    def shape(self) -> tuple[QuantileTable, float, float]:
        return exponential_table(), 0.0, self.mean


@register("poisson")
class PoissonCount(Generator):
    """Counts of things that happen at a steady rate: 0, 1, 2, … by the Poisson law."""

    fits: ClassVar[frozenset[str]] = NUMBERS
    rises: ClassVar[bool] = True
    example: ClassVar[str] = "{generator: poisson, params: {mean: 2.5, max: 20}}"

    mean: float = Field(gt=0, le=1e6, description="the mean count before any truncation, at most a million")
    max: int | None = Field(None, ge=0, description="the greatest count: the law is truncated there")

    def natural(self) -> Type:
        return Type("int")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        try:
            law = poisson(self.mean, self.max)
        except ValueError as error:
            yield ParamError("max", str(error), "raise max, or lower the mean")
        else:
            yield from room_faults(facts.type, law.first, law.first + len(law.table.aliases) - 1)

    def values(self, cells: ColumnBatch) -> pa.Array:
        law = poisson(self.mean, self.max)
        # A table over all counts, since a Poisson law has no inverse that + - * / could reach.
        return array_over(law.at(cells.unit()) if cells.correlated else law.draw(cells.draw()), pa.int64())

    def ranks(self, cells: ColumnBatch) -> Floats:
        return poisson(self.mean, self.max).ranks(cells.draw())


@register("zipf")
class ZipfNumber(Generator):
    """Whole numbers of which the first is the commonest: the n-th has a share of 1 / n^exponent (Zipf's law).

    Values are 1 to size, or min to max. In a unique column all values are equally likely.
    """

    fits: ClassVar[frozenset[str]] = NUMBERS
    rises: ClassVar[bool] = True
    example: ClassVar[str] = "{generator: zipf, params: {size: 5000, exponent: 1.1}}"

    size: int | None = Field(None, ge=1, le=1 << 62, description="how many values there are")
    min: int = Field(1, ge=-(1 << 62), le=1 << 62, description="the commonest value")
    max: int | None = Field(None, ge=-(1 << 62), le=1 << 62, description="the rarest value, instead of size")
    exponent: float = Field(1.0, ge=0, le=10, description="the larger, the more uneven; 0 makes all values alike")

    def natural(self) -> Type:
        return Type("bigint")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if (self.size is None) == (self.max is None):
            yield ParamError("size", "give either size or max, and not both")
        elif self.max is not None and self.min > self.max:
            yield order_fault(self.min, self.max)
        elif self._size() > 1 << 62:
            yield ParamError("max", "Zipf's law takes at most 2^62 values", "give a narrower range")
        else:
            yield from room_faults(facts.type, self.min, self.min + self._size() - 1)

    def _size(self) -> int:
        return (self.size or 1) if self.max is None else self.max - self.min + 1

    def domain(self, facts: ColumnContext) -> Domain:
        return Integers(self.min, self._size())

    def values(self, cells: ColumnBatch) -> pa.Array:
        # A unique column takes each value once, so that shares have no meaning in it.
        if cells.facts.unique or cells.facts.joint is not None:
            return super().values(cells)
        law = zipf(self._size(), self.exponent)
        # The commonest rank is the least value, so that values rise with the draw that other columns follow.
        ranks = law.at(cells.unit()) if cells.correlated else law.ranks(cells.draw())
        ranks += np.int64(self.min)
        return array_over(ranks, pa.int64())

    def ranks(self, cells: ColumnBatch) -> Floats:
        return zipf(self._size(), self.exponent).chances(cells.draw())
