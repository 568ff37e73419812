"""SQLite: declared types that give the right affinity, and what it can do to a table that holds rows.

Affinity decides what a value becomes ("Datatypes in SQLite", section 3): text in a column of numeric affinity
turns into a number wherever it looks like one, so uuids and JSON are declared TEXT, and so are decimals beyond a
double's 15 digits.
"""

from __future__ import annotations

from sdgen.databases.dialect import UNIQUE, Dialect, kind_of
from sdgen.scenario.types import Type

DOUBLE_DIGITS = 15  # the most decimal digits every double keeps


def _key(type: Type) -> str:
    wide = type.kind == "decimal" and type.precision > DOUBLE_DIGITS
    return "wide decimal" if wide else kind_of(type)


def _by_affinity(declared: str) -> Type | None:
    """The type of a declaration of several words, such as BLOB SUB_TYPE TEXT, by SQLite's rules of affinity."""
    words = declared.lower()
    if words.split("(")[0].strip() in SQLITE.reads or not words.strip():
        return None
    if words.startswith("timestamp"):  # WITHOUT TIME ZONE, TZ …: numeric by the rules, which leave such a text alone
        return Type("timestamp")
    # What nothing is known of has numeric affinity: a number of any size (precision 0).
    return next((Type(kind) for part, kind in _AFFINITIES if part in words), Type("decimal"))


_AFFINITIES = (("int", "bigint"), ("char", "text"), ("clob", "text"), ("text", "text"), ("blob", "binary"),
               ("real", "double"), ("floa", "double"), ("doub", "double"))  # fmt: skip

SQLITE = Dialect(
    name="sqlite",
    later=frozenset({UNIQUE}),
    schemas=False,
    checks_enum=True,
    hex_uuids=True,
    key=_key,
    parse=_by_affinity,
    types={
        "bool": "BOOLEAN",
        "tinyint": "TINYINT",
        "smallint": "SMALLINT",
        "int": "INTEGER",
        "bigint": "INTEGER",
        "utinyint": "SMALLINT",
        "usmallint": "INTEGER",
        "uint": "INTEGER",
        "ubigint": "TEXT",
        "float": "REAL",
        "double": "REAL",
        "decimal": "DECIMAL({precision},{scale})",
        "wide decimal": "TEXT",
        "string": "VARCHAR({length})",
        "text": "TEXT",
        "enum": "TEXT",
        "uuid": "TEXT",
        "json": "TEXT",
        "binary": "BLOB",
        "date": "DATE",
        "time": "TIME",
        "timestamp": "TIMESTAMP",
        "timestamptz": "TIMESTAMP",
        "array of scalars": "TEXT",
        "array": "TEXT",
        "map": "TEXT",
        "struct": "TEXT",
    },
    # The widths of SQLite's integers are decoration: every one holds 64 bits.
    reads={
        **dict.fromkeys(("binary", "varbinary", "bytea", "raw", "image"), "binary"),
        "bool": "bool",
        "boolean": "bool",
        "tinyint": "bigint",
        "smallint": "bigint",
        "mediumint": "bigint",
        "int": "bigint",
        "integer": "bigint",
        "bigint": "bigint",
        "unsigned big int": "bigint",
        "int2": "bigint",
        "int8": "bigint",
        "real": "double",
        "double": "double",
        "double precision": "double",
        "float": "double",
        "decimal": "decimal",
        "numeric": "decimal",
        "number": "decimal",
        "varchar": "string",
        "character": "string",
        "char": "string",
        "nchar": "string",
        "nvarchar": "string",
        "text": "text",
        "any": "text",
        "clob": "text",
        "uuid": "text",
        "json": "text",
        "jsonb": "text",
        "blob": "binary",
        "date": "date",
        "time": "time",
        "datetime": "timestamp",
        "timestamp": "timestamp",
    },
)
