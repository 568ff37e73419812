"""Expressions as tree-sitter has them → plain values: what a config object says without running it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

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
    if node.type in _WORDS:
        return _WORDS[node.type]
    match node.type:
        case "string":
            return unescaped(text_of(node)[1:-1])
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
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
