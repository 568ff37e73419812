"""/api/v1/runs: started, planned, watched, cancelled and reproduced."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Body, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from sdgen.execution.documents import Moment
from sdgen.execution.request import RunRequest
from sdgen.execution.target_spec import TargetSpec
from sdgen.scenario.model import Record
from sdgen.service.estimate import Estimate
from sdgen.service.records import LogLine, Run, Status
from sdgen.service.reproduce import Command, Comparison
from sdgen.service.service import Service
from sdgen.web.errors import error_responses
from sdgen.web.state import RunId, ServiceOf, wake

router = APIRouter(prefix="/runs", tags=["runs"], responses=error_responses(401, 421, 422))

_EXAMPLES = [
    {"scenario_id": "shop", "target_id": "demo", "seed": 7, "rows": {"customers": 100}},
    {"scenario_id": "shop", "target": {"kind": "sqlite", "dsn": "out/shop.sqlite"}, "mode": "truncate_then_insert"},
]
_MOST = 2**53
ID_OR_NONE = r"^[A-Za-z0-9._-]*$"
RequestBody = Annotated[RunRequest, Body(examples=_EXAMPLES)]


class RunPage(Record):
    """Some of the runs, without their entities, the newest first; `total` of them there are."""

    runs: tuple[Run, ...]
    total: int
    limit: int
    offset: int


class LogPage(Record):
    """Lines of a log; ask for those after `last` next. over: the run has ended."""

    lines: tuple[LogLine, ...]
    last: int
    over: bool


class RunScenario(Record):
    """The scenario of a run, as a request can bring it."""

    scenario: str


class ReproductionTarget(Record):
    """Where to reproduce a run: a target as a request names it, or, where both are left out, a temporary place."""

    target_id: str = ""
    target: str | TargetSpec | None = None


@router.post("", status_code=202, responses=error_responses(400, 403, 404, 409, 413, 429))
def start_run(request: Request, service: ServiceOf, asked: RequestBody, response: Response) -> Run:
    """Start a run. It is checked now, and done by a process of its own as soon as there is room."""
    run = service.submit(asked)
    wake(request)
    response.headers["location"] = f"/api/v1/runs/{run.id}"
    return run


@router.post("/plan", responses=error_responses(400, 403, 404, 409, 413, 429))
def plan_run(service: ServiceOf, asked: RequestBody) -> Estimate:
    """The dry run: order, counts, bytes, seconds, and what would be emptied. Nothing is written."""
    return service.plan(asked)


@router.get("")
def list_runs(
    service: ServiceOf,
    status: Annotated[tuple[Status, ...], Query(description="may be repeated")] = (),
    scenario: Annotated[str, Query(max_length=200, description="a scenario's id or name")] = "",
    target: Annotated[str, Query(max_length=200, description="a target's id or name")] = "",
    text: Annotated[str, Query(max_length=200, description="part of an id, a name, a destination or an error")] = "",
    since: Annotated[Moment | None, Query(description="made then or later; in UTC where no time zone is given")] = None,
    until: Annotated[Moment | None, Query(description="made before then")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=_MOST)] = 0,
) -> RunPage:
    """Runs, the newest first."""
    found, total = service.runs(
        limit=limit,
        offset=offset,
        status=status,
        scenario=scenario,
        target=target,
        text=text,
        since=since,
        until=until,
    )
    return RunPage(runs=tuple(found), total=total, limit=limit, offset=offset)


@router.get("/{run_id}", responses=error_responses(404))
def show_run(service: ServiceOf, run_id: RunId) -> Run:
    """One run with its entities, rows, seconds and digests. `latest` is the newest."""
    return service.run(run_id)


@router.delete("/{run_id}", status_code=204, responses=error_responses(403, 404, 409, 429))
def remove_run(service: ServiceOf, run_id: RunId) -> None:
    """Forget a run that is over, with its log; what it wrote stays. 409 where it waits or runs."""
    service.remove_runs([run_id])


@router.get("/{run_id}/command", responses=error_responses(404))
def command(service: ServiceOf, run_id: RunId) -> Command:
    """The command line that does the run once more; nothing secret is in it."""
    return service.command(run_id)


@router.get("/{run_id}/scenario", responses=error_responses(404))
def scenario(service: ServiceOf, run_id: RunId) -> RunScenario:
    """The scenario's text as the run had it."""
    return RunScenario(scenario=service.scenario_text(run_id))


