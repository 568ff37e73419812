"""Sets of columns that are unique among the rows which a condition picks: partial unique indexes.

The rows that match are chosen first, from their numbers alone. What the condition says then follows from the choice,
and the key's columns of the k-th row that matches are the k-th of a permutation (docs/decisions/0013).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sdgen.errors import Path, ProblemType, did_you_mean
from sdgen.generators import streams
from sdgen.generators.arrays.scalars import scalar_array
from sdgen.generators.base import Generator
from sdgen.generators.choices.choices import Choice
from sdgen.generators.expressions import Expression
from sdgen.generators.links.links import ForeignKey
from sdgen.planning.choose import Key
from sdgen.planning.draft import Draft
from sdgen.planning.nulls import null_source
from sdgen.planning.partial_digits import counted_by_link, digits
from sdgen.planning.partial_rows import (
    BLOCK,
    SHARE,
    Chosen,
    FirstChildren,
    Matching,
    PartialIndexes,
    PartialSets,
    Selection,
)
from sdgen.planning.unique_sets import JointIndexes, least_sets
from sdgen.scenario.model import PartialUnique
from sdgen.scenario.types import INTEGERS, TEXTS, Type


def plan_partial_sets(draft: Draft, joints: Mapping[Key, JointIndexes]) -> PartialSets:
    """What partial unique sets ask of columns; those that can't be kept become problems.

    joints: the columns whose indexes unique sets have taken already.
    """
    indexes: dict[Key, PartialIndexes] = {}
    matching: dict[Key, Matching] = {}
    for name, entity in draft.scenario.entities.items():
        numbered = enumerate(entity.partial_unique)
        sets = [(number, each) for number, each in numbered if _known(draft, name, number, each)]
        for group in _groups(sets):
            _settle(draft, name, group, joints, indexes, matching)
    return PartialSets(indexes, matching)


def _known(draft: Draft, entity: str, number: int, partial: PartialUnique) -> bool:
    """Whether all columns of a set are there; told where one isn't."""
    columns = draft.scenario.entities[entity].columns
    for name in (*partial.columns, *partial.where):
        if name not in columns:
            where = (*_path(entity, number), "columns" if name in partial.columns else "where")
            draft.refuse(where, f"{entity} has no column {name!r}", did_you_mean(name, columns), ProblemType.REFERENCE)
    return all((entity, name) in draft.types for name in (*partial.columns, *partial.where))


def _path(entity: str, number: int) -> Path:
    return ("entities", entity, "partial_unique", number)


Numbered = tuple[int, PartialUnique]


def _groups(sets: Iterable[Numbered]) -> list[list[Numbered]]:
    """Sets that share columns, of their keys or their conditions, are one choice of rows."""
    groups: list[tuple[set[str], list[Numbered]]] = []
    for number, each in sets:
        names = {*each.columns, *each.where}
        near = [group for group in groups if group[0] & names]
        rest = [group for group in groups if not group[0] & names]
        joined = names.union(*(group[0] for group in near))
        groups = [*rest, (joined, [*(one for group in near for one in group[1]), (number, each)])]
    return [sorted(group, key=lambda one: one[0]) for _, group in groups]


def _settle(
    draft: Draft,
    entity: str,
    group: list[Numbered],
    joints: Mapping[Key, JointIndexes],
    indexes: dict[Key, PartialIndexes],
    matching: dict[Key, Matching],
) -> None:
    """Choose the rows of a group, and what its columns hold there."""
    # What is unique in all rows is so in those that match, and needs no choice of rows.
    group = [(number, each) for number, each in group if not _unique_anyway(draft, entity, each.columns)]
    if not group:
        return
    conditions = _conditions(draft, entity, group)
    # Sorted, so that no row depends on the order in which a scenario writes its sets.
    key = streams.stream_key(draft.seed, entity, ",".join(sorted(conditions)), "partial")
    taken: dict[str, tuple[JointIndexes, int]] = {}
    limits = []
    for columns in least_sets([each.columns for _, each in group]):
        # A column of the condition holds one of few values in all rows that match, and can't tell them apart.
        free = [name for name in columns if name not in conditions or conditions[name].null is False]
        found = counted_by_link(draft, entity, free) or digits(draft, entity, free, joints, taken, key)
        if found is None:
            number = next(number for number, each in group if each.columns == columns)
            what = f"({', '.join(columns)}) can't be made unique among the rows that match"
            hint = "one of its columns needs a finite domain of its own: a link, choice, uniform_int, date …"
            draft.refuse(_path(entity, number), what, hint, ProblemType.UNIQUE)
            return
        limits.append(found)
    # One choice of rows for all sets of the group, so that the one with the fewest values sets the limit.
    selection = _selection(draft, entity, [each for _, each in group], min(limits), key)
    for name, (joint, offset) in taken.items():
        indexes[entity, name] = PartialIndexes(selection, joint, offset)
    for name, condition in conditions.items():
        found_matching = _matching(draft, (entity, name), selection, condition)
        if isinstance(found_matching, str):
            number = next(number for number, each in group if name in each.where)
            draft.refuse(_path(entity, number), f"{name} {found_matching}", _HINT, ProblemType.UNIQUE)
        else:
            matching[entity, name] = found_matching


def _selection(draft: Draft, entity: str, group: list[PartialUnique], limit: int, key: int) -> Chosen:
    first = draft.request.first(entity)
    link = draft.counting_link(entity)
    if link and any(link in each.columns for each in group):
        return FirstChildren(draft.layouts[entity], limit, first)
    share = min((each.share for each in group if each.share is not None), default=SHARE)
    return Selection(key, min(max(round(share * BLOCK), 1), BLOCK), limit, first)


