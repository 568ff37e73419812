"""Links that are declared distinct, as what they mean: a unique column, or a unique set with the counting link."""

from __future__ import annotations

from collections.abc import Mapping

from sdgen.generators.base import Generator
from sdgen.generators.links import ForeignKey
from sdgen.plan.choose import Key
from sdgen.plan.rows import counting_link
from sdgen.scenario.model import Entity, Scenario


def with_distinct(
    scenario: Scenario, generators: Mapping[Key, Generator], links: Mapping[str, Mapping[str, str]]
) -> Scenario:
    """The scenario with a unique column or set for each distinct link."""
    found = [key for key, generator in generators.items() if isinstance(generator, ForeignKey) and generator.distinct]
    if not found:
        return scenario
    entities = dict(scenario.entities)
    for name, column in found:
        entities[name] = _kept(entities[name], column, counting_link(entities[name].rows, links[name]))
    return scenario.model_copy(update={"entities": entities})


def _kept(entity: Entity, column: str, counted_by: str | None) -> Entity:
    if entity.rows.per and counted_by not in (None, column):
        pair = (str(counted_by), column)
        return entity.model_copy(update={"unique": tuple(dict.fromkeys([*entity.unique, pair]))})
    unique = entity.columns[column].model_copy(update={"unique": True})
    return entity.model_copy(update={"columns": {**entity.columns, column: unique}})
