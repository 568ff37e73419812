"""`sdgen verify`: the table, the JSON, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest


@pytest.fixture
def written(run: Callable[..., Any], folder: Path) -> Path:
    """The small scenario, written to small.duckdb."""
    assert run("generate", "small.yaml", "--to", "small.duckdb", "--quiet").exit_code == 0
    return folder / "small.duckdb"


def test_a_clean_place(run: Callable[..., Any], written: Path) -> None:
    result = run("verify", "small.yaml", "small.duckdb")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["entity", "columns", "check", "status", "expected", "found", "test", "p"]
    assert any(line.split()[:4] == ["orders", "customer_id", "children", "ok"] for line in lines)
    assert lines[-1].startswith("small.duckdb: ")
    assert lines[-1].endswith(" 0 warning, 0 broken, 0 skipped")


def test_a_broken_one(run: Callable[..., Any], written: Path) -> None:
    with duckdb.connect(str(written)) as connection:
        connection.execute("DELETE FROM sales_orders WHERE id = 7")
        connection.execute("UPDATE sales_orders SET total = 0.5 WHERE id = 8")
    result = run("verify", "small.yaml", "small.duckdb")
    assert result.exit_code == 1
    told = [line for line in result.stdout.splitlines() if line.startswith(("broken: ", "warning: "))]
    assert "broken: orders: count: expected 200 rows, found 199 rows" in told
    assert any(line.startswith("broken: orders (total): range: expected 1 to 500, found 0.5 to 49") for line in told)
    assert "broken: orders (customer_id): children: expected 4 to 4 for each of customers" in "\n".join(told)


def test_a_suspicious_law_is_a_warning(run: Callable[..., Any], written: Path) -> None:
    with duckdb.connect(str(written)) as connection:
        connection.execute("UPDATE sales_orders SET status = 'paid' WHERE status IS NOT NULL")
    result = run("verify", "small.yaml", "small.duckdb")
    assert result.exit_code == 0
    warning = next(line for line in result.stdout.splitlines() if line.startswith("warning: orders (status): dist"))
    assert "found paid 100.00% (p = " in warning or "found sent 0.00% (p = " in warning or "lost 0.00%" in warning


def test_json(run: Callable[..., Any], written: Path) -> None:
    result = run("verify", "small.yaml", "small.duckdb", "--format", "json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["broken"] is False
    assert report["counts"]["ok"] == len(report["findings"])
    assert 0 < report["level"] < 0.001
    found = next(
        each for each in report["findings"] if each["columns"] == ["total"] and each["check"] == "distribution"
    )
    assert found["method"] == "ks"
    assert found["status"] == "ok"
    assert 0 <= found["figure"] <= 1
    assert 0 < found["p"] <= 1


def test_requests(run: Callable[..., Any], folder: Path) -> None:
    asked = ("--rows", "customers=30", "--seed", "3", "--as-of", "2025-01-01", "--only", "customers")
    assert run("generate", "small.yaml", "--to", "out/", *asked).exit_code == 0
    assert run("verify", "small.yaml", "out/", *asked).exit_code == 0
    assert run("verify", "small.yaml", "out/", *asked[2:]).exit_code == 1
    assert run("generate", "small.yaml", "--to", "more/", "--scale", "2").exit_code == 0
    assert run("verify", "small.yaml", "more/", "--scale", "2").exit_code == 0
    assert run("verify", "small.yaml", "more/").exit_code == 1


def test_what_cannot_be_done(run: Callable[..., Any], written: Path) -> None:
    assert "there is no file none.duckdb" in run("verify", "small.yaml", "none.duckdb").stderr
    assert "unknown entity 'nonesuch'" in run("verify", "small.yaml", "none.duckdb", "--only", "nonesuch").stderr
    assert run("verify", "small.yaml", "none.duckdb").exit_code == 1
    assert run("verify", "small.yaml").exit_code == 2
    assert run("verify", "small.yaml", "small.duckdb", "--format", "xml").exit_code == 2
