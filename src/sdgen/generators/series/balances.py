"""Balances: for each row, what a column comes to over its parent's rows up to it, exactly.

Siblings are rows that follow one another, so that a batch needs its own amounts, a cumulative sum, and the sum of the
first parent's rows before the batch. That one is the cost of reading at any row: as many amounts as that parent has
before it, computed in pieces. Sums of whole pieces are kept, so that a parent of n rows costs n amounts more in each
process, not n for every batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field, PrivateAttr, field_validator

from sdgen.generators.arrays.decimals import numbers_of
from sdgen.generators.base import Dependency, ParamError
from sdgen.generators.cancellation import raise_if_cancelled
from sdgen.generators.column_batch import ColumnBatch, ColumnContext, Rows
from sdgen.generators.links.rollups import whole_numbers
from sdgen.generators.references import KEYS, Reference, SeriesGenerator, is_reference
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import INTEGERS, NUMBERS, Type

PIECE = 65_536  # rows summed at a time
_KEPT = 65_536  # sums of pieces that are remembered
_AT_ONCE = 16 * PIECE  # amounts computed together, of rows in any order
# Floats have no exact sum: it would depend on where a batch begins.
_EXACT = INTEGERS | {"decimal"}
_DIGITS = 18


@register("balance")
class Balance(SeriesGenerator):
    """A running balance: the opening and the sum of a column over the parent's rows up to and with this one.

    Exact, of whole numbers and decimals. Rows without an amount leave it as it was. Where a parent has very many rows,
    the first row that is asked for costs the amounts of all before it.
    """

    fits: ClassVar[frozenset[str]] = NUMBERS
    example: ClassVar[str] = (
        '{type: "decimal(12,2)", generator: balance, params: {per: customer_id, amount: price, opening: 100}}'
    )

    per: str = Field(min_length=1, description="the link that rows are counted by: each parent has its own balance")
    amount: str = Field(min_length=1, description="the column of this entity that is summed up")
    opening: Decimal | str = Field(
        Decimal(0), description="what it starts from: a number, or a parent's column such as accounts.opening"
    )

    _sums: dict[tuple[int, int], int] = PrivateAttr(default_factory=dict)

    @field_validator("opening", mode="before")
    @classmethod
    def _as_written(cls, value: Any) -> Any:
        return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value

    def natural(self) -> Type:
        raise LookupError("a balance's type follows from its amounts")

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        type = types.get(Dependency(self.amount))
        if type is None:
            raise LookupError(f"the type of {self.amount} isn't known")
        places = max(type.scale if type.kind == "decimal" else 0, self._opening_places(types))
        return Type("decimal", precision=_DIGITS, scale=places) if places else Type("bigint")

    def _opening_places(self, types: Mapping[Dependency, Type | None]) -> int:
        if isinstance(self.opening, Decimal):
            return max(-int(self.opening.as_tuple().exponent), 0)
        type = types.get(self.dependency(self.opening))
        return type.scale if type is not None and type.kind == "decimal" else 0

    def column_params(self) -> Iterator[Reference]:
        yield Reference("amount", self.amount, _EXACT)
        # The link is needed for the places of rows among their siblings, whatever it holds.
        yield Reference("per", self.per, KEYS)
        if isinstance(self.opening, str):
            yield Reference("opening", self.opening, _EXACT)

    @property
    def passes_null(self) -> bool:
        return False

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if isinstance(self.opening, str) and (not is_reference(self.opening) or "." not in self.opening):
            what = f"{self.opening!r} is neither a number nor a parent's column"
            yield ParamError("opening", what, "write a number, or parent.column")
        elif isinstance(self.opening, Decimal) and not self.opening.is_finite():
            yield ParamError("opening", f"{self.opening} is no amount", "give a number")
        if not is_reference(self.amount) or "." in self.amount:
            yield ParamError("amount", f"{self.amount!r} is no column of this entity", "name one")

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        for one in self.column_params():
            type = types.get(self.dependency(one.name))
            if type is not None and (type.kind not in one.kinds or (one.param != "per" and type.precision > _DIGITS)):
                what = f"{one.name} is {type}, of which there is no exact sum"
                yield ParamError(one.param, what, f"give it a whole type, or a decimal of up to {_DIGITS} digits")

    def values(self, cells: ColumnBatch) -> pa.Array:
        rows = cells.rows
        # Siblings follow one another, so that the first one's number follows from a row's place.
        firsts = rows.numbers - rows.ordinals(self.per)
        sums, places = self._running(rows, firsts)
        opening, more = self._openings(cells)
        scale = max(places, more)
        units = sums * np.int64(10 ** (scale - places)) + opening * np.int64(10 ** (scale - more))
        return numbers_of(units, scale, Type("decimal", precision=38, scale=scale) if scale else Type("bigint"))

    def _openings(self, cells: ColumnBatch) -> tuple[Numbers | np.int64, int]:
        """What each row's parent starts from, in units of so many decimal places."""
        if isinstance(self.opening, Decimal):
            places = max(-int(self.opening.as_tuple().exponent), 0)
            return np.int64(int(self.opening.scaleb(places))), places
        return _units(self.referred(cells, self.opening))

    def _running(self, rows: Rows, firsts: Numbers) -> tuple[Numbers, int]:
        """For each row, the sum of the amounts from its parent's first row to its own; and their decimal places."""
        numbers = rows.numbers
        # Batches are rows in sequence; parents of other rows are asked for in any order.
        if len(numbers) and not np.array_equal(numbers, np.arange(numbers[0], numbers[0] + len(numbers))):
            return self._scattered(rows, firsts)
        amounts, places = _units(rows.column(self.amount))
        # Only the first parent of a batch has rows before it; all others begin inside.
        begins = np.flatnonzero(np.diff(firsts, prepend=-1))
        before = np.zeros(len(begins), dtype=np.int64)
        before[:1] = self._sum(rows, int(firsts[0]), int(numbers[0])) if len(numbers) else 0
        return _restarted(amounts, begins, before), places

    def _scattered(self, rows: Rows, firsts: Numbers) -> tuple[Numbers, int]:
        """The same for rows in any order: all rows from a parent's first to its last that is asked for are computed."""
        parents, parent = np.unique(firsts, return_inverse=True)
        low, high = np.full(len(parents), rows.numbers.max()), np.zeros(len(parents), dtype=np.int64)
        np.minimum.at(low, parent, rows.numbers)
        np.maximum.at(high, parent, rows.numbers)
        # Near rows are computed with what lies before them, far ones take the sums that are kept.
        starts = np.where(low - parents > PIECE, low, parents)
        before = np.zeros(len(parents), dtype=np.int64)
        for place in np.flatnonzero(starts > parents):
            before[place] = self._sum(rows, int(parents[place]), int(starts[place]))
        lengths = high - starts + 1
        group = np.cumsum(lengths) // _AT_ONCE
        sums, places = np.empty_like(rows.numbers), 0
        for number in np.unique(group):
            members = np.flatnonzero(group == number)
            begins = np.cumsum(lengths[members]) - lengths[members]
            spans = np.repeat(starts[members] - begins, lengths[members]) + np.arange(lengths[members].sum())
            amounts, places = _units(self._spanned(rows, spans).column(self.amount))
            asked = np.flatnonzero(group[parent] == number)
            within = rows.numbers[asked] - starts[parent[asked]]
            sums[asked] = _restarted(amounts, begins, before[members])[begins[parent[asked] - members[0]] + within]
        return sums, places

    def _spanned(self, rows: Rows, spans: Numbers) -> Rows:
        """The rows of these spans; where they are few, they are kept for other balances over the same parents."""
        if len(spans) > 2 * PIECE:
            return rows.at(spans)
        return rows.shared(f"siblings by {self.per} from {spans[0]}", lambda: rows.at(spans))

    def _sum(self, rows: Rows, start: int, stop: int) -> int:
        """The sum of the amounts of the rows from start to before stop, all of one parent."""
        total = 0
        while start < stop:
            # Pieces begin at multiples of their size, so that whichever batch
            # asks, they are the same and can be kept.
            end = min(start // PIECE * PIECE + PIECE, stop)
            total += self._piece(rows, start, end)
            start = end
        return total

    def _piece(self, rows: Rows, start: int, stop: int) -> int:
        if (start, stop) in self._sums:
            return self._sums[start, stop]
        raise_if_cancelled()
        amounts, _ = _units(rows.at(np.arange(start, stop, dtype=np.int64)).column(self.amount))
        total = int(amounts.sum())
        if stop - start == PIECE and len(self._sums) < _KEPT:
            self._sums[start, stop] = total
        return total


def _restarted(amounts: Numbers, begins: Numbers, before: Numbers) -> Numbers:
    """Cumulative sums that begin anew at each of some places, there from what was before."""
    sums = np.cumsum(amounts)
    # One cumulative sum for all parents, from which each takes off what it had when it began.
    taken = (sums - amounts)[begins] - before
    result: Numbers = sums - np.repeat(taken, np.diff(np.append(begins, len(amounts))))
    return result


def _units(array: pa.Array) -> tuple[Numbers, int]:
    """Whole numbers, or decimals as units of their last place, 0 where they are null; and their decimal places."""
    return whole_numbers(array, 0), array.type.scale if pa.types.is_decimal(array.type) else 0
