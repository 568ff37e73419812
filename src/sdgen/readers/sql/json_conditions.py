"""Conditions on JSON documents: each dialect's functions as DuckDB has them, and which columns they read as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

# What databases call the kinds that DuckDB's json_type tells; those that aren't listed are numbers.
_KINDS: Mapping[str, Mapping[str, str]] = {
    "postgres": {"OBJECT": "object", "ARRAY": "array", "VARCHAR": "string", "BOOLEAN": "boolean", "NULL": "null"},
    "mysql": {"OBJECT": "OBJECT", "ARRAY": "ARRAY", "VARCHAR": "STRING", "BOOLEAN": "BOOLEAN", "NULL": "NULL"},
    "sqlite": {"OBJECT": "object", "ARRAY": "array", "VARCHAR": "text", "BOOLEAN": "true", "NULL": "null"},
}
_NUMBERS = {
    "postgres": ("number", "number"),
    "mysql": ("INTEGER", "DOUBLE"),
    "sqlite": ("integer", "real"),
}  # whole ones, and others
_NODES = {
    "JSONType": "json_type",
    "JSONBContainsTopKey": "?",
    "JSONBContainsAnyTopKeys": "?|",
    "JSONBContainsAllTopKeys": "?&",
}
_READERS = re.compile(
    r"jsonb?_(?:typeof|type|array_length|length|extract\w*|contains\w*|depth|keys|value|query|exists|unquote)|\?[|&]?"
)
_EXTRACTS = frozenset({"JSONExtract", "JSONExtractScalar", "JSONBExtract", "JSONBExtractScalar"})


def with_members(tree: exp.Expr) -> exp.Expr:
    """A condition with `json_typeof(document -> 'member')`, whose arrow sqlglot reads as that of a lambda."""
    from sqlglot import exp

    for each in [*tree.find_all(exp.Lambda)]:
        if len(each.expressions) == 1 and isinstance(each.this, exp.Literal):
            each.replace(_at(exp.column(each.expressions[0].name), each.this.name))
    return tree


def with_json_functions(tree: exp.Expr, dialect: str) -> exp.Expr:
    """A condition whose functions of JSON are DuckDB's."""
    if next(documents_read(tree), None) is None:
        return tree
    return tree.transform(lambda node: _rewritten(node, dialect))


def _rewritten(node: exp.Expr, dialect: str) -> exp.Expr:
    from sqlglot import exp

    if isinstance(node, exp.JSONBExtractScalar | exp.JSONBExtract) and isinstance(node.expression, exp.Literal):
        steps = ".".join(f'"{step}"' for step in node.expression.name.strip("{}").split(","))
        text = isinstance(node, exp.JSONBExtractScalar)
        return exp.Anonymous(
            this="json_extract_string" if text else "json_extract",
            expressions=[node.this.copy(), exp.Literal.string(f"$.{steps}")],
        )
    rewrite = _REWRITES.get(function_name(node))
    found = rewrite(_arguments(node), dialect) if rewrite is not None else None
    return found if found is not None else node


def function_name(node: exp.Expr) -> str:
    """A function's name in lower case, whether sqlglot has a node for it or not; "" for what is none."""
    kind = type(node).__name__
    return str(node.this).lower() if kind == "Anonymous" else _NODES.get(kind, "")


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    if type(node).__name__ == "Anonymous":
        return [_rewritten(each, "") for each in node.expressions]
    second = node.args.get("expression")
    return [node.this, *([second] if second is not None else [])]


def _at(document: exp.Expr, path: str) -> exp.Expr:
    from sqlglot import exp

    # As a function: sqlglot would read its arrow in another function's arguments as that of a lambda.
    whole = exp.Literal.string(path if path.startswith("$") else f'$."{path}"')
    return exp.Anonymous(this="json_extract", expressions=[document.copy(), whole])


