"""How long the texts inside an expression can get: a bound worked out before it runs.

A few functions multiply the lengths of their arguments (`replace` inside `replace` inside `replace` …), and the memory
limit of DuckDB does not count the value it is working on. So an expression is refused where one value could outgrow
`MOST`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sdgen.generators.expressions.allowed import GROWTH, LENGTHS

if TYPE_CHECKING:
    from sqlglot import exp

MOST = 512 * 2**20  # bytes of one value
ASSUMED = 500  # bytes of a column's value, while the columns aren't there to be measured
_NUMBER = 40  # more than any number, date or name of a type takes


def longest_text(node: exp.Expr, columns: Mapping[str, int]) -> int:
    """No text made inside the expression is longer, given the longest texts of its columns by name."""
    kind = type(node).__name__
    if kind == "Literal":
        return len(node.name.encode()) if node.is_string else _NUMBER
    if kind == "Column":
        return max(_NUMBER, columns.get(node.name, ASSUMED))
    parts = [longest_text(part, columns) for part in node.iter_expressions()]
    if kind != "Anonymous":
        return sum(parts) + _NUMBER
    name = str(node.this).lower()
    if name in _GROWING:
        return _GROWING[name](node, parts)
    return (sum(parts) + _NUMBER) * GROWTH.get(name, 1)


def grows(node: exp.Expr) -> bool:
    """Whether any function in the expression can multiply the lengths of its arguments."""
    functions = {str(part.this).lower() for part in node.walk() if type(part).__name__ == "Anonymous"}
    return bool(functions & (_GROWING.keys() | GROWTH.keys()))


def _replaced(node: exp.Expr, parts: list[int]) -> int:
    """Each place of the text may become the third argument; a plain text as the second one takes its own places."""
    text, wanted, given = (*parts, 0, 0, 0)[:3]
    sought = node.expressions[1] if len(node.expressions) > 1 else None
    plain = type(sought).__name__ == "Literal"
    return text + -(-text // (max(1, wanted) if plain else 1)) * given


def _replaced_by_pattern(node: exp.Expr, parts: list[int]) -> int:
    """Matches don't overlap, so each mention of a group (two characters) adds up to the text once."""
    text, given = parts[0], parts[2] if len(parts) > 2 else 0
    return text + (text + 1) * given + (given // 2) * text


def _joined(node: exp.Expr, parts: list[int]) -> int:
    """array_to_string(list, separator): a list has fewer elements than its text has characters."""
    return parts[0] + (parts[0] + 1) * sum(parts[1:])


def _listed(node: exp.Expr, parts: list[int]) -> int:
    """concat_ws(separator, …)"""
    return sum(parts) + len(parts) * parts[0]


def _formatted(node: exp.Expr, parts: list[int]) -> int:
    """A format may name each argument as often as it has room for it, with a width below 1000."""
    return (parts[0] + 1) * (sum(parts[1:]) + 1000)


def _filled(node: exp.Expr, parts: list[int]) -> int:
    length = node.expressions[LENGTHS[str(node.this).lower()]]
    return max(max(parts), 4 * int(length.name))


_GROWING: dict[str, Callable[[exp.Expr, list[int]], int]] = {
    "replace": _replaced,
    "regexp_replace": _replaced_by_pattern,
    "array_to_string": _joined,
    "concat_ws": _listed,
    "format": _formatted,
    "printf": _formatted,
    "lpad": _filled,
    "rpad": _filled,
}
