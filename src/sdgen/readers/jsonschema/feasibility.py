"""Makes a scenario of guesses possible: a generator that can't serve its column gives way, and that is told."""

from __future__ import annotations

from collections.abc import Iterable

from sdgen.errors import Path, Problem, ScenarioError
from sdgen.planning.compile import compile_plan
from sdgen.readers.sql.types import FALLBACKS
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.scenario.types import INTEGERS, parse_type

_ROUNDS = 5
_REQUEST = PlanRequest(seed=0)


def settled(scenario: Scenario) -> Scenario:
    """The scenario without what the plan refuses in it: its columns' generators, else their types, else they go."""
    tried: dict[Path, int] = {}
    notes = list(scenario.notes)
    for _ in range(_ROUNDS):
        try:
            compile_plan(scenario, _REQUEST)
        except ScenarioError as error:
            places = {problem.path[:4]: problem for problem in error.problems if len(problem.path) >= 4}
            if not places:
                break
            scenario = _changed(scenario, places.values(), tried, notes)
            continue
        break
    return scenario.read_from(scenario.origin, notes)


def _changed(scenario: Scenario, problems: Iterable[Problem], tried: dict[Path, int], notes: list[Problem]) -> Scenario:
    entities = dict(scenario.entities)
    for problem in problems:
        path = problem.path[:4]
        entity, name = str(path[1]), str(path[3])
        column = entities[entity].columns.get(name)
        if column is None:
            continue
        rounds = tried[path] = tried.get(path, -1) + 1
        found, what = _other(column, rounds)
        columns = {key: each for key, each in entities[entity].columns.items() if key != name or found is not None}
        if found is not None:
            columns[name] = found
        if columns:
            entities[entity] = Entity(**{**dict(entities[entity]), "columns": columns})
        if what and not (rounds == 0 and column.generator is None):
            notes.append(scenario.origin.problem(path, f"{what}: {problem.what}"))
    return scenario.model_copy(update={"entities": entities}).read_from(scenario.origin, notes)


def _other(column: Column, rounds: int) -> tuple[Column | None, str]:
    """What to try next with a column that can't be as it is, and what that means."""
    type = parse_type(column.type)
    if rounds == 0 and column.generator is not None:
        return column.model_copy(update={"generator": None}), "its values follow its name alone"
    if rounds <= 1:
        spec = _distinct(column) if column.primary_key else FALLBACKS.get(type.kind)
        if spec is not None:
            return column.model_copy(update={"generator": spec}), ""
    if rounds <= 2 and type.items:
        json = column.model_copy(update={"type": "json", "generator": FALLBACKS["json"]})
        return json, "it is a JSON document here"
    return None, "the column is left out"


def _distinct(column: Column) -> GeneratorSpec | None:
    kind, length = parse_type(column.type).kind, parse_type(column.type).length
    if kind in INTEGERS or kind == "decimal":
        return GeneratorSpec(type="sequence")
    if kind in ("text", "string") and 0 < length < 36:
        return GeneratorSpec(type="pattern", params={"regex": f"[A-Z0-9]{{{min(length, 12)}}}"})
    return GeneratorSpec(type="uuid4") if kind in ("text", "string", "uuid") else None