def _kind(arguments: list[exp.Expr], dialect: str) -> exp.Expr | None:
    from sqlglot import exp

    if dialect not in _KINDS:
        return None
    own = exp.Anonymous(this="json_type", expressions=[each.copy() for each in arguments])
    known = exp.Case(this=own)
    for kind, word in _KINDS[dialect].items():
        known = known.when(exp.Literal.string(kind), exp.Literal.string(word))
    whole, other = _NUMBERS[dialect]
    for kind in ("BIGINT", "UBIGINT"):
        known = known.when(exp.Literal.string(kind), exp.Literal.string(whole))
    return exp.paren(known.when(exp.Literal.string("DOUBLE"), exp.Literal.string(other)))


def _length(arguments: list[exp.Expr], dialect: str) -> exp.Expr | None:
    """MySQL's and MariaDB's: of an object its members, and one of what is neither object nor array."""
    from sqlglot import exp

    document = _at(arguments[0], arguments[1].name) if len(arguments) > 1 else arguments[0]
    kind = exp.Anonymous(this="json_type", expressions=[document.copy()])
    members = exp.Anonymous(this="array_length", expressions=[_at(document, "$.*")])
    elements = exp.Anonymous(this="json_array_length", expressions=[document.copy()])
    known = exp.Case(this=kind).when(exp.Literal.string("OBJECT"), members)
    known = known.when(exp.Literal.string("ARRAY"), elements)
    for scalar in ("VARCHAR", "BOOLEAN", "NULL", "BIGINT", "UBIGINT", "DOUBLE"):
        known = known.when(exp.Literal.string(scalar), exp.Literal.number(1))
    return exp.paren(known)


def _has(arguments: list[exp.Expr], paths: list[str], all: bool) -> exp.Expr:
    from sqlglot import exp

    found = [exp.Is(this=_at(arguments[0], path), expression=exp.Null()) for path in paths]
    whole = exp.and_ if all else exp.or_
    return exp.paren(whole(*(exp.not_(each) for each in found)))


def _contains_path(arguments: list[exp.Expr], dialect: str) -> exp.Expr | None:
    if len(arguments) < 3:
        return None
    return _has(arguments, [each.name for each in arguments[2:]], arguments[1].name.lower() == "all")


def _keys(arguments: list[exp.Expr]) -> list[str]:
    return [each.name for each in arguments[1].expressions or arguments[1:]]


def _unquoted(arguments: list[exp.Expr], dialect: str) -> exp.Expr | None:
    from sqlglot import exp

    inner = arguments[0]
    path = inner.args.get("expression") if type(inner).__name__ in _EXTRACTS else None
    if path is None:
        return exp.func("json_extract_string", inner.copy(), exp.Literal.string("$"))
    return exp.JSONExtractScalar(this=inner.this.copy(), expression=path.copy())


def _array_length(arguments: list[exp.Expr], dialect: str) -> exp.Expr:
    from sqlglot import exp

    return exp.Anonymous(this="json_array_length", expressions=[each.copy() for each in arguments])


_REWRITES: Mapping[str, Callable[[list[exp.Expr], str], exp.Expr | None]] = {
    **dict.fromkeys(("jsonb_typeof", "json_typeof", "json_type"), _kind),
    "json_length": _length,
    "jsonb_array_length": _array_length,
    "json_contains_path": _contains_path,
    "json_unquote": _unquoted,
    "?": lambda arguments, dialect: _has(arguments, [arguments[1].name], True),
    "?|": lambda arguments, dialect: _has(arguments, _keys(arguments), False),
    "?&": lambda arguments, dialect: _has(arguments, _keys(arguments), True),
}


def only_arrays(tree: exp.Expr) -> list[exp.Expr]:
    """The documents that PostgreSQL counts the elements of, which is an error where they are no arrays."""
    calls = [node for node in tree.walk() if function_name(node) in ("jsonb_array_length", "json_array_length")]
    return [_rewritten(each.expressions[0], "") for each in calls]


def documents_read(tree: exp.Expr) -> Iterator[exp.Expr]:
    """What a condition or a computed column reads as JSON."""
    for node in tree.walk():
        if type(node).__name__ in _EXTRACTS:
            yield node.this
        elif _READERS.fullmatch(function_name(node)):
            yield from _arguments(node)[:1]
