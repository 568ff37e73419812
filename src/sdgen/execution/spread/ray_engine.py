"""Ray: remote tasks of a cluster that is there, or of one that is started on this machine (`ray://local`)."""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import suppress
from typing import Any

import ray

from sdgen.execution.spread.cluster import Cluster
from sdgen.execution.spread.engines import unreachable
from sdgen.execution.spread.task import FinishedPart, RefusedPart, SpreadTask
from sdgen.targets.base import Span


def connect(address: str, workers: int) -> RayEngine:
    """The cluster at host:port (Ray's client), the one that this machine is in (`auto`), or a new one (`local`).

    A connection that the program has already is used, and left open.
    """
    shown = f"ray://{address}"
    if ray.is_initialized():
        return RayEngine(shown, ends=False)
    quiet = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    own = {"address": "local", "num_cpus": workers, "include_dashboard": False} if address == "local" else {}
    there = {"address": "auto" if address == "auto" else shown}
    try:
        ray.init(**(own or there), **quiet)
    except Exception as error:  # Ray raises what its transport does
        hint = "start one (`ray start --head`, client port 10001), or correct the address"
        raise unreachable(shown, error, "/tmp/ray/session_latest/logs tells more" if own else hint) from error
    return RayEngine(shown, ends=True)


class RayEngine(Cluster):
    """The cluster that this process is connected to. ends: whether the connection was made for the run."""

    def __init__(self, shown: str, ends: bool) -> None:
        super().__init__(shown)
        self._ends = ends
        self._tasks: dict[str, Any] = {}
        # A lost task is begun again by `run`, which counts its attempts.
        self._remote = ray.remote(num_cpus=1, max_retries=0)(_write_span)

    def slots(self) -> int:
        return int(ray.cluster_resources().get("CPU", 1))

    def begin(self, task: SpreadTask, span: Span) -> Any:
        if task.token not in self._tasks:
            self._tasks[task.token] = ray.put(task)
        return self._remote.remote(self._tasks[task.token], span)

    def wait(self, handles: Collection[Any], seconds: float) -> Collection[Any]:
        over: list[Any] = ray.wait(list(handles), num_returns=1, timeout=seconds)[0]
        return over

    def result(self, handle: Any) -> FinishedPart | RefusedPart:
        part: FinishedPart | RefusedPart = ray.get(handle)
        return part

    def end(self, handles: Collection[Any]) -> None:
        for handle in handles:
            with suppress(Exception):  # it may be over by now, or its cluster gone
                ray.cancel(handle, force=True)

    def close(self) -> None:
        self._tasks.clear()
        if self._ends:
            ray.shutdown()


def _write_span(task: SpreadTask, span: Span) -> FinishedPart | RefusedPart:
    return task(span)
