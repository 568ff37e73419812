"""Guesses by what a table holds rather than by its whole name: a `name` in CustomerDimension is a customer's."""

from __future__ import annotations

from sdgen.plan.guess import with_guesses
from sdgen.read.moose.names import stem, words_of
from sdgen.scenario.model import Entity, Scenario


def by_stem(scenario: Scenario) -> Scenario:
    """The scenario with the generators that rules find for tables' stems, where they find others for their names."""
    stems = {name: "_".join(stem(name)) for name in scenario.entities}
    stems = {name: short for name, short in stems.items() if short and stem(name) != words_of(name)}
    if not stems:
        return scenario
    stems = _distinct(stems, scenario)
    short = {stems.get(name, name): entity for name, entity in scenario.entities.items()}
    named, shortened = with_guesses(scenario), with_guesses(scenario.model_copy(update={"entities": short}))
    entities = {
        name: _taken(entity, named.entities[name], shortened.entities[stems.get(name, name)])
        for name, entity in scenario.entities.items()
    }
    return scenario.model_copy(update={"entities": entities})


def _distinct(stems: dict[str, str], scenario: Scenario) -> dict[str, str]:
    """Stems of which none is another's, or a table's own name: rules look at the end of a name."""
    taken = set(scenario.entities)
    found = {}
    for name, short in stems.items():
        while short in taken:
            short = f"one_{short}"
        taken.add(short)
        found[name] = short
    return found


def _taken(entity: Entity, named: Entity, shortened: Entity) -> Entity:
    columns = {
        name: shortened.columns[name]
        if column.generator is None and shortened.columns[name].generator != named.columns[name].generator
        else column
        for name, column in entity.columns.items()
    }
    return entity.model_copy(update={"columns": columns})
