"""`sdgen serve` as a process that is killed and started again, and the processes that belong to it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.measure import SDGEN

_START = 60.0  # seconds


@dataclass(frozen=True)
class Going:
    """A run at work: its id, its process, its phase."""

    run_id: str
    pid: int
    phase: str


class Server:
    """The server of a folder. Each start takes the same port; everything it starts knows the store's place."""

    def __init__(self, folder: Path, port: int, at_once: int) -> None:
        self.folder = folder
        self.store = folder / "runs.sqlite"
        self.url = f"http://127.0.0.1:{port}"
        self._command = [SDGEN, "serve", "--port", str(port), "--at-once", str(at_once), "--targets-dir", "targets"]
        self._process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def start(self) -> None:
        """Start it, and wait until it answers."""
        scratch = self.folder / "tmp"
        scratch.mkdir(exist_ok=True)
        environment = {**os.environ, "SDGEN_RUNS_DB": str(self.store), "TMPDIR": str(scratch)}
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self.starts += 1
        until = time.monotonic() + _START
        while time.monotonic() < until:
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/api/v1/health", timeout=5).status_code == 200:
                    return
            time.sleep(0.05)
        raise TimeoutError("the server does not answer; see server.log")

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """End it as Ctrl-C does; its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def going(self) -> list[Going]:
        """The runs at work, as the store tells."""
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=30)) as connection:
            found = connection.execute("SELECT id, owner_pid, phase FROM runs WHERE status = 'running'").fetchall()
        return [Going(*each) for each in found if each[1] in self.processes()]

    def processes(self) -> dict[int, str]:
        """All that were started for this store: the server, the fork server, the workers; their commands by number."""
        mark = f"SDGEN_RUNS_DB={self.store}".encode()
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (path / "environ").read_bytes().split(b"\0"):
                    found[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def nurseries(self) -> list[int]:
        """Processes that workers are forked from: those of that command which are no run's own."""
        working = {each.pid for each in self.going()}
        return [
            pid for pid, said in self.processes().items() if "sdgen.service.fork_server" in said and pid not in working
        ]


def kill(pid: int) -> bool:
    """Kill -9; whether there was such a process."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
