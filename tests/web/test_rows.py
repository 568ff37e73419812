"""Rows to look at: the same as the engine's, narrowed as a search of all rows would, with parents and children."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("jinja2")
pytest.importorskip("httpx")

from fastapi.testclient import TestClient

from sdgen.engine import batch
from sdgen.errors import NotFound, ScenarioError
from sdgen.execution.request import RunRequest
from sdgen.planning.compile import compile_plan
from sdgen.planning.plan import Plan
from sdgen.readers.sources import read_source, read_text_as_scenario
from sdgen.scenario.request import PlanRequest
from sdgen.service.service import Service
from sdgen.web import browse, row_source
from sdgen.web.browse import OPERATORS, Query, children_of, references, rows_at, select
from tests.web.test_api import API, refused

FIXED = """name: fixed
seed: 3
as_of: 2026-01-01T00:00:00Z
entities:
  teams:
    rows: 9
    columns:
      id: {type: int, primary_key: true, generator: sequence, params: {start: 100}}
      lead_id: {generator: fk, null_rate: 0.3, params: {entity: people, column: id}}
  people:
    rows:
      count: 40
      fixed: [{id: 7, team_id: 103, name: "Ada \\u2028 <b>"}, {id: 8, team_id: null}]
    columns:
      id: {type: int, primary_key: true, generator: sequence, params: {start: 1000}}
      team_id: {generator: fk, nullable: true, params: {entity: teams, column: id}}
      boss_id: {generator: fk, params: {entity: people, column: id, roots: 3}}
      name: {type: string, generator: person.full_name}
      tags: {type: "array<string>", generator: array, params: {items: {generator: choice, params: {values: [a, b]}}, min: 0, max: 2}}
