"""Values set by their paths: any part of a scenario, from any reader, checked as if it stood in the file."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sdgen
from sdgen.errors import ScenarioError, SdgenError
from sdgen.readers.override import overridden
from sdgen.readers.sources import examples, read_source, read_text_as_scenario
from sdgen.scenario.identity import canonical
from sdgen.scenario.model import Scenario

TEXT = """\
name: small
seed: 1
presets:
  cents: {generator: decimal, params: {min: 1, max: 9}}
rules:
  - {field: note, with: {a: id}, generator: text.word}
entities:
  users:
    rows: {count: 10, fixed: [{id: 1, name: admin}]}
    columns:
      id: {type: int, generator: sequence, primary_key: true}
      name: text
      score: {type: int, generator: uniform_int, params: {min: 0, max: 5}}
      note: text
  a.b:
    rows: {per: users, min: 1, max: 2}
    columns:
      user_id: {generator: fk, params: {entity: users, column: id}}
      price: {type: "decimal(8,2)", generator: cents}
"""


def small() -> Scenario:
    return read_text_as_scenario(TEXT, "small.yaml")


def values(scenario: Scenario, entity: str, column: str) -> list[Any]:
    found: list[Any] = sdgen.generate(scenario)[entity][column].to_pylist()
    return found


def problems(*sets: str) -> list[Any]:
    with pytest.raises(ScenarioError) as caught:
        sdgen.plan(overridden(small(), sets))
    return list(caught.value.problems)


def test_values_of_every_kind() -> None:
    found = overridden(
        small(),
        [
            "seed=9",
            "entities.users.columns.score.params.min=40",
            "entities.users.columns.score.generator.params.max=41",
            "presets.cents.params.max=2",
            "rules.0.params.max_length=4",
            "entities.a.b.rows.max=1",
            "entities.users.rows.fixed.0.name=root",
            "entities.users.columns.note={type: text, generator: const, params: {value: hello}}",
        ],
    )
    assert sdgen.plan(found).seed == 9
    assert set(values(found, "users", "score")) == {40, 41}
    assert max(values(found, "a.b", "price")) <= 2
    assert found.rules[0].generator.params == {"max_length": 4}
    assert len(values(found, "a.b", "price")) == 10
    assert values(found, "users", "name")[0] == "root"
    assert set(values(found, "users", "note")) == {"hello"}


def test_a_number_of_rows_leaves_the_fixed_ones() -> None:
    found = overridden(small(), ["entities.users.rows=3"])
    assert values(found, "users", "name")[0] == "admin"
    assert len(values(found, "users", "name")) == 3


def test_another_generator_starts_without_params() -> None:
    sets = ["entities.users.columns.score.generator=const", "entities.users.columns.score.params.value=4"]
    assert set(values(overridden(small(), sets), "users", "score")) == {4}


def test_values_are_yaml() -> None:
    found = overridden(
        small(), ["version=1.10", "entities.users.unique=[[name, note]]", 'description="a: b"', "name= x y "]
    )
    assert (found.version, found.description, found.name) == ("1.1", "a: b", "x y")
    assert found.entities["users"].unique == (("name", "note"),)


def test_all_problems_at_once_and_what_was_meant() -> None:
    found = problems(
        "entities.usrs.rows=5",
        "entities.users.columns.scor.type=int",
        "entities.users.rowz=5",
        "presets.cent.params.max=2",
        "rules.7.field=x",
        "seed.x=3",
        "no value",
        "seed=[",
    )
    words = [(each.file, each.where, each.hint) for each in found]
    assert words[0] == ("--set entities.usrs.rows=5", "entities.usrs", "did you mean 'users'?")
    assert words[1][1:] == ("entities.users.columns.scor", "did you mean 'score'?")
    assert words[2][1:] == ("entities.users.rowz", "did you mean 'rows'?")
    assert words[3][1:] == ("presets.cent", "did you mean 'cents'?")
    assert "numbered from 0" in words[4][2]
    assert len(found) == 8


def test_what_is_wrong_with_a_value_is_told_at_the_option() -> None:
    (bad,) = problems("entities.users.columns.score.params.maxx=3")
    assert bad.file == "--set entities.users.columns.score.params.maxx=3"
    assert bad.hint == "did you mean 'max'?"
    (wrong,) = problems("entities.users.rows=many")
    assert wrong.file == "--set entities.users.rows=many"


def test_lines_of_the_source_stay() -> None:
    (bad,) = problems("entities.users.columns.id.type=uuid", "entities.users.columns.id.generator=uuid4", "seed=4")[:1]
    assert bad.line in (9, 18, 19)  # the fixed row's id is no uuid: told where it stands
    assert bad.file == "small.yaml"


@pytest.mark.parametrize("name", sorted(examples()))
def test_nothing_set_changes_nothing(name: str) -> None:
    scenario = read_source(name)
    assert canonical(overridden(scenario, [f"name={json.dumps(scenario.name)}"])) == canonical(scenario)


def test_any_reader(tmp_path: Path) -> None:
    (tmp_path / "s.sql").write_text(
        "CREATE TABLE t (id int PRIMARY KEY, age int NOT NULL CHECK (age BETWEEN 1 AND 9));"
    )
    settled = sdgen.plan(tmp_path / "s.sql", rows=20, set={"entities.t.columns.age.params.max": 2})
    assert set(sdgen.generate(settled)["t"]["age"].to_pylist()) == {1, 2}


def test_python_values() -> None:
    table = sdgen.generate(small(), set={"entities.users.rows": 4, "entities.users.columns.name": {"type": "text"}})
    assert table["users"].num_rows == 4


paths = st.lists(
    st.sampled_from(
        [
            "entities",
            "users",
            "a",
            "b",
            "rows",
            "columns",
            "score",
            "params",
            "max",
            "rules",
            "0",
            "presets",
            "cents",
            "generator",
            "fixed",
            "type",
            "",
            "seed",
            "unique",
            "target",
        ]
    ),
    max_size=6,
)
texts = st.one_of(
    st.text(max_size=20), st.sampled_from(["1", "[1]", "{a: 1}", "null", "uuid4", "{type: x}", "[", "0x"])
)


@given(path=paths, value=texts)
def test_whatever_is_set_gives_a_scenario_or_a_problem(path: list[str], value: str) -> None:
    with suppress(SdgenError):
        sdgen.plan(overridden(small(), [".".join(path) + "=" + value]))
