"""The tables that a project declares, as found: what both languages' readers give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sdgen.errors import Problem
from sdgen.readers.moose.shapes import Field, Shape
from sdgen.readers.moose.syntax import Named, Unknown


@dataclass(frozen=True)
class MooseTable:
    """A table of the project.

    name: its declared name. model: the name of the type it holds, "" for one without a name. config: what it is
    configured with, keys in snake_case. made_by: the constructor that declares it. variable: its name in the code.
    """

    name: str
    model: str
    shape: Shape
    config: Mapping[str, Any] = field(default_factory=dict)
    made_by: str = "OlapTable"
    comment: str = ""
    file: str = ""
    line: int = 0
    variable: str = ""

    @property
    def fields(self) -> tuple[Field, ...]:
        return self.shape.fields

    @property
    def physical(self) -> str:
        """The table's name in ClickHouse: with its version, and with its database before a dot."""
        version, database = self.config.get("version"), self.config.get("database")
        name = f"{self.name}_{version.replace('.', '_')}" if isinstance(version, str) and version else self.name
        return f"{database}.{name}" if isinstance(database, str) and database else name

    @property
    def other_names(self) -> tuple[str, ...]:
        """All that it goes by besides its entity's name."""
        return tuple(filter(None, (self.model, self.physical, self.name, self.variable)))


class Notes:
    """What is to be told of a source, each with its file and line."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, path: Iterable[str], what: str, file: str, line: int, hint: str = "") -> None:
        note = Problem(tuple(path), what, hint, file, line, 1 if line else 0)
        if note not in self.found:
            self.found.append(note)


def unknown_text(value: object) -> str:
    """How a value that is known only at run time is written; "" for one that is known."""
    if isinstance(value, Named):
        return ".".join(value.path)
    return value.text if isinstance(value, Unknown) else ""


_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# What tables' names say of themselves rather than of what they hold.
_FIRST = frozenset({"dim", "fact", "fct", "stg", "raw", "olap", "tbl", "src", "dwh", "processed", "parsed", "the"})
_LAST = frozenset(
    {"dim", "dimension", "fact", "table", "model", "data", "record", "analytical", "analytics", "raw", "row", "entity"}
)
_VERSION = re.compile(r"v\d+|\d+")


@cache
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case."""
    return tuple(word.lower() for word in _PARTS.findall(name))


@cache
def stem(name: str) -> tuple[str, ...]:
    """What a table's name says that it holds, in the singular: `dim_customers` is a customer."""
    words = list(words_of(name))
    while len(words) > 1 and words[0] in _FIRST:
        del words[0]
    while len(words) > 1 and (words[-1] in _LAST or _VERSION.fullmatch(words[-1])):
        del words[-1]
        if words[-1] == "v" and len(words) > 1:
            del words[-1]
    return (*words[:-1], singular(words[-1])) if words else ()


def singular(word: str) -> str:
    """A word in the singular, by its ending."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word
