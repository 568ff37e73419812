"""Files of the older sdgen: told apart from native ones, and read with their own meanings."""

from __future__ import annotations

import copy
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import sdgen
from sdgen.errors import ScenarioError, SdgenError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.formats import format_of
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sdgen_go import matches, read
from sdgen.readers.sources import examples, read_text_as_scenario
from sdgen.scenario.identity import canonical
from sdgen.scenario.model import Scenario

REAL = Path(__file__).parents[3] / "shared" / "inputs" / "sdgen"
OLD = """\
id: fleet
name: Fleet
version: 1.0.0
seed: 5
entities:
  - name: vans
    target_table: vans
    rows: 60
    columns:
      - {name: van_id, type: int, generator: {type: uniform_int, params: {min: 100, max: 1000}}}
      - {name: driver, type: string, nullable: true, generator: {type: faker_name}}
      - {name: seats, type: int, generator: {type: uniform_int, params: {min: 2, max: 4}}}
      - {name: load, type: int, generator: {type: normal, params: {mean: 500, std: 90}}}
      - {name: code, type: string, generator: {type: choice, params: {values: [7, 8, true]}}}
      - {name: bought, type: date, generator: {type: time_series, params: {start: "-900d", step: 2w, jitter_seconds: 60}}}
  - name: trips
    target_table: van_trips
    rows: 300
    columns:
      - {name: id, type: uuid, generator: {type: uuid4}}
      - {name: van_id, type: int, fk: {entity: vans, column: van_id}, generator: {type: fk, params: {entity: vans, column: van_id}}}
      - {name: town_id, type: int, fk: {entity: towns, column: id}, generator: {type: const, params: {value: 3}}}
"""


def written(tmp_path: Path, value: Any) -> Source:
    path = tmp_path / "old.yaml"
    path.write_text(value if isinstance(value, str) else yaml.safe_dump(value, sort_keys=False))
    return Source(str(path))


def scenario_of(tmp_path: Path, value: Any = OLD) -> Scenario:
    return read(written(tmp_path, value), ReadOptions())


def table(scenario: Scenario, entity: str) -> pa.Table:
    plan = sdgen.plan(scenario, as_of=datetime(2026, 1, 1, tzinfo=UTC))
    return pa.Table.from_batches(list(sdgen.batches(plan, entity)))


def changed(path: str, value: Any) -> dict[str, Any]:
    """The old document with the value at a dotted path set; `None` takes it out."""
    document: dict[str, Any] = yaml.safe_load(OLD)
    at: Any = document
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in way:
        at = at[part]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return document


def test_an_older_file_is_known(tmp_path: Path) -> None:
    found = format_of(written(tmp_path, OLD))
    assert found is not None
    assert found.kind == "older"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("locale", "en"),
        ("as_of", "2026-01-01"),
        ("presets", {}),
        ("entities.0.unique", [["van_id"]]),
        ("entities.0.rows", {"count": 60}),
        ("entities.0.target_table", None),
        ("entities.0.columns.0.primary_key", True),
        ("entities.0.columns.0.unique", True),
        ("entities.0.columns.0.null_rate", 0.5),
        ("entities.0.columns.0.type", "decimal(10,2)"),
        ("entities.0.columns.0.type", None),
        ("entities.0.columns.0.generator", "sequence"),
        ("entities.0.columns.0.generator", {"type": "sequence"}),
        ("entities.0.columns.0.generator", None),
        ("entities.0.columns.0.params", {}),
        ("entities", {}),
    ],
)
def test_whatever_is_native_alone_makes_it_native(tmp_path: Path, path: str, value: Any) -> None:
    assert not matches(written(tmp_path, changed(path, value)))


def test_both_readings_the_same_is_native(tmp_path: Path) -> None:
    document = yaml.safe_load(OLD)
    for entity in document["entities"]:
        entity["columns"] = [
            {key: kept for key, kept in column.items() if key not in ("fk", "nullable")}
            for column in entity["columns"]
            if column["generator"]["type"] not in ("uniform_int", "fk")
        ]
    assert not matches(written(tmp_path, document))
    document["entities"][0]["columns"][0]["nullable"] = True
    assert matches(written(tmp_path, document))


def test_no_example_is_taken_for_an_older_file() -> None:
    assert examples()
    assert not any(matches(Source(str(path))) for path in examples().values())


def test_its_meanings_are_kept(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path)
    vans, trips = table(scenario, "vans"), table(scenario, "trips")
    assert set(vans["seats"].to_pylist()) == {2, 3}
    assert vans["driver"].null_count == 0
    assert vans.schema.field("driver").nullable
    assert 300 < pc.mean(vans["load"]).as_py() < 700
    assert set(vans["code"].to_pylist()) == {"7", "8", "true"}
    assert set(trips["van_id"].to_pylist()) <= set(vans["van_id"].to_pylist())
    assert scenario.entities["trips"].target_table == "van_trips"
    assert scenario.entities["vans"].target_table == ""


