"""`import sdgen`: the verbs as functions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import sdgen

SMALL: dict[str, Any] = {
    "name": "small",
    "seed": 1,
    "entities": {
        "users": {
            "rows": 20,
            "columns": {
                "id": {"generator": "uuid4", "primary_key": True},
                "email": {"generator": "person.email", "unique": True},
                "notes": {"type": "json", "generator": "const", "params": {"value": {"a": 1}}},
            },
        },
        "orders": {
            "rows": {"per": "users", "count": 3},
            "columns": {
                "id": {"generator": "sequence", "primary_key": True},
                "user_id": {"generator": "fk", "params": {"entity": "users", "column": "id"}},
            },
        },
    },
}


def test_verbs_are_functions_however_modules_are_loaded() -> None:
    code = (
        "import sdgen.readers.native.scenario_file, sdgen.planning.compile, sdgen.engine, sdgen.targets.base, sdgen\n"
        "assert all(callable(f) for f in (sdgen.read, sdgen.plan, sdgen.generate, sdgen.write, sdgen.check))\n"
        "from sdgen import generate, read\nassert callable(generate) and callable(read)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_is_light() -> None:
    code = "import sys, sdgen; assert not {'numpy', 'pyarrow', 'pydantic', 'duckdb'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_generate_gives_arrow_tables() -> None:
    tables = sdgen.generate(SMALL)
    assert {name: len(table) for name, table in tables.items()} == {"users": 20, "orders": 60}
    assert tables["users"].schema.field("id").type == pa.uuid()
    assert tables["users"]["notes"][0].as_py() == '{"a":1}'
    assert set(tables["orders"]["user_id"].to_pylist()) == set(tables["users"]["id"].to_pylist())


def test_requests_change_counts_and_seed() -> None:
    assert len(sdgen.generate(SMALL, rows={"users": 7})["orders"]) == 21
    assert len(sdgen.generate(SMALL, rows=9)["orders"]) == 9
    assert len(sdgen.generate(SMALL, scale=2)["users"]) == 40
    assert len(sdgen.generate(SMALL, rows=0)["users"]) == 0
    assert sdgen.generate(SMALL)["users"].equals(sdgen.generate(SMALL, seed=1)["users"])
    assert not sdgen.generate(SMALL)["users"].equals(sdgen.generate(SMALL, seed=2)["users"])


def test_a_scenario_without_a_seed_gets_one_and_keeps_it_in_the_plan() -> None:
    unseeded = {key: value for key, value in SMALL.items() if key != "seed"}
    settled = sdgen.plan(unseeded)
    again = sdgen.generate(unseeded, seed=settled.seed, as_of=settled.as_of)
    assert sdgen.generate(settled)["users"].equals(again["users"])


def test_write_returns_counts_and_digests(tmp_path: Path) -> None:
    results = [sdgen.write(SMALL, tmp_path / place) for place in ("a.duckdb", "b.sqlite", "c")]
    assert [result.rows for result in results] == [80, 80, 80]
    assert len({tuple(entity.digest for entity in result.entities) for result in results}) == 1
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["_sdgen.json", "orders.csv", "users.csv"]


def test_only_writes_what_was_asked(tmp_path: Path) -> None:
    result = sdgen.write(SMALL, tmp_path / "only", only=["orders"], formats=["jsonl"])
    assert [entity.entity for entity in result.entities] == ["orders"]
    assert sorted(path.name for path in (tmp_path / "only").iterdir()) == ["_sdgen.json", "orders.jsonl"]


def test_check_lists_problems() -> None:
    wrong = {"name": "x", "entities": {"a": {"columns": {"b": {"generator": "nope"}}}}}
    assert [problem.what for problem in sdgen.check(wrong)] == ["unknown generator 'nope'"]
    with pytest.raises(sdgen.ScenarioError, match="unknown generator"):
        sdgen.generate(wrong)


def test_a_generator_of_ones_own() -> None:
    @sdgen.generator("test.part_number", makes="string")
    def part_number(cells: sdgen.ColumnBatch, prefix: str = "P", digits: int = 4) -> list[str]:
        """Part numbers."""
        return [f"{prefix}{number:0{digits}d}" for number in cells.below(10**digits).tolist()]

    columns = {"part": {"generator": "test.part_number", "params": {"prefix": "Q"}}}
    table = sdgen.generate({"name": "x", "entities": {"a": {"rows": 5, "columns": columns}}})["a"]
    assert all(value.startswith("Q") and len(value) == 5 for value in table["part"].to_pylist())
    columns["part"]["params"]["prefx"] = "Q"  # type: ignore[index]
    assert sdgen.check({"name": "x", "entities": {"a": {"columns": columns}}})[0].hint == "did you mean 'prefix'?"


def test_former_names_are_still_answered() -> None:
    assert sdgen.Cells is sdgen.ColumnBatch
    assert sdgen.Facts is sdgen.ColumnContext
    assert sdgen.Fault is sdgen.ParamError


def test_a_text_in_place_of_a_path_is_told() -> None:
    with pytest.raises(sdgen.SourceError, match="a text of 2 lines, not a file") as error:
        sdgen.read("name: x\nentities: {}\n")
    assert "sdgen.read(yaml.safe_load(text))" in str(error.value)


def test_a_text_where_several_names_may_stand_is_read_as_on_the_command_line(tmp_path: Path) -> None:
    sdgen.write(SMALL, tmp_path / "out", formats="csv, parquet", only="orders")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["_sdgen.json", "orders.csv", "orders.parquet"]


def test_a_generator_that_is_registered_anew_is_the_one_that_is_taken() -> None:
    columns = {"n": {"type": "string", "generator": "test.again"}}
    scenario = sdgen.read({"name": "again", "seed": 1, "entities": {"a": {"rows": 1, "columns": columns}}})
    for value in ("first", "second"):

        @sdgen.generator("test.again", makes="string")
        def again(cells: sdgen.ColumnBatch, value: str = value) -> list[str]:
            return [value] * len(cells)

        assert sdgen.generate(scenario)["a"]["n"].to_pylist() == [value]
