"""Times that ClickHouse's shorter types hold: Date and DateTime begin in 1970, and people are born before that."""

from __future__ import annotations

from collections.abc import Mapping

from sdgen.plan.guess import with_guesses
from sdgen.read.moose.clicktypes import ClickType
from sdgen.scenario.model import Column, GeneratorSpec, Scenario

_SHORT = frozenset({"Date", "DateTime"})
_FIRST = "1970-01-01"


def within_range(scenario: Scenario, types: Mapping[str, Mapping[str, ClickType]]) -> Scenario:
    """The scenario with generators that stay within range, where a rule would choose one that does not."""
    short = {
        (entity, name)
        for entity, columns in types.items()
        for name, type in columns.items()
        if type.word in _SHORT and scenario.entities[entity].columns[name].generator is None
    }
    if not short:
        return scenario
    guessed = with_guesses(scenario)
    entities = dict(scenario.entities)
    for entity, name in short:
        spec = _later(guessed.entities[entity].columns[name].generator)
        if spec is not None:
            columns: dict[str, Column] = {**entities[entity].columns}
            columns[name] = columns[name].model_copy(update={"generator": spec})
            entities[entity] = entities[entity].model_copy(update={"columns": columns})
    return scenario.model_copy(update={"entities": entities})


def _later(spec: GeneratorSpec | None) -> GeneratorSpec | None:
    """What to use instead of a generator whose times may be before 1970; None where they are not."""
    if spec is None:
        return None
    if "birth" in spec.type:
        return GeneratorSpec(type="date", params={"start": _FIRST, "end": "-18y"})
    start = str(spec.params.get("start", ""))
    if start[:4].isdigit() and start < _FIRST:
        return GeneratorSpec(type=spec.type, params={**spec.params, "start": _FIRST})
    return None
