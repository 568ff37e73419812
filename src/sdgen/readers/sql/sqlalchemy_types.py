"""SQLAlchemy's types and expressions → the words of a schema, for databases reflected and for models declared."""

from __future__ import annotations

from typing import Any

from sdgen.databases.catalog import type_text
from sdgen.readers.sql.ddl_columns import read_type
from sdgen.readers.sql.ddl_tokens import Unreadable, words
from sdgen.readers.sql.schema import SqlType

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
    return [
        word.text
        for word, next_one, last in zip(found, after, before, strict=False)
        if not word.literal and word.text[:1].isidentifier() and next_one != "(" and last != "::"
    ]
