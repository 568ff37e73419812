"""Where worker processes come from: forked off a process that has everything imported, or started anew.

A fork takes hundredths of a second, a start about one second. Either way a run has a process of its own.
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

FORK_SERVER_ENDED = 71  # the exit code of workers that nobody watches any more
ERROR_BYTES = 2000  # bytes of what a worker said last


@dataclass(frozen=True)
class WorkerExit:
    """A worker that is no more: its exit code (negative: the signal), and what it said last."""

    run_id: str
    code: int
    said: str


class WorkerProcesses(Protocol):
    """Starts workers, and tells which have ended."""

    def start(self, run_id: str, limit: int) -> None:
        """OSError where no process can be had."""
        ...

    def ended(self) -> list[WorkerExit]: ...

    def close(self) -> None:
        """Start no more; those that are at work go on."""
        ...


def worker_processes(place: str) -> WorkerProcesses:
    """The way to workers that this system has."""
    return ForkedWorkers(place) if hasattr(os, "fork") and sys.platform != "darwin" else SpawnedWorkers(place)


class SpawnedWorkers:
    """Each worker is a new interpreter."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._workers: list[tuple[str, subprocess.Popen[bytes], IO[bytes]]] = []

    def start(self, run_id: str, limit: int) -> None:
        command = [sys.executable, "-m", "sdgen.service.worker", run_id, "--limit", str(limit)]
        said = tempfile.TemporaryFile()  # noqa: SIM115
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={**os.environ, VARIABLE: self._place},
            start_new_session=True,  # a signal to this process's terminal is none to the run
        )
        self._workers.append((run_id, process, said))

    def ended(self) -> list[WorkerExit]:
        over = [each for each in self._workers if each[1].poll() is not None]
        self._workers = [each for each in self._workers if each not in over]
        return [WorkerExit(run_id, process.returncode, end_of_errors(said)) for run_id, process, said in over]

    def close(self) -> None:
        pass


class ForkedWorkers:
    """Workers are children of a nursery process, which is started for the first of them, and again when it died."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._server: subprocess.Popen[bytes] | None = None
        self._children: set[str] = set()
        self._heard = b""
        self._said: IO[bytes] | None = None

    def start(self, run_id: str, limit: int) -> None:
        if self._server is None:
            self._server = self._started()
        assert self._server.stdin is not None
        with suppress(BrokenPipeError):  # `ended` will tell of a nursery that died
            self._server.stdin.write(f"{run_id} {limit}\n".encode())
            self._server.stdin.flush()
        self._children.add(run_id)

    def _started(self) -> subprocess.Popen[bytes]:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        nursery = subprocess.Popen(
            [sys.executable, "-m", "sdgen.service.fork_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={**os.environ, VARIABLE: self._place},
            start_new_session=True,
        )
        assert nursery.stdout is not None
        os.set_blocking(nursery.stdout.fileno(), False)
        return nursery

    def ended(self) -> list[WorkerExit]:
        if self._server is None or self._server.stdout is None:
            return []
        gone = self._server.poll() is not None
        self._heard += self._server.stdout.read() or b""
        *lines, self._heard = self._heard.split(b"\n")
        found = [WorkerExit(*json.loads(line)) for line in lines]
        if gone:
            self._server.stdout.close()
            self._server, self._heard = None, b""
            said = end_of_errors(self._said) if self._said else ""
            left = self._children - {each.run_id for each in found}
            found += [WorkerExit(run_id, FORK_SERVER_ENDED, said) for run_id in left]
        self._children -= {each.run_id for each in found}
        return found

    def close(self) -> None:
        if self._server is not None and self._server.stdin is not None:
            with suppress(OSError):
                self._server.stdin.close()
            self._server.wait()


def end_of_errors(said: IO[bytes]) -> str:
    """The end of what was written to a file, which is closed."""
    with said:
        said.seek(0, os.SEEK_END)
        said.seek(max(said.tell() - ERROR_BYTES, 0))
        return without_passwords(said.read().decode(errors="replace").strip()) or "it wrote no error"
