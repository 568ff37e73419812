"""A plan's entities as the tables that targets write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pyarrow as pa

from sdgen.planning.dirt import ANSWER_KEY
from sdgen.planning.plan import ColumnPlan, DirtPlan, EntityPlan, ForeignKeyPlan, Plan
from sdgen.planning.sequence_offsets import entity_order
from sdgen.targets.base import Reference, Table, TableColumn


def tables_of(plan: Plan, only: Iterable[str] = ()) -> dict[str, Table]:
    """The tables to write, by entity, in the plan's order. Foreign keys to entities left out are dropped, and so are
    the keys that dirt breaks; the table that lists dirt is always among them.

    Entities may be in a circle by hidden columns alone: the tables then have an order of their own.
    """
    wanted = {*only, ANSWER_KEY} if only else set(plan.entities)
    tables = {name: _table(plan, entity, wanted) for name, entity in plan.entities.items() if name in wanted}
    if not plan.cyclic:
        return tables
    entities = {table.name: name for name, table in tables.items()}
    above = {name: [entities[each.table] for each in table.references] for name, table in tables.items()}
    return {name: tables[name] for name in entity_order(above)[0]}


def left_to_database(table: Table, dialect: str) -> Table:
    """The table without the columns that a database of a dialect computes itself."""
    computed = table.target.get(dialect, {}).get("computed") or {}
    columns = tuple(column for column in table.columns if column.name not in computed)
    return replace(table, columns=columns) if len(columns) < len(table.columns) else table


def _table(plan: Plan, entity: EntityPlan, wanted: set[str]) -> Table:
    written, dirt = {column.name for column in entity.written}, entity.dirt
    unique = (entity.primary_key, *entity.unique)
    # A key of a hidden column can't be declared, as the column is not written.
    kept = {columns for columns in unique if set(columns) <= written and (not dirt or dirt.keeps_unique(columns))}
    return Table(
        name=entity.table,
        entity=entity.name,
        columns=tuple(map(_column, entity.written)),
        rows=entity.rows - entity.first,
        primary_key=entity.primary_key if entity.primary_key in kept else (),
        unique=tuple(columns for columns in entity.unique if columns in kept),
        references=tuple(
            Reference(key.columns, plan.entities[key.entity].table, key.to)
            for key in entity.foreign_keys
            if key.entity in wanted and _is_kept(plan, dirt, key)
        ),
        target=entity.target,
        mode=entity.mode,
    )


def _is_kept(plan: Plan, dirt: DirtPlan | None, key: ForeignKeyPlan) -> bool:
    """Whether a foreign key can be declared: neither its columns nor the parent's key are dirty."""
    parent = plan.entities[key.entity].dirt
    return not (dirt and dirt.altered & set(key.columns)) and (not parent or parent.keeps_unique(key.to))


def _column(column: ColumnPlan) -> TableColumn:
    repeats = pa.types.is_dictionary(column.arrow)
    own = column.target
    return TableColumn(column.name, column.type, column.nullable, own, repeats, column.optional, column.identity)
