"""The metadata beside files: seed, counts and hashes, the same for the same run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import sdgen
from sdgen.files.metadata import merged
from sdgen.readers.native.scenario_file import scenario_files

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCENARIO: dict[str, Any] = {
    "name": "shop",
    "version": "2",
    "entities": {
        "users": {"rows": 20, "columns": {"id": {"generator": "sequence", "primary_key": True}}},
        "orders": {"rows": 30, "columns": {"user_id": {"references": "users"}}},
    },
}


def told(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "_sdgen.json").read_text())
    assert isinstance(found, dict)
    return found


def test_it_tells_seed_counts_digests_and_the_plan(tmp_path: Path) -> None:
    plan = sdgen.plan(SCENARIO, seed=5, as_of=NOW)
    result = sdgen.write(plan, tmp_path, formats=["csv", "jsonl"])
    found = told(tmp_path)
    assert (found["scenario"], found["version"], found["seed"]) == ("shop", "2", 5)
    assert found["as_of"] == "2026-01-01T00:00:00+00:00"
    assert found["hash"] == plan.identity
    assert (found["formats"], found["total_rows"]) == (["csv", "jsonl"], 50)
    assert {name: each["rows"] for name, each in found["tables"].items()} == {"users": 20, "orders": 30}
    assert {name: each["digest"] for name, each in found["tables"].items()} == {
        each.table: each.digest for each in result.entities
    }
    assert all((tmp_path / file).is_file() for each in found["tables"].values() for file in each["files"])


def test_it_tells_when_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    before = datetime.now(UTC).replace(microsecond=0)
    plan = sdgen.plan(SCENARIO, seed=5, as_of=NOW)
    sdgen.write(plan, tmp_path)
    found = told(tmp_path)
    assert before <= datetime.fromisoformat(found["generated_at"]) <= datetime.now(UTC)
    assert found["hash"] == plan.identity == sdgen.plan(SCENARIO, seed=5, as_of=NOW).identity


def test_the_same_run_writes_the_same_bytes(tmp_path: Path) -> None:
    for place in ("a", "b"):
        sdgen.write(SCENARIO, tmp_path / place, seed=5, as_of=NOW, workers=2 if place == "a" else 1)
    assert (tmp_path / "a/_sdgen.json").read_bytes() == (tmp_path / "b/_sdgen.json").read_bytes()
    assert told(tmp_path / "a")["generated_at"] == "2023-11-14T22:13:20+00:00"


def test_tables_of_one_run_that_are_written_in_turn_stand_together(tmp_path: Path) -> None:
    again: dict[str, Any] = {"seed": 5, "as_of": NOW}
    for name in ("users", "orders"):
        sdgen.write(SCENARIO, tmp_path, only=[name], **again)
    assert told(tmp_path)["total_rows"] == 50
    sdgen.write(SCENARIO, tmp_path, only=["users"], mode="truncate_then_insert", **{**again, "seed": 6})
    assert list(told(tmp_path)["tables"]) == ["users"]


def test_added_rows_are_told_to_be_such(tmp_path: Path) -> None:
    again: dict[str, Any] = {"seed": 5, "as_of": NOW}
    sdgen.write(SCENARIO, tmp_path, **again)
    sdgen.write(SCENARIO, tmp_path, mode="append_only", **again)
    assert (told(tmp_path)["mode"], told(tmp_path)["total_rows"]) == ("append_only", 50)


def test_another_programs_file_of_that_name_is_replaced(tmp_path: Path) -> None:
    for text in ("[1]", "no json", '{"hash": "x", "tables": {"a": 1, "b": {"rows": "many"}}}'):
        (tmp_path / "_sdgen.json").write_text(text)
        assert merged(tmp_path, {"hash": "x", "tables": {}, "total_rows": 0})["tables"] == {}


def test_it_is_no_scenario(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(json.dumps(SCENARIO))
    sdgen.write(SCENARIO, tmp_path)
    assert [path.name for path in scenario_files(tmp_path)] == ["shop.yaml"]
    assert sdgen.read(tmp_path).name == "shop"
