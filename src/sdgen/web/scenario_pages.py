"""The pages of scenarios: the list, and one with its text to edit and save, and what the text gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from markupsafe import Markup

from sdgen.engine import batch, probe
from sdgen.errors import NotFound, Problem, ScenarioError, SdgenError, StoreError
from sdgen.execution.catalog import STORE, CatalogEntry
from sdgen.planning.compile import compile_plan
from sdgen.planning.plan import ColumnPlan, EntityPlan, Plan
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import is_sql, read_text_as_scenario
from sdgen.scenario.model import Scenario
from sdgen.scenario.problems import Origin
from sdgen.scenario.request import PlanRequest
from sdgen.scenario.types import NUMBERS
from sdgen.service.records import ProblemRecord, ScenarioEntry
from sdgen.service.service import Service
from sdgen.web.figures import texts_of
from sdgen.web.graph import graph_of, graph_picture
from sdgen.web.limits import check_size
from sdgen.web.rendering import PageRoute, form_of, page, records, wants_fragment
from sdgen.web.state import service_of

NEW = """\
# A scenario: entities, their columns, and what fills them. CREATE TABLE statements can be pasted here too.
name: my-data
entities:
  customers:
    rows: 100
    columns:
      id: {type: int, primary_key: true}
      full_name: {type: string}
      email: {type: string, unique: true}
  orders:
    rows: {per: customers, min: 0, max: 5}
    columns:
      id: {type: int, primary_key: true}
      customer_id: {references: customers}
      total: {type: "decimal(8,2)", generator: decimal, params: {min: 5, max: 200}}
"""

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Form = Annotated[dict[str, str], Depends(form_of)]


@router.get("/scenarios")
def scenarios(request: Request) -> Response:
    """All scenarios, those that can't be read among them; with `?q=` those that hold these words."""
    words = request.query_params.get("q", "").strip()
    every = service_of(request).scenarios()
    found = [each for each in every if _holds(each, words.lower().split())]
    return page(request, "scenarios.html", scenarios=found, words=words, total=len(every))


def _holds(entry: ScenarioEntry, words: list[str]) -> bool:
    text = f"{entry.id} {entry.name} {entry.description} {entry.source} {entry.file}".lower()
    return all(word in text for word in words)


@router.get("/new-scenario")
def new_scenario(request: Request) -> Response:
    """The editor with a text to begin with."""
    return _new_page(request, NEW)


@router.get("/scenarios/{scenario_id}")
def scenario(request: Request, scenario_id: str) -> Response:
    """A scenario: its text, graph, columns and rows; with `?version=` an earlier one of the store."""
    asked = request.query_params
    version = asked.get("version", "")[:200]
    found = service_of(request).catalog.scenario(scenario_id, version)
    text = _text(found)
    values = {**_of_scenario(service_of(request), found), "older": version}
    if not version or values["versions"][-1:] == (version,):
        values["older"] = ""
    return page(request, "scenario.html", **values, text=text, preview=preview_of(text, asked.get("entity", "")))


@router.post("/scenarios/preview")
def preview(request: Request, form: Form) -> Response:
    """A fragment: what the posted text gives, or the problems at its lines; with `every` of all its entities' rows."""
    text, entity = form.get("scenario", ""), form.get("entity", "")
    return page(request, "preview.html", preview=preview_of(text, entity, every=form.get("every", "") != ""))


@router.post("/scenarios/as-yaml")
def as_yaml(request: Request, form: Form) -> Response:
    """The text that sdgen writes for the posted one, such as SQL: as plain text, or in the editor of a new scenario."""
    try:
        text = scenario_text(read_text_as_scenario(form.get("scenario", ""), FILE))
    except SdgenError as error:
        if wants_fragment(request):
            raise
        return _new_page(request, form.get("scenario", ""), 422, Preview(tuple(records(error))))
    return PlainTextResponse(text) if wants_fragment(request) else _new_page(request, text)


