"""What one row of an expression can take: bounds on its texts and on its work, known before it runs.

A few functions multiply the lengths of their arguments (`replace` inside `replace` inside `replace` …), and the memory
limit of DuckDB does not count the values it is working on. So an expression is refused where the texts of one row,
those of every function in it together, could outgrow `MOST`. Functions that compare each character of one text with
each of another are bounded by `MOST_STEPS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdgen.generators.expressions.allowed import GROWTH, LENGTHS, PRODUCTS

if TYPE_CHECKING:
    from sqlglot import exp

MOST = 512 * 2**20  # bytes of one row's texts
MOST_STEPS = 10_000_000  # of one row: comparisons of characters, about 30 milliseconds
AT_ONCE = 256 * 2**20  # bytes that the texts of the rows computed in one call may come to
ASSUMED = 500  # bytes of a column's value, while the columns aren't there to be measured
_FEW_CASTS = 4  # each may double a text
_NUMBER = 40  # more than any number, date or name of a type takes


@dataclass(frozen=True)
class RowSize:
    """Bounds on one row of an expression. text: bytes of its value; texts: of all values inside it together; steps: of
    functions whose time is the product of two lengths."""

    text: int
    texts: int
    steps: int

    @property
    def is_too_large(self) -> bool:
        return self.texts > MOST or self.steps > MOST_STEPS

    @property
    def rows_at_once(self) -> int:
        """How many rows one call may compute."""
        return max(1, AT_ONCE // max(self.texts, 1))


def row_size(node: exp.Expr, columns: Mapping[str, int]) -> RowSize:
    """The bounds of an expression, given the longest texts of its columns by name."""
    parts = [row_size(part, columns) for part in node.iter_expressions()]
    text = _longest_text(node, [part.text for part in parts], columns)
    steps = sum(part.steps for part in parts)
    if _function(node) in PRODUCTS and len(parts) > 1:
        steps += parts[0].text * parts[1].text
    return RowSize(text, text + sum(part.texts for part in parts), steps)


def _longest_text(node: exp.Expr, parts: list[int], columns: Mapping[str, int]) -> int:
    """No text that a node gives is longer, given the longest ones of its parts."""
    kind = type(node).__name__
    if kind == "Literal":
        return len(node.name.encode()) if node.is_string else _NUMBER
    if kind == "Column":
        return max(_NUMBER, columns.get(node.name, ASSUMED))
    if kind in ("Cast", "TryCast"):
        return 2 * sum(parts) + _NUMBER  # a list as text has its elements' quotes escaped
    name = _function(node)
    if name in _GROWING:
        return _GROWING[name](node, parts)
    return (sum(parts) + _NUMBER) * GROWTH.get(name, 1)


def _function(node: exp.Expr) -> str:
    return str(node.this).lower() if type(node).__name__ == "Anonymous" else ""


def grows(node: exp.Expr) -> bool:
    """Whether any function in the expression can multiply the lengths of its arguments, or takes their product."""
    functions = {_function(part) for part in node.walk()}
    casts = sum(type(part).__name__ in ("Cast", "TryCast") for part in node.walk())
    return casts > _FEW_CASTS or bool(functions & (_GROWING.keys() | GROWTH.keys() | PRODUCTS))


def _replaced(node: exp.Expr, parts: list[int]) -> int:
    """Each place of the text may become the third argument; a plain text as the second one takes its own places."""
    text, wanted, given = (*parts, 0, 0, 0)[:3]
    sought = node.expressions[1] if len(node.expressions) > 1 else None
    plain = type(sought).__name__ == "Literal"
    return max(text, -(-text // (max(1, wanted) if plain else 1)) * given + wanted)


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
