"""Batches as INSERT statements of some hundred rows each, with literals as one database reads them.

Statements end at fixed row numbers, so that the text does not depend on who made the batches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdgen.databases.postgres.encode_text import array_literal
from sdgen.errors import Problem, TargetError
from sdgen.generators.arrays.encode_text import decimal_text, hex_text, json_text, timestamp_text
from sdgen.scenario.types import FLOATS, INTEGERS, NESTED, TEXTS, Type
from sdgen.targets.csv_encoding import characters, plain_text

ROWS = 512  # of one statement; a power of two, as batches are
LONGEST = 4 << 20  # bytes of one statement: servers refuse very long ones (max_allowed_packet)

LiteralOf = Callable[[pa.Array, Type, "Literals"], pa.Array]


@dataclass(frozen=True)
class Literals:
    """How one database writes values.

    escapes: what stands for a character in a text's literal, in this order. infinite: what is written for NaN,
    infinity and minus infinity. binary: what stands before and after hex digits. zoned: whether moments may name their
    offset. own: other literals for some kinds.
    """

    escapes: Mapping[str, str]
    infinite: tuple[str, str, str]
    binary: tuple[str, str]
    zoned: bool = True
    own: Mapping[str, LiteralOf] = field(default_factory=dict)

    def of(self, array: pa.Array, type: Type) -> pa.Array:
        """A plain column as literals, nulls kept."""
        return self.own.get(type.kind, _LITERALS.get(type.kind, _quoted_plain))(array, type, self)

    def quoted(self, text: pa.Array) -> pa.Array:
        """Texts as literals."""
        for character, escape in self.escapes.items():
            if _holds(text, character.encode()):
                text = pc.replace_substring(text, character, escape)
        return pc.binary_join_element_wise("'", text, "'", "")


def encode(types: Sequence[Type], batch: pa.RecordBatch, insert: str, literals: Literals) -> pa.Buffer:
    """The batch's rows as statements; `insert` is what each begins with, up to VALUES."""
    if not len(batch):
        return pa.py_buffer(b"")
    fields = [_field(column, type, literals) for column, type in zip(batch.columns, types, strict=True)]
    size = _rows_of_statement(fields)
    places = np.arange(len(batch))
    first = places % size == 0
    last = (places % size == size - 1) | (places == len(batch) - 1)
    heads = pa.array(["(", f"{insert}\n("]).take(pa.array(first.astype(np.int8)))
    tails = pa.array(["),\n", ");\n"]).take(pa.array(last.astype(np.int8)))
    fields[0] = pc.binary_join_element_wise(heads, fields[0], "")
    fields[-1] = pc.binary_join_element_wise(fields[-1], tails, "")
    return characters(fields[0] if len(fields) == 1 else pc.binary_join_element_wise(*fields, ", "))


def _rows_of_statement(fields: Sequence[pa.Array]) -> int:
    widest = sum(pc.max(pc.binary_length(text)).as_py() + 2 for text in fields)
    size = ROWS
    while size > 1 and size * widest > LONGEST:
        # Halves of a power of two divide the batches too: statements go on ending at fixed row numbers.
        size //= 2
    return size


def _field(array: pa.Array, type: Type, literals: Literals) -> pa.Array:
    if isinstance(array, pa.DictionaryArray):
        return literals.of(array.dictionary, type).take(array.indices).fill_null("NULL")
    text = literals.of(array, type)
    return text.fill_null("NULL") if text.null_count else text


def _holds(text: pa.Array, character: bytes) -> bool:
    """A quick look at all characters at once (memchr): most columns hold nothing special."""
    data = text.buffers()[2]
    return data is not None and character in data.to_pybytes()


def _quoted_plain(array: pa.Array, type: Type, literals: Literals) -> pa.Array:
    return literals.quoted(plain_text(array, type))


def _number(array: pa.Array, type: Type, literals: Literals) -> pa.Array:
    return pc.cast(array, pa.string())


def _float(array: pa.Array, type: Type, literals: Literals) -> pa.Array:
    text = pc.cast(array, pa.string())
    finite = pc.is_finite(array)
    if pc.all(finite, min_count=0).as_py():
        return text
    words = pa.array(literals.infinite).take(pc.index_in(text, pa.array(["nan", "inf", "-inf"])))
    return pc.if_else(finite, text, words)


def _moment(array: pa.Array, type: Type, literals: Literals) -> pa.Array:
    if array.type.tz and not literals.zoned:
        # The script's session is in UTC, so that the moment is the same without its offset.
        array = array.view(pa.timestamp("us"))
    return pc.binary_join_element_wise("'", timestamp_text(array), "'", "")


def _binary(array: pa.Array, type: Type, literals: Literals) -> pa.Array:
    return pc.binary_join_element_wise(literals.binary[0], hex_text(array), literals.binary[1], "")


_LITERALS: Mapping[str, LiteralOf] = {
    **dict.fromkeys(INTEGERS, _number),
    **dict.fromkeys(FLOATS, _float),
    **dict.fromkeys(TEXTS | {"json"}, lambda array, type, literals: literals.quoted(array)),
    **dict.fromkeys(NESTED, lambda array, type, literals: literals.quoted(json_text(array, type))),
    "decimal": lambda array, type, literals: decimal_text(array),
    "bool": lambda array, type, literals: pc.if_else(array, "TRUE", "FALSE"),
    "timestamp": _moment,
    "timestamptz": _moment,
    "binary": _binary,
}


def _without_nul(array: pa.Array, type: Type, literals: Literals) -> pa.Array:
    """PostgreSQL has no text with the character NUL."""
    if _holds(array, b"\0"):
        hint = "take it out of the values, or choose the type binary"
        raise TargetError(Problem(("target",), "a text holds the character NUL, which PostgreSQL can't store", hint))
    return literals.quoted(array)


def _decimal_or_text(array: pa.Array, type: Type, literals: Literals) -> pa.Array:
    """SQLite's numbers are doubles: decimals of more digits are kept as text."""
    text = decimal_text(array)
    return literals.quoted(text) if type.precision > 15 else text


POSTGRES = Literals(
    escapes={"'": "''"},
    infinite=("'NaN'", "'Infinity'", "'-Infinity'"),
    binary=(r"'\x", "'"),
    own={
        **dict.fromkeys(TEXTS, _without_nul),
        "array": lambda array, type, literals: literals.quoted(array_literal(array, type)),
    },
)
MYSQL = Literals(
    # The backslash comes first, or those of the other escapes would be doubled. MySQL has neither NaN nor infinity.
    escapes={"\\": "\\\\", "'": "\\'", "\0": "\\0", "\n": "\\n", "\r": "\\r", "\x1a": "\\Z"},
    infinite=("NULL", "NULL", "NULL"),
    binary=("X'", "'"),
    zoned=False,
)
SQLITE = Literals(
    # SQLite takes a NUL for the end of a statement, and knows infinity only as a number that is too large for a double.
    escapes={"'": "''", "\0": "'||char(0)||'"},
    infinite=("NULL", "9e999", "-9e999"),
    binary=("X'", "'"),
    own={"ubigint": _quoted_plain, "decimal": _decimal_or_text},
)
