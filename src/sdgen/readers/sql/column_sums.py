"""CHECKs of sums (gross = net + tax, ends - starts BETWEEN 1 AND 100) → columns that are computed from others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sdgen.inference.names import free_name
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.check_facts import CheckMeaning, ColumnBounds, Definition, Equation, Gap, Limit
from sdgen.readers.sql.column_limits import as_total, limits_of, within_limit
from sdgen.readers.sql.drafts import TableDraft, is_fixed, quoted, with_before
from sdgen.scenario.types import NUMBERS, Type

_DAY = 86_400
_MOMENTS = frozenset({"timestamp", "timestamptz"})
# How far apart two columns are where their CHECKs give no end: numbers, days, seconds.
_STEPS, _DAYS, _SECONDS = Decimal(100), Decimal(60), Decimal(30 * _DAY)
UNKEPT = " is not kept: rows may break it"

Conflict = tuple[tuple[str, str], str]


@dataclass(frozen=True)
class Dependencies:
    """What is computed so far, and from what."""

    needs: Mapping[str, frozenset[str]]

    def reaches(self, start: str, goal: str) -> bool:
        """Whether a column is computed from another one, in some steps."""
        return start == goal or any(self.reaches(each, goal) for each in self.needs.get(start, ()))

    def also(self, column: str, needs: Sequence[str]) -> Dependencies:
        return Dependencies({**self.needs, column: self.needs.get(column, frozenset()) | frozenset(needs)})


def set_sums(entity: TableDraft, found: CheckMeaning) -> tuple[CheckMeaning, list[Conflict]]:
    """Let columns be computed that sums speak of; what is left to be kept, and what can't be kept, told."""
    faults: list[Conflict] = []
    ordered = {name for order in found.orders for name in (order.low, order.high)}
    computed = Dependencies({})
    # Equations come first, since they leave no freedom; they may add gaps and limits, which are read after them.
    for equation in found.equations:
        way = _way(entity, equation, computed, ordered)
        if way is None:
            first = equation.ways[0]
            faults.append(((first.column, first.needs[0]), f"{first.column} = {first.sql}{UNKEPT}"))
            continue
        gaps, further = _gap_of(entity, way), tuple[Limit, ...]()
        if not gaps and not fits(entity.columns, way):
            further = tuple(limits_of(equation, way, entity.columns[way.column]))
        found = replace(found, gaps=(*found.gaps, *gaps), limits=(*found.limits, *further))
        _compute(entity, way)
        computed = computed.also(way.column, way.needs)
    for limit in found.limits:
        total = _narrow(entity, limit, computed)
        if total is not None:
            computed = computed.also(total.column, total.needs)
        elif not _keeps(entity, limit):
            faults.append(((limit.names[0], limit.names[-1]), f"a sum of {', '.join(limit.names)}{UNKEPT}"))
    found = replace(found, gaps=tuple(part for gap in found.gaps for part in _shared_out(gap, found)))
    for gap in merged_gaps(found):
        pair = (gap.low, gap.high)
        if not _step(entity, gap, computed):
            faults.append((pair, f"the distance of {gap.low} and {gap.high}{UNKEPT}"))
            continue
        computed = computed.also(gap.high, (gap.low,))
    # An order of two columns that have a gap was merged into it above.
    done = {frozenset((gap.low, gap.high)) for gap in found.gaps}
    orders = tuple(each for each in found.orders if frozenset((each.low, each.high)) not in done)
    different = tuple(pair for pair in found.different if frozenset(pair) not in done)
    return replace(found, orders=orders, different=different, gaps=(), equations=(), limits=()), faults


# ------------------------------------------------------------------ equations


def _way(entity: TableDraft, equation: Equation, computed: Dependencies, ordered: set[str]) -> Definition | None:
    """The way to keep an equation: a column that nothing else settles, best one whose own bounds follow."""
    ways = [each for each in equation.ways if _is_open(entity, each, computed)]
    return min(ways, key=lambda way: _bound(entity, way, ordered), default=None)


