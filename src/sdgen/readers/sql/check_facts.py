"""What conditions say about columns, as records: one column's bounds, how columns compare, what is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeVar

T = TypeVar("T")
Value = Decimal | str | bool


@dataclass(frozen=True)
class Match:
    """A regular expression that is found somewhere in a text, or is not."""

    regex: str
    found: bool = True
    any_case: bool = False


class Impossible(str):
    """Why no value at all keeps what is said of a column."""


NOW = "now"
EMPTY = -1  # the length of arrays that are to have no elements
VALUE_NAME = '"value"'


@dataclass(frozen=True)
class ColumnBounds:
    """What conditions say about one column. All of it holds at once.

    low, high: numbers, or times as texts (NOW for the clock's); open: the end itself is not allowed.
    values: the only ones allowed. other_than: some that are not. pattern: a regular expression for the whole text.
    matches: what texts are searched for. null, not_null: it must be so; where neither is, null is allowed.
    storage: SQLite's names of how values may be stored. conditions: what else a value keeps, in the SQL of expressions,
    where it is called VALUE_NAME.
    """

    low: Decimal | str | None = None
    low_open: bool = False
    high: Decimal | str | None = None
    high_open: bool = False
    values: tuple[Value, ...] | None = None
    other_than: tuple[Value, ...] = ()
    pattern: str = ""
    matches: tuple[Match, ...] = ()
    shortest: int = 0
    longest: int = 0
    letters: str = ""  # "lower" or "upper" where the text must be so
    not_null: bool = False
    null: bool = False
    storage: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()

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
            other_than=_together(self.other_than, other.other_than),
            pattern=self.pattern or other.pattern,
            matches=_together(self.matches, other.matches),
            shortest=max(self.shortest, other.shortest),
            # 0 stands for no bound, which min would take for the tightest.
            longest=min(filter(None, (self.longest, other.longest)), default=0),
            letters=self.letters or other.letters,
            not_null=self.not_null or other.not_null,
            null=self.null or other.null,
            storage=tuple(each for each in self.storage if each in other.storage)
            if self.storage and other.storage
            else self.storage or other.storage,
            conditions=_together(self.conditions, other.conditions),
        )

    def implies(self, other: ColumnBounds) -> bool:
        """Whether what keeps these bounds keeps the other ones too."""
        # A row with a null keeps every condition on that column's values, so that only NOT NULL is against it.
        if self.null:
            return other.null or not other.not_null
        return self.also(other) == self

    @property
    def contradictory(self) -> bool:
        """Whether neither null nor a value keeps them, as far as that can be told without the column's type."""
        if self.null or not self.not_null:
            return self.null and self.not_null
        return self.empty

    @property
    def empty(self) -> bool:
        """Whether no value keeps them, as far as that can be told without the column's type."""
        if self.values is not None:
            return not self.allowed
        if isinstance(self.low, Decimal) and isinstance(self.high, Decimal):
            return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))
        return False

    @property
    def allowed(self) -> tuple[Value, ...]:
        """The listed values that the other bounds leave."""
        return tuple(each for each in self.values or () if each not in self.other_than and self.spans(each))

    def spans(self, value: Value) -> bool:
        """Whether a number lies between the ends; what is no number does."""
        if not isinstance(value, Decimal):
            return True
        low, high = self.low, self.high
        above = not isinstance(low, Decimal) or value > low or (value == low and not self.low_open)
        return above and (not isinstance(high, Decimal) or value < high or (value == high and not self.high_open))


End = tuple[Decimal | str | None, bool]


def _tighter(one: End, other: End, beyond: Callable[[Any, Any], bool]) -> End:
    # A number and a time by the clock can't be compared here; the first one stays.
    if one[0] is None or other[0] is None or type(one[0]) is not type(other[0]):
        return one if one[0] is not None else other
    if one[0] == other[0]:
        return one[0], one[1] or other[1]
    return one if beyond(one[0], other[0]) else other


def _together(one: tuple[T, ...], other: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _common(one: tuple[Value, ...] | None, other: tuple[Value, ...] | None) -> tuple[Value, ...] | None:
    if one is None or other is None:
        return one if other is None else other
    return tuple(value for value in one if value in other)


@dataclass(frozen=True)
class ColumnCases:
    """What a column's values follow besides: bounds by the value of another column, or expressions.

    column: "" where a key's values may keep any of the bounds, whichever row has them.
    """

    column: str
    bounds: Mapping[str, ColumnBounds] = field(default_factory=dict)
    sql: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """One column's value is below another's (or equal, where it isn't strict)."""

    low: str
    high: str
    strict: bool


@dataclass(frozen=True)
class Gap:
    """One column's value less another's lies between two ends, in numbers or in seconds; None for no end."""

    low: str
    high: str
    least: Decimal | None = None
    most: Decimal | None = None
    seconds: bool = False


@dataclass(frozen=True)
class Definition:
    """A column is computed from others, in the SQL of expressions."""

    column: str
    sql: str
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Term:
    """A column, or several that are multiplied, times a number."""

    factor: Decimal
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Equation:
    """The ways in which an equation makes one of its columns of the others; the first is the likeliest.

    terms: they and the constant add up to zero; none where it has parts of another form.
    """

    ways: tuple[Definition, ...]
    terms: tuple[Term, ...] = ()
    constant: Decimal = Decimal(0)


@dataclass(frozen=True)
class Limit:
    """A sum of terms is no more than a number; open: it is less."""

    terms: tuple[Term, ...]
    most: Decimal
    open: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for term in self.terms for name in term.columns))


