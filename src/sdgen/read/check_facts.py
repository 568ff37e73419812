"""What conditions say about columns, as records: one column's limits, and how two columns compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Value = Decimal | str | bool


class Impossible(str):
    """Why no value at all keeps what is said of a column."""


NOW = "now"


@dataclass(frozen=True)
class Said:
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

    def also(self, other: Said) -> Said:
        """Both conditions together. Of two patterns the first is kept."""
        low, low_open = _tighter((self.low, self.low_open), (other.low, other.low_open), lambda a, b: a > b)
        high, high_open = _tighter((self.high, self.high_open), (other.high, other.high_open), lambda a, b: a < b)
        return Said(
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
class Order:
    """One column's value is below another's (or equal, where it isn't strict)."""

    low: str
    high: str
    strict: bool


@dataclass(frozen=True)
class Understood:
    """What a condition says. `unknown` holds the parts that weren't understood, as SQL, with their columns."""

    columns: Mapping[str, Said] = field(default_factory=dict)
    orders: tuple[Order, ...] = ()
    different: tuple[tuple[str, str], ...] = ()
    equal: tuple[tuple[str, str], ...] = ()
    unknown: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def also(self, other: Understood) -> Understood:
        columns = dict(self.columns)
        for name, said in other.columns.items():
            columns[name] = columns[name].also(said) if name in columns else said
        return Understood(
            columns,
            (*self.orders, *other.orders),
            (*self.different, *other.different),
            (*self.equal, *other.equal),
            (*self.unknown, *other.unknown),
        )
