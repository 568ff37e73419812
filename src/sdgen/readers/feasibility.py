"""What readers ask of planning: whether a drafted scenario can be made, and what stands against it.

No other module of the readers knows planning. It is imported inside the functions: a source whose columns all name
their generators is read without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from sdgen.errors import Path, Problem, ProblemType, ScenarioError, SdgenError
from sdgen.readers.drafts import EntityDraft
from sdgen.readers.sql.text_types import FALLBACKS
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.scenario.types import INTEGERS, Type, parse_type

if TYPE_CHECKING:
    import pyarrow as pa

    from sdgen.generators.base import Generator
    from sdgen.planning import draft as planning_draft

    PlanDraft: TypeAlias = planning_draft.Draft

Key = tuple[str, str]  # entity and column
_ANY_SEED = 0  # what is possible doesn't depend on the seed


class Planner:
    """Plans entities as they are drafted; the guesses for those that have not changed are kept from one to the next."""

    def __init__(self, name: str, entities: Sequence[EntityDraft]) -> None:
        self.name = name
        self.entities = entities
        self.planned: dict[str, Entity] = {}
        self.guessed: Mapping[str, Entity] = {}
        self.last: tuple[int, PlanDraft] | None = None

    def draft(self, scale: int = 1) -> PlanDraft:
        """The plan in the making of the entities as they are now, for `scale` times their rows."""
        from sdgen.planning.drafting import draft_plan

        planned = {entity.name: entity.entity() for entity in self.entities}
        # Guessing is nine tenths of the work, and a round changes few entities.
        kept = {name: self.guessed[name] for name, entity in planned.items() if self.planned.get(name) == entity}
        if self.last is not None and self.last[0] == scale and kept.keys() == planned.keys():
            return self.last[1]
        scenario = Scenario(name=self.name, entities={**planned, **kept})
        draft = draft_plan(scenario, PlanRequest(seed=_ANY_SEED, scale=scale))
        self.planned, self.guessed, self.last = planned, draft.scenario.entities, (scale, draft)
        return draft


def refused_unique_sets(draft: PlanDraft) -> set[object]:
    """The entities with a unique set that the plan has no permutation for."""
    from sdgen.planning.unique_sets import plan_unique_sets

    before = len(draft.problems)
    # Problems are added to the draft's own, so what is new since then is what this step refuses.
    plan_unique_sets(draft)
    return {problem.path[1] for problem in draft.problems[before:]}


def refused_partial_sets(draft: PlanDraft) -> dict[str, int]:
    """The number of the first partial unique set that the plan can't keep, by entity."""
    from sdgen.planning.partial_sets import plan_partial_sets
    from sdgen.planning.unique_sets import plan_unique_sets

    joints = plan_unique_sets(draft)
    before = len(draft.problems)
    plan_partial_sets(draft, joints)
    found = [(str(problem.path[1]), int(problem.path[3])) for problem in draft.problems[before:]]
    # Reversed, so that of several of one entity the first one stays.
    return dict(reversed(found))


