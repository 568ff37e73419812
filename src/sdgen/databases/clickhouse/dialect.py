"""ClickHouse: what it calls types, and how its nested type words are read.

It keeps no unique and no foreign keys; its primary key sorts rows and tells none apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sdgen.databases.dialect import Dialect
from sdgen.scenario.types import Type, parse_type

_WRAPPERS = frozenset({"nullable", "lowcardinality"})
_DECIMAL_DIGITS = {"decimal32": 9, "decimal64": 18, "decimal128": 38, "decimal256": 76}
_READS = {
    "bool": "bool",
    "boolean": "bool",
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    "uint8": "utinyint",
    "uint16": "usmallint",
    "uint32": "uint",
    "uint64": "ubigint",
    "uint128": "ubigint",
    "uint256": "ubigint",
    "bfloat16": "float",
    "float32": "float",
    "float64": "double",
    "string": "text",
    "uuid": "uuid",
    "json": "json",
    "object": "json",
    "date": "date",
    "date32": "date",
    "time": "time",
    "time64": "time",
    "datetime": "timestamp",
    "datetime32": "timestamp",
    "datetime64": "timestamp",
    # Types whose values are read from text; the server refuses texts that are none.
    "ipv4": "text",
    "ipv6": "text",
    "dynamic": "text",
    "variant": "text",
}
# Types that take no null, by the words they begin with.
WITHOUT_NULL = frozenset({"array", "map", "tuple", "nested", "json", "object", "dynamic", "variant"})
_LABELLED = re.compile(r"(`(?:[^`]|``)*`|[A-Za-z_]\w*)\s+(.+)", re.DOTALL)
_STRING = re.compile(r"'((?:[^'\\]|\\.|'')*)'", re.DOTALL)


@dataclass(frozen=True)
class DeclaredType:
    """A type as ClickHouse writes it: its word in lower case, what stands in brackets, and the fields' names."""

    word: str
    arguments: tuple[str, ...] = ()

    @property
    def inner(self) -> tuple[DeclaredType, ...]:
        """The types in the brackets, without names before them."""
        return tuple(declared(type) for _, type in self.fields)

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Names and types of a Tuple's or Nested's fields; "" for names where there are none."""
        pairs = [(_LABELLED.fullmatch(argument), argument) for argument in self.arguments]
        return tuple((_unquoted(found[1]), found[2]) if found else ("", text) for found, text in pairs)

    @property
    def nullable(self) -> bool:
        return self.word == "nullable" or (
            self.word == "lowcardinality" and any(inner.nullable for inner in self.inner)
        )

    @property
    def bare(self) -> DeclaredType:
        """The type inside Nullable and LowCardinality."""
        return self.inner[0].bare if self.word in _WRAPPERS and self.arguments else self


def declared(text: str) -> DeclaredType:
    """A declared type taken apart, whatever stands behind it (a default, a codec) left out."""
    text = text.strip()
    word = re.match(r"\w*", text)
    name = word[0] if word else ""
    rest = text[len(name) :].lstrip()
    return DeclaredType(name.lower(), tuple(_arguments(rest)) if rest.startswith("(") else ())


def _arguments(text: str) -> list[str]:
    """The arguments of a bracket that opens the text, parted by the commas outside inner brackets and quotes."""
    found, depth, start = [], 0, 1
    for match in re.finditer(r"'(?:[^'\\]|\\.|'')*'|`(?:[^`]|``)*`|[(),]", text, re.DOTALL):
        mark = match[0]
        depth += (mark == "(") - (mark == ")")
        if (mark == "," and depth == 1) or (mark == ")" and depth == 0):
            found.append(text[start : match.start()].strip())
            start = match.end()
        if mark == ")" and depth == 0:
            break
    return [argument for argument in found if argument]


def _unquoted(name: str) -> str:
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def read_type(text: str) -> Type | None:
    """The type that a declared column type means; None for one that isn't known."""
    found = declared(text)
    if found.word in _WRAPPERS | {"simpleaggregatefunction"}:
        return read_type(found.arguments[-1]) if found.arguments else None
    reader = _READERS.get(found.word)
    if reader is not None:
        return reader(found)
    kind = _READS.get(found.word)
    return parse_type(kind) if kind else None


def _decimal(found: DeclaredType) -> Type | None:
    sizes = [int(argument) for argument in found.arguments if argument.isdigit()]
    if found.word in _DECIMAL_DIGITS:
        return Type("decimal", precision=_DECIMAL_DIGITS[found.word], scale=sizes[0] if sizes else 0)
    if found.word in ("int128", "int256"):
        return Type("decimal", precision=38)
    return Type("decimal", precision=sizes[0] if sizes else 10, scale=sizes[1] if len(sizes) > 1 else 0)


def _nested(found: DeclaredType) -> Type | None:
    items = [read_type(type) for _, type in found.fields]
    known = tuple(item for item in items if item is not None)
    if not known or len(known) < len(items):
        return None
    names = tuple(name for name, _ in found.fields)
    if found.word == "map":
        return Type("map", items=known) if len(known) == 2 else None
    if found.word == "array":
        return Type("array", items=known)
    struct = Type("struct", fields=names, items=known) if all(names) else None
    return Type("array", items=(struct,)) if struct and found.word == "nested" else struct


def _enum(found: DeclaredType) -> Type:
    texts = [_STRING.match(argument) for argument in found.arguments]
    return Type("enum", values=tuple(_plain(text[1]) for text in texts if text))


def _plain(literal: str) -> str:
    return re.sub(r"\\(.)", r"\1", literal.replace("''", "'"), flags=re.DOTALL)


def _fixed(found: DeclaredType) -> Type | None:
    length = found.arguments[0] if found.arguments else ""
    return Type("string", length=int(length)) if length.isdigit() else None


_READERS: dict[str, Callable[[DeclaredType], Type | None]] = {
    **dict.fromkeys([*_DECIMAL_DIGITS, "decimal", "dec", "numeric", "int128", "int256"], _decimal),
    **dict.fromkeys(["array", "map", "tuple", "nested"], _nested),
    **dict.fromkeys(["enum", "enum8", "enum16"], _enum),
    "fixedstring": _fixed,
}

CLICKHOUSE = Dialect(
    name="clickhouse",
    quotes="``",
    longest=200,  # names become folders
    later=frozenset(),
    item="Nullable({})",
    escapes=True,
    parse=read_type,
    reads=_READS,
    types={
        "bool": "Bool",
        "tinyint": "Int8",
        "smallint": "Int16",
        "int": "Int32",
        "bigint": "Int64",
        "utinyint": "UInt8",
        "usmallint": "UInt16",
        "uint": "UInt32",
        "ubigint": "UInt64",
        "float": "Float32",
        "double": "Float64",
        "decimal": "Decimal({precision}, {scale})",
        "string": "String",
        "text": "String",
        "enum": "Enum({values})",
        "uuid": "UUID",
        "json": "String",  # its JSON type takes objects only, and does not keep their text
        "binary": "String",
        "date": "Date32",
        "time": "String",
        "timestamp": "DateTime64(6, 'UTC')",
        "timestamptz": "DateTime64(6, 'UTC')",
        "array of scalars": "Array({key})",  # no generator makes nulls inside; `target` can say Nullable
        "array": "Array({item})",
        "map": "Map({key}, {value})",
        "struct": "Tuple({fields})",
    },
)
