"""One value of a list for each row, by weight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from math import isfinite
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from sdgen.generators.arrays.fixed_text import array_over
from sdgen.generators.arrays.scalars import scalar_array
from sdgen.generators.base import Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import Domain
from sdgen.generators.numbers.alias_tables import AliasTable, CumulatedWeights, alias_table, cumulated, within
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers, below
from sdgen.scenario.types import KINDS, NESTED, TEXTS, Type

# The natural type of a list whose values are all of these Python types; the first line that fits.
# Booleans come first, since they are whole numbers to Python.
_NATURAL: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool,), "bool"),
    ((int,), "bigint"),
    ((int, float, Decimal), "double"),
    ((datetime,), "timestamp"),
    ((date,), "date"),
    ((time,), "time"),
)


def natural_type(values: Iterable[object]) -> Type:
    """The type of a column that holds these values; text where they have nothing else in common."""
    kinds = {type(value) for value in values if value is not None}
    found = (name for fitting, name in _NATURAL if kinds and kinds <= set(fitting))
    return Type(next(found, "text"))


def unfit(param: str, values: Sequence[object], type: Type) -> Iterator[ParamError]:
    """A fault for each value that does not fit a type."""
    for value in values:
        try:
            scalar_array([value], type)
        except ValueError as error:
            yield ParamError(param, str(error), "change the value, or the column's type")


@dataclass(frozen=True, eq=False)
class Pool:
    """The distinct values of a list in one column type, and how they are drawn.

    `values` holds no null; where null is drawn too, its index is one more than the last. `table` is None
    where all are equally likely. `possible` are the indexes of values with any weight.
    """

    values: pa.Array
    arrow: pa.DataType
    count: int
    table: AliasTable | None
    possible: Numbers
    weights: tuple[float, ...]

    @cached_property
    def shares(self) -> CumulatedWeights:
        """What rising draws are told apart by."""
        return cumulated(self.weights)

    def pick(self, cells: ColumnBatch) -> Numbers:
        # Values must rise with the draw that other columns follow, which those of an alias table
        # don't: so the weights are cumulated.
        if cells.correlated:
            return self.shares.at(cells.unit())[0]
        words = cells.draw()
        return below(words, self.count) if self.table is None else self.table.pick(words)

    def array(self, indexes: Numbers) -> pa.Array:
        """The values at these indexes, as indexes into a dictionary where the column's Arrow type is one."""
        nulls = indexes == len(self.values) if self.count > len(self.values) else None
        if not pa.types.is_dictionary(self.arrow):
            return self.values.take(_indices(indexes, pa.int64(), nulls))
        return pa.DictionaryArray.from_arrays(_indices(indexes, self.arrow.index_type, nulls), self.values, safe=False)


def _indices(indexes: Numbers, arrow: pa.DataType, nulls: NDArray[np.bool_] | None) -> pa.Array:
    narrow = indexes.astype(f"i{arrow.bit_width // 8}", copy=False)
    return array_over(narrow, arrow, nulls)


@dataclass(frozen=True, eq=False)
class ListedValues:
    """The domain of a pool's distinct values that can be drawn at all; null is not among them."""

    pool: Pool

    @property
    def size(self) -> int:
        return len(self.pool.possible)

    def decode(self, indexes: Numbers) -> pa.Array:
        return self.pool.array(self.pool.possible.take(indexes))


def pool_of(values: Sequence[object], weights: Sequence[float], type: Type, arrow: pa.DataType) -> Pool:
    """The pool of a list; a value that stands there twice has the weight of both.

    ValueError where one does not fit.
    """
    # By the values in the column's own type: 1 and "1" of a text column are one value, with both weights.
    coded = scalar_array(values, type).dictionary_encode()
    distinct = coded.dictionary
    totals = [0.0] * (len(distinct) + (1 if coded.null_count else 0))
    for code, weight in zip(coded.indices.to_pylist(), weights, strict=True):
        totals[len(distinct) if code is None else code] += weight
    possible = np.array([code for code in range(len(distinct)) if totals[code]], dtype=np.int64)
    table = None if len(set(totals)) == 1 else alias_table(totals)
    return Pool(distinct, arrow, len(totals), table, possible, tuple(totals))


