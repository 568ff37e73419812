"""The API: each address, each kind of error, and runs done to their end by workers."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from sdgen.execution.target_spec import TargetSpec
from sdgen.service.processes import this_process
from sdgen.service.service import Service
from tests.service.made import tiny
from tests.web.conftest import PASSWORD

API = "/api/v1"
TEXT = """name: people
version: 1.0.0
entities:
  people:
    rows: 10
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
      email: {type: string(200)}
"""


def refused(response: Any, status: int) -> list[dict[str, Any]]:
    """The problems of an error, which has the one shape there is."""
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert set(response.json()) == {"error"}
    assert error["message"]
    assert "Traceback" not in response.text
    for problem in error["problems"]:
        assert set(problem) == {"path", "what", "hint", "file", "line", "column"}
    problems: list[dict[str, Any]] = error["problems"]
    return problems


def over(client: TestClient, run_id: str) -> dict[str, Any]:
    end = time.monotonic() + 60
    while True:
        run: dict[str, Any] = client.get(f"{API}/runs/{run_id}").json()
        if run["status"] not in ("pending", "running"):
            return run
        assert time.monotonic() < end
        time.sleep(0.02)


def started(client: TestClient, **asked: Any) -> str:
    response = client.post(f"{API}/runs", json={"scenario": tiny(), "target": "out/x.sqlite", **asked})
    assert response.status_code == 202, response.text
    run_id: str = response.json()["id"]
    assert response.headers["location"] == f"{API}/runs/{run_id}"
    return run_id


def events(text: str) -> list[tuple[int, str, Any]]:
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


# Scenarios


def test_a_scenario_that_would_never_be_seen_is_refused(client: TestClient, service: Service, folder: Path) -> None:
    (folder / "scenarios/house.yaml").write_text(TEXT)
    (folder / "scenarios/other.yaml").write_text("id: named\n" + TEXT)
    (folder / "scenarios/broken.yaml").write_text("entities: [")
    for taken in ("house", "named", "other", "broken"):
        answer = refused(client.put(f"{API}/scenarios/{taken}", json={"scenario": TEXT}), 409)
        assert "is the file" in answer[0]["what"]
        refused(client.post(f"{API}/scenarios", json={"id": taken, "scenario": TEXT}), 409)
        refused(client.put(f"{API}/scenarios/{taken}?replace=true", json={"scenario": TEXT}), 409)
    answer = refused(client.put(f"{API}/scenarios/shop", json={"scenario": TEXT}), 409)
    assert "?replace=true" in answer[0]["hint"]
    refused(client.post(f"{API}/scenarios", json={"id": "shop", "scenario": TEXT}), 409)
    refused(client.post(f"{API}/scenarios", json={"scenario": f"id: shop\n{TEXT}"}), 409)
    assert service.catalog.store.scenarios() == {}
    assert client.post(f"{API}/scenarios?replace=true", json={"id": "shop", "scenario": TEXT}).status_code == 201
    assert client.put(f"{API}/scenarios/shop", json={"scenario": TEXT}).status_code == 200, "it is the store's by now"
    assert client.get(f"{API}/scenarios/shop").json()["text"] == TEXT


def test_scenarios_are_listed_shown_kept_and_removed(client: TestClient) -> None:
    assert "shop" in [each["id"] for each in client.get(f"{API}/scenarios").json()["scenarios"]]
    made = client.post(f"{API}/scenarios", json={"id": "mine", "scenario": TEXT})
    assert made.status_code == 201
    assert made.headers["location"] == f"{API}/scenarios/mine"
    shown = client.get(f"{API}/scenarios/mine").json()
    assert (shown["text"], shown["source"], shown["problems"]) == (TEXT, "store", [])
    email = shown["entities"][0]["columns"][1]
    assert (email["name"], email["type"], email["guessed"], email["generator"]) == (
        "email",
        "string(200)",
        True,
        "person.email",
    )
    newer = TEXT.replace("1.0.0", "2.0.0")
    assert client.put(f"{API}/scenarios/mine", json={"scenario": newer}).json()["versions"] == ["1.0.0", "2.0.0"]
    assert client.get(f"{API}/scenarios/mine", params={"version": "1.0.0"}).json()["text"] == TEXT
    assert client.delete(f"{API}/scenarios/mine").status_code == 204
    refused(client.get(f"{API}/scenarios/mine"), 404)


def test_links_are_shown(client: TestClient) -> None:
    client.post(f"{API}/scenarios", json={"scenario": tiny()})
    children = client.get(f"{API}/scenarios/tiny").json()["entities"][1]
    assert children["foreign_keys"] == [{"columns": ["parent_id"], "entity": "parents", "to": ["id"]}]
    assert children["rows"] == 200


def test_a_shipped_scenario_is_not_removed(client: TestClient) -> None:
    refused(client.delete(f"{API}/scenarios/shop"), 409)
    refused(client.delete(f"{API}/scenarios/nothing"), 404)


def test_validation_tells_every_problem_with_its_line(client: TestClient) -> None:
    assert client.post(f"{API}/scenarios/validate", json={"scenario": TEXT}).json()["valid"] is True
    wrong = TEXT.replace("generator: sequence", "generator: sequense").replace("string(200)", "strung")
    verdict = client.post(f"{API}/scenarios/validate", json={"scenario": wrong}).json()
    assert verdict["valid"] is False
    assert {each["line"] for each in verdict["problems"]} == {7, 8}
    assert any("sequence" in each["hint"] for each in verdict["problems"])
    refused(client.post(f"{API}/scenarios", json={"scenario": "a: ["}), 422)


def test_what_is_no_request_is_told_in_the_same_shape(client: TestClient) -> None:
    json_type = {"content-type": "application/json"}
    refused(client.post(f"{API}/scenarios/validate", content="{", headers=json_type), 400)
    problems = refused(client.post(f"{API}/scenarios", json={"scenari": TEXT}), 422)
    assert {each["path"] for each in problems} == {"body.scenario", "body.scenari"}
    (unknown,) = refused(client.post(f"{API}/runs", json={"scenarioid": "shop"}), 422)
    assert (unknown["what"], unknown["hint"]) == ("unknown key 'scenarioid'", "did you mean 'scenario_id'?")
    assert client.post(f"{API}/runs", json=[]).json()["error"]["message"] == "body: is not a JSON object"


def test_a_target_is_told_as_it_is_asked_for(client: TestClient, service: Service) -> None:
    spec = {"id": "pg", "dsn": "postgresql://app:${DEMO_PASSWORD}@db/shop_demo", "schema": "sales"}
    service.catalog.add_target(TargetSpec.model_validate(spec))
    shown = client.get(f"{API}/targets/pg").json()
    assert (shown["kind"], shown["schema"], "schema_name" in shown) == ("postgres", "sales", False)
    (problem,) = refused(client.post(f"{API}/targets", json={"id": "x", "kind": "sqllite", "dsn": "out/x"}), 422)
    assert (problem["path"], problem["hint"]) == ("target.kind", "did you mean 'sqlite'?")
    refused(client.get(f"{API}/nothing"), 404)
    refused(client.patch(f"{API}/runs"), 405)
    assert client.patch(f"{API}/runs").headers["allow"] == "GET, POST"
    assert client.patch(f"{API}/targets/demo").headers["allow"] == "DELETE, GET, PUT"
    refused(client.get(f"{API}/scenarios/a%20b"), 422)
    refused(client.get(f"{API}/scenarios/..%2f..%2fetc%2fpasswd"), 404)


# Targets


def test_targets_are_listed_kept_replaced_and_removed(client: TestClient) -> None:
    assert [each["id"] for each in client.get(f"{API}/targets").json()["targets"]] == ["demo", "far", "open"]
    spec = {"id": "mine", "dsn": "out/mine.sqlite"}
    assert client.post(f"{API}/targets", json=spec).status_code == 201
    refused(client.post(f"{API}/targets", json=spec), 409)
    changed = client.put(f"{API}/targets/mine", json={"dsn": "out/mine.duckdb"})
    assert (changed.status_code, changed.json()["kind"]) == (200, "duckdb")
    assert client.get(f"{API}/targets/mine").json()["dsn"].endswith("/out/mine.duckdb")
    refused(client.put(f"{API}/targets/mine", json={"id": "other", "dsn": "out/x.sqlite"}), 422)
    assert refused(client.post(f"{API}/targets", json={"id": "x"}), 422)[0]["what"] == "the target has no dsn"
    assert client.delete(f"{API}/targets/mine").status_code == 204
    refused(client.get(f"{API}/targets/mine"), 404)


def test_a_target_of_the_folder_is_left_alone(client: TestClient) -> None:
    refused(client.put(f"{API}/targets/demo", json={"dsn": "out/x.sqlite"}), 409)
    refused(client.post(f"{API}/targets", json={"id": "demo", "dsn": "out/x.sqlite"}), 409)
    refused(client.delete(f"{API}/targets/demo"), 409)


def test_targets_are_tested(client: TestClient) -> None:
    found = client.post(f"{API}/targets/demo/test").json()
    assert (found["ok"], found["can_create"], found["can_insert"]) == (True, True, True)
    assert client.post(f"{API}/targets/far/test").json()["ok"] is False
    refused(client.post(f"{API}/targets/nothing/test"), 404)


# Runs


def test_a_run_is_planned(client: TestClient, folder: Path) -> None:
    plan = client.post(f"{API}/runs/plan", json={"scenario_id": "shop", "target_id": "demo", "scale": 0.1}).json()
    assert plan["rows"] == sum(each["rows"] for each in plan["entities"]) > 0
    assert plan["bytes"] > 0
    assert not (folder / "out" / "demo.sqlite").exists()


def test_a_run_is_done_and_done_again(working: TestClient, folder: Path) -> None:
    first = started(working, target="out/x.sqlite", rows={"parents": 50}, seed=7)
    run = over(working, first)
    assert (run["status"], run["seed"], run["rows_written"]) == ("success", 7, 150), run["error"]
    assert all(each["digest"] for each in run["entities"])
    with sqlite3.connect(folder / "out" / "x.sqlite") as there:
        assert there.execute("select count(*) from children").fetchone() == (100,)
    again = working.post(f"{API}/runs/{first}/reproduce")
    assert again.status_code == 202
    elsewhere = working.post(f"{API}/runs/{first}/reproduce", json={"target": "out/y.duckdb"}).json()["id"]
    for run_id in (again.json()["id"], elsewhere):
        assert over(working, run_id)["reproduces"] == first
        compared = working.get(f"{API}/runs/{run_id}/comparison").json()
        assert [(each["rows_now"], each["digest_now"]) for each in compared["entities"]] == [
            (each["rows_then"], each["digest_then"]) for each in compared["entities"]
        ]
        assert compared["same"] is True
    assert (folder / "out" / "y.duckdb").exists()
    refused(working.post(f"{API}/runs/{first}/reproduce", json={"target": "/tmp/y.duckdb"}), 422)
    refused(working.get(f"{API}/runs/{first}/comparison"), 409)


def test_the_events_of_a_run_end_with_it(working: TestClient) -> None:
    run_id = started(working)
    told = working.get(f"{API}/runs/{run_id}/events")
    assert told.headers["content-type"].startswith("text/event-stream")
    found = events(told.text)
    assert found[0][1] in ("progress", "log")
    assert found[-1][1] == "end"
    assert found[-1][2]["status"] == "success", found[-1][2]["error"]
    numbers = [data["number"] for _, name, data in found if name == "log"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [name for _, name, _ in found].count("end") == 1
    later = events(working.get(f"{API}/runs/{run_id}/events", headers={"last-event-id": "1"}).text)
    assert [data["number"] for _, name, data in later if name == "log"] == numbers[1:]
    assert events(working.get(f"{API}/runs/{run_id}/events", headers={"last-event-id": "x"}).text)[-1][1] == "end"


def test_a_failed_run_says_why(working: TestClient) -> None:
    run = over(working, started(working, scenario=None, scenario_id="shop", target=None, target_id="far"))
    assert (run["status"], run["rows_written"]) == ("failed", 0)
    assert run["error"]
    assert PASSWORD not in json.dumps(run)


def test_a_run_that_waits_is_cancelled(client: TestClient) -> None:
    run_id = started(client)
    assert client.post(f"{API}/runs/{run_id}/cancel").json()["status"] == "cancelled"
    refused(client.post(f"{API}/runs/{run_id}/cancel"), 409)
    refused(client.post(f"{API}/runs/{run_id}/reproduce"), 409)
    refused(client.post(f"{API}/runs/nothing/cancel"), 404)


def test_a_run_that_runs_is_cancelled(working: TestClient, folder: Path) -> None:
    run_id = started(working, scenario=tiny(30_000_000))
    end = time.monotonic() + 30
    while not working.get(f"{API}/runs/{run_id}").json()["rows_written"]:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert working.post(f"{API}/runs/{run_id}/cancel").json()["cancel_requested"] is True
    assert over(working, run_id)["status"] == "cancelled"
    with sqlite3.connect(folder / "out" / "x.sqlite") as there:
        assert not there.execute("select name from sqlite_master").fetchall()


def test_runs_are_listed_in_pages(client: TestClient, service: Service) -> None:
    ids = [started(client, target_id="demo", target=None), *(started(client) for _ in range(4))][::-1]
    client.post(f"{API}/runs/{ids[0]}/cancel")
    page = client.get(f"{API}/runs", params={"limit": 2, "offset": 1}).json()
    assert ([each["id"] for each in page["runs"]], page["total"]) == (ids[1:3], 5)
    assert client.get(f"{API}/runs", params={"status": "cancelled"}).json()["total"] == 1
    assert client.get(f"{API}/runs", params={"status": ["cancelled", "pending"]}).json()["total"] == 5
    assert client.get(f"{API}/runs", params={"target": "demo"}).json()["total"] == 1
    assert client.get(f"{API}/runs", params={"scenario": "other"}).json()["total"] == 0
    assert client.get(f"{API}/runs/latest").json()["id"] == ids[0]
    for wrong in ({"limit": 0}, {"limit": 501}, {"offset": -1}, {"status": "lost"}, {"offset": 10**30}):
        refused(client.get(f"{API}/runs", params=wrong), 422)


def test_logs_go_on_after_a_line(client: TestClient, service: Service) -> None:
    run_id = started(client)
    for text in ("one", "two", "three"):
        service.repository.log(run_id, "info", text)
    page = client.get(f"{API}/runs/{run_id}/logs", params={"after": 1}).json()
    assert ([each["text"] for each in page["lines"]], page["last"], page["over"]) == (["two", "three"], 3, False)
    assert client.get(f"{API}/runs/{run_id}/logs", params={"after": 9}).json()["last"] == 9
    refused(client.get(f"{API}/runs/nothing/logs"), 404)
    refused(client.get(f"{API}/runs/nothing/events"), 404)


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({}, 422, "request.scenario_id"),
    ({"scenario_id": "shp", "target_id": "demo"}, 404, "scenario_id"),
    ({"scenario_id": "shop", "target_id": "dmo"}, 404, "target_id"),
    ({"scenario_id": "shop", "target_id": "demo", "rows": {"nobody": 5}}, 422, "request.rows.nobody"),
    ({"scenario_id": "shop", "target_id": "demo", "rows": {"customers": -5}}, 422, "body.rows.customers"),
    ({"scenario_id": "shop", "target_id": "demo", "mode": "drop"}, 422, "body.mode"),
    ({"scenario_id": "shop", "target_id": "demo", "sed": 1}, 422, "body.sed"),
    ({"scenario_path": "/etc/passwd", "target_id": "demo"}, 422, "request.scenario_path"),
    ({"scenario_id": "shop", "target_path": "targets/demo.yaml"}, 422, "request.target_path"),
    ({"scenario_id": "shop", "target": "/tmp/other.sqlite"}, 422, "target.dsn"),
    ({"scenario_id": "shop", "target": "out/../../x.sqlite"}, 422, "target.dsn"),
    ({"scenario_id": "shop", "target": "postgresql://me@db/x"}, 422, "target.dsn"),
    ({"scenario_id": "shop", "target": "postgresql://${HOME}@db/x"}, 422, "target.dsn"),
]


def test_requests_with_problems(client: TestClient, service: Service) -> None:
    for asked, status, path in WRONG:
        for address in ("/runs", "/runs/plan"):
            problems = refused(client.post(f"{API}{address}", json=asked), status)
            assert path in [each["path"] for each in problems], asked
    assert service.runs()[1] == 0


# About


def test_generators(client: TestClient) -> None:
    names = [each["name"] for each in client.get(f"{API}/generators").json()["generators"]]
    assert {"sequence", "choice", "person.email"} <= set(names)
    choice = client.get(f"{API}/generators/choice").json()
    assert {"values", "weights"} <= {each["name"] for each in choice["params"]}
    assert "choice" in refused(client.get(f"{API}/generators/choise"), 404)[0]["hint"]


def test_health_and_metrics(client: TestClient, service: Service) -> None:
    assert client.get(f"{API}/health").json()["status"] == "ok"
    run_id = started(client)
    service.repository.claim(run_id, this_process())
    lines = client.get(f"{API}/metrics").text.splitlines()
    assert 'sdgen_runs{status="running"} 1' in lines
    assert "sdgen_rows_written 0" in lines


def test_every_operation_is_documented(client: TestClient) -> None:
    document = client.get(f"{API}/openapi.json").json()
    for path, operations in document["paths"].items():
        assert path.startswith(API)
        for operation in operations.values():
            assert operation["summary"]
            assert operation["description"]
    assert document["components"]["schemas"]["ErrorAnswer"]


def test_an_address_that_is_none_is_said_on_a_page_to_a_browser(client: TestClient) -> None:
    page = client.get("/nothing", headers={"accept": "text/html,*/*"})
    assert (page.status_code, "<h1>Not found</h1>" in page.text) == (404, True)
    assert client.get("/nothing").json()["error"]["message"] == "there is no such address"
    assert client.get("/api/v1/nothing", headers={"accept": "text/html"}).json()["error"]


@pytest.mark.parametrize("letter", ["\0", "\n", "\x1b", "\x7f", "\ud800"])
@pytest.mark.parametrize("place", ["name", "version", "entity", "column", "table"])
def test_a_control_character_in_a_name_is_a_problem(client: TestClient, letter: str, place: str) -> None:
    names = {each: each for each in ("name", "version", "entity", "column", "table")} | {place: f"a{letter}b"}
    columns = {"id": {"type": "bigint", "primary_key": True}, names["column"]: {"type": "text"}}
    entity = {"rows": 2, "target_table": names["table"], "columns": columns}
    scenario = {"name": names["name"], "version": names["version"], "entities": {names["entity"]: entity}}
    headers = {"content-type": "application/json"}
    for address in ("/runs", "/runs/plan"):
        for target in ("out/", "out/x.sqlite"):
            body = json.dumps({"scenario": scenario, "target": target})
            problems = refused(client.post(f"{API}{address}", content=body, headers=headers), 422)
            assert any(word in problems[0]["what"] for word in ("control character", "no character", "unicode"))
    answer = client.post(f"{API}/scenarios/validate", content=json.dumps({"scenario": scenario}), headers=headers)
    assert answer.status_code == 200
    assert not answer.json()["valid"]


def test_no_letter_in_an_address_is_unforeseen(client: TestClient) -> None:
    for letter in ("%00", "%0a", "%ff", "%ed%a0%80", "%e2%80%ae"):
        for path in ("/scenarios/X", "/runs/X", "/?scenario=X&target=X", "/runs?status=X&page=X", "/static/X"):
            assert client.get(path.replace("X", letter)).status_code < 500
        for path in ("/scenarios/X", "/scenarios/shop?version=X", "/runs?scenario=X", "/targets/X", "/generators/X"):
            assert client.get(API + path.replace("X", letter)).status_code < 500
