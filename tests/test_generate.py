"""The one rule: a cell depends on seed, names and row number alone."""

from __future__ import annotations

import pickle
from itertools import pairwise
from threading import Event
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdgen.engine import batch, batches
from sdgen.errors import Cancelled, ScenarioError
from sdgen.planning.compile import compile_plan
from sdgen.planning.plan import Plan
from sdgen.planning.planned_rows import PlannedRows
from sdgen.readers.sources import read_mapping
from sdgen.scenario.request import PlanRequest

ROWS = 900
SCENARIO: dict[str, Any] = {
    "name": "rule",
    "seed": 5,
    "as_of": "2026-01-01T00:00:00Z",
    "entities": {
        "parents": {
            "rows": 70,
            "columns": {
                "id": {"generator": "uuid4", "primary_key": True},
                "number": {"generator": "uniform_int", "params": {"min": 0, "max": 99}, "unique": True},
                "name": {"generator": "person.full_name"},
            },
        },
        "children": {
            "rows": {"per": "parents", "via": "parent_id", "min": 0, "max": 30},
            "columns": {
                "id": {"generator": "sequence", "primary_key": True},
                "parent_id": {"generator": "fk", "params": {"entity": "parents", "column": "id"}},
                "place": {"generator": "sequence", "params": {"per": "parent_id"}},
                "name": {"generator": "parent", "params": {"column": "parent_id.name"}},
                "friend": {
                    "generator": "fk",
                    "params": {"entity": "parents", "column": "number", "distribution": "zipf"},
                    "null_rate": 0.3,
                },
                "boss": {"generator": "fk", "params": {"entity": "children", "column": "id", "roots": 3}},
                "kind": {"generator": "choice", "params": {"values": ["a", "b", "c"]}, "null_rate": 0.2},
                "amount": {"type": "decimal(8,2)", "generator": "lognormal", "params": {"median": 9}},
            },
        },
    },
}


def make_plan(**request: Any) -> Plan:
    return compile_plan(read_mapping(SCENARIO), PlanRequest(**request))


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan()


@pytest.fixture(scope="module")
def whole(plan: Plan) -> pa.RecordBatch:
    return batch(plan, "children", 0, plan.entities["children"].rows)


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, ROWS), max_size=6))
def test_any_split_gives_the_same_cells(plan: Plan, whole: pa.RecordBatch, cuts: list[int]) -> None:
    total = plan.entities["children"].rows
    edges = sorted({0, total, *(min(cut, total) for cut in cuts)})
    parts = [batch(plan, "children", first, last) for first, last in pairwise(edges)]
    assert pa.Table.from_batches(parts).combine_chunks().equals(pa.Table.from_batches([whole]))


@settings(max_examples=30, deadline=None)
@given(numbers=st.lists(st.integers(0, 400), min_size=1, max_size=80))
def test_any_order_gives_the_same_cells(plan: Plan, whole: pa.RecordBatch, numbers: list[int]) -> None:
    entity = plan.entities["children"]
    numbers = [number % entity.rows for number in numbers]
    rows = PlannedRows(plan, entity, np.array(numbers, dtype=np.int64))
    for column in entity.written:
        assert rows.column(column.name).equals(whole.column(column.name).take(pa.array(numbers)))


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("batch_rows", [1, 7, 100, 65_536])
def test_workers_and_batch_sizes_change_nothing(
    plan: Plan, whole: pa.RecordBatch, workers: int, batch_rows: int
) -> None:
    made = list(batches(plan, "children", workers=workers, batch_rows=batch_rows, encode=lambda one, _: one))
    assert pa.Table.from_batches(made).combine_chunks().equals(pa.Table.from_batches([whole]))


def test_a_pickled_plan_makes_the_same_cells(plan: Plan, whole: pa.RecordBatch) -> None:
    copy = pickle.loads(pickle.dumps(plan))
    assert batch(copy, "children", 0, whole.num_rows).equals(whole)


def test_another_column_changes_no_cell(whole: pa.RecordBatch) -> None:
    changed = {**SCENARIO, "entities": {"first": SCENARIO["entities"]["parents"], **SCENARIO["entities"]}}
    columns = {"new": {"generator": "uuid4"}, **changed["entities"]["children"]["columns"]}
    changed["entities"]["children"] = {**changed["entities"]["children"], "columns": columns}
    other = compile_plan(read_mapping(changed))
    assert batch(other, "children", 0, whole.num_rows).select(whole.schema.names).equals(whole)


