"""Series: cycles, correlated noise, faults and bounds hold their laws, at any rows in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml
from pydantic import ValidationError
from scipy import stats

import sdgen
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.registry import find, make
from sdgen.generators.series.parts import episodes, fractal_noise
from sdgen.generators.streams import draw
from tests.generators.fake import FakeRows, facts
from tests.generators.splits import faulty

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000


def moments(count: int, step: timedelta = timedelta(hours=1)) -> pa.Array:
    start = int(FIRST.timestamp() * 1e6)
    ticks = start + np.arange(count, dtype=np.int64) * (step // timedelta(microseconds=1))
    return pa.array(ticks).view(pa.timestamp("us", "UTC"))


def series(
    params: dict[str, Any],
    count: int = 1000,
    step: timedelta = timedelta(hours=1),
    type: str = "double",
    numbers: Any = None,
    **columns: Any,
) -> pa.Array:
    others = {"at": moments(count, step), **{name: pa.array(values) for name, values in columns.items()}}
    rows = FakeRows(np.arange(count, dtype=np.int64) if numbers is None else np.asarray(numbers, np.int64), others)
    generator = make("series", {"at": "at", **params})
    settled = facts(generator, type)
    assert list(generator.faults(settled)) == []
    return generator.values(ColumnBatch(rows, settled))


def floats(*args: Any, **more: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(series(*args, **more).cast(pa.float64()).to_numpy(zero_copy_only=False))


@pytest.mark.parametrize("name", ["series", "counter", "balance", "during"])
def test_each_generator_tells_what_it_takes(name: str) -> None:
    kind = find(name)
    assert kind is not None
    assert kind.__doc__
    assert all(field.description for field in kind.model_fields.values())
    column = yaml.safe_load(kind.example)
    assert column["generator"] == name
    generator = make(name, column["params"])
    assert list(generator.faults(facts(generator, column.get("type", "double")))) == []


def test_a_daily_cycle_peaks_at_its_hour_in_its_zone() -> None:
    cycle = {"daily": {"amplitude": 4, "peak": "15:00"}, "base": 20}
    plain = floats(cycle, 24)
    assert plain.argmax() == 15
    assert plain.max() == pytest.approx(24)
    assert plain.min() == pytest.approx(16)
    assert floats({**cycle, "timezone": "Asia/Tokyo"}, 24).argmax() == 6
    zones = ["Asia/Tokyo"] * 24 + ["America/Phoenix"] * 24
    by_column = floats({**cycle, "timezone": "zone"}, 48, zone=zones)
    assert [by_column[:24].argmax(), by_column[24:].argmax()] == [6, 22]


def test_zones_keep_their_standard_time_through_the_summer() -> None:
    cycle = {"daily": {"amplitude": 1, "peak": "12:00"}, "timezone": "Europe/Berlin"}
    days = floats(cycle, 24 * 365).reshape(365, 24)
    assert set(days.argmax(axis=1)) == {11}


@pytest.mark.parametrize(
    ("params", "peak"),
    [({"yearly": {"amplitude": 1, "peak": "04-10"}}, 99), ({"weekly": {"amplitude": 1, "peak": "sat"}}, 3)],
)
def test_longer_cycles_peak_on_their_day(params: dict[str, Any], peak: int) -> None:
    days = 365 if "yearly" in params else 7
    daily = floats(params, 24 * days).reshape(days, 24)
    assert abs(int(daily.mean(axis=1).argmax()) - peak) <= 1


def test_a_trend_and_a_base_come_from_columns() -> None:
    values = floats(
        {"base": "level", "trend": {"change": 2, "every": "1d"}, "since": "2025-01-01"}, 49, level=[10.0] * 49
    )
    assert values[0] == 10
    assert values[48] == pytest.approx(14)


def test_drift_is_each_series_own() -> None:
    values = floats(
        {"per": "unit", "drift": {"std": 1, "every": "1d"}, "since": "2025-01-01"}, 24 * 400, unit=[1, 2] * 4800
    )
    one, two = values[::2], values[1::2]
    assert np.allclose(np.diff(one), np.diff(one)[0])
    assert abs(np.diff(one)[0] - np.diff(two)[0]) > 1e-4


def test_noise_is_normal_and_correlates_as_long_as_asked() -> None:
    words = draw(7, np.arange(200_000, dtype=np.int64))
    moment = np.arange(200_000, dtype=np.int64) * HOUR
    curves = [fractal_noise(words, moment + shift * HOUR, 6 * HOUR, 4) for shift in (0, 1, 6, 18)]
    assert stats.kstest(curves[0], "norm").pvalue > 1e-4
    correlations = [float(np.corrcoef(curves[0], each)[0, 1]) for each in curves[1:]]
    assert correlations[0] > 0.9
    assert correlations[1] == pytest.approx(np.exp(-1), abs=0.02)
    assert abs(correlations[2]) < 0.02


@pytest.mark.parametrize("octaves", [1, 2, 3, 7])
def test_octaves_keep_the_variance_and_the_correlation_time(octaves: int) -> None:
    words = draw(9, np.arange(100_000, dtype=np.int64))
    moment = np.arange(100_000, dtype=np.int64) * 77_777_777
    now, later = (fractal_noise(words, moment + shift, HOUR, octaves) for shift in (0, HOUR))
    assert now.std() == pytest.approx(1, abs=0.02)
    assert float(np.corrcoef(now, later)[0, 1]) == pytest.approx(np.exp(-1), abs=0.02)


def test_rows_of_one_key_share_the_noise_and_others_do_not() -> None:
    noise = {"noise": [{"std": 3, "correlation_time": "2d", "per": "city"}, {"std": 0.1}], "per": "unit"}
    count = 400
    twice = pa.concat_arrays([moments(count), moments(count)])

    def together(cities: list[Any]) -> float:
        values = floats(noise, 2 * count, at=twice, city=cities, unit=[1] * count + [2] * count)
        return float(np.corrcoef(values[:count], values[count:])[0, 1])

    assert together(["Rome"] * 2 * count) > 0.99
    assert together(["Rome"] * count + ["Oslo"] * count) < 0.8
    assert together([b"x"] * 2 * count) > 0.99


def test_episodes_cover_time_without_overlap() -> None:
    words = np.full(50_000, draw(3, np.array([5]))[0])
    places = np.sort(draw(4, np.arange(50_000, dtype=np.int64)).view(np.int64) >> 16)
    for variation in (0.0, 0.5, 1.0):
        found = episodes(words, places, 1 << 40, variation)
        assert np.all((found.start <= places) & (places < found.end))
        here, first = np.unique(found.number, return_index=True)
        follows = np.flatnonzero(np.diff(here) == 1)
        assert np.array_equal(found.end[first[follows]], found.start[first[follows + 1]])
        lengths = (found.end - found.start)[first] / (1 << 40)
        assert lengths.min() >= 1 - variation - 1e-9
        assert lengths.max() <= 1 + variation + 1e-9


def test_regimes_stay_for_a_while_and_come_by_weight() -> None:
    values = floats({"regimes": {"levels": [0, 10], "weights": [3, 1], "every": "8h"}}, 40_000)
    assert set(values) == {0.0, 10.0}
    assert 0.22 < (values == 10).mean() < 0.28
    assert 0.03 < (np.diff(values) != 0).mean() < 0.07  # 3/8 of stretches of eight hours are followed by another level


def test_a_battery_falls_until_it_is_charged() -> None:
    charge = {"charge": {"full": 100, "low": [10, 20], "every": "10d", "variation": 0.4}, "precision": 0}
    values = floats(charge, 24 * 200)
    rises = np.diff(values)[np.diff(values) > 0]
    assert 15 <= len(rises) <= 25
    assert rises.min() > 75
    assert values.min() >= 10
    slowly = floats({"charge": {**charge["charge"], "charging": 0.25}}, 24 * 200)  # type: ignore[dict-item]
    assert 0.15 < (np.diff(slowly) > 0).mean() < 0.35


def test_faults_come_at_their_rates() -> None:
    clean = {"base": 20, "noise": {"std": 1, "correlation_time": "3h"}}
    faults = {"stuck": 0.05, "offset": 0.1, "dropout": 0.2, "spike": 0.02, "size": 50, "last": "6h"}
    count = 60_000
    array = series({**clean, "faults": faults}, count)
    assert 0.17 < array.null_count / count < 0.23
    values = array.to_numpy(zero_copy_only=False)
    off = np.abs(values - floats(clean, count)) > 40
    assert 0.1 < off[~np.isnan(values)].mean() < 0.18
    same = (np.diff(values) == 0).mean()
    assert 0.02 < same < 0.05
    spikes = floats({**clean, "faults": {"spike": 0.02, "size": 50}}, count) - floats(clean, count)
    assert 0.017 < (spikes != 0).mean() < 0.023
    assert np.abs(spikes[spikes != 0]).min() >= 50


def test_gaps_are_the_same_in_all_columns() -> None:
    gaps = {"gaps": {"rate": 0.1, "last": "4h"}, "per": "unit"}
    generator = make("series", {"at": "at", **gaps})
    assert generator.gives_null
    rows = FakeRows(np.arange(20_000), {"at": moments(20_000), "unit": pa.array([1] * 20_000)})
    columns = [generator.values(ColumnBatch(rows, facts(generator, column=name))) for name in ("a", "b")]
    assert 0.08 < columns[0].null_count / 20_000 < 0.12
    assert columns[0].is_null().equals(columns[1].is_null())


@pytest.mark.parametrize("type", ["double", "decimal(5,1)", "smallint"])
def test_bounds_are_kept_and_nothing_piles_up_there(type: str) -> None:
    values = floats(
        {"base": 60, "noise": {"std": 40, "correlation_time": "2h"}, "min": 0, "max": 100}, 50_000, type=type
    )
    assert values.min() >= 0
    assert values.max() <= 100
    shares, _ = np.histogram(values, bins=20, range=(0, 100))
    assert shares.max() / 50_000 < 0.1


def test_one_bound_is_kept_too() -> None:
    assert floats({"noise": {"std": 1}, "min": -0.5}, 5000).min() >= -0.5
    assert floats({"noise": {"std": 1}, "max": 0.5}, 5000).max() <= 0.5


@pytest.mark.parametrize("precision", [0, 2, 15])
def test_values_have_the_places_asked_for(precision: int) -> None:
    exact = floats({"base": 5000, "noise": {"std": 40}})
    values = floats({"base": 5000, "noise": {"std": 40}, "precision": precision})
    assert np.abs(values - exact).max() <= 0.5 / 10**precision + 1e-9
    assert precision == 15 or all(value == float(f"{value:.{precision}f}") for value in values)


def test_bounds_between_two_places_are_kept() -> None:
    values = floats({"noise": {"std": 1}, "min": -0.25, "max": 0.75, "precision": 1}, 2000)
    assert (values.min(), values.max()) == (-0.2, 0.7)


def test_a_null_moment_or_base_is_a_null_value() -> None:
    stamps = pa.array([FIRST, None, FIRST], pa.timestamp("us", "UTC"))
    array = series({"base": "level"}, 3, at=stamps, level=[1.0, 2.0, None])
    assert array.to_pylist() == [1.0, None, None]
    trend = {"base": 1, "trend": {"change": 1}, "since": "begun"}
    assert series(trend, 2, begun=pa.array([None, FIRST], pa.timestamp("us"))).is_null().to_pylist() == [True, False]


def test_any_split_and_order_gives_the_same_cells() -> None:
    params: dict[str, Any] = {
        "per": "unit",
        "daily": {"amplitude": 3},
        "noise": [{"std": 1, "correlation_time": "6h"}, {"std": 0.2}],
        "regimes": {"levels": [0, 5], "every": "9h"},
        "charge": {"every": "5d"},
        "drift": {"std": 1},
        "faults": {"stuck": 0.1, "offset": 0.1, "dropout": 0.1, "spike": 0.05, "size": 9},
        "gaps": {"rate": 0.1},
    }
    unit = [f"u{row // 40}" for row in range(400)]
    whole = series(params, 400, unit=unit).to_pylist()
    order = np.random.default_rng(2).permutation(400)
    assert series(params, 400, unit=unit, numbers=order).to_pylist() == [whole[row] for row in order]
    assert series(params, 400, unit=unit, numbers=[399, 7, 7]).to_pylist() == [whole[399], whole[7], whole[7]]
    assert len(series(params, 400, unit=unit, numbers=[])) == 0


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"base": "not a name"}, ["base"]),
        ({"base": 1e200}, ["base"]),
        ({"daily": {"amplitude": 1, "peak": "25:00"}}, ["daily.peak"]),
        ({"weekly": {"amplitude": 1, "peak": "noon"}}, ["weekly.peak"]),
        ({"yearly": {"amplitude": 1, "peak": "July"}}, ["yearly.peak"]),
        ({"noise": {"std": 1, "correlation_time": "1mo"}}, ["noise.correlation_time"]),
        ({"noise": [{"std": 1}, {"std": "?"}]}, ["noise.1.std"]),
        ({"regimes": {"levels": [1, 2], "weights": [1], "every": "1h"}}, ["regimes.weights"]),
        ({"regimes": {"levels": [1], "every": "0s"}}, ["regimes.every"]),
        ({"charge": {"low": [50, 20], "every": "1d"}}, ["charge.low"]),
        ({"faults": {"stuck": 0.6, "dropout": 0.6}}, ["faults"]),
        ({"min": 5, "max": 5}, ["min"]),
        ({"timezone": "Mars/Base"}, ["timezone"]),
        ({"since": "last week"}, ["since"]),
    ],
)
def test_wrong_params_are_faults(params: dict[str, Any], found: list[str]) -> None:
    assert faulty("series", {"at": "at", **params}) == found


def test_params_that_do_not_fit_the_type_are_faults() -> None:
    assert faulty("series", {"at": "at", "max": 300}, "utinyint") == ["max"]
    assert faulty("series", {"at": "at", "precision": 2}, "decimal(5,1)") == ["precision"]


def test_unknown_params_are_refused() -> None:
    with pytest.raises(ValidationError):
        make("series", {"at": "at", "noise": {"sigma": 1}})


SCENARIO: dict[str, Any] = {
    "name": "sensors",
    "seed": 4,
    "as_of": "2026-01-01T00:00:00Z",
    "entities": {
        "sites": {
            "rows": 3,
            "columns": {
                "id": {"type": "uuid", "generator": "uuid4", "primary_key": True},
                "level": {"type": "decimal(4,1)", "generator": "uniform_float", "params": {"min": 10, "max": 30}},
                "opened_on": {"generator": "date"},
            },
        },
        "readings": {
            "rows": {"per": "sites", "count": 50},
            "columns": {
                "site_id": {"generator": "fk", "params": {"entity": "sites", "column": "id"}},
                "at": {"generator": "time_series", "params": {"start": "-7d", "step": "1h", "per": "site_id"}},
                "value": {
                    "generator": "series",
                    "params": {"at": "at", "per": "site_id", "base": "sites.level", "since": "sites.opened_on"},
                },
            },
        },
    },
}


def changed(**params: Any) -> dict[str, Any]:
    entities = dict(SCENARIO["entities"])
    columns = dict(entities["readings"]["columns"])
    columns["value"] = {"generator": "series", "params": {**columns["value"]["params"], **params}}
    return {**SCENARIO, "entities": {**entities, "readings": {**entities["readings"], "columns": columns}}}


def test_parents_columns_are_named_by_their_entity() -> None:
    tables = sdgen.generate(SCENARIO)
    levels = {row["id"]: float(row["level"]) for row in tables["sites"].to_pylist()}
    assert all(row["value"] == pytest.approx(levels[row["site_id"]]) for row in tables["readings"].to_pylist())


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"base": "sites.levels"}, "sites has no column 'levels'"),
        ({"base": "shops.level"}, "'shops' is neither a link nor a parent"),
        ({"at": "value_at"}, "readings has no column 'value_at'"),
        ({"base": "sites.opened_on"}, "sites.opened_on is date"),
        ({"noise": {"std": "sites.opened_on"}}, "sites.opened_on is date"),
    ],
)
def test_references_that_lead_nowhere_are_told_where_they_stand(params: dict[str, Any], told: str) -> None:
    with pytest.raises(sdgen.ScenarioError, match=told):
        sdgen.plan(changed(**params))


def test_a_column_that_is_never_null_has_no_gaps() -> None:
    scenario = changed(gaps={"rate": 0.5})
    scenario["entities"]["readings"]["columns"]["value"]["nullable"] = False
    with pytest.raises(sdgen.ScenarioError, match="series gives nulls here"):
        sdgen.plan(scenario)
