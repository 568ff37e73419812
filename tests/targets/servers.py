"""Servers of the tests' own: Debian's MariaDB, where it is installed, and one that speaks S3."""

from __future__ import annotations

import shutil
import socket as sockets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WANTED = ("mariadbd", "mariadb-install-db", "mariadb")


def missing() -> str:
    """What of the server is not installed; "" where all is."""
    return next((name for name in WANTED if not _path(name)), "")


def _path(name: str) -> str:
    return shutil.which(name, path="/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin") or ""


@dataclass(frozen=True)
class Server:
    """A running server, reached by its socket."""

    socket: Path

    def run(self, sql: bytes, database: str = "", *options: str) -> str:
        """What the server's own client says; AssertionError with its message where it fails."""
        command = [_path("mariadb"), "--no-defaults", f"--socket={self.socket}", "--user=root", *options]
        done = subprocess.run(
            [*command, *([database] if database else [])], input=sql, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()


@contextmanager
def running() -> Iterator[Server]:
    """A server over an empty folder, which is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="sdgen-maria-"))
    data, socket = folder / "data", folder / "s"
    own = ["--no-defaults", f"--datadir={data}", "--user=root"]
    install = [_path("mariadb-install-db"), *own, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(install, capture_output=True, check=True)
    start = [_path("mariadbd"), *own, f"--socket={socket}", "--skip-networking", f"--pid-file={folder}/pid"]
    start += ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M", "--skip-log-bin"]
    process = subprocess.Popen(start, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            if socket.exists():
                break
            time.sleep(0.1)
        yield Server(socket)
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def s3() -> Iterator[str]:
    """The address of an S3-compatible server in a process of its own; the package moto must be there."""
    with sockets.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from moto.server import main; import sys; main(sys.argv[1:])", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    for _ in range(600):
        with sockets.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server doesn't start")
