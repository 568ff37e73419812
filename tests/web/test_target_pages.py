"""Targets on their pages: added, tried, edited, deleted; the last test of each is remembered."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

pytest.importorskip("jinja2")
pytest.importorskip("httpx")

from fastapi.testclient import TestClient

from sdgen.service.service import Service
from tests.web.conftest import PASSWORD
from tests.web.page_client import fields
from tests.web.test_api import API

FRAGMENT = {"x-fragment": "1"}


def kept(service: Service, target_id: str) -> dict[str, object]:
    return service.catalog.target(target_id).value.dumped()


def test_a_target_is_added_edited_and_deleted(client: TestClient, service: Service, folder: Path) -> None:
    form = {"id": "mine", "name": "Mine", "dsn": "out/mine_demo.sqlite", "mode": "append_only", "batch_size": "500"}
    answer = client.post("/targets", data={**form, "allow_databases": "*_demo, *_test"}, follow_redirects=False)
    assert answer.status_code == 303
    stored = kept(service, "mine")
    assert stored["dsn"] == str(folder / "out" / "mine_demo.sqlite")
    assert (stored["mode"], stored["options"]) == ("append_only", {"batch_size": 500})
    assert stored["allow_databases"] == ["*_demo", "*_test"]
    edit = fields(client.get("/targets/mine/edit").text)
    assert (edit["edited"], edit["allow_databases"], edit["batch_size"]) == ("mine", "*_demo, *_test", "500")
    assert client.post("/targets", data={**edit, "name": "Ours", "id": "x"}, follow_redirects=False).status_code == 303
    assert kept(service, "mine") == {**stored, "name": "Ours"}
    assert "Ours" in client.get("/targets").text
    client.post("/targets/mine/delete")
    assert client.get("/targets/mine/edit").status_code == 404


def test_options_that_the_form_does_not_show_stay(client: TestClient, service: Service) -> None:
    options = {"formats": ["csv"], "filename_pattern": "x_{entity}.{format}", "workers": 2}
    added = client.post(f"{API}/targets", json={"id": "files", "dsn": "out/files/", "options": options})
    assert added.status_code == 201, added.text
    form = fields(client.get("/targets/files/edit").text)
    client.post("/targets", data={**form, "workers": "", "formats": "jsonl, parquet"})
    assert kept(service, "files")["options"] == {
        "filename_pattern": "x_{entity}.{format}",
        "formats": ["jsonl", "parquet"],
    }


@pytest.mark.parametrize(
    ("form", "field", "said"),
    [
        ({"dsn": "out/x.sqlite"}, "id", "a target needs an id"),
        ({"id": "a b", "dsn": "out/x.sqlite"}, "id", ""),
        ({"id": "demo", "dsn": "out/x.sqlite"}, "id", "is a file of the targets folder"),
        ({"id": "x"}, "dsn", ""),
        ({"id": "x", "dsn": "elsewhere/x.sqlite"}, "dsn", "outside of the folders"),
        ({"id": "x", "dsn": "out/x.sqlite", "kind": "nothing"}, "kind", "no kind of target"),
        ({"id": "x", "dsn": "out/x.sqlite", "workers": "many"}, "workers", "whole number"),
        ({"id": "x", "dsn": "out/x.sqlite", "schema": "s"}, "schema", "has no schema"),
        ({"id": "x", "dsn": f"postgresql://me:{PASSWORD}@h/x"}, "dsn", "not stored"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    client: TestClient, service: Service, form: dict[str, str], field: str, said: str
) -> None:
    before = [entry.id for entry in service.targets()]
    answer = client.post("/targets", data=form)
    assert answer.status_code == 422
    told = re.search(rf'<p class="wrong" id="{field}-wrong">([^<]+)</p>', unescape(answer.text))
    assert told is not None
    assert said in told[1]
    assert PASSWORD not in answer.text
    assert [entry.id for entry in service.targets()] == before


def test_a_second_target_of_the_same_id_is_refused(client: TestClient, service: Service) -> None:
    form = {"id": "mine", "dsn": "out/a.sqlite"}
    client.post("/targets", data=form)
    answer = client.post("/targets", data={**form, "dsn": "out/b.sqlite"})
    assert answer.status_code == 422
    assert "edit that one, or choose another id" in unescape(answer.text)
    assert str(kept(service, "mine")["dsn"]).endswith("a.sqlite")


def test_files_of_the_folder_are_neither_edited_nor_deleted(client: TestClient, folder: Path) -> None:
    assert "/targets/demo/edit" not in client.get("/targets").text
    assert client.get("/targets/demo/edit").status_code == 422
    assert client.post("/targets/demo/delete").status_code == 422
    assert client.post("/targets", data={"edited": "demo", "dsn": "out/x.sqlite"}).status_code == 422
    assert (folder / "targets" / "demo.yaml").exists()


def test_a_target_is_tried_without_being_kept(client: TestClient, service: Service) -> None:
    form = {"id": "mine", "dsn": "out/mine.sqlite"}
    assert "Answers" in client.post("/targets/try", data=form, headers=FRAGMENT).text
    assert fields(client.post("/targets/try", data=form).text)["dsn"] == "out/mine.sqlite"
    wrong = client.post("/targets/try", data={**form, "dsn": "elsewhere/x.sqlite"}, headers=FRAGMENT)
    assert 'data-field="dsn"' in wrong.text
    assert "mine" not in [entry.id for entry in service.targets()]


def test_the_last_test_is_shown_until_the_target_changes(client: TestClient, service: Service, folder: Path) -> None:
    assert "not tested yet" in client.get("/targets").text
    assert client.get(f"{API}/targets/demo").json()["last_test"] is None
    client.post("/targets/demo/test")
    client.post(f"{API}/targets/far/test")
    text = client.get("/targets").text
    assert re.search(r"✓ answered <time [^>]*>just now</time>", text)
    assert re.search(r"✗ did not work <time [^>]*>just now</time>", text)
    assert PASSWORD not in text
    tested = client.get(f"{API}/targets/demo").json()["last_test"]
    assert (tested["result"]["ok"], tested["result"]["kind"]) == (True, "sqlite")
    assert {
        each["id"]: each["last_test"] and each["last_test"]["result"]["ok"]
        for each in client.get(f"{API}/targets").json()["targets"]
    } == {"demo": True, "far": False, "open": None}
    (folder / "targets" / "demo.yaml").write_text("id: demo\ndsn: ../out/other.sqlite\n")
    assert client.get(f"{API}/targets/demo").json()["last_test"] is None
