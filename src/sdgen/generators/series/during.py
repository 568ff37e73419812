"""What goes on at a row's moment among other rows of its parent: incidents of a device, prices of a product."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.base import Dependency, ParamError
from sdgen.generators.column_batch import ColumnBatch, Rows
from sdgen.generators.links.links import resolve_link
from sdgen.generators.references import MOMENTS, Reference, SeriesGenerator
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import NUMBERS, Type

# Sums are made of whole numbers, so that they don't depend on which other rows are computed beside.
_GRAIN = 1e6
_LAST = np.iinfo(np.int64).max


@register("during")
class During(SeriesGenerator):
    """How many rows of another entity go on at this row's moment, or what a column of theirs comes to.

    The other entity counts its rows per the same parent as the link leads to: a reading is off while an incident of its
    device lasts. A row goes on from `start` to before `end`; without an end, or where it is null, it goes on for good.
    """

    fits: ClassVar[frozenset[str]] = NUMBERS
    example: ClassVar[str] = (
        "{generator: during, params: {at: created_at, link: customer_id, entity: contracts, start: begins, end: ends}}"
    )

    at: str = Field(min_length=1, description="the column of moments: the row's, or a parent's as link.column")
    link: str = Field(
        min_length=1, description="the link to the parent, or the parent's entity where one link leads there"
    )
    entity: str = Field(min_length=1, description="the entity whose rows go on; it counts its rows per that parent")
    start: str = Field(min_length=1, description="its column of the moment from which a row goes on")
    end: str = Field("", description="its column of the moment from which it goes on no more")
    column: str = Field("", description="its column of numbers that are added up; left out, rows are counted")

    def natural(self) -> Type:
        return Type("double" if self.column else "bigint")

    def resolved(self, links: Mapping[str, str]) -> During:
        return super().resolved(links).model_copy(update={"link": resolve_link(self.link, links)})

    def column_params(self) -> Iterator[Reference]:
        yield Reference("at", self.at, MOMENTS)

    def _others(self) -> Iterator[tuple[str, Dependency, frozenset[str]]]:
        for param, name, kinds in (
            ("start", self.start, MOMENTS),
            ("end", self.end, MOMENTS),
            ("column", self.column, NUMBERS),
        ):
            if name:
                yield param, Dependency(name, self.link, self.entity, param), kinds

    def needs(self) -> tuple[Dependency, ...]:
        return (*super().needs(), *(need for _, need, _ in self._others()))

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        yield from super().check_types(types)
        for param, need, kinds in self._others():
            type = types.get(need)
            if type is not None and type.kind not in kinds:
                wanted = "numbers" if kinds is NUMBERS else "dates or times"
                yield ParamError(param, f"{self.entity}.{need.column} is {type}", f"name a column of {wanted}")

    def values(self, cells: ColumnBatch) -> pa.Array:
        moments, missing = self.moments(cells, self.at)
        # Each parent once, however many rows of the batch it has.
        parents, parent = np.unique(cells.rows.parent_numbers(self.link), return_inverse=True)
        above = cells.rows.parent(self.link).at(parents)
        ends = np.cumsum(above.child_counts(self.entity))
        others = above.children(self.entity, 0, int(ends[-1]) if len(ends) else 0)
        amounts = self._amounts(others)
        starts = self._when(others, self.start)
        going = _up_to(starts, amounts, ends, parent, moments)
        if self.end:
            stops = np.maximum(self._when(others, self.end), starts)  # what never starts doesn't stop either
            going = going - _up_to(stops, amounts, ends, parent, moments)
        # Sums in whole millionths, so that they don't depend on the order of rows.
        values = pa.array(going / _GRAIN) if self.column else pa.array(going)
        lost = cells.rows.parent(self.link).missing
        nulls = [mask for mask in (missing, lost) if mask is not None]
        return pa.array(values.to_numpy(), mask=np.logical_or.reduce(nulls)) if nulls else values

    def _when(self, others: Rows, column: str) -> Numbers:
        array = cast_array(others.column(column), Type("timestamp"), pa.timestamp("us")).cast(pa.int64())
        # A start that is null never comes.
        moments: Numbers = array.fill_null(_LAST).to_numpy()
        return moments

    def _amounts(self, others: Rows) -> Numbers:
        if not self.column:
            return np.ones(len(others.numbers), dtype=np.int64)
        numbers = cast_array(others.column(self.column), Type("double"), pa.float64()).fill_null(0.0).to_numpy()
        whole: Numbers = np.rint(numbers * _GRAIN).astype(np.int64)
        return whole


def _up_to(when: Numbers, amounts: Numbers, ends: Numbers, parent: Numbers, moments: Numbers) -> Numbers:
    """For each row, the sum of its parent's amounts whose moment has come; `ends` are where each parent's stop."""
    of_parent = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    # Sorted by parent and then by moment, so that what has come is a stretch of each parent's rows.
    order = np.lexsort((when, of_parent))
    when, sums = when[order], np.append(0, np.cumsum(amounts[order]))
    first = np.append(0, ends)[parent]
    low, high = first.copy(), ends[parent]
    # Bisection for all rows at once, each within its own parent's stretch.
    while np.any(low < high):  # the first of the parent's moments that is still to come
        middle = (low + high) // 2
        came = (when.take(middle, mode="clip") <= moments) & (low < high)
        low, high = np.where(came, middle + 1, low), np.where(came | (low >= high), high, middle)
    result: Numbers = sums[low] - sums[first]
    return result
