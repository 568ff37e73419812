"""From the Arrow type a generator made to the exact Arrow type its column is carried in.

`cast_array` converts whole arrays, nulls kept; `scalar_array` makes an array of single values. Values that
don't fit raise ValueError, naming the value and the type.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.generators.arrays.encode_text import (
    decimal_text,
    json_text,
    time_text,
    timestamp_text,
    uuid_bytes,
    uuid_text,
    validity,
)
from sdgen.generators.arrays.fixed_text import decimal_units
from sdgen.generators.arrays.rounding import WHOLE, rounded, rounded_decimals, units
from sdgen.generators.arrays.scalars import scalar_array
from sdgen.scenario.types import FLOATS, INTEGERS, TEXTS, Type

__all__ = ["cast_array", "family", "scalar_array", "scaled_decimal"]

# A uuid has no type of its own here: it is sixteen bytes, and no other type of a column is.
_FAMILIES: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_integer, "integer"),
    (pa.types.is_floating, "float"),
    (pa.types.is_decimal, "decimal"),
    (pa.types.is_boolean, "bool"),
    (lambda arrow: pa.types.is_string(arrow) or pa.types.is_large_string(arrow), "text"),
    (pa.types.is_timestamp, "timestamp"),
    (pa.types.is_date, "date"),
    (pa.types.is_time, "time"),
    (lambda arrow: arrow == pa.binary(16), "uuid"),
    (pa.types.is_map, "map"),
    (pa.types.is_struct, "struct"),
    (lambda arrow: pa.types.is_list(arrow) or pa.types.is_large_list(arrow), "array"),
)
_WANTED = {
    **dict.fromkeys(INTEGERS, "integer"),
    **dict.fromkeys(FLOATS, "float"),
    **dict.fromkeys(TEXTS | {"json"}, "text"),
}
VERSION = 2  # goes up with every change of the values that conversions give
_ZONED = r":.*(Z|z|[+-]\d\d(:?\d\d)?)$"


def cast_array(array: pa.Array, type: Type, arrow: pa.DataType) -> pa.Array:
    """The same values in the Arrow type that carries a column of `type`, or in a dictionary of it.

    Numbers are rounded with halves away from zero, texts of a string(n) cut to n characters, naive timestamps read as
    UTC.
    """
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), arrow)
    # Few distinct values are converted once each, and rows stay numbers.
    if pa.types.is_dictionary(arrow):
        return _encoded(array, type, arrow)
    if pa.types.is_dictionary(array.type):
        return cast_array(array.dictionary, type, arrow).take(array.indices)
    if array.type != arrow:
        array = _converted(array, type, arrow)
    return _cut(array, type.length) if type.length else array


def _converted(array: pa.Array, type: Type, arrow: pa.DataType) -> pa.Array:
    route = _ROUTES.get((family(array.type), _WANTED.get(type.kind, type.kind)))
    try:
        return pc.cast(array, arrow) if route is None else route(array, type, arrow)
    except (ValueError, NotImplementedError) as error:
        if "(for a column of" in str(error):
            raise
        raise ValueError(f"{error} (for a column of type {type})") from error


@lru_cache(maxsize=256)
def family(arrow: pa.DataType) -> str:
    """Which of the families of Arrow types a type belongs to; "" for none."""
    return next((name for fits, name in _FAMILIES if fits(arrow)), "")


def _encoded(array: pa.Array, type: Type, arrow: pa.DataType) -> pa.Array:
    if array.type == arrow and not type.length:
        return array
    if not pa.types.is_dictionary(array.type):
        array = cast_array(array, type, arrow.value_type).dictionary_encode()
    words = cast_array(array.dictionary, type, arrow.value_type)
    indices = pc.cast(array.indices, arrow.index_type)
    return pa.DictionaryArray.from_arrays(indices, words, ordered=arrow.ordered)


def _cut(array: pa.Array, length: int) -> pa.Array:
    longest = pc.max(pc.binary_length(array)).as_py() or 0
    if longest <= length or (pc.max(pc.utf8_length(array)).as_py() or 0) <= length:
        return array
    return pc.utf8_slice_codeunits(array, 0, length)


def _rounded(array: pa.Array, type: Type, arrow: pa.DataType) -> pa.Array:
    if pa.types.is_floating(array.type):
        return pc.cast(pa.array(rounded(_filled(array)), mask=_nulls(array)), arrow)
    # Rounded as a decimal first: the cast to whole numbers has no rounding of its own.
    return pc.cast(_rescaled(array, 38, 0), pa.int64() if type.kind != "ubigint" else arrow).cast(arrow)


def scaled_decimal(scaled: NDArray[np.int64], arrow: pa.DataType, like: pa.Array | None = None) -> pa.Array:
    """A decimal128 array from whole numbers of its smallest unit, null where `like` is null."""
    # Arrow keeps a decimal as 128 bits, low word first: the upper word is the sign, sixty-four times over.
    words = np.empty((len(scaled), 2), dtype=np.int64)
    words[:, 0] = scaled
    np.right_shift(scaled, 63, out=words[:, 1])
    nulls = None if like is None else validity(like)
    return pa.Array.from_buffers(arrow, len(scaled), [nulls, pa.py_buffer(words)])


def _integer_to_decimal(array: pa.Array, type: Type, arrow: pa.DataType) -> pa.Array:
    values = np.asarray(array.fill_null(0) if array.null_count else array)
    most = max(int(values.max()), -int(values.min())) if len(values) else 0
    # Only where the greatest product stays within 64 bits; what may overflow goes by its text, which Arrow checks.
    if most * 10**type.scale < min(10**type.precision, 1 << 63):
        return scaled_decimal(values.astype(np.int64) * np.int64(10**type.scale), arrow, array)
    return pc.cast(pc.cast(array, pa.string()), arrow)


def _float_to_decimal(array: pa.Array, type: Type, arrow: pa.DataType) -> pa.Array:
    # Decimals of a float are what it is written as, with halves away from zero: 1.005 becomes 1.01, as in `rounding`.
    counted = units(_filled(array), type.scale)
    bound = float(10**type.precision)
    if not len(counted) or (counted.min() > -bound and counted.max() < bound):  # both false where there is a NaN
        return scaled_decimal(counted.astype(np.int64), arrow, array)
    return pc.cast(_long_floats(array, counted, pa.decimal128(38, type.scale)), arrow)


def _long_floats(array: pa.Array, counted: NDArray[np.float64], wide: pa.DataType) -> pa.Array:
    """Floats of more than 15 digits as decimals: by their shortest text, and exactly where they are whole by nature."""
    values = _filled(array)
    # Beyond twice 2^52 a double is a whole number, and its binary value is exact: no text could say it better.
    short, whole = np.isfinite(counted), np.abs(values) >= 2 * WHOLE
    # The shortest text that reads back as the same double is what people see, so it is what a decimal should be.
    written = pc.cast(pa.array(np.where(short | whole, 0, values).astype(values.dtype)), pa.string())
    longer = _text_to_decimal(written, Type("decimal", precision=38, scale=wide.scale), wide)
    exact = pc.cast(pa.array(np.where(whole, values, 0)), wide)
    counts = scaled_decimal(np.where(short, counted, 0).astype(np.int64), wide, array)
    return pc.if_else(short, counts, pc.if_else(whole, exact, longer))


def _decimal_to_decimal(array: pa.Array, type: Type, arrow: pa.DataType) -> pa.Array:
    units = None if array.null_count else decimal_units(array)
    scaled = None if units is None else _rescaled_units(units, type.scale - array.type.scale, type.precision)
    return (
        pc.cast(_rescaled(array, type.precision, type.scale), arrow)
        if scaled is None
        else scaled_decimal(scaled, arrow)
    )


def _rescaled_units(units: NDArray[np.int64], places: int, precision: int) -> NDArray[np.int64] | None:
    """Whole numbers with so many places more, or rounded to fewer; None where one has more digits than `precision`."""
    if abs(places) > 18:
        return None
    factor, room = 10 ** abs(places), 10 ** min(precision, 18)
    most = max(int(units.max()), -int(units.min()), 0) if len(units) else 0
    # One factor of room is left for the carry, since 9.99 rounded to one place has a digit more in front.
    if most >= (room // factor if places > 0 else room * factor - factor):
        return None
    return units * factor if places > 0 else _rounded_units(units, factor)


def _rounded_units(units: NDArray[np.int64], divisor: int) -> NDArray[np.int64]:
    """Whole numbers divided by a power of ten, to the nearest, halves away from zero."""
    if divisor == 1:
        return units
    if not len(units) or units.min() >= 0:
        quotients = units // divisor
        return quotients + (units - quotients * divisor >= divisor // 2)
    quotients = np.abs(units) // divisor
    quotients += np.abs(units) - quotients * divisor >= divisor // 2
    return np.where(units < 0, -quotients, quotients)


def _rescaled(array: pa.Array, precision: int, scale: int) -> pa.Array:
    """Decimals rounded to a scale, with room for the carry; the Arrow type still has its old scale."""
    if array.type.scale <= scale:
        return array
    return rounded_decimals(pc.cast(array, pa.decimal128(38, array.type.scale)), scale)


def _text_to_decimal(array: pa.Array, type: Type, arrow: pa.DataType) -> pa.Array:
    # As many places as 38 digits leave, so that the text is read whole and is then rounded by our own definition.
    wide = pa.decimal128(38, 38 - max(type.precision - type.scale, 1))
    try:
        return pc.cast(array, arrow)
    except pa.ArrowInvalid:  # more digits behind the point than the scale, or no number at all
        return _decimal_to_decimal(pc.cast(array, wide), type, arrow)


def _text_to_timestamp(array: pa.Array, type: Type, arrow: pa.DataType) -> pa.Array:
    zoned = pc.match_substring_regex(array, _ZONED)
    # A date alone (ten characters) needs a time of day before a zone can stand behind it.
    short = pc.equal(pc.utf8_length(array), 10)
    # A moment without a zone counts as UTC, so that it is the same on machines of any zone.
    suffix = pc.if_else(zoned, "", pc.if_else(short, "T00:00:00Z", "Z"))
    text = pc.binary_join_element_wise(array, suffix, "")
    return pc.cast(pc.cast(text, pa.timestamp("us", "UTC")), arrow)


def _text_to_date(array: pa.Array, type: Type, arrow: pa.DataType) -> pa.Array:
    longest = pc.max(pc.binary_length(array)).as_py() or 0
    return pc.cast(array if longest <= 10 else _text_to_timestamp(array, type, pa.timestamp("us")), arrow)


def _text_to_time(array: pa.Array, type: Type, arrow: pa.DataType) -> pa.Array:
    moments = pc.cast(pc.binary_join_element_wise("1970-01-01T", array, ""), pa.timestamp("us"))
    return pc.cast(moments, arrow)


def _nulls(array: pa.Array) -> NDArray[np.bool_] | None:
    return array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None


def _filled(array: pa.Array) -> NDArray[np.float64]:
    """An array's floats, with 0 in the place of nulls."""
    return np.asarray(array.fill_null(0) if array.null_count else array)


