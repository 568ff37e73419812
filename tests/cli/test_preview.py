"""`sdgen preview`: rows as a table, JSON and CSV, from any row on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_table_has_names_types_and_rows(run: Callable[..., Any]) -> None:
    result = run("preview", "small.yaml", "orders", "--rows", "2")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "orders: 200 rows"
    assert lines[1].split() == ["id", "customer_id", "status", "total"]
    assert lines[2].split() == ["bigint", "uuid", "string", "decimal(10,2)"]
    assert len(lines) == 6
    assert lines[4].split()[0] == "1"
    assert "\x1b" not in result.stdout


def test_all_entities_each_with_its_row_count(run: Callable[..., Any]) -> None:
    lines = run("preview", "small.yaml").stdout.splitlines()
    assert [line for line in lines if line.endswith(" rows")] == ["customers: 50 rows", "orders: 200 rows"]
    assert len(lines) == 2 * (1 + 3 + 10) + 1


def test_json_of_one_entity_is_an_array(run: Callable[..., Any]) -> None:
    rows = json.loads(run("preview", "small.yaml", "orders", "--rows", "3", "--format", "json").stdout)
    assert [row["id"] for row in rows] == [1, 2, 3]
    assert list(rows[0]) == ["id", "customer_id", "status", "total"]
    assert len(rows[0]["customer_id"]) == 36


def test_json_of_all_is_an_object_of_arrays(run: Callable[..., Any]) -> None:
    entities = json.loads(run("preview", "small.yaml", "--rows", "2", "--format", "json").stdout)
    assert {name: len(rows) for name, rows in entities.items()} == {"customers": 2, "orders": 2}
    assert json.loads(run("preview", "small.yaml", "--rows", "0", "--format", "json").stdout)["orders"] == []


def test_csv_and_json_agree(run: Callable[..., Any]) -> None:
    table = csv.DictReader(io.StringIO(run("preview", "small.yaml", "orders", "--format", "csv").stdout))
    objects = json.loads(run("preview", "small.yaml", "orders", "--format", "json").stdout)
    assert [row["customer_id"] for row in table] == [row["customer_id"] for row in objects]


def test_csv_needs_an_entity(run: Callable[..., Any]) -> None:
    result = run("preview", "small.yaml", "--format", "csv")
    assert result.exit_code == 2
    assert "ENTITY" in result.stderr


def test_rows_from_anywhere(run: Callable[..., Any], folder: Path) -> None:
    text = (folder / "small.yaml").read_text().replace("rows: {per: customers, count: 4}", "rows: 2000000000")
    (folder / "small.yaml").write_text(text)
    args = ("preview", "small.yaml", "orders", "--format", "json")
    far = json.loads(run(*args, "--at", "1G", "--rows", "2").stdout)
    assert [row["id"] for row in far] == [1_000_000_001, 1_000_000_002]
    assert json.loads(run(*args, "--at", "1_000_000_001", "--rows", "1").stdout) == far[1:]


def test_a_row_beyond_the_end_is_refused_with_the_row_count(run: Callable[..., Any]) -> None:
    result = run("preview", "small.yaml", "orders", "--at", "200")
    assert result.exit_code == 1
    assert "orders has 200 rows, numbered from 0: there is no row 200" in result.stderr
    assert run("preview", "small.yaml", "orders", "--at", "199").exit_code == 0


def test_unknown_entity(run: Callable[..., Any]) -> None:
    result = run("preview", "small.yaml", "ordrs")
    assert result.exit_code == 1
    assert "did you mean 'orders'?" in result.stderr


@pytest.mark.parametrize("value", ["a\\nb", "a\\e[31mb", "x" * 100])
def test_cells_stay_on_their_line(value: str, run: Callable[..., Any], folder: Path) -> None:
    column = f'{{type: string, generator: const, params: {{value: "{value}"}}}}'
    (folder / "one.yaml").write_text(f"name: one\nentities:\n  a:\n    columns:\n      b: {column}\n")
    lines = run("preview", "one.yaml", "--rows", "2").stdout.splitlines()
    assert len(lines) == 6
    assert all(line.isprintable() and len(line) <= 36 for line in lines)


def test_seed_and_now_are_taken(run: Callable[..., Any]) -> None:
    one = run("preview", "small.yaml", "--seed", "1").stdout
    assert one != run("preview", "small.yaml", "--seed", "2").stdout
    assert one == run("preview", "small.yaml", "--seed", "1", "--as-of", "2030-01-01").stdout
