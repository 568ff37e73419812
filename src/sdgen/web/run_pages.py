"""The pages of runs: the list, one run as it goes on, and pictures of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from sdgen.errors import NotFound, Problem
from sdgen.execution.job import Job
from sdgen.service.records import EntityRun, Run, Status
from sdgen.service.reproduce import Comparison
from sdgen.service.run_queries import last_number
from sdgen.service.service import Service
from sdgen.targets.base import Mode
from sdgen.web.figures import SAMPLE_ROWS, Figure, figures
from sdgen.web.graph import chart, graph_of, graph_picture
from sdgen.web.rendering import PageRoute, fragment, page
from sdgen.web.row_source import plan_of
from sdgen.web.state import service_of

PAGE_RUNS = 25
MOST_LETTERS = 200  # of a text that is searched for
LOG_LINES = 500  # the last ones, on a run's page
LOG_PAGE = 1000

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True)
class Pictured:
    """A column's figures and the picture of them."""

    figure: Figure
    picture: Markup


@router.get("/runs")
def runs(request: Request) -> Response:
    """Runs, the newest first, all or those that the address narrows them to."""
    service, query = service_of(request), request.query_params
    known = [each.value for each in Status]
    chosen = [each for each in query.getlist("status") if each in known]
    narrowed = {name: query.get(name, "").strip()[:MOST_LETTERS] for name in ("text", "scenario", "target")}
    dates = {name: _date(query.get(name, "")) for name in ("since", "until")}
    number = _page_number(query.get("page", ""))
    found, total = service.runs(
        limit=PAGE_RUNS,
        offset=(number - 1) * PAGE_RUNS,
        status=[Status(each) for each in chosen],
        since=dates["since"],
        until=dates["until"] + timedelta(days=1) if dates["until"] else None,  # to the end of that day
        **narrowed,
    )
    form = {name: f"{date:%Y-%m-%d}" for name, date in dates.items() if date} | narrowed
    kept = [("status", each) for each in chosen] + [(name, value) for name, value in form.items() if value]
    scenarios, targets = service.repository.names()
    return page(
        request,
        "runs.html",
        runs=found,
        total=total,
        number=number,
        pages=max(1, -(-total // PAGE_RUNS)),
        chosen=chosen,
        known=known,
        form=form,
        kept=kept,
        scenarios=[(name, name) for name in scenarios],
        targets=[(name, name) for name in targets],
    )


def _date(text: str) -> datetime | None:
    """A day in UTC, and one that has a next; None where the text is none."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return day if 1 < day.year < 9999 else None


def _page_number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else 1


@router.get("/runs/{run_id}")
def run(request: Request, run_id: str) -> Response:
    """One run: how far it is, its log, its pictures."""
    return _run_page(request, "run.html", run_id, command=service_of(request).command(run_id))


@router.get("/runs/{run_id}/state")
def state(request: Request, run_id: str) -> Response:
    """A fragment: the parts of a run's page that change."""
    return _run_page(request, "state.html", run_id)


def _run_page(request: Request, template: str, run_id: str, **more: Any) -> Response:
    service = service_of(request)
    found = service.run(run_id)
    elapsed, lines = _elapsed(found), last_number(service.store, found.id)
    return page(
        request,
        template,
        run=found,
        logs=service.logs(found.id, max(0, lines - LOG_LINES), LOG_LINES),
        lines=lines,
        elapsed=elapsed,
        speeds={each.entity: _speed(each, found, elapsed) for each in found.entities},
        comparison=_comparison(service, found),
        reproducible=_is_reproducible(service, found),
        **more,
    )


@router.get("/runs/{run_id}/scenario")
def scenario_text(request: Request, run_id: str) -> Response:
    """The scenario's text as the run had it, as a file."""
    service = service_of(request)
    command = service.command(run_id)
    headers = {"content-disposition": f'attachment; filename="{command.file or "scenario.yaml"}"'}
    return Response(service.scenario_text(run_id), media_type="application/yaml", headers=headers)


@router.get("/runs/{run_id}/log")
def log(request: Request, run_id: str) -> Response:
    """The whole log of a run, by pages."""
    service = service_of(request)
    found = service.run(run_id)
    total = last_number(service.store, found.id)
    pages = max(1, -(-total // LOG_PAGE))
    number = min(_page_number(request.query_params.get("page", "")), pages)
    first = (number - 1) * LOG_PAGE
    lines = service.logs(found.id, first, LOG_PAGE)
    place = {"first": first + 1, "total": total, "number": number, "pages": pages}
    return page(request, "log.html", run=found, lines=lines, **place)


def _elapsed(run: Run) -> float:
    """Seconds from the start to the end, or until now."""
    if run.started_at is None:
        return 0.0
    return ((run.finished_at or datetime.now(UTC)) - run.started_at).total_seconds()


def _speed(entity: EntityRun, run: Run, elapsed: float) -> float:
    """Rows a second; of the entity at work, since the others were done."""
    # The seconds of an entity are told when it is done: until then it has what the others have left of the run's.
    seconds = entity.seconds or elapsed - sum(each.seconds for each in run.entities)
    return entity.written / seconds if entity.written and seconds > 0.01 else 0.0


def _comparison(service: Service, run: Run) -> Comparison | None:
    if not run.reproduces or run.status is not Status.SUCCESS:
        return None
    try:
        return service.comparison(run.id)
    except NotFound:  # the other run was removed
        return None


def _is_reproducible(service: Service, run: Run) -> bool:
    if run.status is not Status.SUCCESS:
        return False
    return run.mode != Mode.APPEND_ONLY or service.repository.job(run.id).snapshot is not None


@router.post("/runs/{run_id}/cancel")
def cancel(request: Request, run_id: str) -> Response:
    """Ask a run to stop, and show it."""
    return RedirectResponse(f"/runs/{service_of(request).cancel(run_id).id}", 303)


@router.post("/runs/{run_id}/delete")
def delete(request: Request, run_id: str) -> Response:
    """Forget a run that is over, and show the others."""
    service_of(request).remove_runs([run_id])
    return RedirectResponse("/runs", 303)


@router.post("/runs/{run_id}/reproduce")
def reproduce(request: Request, run_id: str) -> Response:
    """Do a run once more in a temporary place, and show the new one."""
    return RedirectResponse(f"/runs/{service_of(request).submit_again(run_id).id}", 303)


@router.get("/runs/{run_id}/pictures")
def pictures(request: Request, run_id: str) -> Response:
    """A fragment or page: the graph of a run's entities, and a place for the pictures of each."""
    job = job_of(service_of(request), run_id)
    plan = plan_of(job)
    graph = graph_picture(graph_of(plan), plan.scenario)
    names = [name for name in plan.entities if not job.only or name in job.only]
    values = {"run_id": run_id, "graph": graph, "names": names, "plan": plan, "other": plan.identity != job.identity}
    return fragment(request, "pictures.html", "Pictures", f"/runs/{run_id}", **values)


@router.get("/runs/{run_id}/pictures/{entity}")
def pictures_of(request: Request, run_id: str, entity: str) -> Response:
    """A fragment or page: a picture of each column of an entity, from rows of the run's plan made again."""
    job = job_of(service_of(request), run_id)
    plan = plan_of(job)
    if entity not in plan.entities:
        raise NotFound(Problem(("entity",), f"the run has no entity {entity!r}"))
    columns = column_pictures(job, entity)
    sampled = min(plan.entities[entity].rows, SAMPLE_ROWS)
    values = {"entity": entity, "columns": columns, "sampled": sampled, "rows": plan.entities[entity].rows}
    return fragment(request, "columns.html", f"Pictures of {entity}", f"/runs/{run_id}", **values)


def job_of(service: Service, run_id: str) -> Job:
    """What a run was to do."""
    job: Job = service.repository.job(service.run(run_id).id)
    return job


def column_pictures(job: Job, entity: str) -> tuple[Pictured, ...]:
    """The pictures of an entity of a stored run; some are kept."""
    return _pictured(job.model_dump_json(), entity)


@lru_cache(maxsize=64)
def _pictured(text: str, entity: str) -> tuple[Pictured, ...]:
    return tuple(Pictured(figure, chart(figure)) for figure in figures(plan_of(Job.model_validate_json(text)), entity))