def _lists(array: pa.Array, type: Type, arrow: pa.DataType) -> pa.Array:
    if pa.types.is_large_list(array.type):
        array = pc.cast(array, pa.list_(array.type.value_type))
    values = cast_array(array.values, type.items[0], arrow.value_type)
    return pa.ListArray.from_arrays(*_frame(array), values, type=arrow, mask=_mask(array))


def _maps(array: pa.Array, type: Type, arrow: pa.DataType) -> pa.Array:
    keys = cast_array(array.keys, type.items[0], arrow.key_type)
    items = cast_array(array.items, type.items[1], arrow.item_type)
    return pa.MapArray.from_arrays(*_frame(array), keys, items, type=arrow, mask=_mask(array))


def _frame(array: pa.Array) -> tuple[pa.Array]:
    """The offsets of a list's rows, as an array of their own."""
    # The offsets are copied, because from_arrays refuses a mask together with offsets that are a slice of others.
    return (pa.array(np.asarray(array.offsets)),)


def _mask(array: pa.Array) -> pa.Array | None:
    return array.is_null() if array.null_count else None


def _structs(array: pa.Array, type: Type, arrow: pa.DataType) -> pa.Array:
    made = {field.name: pc.struct_field(array, place) for place, field in enumerate(array.type)}
    missing = [name for name in type.fields if name not in made]
    if missing:
        raise ValueError(f"the field {missing[0]!r} of {type} is missing")
    pairs = zip(type.fields, type.items, strict=True)
    children = [cast_array(made[name], item, arrow.field(name).type) for name, item in pairs]
    if not children:
        return pc.cast(array, arrow)
    return pa.StructArray.from_arrays(children, fields=list(arrow), mask=_mask(array))


