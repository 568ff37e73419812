"""Expressions in operations that no release of DuckDB changes: the tables of `releases`, put to use.

A rewrite goes by the types of its arguments, so it is done when the types of the columns are known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa

from sdgen.generators.expressions.allowed import words
from sdgen.generators.expressions.duckdb_engine import type_names
from sdgen.generators.expressions.syntax import parse_tree, rendered

if TYPE_CHECKING:
    from sqlglot import exp

# Forms repeat their arguments, so that rewrites in each other could grow without end.
_MOST_NODES = 20_000
_NARROW = 18  # digits of the decimals that fit in 64 bits
_SUMS = ("Add", "Sub")
_OF_DECIMALS = frozenset({*_SUMS, "cast to JSON", "to_json", "json_array"})
_CAPPED = "capped"
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


def steady(tree: exp.Expr, schema: pa.Schema) -> exp.Expr:
    """The expression over columns of these types, in operations that no release changes; `tree` itself stays.

    Raises duckdb.Error where DuckDB finds no types, and ValueError where the result would be too long.
    """
    # Types must be asked for where decimals may be; most expressions have none, and skip the question.
    decimals = _may_hold_decimals(tree, schema)
    if not any(_is_concerned(node, decimals) for node in tree.walk()):
        return tree
    root = tree.copy()
    # The types of what stands around a rewritten node follow from what it has
    # become, so that they are asked for anew.
    for nodes in _rounds(root, decimals):
        _rewrite(nodes, schema)
    if decimals:
        _cap_sums(root, schema)
    if sum(1 for _ in root.walk()) > _MOST_NODES:
        raise ValueError("the expression is too long: split it into several columns, hidden if need be")
    return root


def _may_hold_decimals(tree: exp.Expr, schema: pa.Schema) -> bool:
    """A quick look, so that sums of other numbers needn't ask for types."""
    if any(pa.types.is_decimal(arrow) for arrow in schema.types):
        return True
    return any(_name(node) == "cast to DECIMAL" or _is_point_literal(node) for node in tree.walk())


def _is_point_literal(node: exp.Expr) -> bool:
    return type(node).__name__ == "Literal" and not node.is_string and "." in node.name


def _is_concerned(node: exp.Expr, decimals: bool) -> bool:
    name = _name(node)
    if type(node).__name__ == "Anonymous" and not node.expressions:
        return False
    # DuckDB reads -2147483648 as the negative of a number that fits no int.
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
    types = iter(type_names([rendered(part) for node in nodes for part in _parts(node)], schema))
    for node in nodes:
        name = _name(node)
        own = list(islice(types, len(_parts(node))))
        if name in PARTS:
            _check_unit(node, own[-1])
        for part, type in zip(_parts(node), own, strict=True):
            form = next((form for kind, form in ARGUMENTS.get(name, ()) if _fits(kind, type, part)), "")
            if form:
                part.replace(_written(form, [part], type))
        whole = _whole_form(node, name, own)
        if whole:
            node.replace(_written(whole.replace("{name}", name), _whole_parts(node, name), own[0]))


def _whole_form(node: exp.Expr, name: str, types: Sequence[str]) -> str:
    """What stands in place of a call or operator; "" where it stays."""
    parts = _parts(node)
    if name == "json_object":  # with a key that is null: an error in some releases, without the key in others
        missing = " OR ".join(f"{{{number}}} IS NULL" for number in range(1, len(_whole_parts(node, name))))
        return f"CASE WHEN {missing} THEN NULL ELSE {{0}} END" if missing else ""
    if name == "cast to INTERVAL":  # which fails on some texts in older releases
        return "try({0})" if type(node).__name__ == "TryCast" else ""
    for kinds, form in CALLS.get(name, ()):
        if len(kinds) == len(parts) and all(map(_fits, kinds, types, parts)):
            return form
    return ""


def _whole_parts(node: exp.Expr, name: str) -> list[exp.Expr]:
    if name == "json_object":
        return [node, *(part for part in _parts(node)[::2] if type(part).__name__ != "Literal")]
    return [node] if name == "cast to INTERVAL" else _parts(node)


def _fits(kind: str, type: str, part: exp.Expr) -> bool:
    pattern, is_written_so = KINDS[kind]
    return re.fullmatch(pattern, type) is not None and bool(is_written_so(part))


def _check_unit(node: exp.Expr, type: str) -> None:
    kind = type.lower()
    unit = (node.this if node.key == "extract" else node.expressions[0]).name.lower()
    if unit in NO_PARTS.get(kind, ()):
        raise ValueError(f"{'a time of day' if kind == 'time' else 'an interval'} has no {unit}")


