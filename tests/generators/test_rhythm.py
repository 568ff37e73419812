"""Rhythms: moments follow the density, bounds truncate it, waits run in its time; and the holidays are the right ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import sdgen
from sdgen.errors import ScenarioError
from sdgen.generators.moments.durations import DAY
from sdgen.generators.moments.operational_clock import HOUR, operational_clock
from sdgen.generators.moments.rhythm import Rhythm, countries, easter, holidays
from sdgen.generators.pools import own_yaml
from sdgen.generators.registry import make
from sdgen.readers.sources import read_text_as_scenario

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
START, END = 1640995200_000_000, 1767225600_000_000  # the years 2022 to 2025


def table(columns: str, rows: int = 20_000, seed: int = 3) -> pa.Table:
    text = f"name: x\nas_of: 2026-01-01T00:00:00Z\nentities: {{t: {{rows: {rows}, columns: {{{columns}}}}}}}"
    return sdgen.generate(read_text_as_scenario(text, "x.yaml"), seed=seed)["t"]


def moments_of(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(column.cast(pa.timestamp("us")).cast(pa.int64()))


@pytest.mark.parametrize("name", sorted(own_yaml("rhythms")))
def test_shipped_rhythms_are_followed(name: str) -> None:
    rhythm = Rhythm.model_validate(name)
    column = (
        f"m: {{type: timestamp, generator: datetime, params: {{start: 2022-01-01, end: 2026-01-01, rhythm: {name}}}}}"
    )
    hours = moments_of(table(column)["m"]) // HOUR
    weekdays = np.bincount((hours // 24 + 3) % 7, minlength=7) / len(hours)
    wanted = np.array(rhythm.weekdays) / sum(rhythm.weekdays)
    assert np.abs(weekdays - wanted).max() < 0.02
    weekday = (hours // 24 + 3) % 7 < 5
    by_hour = np.bincount(hours[weekday] % 24, minlength=24) / weekday.sum()
    assert np.abs(by_hour - np.array(rhythm.hours) / sum(rhythm.hours)).max() < 0.02


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 10), min_size=24, max_size=24).filter(any),
    st.lists(st.integers(START - 400 * DAY, END + 400 * DAY), min_size=1, max_size=50),
)
def test_time_and_operational_time_are_inverse(hours: list[float], moments: list[int]) -> None:
    clock = operational_clock(Rhythm(hours=tuple(hours)), START, END, AS_OF)
    at = np.sort(np.array(moments, dtype=np.int64))
    ticks = clock.ticks(at)
    assert (np.diff(ticks) >= 0).all(), "time goes forward"
    back = clock.moments(ticks)
    assert (np.abs(clock.ticks(back) - ticks) <= 1).all()
    assert (back <= at + HOUR).all()


def test_bounds_truncate_the_law() -> None:
    made = table(
        "a: {type: timestamp, generator: datetime, params: {start: -2y, rhythm: office}},"
        " b: {type: timestamp, generator: datetime, params: {start: -2y, rhythm: office, after: a, before: '2025-11-01'}},"
        " d: {type: date, generator: date, params: {start: -2y, end: +1y, after: a}}"
    )
    first, second = moments_of(made["a"]), moments_of(made["b"])
    room = first < 1761955200_000_000
    assert (second[room] >= first[room]).all()
    assert (second[room] < 1761955200_000_000).all()
    assert (second[~room] == first[~room]).all(), "nothing lies between: the lower bound"
    ends = np.sort(second[room])[-200:]
    assert len(np.unique(ends)) > 190, "nothing piles up at the end"
    days = np.asarray(made["d"].cast(pa.int32()))
    assert (days >= first // DAY).all()


def test_growth_bursts_and_time_zone() -> None:
    rhythm = "{growth: 1.0, hours: [0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0], timezone: America/New_York}"
    made = table(
        f"m: {{type: timestamptz, generator: datetime, params: {{start: 2023-01-01, end: 2026-01-01, rhythm: {rhythm}}}}}"
    )
    at = moments_of(made["m"])
    years = np.bincount((at // DAY).astype("datetime64[D]").astype("datetime64[Y]").astype(int) - 53)
    assert 1.8 < years[1] / years[0] < 2.2
    assert 1.8 < years[2] / years[1] < 2.2
    assert set(np.unique(at // HOUR % 24)) <= {13, 14}, "nine in New York, in summer and in winter"
    sale = "{bursts: [{at: 2025-06-01, lasts: 1d, times: 50}]}"
    burst = moments_of(table(f"m: {{generator: datetime, params: {{start: 2025-01-01, rhythm: {sale}}}}}")["m"])
    day = ((burst >= 1748736000_000_000) & (burst < 1748736000_000_000 + DAY)).mean()
    assert abs(day - 50 / (364 + 50)) < 0.01


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [("Asia/Kolkata", 330), ("Asia/Kathmandu", 345), ("America/Caracas", -240), ("Pacific/Marquesas", -570)],
)
def test_hours_are_the_zones_own_to_the_minute(zone: str, minutes: int) -> None:
    rhythm = f"{{hours: [0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0], timezone: {zone}}}"
    made = table(
        f"m: {{type: timestamptz, generator: datetime, params: {{start: 2025-01-01, rhythm: {rhythm}}}}}", 2000
    )
    local = (moments_of(made["m"]) + minutes * 60_000_000) // HOUR % 24
    assert (local == 9).mean() > 0.999


def test_waits_in_operational_time() -> None:
    made = table(
        "a: {type: timestamp, generator: datetime, params: {start: -1y, rhythm: support}},"
        " b: {type: timestamp, generator: after, params: {column: a, median: 1h, max: 3d, rhythm: office, until: now}}"
    )
    first, second = moments_of(made["a"]), moments_of(made["b"])
    assert (second >= first).all()
    assert second.max() <= END
    weekend = (second // DAY + 3) % 7 >= 5
    assert weekend.mean() < 0.04
    friday_night = ((first // DAY + 3) % 7 == 4) & (first // HOUR % 24 >= 20)
    waits = (second - first)[friday_night] / HOUR
    assert np.median(waits) > 48, "from Friday night to Monday morning"


def test_lognormal_waits_have_their_median() -> None:
    made = table(
        "a: {type: timestamp, generator: datetime, params: {start: -9y, end: -1y}},"
        " b: {type: timestamp, generator: after, params: {column: a, median: 2h, min: 10m, max: 20d}}"
    )
    waits = (moments_of(made["b"]) - moments_of(made["a"])) / HOUR
    assert abs(np.median(waits) - 2) < 0.1
    assert waits.min() >= 1 / 6 - 1e-9
    assert waits.max() <= 480


def test_times_of_day() -> None:
    column = "t: {type: time, generator: time, params: {start: '06:00', rhythm: commute}}"
    hours = [moment.hour for moment in table(column)["t"].to_pylist()]
    counts = np.bincount(hours, minlength=24)
    assert not counts[:6].any()
    assert counts[17] > 2 * counts[12]


@pytest.mark.parametrize("country", sorted(countries()))
def test_holidays_are_those_that_the_holidays_package_knows(country: str) -> None:
    package = pytest.importorskip("holidays")
    for year in range(2023, 2031):
        options = {"subdiv": "ENG"} if country == "GB" else {}
        known = package.country_holidays(country, years=year, observed=False, language="en_US", **options)
        days = {day for day, name in known.items()}
        extra = holidays(country, [year]) - days
        assert not extra, f"{country} {year}: {sorted(extra)}"


def test_easter() -> None:
    assert [easter(year) for year in (2000, 2024, 2025, 2038)] == [
        date(2000, 4, 23), date(2024, 3, 31), date(2025, 4, 20), date(2038, 4, 25)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rhythm", "what"),
    [
        ("shopp", "there is no rhythm 'shopp'; did you mean 'shop'"),
        ({"hours": [1, 2]}, "hours are 24 shares, not all zero; these are 2"),
        ({"holidays": "XX"}, "the holidays of 'XX' aren't known"),
        ({"growht": 1}, "growht"),
        ({"base": "shop", "month_days": {3: 0}}, "month_days are all zero"),
    ],
)
def test_wrong_rhythms(rhythm: object, what: str) -> None:
    with pytest.raises(ValidationError, match=what.replace("?", ".")):
        make("datetime", {"rhythm": rhythm})


def test_moments_at_a_share_rise_with_it_and_keep_the_rhythm() -> None:
    made = table(
        "n: {type: int, primary_key: true, generator: uniform_int, params: {min: 0, max: 999999}},"
        " part: {type: double, generator: expression, params: {sql: n / 1000000}},"
        " m: {type: timestamp, generator: datetime, params: {start: 2022-01-01, end: 2026-01-01, rhythm: office, share: part}},"
        " late: {type: timestamp, generator: datetime, params: {start: 2022-01-01, after: 2025-12-01, end: 2026-01-01, share: part}}"
    )
    order = np.argsort(np.asarray(made["n"]))
    for name in ("m", "late"):
        assert (np.diff(moments_of(made[name])[order]) >= 0).all()
    days = pc.day_of_week(made["m"])
    assert pc.mean(pc.greater(days, 4).cast(pa.int8())).as_py() < 0.03
    assert pc.min(made["late"]).as_py() >= datetime(2025, 12, 1)


@pytest.mark.parametrize(
    ("params", "what"),
    [
        ("share: b", "b is string, not a number"),
        ("after: [a, nothing]", "has no column 'nothing'"),
        ("after: a", "a is int, not a moment"),
        ("before: -3q", "'-3q' is not a length of time"),
        ("rhythm: {timezone: Mars/Base}", "unknown time zone 'Mars/Base'"),
        ("rhythm: {bursts: [{at: 2025-01-01, lasts: 0s}]}", "a burst that lasts 0s has no time"),
    ],
)
def test_problems_tell_their_place(params: str, what: str) -> None:
    with pytest.raises(ScenarioError, match=r"columns\.m") as error:
        table(
            "a: {type: int, generator: sequence}, b: {type: string, generator: text.word},"
            f" m: {{type: timestamp, generator: datetime, params: {{{params}}}}}"
        )
    assert what in str(error.value)


def test_a_schedule() -> None:
    made = table(
        "a: {type: date, generator: schedule, params: {start: 2024-01-31, every: 1mo}},"
        " b: {type: date, generator: schedule, params: {start: 2024-01-01, day: last, working: before, holidays: US}},"
        " c: {type: date, generator: schedule, params: {start: 2024-01-05, every: 2w, skip: 1}}",
        rows=600,
    )
    assert [str(day) for day in made["a"].to_pylist()[:4]] == ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]
    assert all(day.weekday() < 5 for day in made["b"].to_pylist())
    assert date(2027, 12, 31) in made["b"].to_pylist()
    assert date(2024, 11, 29) in made["b"].to_pylist()
    assert [day.weekday() for day in made["c"].to_pylist()] == [4] * 600
    assert made["c"][0].as_py() == date(2024, 1, 19)
    assert made["c"][1].as_py() - made["c"][0].as_py() == timedelta(days=14)
