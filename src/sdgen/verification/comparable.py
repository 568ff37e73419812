"""Values in forms that can be compared, whichever target they were read from."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.generators.arrays.cast import cast_array, decimal_to_double
from sdgen.generators.arrays.encode_text import hex_text, json_text
from sdgen.generators.pools import text_array
from sdgen.scenario.types import FLOATS, NESTED, NUMBERS, TEXTS, TIMES, Type
from sdgen.targets.columnar import plain

Floats = NDArray[np.float64]

ORDERED = NUMBERS | TIMES | {"uuid"}
CATEGORIES = TEXTS | {"bool"}
_TRUE = text_array(["t", "true", "1", "True", "TRUE"])


def one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as one plain array: no chunks, no dictionary, no extension type."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # an empty one stays chunked
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    return plain(array)


def in_order(array: pa.Array, type: Type) -> Floats:
    """The values that are not null as floats in the same order: times as their units, uuids by their first bits.

    ValueError where a value is none of the type.
    """
    array = array.drop_null()
    if not len(array):
        return np.empty(0)
    if type.kind in NUMBERS:
        return _doubles(array)
    values = cast_array(array, type, type.arrow)
    if type.kind == "uuid":
        # Six bytes are as many as a double tells apart without rounding.
        octets = np.frombuffer(values.buffers()[1], np.uint8).reshape(-1, 16)[values.offset :][: len(values), :6]
        firsts: Floats = octets.astype(np.float64) @ 256.0 ** np.arange(5, -1, -1)
        return firsts
    units: Floats = values.view(pa.int32() if type.kind == "date" else pa.int64()).to_numpy().astype(np.float64)
    return units


def _doubles(array: pa.Array) -> Floats:
    doubles = decimal_to_double(array) if pa.types.is_decimal(array.type) else pc.cast(array, pa.float64(), safe=False)
    numbers: Floats = doubles.to_numpy(zero_copy_only=False)
    return numbers


def as_texts(array: pa.Array, type: Type) -> pa.Array:
    """The values that are not null of a text or boolean column, as texts."""
    array = array.drop_null()
    if type.kind == "bool":
        return pc.cast(_truths(array), pa.string())
    return pc.cast(array, pa.string())


def _truths(array: pa.Array) -> pa.Array:
    if pa.types.is_boolean(array.type):
        return array
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return pc.if_else(pc.is_valid(array), pc.is_in(array, _TRUE), None)
    return pc.not_equal(pc.cast(array, pa.int64()), 0)


def format_value(value: float, type: Type) -> str:
    """A number of `in_order` as a person reads it."""
    match type.kind:
        case "date":
            return str(np.datetime64(round(value), "D"))
        case "timestamp" | "timestamptz":
            return str(np.datetime64(round(value), "us").astype("datetime64[s]")).replace("T", " ")
        case "time":
            return str(np.datetime64(round(value), "us").astype("datetime64[s]")).partition("T")[2]
        case "uuid":
            return f"{round(value):012x}…"
    return f"{value:.10g}"


def exact(array: pa.Array, type: Type) -> list[Any]:
    """The values as Python objects that are equal where the cells are; ValueError where one is none of the type."""
    if type.kind == "json" or type.kind in NESTED:
        # Databases write documents with other spaces, and in another order of keys: they are compared as what they
        # mean.
        return [None if text is None else json.loads(text) for text in _json(array, type).to_pylist()]
    return list(_EXACT.get(type.kind, _conformed)(array, type).to_pylist())


def _conformed(array: pa.Array, type: Type) -> pa.Array:
    return cast_array(array, type, type.arrow)


def _json(array: pa.Array, type: Type) -> pa.Array:
    textual = pa.types.is_string(array.type) or pa.types.is_large_string(array.type)
    return array if textual else json_text(array, type)


def _rounded(array: pa.Array, type: Type) -> pa.Array:
    """Floats to as many digits as every target keeps."""
    narrow = np.float32 if type.kind == "float" else np.float64
    values = _doubles(array).astype(narrow).astype(np.float64)
    # Targets that keep decimals as floats, or floats as decimal texts, agree to so many digits.
    digits = 6 if type.kind == "float" else 12
    return pa.array([None if value != value else float(f"{value:.{digits}g}") for value in values.tolist()])


def _octets(array: pa.Array, type: Type) -> pa.Array:
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return hex_text(pc.cast(array, pa.binary()))
    # PostgreSQL prints bytes as \x and hex digits, others print the digits alone, in capitals or not.
    return pc.replace_substring_regex(pc.utf8_lower(array), r"^\\x", "")


_EXACT: dict[str, Callable[[pa.Array, Type], pa.Array]] = {
    **dict.fromkeys(FLOATS | {"decimal"}, _rounded),
    "bool": lambda array, type: _truths(array),
    "binary": _octets,
}
