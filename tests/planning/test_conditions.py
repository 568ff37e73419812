"""`check`: conditions every row keeps, by generators that keep them or by refusing the scenario."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pytest

import sdgen
from sdgen.errors import ScenarioError
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.identity import canonical

HEAD = "name: t\nseed: 1\nentities:\n  events:\n    rows: 3000\n"
FREE = """\
    check:
      - ends > starts
      - price BETWEEN 1 AND 9 AND kind IN ('a', 'b')
      - low <= high
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
      starts: timestamp
      ends: timestamp
      price: "decimal(8,2)"
      kind: text
      low: int
      high: int
"""


def problems(text: str) -> list[str]:
    return [str(problem) for problem in sdgen.check(read_text_as_scenario(text, "t.yaml"))]


def test_columns_without_a_generator_get_one_that_keeps_the_checks() -> None:
    rows = sdgen.generate(read_text_as_scenario(HEAD + FREE, "t.yaml"))["events"]
    assert pc.all(pc.greater(rows["ends"], rows["starts"])).as_py()
    assert pc.all(pc.less_equal(rows["low"], rows["high"])).as_py()
    assert set(rows["kind"].to_pylist()) == {"a", "b"}
    assert 1 <= min(rows["price"].to_pylist()) <= max(rows["price"].to_pylist()) <= 9


def test_a_scenario_with_checks_is_written_and_read_again() -> None:
    scenario = read_text_as_scenario(HEAD + FREE, "t.yaml")
    again = read_text_as_scenario(scenario_text(scenario), "t.yaml")
    assert canonical(again) == canonical(scenario)
    rows = [sdgen.generate(each, as_of="2026-01-01")["events"] for each in (again, scenario)]
    assert rows[0].equals(rows[1])


BROKEN = (
    HEAD
    + """\
    check: "low < high"
    columns:
      low: {type: int, generator: uniform_int, params: {min: 0, max: 9}}
      high: {type: int, generator: uniform_int, params: {min: 5, max: 14}}
"""
)


def test_a_check_that_generators_break_is_refused_with_its_place_and_the_row() -> None:
    [problem] = problems(BROKEN)
    assert problem.startswith("t.yaml:6:5: entities.events.check.0: row ")
    assert "breaks the check 'low < high': low is " in problem


def test_nothing_is_written_where_a_check_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    with pytest.raises(ScenarioError, match="breaks the check"):
        sdgen.write(read_text_as_scenario(BROKEN, "t.yaml"), path)
    assert not path.exists()


def test_a_row_that_only_the_whole_run_meets_is_refused_too(tmp_path: Path) -> None:
    text = (
        HEAD.replace("3000", "200000")
        + """\
    check: id <> 123457
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
"""
    )
    scenario = read_text_as_scenario(text, "t.yaml")
    assert sdgen.check(scenario) == []
    with pytest.raises(ScenarioError, match="row 123,456 breaks the check 'id <> 123457': id is 123457"):
        sdgen.write(scenario, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("lo > 1", "events has no column 'lo'\n    did you mean 'low'?"),
        ("low + 1", "a check must be true or false, and this is of type"),
        ("random() > 0", "random"),
        ("owner.low > 1", "'owner' is no parent of this entity"),
        ("low >", "can't be read at character 5"),
        ("low = 'x'", "Could not convert"),
    ],
)
def test_wrong_checks_are_told(check: str, said: str) -> None:
    text = (
        HEAD
        + f'    check: "{check}"\n    columns:\n      low: {{type: int, generator: uniform_int, params: {{min: 0, max: 9}}}}\n'
    )
    found = "\n".join(problems(text))
    assert "entities.events.check" in found
    assert said in found


def test_checks_see_parents_and_nulls_pass() -> None:
    text = """\
seed: 1
entities:
  owners:
    rows: 9
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
      since: {type: date, generator: date, params: {start: 2020-01-01, end: 2020-12-31}}
  pets:
    rows: 500
    check: ["born >= owners.since", "weight > 0"]
    columns:
      owner_id: {generator: fk, params: {entity: owners, column: id}}
      born: {type: date, generator: date, params: {start: 2021-01-01, end: 2022-12-31}}
      weight: {type: int, nullable: true, generator: uniform_int, params: {min: 1, max: 9}}
"""
    assert problems(text) == []
    assert "owner_id.since is 2020-" in problems(text.replace("2021-01-01", "2020-06-01"))[0]


def test_verify_asks_the_place(tmp_path: Path) -> None:
    import duckdb

    scenario, path = read_text_as_scenario(HEAD + FREE, "t.yaml"), tmp_path / "x.duckdb"
    sdgen.write(scenario, path)
    checks = [finding for finding in sdgen.verify(scenario, path).findings if finding.check == "check"]
    assert [str(finding.status) for finding in checks] == ["ok"] * 3
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE events SET low = 2000000000 WHERE id = 7")
    broken = [
        each for each in sdgen.verify(scenario, path).findings if each.check == "check" and each.status == "broken"
    ]
    assert [each.found for each in broken] == ["1 rows break it"]
