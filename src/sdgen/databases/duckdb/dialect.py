"""DuckDB: what it calls types, and what it can do to a table that holds rows."""

from __future__ import annotations

import re
from dataclasses import replace

from sdgen.databases.dialect import PRIMARY_KEY, UNIQUE, Dialect
from sdgen.scenario.types import Type, array_of

_LIST = re.compile(r"(.*)\[(\d*)\]", re.DOTALL)
_NESTED = re.compile(r"(struct|row|map|union|enum)\s*\((.*)\)", re.IGNORECASE | re.DOTALL)
_FIELD = re.compile(r"(\"(?:[^\"]|\"\")*\"|\w+)\s+(.+)", re.DOTALL)
_MARKS = re.compile(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|[(),]")
_TEXT = re.compile(r"'((?:[^']|'')*)'")


def read_type(declared: str) -> Type | None:
    """A list, an array of fixed size, a STRUCT, MAP, UNION or ENUM; None for any other, and for what isn't known.

    Of a UNION it is the first member's type, whose values DuckDB takes for the union's.
    """
    text = declared.strip()
    listed = _LIST.fullmatch(text)
    if listed is not None:
        item = _item(listed[1])
        return array_of(item) if item is not None else None
    nested = _NESTED.fullmatch(text)
    if nested is None:
        return None
    word, parts = nested[1].lower(), _parts(nested[2])
    if word == "enum":
        return Type("enum", values=tuple(part[1:-1].replace("''", "'") for part in parts if _TEXT.fullmatch(part)))
    fields = [_FIELD.fullmatch(part) for part in parts] if word != "map" else []
    items = [_item(found[2]) if found else None for found in fields] or [_item(part) for part in parts]
    known = tuple(item for item in items if item is not None)
    if not known or len(known) < len(items):
        return None
    if word == "map":
        return Type("map", items=known) if len(known) == 2 else None
    if word == "union":
        return known[0]
    names = tuple(_unquoted(found[1]) for found in fields if found)
    return Type("struct", fields=names, items=known)


def union_members(declared: str) -> Type | None:
    """A UNION's members as the fields of a struct, of which one has a value; None for any other type."""
    nested = _NESTED.fullmatch(declared.strip())
    if nested is None or nested[1].lower() != "union":
        return None
    members = read_type(f"STRUCT({nested[2]})")
    return members if members is not None and members.fields else None


def _item(declared: str) -> Type | None:
    """A type within another; a decimal without sizes is DuckDB's own."""
    found = DUCKDB.read(declared)
    return replace(found, precision=18, scale=3) if found == Type("decimal") else found


def _parts(text: str) -> list[str]:
    """What stands between the commas outside of parentheses and quotes."""
    found, depth, start = [], 0, 0
    for match in _MARKS.finditer(text):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if match[0] == "," and not depth:
            found.append(text[start : match.start()].strip())
            start = match.end()
    return [*found, text[start:].strip()]


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


DUCKDB = Dialect(
    name="duckdb",
    parse=read_type,
    # Foreign keys can't be added to a table that is there.
    later=frozenset({PRIMARY_KEY, UNIQUE}),
    types={
        "bool": "BOOLEAN",
        "tinyint": "TINYINT",
        "smallint": "SMALLINT",
        "int": "INTEGER",
        "bigint": "BIGINT",
        "utinyint": "UTINYINT",
        "usmallint": "USMALLINT",
        "uint": "UINTEGER",
        "ubigint": "UBIGINT",
        "float": "FLOAT",
        "double": "DOUBLE",
        "decimal": "DECIMAL({precision},{scale})",
        "string": "VARCHAR",
        "text": "VARCHAR",
        "enum": "ENUM({values})",
        "uuid": "UUID",
        "json": "JSON",
        "binary": "BLOB",
        "date": "DATE",
        "time": "TIME",
        "timestamp": "TIMESTAMP",
        "timestamptz": "TIMESTAMPTZ",
        "array of scalars": "{item}[]",
        "array": "{item}[]",
        "map": "MAP({key}, {value})",
        "struct": "STRUCT({fields})",
    },
    reads={
        "boolean": "bool",
        "tinyint": "tinyint",
        "smallint": "smallint",
        "integer": "int",
        "bigint": "bigint",
        "hugeint": "bigint",
        "utinyint": "utinyint",
        "usmallint": "usmallint",
        "uinteger": "uint",
        "ubigint": "ubigint",
        "float": "float",
        "double": "double",
        "decimal": "decimal",
        "varchar": "text",
        "uuid": "uuid",
        "json": "json",
        "blob": "binary",
        "date": "date",
        "time": "time",
        "timestamp": "timestamp",
        "timestamptz": "timestamptz",
        "timestamp with time zone": "timestamptz",
        **dict.fromkeys(("int", "int4", "signed"), "int"),
        **dict.fromkeys(("int8", "long", "int64"), "bigint"),
        **dict.fromkeys(("int2", "short", "int16"), "smallint"),
        **dict.fromkeys(("text", "string", "char", "bpchar", "nvarchar"), "text"),
        **dict.fromkeys(("float4", "real"), "float"),
        **dict.fromkeys(("timestamp_s", "timestamp_ms", "timestamp_ns", "datetime"), "timestamp"),
        "int1": "tinyint",
        "bool": "bool",
        "float8": "double",
        "numeric": "decimal",
        "bytea": "binary",
        "varbinary": "binary",
    },
)