def least_unique_sets(sets: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The sets that hold no other one of them: what is unique by fewer columns is unique by more."""
    from sdgen.planning.unique_sets import least_sets

    return list(least_sets(sets))


def refused_columns(scenario: Scenario) -> set[Path]:
    """The paths of the columns that the plan finds something wrong with."""
    from sdgen.planning.compile import check_scenario

    return {problem.path[:4] for problem in check_scenario(scenario) if len(problem.path) >= 4}


def refused_entities(scenario: Scenario) -> set[str]:
    """The entities that the plan finds something wrong with."""
    from sdgen.planning.compile import check_scenario

    return {str(problem.path[1]) for problem in check_scenario(scenario) if problem.path[:1] == ("entities",)}


def refused_conditions(draft: PlanDraft) -> set[Path]:
    """The paths of the checks that rows can't be tried by."""
    from sdgen.planning.conditions import plan_conditions

    before = len(draft.problems)
    plan_conditions(draft)
    return {problem.path[:4] for problem in draft.problems[before:]}


def chosen_generators(scenario: Scenario) -> Mapping[Key, Generator]:
    """The generators of all columns that have one without fault, those that rules find among them."""
    from sdgen.inference.guess import with_guesses
    from sdgen.planning.choose import choose_generators

    return choose_generators(with_guesses(scenario), [])


def generator_problems(scenario: Scenario, specs: Iterable[tuple[GeneratorSpec, Path]]) -> list[Problem]:
    """What is wrong with generators, each given with its path."""
    from sdgen.planning.choose import make_generator

    problems: list[Problem] = []
    for spec, path in specs:
        make_generator(scenario, spec, path, problems)
    return problems


def cycles_of(parents: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """Entities whose links lead back to them: each cycle, its first entity named again at its end."""
    from sdgen.planning.sequence_offsets import entity_order

    return entity_order(parents)[1]


def sampled_values(scenario: Scenario, entity: str, column: str, rows: int) -> list[object]:
    """The values of a column's first rows; [] where the scenario can't be made."""
    from sdgen.engine import batch
    from sdgen.planning.compile import compile_plan

    try:
        plan = compile_plan(scenario, PlanRequest(seed=_ANY_SEED))
    except SdgenError:
        return []
    values: list[object] = batch(plan, entity, 0, rows).column(column).to_pylist()
    return values


def sampled_columns(scenario: Scenario, keys: Iterable[Key], rows: int) -> Iterator[tuple[Key, pa.Array]]:
    """The first rows of some columns, more than there are where they can be made; nothing where none can."""
    import numpy as np

    from sdgen.planning.compile import compile_plan
    from sdgen.planning.planned_rows import PlannedRows

    try:
        plan = compile_plan(scenario, PlanRequest(seed=_ANY_SEED))
    except SdgenError:
        return
    made: dict[tuple[str, int], PlannedRows] = {}
    for entity, column in keys:
        settled = plan.entities[entity]
        # More rows than there are show what an append would make; what can't be made beyond the end is tried without.
        for count in (rows, min(rows, settled.rows)):
            if (entity, count) not in made:
                made[entity, count] = PlannedRows(plan, settled, np.arange(count, dtype=np.int64))
            try:
                values = made[entity, count].column(column)
            except (SdgenError, ValueError, LookupError):  # what is unique, or counted, may end with the rows
                continue
            yield (entity, column), values
            break


# ------------------------------------------------------------------ a scenario that gives way until it can be made

_ROUNDS = 5


def feasible(scenario: Scenario) -> Scenario:
    """The scenario without what the plan refuses in it, which is told in notes.

    A refused column loses its generator first; then it gets the plainest of its type; then it is a JSON document where
    it was nested; then it goes.
    """
    from sdgen.planning.compile import compile_plan

    rounds: dict[Path, int] = {}
    notes = list(scenario.notes)
    for _ in range(_ROUNDS):
        try:
            compile_plan(scenario, PlanRequest(seed=_ANY_SEED))
            break
        except ScenarioError as error:
            # A problem of a whole entity has no column that could give way: the plan itself tells it then.
            refused = {problem.path[:4]: problem for problem in error.problems if len(problem.path) >= 4}
            if not refused:
                break
            scenario = _given_way(scenario, refused.values(), rounds, notes)
    return scenario.read_from(scenario.origin, notes)


def _given_way(
    scenario: Scenario, problems: Iterable[Problem], rounds: dict[Path, int], notes: list[Problem]
) -> Scenario:
    entities = dict(scenario.entities)
    for problem in problems:
        path = problem.path[:4]
        entity, name = str(path[1]), str(path[3])
        column = entities[entity].columns.get(name)
        if column is None:
            continue
        number = rounds[path] = rounds.get(path, -1) + 1
        other, what = _plainer(column, number)
        columns = {key: each for key, each in entities[entity].columns.items() if key != name or other is not None}
        if other is not None:
            columns[name] = other
        if columns:
            entities[entity] = Entity(**{**dict(entities[entity]), "columns": columns})
        if what and not (number == 0 and column.generator is None):
            notes.append(scenario.origin.problem(path, f"{what}: {problem.what}"))
    return scenario.model_copy(update={"entities": entities}).read_from(scenario.origin, notes)


def _plainer(column: Column, round: int) -> tuple[Column | None, str]:
    """What to try next with a column that can't be as it is, and what that means."""
    if not column.type:
        column = column.model_copy(update={"type": "text"})
        if round == 0 and column.generator is None:
            return column, "it is text"
    type = parse_type(column.type)
    if round == 0 and column.generator is not None:
        return column.model_copy(update={"generator": None}), "its values follow its name alone"
    if round <= 1:
        spec = distinct_key(type) if column.primary_key else FALLBACKS.get(type.kind)
        if spec is not None:
            return column.model_copy(update={"generator": spec}), ""
    if round <= 2 and type.items:
        json = column.model_copy(update={"type": "json", "generator": FALLBACKS["json"]})
        return json, "it is a JSON document here"
    return None, "the column is left out"


def distinct_key(type: Type) -> GeneratorSpec | None:
    """Keys of a type, as many distinct ones as it has room for; None where it is no type of keys."""
    if type.kind in INTEGERS or type.kind == "decimal":
        return GeneratorSpec(type="sequence")
    if type.kind in ("text", "string") and 0 < type.length < 36:
        return letters(min(type.length, 12))
    return GeneratorSpec(type="uuid4") if type.kind in ("text", "string", "uuid") else None


def letters(length: int) -> GeneratorSpec:
    """Codes of capital letters and digits."""
    return GeneratorSpec(type="pattern", params={"regex": f"[A-Z0-9]{{{length}}}"})


# ------------------------------------------------------------------ problems beyond those that a reader reports

# The type of problem that follows where the first name of a part's path is this.
_FOLLOWING = {"presets": ProblemType.UNKNOWN, "rules": ProblemType.MISSING}
_COUNTED = frozenset({ProblemType.ROWS, ProblemType.UNIQUE, ProblemType.CONSTRAINT})


def further_problems(scenario: Scenario, reported: Iterable[Problem]) -> list[Problem]:
    """What the plan finds wrong with what could be read of a scenario, besides what was reported."""
    from sdgen.planning.compile import check_scenario

    return independent(check_scenario(scenario.read_from(scenario.origin)), reported)


def independent(problems: Iterable[Problem], reported: Iterable[Problem]) -> list[Problem]:
    """The problems that are not of a part that was reported, nor there for want of one.

    An entity whose columns can't be read has no column that a link could lead to; that alone is no further problem.
    """
    reported = list(reported)
    new = (each for each in problems if not is_reported(each, reported))
    return [each for each in new if not any(_follows(each, other) for other in reported)]


def is_reported(problem: Problem, reported: Iterable[Problem]) -> bool:
    """Whether a problem is of a part of the scenario, or of a column, of which there is another one."""
    parts = (each.path[:4] for each in reported if each.path and each.type is not ProblemType.DUPLICATE)
    return any(problem.path[: len(part)] == part for part in parts)


def _follows(problem: Problem, reported: Problem) -> bool:
    """Whether there may be a problem only because of another one: an entity, column or count that is missing."""
    path = reported.path
    if reported.type is ProblemType.DUPLICATE or not path or path[0] != "entities":
        return bool(path) and _FOLLOWING.get(str(path[0])) is problem.type
    lost = len(path) < 3 or path[2:] == ("columns",) or (len(path) == 4 and isinstance(path[3], int))
    if lost and problem.type in (ProblemType.REFERENCE, ProblemType.ROWS):
        return True
    uncounted = path[2:3] == ("rows",) or (len(path) == 3 and reported.type is ProblemType.UNKNOWN)
    return uncounted and problem.path[:2] == path[:2] and problem.type in _COUNTED
