"""What a field holds, whichever language declared it: the form both readers bring models into."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from sdgen.errors import Problem
from sdgen.readers.moose.syntax import Literal, Named, Unknown

EMPTY = ("null", "undefined", "void")


@dataclass(frozen=True)
class Shape:
    """A type, worked out.

    kind: string, number, boolean, date (a moment), bytes, any, null, undefined, const (one value), enum, list, tuple,
    object, map, union, tag (marks without a type) or riddle (what can't be known; `name` says why).
    items: of a list, a tuple, a union; a map's key and value. index: the key and value of an index signature.
    marks: what is said of it besides, such as {"precision": 3}: see `library`.
    """

    kind: str
    name: str = ""
    value: Literal | None = None
    items: tuple[Shape, ...] = ()
    fields: tuple[Field, ...] = ()
    members: tuple[tuple[str, Literal], ...] = ()
    index: tuple[Shape, Shape] | None = None
    marks: Mapping[str, Any] = field(default_factory=dict)

    def marked(self, **marks: Any) -> Shape:
        """This shape with more said of it; null is nothing more can be said of."""
        # A mark such as Key on `string | null` is said of the text.
        if self.kind == "union":
            return replace(
                self, items=tuple(each if each.kind in EMPTY else each.marked(**marks) for each in self.items)
            )
        return replace(self, marks={**self.marks, **marks})

    @property
    def all_fields(self) -> dict[str, Field]:
        return {each.name: each for each in self.fields}


@dataclass(frozen=True)
class Field:
    """A field of a model: what is said of it, and besides (`aside`); `line` and `file` are where it is declared."""

    name: str
    shape: Shape
    optional: bool = False
    comment: str = ""
    aside: str = ""
    line: int = 0
    file: str = ""


STRING, NUMBER, BOOLEAN, DATE, ANY = (Shape(kind) for kind in ("string", "number", "boolean", "date", "any"))


def riddle(what: str) -> Shape:
    return Shape("riddle", what)


def tag(**marks: Any) -> Shape:
    return Shape("tag", marks=marks)


def union(parts: Iterable[Shape]) -> Shape:
    """One of several; a union within a union is part of it."""
    flat: list[Shape] = []
    for part in parts:
        flat += [each.marked(**part.marks) for each in part.items] if part.kind == "union" else [part]
    unique: list[Shape] = []
    seen: set[object] = set()
    for part in flat:
        # The type counts too: 1, 1.0 and true are equal in Python, and different literals in TypeScript.
        told = (part.kind, type(part.value), part.value) if part.kind in ("const", *EMPTY) else id(part)
        if told not in seen:
            unique.append(part)
        seen.add(told)
    return unique[0] if len(unique) == 1 else Shape("union", items=tuple(unique))


def intersection(parts: Iterable[Shape]) -> Shape:
    """All of several at once: objects are one object, marks are said of what they stand beside."""
    base: Shape | None = None
    marks: dict[str, Any] = {}
    for part in parts:
        # What is partly unknown is unknown as a whole: half a type would be another column.
        if part.kind == "riddle":
            return part
        if part.kind == "tag":
            marks.update(part.marks)
        elif base is None:
            base = part
        else:
            base = _both(base, part)
    whole = base if base is not None else Shape("tag")
    return whole.marked(**marks) if marks else whole


def _both(one: Shape, other: Shape) -> Shape:
    if one.kind == other.kind == "object":
        fields = {**one.all_fields, **other.all_fields}
        marks = {**one.marks, **other.marks}
        return replace(one, fields=tuple(fields.values()), index=other.index or one.index, marks=marks)
    if one.kind == "union" and other.kind != "union":
        return union(each if each.kind in EMPTY else _both(each, other) for each in one.items)
    if other.kind in ("object", "any") and not other.fields:
        return one.marked(**other.marks)  # `string & {}`
    if one.kind in ("object", "any") and not one.fields:
        return other.marked(**one.marks)
    if other.kind == "object" and all(name.startswith("_") for name in other.all_fields):
        return one  # a brand
    return one.marked(**other.marks) if one.kind == other.kind else riddle(f"{one.kind} and {other.kind} at once")


def without_null(shape: Shape) -> tuple[Shape, bool]:
    """A shape without null and undefined, and whether it had one of them."""
    if shape.kind != "union":
        return shape, shape.kind in EMPTY
    left = [each for each in shape.items if each.kind not in EMPTY]
    return (union(left) if left else shape), len(left) < len(shape.items)


# The tables that a project declares, as found: what both languages' readers give.


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
