"""One reading of an expression, whoever reads it: where precedence isn't the same everywhere, brackets are asked for.

Releases of sqlglot and of DuckDB bind `->`, IS, LIKE, IN, BETWEEN and IS DISTINCT FROM differently beside other
operators: `a = b IS NULL` is `(a = b) IS NULL` for some and `a = (b IS NULL)` for others. `ambiguous_precedence`
finds such places in the tokens; `bracketed` writes the brackets of all others out, so that the order of operators is
the tree's. Only arithmetic is left as it was written, which all agree on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

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

    chained = isinstance(parent, exp.And | exp.Or | exp.DPipe) and type(node) is type(parent) and parent.this is node
    arithmetic = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg)
    if chained or (isinstance(node, arithmetic) and isinstance(parent, arithmetic)):
        return True
    return isinstance(node, exp.Paren) or isinstance(parent, exp.Paren | exp.Escape | exp.PropertyEQ)


def _put_inside(node: exp.Expr, wrapper: exp.Expr) -> None:
    node.replace(wrapper)
    wrapper.set("this", node)