@router.post("/scenarios/save")
def save(request: Request, form: Form) -> Response:
    """Keep the posted text: as the next version after the revision `base`, or as a new scenario where it is ""."""
    scenario_id, text = _asked_id(form), form.get("scenario", "")
    # Under another id it is a new scenario, which must not replace one that is there.
    base = form.get("base", "") if scenario_id == form.get("opened", "") else ""
    try:
        kept = service_of(request).catalog.save_scenario(scenario_id, text, base)
    except SdgenError as error:
        return _not_saved(request, form, error)
    if wants_fragment(request):
        return page(request, "saved.html", kept=kept, versions=_versions(service_of(request), kept.id))
    return RedirectResponse(f"/scenarios/{kept.id}", 303)


def _asked_id(form: dict[str, str]) -> str:
    """The id to save under: the scenario's that was opened, or the one that "save as" names."""
    return form.get("as", "").strip() if form.get("how") == "as" else form.get("opened", "")


def _not_saved(request: Request, form: dict[str, str], error: SdgenError) -> Response:
    """Why a text was not saved: beside the text, which stays as it is. 409 where another is kept under its id."""
    code = 409 if isinstance(error, StoreError) else 422
    opened, text = form.get("opened", ""), form.get("scenario", "")
    is_older = code == 409 and opened == _asked_id(form) and form.get("base", "") != ""
    newer = service_of(request).catalog.store.scenario(opened) if is_older else None
    # The editor has no field of that name.
    problems = tuple(each.model_copy(update={"path": each.path.removeprefix("scenario_id")}) for each in records(error))
    if wants_fragment(request):
        return page(request, "not_saved.html", code, problems=problems, newer=newer)
    shown = Preview(problems) if isinstance(error, ScenarioError) else preview_of(text)
    more: dict[str, Any] = {"refused": problems if code == 409 else (), "newer": newer}
    try:
        values = _of_scenario(service_of(request), service_of(request).catalog.scenario(opened))
    except NotFound:  # a new one, or one that was removed meanwhile
        return _new_page(request, text, code, shown, **more)
    return page(
        request, "scenario.html", code, **{**values, "base": form.get("base", ""), **more}, text=text, preview=shown
    )


def _of_scenario(service: Service, found: CatalogEntry[Scenario]) -> dict[str, Any]:
    """What the editor's page says of a scenario of the catalog. base: the revision that an edit begins from."""
    is_stored = found.source == STORE
    newest = service.catalog.store.scenario(found.id) if is_stored else None
    return {
        "id": found.id,
        "scenario": found.value,
        "source": found.source,
        "file": found.file,
        "base": newest.revision if newest else "",
        "versions": _versions(service, found.id) if is_stored else (),
        "refused": (),
        "newer": None,
        "older": "",
    }


def _versions(service: Service, scenario_id: str) -> tuple[str, ...]:
    """The versions of a stored scenario, the oldest first: what they say of themselves, or their numbers."""
    kept = service.catalog.store.scenarios().get(scenario_id, [])
    return tuple(each.version or str(each.number) for each in kept)


def _new_page(request: Request, text: str, code: int = 200, preview: Preview | None = None, **more: Any) -> Response:
    values = {"id": "", "scenario": None, "source": "", "file": "", "base": "", "versions": ()}
    shown = preview or preview_of(text, request.query_params.get("entity", ""))
    return page(
        request,
        "scenario.html",
        code,
        **{**values, "refused": (), "newer": None, "older": "", **more},
        text=text,
        preview=shown,
    )


def _text(found: CatalogEntry[Scenario]) -> str:
    """The text as it was written, where that can be read on its own; else as sdgen writes it."""
    if found.text:
        try:
            read_text_as_scenario(found.text, FILE)
            return found.text
        except SdgenError:
            pass
    return scenario_text(found.value)