def _is_open(entity: TableDraft, way: Definition, computed: Dependencies) -> bool:
    free = is_open(entity.columns, way) and way.column not in computed.needs
    free = free and entity.columns[way.column].cases is None
    return free and not any(computed.reaches(name, way.column) for name in way.needs)


def is_open(columns: Mapping[str, ColumnDraft], way: Definition) -> bool:
    """Whether a column can be computed so: nothing else settles it, and the types go together."""
    column, kinds = columns[way.column], {columns[name].type.kind for name in (way.column, *way.needs)}
    odd = kinds & (_MOMENTS | {"bool"}) and kinds & (NUMBERS | {"date"}) and column.type.kind not in NUMBERS
    return not is_fixed(column) and column.bounds.values is None and not odd


def _bound(entity: TableDraft, way: Definition, ordered: set[str]) -> int:
    """0 where nothing else is said of the column, or it follows: what is added up is as positive as its parts."""
    if _difference(entity, way) is not None:
        return 0
    # Of two ways the one that adds: what is left of a lesser number is negative.
    return (0 if fits(entity.columns, way) else 4) + 2 * (way.column in ordered) + (" - " in way.sql)


def fits(columns: Mapping[str, ColumnDraft], way: Definition) -> bool:
    """Whether a computed column has no bounds, or those that what it is computed from has."""
    bounds, parts = columns[way.column].bounds, [columns[name].bounds for name in way.needs]
    free = bounds.low is None and bounds.high is None
    positive = bounds.high is None and "-" not in way.sql and _from_zero(bounds)
    return free or (positive and all(isinstance(each.low, Decimal) and each.low >= 0 for each in parts))


def _from_zero(bounds: ColumnBounds) -> bool:
    return isinstance(bounds.low, Decimal) and bounds.low <= 0


def _difference(entity: TableDraft, way: Definition) -> tuple[str, str] | None:
    """The later and the earlier column where one is computed as their difference in days, or in numbers."""
    if len(way.needs) != 2 or way.sql.replace("(", "").replace(")", "") != " - ".join(map(quoted, way.needs)):
        return None
    kinds = {entity.columns[name].type.kind for name in way.needs}
    dates = kinds == {"date"} and entity.columns[way.column].type.kind in NUMBERS
    return (way.needs[0], way.needs[1]) if dates else None


def _gap_of(entity: TableDraft, way: Definition) -> tuple[Gap, ...]:
    """The bounds of a difference are those of the gap between its columns."""
    pair = _difference(entity, way)
    if pair is None:
        return ()
    bounds = entity.columns[way.column].bounds
    low = bounds.low + bounds.low_open if isinstance(bounds.low, Decimal) else Decimal(0)
    high = bounds.high - bounds.high_open if isinstance(bounds.high, Decimal) else None
    return (Gap(pair[1], pair[0], low, high),)


def _compute(entity: TableDraft, way: Definition) -> None:
    """Compute a column; what it needs has no nulls where it may have none."""
    column = entity.columns[way.column]
    sql = way.sql
    for name in way.needs:
        need = entity.columns[name]
        # DuckDB adds only INTEGER to a date, neither BIGINT nor decimals.
        if column.type.kind == "date" and need.type.kind in NUMBERS:
            sql = sql.replace(quoted(name), f"CAST({quoted(name)} AS INTEGER)")
        if not column.nullable and need.nullable and need.null_rate is None:
            need.null_rate = 0.0
    column.fill("expression", sql=sql)
    if column.nullable:
        # The nulls come from what it is computed of; nulls of its own would be added to them.
        column.null_rate = 0.0 if any(entity.columns[name].nullable for name in way.needs) else column.null_rate


# ------------------------------------------------------------------ limits


