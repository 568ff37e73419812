"""MySQL and MariaDB: what they call types, and what they can do to a table that holds rows."""

from __future__ import annotations

import re

from sdgen.databases.dialect import FOREIGN_KEY, PRIMARY_KEY, UNIQUE, Dialect
from sdgen.scenario.types import INTEGER_BITS, Type

_LISTED = re.compile(r"\s*(enum|set)\s*\((.*)\)", re.IGNORECASE | re.DOTALL)
_BITS = re.compile(r"bit\s*\((\d+)\)", re.IGNORECASE)
_VALUE = re.compile(r"'((?:[^'\\]|''|\\.)*)'", re.DOTALL)


def read_type(declared: str) -> Type | None:
    """The type of `enum('a','b')`, of `set('a','b')`, a text, and of `bit(8)`, a number; None for any other."""
    found = _LISTED.match(declared)
    if found is None:
        return _bits(declared)
    values = tuple(value.replace("''", "'") for value in _VALUE.findall(found[2]))
    return Type("enum", values=values) if found[1].lower() == "enum" else Type("text")


def _bits(declared: str) -> Type | None:
    found = _BITS.fullmatch(declared.strip())
    # BIT(1) is a truth value, as `reads` has it.
    if found is None or found[1] == "1":
        return None
    return Type("u" + next(kind for kind, bits in INTEGER_BITS.items() if bits >= int(found[1])))


MYSQL = Dialect(
    name="mysql",
    quotes="``",
    escapes=True,
    parse=read_type,
    # CAST knows no TEXT and no VARCHAR.
    text="CHAR",
    hex_uuids=True,
    identity="AUTO_INCREMENT",
    counted=frozenset(f"{size}INT{sign}" for size in ("TINY", "SMALL", "BIG", "") for sign in ("", " UNSIGNED")),
    longest=64,
    units="characters",
    later=frozenset({PRIMARY_KEY, UNIQUE, FOREIGN_KEY}),
    types={
        "bool": "BOOLEAN",
        "tinyint": "TINYINT",
        "smallint": "SMALLINT",
        "int": "INT",
        "bigint": "BIGINT",
        "utinyint": "TINYINT UNSIGNED",
        "usmallint": "SMALLINT UNSIGNED",
        "uint": "INT UNSIGNED",
        "ubigint": "BIGINT UNSIGNED",
        "float": "FLOAT",
        "double": "DOUBLE",
        "decimal": "DECIMAL({precision},{scale})",
        "string": "VARCHAR({length})",
        "text": "LONGTEXT",
        "enum": "ENUM({values})",
        "uuid": "CHAR(36)",
        "json": "JSON",
        "binary": "LONGBLOB",
        "date": "DATE",
        "time": "TIME(6)",
        # MySQL keeps a TIMESTAMP in UTC and shows it in the session's zone, and a DATETIME as it was written.
        "timestamp": "DATETIME(6)",
        "timestamptz": "TIMESTAMP(6)",
        "array of scalars": "JSON",
        "array": "JSON",
        "map": "JSON",
        "struct": "JSON",
    },
    reads={
        "bool": "bool",
        "boolean": "bool",
        "tinyint": "tinyint",
        "smallint": "smallint",
        "mediumint": "int",
        "int": "int",
        "integer": "int",
        "bigint": "bigint",
        "tinyint unsigned": "utinyint",
        "smallint unsigned": "usmallint",
        "mediumint unsigned": "uint",
        "int unsigned": "uint",
        "bigint unsigned": "ubigint",
        "float": "float",
        "double": "double",
        "decimal": "decimal",
        "varchar": "string",
        "char": "string",
        "tinytext": "text",
        "text": "text",
        "mediumtext": "text",
        "longtext": "text",
        "uuid": "uuid",
        "json": "json",
        "binary": "binary",
        "varbinary": "binary",
        "tinyblob": "binary",
        "blob": "binary",
        "mediumblob": "binary",
        "longblob": "binary",
        "date": "date",
        "time": "time",
        "datetime": "timestamp",
        "timestamp": "timestamptz",
        "year": "int",
        "bit": "bool",
        "inet4": "text",
        "inet6": "text",
    },
)