def decimal_to_double(array: pa.Array) -> pa.Array:
    """Each decimal as the double nearest to it: 0.69 and not 0.6900000000000001, which Arrow's own cast makes of it."""
    # Up to 15 digits both numbers are exact doubles; longer ones are read from their text, as the nearest double.
    if array.type.precision > 15 or pa.types.is_decimal256(array.type):
        return pc.cast(pc.cast(array, pa.string()), pa.float64())
    if not len(array):
        return pa.array([], pa.float64())
    # Decimals of up to 18 digits lie in the lower of two words; the array may be a slice, which starts at its offset.
    words = np.frombuffer(array.buffers()[1], np.int64, len(array) * 2, array.offset * 16)
    doubles = words[::2] / np.float64(10**array.type.scale)  # both are exact below 2^53, so the quotient is the nearest
    return pa.array(doubles, mask=_nulls(array))


def _decimal_to_float(array: pa.Array, type: Type, arrow: pa.DataType) -> pa.Array:
    return pc.cast(decimal_to_double(array), arrow)


_Route = Callable[[pa.Array, Type, pa.DataType], pa.Array]
_ROUTES: dict[tuple[str, str], _Route] = {
    ("float", "integer"): _rounded,
    ("decimal", "integer"): _rounded,
    ("decimal", "float"): _decimal_to_float,
    ("integer", "decimal"): _integer_to_decimal,
    ("float", "decimal"): _float_to_decimal,
    ("decimal", "decimal"): _decimal_to_decimal,
    ("text", "decimal"): _text_to_decimal,
    ("decimal", "text"): lambda array, type, arrow: decimal_text(array),
    ("timestamp", "text"): lambda array, type, arrow: timestamp_text(array),
    ("time", "text"): lambda array, type, arrow: time_text(array),
    ("uuid", "text"): lambda array, type, arrow: uuid_text(array),
    ("array", "text"): lambda array, type, arrow: json_text(array),
    ("map", "text"): lambda array, type, arrow: json_text(array),
    ("struct", "text"): lambda array, type, arrow: json_text(array),
    ("text", "uuid"): lambda array, type, arrow: uuid_bytes(array),
    ("text", "timestamp"): _text_to_timestamp,
    ("text", "timestamptz"): _text_to_timestamp,
    ("text", "date"): _text_to_date,
    ("text", "time"): _text_to_time,
    ("array", "array"): _lists,
    ("map", "map"): _maps,
    ("struct", "struct"): _structs,
}
