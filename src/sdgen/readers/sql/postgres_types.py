"""PostgreSQL's types that the engine has no kind for: texts of each, spelled as the server itself prints them.

So what is read back equals what was made. Intervals are those of `intervalstyle = postgres`, moments those of UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sdgen.databases.catalog import type_text
from sdgen.readers.sql.ddl_columns import read_type
from sdgen.readers.sql.ddl_tokens import Unreadable, words
from sdgen.readers.sql.schema import SqlType
from sdgen.scenario.types import Type

_NUMBER = "[1-9][0-9]?"
_EARLY_DAY, _LATE_DAY = "2024-0[1-6]-[12][0-9]", "2024-1[0-2]-[12][0-9]"
_CLOCK = "[01][0-9]:[0-5][0-9]:00"
_POINT = rf"\({_NUMBER},{_NUMBER}\)"


@dataclass(frozen=True)
class _Ends:
    """Regular expressions of a range's low and high end, and of two that lie above both."""

    low: str
    high: str
    next_low: str
    next_high: str


def _quoted(day: str, zone: str = "") -> str:
    return rf'"{day} {_CLOCK}{zone}"'


_NUMBERS = _Ends("[1-9]", "[1-4][0-9]", "[5-6][0-9]", "[7-9][0-9]")
_DAYS = _Ends(_EARLY_DAY, "2024-0[7-9]-[12][0-9]", _LATE_DAY, "2025-0[3-9]-[12][0-9]")


def _moments(zone: str) -> _Ends:
    return _Ends(*(_quoted(day, zone) for day in (_DAYS.low, _DAYS.high, _DAYS.next_low, _DAYS.next_high)))


_RANGES: Mapping[str, _Ends] = {
    "int4range": _NUMBERS,
    "int8range": _NUMBERS,
    "numrange": _NUMBERS,
    "daterange": _DAYS,
    "tsrange": _moments(""),
    "tstzrange": _moments(r"\+00"),
}


def _ranges() -> dict[str, str]:
    texts = {}
    for name, ends in _RANGES.items():
        # Ranges of whole numbers and days are printed half open, however they were written.
        one = rf"\[{ends.low},{ends.high}\)"
        texts[name] = one
        texts[name.replace("range", "multirange")] = rf"\{{{one},\[{ends.next_low},{ends.next_high}\)\}}"
    return texts


# Regular expressions of what the server prints, by type.
TEXTS: Mapping[str, str] = {
    **_ranges(),
    # Bits beyond the prefix must be zero, or the server refuses the network.
    "cidr": r"10\.[1-9][0-9]?\.[1-9][0-9]?\.0/24",
    "macaddr8": "08:00:2b:ff:fe(:[0-9a-f]{2}){3}",
    # From two days on, since the server prints one as "1 day"; hours and minutes it prints as a clock.
    "interval": "([2-9]|[1-9][0-9]) days|0[1-9]:[0-5][0-9]:00",
    "point": _POINT,
    "line": rf"\{{{_NUMBER},{_NUMBER},{_NUMBER}\}}",
    "lseg": rf"\[{_POINT},{_POINT}\]",
    "box": r"\([5-9][0-9],[5-9][0-9]\),\([1-4][0-9],[1-4][0-9]\)",  # the server puts the upper right corner first
    "path": rf"\[{_POINT},{_POINT}\]",
    "polygon": rf"\(\(0,0\),\({_NUMBER},0\),\({_NUMBER},{_NUMBER}\)\)",
    "circle": rf"<{_POINT},{_NUMBER}>",
    "ltree": r"[a-z]{3,6}\.[a-z]{3,6}\.[a-z]{3,6}",
    "lquery": r"[a-z]{3,6}\.\*",
    "ltxtquery": "[a-z]{3,6}",
    "hstore": '"[a-z]{3,6}"=>"[a-z]{3,6}"',
    "tsvector": "'[a-l][a-z]{3,7}' '[m-z][a-z]{3,7}'",  # lexemes are kept in order
    "tsquery": "'[a-z]{4,8}'",
    "jsonpath": r'\$\."[a-z]{3,6}"',
    "pg_lsn": "[1-9]/[1-9A-F][0-9A-F]{6}",
    "regclass": "pg_(class|type|proc|index|namespace)",
    "regtype": "integer|text|boolean|bigint|uuid",
    "xid": "[1-9][0-9]{2}",
    "xid8": "[1-9][0-9]{2}",
    "cube": r"\([1-9], [1-9]\)",
    "seg": r"[1-9] \.\. [1-9][0-9]",
}

