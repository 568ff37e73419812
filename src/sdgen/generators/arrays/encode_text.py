"""Arrays as text: uuids, times, decimals and JSON, each value by itself, whatever stands beside it.

Every function keeps nulls and takes plain (not dictionary) arrays, but for `json_text`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.scenario.types import Type

Bytes = NDArray[np.uint8]

_MICROS = 1_000_000
_HEX = b"0123456789abcdef"
# Where the dashes of a uuid stand among its 36 characters, and each four of its hex digits (RFC 9562, section 4).
_DASHES = (8, 13, 18, 23)
_UUID_TEXT = np.dtype(
    {
        "names": [f"digits_{number}" for number in range(8)],
        "formats": [np.uint32] * 8,
        "offsets": [0, 4, 9, 14, 19, 24, 28, 32],
        "itemsize": 36,
    }
)
# About a century of days, so that the table of their texts stays small.
_MOST_DAYS = 40_000


@cache
def _hex_pairs() -> NDArray[np.uint32]:
    """The four hex digits of each pair of bytes, in the order they lie in memory."""
    digits = np.frombuffer(_HEX, dtype=np.uint8)
    low, high = np.arange(65_536) & 0xFF, np.arange(65_536) >> 8
    four = np.stack([digits[part] for part in (low >> 4, low & 15, high >> 4, high & 15)], axis=1)
    return np.ascontiguousarray(four).view(np.uint32).ravel()


@cache
def _nibbles() -> Bytes:
    """The value of each hex digit's character; 255 for any other character."""
    table = np.full(256, 255, dtype=np.uint8)
    for value, digit in enumerate(_HEX):
        table[digit] = table[ord(chr(digit).upper())] = value
    return table


def fixed_text(characters: Bytes, like: pa.Array) -> pa.Array:
    """A string array from a (rows, width) table of ASCII bytes, null where `like` is null."""
    rows, width = characters.shape
    offsets = np.arange(0, (rows + 1) * width, width or 1, dtype=np.int32)[: rows + 1]
    if not width:
        offsets = np.zeros(rows + 1, dtype=np.int32)
    data = pa.py_buffer(np.ascontiguousarray(characters))
    return pa.Array.from_buffers(pa.string(), rows, [validity(like), pa.py_buffer(offsets), data])


def validity(array: pa.Array) -> pa.Buffer | None:
    """The validity bitmap of an array, from its first row on; None where nothing is null."""
    if not array.null_count:
        return None
    # A sliced array has its bitmap begin at any bit; packed anew, it begins at the first.
    return pa.py_buffer(np.packbits(np.asarray(array.is_valid()), bitorder="little"))


def uuid_text(array: pa.Array) -> pa.Array:
    """16-byte values in the 8-4-4-4-12 hex form of RFC 9562, lower case."""
    rows, start = len(array), array.offset * 16
    data = array.buffers()[1] if rows else b""
    pairs = np.frombuffer(data, dtype=np.uint16, count=rows * 8, offset=start if rows else 0).reshape(rows, 8)
    groups = np.empty(rows, dtype=_UUID_TEXT)
    for index, name in enumerate(_UUID_TEXT.names or ()):
        groups[name] = _hex_pairs()[pairs[:, index]]
    characters = groups.view(np.uint8).reshape(rows, 36)
    for place in _DASHES:
        characters[:, place] = ord("-")
    return fixed_text(characters, array)


def uuid_bytes(array: pa.Array) -> pa.Array:
    """Uuids' texts (with or without dashes) as 16-byte values; ValueError names the first that isn't one."""
    # Nulls are written as zeros, which are a uuid, so that the check below only finds what is wrong.
    digits = pc.replace_substring(array, "-", "").fill_null("0" * 32)
    wrong = pc.not_equal(pc.binary_length(digits), 32)
    if not pc.any(wrong, min_count=0).as_py():
        characters = np.frombuffer(b"".join(_data(digits)), dtype=np.uint8).reshape(len(array), 32)
        values = _nibbles()[characters]
        if values.size == 0 or values.max() < 16:
            packed = pa.py_buffer(np.ascontiguousarray(values[:, ::2] << 4 | values[:, 1::2]))
            return pa.Array.from_buffers(pa.binary(16), len(array), [validity(array), packed])
        wrong = pa.array((values > 15).any(axis=1))
    raise ValueError(f"{array.filter(wrong)[0].as_py()!r} is not a uuid")


def _data(array: pa.Array) -> tuple[memoryview, ...]:
    """The characters of a string array, without those outside its slice."""
    ends = np.asarray(_offsets(array))
    buffer = array.buffers()[2]
    return (memoryview(buffer)[int(ends[0]) : int(ends[-1])],) if buffer is not None else ()


