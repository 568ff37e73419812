"""Expressions in operations that no release of DuckDB changes: the tables of `releases`, put to use.

A rewrite goes by the types of its arguments, so it is done when the types of the columns are known. Of plain columns
and texts they are; DuckDB is asked for the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa

from sdgen.generators.expressions.duckdb_engine import arrow_types
from sdgen.generators.expressions.releases import ARGUMENTS, CALLS, KINDS, NARROW, NO_PARTS, PARTS, ROUNDS_TO
from sdgen.generators.expressions.syntax import parse_tree, rendered

if TYPE_CHECKING:
    from sqlglot import exp

_MOST_NODES = 20_000
_SUMS = ("Add", "Sub")
_JSON = frozenset({"cast to JSON", "to_json", "json_array"})
_OF_DECIMALS = frozenset({*_SUMS, "Div", "sqrt", "cast to DOUBLE", "cast to FLOAT"}) | _JSON
_CAPPED = "capped"


def steady(tree: exp.Expr, schema: pa.Schema) -> exp.Expr:
    """The expression over columns of these types, in operations that no release changes; `tree` itself stays.

    Raises duckdb.Error where DuckDB finds no types, and ValueError where the result would be too long.
    """
    decimals = _may_hold_decimals(tree, schema)
    if not any(_is_concerned(node, decimals) for node in tree.walk()):
        return tree
    root = tree.copy()
    for nodes in _rounds(root, decimals):
        _rewrite(nodes, schema)
    if decimals:
        _cap_sums(root, schema)
    if sum(1 for _ in root.walk()) > _MOST_NODES:
        raise ValueError("the expression is too long: split it into several columns, hidden if need be")
    return root


def _may_hold_decimals(tree: exp.Expr, schema: pa.Schema) -> bool:
    """A quick look, so that sums and quotients of other numbers needn't ask for types."""
    if any(pa.types.is_decimal(arrow) for arrow in schema.types):
        return True
    return any(_name(node) == "cast to DECIMAL" or _is_point_literal(node) for node in tree.walk())


def _is_point_literal(node: exp.Expr) -> bool:
    return type(node).__name__ == "Literal" and not node.is_string and "." in node.name


def _is_concerned(node: exp.Expr, decimals: bool) -> bool:
    name = _name(node)
    if name in ("Neg", "Mod", "mod") and type(_parts(node)[-1]).__name__ == "Literal":
        return _parts(node)[-1].name == "2147483648"
    if name in _OF_DECIMALS:
        return decimals
    return name in CALLS or name in ARGUMENTS or name in PARTS


def _name(node: exp.Expr) -> str:
    """How the tables call a node: a function's name, an operator's class, or a cast."""
    kind = type(node).__name__
    if kind in ("Cast", "TryCast"):
        return f"cast to {node.args['to'].this.name}"
    return str(node.this).lower() if kind == "Anonymous" else kind


def _parts(node: exp.Expr) -> list[exp.Expr]:
    if type(node).__name__ == "Anonymous":
        return list(node.expressions)
    if type(node).__name__ == "Extract":
        return [node.expression]
    return [node.this] if type(node).__name__ in ("Cast", "TryCast", "Neg") else [node.this, node.expression]


def _rounds(root: exp.Expr, decimals: bool) -> Iterator[list[exp.Expr]]:
    """What the tables speak of, innermost first: the types around it follow from what it has become."""
    heights: dict[int, int] = {}
    rounds: list[list[exp.Expr]] = []
    for node in reversed(list(root.walk(bfs=True))):  # children come before their parents
        below = max((heights[id(child)] for child in node.iter_expressions()), default=0)
        concerned = _is_concerned(node, decimals) and type(node).__name__ not in _SUMS
        heights[id(node)] = below + concerned
        if concerned:
            rounds += [[]] if len(rounds) <= below else []
            rounds[below].append(node)
    yield from rounds


def _rewrite(nodes: Sequence[exp.Expr], schema: pa.Schema) -> None:
    types = iter(_types_of([part for node in nodes for part in _parts(node)], schema))
    for node in nodes:
        name, parts = _name(node), _parts(node)
        own = list(islice(types, len(parts)))
        if name in PARTS:
            _check_unit(node, own[-1])
        for part, arrow in zip(parts, own, strict=True):
            form = next((form for kind, form in ARGUMENTS.get(name, ()) if KINDS[kind](arrow, part)), "")
            if form:
                part.replace(_written(form, [part], arrow))
        if name == "json_object":
            node.replace(_with_keys(node, parts))
        parts = _parts(node)
        if type(node).__name__ == "TryCast" and name == "cast to INTERVAL":
            node.replace(_written("try({0})", [node], pa.null()))  # which fails on some texts in older releases
        for kinds, form in CALLS.get(name, ()):
            if len(kinds) == len(parts) and all(map(_fits, kinds, own, parts)):
                node.replace(_written(form.replace("{name}", name), parts, own[0]))
                break


def _types_of(parts: Sequence[exp.Expr], schema: pa.Schema) -> list[pa.DataType]:
    """The types of arguments; DuckDB is asked, once, for those that are neither columns nor texts."""
    known = [_plain_type(part, schema) for part in parts]
    unknown = [rendered(part) for part, arrow in zip(parts, known, strict=True) if arrow is None]
    asked = iter(arrow_types(unknown, schema))
    return [next(asked) if arrow is None else arrow for arrow in known]


