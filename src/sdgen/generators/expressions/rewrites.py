"""What DuckDB computes differently from release to release, written in operations that it doesn't.

`CALLS` say what stands in place of a function or operator over arguments of certain types, `ARGUMENTS` what in place of
some of its arguments. All were found by tests/conformance, which runs every function on the oldest and the newest
release; docs/decisions/0003-conformance.md lists them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa

from sdgen.generators.expressions.duckdb_engine import arrow_types
from sdgen.generators.expressions.syntax import parse_tree, rendered

if TYPE_CHECKING:
    from sqlglot import exp

_MOST_NODES = 20_000
_NARROW = 18  # digits of the decimals that fit in 64 bits
_Fits = Callable[[pa.DataType, "exp.Expr"], bool]


_KINDS: dict[str, _Fits] = {
    "any": lambda arrow, node: True,
    "text": lambda arrow, node: pa.types.is_string(arrow) and not _is_plain_text(node),
    "date": lambda arrow, node: pa.types.is_date(arrow),
    "moment": lambda arrow, node: pa.types.is_timestamp(arrow),
    "integer": lambda arrow, node: pa.types.is_integer(arrow),
    "digits": lambda arrow, node: pa.types.is_integer(arrow) and not type(node).__name__ == "Literal",
    "unsigned": lambda arrow, node: pa.types.is_unsigned_integer(arrow),
    "signed": lambda arrow, node: pa.types.is_signed_integer(arrow),
    "computed": lambda arrow, node: type(node).__name__ != "Literal",
    "decimal": lambda arrow, node: pa.types.is_decimal(arrow),
    "finely scaled": lambda arrow, node: pa.types.is_decimal(arrow) and arrow.scale >= _NARROW,
    "fraction": lambda arrow, node: pa.types.is_decimal(arrow) and arrow.scale == arrow.precision < 38,
    "2147483648": lambda arrow, node: type(node).__name__ == "Literal" and node.name == "2147483648",
}
_PLAIN_TEXT = re.compile(r"\d{4}-\d\d-\d\d|-?\d+ [a-z]+", re.IGNORECASE)  # all releases read it the same
_REMAINDER = "CASE WHEN {1} = -1 THEN {0} & 0 ELSE {0} % {1} END"  # for the least integer: an error or 0
# What round() of whole numbers gives in every release.
_ROUNDS_TO = {
    **{pa.int8(): "TINYINT", pa.int16(): "SMALLINT", pa.int32(): "INT", pa.uint64(): "INT128"},
    **dict.fromkeys((pa.int64(), pa.uint8(), pa.uint16(), pa.uint32()), "BIGINT"),
}
_TENS = "CAST([" + ", ".join(str(10**digits) for digits in range(21)) + "] AS INT128[])[least(-{1}, 20) + 1]"
_ROUNDED = (  # in whole numbers, so that nothing is lost and an overflow is an error
    f"CASE WHEN {{1}} >= 0 THEN {{0}} WHEN {{1}} < 0 THEN CAST(sign({{0}}) * ((abs(CAST({{0}} AS INT128)) + {_TENS} // 2) "
    f"// {_TENS} * {_TENS}) AS {{type}}) END"
)
_SPLIT = "CASE WHEN {0} = '' AND {1} IS NOT NULL THEN [''] ELSE {name}({0}, {1}) END"
_CONTAINS = "CASE WHEN {1} IS NULL THEN NULL ELSE {name}({0}, {1}) END"
_WORDS = "CASE WHEN lower(trim({0})) IN ('infinity', '-infinity', 'epoch') THEN NULL ELSE {name}({0}, {1}) END"

# By function or operator: the kinds of its arguments, and what is computed in its place.
CALLS: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "round": ((("integer", "digits"), _ROUNDED),),
    "mod": ((("signed", "signed"), _REMAINDER),),
    "Mod": ((("signed", "signed"), _REMAINDER),),
    "Neg": ((("2147483648",), "CAST(-{0} AS INT)"), (("unsigned",), "{0} - {0} - {0}")),
    "bit_count": ((("any",), "CAST(bit_count({0}) AS TINYINT)"),),
    "date_trunc": ((("any", "date"), "CAST(date_trunc({0}, {1}) AS TIMESTAMP)"),),
    "epoch_ms": ((("moment",), "(epoch_us({0}) - ((epoch_us({0}) % 1000) + 1000) % 1000) // 1000"),),
    **{name: ((("any", "any"), _SPLIT),) for name in ("split", "str_split", "string_split")},
    **{name: ((("any", "any"), _CONTAINS),) for name in ("list_contains", "list_has", "array_contains")},
    "array_to_string": (
        (("any", "any"), "CASE WHEN len({0}) = 0 AND {1} IS NOT NULL THEN '' ELSE array_to_string({0}, {1}) END"),
    ),
    "try_strptime": ((("any", "any"), _WORDS),),
    "regexp_replace": (
        (("any", "any", "computed"), r"regexp_replace({0}, {1}, replace({2}, '\', '\\'))"),
        (("any", "any", "computed", "any"), r"regexp_replace({0}, {1}, replace({2}, '\', '\\'), {3})"),
    ),
}

# Units that a time of day or an interval has in some releases only.
_NO_PARTS = {
    "time": frozenset("isoyear era doy dayofyear".split()),
    "interval": frozenset("week weeks dow weekday dayofweek isodow doy dayofyear isoyear yearweek era timezone".split()),
}
_UNITS = ("date_part", "datepart", "Extract")

_DATE = r"CASE WHEN regexp_matches({0}, '[ T]\s*\d+\s*$|:60') THEN 'no date' ELSE {0} END"
_INTERVAL = (
    r"CASE WHEN regexp_matches({0}, '^\s*[-+]?[0-9.]+\s*$') THEN 'no interval' "
    r"ELSE regexp_replace({0}, '(\.\d{{6}})\d+', '\1', 'g') END"
)
_WHOLE = r"CASE WHEN regexp_matches({0}, '^\s*[-+]?0[xXbB]') THEN 'no number' ELSE {0} END"
_AS_TEXT = (("finely scaled", "CAST({0} AS TEXT)"),)
_WITH_A_DIGIT = (("fraction", "CAST({0} AS DECIMAL({wider}, {scale}))"),)
ARGUMENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "cast to DATE": (("text", _DATE),),
    "cast to INTERVAL": (("text", _INTERVAL),),
    "cast to INT128": (("text", _WHOLE),),
    "cast to JSON": _WITH_A_DIGIT,
    "cast to DOUBLE": _AS_TEXT,
    "cast to FLOAT": (*_AS_TEXT, ("decimal", "CAST({0} AS DOUBLE)")),
    "sqrt": (("finely scaled", "CAST(CAST({0} AS TEXT) AS DOUBLE)"),),
    "Div": (("finely scaled", "CAST(CAST({0} AS TEXT) AS DOUBLE)"),),
    **dict.fromkeys(("to_json", "json_object", "json_array"), _WITH_A_DIGIT),
}
_SUMS = ("Add", "Sub")
_CAPPED = "capped"


def steady(tree: exp.Expr, schema: pa.Schema) -> exp.Expr:
    """The expression over columns of these types, in operations that no release changes; `tree` itself stays.

    Raises duckdb.Error where DuckDB finds no types, and ValueError where the result would be too long.
    """
    if not any(_concerned(node) or type(node).__name__ in _SUMS for node in tree.walk()):
        return tree
    root = tree.copy()
    for nodes in _rounds(root):
        _rewrite(nodes, schema)
    _cap_sums(root, schema)
    if sum(1 for _ in root.walk()) > _MOST_NODES:
        raise ValueError("the expression is too long: split it into several columns, hidden if need be")
    return root


def _concerned(node: exp.Expr) -> bool:
    name = _name(node)
    if name in ("Neg", "Mod", "mod") and type(_parts(node)[-1]).__name__ == "Literal":
        return _parts(node)[-1].name == "2147483648"
    return name in CALLS or name in ARGUMENTS or name in _UNITS


def _name(node: exp.Expr) -> str:
    """How the tables call a node: a function's name, an operator's class, or a cast."""
    kind = type(node).__name__
    if kind in ("Cast", "TryCast"):
        return f"cast to {node.args['to'].this.name}"
    return str(node.this).lower() if kind == "Anonymous" else kind


def _is_plain_text(node: exp.Expr) -> bool:
    return type(node).__name__ == "Literal" and _PLAIN_TEXT.fullmatch(node.name) is not None


def _parts(node: exp.Expr) -> list[exp.Expr]:
    if type(node).__name__ == "Anonymous":
        return list(node.expressions)
    if type(node).__name__ == "Extract":
        return [node.expression]
    return [node.this] if type(node).__name__ in ("Cast", "TryCast", "Neg") else [node.this, node.expression]


def _rounds(root: exp.Expr) -> Iterator[list[exp.Expr]]:
    """What the tables speak of, innermost first: the types around it follow from what it has become."""
    heights: dict[int, int] = {}
    rounds: list[list[exp.Expr]] = []
    for node in reversed(list(root.walk(bfs=True))):  # children come before their parents
        below = max((heights[id(child)] for child in node.iter_expressions()), default=0)
        heights[id(node)] = below + _concerned(node)
        if _concerned(node):
            rounds += [[]] if len(rounds) <= below else []
            rounds[below].append(node)
    yield from rounds


def _rewrite(nodes: Sequence[exp.Expr], schema: pa.Schema) -> None:
    types = iter(arrow_types([rendered(part) for node in nodes for part in _parts(node)], schema))
    for node in nodes:
        name, parts = _name(node), _parts(node)
        own = list(islice(types, len(parts)))
        if name in _UNITS:
            _check_unit(node, own[-1])
        for part, arrow in zip(parts, own, strict=True):
            form = next((form for kind, form in ARGUMENTS.get(name, ()) if _KINDS[kind](arrow, part)), "")
            if form:
                part.replace(_written(form, [part], arrow))
        for kinds, form in CALLS.get(name, ()):
            if len(kinds) == len(parts) and all(map(_fits, kinds, own, parts)):
                node.replace(_written(form.replace("{name}", name), parts, own[0]))
                break


def _check_unit(node: exp.Expr, arrow: pa.DataType) -> None:
    unit = (node.this if type(node).__name__ == "Extract" else node.expressions[0]).name.lower()
    kind = "time" if pa.types.is_time(arrow) else "interval" if pa.types.is_interval(arrow) else ""
    if unit in _NO_PARTS.get(kind, ()):
        raise ValueError(f"{'a time of day' if kind == 'time' else 'an interval'} has no {unit}")


def _fits(kind: str, arrow: pa.DataType, part: exp.Expr) -> bool:
    return _KINDS[kind](arrow, part)


def _written(form: str, parts: Sequence[exp.Expr], arrow: pa.DataType) -> exp.Expr:
    """A form with its arguments, in brackets."""
    from sqlglot import exp

    scale = arrow.scale if pa.types.is_decimal(arrow) else 0
    names = [f"sdgen_part_{number}" for number in range(len(parts))]
    tree = _parsed_form(form.format(*names, scale=scale, wider=scale + 1, type=_ROUNDS_TO.get(arrow, ""))).copy()
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
    while _may_hold_decimals(root, schema):
        sums = [node for node in root.walk() if type(node).__name__ in _SUMS and not node.meta.get(_CAPPED)]
        types = arrow_types([rendered(part) for node in sums for part in (node, *_parts(node))], schema)
        wide = {id(node): types[3 * n].scale for n, node in enumerate(sums) if _is_widened(*types[3 * n : 3 * n + 3])}
        # Innermost first: a sum around it may be no wider then.
        inner = [node for node in sums if id(node) in wide and not any(id(each) in wide for each in _inside(node))]
        if not inner:
            return
        for node in inner:
            node.meta[_CAPPED] = True
            node.replace(_written(f"CAST({{0}} AS DECIMAL({_NARROW}, {wide[id(node)]}))", [node], types[0]))


def _may_hold_decimals(root: exp.Expr, schema: pa.Schema) -> bool:
    """A quick look: sums of whole numbers and of doubles are most."""
    if any(pa.types.is_decimal(arrow) for arrow in schema.types):
        return True
    return any(_name(node) == "cast to DECIMAL" or _is_point_literal(node) for node in root.walk())


def _is_point_literal(node: exp.Expr) -> bool:
    return type(node).__name__ == "Literal" and not node.is_string and "." in node.name


def _is_widened(total: pa.DataType, left: pa.DataType, right: pa.DataType) -> bool:
    terms = [arrow.precision for arrow in (left, right) if pa.types.is_decimal(arrow)]
    return bool(pa.types.is_decimal(total) and total.precision == _NARROW + 1 and terms and max(terms) <= _NARROW)


def _inside(node: exp.Expr) -> Iterator[exp.Expr]:
    return islice(node.walk(), 1, None)
