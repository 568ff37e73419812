"""Batches as lines for MySQL's LOAD DATA: fields between tabs, special characters escaped, null as `\\N`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from sdgen.generators.arrays.encode_text import decimal_text, hex_text, json_text, timestamp_text
from sdgen.scenario.types import NESTED, TEXTS, Type
from sdgen.targets.csv_encoding import characters, plain_text

FORMAT = r"FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n'"
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\0": "\\0"}


def encode(types: Sequence[Type], batch: pa.RecordBatch) -> pa.Buffer:
    """The batch's rows as lines. Booleans are 0 and 1, moments UTC, bytes hex digits, nested values JSON."""
    fields = [_field(column, type) for column, type in zip(batch.columns, types, strict=True)]
    fields[-1] = pc.binary_join_element_wise(fields[-1], "\n", "")
    return characters(fields[0] if len(fields) == 1 else pc.binary_join_element_wise(*fields, "\t"))


def _field(array: pa.Array, type: Type) -> pa.Array:
    if isinstance(array, pa.DictionaryArray):
        return _text(array.dictionary, type).take(array.indices).fill_null("\\N")
    text = _text(array, type)
    return text.fill_null("\\N") if text.null_count else text


def _text(array: pa.Array, type: Type) -> pa.Array:
    return _TEXT.get(type.kind, plain_text)(array, type)


def _escaped(text: pa.Array) -> pa.Array:
    data = text.buffers()[2]
    content = data.to_pybytes() if data is not None else b""
    for character, escape in _ESCAPES.items():
        if character.encode() in content:
            text = pc.replace_substring(text, character, escape)
    return text


def _moment(array: pa.Array, type: Type) -> pa.Array:
    return timestamp_text(array.view(pa.timestamp("us")) if array.type.tz else array)


_TEXT: Mapping[str, Callable[[pa.Array, Type], pa.Array]] = {
    **dict.fromkeys(TEXTS | {"json"}, lambda array, type: _escaped(array)),
    **dict.fromkeys(NESTED, lambda array, type: _escaped(json_text(array, type))),
    "bool": lambda array, type: pc.if_else(array, "1", "0"),
    "decimal": lambda array, type: decimal_text(array),
    "binary": lambda array, type: hex_text(array),
    "timestamp": _moment,
    "timestamptz": _moment,
}
