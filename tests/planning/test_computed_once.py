"""What several rows or columns need is computed once: columns of parents that repeat, of children's parents, and counts."""

from __future__ import annotations

import pickle
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import sdgen
from sdgen import engine
from sdgen.planning import planned_rows
from sdgen.planning.plan import ColumnPlan
from sdgen.planning.planned_rows import PlannedRows

SHOP: dict[str, Any] = {
    "name": "shop",
    "seed": 7,
    "as_of": "2026-01-01T00:00:00Z",
    "entities": {
        "kinds": {
            "rows": 5,
            "columns": {
                "id": {"generator": "sequence", "primary_key": True},
                "price": {"type": "int", "generator": "uniform_int", "params": {"min": 1, "max": 90}},
            },
        },
        "orders": {
            "rows": 400,
            "columns": {
                "id": {"generator": "sequence", "primary_key": True},
                "lines": {"type": "int", "generator": "uniform_int", "params": {"min": 0, "max": 6}},
                "factor": {"type": "int", "generator": "uniform_int", "params": {"min": 1, "max": 9}},
                "life": {
                    "type": "text",
                    "generator": "lifecycle",
                    "params": {
                        "start": "2025-01-01",
                        "states": {"new": {"next": ["sent"], "after": "1h"}, "sent": None},
                    },
                },
                "total": {"type": "bigint", "generator": "rollup", "params": {"entity": "items", "column": "amount"}},
            },
        },
        "items": {
            "rows": {"per": "orders", "count": "lines"},
            "columns": {
                "order_id": {"generator": "fk", "params": {"entity": "orders", "column": "id"}},
                "kind_id": {"generator": "fk", "params": {"entity": "kinds", "column": "id"}},
                "sent_at": {
                    "type": "timestamp",
                    "nullable": True,
                    "generator": "lifecycle.moment",
                    "params": {"of": "orders.life", "state": "sent"},
                },
                "amount": {
                    "type": "bigint",
                    "nullable": False,
                    "generator": "expression",
                    "params": {"sql": "kinds.price * orders.factor"},
                },
            },
        },
    },
}


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """How many cells of each column have been computed."""
    cells: Counter[tuple[str, str]] = Counter()
    generated = planned_rows._generated

    def counted(rows: PlannedRows, column: ColumnPlan) -> pa.Array:
        cells[rows.entity, column.name] += len(rows.numbers)
        return generated(rows, column)

    monkeypatch.setattr(planned_rows, "_generated", counted)
    return cells


def test_parents_that_are_drawn_often_are_computed_once(computed: Counter[tuple[str, str]]) -> None:
    plan = sdgen.plan(SHOP)
    computed.clear()
    engine.batch(plan, "items", 0, plan.entities["items"].rows)
    assert computed["kinds", "id"] == computed["kinds", "price"] == 5


def test_children_take_their_parents_columns_from_the_rows_they_are_counted_for(
    computed: Counter[tuple[str, str]],
) -> None:
    plan = sdgen.plan(SHOP)
    computed.clear()
    orders = engine.batch(plan, "orders", 0, 400)
    assert computed["orders", "factor"] == 400
    items = engine.batch(plan, "items", 0, plan.entities["items"].rows).to_pydict()
    sums = Counter(dict.fromkeys(orders["id"].to_pylist(), 0))
    for order, amount in zip(items["order_id"], items["amount"], strict=True):
        sums[order] += amount
    assert orders["total"].to_pylist() == [sums[order] for order in orders["id"].to_pylist()]


def test_a_parents_life_is_walked_once_for_all_its_children(computed: Counter[tuple[str, str]]) -> None:
    plan = sdgen.plan(SHOP)
    computed.clear()
    items = engine.batch(plan, "items", 0, plan.entities["items"].rows)
    assert computed["orders", "life"] <= 400 < items.num_rows
    # Each child by itself is told the same.
    alone = [engine.batch(plan, "items", row, row + 1)["sent_at"][0] for row in range(0, items.num_rows, 97)]
    assert [items["sent_at"][row] for row in range(0, items.num_rows, 97)] == alone


def test_counts_are_computed_by_planning_alone_and_sent_to_no_other_process(
    computed: Counter[tuple[str, str]],
) -> None:
    plan = sdgen.plan(SHOP)
    planned = computed["orders", "lines"]
    rows = PlannedRows(plan, plan.entities["items"], np.arange(plan.entities["items"].rows))
    whole = rows.column("order_id")
    assert computed["orders", "lines"] == planned
    sent = pickle.loads(pickle.dumps(plan))
    assert PlannedRows(sent, sent.entities["items"], rows.numbers).column("order_id") == whole
    assert computed["orders", "lines"] > planned
