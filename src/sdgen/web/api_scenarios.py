"""/api/v1/scenarios: those of the folder, of the store, and the shipped examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from sdgen.engine import probe
from sdgen.errors import SdgenError
from sdgen.execution.catalog import CatalogEntry
from sdgen.planning.compile import compile_plan
from sdgen.planning.plan import ColumnPlan, EntityPlan, ForeignKeyPlan, Plan
from sdgen.readers.sources import read_mapping, read_text_as_scenario
from sdgen.scenario.model import Record, Scenario
from sdgen.service.records import ProblemRecord, ScenarioEntry
from sdgen.web.errors import error_responses
from sdgen.web.limits import check_size
from sdgen.web.state import Id, ServiceOf

router = APIRouter(prefix="/scenarios", tags=["scenarios"], responses=error_responses(401, 421, 422))

_TEXT = "name: people\nentities:\n  people:\n    rows: 10\n    columns:\n      id: {generator: sequence}\n"


class ScenarioText(Record):
    """A scenario to be looked at: its text (YAML or JSON), or the same as data."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", defer_build=False, json_schema_extra={"examples": [{"scenario": _TEXT}]}
    )

    scenario: str | Mapping[str, Any] = Field(description="the scenario's text, or as data")


class NewScenario(ScenarioText):
    """A scenario to be kept."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"id": "people", "scenario": _TEXT}]}
    )

    id: str = Field("", pattern=r"^[A-Za-z0-9._-]*$", max_length=200, description="left out: the scenario's own")


class ScenarioList(Record):
    """All scenarios by id; those that can't be read are among them, with the reason."""

    scenarios: tuple[ScenarioEntry, ...]


Replace = Annotated[bool, Query(description="keep it though a shipped example has this id, and stand before that")]


class ColumnView(Record):
    """A column as it is planned. guessed: its generator was chosen by a rule. params: as the scenario gives them."""

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
    """An entity as it is planned; `rows` are those of a run that asks for no others."""

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


@router.get("")
def list_scenarios(service: ServiceOf) -> ScenarioList:
    """All scenarios."""
    return ScenarioList(scenarios=tuple(service.scenarios()))


@router.post("", status_code=201, responses=error_responses(400, 403, 409, 413, 429))
def add_scenario(service: ServiceOf, body: NewScenario, response: Response, replace: Replace = False) -> ScenarioEntry:
    """Keep a scenario in the store. Other content under an id that is kept is a new version of it."""
    entry = service.add_scenario(body.scenario, body.id, replace=replace)
    response.headers["location"] = f"/api/v1/scenarios/{entry.id}"
    return entry


@router.post("/validate", responses=error_responses(400, 403, 413, 429))
def validate(body: ScenarioText) -> Verdict:
    """Check a scenario, and tell every problem at once. Nothing is kept."""
    return check_scenario(body.scenario)


@router.get("/{scenario_id}", responses=error_responses(404))
def show_scenario(
    service: ServiceOf,
    scenario_id: Id,
    version: Annotated[str, Query(max_length=200, description="of a stored scenario: another than the newest")] = "",
) -> ScenarioView:
    """One scenario: its text, its entities and columns."""
    return scenario_view(service.catalog.scenario(scenario_id, version))


@router.put("/{scenario_id}", responses=error_responses(400, 403, 409, 413, 429))
def replace_scenario(
    service: ServiceOf, scenario_id: Id, body: ScenarioText, replace: Replace = False
) -> ScenarioEntry:
    """Keep a new version of a scenario under this id; older versions stay. Files of the folder are not changed: 409."""
    return service.add_scenario(body.scenario, scenario_id, replace=replace)


@router.delete("/{scenario_id}", status_code=204, responses=error_responses(403, 404, 409, 429))
def remove_scenario(service: ServiceOf, scenario_id: Id) -> None:
    """Forget a stored scenario with all its versions; runs keep the text they had."""
    service.catalog.remove_scenario(scenario_id)


def scenario_view(found: CatalogEntry[Scenario]) -> ScenarioView:
    """A scenario of the catalog."""
    scenario = found.value
    plan, problems = _plan_or_problems(scenario)
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


def check_scenario(scenario: str | Mapping[str, Any], file: str = "scenario.yaml") -> Verdict:
    """What is wrong with a text, or with plain data; nothing is raised for it."""
    try:
        read = (
            read_text_as_scenario(scenario, file) if isinstance(scenario, str) else read_mapping(dict(scenario), file)
        )
    except SdgenError as error:
        return Verdict(valid=False, problems=tuple(map(ProblemRecord.of, error.problems)))
    plan, problems = _plan_or_problems(read)
    notes = tuple(map(ProblemRecord.of, read.notes))
    return Verdict(valid=not problems, problems=problems, notes=notes, entities=_entities(read, plan))


def _plan_or_problems(scenario: Scenario) -> tuple[Plan | None, tuple[ProblemRecord, ...]]:
    try:
        # Looked at before the plan is made, which is what would take long.
        plan = compile_plan(check_size(scenario))
        return plan, tuple(map(ProblemRecord.of, probe(plan, scenario.origin)))
    except SdgenError as error:
        return None, tuple(map(ProblemRecord.of, error.problems))


def _entities(scenario: Scenario, plan: Plan | None) -> tuple[EntityView, ...]:
    return () if plan is None else tuple(_entity(scenario, each) for each in plan.entities.values())


def _entity(scenario: Scenario, plan: EntityPlan) -> EntityView:
    own = scenario.entities.get(plan.name)  # None: the table that lists dirt
    return EntityView(
        name=plan.name,
        table=plan.table,
        rows=plan.rows,
        description=own.description if own else "",
        primary_key=plan.primary_key,
        unique=plan.unique,
        foreign_keys=tuple(map(_link, plan.foreign_keys)),
        columns=tuple(_column(scenario, plan, each) for each in plan.columns.values()),
    )


def _link(key: ForeignKeyPlan) -> LinkView:
    return LinkView(columns=key.columns, entity=key.entity, to=key.to)


def _column(scenario: Scenario, entity: EntityPlan, plan: ColumnPlan) -> ColumnView:
    own = scenario.entities.get(entity.name)
    column = own.columns.get(plan.name) if own else None  # None: the plan added it, such as a link's
    generator = column.generator if column else None
    return ColumnView(
        name=plan.name,
        type=str(plan.type),
        generator=generator.type if generator else plan.generator.called,
        guessed=generator is None,
        params=dict(generator.params) if generator else {},
        description=column.description if column else "",
        primary_key=plan.name in entity.primary_key,
        unique=bool(column and column.unique),
        nullable=plan.nullable,
        null_rate=plan.null_rate,
        hidden=plan.hidden,
    )
