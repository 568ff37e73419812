"""Requests that read scenarios are done in worker processes: within limits, and none of them harms the server."""

from __future__ import annotations

import concurrent.futures
import inspect
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from sdgen.cli.serve_command import serve
from sdgen.execution.byte_counts import byte_count
from sdgen.service.service import Service
from sdgen.web import workers
from sdgen.web.app import create_app
from sdgen.web.in_workers import is_done_here
from sdgen.web.limits import PREVIEW_MEMORY, PREVIEW_SECONDS, RequestLimits, WorkerOptions
from sdgen.web.workers import Usage
from tests.service.made import tiny
from tests.web.conftest import HERE
from tests.web.test_api import API, over, refused, started

LIMITS = RequestLimits(memory=120_000_000, seconds=4, workers=1)
HEAD = "name: nasty\nseed: 1\nentities:\n  things:\n    rows: 100000\n    columns:\n      id: {type: bigint, primary_key: true}\n"


def columns(sql: str, count: int) -> str:
    line = '      c{0}: {{type: text, generator: expression, params: {{sql: "{1}"}}}}\n'
    return HEAD + "".join(line.format(number, sql.replace("N", str(number))) for number in range(count))


MEMORY = columns("lpad(id::text, 10000, 'N')", 12)
TIME = columns("levenshtein(lpad(id::text, 700, 'a'), rpad(id::text, 700, 'Nb'))::text", 8)


def asked(text: str) -> dict[str, Any]:
    return {"scenario": text, "target": "out/x.sqlite"}


