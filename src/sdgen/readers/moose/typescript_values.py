"""Expressions as tree-sitter has them → plain values: what a config object says without running it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

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
from sdgen.readers.moose.syntax import Literal, Named, Unknown

if TYPE_CHECKING:
    from tree_sitter import Node

SPREAD = "..."
_DEEPEST = 60
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|.|\n))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None, "undefined": None}
_WRAPPED = ("as_expression", "satisfies_expression", "parenthesized_expression", "non_null_expression")


def text_of(node: Node | None) -> str:
    return (node.text or b"").decode(errors="replace") if node is not None else ""


def line_of(node: Node) -> int:
    return int(node.start_point[0]) + 1


def children(node: Node, kind: str) -> Iterator[Node]:
    return (child for child in node.children if child.type == kind)


def name_of(node: Node | None) -> str:
    """An identifier, or the text of a quoted name."""
    if node is None:
        return ""
    if node.type == "computed_property_name" and node.named_children:
        return name_of(node.named_children[0])
    return str(literal_of(node)) if node.type in ("string", "number") else text_of(node)


def literal_of(node: Node | None) -> Literal | None:
    """The value of a literal; None for null, undefined and what is none."""
    value = value_of(node)
    return value if isinstance(value, str | int | float) else None


def value_of(node: Node | None, depth: int = 0) -> object:
    """The value of an expression; Named for another's name, Unknown for what only running tells."""
    if node is None or depth > _DEEPEST:
        return Unknown(text_of(node)[:60])
    # undefined is no value in a config: the option counts as not given.
    if node.type in _WORDS:
        return _WORDS[node.type]
    match node.type:
        case "string":
            return unescaped(text_of(node)[1:-1])
        # A template without anything put in is a plain text.
        case "template_string" if not any(children(node, "template_substitution")):
            return unescaped(text_of(node)[1:-1])
        case "number":
            return _number(text_of(node))
        case "unary_expression":
            inner = value_of(node.child_by_field_name("argument"), depth + 1)
            minus = text_of(node).startswith("-") and isinstance(inner, int | float)
            return -inner if minus and isinstance(inner, int | float) else Unknown(text_of(node)[:60])
        case "identifier" | "member_expression":
            return _named(text_of(node))
        case "array":
            return [value_of(child, depth + 1) for child in node.named_children if child.type != "comment"]
        case "object":
            return _object(node, depth)
        case kind if kind in _WRAPPED and node.named_children:
            return value_of(node.named_children[0], depth + 1)
    return Unknown(" ".join(text_of(node).split())[:60])


def _named(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    return Named(tuple(text.replace("!", "").replace("?", "").split(".")))


def _number(text: str) -> object:
    try:
        # 1_000 and 10n are numbers of JavaScript.
        plain = text.replace("_", "").removesuffix("n")
        return int(plain, 0) if re.fullmatch(r"0[xob]\w+|\d+", plain) and len(plain) < 40 else float(plain)
    except ValueError:
        return Unknown(text[:60])


def _object(node: Node, depth: int) -> dict[str, object]:
    """An object by its keys; what it spreads stands in a list under `...`."""
    found: dict[str, object] = {}
    for child in node.named_children:
        if child.type == "pair":
            found[name_of(child.child_by_field_name("key"))] = value_of(child.child_by_field_name("value"), depth + 1)
        elif child.type == "shorthand_property_identifier":
            found[text_of(child)] = Named((text_of(child),))
        elif child.type == "spread_element" and child.named_children:
            # What is spread may be a constant of another file: it is kept by name, and worked in where names are
            # followed.
            spread = found.setdefault(SPREAD, [])
            if isinstance(spread, list):
                spread.append(value_of(child.named_children[0], depth + 1))
    return found


def unescaped(text: str) -> str:
    """A string's text with its escapes written out."""
    return _ESCAPE.sub(_letter, text) if "\\" in text else text


def _letter(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code is None:
        return _LETTERS.get(match[4], match[4])
    number = int(code, 16)
    # Half of a surrogate pair is no letter, and could not be written as UTF-8.
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


# TypeScript's own types: its keywords, and the utility types that make one type of another.
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
    # An optional field's type is that type or undefined, as TypeScript has it.
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
    # `Record<"a" | "b", T>` has two fields; a record of any text is a map.
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
    # Members go by their value where they are literals, and by their kind otherwise: Exclude<string | null, null>.
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
