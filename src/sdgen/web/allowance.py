"""How much one request may count, so that none holds a thread for long.

Rows that are laid out per parent are counted parent by parent before the first of them is made: a plan of 10⁹ parents
takes seconds. The counting asks `go_on()` for each block of parents; here it is told to stop at a limit.
"""

from __future__ import annotations

from threading import Event
from time import monotonic

from starlette.types import ASGIApp, Receive, Scope, Send

from sdgen.errors import Problem, ScenarioError
from sdgen.execution.access import MOST_PARTS, Access
from sdgen.generators.cancellation import stopped_by
from sdgen.generators.links.counts import BLOCK
from sdgen.scenario.model import Scenario

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
        self._until = self._until or monotonic() + self._seconds
        if self._blocks * BLOCK >= self._most:
            what = f"to count the children of more than {self._most:,} rows is more than a request may ask here"
            raise _refused(what, f"{_FEWER}; who runs the server can allow more: `sdgen serve --most-counted`")
        if monotonic() > self._until:
            counted = self._blocks * BLOCK
            what = f"to count the children of {counted:,} rows has taken {self._seconds:g} s, and there are more"
            raise _refused(what, f"the server is busy: try again in a moment; or {_FEWER}")
        self._blocks += 1
        return False


def bounded(scenario: Scenario) -> Scenario:
    """A scenario to be planned for a page or an answer; ScenarioError where it is larger than a request's may be."""
    return Access(parts=MOST_PARTS).bounded(scenario)


def _refused(what: str, hint: str) -> ScenarioError:
    return ScenarioError(Problem(("request",), what, hint))


class Sparing:
    """The ASGI application, each request with an allowance of its own."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with stopped_by(Allowance(self.most) if scope["type"] == "http" else None):
            await self.app(scope, receive, send)
