"""TypeScript source → the calls in it: constants, chains of methods (`integer("id").notNull()`), literals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_WRAPPERS = frozenset({"as_expression", "satisfies_expression", "parenthesized_expression", "non_null_expression"})


@dataclass(frozen=True)
class Link:
    """One call of a chain: what is called, with what, and the line."""

    name: str
    args: tuple[Node, ...]
    line: int


@cache
def _parser() -> Parser:
    import tree_sitter_typescript
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_typescript.language_typescript()))


def constants(text: str) -> tuple[dict[str, Node], list[Node]]:
    """The constants of a file's top by name, and all statements that are calls."""
    root = _parser().parse(text.encode()).root_node
    found: dict[str, Node] = {}
    calls: list[Node] = []
    for statement in root.named_children:
        # Constants that are not exported count as well: tables refer to enums and spread columns of their own file.
        inner = statement.child_by_field_name("declaration") if statement.type == "export_statement" else statement
        for each in inner.named_children if inner is not None and inner.type == "lexical_declaration" else ():
            name, value = each.child_by_field_name("name"), each.child_by_field_name("value")
            if name is not None and value is not None:
                found[text_of(name)] = bare(value)
        if inner is not None and inner.type == "expression_statement":
            calls += inner.named_children
    return found, calls


def text_of(node: Node | None) -> str:
    return node.text.decode() if node is not None and node.text is not None else ""


def bare(node: Node) -> Node:
    """What stands in brackets, or before `as`."""
    while node.type in _WRAPPERS and node.named_children:
        node = node.named_children[0]
    return node


def chain(node: Node) -> list[Link]:
    """The calls of a chain, the innermost first; [] of anything else."""
    links: list[Link] = []
    node = bare(node)
    while node.type == "call_expression":
        function, args = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or args is None:
            return []
        given = tuple(bare(each) for each in args.named_children if each.type != "comment")
        # `integer("id")` begins a chain; `.notNull()` is called on what stands before it.
        name = function.child_by_field_name("property") if function.type == "member_expression" else function
        # The outermost call is met first, and is the last one that is made.
        links.insert(0, Link(text_of(name), given if args.type == "arguments" else (args,), node.start_point[0] + 1))
        inner = function.child_by_field_name("object") if function.type == "member_expression" else None
        if inner is None:
            return links
        node = bare(inner)
    return links


def returned(node: Node) -> Node:
    """What an arrow function gives; any other node is itself."""
    node = bare(node)
    if node.type != "arrow_function":
        return node
    body = node.child_by_field_name("body")
    if body is None:
        return node
    # `() => users.id` and `() => { return users.id }` say the same.
    if body.type == "statement_block":
        back = next((each for each in body.named_children if each.type == "return_statement"), None)
        return bare(back.named_children[0]) if back is not None and back.named_children else body
    return bare(body)


def pairs(node: Node) -> Iterator[tuple[str, Node]]:
    """The keys of an object with their values; a spread has the key "...", and its name for a value."""
    for each in node.named_children if node.type == "object" else ():
        if each.type == "pair":
            key, value = each.child_by_field_name("key"), each.child_by_field_name("value")
            if key is not None and value is not None:
                yield text_of(key).strip("\"'`"), bare(value)
        elif each.type == "spread_element" and each.named_children:
            yield "...", bare(each.named_children[0])


def literal(node: Node | None) -> Any:
    """A plain value; None where it is none."""
    if node is None:
        return None
    node = bare(node)
    text = text_of(node)
    match node.type:
        case "string":
            return text[1:-1]
        case "template_string" if "${" not in text:
            return text[1:-1]
        case "number" | "unary_expression":
            try:
                return float(text) if "." in text else int(text.replace("_", ""), 0)
            except ValueError:
                return None
        case "true" | "false":
            return text == "true"
        case "array":
            return [literal(each) for each in node.named_children if each.type != "comment"]
        case "object":
            return {key: literal(value) for key, value in pairs(node)}
    return None
