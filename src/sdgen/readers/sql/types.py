"""Databases' words for types → the scenario's types, and texts that stand for types the engine has no kind for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sdgen.databases.clickhouse.dialect import CLICKHOUSE
from sdgen.databases.clickhouse.dialect import declared as clickhouse_type
from sdgen.databases.dialect import Dialect
from sdgen.databases.duckdb.dialect import DUCKDB, union_members
from sdgen.inference.likely_states import weights
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.postgres_types import composite_regex, regex_of
from sdgen.readers.sql.schema import CheckSchema, Schema, SqlType
from sdgen.readers.sql.text_types import FALLBACKS, OWN_TEXTS, TEXT_DIALECTS, TEXTS, pattern
from sdgen.readers.sql.type_checks import MOMENT_TEXT
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import INTEGER_BITS, Type, array_of

UNSIZED = Type("decimal", precision=18, scale=2)


@dataclass(frozen=True)
class Fit:
    """How a declared type is filled: the column's type, a generator where only one will do, conditions of domains.

    database: the database makes its values itself, and takes none. declared: the type in the schema's own dialect,
    where a table that is made there should have it and no other.
    """

    type: Type
    generator: GeneratorSpec | None = None
    nullable: bool = True
    checks: tuple[CheckSchema, ...] = ()
    database: bool = False
    declared: str = ""


def _words(kind: str, words: str) -> dict[str, str]:
    return dict.fromkeys((*words.split(), *(word.replace("_", " ") for word in words.split())), kind)


_KINDS: Mapping[str, str] = {
    **_words("bool", "bool boolean logical"),
    **_words("tinyint", "tinyint int1"),
    **_words("smallint", "smallint int2 smallserial serial2 short year"),
    **_words("int", "int integer int4 serial serial4 mediumint middleint signed"),
    **_words("bigint", "bigint int8 bigserial serial8 long hugeint oid big_int int64 rowid"),
    **_words("utinyint", "utinyint"),
    **_words("usmallint", "usmallint"),
    **_words("uint", "uint uinteger"),
    **_words("ubigint", "ubigint uhugeint"),
    **_words("float", "float4 binary_float"),
    **_words("double", "double double_precision float8 binary_double float real"),
    **_words("decimal", "decimal numeric dec number fixed money smallmoney bignum"),
    **_words("string", "char character varchar character_varying char_varying nchar nvarchar nchar_varying varchar2"),
    **_words("string", "nvarchar2 national_character national_char national_varchar national_character_varying string"),
    **_words("string", "tinytext name sysname bpchar varying_character native_character"),
    **_words("text", "text mediumtext longtext clob nclob ntext citext character_large_object long_varchar"),
    **_words("uuid", "uuid uniqueidentifier"),
    **_words("json", "json jsonb"),
    **_words("binary", "bytea blob tinyblob mediumblob longblob binary varbinary binary_varying image raw long_raw"),
    **_words("binary", "binary_large_object"),
    **_words("date", "date"),
    **_words("time", "time timetz time_with_time_zone"),
    **_words("timestamp", "timestamp datetime datetime2 smalldatetime timestamp_s timestamp_ms timestamp_ns"),
    **_words("timestamptz", "timestamptz timestamp_with_time_zone datetimeoffset"),
}
_OWN_KINDS: Mapping[str, Mapping[str, str]] = {
    "mysql": {"float": "float", "serial": "ubigint"},
    "postgres": {"real": "float"},
    "tsql": {"real": "float", "bit": "bool", "tinyint": "utinyint"},
    # SQLite's integers have up to 64 bits whatever they are called.
    "sqlite": {"integer": "bigint", "int": "bigint", "date": "date", "any": "text"},
    "duckdb": {"real": "float", "float": "float", "tinyblob": "binary"},
    "oracle": {"date": "timestamp", "long": "text", "integer": "bigint"},
}
_SHORT_FLOATS = frozenset({"postgres", "tsql"})  # float(n) is real where n bits need no more
_LENGTHS = {"char": 1, "character": 1, "nchar": 1, "name": 63, "sysname": 128, "tinytext": 255}
_DECIMALS = {"money": (15, 2), "smallmoney": (8, 2)}
_UNSIZED_DECIMALS = {"mysql": (10, 0), "tsql": (18, 0), "duckdb": (18, 3)}
_MADE_BY_DATABASE = {"tsql": frozenset({"timestamp", "rowversion"})}


def _with_enums(text: str, schema: Schema) -> str:
    """A nested type with the schema's own enums written out where they stand as types, and not as fields' names."""
    for name, values in schema.enums.items():
        listed = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
        place = re.compile(rf'(?<![\w."])"?{re.escape(name)}"?(?=\s*(?:[\[\],)]|$))', re.IGNORECASE)
        text = place.sub(lambda _, enum=f"ENUM({listed})": enum, text)  # type: ignore[misc]
    return text


def fit_of(type: SqlType, schema: Schema, seen: tuple[str, ...] = ()) -> Fit | None:
    """How a declared type is filled; None for one that isn't known."""
    # ClickHouse and DuckDB nest types in types, which words and sizes can't hold.
    if type.text and schema.dialect in _USUAL and type.word != MOMENT_TEXT:
        return _whole(replace(type, text=_with_enums(type.text, schema)), schema.dialect)
    if type.dimensions:
        return _array(type, schema)
    # A schema's own types go before built-in ones of that name, and one that leads back to itself is looked up no
    # further.
    if type.word in schema.enums and type.word not in seen:
        return _enum(schema.enums[type.word])
    domain = schema.domains.get(type.word)
    if domain is not None and type.word not in seen:
        inner = fit_of(domain.type, schema, (*seen, type.word))
        if inner is None:
            return None
        return replace(inner, nullable=inner.nullable and domain.nullable, checks=(*inner.checks, *domain.checks))
    if type.word in schema.composites and type.word not in seen:
        return _composite(type.word, schema, seen)
    return _plain(type, schema.dialect)


