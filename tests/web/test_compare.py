"""Two runs side by side: settings, digests and distributions."""

from __future__ import annotations

import re
from html import unescape

import pytest

pytest.importorskip("jinja2")
pytest.importorskip("httpx")

from fastapi.testclient import TestClient

from sdgen.execution.request import RunRequest
from sdgen.service.service import Service
from tests.web.page_client import SMALL
from tests.web.test_api import API, refused

NOW = "2026-01-01T00:00:00Z"


def two(service: Service) -> tuple[str, str]:
    first = service.perform(RunRequest(scenario=SMALL, target="out/a.sqlite", seed=1, as_of=NOW))
    other = SMALL.replace("note:", "note_2:")
    second = service.perform(
        RunRequest(scenario=other, target="out/b.duckdb", seed=1, as_of=NOW, rows={"people": 50}, include=["people"])
    )
    return first.id, second.id


def test_what_differs_is_marked(client: TestClient, service: Service) -> None:
    first, second = two(service)
    text = unescape(client.get(f"/runs/compare?run={first}&run={second}").text)
    differing = set(re.findall(r'<tr class="differs"><th scope="row">([^<]+)', text))
    assert {"kind", "destination", "only", "rows of people", "scenario text", "people", "pets"} <= differing
    assert not {"seed", "as of", "mode", "status"} & differing
    assert "Not the same rows in 2 of 2 entities" in re.sub(r"<[^>]+>", "", text)
    same = unescape(client.get(f"/runs/compare?run={first}&run={first}").text)
    assert "The same rows" in same
    assert 'class="differs"' not in same


def test_the_api_compares_any_two(client: TestClient, service: Service) -> None:
    first, second = two(service)
    found = client.get(f"{API}/runs/{first}/comparison", params={"with": second}).json()
    assert (found["same"], found["run_id"], found["again_id"]) == (False, first, second)
    settings = {each["name"]: each for each in found["settings"]}
    assert settings["kind"] == {"name": "kind", "then": "sqlite", "now": "duckdb", "same": False}
    assert settings["seed"]["same"]
    people = {each["entity"]: each for each in found["entities"]}["people"]
    assert (people["rows_then"], people["rows_now"]) == (30, 50)
    assert set(people["columns"]) == {"id", "note", "note_2"}
    refused(client.get(f"{API}/runs/{first}/comparison"), 409)
    refused(client.get(f"{API}/runs/{first}/comparison?with=nothing"), 404)


def test_distributions_stand_side_by_side(client: TestClient, service: Service) -> None:
    first, second = two(service)
    page = client.get(f"/runs/compare?run={first}&run={second}").text
    (address, *_) = [unescape(each) for each in re.findall(r'data-load="([^"]+)"', page)]
    text = client.get(address, headers={"x-fragment": "1"}).text
    assert "<html" not in text
    assert text.count("no such column") == 2
    assert text.count('<svg class="chart"') == 4
    assert "<html" in client.get(address).text
    assert client.get(f"/runs/compare/pictures/nobody?run={first}&run={second}").status_code == 404
    assert client.get(f"/runs/compare/pictures/people?run={first}").status_code == 422


def test_the_second_run_is_chosen(client: TestClient, service: Service) -> None:
    first, second = two(service)
    text = client.get(f"/runs/compare?run={first}").text
    assert re.findall(r'<option value="([^"]+)"', text) == [second]
    assert client.get("/runs/compare").status_code == 422
    assert client.get(f"/runs/compare?run={first}&run=nothing").status_code == 404


def test_runs_that_wrote_nothing_are_compared_by_their_settings(client: TestClient, service: Service) -> None:
    first, _ = two(service)
    waiting = service.submit(RunRequest(scenario=SMALL, target="out/c.sqlite", seed=2))
    text = unescape(client.get(f"/runs/compare?run={first}&run={waiting.id}").text)
    assert "Not both of them have succeeded" in text
    assert '<tr class="differs"><th scope="row">seed' in text
