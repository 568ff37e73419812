"""How much one request may take, so that none holds the server up.

In any process: the parents whose children are counted. Rows that are laid out per parent are counted parent by parent
before the first of them is made, and a plan of 10⁹ parents takes seconds. The counting asks `go_on()` for each block of
parents; here it is told to stop at a limit. In a worker process: memory and time as well.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic

from starlette.types import ASGIApp, Receive, Scope, Send

from sdgen.errors import Problem, ScenarioError
from sdgen.execution.access import MOST_PARTS, Access
from sdgen.execution.byte_counts import format_bytes
from sdgen.generators.cancellation import cancelled_by
from sdgen.generators.links.counts import BLOCK
from sdgen.scenario.model import Scenario
from sdgen.service.service import Service

MOST_COUNTED = 50_000_000  # parents: half a second of a core that has nothing else to do
MOST_SECONDS = 3.0
_FEWER = (
    "ask for fewer rows or a smaller scale, give their number with `total:`, or do it at the shell: `sdgen run start`"
)


class Allowance(Event):
    """An event that is asked once for each block of parents.

    ScenarioError once they are more than `most`, or have taken more than `seconds` since the first one.
    """

    def __init__(self, most: int, seconds: float = MOST_SECONDS) -> None:
        super().__init__()
        self._most = most
        self._seconds = seconds
        self._until = 0.0
        self._blocks = 0

    def is_set(self) -> bool:
        # The time runs from the first block on: a request that counts nothing is not held to it.
        self._until = self._until or monotonic() + self._seconds
        if self._blocks * BLOCK >= self._most:
            what = f"counting the children of more than {self._most:,} rows is beyond the limit of one request"
            raise _limit_error(what, f"{_FEWER}; who runs the server can allow more: `sdgen serve --most-counted`")
        if monotonic() > self._until:
            counted = self._blocks * BLOCK
            what = f"counting the children of {counted:,} rows has taken {self._seconds:g} s, and there are more"
            raise _limit_error(what, f"the server is busy: try again in a moment; or {_FEWER}")
        self._blocks += 1
        return False


def check_size(scenario: Scenario) -> Scenario:
    """A scenario to be planned for a page or an answer; ScenarioError where it is larger than a request's may be."""
    return Access(parts=MOST_PARTS).bounded(scenario)


def _limit_error(what: str, hint: str) -> ScenarioError:
    return ScenarioError(Problem(("request",), what, hint))


class CountingLimit:
    """The ASGI application, each request with an allowance of its own."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with cancelled_by(Allowance(self.most) if scope["type"] == "http" else None):
            await self.app(scope, receive, send)


PREVIEW_MEMORY = 256_000_000  # bytes
PREVIEW_SECONDS = 10.0
WORKERS = max(1, min(4, os.cpu_count() or 1))
WALL = 3  # a machine with much else to do gives a process a third of its time
LESS = "ask for fewer or shorter columns, smaller arrays, or fewer rows"
_ELSEWHERE = "or use the shell, where there is no such limit; who runs the server can allow more: `sdgen serve {}`"


@dataclass(frozen=True)
class RequestLimits:
    """What one request may take in a worker. memory: bytes beside what the worker has. seconds: of processor time;
    by the clock it may take WALL times as long. workers: how many requests are worked on at once."""

    memory: int = PREVIEW_MEMORY
    seconds: float = PREVIEW_SECONDS
    workers: int = WORKERS


@dataclass(frozen=True)
class WorkerOptions:
    """What a worker needs to hold the same application. `environment` may hold secrets: runs' targets name them."""

    place: str
    scenarios_dir: Path | None
    targets_dir: Path | None
    access: Access
    most_counted: int
    limits: RequestLimits
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    @classmethod
    def of(cls, service: Service, most_counted: int, limits: RequestLimits) -> WorkerOptions:
        catalog = service.catalog
        folders = (catalog.scenarios_dir, catalog.targets_dir)
        return cls(service.store.place, *folders, service.access, most_counted, limits)


def over_memory(limits: RequestLimits) -> ScenarioError:
    what = f"the request needs more than {format_bytes(limits.memory)} of memory, which is the limit of one request"
    return ScenarioError(Problem(("request",), what, f"{LESS}, {_ELSEWHERE.format('--preview-memory')}"))


def over_time(limits: RequestLimits, times: int = 1) -> ScenarioError:
    of = " of processor time" if times == 1 else ""
    what = f"the request takes more than {limits.seconds * times:g} s{of}, which is the limit of one request"
    return ScenarioError(Problem(("request",), what, f"{LESS}, {_ELSEWHERE.format('--preview-seconds')}"))