@pytest.fixture
def bounded(service: Service, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    limits = replace(LIMITS, seconds=getattr(request, "param", 30))
    with TestClient(create_app(service, limits=limits), HERE, raise_server_exceptions=False) as opened:
        yield opened


@pytest.mark.parametrize(
    ("bounded", "text", "what", "option"),
    [
        (30, MEMORY, "more than 120 MB of memory", "--preview-memory"),
        (2, TIME, "the request takes more than", "--preview-seconds"),
    ],
    ids=["memory", "time"],
    indirect=["bounded"],
)
def test_a_request_that_takes_too_much_is_refused_by_the_name_of_the_limit(
    bounded: TestClient, text: str, what: str, option: str
) -> None:
    problem = refused(bounded.post(f"{API}/runs/plan", json=asked(text)), 422)[0]
    assert problem["path"] == "request"
    assert what in problem["what"]
    assert option in problem["hint"]
    assert bounded.post(f"{API}/scenarios/validate", json={"scenario": tiny()}).json()["valid"]
    assert bounded.get(f"{API}/runs").json()["total"] == 0


def test_a_page_tells_of_the_limit_where_its_problems_stand(bounded: TestClient) -> None:
    form = {"scenario": MEMORY, "target": "out/x.sqlite"}
    answer = bounded.post("/plan", data=form, headers={"x-fragment": "1"})
    assert answer.status_code == 422
    assert "more than 120 MB of memory" in answer.text
    assert "<html" not in answer.text


def test_runs_are_started_and_done_as_in_one_process(bounded: TestClient) -> None:
    run_id = started(bounded, scenario=tiny(), target="out/x.sqlite")
    assert over(bounded, run_id)["status"] == "success"
    again = bounded.post(f"{API}/runs/{run_id}/reproduce").json()["id"]
    assert over(bounded, again)["status"] == "success"
    assert bounded.get(f"{API}/runs/{again}/comparison").json()["same"]
    assert bounded.post(f"{API}/targets/far/test").json()["destination"].startswith("postgresql://app:***@")


def test_headers_are_those_of_every_answer(bounded: TestClient) -> None:
    answer = bounded.get("/scenarios/shop")
    assert answer.status_code == 200
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert bounded.get("/scenarios/none-such").status_code == 404


def test_more_requests_than_may_wait_are_told_to_come_again(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "MOST_WAITING", 0)
    app = create_app(service, limits=replace(LIMITS, seconds=30), starts_runs=False)
    slow = asked(columns("levenshtein(lpad(id::text, 100, 'a'), lpad(id::text, 100, 'Nb'))::text", 1))
    with TestClient(app, HERE) as client, concurrent.futures.ThreadPoolExecutor(12) as threads:
        assert client.get(f"{API}/scenarios/shop").status_code == 200
        answers = list(threads.map(lambda _: client.post(f"{API}/runs/plan", json=slow), range(12)))
        assert {each.status_code for each in answers} == {200, 503}
        busy = next(each for each in answers if each.status_code == 503)
        assert busy.headers["retry-after"] == "2"
        assert "busy" in busy.json()["error"]["message"]
        assert client.post(f"{API}/runs/plan", json={"scenario": tiny(), "target": "out/x.sqlite"}).status_code == 200


def test_what_never_waits_for_a_worker(service: Service) -> None:
    here = {("GET", f"{API}/health"), ("GET", f"{API}/runs/latest/events"), ("GET", "/runs/latest/state")}
    here |= {("POST", f"{API}/runs/latest/cancel"), ("GET", "/static/style.css"), ("GET", f"{API}/runs")}
    assert all(is_done_here(*each) for each in here)
    away = {("POST", f"{API}/runs"), ("POST", f"{API}/runs/plan"), ("POST", f"{API}/scenarios/validate")}
    away |= {("GET", f"{API}/scenarios/shop"), ("PUT", f"{API}/scenarios/shop"), ("POST", "/scenarios/preview")}
    away |= {("GET", "/runs/latest/pictures/customers"), ("GET", "/"), ("GET", "/a-page-that-is-new")}
    assert not any(is_done_here(*each) for each in away)


def test_a_worker_that_is_killed_is_replaced(bounded: TestClient) -> None:
    assert bounded.get(f"{API}/scenarios/shop").status_code == 200
    pool = bounded.app.state.pool  # type: ignore[attr-defined]
    found = pool._idle.get()
    os.kill(found._pid, signal.SIGKILL)
    pool._idle.put(found)
    assert bounded.get(f"{API}/scenarios/shop").status_code == 422
    assert bounded.get(f"{API}/scenarios/shop").status_code == 200


def test_the_options_of_the_command_are_the_limits() -> None:
    given = inspect.signature(serve).parameters
    assert byte_count(given["preview_memory"].default) == PREVIEW_MEMORY
    assert given["preview_seconds"].default == PREVIEW_SECONDS


def patient(method: str, url: str, **more: Any) -> httpx.Response:
    """The answer of a server that may be busy, on a machine that may be."""
    for _ in range(20):
        answer = httpx.request(method, url, timeout=90, **more)
        if answer.status_code != 503:
            break
        time.sleep(1)
    return answer


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_memory_of_a_server_stays_bounded(folder: Path) -> None:
    """Previews and plans, ordinary and nasty; the processes may not take more than 2 GB each, whatever goes wrong."""
    command = [sys.executable, "-m", "sdgen", "serve", "--port", "0", "--preview-memory", "120MB"]
    command += ["--preview-seconds", "5"]

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (2_000_000_000, 2_000_000_000))

    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, preexec_fn=limited)
    try:
        assert server.stdout is not None
        url = server.stdout.readline().decode().split()[3]
        shop = patient("GET", f"{url}api/v1/scenarios/shop").json()["text"]
        for text in (MEMORY, TIME, shop) * int(os.environ.get("SDGEN_FUZZ_ROUNDS", "2")):
            answer = patient("POST", f"{url}api/v1/runs/plan", json=asked(text))
            assert answer.status_code == (200 if text is shop else 422), answer.text
            assert Usage.of(server.pid).memory < 400_000_000
    finally:
        server.terminate()
        server.wait(20)


def test_a_worker_that_could_not_start_is_tried_again(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[float] = []

    class Failing(workers.Worker):
        def __init__(self, options: WorkerOptions) -> None:
            tries.append(time.monotonic())
            if len(tries) < 3:
                raise OSError("no room for a process")

        def close(self) -> None: ...

    monkeypatch.setattr(workers, "Worker", Failing)
    monkeypatch.setattr(workers, "_TRIES", (0.0, 0.01, 0.01))
    pool = workers.WorkerPool(WorkerOptions.of(service, 1000, LIMITS))
    pool.start()
    assert isinstance(pool._idle.get(timeout=10), Failing)
    assert len(tries) == 3
    pool.close()