# What a scenario's text gives: its problems at their lines, or its entities, their graph, and first rows of one.
#
# All reading and planning of a request's text for these pages goes through `preview_of`; what it returns is plain data
# and markup, so that it can be called in another process.
ROWS = 8
MOST_CHECKED = 40  # entities whose rows are made to see that they can be
FILE = "scenario.yaml"


@dataclass(frozen=True)
class ColumnHead:
    """A column over its values. key: of the primary key. to: the parent entity that it leads to. right: of numbers."""

    name: str
    type: str
    generator: str
    nullable: bool
    key: bool
    to: str
    right: bool


@dataclass(frozen=True)
class EntityRows:
    """The first rows of an entity as texts; None is null."""

    name: str
    count: int
    columns: tuple[ColumnHead, ...]
    rows: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True)
class EntityItem:
    """An entity in the list of all. line: where it begins in the text; 0 where that isn't known."""

    name: str
    rows: int
    columns: int
    line: int


@dataclass(frozen=True)
class Preview:
    """What is shown of a text. With problems there is nothing else but the reader's notes."""

    problems: tuple[ProblemRecord, ...] = ()
    notes: tuple[ProblemRecord, ...] = ()
    graph: Markup = field(default_factory=Markup)
    entities: tuple[EntityItem, ...] = ()
    shown: EntityRows | None = None
    sql: bool = False


def preview_of(text: str, entity: str = "", *, every: bool = False) -> Preview:
    """The preview of a text, with rows of the entity that is named, or of the first one.

    every: make the first rows of the others too, for mistakes that only rows bring to light; it takes its time.
    """
    sql = is_sql(text)
    notes: tuple[ProblemRecord, ...] = ()
    origin = None
    try:
        scenario = read_text_as_scenario(text, FILE)
        notes, origin = tuple(map(ProblemRecord.of, scenario.notes)), scenario.origin
        plan = compile_plan(check_size(scenario), PlanRequest(seed=scenario.seed if scenario.seed is not None else 0))
        problems = probe(plan, origin)
        for each in list(plan.entities.values())[: MOST_CHECKED if every else 0]:
            batch(plan, each.name, 0, min(ROWS, each.rows))
        shown = _rows(plan, plan.entities.get(entity) or next(iter(plan.entities.values())))
    except SdgenError as error:
        problems = list(error.problems)
    if problems:
        return Preview(tuple(_on_page(each, origin) for each in problems), notes, sql=sql)
    graph = graph_picture(graph_of(plan), plan.scenario, {name: f"?entity={quote(name)}" for name in plan.entities})
    return Preview((), notes, graph, tuple(_items(scenario, plan)), shown, sql)


def _on_page(problem: Problem, origin: Origin | None) -> ProblemRecord:
    """A problem at its place in the text."""
    if not problem.line and origin is not None:
        problem = origin.problem(problem.path, problem.what, problem.hint, problem.type)
    return ProblemRecord.of(problem)


def _items(scenario: Scenario, plan: Plan) -> list[EntityItem]:
    lines = {
        name: scenario.origin.problem(("entities", name), "").line if scenario.origin else 0 for name in plan.entities
    }
    return [EntityItem(each.name, each.rows, len(each.written), lines[each.name]) for each in plan.entities.values()]


def _rows(plan: Plan, entity: EntityPlan) -> EntityRows:
    made = batch(plan, entity.name, 0, min(ROWS, entity.rows))
    columns = [texts_of(array, column.type) for array, column in zip(made.columns, entity.written, strict=True)]
    texts = [column.to_pylist() for column in columns]
    heads = tuple(_head(entity, column) for column in entity.written)
    return EntityRows(entity.name, entity.rows, heads, tuple(zip(*texts, strict=True)))


def _head(entity: EntityPlan, column: ColumnPlan) -> ColumnHead:
    return ColumnHead(
        name=column.name,
        type=str(column.type),
        generator=column.generator.called,
        nullable=column.nullable,
        key=column.name in entity.primary_key,
        to=next((each.entity for each in entity.foreign_keys if column.name in each.columns), ""),
        right=column.type.kind in NUMBERS,
    )
