"""Several distinct values of a list for each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field, FiniteFloat, model_validator

from sdgen.generators import streams
from sdgen.generators.arrays.fixed_text import array_over
from sdgen.generators.arrays.scalars import scalar_array
from sdgen.generators.base import Dependency, ParamError
from sdgen.generators.choices.choices import natural_type, unfit
from sdgen.generators.choices.null_rates import case_numbers
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import permute
from sdgen.generators.numbers.alias_tables import alias_table
from sdgen.generators.numbers.quantile_tables import Floats, QuantileTable, exponential_table, lognormal_table
from sdgen.generators.references import Referring
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers, Words
from sdgen.scenario.types import Type, array_of

_FEW = 128  # up to so many elements, drawing them one by one is faster than permuting the list
_ROWS = 4096  # of a weighted subset at a time, so that their tables of draws stay small
_POWERS = 1 << np.arange(40)

Weights = dict[str, Annotated[FiniteFloat, Field(gt=0)]]


@register("subset")
class Subset(Referring):
    """Some of the listed values, each at most once: an array whose length is drawn from min to max.

    Lengths are even, or around a `median`. Values are equally likely, or by `weights`; with `by`, another column's
    value names those that are likelier with it (`cases: {ocean: {beach: 40, waves: 25}}`).
    """

    fits: ClassVar[frozenset[str]] = frozenset({"array"})
    example: ClassVar[str] = (
        "{type: array<string>, generator: subset, params: {values: [red, green, blue], min: 1, max: 2}}"
    )

    values_: tuple[Any, ...] = Field(alias="values", min_length=1, description="the values, all different")
    min: int = Field(0, ge=0, description="the fewest elements")
    max: int | None = Field(None, ge=0, description="the most elements; all the values where left out")
    shuffled: bool = Field(False, description="give the elements in random order instead of the list's")
    median: FiniteFloat | None = Field(None, gt=0, description="the length that half of all arrays stay below")
    sigma: FiniteFloat = Field(0.6, gt=0, le=8, description="how wide lengths lie around the median, as in lognormal")
    weights: Weights = Field({}, description="how likely a value is to be taken, beside 1 for those without a weight")
    by: str = Field("", description="the column that `cases` are values of: of the row, or link.column of a parent")
    cases: dict[str, Weights] = Field({}, description="weights in rows with a value of `by`, in place of `weights`")

    @model_validator(mode="after")
    def _by_and_cases(self) -> Subset:
        if bool(self.by) != bool(self.cases):
            raise ValueError("`by` names a column and `cases` lists weights by its values: one needs the other")
        return self

    def references(self) -> Iterator[str]:
        return iter((self.by,) if self.by else ())

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        yield from self.no_single_values("by", self.references(), types)

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
        known = {str(value) for value in self.values_}
        for param, weights in (
            ("weights", self.weights),
            *((f"cases.{name}", each) for name, each in self.cases.items()),
        ):
            for value in sorted(weights.keys() - known):
                yield ParamError(param, f"{value!r} has a weight, but is none of the values", "list it in `values` too")
        if self.median is not None and self._share() < 1e-9:
            what = f"lengths around {self.median:g} are hardly ever between min {self.min} and max {self.most}"
            yield ParamError("median", what, "the law is truncated to these bounds: move the median, or a bound")
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
        lengths = self._lengths(cells)
        offsets = np.zeros(len(cells) + 1, dtype=np.int32)
        np.cumsum(lengths, out=offsets[1:])
        elements = self._elements(cells, lengths)
        pool = self._pool(cells.facts.type.items[0])
        return pa.ListArray.from_arrays(array_over(offsets, pa.int32()), pool.take(array_over(elements, pa.int64())))

    def _lengths(self, cells: ColumnBatch) -> Numbers:
        if self.median is None:
            return cells.below(self.most - self.min + 1, "length") + np.int64(self.min)
        law, low, high = self._law(self.median)
        lengths = np.rint(law.draw(cells.draw("length"), low, high) * self.median)
        return np.clip(lengths, self.min, self.most).astype(np.int64)  # a rounding at an end, no more

    def _law(self, median: float) -> tuple[QuantileTable, float, float]:
        """The law of lengths in medians, and its bounds: half an element more, since lengths are rounded."""
        return lognormal_table(self.sigma), (self.min - 0.5) / median, (self.most + 0.5) / median

    def _share(self) -> float:
        law, low, high = self._law(self.median or 1)
        return law.probability(high) - law.probability(low)

    def _elements(self, cells: ColumnBatch, lengths: Numbers) -> Numbers:
        """The places in the list of all elements of all rows, row after row."""
        longest = int(lengths.max(initial=0))
        # A table as wide as the longest of the batch, of which each row uses its own length:
        # longer neighbours change nothing in it.
        chosen = np.arange(longest) < lengths[:, None]
        if self.weights or self.cases:
            table = self._weighted(cells, lengths)
        # The cost of drawing one by one grows with the square of the length, that of a permutation with the length.
        elif self.most <= _FEW:
            table = places_apart(cells, longest, len(self.values_))
        else:
            table = _many(cells, longest, len(self.values_))
        if not self.shuffled:
            # Places that aren't meant sort behind all others, so that the rest come in the list's order.
            table[~chosen] = len(self.values_)
            table.sort(axis=1)
        return table[chosen]

    def _weighted(self, cells: ColumnBatch, lengths: Numbers) -> Numbers:
        """For each row the first places of an order in which heavier values tend to come earlier."""
        laws = [self._rates(weights) for weights in (*self.cases.values(), self.weights)]
        rows = case_numbers(self.array(cells, self.by), list(self.cases)) if self.by else np.zeros(len(cells), np.int64)
        keys, table = cells.draw("order"), np.empty((len(cells), int(lengths.max(initial=0))), dtype=np.int64)
        # How many draws a row has follows from its own length alone, or its elements would depend on other rows.
        sizes = _POWERS[np.searchsorted(_POWERS, lengths)]
        for law, size in np.unique(np.stack((rows, sizes)), axis=1).T.tolist():
            alike = np.flatnonzero((rows == law) & (sizes == size))
            for start in range(0, len(alike), _ROWS):
                part = alike[start : start + _ROWS]
                orders = _heavier_first(keys[part], lengths[part], laws[law], 2 * size + 8)
                table[part, : orders.shape[1]] = orders
        return table

    def _rates(self, weights: Mapping[str, float]) -> Floats:
        return np.array([weights.get(str(value), self.weights.get(str(value), 1.0)) for value in self.values_])


def places_apart(cells: ColumnBatch, longest: int, size: int | Numbers) -> Numbers:
    """For each row the first places of a random order of [0, size); `size` may be each row's own.

    Each is drawn from as many as are still free, then counted up past the earlier ones.
    """
    table = np.empty((longest, len(cells)), dtype=np.int64)
    sorted_places = np.empty((longest, len(cells)), dtype=np.int64)
    # A stream for each turn, so that an element doesn't depend on how long the arrays of other rows are.
    for turn in range(longest):
        purpose = f"element {turn}"
        if isinstance(size, int):
            # Drawing among those that are left needs no second try, which would make the
            # number of draws a matter of chance.
            places = cells.below(size - turn, purpose)
        else:
            places = streams.below_each(cells.draw(purpose), np.maximum(size - turn, 1))
        # The earlier places in rising order: each that is no greater moves the new one up by one,
        # and only then is the next compared.
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


def _heavier_first(keys: Words, lengths: Numbers, rates: Floats, count: int) -> Numbers:
    """For each key the places of [0, size) in an order by weight, of which the first `length` are meant.

    Drawing with replacement and passing over repeats is drawing without it; rows that `count` draws do not fill take
    the slower way.
    """
    longest = int(lengths.max(initial=0))
    draws = alias_table(rates.tolist()).pick(streams.draw_each(keys, count))
    # A stable sort keeps equal values in the order in which they were drawn, so that
    # the first of them is the fresh one.
    order = np.argsort(draws, axis=1, kind="stable")
    ordered = np.take_along_axis(draws, order, axis=1)
    fresh = np.ones(draws.shape, dtype=np.bool_)
    np.put_along_axis(fresh, order[:, 1:], ordered[:, 1:] != ordered[:, :-1], axis=1)
    ranks = np.cumsum(fresh, axis=1) - 1
    rows, turns = np.nonzero(fresh & (ranks < longest))
    table = np.zeros((len(keys), longest), dtype=np.int64)
    table[rows, ranks[rows, turns]] = draws[rows, turns]
    short = np.flatnonzero(ranks[:, -1] + 1 < lengths)
    if len(short):
        drawn = np.where(np.arange(longest) <= ranks[short, -1:], table[short], -1)
        table[short] = _by_waiting_times(streams.mix(keys[short].copy()), rates, drawn)[:, :longest]
    return table


def _by_waiting_times(keys: Words, rates: Floats, drawn: Numbers) -> Numbers:
    """A whole order for each key that begins with what is drawn already (-1 stands for nothing).

    Each other value waits for an exponential time at the rate of its weight: Efraimidis and Spirakis 2006, "Weighted
    random sampling with a reservoir".
    """
    times = exponential_table().draw(streams.draw_each(keys, len(rates)).ravel()).reshape(-1, len(rates)) / rates
    rows, turns = np.nonzero(drawn >= 0)
    times[rows, drawn[rows, turns]] = turns - float(drawn.shape[1])
    return np.argsort(times, axis=1, kind="stable")
