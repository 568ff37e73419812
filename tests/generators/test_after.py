"""Values after other values, and values in another form."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sdgen.engine import batch
from sdgen.errors import ScenarioError
from sdgen.planning.compile import compile_plan
from sdgen.planning.planned_rows import PlannedRows
from sdgen.readers.sources import read_text_as_scenario

HEAD = "name: x\nseed: 5\nas_of: 2026-01-01T00:00:00Z\nentities:\n  t:\n    rows: 400\n    columns:\n"
COLUMNS = """
      began: {type: timestamp, generator: datetime, params: {start: -300d, end: now}}
      lost: {type: timestamp, generator: datetime, null_rate: 0.5}
      soon: {type: timestamp, generator: after, params: {column: began, min: 1h, max: 2d, until: now}}
      day: {type: date, generator: after, params: {column: began, max: 10d}}
      found: {type: timestamp, nullable: false, generator: after, params: {column: lost, max: 10d}}
      opens: {type: time, generator: time}
      closes: {type: time, generator: after, params: {column: opens, min: 1h, max: 20h}}
      low: {type: "decimal(6,2)", generator: decimal, params: {min: 1, max: 9000}}
      high: {type: "decimal(6,2)", generator: above, params: {column: low, min: 0.1, max: 0.5, times: true}}
      more: {type: smallint, generator: above, params: {column: low, min: 1, max: 9}}
      seconds: {type: bigint, generator: epoch, params: {start: 2020-01-01, end: 2021-01-01}}
      price: {type: string(10), generator: as_text, params: {value: {generator: finance.price, params: {min: 2, max: 90}}}}
      code: {type: binary, unique: true, generator: bytes, params: {length: 3}}
      product: {generator: product.name, unique: true}
      category: {generator: product.category}
      praise: {generator: product.description}
"""


def table() -> pa.Table:
    plan = compile_plan(read_text_as_scenario(HEAD + COLUMNS, "x.yaml"))
    return pa.Table.from_batches([batch(plan, "t", 0, 400)])


def test_what_follows_is_never_before() -> None:
    made = table()
    assert pc.all(pc.greater_equal(made["soon"], made["began"])).as_py()
    assert pc.max(made["soon"]).cast(pa.string()).as_py() <= "2026-01-01"
    assert pc.all(pc.greater_equal(made["day"].cast(pa.timestamp("us")), made["began"])).as_py()
    assert pc.all(pc.greater_equal(made["closes"], made["opens"])).as_py()
    assert pc.all(pc.greater_equal(made["high"], made["low"])).as_py()
    assert pc.all(pc.greater_equal(made["more"].cast(pa.float64()), made["low"].cast(pa.float64()))).as_py()


def test_no_null_comes_of_a_null() -> None:
    assert table()["found"].null_count == 0


def test_other_forms() -> None:
    made = table()
    assert 1577836800 <= pc.min(made["seconds"]).as_py() <= pc.max(made["seconds"]).as_py() < 1609459200
    assert all(2 <= float(text) <= 90 for text in made["price"].to_pylist())
    assert len({*made["code"].to_pylist()}) == 400
    assert {len(value) for value in made["code"].to_pylist()} == {3}
    assert len({*made["product"].to_pylist()}) == 400


def test_any_rows_in_any_order_are_the_same() -> None:
    plan = compile_plan(read_text_as_scenario(HEAD + COLUMNS, "x.yaml"))
    whole = table()
    order = np.random.default_rng(1).permutation(400).astype(np.int64)
    rows = PlannedRows(plan, plan.entities["t"], order)
    for name in whole.column_names:
        assert rows.column(name).to_pylist() == whole[name].take(pa.array(order)).to_pylist(), name


STATES = """
      status: {type: text, generator: choice, params: {values: [Paid, open, IN PROGRESS, past-due]}, nullable: true}
      paid: {generator: after, nullable: true, null_rate: 0, params: {column: began, state: status, only: [paid]}}
      done: {type: date, generator: after, nullable: true, null_rate: 0, params: {column: began, state: status,
        unless: [open, in_progress, past_due]}}
"""


def test_there_is_a_moment_only_in_states_that_have_one() -> None:
    plan = compile_plan(read_text_as_scenario(HEAD + COLUMNS + STATES, "x.yaml"))
    rows = batch(plan, "t", 0, 400).select(["status", "paid", "done", "began"]).to_pylist()
    assert {row["status"] for row in rows} == {"Paid", "open", "IN PROGRESS", "past-due", None}
    for row in rows:
        assert (row["paid"] is not None) == (row["status"] == "Paid") == (row["done"] is not None), row
        assert row["paid"] is None or row["began"] <= row["paid"]


@pytest.mark.parametrize(
    ("column", "what"),
    [
        ("{generator: after, params: {column: began, state: price}}", "state goes with only or unless"),
        ("{generator: after, params: {column: began, only: [paid]}}", "state goes with only or unless"),
        ("{generator: after, params: {column: began, state: low, only: [paid]}}", "not a text"),
        ("{generator: after, params: {column: began, min: 2d, max: 1d}}", "min 2d is more than max 1d"),
        ("{generator: after, params: {column: began, min: -2d}}", "below zero"),
        ("{generator: after, params: {column: low}}", "not a time"),
        ("{generator: above, params: {column: began}}", "not a number"),
        ("{generator: above, params: {column: low, min: 3, max: 2}}", "min 3 is more than max 2"),
        ("{generator: epoch, params: {start: now, end: -1d}}", "min now is more than max -1d"),
    ],
)
def test_faults(column: str, what: str) -> None:
    with pytest.raises(ScenarioError) as told:
        compile_plan(read_text_as_scenario(f"{HEAD}{COLUMNS}      it: {column}\n", "x.yaml"))
    assert any(what in problem.what for problem in told.value.problems), told.value.problems
