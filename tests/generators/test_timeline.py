"""Moments in order within a parent: sorted, between their bounds, unevenly apart, and independent of the batch."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

import sdgen
from sdgen.engine import batch
from sdgen.errors import ScenarioError
from sdgen.readers.sources import read_text_as_scenario

TEXT = """
name: x
as_of: 2026-01-01T00:00:00Z
entities:
  customers:
    rows: 3000
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
      since: {type: timestamp, generator: datetime, params: {start: -3y, end: -2d}}
      closed: {type: timestamp, nullable: true, null_rate: 0.7, generator: datetime, params: {start: -3y, after: since}}
  orders:
    rows: {per: customers, min: 0, max: 9}
    columns:
      customer_id: {generator: fk, params: {entity: customers, column: id}}
      number: {type: int, generator: sequence, params: {per: customer_id}}
      at: {type: timestamp, generator: timeline, params: {per: customer_id, start: -3y, after: customers.since, before: customers.closed}}
      early: {type: timestamp, generator: timeline, params: {per: customer_id, start: -3y, after: customers.since, decay: 30d}}
      day: {type: date, generator: timeline, params: {per: customer_id, start: -3y, after: customers.since, rhythm: office}}
  devices:
    rows: 4
    columns: {id: {type: int, primary_key: true, generator: sequence}}
  readings:
    rows: {per: devices, count: 2500}
    columns:
      device_id: {generator: fk, params: {entity: devices, column: id}}
      at: {type: timestamp, generator: timeline, params: {per: device_id, start: -30d, precision: us}}
      even: {type: timestamp, generator: timeline, params: {per: device_id, start: -30d, gaps: even}}
      bursts: {type: timestamp, generator: timeline, params: {per: device_id, start: -30d, gaps: bursts}}
      whole: {type: timestamp, generator: timeline, params: {start: -30d, precision: us}}
"""


@pytest.fixture(scope="module")
def made() -> dict[str, pa.Table]:
    return sdgen.generate(read_text_as_scenario(TEXT, "x.yaml"), seed=4)


def test_orders_lie_in_order_between_their_bounds(made: dict[str, pa.Table]) -> None:
    customers, orders = made["customers"], made["orders"]
    wrong = duckdb.sql("""
        select count(*) from orders o join customers c on c.id = o.customer_id
        where o."at" < c.since or o."at" > coalesce(c.closed, timestamp '2026-01-01') or o.early < c.since
           or o.day < c.since::date""").fetchall()[0]
    assert customers
    assert wrong == (0,)
    late = duckdb.sql("""
        select count(*) filter (a < b), count(*) filter (e < f) from (select "at" a, early e,
            lag("at") over w b, lag(early) over w f from orders window w as (partition by customer_id order by number))
        """).fetchall()[0]
    assert orders
    assert late == (0, 0)


def test_activity_decays(made: dict[str, pa.Table]) -> None:
    orders, customers = made["orders"], made["customers"]
    assert orders
    assert customers
    even, decayed = duckdb.sql("""
        select avg((o."at" < since + interval 90 days)::int), avg((early < since + interval 90 days)::int)
        from orders o join customers c on c.id = customer_id where since < '2024-01-01'""").fetchall()[0]
    assert decayed > 3 * even


@pytest.mark.parametrize(("column", "low", "high"), [("at", 0.75, 1.05), ("even", 0.0, 0.1), ("bursts", 1.5, 9)])
def test_gaps_are_as_uneven_as_wanted(made: dict[str, pa.Table], column: str, low: float, high: float) -> None:
    values = np.asarray(made["readings"][column].cast(pa.int64())).reshape(4, 2500)
    gaps = np.diff(values, axis=1)
    assert (gaps >= 0).all()
    assert low <= gaps.std() / gaps.mean() <= high


def test_without_a_parent_all_rows_are_in_order(made: dict[str, pa.Table]) -> None:
    whole = np.asarray(made["readings"]["whole"].cast(pa.int64()))
    assert (np.diff(whole) >= 0).all()
    assert len(np.unique(whole)) == len(whole)


def test_any_split_gives_the_same_moments(made: dict[str, pa.Table]) -> None:
    plan = sdgen.plan(read_text_as_scenario(TEXT, "x.yaml"), seed=4)
    for entity in ("orders", "readings"):
        whole = made[entity].combine_chunks()
        for start, stop in ((0, 7), (60, 70), (63, 64), (2490, 2510), (5000, 5001)):
            part = pa.Table.from_batches([batch(plan, entity, start, stop)])
            assert part.equals(whole.slice(start, stop - start).cast(part.schema)), (entity, start)


def test_a_bound_must_be_the_same_for_all_siblings() -> None:
    wrong = TEXT.replace("after: customers.since, decay: 30d", "after: at")
    with pytest.raises(ScenarioError, match="at isn't the same for all rows that are in order"):
        sdgen.plan(read_text_as_scenario(wrong, "x.yaml"))


NUMBERED = """
name: x
as_of: 2026-01-01T00:00:00Z
entities:
  customers:
    rows: 300
    columns: {id: {type: int, primary_key: true, generator: sequence}}
  orders:
    rows: {per: customers, law: geometric, mean: 2}
    columns:
      number: {type: int, primary_key: true, generator: sequence, params: {start: 1001, shuffled: true}}
      customer_id: {generator: fk, params: {entity: customers, column: id}}
      place: {type: int, hidden: true, generator: expression, params: {sql: number - 1000}}
      at: {type: timestamp, generator: timeline, params: {place: place, start: -1y, rhythm: shop}}