"""


@pytest.fixture(scope="module")
def shop() -> Plan:
    return compile_plan(read_source("shop"), PlanRequest(seed=1, rows={"customers": 400}))


@pytest.fixture(scope="module")
def fixed() -> Plan:
    return compile_plan(read_text_as_scenario(FIXED, "fixed.yaml"), PlanRequest())


def whole(plan: Plan, entity: str) -> pa.Table:
    return pa.Table.from_batches([batch(plan, entity, 0, plan.entities[entity].rows)])


def all_of(plan: Plan, entity: str, **query: Any) -> list[int]:
    """The row numbers of a query, read window by window to the end."""
    found: list[int] = []
    at: int | None = 0
    while at is not None:
        window = select(plan, entity, Query(offset=at, limit=7, **query))
        found += window.numbers.tolist()
        at = window.next
    return found


def test_rows_are_the_engines_wherever_they_stand(shop: Plan) -> None:
    entity = shop.entities["orders"]
    numbers = np.array([5, 2000, 17, entity.rows - 1])
    assert rows_at(shop, entity, numbers).to_pylist() == whole(shop, "orders").take(numbers).to_pylist()


@pytest.mark.parametrize(
    ("entity", "column", "operator", "value", "fits"),
    [
        ("orders", "status", "=", "completed", lambda each: each == "completed"),
        ("orders", "status", "≠", "completed", lambda each: each != "completed"),
        ("orders", "status", "contains", "CANC", lambda each: "canc" in each),
        ("orders", "total", ">", "12.345", lambda each: float(each) > 12.345),
        ("orders", "total", "<=", "5", lambda each: float(each) <= 5),
        ("orders", "ordered_at", ">=", "2024-06-01", lambda each: str(each) >= "2024-06-01"),
        ("orders", "store_id", "=", "2", lambda each: each == 2),
        ("orders", "store_id", "<", "2.5", lambda each: each < 2.5),
        ("supplies", "is_perishable", "=", "true", lambda each: each is True),
        ("stores", "opened_on", "<", "2020-01-01", lambda each: str(each) < "2020-01-01"),
    ],
)
def test_a_condition_finds_what_a_look_at_all_rows_finds(
    shop: Plan, entity: str, column: str, operator: str, value: str, fits: Any
) -> None:
    values = whole(shop, entity).column(column).to_pylist()
    expected = [number for number, each in enumerate(values) if fits(each)]
    assert all_of(shop, entity, column=column, operator=operator, value=value) == expected


def test_nulls_are_looked_for(fixed: Plan) -> None:
    values = whole(fixed, "teams").column("lead_id").to_pylist()
    nulls = [number for number, each in enumerate(values) if each is None]
    assert all_of(fixed, "teams", column="lead_id", operator="is null") == nulls
    assert all_of(fixed, "teams", column="lead_id", operator="is not null") == [
        number for number in range(9) if number not in nulls
    ]


@pytest.mark.parametrize(
    ("name", "plan_name"), [("orders", "shop"), ("order_items", "shop"), ("people", "fixed"), ("teams", "fixed")]
)
def test_keys_lead_to_the_rows_that_have_them(name: str, plan_name: str, request: pytest.FixtureRequest) -> None:
    plan: Plan = request.getfixturevalue(plan_name)
    entity = plan.entities[name]
    numbers = np.arange(min(entity.rows, 500))
    values = rows_at(plan, entity, numbers)
    leads = references(plan, entity, numbers)
    assert leads
    for column, found in leads.items():
        parents = whole(plan, found[0].entity)
        key = parents.column(browse.key_columns(entity)[column][2]).to_pylist()
        for value, lead in zip(values.column(column).to_pylist(), found, strict=True):
            assert (lead.row is None) == (value is None)
            assert lead.row is None or key[lead.row] == value


def test_children_are_those_that_lead_to_a_row(shop: Plan, fixed: Plan) -> None:
    for plan, name in ((shop, "customers"), (shop, "products"), (shop, "orders"), (fixed, "teams"), (fixed, "people")):
        for number in (0, 1, 3, plan.entities[name].rows - 1):
            for each in children_of(plan, name, number):
                child = plan.entities[each.entity]
                column = next(key for key in browse.key_columns(child).values() if key[1] == each.link)
                key = whole(plan, name).column(column[2]).to_pylist()[number]
                held = whole(plan, each.entity).column(column[0]).to_pylist()
                expected = [place for place, value in enumerate(held) if value == key]
                assert all_of(plan, each.entity, link=each.link, parent=number) == expected
                assert each.rows is None or list(each.rows) == expected
    assert [each.rows is None for each in children_of(shop, "customers", 0)] == [False, True]


def test_a_search_has_an_end_and_says_where(shop: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browse, "MOST_SCANNED", 1500)
    window = select(shop, "orders", Query(column="status", value="nothing"))
    assert (len(window.numbers), window.scanned, window.next) == (0, 1500, 1500)
    monkeypatch.setattr(browse, "SCAN_SECONDS", -1.0)
    window = select(shop, "orders", Query(offset=3, column="status", value="nothing"))
    assert (window.scanned, window.next) == (browse.FIRST_CHUNK, 3 + browse.FIRST_CHUNK)
    window = select(shop, "orders", Query(offset=10, limit=5, column="status", operator="is not null"))
    assert (window.numbers.tolist(), window.next) == ([10, 11, 12, 13, 14], 15)
    assert select(shop, "orders", Query(offset=10**18)).next is None


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (Query(column="nothing"), ScenarioError),
        (Query(column="total", operator="~"), ScenarioError),
        (Query(column="total", value="much"), ScenarioError),
        (Query(column="total", value="1e999999"), ScenarioError),
        (Query(column="ordered_at", value="then"), ScenarioError),
        (Query(link="nothing", parent=1), NotFound),
        (Query(link="customer_id"), NotFound),
        (Query(link="customer_id", parent=400), NotFound),
    ],
)
def test_what_can_not_be_looked_for_is_said(shop: Plan, query: Query, error: type[Exception]) -> None:
    with pytest.raises(error):
        select(shop, "orders", query)
    with pytest.raises(NotFound, match="no entity"):
        select(shop, "order", query)


@pytest.fixture
def run_id(service: Service) -> str:
    return service.perform(RunRequest(scenario=FIXED, target="out/fixed.sqlite", exclude=["teams"])).id


def test_the_api_gives_rows_their_parents_and_children(client: TestClient, run_id: str) -> None:
    found = client.get(f"{API}/runs/{run_id}/rows/people", params={"limit": 3}).json()
    assert (found["first"], found["end"], found["next"], found["same"]) == (0, 40, 3, True)
    assert found["columns"][1] == {"name": "team_id", "type": "int", "parent": "teams"}
    assert found["rows"][0]["values"]["name"] == "Ada \u2028 <b>"
    assert found["rows"][0]["parents"] == {"team_id": {"entity": "teams", "row": 3}}
    row = client.get(f"{API}/runs/{run_id}/rows/teams/3").json()
    assert row["values"]["id"] == 103
    assert {"entity": "people", "link": "team_id", "first": None, "count": None} in row["children"]
    narrowed = client.get(f"{API}/runs/{run_id}/rows/people", params={"link": "team_id", "parent": 3}).json()
    assert narrowed["rows"][0]["row"] == 0
    assert narrowed["scanned"] == 40
    for path in ("people/40", "nobody", "nobody/1", "people?column=x", "people?limit=5000", "people?format=xml"):
        refused(client.get(f"{API}/runs/{run_id}/rows/{path}"), 422 if "?" in path else 404)


def test_rows_are_downloaded(client: TestClient, run_id: str) -> None:
    plan = compile_plan(read_text_as_scenario(FIXED, "fixed.yaml"), PlanRequest())
    expected = whole(plan, "people").slice(5, 20)
    address = f"{API}/runs/{run_id}/rows/people?offset=5&limit=20&format="
    answer = client.get(f"{address}csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="people-5.csv"'
    assert answer.headers["x-next-offset"] == "25"
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [each["id"] for each in lines] == [str(each) for each in expected.column("id").to_pylist()]
    rows = [json.loads(line) for line in client.get(f"{address}jsonl").text.splitlines()]
    assert [each["tags"] for each in rows] == expected.column("tags").to_pylist()
    table = pq.read_table(pa.BufferReader(client.get(f"{address}parquet").content))
    assert table.column("name").to_pylist() == expected.column("name").to_pylist()
    empty = f"{API}/runs/{run_id}/rows/people?offset=40&format="
    assert [client.get(f"{empty}{form}").status_code for form in ("csv", "jsonl", "parquet")] == [200, 200, 200]


def test_a_download_that_is_too_large_is_refused(
    client: TestClient, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_source, "CHUNK", 8)
    monkeypatch.setattr(row_source, "MOST_BYTES", 1000)
    problems = refused(client.get(f"{API}/runs/{run_id}/rows/people?limit=40&format=csv"), 422)
    assert "ask for fewer rows" in problems[0]["hint"]


def test_a_scenarios_rows_stay_the_same_from_page_to_page(client: TestClient, folder: Path) -> None:
    text = FIXED.replace("as_of: 2026-01-01T00:00:00Z\n", "").replace("seed: 3\n", "")
    (folder / "scenarios" / "mine.yaml").write_text(text)
    first = client.get("/scenarios/mine/rows")
    assert re.search(r"rows/people\?seed=0&as_of=2\d{3}-", str(first.url)) or "rows/teams?seed=0&as_of=2" in str(
        first.url
    )
    links = re.findall(r'href="([^"]*/rows/people[^"]*)"', first.text)
    assert all("seed=0&amp;as_of=" in each for each in links)
    seeded = client.get("/scenarios/mine/rows/people?seed=9&as_of=2026-01-01T00:00:00").text
    assert "Seed 9" in seeded
    api = client.get(f"{API}/scenarios/mine/rows/people", params={"seed": 9, "as_of": "2026-01-01T00:00:00Z"}).json()
    assert all(str(each["values"]["id"]) in seeded for each in api["rows"])
    assert client.get(f"{API}/scenarios/mine/rows/people/0").json()["values"]["id"] == 7
    for query in ("seed=x", "as_of=then", f"seed={2**70}"):
        assert client.get(f"/scenarios/mine/rows/people?{query}").status_code == 422


def test_pages_of_rows_lead_to_parents_and_children(client: TestClient, run_id: str) -> None:
    assert str(client.get(f"/runs/{run_id}/rows").url).endswith("/rows/people")
    text = client.get(f"/runs/{run_id}/rows/people").text
    assert "Ada \u2028 &lt;b&gt;" in text
    assert "<b>" not in text
    assert f'<td class="right"><a href="/runs/{run_id}/rows/teams/3">103</a></td>' in text
    row = unescape(client.get(f"/runs/{run_id}/rows/people/0").text)
    assert "→ teams row 3" in row
    assert "Look for people" in row
    team = unescape(client.get(f"/runs/{run_id}/rows/teams/3").text)
    assert "leaves this entity out" in team
    assert f'href="/runs/{run_id}/rows/people?link=team_id&parent=3"' in team
    children = unescape(client.get(f"/runs/{run_id}/rows/people?link=team_id&parent=3&limit=25").text)
    assert "leads to" in children
    assert "found among 40 rows from row 0 on" in children
    assert client.get(f"/runs/{run_id}/rows/people/40").status_code == 404
    assert client.get(f"/runs/{run_id}/rows/nobody").status_code == 404


def test_a_page_narrows_jumps_and_keeps_what_was_asked_for(client: TestClient, run_id: str) -> None:
    address = f"/runs/{run_id}/rows/people"
    text = unescape(client.get(f"{address}?column=id&op=>&value=1010&limit=25&offset=1%2C0").text)
    assert "25 found among" in text
    assert re.search(rf'href="{address}\?column=id&op=%3E&value=1010&limit=25&offset=\d+">search on', text)
    assert "<option selected>≥</option>" not in text
    wrong = client.get(f"{address}?column=id&op=%3C&value=many")
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.text
    assert "can't be compared with id, which is int" in unescape(wrong.text)
    last = client.get(f"{address}?limit=25&offset=30").text
    assert "after →" not in last
    assert f'rel="prev" href="{address}?limit=25&amp;offset=5"' in last
    assert client.get(f"{address}?limit=many&offset=-3&parent=x&op=").status_code == 200


def test_rows_of_a_run_that_appended_begin_behind_those_there(
    client: TestClient, service: Service, run_id: str
) -> None:
    again = service.perform(
        RunRequest(scenario=FIXED, target="out/fixed.sqlite", exclude=["teams"], mode="append_only", seed=4)
    )
    assert again.status == "success", again.error
    found = client.get(f"{API}/runs/{again.id}/rows/people").json()
    assert found["first"] == 40
    assert found["rows"][0]["row"] == 40
    refused(client.get(f"{API}/runs/{again.id}/rows/people/3"), 404)
    assert "40 rows that the target held already" in client.get(f"/runs/{again.id}/rows/people").text


def test_every_operator_is_offered(client: TestClient, run_id: str) -> None:
    text = unescape(client.get(f"/runs/{run_id}/rows/people").text)
    assert all(f"<option>{each}</option>" in text or f"<option selected>{each}</option>" in text for each in OPERATORS)
