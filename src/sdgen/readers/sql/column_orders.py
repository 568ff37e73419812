"""CHECKs between two columns of a row (a <= b, a = b, a <> b) → computed columns, or ranges that keep apart."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from sdgen.inference.names import free_name
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.check_facts import NOW, CheckMeaning, Comparison
from sdgen.readers.sql.column_sums import UNKEPT, Conflict, set_sums
from sdgen.readers.sql.drafts import TableDraft, is_fixed, quoted, with_before
from sdgen.readers.sql.number_ranges import SPAN, limits, range_spec
from sdgen.scenario.types import INTEGERS, NUMBERS, Type

_DAYS = frozenset({"date"})
_MOMENTS = frozenset({"timestamp", "timestamptz"})
YEARS = 5


def set_orders(entity: TableDraft, found: CheckMeaning) -> list[Conflict]:
    """Give columns generators that keep all comparisons of two columns; those that can't be kept are returned, told."""
    found, unkept = set_sums(entity, found)
    # `a <> b` of numbers or times is kept by `a < b` too, which ranges and sums can promise, and drawing can't.
    orders = [*found.orders, *(order for pair in found.different if (order := _apart(entity, *pair)))]
    faults = unkept + [
        ((one, other), f"{one} <> {other}{_given_up(entity, one, other)}")
        for one, other in found.different
        if not _differ(entity, one, other)
    ]
    faults += [
        ((one, other), f"{one} = {other}{UNKEPT}") for one, other in found.equal if not _same(entity, one, other)
    ]
    for group in _groups(orders):
        ranks = _ranks(group)
        columns = {name: entity.columns[name] for name in ranks if name in entity.columns}
        if not ranks or len(columns) < len(ranks) or not _settle(entity, group, ranks, columns):
            faults += [_unkept(entity, order) for order in group if order in found.orders]
    return faults


def _unkept(entity: TableDraft, order: Comparison) -> Conflict:
    ends = (order.low, order.high)
    return ends, f"{order.low} {'<' if order.strict else '<='} {order.high}{_given_up(entity, *ends)}"


def _given_up(entity: TableDraft, *names: str) -> str:
    """Where two columns can't be kept apart, the one that may be null is left null."""
    for name in names:
        column = entity.columns.get(name)
        if column is not None and column.nullable and not column.null_rates:
            column.null_rate = 1.0
            return f" is not understood: {name} is left null, so that it holds"
    return UNKEPT


def _apart(entity: TableDraft, one: str, other: str) -> Comparison | None:
    """Two numbers or times that differ: the one may as well be below the other."""
    pair = [entity.columns.get(name) for name in (one, other)]
    kinds = NUMBERS | _DAYS | _MOMENTS
    free = all(column is not None and not column.is_link and column.type.kind in kinds for column in pair)
    return Comparison(one, other, True) if free else None


def _differ(entity: TableDraft, one: str, other: str) -> bool:
    """Whether two columns differ: by an order of their own, or as a tree's row and its parent."""
    if _apart(entity, one, other) is not None:
        return True
    for own, key in ((one, other), (other, one)):
        column = entity.columns.get(own)
        if column is not None and column.is_link and column.generator is not None:
            params = column.generator.params
            # No row of a tree is its own parent here, so that a parent's key differs from the row's own.
            if params["entity"] == entity.name and params["column"] == key:
                return True
    return _links_differ(entity, one, other)


def set_link_orders(entity: TableDraft, found: CheckMeaning, counted: Collection[tuple[str, str]]) -> CheckMeaning:
    """Let two links lead to an earlier and a later row where keys count up; what other orders are left to be kept."""
    left: list[Comparison] = []
    paired: set[str] = set()
    for order in found.orders:
        names = (order.low, order.high)
        specs = [entity.columns[name].generator for name in names if name in entity.columns]
        links = [spec.params for spec in specs if spec is not None and spec.type == "fk"]
        # Pairs in order are drawn of one parent by row number, so both links must be plain ones to the same key, and
        # that key must count up with its rows.
        plain = len(links) == 2 and links[0] == links[1] and len(links[0]) == 2 and links[0]["entity"] != entity.name
        unique = any(entity.columns[name].unique for name in names if name in entity.columns)
        if not plain or unique or paired & {*names} or (links[0]["entity"], links[0]["column"]) not in counted:
            left.append(order)
            continue
        entity.columns[order.high].fill("fk", True, **links[0], later_than=order.low)
        paired |= {*names}
    return replace(found, orders=tuple(left))


