"""Threads of this process as an engine: spans at the same time, each with a connection or files of its own."""

from __future__ import annotations

import threading
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from sdgen.errors import Problem, TargetError
from sdgen.execution.spread.cluster import Cluster
from sdgen.execution.spread.task import FinishedPart, RefusedPart, SpreadTask
from sdgen.generators.cancellation import cancelled_by
from sdgen.targets.base import Span

Handle = Future[FinishedPart | RefusedPart]
_PATIENCE = 10  # seconds for threads to see that they are not needed any more


def connect(address: str, workers: int) -> ThreadsEngine:
    """So many threads as the address says; as the run has workers, where it is `local`."""
    if address != "local" and not (address.isdecimal() and 0 < int(address) <= 256):
        what = f"threads://{address} tells no number of threads"
        raise TargetError(Problem(("engine",), what, "write threads://4, from 1 to 256"))
    return ThreadsEngine(workers if address == "local" else int(address))


class ThreadsEngine(Cluster):
    """A pool of threads."""

    def __init__(self, threads: int) -> None:
        super().__init__(f"threads://{threads}")
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="sdgen-span")
        self._over = threading.Event()
        self._running: Collection[Handle] = ()

    def slots(self) -> int:
        return self._threads

    def begin(self, task: SpreadTask, span: Span) -> Handle:
        return self._pool.submit(self._do, task, span)

    def _do(self, task: SpreadTask, span: Span) -> FinishedPart | RefusedPart:
        with cancelled_by(self._over):
            return task(span)

    def wait(self, handles: Collection[Handle], seconds: float) -> Collection[Handle]:
        return wait(handles, seconds, return_when=FIRST_COMPLETED).done

    def result(self, handle: Handle) -> FinishedPart | RefusedPart:
        return handle.result()

    def end(self, handles: Collection[Handle]) -> None:
        self._over.set()
        self._running = [handle for handle in handles if not handle.cancel()]

    def close(self) -> None:
        self._over.set()
        # Not for ever: a thread may wait for a server, which the target's abort cuts it off from.
        wait(self._running, _PATIENCE)
        self._pool.shutdown(wait=False, cancel_futures=True)
