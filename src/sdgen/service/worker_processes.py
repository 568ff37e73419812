"""Where worker processes come from: forked off a process that has everything imported, or started anew.

A fork takes hundredths of a second, a start about one second. Either way a run has a process of its own: what
one run does to its memory, its locale or its signal handlers reaches no other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Protocol

from sdgen.execution.secrets import without_passwords
from sdgen.service.store import VARIABLE

FORK_SERVER_ENDED = 71  # the exit code given to workers whose fork server has died: nobody knows theirs
ERROR_BYTES = 2000  # of what a worker wrote to stderr that are kept


@dataclass(frozen=True)
class WorkerExit:
    """A worker that has ended: its exit code (negative: the signal), and the end of what it wrote to stderr."""

    run_id: str
    code: int
    errors: str


class WorkerProcesses(Protocol):
    """Starts workers, and knows which have ended."""

    def start(self, run_id: str, limit: int) -> None:
        """OSError where no process can be had."""
        ...

    def reap(self) -> list[WorkerExit]:
        """The workers that have ended since the last call."""
        ...

    def close(self) -> None:
        """Start no more; those that are at work continue."""
        ...


def worker_processes(store: str) -> WorkerProcesses:
    """Forked workers where the system can fork safely: on macOS its own frameworks do not survive a fork."""
    return ForkedWorkers(store) if hasattr(os, "fork") and sys.platform != "darwin" else SpawnedWorkers(store)


class SpawnedWorkers:
    """Each worker is a new interpreter."""

    def __init__(self, store: str) -> None:
        self._store = store
        self._workers: list[tuple[str, subprocess.Popen[bytes], IO[bytes]]] = []

    def start(self, run_id: str, limit: int) -> None:
        command = [sys.executable, "-m", "sdgen.service.worker", run_id, "--limit", str(limit)]
        # A file and no pipe: nobody reads while the worker is at work, and a full pipe would stop it.
        errors = tempfile.TemporaryFile()  # noqa: SIM115
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, VARIABLE: self._store},
            start_new_session=True,  # a signal to this process's terminal is none to the run
        )
        self._workers.append((run_id, process, errors))

    def reap(self) -> list[WorkerExit]:
        over = [each for each in self._workers if each[1].poll() is not None]
        self._workers = [each for each in self._workers if each not in over]
        return [WorkerExit(run_id, process.returncode, end_of_errors(errors)) for run_id, process, errors in over]

    def close(self) -> None:
        pass


class ForkedWorkers:
    """Workers are children of a fork server, which is started for the first of them, and again when it has died."""

    def __init__(self, store: str) -> None:
        self._store = store
        self._server: subprocess.Popen[bytes] | None = None
        self._children: set[str] = set()
        self._buffer = b""
        self._errors: IO[bytes] | None = None

    def start(self, run_id: str, limit: int) -> None:
        if self._server is None:
            self._server = self._start_server()
        assert self._server.stdin is not None
        with suppress(BrokenPipeError):  # `reap` finds that the fork server has died
            self._server.stdin.write(f"{run_id} {limit}\n".encode())
            self._server.stdin.flush()
        self._children.add(run_id)

    def _start_server(self) -> subprocess.Popen[bytes]:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        server = subprocess.Popen(
            [sys.executable, "-m", "sdgen.service.fork_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, VARIABLE: self._store},
            start_new_session=True,
        )
        assert server.stdout is not None
        # `reap` takes the answers that are there, and never waits for more.
        os.set_blocking(server.stdout.fileno(), False)
        return server

    def reap(self) -> list[WorkerExit]:
        if self._server is None or self._server.stdout is None:
            return []
        # Before the pipe is read, so that what a server wrote before it died is among the lines.
        gone = self._server.poll() is not None
        self._buffer += self._server.stdout.read() or b""
        *lines, self._buffer = self._buffer.split(b"\n")
        found = [WorkerExit(*json.loads(line)) for line in lines]
        if gone:
            self._server.stdout.close()
            self._server, self._buffer = None, b""
            errors = end_of_errors(self._errors) if self._errors else ""
            left = self._children - {each.run_id for each in found}
            found += [WorkerExit(run_id, FORK_SERVER_ENDED, errors) for run_id in left]
        self._children -= {each.run_id for each in found}
        return found

    def close(self) -> None:
        if self._server is not None and self._server.stdin is not None:
            with suppress(OSError):
                self._server.stdin.close()
            self._server.wait()


def end_of_errors(errors: IO[bytes]) -> str:
    """The end of what was written to a file, which is closed."""
    with errors:
        errors.seek(0, os.SEEK_END)
        errors.seek(max(errors.tell() - ERROR_BYTES, 0))
        return without_passwords(errors.read().decode(errors="replace").strip()) or "it wrote no error"
