"""What a stranger may try: slow and torn bodies, huge headers, odd paths and methods; and what each answer carries."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import uvicorn
from fastapi.testclient import TestClient

from sdgen.service.service import Service
from sdgen.web import api_runs
from sdgen.web.app import create_app
from sdgen.web.security import HEADERS, Limiter, Rules
from tests.service.made import tiny
from tests.web.conftest import HERE
from tests.web.test_api import API, refused, started

VALIDATE = f"{API}/scenarios/validate"


@pytest.fixture
def address(service: Service) -> Iterator[tuple[str, int]]:
    """A real server, whose bytes are counted."""
    app = create_app(service, starts_runs=False)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", timeout_graceful_shutdown=1))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(256)
        thread = threading.Thread(target=lambda: server.run([listening]))
        thread.start()
        yield listening.getsockname()
        app.state.closing = True
        server.should_exit = True
        thread.join()


def said(address: tuple[str, int], request: bytes) -> bytes:
    """The first line of what the server answers to these bytes; nothing where it waits for more or hangs up."""
    with socket.create_connection(address, timeout=2) as connection, suppress(OSError):
        connection.sendall(request)
        return connection.recv(65_536).partition(b"\r\n")[0]
    return b""


def carries_all(headers: dict[str, str]) -> bool:
    return {name: headers.get(name) for name in HEADERS} == HEADERS


def test_headers_are_on_answers_that_refuse(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = Rules("a-token-of-some-length", largest_body=100, changes=Limiter(2, 0.01))
    client = TestClient(create_app(service, rules=rules, starts_runs=False), HERE, raise_server_exceptions=False)
    bearer = {"authorization": "Bearer a-token-of-some-length"}
    monkeypatch.setattr(type(service), "scenarios", lambda self: 1 / 0)
    answers = {
        401: client.get(f"{API}/runs"),
        404: client.get("/static/nothing.css", headers=bearer),
        500: client.get(f"{API}/scenarios", headers=bearer),
        413: client.post(VALIDATE, content="x" * 200, headers=bearer),
        421: client.get("/", headers={"host": "evil.example"}),
        403: client.post(VALIDATE, headers={"origin": "http://evil.example", **bearer}),
        405: client.post(f"{API}/health", headers=bearer),
        200: client.get("/static/style.css"),
        422: client.post(VALIDATE, json=[], headers=bearer),
        429: client.post(VALIDATE, json=[], headers=bearer),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert carries_all(dict(answer.headers)), status
        assert "Traceback" not in answer.text


def test_no_path_leads_out(client: TestClient) -> None:
    for path in (
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2f..%2fapp.py",
        "/static//etc/passwd",
        "/static/%00",
        f"{API}/scenarios/..%2f..%2fetc%2fpasswd",
        f"{API}/targets/%2e%2e",
        f"{API}/runs/..%5c..%5cx",
    ):
        assert client.get(path).status_code in (404, 422), path


def test_other_methods_are_refused(client: TestClient) -> None:
    for method in ("TRACE", "PATCH", "PROPFIND", "CONNECT"):
        assert client.request(method, f"{API}/runs").status_code in (404, 405), method


def test_a_key_given_twice_counts_once(client: TestClient) -> None:
    body = b'{"scenario": "x", "scenario": "y"}'
    headers = {"content-type": "application/json"}
    assert client.post(VALIDATE, content=body, headers=headers).status_code == 200
    deep = b'{"scenario": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    refused(client.post(VALIDATE, content=deep, headers=headers), 400)


def test_torn_requests_get_an_answer_or_none(address: tuple[str, int]) -> None:
    head = f"POST {VALIDATE} HTTP/1.1\r\nhost: 127.0.0.1\r\n".encode()
    get = b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n"
    for request in (
        b"\x16\x03\x01 no http\r\n\r\n",
        head + b"content-length: -1\r\n\r\n",
        head + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\nabc",
        get + b"x: " + b"a" * 200_000 + b"\r\n\r\n",
        get + b"host: evil.example\r\n\r\n",
    ):
        assert said(address, request)[9:12] in (b"400", b"421", b"431", b""), request[:80]


def test_a_slow_body_keeps_nobody_waiting(address: tuple[str, int]) -> None:
    head = f"POST {VALIDATE} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n\r\n".encode()
    slow = [socket.create_connection(address, timeout=5) for _ in range(50)]
    for connection in slow:
        connection.sendall(head + b"{")
    health = f"GET {API}/health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode()
    assert said(address, health).startswith(b"HTTP/1.1 200")
    for connection in slow:
        connection.close()


def test_listeners_that_leave_leave_nothing(
    address: tuple[str, int], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred at once, each told of the run; when they have gone, so have their tasks."""
    open_streams: set[int] = set()
    original = api_runs.stream

    async def counted(*asked: object) -> object:
        open_streams.add(me := id(asked))
        try:
            async for each in original(*asked):  # type: ignore[arg-type]
                yield each
        finally:
            open_streams.discard(me)

    monkeypatch.setattr("sdgen.web.api_runs.stream", counted)
    client = TestClient(create_app(service, starts_runs=False), HERE)
    run_id = started(client, scenario=tiny(), target="out/x.sqlite")
    asked = f"GET {API}/runs/{run_id}/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode()
    listeners = [socket.create_connection(address, timeout=20) for _ in range(100)]
    for each in listeners:
        each.sendall(asked)
    for each in listeners:
        heard = b""
        while b"event: progress" not in heard:
            heard += each.recv(65_536)
    assert len(open_streams) == 100
    for each in listeners:
        each.close()
    until = time.monotonic() + 20
    while open_streams and time.monotonic() < until:
        time.sleep(0.05)
    assert not open_streams


def test_silence_is_broken_by_a_comment(client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_runs, "HEARTBEAT", 0.02)
    monkeypatch.setattr(api_runs, "EVERY", 0.01)
    run_id = started(client, scenario=tiny(), target="out/x.sqlite")

    async def heard() -> list[str]:
        found: list[str] = []
        async for text in api_runs.stream(service, run_id, 0, lambda: len(found) >= 4):
            found.append(text)
        return found

    first, *rest = asyncio.run(heard())
    assert "event: progress" in first
    assert rest == [": still here\n\n"] * 3