# Well-known text of the geometries of PostGIS, by subtype.
_GEOMETRIES: Mapping[str, str] = {
    "point": rf"POINT\({_NUMBER} {_NUMBER}\)",
    "linestring": rf"LINESTRING\({_NUMBER} 0,0 {_NUMBER}\)",
    "polygon": rf"POLYGON\(\(0 0,{_NUMBER} 0,0 {_NUMBER},0 0\)\)",
    "multipoint": rf"MULTIPOINT\({_NUMBER} 0,0 {_NUMBER}\)",
    "multilinestring": rf"MULTILINESTRING\(\({_NUMBER} 0,0 {_NUMBER}\)\)",
    "multipolygon": rf"MULTIPOLYGON\(\(\(0 0,{_NUMBER} 0,0 {_NUMBER},0 0\)\)\)",
    "geometrycollection": rf"GEOMETRYCOLLECTION\(POINT\({_NUMBER} {_NUMBER}\)\)",
}


def regex_of(type: SqlType) -> str:
    """A regular expression of texts that PostgreSQL reads as a value of a type and prints the same; "" for others."""
    if type.word in ("geometry", "geography"):
        return _geometry(type)
    if type.word in ("bit varying", "varbit"):
        return f"[01]{{1,{type.sizes[0] if type.sizes else 8}}}"
    if type.word == "bit":
        return f"[01]{{{type.sizes[0] if type.sizes else 1}}}"
    return TEXTS.get(type.word, "")


def _geometry(type: SqlType) -> str:
    """Of a geometry's subtype: geometry(Polygon,4326). "" for one with further dimensions, which can't be guessed."""
    subtype = type.values[0].lower() if type.values else "point"
    found = _GEOMETRIES.get("point" if subtype == "geometry" else subtype, "")
    srid = next((value for value in type.values[1:] if value.isdigit() and value != "0"), "")
    return f"SRID={srid};{found}" if found and srid else found


# What stands between the commas of a composite value, by the kind of a field: texts that need no quotes there.
_FIELDS: Mapping[str, str] = {
    "bool": "t|f",
    "float": _NUMBER,
    "double": _NUMBER,
    "text": "[a-z]{4,8}",
    "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}",
    "date": _EARLY_DAY,
    "time": _CLOCK,
    "timestamp": rf'"{_EARLY_DAY} {_CLOCK}"',
    "timestamptz": rf'"{_EARLY_DAY} {_CLOCK}\+00"',
    "json": r"\{\}",
}


def composite_regex(fields: Mapping[str, SqlType], type_of: Callable[[SqlType], Type | None]) -> str:
    """A regular expression of a composite type's values, `(1,word,t)`; "" where a field can't be made.

    type_of: the column type of a declared one, None where it isn't known.
    """
    parts = [_field(type, type_of(type)) for type in fields.values()]
    return r"\(" + ",".join(f"({part})" for part in parts) + r"\)" if all(parts) else ""


def _field(declared: SqlType, type: Type | None) -> str:
    if type is None or declared.dimensions:
        return ""
    if type.kind == "enum":
        # Labels with commas, quotes or blanks would need quotes inside a composite's text.
        plain = [value for value in type.values if value.isalnum()]
        return "|".join(plain)
    if type.kind == "string":
        return f"[a-z]{{{min(3, type.length)},{min(8, type.length)}}}"
    if type.kind == "decimal":
        whole = "[1-9]" if type.precision > type.scale else "0"
        return whole + (rf"\.[0-9]{{{type.scale}}}" if type.scale else "")
    regex = regex_of(declared) if type.kind == "text" and declared.word in TEXTS else ""
    if regex:
        return "" if any(mark in regex for mark in ',"()\\') else regex
    return _FIELDS.get(type.kind, _NUMBER if "int" in type.kind else "")


# SQLAlchemy's types and expressions → the words of a schema, for databases reflected and for models declared.
UNKNOWN = SqlType("unknown")


def compiled_type(type: Any, dialect: Any, called: str) -> SqlType:
    """A type as a dialect spells it; UNKNOWN where SQLAlchemy can't. `called`: the dialect's name in schemas."""
    text = type_text(type, dialect)
    return parsed_type(text, called) if text else UNKNOWN


def parsed_type(text: str, called: str) -> SqlType:
    """A type by its text."""
    try:
        return read_type(words(text, called))
    except Unreadable:
        return SqlType(text.lower())


def columns_within(text: str) -> list[str]:
    """The columns of an expression: names that are no functions and no types."""
    found = words(text, "postgres").words
    after = [word.upper for word in found[1:]] + [""]
    before = [""] + [word.upper for word in found]
    # A word before "(" is a function, and one behind "::" a type.
    return [
        word.text
        for word, next_one, last in zip(found, after, before, strict=False)
        if not word.literal and word.text[:1].isidentifier() and next_one != "(" and last != "::"
    ]
