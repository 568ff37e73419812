"""Batches as CSV (RFC 4180): quotes only around texts that need them, null as nothing, the empty text as `""`.

Booleans are true and false, times `YYYY-MM-DD HH:MM:SS` with a fraction only where there is one, uuids text,
binary values hex digits, nested values JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdgen.generators.arrays.encode_text import (
    date_text,
    decimal_text,
    hex_text,
    json_text,
    time_text,
    timestamp_text,
    uuid_text,
)
from sdgen.scenario.types import NESTED, TEXTS, Type

TextOf = Callable[[pa.Array, Type], pa.Array]

_FREE = TEXTS | NESTED | {"json", "binary"}  # may hold any characters, or none
_SPECIAL = (b",", b'"', b"\n", b"\r", b"\\.")
_PATTERN = r'[,"\r\n]|^$|^\\\.$'  # a line of \. alone would end the input of PostgreSQL's COPY


def header(names: Sequence[str]) -> bytes:
    """The first line: the columns' names."""
    return ",".join(_quoted(pa.array(names, pa.string())).to_pylist()).encode() + b"\n"


def encode(types: Sequence[Type], batch: pa.RecordBatch, own: Mapping[str, TextOf] = {}) -> pa.Buffer:
    """The batch's rows as lines; `own` holds other ways to write some kinds."""
    fields = [
        _field(column, type, own.get(type.kind, plain_text)) for column, type in zip(batch.columns, types, strict=True)
    ]
    # With the ends of lines in them, the joined rows stand one behind the other in Arrow's own buffer, which is written
    # as it is.
    fields[-1] = pc.binary_join_element_wise(fields[-1], "\n", "")
    return characters(fields[0] if len(fields) == 1 else pc.binary_join_element_wise(*fields, ","))


def characters(texts: pa.Array) -> pa.Buffer:
    """The texts, none of them null, one behind the other."""
    if not len(texts):
        return pa.py_buffer(b"")
    # A slice shares the buffers of the whole array: the offsets tell which part of the text is its own.
    offsets = np.frombuffer(texts.buffers()[1], np.int32, len(texts) + 1, texts.offset * 4)
    start, end = int(offsets[0]), int(offsets[-1])
    return texts.buffers()[2].slice(start, end - start)


def _field(array: pa.Array, type: Type, write: TextOf) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        # Few different values are formatted and quoted once, however many rows have them.
        return _field(array.dictionary, type, write).take(array.indices).fill_null("")
    text = write(array, type)
    if type.kind in _FREE:
        text = _quoted(text)
    return text.fill_null("") if text.null_count else text


def _quoted(text: pa.Array) -> pa.Array:
    if not _may_need_quotes(text):
        return text
    wanting = pc.match_substring_regex(text, _PATTERN)
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(text, '"', '""'), '"', "")
    return pc.if_else(wanting, quoted, text)


def _may_need_quotes(text: pa.Array) -> bool:
    """A quick look at all characters at once (memchr): most columns hold nothing special."""
    data = text.buffers()[2]
    # The empty text needs quotes, since null is written as nothing.
    if data is None or pc.min(pc.binary_length(text)).as_py() == 0:
        return bool(len(text) > text.null_count)
    # The buffer may hold more than a slice's own rows: a mark found there costs the slower way, and changes no value.
    content: bytes = data.to_pybytes()
    return any(mark in content for mark in _SPECIAL)


def plain_text(array: pa.Array, type: Type) -> pa.Array:
    """A plain column as text, nulls kept."""
    write = _TEXT.get(type.kind)
    return write(array, type) if write else pc.cast(array, pa.string())


_TEXT: dict[str, TextOf] = {
    "uuid": lambda array, type: uuid_text(array),
    "date": lambda array, type: date_text(array),
    "decimal": lambda array, type: decimal_text(array),
    "time": lambda array, type: time_text(array),
    "timestamp": lambda array, type: timestamp_text(array),
    "timestamptz": lambda array, type: timestamp_text(array),
    "binary": lambda array, type: hex_text(array),
    **dict.fromkeys(NESTED, json_text),
}
