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

NURSERY_ENDED = 71  # the exit code of workers that nobody watches any more
LAST_WORDS = 2000  # bytes of what a worker said last


@dataclass(frozen=True)
class Ended:
    """A worker that is no more: its exit code (negative: the signal), and what it said last."""

    run_id: str
    code: int
    said: str


class Workers(Protocol):
    """Starts workers, and tells which have ended."""

    def start(self, run_id: str, limit: int) -> None:
        """OSError where no process can be had."""
        ...

    def ended(self) -> list[Ended]: ...

    def close(self) -> None:
        """Start no more; those that are at work go on."""
        ...


def workers(place: str) -> Workers:
    """The way to workers that this system has."""
    return Forked(place) if hasattr(os, "fork") and sys.platform != "darwin" else Started(place)


class Started:
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

    def ended(self) -> list[Ended]:
        over = [each for each in self._workers if each[1].poll() is not None]
        self._workers = [each for each in self._workers if each not in over]
        return [Ended(run_id, process.returncode, last_words(said)) for run_id, process, said in over]

    def close(self) -> None:
        pass


class Forked:
    """Workers are children of a nursery process, which is started for the first of them, and again when it died."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._nursery: subprocess.Popen[bytes] | None = None
        self._children: set[str] = set()
        self._heard = b""
        self._said: IO[bytes] | None = None

    def start(self, run_id: str, limit: int) -> None:
        if self._nursery is None:
            self._nursery = self._started()
        assert self._nursery.stdin is not None
        with suppress(BrokenPipeError):  # `ended` will tell of a nursery that died
            self._nursery.stdin.write(f"{run_id} {limit}\n".encode())
            self._nursery.stdin.flush()
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

    def ended(self) -> list[Ended]:
        if self._nursery is None or self._nursery.stdout is None:
            return []
        gone = self._nursery.poll() is not None
        self._heard += self._nursery.stdout.read() or b""
        *lines, self._heard = self._heard.split(b"\n")
        found = [Ended(*json.loads(line)) for line in lines]
        if gone:
            self._nursery.stdout.close()
            self._nursery, self._heard = None, b""
            said = last_words(self._said) if self._said else ""
            left = self._children - {each.run_id for each in found}
            found += [Ended(run_id, NURSERY_ENDED, said) for run_id in left]
        self._children -= {each.run_id for each in found}
        return found

    def close(self) -> None:
        if self._nursery is not None and self._nursery.stdin is not None:
            with suppress(OSError):
                self._nursery.stdin.close()
            self._nursery.wait()


def last_words(said: IO[bytes]) -> str:
    """The end of what was written to a file, which is closed."""
    with said:
        said.seek(0, os.SEEK_END)
        said.seek(max(said.tell() - LAST_WORDS, 0))
        return without_passwords(said.read().decode(errors="replace").strip()) or "it said nothing"
