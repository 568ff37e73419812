"""What a field holds, whichever language declared it: the form both readers bring models into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sdgen.readers.moose.syntax import Literal

EMPTY = ("null", "undefined", "void")


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
        if self.kind == "union":
            return replace(
                self, items=tuple(each if each.kind in EMPTY else each.marked(**marks) for each in self.items)
            )
        return replace(self, marks={**self.marks, **marks})

    @property
    def all_fields(self) -> dict[str, Field]:
        return {each.name: each for each in self.fields}


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
