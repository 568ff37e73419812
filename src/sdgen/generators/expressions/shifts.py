"""Which expressions keep distinct values of one column distinct: sums in which it stands alone, or as an interval."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

# Functions of one number that keep numbers distinct. Months do not: the 30th and 31st of March are one day in April.
_INTERVALS = frozenset(
    {"to_microseconds", "to_milliseconds", "to_seconds", "to_minutes", "to_hours", "to_days", "to_weeks"}
)


def shifted_column(sql: str, own: Collection[str]) -> str:
    """The one of the `own` columns that a sum shifts by what the other terms hold; "" where there is none.

    The other terms must be free of own columns, so that rows which agree in them differ wherever that column does.
    """
    from sqlglot import parse_one

    terms = list(_terms(parse_one(sql, dialect="duckdb")))
    holding = [term for term in terms if _columns(term) & set(own)]
    if len(holding) != 1:
        return ""
    name = _shifted(holding[0])
    return name if name in own else ""


def _terms(node: exp.Expr) -> Iterator[exp.Expr]:
    """The terms of a sum, however it is bracketed."""
    from sqlglot import exp

    if isinstance(node, exp.Paren):
        yield from _terms(node.this)
    elif isinstance(node, exp.Add | exp.Sub):
        yield from _terms(node.this)
        yield from _terms(node.expression)
    else:
        yield node


def _shifted(term: exp.Expr) -> str:
    """The column of a term that is a column, or an interval of a sum with one column."""
    from sqlglot import exp

    if isinstance(term, exp.Column):
        return term.name
    if isinstance(term, exp.Func) and _function(term) in _INTERVALS:
        inner = [part for part in _terms(next(iter(term.iter_expressions()))) if not isinstance(part, exp.Literal)]
        return inner[0].name if len(inner) == 1 and isinstance(inner[0], exp.Column) else ""
    return ""


def _function(term: exp.Func) -> str:
    from sqlglot import exp

    return (str(term.this) if isinstance(term, exp.Anonymous) else term.sql_name()).lower()


def _columns(node: exp.Expr) -> set[str]:
    from sqlglot import exp

    return {column.name for column in node.find_all(exp.Column)}
