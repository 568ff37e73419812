"""TypeScript's own types: its keywords, and the utility types that make one type of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sdgen.readers.moose.shapes import (
    ANY,
    BOOLEAN,
    DATE,
    EMPTY,
    NUMBER,
    STRING,
    Field,
    Shape,
    riddle,
    union,
    without_null,
)

FUNCTION = riddle("a function is no value")
KEYWORDS: Mapping[str, Shape] = {
    "string": STRING,
    "String": STRING,
    "number": NUMBER,
    "Number": NUMBER,
    "boolean": BOOLEAN,
    "Boolean": BOOLEAN,
    "Date": DATE,
    "Function": FUNCTION,
    "any": ANY,
    "unknown": ANY,
    "object": ANY,
    "Buffer": Shape("bytes"),
    "Uint8Array": Shape("bytes"),
    "bigint": NUMBER.marked(number="int64"),
    **{word: Shape(word) for word in EMPTY},
}


def keys_of(shape: Shape) -> Shape:
    return (
        union(Shape("const", value=name) for name in shape.all_fields) if shape.fields else riddle("keys of no object")
    )


def looked_up(base: Shape, key: Shape) -> Shape:
    """`T["name"]`, `T[number]`."""
    if base.kind == "list" and key.kind == "number":
        return base.items[0]
    if base.kind == "tuple" and key.kind == "number":
        return union(base.items)
    field = base.all_fields.get(str(key.value)) if key.kind == "const" else None
    if field is None:
        return riddle("it is a member that isn't known")
    return union((field.shape, Shape("undefined"))) if field.optional else field.shape


def _words(shape: Shape) -> set[str]:
    parts = shape.items if shape.kind == "union" else (shape,)
    return {str(part.value) for part in parts if part.kind == "const"}


def _objects(change: Callable[[Shape, tuple[Shape, ...]], Shape]) -> Callable[[tuple[Shape, ...]], Shape]:
    def make(args: tuple[Shape, ...]) -> Shape:
        if not args or args[0].kind == "riddle":
            return args[0] if args else riddle("it has no type in <>")
        if args[0].kind != "object":
            return riddle(f"a utility type of {args[0].kind}")
        return change(args[0], args[1:])

    return make


def _omit(shape: Shape, rest: tuple[Shape, ...]) -> Shape:
    names = _words(rest[0]) if rest else set()
    return replace(shape, fields=tuple(each for each in shape.fields if each.name not in names))


def _pick(shape: Shape, rest: tuple[Shape, ...]) -> Shape:
    names = _words(rest[0]) if rest else set()
    return replace(shape, index=None, fields=tuple(each for each in shape.fields if each.name in names))


def _partial(shape: Shape, rest: tuple[Shape, ...]) -> Shape:
    return replace(shape, fields=tuple(replace(each, optional=True) for each in shape.fields))


def _required(shape: Shape, rest: tuple[Shape, ...]) -> Shape:
    return replace(shape, fields=tuple(_always(each) for each in shape.fields))


def _always(field: Field) -> Field:
    return replace(field, optional=False, shape=without_undefined(field.shape))


def without_undefined(shape: Shape) -> Shape:
    if shape.kind != "union":
        return shape
    return union(each for each in shape.items if each.kind != "undefined")


def _record(args: tuple[Shape, ...]) -> Shape:
    if len(args) != 2:
        return riddle("Record takes two types")
    names = _words(args[0])
    if names:
        return Shape("object", fields=tuple(Field(name, args[1]) for name in sorted(names)))
    return Shape("map", items=args)


def _list(args: tuple[Shape, ...]) -> Shape:
    return Shape("list", items=args[:1] or (ANY,))


def _non_null(args: tuple[Shape, ...]) -> Shape:
    return without_null(args[0])[0] if args else ANY


def _exclude(args: tuple[Shape, ...]) -> Shape:
    return _filtered(args, keep=False)


def _extract(args: tuple[Shape, ...]) -> Shape:
    return _filtered(args, keep=True)


def _filtered(args: tuple[Shape, ...], keep: bool) -> Shape:
    if len(args) != 2:
        return riddle("it takes two types")
    parts = args[0].items if args[0].kind == "union" else (args[0],)
    named, kinds = _words(args[1]), {each.kind for each in (args[1].items or (args[1],))} - {"const"}
    kept = [each for each in parts if (str(each.value) in named or each.kind in kinds) == keep]
    return union(kept) if kept else riddle("nothing is left of it")


def _same(args: tuple[Shape, ...]) -> Shape:
    return args[0] if args else ANY


UTILITIES: Mapping[str, Callable[[tuple[Shape, ...]], Shape]] = {
    "Omit": _objects(_omit),
    "Pick": _objects(_pick),
    "Partial": _objects(_partial),
    "Required": _objects(_required),
    "Readonly": _same,
    "Record": _record,
    "Map": _record,
    "Array": _list,
    "ReadonlyArray": _list,
    "Set": _list,
    "NonNullable": _non_null,
    "Exclude": _exclude,
    "Extract": _extract,
    "Awaited": _same,
}
