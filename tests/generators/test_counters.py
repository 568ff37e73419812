"""Counters: they never fall, rise by the mean with the spread asked for, and need no row but their own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import sdgen
from sdgen.execution.digest import digest
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.registry import make
from sdgen.generators.series.counters import GRAIN, tree_totals
from sdgen.generators.streams import Numbers, draw
from tests.generators.fake import FakeRows, facts
from tests.generators.splits import faulty

WORD = draw(11, np.array([0]))[0]


def totals(count: int, variation: float, first: int = 0) -> Any:
    leaves = np.arange(first, first + count, dtype=np.int64)
    return tree_totals(np.full(count, WORD), leaves, None, variation)


@pytest.mark.parametrize("variation", [0.0, 0.2, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("first", [0, 123_456_789])
def test_increments_have_the_mean_and_the_spread(variation: float, first: int) -> None:
    increments = np.diff(totals(100_000, variation, first)) / GRAIN
    assert increments.min() >= 0
    assert increments.mean() == pytest.approx(1, abs=0.03 * (1 + variation))
    assert increments.std() == pytest.approx(variation, rel=0.12, abs=1e-6)
    if variation:
        assert abs(np.corrcoef(increments[1:], increments[:-1])[0, 1]) < 0.08


def test_sums_of_many_increments_spread_as_those_of_independent_ones_do() -> None:
    sums = np.diff(totals(200_000, 0.5)[::100]) / GRAIN
    assert sums.std() == pytest.approx(0.5 * 10, rel=0.1)
    words = draw(12, np.arange(20_000, dtype=np.int64))
    at_64 = tree_totals(words, np.full(20_000, 64), None, 0.5) / GRAIN
    assert at_64.mean() == pytest.approx(64, rel=0.01)
    assert at_64.std() == pytest.approx(0.5 * 8, rel=0.05)


def test_any_rows_give_the_same_sums() -> None:
    words = np.repeat(draw(13, np.arange(50, dtype=np.int64)), 100)
    leaves = np.tile(np.arange(100, dtype=np.int64), 50)
    shares = np.linspace(0, 0.99, 5000)
    whole = tree_totals(words, leaves, shares, 0.7)
    order = np.random.default_rng(1).permutation(5000)
    assert np.array_equal(tree_totals(words[order], leaves[order], shares[order], 0.7), whole[order])
    for row in (0, 1, 77, 4999):
        one = slice(row, row + 1)
        assert tree_totals(words[one], leaves[one], shares[one], 0.7) == whole[one]
    assert len(tree_totals(words[:0], leaves[:0], None, 0.7)) == 0


def test_between_two_increments_a_share_of_the_next_is_counted() -> None:
    shares = np.tile(np.linspace(0, 0.999, 10), 1000)
    leaves = np.repeat(np.arange(1000, dtype=np.int64), 10)
    sums = tree_totals(np.full(10_000, WORD), leaves, shares, 0.5)
    assert np.diff(sums).min() >= 0
    assert np.array_equal(sums[::10], totals(1000, 0.5))


def in_time(params: dict[str, Any], stamps: Numbers, type: str = "double") -> Any:
    generator = make("counter", {"at": "at", "since": "2025-01-01", **params})
    assert list(generator.faults(facts(generator, type))) == []
    at = pa.array(stamps).view(pa.timestamp("us", "UTC"))
    rows = FakeRows(np.arange(len(stamps)), {"at": at})
    return generator.values(ColumnBatch(rows, facts(generator, type))).to_numpy(zero_copy_only=False)


def hours(count: int, minutes: int = 60) -> Numbers:
    start = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    return start + np.arange(count, dtype=np.int64) * minutes * 60_000_000


def test_a_meter_runs_faster_at_its_peak() -> None:
    cycle = {"mean": 2, "every": "1h", "daily": {"amplitude": 0.9, "peak": "19:00"}, "variation": 0.3}
    values = in_time(cycle, hours(24 * 100 + 1))
    assert values[0] == 0
    assert values[-1] == pytest.approx(2 * 24 * 100, rel=0.03)
    assert np.diff(values).min() > 0
    by_hour = np.diff(values).reshape(100, 24).mean(axis=0)
    assert by_hour.argmax() in range(17, 21)
    assert by_hour.max() > 8 * by_hour.min()


def test_it_does_not_fall_between_close_moments() -> None:
    swings = {"daily": {"amplitude": 0.5}, "yearly": {"amplitude": 0.45}, "timezone": "Europe/Berlin"}
    stamps = hours(1)[0] + np.arange(50_000, dtype=np.int64) * 7_000_000
    for type in ("double", "bigint", "decimal(18,6)"):
        assert np.diff(in_time({"mean": 0.001, "every": "1s", **swings}, stamps, type).astype(float)).min() >= 0


def test_before_its_start_a_counter_stands_still() -> None:
    assert set(in_time({"since": "2030-01-01", "start": 500}, hours(30))) == {500.0}


def test_a_dial_rolls_over_and_resets_start_again() -> None:
    values = in_time({"mean": 1, "rollover": 100, "variation": 0}, hours(1000), "int")
    assert values.max() == 99
    assert (np.diff(values) < 0).sum() == 9
    values = in_time({"mean": 1, "resets": {"every": "10d", "variation": 0.3}}, hours(24 * 100))
    falls = np.flatnonzero(np.diff(values) < 0)
    assert 8 <= len(falls) <= 11
    assert values[falls + 1].max() < 3
    assert 140 < values.max() < 350


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ["per"]),
        ({"per": "unit", "mean": 0}, ["mean"]),
        ({"per": "unit", "mean": "rate"}, ["mean"]),
        ({"per": "unit", "daily": {"amplitude": 0.5}}, ["at"]),
        ({"at": "at", "daily": {"amplitude": 0.5}, "yearly": {"amplitude": 0.5}}, ["daily"]),
        ({"at": "at", "daily": {"amplitude": "swing"}}, ["daily"]),
        ({"at": "at", "every": "1mo"}, ["every"]),
        ({"at": "at", "every": "1ms"}, ["every"]),
        ({"at": "at", "resets": {"every": 5}}, ["resets.every"]),
        ({"per": "unit", "resets": {"every": "5d"}}, ["resets.every"]),
    ],
)
def test_wrong_params_are_faults(params: dict[str, Any], found: list[str]) -> None:
    assert faulty("counter", params) == found


SCENARIO: dict[str, Any] = {
    "name": "fleet",
    "seed": 5,
    "as_of": "2026-01-01T00:00:00Z",
    "entities": {
        "cars": {
            "rows": 200,
            "columns": {
                "id": {"generator": "sequence", "primary_key": True},
                "bought_at": {"type": "int", "generator": "uniform_int", "params": {"min": 5, "max": 90_000}},
                "per_trip": {"type": "double", "generator": "uniform_float", "params": {"min": 5, "max": 50}},
            },
        },
        "trips": {
            "rows": {"per": "cars", "min": 0, "max": 60},
            "columns": {
                "car_id": {"generator": "fk", "params": {"entity": "cars", "column": "id"}},
                "odometer": {
                    "type": "int",
                    "generator": "counter",
                    "params": {"per": "car_id", "start": "cars.bought_at", "mean": "cars.per_trip", "variation": 0.8},
                },
            },
        },
    },
}


def test_an_odometer_never_falls_and_starts_where_its_car_does() -> None:
    tables = sdgen.generate(SCENARIO)
    cars = {row["id"]: row for row in tables["cars"].to_pylist()}
    before: dict[int, int] = {}
    rises = []
    for row in tables["trips"].to_pylist():
        start = before.get(row["car_id"], cars[row["car_id"]]["bought_at"])
        assert row["odometer"] >= start
        rises.append((row["odometer"] - start) / cars[row["car_id"]]["per_trip"])
        before[row["car_id"]] = row["odometer"]
    assert np.mean(rises) == pytest.approx(1, abs=0.05)
    assert np.std(rises) == pytest.approx(0.8, abs=0.08)


def test_batches_and_longer_tables_change_no_total() -> None:
    plan = sdgen.plan(SCENARIO)
    whole = digest(sdgen.batches(plan, "trips"))
    assert digest(sdgen.batches(plan, "trips", batch_rows=7)) == whole
    longer = {**SCENARIO, "entities": {**SCENARIO["entities"]}}
    longer["entities"]["cars"] = {**SCENARIO["entities"]["cars"], "rows": 300}
    short, long = (sdgen.generate(each)["trips"] for each in (SCENARIO, longer))
    assert long.slice(0, len(short)).equals(short)


def test_siblings_must_be_counted_where_there_are_no_moments() -> None:
    entities = {**SCENARIO["entities"], "trips": {**SCENARIO["entities"]["trips"], "rows": 100}}
    with pytest.raises(sdgen.ScenarioError, match="does not count its rows by the link 'car_id'"):
        sdgen.plan({**SCENARIO, "entities": entities})
