"""Numbers with bounds known before they are computed, so that whole numbers of 64 bits never overflow unseen."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

# Half of the range of 64 bits: results are left to DuckDB well before they could overflow.
LIMIT = 1 << 62
DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
INTEGERS = {
    "TINYINT": (-(1 << 7), pa.int8()),
    "SMALLINT": (-(1 << 15), pa.int16()),
    "INTEGER": (-(1 << 31), pa.int32()),
    "BIGINT": (-(1 << 63), pa.int64()),
}
_DAYS = 100_000_000  # dates as far away as this are left to DuckDB


# Every doubt ends here: errors, nulls, divisions by zero and infinities all come from one place, which is DuckDB.
class Unsupported(Exception):
    """The expression, or this batch of it, is for DuckDB to compute."""


class Numbers(NamedTuple):
    """Values times ten to the power of `scale`, all within low … high; a plain int is the same in every row."""

    values: Any
    # Python's whole numbers have no bounds of their own, so that bounds can be reckoned without overflow.
    low: int
    high: int
    scale: int = 0


Truth = NDArray[np.bool_] | bool
Columns = Mapping[str, pa.Array]
Node = Callable[[Columns], Numbers]
Doubles = Callable[[Columns], Any]
Condition = Callable[[Columns], Truth]


def room(name: str) -> tuple[int, int]:
    """The greatest distance from 0 that values of a type have, and its digits behind the point."""
    if name in INTEGERS:
        return -INTEGERS[name][0] - 1, 0
    if name == "DATE":
        return _DAYS, 0
    decimal = DECIMAL.fullmatch(name)
    if decimal is None:
        raise Unsupported
    return min(10 ** int(decimal[1]) - 1, LIMIT), int(decimal[2])


def bounded(node: Node, bound: int, scale: int) -> Node:
    def compute(columns: Columns) -> Numbers:
        made = node(columns)
        if made.scale != scale or made.low < -bound or made.high > bound:
            # The type's own bounds count, not those of 64 bits: beyond them DuckDB has an error to tell.
            raise Unsupported
        return made

    return compute


def finite(node: Doubles) -> Doubles:
    def compute(columns: Columns) -> Any:
        made = node(columns)
        if not np.isfinite(np.sum(made)):  # so is none of them; a sum that overflows is DuckDB's as well
            raise Unsupported
        return made

    return compute


def array_without_nulls(columns: Columns, name: str) -> pa.Array:
    if columns[name].null_count:
        # Nulls have rules of their own in every operation, which DuckDB has and these functions haven't.
        raise Unsupported
    return columns[name]


def within(low: int, high: int) -> bool:
    """True; Unsupported where results could come near the ends of 64 bits."""
    if low < -LIMIT or high > LIMIT:
        raise Unsupported
    return True


def aligned(first: Numbers, second: Numbers) -> tuple[Numbers, Numbers]:
    scale = max(first.scale, second.scale)
    return scaled(first, scale), scaled(second, scale)


def scaled(made: Numbers, scale: int) -> Numbers:
    if made.scale == scale:
        return made
    factor = 10 ** (scale - made.scale)
    within(made.low * factor, made.high * factor)
    return Numbers(made.values * factor, made.low * factor, made.high * factor, scale)
