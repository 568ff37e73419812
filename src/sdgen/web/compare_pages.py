"""The page of two runs side by side: what they were to do, their digests, and how their columns are distributed."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from sdgen.errors import NotFound, Problem, ScenarioError, SdgenError
from sdgen.execution.job import Job
from sdgen.service.service import Service
from sdgen.web.rendering import PageRoute, fragment, page
from sdgen.web.row_source import plan_of
from sdgen.web.run_pages import Pictured, column_pictures, job_of
from sdgen.web.state import service_of

OFFERED = 100  # runs to choose the second one from

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/runs/compare")
def compare(request: Request) -> Response:
    """Two runs side by side; where one is named, the others to choose from."""
    service = service_of(request)
    named = [each for each in request.query_params.getlist("run") if each]
    if not named:
        raise ScenarioError(Problem(("run",), "no runs are named", "check two of them in the list of runs"))
    first = service.run(named[0])
    second = service.run(named[1]) if len(named) > 1 else None
    offered = [] if second else [each for each in service.runs(limit=OFFERED)[0] if each.id != first.id]
    offered.sort(key=lambda each: each.scenario_name != first.scenario_name)  # those of the same scenario come first
    values: dict[str, Any] = {"first": first, "second": second, "offered": offered, "found": None, "names": []}
    if second is not None:
        values |= {
            "found": service.compare(first.id, second.id),
            "names": _shared_entities(service, first.id, second.id),
        }
    return page(request, "compare.html", **values)


def _shared_entities(service: Service, first: str, second: str) -> list[str]:
    """The entities of both runs; none where a plan can't be made any more."""
    try:
        one, other = plan_of(job_of(service, first)), plan_of(job_of(service, second))
    except SdgenError:
        return []
    return [name for name in one.entities if name in other.entities]


@router.get("/runs/compare/pictures/{entity}")
def pictures(request: Request, entity: str) -> Response:
    """A fragment or page: each column of an entity in both runs, from rows of their plans made again."""
    service, named = service_of(request), request.query_params.getlist("run")
    if len(named) != 2:
        raise ScenarioError(Problem(("run",), "two runs are compared", "check two of them in the list of runs"))
    runs = [service.run(each) for each in named]
    one, other = (_columns(job_of(service, run.id), entity) for run in runs)
    # A scenario that has changed between the two has columns that only one of them knows.
    columns = [(name, one.get(name), other.get(name)) for name in dict.fromkeys([*one, *other])]
    back = f"/runs/compare?run={runs[0].id}&run={runs[1].id}"
    return fragment(request, "compare_columns.html", f"{entity} in both runs", back, columns=columns, runs=runs)


def _columns(job: Job, entity: str) -> dict[str, Pictured]:
    if entity not in plan_of(job).entities:
        raise NotFound(Problem(("entity",), f"a run has no entity {entity!r}"))
    return {each.figure.column: each for each in column_pictures(job, entity)}
