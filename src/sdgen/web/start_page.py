"""The first page: what to run, the plan of it, and the start; and the same form filled in as a run of before was."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from sdgen.databases.urls import HIDDEN, without_password
from sdgen.errors import NotFound, Problem, SdgenError, TargetError
from sdgen.execution.job import Job
from sdgen.execution.request import RunRequest, format_instant, read_request
from sdgen.execution.secrets import has_literal_password
from sdgen.planning.compile import compile_plan
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.request import PlanRequest
from sdgen.service.records import Run
from sdgen.service.service import Service
from sdgen.web.limits import check_size
from sdgen.web.rendering import PageRoute, form_of, listed, page, records, wants_fragment
from sdgen.web.state import service_of
from sdgen.web.wording import MODE_CHOICES, by_field

ROWS = "rows."  # before an entity's name, in the names of fields
PLAIN = ("seed", "as_of", "scale", "mode", "commit_every", "resume", "engine")
RECENT = 5  # runs that the page shows
LISTS = ("include", "exclude", "formats", "allow_databases")  # with commas between their parts
MORE = ("as_of", "commit_every", "resume", "engine", *LISTS)  # fields that the page folds away while they are empty

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
            data[name] = listed(form[name])
    if form.get("scenario_id"):
        data["scenario_id"] = form["scenario_id"]
    elif form.get("scenario", "").strip():
        data["scenario"] = form["scenario"]
    return read_request({**data, **_target_of(form)})


def _target_of(form: dict[str, str]) -> dict[str, Any]:
    """The target by its id, or the address; with the kind, schema and options that came with that very address."""
    address = form.get("target", "").strip()
    if form.get("target_id"):
        return {"target_id": form["target_id"]}
    if not address:
        return {}
    # The form of an earlier run shows stars for a password that was never stored: sent back, they would be taken for
    # it.
    if f":{HIDDEN}@" in address:
        hint = "write it again, as ${NAME}"
        raise TargetError(Problem(("target", "dsn"), "the password of the address is not stored", hint))
    try:
        spec = json.loads(form.get("target_spec") or "{}")
    except ValueError:
        spec = {}
    return {"target": spec if isinstance(spec, dict) and spec.get("dsn") == address else address}


def form_of_run(service: Service, run: Run) -> dict[str, str]:
    """The form as it would have to be filled in for the same run once more; the scenario's text is that run's own."""
    job, request = service.repository.job(run.id), run.request
    form = {
        "run": run.id,
        "scenario": job.scenario_text,
        "seed": str(job.seed),
        "as_of": format_instant(job.as_of),
        "scale": "" if job.scale == 1 else f"{job.scale:g}",
        "mode": str(request.get("mode") or ""),
        "include": ", ".join(job.only),
        "formats": ", ".join(request.get("formats", ())),
        "allow_databases": ", ".join(request.get("allow_databases", ())),
        "commit_every": str(job.commit_every or ""),
        "resume": "true" if job.resume else "",
        "engine": job.engine,
    }
    form |= {ROWS + name: f"{count:,}" for name, count in job.rows.items()}
    return form | _target_fields(service, run, job)


def _target_fields(service: Service, run: Run, job: Job) -> dict[str, str]:
    if run.target_id:
        try:
            return {"target_id": service.catalog.target(run.target_id).id}
        except NotFound:
            pass  # it was deleted since: its address is still known
    if job.scratch:
        return {}
    spec = job.target.dumped()
    own = {name: value for name, value in spec.items() if name not in ("id", "name")}
    return {"target": job.target.dsn, "target_spec": json.dumps(own)}


@router.get("/start")
def start_again(request: Request) -> Response:
    """The form filled in as a run of before was, or the empty one where none is named."""
    service, run_id = service_of(request), request.query_params.get("run", "")
    if not run_id:
        return RedirectResponse("/", 303)
    return _form_page(request, form_of_run(service, service.run(run_id)))


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
    return page(request, "rows.html", form=form, counts=_counts(service_of(request), form), prefix=ROWS, wrong={})


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
        return page(request, "problems.html", 422, problems=records(error), form_name="start")
    return _form_page(request, form, code=422, problems=records(error))


def _form_page(request: Request, form: dict[str, str], *, code: int = 200, **more: Any) -> Response:
    service = service_of(request)
    scenarios = [each for each in service.scenarios() if not each.problem]
    targets = [each for each in service.targets() if not each.problem]
    if not form.get("scenario_id") and not form.get("scenario") and scenarios:
        known = [each.id for each in scenarios]
        form = {**form, "scenario_id": "shop" if "shop" in known else known[0]}
    values: dict[str, Any] = {"plan": None, "problems": [], "form_name": "start", **more}
    return page(
        request,
        "start.html",
        code,
        form=_without_password(form),
        wrong=by_field(values["problems"], "start"),
        scenarios=scenarios,
        targets=targets,
        modes=MODE_CHOICES,
        engines=bool(service.access.engines),
        counts=_counts(service, form),
        prefix=ROWS,
        more=any(form.get(name) for name in MORE),
        recent=service.runs(limit=RECENT)[0],
        **values,
    )


def _without_password(form: dict[str, str]) -> dict[str, str]:
    """The form as it may be sent back: a password written out is left out, a `${NAME}` stays."""
    address = form.get("target", "")
    if not has_literal_password(address):
        return form
    return {**form, "target": without_password(address), "target_spec": ""}


def _counts(service: Service, form: dict[str, str]) -> dict[str, int]:
    """Rows by entity as the scenario has them; nothing where it can't be read: its problems are told by the plan."""
    try:
        if form.get("scenario_id"):
            scenario = service.catalog.scenario(form["scenario_id"]).value
        else:
            scenario = read_text_as_scenario(form.get("scenario", ""), "scenario")
        made = compile_plan(check_size(scenario), PlanRequest())
    except SdgenError:
        return {}
    return {name: made.entities[name].clean_rows for name in scenario.entities}
