"""Balances: opening plus all amounts so far, to the last digit, whichever rows are asked for."""

from __future__ import annotations

import copy
from collections import defaultdict
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pytest

import sdgen
from sdgen.engine import batch
from sdgen.errors import ScenarioError
from sdgen.execution.digest import digest
from sdgen.generators.series import balances
from sdgen.planning.planned_rows import PlannedRows

SCENARIO: dict[str, Any] = {
    "name": "bank",
    "seed": 6,
    "as_of": "2026-01-01T00:00:00Z",
    "entities": {
        "accounts": {
            "rows": 60,
            "columns": {
                "id": {"generator": "sequence", "primary_key": True},
                "opening": {"type": "decimal(10,3)", "generator": "uniform_float", "params": {"min": -50, "max": 900}},
            },
        },
        "postings": {
            "rows": {"per": "accounts", "min": 0, "max": 40},
            "columns": {
                "account_id": {"generator": "fk", "params": {"entity": "accounts", "column": "id"}},
                "amount": {
                    "type": "decimal(8,2)",
                    "null_rate": 0.1,
                    "generator": "normal",
                    "params": {"mean": 5, "std": 80},
                },
                "points": {"type": "int", "generator": "uniform_int", "params": {"min": -9, "max": 9}},
                "balance": {
                    "generator": "balance",
                    "params": {"per": "account_id", "amount": "amount", "opening": "accounts.opening"},
                },
                "score": {
                    "type": "bigint",
                    "generator": "balance",
                    "params": {"per": "account_id", "amount": "points"},
                },
            },
        },
        "reviews": {
            "rows": 900,
            "columns": {
                "posting": {
                    "generator": "fk",
                    "params": {"entity": "postings", "column": "account_id", "distribution": "zipf"},
                },
                "seen": {"generator": "parent", "params": {"column": "postings.balance"}},
            },
        },
    },
}


def scenario(**amount: Any) -> dict[str, Any]:
    changed = copy.deepcopy(SCENARIO)
    changed["entities"]["postings"]["columns"]["amount"].update(amount)
    return changed


@pytest.mark.parametrize("piece", [4, 65_536])
def test_each_row_has_the_opening_and_all_amounts_so_far(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balances, "PIECE", piece)
    tables = sdgen.generate(SCENARIO)
    money = {row["id"]: row["opening"] for row in tables["accounts"].to_pylist()}
    score: dict[int, int] = defaultdict(int)
    assert tables["postings"].schema.field("balance").type.scale == 3
    for row in tables["postings"].to_pylist():
        money[row["account_id"]] += row["amount"] or Decimal(0)
        score[row["account_id"]] += row["points"]
        assert (row["balance"], row["score"]) == (money[row["account_id"]], score[row["account_id"]])


@pytest.mark.parametrize(("piece", "at_once"), [(3, 20), (65_536, 1 << 20)])
def test_rows_in_any_order_have_the_same(piece: int, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = sdgen.plan(SCENARIO)
    settled = plan.entities["postings"]
    whole = batch(plan, "postings", 0, settled.rows)["balance"].to_pylist()
    monkeypatch.setattr(balances, "PIECE", piece)
    monkeypatch.setattr(balances, "_AT_ONCE", at_once)
    order = np.random.default_rng(3).integers(0, settled.rows, 500)
    for numbers in (order, order[:1], order[:0]):
        assert PlannedRows(plan, settled, numbers).column("balance").to_pylist() == [whole[row] for row in numbers]


def test_batches_do_not_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = digest(sdgen.batches(sdgen.plan(SCENARIO), "postings"))
    monkeypatch.setattr(balances, "PIECE", 5)
    plan = sdgen.plan(SCENARIO)
    assert digest(sdgen.batches(plan, "postings", batch_rows=11, workers=2)) == whole


def test_other_entities_read_it_from_their_parents() -> None:
    tables = sdgen.generate(SCENARIO)
    known = set(tables["postings"]["balance"].to_pylist())
    assert set(tables["reviews"]["seen"].to_pylist()) <= known


def test_sums_of_whole_pieces_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = copy.deepcopy(SCENARIO)
    counted["entities"]["accounts"]["rows"] = 1
    counted["entities"]["postings"]["rows"] = {"per": "accounts", "count": 400}
    del counted["entities"]["reviews"]
    monkeypatch.setattr(balances, "PIECE", 10)
    asked: list[int] = []
    at = PlannedRows.at
    monkeypatch.setattr(PlannedRows, "at", lambda rows, numbers: (asked.append(len(numbers)), at(rows, numbers))[1])
    plan = sdgen.plan(counted)
    for start in range(0, 400, 25):
        batch(plan, "postings", start, start + 25)
    assert sum(asked) < 2 * (400 + 16 * 10)  # two columns


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"amount": {"type": "double"}}, "amount is double, of which there is no exact sum"),
        ({"balance": {"params": {"per": "account_id", "amount": "sum"}}}, "postings has no column 'sum'"),
        (
            {"balance": {"params": {"per": "amount", "amount": "points"}}},
            "does not count its rows by the link 'amount'",
        ),
        (
            {"balance": {"params": {"per": "account_id", "amount": "points", "opening": "points"}}},
            "neither a number nor",
        ),
        (
            {
                "amount": {
                    "type": "decimal(8,2)",
                    "generator": "balance",
                    "null_rate": 0,
                    "params": {"per": "account_id", "amount": "balance"},
                }
            },
            "in a cycle",
        ),
    ],
)
def test_what_cannot_be_summed_up_is_told(change: dict[str, Any], told: str) -> None:
    changed = copy.deepcopy(SCENARIO)
    for name, settings in change.items():
        changed["entities"]["postings"]["columns"][name].update(settings)
    with pytest.raises(sdgen.ScenarioError, match=told):
        sdgen.plan(changed)


def windowed(sql: str, **column: Any) -> dict[str, Any]:
    """The bank with a column that an expression of window functions fills."""
    scenario = copy.deepcopy(SCENARIO)
    columns = scenario["entities"]["postings"]["columns"]
    columns["place"] = {"generator": "sequence", "params": {"per": "account_id"}}
    columns["told"] = {"generator": "expression", "params": {"sql": sql}, **column}
    return scenario


@pytest.mark.parametrize(
    "sql",
    [
        "accounts.opening + coalesce(sum(amount) over (partition by account_id order by place), 0)",
        "sum(points) over (partition by account_id order by place rows between unbounded preceding and current row)",
        "row_number() over (partition by account_id order by place) * 10",
        "points - min(points) over (partition by account_id)",
        "count(*) over (partition by account_id) - count(*) over (partition by account_id order by place)",
    ],
)
def test_window_functions_over_a_parents_rows_are_what_duckdb_makes_of_them(sql: str) -> None:
    tables = sdgen.generate(windowed(sql))
    accounts, postings = tables["accounts"], tables["postings"]
    query = f"select told, {sql} from postings join accounts on accounts.id = account_id"
    rows = duckdb.sql(query).fetchall()
    assert accounts.num_rows < len(rows) == postings.num_rows
    assert all(told == expected for told, expected in rows)


@pytest.mark.parametrize("order", ["points", "place desc", "amount + 1"])
def test_a_running_sum_in_another_order_than_the_rows_is_refused(order: str) -> None:
    with pytest.raises(ScenarioError, match="a window function"):
        sdgen.plan(windowed(f"sum(points) over (partition by account_id order by {order})"))
