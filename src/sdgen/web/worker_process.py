"""What a worker process does: it holds the application, and answers the requests that come through a pipe.

Imported whole by the process that workers are forked from. Nothing is called there: a fork wants no threads.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message

from sdgen.service.fork_server import import_all
from sdgen.service.service import Service
from sdgen.web.limits import RequestLimits, WorkerOptions
from sdgen.web.routes import routed_app

import_all()

_SLACK = 256_000_000  # bytes that are reserved and not held, such as the stacks of threads
_WARM = ("/", "/api/v1/scenarios", "/api/v1/scenarios/shop")  # what most requests need is then there


def serve_requests(pipe: Any, options: WorkerOptions) -> None:
    """Answer until the pipe is closed: (status, headers, body, log), or None where memory was refused."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the server ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # A fork has the environment of the fork server, which may be older than the server's own.
    os.environ.clear()
    os.environ.update(options.environment)
    app = routed_app(_service(options), options.most_counted)
    with suppress(EOFError, OSError):  # the server has closed the pipe, or is no more
        asyncio.run(_serve(app, pipe, options.limits))


async def _serve(app: ASGIApp, pipe: Any, limits: RequestLimits) -> None:
    """One request after another. Waiting blocks the loop, which has nothing else to do; its threads stay, with their
    connections to DuckDB."""
    for path in _WARM:
        with suppress(Exception):
            # Before the limits are set, so that what every request needs is not counted against the first one.
            await _answer_of(app, _get(path), b"")
    _limit_memory(limits)
    pipe.send(True)
    while True:
        scope, body = pipe.recv()
        _limit_seconds(limits)
        try:
            answer = await _answer_of(app, scope, body)
        except MemoryError:
            pipe.send(None)
            # Memory was refused at some unknown place: whatever this process holds may be half done.
            os._exit(1)
        pipe.send(answer)


def _service(options: WorkerOptions) -> Service:
    return Service.open(options.place, options.scenarios_dir or "", options.targets_dir or "", options.access)


def _get(path: str) -> dict[str, Any]:
    headers = [(b"host", b"127.0.0.1"), (b"accept", b"text/html")]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
    }


async def _answer_of(app: ASGIApp, scope: dict[str, Any], body: bytes) -> tuple[int, Any, bytes, str]:
    """The application's whole answer, and the traceback where it raised one beside it."""
    sent: list[Message] = []
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            return {"type": "http.disconnect"}
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    log = ""
    try:
        await app({**scope, "state": {}}, receive, send)
    except MemoryError:
        raise
    except Exception:
        log = traceback.format_exc()
    start = next(each for each in sent if each["type"] == "http.response.start")
    parts = (each.get("body", b"") for each in sent if each["type"] == "http.response.body")
    return start["status"], [tuple(each) for each in start["headers"]], b"".join(parts), log


def _limit_memory(limits: RequestLimits) -> None:
    """Beside the server's own looks: what is asked for at once, and more than the limit, is refused by the system."""
    if sys.platform != "linux":
        return
    import resource

    lines = Path("/proc/self/status").read_text().splitlines()
    # The limit is on all that the process holds, so that it begins at what it has when it is warm.
    now = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (now + limits.memory + _SLACK, hard))


def _limit_seconds(limits: RequestLimits) -> None:
    """A request's own seconds of processor time, after those that the worker has had."""
    if os.name == "nt":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (ceil(used.ru_utime + used.ru_stime + limits.seconds) + 1, hard))
