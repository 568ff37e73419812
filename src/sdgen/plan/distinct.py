"""Links that are declared distinct, as what they mean: a unique column, or a unique set with the counting link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
        counted_by = counting_link(entities[name].rows, links[name])
        filled = [
            key[1]
            for key, link in generators.items()
            if key[0] == name and isinstance(link, ForeignKey) and (link.via or key[1]) == counted_by
        ]
        entities[name] = _kept(entities[name], column, filled)
    return scenario.model_copy(update={"entities": entities})


def _kept(entity: Entity, column: str, counted_by: Sequence[str]) -> Entity:
    """counted_by: the columns of the link that rows are counted by."""
    if counted_by and column not in counted_by:
        together = (*counted_by, column)
        primary = {name for name, each in entity.columns.items() if each.primary_key}
        if any(set(together) == set(known) for known in (primary, *entity.unique)):
            return entity
        return entity.model_copy(update={"unique": (*entity.unique, together)})
    unique = entity.columns[column].model_copy(update={"unique": True})
    return entity.model_copy(update={"columns": {**entity.columns, column: unique}})
