"""One reading of an expression, whoever reads it: where precedence isn't the same everywhere, brackets are asked for.

Releases of sqlglot and of DuckDB bind `->`, IS, LIKE, IN, BETWEEN and IS DISTINCT FROM differently beside other
operators: `a = b IS NULL` is `(a = b) IS NULL` for some and `a = (b IS NULL)` for others. `ambiguous_precedence`
finds such places in the tokens; `bracketed` writes the brackets of all others out, so that the order of operators is
the tree's. Only arithmetic is left as it was written, which all agree on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sdgen.generators.expressions.allowed import GROWTH, LENGTHS, PRODUCTS

if TYPE_CHECKING:
    from sqlglot import exp

_OPENING = frozenset({"L_PAREN", "L_BRACKET", "L_BRACE", "CASE"})
_CLOSING = frozenset({"R_PAREN", "R_BRACKET", "R_BRACE", "END"})
_SEPARATORS = frozenset({"COMMA", "AND", "OR", "WHEN", "THEN", "ELSE", "COLON", "COLON_EQ", "ALIAS"})
_SIGNS = frozenset({"EQ", "NEQ", "LT", "LTE", "GT", "GTE"})
_WORDS = frozenset({"IS", "ISNULL", "NOTNULL", "LIKE", "ILIKE", "IN", "BETWEEN"})
_ARROWS = frozenset({"ARROW", "DARROW"})
_ARITHMETIC = frozenset({"PLUS", "DASH", "STAR", "SLASH", "DIV", "MOD"})
_OPERATORS = _ARITHMETIC | {"DPIPE", "AMP", "PIPE", "CARET", "DSTAR", "TILDE", "PARAMETER"}
# A cast or an index behind an arrow is bound to the arrow by some and to its operand by others.
_AFTER_AN_ARROW = frozenset({"DCOLON", "L_BRACKET"})

_COMPARISONS = "two comparisons stand in a row"
_COMPARISONS_HINT = "put brackets around one of them: (a = b) is null"
_ARROW = "-> stands beside another operator"
_ARROW_HINT = "put brackets around it: (data -> 'key') || 'x'"
_TILDE = "~ stands before arithmetic"
_TILDE_HINT = "put brackets around what it applies to: (~a) + 1 or ~(a + 1)"


class AmbiguousPrecedence(NamedTuple):
    """A place that has more than one reading: the character's number from 1 on, what is wrong, and what to do."""

    character: int
    what: str
    hint: str


@dataclass
class _Run:
    """What stands between two brackets, commas, ANDs or ORs: its comparisons, and the operand that is being read."""

    comparisons: list[Any] = field(default_factory=list)
    arrows: list[Any] = field(default_factory=list)
    operators: list[Any] = field(default_factory=list)
    betweens: int = 0

    def compare(self, token: Any) -> Iterator[AmbiguousPrecedence]:
        yield from self.end_operand()
        self.comparisons.append(token)
        self.betweens += _kind(token) == "BETWEEN"
        self.operators = [token] if _kind(token) == "IN" else []  # `a in b -> c` has two readings too

    def end_operand(self) -> Iterator[AmbiguousPrecedence]:
        kinds = [_kind(token) for token in self.operators]
        if self.arrows and self.operators:
            yield AmbiguousPrecedence(self.arrows[0].start + 1, _ARROW, _ARROW_HINT)
        elif "TILDE" in kinds and _ARITHMETIC.intersection(kinds[kinds.index("TILDE") :]):
            yield AmbiguousPrecedence(self.operators[kinds.index("TILDE")].start + 1, _TILDE, _TILDE_HINT)
        self.arrows, self.operators = [], []

    def end(self) -> Iterator[AmbiguousPrecedence]:
        yield from self.end_operand()
        if len(self.comparisons) > 1:
            yield AmbiguousPrecedence(self.comparisons[1].start + 1, _COMPARISONS, _COMPARISONS_HINT)