@dataclass(frozen=True)
class CheckMeaning:
    """What a condition says, all of it at once: one branch of a CHECK.

    `unknown` holds the parts that weren't understood, as SQL, with their columns.
    """

    columns: Mapping[str, ColumnBounds] = field(default_factory=dict)
    orders: tuple[Comparison, ...] = ()
    different: tuple[tuple[str, str], ...] = ()
    equal: tuple[tuple[str, str], ...] = ()
    gaps: tuple[Gap, ...] = ()
    equations: tuple[Equation, ...] = ()
    limits: tuple[Limit, ...] = ()
    unknown: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def also(self, other: CheckMeaning) -> CheckMeaning:
        columns = dict(self.columns)
        for name, bounds in other.columns.items():
            columns[name] = columns[name].also(bounds) if name in columns else bounds
        return CheckMeaning(
            columns,
            _together(self.orders, other.orders),
            _together(self.different, other.different),
            _together(self.equal, other.equal),
            _together(self.gaps, other.gaps),
            _together(self.equations, other.equations),
            _together(self.limits, other.limits),
            _together(self.unknown, other.unknown),
        )

    def renamed(self, own: Callable[[str], str]) -> CheckMeaning:
        """The same with columns' names as a table spells them."""

        def way(each: Definition) -> Definition:
            sql = each.sql
            for name in each.needs:
                # Names stand quoted in the SQL of definitions, so that none is found inside another one.
                sql = sql.replace(f'"{name}"', f'"{own(name)}"')
            return Definition(own(each.column), sql, tuple(map(own, each.needs)))

        def terms(found: tuple[Term, ...]) -> tuple[Term, ...]:
            return tuple(replace(term, columns=tuple(map(own, term.columns))) for term in found)

        return CheckMeaning(
            {own(name): bounds for name, bounds in self.columns.items()},
            tuple(replace(order, low=own(order.low), high=own(order.high)) for order in self.orders),
            tuple((own(one), own(other)) for one, other in self.different),
            tuple((own(one), own(other)) for one, other in self.equal),
            tuple(replace(gap, low=own(gap.low), high=own(gap.high)) for gap in self.gaps),
            tuple(
                Equation(tuple(way(each) for each in equation.ways), terms(equation.terms), equation.constant)
                for equation in self.equations
            ),
            tuple(replace(limit, terms=terms(limit.terms)) for limit in self.limits),
            tuple((sql, tuple(own(name) for name in names)) for sql, names in self.unknown),
        )

    @property
    def names(self) -> frozenset[str]:
        """The columns it speaks of."""
        return frozenset(self.columns).union(*self._relations, *(names for _, names in self.unknown))

    @property
    def _relations(self) -> dict[frozenset[str], None]:
        """What is said of several columns together, by these."""
        pairs = [*self.different, *self.equal, *((each.low, each.high) for each in self.orders)]
        pairs += [(each.low, each.high) for each in self.gaps]
        # All ways of an equation speak of the same columns: the first tells which.
        sums = [(way.column, *way.needs) for each in self.equations for way in each.ways[:1]]
        sums += [limit.names for limit in self.limits]
        return dict.fromkeys(map(frozenset, (*pairs, *sums)))

    @property
    def related(self) -> bool:
        """Whether it says something of several columns together."""
        return bool(self._relations)

    @property
    def strict(self) -> CheckMeaning:
        """The same where it is to be true: not null."""
        return self.also(CheckMeaning({name: ColumnBounds(not_null=True) for name in self.names}))

    @property
    def contradictory(self) -> bool:
        return any(bounds.contradictory for bounds in self.columns.values())

    def implies(self, other: CheckMeaning) -> bool:
        """Whether rows that keep it keep the other one too."""
        if not all(self.columns.get(name, ColumnBounds()).implies(each) for name, each in other.columns.items()):
            return False
        # A relation with a null in it is null, and holds: no row of this branch can break it.
        null = {name for name, bounds in self.columns.items() if bounds.null}
        related = all(names & null or self._says(other, names) for names in other._relations)
        return related and set(other.unknown) <= set(self.unknown)

    def _says(self, other: CheckMeaning, names: frozenset[str]) -> bool:
        """Whether it says of some columns together all that the other one says."""

        def about(whole: CheckMeaning) -> set[object]:
            both = {*whole.different, *whole.equal}
            told: set[object] = {pair for pair in both if names == frozenset(pair)}
            told |= {each for each in whole.orders if names == {each.low, each.high}}
            told |= {each for each in whole.gaps if names == {each.low, each.high}}
            told |= {each for each in whole.limits if names == set(each.names)}
            return told | {each for each in whole.equations if names == {each.ways[0].column, *each.ways[0].needs}}

        return about(other) <= about(self)