@router.get("/{run_id}/logs", responses=error_responses(404))
def logs(
    service: ServiceOf,
    run_id: RunId,
    after: Annotated[int, Query(ge=0, le=_MOST, description="the number of the last line you have")] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> LogPage:
    """Lines of a run's log, in order."""
    run = service.run(run_id)
    lines = tuple(service.logs(run.id, after, limit))
    return LogPage(lines=lines, last=lines[-1].number if lines else after, over=run.status.is_over)


@router.post("/{run_id}/cancel", status_code=202, responses=error_responses(403, 404, 409, 429))
def cancel(service: ServiceOf, run_id: RunId) -> Run:
    """Ask a run to stop: one that waits at once, one that runs within two batches. The target is then as it was."""
    return service.cancel(run_id)


@router.post("/{run_id}/reproduce", status_code=202, responses=error_responses(400, 403, 404, 409, 413, 429))
def reproduce(
    request: Request, service: ServiceOf, run_id: RunId, response: Response, where: ReproductionTarget | None = None
) -> Run:
    """Do a run again, as a run of its own; /comparison of that one tells whether the digests are equal."""
    asked = where.model_dump(exclude_defaults=True, mode="json", by_alias=True) if where else {}
    run = service.submit_again(run_id, **asked)
    wake(request)
    response.headers["location"] = f"/api/v1/runs/{run.id}"
    return run


@router.get("/{run_id}/comparison", responses=error_responses(404, 409))
def comparison(
    service: ServiceOf,
    run_id: RunId,
    other: Annotated[
        str,
        Query(alias="with", pattern=ID_OR_NONE, max_length=200, description="a run; left out: the one reproduced"),
    ] = "",
) -> Comparison:
    """A run held against another one, or against the one that it reproduces: that is 409 until it has succeeded."""
    return service.compare(run_id, other) if other else service.comparison(run_id)


@router.get(
    "/{run_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "progress, log and end"},
        **error_responses(404),
    },
)
def events(
    request: Request,
    service: ServiceOf,
    run_id: RunId,
    last_event_id: Annotated[str, Header(description="the number of the last log line you have", max_length=20)] = "",
) -> StreamingResponse:
    """Server-sent events: `progress` (the run), `log` (a line), and `end` (the run), after which nothing comes."""
    run = service.run(run_id)
    after = int(last_event_id) if last_event_id.isascii() and last_event_id.isdecimal() else 0
    lines = stream(service, run.id, min(after, _MOST), lambda: bool(request.app.state.closing))
    # Proxies such as nginx hold answers back until a buffer is full, unless this header says otherwise.
    return StreamingResponse(lines, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


EVERY = 0.25  # seconds between two looks at the run
HEARTBEAT = 15.0  # seconds of silence after which a comment is sent
LINES_AT_ONCE = 1000
LOST_EVERY = 5.0  # seconds between two searches for runs whose process is gone


@dataclass(frozen=True)
class RunUpdate:
    """What there is to tell of a run; `run` is None where it has not changed."""

    revision: int
    run: Run | None
    lines: tuple[LogLine, ...]


async def stream(service: Service, run_id: str, after: int, closing: Callable[[], bool]) -> AsyncIterator[str]:
    """Events until the run is over, or the server closes."""
    revision, told, marked = -1, time.monotonic(), time.monotonic()
    while not closing():
        look = await run_in_threadpool(_look, service, run_id, revision, after)
        revision = look.revision
        for line in look.lines:
            after = line.number
            yield event("log", line.model_dump_json(), after)
        if look.run is not None:
            # The end is told last: where there may be more lines, they come first.
            over = look.run.status.is_over and len(look.lines) < LINES_AT_ONCE
            yield event("end" if over else "progress", look.run.model_dump_json(), after)
            if over:
                return
        now = time.monotonic()
        if look.run is not None or look.lines:
            told = now
        elif now - told >= HEARTBEAT:
            told = now
            # A line that begins with a colon is a comment of the protocol: browsers ignore it, and proxies see that the
            # connection lives.
            yield ": still here\n\n"
        if now - marked >= LOST_EVERY:
            marked = now
            await run_in_threadpool(service.repository.mark_lost)
        await asyncio.sleep(EVERY if len(look.lines) < LINES_AT_ONCE else 0)


def event(name: str, data: str, number: int) -> str:
    """One event as it is sent; `data` is JSON, which has no line ends of its own."""
    # A browser that connects again sends the last id as Last-Event-ID, by which the log goes on where it was cut off.
    return f"id: {number}\nevent: {name}\ndata: {data}\n\n"


def _look(service: Service, run_id: str, revision: int, after: int) -> RunUpdate:
    """The run first: the lines that come after it are then those of its end too."""
    now = service.repository.revision(run_id)
    run = service.repository.run(run_id) if now != revision else None
    lines = tuple(service.logs(run_id, after, LINES_AT_ONCE))
    if len(lines) == LINES_AT_ONCE:
        now = -1  # look again: there is more to tell, and the end comes last
    return RunUpdate(now, run, lines)
