"""Ray: remote tasks of a cluster that is there, or of one that is started on this machine (`ray://local`)."""

from __future__ import annotations

import logging
import os
import secrets
import subprocess
import sys
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from sdgen.execution.spread.cluster import Cluster
from sdgen.execution.spread.engines import unreachable
from sdgen.execution.spread.task import FinishedPart, RefusedPart, SpreadTask
from sdgen.targets.base import Span

# A cluster of this machine is started by a process of its own: Ray forks its servers, and a fork of this process, where
# database drivers have threads, was seen to crash. It ends with this process, which holds its standard input.
_STARTER = """
import logging, sys, ray
quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": logging.CRITICAL}
made = ray.init(address="local", num_cpus=int(sys.argv[1]), **quiet)
print(made.address_info["address"], flush=True)
sys.stdin.read()
"""


def connect(address: str, workers: int) -> RayEngine:
    """The cluster at host:port (Ray's client), the one that this machine is in (`auto`), or a new one (`local`).

    A connection that the program has already is used, and left open.
    """
    shown = f"ray://{address}"
    starter = _start(workers) if address == "local" and "ray" not in sys.modules else None
    import ray  # after what the starter has set for it

    if ray.is_initialized():
        return RayEngine(shown, ends=False)
    there: dict[str, Any] = {"address": starter[1] if starter else "auto" if address == "auto" else shown}
    if address == "local" and not starter:
        there = {"address": "local", "num_cpus": workers, "include_dashboard": False}
    try:
        ray.init(**there, log_to_driver=False, logging_level=logging.CRITICAL)
    except Exception as error:  # Ray raises what its transport does
        if starter:
            _end(starter[0])
        hint = "start one (`ray start --head`, client port 10001), or correct the address"
        raise unreachable(shown, error, hint) from error
    return RayEngine(shown, ends=True, starter=starter and starter[0])


def _start(workers: int) -> tuple[subprocess.Popen[str], str]:
    """A process that has started a cluster on this machine, and the cluster's address; TargetError where it can't."""
    command = [sys.executable, "-c", _STARTER, str(workers)]
    # Newer releases ask each process of a cluster for a token: this process and the starter have one of their own.
    if "RAY_AUTH_MODE" not in os.environ:
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    # A session of its own: Ctrl-C in the terminal is for this process, which cancels the tasks.
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    starter = subprocess.Popen(command, text=True, start_new_session=True, **pipes)
    address = starter.stdout.readline().strip() if starter.stdout else ""
    if not address:
        _end(starter)
        raise unreachable("ray://local", "Ray did not start", "/tmp/ray/session_latest/logs tells more")
    return starter, address


def _end(starter: subprocess.Popen[str]) -> None:
    with suppress(OSError, subprocess.TimeoutExpired):
        if starter.stdin:
            starter.stdin.close()
        starter.wait(30)


class RayEngine(Cluster):
    """The cluster that this process is connected to.

    ends: whether the connection was made for the run. starter: the process that the cluster ends with, if there is one.
    """

    def __init__(self, shown: str, ends: bool, starter: subprocess.Popen[str] | None = None) -> None:
        super().__init__(shown)
        import ray

        self._ray, self._ends, self._starter = ray, ends, starter
        self._tasks: dict[str, Any] = {}
        # A lost task is begun again by `run`, which counts its attempts.
        self._remote = self._ray.remote(num_cpus=1, max_retries=0)(_write_span)

    def slots(self) -> int:
        return int(self._ray.cluster_resources().get("CPU", 1))

    def begin(self, task: SpreadTask, span: Span) -> Any:
        # Put into the cluster once: as an argument of each call the plan would be sent with each.
        if task.token not in self._tasks:
            self._tasks[task.token] = self._ray.put(task)
        return self._remote.remote(self._tasks[task.token], span)

    def wait(self, handles: Collection[Any], seconds: float) -> Collection[Any]:
        over: list[Any] = self._ray.wait(list(handles), num_returns=1, timeout=seconds)[0]
        return over

    def result(self, handle: Any) -> FinishedPart | RefusedPart:
        part: FinishedPart | RefusedPart = self._ray.get(handle)
        return part

    def end(self, handles: Collection[Any]) -> None:
        for handle in handles:
            with suppress(Exception):  # it may be over by now, or its cluster gone
                self._ray.cancel(handle, force=True)

    def close(self) -> None:
        self._tasks.clear()
        if self._ends:
            self._ray.shutdown()
        if self._starter:
            _end(self._starter)


def _write_span(task: SpreadTask, span: Span) -> FinishedPart | RefusedPart:
    return task(span)