_HINT = "a condition may name booleans, listed values (choice), and columns that are null or not"


def _unique_anyway(draft: Draft, entity: str, columns: tuple[str, ...]) -> bool:
    alone = any(draft.alone_unique((entity, name)) for name in columns)
    held = [draft.primary_key(entity), *draft.scenario.entities[entity].unique]
    return alone or any(each and set(each) <= set(columns) for each in held)


# ------------------------------------------------------------------ what conditions say


@dataclass(frozen=True)
class _Condition:
    """What rows that match hold in a column: a null, no null, or one of some values.

    excluding: the rows that don't match hold none of it.
    """

    null: bool | None = None
    values: tuple[Any, ...] = ()
    others: tuple[Any, ...] = ()
    excluding: bool = False


def _conditions(draft: Draft, entity: str, group: list[Numbered]) -> dict[str, _Condition]:
    """The conditions of a group, by column: one of the values of either; the first column of each tells rows apart.

    A set whose condition can't hold together with those before it becomes a problem.
    """
    found: dict[str, _Condition] = {}
    for number, each in group:
        # A row that doesn't match must fail each condition somewhere. A column that tells rows apart for an earlier set
        # does so for this one, too.
        apart = next((name for name in each.where if name in found and found[name].excluding), next(iter(each.where)))
        for name, text in each.where.items():
            new = _condition(text)
            old = found.get(name, new)
            if (old.null, bool(old.values), old.others) != (new.null, bool(new.values), new.others):
                what = f"its condition on {name} can't hold together with that of another set"
                draft.refuse(_path(entity, number), what, _HINT, ProblemType.UNIQUE)
            values = tuple(dict.fromkeys((*old.values, *new.values)))
            found[name] = replace(old, values=values, excluding=old.excluding or name == apart)
    return found


def _condition(where: Any) -> _Condition:
    if where is None:
        return _Condition(null=True)
    if isinstance(where, Mapping):
        other = where.get("not")
        return _Condition(null=False) if other is None else _Condition(others=tuple(_several(other)))
    return _Condition(values=tuple(_several(where)))


def _several(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list | tuple) else (value,)


def _matching(draft: Draft, key: Key, selection: Chosen, where: _Condition) -> Matching | str:
    """What a column holds in rows that match and in others, or why that can't be said of it."""
    generator = draft.generators[key]
    own_nulls = _null_by_itself(draft, key)
    if isinstance(generator, ForeignKey):
        tree = generator.entity == key[0] or bool(generator.within)
        if where.null is None or tree or (generator.via or key[1]) != key[1]:
            return "is a link: only whether it is null can be asked of it"
        own_nulls = False
    if where.null is not None:
        if own_nulls or not (draft.column(key).nullable or draft.missing_rate(key)):
            return "can't be made null, or kept from it, row by row"
        outside = (not where.null) if where.excluding else None
        return Matching(selection, null_inside=where.null, null_outside=outside)
    if own_nulls:
        return "may be null by its generator"
    type = draft.types[key]
    try:
        return _valued(draft, key, generator, type, selection, where)
    except ValueError as error:
        return f"can't hold what the condition asks for: {error}"


# Sums of columns and spans are null where one of the columns is, and nowhere else.
_SUM = re.compile(r"(?:[\s+(),]|\"(?:[^\"]|\"\")*\"|\d+|\b(?:greatest|least|to_seconds|to_days|cast|as|date)\b)+", re.I)


def _null_by_itself(draft: Draft, key: Key) -> bool:
    """Whether a column may be null in rows where its null rate asks for none."""
    generator = draft.generators[key]
    if isinstance(generator, Expression) and _SUM.fullmatch(generator.sql):
        homes = [draft.home(key[0], need) for need in generator.needs()]
        return any(draft.missing_rate(home) > 0 or _null_by_itself(draft, home) for home in homes)
    return generator.may_be_null or bool(null_source(draft, key))


def _valued(
    draft: Draft, key: Key, generator: Generator, type: Type, selection: Chosen, where: _Condition
) -> Matching | str:
    listed = _listed(generator, type)
    if where.others:
        where = replace(where, values=tuple(value for value in listed if value not in where.others))
    inside = _choice({value: listed.get(value, 1.0) or 1.0 for value in where.values}) if where.values else None
    others = {value: weight for value, weight in listed.items() if value not in where.values}
    if inside is None or (listed and where.excluding and not any(others.values())):
        return "has no value besides those of the condition"
    scalar_array(list(where.values), type)
    if not where.excluding:
        return Matching(selection, None, inside, null_inside=False)
    if listed:
        return Matching(selection, None, inside, _choice(others), null_inside=False)
    refused = scalar_array(list(where.values), type)
    spare = _spare(where.values, type)
    if spare is None:
        return "has no list of values"
    return Matching(selection, None, inside, None, refused, scalar_array([spare], type)[0], null_inside=False)


def _listed(generator: Generator, type: Type) -> dict[Any, float]:
    """The values that a column draws among, with their weights; none where they aren't listed."""
    if isinstance(generator, Choice):
        return dict(generator.entries) or dict.fromkeys(type.values, 1.0)
    if type.kind == "bool":
        return {True: 1.0, False: 1.0}
    return dict.fromkeys(type.values, 1.0)


def _choice(weights: Mapping[Any, float]) -> Choice:
    return Choice(values=tuple(weights), weights=tuple(weights.values()))


def _spare(values: tuple[Any, ...], type: Type) -> Any:
    """A value that is none of some."""
    if type.kind in INTEGERS:
        return next(number for number in range(len(values) + 2) if number not in {int(value) for value in values})
    if type.kind in TEXTS:
        return next(text for text in ("other", "none", "n", "o", "") if text not in values)
    return None