def _offsets(array: pa.Array) -> NDArray[np.int32]:
    buffer = array.buffers()[1]
    if not len(array) or buffer is None:
        return np.zeros(1, dtype=np.int32)
    return np.frombuffer(buffer, dtype=np.int32, count=len(array) + 1, offset=array.offset * 4)


def date_text(array: pa.Array) -> pa.Array:
    """`YYYY-MM-DD`: each day that occurs is formatted once, where they lie within about a century."""
    days = array.view(pa.int32())
    bounds = pc.min_max(days)
    first, last = bounds["min"].as_py(), bounds["max"].as_py()
    # One text for each day of the range pays only where the rows are more than those days.
    if first is None or last - first > min(_MOST_DAYS, len(array)):
        return pc.cast(array, pa.string())
    texts = pc.cast(pa.array(np.arange(first, last + 1, dtype=np.int32)).view(pa.date32()), pa.string())
    return texts.take(pc.subtract(days, pa.scalar(first, pa.int32())))


def timestamp_text(array: pa.Array) -> pa.Array:
    """`YYYY-MM-DD HH:MM:SS`, with a fraction (its trailing zeros cut) only in values that have one.

    Timestamps with a zone are given in UTC, followed by `+00:00`.
    """
    text = _clock_text(_naive(array))
    return _joined(text, "+00:00") if array.type.tz else text


def time_text(array: pa.Array) -> pa.Array:
    """`HH:MM:SS`, with a fraction (its trailing zeros cut) only in values that have one."""
    micros = pc.cast(array, pa.time64("us")).cast(pa.int64())
    return pc.utf8_slice_codeunits(_clock_text(micros.cast(pa.timestamp("us"))), 11)


def _naive(array: pa.Array) -> pa.Array:
    return pc.cast(array, pa.timestamp("us", array.type.tz)).cast(pa.int64()).cast(pa.timestamp("us"))


def _clock_text(array: pa.Array) -> pa.Array:
    micros = array.cast(pa.int64())
    filled = np.asarray(micros.fill_null(0) if micros.null_count else micros)
    seconds = filled // _MICROS
    broken = filled != seconds * _MICROS
    # Whole seconds are written without a fraction, and Arrow decides that by the unit of the type.
    whole = _restored(pa.array(seconds), array).cast(pa.timestamp("s")).cast(pa.string())
    if not broken.any():
        return whole
    return pc.if_else(pa.array(broken), pc.utf8_rtrim(array.cast(pa.string()), "0"), whole)


def _restored(values: pa.Array, like: pa.Array) -> pa.Array:
    return pc.if_else(like.is_valid(), values, None) if like.null_count else values


def decimal_text(array: pa.Array) -> pa.Array:
    """Decimals with all digits of their scale, never with an exponent."""
    text = pc.cast(array, pa.string())
    # Arrow writes an exponent only for decimals of more than six places, so that most need not be searched.
    if array.type.scale <= 6 or not pc.any(pc.match_substring(text, "E"), min_count=0).as_py():
        return text
    plain = [None if value is None else format(value, "f") for value in array.to_pylist()]
    return pa.array(plain, pa.string())


def hex_text(array: pa.Array) -> pa.Array:
    """Binary values as pairs of lower-case hex digits."""
    plain = pc.cast(array, pa.binary())
    digits = np.frombuffer(_HEX, dtype=np.uint8)
    data = np.frombuffer(b"".join(_data(plain)), dtype=np.uint8)
    characters = np.stack([digits[data >> 4], digits[data & 15]], axis=1)
    offsets = (_offsets(plain) - _offsets(plain)[0]) * 2
    buffers = [validity(plain), pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(characters)]
    return pa.Array.from_buffers(pa.string(), len(plain), buffers)


def json_text(array: pa.Array, type: Type | None = None) -> pa.Array:
    """Each value as JSON text (RFC 8259), compact; nulls stay null at the top and are `null` inside.

    Dates and times are ISO 8601 text (`T` between date and time, `Z` behind a time with a zone), decimals
    numbers, uuids text, binary values hex digits, NaN and the infinities null. `type` tells which texts
    inside are JSON already, and which fields of structs are left out where they are null.
    """
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        return json_text(array.dictionary, type).take(array.indices)
    if type is not None and type.kind == "json":
        return array
    type = type if type is not None and type.items else None
    for fits, write in _WRITERS:
        if fits(array.type):
            return write(array, type)
    return pc.cast(array, pa.string())


def _joined(*pieces: Any) -> pa.Array:
    return pc.binary_join_element_wise(*pieces, "")


def _quoted(text: pa.Array) -> pa.Array:
    return _joined('"', text, '"')


