"""`sdgen serve` as a process: where it listens, when it won't, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sdgen.errors import SdgenError
from sdgen.web.serving import ServerOptions, access_of, serve


def serving(**more: object) -> ServerOptions:
    usual: dict[str, object] = {
        "host": "127.0.0.1",
        "port": 0,
        "scenarios_dir": "",
        "targets_dir": "",
        "runs_db": "",
        "token": "",
        "at_once": 2,
        "files_dir": "out",
        "allow_hosts": (),
        "allow_destinations": (),
        "allow_databases": (),
        "allow_secrets": (),
    }
    return ServerOptions(**{**usual, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"host": "0.0.0.0"}, "a token is needed"),
        ({"host": "::"}, "a token is needed"),
        ({"token": "short"}, "shorter than 16"),
        ({"token": "a token of some length"}, "can't carry"),
        ({"scenarios_dir": "nowhere"}, "does not exist"),
        ({"host": "no.such.host.invalid", "token": "x" * 20}, "can't listen"),
    ],
)
def test_what_it_refuses(folder: Path, options: dict[str, object], what: str) -> None:
    with pytest.raises(SdgenError) as refused:
        serve(serving(**options), print)
    assert what in str(refused.value)


def test_a_port_in_use_is_told(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SdgenError, match="can't listen"):
            serve(serving(port=taken.getsockname()[1]), print)


def test_requests_name_little_by_default(folder: Path) -> None:
    access = access_of(serving())
    assert (access.paths, access.folders, access.destinations, access.secrets) == (False, (folder / "out",), (), ())


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_stopped(folder: Path, stop: signal.Signals) -> None:
    command = [sys.executable, "-m", "sdgen", "serve", "--port", "0"]
    environment = {**os.environ, "SDGEN_TOKEN": "a-token-of-some-length"}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        url = server.stdout.readline().decode().split()[3]
        asked = {"scenario_id": "shop", "target_id": "far"}
        bearer = {"authorization": "Bearer a-token-of-some-length"}
        assert httpx.post(f"{url}api/v1/runs", json=asked).status_code == 401
        with httpx.stream("GET", f"{url}api/v1/health", timeout=10) as answer:
            assert answer.status_code == 200
        run = httpx.post(f"{url}api/v1/runs", json=asked, headers=bearer, timeout=20)
        assert run.status_code == 202
        server.send_signal(stop)
        assert server.wait(20) in (0, -stop, 128 + stop)
        assert b"Traceback" not in server.stderr.read()
