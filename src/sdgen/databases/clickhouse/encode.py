"""Batches as Arrow stream messages for ClickHouse, in arrays that its columns take as they are.

ClickHouse casts Arrow arrays to its columns by itself, but in silence makes nulls defaults and times outside of a
column's range others: both are refused here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdgen.databases.clickhouse.dialect import DeclaredType, declared
from sdgen.errors import Problem, TargetError
from sdgen.generators.arrays.encode_text import json_text, time_text, uuid_text
from sdgen.scenario.types import NESTED, Type
from sdgen.targets.columnar import plain

END = b"\xff\xff\xff\xff\x00\x00\x00\x00"  # of an Arrow stream
_TEXTS = frozenset({"string", "fixedstring", "json", "object"})

# What each word for times holds ("Data types" in ClickHouse's reference), from and to; `wide` servers (2026 and later)
# keep all dates from year 1 on.
Range = tuple[dt.datetime, dt.datetime]
_WIDE = (dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999))
_LONG = (dt.datetime(1900, 1, 1), dt.datetime(2299, 12, 31, 23, 59, 59, 999_999))
_NANO = (dt.datetime(1900, 1, 1), dt.datetime(2262, 4, 11, 23, 47, 16))
_RANGES: Mapping[str, Range] = {
    "date": (dt.datetime(1970, 1, 1), dt.datetime(2149, 6, 6)),
    "datetime": (dt.datetime(1970, 1, 1), dt.datetime(2106, 2, 7, 6, 28, 15)),
    "datetime32": (dt.datetime(1970, 1, 1), dt.datetime(2106, 2, 7, 6, 28, 15)),
    "date32": _LONG,
    "datetime64": _LONG,
}


@dataclass(frozen=True)
class TargetColumn:
    """A column as the table has it: declared type, and the fields of a Nested that is kept as columns of its own."""

    name: str
    type: Type
    declared: DeclaredType
    fields: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.name}.{field}" for field in self.fields) or (self.name,)


@dataclass(frozen=True)
class Layout:
    """How a table's rows reach its columns. text_uuids: the server is not known to read uuids of 16 bytes rightly."""

    table: str
    columns: tuple[TargetColumn, ...]
    text_uuids: bool = True
    wide: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for held in self.columns for name in held.names)


@dataclass(frozen=True)
class EncodedBatch:
    """Some rows: the stream's head, which is the same for all parts of a table, and a message."""

    head: bytes
    message: pa.Buffer
    rows: int

    @property
    def nbytes(self) -> int:
        return int(self.message.size)


def layout(table: str, columns: Sequence[tuple[str, Type]], there: Mapping[str, str], settings: Layout) -> Layout:
    """The layout of columns in a table whose declared types are `there`."""
    held = tuple(_held(name, type, there) for name, type in columns)
    return Layout(table, held, settings.text_uuids, settings.wide)


def _held(name: str, type: Type, there: Mapping[str, str]) -> TargetColumn:
    if name in there or type.kind != "array":
        return TargetColumn(name, type, declared(there.get(name, "")))
    fields = tuple(field for field in type.items[0].fields if f"{name}.{field}" in there)
    inside = tuple(f"`{field}` {declared(there[f'{name}.{field}']).arguments[0]}" for field in fields)
    return TargetColumn(name, type, DeclaredType("nested", inside), fields)


def encode(layout: Layout, batch: pa.RecordBatch) -> EncodedBatch:
    """A batch as one message; TargetError names the column whose values ClickHouse would change in silence."""
    arrays: list[pa.Array] = []
    for array, held in zip(batch.columns, layout.columns, strict=True):
        try:
            found = _storable(plain(array), held.type, held.declared, layout)
        except ValueError as error:
            what, hint = error.args[0], "give the column another type under target: clickhouse, or other values"
            raise TargetError(Problem(("target", layout.table, held.name), what, hint)) from None
        arrays += _parted(found, held.fields) if held.fields else [found]
    encoded = pa.RecordBatch.from_arrays(arrays, names=list(layout.names))
    return EncodedBatch(encoded.schema.serialize().to_pybytes(), encoded.serialize(), len(batch))


def _parted(array: pa.Array, fields: Sequence[str]) -> list[pa.Array]:
    """Lists of structs as one array of lists for each field."""
    offsets, structs, nulls = _offsets(array), array.values, _nulls(array)
    return [pa.ListArray.from_arrays(offsets, structs.field(field), mask=nulls) for field in fields]


