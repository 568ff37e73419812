"""Time series: steps, jitter, and a series for each parent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from sdgen.generators.base import Dependency
from sdgen.generators.registry import make
from tests.generators.fake import facts, fill
from tests.generators.splits import assert_family_documented, assert_split_free, faulty


def test_examples_and_descriptions() -> None:
    assert_family_documented("moments.series")


@pytest.mark.parametrize("start", ["2024-01-01", datetime(2024, 1, 1), "2024-01-01T00:00:00Z"])
@pytest.mark.parametrize(("step", "length"), [("1m", 60), ("12ms", 0.012), ("3d", 259_200), ("-1h30m", -5400)])
def test_moments_are_one_step_apart(start: Any, step: str, length: float) -> None:
    cells = fill("time_series", {"start": start, "step": step}, 50).to_pylist()
    assert cells == [datetime(2024, 1, 1) + timedelta(seconds=length) * row for row in range(50)]


def test_a_relative_start_counts_from_as_of() -> None:
    assert fill("time_series", {"start": "-7d", "step": "1d"}, 8).to_pylist()[-1] == datetime(2026, 1, 1)


def test_far_rows_need_no_others() -> None:
    row = 1_000_000_000
    assert fill("time_series", {"start": "2024-01-01", "step": "12ms"}, [row]).to_pylist() == [
        datetime(2024, 1, 1) + timedelta(seconds=12_000_000)
    ]


@pytest.mark.parametrize(
    "params", [{"step": "1m"}, {"step": "1m", "jitter_seconds": 200}, {"step": "12ms", "per": "device"}]
)
def test_any_split_gives_the_same_cells(params: dict[str, Any]) -> None:
    if "jitter_seconds" in params:
        assert_split_free("time_series", {"start": "-7d", **params})
        return
    whole = fill("time_series", {"start": "-7d", **params}, 60).to_pylist()
    assert fill("time_series", {"start": "-7d", **params}, [7, 59, 0, 7]).to_pylist() == [
        whole[row] for row in (7, 59, 0, 7)
    ]


def test_jitter_is_even_both_ways_and_within_its_bound() -> None:
    plain = fill("time_series", {"start": "2024-01-01", "step": "1s"}, 40_000)
    moved = fill("time_series", {"start": "2024-01-01", "step": "1s", "jitter_seconds": 2.5}, 40_000)
    shifts = np.asarray(moved.cast("int64")) - np.asarray(plain.cast("int64"))
    assert abs(shifts).max() <= 2_500_000
    assert stats.kstest(shifts, stats.uniform(-2_500_000, 5_000_000).cdf).pvalue > 1e-4
    tiny = fill("time_series", {"start": "2024-01-01", "step": "1s", "jitter_seconds": 1e-6}, 400)
    assert {cell.microsecond for cell in tiny.to_pylist()} == {0, 1, 999_999}


def test_each_parent_has_a_series_of_its_own() -> None:
    params = {"start": "2024-01-01", "step": "1h", "per": "device"}
    assert [cell.hour for cell in fill("time_series", params, 7).to_pylist()] == [0, 1, 2, 0, 1, 2, 0]
    assert make("time_series", params).needs() == (Dependency("device"),)


@pytest.mark.parametrize(
    ("params", "unique"),
    [
        ({}, True),
        ({"jitter_seconds": 29.9}, True),
        ({"jitter_seconds": 30}, False),
        ({"per": "device"}, False),
    ],
)
def test_uniqueness_is_promised_where_it_holds(params: dict[str, Any], unique: bool) -> None:
    params = {"start": "-7d", "step": "1m", **params}
    generator = make("time_series", params)
    assert generator.capacity(facts(generator)) == (1000 if unique else None)
    if unique:
        assert len(set(fill("time_series", params, 5000, unique=True).to_pylist())) == 5000


def test_days_are_not_promised_to_differ() -> None:
    generator = make("time_series", {"start": "-7d", "step": "1m"})
    assert generator.capacity(facts(generator, "date")) is None


def test_timestamptz_columns_get_utc() -> None:
    assert str(fill("time_series", {"start": "-7d", "step": "1m"}, 3, "timestamptz").type) == "timestamp[us, tz=UTC]"


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"start": "last week", "step": "1m"}, ["start"]),
        ({"start": "-7d", "step": "0s"}, ["step"]),
        ({"start": "-7d", "step": "0mo"}, ["step"]),
        ({"start": "x", "step": "fast"}, ["start", "step"]),
        ({"start": "-7d", "step": "3000d"}, ["step"]),
    ],
)
def test_wrong_params_are_faults(params: dict[str, Any], found: list[str]) -> None:
    assert faulty("time_series", params) == found


def test_a_series_past_the_year_9999_is_a_fault() -> None:
    assert faulty("time_series", {"start": "-7d", "step": "1m"}, rows=1 << 40) == ["step"]
    assert faulty("time_series", {"start": "-7d", "step": "1m"}, rows=10**9) == []


@pytest.mark.parametrize(
    "params", [{}, {"start": "-7d"}, {"start": "-7d", "step": 60}, {"start": "-7d", "step": "1m", "jitter_seconds": -1}]
)
def test_params_of_the_wrong_type_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make("time_series", params)
