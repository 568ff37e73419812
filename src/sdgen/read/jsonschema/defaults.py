"""Defaults of properties as hints of what is common, where rules choose the values."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sdgen.plan.draft import draft_plan
from sdgen.plan.request import PlanRequest
from sdgen.read.relational_defaults import weighed
from sdgen.scenario.model import Column, Scenario
from sdgen.scenario.types import parse_type

Defaults = Mapping[tuple[str, str], object]


def hinted(scenario: Scenario, defaults: Defaults) -> Scenario:
    """The scenario with defaults, by entity and column, weighing on columns that have no generator yet."""
    wanted = {key: value for key, value in defaults.items() if _open(scenario, key)}
    if not wanted:
        return scenario
    generators = draft_plan(scenario, PlanRequest(seed=0)).generators
    entities = dict(scenario.entities)
    for (entity, name), value in wanted.items():
        column = entities[entity].columns[name]
        default = Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
        spec = weighed(parse_type(column.type), None, generators.get((entity, name)), default)  # type: ignore[arg-type]
        if spec is not None:
            columns = {**entities[entity].columns, name: column.model_copy(update={"generator": spec})}
            entities[entity] = entities[entity].model_copy(update={"columns": columns})
    return scenario.model_copy(update={"entities": entities}).read_from(scenario.origin, scenario.notes)


def _open(scenario: Scenario, key: tuple[str, str]) -> bool:
    column: Column | None = scenario.entities[key[0]].columns.get(key[1]) if key[0] in scenario.entities else None
    return column is not None and column.generator is None and not column.primary_key
