"""What conditions say about columns, as records: one column's bounds, how two columns compare, patterns of texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sdgen.scenario.types import Type

if TYPE_CHECKING:
    from sqlglot import exp

Value = Decimal | str | bool


class Impossible(str):
    """Why no value at all keeps what is said of a column."""


NOW = "now"


@dataclass(frozen=True)
class ColumnBounds:
    """What conditions say about one column. All of it holds at once.

    low, high: numbers, or times as texts (NOW for the clock's); open: the end itself is not allowed.
    values: the only ones allowed. other_than: some that are not. pattern: a regular expression for the whole text.
    """

    low: Decimal | str | None = None
    low_open: bool = False
    high: Decimal | str | None = None
    high_open: bool = False
    values: tuple[Value, ...] | None = None
    other_than: tuple[Value, ...] = ()
    pattern: str = ""
    shortest: int = 0
    longest: int = 0
    letters: str = ""  # "lower" or "upper" where the text must be so
    not_null: bool = False
    null: bool = False

    def also(self, other: ColumnBounds) -> ColumnBounds:
        """Both conditions together. Of two patterns the first is kept."""
        low, low_open = _tighter((self.low, self.low_open), (other.low, other.low_open), lambda a, b: a > b)
        high, high_open = _tighter((self.high, self.high_open), (other.high, other.high_open), lambda a, b: a < b)
        return ColumnBounds(
            low=low,
            low_open=low_open,
            high=high,
            high_open=high_open,
            values=_common(self.values, other.values),
            other_than=(*self.other_than, *other.other_than),
            pattern=self.pattern or other.pattern,
            shortest=max(self.shortest, other.shortest),
            longest=min(filter(None, (self.longest, other.longest)), default=0),
            letters=self.letters or other.letters,
            not_null=self.not_null or other.not_null,
            null=self.null or other.null,
        )


End = tuple[Decimal | str | None, bool]


def _tighter(one: End, other: End, beyond: Callable[[Any, Any], bool]) -> End:
    if one[0] is None or other[0] is None or type(one[0]) is not type(other[0]):
        return one if one[0] is not None else other
    if one[0] == other[0]:
        return one[0], one[1] or other[1]
    return one if beyond(one[0], other[0]) else other


def _common(one: tuple[Value, ...] | None, other: tuple[Value, ...] | None) -> tuple[Value, ...] | None:
    if one is None or other is None:
        return one if other is None else other
    return tuple(value for value in one if value in other)


@dataclass(frozen=True)
class Comparison:
    """One column's value is below another's (or equal, where it isn't strict)."""

    low: str
    high: str
    strict: bool


@dataclass(frozen=True)
class CheckMeaning:
    """What a condition says. `unknown` holds the parts that weren't understood, as SQL, with their columns."""

    columns: Mapping[str, ColumnBounds] = field(default_factory=dict)
    orders: tuple[Comparison, ...] = ()
    different: tuple[tuple[str, str], ...] = ()
    equal: tuple[tuple[str, str], ...] = ()
    unknown: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def also(self, other: CheckMeaning) -> CheckMeaning:
        columns = dict(self.columns)
        for name, bounds in other.columns.items():
            columns[name] = columns[name].also(bounds) if name in columns else bounds
        return CheckMeaning(
            columns,
            (*self.orders, *other.orders),
            (*self.different, *other.different),
            (*self.equal, *other.equal),
            (*self.unknown, *other.unknown),
        )


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


_ANY = "[a-z]{0,6}"
_SOME = "[a-z]{3,8}"


def regex_of_like(text: str) -> str:
    """A LIKE pattern as a regular expression: `%` is a few letters, `_` is one."""
    parts = []
    letters = iter(text)
    for letter in letters:
        if letter == "\\":
            parts.append(re.escape(next(letters, "\\")))
        else:
            parts.append({"%": _ANY, "_": "[a-z]"}.get(letter) or _escaped(letter))
    return "".join(parts)


def _escaped(letter: str) -> str:
    return re.escape(letter) if letter in r"\.^$*+?{}[]|()" else letter


def whole_regex(text: str) -> str:
    """A search pattern as one for the whole text, with letters where it isn't anchored; "" where it can't be."""
    core = text.removeprefix("(?i)")
    before = "" if core.startswith(("^", r"\A")) else _SOME
    after = "" if (core.endswith("$") and not core.endswith(r"\$")) or core.endswith(r"\Z") else _SOME
    core = core.removeprefix("^").removeprefix(r"\A").removesuffix(r"\Z")
    if not after:
        core = core.removesuffix("$")
    if "|" in core and not re.fullmatch(r"\(.*\)", core):  # anchors bind tighter than alternatives
        return "" if before != after or (not before and "^" in core) else f"({core})"
    return f"{before}{core}{after}"


def can_make(regex: str, longest: int) -> bool:
    """Whether texts can be made of a regular expression, none longer than `longest` (0 for no limit)."""
    from pydantic import ValidationError

    from sdgen.generators import registry
    from sdgen.generators.base import ColumnContext

    facts = ColumnContext(0, "entity", "column", Type("string", length=longest), 1, datetime(2024, 1, 1, tzinfo=UTC))
    try:
        return not any(registry.make("pattern", {"regex": regex}).faults(facts))
    except (ValidationError, ValueError):
        return False


def shortest_match(regex: str) -> int:
    """The fewest characters a match can have; 0 where that isn't known."""
    from re import _parser  # type: ignore[attr-defined]

    try:
        return int(_parser.parse(regex).getwidth()[0])
    except re.error:
        return 0