def _json_string(array: pa.Array, type: Type | None) -> pa.Array:
    text = array if array.type == pa.string() else pc.cast(array, pa.string())
    special = pc.match_substring_regex(text, r'[\x00-\x1f"\\]')
    return _quoted(_escaped(text) if pc.any(special, min_count=0).as_py() else text)


def _escaped(text: pa.Array) -> pa.Array:
    # Backslashes first, or those that escape the quotation marks would be doubled.
    text = pc.replace_substring(pc.replace_substring(text, "\\", "\\\\"), '"', '\\"')
    if not pc.any(pc.match_substring_regex(text, r"[\x00-\x1f]"), min_count=0).as_py():
        return text
    for code in range(32):
        short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r"}.get(code, f"\\u{code:04x}")
        text = pc.replace_substring(text, chr(code), short)
    return text


def _json_timestamp(array: pa.Array, type: Type | None) -> pa.Array:
    text = pc.replace_substring(_clock_text(_naive(array)), " ", "T")
    return _joined('"', text, 'Z"' if array.type.tz else '"')


def _json_float(array: pa.Array, type: Type | None) -> pa.Array:
    # JSON has neither NaN nor infinities (RFC 8259, section 6).
    return pc.cast(pc.if_else(pc.is_finite(array), array, None), pa.string())


def _json_list(array: pa.Array, type: Type | None) -> pa.Array:
    items = json_text(array.values, type.items[0] if type else None).fill_null("null")
    return _joined("[", _rows_joined(array, items), "]")


def _json_map(array: pa.Array, type: Type | None) -> pa.Array:
    keys = json_text(array.keys, type.items[0] if type else None)
    # RFC 8259 takes nothing but texts for names.
    if not _is_quoted(array.type.key_type):
        keys = _quoted(keys)
    values = json_text(array.items, type.items[1] if type else None).fill_null("null")
    return _joined("{", _rows_joined(array, _joined(keys, ":", values)), "}")


def _is_quoted(arrow: pa.DataType) -> bool:
    numeric = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    return not any(fits(arrow) for fits in numeric)


def _rows_joined(array: pa.Array, items: pa.Array) -> pa.Array:
    """The items' texts of each row, joined by commas; `items` belongs to all of the array's child values."""
    # The child values of a slice are those of the whole array, and the offsets point into them.
    offsets = pa.array(np.asarray(array.offsets))
    mask = array.is_null() if array.null_count else None
    return pc.binary_join(pa.ListArray.from_arrays(offsets, items, mask=mask), ",")


def _json_struct(array: pa.Array, type: Type | None) -> pa.Array:
    optional = frozenset(type.optional if type else ())
    members = []
    for place, field in enumerate(array.type):
        inner = type.items[type.fields.index(field.name)] if type else None
        text = json_text(pc.struct_field(array, place), inner)
        members.append((field.name, text, field.name in optional))
    if not members:
        return _restored(pa.repeat("{}", len(array)), array)
    return _restored(json_objects(members), array)


def json_objects(members: Sequence[tuple[str, pa.Array, bool]], end: str = "") -> pa.Array:
    """A JSON object for each row, `end` behind it: names, their values' JSON texts, and which are absent where null."""
    pieces: list[Any] = []
    leading = members[0][2]  # whether the first may be absent: which comma is the first depends on the row then
    for place, (name, text, optional) in enumerate(members):
        label = ("," if place or leading else "{") + _json_string(pa.array([name]), None)[0].as_py() + ":"
        if optional and text.null_count:
            pieces.append(pc.if_else(text.is_valid(), _joined(label, text.fill_null("")), ""))
        else:
            pieces += [label, text.fill_null("null")]
    if not leading:
        return _joined(*pieces, "}" + end)
    # Where the first may be absent, each member has a comma, and the leading one is cut off.
    return _joined("{", pc.utf8_slice_codeunits(_joined(*pieces), 1), "}" + end)


_Writer = Callable[[pa.Array, Type | None], pa.Array]
_WRITERS: tuple[tuple[Callable[[pa.DataType], bool], _Writer], ...] = (
    (lambda arrow: arrow == pa.binary(16), lambda array, type: _quoted(uuid_text(array))),
    (lambda arrow: pa.types.is_string(arrow) or pa.types.is_large_string(arrow), _json_string),
    (pa.types.is_floating, _json_float),
    (pa.types.is_decimal, lambda array, type: decimal_text(array)),
    (pa.types.is_timestamp, _json_timestamp),
    (pa.types.is_date, lambda array, type: _quoted(pc.cast(pc.cast(array, pa.date32()), pa.string()))),
    (pa.types.is_time, lambda array, type: _quoted(time_text(array))),
    (pa.types.is_binary, lambda array, type: _quoted(hex_text(array))),
    (pa.types.is_map, _json_map),
    (pa.types.is_list, _json_list),
    (pa.types.is_struct, _json_struct),
)
