"""The first page: what to run, the plan of it, and the start."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from sdgen.dialects.urls import without_password
from sdgen.errors import SdgenError
from sdgen.execution.request import RunRequest, read_request
from sdgen.plan.compile import compile_plan
from sdgen.plan.request import PlanRequest
from sdgen.read.sources import read_text_as_scenario
from sdgen.runs.service import Service
from sdgen.web.allowance import bounded
from sdgen.web.rendering import PageRoute, form_of, page, records, wants_fragment
from sdgen.web.state import service_of
from sdgen.write.base import Mode

ROWS = "rows."  # before an entity's name, in the names of fields
PLAIN = ("seed", "as_of", "scale", "mode")
RECENT = 5  # runs that the page shows
LISTS = ("include", "exclude")  # of entities, with commas between them

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Form = Annotated[dict[str, str], Depends(form_of)]


def request_of(form: dict[str, str]) -> RunRequest:
    """The request that a form asks for; fields left empty are left out. ScenarioError with every problem."""
    data: dict[str, Any] = {name: form[name].strip() for name in PLAIN if form.get(name, "").strip()}
    data["rows"] = {
        name.removeprefix(ROWS): value.strip().replace(",", "").replace("_", "")
        for name, value in form.items()
        if name.startswith(ROWS) and value.strip()
    }
    for name in LISTS:
        if form.get(name, "").strip():
            data[name] = [each.strip() for each in form[name].split(",") if each.strip()]
    for kind, written in (("scenario", form.get("scenario", "")), ("target", form.get("target", "").strip())):
        if form.get(f"{kind}_id"):
            data[f"{kind}_id"] = form[f"{kind}_id"]
        elif written.strip():
            data[kind] = written
    return read_request(data)


@router.get("/")
def start(request: Request) -> Response:
    """The empty form, or with a scenario and a target named in the address."""
    asked = request.query_params
    form = {"scenario_id": asked.get("scenario", ""), "target_id": asked.get("target", "")}
    return _form_page(request, form)


@router.post("/edit")
def edit(request: Request, form: Form) -> Response:
    """The form with a text that another page holds."""
    return _form_page(request, {"scenario": form.get("scenario", "")})


@router.post("/rows")
def rows(request: Request, form: Form) -> Response:
    """A fragment: a field for each entity of the scenario."""
    return page(request, "rows.html", form=form, counts=_counts(service_of(request), form), prefix=ROWS)


@router.post("/plan")
def plan(request: Request, form: Form) -> Response:
    """The dry run of what the form asks, below the form."""
    service = service_of(request)
    try:
        found = service.plan(request_of(form))
    except SdgenError as error:
        return _refused(request, form, error)
    if wants_fragment(request):
        return page(request, "plan.html", plan=found)
    return _form_page(request, form, plan=found)


@router.post("/start")
def begin(request: Request, form: Form) -> Response:
    """Store the run and go to its page."""
    try:
        run = service_of(request).submit(request_of(form))
    except SdgenError as error:
        return _refused(request, form, error)
    return RedirectResponse(f"/runs/{run.id}", 303)


def _refused(request: Request, form: dict[str, str], error: SdgenError) -> Response:
    if wants_fragment(request):
        return page(request, "problems.html", 422, problems=records(error))
    return _form_page(request, form, code=422, problems=records(error))


def _form_page(request: Request, form: dict[str, str], *, code: int = 200, **more: Any) -> Response:
    service = service_of(request)
    scenarios = [each for each in service.scenarios() if not each.problem]
    targets = [each for each in service.targets() if not each.problem]
    if not form.get("scenario_id") and not form.get("scenario") and scenarios:
        known = [each.id for each in scenarios]
        form = {**form, "scenario_id": "shop" if "shop" in known else known[0]}
    shown = {**form, "target": without_password(form.get("target", ""))}
    values: dict[str, Any] = {"plan": None, "problems": [], **more}
    return page(
        request,
        "start.html",
        code,
        form=shown,
        scenarios=scenarios,
        targets=targets,
        modes=[mode.value for mode in Mode],
        counts=_counts(service, form),
        prefix=ROWS,
        recent=service.runs(limit=RECENT)[0],
        **values,
    )


def _counts(service: Service, form: dict[str, str]) -> dict[str, int]:
    """Rows by entity as the scenario has them; nothing where it can't be read: its problems are told by the plan."""
    try:
        if form.get("scenario_id"):
            scenario = service.library.scenario(form["scenario_id"]).value
        else:
            scenario = read_text_as_scenario(form.get("scenario", ""), "scenario")
        made = compile_plan(bounded(scenario), PlanRequest())
    except SdgenError:
        return {}
    return {name: entity.rows for name, entity in made.entities.items()}
