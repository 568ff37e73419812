"""What engines whose tasks are futures have in common: few tasks begun ahead, lost ones begun again, an end at once."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Generator, Iterable
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import islice
from typing import Any

from sdgen.errors import Cancelled, Problem, TargetError
from sdgen.execution.spread.task import FinishedPart, RefusedPart, SpreadTask
from sdgen.targets.base import Span

ATTEMPTS = 4  # of a span, the first included
AHEAD = 2  # tasks for each of the cluster's slots, so that none of them waits for this process
_MOST_LETTERS = 500  # of what a task raised: a JVM's traces have pages
LOOK = 0.2  # seconds between two looks at whether the run was cancelled


@dataclass(frozen=True)
class _Attempt:
    span: Span
    number: int = 1


class Cluster(ABC):
    """An engine of futures. Its subclasses begin tasks, wait for them and end them; handles must be hashable."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self._cancelled = threading.Event()

    @abstractmethod
    def slots(self) -> int:
        """How many tasks the cluster does at once, by now: it may grow and shrink."""

    @abstractmethod
    def begin(self, task: SpreadTask, span: Span) -> Any:
        """Begin a task; its handle."""

    @abstractmethod
    def wait(self, handles: Collection[Any], seconds: float) -> Collection[Any]:
        """Those that are over, by the time the first is, or after so many seconds."""

    @abstractmethod
    def result(self, handle: Any) -> FinishedPart | RefusedPart:
        """What a task that is over has returned; it raises what the task has raised, or that it was lost."""

    @abstractmethod
    def end(self, handles: Collection[Any]) -> None:
        """End tasks, begun or not, as far as the cluster can."""

    @abstractmethod
    def close(self) -> None: ...

    def cancel(self) -> None:
        self._cancelled.set()

    def run(self, task: SpreadTask, spans: Iterable[Span]) -> Generator[FinishedPart | RefusedPart]:
        left = (_Attempt(span) for span in spans)
        begun: dict[Any, _Attempt] = {}
        try:
            while True:
                # Spans are taken as slots become free: memory does not grow with their number, and new slots are used.
                for attempt in islice(left, max(0, AHEAD * max(1, self.slots()) - len(begun))):
                    begun[self.begin(task, attempt.span)] = attempt
                if not begun:
                    return
                over = self.wait(begun, LOOK)
                if self._cancelled.is_set():
                    raise Cancelled("the run was cancelled")
                for handle in over:
                    attempt = begun.pop(handle)
                    try:
                        part = self.result(handle)
                    # Anything raised counts as a lost task: a dead worker, a driver's error. What would fail every time
                    # comes back as a RefusedPart.
                    except Exception as error:
                        again = self._again(attempt, error)
                        begun[self.begin(task, again.span)] = again
                    else:
                        yield part
        finally:
            self.end(begun)

    def _again(self, attempt: _Attempt, error: Exception) -> _Attempt:
        """The next attempt; TargetError where there have been enough, or where none can go well."""
        if "No module named 'sdgen" in str(error):
            hint = f'install it there, the same version as here: pip install "sdgen=={version("sdgen")}"'
            raise TargetError(Problem(("engine",), f"the workers of {self.shown} don't have sdgen", hint)) from error
        if attempt.number < ATTEMPTS:
            return replace(attempt, number=attempt.number + 1)
        span, why = attempt.span, " ".join(str(error).split())[:_MOST_LETTERS]
        what = f"rows {span.start:,} to {span.stop:,} of {span.entity} failed {attempt.number} times on {self.shown}"
        hint = "look into the logs of its workers: they may have too little memory, or not reach the target"
        raise TargetError(Problem(("engine",), f"{what}: {type(error).__name__}: {why}", hint)) from error
