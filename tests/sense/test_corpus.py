"""The corpus by which guesses are measured can be read, and its judge tells sense from nonsense."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "tools" / "sense"


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"sense_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


kinds, schemas = _load("kinds"), _load("schemas")


def test_the_corpus_is_wide_and_its_parts_are_large() -> None:
    found = list(schemas.schemas())
    columns = {
        part: sum(len(columns) for one in found if one.part == part for columns in one.tables.values())
        for part in ("tuned", "wide")
    }
    assert len(found) >= 60
    assert len({one.vertical for one in found}) >= 10
    assert min(columns.values()) >= 1000
    assert {column.kind for one in found for columns in one.tables.values() for column in columns} <= kinds.KINDS
    assert len({one.name for one in found}) == len(found)


def test_a_hash_of_its_name_says_whether_a_schema_may_be_looked_at() -> None:
    halves = [one for one in schemas.schemas() if one.part in ("opened", "blind")]
    for one in halves:
        even = int(hashlib.sha256(one.name.encode()).hexdigest(), 16) % 2 == 0
        assert one.part == ("blind" if even else "opened"), one.name
    columns = {
        part: sum(len(columns) for one in halves if one.part == part for columns in one.tables.values())
        for part in ("opened", "blind")
    }
    assert len({one.vertical for one in halves}) >= 20
    assert min(columns.values()) >= 1500


JUDGED: list[tuple[str, str, list[Any], str]] = [
    ("int", "30..220", [72, 75.0], "fits"),
    ("int", "30..220", [72.4], "odd"),
    ("int", "1..12", [604], "wrong"),
    ("label", "", ["North wing"], "fits"),
    ("label", "", ["office soft machine"], "wrong"),
    ("label", "", ["standard", "basic"], "odd"),
    ("label", "", ["Gilbert Pena"], "wrong"),
    ("enum", "external|none|all", ["External"], "fits"),
    ("enum", "external|none|all", ["office soft machine"], "wrong"),
    ("e7", "", [523456789], "fits"),
    ("e7", "", [640], "wrong"),
    ("past", "", [dt.date(2025, 1, 1), None], "fits"),
    ("past", "", [dt.date(2027, 1, 1)], "odd"),
    ("epoch", "", [1_700_000_000], "fits"),
    ("epoch", "", [731], "wrong"),
    ("instant", "", [1_700_000_000], "fits"),
    ("instant", "", [1_700_000_000_000], "fits"),
    ("instant", "", [31], "wrong"),
    ("token", "", ["$2b$12$HPXZdC.13q1D5TpsszgQDFtNaJ2Nw"], "fits"),
    ("token", "", ["brave new token"], "odd"),
    ("path", "", ["https://cdn.example.com/images/19104.png"], "fits"),
    ("hex", "32", ["0" * 32], "fits"),
    ("person", "", ["The Great Line"], "odd"),
    ("email", "", [None], "fits"),
]


@pytest.mark.parametrize(("kind", "args", "values", "expected"), JUDGED)
def test_the_judge_tells_what_fits(kind: str, args: str, values: list[Any], expected: str) -> None:
    assert kinds.verdict(kind, args, values, "medicine") == expected