def _composite(word: str, schema: Schema, seen: tuple[str, ...]) -> Fit | None:
    def type_of(field: SqlType) -> Type | None:
        fit = fit_of(field, schema, (*seen, word))
        return fit.type if fit is not None else None

    regex = composite_regex(schema.composites[word], type_of)
    return Fit(Type("text"), pattern(regex)) if regex else None


# Whose types are read whole; and those whose values are texts, with a generator of such texts in the form in which the
# database gives them back.
_USUAL: Mapping[str, Dialect] = {"clickhouse": CLICKHOUSE, "duckdb": DUCKDB}


def _whole(type: SqlType, dialect: str) -> Fit | None:
    """A type by its whole text, which a table that is made in its own database has again."""
    read = _USUAL[dialect].read(type.text)
    if read is None:
        return None
    # INTEGER[3] takes exactly three elements, which the type alone does not tell the generator.
    if dialect == "duckdb" and _FIXED.search(type.text):
        items = _of_sizes(type.text)
        if items is None:
            return None
        return Fit(read, GeneratorSpec(type=items["generator"], params=items["params"]), declared=type.text)
    if dialect == "duckdb" and (members := union_members(type.text)) is not None:
        # DuckDB's catalogue spells INT as INTEGER: an existing column is known by these words.
        named = zip(members.fields, members.items, strict=True)
        own = (f"{name if name.isidentifier() else DUCKDB.quote(name)} {DUCKDB.declared(item)}" for name, item in named)
        return Fit(members, declared=f"UNION({', '.join(own)})")
    bare = clickhouse_type(type.text).bare.word if dialect == "clickhouse" else type.word
    usual = _USUAL[dialect].declared(read)
    plain = type.text in (usual, f"Nullable({usual})") and not type.options
    whole = "" if plain else f"{type.text} {type.options}".strip()
    return Fit(read, OWN_TEXTS.get(dialect, {}).get(bare), declared=whole)


_FIXED = re.compile(r"\[\d+\]")
_SIZED = re.compile(r"(.*)\[(\d*)\]", re.DOTALL)


def _of_sizes(text: str) -> dict[str, Any] | None:
    """A generator for DuckDB's arrays of fixed size, and lists of such; None where they stand within other types."""
    listed, type = _SIZED.fullmatch(text.strip()), DUCKDB.read(text)
    if listed is None:
        spec = FALLBACKS.get(type.kind) if type is not None else None
        return None if spec is None else {"type": str(type), "generator": spec.type, "params": dict(spec.params)}
    items, size = _of_sizes(listed[1]), int(listed[2] or 0)
    params = {"items": items, "min": size, "max": size or _MOST_ELEMENTS}
    return None if items is None else {"type": str(type), "generator": "array", "params": params}