def _storable(array: pa.Array, type: Type, held: DeclaredType, layout: Layout) -> pa.Array:
    bare = held.bare
    if bare.word in _TEXTS:
        return _text(array, type)
    if type.kind in NESTED:
        return _NESTED[type.kind](array, type, bare, layout)
    if type.kind == "uuid" and layout.text_uuids:
        return uuid_text(array)
    _check_range(array, bare, layout)
    return array


def _text(array: pa.Array, type: Type) -> pa.Array:
    if type.kind == "uuid":
        return uuid_text(array)
    if type.kind == "time":
        return time_text(array)
    return json_text(array, type) if type.kind in NESTED else array


def _check_range(array: pa.Array, held: DeclaredType, layout: Layout) -> None:
    limits = _RANGES.get(held.word)
    if limits is None or array.null_count == len(array):
        return
    if held.word == "datetime64" and held.arguments[:1] == ("9",):
        limits = _NANO
    elif limits == _LONG and layout.wide:
        limits = _WIDE
    ends = pc.min_max(pc.cast(array, pa.timestamp("us")))
    for end in (ends["min"].as_py(), ends["max"].as_py()):
        if not limits[0] <= end <= limits[1]:
            low, high = (f"{limit:%Y-%m-%d}" for limit in limits)
            raise ValueError(f"{end.isoformat(' ')} does not fit: ClickHouse's {held.word} holds {low} to {high}")


def _inside(values: pa.Array, type: Type, text: str, layout: Layout) -> pa.Array:
    """The values inside a nested one; nulls only where the inner type takes them."""
    held = declared(text)
    if values.null_count and type.kind not in NESTED and not held.nullable and held.bare.word != "dynamic":
        raise ValueError(f"a value inside is null, and ClickHouse's {text} takes none")
    return _storable(values, type, held, layout)


def _offsets(array: pa.Array) -> pa.Array:
    # Arrow refuses a mask beside offsets that are a slice of others.
    return pa.array(np.asarray(array.offsets))


def _nulls(array: pa.Array) -> pa.Array | None:
    """Which rows are null: ClickHouse makes their lists and maps empty."""
    return array.is_null() if array.null_count else None


def _list(array: pa.Array, type: Type, held: DeclaredType, layout: Layout) -> pa.Array:
    if held.word not in ("array", "nested"):
        return array
    if held.word == "nested":
        items = _fields(array.values, type.items[0], held, layout)
    else:
        items = _inside(array.values, type.items[0], held.arguments[0], layout)
    return pa.ListArray.from_arrays(_offsets(array), items, mask=_nulls(array))


def _map(array: pa.Array, type: Type, held: DeclaredType, layout: Layout) -> pa.Array:
    if held.word != "map" or len(held.arguments) != 2:
        return array
    keys = _inside(array.keys, type.items[0], held.arguments[0], layout)
    items = _inside(array.items, type.items[1], held.arguments[1], layout)
    return pa.MapArray.from_arrays(_offsets(array), keys, items, mask=_nulls(array))


def _struct(array: pa.Array, type: Type, held: DeclaredType, layout: Layout) -> pa.Array:
    """A struct; in a column that holds arrays of them, an array of the one."""
    inner = held.inner[0] if held.word == "array" and held.arguments else held
    made = _fields(array, type, inner, layout)
    if held.word not in ("array", "nested"):
        return made
    return pa.ListArray.from_arrays(pa.array(np.arange(len(made) + 1, dtype=np.int32)), made, mask=_nulls(array))


def _fields(array: pa.Array, type: Type, held: DeclaredType, layout: Layout) -> pa.Array:
    there = dict(held.fields)
    if held.word not in ("tuple", "nested") or not set(type.fields) <= there.keys():
        return array
    fields = [
        _inside(array.field(place), item, there[name], layout)
        for place, (name, item) in enumerate(zip(type.fields, type.items, strict=True))
    ]
    return pa.StructArray.from_arrays(fields, names=list(type.fields), mask=_nulls(array))


_NESTED: Mapping[str, Callable[[pa.Array, Type, DeclaredType, Layout], pa.Array]] = {
    "array": _list,
    "map": _map,
    "struct": _struct,
}
