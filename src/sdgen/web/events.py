"""A run as server-sent events. The id of each is the number of the last log line told, so that a listener who comes
back with Last-Event-ID misses no line and gets none twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from sdgen.runs.records import LogLine, Run
from sdgen.runs.service import Service

EVERY = 0.25  # seconds between two looks at the run
HEARTBEAT = 15.0  # seconds of silence after which a comment is sent
LINES_AT_ONCE = 1000
LOST_EVERY = 5.0  # seconds between two searches for runs whose process is gone


@dataclass(frozen=True)
class Look:
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
            over = look.run.status.is_over and len(look.lines) < LINES_AT_ONCE
            yield event("end" if over else "progress", look.run.model_dump_json(), after)
            if over:
                return
        now = time.monotonic()
        if look.run is not None or look.lines:
            told = now
        elif now - told >= HEARTBEAT:
            told = now
            yield ": still here\n\n"
        if now - marked >= LOST_EVERY:
            marked = now
            await run_in_threadpool(service.journal.mark_lost)
        await asyncio.sleep(EVERY if len(look.lines) < LINES_AT_ONCE else 0)


def event(name: str, data: str, number: int) -> str:
    """One event as it is sent; `data` is JSON, which has no line ends of its own."""
    return f"id: {number}\nevent: {name}\ndata: {data}\n\n"


def _look(service: Service, run_id: str, revision: int, after: int) -> Look:
    """The run first: the lines that come after it are then those of its end too."""
    now = service.journal.revision(run_id)
    run = service.journal.run(run_id) if now != revision else None
    lines = tuple(service.logs(run_id, after, LINES_AT_ONCE))
    if len(lines) == LINES_AT_ONCE:
        now = -1  # look again: there is more to tell, and the end comes last
    return Look(now, run, lines)
