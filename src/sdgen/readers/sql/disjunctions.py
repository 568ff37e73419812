"""Branches, disjunctions of conjunctions: how they are joined and simplified."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sdgen.readers.sql.check_facts import CheckMeaning, ColumnBounds

Branches = tuple[CheckMeaning, ...]
MOST_BRANCHES = 64  # of one condition, and of CHECKs that are kept together


class TooManyError(Exception):
    """There are more branches than are told apart."""


def all_of(parts: Iterable[Branches]) -> Branches:
    """The branches in which all conditions hold."""
    whole: Branches = (CheckMeaning(),)
    # The shortest first: what contradicts is dropped early, before the product grows.
    for part in sorted(parts, key=len):
        whole = simplified([one.also(other) for one in whole for other in part])
        if len(whole) > MOST_BRANCHES:
            raise TooManyError
    return whole


def combined(parts: Iterable[Branches]) -> Branches | None:
    """The branches in which all conditions hold; None where they are too many."""
    try:
        return all_of(parts)
    except TooManyError:
        return None


def any_of(parts: Iterable[Branches]) -> Branches:
    """The branches in which one of the conditions holds."""
    found = simplified([branch for part in parts for branch in part])
    if len(found) > MOST_BRANCHES:
        raise TooManyError
    return found


def simplified(found: Sequence[CheckMeaning]) -> Branches:
    """Branches without those that no row keeps or that another one covers; lists of one column's values are joined."""
    kept: list[CheckMeaning] = []
    for branch in found:
        if branch.contradictory or any(branch.implies(other) for other in kept):
            continue
        kept = [other for other in kept if not other.implies(branch)]
        joined = next((whole for other in kept if (whole := _joined(other, branch)) is not None), None)
        # What was joined may cover others, or be joined with one more: until nothing changes.
        while joined is not None:
            kept = [other for other in kept if not other.implies(joined)]
            branch, joined = joined, next((whole for other in kept if (whole := _joined(other, joined))), None)
        kept.append(branch)
    return tuple(kept)


def _joined(one: CheckMeaning, other: CheckMeaning) -> CheckMeaning | None:
    """One branch for two that differ in one column's list of values: `a = 1 OR a = 2` is a list."""
    if one.columns.keys() != other.columns.keys() or one.also(other).related != one.related:
        return None
    differing = [name for name in one.columns if one.columns[name] != other.columns[name]]
    rest = (one.orders, one.different, one.equal, one.gaps, one.equations, one.limits, one.unknown)
    others = (other.orders, other.different, other.equal, other.gaps, other.equations, other.limits, other.unknown)
    if rest != others:
        return None
    if len(differing) != 1:
        return None
    name = differing[0]
    bounds = _either(one.columns[name], other.columns[name])
    return None if bounds is None else CheckMeaning({**one.columns, name: bounds}, *rest)


def _either(one: ColumnBounds, other: ColumnBounds) -> ColumnBounds | None:
    for null, rest in ((one, other), (other, one)):
        # `a IS NULL OR a > 5` is what SQL makes of the bound alone, since a null keeps it.
        if null == ColumnBounds(null=True) and rest.not_null:
            return replace(rest, not_null=False)
    if one.values is None or other.values is None or replace(one, values=other.values) != other:
        return None
    return replace(one, values=tuple(dict.fromkeys((*one.values, *other.values))))
