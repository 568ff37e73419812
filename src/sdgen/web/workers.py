"""Worker processes for requests that read scenarios: each request has a budget of memory and time there, and none here.

A worker is forked off a process that has everything imported, holds the application itself, and answers one request
after another. One that outgrows a limit is killed, the request is refused with the limit's name, and another worker is
started. The server hands a request on with its body, and the whole answer back.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from sdgen.errors import Problem, ScenarioError
from sdgen.web.limits import LESS, WALL, WorkerOptions, over_memory, over_time

MOST_WAITING = 32  # requests, for a worker
LARGEST_ANSWER = 64_000_000  # bytes
MOST_ANSWERS = 1000  # of one worker: what its caches hold goes with it
_TRIES = (0.0, 0.1, 1.0, 5.0, 20.0)  # seconds before each try to start a worker
_LOOK = 0.02 if sys.platform == "linux" else 0.2  # seconds between two looks at a worker


class Answer(NamedTuple):
    """An answer of the application. `log`: the traceback of an error that it did not foresee."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    log: str = ""


class Busy(Exception):
    """More requests wait for a worker than may."""


class WorkerPool:
    """Workers, started when the first request comes or `start` is called, and gone with `close`."""

    def __init__(self, options: WorkerOptions) -> None:
        self.options = options
        self._size = options.limits.workers
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()  # the worker used last has the warmest caches
        self._threads = ThreadPoolExecutor(self._size, thread_name_prefix="sdgen-request")
        self._waiting = 0
        self._lock = threading.Lock()
        self._started = self._closed = False

    def start(self) -> None:
        """Have workers started in the background."""
        with self._lock:
            first, self._started = not self._started, True
        for _ in range(self._size if first else 0):
            self._begin_worker()

    def submit(self, scope: Mapping[str, Any], body: bytes) -> Any:
        """The future of an Answer: ScenarioError where a limit is exceeded. Busy where too many wait."""
        self.start()
        with self._lock:
            if self._waiting >= MOST_WAITING + self._size:
                raise Busy
            self._waiting += 1
        return self._threads.submit(self._answer, scope, body)

    def close(self) -> None:
        """End the workers: those that are idle at once, others with the request they have."""
        self._closed = True
        self._threads.shutdown(wait=True, cancel_futures=True)
        while not self._idle.empty():
            self._idle.get().close()

    def _answer(self, scope: Mapping[str, Any], body: bytes) -> Answer:
        try:
            try:
                worker = self._idle.get(timeout=WALL * self.options.limits.seconds)
            except queue.Empty:
                raise Busy from None
            try:
                return worker.answer(scope, body)
            finally:
                if worker.is_worn() or self._closed:
                    worker.close()
                    self._begin_worker()
                else:
                    self._idle.put(worker)
        finally:
            with self._lock:
                self._waiting -= 1

    def _begin_worker(self) -> None:
        if not self._closed:
            threading.Thread(target=self._add_worker, name="sdgen-request-worker", daemon=True).start()

    def _add_worker(self) -> None:
        for wait in _TRIES:
            time.sleep(wait)
            with suppress(OSError, EOFError):  # the system has no room for a process now
                worker = Worker(self.options)
                break
        else:
            return
        if self._closed:
            worker.close()
        else:
            self._idle.put(worker)


