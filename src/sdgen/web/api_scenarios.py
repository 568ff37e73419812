"""/api/v1/scenarios: those of the folder, of the store, and the shipped examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from sdgen.runs.records import ScenarioEntry
from sdgen.scenario.model import Record
from sdgen.web.errors import documented
from sdgen.web.scenario_view import ScenarioView, Verdict, judged, viewed
from sdgen.web.state import Id, ServiceOf

router = APIRouter(prefix="/scenarios", tags=["scenarios"], responses=documented(401, 421, 422))

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


@router.get("")
def list_scenarios(service: ServiceOf) -> ScenarioList:
    """All scenarios."""
    return ScenarioList(scenarios=tuple(service.scenarios()))


@router.post("", status_code=201, responses=documented(400, 403, 409, 413, 429))
def add_scenario(service: ServiceOf, asked: NewScenario, response: Response, replace: Replace = False) -> ScenarioEntry:
    """Keep a scenario in the store. Other content under an id that is kept is a new version of it."""
    entry = service.add_scenario(asked.scenario, asked.id, replace=replace)
    response.headers["location"] = f"/api/v1/scenarios/{entry.id}"
    return entry


@router.post("/validate", responses=documented(400, 403, 413, 429))
def validate(asked: ScenarioText) -> Verdict:
    """Check a scenario, and tell every problem at once. Nothing is kept."""
    return judged(asked.scenario)


@router.get("/{scenario_id}", responses=documented(404))
def show_scenario(
    service: ServiceOf,
    scenario_id: Id,
    version: Annotated[str, Query(max_length=200, description="of a stored scenario: another than the newest")] = "",
) -> ScenarioView:
    """One scenario: its text, its entities and columns."""
    return viewed(service.library.scenario(scenario_id, version))


@router.put("/{scenario_id}", responses=documented(400, 403, 409, 413, 429))
def replace_scenario(
    service: ServiceOf, scenario_id: Id, asked: ScenarioText, replace: Replace = False
) -> ScenarioEntry:
    """Keep a new version of a scenario under this id; older versions stay. Files of the folder are not changed: 409."""
    return service.add_scenario(asked.scenario, scenario_id, replace=replace)


@router.delete("/{scenario_id}", status_code=204, responses=documented(403, 404, 409, 429))
def remove_scenario(service: ServiceOf, scenario_id: Id) -> None:
    """Forget a stored scenario with all its versions; runs keep the text they had."""
    service.library.remove_scenario(scenario_id)