"""


def test_order_numbers_without_gaps_rise_with_time_though_rows_are_counted_per_customer() -> None:
    scenario = read_text_as_scenario(NUMBERED, "x.yaml")
    for rows in (None, 40):
        orders = sdgen.generate(scenario, seed=5, rows=rows)["orders"].sort_by("number")
        numbers, moments = orders["number"].to_numpy(), orders["at"].to_numpy()
        assert numbers.tolist() == list(range(1001, 1001 + len(numbers)))
        assert (np.diff(moments.astype(np.int64)) >= 0).all()
        by_customer = sdgen.generate(scenario, seed=5, rows=rows)["orders"]
        assert by_customer["number"].to_pylist() != numbers.tolist(), "a customer's orders are spread over the year"
        assert by_customer["customer_id"].to_pylist() == sorted(by_customer["customer_id"].to_pylist())


def test_numbered_moments_do_not_depend_on_the_batch() -> None:
    planned = sdgen.plan(read_text_as_scenario(NUMBERED, "x.yaml"), seed=5)
    whole = batch(planned, "orders", 0, 200)
    assert batch(planned, "orders", 90, 200).to_pylist() == whole.slice(90).to_pylist()


def test_places_and_parents_exclude_each_other() -> None:
    both = NUMBERED.replace("place: place,", "place: place, per: customer_id,").replace(
        "shuffled: true", "shuffled: true, per: customer_id"
    )
    with pytest.raises(ScenarioError) as error:
        sdgen.plan(read_text_as_scenario(both, "x.yaml"))
    assert "each parent's rows have an order of their own" in str(error.value)
    assert "only the numbers of all rows can be shuffled" in str(error.value)


def test_behind_rows_that_are_there_shuffled_numbers_count_up(tmp_path: Path) -> None:
    scenario = read_text_as_scenario(NUMBERED, "x.yaml")
    place = tmp_path / "x.duckdb"
    sdgen.write(scenario, place, seed=5)
    with duckdb.connect(str(place)) as opened:
        ((before,),) = opened.execute("select count(*) from orders").fetchall()
    sdgen.write(scenario, place, seed=5, mode="append_only")
    with duckdb.connect(str(place)) as opened:
        found = opened.execute(
            "select count(*), count(distinct number), min(number), max(number) from orders"
        ).fetchone()
    assert found is not None
    rows, distinct, least, most = found
    assert rows > 1.5 * before
    assert (distinct, least, most) == (rows, 1001, 1000 + rows)
