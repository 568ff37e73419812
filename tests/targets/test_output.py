"""A scenario's own output: where its rows go, under which names, and that it changes none of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import sdgen
from sdgen.errors import ScenarioError
from sdgen.execution.destinations import open_target
from sdgen.execution.execute import execute
from sdgen.execution.request import RunSettings
from sdgen.execution.target_spec import ResolvedTarget
from sdgen.execution.targets import output_targets, resolve_target
from sdgen.generators.catalogue import scenario_schema
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.identity import canonical, config_hash
from sdgen.scenario.output import FileNames
from sdgen.targets.base import Mode, Table
from tests.targets.made import family

TEXT = """\
name: shop
version: 1.2.0
seed: 5
output:
  format: [csv, parquet, duckdb]
  path: ./out
  filename_pattern: "{entity}_{seed}.{format}"
  per_entity:
    facts: {format: jsonl, path: more, filename_pattern: "{scenario}-{version}/{table}.{format}"}
entities:
  users: {rows: 5, columns: {id: {type: int, primary_key: true, generator: sequence}}}
  facts:
    rows: 7
    target_table: main.facts
    columns: {id: {type: int, primary_key: true, generator: sequence}, user_id: {references: users}}
"""
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


def destinations(scenario: sdgen.Scenario) -> list[ResolvedTarget]:
    return [resolve_target(spec) for spec in output_targets(scenario)]


@pytest.fixture
def scenario(tmp_path: Path) -> sdgen.Scenario:
    (tmp_path / "shop.yaml").write_text(TEXT)
    return sdgen.read(tmp_path / "shop.yaml")


def written(scenario: sdgen.Scenario) -> Path:
    """The folder of files, written as the output says."""
    files = destinations(scenario)[0]
    plan = sdgen.plan(scenario, as_of=AS_OF)
    execute(plan, files.open())
    return Path(files.destination)


def test_it_is_beside_the_scenario(scenario: sdgen.Scenario, tmp_path: Path) -> None:
    files, database = destinations(scenario)
    assert (files.destination, files.formats) == (f"{tmp_path}/out/", ("csv", "parquet", "jsonl"))
    assert (database.destination, database.formats) == (f"{tmp_path}/out/generated_data.duckdb", ())
    assert [each.destination for each in destinations(read_text_as_scenario(TEXT, "text"))] == [
        "out/",
        "out/generated_data.duckdb",
    ]
    assert destinations(sdgen.read("shop")) == []


def test_files_have_the_names_it_gives(scenario: sdgen.Scenario) -> None:
    folder = written(scenario)
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert found == ["_sdgen.json", "more/shop-1.2.0/main.facts.jsonl", "users_5.csv", "users_5.parquet"]
    told = json.loads((folder / "_sdgen.json").read_text())["tables"]
    assert told["main.facts"]["files"] == ["more/shop-1.2.0/main.facts.jsonl"]
    report = sdgen.verify(scenario, folder, as_of=AS_OF)
    assert not report.broken


def test_they_are_replaced_and_added_to(scenario: sdgen.Scenario) -> None:
    folder = written(scenario)
    files = destinations(scenario)[0]
    plan = sdgen.plan(scenario, as_of=AS_OF)
    with pytest.raises(sdgen.TargetError, match=r"users_5\.csv exists"):
        execute(plan, files.open())
    (folder / "users_5.csv").write_text("other")
    execute(plan, files.open(), RunSettings(mode=Mode.TRUNCATE_THEN_INSERT))
    assert len((folder / "users_5.csv").read_text().splitlines()) == 6
    assert len((folder / "more/shop-1.2.0/main.facts.jsonl").read_text().splitlines()) == 7


def test_it_changes_no_value(scenario: sdgen.Scenario) -> None:
    other = scenario.model_copy(update={"output": None})
    one, two = (sdgen.plan(each, as_of=AS_OF) for each in (scenario, other))
    assert one.identity == two.identity
    assert config_hash(scenario) != config_hash(other)  # a store keeps what is said


@pytest.mark.parametrize(
    "output", ["{path: ./output}", "{format: json, path: a}", TEXT.partition("output:\n")[2].partition("entities:")[0]]
)
def test_it_is_written_and_read_again(output: str) -> None:
    head, _, rest = TEXT.partition("output:")
    text = (
        f"{head}output: {output if output[0] == '{' else chr(10) + output}\nentities:{rest.partition('entities:')[2]}"
    )
    scenario = read_text_as_scenario(text, "x.yaml")
    assert scenario.output is not None
    again = read_text_as_scenario(scenario_text(scenario), "y.yaml")
    assert (again.output, canonical(again)) == (scenario.output, canonical(scenario))


def test_the_schema_knows_it() -> None:
    schema = scenario_schema()
    document: dict[str, Any] = {"name": "x", "entities": {"a": {"columns": {"b": "int"}, "table_mode": "truncate"}}}
    output: dict[str, Any]
    for output in (
        {"format": "csv"},
        {"format": ["csv", "duckdb"], "per_entity": {"a": {"format": "json", "path": "x"}}},
    ):
        jsonschema.validate({**document, "output": output}, schema)
    for output in ({"format": "xlm"}, {"formats": []}, {"per_entity": {"a": {"format": "duckdb"}}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**document, "output": output}, schema)


def test_a_value_leads_to_no_other_folder() -> None:
    names = FileNames("{entity}.{format}", ("csv",))
    assert names.name("../../etc/x", "t", "csv", {}) == ".._.._etc_x.csv"
    names = FileNames("{version}/{entity}/x.{format}", ("csv",))
    assert names.name("..", "t", "csv", {"version": ""}) == "__/x.csv"


def test_two_tables_of_one_file_are_refused(tmp_path: Path) -> None:
    parents, _ = family()
    tables = [Table(name, name.replace("/", "-"), parents.columns) for name in ("a/b", "a_b")]
    (problem,) = open_target(f"{tmp_path}/out/").check(tables, Mode.CREATE_IF_MISSING)
    assert "a/b and a_b would both be written to a_b.csv" in problem.what
    (problem,) = open_target(f"{tmp_path}/out/", ("json",)).check(
        [replace(parents, name="_sdgen")], Mode.CREATE_IF_MISSING
    )
    assert "_sdgen would be written to _sdgen.json" in problem.what


@pytest.mark.parametrize(
    ("one", "other"), [("Orders", "orders"), ("stra\u00dfe", "STRASSE"), ("caf\u00e9", "cafe\u0301")]
)
def test_names_that_are_one_file_somewhere_are_refused_everywhere(one: str, other: str, tmp_path: Path) -> None:
    parents, _ = family()
    tables = [Table(name, f"e{number}", parents.columns) for number, name in enumerate((one, other))]
    (problem,) = open_target(f"{tmp_path}/out/").check(tables, Mode.CREATE_IF_MISSING)
    assert f"{one} and {other} would be written to {one}.csv and {other}.csv, which is one file where" in problem.what
    (problem,) = open_target(f"{tmp_path}/out/", ("json",)).check(
        [replace(parents, name="_SDGEN")], Mode.CREATE_IF_MISSING
    )
    assert "_SDGEN would be written to _SDGEN.json, and _sdgen.json tells of the run" in problem.what


@pytest.mark.parametrize(
    ("tables", "what"),
    [
        (("a/b", "a_b"), "a/b and a_b would both be written to a_b.json"),
        (("_sdgen", "x"), "_sdgen would be written to _sdgen.json"),
        (("Orders", "orders"), "Orders.json and orders.json, which is one file"),
    ],
)
def test_an_output_of_names_that_are_one_file_is_not_valid(tables: tuple[str, str], what: str) -> None:
    entities = {
        f"e{number}": {"rows": 1, "target_table": name, "columns": {"id": "int"}} for number, name in enumerate(tables)
    }
    with pytest.raises(ScenarioError, match=what):
        sdgen.plan({"name": "x", "output": {"format": "json"}, "entities": entities})


def test_problems_have_their_places(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(TEXT.replace("jsonl,", "xml,").replace("{seed}", "{sed}"))
    with pytest.raises(ScenarioError) as caught:
        sdgen.read(tmp_path / "x.yaml")
    assert {(each.line, each.column) for each in caught.value.problems} == {(7, 3), (9, 13)}