def _plain_type(part: exp.Expr, schema: pa.Schema) -> pa.DataType | None:
    kind = type(part).__name__
    if kind == "Column":
        arrow = schema.field(part.name).type
        return arrow.value_type if pa.types.is_dictionary(arrow) else arrow
    return pa.string() if kind == "Literal" and part.is_string else None


def _with_keys(node: exp.Expr, parts: Sequence[exp.Expr]) -> exp.Expr:
    """An object with a key that is null is null: it is an error in some releases, and without the key in others."""
    keys = [part for part in parts[::2] if type(part).__name__ != "Literal"]
    missing = " OR ".join(f"{{{number}}} IS NULL" for number in range(1, len(keys) + 1))
    return _written(f"CASE WHEN {missing} THEN NULL ELSE {{0}} END", [node, *keys], pa.null()) if keys else node


def _check_unit(node: exp.Expr, arrow: pa.DataType) -> None:
    unit = (node.this if type(node).__name__ == "Extract" else node.expressions[0]).name.lower()
    kind = "time" if pa.types.is_time(arrow) else "interval" if pa.types.is_interval(arrow) else ""
    if unit in NO_PARTS.get(kind, ()):
        raise ValueError(f"{'a time of day' if kind == 'time' else 'an interval'} has no {unit}")


def _fits(kind: str, arrow: pa.DataType, part: exp.Expr) -> bool:
    return KINDS[kind](arrow, part)


def _written(form: str, parts: Sequence[exp.Expr], arrow: pa.DataType) -> exp.Expr:
    """A form with its arguments, in brackets; `arrow` is the type that {type}, {wider} and {scale} follow from."""
    from sqlglot import exp

    type, scale = ROUNDS_TO.get(arrow, ""), 0
    if pa.types.is_decimal(arrow):
        scale = arrow.scale
        type = f"DECIMAL({min(38, max(arrow.precision, arrow.precision - scale + 1))}, 0)"
    names = [f"sdgen_part_{number}" for number in range(len(parts))]
    tree = _parsed_form(form.format(*names, scale=scale, wider=scale + 1, type=type)).copy()
    for column in list(tree.find_all(exp.Column)):
        part = parts[names.index(column.name)].copy()
        column.replace(part if isinstance(part, exp.Column | exp.Literal) else exp.Paren(this=part))
    return tree


@cache
def _parsed_form(sql: str) -> exp.Expr:
    from sqlglot import exp

    return exp.Paren(this=parse_tree(sql))


def _cap_sums(root: exp.Expr, schema: pa.Schema) -> None:
    """Keep sums of decimals in 18 digits where their terms have no more: newer releases give them a 19th."""
    while True:
        sums = [node for node in root.walk() if type(node).__name__ in _SUMS and not node.meta.get(_CAPPED)]
        if all(sum(_most_digits(node, schema)) <= NARROW for node in sums):
            return
        types = arrow_types([rendered(part) for node in sums for part in (node, *_parts(node))], schema)
        wide = {id(node): types[3 * n].scale for n, node in enumerate(sums) if _is_widened(*types[3 * n : 3 * n + 3])}
        # Innermost first: a sum around it may be no wider then.
        inner = [node for node in sums if id(node) in wide and not any(id(each) in wide for each in _inside(node))]
        if not inner:
            return
        for node in inner:
            node.meta[_CAPPED] = True
            node.replace(_written(f"CAST({{0}} AS DECIMAL({NARROW}, {wide[id(node)]}))", [node], types[0]))


def _most_digits(node: exp.Expr, schema: pa.Schema) -> tuple[int, int]:
    """At most so many digits before and behind the point of a sum of columns and numbers; many where it isn't plain."""
    kind = type(node).__name__
    if kind in ("Paren", "Neg"):
        return _most_digits(node.this, schema)
    if kind in (*_SUMS, "Mul"):
        (left, finer), (right, fine) = (_most_digits(part, schema) for part in _parts(node))
        return (left + right, finer + fine) if kind == "Mul" else (max(left, right) + 1, max(finer, fine))
    if kind == "Literal" and not node.is_string:
        whole, _, behind = node.name.partition(".")
        return len(whole), len(behind)
    arrow = _plain_type(node, schema)
    if arrow is not None and pa.types.is_decimal(arrow):
        return arrow.precision - arrow.scale, arrow.scale
    if arrow is not None and pa.types.is_integer(arrow):
        return {8: 3, 16: 5, 32: 10}.get(arrow.bit_width, 20), 0
    return (NARROW, NARROW) if arrow is None else (0, 0)


def _is_widened(total: pa.DataType, left: pa.DataType, right: pa.DataType) -> bool:
    terms = [arrow.precision for arrow in (left, right) if pa.types.is_decimal(arrow)]
    return bool(pa.types.is_decimal(total) and total.precision == NARROW + 1 and terms and max(terms) <= NARROW)


def _inside(node: exp.Expr) -> Iterator[exp.Expr]:
    return islice(node.walk(), 1, None)
