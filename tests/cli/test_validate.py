"""`sdgen validate` for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_valid(run: Callable[..., Any]) -> None:
    result = run("validate", "small.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "valid: small 1.0.0: 2 entities, 8 columns, 250 rows\n"


def test_valid_as_json(run: Callable[..., Any]) -> None:
    result = run("validate", "small.yaml", "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"valid": True, "problems": []}


def test_problems_as_json(run: Callable[..., Any], folder: Path) -> None:
    (folder / "bad.yaml").write_text("entities:\n  a:\n    columns:\n      b: {generator: unifrom_int}\n")
    result = run("validate", "bad.yaml", "--format", "json")
    assert (result.exit_code, result.stderr) == (1, "")
    assert json.loads(result.stdout) == {
        "valid": False,
        "problems": [
            {
                "path": "entities.a.columns.b.generator",
                "what": "unknown generator 'unifrom_int'",
                "hint": "did you mean 'uniform_int'?",
                "file": "bad.yaml",
                "line": 4,
                "column": 11,
            }
        ],
    }


def test_an_unreadable_source_as_json(run: Callable[..., Any]) -> None:
    result = run("validate", "nonesuch.yaml", "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["problems"][0]["file"] == "nonesuch.yaml"
