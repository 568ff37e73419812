"""Conditions in other words: CASE and COALESCE by their alternatives, GREATEST as AND and OR, counts of conditions."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from sdgen.readers.sql.check_syntax import bare_node, is_condition, literal_value, without_parens

if TYPE_CHECKING:
    from sqlglot import exp

# Conditions, each with whether it holds, and what a node says where all of them are so.
Alternative = tuple[list[tuple["exp.Expr", bool]], "exp.Expr"]


def alternatives(node: exp.Expr) -> list[Alternative] | None:
    """A node without the first CASE, IF, COALESCE or NULLIF in it, once for each of the values that this may have."""
    from sqlglot import exp

    # One at a time: the results are read as conditions again, which finds the next one.
    inner = next(iter(node.find_all(exp.Case, exp.If, exp.Coalesce, exp.Nullif)), None)
    if inner is None:
        return None
    found = {exp.Case: _cases, exp.If: _if, exp.Coalesce: _coalesced, exp.Nullif: _null_if}[type(inner)](inner)
    return [(conditions, _with(node, inner, value)) for conditions, value in found]


def _with(node: exp.Expr, inner: exp.Expr, value: exp.Expr) -> exp.Expr:
    """A copy of a node, with a value in the place of what is inside."""
    if inner is node:
        return value.copy()
    # A copy has other nodes, and equal ones may occur twice: the mark tells which of them is meant.
    inner.set("sdgen_here", True)
    copy = node.copy()
    inner.args.pop("sdgen_here")
    there = next(each for each in copy.find_all(type(inner)) if each.args.get("sdgen_here"))
    there.replace(value.copy())
    return copy


def _cases(node: exp.Expr) -> list[Alternative]:
    from sqlglot import exp

    found: list[Alternative] = []
    passed: list[tuple[exp.Expr, bool]] = []
    for each in node.args["ifs"]:
        this = node.this
        # `CASE x WHEN 1` compares, `CASE WHEN x = 1` asks.
        condition = exp.EQ(this=this.copy(), expression=each.this.copy()) if this is not None else each.this
        found.append(([*passed, (condition, True)], each.args["true"]))
        passed.append((condition, False))
    # CASE without ELSE is null, and null keeps a CHECK.
    return [*found, (passed, node.args.get("default") or exp.Null())]


def _if(node: exp.Expr) -> list[Alternative]:
    from sqlglot import exp

    no = node.args.get("false") or exp.Null()
    return [([(node.this, True)], node.args["true"]), ([(node.this, False)], no)]


def _coalesced(node: exp.Expr) -> list[Alternative]:
    from sqlglot import exp

    values = [node.this, *node.expressions]
    found: list[Alternative] = []
    passed: list[tuple[exp.Expr, bool]] = []
    for value in values[:-1]:
        null = exp.Is(this=value.copy(), expression=exp.Null())
        found.append(([*passed, (null, False)], value))
        passed.append((null, True))
    return [*found, (passed, values[-1])]


def _null_if(node: exp.Expr) -> list[Alternative]:
    from sqlglot import exp

    same = exp.EQ(this=node.this.copy(), expression=node.args["expression"].copy())
    return [([(same, True)], exp.Null()), ([(same, False)], node.this)]


EXTREMES = {"Greatest": ("GT", "GTE"), "Least": ("LT", "LTE")}
_FLIPPED = {"GT": "LT", "GTE": "LTE", "LT": "GT", "LTE": "GTE"}


def of_extremes(node: exp.Expr) -> exp.Expr | None:
    """A comparison of GREATEST, LEAST or ABS with a value, as comparisons of what is inside; None for any other."""
    from sqlglot import exp

    left, right, sign = without_parens(node.this), without_parens(node.args["expression"]), type(node).__name__
    if type(left).__name__ not in (*EXTREMES, "Abs"):
        left, right, sign = right, left, _FLIPPED.get(sign, "")
    if type(left).__name__ not in (*EXTREMES, "Abs") or sign not in _FLIPPED:
        return None
    kind = getattr(exp, sign)
    if isinstance(left, exp.Abs):
        # abs(x) < y is -y < x < y, and abs(x) > y is x > y or x < -y.
        other = getattr(exp, _FLIPPED[sign])(this=left.this.copy(), expression=exp.Neg(this=right.copy()))
        both = (kind(this=left.this.copy(), expression=right.copy()), other)
        return exp.and_(*both) if sign in ("LT", "LTE") else exp.or_(*both)
    each = [kind(this=value.copy(), expression=right.copy()) for value in (left.this, *left.expressions)]
    # GREATEST is above a value where any of its arguments is, and below it where all are.
    return exp.or_(*each) if sign in EXTREMES[type(left).__name__] else exp.and_(*each)


# ------------------------------------------------------------------ counts of conditions


def counted_terms(node: exp.Expr) -> list[exp.Expr] | None:
    """The conditions whose number a sum is; None where it is none such, or of a single condition as a number."""
    from sqlglot import exp

    bare = without_parens(node)
    listed = _listed_columns(bare)
    if listed is not None:
        columns, null = listed
        nulls: list[exp.Expr] = [exp.Is(this=each.copy(), expression=exp.Null()) for each in columns]
        return nulls if null else [exp.Not(this=each) for each in nulls]
    terms = list(_summands(bare))
    if len(terms) == 1 and terms[0] is bare and _condition_of(bare) is None:
        return None
    found = [_condition_of(term) for term in terms]
    whole: list[exp.Expr] = []
    for term, condition in zip(terms, found, strict=True):
        inner = [condition] if condition is not None else counted_terms(term) if len(terms) > 1 else None
        if inner is None:
            return None
        whole += inner
    return whole


def _summands(node: exp.Expr) -> Iterator[exp.Expr]:
    from sqlglot import exp

    node = without_parens(node)
    if isinstance(node, exp.Add):
        yield from _summands(node.this)
        yield from _summands(node.args["expression"])
    else:
        yield node


def _condition_of(term: exp.Expr) -> exp.Expr | None:
    """The condition that is 1 where it holds and 0 elsewhere: cast to a number, CASE … THEN 1 ELSE 0, or as it is."""
    from sqlglot import exp

    term = without_parens(term)
    # `coalesce((…)::int, 0)` counts a null condition as one that does not hold.
    if isinstance(term, exp.Coalesce) and literal_value(term.expressions[0]) == Decimal(0):
        term = without_parens(term.this)
    if isinstance(term, exp.Case) and term.this is None and len(term.args["ifs"]) == 1:
        only, default = term.args["ifs"][0], term.args.get("default")
        return _one_or_none(only.this, only.args["true"], default)
    if isinstance(term, exp.If):
        return _one_or_none(term.this, term.args["true"], term.args.get("false"))
    bare = bare_node(term)
    return bare if is_condition(bare) else None


def _one_or_none(condition: exp.Expr, yes: exp.Expr, no: exp.Expr | None) -> exp.Expr | None:
    from sqlglot import exp

    values = literal_value(yes), Decimal(0) if no is None else literal_value(no)
    if values == (Decimal(1), Decimal(0)):
        return condition
    # THEN 0 ELSE 1 counts null with false, so a plain NOT would be wrong: it is null there.
    return exp.Not(this=exp.Is(this=condition.copy(), expression=exp.Boolean(this=True))) if values == (0, 1) else None


def _listed_columns(node: exp.Expr) -> tuple[list[exp.Expr], bool] | None:
    """The columns whose nulls (True) or values a function counts: num_nulls, num_nonnulls, an array without nulls."""
    from sqlglot import exp

    if not isinstance(node, exp.Anonymous | exp.ArraySize):
        return None
    # `cardinality(array_remove(ARRAY[a, b], NULL))` is an older spelling of num_nonnulls, which PostgreSQL has since
    # 9.6.
    name = str(node.this).lower() if isinstance(node, exp.Anonymous) else "cardinality"
    if name in ("num_nonnulls", "num_nulls"):
        return list(node.expressions), name == "num_nulls"
    inner = node.expressions[0] if isinstance(node, exp.Anonymous) and node.expressions else node.this
    if name != "cardinality" or not isinstance(inner, exp.ArrayRemove) or not isinstance(inner.this, exp.Array):
        return None
    return (list(inner.this.expressions), False) if isinstance(inner.expression, exp.Null) else None
