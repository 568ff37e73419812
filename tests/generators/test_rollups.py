"""A parent's total is that of its children, whichever rows are asked for."""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import Any

import pyarrow as pa
import pytest

import sdgen
from sdgen.execution.digest import digest
from sdgen.generators.links import rollups

SCENARIO: dict[str, Any] = {
    "name": "rollup",
    "seed": 3,
    "as_of": "2026-01-01T00:00:00Z",
    "entities": {
        "orders": {
            "rows": 300,
            "columns": {
                "id": {"generator": "sequence", "primary_key": True},
                "items": {"generator": "rollup", "params": {"entity": "items", "function": "count"}},
                "total": {"generator": "rollup", "params": {"entity": "items", "column": "price"}},
                "pieces": {"generator": "rollup", "params": {"entity": "items", "column": "quantity"}},
                "first_at": {"generator": "rollup", "params": {"entity": "items", "column": "at", "function": "min"}},
                "last_on": {"generator": "rollup", "params": {"entity": "items", "column": "day", "function": "max"}},
            },
        },
        "items": {
            "rows": {"per": "orders", "min": 0, "max": 6},
            "columns": {
                "order_id": {"generator": "fk", "params": {"entity": "orders", "column": "id"}},
                "price": {"type": "decimal(8,2)", "generator": "lognormal", "params": {"median": 9}, "null_rate": 0.1},
                "quantity": {"type": "int", "generator": "uniform_int", "params": {"min": -5, "max": 9}},
                "at": {"generator": "datetime"},
                "day": {"generator": "date"},
            },
        },
    },
}


def tables() -> dict[str, pa.Table]:
    return sdgen.generate(SCENARIO)


@pytest.mark.parametrize("piece", [1, 7, 262_144])
def test_totals_agree_with_the_children(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "PIECE", piece)
    made = tables()
    children: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in made["items"].to_pylist():
        children[row["order_id"]].append(row)
    for row in made["orders"].to_pylist():
        own = children[row["id"]]
        assert row["items"] == len(own)
        assert row["total"] == sum(child["price"] for child in own if child["price"] is not None)
        assert row["pieces"] == sum(child["quantity"] for child in own)
        assert row["first_at"] == min((child["at"] for child in own), default=None)
        assert row["last_on"] == max((child["day"] for child in own), default=None)


def test_any_split_gives_the_same() -> None:
    assert digest(sdgen.batches(SCENARIO, "orders")) == digest(sdgen.batches(SCENARIO, "orders", batch_rows=11))


def with_total(**params: Any) -> list[str]:
    orders = {
        **SCENARIO["entities"]["orders"],
        "columns": {"id": {"generator": "sequence"}, "t": {"generator": "rollup", "params": params}},
    }
    changed = {**SCENARIO, "entities": {**SCENARIO["entities"], "orders": orders, "others": orders}}
    return [problem.what for problem in sdgen.check(changed) if problem.path[1] == "orders"]


def test_what_can_not_be_rolled_up() -> None:
    assert with_total(entity="itms", column="price") == ["no entity 'itms'"]
    assert with_total(entity="others", column="id") == ["others does not count its rows per orders"]
    assert with_total(entity="items", column="prce") == ["items has no column 'prce'"]
    assert with_total(entity="items") == ["a sum needs a column of the children"]
    assert "a sum can't be made of values of type timestamp" in with_total(entity="items", column="at")


def test_a_circle_through_children_is_refused() -> None:
    changed = {
        **SCENARIO,
        "entities": {
            name: {**entity, "columns": dict(entity["columns"])} for name, entity in SCENARIO["entities"].items()
        },
    }
    changed["entities"]["items"]["columns"]["quantity"] = {
        "type": "int",
        "generator": "parent",
        "params": {"column": "orders.pieces"},
    }
    assert any("cycle" in problem.what for problem in sdgen.check(changed))


@pytest.mark.parametrize("column", ["quantity", "price", "at", "day"])
@pytest.mark.parametrize("function", ["min", "max"])
def test_children_that_are_all_null_have_no_least_and_no_greatest(column: str, function: str) -> None:
    scenario = copy.deepcopy(SCENARIO)
    scenario["entities"]["items"]["columns"][column] |= {"nullable": True, "null_rate": 0.7}
    params = {"entity": "items", "column": column, "function": function}
    scenario["entities"]["orders"]["columns"]["it"] = {"generator": "rollup", "params": params}
    made = sdgen.generate(scenario)
    children: dict[int, list[Any]] = defaultdict(list)
    for row in made["items"].to_pylist():
        children[row["order_id"]] += [] if row[column] is None else [row[column]]
    pick = {"min": min, "max": max}[function]
    expected = [pick(children[number]) if children[number] else None for number in made["orders"]["id"].to_pylist()]
    assert made["orders"]["it"].to_pylist() == expected
    assert None in expected
