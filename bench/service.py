"""How long the API takes to answer while runs go on: the 99th percentile over eight clients, and the same at rest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from statistics import quantiles
from time import monotonic, perf_counter, sleep

import httpx

from bench.figures import Figure, load
from bench.kills.server import Server
from bench.measure import Failed, Settings, emptied

RUNS, CLIENTS, SECONDS, STARTED = 4, 8, 12.0, 50
_PORT = 18790
_ASKED = ("GET /health", "GET /runs", "GET /runs/ID", "POST /runs/plan")
_START = "POST /runs"
_SMALL = {"scenario_id": "shop", "target": "out/small.sqlite", "mode": "truncate_then_insert", "scale": 0.01}
_PACE = 0.25  # seconds between starts: there is a rate
_PLAN = {"scenario_id": "shop", "target": "out/plan.sqlite"}
Times = dict[str, list[float]]


def service(settings: Settings) -> list[Figure]:
    loaded = load()
    folder = emptied(settings.folder / "service")
    (folder / "targets").mkdir(parents=True)
    server = Server(folder, _PORT, RUNS)
    server.start()
    try:
        started = max(2, int(STARTED * settings.share))
        rest = _asked(server.url, SECONDS * settings.share) | _started(server.url, started)
        runs = _begun(server)
        busy = _asked(server.url, SECONDS * settings.share) | _started(server.url, started)
        if len(server.going()) < RUNS:
            raise Failed("the runs were over before the measurement was: make them larger")
        for run_id in runs:
            httpx.post(f"{server.url}/api/v1/runs/{run_id}/cancel", timeout=30)
    finally:
        server.stop()
    return [_figure(name, busy[name], rest[name], loaded) for name in (*_ASKED, _START)]


def _begun(server: Server) -> list[str]:
    """Runs long enough for the measurement; their ids, once all are at work."""
    found = []
    for number in range(RUNS):
        asked = {"scenario_id": "shop", "target": f"out/busy{number}/", "rows": {"customers": 3_000_000}}
        answer = httpx.post(f"{server.url}/api/v1/runs", json=asked, timeout=60)
        if answer.status_code != 202:
            raise Failed(answer.text)
        found.append(answer.json()["id"])
    until = monotonic() + 60
    while len(server.going()) < RUNS and monotonic() < until:
        sleep(0.1)
    return found


def _asked(url: str, seconds: float) -> Times:
    """The seconds of each answer that the clients got; each asks as soon as it has its answer."""
    found: Times = {name: [] for name in _ASKED}
    failed: list[str] = []
    until = monotonic() + seconds

    def client(number: int) -> None:
        with httpx.Client(base_url=f"{url}/api/v1", timeout=60) as http:
            names = _ASKED
            while monotonic() < until:
                number += 1
                name = names[number % 3] if number % 50 else names[3]  # plans seldom: they have a rate
                started = perf_counter()
                answer = _calls(http)[name]()
                found[name].append(perf_counter() - started)
                if answer.status_code not in (200, 404):
                    failed.append(f"{name}: {answer.status_code} {answer.text[:200]}")

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise Failed(failed[0])
    return found


def _started(url: str, count: int) -> Times:
    """The seconds of each answer to requests for small runs, which wait where others are at work."""
    found = []
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60) as http:
        for _ in range(count):
            begun = perf_counter()
            answer = http.post("/runs", json=_SMALL)
            found.append(perf_counter() - begun)
            if answer.status_code != 202:
                raise Failed(answer.text)
            sleep(_PACE)
    return {_START: found}


def _calls(http: httpx.Client) -> Mapping[str, Callable[[], httpx.Response]]:
    return {
        "GET /health": lambda: http.get("/health"),
        "GET /runs": lambda: http.get("/runs"),
        "GET /runs/ID": lambda: http.get("/runs/latest"),
        "POST /runs/plan": lambda: http.post("/runs/plan", json=_PLAN),
    }


def _figure(name: str, busy: list[float], rest: list[float], loaded: float) -> Figure:
    mine, theirs = _last_hundredth(busy), _last_hundredth(rest)
    who = "one client" if name == _START else f"{CLIENTS} clients"
    middle = sorted(busy)[len(busy) // 2]
    return Figure(
        f"API: {name}, p99, {who}, {RUNS} runs at work",
        "",
        f"{mine * 1000:.0f} ms (middle {middle * 1000:.0f} ms, {len(busy):,} answers)",
        f"no runs at work: {theirs * 1000:.0f} ms",
        f"{mine / theirs:.1f} × the time",
        None,
        "the clients have the same cores",
        loaded,
    )


def _last_hundredth(times: list[float]) -> float:
    return quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else times[0]
