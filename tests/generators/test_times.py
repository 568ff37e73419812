"""Dates, moments and times of day, and how they are written."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

import sdgen
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.moments.durations import DAY, SECOND, fixed_length, parse_clock, parse_duration, parse_moment
from sdgen.generators.registry import make
from sdgen.scenario.types import parse_type
from tests.generators.fake import AS_OF, facts, fill
from tests.generators.splits import assert_family_documented, assert_split_free, faulty


def moment(text: str) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=parse_moment(text, AS_OF))


def test_examples_and_descriptions() -> None:
    assert_family_documented("moments.uniform")


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("12ms", 12_000),
        ("450ms", 450_000),
        ("1m", 60 * SECOND),
        ("1h30m", 5400 * SECOND),
        ("1.5h", 5400 * SECOND),
        ("3d", 3 * DAY),
        ("2w", 14 * DAY),
        ("-7d", -7 * DAY),
        ("+1h", 3600 * SECOND),
        ("- 1d12h", -36 * 3600 * SECOND),
        ("2 hours 5 minutes", 7500 * SECOND),
        ("5000ns", 5),
        ("7µs", 7),
        ("0s", 0),
        ("PT1H30M", 5400 * SECOND),
        ("P1DT2H", 26 * 3600 * SECOND),
        ("P2W", 14 * DAY),
        ("-PT0.5S", -500_000),
        (timedelta(seconds=2), 2 * SECOND),
    ],
)
def test_lengths_of_time(text: str, microseconds: int) -> None:
    assert fixed_length(text) == microseconds


@pytest.mark.parametrize(("text", "months"), [("1y", 12), ("-2y", -24), ("6mo", 6), ("P1Y2M", 14), ("1 year", 12)])
def test_months_and_years(text: str, months: int) -> None:
    assert parse_duration(text).months == months
    with pytest.raises(ValueError, match="vary"):
        fixed_length(text)


@pytest.mark.parametrize(
    "text", ["", "7", "d", "7x", "1h30", "1..5h", "P", "PT", "P1H", "--1d", "1d-2h", "0.5ns", "0.5mo", "1d,2h"]
)
def test_other_texts_are_no_lengths(text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-12-31", "2024-12-31T00:00:00+00:00"),
        ("2024-12-31T08:00", "2024-12-31T08:00:00+00:00"),
        ("2024-12-31 08:00:00.25Z", "2024-12-31T08:00:00.250000+00:00"),
        ("2024-12-31T08:00+02:00", "2024-12-31T06:00:00+00:00"),
        ("now", "2026-01-01T00:00:00+00:00"),
        ("as_of", "2026-01-01T00:00:00+00:00"),
        ("-7d", "2025-12-25T00:00:00+00:00"),
        ("now-7d", "2025-12-25T00:00:00+00:00"),
        ("+1h30m", "2026-01-01T01:30:00+00:00"),
        ("-2y", "2024-01-01T00:00:00+00:00"),
        ("-1mo", "2025-12-01T00:00:00+00:00"),
        ("0001-01-01", "0001-01-01T00:00:00+00:00"),
    ],
)
def test_moments(text: str, expected: str) -> None:
    assert moment(text).isoformat() == expected


def test_a_month_s_missing_day_becomes_its_last() -> None:
    leap = datetime(2024, 2, 29, tzinfo=UTC)
    assert parse_moment("-1y", leap) == parse_moment("2023-02-28", leap)
    assert parse_moment("+1mo", datetime(2024, 1, 31)) == parse_moment("2024-02-29", leap)


def test_local_times_belong_to_their_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert parse_moment("2024-07-01T12:00", AS_OF, berlin) == parse_moment("2024-07-01T10:00Z", AS_OF)
    assert parse_moment(date(2024, 1, 1), AS_OF, berlin) == parse_moment("2023-12-31T23:00Z", AS_OF)
    assert parse_moment("2024-07-01T12:00Z", AS_OF, berlin) == parse_moment("2024-07-01T12:00Z", AS_OF)


@pytest.mark.parametrize(
    "text", ["2024-02-30", "yesterday", "", "7d", "nowish", "-9000y", "+8000y", "2024-13-01", "-99999999w"]
)
def test_other_texts_are_no_moments(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|leaves the years"):
        parse_moment(text, AS_OF)


@given(st.datetimes())
def test_moments_count_microseconds(value: datetime) -> None:
    counted = parse_moment(value, AS_OF)
    assert datetime(1970, 1, 1) + timedelta(microseconds=counted) == value
    assert parse_moment(value.isoformat(), AS_OF) == counted


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:00", 0), ("08:30", 30_600), ("23:59:59.5", 86_399.5), ("24:00", 86_400), (time(1, 2, 3), 3723)],
)
def test_times_of_day(text: str | time, seconds: float) -> None:
    assert parse_clock(text) == seconds * SECOND


SPLITS: list[tuple[str, dict[str, Any], str]] = [
    ("date", {}, ""),
    ("date", {"start": "2020-01-01", "end": "2020-12-31"}, "text"),
    ("datetime", {}, ""),
    ("datetime", {"start": "-2y", "end": "-1d", "precision": "us", "timezone": "America/New_York"}, ""),
    ("time", {"start": "08:00", "end": "22:00", "precision": "ms"}, ""),
]


@pytest.mark.parametrize(("name", "params", "type"), SPLITS)
def test_any_split_gives_the_same_cells(name: str, params: dict[str, Any], type: str) -> None:
    assert_split_free(name, params, type)


@pytest.mark.parametrize(
    ("name", "params", "size"),
    [
        ("date", {"start": "2024-01-01", "end": "2024-12-31"}, 366),
        ("date", {"start": "-730d", "end": "now"}, 731),
        ("datetime", {"start": "2024-01-01T00:00", "end": "2024-01-01T00:10"}, 600),
        ("datetime", {"start": "-1s", "precision": "ms"}, 1000),
        ("time", {"start": "08:00", "end": "08:05"}, 300),
    ],
)
def test_unique_fills_the_whole_range(name: str, params: dict[str, Any], size: int) -> None:
    generator = make(name, params)
    assert generator.capacity(facts(generator)) == size
    cells = fill(name, params, size, unique=True).to_pylist()
    assert len(set(cells)) == size
    assert cells != sorted(cells)


def test_both_ends_of_dates_occur() -> None:
    cells = fill("date", {"start": date(2024, 2, 28), "end": "2024-03-01"}, 400).to_pylist()
    assert set(cells) == {date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)}


def test_dates_before_1970() -> None:
    cells = fill("date", {"start": "1930-05-01", "end": "1930-05-03"}, 100).to_pylist()
    assert set(cells) == {date(1930, 5, day) for day in (1, 2, 3)}
    moments = fill("datetime", {"start": "1930-05-01T00:00:00", "end": "1930-05-01T00:00:03"}, 100).to_pylist()
    assert {cell.second for cell in moments} == {0, 1, 2}


def test_moments_are_even_and_end_before_the_end() -> None:
    made = fill("datetime", {"start": "2024-01-01", "end": "2025-01-01"}, 40_000)
    values = np.asarray(made).astype("datetime64[us]").astype(np.int64)
    start, end = parse_moment("2024-01-01", AS_OF), parse_moment("2025-01-01", AS_OF)
    assert stats.kstest((values - start) / (end - start), "uniform").pvalue > 1e-4
    assert start <= values.min()
    assert values.max() < end
    assert set(values % SECOND) == {0}


def test_whole_seconds_even_where_now_is_not() -> None:
    as_of = datetime(2026, 1, 1, 12, 0, 0, 345_678, tzinfo=UTC)
    cells = fill("datetime", {"start": "-3s"}, 200, as_of=as_of).to_pylist()
    assert {cell.isoformat() for cell in cells} == {
        f"2026-01-01T{clock}" for clock in ("11:59:58", "11:59:59", "12:00:00")
    }


def test_the_default_range_is_the_five_years_before_as_of() -> None:
    for name in ("date", "datetime"):
        cells = fill(name, {}, 5000, "timestamp").cast("timestamp[us]").to_pylist()
        assert datetime(2021, 1, 1) <= min(cells) < datetime(2021, 1, 8)
        assert datetime(2025, 12, 25) < max(cells) <= datetime(2026, 1, 1)


def test_a_time_zone_s_day_is_stored_in_utc() -> None:
    made = fill("datetime", {"start": "2024-07-01", "end": "2024-07-02", "timezone": "Asia/Tokyo"}, 3000)
    assert str(made.type) == "timestamp[us, tz=UTC]"
    cells = made.to_pylist()
    assert min(cells) >= datetime(2024, 6, 30, 15, tzinfo=UTC)
    assert max(cells) < datetime(2024, 7, 1, 15, tzinfo=UTC)
    assert max(cells) - min(cells) > timedelta(hours=23)


def test_times_of_day_are_even() -> None:
    made = fill("time", {"start": "06:00", "end": "18:00"}, 40_000)
    assert str(made.type) == "time64[us]"
    seconds = np.asarray(made.cast("int64")) / SECOND
    assert stats.kstest(seconds, stats.uniform(21_600, 43_200).cdf).pvalue > 1e-4


@pytest.mark.parametrize("type", ["timestamp", "timestamptz", "text", "string(40)"])
@pytest.mark.parametrize("name", ["date", "datetime"])
def test_values_conform_to_each_type_that_fits(name: str, type: str) -> None:
    wanted = parse_type(type)
    made = cast_array(fill(name, {}, 20, type), wanted, wanted.arrow)
    assert made.type == wanted.arrow
    assert made.null_count == 0


@pytest.mark.parametrize(
    ("name", "params", "param"),
    [
        ("date", {"start": "2024-02-30"}, "start"),
        ("date", {"end": "soon"}, "end"),
        ("date", {"start": "2025-01-02", "end": "2025-01-01"}, "start"),
        ("datetime", {"start": "2025-01-01", "end": "2025-01-01"}, "start"),
        ("datetime", {"start": "now"}, "start"),
        ("datetime", {"timezone": "Europe/Berln"}, "timezone"),
        ("datetime", {"timezone": "Europe"}, "timezone"),
        ("datetime", {"timezone": "../etc/passwd"}, "timezone"),
        ("time", {"start": "25:00"}, "start"),
        ("time", {"start": "09:00", "end": "08:00"}, "start"),
    ],
)
def test_wrong_params_are_faults(name: str, params: dict[str, Any], param: str) -> None:
    assert faulty(name, params) == [param]


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("date", {"start": 2020}),
        ("date", {"start": None}),
        ("datetime", {"precision": "ns"}),
        ("datetime", {"start": ["2020-01-01"]}),
        ("time", {"start": 510}),
        ("time", {"begin": "08:00"}),
    ],
)
def test_params_of_the_wrong_type_are_refused(name: str, params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make(name, params)


@pytest.mark.parametrize(
    ("start", "step", "expected"),
    [
        ("2023-11-30", "1mo", ["2023-11-30 00:00", "2023-12-30 00:00", "2024-01-30 00:00", "2024-02-29 00:00"]),
        ("2024-02-29T08:30", "1y", ["2024-02-29 08:30", "2025-02-28 08:30", "2026-02-28 08:30", "2027-02-28 08:30"]),
        ("2024-01-31", "-3mo", ["2024-01-31 00:00", "2023-10-31 00:00", "2023-07-31 00:00", "2023-04-30 00:00"]),
    ],
)
def test_time_series_step_by_calendar_months(start: str, step: str, expected: list[str]) -> None:
    spec = {"generator": "time_series", "params": {"start": start, "step": step}}
    scenario = {"name": "x", "entities": {"a": {"rows": 4, "columns": {"t": spec}}}}
    found = sdgen.generate(scenario, seed=1)["a"].column("t").to_pylist()
    assert [f"{moment:%Y-%m-%d %H:%M}" for moment in found] == expected
