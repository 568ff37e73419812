"""What comes slowly, or asks while the store is full or others wait: nobody holds the server up."""

from __future__ import annotations

import concurrent.futures
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import uvicorn
from fastapi.testclient import TestClient

from sdgen.errors import StoreFull
from sdgen.service import store
from sdgen.service.service import Service
from sdgen.web import serving
from sdgen.web.app import create_app
from sdgen.web.security import Rules
from tests.service.made import tiny
from tests.web.conftest import HERE
from tests.web.test_api import API, refused


@pytest.fixture
def port(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server that gives a head half a second, and a body too."""
    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.5)
    app = create_app(service, rules=Rules(body_seconds=0.5), starts_runs=False)
    config = uvicorn.Config(app, port=0, log_level="warning", http=serving.TimedProtocol)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


def answered(port: int, *parts: bytes, pause: float = 0.1) -> tuple[bytes, float]:
    """What the server sends until it closes the connection, and after how many seconds."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for part in parts:
            try:
                connection.sendall(part)
            except OSError:
                break
            time.sleep(pause)
        heard = b""
        try:
            while more := connection.recv(65536):
                heard += more
        except ConnectionError:
            pass
    return heard, time.monotonic() - began


@pytest.mark.parametrize("parts", [(), (b"GET / HTT",), (b"GET / HTTP/1.1\r\n", *(b"x: y\r\n",) * 12)])
def test_a_head_that_comes_slowly_is_given_up(port: int, parts: tuple[bytes, ...]) -> None:
    heard, seconds = answered(port, *parts)
    assert heard.startswith(b"HTTP/1.1 408") or heard == b""
    assert seconds < 5


def test_the_head_of_a_second_request_is_given_up_too(port: int) -> None:
    whole = b"GET /api/v1/health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
    heard, seconds = answered(port, whole, b"GET / HTTP/1.1\r\n", *(b"x: y\r\n",) * 12)
    assert heard.startswith(b"HTTP/1.1 200")
    assert seconds < 5


def test_a_body_that_comes_slowly_is_given_up(port: int) -> None:
    head = b"POST /api/v1/scenarios/validate HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n\r\n"
    heard, seconds = answered(port, head, *(b"{",) * 20)
    assert heard.startswith(b"HTTP/1.1 408")
    assert b"did not come within 0.5 s" in heard
    assert seconds < 6
    assert answered(port, b"GET /api/v1/health HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")[0]


@pytest.fixture
def full(service: Service) -> None:
    """No page more for the store's file."""

    @sa.event.listens_for(service.store.engine, "connect")
    def limited(raw: Any, _: object) -> None:
        raw.execute("PRAGMA max_page_count = 1")  # as many as there are

    service.store.engine.dispose()


def test_a_full_store_says_so(client: TestClient, service: Service, full: None) -> None:
    assert client.get(f"{API}/health").json()["status"] == "ok"
    long = {**tiny(), "description": "x" * 200_000}
    for answer in (
        client.post(f"{API}/runs", json={"scenario": long, "target": "out/x.sqlite"}),
        client.put(f"{API}/scenarios/long", json={"scenario": long}),
        client.get(f"{API}/health"),
    ):
        problem = refused(answer, 507)[0]
        assert "runs.sqlite is full" in problem["what"]
        assert "make room" in problem["hint"]
    assert client.get(f"{API}/runs").status_code == 200
    with pytest.raises(StoreFull):
        service.add_scenario(long, "long")


def test_health_looks_at_the_disk_and_the_store(
    client: TestClient, service: Service, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(store, "LEAST_ROOM", 2**80)
        refused(client.get(f"{API}/health"), 507)
    assert client.get(f"{API}/health").status_code == 200
    service.store.engine.dispose()
    for path in folder.glob("runs.sqlite*"):
        path.unlink()
    (folder / "runs.sqlite").write_bytes(b"no database" * 1000)
    refused(client.get(f"{API}/health"), 503)


def test_health_never_waits(service: Service, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty requests hold every thread of the server; health is told at once."""
    over = threading.Event()
    monkeypatch.setattr(type(service), "test_target", lambda *_: over.wait(20) and None)
    app = create_app(service, starts_runs=False)
    with (
        TestClient(app, HERE, raise_server_exceptions=False) as client,
        concurrent.futures.ThreadPoolExecutor(60) as all,
    ):
        asked = [all.submit(client.post, f"{API}/targets/demo/test") for _ in range(60)]
        time.sleep(0.5)
        began = time.monotonic()
        assert client.get(f"{API}/health").status_code == 200
        assert time.monotonic() - began < 3
        assert not over.is_set()
        over.set()
        concurrent.futures.wait(asked)


def test_head_is_answered_wherever_get_is(client: TestClient) -> None:
    paths = [each for each in client.get(f"{API}/openapi.json").json()["paths"].items() if "get" in each[1]]
    values = {"scenario_id": "shop", "target_id": "demo", "name": "choice", "run_id": "none", "entity": "stores"}
    names = [path.format_map(defaultdict(lambda: "1", values)) for path, _ in paths]
    for path in [*names, "/", "/scenarios", "/scenarios/shop", "/runs", "/static/style.css", "/login"]:
        got, head = client.get(path), client.head(path)
        assert head.status_code == got.status_code, path
        assert head.content == b""
        assert head.headers.get("content-type") == got.headers.get("content-type")
