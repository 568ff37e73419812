"""Partial unique indexes → partial unique sets, where a key has too few values to be unique in all rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from math import prod
from typing import Any

from sdgen.generators.base import Generator
from sdgen.generators.choices.choices import Choice
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.check_branches import Truth, branches_of
from sdgen.readers.sql.check_facts import CheckMeaning, ColumnBounds
from sdgen.readers.sql.drafts import Notes, PartialKey, TableDraft
from sdgen.readers.sql.schema import KeySchema
from sdgen.scenario.model import PartialUnique

Sizer = Callable[[TableDraft, str], int]  # how many values a column may take in a set; 0 where that isn't known

_FEW = 0.3  # the share of rows that match a flag or one value of many
_LIVE = re.compile(r"(?:deleted|archived|discarded|removed|destroyed|disabled|retired|voided|expired|revoked)(?:_|$)")


def partial_key(entity: TableDraft, key: KeySchema, dialect: str) -> PartialKey | None:
    """What a partial index's condition says column by column; None where it says more than that."""
    if key.computed or not key.nulls or re.search(r"\bOR\b", key.where, re.IGNORECASE):
        return None
    branches = branches_of(key.where, dialect, truth=Truth.TRUE)
    spelled = {name.lower(): name for name in entity.columns}
    if len(branches) != 1 or branches[0] != CheckMeaning(found := branches[0].columns) or not found:
        return None
    where: dict[str, Any] = {}
    for name, bounds in found.items():
        column = entity.columns.get(spelled.get(name.lower(), ""))
        said = None if column is None else _said(column, bounds)
        if column is None or said is None:
            return None
        where |= said
    return PartialKey(key, where)


def _said(column: ColumnDraft, bounds: ColumnBounds) -> dict[str, Any] | None:
    """A column's part of a condition, empty where all rows keep it; None where none do, or it says something else."""
    plain = ColumnBounds(values=bounds.values, other_than=bounds.other_than, null=bounds.null, not_null=bounds.not_null)
    if bounds.other_than and bounds.values is None and not bounds.null:
        return {column.name: {"not": [_value(value, column) for value in bounds.other_than]}}
    if bounds != plain or (bounds.null and not column.nullable):
        return None
    if bounds.null:
        return {column.name: None}
    if bounds.values is None:
        return {column.name: {"not": None}} if column.nullable else {}
    return {column.name: [_value(value, column) for value in bounds.values]}


def _value(value: Any, column: ColumnDraft) -> Any:
    if isinstance(value, Decimal):
        return bool(value) if column.type.kind == "bool" else int(value) if value == int(value) else float(value)
    if isinstance(value, bool) and column.type.kind != "bool":
        return int(value)
    return value


def settle_partial_keys(
    entity: TableDraft, generators: Mapping[tuple[str, str], Generator], size: Sizer, notes: Notes
) -> None:
    """Keep those keys unique in the rows that match which have too few values for all rows; the others in all rows."""
    for partial in entity.partial_keys:
        columns = tuple(name for name in partial.key.columns if name not in partial.where)
        sizes = [size(entity, name) for name in columns]
        if not partial.where or not columns or not all(sizes):
            unique_everywhere(entity, partial.key, notes)
            continue
        share = min(_natural_share(entity, partial, generators), prod(sizes) / max(entity.size, 1))
        entity.partial_unique.append(PartialUnique(columns=columns, where=partial.where, share=round(share, 4)))
        entity.kept_keys.append(partial.key)


def _natural_share(entity: TableDraft, partial: PartialKey, generators: Mapping[tuple[str, str], Generator]) -> float:
    name, said = next(iter(partial.where.items()))
    if said is None:
        return 0.9 if _LIVE.match(name.lower()) else 0.5
    if isinstance(said, Mapping):
        return 0.5
    chosen = generators.get((entity.name, name))
    listed = dict(chosen.entries) if isinstance(chosen, Choice) else {}
    weight = sum(listed.get(value, 0.0) for value in said)
    return max(weight / sum(listed.values()), 0.02) if weight else _FEW


def unique_everywhere(entity: TableDraft, key: KeySchema, notes: Notes) -> None:
    """Make a key unique in all rows, which is more than it asks."""
    if len(key.columns) == 1:
        entity.columns[key.columns[0]].unique = True
    elif all(set(key.columns) != set(known) for known in (entity.primary, *entity.unique)):
        entity.unique.append(key.columns)
    what = f"unique index {key.name} holds where {' '.join(key.where.split())}: made unique everywhere"
    notes.add(entity, "", what, key.line)


def give_up_partial_key(entity: TableDraft, number: int, notes: Notes) -> None:
    """Make a key unique in all rows whose condition the plan can't keep."""
    del entity.partial_unique[number]
    unique_everywhere(entity, entity.kept_keys.pop(number), notes)