def narrowed(entity: TableDraft, found: CheckMeaning) -> CheckMeaning:
    """What is left to be kept after columns have the ranges that limits leave them, before others follow these."""
    # A total is computed later from columns that have their ranges by then.
    own = [limit for limit in found.limits if as_total(limit, lambda name: entity.columns[name]) is None]
    kept = [limit for limit in own if _keeps(entity, limit)]
    return replace(found, limits=tuple(limit for limit in found.limits if limit not in kept))


def _narrow(entity: TableDraft, limit: Limit, computed: Dependencies) -> Definition | None:
    """Let a column be the sum that it is no less than, and a hidden step; the column, or None where there is none."""
    total = as_total(limit, lambda name: entity.columns[name])
    if total is None or total.column in computed.needs or entity.columns[total.column].cases is not None:
        return None
    if any(computed.reaches(n, total.column) for n in total.needs):
        return None
    column = entity.columns[total.column]
    step = hidden_step(entity, column, (int(limit.open), int(_STEPS)), False)
    _compute(entity, replace(total, sql=f"{total.sql} + {quoted(step)}"))
    return total


def _keeps(entity: TableDraft, limit: Limit) -> bool:
    """Narrow the ranges of columns so that a sum of them keeps a limit; whether that can be done."""
    bounds = within_limit(limit, lambda name: entity.columns[name])
    for name, each in (bounds or {}).items():
        entity.columns[name].bounds = each
    return bounds is not None


# ------------------------------------------------------------------ gaps


