"""The pages and the API of runs: run again, search, command line, deletion, problems at their fields."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jinja2")
pytest.importorskip("httpx")

from fastapi.testclient import TestClient

from sdgen.execution.access import Access
from sdgen.execution.request import RunRequest
from sdgen.service.records import Run, Status
from sdgen.service.run_queries import Retention
from sdgen.service.service import Service
from sdgen.web import app as application
from sdgen.web.app import create_app
from tests.web.conftest import HERE, PASSWORD
from tests.web.page_client import SMALL, fields
from tests.web.test_api import API, refused

FRAGMENT = {"x-fragment": "1"}


def started(client: TestClient, service: Service, form: dict[str, str]) -> Run:
    answer = client.post("/start", data=form, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return service.run(answer.headers["location"].rpartition("/")[2])


def again(client: TestClient, run_id: str) -> dict[str, str]:
    answer = client.get(f"/start?run={run_id}")
    assert answer.status_code == 200
    return fields(answer.text)


@pytest.mark.parametrize(
    "request_",
    [
        {"scenario_id": "shop", "target_id": "demo", "rows": {"customers": 20}, "include": ["customers", "orders"]},
        {"scenario": SMALL, "target": "out/made.sqlite", "rows": {"*": 1234}, "scale": 2, "mode": "append_only"},
        {
            "scenario": SMALL,
            "target": {"kind": "sqlite", "dsn": "out/odd.name"},
            "seed": -5,
            "commit_every": 7,
            "resume": True,
        },
        {"scenario": SMALL, "target": "out/files/", "formats": ["jsonl", "csv"], "as_of": "2026-02-03T04:05:06Z"},
        {"scenario": SMALL, "target": "out/files/", "formats": ["parquet"], "engine": "threads://2"},
        {"scenario_id": "shop", "target_id": "demo", "set": {"entities.customers.rows": 9}, "rows": {"*": 8}},
    ],
)
def test_a_run_is_done_again_as_it_was(client: TestClient, service: Service, request_: dict[str, Any]) -> None:
    run = service.submit(RunRequest(**request_))
    service.cancel(run.id)  # what has failed or was cancelled is run again just so
    new = started(client, service, again(client, run.id))
    first, second = service.repository.job(run.id), service.repository.job(new.id)
    assert second == first.model_copy(update={"scenario_file": "scenario"})
    assert new.config_hash == run.config_hash
    assert (new.target_id, new.destination, new.mode) == (run.target_id, run.destination, run.mode)


def test_a_cluster_is_asked_for_where_the_server_allows_some(client: TestClient, service: Service) -> None:
    form = {"scenario": SMALL, "target": "out/files/", "formats": "parquet", "engine": "threads://2"}
    run = service.repository.job(started(client, service, form).id)
    assert run.engine == "threads://2"
    assert 'name="engine"' in client.get("/").text
    refused = client.post("/start", data={**form, "engine": "dusk://host"})
    assert refused.status_code == 422
    assert 'id="engine-wrong"' in refused.text
    narrow = Service(service.store, service.catalog, service.repository, Access(engines=()))
    assert 'name="engine"' not in TestClient(create_app(narrow, starts_runs=False), HERE).get("/").text


def test_what_is_changed_in_the_form_differs_and_the_rest_stays(client: TestClient, service: Service) -> None:
    run = service.submit(RunRequest(scenario=SMALL, target="out/made.sqlite", seed=7, rows={"people": 12}))
    form = again(client, run.id) | {"seed": "8", "rows.pets": "5", "target": "out/other.duckdb"}
    new = service.repository.job(started(client, service, form).id)
    assert (new.seed, dict(new.rows)) == (8, {"people": 12, "pets": 5})
    assert new.target.kind == "duckdb"
    library = service.repository.job(
        started(client, service, form | {"scenario_id": "shop", "rows.people": "", "rows.pets": ""}).id
    )
    assert "customers" in library.scenario_text


def test_the_form_says_whose_it_is_and_keeps_saying_it(client: TestClient, service: Service) -> None:
    run = service.submit(RunRequest(scenario=SMALL, target="out/made.sqlite", seed=7))
    form = again(client, run.id) | {"seed": "many"}
    answer = client.post("/start", data=form)
    assert answer.status_code == 422
    assert f'href="/runs/{run.id}"' in answer.text
    assert client.get("/start", follow_redirects=False).headers["location"] == "/"
    assert client.get("/start?run=nothing").status_code == 404


def test_a_target_that_is_gone_and_a_temporary_place(client: TestClient, service: Service, folder: Path) -> None:
    run = service.perform(RunRequest(scenario=SMALL, target_id="demo"))
    (folder / "targets" / "demo.yaml").unlink()
    form = again(client, run.id)
    assert (form["target_id"], Path(form["target"]).resolve()) == ("", folder / "out" / "demo.sqlite")
    scratch = service.submit_again(run.id)
    text = client.get(f"/start?run={scratch.id}").text
    assert fields(text)["target"] == ""
    assert "temporary place" in text


def test_a_password_that_is_not_kept_has_to_be_written_again(client: TestClient, service: Service) -> None:
    with_access = Service(service.store, service.catalog, service.repository)
    run = with_access.perform(RunRequest(scenario=SMALL, target=f"postgresql://me:{PASSWORD}@127.0.0.1:1/demo"))
    assert run.status is Status.FAILED
    form = again(client, run.id)
    assert PASSWORD not in str(form)
    answer = client.post("/start", data=form)
    assert "write it again, as ${NAME}" in unescape(answer.text)
    kept = client.post("/start", data={**form, "target": "postgresql://me:${DEMO_PASSWORD}@127.0.0.1:1/demo"})
    assert fields(kept.text)["target"] == "postgresql://me:${DEMO_PASSWORD}@127.0.0.1:1/demo"


def test_problems_stand_at_their_fields_in_the_words_of_the_page(client: TestClient) -> None:
    form = {"scenario_id": "shop", "target": "elsewhere/x.sqlite", "seed": "many", "rows.buyers": "3", "scale": "-1"}
    for data, id_, label in (
        (form, "seed", "Seed"),
        (form, "scale", "Scale"),
        ({**form, "seed": "", "scale": ""}, "target", "Path or address"),
        ({"scenario": "name: [", "target_id": "demo"}, "scenario", "Scenario text, line 2"),
    ):
        text = unescape(client.post("/plan", data=data).text)
        assert re.search(rf'id="{id_}"[^>]*aria-describedby="{id_}-wrong[^>]*aria-invalid="true"', text), id_
        assert re.search(rf'<p class="wrong" id="{id_}-wrong">[^<]+</p>', text)
        assert f'<a href="#{id_}">{label}</a>' in text
        shown = re.sub(r"<title>.*?</title>|<[^>]*>", " ", text)
        assert "request." not in shown
        assert "--" not in shown
        assert not re.search(r"sdgen \w", shown)
    rows = unescape(
        client.post("/plan", data={**form, "seed": "", "scale": "", "rows.customers": "x"}, headers=FRAGMENT).text
    )
    assert 'data-field="rows.customers"' in rows
    assert "Rows of customers" in rows


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("replace it with --mode truncate_then_insert, or choose another name", "replace it with"),
        ("ask for at least 5 rows (--rows orders=5), or give smaller quotas", "ask for at least 5 rows, or give"),
        ("`sdgen target list`", ""),
        ("ask for fewer rows; or do it at the shell: `sdgen run start`", "ask for fewer rows"),
        ("name another database, or change --allow-databases", "Only databases named like"),
        ("two-sided -- and so on", "two-sided -- and so on"),
    ],
)
def test_hints_speak_of_the_page(said: str, shown: str) -> None:
    from sdgen.web.wording import page_words

    words = page_words(said)
    assert shown in words
    assert bool(words) == bool(shown)
    assert "--m" not in words
    assert "--r" not in words
    assert "--a" not in words
    assert "sdgen" not in words


def test_runs_are_searched_and_pages_keep_the_search(client: TestClient, service: Service) -> None:
    for number in range(27):
        service.submit(RunRequest(scenario=SMALL, target=f"out/{number}.sqlite"))
    other = service.submit(RunRequest(scenario_id="shop", target_id="demo"))
    service.cancel(other.id)

    def shown(query: str) -> list[str]:
        return re.findall(r'<input type="checkbox" name="run" value="([^"]+)"', client.get(f"/runs?{query}").text)

    assert shown("scenario=shop") == shown("target=demo") == shown("status=cancelled") == [other.id]
    assert shown("text=DEMO") == [other.id]
    assert shown("status=failed&status=cancelled") == [other.id]
    assert len(shown("status=pending&text=out/")) == 25
    second = client.get("/runs?status=pending&text=out%2F&page=2").text
    assert "page 2 of 2, 27 runs" in second
    assert 'href="/runs?status=pending&amp;text=out%2F&amp;page=1"' in second
    day = datetime.now(UTC)
    assert len(shown(f"since={day:%Y-%m-%d}&until={day:%Y-%m-%d}")) == 25
    assert shown(f"until={day - timedelta(days=1):%Y-%m-%d}") == []
    assert "that fit" in client.get("/runs?text=nothing-is-called-so").text
    assert client.get("/runs?since=x&until=9999-12-31&text=%00").status_code == 200


def test_the_api_searches_too(client: TestClient, service: Service) -> None:
    run = service.submit(RunRequest(scenario_id="shop", target_id="demo"))
    service.submit(RunRequest(scenario=SMALL, target="out/x.sqlite"))

    def found(**query: str) -> list[str]:
        return [each["id"] for each in client.get(f"{API}/runs", params=query).json()["runs"]]

    assert found(text="demo") == [run.id]
    assert found(since="2100-01-01T00:00:00Z") == []
    assert len(found(since="2020-01-01", until="9999-12-31T23:59:59-12:00")) == 2
    assert refused(client.get(f"{API}/runs", params={"since": "then"}), 422)


def test_a_run_is_removed_on_its_page_and_over_http(client: TestClient, service: Service) -> None:
    first = service.perform(RunRequest(scenario=SMALL, target="out/a.sqlite"))
    second = service.submit_again(first.id)
    assert refused(client.delete(f"{API}/runs/{second.id}"), 409)
    assert "/delete" not in client.get(f"/runs/{second.id}").text
    assert client.post(f"/runs/{first.id}/delete", follow_redirects=False).headers["location"] == "/runs"
    assert client.get(f"/runs/{first.id}").status_code == 404
    assert client.get(f"/runs/{second.id}").status_code == 200
    service.cancel(second.id)
    assert client.delete(f"{API}/runs/{second.id}").status_code == 204
    assert refused(client.delete(f"{API}/runs/{second.id}"), 404)


def test_a_run_that_reproduces_a_removed_one_is_still_shown(client: TestClient, service: Service) -> None:
    first = service.perform(RunRequest(scenario=SMALL, target="out/a.sqlite"))
    second = service.perform_again(first.id)
    assert "The same rows as" in client.get(f"/runs/{second.id}").text
    service.remove_runs([first.id])
    assert "success" in client.get(f"/runs/{second.id}").text


def test_a_server_keeps_so_many_runs(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "REMOVE_EVERY", 0.02)
    made = [service.perform(RunRequest(scenario=SMALL, target=f"out/{each}.sqlite")).id for each in range(3)]
    with TestClient(create_app(service, starts_runs=False, keep=Retention(keep=1)), HERE) as opened:
        for _ in range(200):
            if opened.get(f"{API}/runs").json()["total"] == 1:
                break
    assert [run.id for run in service.runs()[0]] == [made[2]]


def test_the_command_line_and_the_scenario_of_a_run(client: TestClient, service: Service) -> None:
    run = service.submit(RunRequest(scenario=SMALL, target="out/made.sqlite", seed=7))
    text = unescape(client.get(f"/runs/{run.id}").text)
    command = client.get(f"{API}/runs/{run.id}/command").json()
    assert command["file"] == "small-b.yaml"
    assert f'data-copy="{command["text"]}"' in text
    saved = client.get(f"/runs/{run.id}/scenario")
    assert saved.headers["content-disposition"] == 'attachment; filename="small-b.yaml"'
    assert saved.text == client.get(f"{API}/runs/{run.id}/scenario").json()["scenario"]
    assert saved.text == service.scenario_text(run.id)
    assert refused(client.get(f"{API}/runs/nothing/command"), 404)


def test_times_are_relative_with_the_moment_beside(client: TestClient, service: Service) -> None:
    from sdgen.web.rendering import ago

    now = datetime.now(UTC)
    for seconds, said in ((0, "just now"), (59, "59 s ago"), (61, "1 min ago"), (7300, "2 h ago"), (90_000, "1 d ago")):
        assert ago(now - timedelta(seconds=seconds)) == said
    run = service.submit(RunRequest(scenario=SMALL, target="out/made.sqlite"))
    assert re.search(
        rf'<time datetime="{run.created_at:%Y-%m-%dT%H:%M}[^"]*" title="[^"]* UTC" data-ago>', client.get("/runs").text
    )


def test_who_is_signed_in_can_sign_out(client: TestClient, service: Service) -> None:
    assert "/logout" not in client.get("/runs").text
    guarded = TestClient(create_app(service, token="t" * 20, starts_runs=False), HERE)
    guarded.post("/login", data={"token": "t" * 20})
    assert 'action="/logout"' in guarded.get("/runs").text
    assert guarded.post("/logout", follow_redirects=False).headers["location"] == "/login"
    assert guarded.get("/runs", follow_redirects=False).headers["location"] == "/login"
