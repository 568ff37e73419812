"""How many rows tables have where nobody says so, and what of them is null: by what their names and links suggest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from math import ceil

from sdgen.inference.habits import null_habits
from sdgen.inference.lookups import listed_rows
from sdgen.inference.shape import TableShape, shapes_of
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.sql.check_facts import ColumnBounds
from sdgen.readers.sql.drafts import TableDraft
from sdgen.scenario.model import Column, RowCount
from sdgen.scenario.types import Type

_SPREAD = 1.25  # rows that a law may give, as a multiple of those that it gives on average


def set_shapes(entities: Sequence[TableDraft], rows: int) -> set[str]:
    """Give tables the rows of their shapes; the names of those that are lookups.

    Tables whose rows are already counted by others' stay as they are, and so do those others.
    """
    planned = {entity.name: entity.entity() for entity in entities if entity.size}
    counted = {each.name for entity in entities if entity.per is not None for each in (entity, entity.per)}
    shapes = shapes_of(planned, rows)
    # Intervals that never overlap are laid out for a number of rows that is known.
    counted |= {entity.name for entity in entities if entity.schema.exclusions}
    for entity in entities:
        # A key may have left room for fewer by now.
        if entity.name in shapes and entity.name not in counted and entity.alone == rows:
            _set_shape(entity, shapes[entity.name])
    return {name for name, shape in shapes.items() if shape.is_lookup}


def _set_shape(entity: TableDraft, shape: TableShape) -> None:
    entity.alone = shape.rows
    counts = shape.counts
    if counts is None or not _may_count(entity, counts):
        return
    entity.counts, entity.alone = counts, ceil(shape.rows * _SPREAD) if counts.mean else shape.rows
    if shape.apart is not None and entity.columns[shape.apart[0]].bounds == ColumnBounds():
        name, spec = shape.apart
        entity.columns[name].fill(spec.type, **spec.params)


def _may_count(entity: TableDraft, counts: RowCount) -> bool:
    """Whether nothing else says which parent of theirs rows have."""
    params = entity.columns[counts.via].params
    others = any("within" in column.params for column in entity.columns.values() if column.is_link)
    return set(params) == {"entity", "column"} and not others and not entity.partial_keys


def list_lookups(entities: Sequence[TableDraft], lookups: Iterable[str]) -> None:
    """Let lookups list the values that their names suggest, where no CHECK speaks of the columns."""
    for entity in entities:
        if entity.name in lookups and entity.per is None:
            free = [name for name in entity.columns if _is_free(entity, name)]
            children = [each.name for each in entities if _refers(each, entity)]
            entity.listed = listed_rows(entity.name, entity.entity(), children, free)
            entity.alone = len(entity.listed) or entity.alone


def set_null_habits(entity: TableDraft) -> None:
    """Let columns be null together or rarely where names say so, and no constraint speaks of their nulls."""
    free = [name for name, column in entity.columns.items() if _may_be_null(column) and _is_unchecked(entity, name)]
    keys = [each.key for each in entity.partial_keys] + [each.key for each in entity.marked_keys]
    partial = {column for key in keys for column in key.columns}
    found = null_habits(entity.entity(), [name for name in free if name not in partial])
    flags = {name: _flag(name, column) for name, column in found.items() if column.hidden}
    for name in found.keys() - flags.keys():
        column = entity.columns[name]
        column.null_rate, column.null_rates = found[name].null_rate, found[name].null_rates
    entity.columns = {**flags, **entity.columns}


def _flag(name: str, column: Column) -> ColumnDraft:
    return ColumnDraft(name, Type("bool"), column.generator, hidden=True, demanded=True)


def _may_be_null(column: ColumnDraft) -> bool:
    own = column.generator is not None and not column.is_link
    return column.nullable and column.null_rate is None and not (column.null_rates or column.primary or own)


def _is_unchecked(entity: TableDraft, name: str) -> bool:
    """Whether no CHECK speaks of a column."""
    column = entity.columns[name]
    spoken = any(re.search(rf"\b{re.escape(name)}\b", check.sql, re.IGNORECASE) for check in entity.schema.checks)
    return not (spoken or column.bounds != ColumnBounds() or column.cases is not None or column.checks)


def _is_free(entity: TableDraft, name: str) -> bool:
    column = entity.columns[name]
    return column.generator is None and not column.default and _is_unchecked(entity, name)


def _refers(child: TableDraft, parent: TableDraft) -> bool:
    return child is not parent and any(
        column.is_link and column.params["entity"] == parent.name for column in child.columns.values()
    )
