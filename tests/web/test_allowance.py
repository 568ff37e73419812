"""What one request may count: plans of very many parents are refused at once, at every address that makes a plan."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from sdgen.cli.serve_command import serve
from sdgen.errors import ScenarioError
from sdgen.generators.links.counts import BLOCK
from sdgen.service.service import Service
from sdgen.web.app import create_app
from sdgen.web.limits import MOST_COUNTED, Allowance
from tests.web.conftest import HERE

MANY, FEW = 2 * BLOCK, BLOCK
TEXT = """name: family
seed: 1
entities:
  parents: {rows: ROWS, columns: {id: {type: bigint, primary_key: true}}}
  children:
    rows: {per: parents, min: 0, max: 3}
    columns: {id: {type: bigint, primary_key: true}, parent_id: {type: bigint, generator: fk, params: {entity: parents, column: id}}}
"""


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service, most_counted=FEW, starts_runs=False), HERE) as opened:
        yield opened


def text(rows: int) -> str:
    return TEXT.replace("ROWS", str(rows))


def asked(parents: int, **more: Any) -> dict[str, Any]:
    return {"scenario": text(parents), "target": "out/x.sqlite", **more}


@pytest.mark.parametrize("address", ["/api/v1/runs/plan", "/api/v1/runs"])
def test_a_plan_that_counts_too_much_is_refused_with_the_number(client: TestClient, address: str) -> None:
    for each in (asked(MANY), asked(10, scale=1e5), asked(10, rows={"parents": MANY})):
        answer = client.post(address, json=each)
        assert answer.status_code == 422
        told = answer.json()["error"]["problems"]
        assert any(
            f"more than {FEW:,} rows" in problem["what"] and "smaller scale" in problem["hint"] for problem in told
        )
    assert client.get("/api/v1/runs").json()["total"] == 0


def test_each_request_has_an_allowance_of_its_own(client: TestClient) -> None:
    for _ in range(3):
        assert client.post("/api/v1/runs/plan", json=asked(FEW)).status_code == 200


def test_pages_and_validation_are_spared_too(client: TestClient) -> None:
    words = f"more than {FEW:,} rows"
    assert words in client.post("/scenarios/preview", data={"scenario": text(MANY)}).text
    assert words in client.post("/plan", data={"scenario": text(MANY), "target": "out/x.sqlite"}).text
    verdict = client.post("/api/v1/scenarios/validate", json={"scenario": text(MANY)}).json()
    assert not verdict["valid"]
    assert words in verdict["problems"][0]["what"]


def test_the_option_has_the_usual_limit() -> None:
    assert inspect.signature(serve).parameters["most_counted"].default == MOST_COUNTED


def test_counting_ends_after_some_seconds_too() -> None:
    hurried = Allowance(10 * BLOCK, seconds=0.01)
    assert not hurried.is_set()
    time.sleep(0.02)
    with pytest.raises(ScenarioError, match=f"children of {BLOCK:,} rows has taken 0.01 s"):
        hurried.is_set()


def wide(columns: int) -> str:
    head = "name: wide\nseed: 1\nentities:\n  things:\n    rows: 10\n    columns:\n      id: {type: bigint, primary_key: true}\n"
    return head + "".join(f"      c{number}: {{type: int}}\n" for number in range(columns))


def test_a_scenario_of_very_many_columns_is_refused_at_once(client: TestClient) -> None:
    text, what = wide(20_000), "20,002 entities and columns, and a request may have 5,000"
    began = time.process_time()
    for address in ("/runs/plan", "/runs"):
        answer = client.post(f"/api/v1{address}", json={"scenario": text, "target": "out/x.sqlite"})
        assert answer.status_code == 422
        assert what in answer.json()["error"]["message"]
    assert what in client.post("/api/v1/scenarios/validate", json={"scenario": text}).json()["problems"][0]["what"]
    assert what in client.post("/scenarios/preview", data={"scenario": text}).text
    assert time.process_time() - began < 30
    assert client.post("/api/v1/scenarios/validate", json={"scenario": wide(300)}).json()["valid"]
