"""Scenarios on the pages and in the API: pasted SQL, saving, versions, conflicts; and the catalogue of generators."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jinja2")
pytest.importorskip("httpx")
pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from sdgen.errors import StoreError
from sdgen.execution.access import Access
from sdgen.execution.request import RunRequest
from sdgen.generators import registry
from sdgen.readers.sources import is_sql, read_text_as_scenario
from sdgen.service.service import Service
from sdgen.web import app as web_app
from sdgen.web.app import create_app
from sdgen.web.generator_pages import ROWS, example_values
from sdgen.web.routes import STATIC
from sdgen.web.scenario_pages import preview_of

HERE = "http://127.0.0.1"
FRAGMENT = {"x-fragment": "1"}
SCENARIO = "name: small\nentities:\n  people:\n    rows: 30\n    columns: {id: int, email: string}\n"
OTHER = SCENARIO.replace("rows: 30", "rows: 31")
DDL = """-- a dump
/* of two tables: */
SET foreign_key_checks = 0;
CREATE TABLE authors (id integer PRIMARY KEY, country varchar(60));
CREATE TABLE books (id integer PRIMARY KEY, author_id integer NOT NULL REFERENCES authors (id));
"""


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.chdir(tmp_path)
    for name in ("scenarios", "targets", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "scenarios" / "filed.yaml").write_text(SCENARIO)
    (tmp_path / "scenarios" / "broken.yaml").write_text("name: [")
    folders = (tmp_path / "runs.sqlite", tmp_path / "scenarios", tmp_path / "targets")
    opened = Service.open(*folders, access=Access(paths=False, folders=(tmp_path / "out",)))
    yield opened
    opened.close()


@pytest.fixture
def client(service: Service) -> TestClient:
    return TestClient(create_app(service, starts_runs=False), HERE, raise_server_exceptions=False)


def save(
    client: TestClient, text: str, opened: str = "", base: str = "", as_id: str = "", fragment: bool = True
) -> Any:
    form = {"scenario": text, "opened": opened, "base": base, "as": as_id, **({"how": "as"} if as_id else {})}
    headers = FRAGMENT if fragment else {}
    return client.post("/scenarios/save", data=form, headers=headers, follow_redirects=False)


def base_of(text: str) -> str:
    found = re.search(r'(?:data-base|name="base" value)="([^"]*)"', text)
    assert found is not None
    return found[1]


# SQL


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        (DDL, True),
        ("create table a (b int)", True),
        ("\\restrict x\nCREATE TABLE a (b int);", True),
        ("# mysql\nCREATE TABLE a (b int)", True),
        ("create: x", False),
        ("set : {a: 1}", False),
        ("# CREATE TABLE\nname: x", False),
        ("--- \nname: x", False),
        ('{"name": "CREATE TABLE"}', False),
        ("", False),
        (" " * 100_000 + "-- " * 1000 + "x", False),
    ],
)
def test_a_text_that_begins_as_a_statement_is_sql(text: str, sql: bool) -> None:
    assert is_sql(text) is sql


def test_sql_is_read_wherever_a_text_is_taken(client: TestClient, service: Service) -> None:
    scenario = read_text_as_scenario(DDL, "library.sql")
    assert (scenario.name, list(scenario.entities)) == ("library", ["authors", "books"])
    shown = unescape(
        client.post("/scenarios/preview", data={"scenario": DDL, "entity": "books"}, headers=FRAGMENT).text
    )
    assert "Read as SQL" in shown
    assert "books.author_id leads to authors" in shown
    assert client.post("/api/v1/scenarios/validate", json={"scenario": DDL}).json()["valid"]
    plan = client.post("/plan", data={"scenario": DDL, "target": "out/x", "rows.books": "7"}, headers=FRAGMENT).text
    assert "<strong>307</strong> rows" in plan
    kept = client.post("/api/v1/scenarios", json={"id": "books.v1", "scenario": DDL}).json()
    assert (kept["file"], kept["kind"], kept["name"]) == ("books.v1.sql", "ddl", "books.v1")
    assert client.get("/api/v1/scenarios/books.v1").json()["text"] == DDL
    run = service.perform(RunRequest(scenario=DDL, target="out/rows", rows={"*": 20}))
    assert run.rows_written == 40
    assert "entities:" in service.scenario_text(run.id)


def test_problems_of_sql_are_told_with_their_lines(client: TestClient) -> None:
    text = client.post("/scenarios/preview", data={"scenario": "SELECT 1;\n"}, headers=FRAGMENT).text
    assert "no tables found" in text
    notes = preview_of(
        DDL + "CREATE TABLE odd (id int, CHECK (json_valid(x) = 1 and));\nCREATE VIEW v AS SELECT 1;\n"
    ).notes
    assert {note.line for note in notes} & {6, 7}


@pytest.mark.parametrize(
    "text", ["\\i /etc/passwd", "COPY a FROM '/etc/passwd';", "CREATE TABLE a (b int);\n\\i secret.sql\n"]
)
def test_sql_opens_no_file(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.sql").write_text("CREATE TABLE secret (hidden int);")
    monkeypatch.chdir(tmp_path)
    shown = preview_of(text)
    assert "secret" not in [each.name for each in shown.entities]
    assert "root:" not in str(shown)


def test_sql_is_turned_into_a_scenario_to_edit(client: TestClient) -> None:
    answer = client.post("/scenarios/as-yaml", data={"scenario": DDL}, headers=FRAGMENT)
    assert answer.headers["content-type"].startswith("text/plain")
    assert list(read_text_as_scenario(answer.text, "x.yaml").entities) == ["authors", "books"]
    assert "entities:" in client.post("/scenarios/as-yaml", data={"scenario": DDL}).text
    wrong = client.post("/scenarios/as-yaml", data={"scenario": "SELECT 1"})
    assert wrong.status_code == 422
    assert "SELECT 1" in wrong.text


# Saving


def test_a_text_is_saved_under_an_id_and_edited_in_versions(client: TestClient, service: Service) -> None:
    first = save(client, SCENARIO, as_id="mine")
    assert first.status_code == 200
    assert "Saved as version 1 of mine" in first.text
    page = client.get("/scenarios/mine").text
    assert base_of(page) == base_of(first.text)
    second = save(client, OTHER, "mine", base_of(page))
    assert "Saved as version 2 of mine" in second.text
    assert service.catalog.scenario("mine").text == OTHER
    assert service.catalog.scenario("mine", "1").text == SCENARIO
    older = client.get("/scenarios/mine?version=1").text
    assert "rows: 30" in older
    assert "This is version 1, not the newest one" in older
    assert base_of(older) == base_of(second.text)
    assert "not the newest" not in client.get("/scenarios/mine?version=2").text
    by_form = save(client, SCENARIO, "mine", base_of(second.text), fragment=False)
    assert (by_form.status_code, by_form.headers["location"]) == (303, "/scenarios/mine")


def test_comments_are_saved_too(client: TestClient, service: Service) -> None:
    base = base_of(save(client, SCENARIO, as_id="mine").text)
    commented = "# why\n" + SCENARIO
    answer = save(client, commented, "mine", base)
    assert "Saved as version 1" in answer.text
    assert base_of(answer.text) != base
    assert service.catalog.scenario("mine").text == commented


def test_what_was_saved_meanwhile_is_not_overwritten(client: TestClient, service: Service) -> None:
    base = base_of(save(client, SCENARIO, as_id="mine").text)
    theirs = save(client, "# theirs\n" + SCENARIO, "mine", base)
    for fragment in (True, False):
        refused = save(client, OTHER, "mine", base, fragment=fragment)
        assert refused.status_code == 409
        assert "saved by somebody else meanwhile" in unescape(refused.text)
        assert "scenario_id" not in refused.text
        assert service.catalog.scenario("mine").text == "# theirs\n" + SCENARIO
    assert "rows: 31" in refused.text, "the text stays in the form"
    assert base_of(theirs.text) in save(client, OTHER, "mine", base).text, "so that it can be saved over"
    service.catalog.remove_scenario("mine")
    gone = save(client, OTHER, "mine", base)
    assert gone.status_code == 409
    assert "was removed meanwhile" in unescape(gone.text)


@pytest.mark.parametrize("scenario_id", ["shop", "filed", "broken", "mine"])
def test_an_id_that_is_taken_is_refused(client: TestClient, service: Service, scenario_id: str) -> None:
    save(client, SCENARIO, as_id="mine")
    for opened in ("", scenario_id):
        refused = save(client, OTHER, opened, as_id=scenario_id)
        assert refused.status_code == 409
        assert "choose another id" in refused.text
    with pytest.raises(StoreError):
        service.catalog.save_scenario(scenario_id, OTHER, "")
    assert service.catalog.scenario("mine").text == SCENARIO


@pytest.mark.parametrize(
    ("text", "as_id", "said"),
    [
        (SCENARIO, "a b", "can't be an id"),
        (SCENARIO, "../x", "can't be an id"),
        ("name: [", "mine", 'data-line="2"'),
        (SCENARIO.replace("rows: 30", "rows: lots"), "mine", 'data-line="4"'),
    ],
)
def test_what_cannot_be_saved_is_told_and_kept_on_the_page(
    client: TestClient, text: str, as_id: str, said: str
) -> None:
    for fragment in (True, False):
        refused = save(client, text, as_id=as_id, fragment=fragment)
        assert refused.status_code == 422
        assert said in unescape(refused.text)
    assert text.splitlines()[-1].strip() in unescape(refused.text)
    assert "--" not in unescape(re.sub(r"<[^>]*>", "", save(client, text, as_id=as_id).text))


def test_the_same_version_with_other_content_is_refused_on_the_page(client: TestClient) -> None:
    versioned = "version: 1.0.0\n" + SCENARIO
    base = base_of(save(client, versioned, as_id="mine").text)
    refused = save(client, versioned.replace("rows: 30", "rows: 31"), "mine", base)
    assert refused.status_code == 422
    assert "raise the version" in refused.text


# The page


def test_the_editor_needs_nothing_from_elsewhere(client: TestClient) -> None:
    text = client.get("/scenarios/shop").text
    addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
    assert "/static/editor.js" in addresses
    modules = set(addresses)
    for name in ("editor.js", "code.js", "complete.js", "drafts.js", "graph.js", "generators.js", "yaml-place.js"):
        script = (STATIC / name).read_text()
        modules.update(f"/static/{each[2:]}" for each in re.findall(r'from "(\./[^"]+)"', script))
        assert not re.search(r'from "[^.]|https?://(?!www\.w3\.org)|\beval\(|new Function', script), name
    assert [each for each in sorted(modules) if client.get(each).status_code != 200] == []
    assert "unsafe" not in client.get("/scenarios/shop").headers["content-security-policy"]


def test_vendored_files_are_small_and_have_their_licences() -> None:
    vendor = Path(web_app.__file__).parent / "static" / "vendor"
    bundles = [each for each in vendor.iterdir() if each.suffix == ".js"]
    assert sum(each.stat().st_size for each in bundles) < 600_000
    licences = (vendor / "LICENSES.txt").read_text()
    wanted = json.loads((Path(__file__).parents[2] / "tools" / "vendor" / "package.json").read_text())["dependencies"]
    assert [name for name, version in wanted.items() if f"{name} {version} (" not in licences] == []
    notice = (Path(__file__).parents[2] / "NOTICE").read_text()
    assert "CodeMirror" in notice
    assert "LICENSES.txt" in notice


def test_one_entity_is_shown_and_the_others_are_listed(client: TestClient) -> None:
    text = client.get("/scenarios/stripe?entity=charges").text
    assert re.findall(r'data-shown="(\w+)"', text) == ["charges"]
    assert text.count('data-line="') >= 8
    assert len(re.findall(r'<a href="\?entity=\w+" data-entity="\w+"', text)) == 16  # in the list, and in the graph
    assert 'data-shown="customers"' in client.get("/scenarios/stripe?entity=nobody").text
    assert "Runs" in text


def test_mistakes_that_rows_bring_to_light_are_found_in_all_entities(client: TestClient) -> None:
    column = '{type: int, generator: expression, params: {sql: "CAST(name AS INTEGER)"}}'
    text = SCENARIO + f"  pets:\n    columns:\n      name: {{generator: person.full_name}}\n      age: {column}\n"
    assert 'data-count="0"' in client.post("/scenarios/preview", data={"scenario": text}, headers=FRAGMENT).text
    form = {"scenario": text, "every": "1"}
    whole = client.post("/scenarios/preview", data=form, headers=FRAGMENT).text
    assert "entities.pets.columns.age" in whole
    assert 'data-line="9"' in whole


def test_hints_of_a_preview_name_pages_and_no_commands(client: TestClient) -> None:
    text = SCENARIO.replace("email: string", "email: {generator: xyzzyx}")
    shown = client.post("/scenarios/preview", data={"scenario": text}, headers=FRAGMENT).text
    assert "the page Generators lists them all" in shown
    assert "`sdgen" not in shown


def test_scenarios_are_searched(client: TestClient) -> None:
    assert "/scenarios/iot" not in client.get("/scenarios?q=filed").text
    assert "/scenarios/filed" in client.get("/scenarios?q=FILED").text
    assert "No scenario holds" in client.get("/scenarios?q=%3Cscript%3E").text
    assert "<script>" not in client.get("/scenarios?q=%3Cscript%3E").text


# The catalogue


def test_every_generator_has_values_and_a_page(client: TestClient) -> None:
    names = [name for name in registry.names() if registry.find(name) is not None]
    without = [name for name in names if example_values(name) is None]
    assert without == []
    assert all(len(found.rows) <= ROWS for name in names if (found := example_values(name)) is not None)
    listed = client.get("/generators").text
    assert [name for name in names if f"<code>{name}</code>" not in listed.replace(' class="own"', "")] == []


def test_a_generator_is_shown_with_what_its_example_reads(client: TestClient) -> None:
    text = client.get("/generators/expression", headers=FRAGMENT).text
    assert "<html" not in text
    assert re.findall(r'<th scope="col">(price|quantity|my_column)</th>', text) == ["price", "quantity", "my_column"]
    whole = client.get("/generators/code.isbn").text
    assert "<html" in whole
    assert re.search(r'<ul class="values"><li>97', whole)
    assert client.get("/generators/nothing").status_code == 404
    assert "code.isbn13" in client.get("/generators?q=isbn").text
    assert "No generator holds" in client.get("/generators?q=xyzzy").text


def test_the_schema_is_served(client: TestClient) -> None:
    schema = client.get("/api/v1/schema").json()
    assert schema["title"] == "sdgen scenario"
    assert schema["$defs"]["params"]["allOf"]
