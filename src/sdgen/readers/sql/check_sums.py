"""Comparisons of sums: `ends - starts <= 100` is a gap between two columns, `gross = net + tax` an equation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sdgen.readers.sql.check_facts import CheckMeaning, Comparison, Definition, Equation, Gap, Limit, Term
from sdgen.readers.sql.check_syntax import bare_node, column_name, interval_words, literal_value, without_parens

if TYPE_CHECKING:
    from sqlglot import exp

_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400, "WEEK": 604_800}


@dataclass(frozen=True)
class _Sum:
    """Columns, numbers and seconds added up, and terms of any other form; each with its sign."""

    columns: tuple[tuple[int, str], ...]
    others: tuple[tuple[int, exp.Expr], ...]
    constant: Decimal
    seconds: bool


def of_sums(sign: str, left: exp.Expr, right: exp.Expr) -> CheckMeaning | None:
    """What a comparison of two sums says of the columns in them."""
    span, value = _span(left), literal_value(right)
    if span is not None and isinstance(value, Decimal):
        low, high, unit = span
        return _gap(sign, _Sum(((1, high), (-1, low)), (), -value * unit, True))
    whole = _sum([*_terms(left, 1), *_terms(right, -1)])
    if whole is None:
        return _dated(left, right) if sign == "EQ" else None
    # Two columns with opposite signs are a distance, which one hidden step keeps in either direction.
    if len(whole.columns) == 2 and not whole.others and {each for each, _ in whole.columns} == {1, -1}:
        return _gap(sign, whole)
    return _equation(left, right, whole) if sign == "EQ" else _limit(sign, whole)


_UNITS = {"unixepoch": 1, "julianday": 86_400, "to_days": 86_400, "to_seconds": 1, "unix_timestamp": 1}


def _span(node: exp.Expr) -> tuple[str, str, int] | None:
    """The earlier and the later column of a function that tells how far apart they are, and its unit in seconds."""
    from sqlglot import exp

    node = bare_node(node)
    sides, unit = [node.args.get("this"), node.args.get("expression")], 0
    if isinstance(node, exp.DateDiff | exp.TimestampDiff):
        unit = _SECONDS.get(str(node.args.get("unit") or "DAY").upper(), 0)
    elif isinstance(node, exp.Extract) and str(node.this).upper() == "EPOCH":
        inner = bare_node(node.expression)
        sides, unit = ([inner.this, inner.expression], 1) if isinstance(inner, exp.Sub) else ([], 0)
    elif isinstance(node, exp.Sub) and all(isinstance(side, exp.Anonymous) for side in sides):
        called = {str(side.this).lower() for side in (node.this, node.expression)}
        unit = _UNITS.get(called.pop(), 0) if len(called) == 1 else 0
        sides = [next(iter(side.expressions), None) for side in (node.this, node.expression)]
    names = [column_name(side.this if isinstance(side, exp.TimeStrToTime) else side) if side else "" for side in sides]
    return (names[1], names[0], unit) if unit and len(names) == 2 and all(names) else None


def _dated(left: exp.Expr, right: exp.Expr) -> CheckMeaning | None:
    """`ends = starts + interval '1 month'`, whose length no number of seconds tells."""
    from sqlglot import exp

    for own, other in ((left, right), (right, left)):
        name, bare = column_name(own), without_parens(other)
        if name and isinstance(bare, exp.Add | exp.Sub) and column_name(bare.this) not in ("", name):
            # DuckDB makes a moment of a day and an interval, where the column may be a day.
            way = _definition(name, bare)
            return None if way is None else CheckMeaning(equations=(Equation((way,)),))
    return None


def _terms(node: exp.Expr, sign: int) -> Iterator[tuple[int, exp.Expr]]:
    from sqlglot import exp

    node = without_parens(node)
    if isinstance(node, exp.Add | exp.Sub):
        yield from _terms(node.this, sign)
        yield from _terms(node.args["expression"], sign if isinstance(node, exp.Add) else -sign)
    elif isinstance(node, exp.Neg):
        yield from _terms(node.this, -sign)
    else:
        yield sign, node


def _sum(terms: list[tuple[int, exp.Expr]]) -> _Sum | None:
    from sqlglot import exp

    columns, others = [], []
    constant, seconds = Decimal(0), False
    for sign, term in terms:
        value, bare = literal_value(term), bare_node(term)
        if isinstance(value, Decimal):
            constant += sign * value
        elif isinstance(bare, exp.Interval) or _is_interval(term):
            length = interval_words(term)
            if length is None or length[1] not in _SECONDS:
                return None
            constant, seconds = constant + sign * length[0] * _SECONDS[length[1]], True
        elif column_name(term):
            columns.append((sign, column_name(term)))
        else:
            others.append((sign, term))
    names = [name for _, name in columns]
    # A column that stands twice is no sum that can be solved for it.
    return _Sum(tuple(columns), tuple(others), constant, seconds) if len(names) == len(set(names)) else None


def _is_interval(node: exp.Expr) -> bool:
    """Whether it is '1 day'::interval."""
    return type(node).__name__ == "Cast" and node.args["to"].sql().upper() == "INTERVAL"


def _gap(sign: str, whole: _Sum) -> CheckMeaning | None:
    """`high - low + constant` compared with zero."""
    high = next(name for each, name in whole.columns if each == 1)
    low = next(name for each, name in whole.columns if each == -1)
    at = -whole.constant
    if sign in ("LT", "LTE"):
        # Only "greater" is left to be told apart: both sides change places.
        high, low, at, sign = low, high, -at, {"LT": "GT", "LTE": "GTE"}[sign]
    if not at and sign in ("GT", "GTE"):
        return CheckMeaning(orders=(Comparison(low, high, sign == "GT"),))
    # An open end is moved by the least step there is, one: a gap of 1.5 is no less than one of more than 0.5.
    step = Decimal(1) if sign == "GT" else Decimal(0)
    if sign in ("GT", "GTE") and at < 0:  # high - low >= -5 says of low - high that it is at most 5
        return CheckMeaning(gaps=(Gap(high, low, None, -at - step, whole.seconds),))
    if sign in ("GT", "GTE"):
        return CheckMeaning(gaps=(Gap(low, high, at + step, None, whole.seconds),))
    if sign != "EQ":
        return None
    low, high, at = (low, high, at) if at >= 0 else (high, low, -at)
    return CheckMeaning(gaps=(Gap(low, high, at, at, whole.seconds),))


def _linear(whole: _Sum) -> tuple[Term, ...] | None:
    """The terms of a sum of columns and products of them, each column in one; None for any other."""
    products = [_product(node) for _, node in whole.others]
    if whole.seconds or any(each is None for each in products):
        return None
    terms = [Term(Decimal(sign), (name,)) for sign, name in whole.columns]
    signs = [sign for sign, _ in whole.others]
    terms += [Term(sign * each.factor, each.columns) for sign, each in zip(signs, products, strict=True) if each]
    names = [name for term in terms for name in term.columns]
    return tuple(terms) if len(set(names)) == len(names) else None


def _product(node: exp.Expr) -> Term | None:
    from sqlglot import exp

    bare, value, name = without_parens(node), literal_value(node), column_name(node)
    if isinstance(value, Decimal):
        return Term(value, ())
    if name:
        return Term(Decimal(1), (name,))
    sides = [_product(bare.this), _product(bare.args["expression"])] if isinstance(bare, exp.Mul) else [None]
    one, other = (sides[0], sides[-1])
    return None if one is None or other is None else Term(one.factor * other.factor, (*one.columns, *other.columns))


def _limit(sign: str, whole: _Sum) -> CheckMeaning | None:
    """A sum or a product that is no more, or no less, than a number."""
    terms = _linear(whole)
    if not terms or sign not in ("LT", "LTE", "GT", "GTE") or not all(term.factor and term.columns for term in terms):
        return None
    most = -whole.constant
    if sign in ("GT", "GTE"):
        # A limit is always an upper one: at least 5 is at most -5 of the negated terms.
        terms, most = tuple(Term(-term.factor, term.columns) for term in terms), -most
    return CheckMeaning(limits=(Limit(terms, most, sign in ("LT", "GT")),))


def _equation(left: exp.Expr, right: exp.Expr, whole: _Sum) -> CheckMeaning | None:
    """Each column that stands alone in an equation, computed from the others; those alone on a side come first."""
    inside = [name for _, term in whole.others for name in _names(term)]
    alone = [name for name in (column_name(left), column_name(right)) if name]
    # A column that stands inside a product or a function as well can't be computed from the rest.
    free = [(sign, name) for sign, name in whole.columns if name not in inside]
    # Whoever writes `gross = net + tax` means gross to follow.
    free.sort(key=lambda term: term[1] not in alone)
    ways = tuple(way for sign, name in free if (way := _isolated(sign, name, whole, left, right)) is not None)
    return CheckMeaning(equations=(Equation(ways, _linear(whole) or (), whole.constant),)) if ways else None


def _isolated(sign: int, name: str, whole: _Sum, left: exp.Expr, right: exp.Expr) -> Definition | None:
    from sqlglot import exp

    for own, other in ((left, right), (right, left)):
        if column_name(own) == name:
            return _definition(name, other)
    if whole.seconds:
        return None
    terms: list[tuple[int, exp.Expr]] = [
        (each, exp.column(column, quoted=True)) for each, column in whole.columns if column != name
    ]
    terms += list(whole.others)
    if whole.constant:
        terms.append((1, exp.Literal.number(whole.constant)))
    # sign * name + rest = 0, so that name = -sign * rest; a term that is added comes first.
    turned = sorted(((-sign * each, term.copy()) for each, term in terms), key=lambda term: -term[0])
    first, *rest = turned
    whole_node: exp.Expr = first[1] if first[0] > 0 else exp.Neg(this=first[1])
    for each, term in rest:
        whole_node = (exp.Add if each > 0 else exp.Sub)(this=whole_node, expression=exp.paren(term))
    return _definition(name, whole_node)


def _definition(name: str, node: exp.Expr) -> Definition | None:
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    copy = node.copy()
    for column in copy.find_all(exp.Column):
        column.set("this", exp.to_identifier(column.name, quoted=True))
    try:
        sql = copy.sql(dialect="duckdb")
    except (SqlglotError, AttributeError, ValueError):
        return None
    return Definition(name, sql, tuple(_names(node)))


def _names(node: exp.Expr) -> list[str]:
    from sqlglot import exp

    return list(dict.fromkeys(column.name for column in node.find_all(exp.Column)))