def test_growth_keeps_old_rows(plan: Plan) -> None:
    grown = make_plan(rows={"parents": 95})
    assert batch(grown, "parents", 0, 70).equals(batch(plan, "parents", 0, 70))
    kept = ["id", "parent_id", "place", "name", "boss", "kind", "amount"]  # friend draws from a grown parent
    rows = plan.entities["children"].rows
    assert batch(grown, "children", 0, rows).select(kept).equals(batch(plan, "children", 0, rows).select(kept))


def test_another_seed_gives_other_cells(plan: Plan) -> None:
    other = make_plan(seed=6)
    assert not batch(other, "parents", 0, 70).equals(batch(plan, "parents", 0, 70))


def test_links_hit_and_nulls_have_their_rate(plan: Plan, whole: pa.RecordBatch) -> None:
    parents = pa.Table.from_batches([batch(plan, "parents", 0, 70)])
    names = dict(zip(parents["id"].to_pylist(), parents["name"].to_pylist(), strict=True))
    children = whole.to_pylist()
    assert all(names[row["parent_id"]] == row["name"] for row in children)
    friends = [row["friend"] for row in children if row["friend"] is not None]
    assert set(friends) <= set(parents["number"].to_pylist())
    assert 0.2 < 1 - len(friends) / len(children) < 0.4
    assert all(row["boss"] is None if row["id"] <= 3 else row["boss"] < row["id"] for row in children)


def test_places_count_each_parents_children(whole: pa.RecordBatch) -> None:
    last: dict[bytes, int] = {}
    for row in whole.to_pylist():
        last[row["parent_id"]] = last.get(row["parent_id"], 0) + 1
        assert row["place"] == last[row["parent_id"]]
    assert max(last.values()) <= 30


def test_far_rows_are_reached_at_once() -> None:
    plan = make_plan(rows={"parents": 99, "children": 2_000_000_000})
    far = batch(plan, "children", 1_000_000_000, 1_000_000_003)
    assert far["id"].to_pylist() == [1_000_000_001, 1_000_000_002, 1_000_000_003]


def test_cancel_stops_within_a_batch(plan: Plan) -> None:
    cancel = Event()
    stream = batches(plan, "children", batch_rows=10, workers=2, cancel=cancel, encode=lambda made, _: made)
    next(stream)
    cancel.set()
    with pytest.raises(Cancelled):
        list(stream)


def test_a_missing_row_has_no_ancestors_either() -> None:
    """A row without a parent is computed at some parent's row: what that one's own parent has must not show."""
    scenario = read_mapping(
        {
            "name": "three",
            "seed": 3,
            "entities": {
                "towns": {
                    "rows": 5,
                    "columns": {
                        "id": {"generator": "sequence", "primary_key": True},
                        "name": {"generator": "address.city"},
                    },
                },
                "shops": {
                    "rows": 9,
                    "columns": {
                        "id": {"generator": "sequence", "primary_key": True},
                        "town_id": {"generator": "fk", "params": {"entity": "towns", "column": "id"}},
                    },
                },
                "sales": {
                    "rows": 200,
                    "columns": {
                        "id": {"generator": "sequence", "primary_key": True},
                        "shop_id": {"generator": "fk", "params": {"entity": "shops", "column": "id"}, "null_rate": 0.5},
                    },
                },
            },
        }
    )
    plan = compile_plan(scenario, PlanRequest())
    sales = PlannedRows(plan, plan.entities["sales"], np.arange(200))
    shops = sales.column("shop_id").is_null()
    assert 50 < pa.compute.sum(shops).as_py() < 150
    towns = sales.parent("shop_id").parent("town_id")
    assert towns.missing is not None
    assert towns.missing.tolist() == shops.to_pylist()
    assert towns.column("name").is_null().equals(shops)


@pytest.mark.parametrize(("generator", "length", "needed"), [("sequence", 2, 3), ("uuid4", 8, 36)])
def test_unique_values_that_are_no_texts_are_not_cut(generator: str, length: int, needed: int) -> None:
    column = {"type": f"string({length})", "generator": generator, "unique": True}
    plan = compile_plan(read_mapping({"name": "cut", "entities": {"a": {"rows": 200, "columns": {"b": column}}}}))
    with pytest.raises(ScenarioError, match=f"values of up to {needed} characters, cut to"):
        batch(plan, "a", 0, 200)
