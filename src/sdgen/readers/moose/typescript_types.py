"""Types as tree-sitter has them → the records of `syntax`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sdgen.readers.moose.syntax import (
    Body,
    KeysOf,
    ListOf,
    Lookup,
    Mapped,
    Member,
    Odd,
    Ref,
    Row,
    Several,
    TypeNode,
    TypeOf,
    Value,
)
from sdgen.readers.moose.typescript_values import children, line_of, literal_of, name_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["body_of", "children", "line_of", "name_of", "text_of", "type_of"]

_DEEPEST = 60
_FIELDS = frozenset({"property_signature", "public_field_definition"})
_HIDDEN = frozenset({"private", "protected", "static", "#"})


def type_of(node: Node, depth: int = 0) -> TypeNode:
    """A type; Odd with its text where it isn't of a kind that can be told from the text alone."""
    # The parser nests as deep as the text; Python's stack does not.
    if depth > _DEEPEST:
        return Odd("a type nested too deeply")
    make = _KINDS.get(node.type)
    return make(node, depth + 1) if make is not None else Odd(_short(text_of(node)))


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 60 else words[:59] + "…"


def _inside(node: Node, depth: int) -> TypeNode:
    inner = [child for child in node.named_children if child.type != "comment"]
    return type_of(inner[-1], depth) if inner else Odd("an empty type")


def _several(node: Node, depth: int) -> TypeNode:
    """A union or an intersection; the grammar nests them to the left, however many there are."""
    parts: list[TypeNode] = []
    waiting = [child for child in reversed(node.named_children) if child.type != "comment"]
    while waiting:
        child = waiting.pop()
        # Without recursion: unions of hundreds of literals are nested as deep.
        if child.type == node.type:
            waiting += [each for each in reversed(child.named_children) if each.type != "comment"]
        else:
            parts.append(type_of(child, depth))
    return Several(tuple(parts), union=node.type == "union_type")


def _reference(node: Node, depth: int) -> TypeNode:
    space, _, name = text_of(node).replace(" ", "").rpartition(".")
    return Ref(name, (), space)


def _generic(node: Node, depth: int) -> TypeNode:
    named, args = node.child_by_field_name("name"), node.child_by_field_name("type_arguments")
    space, _, name = text_of(named).replace(" ", "").rpartition(".") if named is not None else ("", "", "")
    given = [child for child in args.named_children if child.type != "comment"] if args is not None else []
    return Ref(name, tuple(type_of(child, depth) for child in given), space)


def _array(node: Node, depth: int) -> TypeNode:
    return ListOf(_inside(node, depth))


def _row(node: Node, depth: int) -> TypeNode:
    return Row(tuple(type_of(child, depth) for child in node.named_children if child.type != "comment"))


def _literal(node: Node, depth: int) -> TypeNode:
    value = literal_of(node.named_children[0] if node.named_children else node)
    if value is None:
        return Ref(text_of(node))  # null, undefined
    return Value(value)


def _lookup(node: Node, depth: int) -> TypeNode:
    inner = [child for child in node.named_children if child.type != "comment"]
    if len(inner) != 2:
        return Odd(_short(text_of(node)))
    return Lookup(type_of(inner[0], depth), type_of(inner[1], depth))


def _keys(node: Node, depth: int) -> TypeNode:
    return KeysOf(_inside(node, depth))


def _typeof(node: Node, depth: int) -> TypeNode:
    return TypeOf(_short(text_of(node).removeprefix("typeof").strip()))


def _text(node: Node, depth: int) -> TypeNode:
    return Ref("string")


def _function(node: Node, depth: int) -> TypeNode:
    return Ref("Function")


def body_of(node: Node, depth: int = 0) -> Body | Mapped | Odd:
    """The fields of an interface's or class's body, or of an object type; methods and private ones are left out."""
    members, index = [], None
    for child in node.named_children:
        if child.type in _FIELDS and not _is_hidden(child):
            members.append(_member(child, depth))
        elif child.type == "index_signature":
            # tree-sitter has a mapped type as an index signature with a clause of its own.
            if any(children(child, "mapped_type_clause")):
                return _mapped(child, depth)
            key, value = child.child_by_field_name("index_type"), child.child_by_field_name("type")
            index = (
                type_of(key, depth) if key is not None else Ref("string"),
                _inside(value, depth) if value is not None else Ref("any"),
            )
        elif child.type == "method_definition" and name_of(child.child_by_field_name("name")) == "constructor":
            members += _promoted(child, depth)
    return Body(tuple(members), index)


