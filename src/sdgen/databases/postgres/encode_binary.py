"""Batches in PostgreSQL's binary COPY format, made column by column.

A row is a count of its fields, then each field's length (-1 for null) and its bytes, all numbers big-endian
("COPY", section "Binary Format", of the PostgreSQL documentation). Fields of a fixed width that stand side by side
become one table of bytes, and rows are joined from those tables and the texts between them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.generators.arrays.encode_text import json_text
from sdgen.scenario.types import NESTED, Type
from sdgen.targets.columnar import plain
from sdgen.targets.csv_encoding import characters

# The signature, then the flags and the length of an extension, both 0. The end is a count of fields of -1.
HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TAIL = b"\xff\xff"

_DAYS_TO_2000 = 10_957
_MICROS_TO_2000 = 946_684_800_000_000
_NEGATIVE = 0x4000
_NULL = -1

Bytes = NDArray[np.uint8]


def is_proven(type: Type) -> bool:
    """Can columns of this type go the binary way? Arrays of scalars and very long decimals can't."""
    if type.kind == "decimal":
        # The number is padded to whole digits of base 10,000, and must fit 64 bits then.
        return type.precision + _padding(type.scale) <= 18
    if type.kind == "array":
        return type.items[0].kind in NESTED | {"json"}
    return True


def encode(types: Sequence[Type], batch: pa.RecordBatch) -> pa.Buffer:
    """The batch's rows, without the format's head and tail."""
    rows = _Rows(len(batch), batch.num_columns)
    for array, type in zip(batch.columns, types, strict=True):
        rows.add(plain(array), type)
    return rows.joined()


class _Rows:
    """Rows under construction: finished pieces, and the fixed-width tables at their end."""

    def __init__(self, count: int, fields: int) -> None:
        self.count = count
        self.pieces: list[pa.Array] = []
        self.tables: list[Bytes] = [self._same(np.int16(fields))]

    def _same(self, number: np.signedinteger) -> Bytes:
        return np.broadcast_to(_big(np.array([number])), (self.count, number.itemsize))

    def add(self, array: pa.Array, type: Type) -> None:
        fixed = _FIXED.get(type.kind)
        if fixed is None:
            self._add_bytes(_VARIABLE[type.kind](array, type) if type.kind in _VARIABLE else array)
            return
        table = fixed(array.fill_null(_zero(array.type)) if array.null_count else array, type)
        width = table.shape[1]
        # Without nulls all rows have the same length, which is a part of the table of bytes.
        if not array.null_count:
            self.tables += [self._same(np.int32(width)), table]
            return
        # A null has no bytes behind its length, so that rows of this column differ in width.
        valid = np.asarray(array.is_valid())
        self.tables.append(_big(np.where(valid, np.int32(width), np.int32(_NULL))))
        self._flush()
        self.pieces.append(_binary(table[valid], np.cumsum(valid, dtype=np.int64) * width))

    def _add_bytes(self, array: pa.Array) -> None:
        lengths = np.asarray(pc.binary_length(array).fill_null(_NULL)).astype(np.int32)
        self.tables.append(_big(lengths))
        self._flush()
        self.pieces.append((array.fill_null("") if array.null_count else array).cast(pa.binary()))

    def _flush(self) -> None:
        if self.tables:
            table = np.concatenate(self.tables, axis=1)
            ends = np.arange(1, self.count + 1, dtype=np.int64) * table.shape[1]
            self.pieces.append(_binary(table, ends))
            self.tables = []

    def joined(self) -> pa.Buffer:
        self._flush()
        if not self.count:
            return pa.py_buffer(b"")
        return characters(pc.binary_join_element_wise(*self.pieces, b""))


def _big(numbers: NDArray[np.number]) -> Bytes:
    """Numbers as rows of big-endian bytes."""
    swapped = numbers.astype(numbers.dtype.newbyteorder(">"), copy=False)
    return np.ascontiguousarray(swapped).view(np.uint8).reshape(len(numbers), numbers.itemsize)


