"""Dask: tasks as futures of a scheduler that is there, or of worker processes on this machine (`dask://local`)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from distributed import Client, LocalCluster, wait

from sdgen.errors import Problem, TargetError
from sdgen.execution.spread.cluster import Cluster
from sdgen.execution.spread.engines import unreachable
from sdgen.execution.spread.task import FinishedPart, RefusedPart, SpreadTask
from sdgen.targets.base import Span

PATIENCE = 10  # seconds to wait for a scheduler
# Ctrl-C in a terminal reaches all processes of the command; this one alone decides what it means.
_DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
_STAYING = ("running", "connecting")  # states of a client that can still get answers


def connect(address: str, workers: int) -> DaskEngine:
    """The scheduler at host:port (`tls://host:port` as Dask writes it, too), or one with workers on this machine."""
    if address == "local":
        local = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address=":0",
            memory_limit=0,  # spans are streamed; a share of a small machine's memory would pause workers for nothing
            silence_logs=logging.CRITICAL,
            preload=[_DEAF],
        )
        return DaskEngine("dask://local", Client(local, set_as_default=False), local)
    shown = f"dask://{address}"
    try:
        return DaskEngine(shown, Client(address, timeout=PATIENCE, set_as_default=False))
    except (OSError, ValueError) as error:
        hint = "start one (`dask scheduler`, `dask worker HOST:PORT`), or correct the address"
        raise unreachable(shown, error, hint) from error


class DaskEngine(Cluster):
    """A client of one scheduler. local: a cluster that ends with the run."""

    def __init__(self, shown: str, client: Client, local: LocalCluster | None = None) -> None:
        super().__init__(shown)
        self._client = client
        self._local = local

    def slots(self) -> int:
        return sum(self._client.nthreads().values())

    def begin(self, task: SpreadTask, span: Span) -> Any:
        # Not pure: Dask answers a pure call by the result of an equal one, so that a span could not be tried again.
        return self._client.submit(SpreadTask.__call__, task, span, pure=False)

    def wait(self, handles: Collection[Any], seconds: float) -> Collection[Any]:
        if self._client.status not in _STAYING:
            what = f"the connection to {self.shown} is lost"
            raise TargetError(Problem(("engine",), what, "see whether its scheduler still runs, and begin again"))
        # `wait` asks for the current client. Ours is not the default one, which belongs to the program around it.
        with suppress(TimeoutError, asyncio.TimeoutError), self._client.as_current():
            wait(list(handles), timeout=seconds, return_when="FIRST_COMPLETED")
        return [each for each in handles if each.done()]

    def result(self, handle: Any) -> FinishedPart | RefusedPart:
        part: FinishedPart | RefusedPart = handle.result()
        return part

    def end(self, handles: Collection[Any]) -> None:
        with suppress(Exception):  # the scheduler may be gone, and its tasks with it
            self._client.cancel(list(handles), force=True)

    def close(self) -> None:
        with suppress(Exception):
            self._client.close(timeout=PATIENCE)
        if self._local is not None:
            self._local.close(timeout=PATIENCE)
