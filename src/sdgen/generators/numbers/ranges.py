"""Numbers from weighted ranges, such as credit scores of which 16 % are poor."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from sdgen.generators.arrays.decimals import numbers_of, places_faults, places_of, room_faults, units_from, units_to
from sdgen.generators.arrays.fixed_text import array_over
from sdgen.generators.base import Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.numbers.alias_tables import AliasTable, CumulatedWeights, alias_table, cumulated
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import NUMBERS, Type


class Range(BaseModel):
    """One range of values, both ends included, and its weight."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    min: int | FiniteFloat = Field(description="the least value")
    max: int | FiniteFloat = Field(description="the greatest value")
    weight: FiniteFloat = Field(1.0, ge=0, description="its share: fractions, percents or any numbers, none below 0")


@register("ranges")
class Ranges(Generator):
    """Numbers from weighted ranges; within a range all are equally likely.

    Whole numbers where all bounds are whole and no `precision` is given.
    """

    fits: ClassVar[frozenset[str]] = NUMBERS
    rises: ClassVar[bool] = True
    example: ClassVar[str] = (
        "{generator: ranges, params: {ranges: [{min: 300, max: 579, weight: 16}, {min: 580, max: 850, weight: 84}]}}"
    )

    ranges: tuple[Range, ...] = Field(min_length=1, description="the ranges: a list of {min, max, weight}")
    precision: int | None = Field(
        None, ge=0, le=15, description="decimal places; a decimal or whole-number column's own where left out"
    )

    def natural(self) -> Type:
        return Type("double" if self._places(Type("double")) != 0 else "bigint")

    def _places(self, type: Type) -> int | None:
        # Bounds that are whole mean whole numbers, unless decimal places are asked for.
        whole = all(isinstance(bound, int) for part in self.ranges for bound in (part.min, part.max))
        return 0 if whole and self.precision is None else places_of(type, self.precision)

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if not any(part.weight for part in self.ranges):
            yield ParamError("ranges", "all weights are zero", "give at least one range a weight above 0")
        places = self._places(facts.type)
        for part in self.ranges:
            if part.min > part.max:
                yield ParamError("ranges", f"a range's min {part.min} is more than its max {part.max}", "swap them")
                continue
            yield from room_faults(facts.type, part.min, part.max, ("ranges", "ranges"))
            yield from places_faults(
                facts, places, part.min, part.max, "ranges" if self.precision is None else "precision"
            )
            if places is not None and units_from(part.min, places) > units_to(part.max, places):
                what = f"no number of {places} decimal places lies between {part.min} and {part.max}"
                yield ParamError("ranges", what, "ask for more decimal places, or a wider range")

    @cached_property
    def table(self) -> AliasTable:
        return alias_table([part.weight for part in self.ranges])

    @cached_property
    def rising(self) -> Numbers:
        """The places of the ranges, the least first."""
        # A correlated column must rise with its draw, so that ranges are taken in the order of their values.
        return np.array(sorted(range(len(self.ranges)), key=lambda place: self.ranges[place].min), dtype=np.int64)

    @cached_property
    def shares(self) -> CumulatedWeights:
        """Of the ranges, the least first."""
        return cumulated([self.ranges[place].weight for place in self.rising])

    def ranks(self, cells: ColumnBatch) -> NDArray[np.float64]:
        chosen = np.argsort(self.rising).take(self.table.pick(cells.draw("range")))
        return self.shares.ranks(chosen, cells.unit())

    def _drawn(self, cells: ColumnBatch) -> tuple[Numbers, NDArray[np.float64]]:
        """A range for each row, and how far in [0, 1) the value lies in it."""
        if not cells.correlated:
            # Without correlation the ranges are drawn by a stream of their own, apart from the place within.
            return self.table.pick(cells.draw("range")), cells.unit()
        chosen, inside = self.shares.at(cells.unit())
        return self.rising.take(chosen), inside

    def values(self, cells: ColumnBatch) -> pa.Array:
        chosen, inside = self._drawn(cells)
        places = self._places(cells.facts.type)
        if places is None:
            starts = np.array([float(part.min) for part in self.ranges])
            inside *= np.array([float(part.max) for part in self.ranges]).take(chosen) - starts.take(chosen)
            return array_over(inside + starts.take(chosen), pa.float64())
        # In whole units, so that both ends of a range are values.
        bounds = [(units_from(part.min, places), units_to(part.max, places)) for part in self.ranges]
        inside *= np.array([float(high - low + 1) for low, high in bounds]).take(chosen)
        units = inside.astype(np.int64)
        units += np.array([low for low, _ in bounds], dtype=np.int64).take(chosen)
        return numbers_of(units, places, cells.facts.type)