@register("choice")
class Choice(Generator):
    """One of the listed values, all equally likely or by weight.

    A value may be null, and may be written `{value: ..., weight: ...}`. In a unique column each value occurs at most
    once, whatever its weight. A correlated column has those listed first where what it follows is low.
    """

    fits: ClassVar[frozenset[str]] = KINDS - NESTED
    rises: ClassVar[bool] = True
    main: ClassVar[str] = "values"
    example: ClassVar[str] = "{generator: choice, params: {values: [paid, sent, lost], weights: [8, 1.5, 0.5]}}"

    values_: tuple[Any, ...] = Field(
        (),
        alias="values",
        description="the values; an enum column's own where left out",
        max_length=1_000_000,
    )
    weights: tuple[float, ...] | None = Field(
        None, description="one for each value: fractions, percents or any numbers, none below 0"
    )

    @cached_property
    def entries(self) -> tuple[tuple[Any, float], ...]:
        """Each value as listed, with its weight."""
        weights = self.weights or (1.0,) * len(self.values_)
        return tuple(_entry(value, weight) for value, weight in zip(self.values_, weights, strict=False))

    @cached_property
    def pools(self) -> dict[Type, Pool]:
        """The pools made so far: one for each column type this was asked for."""
        return {}

    def pool(self, type: Type) -> Pool:
        if type not in self.pools:
            entries = self.entries or tuple((value, 1.0) for value in type.values)
            values, weights = zip(*entries, strict=True)
            self.pools[type] = pool_of(values, weights, type, self.arrow(type))
        return self.pools[type]

    @property
    def gives_null(self) -> bool:
        return any(value is None and weight for value, weight in self.entries)

    def natural(self) -> Type:
        return natural_type(value for value, _ in self.entries)

    def arrow(self, type: Type) -> pa.DataType:
        if type.kind not in TEXTS:
            return type.arrow
        count = len(self.values_) or len(type.values)
        return pa.dictionary(pa.int16() if count < 1 << 15 else pa.int32(), type.arrow)

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if not self.values_ and not facts.type.values:
            yield ParamError("values", "no values to choose from", "list at least one")
        if self.weights is not None and len(self.weights) != len(self.values_):
            what = f"{len(self.weights)} weights for {len(self.values_)} values"
            yield ParamError("weights", what, "give one weight for each value")
        yield from _weight_faults([weight for _, weight in self.entries])
        yield from unfit("values", [value for value, _ in self.entries], facts.type)

    def domain(self, facts: ColumnContext) -> Domain | None:
        try:
            return ListedValues(self.pool(facts.type))
        except ValueError:  # a value is none of the type, which `faults` tells
            return None

    def values(self, cells: ColumnBatch) -> pa.Array:
        # A unique column takes each value once, whatever it weighs, from the permutation.
        if cells.facts.unique or cells.facts.joint is not None:
            return super().values(cells)
        pool = self.pool(cells.facts.type)
        return pool.array(pool.pick(cells))

    def ranks(self, cells: ColumnBatch) -> NDArray[np.float64]:
        # A followed column keeps its cells: its rank is told from the value that it has, with a second draw inside
        # the value's share (the distributional transform).
        pool = self.pool(cells.facts.type)
        return pool.shares.ranks(pool.pick(cells), within(cells.draw()))


def _entry(value: Any, weight: float) -> tuple[Any, float]:
    if isinstance(value, Mapping) and "value" in value and value.keys() <= {"value", "weight"}:
        return value["value"], value.get("weight", weight)
    return value, weight


def _weight_faults(weights: Sequence[object]) -> Iterator[ParamError]:
    numbers = [weight for weight in weights if isinstance(weight, (int, float)) and not isinstance(weight, bool)]
    if len(numbers) < len(weights):
        yield ParamError(
            "weights", "a weight is a number", "write each as a fraction, a percentage or any other number"
        )
    elif any(not isfinite(weight) or weight < 0 for weight in numbers):
        yield ParamError("weights", "a weight is below 0 or not finite", "use 0 for a value that never occurs")
    elif weights and not any(numbers):
        yield ParamError("weights", "all weights are zero", "give at least one value a weight above 0")
