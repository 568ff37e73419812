"""Checks of a native scenario → generators that keep them, for the columns that name none.

What is not understood, or speaks of columns with generators of their own, is watched when rows are made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.feasibility import chosen_generators
from sdgen.readers.sql.check_branches import branches_of
from sdgen.readers.sql.check_facts import CheckMeaning
from sdgen.readers.sql.column_checks import demanded
from sdgen.readers.sql.column_orders import set_orders
from sdgen.readers.sql.drafts import TableDraft
from sdgen.readers.sql.schema import TableName, TableSchema
from sdgen.scenario.model import Column, Entity, Scenario
from sdgen.scenario.types import parse_type

_DIALECT = "duckdb"


def with_checks(scenario: Scenario) -> Scenario:
    """The scenario with generators for the columns that its checks speak of and that name none."""
    wanted = {name: entity for name, entity in scenario.entities.items() if entity.check and _free(entity)}
    if not wanted:
        return scenario
    chosen = chosen_generators(scenario)
    entities = dict(scenario.entities)
    for name, entity in wanted.items():
        draft = TableDraft(name, _drafts(entity), schema=TableSchema(TableName(name), ()), alone=0)
        bounds = _understood(entity)
        for column in bounds.columns.keys() & draft.columns.keys():
            draft.columns[column].bounds = bounds.columns[column]
        set_orders(draft, bounds)
        for column, drafted in draft.columns.items():
            if drafted.generator is None:
                found = demanded(drafted, chosen.get((name, column)))
                # What can't be kept is no problem here: the check is watched when rows are made.
                drafted.generator = found if not isinstance(found, str) else None
        entities[name] = entity.model_copy(update={"columns": _columns(entity, draft)})
    return scenario.model_copy(update={"entities": entities})


def _free(entity: Entity) -> dict[str, Column]:
    """The columns that a check may give a generator."""
    return {name: column for name, column in entity.columns.items() if column.generator is None and column.type}


def _drafts(entity: Entity) -> dict[str, ColumnDraft]:
    found: dict[str, ColumnDraft] = {}
    for name, column in _free(entity).items():
        try:
            type = parse_type(column.type)
        except ValueError:  # told with the other problems of the scenario
            continue
        found[name] = ColumnDraft(
            name, type, nullable=bool(column.nullable), unique=column.unique, primary=column.primary_key
        )
    return found


def _understood(entity: Entity) -> CheckMeaning:
    """What all checks say, of comparisons those of which both columns are free."""
    whole = CheckMeaning()
    for sql in entity.check:
        # A check with branches would need a hidden column that draws them: what a file says outright is not added to,
        # but watched.
        branches = branches_of(sql, _DIALECT)
        whole = whole.also(branches[0]) if len(branches) == 1 else whole
    # A column with a generator of its own is as its author wants it, and is not narrowed.
    free = _free(entity)
    return replace(
        whole,
        orders=tuple(order for order in whole.orders if order.low in free and order.high in free),
        different=tuple(pair for pair in whole.different if set(pair) <= free.keys()),
        equal=tuple(pair for pair in whole.equal if set(pair) <= free.keys()),
        gaps=tuple(gap for gap in whole.gaps if {gap.low, gap.high} <= free.keys()),
        equations=tuple(each for each in whole.equations if {each.ways[0].column, *each.ways[0].needs} <= free.keys()),
    )


def _columns(entity: Entity, draft: TableDraft) -> Mapping[str, Column]:
    """The entity's columns with what was drafted, and the hidden ones made for it before the columns they serve."""
    hidden = [name for name in draft.columns if name not in entity.columns]
    columns = {name: draft.columns[name].column() for name in hidden}
    for name, column in entity.columns.items():
        drafted = draft.columns.get(name)
        if drafted is None or drafted.generator is None:
            columns[name] = column
            continue
        rate = column.null_rate if drafted.null_rate is None else drafted.null_rate
        columns[name] = column.model_copy(update={"generator": drafted.generator, "null_rate": rate})
    return columns
