"""Both spellings of the native file give one scenario, which hashes the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import sdgen
from sdgen.errors import ProblemType, ScenarioError, SourceError
from sdgen.readers.sources import examples, read_mapping, read_source, read_text_as_scenario
from sdgen.scenario.identity import canonical, config_hash
from sdgen.targets.tables import tables_of

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)

MAPPINGS = """\
name: one
entities:
  a:
    rows: 5
    columns:
      id: {type: int, primary_key: true, generator: sequence, params: {start: 3}}
      x: {generator: choice, params: {values: [1, 2]}}
"""
LISTS = """\
name: one
entities:
  - name: a
    rows: {count: 5}
    columns:
      - {name: id, type: int, primary_key: true, generator: {type: sequence, params: {start: 3}}}
      - name: x
        generator: {type: choice, params: {values: [1, 2]}}
"""
JSON = """\
{"name": "one", "entities": {"a": {"rows": 5, "columns": {
  "id": {"type": "int", "primary_key": true, "generator": "sequence", "params": {"start": 3}},
  "x": {"generator": "choice", "params": {"values": [1, 2]}}}}}}
"""


@pytest.mark.parametrize("text", [LISTS, JSON])
def test_spellings_are_one_scenario(text: str) -> None:
    one, other = read_text_as_scenario(MAPPINGS, "a.yaml"), read_text_as_scenario(text, "b.yaml")
    assert canonical(one) == canonical(other)
    assert config_hash(one) == config_hash(other)


def test_a_change_changes_the_hash() -> None:
    changed = MAPPINGS.replace("[1, 2]", "[1, 3]")
    assert config_hash(read_text_as_scenario(MAPPINGS, "")) != config_hash(read_text_as_scenario(changed, ""))


def test_the_order_of_columns_is_part_of_the_hash() -> None:
    lines = MAPPINGS.splitlines(keepends=True)
    swapped = "".join([*lines[:5], lines[6], lines[5]])
    assert config_hash(read_text_as_scenario(MAPPINGS, "")) != config_hash(read_text_as_scenario(swapped, ""))


def test_positions_are_found_in_lists_too() -> None:
    broken = LISTS.replace("[1, 2]", "[1, 2], wieghts: [1, 1]")
    problem = sdgen.check(read_text_as_scenario(broken, "lists.yaml"))[0]
    assert (problem.line, problem.hint) == (8, "did you mean 'weights'?")


@pytest.mark.parametrize("name", sorted(examples()))
def test_examples_are_read_by_name(name: str) -> None:
    assert read_source(name).name == name
    assert not sdgen.check(name)


def test_a_folder_with_one_scenario(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(MAPPINGS)
    assert read_source(tmp_path).name == "one"
    (tmp_path / "two.yaml").write_text(MAPPINGS)
    with pytest.raises(SourceError, match="2 scenario files in the folder"):
        read_source(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\xff\xfe\x00bin", "not a UTF-8 text"), (b"a\x00b", "binary file"), (b"", "the file is empty")],
)
def test_files_that_are_no_text(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(SourceError, match=message):
        read_source(tmp_path / "x.yaml")


def test_a_missing_file_names_the_examples() -> None:
    with pytest.raises(SourceError, match="did you mean 'shop'"):
        read_source("shopp")


def test_rules_of_the_scenario_come_first() -> None:
    text = """\
name: ruled
rules:
  - {pattern: ".*_cluster_.*", generator: uniform_int, params: {min: 0, max: 127}}
  - {field: email, generator: const, params: {value: none}}
  - {type: "decimal(5,1)", generator: const, params: {value: 2.5}}
entities:
  a: {rows: 50, columns: {my_cluster_id: int, email: text, d: "decimal(5,1)", other_email: text}}
"""
    table = sdgen.generate(read_text_as_scenario(text, ""))["a"]
    assert max(table["my_cluster_id"].to_pylist()) <= 127
    assert set(table["email"].to_pylist()) == {"none"}
    assert {str(value) for value in table["d"].to_pylist()} == {"2.5"}
    assert all("@" in value for value in table["other_email"].to_pylist())


def test_a_file_has_a_name(tmp_path: Path) -> None:
    nameless = MAPPINGS.partition("\n")[2]
    (tmp_path / "one.yaml").write_text(nameless)
    with pytest.raises(ScenarioError) as caught:
        read_source(tmp_path / "one.yaml")
    (problem,) = caught.value.problems
    assert (problem.what, problem.type, problem.line) == ("the scenario has no name", ProblemType.MISSING, 1)
    assert "name: " in problem.hint
    # What is handed over without a file goes by what it is called there.
    assert read_text_as_scenario(nameless, "texts/one.yaml").name == "one"
    assert read_mapping({"entities": {"a": {"columns": {"id": "int"}}}}).name == "scenario"


LINKED = """\
name: linked
entities:
  a:
    columns:
      id: {type: int, primary_key: true, generator: sequence}
  b:
    columns:
      one: %s
"""
FK = {"type": "fk", "params": {"entity": "a", "column": "id"}}


@pytest.mark.parametrize(
    "spelled",
    [
        "{type: int, fk: {entity: a, column: id}}",
        "{type: int, fk: {entity: a}}",
        "{type: int, fk: {entity: a, column: id}, generator: fk}",
        "{type: int, fk: {entity: a, column: id}, generator: {type: fk, params: {entity: a}}}",
        "{type: int, fk: {entity: a}, generator: fk, params: {entity: a, column: id}}",
    ],
)
def test_a_descriptor_is_the_generator(spelled: str) -> None:
    generator = read_text_as_scenario(LINKED % spelled, "x.yaml").entities["b"].columns["one"].generator
    assert generator is not None
    assert generator.model_dump() == FK


def test_a_descriptor_may_hold_further_params() -> None:
    scenario = read_text_as_scenario(LINKED % "{fk: {entity: a, distribution: zipf}, nullable: true}", "x.yaml")
    generator = scenario.entities["b"].columns["one"].generator
    assert generator is not None
    assert generator.params == {**FK["params"], "distribution": "zipf"}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("written", "mode"),
    [("truncate", "truncate_then_insert"), ("append_only", "append_only"), ("append", "append_only")],
)
def test_a_table_has_a_mode_of_its_own(written: str, mode: str) -> None:
    scenario = read_text_as_scenario(MAPPINGS.replace("rows: 5", f"rows: 5\n    table_mode: {written}"), "a.yaml")
    assert scenario.entities["a"].table_mode == mode
    plan, plain = (
        sdgen.plan(each, seed=1, as_of=AS_OF) for each in (scenario, read_text_as_scenario(MAPPINGS, "a.yaml"))
    )
    assert tables_of(plan)["a"].mode == mode
    assert tables_of(plain)["a"].mode is None
    assert plan.identity == plain.identity  # it changes no value


def test_values_that_are_wrong_hide_no_others() -> None:
    text = (
        MAPPINGS.replace("rows: 5", "rows: -5")
        .replace("start: 3", "strat: 3")
        .replace("name: one", "name: one\nseed: x")
    )
    with pytest.raises(ScenarioError) as caught:
        read_text_as_scenario(text, "a.yaml")
    assert [(each.line, each.type.value) for each in caught.value.problems] == [
        (2, "type"),
        (5, "value"),
        (7, "unknown"),
    ]
