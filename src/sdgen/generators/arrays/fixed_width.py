"""Arrow arrays over the memory of numpy arrays: nothing is copied, and no Python object is made per value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def array_over(values: NDArray[Any], arrow: pa.DataType, nulls: NDArray[np.bool_] | None = None) -> pa.Array:
    """The array of a fixed-width Arrow type whose values are these, bit for bit; null where `nulls` says so."""
    valid = None if nulls is None else pa.py_buffer(np.packbits(~nulls, bitorder="little"))
    return pa.Array.from_buffers(arrow, len(values), [valid, pa.py_buffer(np.ascontiguousarray(values))])


def booleans_over(flags: NDArray[np.bool_]) -> pa.Array:
    """The flags as an Arrow array, eight to a byte."""
    packed = np.packbits(flags, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(flags), [None, pa.py_buffer(packed)])


def decimal_units(array: pa.Array) -> NDArray[np.int64] | None:
    """Decimals (decimal128) as whole numbers of their last place; None where one needs more than 64 bits.

    Where the array holds a null, there is any number.
    """
    if not len(array):
        return np.empty(0, dtype=np.int64)
    words = np.frombuffer(array.buffers()[1], np.int64, len(array) * 2, array.offset * 16)
    units: NDArray[np.int64] = np.ascontiguousarray(words[::2])
    if array.type.precision > 18 and not np.array_equal(words[1::2], units >> 63):
        return None
    return units
