"""Rollups: a parent's total over its children, computed from the children's own functions, never from stored rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext, Rows
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import INTEGERS, NUMBERS, TIMES, Type

PIECE = 65_536  # children computed at a time: their columns stay in the processor's cache
# Eight pieces are kept for the rollups of a batch that share the children's columns;
# more would take memory without bound.
_KEPT = 8 * PIECE

_REDUCED = {"sum": np.add, "min": np.minimum, "max": np.maximum}
_START = {"sum": 0, "min": np.iinfo(np.int64).max, "max": np.iinfo(np.int64).min}  # what no child at all comes to
_SUMMED = INTEGERS | {"decimal"}
_COMPARED = _SUMMED | (TIMES - {"time"})


@register("rollup")
class Rollup(Generator):
    """A count, sum, least or greatest over the row's children: an order's total is the sum of its items.

    The children are rows of an entity that counts its rows per this one. A row without children has a count and a sum
    of 0, and a null minimum and maximum; so has one whose children are all null. Sums are exact: of whole numbers and
    decimals.
    """

    fits: ClassVar[frozenset[str]] = NUMBERS | TIMES
    example: ClassVar[str] = '{type: "decimal(12,2)", generator: rollup, params: {entity: order_items, column: total}}'

    entity: str = Field(description="the children's entity; its rows are counted per this entity")
    column: str = Field("", description="the children's column; left out for a count")
    function: Literal["sum", "count", "min", "max"] = Field("sum", description="what is made of the children's values")

    @property
    def may_be_null(self) -> bool:
        return self.function in ("min", "max")

    def natural(self) -> Type:
        raise LookupError("a rollup's type follows from the children's column")

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        type = types.get(self.needs()[0])
        if self.function == "count":
            return Type("bigint")
        if not self.column:
            raise ValueError(f"a {self.function} needs a column of the children")
        if type is None:
            raise LookupError(f"the type of {self.entity}.{self.column} isn't known")
        if self.function != "sum":
            return type
        return Type("decimal", precision=18, scale=type.scale) if type.kind == "decimal" else Type("bigint")

    def needs(self) -> tuple[Dependency, ...]:
        return (Dependency(self.column if self.function != "count" else "", children=self.entity),)

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if self.function != "count" and not self.column:
            yield ParamError(
                "column", f"a {self.function} needs a column of the children", "name it, or ask for a count"
            )

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        type = types.get(self.needs()[0])
        taken = _SUMMED if self.function == "sum" else _COMPARED
        # Sums are of 64-bit whole numbers: longer decimals could overflow.
        if self.function != "count" and type is not None and (type.kind not in taken or type.precision > 18):
            hint = "give that column a decimal type" if self.function == "sum" else ""
            yield ParamError("column", f"a {self.function} can't be made of values of type {type}", hint)

    def values(self, cells: ColumnBatch) -> pa.Array:
        counts = cells.rows.shared(f"children {self.entity}", lambda: cells.rows.child_counts(self.entity))
        if self.function == "count":
            return pa.array(counts)
        totals, arrow = self._reduced(cells.rows, np.cumsum(counts), counts)
        empty = None if self.function == "sum" else totals == _START[self.function]
        return _as_arrow(totals, arrow, empty)

    def _reduced(self, rows: Rows, ends: Numbers, counts: Numbers) -> tuple[Numbers, pa.DataType]:
        """Each row's value over its children, a piece of all children at a time."""
        reduce = _REDUCED[self.function]
        start = _START[self.function]
        # Each piece adds to what those before have come to, since a parent's children may lie in two pieces.
        totals = np.full(len(ends), start, dtype=np.int64)
        size = int(ends[-1]) if len(ends) else 0
        # At least one turn, since the type of the totals follows from a piece.
        for first in range(0, max(size, 1), PIECE):
            last = min(first + PIECE, size)
            # A piece of all children, laid out parent after parent: a parent's are neighbours.
            column = self._piece(rows, first, last, size).column(self.column)
            values, arrow = whole_numbers(column, start), column.type
            low = int(np.searchsorted(ends, first, side="right"))
            high = int(np.searchsorted(ends, last, side="left")) + 1
            # reduceat takes no empty stretches: parents without children in the piece are left out.
            here = low + np.flatnonzero(counts[low:high])
            if last > first:
                # A parent whose children began in an earlier piece begins at the first of this one.
                heads = np.maximum(ends[here] - counts[here] - first, 0)
                totals[here] = reduce(totals[here], reduce.reduceat(values, heads))
        return totals, arrow

    def _piece(self, rows: Rows, first: int, last: int, size: int) -> Rows:
        """Some of the children. Where all are few, their columns are kept for other rollups over them."""
        if size > _KEPT:
            return rows.children(self.entity, first, last)
        return rows.shared(f"{self.entity} from {first}", lambda: rows.children(self.entity, first, last))


def whole_numbers(array: pa.Array, missing: int) -> Numbers:
    """Whole numbers for values: scaled for decimals, days or microseconds for times; `missing` for nulls."""
    if pa.types.is_decimal(array.type):
        numbers = np.frombuffer(array.buffers()[1], dtype=np.int64)[2 * array.offset :: 2][: len(array)]
    else:
        width = pa.int32() if pa.types.is_date(array.type) else pa.int64()
        plain = array.view(width) if pa.types.is_temporal(array.type) else array
        numbers = pc.cast(pc.fill_null(plain, 0), pa.int64()).to_numpy()
    if not array.null_count:
        return numbers
    # Nulls become what changes nothing in the reduction: 0 in a sum, the greatest number in a least.
    return np.where(np.asarray(array.is_valid()), numbers, np.int64(missing))


def _as_arrow(totals: Numbers, arrow: pa.DataType, empty: NDArray[np.bool_] | None) -> pa.Array:
    if pa.types.is_decimal(arrow):
        words = np.empty((len(totals), 2), dtype=np.int64)
        words[:, 0], words[:, 1] = totals, totals >> 63
        # Sums have more digits than their terms, so that the widest type carries them.
        kind = pa.decimal128(38, arrow.scale)
        made = pa.Array.from_buffers(kind, len(totals), [None, pa.py_buffer(words)])
    elif pa.types.is_temporal(arrow):
        there = totals if empty is None else np.where(empty, 0, totals)
        width = pa.int32() if pa.types.is_date(arrow) else pa.int64()
        made = pa.array(there).cast(width).view(arrow)
    else:
        made = pa.array(totals)
    return made if empty is None else pc.if_else(empty, None, made)