def test_keys_and_remarks_are_told(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path)
    assert scenario.entities["vans"].columns["van_id"].primary_key
    assert scenario.entities["trips"].columns["id"].primary_key
    told = "\n".join(str(note) for note in scenario.notes)
    assert "uniform_int takes values below max (vans.van_id, vans.seats)\n    a native file says" in told
    assert "taken as primary keys, by their names and links: vans.van_id, trips.id" in told
    assert ":22:9: entities.trips.columns.town_id: fk was a remark" in told


def test_an_empty_range_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"old.yaml:12:.*uniform_int from 2 to below 2 has no values"):
        scenario_of(tmp_path, OLD.replace("min: 2, max: 4", "min: 2, max: 2"))


def test_faults_have_their_lines(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario_of(tmp_path, OLD.replace("- name: trips\n", "- nam: trips\n").replace("type: date", "typ: date"))
    assert {problem.line for problem in caught.value.problems} == {15, 16}


@pytest.mark.parametrize("seed", [2**63, -(2**63) - 1])
def test_a_seed_is_signed_and_of_64_bits(tmp_path: Path, seed: int) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario_of(tmp_path, changed("seed", seed))
    assert f"the seed {seed} is no signed number of 64 bits" in caught.value.problems[0].what
    assert scenario_of(tmp_path, changed("seed", 2**63 - 1)).seed == 2**63 - 1


def test_a_table_may_have_a_mode(tmp_path: Path) -> None:
    document = changed("entities.0.table_mode", "truncate")
    assert matches(written(tmp_path, document))
    assert scenario_of(tmp_path, document).entities["vans"].table_mode == "truncate_then_insert"


def test_a_descriptor_alone_makes_a_link(tmp_path: Path) -> None:
    document = changed("entities.1.columns.1.generator", None)
    assert matches(written(tmp_path, document))
    generator = scenario_of(tmp_path, document).entities["trips"].columns["van_id"].generator
    assert generator is not None
    assert generator.model_dump() == {"type": "fk", "params": {"entity": "vans", "column": "van_id"}}


def test_null_among_values_of_a_column_that_is_not_nullable(tmp_path: Path) -> None:
    document = changed("entities.0.columns.4.generator.params.values", ["x", None])
    (problem,) = sdgen.check(scenario_of(tmp_path, document))
    assert "nullable is false, but choice gives nulls here" in problem.what


def test_one_problem_hides_no_other(tmp_path: Path) -> None:
    text = (
        OLD.replace("min: 2, max: 4", "min: 2, max: 2")
        .replace("type: faker_name", "type: faker_nam")
        .replace("- name: trips\n", "- name: vans\n")
    )
    with pytest.raises(ScenarioError) as caught:
        read(written(tmp_path, text), ReadOptions())
    assert {(each.line, each.type.value) for each in caught.value.problems} >= {
        (12, "value"),
        (11, "unknown"),
        (16, "duplicate"),
    }


def test_a_small_range_is_no_key(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path, OLD.replace("max: 1000", "max: 150"))
    assert not scenario.entities["vans"].columns["van_id"].primary_key
    assert sdgen.check(scenario) == []


def test_round_trip(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path)
    source = tmp_path / "new.yaml"
    source.write_text(scenario_text(scenario))
    assert not matches(Source(str(source)))
    again = read_text_as_scenario(scenario_text(scenario), "new.yaml")
    assert canonical(again) == canonical(scenario)
    assert all(table(again, name).equals(table(scenario, name)) for name in scenario.entities)


@pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real input files is not beside this checkout")
@pytest.mark.parametrize("name", ["finance_demo.yaml", "hr.yaml", "iot.yaml", "iot_demo_small.yaml"])
def test_real_files(name: str) -> None:
    source = Source(str(REAL / name))
    assert matches(source) == (name != "iot_demo_small.yaml")
    assert sdgen.check(read(source, ReadOptions())) == []


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
PATHS = [
    *("name", "seed", "entities", "entities.0", "entities.0.rows", "entities.0.columns", "entities.0.columns.0"),
    *("entities.0.columns.0.generator", "entities.0.columns.0.generator.params", "entities.0.columns.0.nullable"),
    *("entities.0.columns.2.generator.params.max", "entities.0.columns.4.generator.params.values"),
    *("entities.1.columns.2.fk", "entities.0.columns.0.name", "entities.1.name", "entities.0.columns.0.type"),
]


@given(st.sampled_from(PATHS), values)
@settings(max_examples=200)
def test_whatever_stands_there(tmp_path_factory: pytest.TempPathFactory, path: str, value: Any) -> None:
    document = copy.deepcopy(changed(path, value if value is not None else ""))
    source = written(tmp_path_factory.mktemp("any"), document)
    matches(source)
    with suppress(SdgenError):
        sdgen.check(read(source, ReadOptions()))
