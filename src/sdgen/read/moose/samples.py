"""Guesses taken while a model is read, where its scenario has to know them: names for ids, fields of JSON."""

from __future__ import annotations

from collections.abc import Mapping

from sdgen.plan.guess import with_guesses
from sdgen.scenario.model import Column, Entity, GeneratorSpec, RowCount, Scenario
from sdgen.scenario.types import Type

_ENTITY_ROWS = 240
_AT_ONCE = 20
_AS_OF = "2026-01-01T00:00:00Z"


def guessed(entity: str, column: str, type: Type, description: str = "") -> GeneratorSpec | None:
    """The generator that a rule finds for a column by its name and type."""
    return guesses(entity, {column: description}, type)[column]


def guesses(entity: str, descriptions: Mapping[str, str], type: Type) -> dict[str, GeneratorSpec | None]:
    """The generators that rules find for columns of one type, given by name with their descriptions."""
    asked = list(descriptions.items())
    found: dict[str, Column] = {}
    for start in range(0, len(asked), _AT_ONCE):  # each column is compared with those beside it
        some = _alone(entity, dict(asked[start : start + _AT_ONCE]), type)
        found.update(with_guesses(some).entities[entity].columns)
    return {name: found[name].generator for name in descriptions}


def sampled(entity: str, column: str, type: Type, count: int, description: str = "") -> list[str]:
    """Up to `count` different values of what a rule finds for a text column; the same for the same words."""
    from sdgen.errors import SdgenError
    from sdgen.generate import batch
    from sdgen.plan.compile import compile_plan
    from sdgen.plan.request import PlanRequest

    try:
        plan = compile_plan(_alone(entity, {column: description}, type), PlanRequest(seed=0))
    except SdgenError:
        return []
    values = batch(plan, entity, 0, _ENTITY_ROWS).column(column).to_pylist()
    return list(dict.fromkeys(str(value) for value in values if value))[:count]


def _alone(entity: str, descriptions: Mapping[str, str], type: Type) -> Scenario:
    columns = {name: Column(type=str(type), description=text) for name, text in descriptions.items()}
    rows = RowCount(count=_ENTITY_ROWS)
    return Scenario(name="sample", as_of=_AS_OF, entities={entity: Entity(rows=rows, columns=columns)})
