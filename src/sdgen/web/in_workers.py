"""Which requests are done in this process, and the rest handed on to worker processes with their limits.

What reads a scenario, plans or makes rows goes to a worker; so does whatever is not named here, such as a page that is
new. This process keeps what looks at the store alone, what streams, and what must never wait.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from importlib.util import find_spec

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sdgen.errors import SdgenError
from sdgen.service.records import ProblemRecord
from sdgen.web.errors import answer
from sdgen.web.workers import LARGEST_ANSWER, Answer, Busy, WorkerPool

_READ = ("GET", "HEAD", "OPTIONS")
_RUN = r"/runs/[^/]+"
HERE: Mapping[str, tuple[str, ...]] = {  # patterns of paths, and the methods that are answered in this process
    r"/static/.*|/login|/logout|/favicon\.ico": (*_READ, "POST"),
    r"/api/v1/(health|metrics|openapi\.json|generators(/.*)?)": _READ,
    r"/api/v1/(scenarios|targets(/[^/]+)?)|/scenarios|/targets": _READ,
    rf"/api/v1(/runs|{_RUN}|{_RUN}/logs|{_RUN}/events)": _READ,
    rf"/runs|{_RUN}|{_RUN}/(state|log)": _READ,
    rf"(/api/v1)?{_RUN}/cancel": ("POST",),
    r"/api/v1/(scenarios|targets)/[^/]+": ("DELETE",),
}
_PATTERNS = [(re.compile(pattern), methods) for pattern, methods in HERE.items()]
_TEST = re.compile(r".*/targets/[^/]+/test")  # waits for servers elsewhere: in a worker of its own, one after another
_BUSY = "the server is busy with other requests: try it again in a moment"


def is_done_here(method: str, path: str) -> bool:
    """Whether a request is answered in the server's own process."""
    return any(method in methods and pattern.fullmatch(path) for pattern, methods in _PATTERNS)


class InWorkers:
    """The ASGI application, whose requests are done in workers where they could take much."""

    def __init__(self, app: ASGIApp, pool: WorkerPool, tests: WorkerPool) -> None:
        self.app = app
        self.pool = pool
        self.tests = tests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_done_here(scope["method"], scope["path"]):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            body = b"" if scope["method"] == "GET" else await request.body()
            pool = self.tests if _TEST.fullmatch(scope["path"]) else self.pool
            future = pool.submit(_portable(scope), body)
            found = await asyncio.wrap_future(future)
        except Busy:
            await answer(503, _BUSY, headers={"retry-after": "2"})(scope, receive, send)
            return
        except SdgenError as error:
            await _refusal(request, error)(scope, receive, send)
            return
        # A worker may have stored a run, and knows no scheduler.
        if scope["method"] == "POST" and scope["app"].state.scheduler is not None:
            scope["app"].state.scheduler.wake()
        await _response(found)(scope, receive, send)


def _portable(scope: Scope) -> dict[str, object]:
    """What of a scope another process can be given."""
    # The rest are objects of this process, which can't be pickled.
    return {name: value for name, value in scope.items() if name not in ("app", "state", "extensions", "router")}


def _response(found: Answer) -> Response:
    if found.log:
        logging.getLogger("sdgen.web").error("%s", found.log)
    if len(found.body) > LARGEST_ANSWER:
        return answer(422, f"the answer is larger than {LARGEST_ANSWER:,} bytes")
    response = Response(found.body, found.status)
    # Set as they came: a header may stand there several times, as cookies do.
    response.raw_headers = list(found.headers)
    return response


def _refusal(request: Request, error: SdgenError) -> Response:
    if not request.url.path.startswith("/api/") and find_spec("jinja2") is not None:
        from sdgen.web.rendering import failure

        return failure(request, error)
    return answer(422, error.problems[0].what, [ProblemRecord.of(problem) for problem in error.problems])
