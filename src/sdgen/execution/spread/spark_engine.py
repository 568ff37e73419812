"""Spark: a job of one task for each span, many at once; on a cluster, or in this machine's JVM (`spark://local[2]`)."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from typing import Any

from pyspark.sql import SparkSession

from sdgen.execution.spread.cluster import Cluster
from sdgen.execution.spread.engines import unreachable
from sdgen.execution.spread.task import FinishedPart, RefusedPart, SpreadTask
from sdgen.targets.base import Span

_MOST_JOBS = 256  # at once: each has a thread here, and one in the JVM
_MASTERS = ("local", "yarn", "k8s://", "spark://")  # what Spark's own addresses begin with


def connect(address: str, workers: int) -> SparkEngine:
    """A master: `local[2]`, `yarn`, `k8s://…`, or host:port of one that stands alone. `local` has `workers` cores.

    A session that the program has already is used, whatever the address, and left open.
    """
    shown = f"spark://{address}"
    session = SparkSession.getActiveSession()
    if session is not None:
        return SparkEngine(shown, session, ends=False)
    if address.startswith("local"):
        # Workers on this machine must be of the Python that has sdgen.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    master = f"local[{workers}]" if address == "local" else address if address.startswith(_MASTERS) else shown
    try:
        builder = SparkSession.builder.appName("sdgen").master(master)  # type: ignore[attr-defined,unused-ignore]
        quiet = {"spark.log.level": "ERROR", "spark.ui.showConsoleProgress": "false", "spark.ui.enabled": "false"}
        for name, value in quiet.items():
            builder = builder.config(name, value)
        return SparkEngine(shown, builder.getOrCreate(), ends=True)
    except Exception as error:  # what Java says
        hint = "is the master running, and is there a Java 17 (JAVA_HOME)?"
        raise unreachable(shown, str(error).partition("\n")[0], hint) from error


class SparkEngine(Cluster):
    """A session. Jobs wait in threads of this process. ends: whether the session was made for the run."""

    def __init__(self, shown: str, session: SparkSession, ends: bool) -> None:
        super().__init__(shown)
        self._session, self._ends = session, ends
        self._context: Any = session.sparkContext
        self._tasks: dict[str, Any] = {}
        self._groups: dict[Future[Any], str] = {}
        self._jobs = ThreadPoolExecutor(_MOST_JOBS, thread_name_prefix="sdgen-spark")

    def slots(self) -> int:
        # Two tasks are begun for each slot, and each holds a thread of the pool until it ends.
        return min(int(self._context.defaultParallelism), _MOST_JOBS // 2)

    def begin(self, task: SpreadTask, span: Span) -> Any:
        # Broadcast once: as a part of each job the plan would be sent with each.
        if task.token not in self._tasks:
            self._tasks[task.token] = self._context.broadcast(task)
        # Spark cancels jobs by their group, so that each has one of its own.
        group = f"sdgen-{uuid.uuid4().hex}"
        job = self._jobs.submit(self._do, group, self._tasks[task.token], span)
        self._groups[job] = group
        return job

    def _do(self, group: str, task: Any, span: Span) -> FinishedPart | RefusedPart:
        shown = f"rows {span.start:,} to {span.stop:,} of {span.entity}"
        self._context.setJobGroup(group, shown, interruptOnCancel=True)
        [part] = self._context.parallelize([span], 1).map(partial(_write_span, task)).collect()
        done: FinishedPart | RefusedPart = part
        return done

    def wait(self, handles: Collection[Any], seconds: float) -> Collection[Any]:
        return wait(handles, seconds, FIRST_COMPLETED).done

    def result(self, handle: Any) -> FinishedPart | RefusedPart:
        self._groups.pop(handle, None)
        part: FinishedPart | RefusedPart = handle.result()
        return part

    def end(self, handles: Collection[Any]) -> None:
        for job in handles:
            if not job.cancel():
                with suppress(Exception):  # the JVM may be gone, and its jobs with it
                    self._context.cancelJobGroup(self._groups[job])

    def close(self) -> None:
        self._jobs.shutdown(cancel_futures=True)
        self._tasks.clear()
        if self._ends:
            self._session.stop()


def _write_span(task: Any, span: Span) -> FinishedPart | RefusedPart:
    """On a worker: `task` is broadcast."""
    part: FinishedPart | RefusedPart = task.value(span)
    return part
