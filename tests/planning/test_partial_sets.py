"""Sets that are unique among the rows which a condition picks: by construction, for any part of the rows."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import sdgen
from sdgen.engine import batch
from sdgen.planning.compile import compile_plan
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.request import PlanRequest

SCENARIO = """
name: clinic
entities:
  doctors: {rows: 40, columns: {id: {type: int, primary_key: true, generator: sequence}}}
  wards: {rows: 9, columns: {id: {type: int, primary_key: true, generator: sequence}}}
  shifts:
    rows: 300
    columns:
      id: {type: int, primary_key: true, generator: sequence}
      doctor_id: {type: int, generator: fk, params: {entity: doctors, column: id, distribution: zipf}}
      ward_id: {type: int, nullable: true, generator: fk, params: {entity: wards, column: id}}
      state: {type: text, generator: choice, params: {values: [asked, open, done, void], weights: [1, 1, 7, 1]}}
      on_call: {type: bool, generator: boolean}
      grade: {type: int, generator: uniform_int, params: {min: 1, max: 5}}
      ended: {type: date, nullable: true, generator: date}
    partial_unique: PARTIAL
"""


def shifts(partial: str, seed: int = 3, **rows: int) -> list[dict[str, Any]]:
    scenario = read_text_as_scenario(SCENARIO.replace("PARTIAL", partial), "s.yaml")
    plan = compile_plan(scenario, PlanRequest(seed=seed, rows=rows))
    whole: list[dict[str, Any]] = batch(plan, "shifts", 0, plan.entities["shifts"].rows).to_pylist()
    assert batch(plan, "shifts", 70, 210).to_pylist() == whole[70:210]
    return whole


def once(rows: list[dict[str, Any]], *columns: str) -> bool:
    keys = [tuple(row[name] for name in columns) for row in rows]
    return max(Counter(key for key in keys if None not in key).values()) == 1


def test_a_flag_is_up_once_for_each_parent() -> None:
    rows = shifts("[{columns: doctor_id, where: {on_call: true}, share: 0.1}]")
    up = [row for row in rows if row["on_call"]]
    assert once(up, "doctor_id")
    assert 25 <= len(up) <= 32
    assert len({row["doctor_id"] for row in rows}) < 40, "the other rows draw by the link's own distribution"


def test_no_more_rows_match_than_there_are_values() -> None:
    up = [row for row in shifts("[{columns: [ward_id], where: {on_call: true}}]") if row["on_call"]]
    assert len(up) == 9
    assert once(up, "ward_id")


def test_listed_values_and_nulls() -> None:
    rows = shifts("[{columns: [doctor_id, grade], where: {state: [asked, open], ended: null}}]")
    matching = [row for row in rows if row["state"] in ("asked", "open") and row["ended"] is None]
    assert once(matching, "doctor_id", "grade")
    assert {row["state"] for row in matching} == {"asked", "open"}
    assert {row["state"] for row in rows} == {"asked", "open", "done", "void"}
    others = [row for row in rows if row["state"] not in ("asked", "open")]
    assert any(row["ended"] is None for row in others), "the first column alone tells the others apart"


def test_a_link_that_is_null_or_not() -> None:
    rows = shifts("[{columns: doctor_id, where: {ward_id: null}, share: 0.1}]")
    assert once([row for row in rows if row["ward_id"] is None], "doctor_id")
    assert sum(row["ward_id"] is None for row in rows) > 20
    rows = shifts("[{columns: ward_id, where: {ended: {not: null}}, share: 0.1}]")
    assert once([row for row in rows if row["ended"] is not None], "ward_id")


def test_sets_that_share_columns_match_the_same_rows() -> None:
    rows = shifts(
        "[{columns: doctor_id, where: {state: open}, share: 0.1}, {columns: ward_id, where: {state: asked, on_call: true}},"
        " {columns: [doctor_id, ward_id], where: {ended: null}}]"
    )
    assert once([row for row in rows if row["state"] == "open"], "doctor_id")
    assert once([row for row in rows if row["state"] == "asked" and row["on_call"]], "ward_id")
    assert once([row for row in rows if row["ended"] is None], "doctor_id", "ward_id")


def test_other_rows_keep_the_weights_of_what_they_draw() -> None:
    rows = shifts("[{columns: state, where: {on_call: true}}]")
    assert once([row for row in rows if row["on_call"]], "state")
    assert Counter(row["state"] for row in rows).most_common(1)[0][0] == "done"


def test_rows_counted_per_parent_match_once_each() -> None:
    text = SCENARIO.replace("rows: 300", "rows: {per: doctors, min: 1, max: 9}")
    scenario = read_text_as_scenario(
        text.replace("PARTIAL", "[{columns: doctor_id, where: {on_call: true}}]"), "s.yaml"
    )
    rows = sdgen.generate(scenario, seed=1)["shifts"].to_pylist()
    up = [row for row in rows if row["on_call"]]
    assert sorted(row["doctor_id"] for row in up) == list(range(1, 41))


def test_a_longer_table_begins_with_the_shorter_one() -> None:
    partial = "[{columns: doctor_id, where: {on_call: true}, share: 0.05}]"
    assert shifts(partial, shifts=900)[:300] == shifts(partial)


@pytest.mark.parametrize(
    ("partial", "told"),
    [
        ("[{columns: nobody, where: {on_call: true}}]", "partial_unique.0.columns: shifts has no column 'nobody'"),
        ("[{columns: doctor_id, where: {off: true}}]", "partial_unique.0.where: shifts has no column 'off'"),
        ("[{columns: doctor_id, where: {id: null}}]", "partial_unique.0: id can't be made null"),
        ("[{columns: doctor_id, where: {ended: 2020-01-01}}]", "partial_unique.0: ended has no list of values"),
        ("[{columns: doctor_id, where: {ward_id: 3}}]", "partial_unique.0: ward_id is a link"),
        ("[{columns: doctor_id, where: {state: [asked, open, done, void]}}]", "state has no value besides those"),
        (
            "[{columns: doctor_id, where: {ended: null}}, {columns: ward_id, where: {ended: {not: null}}}]",
            "partial_unique.1: its condition on ended can't hold together",
        ),
    ],
)
def test_what_can_not_be_is_a_problem(partial: str, told: str) -> None:
    with pytest.raises(sdgen.ScenarioError) as refused:
        shifts(partial)
    assert told in str(refused.value)
