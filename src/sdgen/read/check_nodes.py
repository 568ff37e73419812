"""The leaves of a condition: columns, literals and the clock, whatever casts and parentheses stand around them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from sdgen.read.check_facts import NOW, Value

if TYPE_CHECKING:
    from sqlglot import exp


def bare_node(node: exp.Expr) -> exp.Expr:
    """A node without parentheses and casts around it."""
    while type(node).__name__ in ("Paren", "Cast", "TryCast", "Collate"):
        node = node.this
    return node


def column_name(node: exp.Expr) -> str:
    from sqlglot import exp

    bare = bare_node(node)
    return bare.name if isinstance(bare, exp.Column) else ""


def literal_value(node: exp.Expr) -> Value | None:
    from sqlglot import exp

    if isinstance(node, exp.Paren):
        return literal_value(node.this)
    if isinstance(node, exp.Cast) and node.to.this.name in _NUMERIC:  # PostgreSQL writes '-40'::integer
        inner = literal_value(node.this)
        return Decimal(inner) if isinstance(inner, str) and _NUMBER.fullmatch(inner) else inner
    bare = bare_node(node)
    if isinstance(bare, exp.Neg):
        inner = literal_value(bare.this)
        return -inner if isinstance(inner, Decimal) else None
    if isinstance(bare, exp.Literal | exp.National):
        return str(bare.this) if bare.is_string or isinstance(bare, exp.National) else Decimal(bare.this)
    if isinstance(bare, exp.Boolean):
        return bool(bare.this)
    clocks = ("CurrentDate", "CurrentTimestamp", "CurrentTime", "CurrentDatetime", "Localtimestamp")
    if isinstance(bare, exp.Add | exp.Sub) and literal_value(bare.this) == NOW:
        return _from_now(bare)
    if type(bare).__name__ in clocks or bare.sql().upper() in ("NOW()", "SYSDATE", "GETDATE()", "SYSDATETIME()"):
        return NOW
    return None


_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
_NUMERIC = frozenset({"INT", "BIGINT", "SMALLINT", "TINYINT", "DECIMAL", "DOUBLE", "FLOAT"})
_DAYS = {"DAY": 1, "DAYS": 1, "WEEK": 7, "WEEKS": 7, "MONTH": 30, "MONTHS": 30, "YEAR": 365.25, "YEARS": 365.25}


def _from_now(node: exp.Expr) -> str | None:
    """The clock's time plus or minus days or more, as it is written in a scenario: -6575d."""
    from sqlglot import exp

    interval = bare_node(node.args["expression"])
    text = interval.this.name if isinstance(interval, exp.Interval) else interval.name
    words = f"{text} {interval.args.get('unit') or ''}".upper().split()
    if len(words) < 2 or not words[0].isdigit() or words[1] not in _DAYS:
        return None
    days = int(int(words[0]) * _DAYS[words[1]] + 1)
    return f"+{int(words[0]) * _DAYS[words[1]]:.0f}d" if isinstance(node, exp.Add) else f"-{days}d"


def uncased_name(node: exp.Expr) -> str:
    """The column of a node that is one, or one in small or capital letters."""
    bare = bare_node(node)
    return column_name(bare.this if type(bare).__name__ in ("Lower", "Upper") else bare)