_MOST_ELEMENTS = 4


def _plain(type: SqlType, dialect: str) -> Fit | None:
    word = type.word
    if word in _MADE_BY_DATABASE.get(dialect, frozenset()):
        return Fit(Type("binary"), database=True)
    if word == "enum":
        return _enum(type.values)
    if word == MOMENT_TEXT:
        return _moment_text(type)
    if word == "set":
        return Fit(Type("text"), GeneratorSpec(type="choice", params={"values": list(type.values)}))
    kind = _OWN_KINDS.get(dialect, {}).get(word) or _KINDS.get(word)
    if kind is None:
        return _special(type, dialect)
    # MySQL's YEAR holds 1901 to 2155.
    if word == "year":
        return Fit(Type(kind), GeneratorSpec(type="uniform_int", params={"min": 1990, "max": 2025}))
    if word == "float" and dialect in _SHORT_FLOATS and 0 < sum(type.sizes[:1]) <= 24:
        return Fit(Type("float"))
    # MySQL's BINARY without a size has one byte.
    if kind == "binary" and (type.sizes or (word == "binary" and dialect == "mysql")):
        return _bytes(type)
    return Fit(_sized(kind, type, dialect))


_FIXED_BINARY = frozenset({"binary", "raw"})
_USUAL_BYTES = 32  # of what rules make: a shorter limit asks for fewer
_MOST_BYTES = 65_536


def _bytes(type: SqlType) -> Fit:
    """BINARY(n) holds n bytes; of VARBINARY(n) the limit alone counts, where it is near."""
    size = type.sizes[0] if type.sizes else 1
    if not 0 < size <= (_MOST_BYTES if type.word in _FIXED_BINARY else _USUAL_BYTES):
        return Fit(Type("binary"))
    return Fit(Type("binary"), GeneratorSpec(type="bytes", params={"length": size}), declared=str(type))


def _enum(values: tuple[str, ...]) -> Fit:
    shares = weights(values)
    params: dict[str, object] = {"values": list(values), "weights": shares} if shares else {}
    return Fit(Type("enum", values=values), GeneratorSpec(type="choice", params=params))


def _moment_text(type: SqlType) -> Fit | None:
    """Texts in the form that a CHECK asks, of dates, times of day or both."""
    (form,) = type.values
    codes = {form[at + 1 : at + 2] for at in range(len(form)) if form[at] == "%"}
    of_day, of_date = bool(codes & set("HMS")), bool(codes & set("Ymdj"))
    kind = "datetime" if of_day and of_date else "time" if of_day else "date"
    params = {"value": {"generator": kind}, "format": form}
    return Fit(Type("text"), GeneratorSpec(type="as_text", params=params), declared=type.text)


def _special(type: SqlType, dialect: str) -> Fit | None:
    own = OWN_TEXTS.get(dialect, {}).get(type.word)
    if own is not None:
        return Fit(Type("text"), own, declared=type.word.upper())
    if dialect == "postgres" and (regex := regex_of(type)):
        return Fit(Type("text"), pattern(regex))
    if type.word in ("bit", "bit varying", "varbit"):
        return _bits(type, dialect)
    if type.word in ("vector", "halfvec") and type.sizes:
        return Fit(Type("text"), pattern(rf"\[0\.[1-9](,0\.[1-9]){{{type.sizes[0] - 1}}}\]"))
    if type.word in TEXTS and dialect in TEXT_DIALECTS.get(type.word, {dialect}):
        return Fit(Type("text"), TEXTS[type.word])
    return _by_affinity(type) if dialect == "sqlite" else None


def _bits(type: SqlType, dialect: str) -> Fit:
    size = type.sizes[0] if type.sizes else 1
    if dialect == "mysql":
        return _mysql_bits(size)
    return Fit(Type("text"), pattern(f"[01]{{{size}}}"))


