"""Phrases of a pool, some to each row, joined to one text; a column may say which of several pools."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from math import prod
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from sdgen.errors import Problem, ScenarioError
from sdgen.generators.arrays.fixed_text import array_over
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.choices.subsets import places_apart
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text_generator import TextGenerator

_ALTERNATIVES = re.compile(r"\{([^{}]*)\}")
# Alternatives multiply, so that a short phrase could stand for millions.
MOST_PHRASES = 100_000


@register("text.phrases")
class Phrases(TextGenerator):
    """Some phrases of a pool, none twice, joined to one text: `min` to `max` of them, in random order.

    With `by` there are several pools, and that column's value names the row's. Alternatives in braces stand for several
    phrases: `{red|green} apples`. `prefix` and `suffix` stand around a text that has a phrase at all.
    """

    example: ClassVar[str] = "{generator: text.phrases, params: {values: ['{red|green} apples', ripe pears], max: 2}}"

    values_: tuple[str, ...] = Field((), alias="values", description="the phrases, where there is one pool")
    by: str = Field("", description="the column whose value names the row's pool")
    pools: Mapping[str, tuple[str, ...]] = Field(default_factory=dict, description="with by: each pool's phrases")
    min: int = Field(1, ge=0, le=100, description="the fewest phrases of a row")
    max: int = Field(3, ge=0, le=100, description="the most phrases of a row")
    separator: str = Field(", ", description="what stands between two phrases")
    prefix: str = Field("", description="what stands before the first phrase")
    suffix: str = Field("", description="what stands behind the last phrase")

    @model_validator(mode="after")
    def _one_form(self) -> Phrases:
        if bool(self.values_) == bool(self.pools) or bool(self.by) != bool(self.pools):
            raise ValueError("give values, or pools and by")
        return self

    @cached_property
    def spelled_out(self) -> dict[str, tuple[str, ...]]:
        """All phrases of each pool; one pool alone goes by no name."""
        pools = self.pools or {"": self.values_}
        return {name: tuple(each for phrase in pool for each in alternatives(phrase)) for name, pool in pools.items()}

    @cached_property
    def phrases(self) -> pa.Array:
        """The phrases of all pools, one pool after the other."""
        return pa.array([phrase for pool in self.spelled_out.values() for phrase in pool], pa.string())

    def needs(self) -> tuple[Dependency, ...]:
        return (Dependency(self.by),) if self.by else ()

    def resolved(self, links: Mapping[str, str]) -> Generator:
        return self

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if self.min > self.max:
            yield ParamError("min", f"min {self.min} is more than max {self.max}", "swap them")
        count = sum(count_alternatives(phrase) for pool in (*self.pools.values(), self.values_) for phrase in pool)
        if count > MOST_PHRASES:
            yield ParamError("pools", f"{count:,} phrases are too many", "use fewer alternatives")
            return
        for name, pool in self.spelled_out.items():
            place = f"pools.{name}" if name else "values"
            if len(pool) < self.max:
                what = f"{self.max} different phrases can't come from {len(pool)}"
                yield ParamError(place, what, "list more, or lower max")
            twice = next((phrase for phrase in pool if pool.count(phrase) > 1), None) if len(pool) < 10_000 else None
            if twice is not None:
                yield ParamError(place, f"the phrase {twice!r} is listed twice", "list each once")

    def values(self, cells: ColumnBatch) -> pa.Array:
        first, size, missing = self._pool_of(cells)
        counts = cells.below(self.max - self.min + 1, "count") + np.int64(self.min)
        longest = int(counts.max(initial=0))
        chosen = (first[:, None] + places_apart(cells, longest, size))[np.arange(longest) < counts[:, None]]
        offsets = np.zeros(len(cells) + 1, dtype=np.int32)
        np.cumsum(counts, out=offsets[1:])
        listed = pa.ListArray.from_arrays(array_over(offsets, pa.int32()), self.phrases.take(pa.array(chosen)))
        text = pc.binary_join(listed, self.separator)
        if self.prefix or self.suffix:
            whole = pc.binary_join_element_wise(self.prefix, text, self.suffix, "")
            text = pc.if_else(pa.array(counts > 0), whole, text)
        return text if missing is None else pc.if_else(missing, None, text)

    def _pool_of(self, cells: ColumnBatch) -> tuple[Numbers, Numbers, pa.Array | None]:
        """For each row its pool's first phrase and size; and which rows have none, if any."""
        sizes = np.array([len(pool) for pool in self.spelled_out.values()], dtype=np.int64)
        starts = np.cumsum(sizes) - sizes
        if not self.by:
            return np.full(len(cells), starts[0]), np.full(len(cells), sizes[0]), None
        names = cells.column(self.by).cast(pa.string())
        places = pc.index_in(names, value_set=pa.array(list(self.pools), pa.string()), skip_nulls=True)
        # A value without a pool is a mistake in the scenario; a null is none.
        self._refuse_unknown(names, places, cells.facts)
        missing = places.is_null() if places.null_count else None
        numbers = places.fill_null(0).to_numpy(zero_copy_only=False)
        return starts[numbers], sizes[numbers], missing

    def _refuse_unknown(self, names: pa.Array, places: pa.Array, facts: ColumnContext) -> None:
        if places.null_count == names.null_count:
            return
        unknown = names.filter(pc.and_(places.is_null(), names.is_valid()))[0].as_py()
        path = ("entities", facts.entity, "columns", facts.column)
        raise ScenarioError(Problem(path, f"no pool is called {unknown!r}, a value of {self.by}", "add one to pools"))


def count_alternatives(phrase: str) -> int:
    """How many phrases one stands for: to be asked before they are spelled out."""
    return prod(choices.count("|") + 1 for choices in _ALTERNATIVES.findall(phrase))


def alternatives(phrase: str) -> Iterator[str]:
    """The phrases that one with alternatives in braces stands for: `{a|b} c` for `a c` and `b c`."""
    parts: Sequence[str] = _ALTERNATIVES.split(phrase)
    choices = [part.split("|") if place % 2 else [part] for place, part in enumerate(parts)]
    for chosen in product(*choices):
        yield "".join(chosen).strip()
