"""Brokers of the tests' own: Debian's nats-server and rabbitmq-server, where they are installed, and a stand-in for Kafka."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PATH = "/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin:/usr/lib/rabbitmq/bin"


def installed(name: str) -> str:
    return shutil.which(name, path=_PATH) or ""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class BrokerServer:
    """A running broker."""

    port: int
    process: subprocess.Popen[bytes]


@contextmanager
def _running(
    command: list[str], port: int, folder: Path, environment: Mapping[str, str] = {}
) -> Iterator[BrokerServer]:
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **environment})
    try:
        for _ in range(600):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, (folder / "output").read_text()
            time.sleep(0.1)
        yield BrokerServer(port, process)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def nats(*options: str) -> Iterator[BrokerServer]:
    """nats-server with JetStream over an empty folder."""
    with tempfile.TemporaryDirectory(prefix="sdgen-nats-") as folder:
        port = free_port()
        command = [installed("nats-server"), "-a", "127.0.0.1", "-p", str(port), "-sd", folder, *options]
        with _running(command, port, Path(folder)) as server:
            yield server


@contextmanager
def rabbitmq() -> Iterator[BrokerServer]:
    """rabbitmq-server over an empty folder, with a port mapper of its own."""
    with tempfile.TemporaryDirectory(prefix="sdgen-rabbit-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o777)  # Debian's script changes to a user of its own
        port, mapper = free_port(), free_port()
        own = {"NODENAME": f"sdgen{port}@localhost", "NODE_PORT": str(port), "DIST_PORT": str(free_port())}
        own |= {"MNESIA_BASE": f"{folder}/data", "LOG_BASE": f"{folder}/log", "CONF_ENV_FILE": "/dev/null"}
        environment = {f"RABBITMQ_{name}": value for name, value in own.items()}
        environment |= {
            "HOME": folder,
            "ERL_EPMD_PORT": str(mapper),
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
        }
        with _running([installed("rabbitmq-server")], port, Path(folder), environment) as server:
            yield server
        subprocess.run([installed("epmd"), "-port", str(mapper), "-kill"], capture_output=True, check=False)
