"""The pages of scenarios: the list, and one with its text to edit and the rows that the text gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup

from sdgen.errors import SdgenError
from sdgen.execution.catalog import CatalogEntry
from sdgen.generate import batch
from sdgen.plan.compile import compile_plan
from sdgen.plan.model import EntityPlan, Plan
from sdgen.plan.request import PlanRequest
from sdgen.read.sources import read_text_as_scenario
from sdgen.read.writefile import scenario_text
from sdgen.runs.records import ProblemRecord
from sdgen.scenario.model import Scenario
from sdgen.scenario.types import NUMBERS
from sdgen.web.allowance import bounded
from sdgen.web.figures import texts_of
from sdgen.web.graph import graph_of
from sdgen.web.pictures import graph_picture
from sdgen.web.rendering import PageRoute, form_of, page, records
from sdgen.web.state import service_of

PREVIEW_ROWS = 8
MOST_ENTITIES = 40  # whose rows are made for a preview
FILE = "scenario.yaml"

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Form = Annotated[dict[str, str], Depends(form_of)]


@dataclass(frozen=True)
class Rows:
    """The first rows of an entity as texts; None is null. right: which columns hold numbers."""

    entity: EntityPlan
    rows: list[tuple[str | None, ...]]
    right: list[bool]


@router.get("/scenarios")
def scenarios(request: Request) -> Response:
    """All scenarios, those that can't be read among them."""
    return page(request, "scenarios.html", scenarios=service_of(request).scenarios())


@router.get("/scenarios/{scenario_id}")
def scenario(request: Request, scenario_id: str) -> Response:
    """A scenario: its text, graph, columns and rows."""
    found = service_of(request).library.scenario(scenario_id)
    text = _text(found)
    return page(request, "scenario.html", found=found, scenario=found.value, text=text, **_shown(text))


@router.post("/scenarios/preview")
def preview(request: Request, form: Form) -> Response:
    """A fragment: what the posted text gives, or the problems at its lines."""
    return page(request, "preview.html", **_shown(form.get("scenario", "")))


def _text(found: CatalogEntry[Scenario]) -> str:
    """The text as it was written, where that can be read on its own; else as sdgen writes it."""
    if found.text:
        try:
            read_text_as_scenario(found.text, FILE)
            return found.text
        except SdgenError:
            pass
    return scenario_text(found.value)


def _shown(text: str) -> dict[str, Any]:
    """All that a preview shows of a text."""
    empty: dict[str, Any] = {"problems": [], "notes": [], "tables": [], "graph": Markup(""), "left_out": 0}
    try:
        read = read_text_as_scenario(text, FILE)
        plan = compile_plan(bounded(read), PlanRequest(seed=read.seed if read.seed is not None else 0))
        tables = [_rows(plan, entity) for entity in list(plan.entities.values())[:MOST_ENTITIES]]
    except SdgenError as error:
        return {**empty, "problems": records(error)}
    notes = [ProblemRecord.of(note) for note in read.notes]
    graph = graph_picture(graph_of(plan), plan.scenario)
    left_out = len(plan.entities) - len(tables)
    return {**empty, "notes": notes, "tables": tables, "graph": graph, "left_out": left_out}


def _rows(plan: Plan, entity: EntityPlan) -> Rows:
    made = batch(plan, entity.name, 0, min(PREVIEW_ROWS, entity.rows))
    columns = [texts_of(array, column.type) for array, column in zip(made.columns, entity.written, strict=True)]
    texts = [column.to_pylist() for column in columns]
    right = [column.type.kind in NUMBERS for column in entity.written]
    return Rows(entity, list(zip(*texts, strict=True)), right)