def _shared_out(gap: Gap, found: CheckMeaning) -> list[Gap]:
    """A gap with an upper end, of two columns that a third one lies between: half of it on each side."""
    inner = {each.high for each in found.orders if each.low == gap.low}
    middle = next((each.low for each in found.orders if each.high == gap.high and each.low in inner), None)
    if middle is None or gap.most is None or gap.most < 2:
        return [gap]
    least, most = -(-(gap.least or Decimal(0)) // 2), gap.most // 2
    return [Gap(gap.low, middle, least, most, gap.seconds), Gap(middle, gap.high, least, most, gap.seconds)]


def merged_gaps(found: CheckMeaning) -> list[Gap]:
    """One gap for each pair of columns, with what their order says."""
    merged: dict[frozenset[str], Gap] = {}
    orders = [Gap(each.low, each.high, Decimal(each.strict)) for each in found.orders]
    pairs = {frozenset((gap.low, gap.high)) for gap in found.gaps}
    for gap in [*found.gaps, *(each for each in orders if frozenset((each.low, each.high)) in pairs)]:
        pair = frozenset((gap.low, gap.high))
        merged[pair] = _both(merged[pair], gap) if pair in merged else gap
    return list(merged.values())


def _both(one: Gap, other: Gap) -> Gap:
    if other.low != one.low:
        turned = (None if other.most is None else -other.most, None if other.least is None else -other.least)
        other = Gap(one.low, one.high, *turned, other.seconds)
    least = max((each for each in (one.least, other.least) if each is not None), default=None)
    most = min((each for each in (one.most, other.most) if each is not None), default=None)
    return Gap(one.low, one.high, least, most, one.seconds or other.seconds)


def _step(entity: TableDraft, gap: Gap, computed: Dependencies) -> bool:
    """Let one of two columns be the other and a hidden step; False where neither can be."""
    for base, target, turned in ((gap.low, gap.high, False), (gap.high, gap.low, True)):
        column, other = entity.columns[target], entity.columns[base]
        taken = is_fixed(column) or column.bounds.values is not None or column.cases is not None
        taken = taken or target in computed.needs
        ends = None if taken or computed.reaches(base, target) else distance(gap, column, other, turned)
        if ends is None or not leave_room(other, column, ends, turned):
            continue
        hidden = hidden_step(entity, column, ends, turned)
        column.fill("expression", sql=stepped(column, other, hidden, turned))
        return True
    return False


def distance(gap: Gap, target: ColumnDraft, base: ColumnDraft, turned: bool) -> tuple[int, int] | None:
    """The ends of the step from one column to another; None where there is none. turned: the target is the lower."""
    return _ends(gap, target.type, _room(target, base, turned)) if _alike(target.type, base.type) else None


def _alike(one: Type, other: Type) -> bool:
    kinds = {one.kind, other.kind}
    return kinds <= NUMBERS or kinds == {"date"} or kinds <= _MOMENTS


def _room(target: ColumnDraft, base: ColumnDraft, turned: bool) -> Decimal | None:
    """How far apart two columns can be by their bounds."""
    low, high = (target.bounds.low, base.bounds.high) if turned else (base.bounds.low, target.bounds.high)
    return high - low if isinstance(low, Decimal) and isinstance(high, Decimal) else None


def _ends(gap: Gap, type: Type, room: Decimal | None) -> tuple[int, int] | None:
    """The least and the most of a step: in numbers, days or seconds, as the column's type has it.

    room: the most that there can be between the columns, half of which is left to the other one.
    """
    least, most, span = gap.least, gap.most, _STEPS
    if type.kind == "date" and gap.seconds:
        # Whole days inside the range: the least is rounded up, the most down.
        least = None if least is None else -(-least // _DAY)
        most = None if most is None else most // _DAY
    if type.kind in _MOMENTS and not gap.seconds and (least not in (None, 0, 1) or most is not None):
        return None  # PostgreSQL adds no numbers to timestamps
    span = _DAYS if type.kind == "date" else _SECONDS if type.kind in _MOMENTS else span
    if least is None:
        least = Decimal(0) if most is None or most >= 0 else most - span
    if most is None:
        most = least + (span if room is None else min(span, (room - least) // 2))
    low, high = int(least.to_integral_value("ROUND_CEILING")), int(most.to_integral_value("ROUND_FLOOR"))
    return (low, high) if low <= high else None


def leave_room(base: ColumnDraft, target: ColumnDraft, ends: tuple[int, int], turned: bool) -> bool:
    """Narrow the one column's range so that the other one keeps its own; whether that can be done."""
    bounds, (least, most) = target.bounds, ends
    if turned:
        least, most = -most, -least
    if is_fixed(base) and (bounds.low is not None or bounds.high is not None):
        return False
    room = ColumnBounds()
    if isinstance(bounds.low, Decimal):
        room = room.also(ColumnBounds(low=bounds.low - least, low_open=bounds.low_open))
    if isinstance(bounds.high, Decimal):
        room = room.also(ColumnBounds(high=bounds.high - most, high_open=bounds.high_open))
    # An end by the clock can't be moved by a number.
    if isinstance(bounds.low, str) or isinstance(bounds.high, str):
        return False
    base.bounds = base.bounds.also(room)
    return True


def hidden_step(entity: TableDraft, column: ColumnDraft, ends: tuple[int, int], turned: bool) -> str:
    """Add the hidden column of a step before the one that is computed with it; its name."""
    hidden = free_name(f"{column.name}_after" if not turned else f"{column.name}_before", entity.columns)
    step = ColumnDraft(hidden, Type("bigint"), hidden=True)
    step.fill("uniform_int", min=ends[0], max=ends[1])
    entity.columns = with_before(entity.columns, column.name, hidden, step)
    return hidden


def stepped(column: ColumnDraft, base: ColumnDraft, hidden: str, turned: bool) -> str:
    """A column as another one and a step."""
    start, added = quoted(base.name), quoted(hidden)
    if column.type.kind in _MOMENTS:
        added = f"to_seconds({added})"
    elif column.type.kind == "date":
        added = f"CAST({added} AS INTEGER)"
    if base.nullable and (not column.nullable or column.null_rates):
        start = f"coalesce({start}, {_SOME.get(column.type.kind, '0')})"
    return f"{start} {'-' if turned else '+'} {added}"


_SOME = {"date": "DATE '2024-06-01'", **dict.fromkeys(_MOMENTS, "TIMESTAMP '2024-06-01 12:00:00'")}
