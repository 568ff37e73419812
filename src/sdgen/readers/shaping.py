"""The shape of a scenario whose source tells no counts, for readers that draft no tables of a relational schema."""

from __future__ import annotations

import re
from collections.abc import Collection

from sdgen.inference.habits import null_habits, with_skew
from sdgen.inference.lookups import listed_rows
from sdgen.inference.shape import TableShape, links_of, shapes_of
from sdgen.readers.base import ROWS
from sdgen.readers.feasibility import refused_entities
from sdgen.scenario.model import Column, Entity, RowCount, Scenario


def shaped(scenario: Scenario, rows: int | None) -> Scenario:
    """The scenario with uneven links, with nulls as names suggest, and with the rows of its shape where `rows` is None.

    An entity of which the plan then refuses something stays as it was.
    """
    counted = _with_counts(scenario) if rows is None else scenario
    entities = {name: _with_nulls(entity) for name, entity in counted.entities.items()}
    changed = with_skew(_with(counted, entities))
    if changed.entities == scenario.entities:
        return scenario
    refused = refused_entities(changed)
    if not refused:
        return changed
    kept = {name: scenario.entities[name] if name in refused else each for name, each in changed.entities.items()}
    again = _with(scenario, kept)
    return scenario if refused_entities(again) else again


def _with(scenario: Scenario, entities: dict[str, Entity]) -> Scenario:
    return scenario.model_copy(update={"entities": entities}).read_from(scenario.origin, scenario.notes)


def _with_counts(scenario: Scenario) -> Scenario:
    shapes = shapes_of(scenario.entities, ROWS)
    entities = {
        name: _shaped(scenario, name, shapes[name]) if entity.rows == RowCount(count=ROWS) else entity
        for name, entity in scenario.entities.items()
    }
    return _with(scenario, entities)


def _shaped(scenario: Scenario, name: str, shape: TableShape) -> Entity:
    entity = scenario.entities[name]
    if shape.is_lookup:
        children = [other for other, each in scenario.entities.items() if other != name and _leads_to(each, name)]
        listed = listed_rows(name, entity, children, _unsaid(entity))
        return entity.model_copy(update={"rows": RowCount(fixed=listed) if listed else RowCount(count=shape.rows)})
    columns = dict(entity.columns)
    if shape.counts is not None and shape.apart is not None:
        name, spec = shape.apart
        columns[name] = columns[name].model_copy(update={"generator": spec})
    return entity.model_copy(update={"rows": shape.counts or RowCount(count=shape.rows), "columns": columns})


def _leads_to(entity: Entity, parent: str) -> bool:
    return any(link.parent == parent for link in links_of(entity).values())


def _with_nulls(entity: Entity) -> Entity:
    links = links_of(entity)
    unsaid = {*_unsaid(entity), *links}
    free = [name for name, column in entity.columns.items() if name in unsaid and _may_be_null(column)]
    found = null_habits(entity, free)
    if not found:
        return entity
    flags = {name: column for name, column in found.items() if column.hidden}
    return entity.model_copy(update={"columns": {**flags, **entity.columns, **found}})


def _may_be_null(column: Column) -> bool:
    free = column.nullable and column.null_rate is None and not column.null_rates
    return bool(free) and not (column.primary_key or column.hidden)


def _unsaid(entity: Entity) -> Collection[str]:
    """The columns that have no generator, and of which no condition speaks."""
    words = {word.lower() for check in entity.check for word in re.findall(r"\w+", check)}
    return [name for name, column in entity.columns.items() if column.generator is None and name.lower() not in words]
