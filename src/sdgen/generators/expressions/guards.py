"""The conditions a part of an expression stands under: those of CASE, if, coalesce and try above it.

SQL computes such a part only in rows that come to it. One that is computed beforehand, for all rows, is put under the
same conditions, so that it fails in no row that wouldn't have come to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(frozen=True)
class Guard:
    """What lets a row through: none of `passed` is true, then `met` is. They are parts of the tree, not copies.

    With an `operand` they are what it is compared with; with `null`, `passed` are values that must be null. `tried`
    stands for a try().
    """

    passed: tuple[exp.Expr, ...] = ()
    met: exp.Expr | None = None
    operand: exp.Expr | None = None
    null: bool = False
    tried: bool = False

    @property
    def parts(self) -> list[exp.Expr]:
        return [part for part in (*self.passed, self.met, self.operand) if part is not None]

    def around(self, inner: exp.Expr) -> exp.Expr:
        """An expression that is computed in the rows that are let through, and null in the others."""
        from sqlglot import exp

        if self.tried:
            return exp.Anonymous(this="try", expressions=[inner])
        passed = [part.copy() for part in self.passed]
        if self.null:
            passed = [exp.Not(this=exp.Is(this=exp.Paren(this=part), expression=exp.Null())) for part in passed]
        branches = [exp.If(this=part, true=exp.Null()) for part in passed]
        branches += [exp.If(this=self.met.copy(), true=inner)] if self.met else []
        operand = self.operand.copy() if self.operand else None
        return exp.Case(this=operand, ifs=branches, default=None if self.met else inner)


def guards_of(node: exp.Expr) -> Iterator[Guard]:
    """The guards of a node of a tree, from the innermost on."""
    child, parent = node, node.parent
    while parent is not None:
        guard = _GUARDS.get(type(parent).__name__, _none)(parent, child)
        if guard is not None:
            yield guard
        child, parent = parent, parent.parent


def _none(parent: exp.Expr, child: exp.Expr) -> Guard | None:
    return None


def _of_if(parent: exp.Expr, child: exp.Expr) -> Guard | None:
    """A branch of CASE, or the function if(condition, value, otherwise)."""
    case = parent.parent
    if case is None or type(case).__name__ != "Case":
        return {
            "this": None,
            "true": Guard(met=parent.this),
            "false": Guard(passed=(parent.this,)),
        }[str(child.arg_key)]
    passed = tuple(branch.this for branch in case.args["ifs"][: parent.index])
    if child.arg_key == "true":
        return Guard(passed, met=parent.this, operand=case.this)
    return Guard(passed, operand=case.this) if passed else None


def _of_case(parent: exp.Expr, child: exp.Expr) -> Guard | None:
    if child.arg_key != "default":
        return None
    return Guard(tuple(branch.this for branch in parent.args["ifs"]), operand=parent.this)


def _of_function(parent: exp.Expr, child: exp.Expr) -> Guard | None:
    name = str(parent.this).lower()
    if name == "try":
        return Guard(tried=True)
    if name not in ("coalesce", "ifnull") or not child.index:
        return None
    return Guard(tuple(parent.expressions[: child.index]), null=True)


_GUARDS = {"If": _of_if, "Case": _of_case, "Anonymous": _of_function}
