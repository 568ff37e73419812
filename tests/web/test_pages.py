"""The pages without a browser: what is on them, and that nothing gets through unescaped or unredacted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

pytest.importorskip("jinja2")
pytest.importorskip("httpx")
pytest.importorskip("fastapi")

from fastapi import FastAPI
from fastapi.testclient import TestClient

from sdgen.execution.request import RunRequest
from sdgen.service.records import Status
from sdgen.service.service import Service
from sdgen.web.pages import router
from sdgen.web.run_pages import LOG_LINES, LOG_PAGE
from sdgen.web.start_page import request_of
from tests.web.page_client import SMALL

FRAGMENT = {"x-fragment": "1"}


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets" / "demo.yaml").write_text("kind: sqlite\ndsn: demo.sqlite\n")
    (tmp_path / "targets" / "far.yaml").write_text("dsn: postgresql://me:hunter2@nowhere/demo\n")
    opened = Service.open(tmp_path / "runs.sqlite", targets_dir=tmp_path / "targets")
    yield opened
    opened.close()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.service = service
    app.include_router(router)
    with TestClient(app) as opened:
        yield opened


def done(service: Service) -> str:
    return service.perform(RunRequest(scenario=SMALL, target="sqlite:///made.sqlite", seed=1)).id


@pytest.mark.parametrize(
    "path", ["/", "/runs", "/scenarios", "/scenarios/shop", "/targets", "/?scenario=iot&target=demo"]
)
def test_pages_are_there_without_inline_scripts_or_styles(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>|javascript:", answer.text)
    assert "hunter2" not in answer.text


def test_every_field_has_a_label(client: TestClient) -> None:
    text = client.get("/").text
    fields = re.findall(r"<(?:input|select|textarea) id=\"([^\"]+)\"", text)
    assert len(fields) > 8
    assert [name for name in fields if f'for="{name}"' not in text] == []


def test_the_plan_is_a_fragment_or_a_page(client: TestClient, service: Service) -> None:
    form = {"scenario_id": "shop", "target_id": "demo", "rows.customers": "1,234", "seed": "7"}
    part = client.post("/plan", data=form, headers=FRAGMENT)
    assert "1,234" in part.text
    assert "<html" not in part.text
    whole = client.post("/plan", data=form).text
    assert "<html" in whole
    assert 'value="1,234"' in whole
    assert service.runs()[1] == 0


def test_a_run_is_stored_and_shown(client: TestClient, service: Service) -> None:
    form = {"scenario": SMALL, "target": "sqlite:///made.sqlite", "seed": "7", "rows.people": "12", "mode": ""}
    answer = client.post("/start", data=form, follow_redirects=False)
    assert answer.status_code == 303
    run = service.run("latest")
    assert (run.status, run.seed, run.request["rows"]) == (Status.PENDING, 7, {"people": 12})
    page = client.get(answer.headers["location"]).text
    assert "waits for a worker" in page
    assert "small &lt;b&gt;" in page
    assert "small <b>" not in page


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "the request names no scenario"),
        ({"scenario_id": "shop", "target_id": "demo", "seed": "many"}, "request.seed"),
        ({"scenario_id": "shop", "target_id": "demo", "rows.buyers": "3"}, "unknown entity 'buyers'"),
        ({"scenario_id": "shop", "target_id": "far"}, "password"),
        ({"scenario": "name: [", "target_id": "demo"}, "scenario:2"),
    ],
)
def test_problems_are_told_and_the_form_is_kept(client: TestClient, form: dict[str, str], said: str) -> None:
    answer = client.post("/start", data=form, follow_redirects=False)
    assert answer.status_code == 422
    assert said in unescape(answer.text)
    assert all(f'value="{value}"' in answer.text for name, value in form.items() if name == "seed")
    assert "hunter2" not in answer.text


def test_a_password_in_the_form_is_not_sent_back(client: TestClient) -> None:
    form = {"scenario_id": "shop", "target": "postgresql://me:swordfish@nowhere/demo"}
    for path in ("/start", "/plan"):
        assert "swordfish" not in client.post(path, data=form).text


def test_a_finished_run_has_pictures(client: TestClient, service: Service) -> None:
    run_id = done(service)
    page = client.get(f"/runs/{run_id}").text
    assert "success" in page
    assert "Reproduce" in page
    assert "Cancel" not in page
    graph = client.get(f"/runs/{run_id}/pictures", headers=FRAGMENT).text
    assert graph.count('class="node"') == 2
    assert "pets.person_id leads to people" in graph
    columns = client.get(f"/runs/{run_id}/pictures/people", headers=FRAGMENT).text
    counts = [
        int(each) for each in re.findall(r"&lt;i&gt;&amp;: (\d+) rows|x: (\d+) rows", columns) for each in each if each
    ]
    nulls = service.repository.job(run_id)
    assert 0 < sum(counts) < 30
    assert "<i>&" not in columns
    assert nulls.seed == 1
    assert client.get(f"/runs/{run_id}/pictures/nobody").status_code == 404


def test_runs_are_listed_by_status_and_page(client: TestClient, service: Service) -> None:
    run_id = done(service)
    assert run_id in client.get("/runs").text
    assert run_id not in client.get("/runs?status=failed").text
    assert "No runs" in client.get("/runs?page=2").text
    assert client.get("/runs?page=x&status=%3Cscript%3E").status_code == 200


def test_the_first_page_shows_recent_runs_and_a_runs_page_its_times(client: TestClient, service: Service) -> None:
    assert "Recent runs" not in client.get("/").text
    run = service.perform(RunRequest(scenario=SMALL, target="out.sqlite"))
    first = client.get("/").text
    assert f'href="/runs/{run.id}"' in first
    assert 'class="badge success"' in first
    shown = client.get(f"/runs/{run.id}").text
    assert {"Made", "Started", "Finished"} <= set(re.findall(r"<dt>(\w+)</dt>", shown))
    appended = service.perform(RunRequest(scenario=SMALL, target="out.sqlite", mode="append_only"))
    assert f"/runs/{appended.id}/reproduce" in client.get(f"/runs/{appended.id}").text


def test_a_waiting_run_is_cancelled_and_a_finished_one_is_done_again(client: TestClient, service: Service) -> None:
    first = done(service)
    again = client.post(f"/runs/{first}/reproduce", follow_redirects=False).headers["location"]
    assert service.run(again.split("/")[-1]).reproduces == first
    assert "cancelled" in client.post(f"{again}/cancel").text
    assert client.post(f"{again}/cancel").status_code == 422


def test_a_preview_shows_rows_or_problems_at_their_lines(client: TestClient) -> None:
    text = client.post("/scenarios/preview", data={"scenario": SMALL}, headers=FRAGMENT).text
    assert "&lt;i&gt;&amp;" in text
    assert "<i>&" not in text
    assert '<i class="null">null</i>' in text
    wrong = client.post("/scenarios/preview", data={"scenario": SMALL.replace("rows: 60", "rows: -1")}).text
    assert 'data-line="9"' in wrong


def test_targets_are_tested(client: TestClient) -> None:
    assert "Answers" in client.post("/targets/demo/test", headers=FRAGMENT).text
    assert client.post("/targets/nobody/test").status_code == 404


@pytest.mark.parametrize("path", ["/runs/nothing", "/scenarios/nothing", "/runs/%3Cscript%3E"])
def test_what_is_not_there_is_said_on_a_page(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_columns_of_every_example_can_be_pictured() -> None:
    from sdgen.planning.compile import compile_plan
    from sdgen.readers.sources import read_source
    from sdgen.scenario.request import PlanRequest
    from sdgen.web.figures import figures
    from sdgen.web.graph import chart

    for name in ("shop", "iot", "clickstream"):
        plan = compile_plan(read_source(name), PlanRequest())
        for entity in plan.entities:
            for figure in figures(plan, entity):
                assert sum(bar.count for bar in figure.bars) in (0, figure.rows - figure.nulls)
                assert bool(chart(figure)) == bool(figure.bars)


def test_more_options_reach_the_request() -> None:
    asked = request_of({"scenario_id": "shop", "include": "customers, orders,", "exclude": " ", "as_of": "2026-01-01"})
    assert asked.include == ("customers", "orders")
    assert (asked.exclude, str(asked.as_of)[:10]) == ((), "2026-01-01")


def test_the_whole_log_is_in_pages(client: TestClient, service: Service) -> None:
    run_id = done(service)
    before = len(service.logs(run_id))
    for number in range(before + 1, LOG_PAGE + 3):
        service.repository.log(run_id, "info", f"line {number:05d}")
    text = client.get(f"/runs/{run_id}").text
    assert f"line {LOG_PAGE + 2:05d}" in text
    assert f"line {LOG_PAGE + 2 - LOG_LINES:05d}" not in text
    assert f"The last {LOG_LINES} of {LOG_PAGE + 2:,} lines" in unescape(text)
    first, second = (client.get(f"/runs/{run_id}/log?page={page}").text for page in (1, 2))
    assert f"line {LOG_PAGE:05d}" in first
    assert f"line {LOG_PAGE + 1:05d}" not in first
    assert f"line {LOG_PAGE + 1:05d}" in second
    assert f'start="{LOG_PAGE + 1}"' in second
    assert client.get(f"/runs/{run_id}/log?page=99").text == second
    assert client.get("/runs/nothing/log").status_code == 404


def test_runs_of_a_day_are_told_apart(client: TestClient, service: Service) -> None:
    first, second = done(service), done(service)
    text = client.get("/runs").text
    assert f"<code>{first[9:]}</code>" in text
    assert f"<code>{second[9:]}</code>" in text


def test_no_text_turns_round_what_stands_behind_it(client: TestClient) -> None:
    text = client.get("/runs/x\u202egnp.exe").text
    assert "\u202e" not in text
    assert "\\u202e" in text


def test_what_a_number_should_have_been_is_said_plainly(client: TestClient) -> None:
    text = client.post("/plan", data={"scenario": SMALL, "target": "out/", "seed": "many"}, headers=FRAGMENT).text
    assert "'many' is not a whole number" in unescape(text)
    text = client.post("/scenarios/preview", data={"scenario": SMALL.replace("rows: 60", "rows: lots")}).text
    assert "neither a number of rows nor a mapping" in text