def _mysql_bits(size: int) -> Fit:
    """MySQL's BIT(n) is a number of n bits."""
    if size == 1:
        return Fit(Type("bool"))
    kind = next(kind for kind, bits in INTEGER_BITS.items() if bits >= size)
    most = (1 << min(size, 62)) - 1
    spec = GeneratorSpec(type="uniform_int", params={"min": 0, "max": most})
    return Fit(Type(f"u{kind}"), spec, declared=f"bit({size})")


# SQLite, "Determination Of Column Affinity": what a declared type contains decides, in this order.
_AFFINITIES = (
    ("int", Type("bigint")),
    ("char", Type("text")),
    ("clob", Type("text")),
    ("text", Type("text")),
    ("blob", Type("binary")),
    ("real", Type("double")),
    ("floa", Type("double")),
    ("doub", Type("double")),
)


def _by_affinity(type: SqlType) -> Fit:
    # A column without a type has SQLite's affinity BLOB, and takes texts as they are.
    if not type.word:
        return Fit(Type("text"))
    return Fit(next((kind for part, kind in _AFFINITIES if part in type.word), UNSIZED))


def _sized(kind: str, type: SqlType, dialect: str) -> Type:
    sizer = _SIZERS.get(kind)
    if sizer is not None:
        return sizer(type, dialect)
    return Type(f"u{kind}") if type.unsigned and kind in INTEGER_BITS else Type(kind)


def _decimal(type: SqlType, dialect: str) -> Type:
    if type.word in _DECIMALS:
        precision, scale = _DECIMALS[type.word]
        return Type("decimal", precision=precision, scale=scale)
    if not type.sizes:
        sizes = _UNSIZED_DECIMALS.get(dialect)
        return Type("decimal", precision=sizes[0], scale=sizes[1]) if sizes else UNSIZED
    precision, scale = min(type.sizes[0], 38), type.sizes[1] if len(type.sizes) > 1 else 0
    # Oracle has no integers of its own: INTEGER is NUMBER(38), and NUMBER(9) is what people mean by one.
    if dialect == "oracle" and scale == 0 and precision <= 18:
        return Type("smallint" if precision <= 4 else "int" if precision <= 9 else "bigint")
    if precision == 0:
        return Type("bigint")
    # PostgreSQL and Oracle take scales below zero and above the precision.
    return Type("decimal", precision=precision, scale=min(max(scale, 0), precision))


def _string(type: SqlType, dialect: str) -> Type:
    length = type.sizes[0] if type.sizes else _LENGTHS.get(type.word, 0)
    return Type("string", length=length) if 0 < length < 1_000_000 else Type("text")


_SIZERS: Mapping[str, Callable[[SqlType, str], Type]] = {"decimal": _decimal, "string": _string}


def _with_checks(inner: Fit, dialect: str) -> Fit:
    """How the elements of an array are filled: so that they keep the conditions of their domain."""
    from sdgen.readers.sql.check_branches import branches_of  # few arrays are of domains
    from sdgen.readers.sql.column_checks import demanded

    draft = ColumnDraft("value", inner.type, inner.generator)
    for check in inner.checks:
        for branch in branches_of(check.sql, dialect)[:1]:  # elements have no column that could draw a branch
            for bounds in branch.columns.values():
                draft.bounds = draft.bounds.also(bounds)
    found = demanded(draft, None) if inner.checks else None
    return replace(inner, generator=found) if isinstance(found, GeneratorSpec) else inner


def _array(type: SqlType, schema: Schema) -> Fit | None:
    fewer = 0 if schema.dialect == "postgres" else type.dimensions - 1  # int[][] is int[] there
    inner = fit_of(replace(type, dimensions=fewer), schema)
    if inner is None or inner.type.kind == "array":
        return None
    inner = _with_checks(inner, schema.dialect)
    if inner.generator is None and inner.type.kind not in FALLBACKS:
        return None
    if inner.type.kind == "enum" and inner.type.values:
        values = list(inner.type.values)
        params = {"values": values, "min": 1, "max": min(len(values), 3)}
        return Fit(array_of(inner.type), GeneratorSpec(type="subset", params=params))
    items: dict[str, Any] = {"type": str(inner.type)}  # without a generator one is found by the column's name
    if inner.generator is not None:
        items |= {"generator": inner.generator.type, "params": dict(inner.generator.params)}
    return Fit(array_of(inner.type), GeneratorSpec(type="array", params={"items": items, "max": 4}))