def _links_differ(entity: TableDraft, one: str, other: str) -> bool:
    """Let two links to the same column of one entity lead to different rows."""
    specs = [entity.columns[name].generator for name in (one, other) if name in entity.columns]
    links = [spec.params for spec in specs if spec is not None and spec.type == "fk"]
    plain = len(links) == 2 and all(len(params) == 2 and params["entity"] != entity.name for params in links)
    if not plain or links[0] != links[1] or entity.columns[other].unique:
        return False
    entity.columns[other].fill("fk", True, **links[0], unlike=one)
    return True


def _same(entity: TableDraft, one: str, other: str) -> bool:
    for copy, original in ((other, one), (one, other)):
        column = entity.columns.get(copy)
        free = column is not None and column.generator is None and column.cases is None and not column.unique
        if column is not None and free and original in entity.columns:
            column.fill("expression", sql=quoted(original))
            return True
    return False


def _groups(orders: Sequence[Comparison]) -> list[list[Comparison]]:
    """Orders that share columns, together."""
    groups: list[list[Comparison]] = []
    for order in orders:
        ends = {order.low, order.high}
        # An order can join groups that had nothing in common before.
        touching = [group for group in groups if any(ends & {each.low, each.high} for each in group)]
        groups = [group for group in groups if group not in touching]
        groups.append([*(each for group in touching for each in group), order])
    return groups


def _ranks(group: Sequence[Comparison]) -> dict[str, int]:
    """How many columns each must be above of; empty where they depend on one another in a cycle."""
    ranks = dict.fromkeys((name for order in group for name in (order.low, order.high)), 0)
    for _ in range(len(ranks) + 1):
        # Ranks rise by at least one each time; after as many rounds as there are columns only a cycle still changes
        # them.
        higher = {order.high: ranks[order.low] + 1 for order in group if ranks[order.high] <= ranks[order.low]}
        if not higher:
            return ranks
        ranks.update(higher)
    return {}


def _settle(
    entity: TableDraft, group: Sequence[Comparison], ranks: Mapping[str, int], columns: Mapping[str, ColumnDraft]
) -> bool:
    kinds = {column.type.kind for column in columns.values()}
    if any(
        column.is_link or column.bounds.values is not None or column.cases is not None for column in columns.values()
    ):
        return False
    if kinds <= NUMBERS:
        return _number_steps(entity, group, ranks, columns) or _number_ranges(ranks, columns)
    if kinds == {"time"}:
        return _hour_ranges(ranks, columns)
    if not kinds <= _DAYS | _MOMENTS:
        return False
    # A sum has no bounds and repeats: with either asked, each column gets a stretch of time of its own.
    bounded = any(column.bounds.low or column.bounds.high for column in columns.values())
    if bounded or any(column.unique or column.primary for name, column in columns.items() if ranks[name]):
        return _time_ranges(ranks, columns)
    for name in sorted((name for name in ranks if ranks[name]), key=lambda name: ranks[name]):
        _follow(entity, name, [order for order in group if order.high == name])
    return True


_YEAR = re.compile(r"(?:.*_)?(?:year|yr)s?(?:_.*)?", re.IGNORECASE)
_ROOMY = 30_000  # a type that holds such numbers has room for a step above usual ones


def _number_steps(
    entity: TableDraft, group: Sequence[Comparison], ranks: Mapping[str, int], columns: Mapping[str, ColumnDraft]
) -> bool:
    """Let each number be some more than those it is above of, which are as their names ask for."""
    # A sum of two draws repeats, which a column of a key may not.
    held = {*entity.primary, *(name for names in entity.unique for name in names)}
    for name, column in columns.items():
        if name in held or is_fixed(column) or column.bounds.high is not None or limits(column.type)[1] < _ROOMY:
            return False
    for order in group:
        low, high = columns[order.low].bounds.low, columns[order.high].bounds.low
        if high is not None and not (isinstance(low, Decimal) and isinstance(high, Decimal) and high <= low):
            return False
    for name in sorted((name for name in ranks if ranks[name]), key=lambda name: ranks[name]):
        _step_above(entity, name, [order for order in group if order.high == name])
    return True


def _step_above(entity: TableDraft, name: str, orders: Sequence[Comparison]) -> None:
    column, strict = entity.columns[name], any(order.strict for order in orders)
    hidden = free_name(f"{name}_above", entity.columns)
    whole = column.type.kind in INTEGERS
    step = ColumnDraft(hidden, Type("int") if whole else Type("decimal", precision=9, scale=2), hidden=True)
    # A year that comes a hundred after another one is no believable end.
    most = 5 if _YEAR.fullmatch(name) else 100
    if whole:
        step.fill("uniform_int", min=int(strict), max=most)
    else:
        step.fill("decimal", min=1 if strict else 0, max=most)
    entity.columns = with_before(entity.columns, name, hidden, step)
    lows = [entity.columns[order.low] for order in orders]
    others = [
        f"coalesce({quoted(low.name)}, 0)"
        if low.nullable and (not column.nullable or column.null_rates)
        else quoted(low.name)
        for low in lows
    ]
    # DuckDB's greatest passes nulls over, so that a null among several takes no part.
    above = others[0] if len(others) == 1 else f"greatest({', '.join(others)})"
    column.fill("expression", sql=f"{above} + {quoted(hidden)}")