def _written(form: str, parts: Sequence[exp.Expr], type: str) -> exp.Expr:
    """A form with its arguments, in brackets; `type` is what {type}, {wider} and {scale} follow from."""
    from sqlglot import exp

    scale = 0
    if found := _DECIMAL.fullmatch(type):
        digits, scale = int(found[1]), int(found[2])
        type = f"DECIMAL({min(38, max(digits, digits - scale + 1))}, 0)"  # with room for a carry
    names = [f"sdgen_part_{number}" for number in range(len(parts))]
    tree = _parsed_form(form.format(*names, scale=scale, wider=scale + 1, type=type)).copy()
    for column in list(tree.find_all(exp.Column)):
        part = parts[names.index(column.name)].copy()
        # An argument that is more than a column or a number keeps its brackets, or
        # operators around it would take it apart.
        column.replace(part if isinstance(part, exp.Column | exp.Literal) else exp.Paren(this=part))
    return tree


@cache
def _parsed_form(sql: str) -> exp.Expr:
    from sqlglot import exp

    return exp.Paren(this=parse_tree(sql))


def _cap_sums(root: exp.Expr, schema: pa.Schema) -> None:
    """Keep sums of decimals in 18 digits where their terms have no more: newer releases give them a 19th."""
    # A sum is capped only once its terms are: what they have become decides its own type.
    while True:
        sums = [node for node in root.walk() if type(node).__name__ in _SUMS and not node.meta.get(_CAPPED)]
        if all(sum(_most_digits(node, schema)) <= _NARROW for node in sums):
            return
        types = type_names([rendered(part) for node in sums for part in (node, *_parts(node))], schema)
        wide = {id(node): scale for n, node in enumerate(sums) if (scale := _widened(*types[3 * n : 3 * n + 3])) >= 0}
        # Innermost first: a sum around it may be no wider then.
        inner = [node for node in sums if id(node) in wide and not any(id(each) in wide for each in _inside(node))]
        if not inner:
            return
        for node in inner:
            node.meta[_CAPPED] = True
            node.replace(_written(f"CAST({{0}} AS DECIMAL({_NARROW}, {wide[id(node)]}))", [node], ""))


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
    if kind != "Column":
        return _NARROW, _NARROW
    arrow = schema.field(node.name).type
    if pa.types.is_decimal(arrow):
        return arrow.precision - arrow.scale, arrow.scale
    return ({8: 3, 16: 5, 32: 10}.get(arrow.bit_width, 20) if pa.types.is_integer(arrow) else 0), 0


def _widened(total: str, left: str, right: str) -> int:
    """The digits behind the point of a sum that has a 19th digit; -1 for other sums."""
    found = _DECIMAL.fullmatch(total)
    terms = [int(term[1]) for term in map(_DECIMAL.fullmatch, (left, right)) if term]
    return int(found[2]) if found and int(found[1]) == _NARROW + 1 and terms and max(terms) <= _NARROW else -1


def _inside(node: exp.Expr) -> Iterator[exp.Expr]:
    return islice(node.walk(), 1, None)


def _is_literal(node: exp.Expr) -> bool:
    return type(node).__name__ == "Literal"


_PLAIN_TEXT = re.compile(r"\d{4}-\d\d-\d\d|-?\d+ [a-z]+", re.IGNORECASE)  # all releases read it the same


