"""A scenario as the API shows it: its text, and its entities and columns as they are settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdgen.errors import SdgenError
from sdgen.execution.catalog import CatalogEntry
from sdgen.generate import probe
from sdgen.plan.compile import compile_plan
from sdgen.plan.model import ColumnPlan, EntityPlan, ForeignKeyPlan, Plan
from sdgen.read.sources import read_mapping, read_text_as_scenario
from sdgen.runs.records import ProblemRecord
from sdgen.scenario.model import Record, Scenario
from sdgen.web.allowance import bounded


class ColumnView(Record):
    """A column as it is settled. guessed: its generator was chosen by a rule. params: as the scenario gives them."""

    name: str
    type: str
    generator: str
    guessed: bool
    params: Mapping[str, Any] = {}
    description: str = ""
    primary_key: bool = False
    unique: bool = False
    nullable: bool = False
    null_rate: float = 0.0
    hidden: bool = False


class LinkView(Record):
    """A foreign key: these columns hold those of the parent entity."""

    columns: tuple[str, ...]
    entity: str
    to: tuple[str, ...]


class EntityView(Record):
    """An entity as it is settled; `rows` are those of a run that asks for no others."""

    name: str
    table: str
    rows: int
    description: str = ""
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[LinkView, ...] = ()
    columns: tuple[ColumnView, ...] = ()


class ScenarioView(Record):
    """A scenario with all that is in it, its entities in the order of writing. problems: why it can't be generated."""

    id: str
    name: str
    version: str
    description: str
    source: str
    file: str
    seed: int | None
    locale: str
    text: str
    entities: tuple[EntityView, ...]
    problems: tuple[ProblemRecord, ...] = ()


class Verdict(Record):
    """What validation says of a text. notes: what was guessed, or was not understood and left out."""

    valid: bool
    problems: tuple[ProblemRecord, ...] = ()
    notes: tuple[ProblemRecord, ...] = ()
    entities: tuple[EntityView, ...] = ()


def viewed(found: CatalogEntry[Scenario]) -> ScenarioView:
    """A scenario of the library."""
    scenario = found.value
    plan, problems = _planned(scenario)
    return ScenarioView(
        id=found.id,
        name=scenario.name,
        version=scenario.version,
        description=scenario.description,
        source=found.source,
        file=found.file,
        seed=scenario.seed,
        locale=scenario.locale,
        text=found.text,
        entities=_entities(scenario, plan),
        problems=problems,
    )


def judged(scenario: str | Mapping[str, Any], file: str = "scenario.yaml") -> Verdict:
    """What is wrong with a text, or with plain data; nothing is raised for it."""
    try:
        read = (
            read_text_as_scenario(scenario, file) if isinstance(scenario, str) else read_mapping(dict(scenario), file)
        )
    except SdgenError as error:
        return Verdict(valid=False, problems=tuple(map(ProblemRecord.of, error.problems)))
    plan, problems = _planned(read)
    notes = tuple(map(ProblemRecord.of, read.notes))
    return Verdict(valid=not problems, problems=problems, notes=notes, entities=_entities(read, plan))


def _planned(scenario: Scenario) -> tuple[Plan | None, tuple[ProblemRecord, ...]]:
    try:
        plan = compile_plan(bounded(scenario))
        return plan, tuple(map(ProblemRecord.of, probe(plan, scenario.origin)))
    except SdgenError as error:
        return None, tuple(map(ProblemRecord.of, error.problems))


def _entities(scenario: Scenario, plan: Plan | None) -> tuple[EntityView, ...]:
    return () if plan is None else tuple(_entity(scenario, each) for each in plan.entities.values())


def _entity(scenario: Scenario, plan: EntityPlan) -> EntityView:
    return EntityView(
        name=plan.name,
        table=plan.table,
        rows=plan.rows,
        description=scenario.entities[plan.name].description,
        primary_key=plan.primary_key,
        unique=plan.unique,
        foreign_keys=tuple(
            LinkView(columns=each.columns, entity=each.entity, to=each.to) for each in plan.foreign_keys
        ),
        columns=tuple(_column(scenario, plan, each) for each in plan.columns.values()),
    )


def _link(key: ForeignKeyPlan) -> LinkView:
    return LinkView(columns=key.columns, entity=key.entity, to=key.to)


def _column(scenario: Scenario, entity: EntityPlan, plan: ColumnPlan) -> ColumnView:
    asked = scenario.entities[entity.name].columns.get(plan.name)
    given = asked.generator if asked else None
    return ColumnView(
        name=plan.name,
        type=str(plan.type),
        generator=given.type if given else plan.generator.called,
        guessed=given is None,
        params=dict(given.params) if given else {},
        description=asked.description if asked else "",
        primary_key=plan.name in entity.primary_key,
        unique=bool(asked and asked.unique),
        nullable=plan.nullable,
        null_rate=plan.null_rate,
        hidden=plan.hidden,
    )
