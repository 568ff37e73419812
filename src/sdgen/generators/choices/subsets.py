"""Several distinct values of a list for each row."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators import streams
from sdgen.generators.arrays.fixed_width import array_over
from sdgen.generators.arrays.scalars import scalar_array
from sdgen.generators.base import ColumnBatch, ColumnContext, Generator, ParamError
from sdgen.generators.choices.choices import natural_type, unfit
from sdgen.generators.domains import permute
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import Type, array_of

_FEW = 128  # up to so many elements, drawing them one by one is faster than permuting the list


@register("subset")
class Subset(Generator):
    """Some of the listed values, each at most once: an array whose length is drawn from min to max."""

    fits: ClassVar[frozenset[str]] = frozenset({"array"})
    example: ClassVar[str] = (
        "{type: array<string>, generator: subset, params: {values: [red, green, blue], min: 1, max: 2}}"
    )

    values_: tuple[Any, ...] = Field(alias="values", min_length=1, description="the values, all different")
    min: int = Field(0, ge=0, description="the fewest elements")
    max: int | None = Field(None, ge=0, description="the most elements; all the values where left out")
    shuffled: bool = Field(False, description="give the elements in random order instead of the list's")

    @cached_property
    def pools(self) -> dict[Type, pa.Array]:
        """The values as arrays: one for each element type this was asked for."""
        return {}

    @property
    def most(self) -> int:
        return len(self.values_) if self.max is None else self.max

    def natural(self) -> Type:
        return array_of(natural_type(self.values_))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if self.min > self.most:
            yield ParamError("min", f"min {self.min} is more than max {self.most}", "swap them, or list more values")
        elif self.most > len(self.values_):
            what = f"{self.most} different elements can't come from {len(self.values_)} values"
            yield ParamError("max", what, f"lower max to {len(self.values_)}, or list more values")
        if facts.type.kind != "array":
            return
        found = list(unfit("values", self.values_, facts.type.items[0]))
        yield from found
        if not found and len(self._pool(facts.type.items[0]).unique()) < len(self.values_):
            yield ParamError("values", "a value is listed twice", "list each once; weights belong to choice")

    def _pool(self, item: Type) -> pa.Array:
        if item not in self.pools:
            self.pools[item] = scalar_array(self.values_, item)
        return self.pools[item]

    def values(self, cells: ColumnBatch) -> pa.Array:
        lengths = cells.below(self.most - self.min + 1, "length") + np.int64(self.min)
        offsets = np.zeros(len(cells) + 1, dtype=np.int32)
        np.cumsum(lengths, out=offsets[1:])
        elements = self._elements(cells, lengths)
        pool = self._pool(cells.facts.type.items[0])
        return pa.ListArray.from_arrays(array_over(offsets, pa.int32()), pool.take(array_over(elements, pa.int64())))

    def _elements(self, cells: ColumnBatch, lengths: Numbers) -> Numbers:
        """The places in the list of all elements of all rows, row after row."""
        longest = int(lengths.max(initial=0))
        chosen = np.arange(longest) < lengths[:, None]
        table = (
            places_apart(cells, longest, len(self.values_))
            if self.most <= _FEW
            else _many(cells, longest, len(self.values_))
        )
        if not self.shuffled:
            table[~chosen] = len(self.values_)
            table.sort(axis=1)
        return table[chosen]


def places_apart(cells: ColumnBatch, longest: int, size: int | Numbers) -> Numbers:
    """For each row the first places of a random order of [0, size); `size` may be each row's own.

    Each is drawn from as many as are still free, then counted up past the earlier ones.
    """
    table = np.empty((longest, len(cells)), dtype=np.int64)
    sorted_places = np.empty((longest, len(cells)), dtype=np.int64)
    for turn in range(longest):
        purpose = f"element {turn}"
        if isinstance(size, int):
            places = cells.below(size - turn, purpose)
        else:
            places = streams.below_each(cells.draw(purpose), np.maximum(size - turn, 1))
        for earlier in sorted_places[:turn]:
            places += places >= earlier
        table[turn] = places
        _insert(sorted_places, turn, places)
    return np.ascontiguousarray(table.T)


def _insert(rising: Numbers, count: int, places: Numbers) -> None:
    """Put each row's place where it belongs among its first `count` places, which rise."""
    for turn in range(count):
        less = np.minimum(rising[turn], places)
        places = np.maximum(rising[turn], places)
        rising[turn] = less
    rising[count] = places


def _many(cells: ColumnBatch, longest: int, size: int) -> Numbers:
    """The same for long arrays: each row has a permutation of its own."""
    keys = np.repeat(cells.draw("elements"), longest)
    return permute(keys, np.tile(np.arange(longest, dtype=np.int64), len(cells)), size).reshape(len(cells), longest)