def _number_ranges(ranks: Mapping[str, int], columns: Mapping[str, ColumnDraft]) -> bool:
    """One stretch of the numbers for each rank."""
    lows = [column.bounds.low for column in columns.values() if isinstance(column.bounds.low, Decimal)]
    highs = [column.bounds.high for column in columns.values() if isinstance(column.bounds.high, Decimal)]
    highs += [limits(column.type)[1] for column in columns.values()]
    # The stretches are cut out of what all columns allow: the highest of their least values to the lowest of their
    # ends.
    low = max(lows, default=Decimal(0)) + any(column.bounds.low_open for column in columns.values())
    parts = max(ranks.values()) + 1
    high = min([*highs, max(low * 2, low + SPAN * parts)]) - any(column.bounds.high_open for column in columns.values())
    width = (high - low) // parts
    if width < 1:  # SMALLINT beside a low of 32,000: there is no room for all ranks
        return False
    for name, column in columns.items():
        start = low + ranks[name] * width
        column.generator = range_spec(column.type, start, start + width - 1)
        column.demanded = True
    return True


def _time_ranges(ranks: Mapping[str, int], columns: Mapping[str, ColumnDraft]) -> bool:
    """One stretch of years for each rank, up to as_of; only the clock is understood as an end."""
    ends = {end for column in columns.values() for end in (column.bounds.low, column.bounds.high) if end is not None}
    if ends - {NOW} or any(column.bounds.low == NOW for column in columns.values()):
        return False
    parts = max(ranks.values()) + 1
    marks = [f"-{365 * YEARS * (parts - part) // parts + 1}d" for part in range(parts)] + ["-1d"]
    for name, column in columns.items():
        start, end = list(pairwise(marks))[ranks[name]]
        if column.type.kind in _DAYS and ranks[name]:
            # Days are whole, and neighbouring stretches share an end: one day later keeps `<` between dates.
            start = f"-{int(start[1:-1]) - 1}d"
        column.fill("date" if column.type.kind in _DAYS else "datetime", start=start, end=end)
    return True


_FIRST, _LAST = 6, 22  # the hours of a day between which people begin and end things


def _hour_ranges(ranks: Mapping[str, int], columns: Mapping[str, ColumnDraft]) -> bool:
    """One stretch of a day for each rank: what opens in the morning closes in the evening."""
    width = (_LAST - _FIRST) // (max(ranks.values()) + 1)
    if width < 1 or any(_is_bounded(column) for column in columns.values()):
        return False
    for name, column in columns.items():
        start = _FIRST + ranks[name] * width
        column.fill("time", start=f"{start:02d}:00", end=f"{start + width:02d}:00")
    return True


def _is_bounded(column: ColumnDraft) -> bool:
    bounds = column.bounds
    return column.demanded or bool(bounds.conditions) or bounds.low is not None or bounds.high is not None


def _follow(entity: TableDraft, name: str, orders: Sequence[Comparison]) -> None:
    """Let a time be later than others of its row, by a hidden number of days or seconds."""
    column = entity.columns[name]
    days = column.type.kind in _DAYS
    hidden = free_name(f"{name}_after", entity.columns)
    least = int(any(order.strict for order in orders))
    step = ColumnDraft(hidden, Type("int"), hidden=True)
    step.fill("uniform_int", min=least, max=60 if days else 30 * 86_400)
    entity.columns = with_before(entity.columns, name, hidden, step)
    # Nulls that follow a branch are told by it, not by the columns that it is later than.
    open = column.nullable and not column.null_rates
    earlier = [_time(entity.columns[order.low], days, open) for order in orders]
    after = earlier[0] if len(earlier) == 1 else f"greatest({', '.join(earlier)})"
    column.fill("expression", sql=f"{after} + {quoted(hidden)}" if days else f"{after} + to_seconds({quoted(hidden)})")


def _time(column: ColumnDraft, days: bool, may_be_null: bool) -> str:
    sql = quoted(column.name)
    if days and column.type.kind in _MOMENTS:
        # A moment at noon is later than its own day at midnight, so that the next day is the first that is surely
        # after it.
        sql = f"CAST({sql} AS DATE) + 1"
    if column.nullable and not may_be_null:
        other = "DATE '2024-06-01'" if days or column.type.kind in _DAYS else "TIMESTAMP '2024-06-01 12:00:00'"
        sql = f"coalesce({sql}, {other})"
    return sql