def ambiguous_precedence(tokens: Iterable[Any]) -> Iterator[AmbiguousPrecedence]:
    """The places of an expression that are read in more than one way; `tokens` are sqlglot's."""
    runs, before = [_Run()], ""
    for token in tokens:
        kind, run = _kind(token), runs[-1]
        if kind == "NOT" and token.text == "!":
            yield AmbiguousPrecedence(
                token.start + 1, "! means different things in different databases", "write not, or <>"
            )
        # ! is NOT for some databases and a factorial for others.
        if kind in _AFTER_AN_ARROW and run.arrows:
            run.operators.append(token)
        if kind in _OPENING:
            runs.append(_Run())
        elif kind in _CLOSING and len(runs) > 1:
            yield from runs.pop().end()
        elif kind == "AND" and run.betweens:
            run.betweens -= 1
        elif kind in _SEPARATORS:
            yield from run.end()
            runs[-1] = _Run()
        elif kind in ("LT", "GT") and before == kind:  # << and >> come as two tokens
            run.comparisons.pop()
            run.operators.append(token)
        elif kind in _SIGNS or kind in _WORDS:
            yield from run.compare(token)
        elif kind in _ARROWS:
            run.arrows.append(token)
        elif kind in _OPERATORS and not (kind == "DASH" and before in _ARROWS):
            run.operators.append(token)
        before = kind
    for run in runs:
        yield from run.end()


def _kind(token: Any) -> str:
    return str(token.token_type.name)


def bracketed(tree: exp.Expr) -> exp.Expr:
    """The same expression with brackets around each operator that stands directly inside another; `tree` is changed."""
    from sqlglot import exp

    # One form for both, so that the text that is run is the same with every release of sqlglot.
    for like in list(tree.find_all(exp.Like, exp.ILike)):  # newer releases keep NOT in the node, older ones around it
        if like.args.get("negate"):
            like.set("negate", None)
            _put_inside(like.parent if isinstance(like.parent, exp.Escape) else like, exp.Not())
    operators = (exp.Binary, exp.Unary, exp.Between, exp.In)
    for part in list(tree.walk()):
        parent = part.parent
        if isinstance(part, operators) and isinstance(parent, operators) and not _stands_clear(part, parent):
            _put_inside(part, exp.Paren())
    return tree


def _stands_clear(node: exp.Expr, parent: exp.Expr) -> bool:
    """Whether no brackets are needed: chains such as `a and b and c`, arithmetic, and what has brackets of its own."""
    from sqlglot import exp

    # All readers agree on chains of one operator, and on arithmetic.
    chained = isinstance(parent, exp.And | exp.Or | exp.DPipe) and type(node) is type(parent) and parent.this is node
    arithmetic = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg)
    if chained or (isinstance(node, arithmetic) and isinstance(parent, arithmetic)):
        return True
    return isinstance(node, exp.Paren) or isinstance(parent, exp.Paren | exp.Escape | exp.PropertyEQ)


def _put_inside(node: exp.Expr, wrapper: exp.Expr) -> None:
    node.replace(wrapper)
    wrapper.set("this", node)


# What one row of an expression can take: bounds on its texts and on its work, known before it runs.
#
# A few functions multiply the lengths of their arguments (`replace` inside `replace` inside `replace` …), and the
# memory limit of DuckDB does not count the values it is working on. So an expression is refused where the texts of
# one row, those of every function in it together, could outgrow `MOST`. Functions that compare each character of one
# text with each of another are bounded by `MOST_STEPS`.
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
        # Comparing two texts takes a step for each pair of their characters.
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
    if kind in ("Case", "If"):
        return max(parts)  # one of its parts is what it gives
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
    """A format names its arguments where signs stand in it, with a width below 1000; it is a plain text."""
    # A float without a width can have more than three hundred digits.
    written = str(node.expressions[0].name)
    signs = written.count("%") + written.count("{")
    return parts[0] + signs * (sum(parts[1:]) + 1000)


def _dated(node: exp.Expr, parts: list[int]) -> int:
    """A sign of a format gives thirty characters at most: `%c`."""
    signs = [part.name.count("%") for part in node.expressions if type(part).__name__ == "Literal"]
    return sum(parts) + 30 * (signs[0] if signs else sum(parts)) + _NUMBER


_JSON = ("to_json", "json_object", "json_array")


def _as_json(node: exp.Expr, parts: list[int]) -> int:
    """A character of a text may be written as six; what is JSON already stays as it is."""
    return _NUMBER + sum(size * _written(part) + 4 for part, size in zip(node.expressions, parts, strict=True))


def _written(node: exp.Expr) -> int:
    """How many times as long a value of an expression may be in a JSON document."""
    kind = type(node).__name__
    if kind == "Literal" and node.is_string:
        return -(-len(json.dumps(node.name)) // max(1, len(node.name)))
    if kind == "Paren":
        return _written(node.this)
    if kind == "Case":
        values = [*(branch.args["true"] for branch in node.args["ifs"]), node.args.get("default")]
        return max(_written(value) for value in values if value is not None)
    return 1 if _function(node) in _JSON or kind in ("Null", "Literal") else 6


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
    "strftime": _dated,
    **dict.fromkeys(_JSON, _as_json),
    "lpad": _filled,
    "rpad": _filled,
}