def _binary(table: Bytes, ends: NDArray[np.int64]) -> pa.Array:
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(table))]
    return pa.Array.from_buffers(pa.binary(), len(ends), buffers)


def _zero(arrow: pa.DataType) -> pa.Scalar:
    """Any value of the type, to stand where a null's bytes are left out."""
    if arrow == pa.binary(16):
        return pa.scalar(bytes(16), arrow)
    return pa.scalar(False if pa.types.is_boolean(arrow) else 0, arrow)


def _number(dtype: str) -> Callable[[pa.Array, Type], Bytes]:
    return lambda array, type: _big(np.asarray(array).astype(dtype, copy=False))


def _moved(arrow: pa.DataType, by: int) -> Callable[[pa.Array, Type], Bytes]:
    """Days or microseconds since 2000, as PostgreSQL counts them."""
    return lambda array, type: _big(np.asarray(array.cast(arrow)) - np.dtype(str(arrow)).type(by))


def _uuid(array: pa.Array, type: Type) -> Bytes:
    data = np.frombuffer(array.buffers()[1], np.uint8, len(array) * 16, array.offset * 16)
    return data.reshape(len(array), 16)


def _padding(scale: int) -> int:
    return -scale % 4


def _decimal(array: pa.Array, type: Type) -> Bytes:
    words = np.frombuffer(array.buffers()[1], np.int64, len(array) * 2, array.offset * 16)
    values = words[::2]  # is_proven keeps to precisions that fit the lower half
    whole = -(-(type.precision - type.scale) // 4)
    scaled = np.abs(values).astype(np.uint64) * np.uint64(10 ** _padding(type.scale))
    return _numeric(scaled, values < 0, max(whole, 1), type.scale)


def _unsigned(array: pa.Array, type: Type) -> Bytes:
    values = np.asarray(array)
    # 64 bits without a sign have up to 20 digits, which are five of base 10,000.
    return _numeric(values, np.zeros(len(values), dtype=bool), 5, 0)


def _numeric(scaled: NDArray[np.uint64], negative: NDArray[np.bool_], whole: int, scale: int) -> Bytes:
    """numeric: how many digits, weight of the first, sign, scale; then digits of base 10,000, leading zeros kept."""
    digits = whole + -(-scale // 4)
    fields = np.empty((len(scaled), 4 + digits), dtype=">i2")
    fields[:, 0], fields[:, 1], fields[:, 3] = digits, whole - 1, scale
    fields[:, 2] = np.where(negative, _NEGATIVE, 0)
    for place in range(digits - 1, -1, -1):
        rest = scaled // np.uint64(10_000)
        fields[:, 4 + place] = scaled - rest * np.uint64(10_000)
        scaled = rest
    return fields.view(np.uint8)


def _jsonb(array: pa.Array, type: Type) -> pa.Array:
    """jsonb: a version number, then the text."""
    return pc.binary_join_element_wise("\x01", json_text(array, type), "")


_FIXED: dict[str, Callable[[pa.Array, Type], Bytes]] = {
    "bool": lambda array, type: _big(np.asarray(array.cast(pa.uint8()))),
    "tinyint": _number("i2"),
    "smallint": _number("i2"),
    "int": _number("i4"),
    "bigint": _number("i8"),
    "utinyint": _number("i2"),
    "usmallint": _number("i4"),
    "uint": _number("i8"),
    "ubigint": _unsigned,
    "float": _number("f4"),
    "double": _number("f8"),
    "decimal": _decimal,
    "uuid": _uuid,
    "date": _moved(pa.int32(), _DAYS_TO_2000),
    "time": lambda array, type: _big(np.asarray(array.cast(pa.int64()))),
    "timestamp": _moved(pa.int64(), _MICROS_TO_2000),
    "timestamptz": _moved(pa.int64(), _MICROS_TO_2000),
}
_VARIABLE: dict[str, Callable[[pa.Array, Type], pa.Array]] = dict.fromkeys(NESTED | {"json"}, _jsonb)
