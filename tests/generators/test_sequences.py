"""Sequences with gaps: of each group of numbers only the first are taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

import sdgen
from sdgen.errors import ScenarioError


def numbers(rows: int, **params: Any) -> list[int]:
    entity = {"rows": rows, "columns": {"id": {"primary_key": True, "generator": "sequence", "params": params}}}
    return sdgen.generate({"name": "x", "seed": 1, "entities": {"things": entity}})["things"]["id"].to_pylist()


def test_groups_of_numbers_and_gaps_between() -> None:
    assert numbers(11, keep=3, every=10) == [1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32]
    assert numbers(4, keep=8, every=8) == [1, 2, 3, 4]
    assert numbers(4, start=0, step=2, keep=2, every=100) == [0, 100, 200, 300]
    assert numbers(100, keep=8, every=32)[:60] == numbers(60, keep=8, every=32)


def test_later_rows_go_on_behind_those_that_are_there(tmp_path: Path) -> None:
    params = {"keep": 3, "every": 10}
    entity = {"rows": 5, "columns": {"id": {"primary_key": True, "generator": "sequence", "params": params}}}
    scenario = {"name": "x", "seed": 1, "entities": {"things": entity}}
    for mode in ("create_if_missing", "append_only"):
        sdgen.write(scenario, tmp_path / "t.duckdb", mode=mode)
    with duckdb.connect(str(tmp_path / "t.duckdb")) as rows:
        found = [id for (id,) in rows.execute("select id from things order by id").fetchall()]
    assert found == [1, 2, 10, 11, 12, 20, 21, 22, 30, 31]


@pytest.mark.parametrize(
    "params", [{"keep": 3}, {"every": 3}, {"keep": 9, "every": 8}, {"keep": 2, "every": 8, "step": -1}]
)
def test_what_gaps_can_not_be(params: dict[str, int]) -> None:
    with pytest.raises(ScenarioError, match="keep"):
        numbers(5, **params)