class Worker:
    """One worker process. It is ready when this is made."""

    def __init__(self, options: WorkerOptions) -> None:
        self.limits = options.limits
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # which gives back what a request has freed
        context: Any = multiprocessing.get_context(_method())
        # Imported once, in the process that is forked: the workers share these modules' memory.
        context.set_forkserver_preload(["sdgen.web.worker_process"])
        self._pipe, theirs = context.Pipe()
        from sdgen.web.worker_process import serve_requests

        self._process = context.Process(target=serve_requests, args=(theirs, options), daemon=True)
        self._process.start()
        # Open in this process too, the pipe would never end when the worker does.
        theirs.close()
        self._answers = 0
        self._begun = Usage.of(self._pid) if self._is_ready() else Usage(0, 0.0)

    @property
    def _pid(self) -> int:
        return self._process.pid or 0

    def _is_ready(self) -> bool:
        """Whether the worker says that it is ready; where it ended before, its first request tells."""
        with suppress(EOFError, OSError):
            return bool(self._pipe.recv())
        return False

    def answer(self, scope: Mapping[str, Any], body: bytes) -> Answer:
        """The application's answer to a request; ScenarioError where a limit is exceeded, and the worker is gone."""
        self._answers += 1
        try:
            self._pipe.send((scope, body))
            return self._wait_for_answer()
        except ScenarioError:
            self._kill()
            raise
        except (EOFError, OSError):
            self._process.join(5)
            raise self._death_error() from None

    def _wait_for_answer(self) -> Answer:
        """What the worker answers, while it keeps the limits."""
        until, spent = time.monotonic() + WALL * self.limits.seconds, Usage.of(self._pid).seconds
        # Looked at from outside: a request that allocates in C, or holds the GIL, could not be stopped from within.
        while not self._pipe.poll(_LOOK):
            now = Usage.of(self._pid)
            if now.memory - self._begun.memory > self.limits.memory:
                raise over_memory(self.limits)
            if now.seconds - spent > self.limits.seconds:
                raise over_time(self.limits)
            if time.monotonic() > until:
                raise over_time(self.limits, WALL)
        answer = self._pipe.recv()
        if answer is None:  # memory that was asked for at once, and refused by the system
            raise over_memory(self.limits)
        return Answer(*answer)

    def _death_error(self) -> ScenarioError:
        """Why a worker is gone that nobody here has killed: the system's own limits act before this process looks."""
        code = self._process.exitcode
        # What RLIMIT_CPU sends.
        if code == -getattr(signal, "SIGXCPU", 0):
            return over_time(self.limits)
        if code == -getattr(signal, "SIGKILL", 9):  # the system was short of memory
            return over_memory(self.limits)
        what = f"the process that worked on the request ended (exit code {code})"
        return ScenarioError(Problem(("request",), what, f"try it again; {LESS}"))

    def is_worn(self) -> bool:
        """Whether another worker must take its place: it is gone, or holds memory that the next request would pay for.

        The limit is on memory beside what the worker held when it began, so that leftovers count against each request.
        """
        if not self._process.is_alive() or self._answers >= MOST_ANSWERS:
            return True
        return Usage.of(self._pid).memory - self._begun.memory > self.limits.memory // 4

    def _kill(self) -> None:
        self._process.kill()
        self._process.join(5)

    def close(self) -> None:
        """End the process: it ends by itself with its pipe."""
        self._pipe.close()
        self._process.join(1)
        if self._process.is_alive():
            self._kill()


class Usage(NamedTuple):
    """What a process takes: bytes of memory that it holds, and seconds of processor time that it has had."""

    memory: int
    seconds: float

    @classmethod
    def of(cls, pid: int) -> Usage:
        """Nothing where the process is gone."""
        return _linux_usage(pid) if sys.platform == "linux" else _usage_by_ps(pid)


def _linux_usage(pid: int) -> Usage:
    try:
        resident = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except (OSError, IndexError):
        return Usage(0, 0.0)
    ticks = int(fields[11]) + int(fields[12])
    return Usage(resident * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK"))


def _usage_by_ps(pid: int) -> Usage:
    command = ["ps", "-o", "rss=,time=", "-p", str(pid)]
    words = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    if len(words) != 2:
        return Usage(0, 0.0)
    seconds = 0.0
    for part in words[1].replace("-", ":").split(":"):
        seconds = seconds * 60 + float(part)
    return Usage(int(words[0]) * 1024, seconds)


def _method() -> str:
    """A fork of a clean process where that is safe; a new interpreter elsewhere."""
    known = multiprocessing.get_all_start_methods()
    return "forkserver" if "forkserver" in known and sys.platform != "darwin" else "spawn"
