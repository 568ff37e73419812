"""What arrays and maps share: how many elements a row has, their row numbers, and values distinct within a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators import streams
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.base import Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.nested.nested_generator import NestedGenerator
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import Type

_MOST = 10_000
_MOST_ELEMENTS = 20_000  # of a row, at all depths: a batch of 65,536 rows then has fewer than 2^31, which Arrow counts
_MOST_DISTINCT = 100


class SizedCollection(Generator):
    """What arrays and maps share: how many elements a row has, and their numbers."""

    min: int = Field(default=0, ge=0, le=_MOST, description="the fewest elements of a row")
    max: int = Field(default=5, ge=0, le=_MOST, description="the most elements of a row")

    def size_faults(self) -> Iterable[ParamError]:
        if self.min > self.max:
            yield ParamError("min", f"min {self.min} is more than max {self.max}", "swap them")
        yield from element_faults(self, "max")

    def lengths(self, cells: ColumnBatch) -> Numbers:
        return cells.below(self.max - self.min + 1, "length") + self.min

    def elements(self, cells: ColumnBatch, lengths: Numbers) -> tuple[pa.Array, Numbers]:
        """The rows' offsets, and the elements' numbers."""
        ends = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=ends[1:])
        # The number of a row's first element, less what the rows before it have taken in the batch.
        starts = cells.numbers * self.max - ends[:-1]
        return pa.array(ends.astype(np.int32)), np.arange(ends[-1]) + np.repeat(starts, lengths)


def elements(generator: Generator) -> int:
    """The most elements that a row has in the arrays and maps of a generator: those of nested ones multiply."""
    inside = sum(elements(inner.made) for inner in _inners(generator))
    return generator.max * max(1, inside) if isinstance(generator, SizedCollection) else inside


def _inners(generator: Generator) -> Iterator[NestedGenerator]:
    """The generators that stand directly inside another, whichever of its params holds them."""
    for name in type(generator).model_fields:
        value = getattr(generator, name)
        each = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else (value,)
        yield from (inner for inner in each if isinstance(inner, NestedGenerator))


def element_faults(generator: Generator, param: str) -> Iterable[ParamError]:
    """Told once: by the innermost generator that has too many."""
    most = elements(generator)
    if most > _MOST_ELEMENTS and all(elements(inner.made) <= _MOST_ELEMENTS for inner in _inners(generator)):
        what = f"a row could have {most:,} elements, those of nested arrays multiplied; {_MOST_ELEMENTS:,} is the most"
        yield ParamError(param, what, "lower max, here or inside")


def lonely(inner: NestedGenerator, path: str) -> Iterable[ParamError]:
    """Elements aren't rows: they have no other columns and no parents, but for links of their own."""
    # A link inside an element is drawn by the element's own number, and needs no column beside it.
    for need in inner.made.needs():
        if need.entity:
            continue
        what = f"{inner.generator} takes the column {need.column!r}, but an element has no columns beside it"
        yield ParamError(path, what, "compute the value in a column of its own")


def distinct_faults(
    inner: NestedGenerator, facts: ColumnContext, type: Type | None, most: int, path: str
) -> Iterable[ParamError]:
    if type is None:
        return
    own = _inner_facts(facts, type)
    size = inner.made.capacity(own)
    if size is None or inner.made.domain(own) is None:
        what = f"{inner.generator} can't promise distinct values"
        yield ParamError(path, what, "take choice, uniform_int, pattern or another with a finite set of values")
    elif size < most:
        yield ParamError(
            "max", f"a row may have {most} distinct values, but {inner.generator} has only {size}", "lower max"
        )
    if most > _MOST_DISTINCT:
        yield ParamError("max", f"a row can have at most {_MOST_DISTINCT} distinct values", "lower max")


def _inner_facts(facts: ColumnContext, type: Type) -> ColumnContext:
    return ColumnContext(facts.seed, facts.entity, facts.column, type, facts.rows, facts.as_of, facts.locale)


def distinct(inner: NestedGenerator, cells: ColumnBatch, type: Type, most: int, lengths: Numbers) -> pa.Array:
    """Values distinct within a row: drawn from its domain without replacement.

    The n-th draw is a place among the values not yet taken; counting up past the taken ones, in their order, gives
    its index.
    """
    domain = inner.made.domain(_inner_facts(cells.facts, type))
    if domain is None:
        raise ValueError(f"{inner.generator} has no finite set of values")
    taken = np.empty((len(cells), most), dtype=np.int64)
    key = cells.key("distinct")
    # Each place has its own number in one stream: row * most + place.
    for place in range(most):
        words = streams.draw(key, cells.numbers * most + place)
        index = streams.below(words, domain.size - place)
        # The taken indexes in rising order, so that counting up past each of them gives an index that is free.
        for before in np.sort(taken[:, :place], axis=1).T:
            index += index >= before
        taken[:, place] = index
    # All rows are drawn up to the most elements, so that a row's values don't depend on how long others are.
    chosen = taken[np.arange(most) < lengths[:, None]]
    return cast_array(domain.decode(chosen), type, type.arrow)
