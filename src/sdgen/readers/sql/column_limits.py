"""CHECKs of sums and products against an end (a + b <= 100, width * height <= 10000) → narrower ranges of each column.

An end is shared out: each term gets its least value and an equal part of what is left. So no column needs another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from math import prod

from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.check_facts import ColumnBounds, Definition, Equation, Limit, Term
from sdgen.readers.sql.drafts import is_fixed, quoted
from sdgen.readers.sql.number_ranges import SPAN
from sdgen.scenario.types import INTEGERS, NUMBERS

Columns = Callable[[str], ColumnDraft]


def within_limit(limit: Limit, column: Columns) -> Mapping[str, ColumnBounds] | None:
    """Bounds of columns that keep a limit; None where there are none."""
    names = limit.names
    drafts = {name: column(name) for name in names}
    if any(draft.type.kind not in NUMBERS for draft in drafts.values()):
        return None
    # A product that is no less than a number: each factor gets the same root as its least value.
    if len(limit.terms) == 1 and limit.terms[0].factor < 0 and len(names) > 1:
        return _at_least(limit, drafts)
    bounds = {name: _closed(drafts[name].bounds, _sign(limit, name)) for name in names}
    least = [_least(term, bounds) for term in limit.terms]
    if any(each is None for each in least):
        return None
    lows = [each for each in least if each is not None]
    step = (
        0 if not limit.open else 1 if all(draft.type.kind in INTEGERS for draft in drafts.values()) else Decimal("0.01")
    )
    # What is left after each term has its least value; less than nothing means that no row can keep the limit this
    # way.
    part = (limit.most - step - sum(lows)) / len(lows)
    if part < 0:
        return None
    found = {name: each for name, each in bounds.items() if each != drafts[name].bounds}
    for term, low in zip(limit.terms, lows, strict=True):
        for name, end in _ends(term, low + part, bounds).items():
            found[name] = bounds[name].also(end)
    changed = {name for name, each in found.items() if each != drafts[name].bounds}
    # A key or a link can't be narrowed, so that a limit on one is left to be told.
    if any(is_fixed(drafts[name]) for name in changed) or any(each.empty for each in found.values()):
        return None
    return found


def _at_least(limit: Limit, drafts: Mapping[str, ColumnDraft]) -> Mapping[str, ColumnBounds] | None:
    """Bounds of columns whose product is no less than a number."""
    # The factor is negative: -xy <= -100 is xy >= 100.
    end = limit.most / limit.terms[0].factor
    root = (max(end, Decimal(0)) ** (Decimal(1) / len(drafts))).quantize(Decimal("0.0001"), "ROUND_UP")
    low = ColumnBounds(low=root, low_open=limit.open)
    found = {name: draft.bounds.also(low) for name, draft in drafts.items()}
    changed = [draft for name, draft in drafts.items() if found[name] != draft.bounds]
    return None if any(map(is_fixed, changed)) or any(each.empty for each in found.values()) else found


def _sign(limit: Limit, name: str) -> int:
    return next(-1 if term.factor < 0 else 1 for term in limit.terms if name in term.columns)


def _closed(bounds: ColumnBounds, sign: int) -> ColumnBounds:
    """Bounds with the end that makes a term least: zero, or a thousand where it is taken away."""
    if bounds.values is not None:
        numbers = [value for value in bounds.allowed if isinstance(value, Decimal)]
        return bounds.also(ColumnBounds(low=min(numbers), high=max(numbers))) if numbers else bounds
    if sign > 0 and bounds.low is None:
        high = bounds.high
        low = Decimal(0) if not isinstance(high, Decimal) or high >= 0 else high - SPAN
        return bounds.also(ColumnBounds(low=low))
    if sign < 0 and bounds.high is None:
        low_end = bounds.low if isinstance(bounds.low, Decimal) else Decimal(0)
        return bounds.also(ColumnBounds(high=low_end + SPAN))
    return bounds


def _least(term: Term, bounds: Mapping[str, ColumnBounds]) -> Decimal | None:
    """The least value of a term; None where a product may be negative."""
    ends = [bounds[name].high if term.factor < 0 else bounds[name].low for name in term.columns]
    numbers = [each for each in ends if isinstance(each, Decimal)]
    if len(numbers) < len(ends) or (len(ends) > 1 and (term.factor < 0 or min(numbers) < 0)):
        return None
    return term.factor * prod(numbers, start=Decimal(1))


def _ends(term: Term, most: Decimal, bounds: Mapping[str, ColumnBounds]) -> Mapping[str, ColumnBounds]:
    """Ends of a term's columns so that it is no more than this."""
    end = most / term.factor
    if len(term.columns) == 1:
        return {term.columns[0]: ColumnBounds(low=end) if term.factor < 0 else ColumnBounds(high=end)}
    # Factors share by ratio, and zero has none: it counts as one here.
    lows = {name: max(Decimal(str(bounds[name].low)), Decimal(1)) for name in term.columns}
    root = (end / prod(lows.values(), start=Decimal(1))) ** (Decimal(1) / len(lows)) if end > 0 else Decimal(0)
    return {
        name: ColumnBounds(high=(low * root).quantize(Decimal("0.0001"), "ROUND_DOWN")) for name, low in lows.items()
    }


def as_total(limit: Limit, column: Columns) -> Definition | None:
    """`used + reserved <= total`: the column that is no less than a sum, to be computed as it and more, or None."""
    less = [term for term in limit.terms if term.factor < 0]
    if len(less) != 1 or less[0].factor != -1 or len(less[0].columns) != 1 or len(limit.terms) < 2:
        return None
    name = less[0].columns[0]
    draft, rest = column(name), [term for term in limit.terms if term is not less[0]]
    needs = tuple(dict.fromkeys(need for term in rest for need in term.columns))
    if is_fixed(draft) or draft.bounds.values is not None or draft.bounds.high is not None or name in needs:
        return None
    if any(column(need).type.kind not in NUMBERS for need in (name, *needs)):
        return None
    low = draft.bounds.low
    # The total is at least the sum; a least value of its own is kept only where the sum can't fall below it.
    if low is not None and not (
        isinstance(low, Decimal) and low <= 0 and all(_from_zero(column(need)) for need in needs)
    ):
        return None
    terms = " + ".join(f"{term.factor} * {' * '.join(map(quoted, term.columns))}" for term in rest)
    return Definition(name, f"{terms} - ({limit.most})".replace(" - (0)", "").replace("1 * ", ""), needs)


def _from_zero(column: ColumnDraft) -> bool:
    return isinstance(column.bounds.low, Decimal) and column.bounds.low >= 0


def limits_of(equation: Equation, way: Definition, column: ColumnDraft) -> Sequence[Limit]:
    """What an equation's other columns keep so that the computed one lies within its bounds."""
    own = next((term for term in equation.terms if term.columns == (way.column,)), None)
    if own is None:
        return ()
    # own + rest + constant = 0: it is -(rest + constant) / factor.
    rest = tuple(term for term in equation.terms if term is not own)
    turned = tuple(Term(-term.factor / own.factor, term.columns) for term in rest)
    constant = -equation.constant / own.factor
    found = []
    if isinstance(column.bounds.high, Decimal):
        found.append(Limit(turned, column.bounds.high - constant, column.bounds.high_open))
    if isinstance(column.bounds.low, Decimal):
        other = tuple(Term(-term.factor, term.columns) for term in turned)
        found.append(Limit(other, constant - column.bounds.low, column.bounds.low_open))
    return found