# What an argument is: its type in SQL, and, where that matters, how it is written.
_SIGNED, _UNSIGNED = "TINYINT|SMALLINT|INTEGER|BIGINT", "UTINYINT|USMALLINT|UINTEGER|UBIGINT"
_WHOLE = f"{_SIGNED}|{_UNSIGNED}"
KINDS: dict[str, tuple[str, Callable[[exp.Expr], bool]]] = {
    "any": (".*", lambda node: True),
    "text": (r"VARCHAR|ENUM\(.*\)", lambda node: not (_is_literal(node) and _PLAIN_TEXT.fullmatch(node.name))),
    "day": ("DATE|TIMESTAMP", lambda node: True),
    "moment": ("TIMESTAMP.*", lambda node: True),
    "signed": (_SIGNED, lambda node: True),
    "unsigned": (_UNSIGNED, lambda node: True),
    "whole": (_WHOLE, lambda node: True),
    "digits": (_WHOLE, lambda node: not _is_literal(node) and type(node).__name__ != "Neg"),
    "negative": (_WHOLE, lambda node: type(node).__name__ == "Neg"),
    "computed": (".*", lambda node: not _is_literal(node)),
    "decimal": (r"DECIMAL\(.*\)", lambda node: True),
    "fraction": (r"DECIMAL\((?!38)(\d+),\s*\1\)", lambda node: True),
    "2147483648": (".*", lambda node: _is_literal(node) and node.name == "2147483648"),
}
_REMAINDER = "CASE WHEN {1} = -1 THEN {0} & 0 ELSE {0} % {1} END"  # for the least integer: an error or 0
# Powers of ten as a list, since a power of whole numbers would be a float.
_TENS = "CAST([" + ", ".join(str(10**digits) for digits in range(21)) + "] AS INT128[])[least(-{1}, 20) + 1]"
# In whole numbers, so that nothing is lost and an overflow is an error.
_AT_TENS = f"CAST(sign({{0}}) * ((abs(CAST(trunc({{0}}) AS INT128)) + {_TENS} // 2) // {_TENS} * {_TENS}) AS {{type}})"
_ROUNDED = f"CASE WHEN {{1}} >= 0 THEN {{0}} WHEN {{1}} < 0 THEN {_AT_TENS} END"
# string_split('', '') has one empty part by our definition, and none in some releases.
_SPLIT = "CASE WHEN {0} = '' AND {1} IS NOT NULL THEN [''] ELSE {name}({0}, {1}) END"
# list_contains([], null) is null by our definition, as comparisons with null are.
_CONTAINS = "CASE WHEN {1} IS NULL THEN NULL ELSE {name}({0}, {1}) END"
# Words for infinities: some releases read them as 1900, others as a moment at the end of time.
_WORDS = "CASE WHEN lower(trim({0})) IN ('infinity', '-infinity', 'epoch') THEN NULL ELSE {name}({0}, {1}) END"

# By function or operator: the kinds of its arguments, and what is computed in its place.
CALLS: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "round": ((("whole", "digits"), _ROUNDED), (("decimal", "negative"), _AT_TENS)),
    "mod": ((("signed", "signed"), _REMAINDER),),
    "Mod": ((("signed", "signed"), _REMAINDER),),
    # -x of a number without a sign wraps around in some releases; subtracted twice, it is an error in all.
    "Neg": ((("2147483648",), "CAST(-{0} AS INT)"), (("unsigned",), "{0} - {0} - {0}")),
    "bit_count": ((("any",), "CAST(bit_count({0}) AS TINYINT)"),),
    "date_trunc": ((("any", "day"), "CAST(date_trunc({0}, {1}) AS TIMESTAMP)"),),
    # Floored, also before 1970, where some releases round.
    "epoch_ms": ((("moment",), "(epoch_us({0}) - ((epoch_us({0}) % 1000) + 1000) % 1000) // 1000"),),
    **dict.fromkeys(("split", "str_split", "string_split"), ((("any", "any"), _SPLIT),)),
    **dict.fromkeys(("list_contains", "list_has", "array_contains"), ((("any", "any"), _CONTAINS),)),
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
NO_PARTS = {
    "time": words(
        """
        day days dayofmonth week weeks month months quarter quarters year years decade decades century centuries
        millennium millennia dow weekday dayofweek isodow doy dayofyear isoyear yearweek era
        """
    ),
    "interval": words("week weeks dow weekday dayofweek isodow doy dayofyear isoyear yearweek era timezone"),
}
PARTS = ("date_part", "datepart", "Extract")

# A text that a release may read or refuse is replaced by one that none reads, so that the cast fails alike in all.
_DATE = r"CASE WHEN regexp_matches({0}, '[ T]\s*\d+\s*$|:60') THEN 'no date' ELSE {0} END"
_INTERVAL = (
    r"CASE WHEN regexp_matches({0}, '^\s*[-+]?[0-9.]+\s*$') THEN 'no interval' "
    r"ELSE regexp_replace({0}, '(\.\d{{6}})\d+', '\1', 'g') END"
)
_HUGE = r"CASE WHEN regexp_matches({0}, '^\s*[-+]?0[xXbB]') THEN 'no number' ELSE {0} END"
# A decimal with no digit before the point would be written as .5, which is no JSON;
# a digit more in its type gives 0.5.
_WITH_A_DIGIT = (("fraction", "CAST({0} AS DECIMAL({wider}, {scale}))"),)
ARGUMENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "cast to DATE": (("text", _DATE),),
    "cast to INTERVAL": (("text", _INTERVAL),),
    "cast to INT128": (("text", _HUGE),),
    "cast to JSON": _WITH_A_DIGIT,
    **dict.fromkeys(("to_json", "json_object", "json_array"), _WITH_A_DIGIT),
}
