"""Generators of a user's own: a file of rules goes before what names, comments and types of a model tell."""

from __future__ import annotations

import re

from sdgen.plan.guess import with_guesses
from sdgen.read.rulesfile import with_rules_of
from sdgen.scenario.model import Entity, GeneratorSpec, Scenario

_FOUND = GeneratorSpec(type="const", params={"value": "a rule of the file speaks of this column"})
_LINKS = frozenset({"fk", "parent"})


def giving_way(scenario: Scenario, file: str) -> Scenario:
    """The scenario without the generators that were found for columns which a rule of the file speaks of.

    Keys, links and what the engine needs keep theirs. SourceError, ScenarioError as for the file itself.
    """
    rules = with_rules_of(scenario, file).rules[: None if not scenario.rules else -len(scenario.rules)]
    marking = tuple(rule.model_copy(update={"generator": _FOUND}) for rule in rules)
    bare = {name: _bare(entity) for name, entity in scenario.entities.items()}
    asked = with_guesses(scenario.model_copy(update={"entities": bare, "rules": marking})).entities
    entities = {name: _without(entity, asked[name]) for name, entity in scenario.entities.items()}
    return scenario.model_copy(update={"entities": entities})


def _bare(entity: Entity) -> Entity:
    """The entity without the generators that may give way."""
    engine = set(re.findall(r"\w+", str(entity.target.get("clickhouse", {}).get("engine", "")).partition("(")[2]))
    columns = {
        name: column
        if column.generator is None or column.generator.type in _LINKS or _stays(name, column.primary_key, engine)
        else column.model_copy(update={"generator": None})
        for name, column in entity.columns.items()
        if not column.hidden
    }
    return entity.model_copy(update={"columns": columns})


def _stays(name: str, primary_key: bool, engine: set[str]) -> bool:
    return primary_key or name in engine


def _without(entity: Entity, asked: Entity) -> Entity:
    columns = {
        name: column.model_copy(update={"generator": None})
        if name in asked.columns and asked.columns[name].generator == _FOUND
        else column
        for name, column in entity.columns.items()
    }
    return entity.model_copy(update={"columns": columns})