def _mapped(node: Node, depth: int) -> Mapped | Odd:
    """A mapped type; of those that name their fields anew, only those that leave some out by a condition."""
    clause = next(children(node, "mapped_type_clause"))
    keys, alias = clause.child_by_field_name("type"), clause.child_by_field_name("alias")
    value = node.child_by_field_name("type")
    if keys is None or value is None or (alias is not None and alias.type != "conditional_type"):
        return Odd("a mapped type: " + _short(text_of(node)))
    optional = {"opting_type_annotation": True, "omitting_type_annotation": False}.get(value.type)
    name = name_of(clause.child_by_field_name("name"))
    return Mapped(name, type_of(keys, depth), _inside(value, depth), optional)


def _is_hidden(node: Node) -> bool:
    return any(text_of(child) in _HIDDEN for child in node.children) or name_of(
        node.child_by_field_name("name")
    ).startswith("#")


def _promoted(node: Node, depth: int) -> Iterator[Member]:
    """Parameters of a constructor that declare public fields."""
    params = node.child_by_field_name("parameters")
    for each in params.named_children if params is not None else ():
        modifier = next(children(each, "accessibility_modifier"), None)
        pattern = each.child_by_field_name("pattern")
        # `constructor(public id: string)` declares a field.
        if modifier is not None and text_of(modifier) == "public" and pattern is not None:
            kind = each.child_by_field_name("type")
            yield Member(
                text_of(pattern),
                _inside(kind, depth) if kind is not None else Odd("a field without a type"),
                each.type == "optional_parameter",
                line=line_of(each),
            )


def _member(node: Node, depth: int) -> Member:
    kind = node.child_by_field_name("type")
    documented, behind = _comments(node)
    return Member(
        name=name_of(node.child_by_field_name("name")),
        type=_inside(kind, depth) if kind is not None else Odd("a field without a type"),
        optional=any(child.type == "?" for child in node.children),
        comment=documented or behind,
        aside=behind if documented else "",
        line=line_of(node),
    )


def _comments(node: Node) -> tuple[str, str]:
    """The TSDoc before a field, and what stands behind it on the same line."""
    before = node.prev_sibling
    # Fields may be parted by semicolons, commas, or line breaks alone, which the grammar leaves out.
    while before is not None and before.type in (";", ","):
        before = before.prev_sibling
    doc = text_of(before) if before is not None and before.type == "comment" else ""
    behind = node.next_sibling
    while behind is not None and behind.type in (";", ","):
        behind = behind.next_sibling
    trailing = ""
    if behind is not None and behind.type == "comment" and behind.start_point[0] == node.end_point[0]:
        trailing = comment_text(text_of(behind))
    # A `//` above a field may as well be a heading, or code that is commented out.
    return comment_text(doc) if doc.startswith("/**") else "", trailing


_KINDS: dict[str, Callable[[Node, int], TypeNode]] = {
    "predefined_type": _reference,
    "type_identifier": _reference,
    "identifier": _reference,
    "nested_type_identifier": _reference,
    "this_type": _reference,
    "generic_type": _generic,
    "union_type": _several,
    "intersection_type": _several,
    "array_type": _array,
    "tuple_type": _row,
    "object_type": body_of,
    "literal_type": _literal,
    "parenthesized_type": _inside,
    "readonly_type": _inside,
    "type_annotation": _inside,
    "lookup_type": _lookup,
    "index_type_query": _keys,
    "type_query": _typeof,
    "template_literal_type": _text,
    "function_type": _function,
    "constructor_type": _function,
    "string": _literal,
    "number": _literal,
}


_STARS = re.compile(r"^\s*\*+ ?", re.MULTILINE)
_TAG = re.compile(r"(?:^|(?<=[.)\]\s]))\s*@(?!link)\w+.*", re.DOTALL)
_LINK = re.compile(r"\{@link\s+([^}|]*)[^}]*\}")


def comment_text(comment: str) -> str:
    """What a `//`, `/* */` or `/** */` comment says, up to TSDoc's first block tag (`@source`, `@see`)."""
    text = comment.strip()
    if text.startswith("//"):
        return text.lstrip("/").strip()
    if not text.startswith("/*"):
        return text
    text = _STARS.sub("", text.removeprefix("/**").removeprefix("/*").removesuffix("*/"))
    # Block tags are for tools; what stands before them describes the values.
    text = _TAG.sub("", _LINK.sub(r"\1", text))
    lines = "\n".join(line.strip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip()
