"""What an engineer asks of readings of devices: is it one climate, do meters only rise, what is behind an alert."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection

# Readings with their device, site and local hour, and whether an alert of the device is on.
READINGS = """
    select r.*, d.model, d.every_minutes, d.firmware, d.alarm_above, d.site_id, s.city, s.environment,
        hour(timezone(s.time_zone, r.taken_at)) as local_hour,
        exists (from alerts a where a.device_id = r.device_id and r.taken_at between a.raised_at - to_minutes(d.every_minutes + 1)
            and coalesce(a.resolved_at, timestamptz '2100-01-01')) as alerted,
        lag(r.taken_at) over w as taken_before
    from readings r join devices d on d.id = r.device_id join sites s on s.id = d.site_id
    window w as (partition by r.device_id order by r.taken_at)
"""


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    opened = connection("iot", request.param)
    opened.execute(f"create or replace temp view seen as {READINGS}")
    return opened


@pytest.mark.parametrize("column", ["celsius", "vibration_mm_s", "humidity"])
def test_a_reading_is_near_the_one_before(rows: Rows, column: str) -> None:
    """Lag-1 autocorrelation within a device, so that devices' own levels don't count as correlation."""
    sql = f"""
        with pairs as (
            select device_id, {column} as now, lag({column}) over (partition by device_id order by taken_at) as before
            from seen where not alerted
        ), each as (select corr(now, before) as r from pairs where before is not null group by device_id having count(*) > 50)
        select median(r) from each
    """
    assert one(rows, sql) > (0.7 if column == "vibration_mm_s" else 0.8)


def test_the_day_is_warmest_in_the_afternoon_of_the_site(rows: Rows) -> None:
    sql = """
        with usual as (select *, celsius - avg(celsius) over (partition by device_id) as off from seen where not alerted)
        select local_hour, avg(off) from usual where celsius is not null group by 1 order by 2
    """
    found = rows.execute(sql).fetchall()
    assert found[-1][0] in range(13, 18)
    assert found[0][0] in (1, 2, 3, 4, 5)
    assert 1.5 < found[-1][1] - found[0][1] < 3


def test_devices_of_one_site_agree_on_its_temperature(rows: Rows) -> None:
    sql = """
        select max(high - low) from (
            select site_id, time_bucket(interval 1 hour, taken_at), max(celsius) as high, min(celsius) as low
            from seen where {where} group by all having count(celsius) > 1
        )
    """
    assert one(rows, sql.format(where="not alerted")) < 8
    assert one(rows, sql.format(where="true")) < 25


def test_devices_of_one_city_have_one_weather(rows: Rows) -> None:
    """What is left of two devices' temperatures without the day's curve moves together in a city, not between cities."""
    sql = """
        with daily as (
            select device_id, site_id, city, date_trunc('day', taken_at) as day, avg(celsius) as mean
            from seen where model = 'temp-v3' and not alerted group by all having count(celsius) > 20
        ), off as (select *, mean - avg(mean) over (partition by device_id) as moved from daily)
        select corr(a.moved, b.moved) from off a join off b on a.day = b.day and a.device_id < b.device_id
        where a.city {sign} b.city
    """
    together, apart = one(rows, sql.format(sign="=")), one(rows, sql.format(sign="<>"))
    assert together > 0.7
    assert abs(apart) < 0.2


def test_a_warehouse_is_colder_than_a_hospital(rows: Rows) -> None:
    found = dict(rows.execute("select environment, avg(celsius) from seen group by 1").fetchall())
    assert found["warehouse"] + 4 < found["hospital"]


def test_each_model_measures_its_own(rows: Rows) -> None:
    sql = "select model, count(celsius), count(humidity), count(vibration_mm_s), count(energy_kwh) from seen group by 1"
    found = {model: [count > 0 for count in counts] for model, *counts in rows.execute(sql).fetchall()}
    assert found == {
        "temp-v3": [True, True, False, False],
        "vibration-v2": [False, False, True, False],
        "meter-m8": [False, False, False, True],
    }


def test_a_meter_never_falls_and_runs_by_day(rows: Rows) -> None:
    sql = "select energy_kwh - lag(energy_kwh) over (partition by device_id order by taken_at) as used, local_hour from seen"
    assert one(rows, f"select min(used) from ({sql} where energy_kwh is not null)") >= 0
    by_hour = f"select avg(used) from ({sql} where model = 'meter-m8') where local_hour between {{}} and {{}}"
    assert one(rows, by_hour.format(11, 16)) > 1.5 * one(rows, by_hour.format(0, 4))


def test_a_battery_falls_until_it_is_replaced(rows: Rows) -> None:
    sql = "select battery - lag(battery) over (partition by device_id order by taken_at) as step, battery from seen"
    assert one(rows, f"select count(*) from ({sql}) where step > 0") <= 20
    assert one(rows, f"select coalesce(min(step), 99) from ({sql}) where step > 0") > 50
    assert one(rows, f"select min(step) from ({sql}) where step <= 0") >= -2
    assert one(rows, "select min(battery) >= 5 and max(battery) <= 100 and median(battery) between 40 and 75 from seen")


def test_readings_are_out_of_range_while_an_alert_is_on_and_only_then(rows: Rows) -> None:
    beyond = "(celsius > alarm_above or vibration_mm_s > alarm_above)"
    assert one(rows, f"select count(*) from seen where {beyond} and not alerted") == 0
    assert one(rows, f"select count(*) from seen where {beyond}") > 200


def test_each_alert_has_a_reading_that_raised_it(rows: Rows) -> None:
    sql = """
        select count(*) from alerts a join devices d on d.id = a.device_id where reason = '{reason}' and not exists (
            from seen r where r.device_id = a.device_id and {sign}
            and r.taken_at between a.raised_at - to_minutes(d.every_minutes + 1) and a.raised_at
        )
    """
    gone = "(celsius > r.alarm_above or vibration_mm_s > r.alarm_above or coalesce(celsius, vibration_mm_s) is null)"
    assert one(rows, sql.format(reason="too hot", sign=gone)) == 0
    assert one(rows, sql.format(reason="vibration", sign=gone)) == 0
    assert one(rows, sql.format(reason="offline", sign="energy_kwh is null")) == 0


def test_worse_alerts_are_hotter_and_most_are_mild(rows: Rows) -> None:
    sql = """
        select a.severity, avg(r.celsius - r.alarm_above) from seen r join alerts a on a.device_id = r.device_id
        and r.taken_at between a.raised_at and coalesce(a.resolved_at, timestamptz '2100-01-01')
        where r.celsius is not null group by 1
    """
    hotter = dict(rows.execute(sql).fetchall())
    assert 0 < hotter["info"] < hotter["critical"]
    counts = dict(rows.execute("select severity, count(*) from alerts group by 1").fetchall())
    assert counts["info"] > counts["warning"] > counts["critical"] > 0


def test_maintenance_follows_its_alert_on_the_same_device(rows: Rows) -> None:
    sql = """
        select count(*) filter (where m.device_id <> a.device_id), count(*) filter (where m.ordered_at <> a.raised_at),
            count(*) filter (where m.done_at is distinct from a.resolved_at), count(*) filter (where m.done_at <= m.ordered_at),
            count(*) filter (where m.done_at > timestamptz '2026-02-17')
        from maintenance m join alerts a on a.id = m.alert_id
    """
    found: Any = rows.execute(sql).fetchone()
    assert set(found) == {0}
    assert one(rows, "select count(*) from maintenance") == one(rows, "select count(*) from alerts")


def test_gaps_last_for_hours_and_take_all_that_a_device_measures(rows: Rows) -> None:
    sql = "select {} from seen where model = 'temp-v3'"
    assert one(rows, sql.format("avg((celsius is null)::int) between 0.003 and 0.03"))
    assert one(rows, sql.format("count(*) filter (where (celsius is null) <> (humidity is null)) = 0"))
    again = "(select celsius is null as now, lag(celsius is null) over (partition by device_id order by number) as before from seen where model = 'temp-v3')"
    assert one(rows, f"select avg(before::int) from {again} where now") > 0.5


def test_readings_are_spaced_as_the_device_is_set(rows: Rows) -> None:
    sql = "select max(abs(epoch(taken_at - taken_before) - 60 * every_minutes)) from seen"
    assert 10 < one(rows, sql) <= 31
    assert one(rows, "select count(distinct every_minutes) from devices") == 4


def test_canaries_sound_the_alarm_more_often(rows: Rows) -> None:
    sql = """
        select firmware, count(a.id) / count(distinct d.id) from devices d left join alerts a on a.device_id = d.id group by 1
    """
    found = dict(rows.execute(sql).fetchall())
    assert found["stable"] < found["beta"] + found["canary"]
    assert 0.5 < found["stable"] < 1.1


def test_the_critical_is_seen_to_sooner_by_a_few_technicians(rows: Rows) -> None:
    hours = dict(
        rows.execute("select severity, median(epoch(resolved_at - raised_at)) from alerts group by 1").fetchall()
    )
    assert hours["critical"] < hours["warning"] < hours["info"]
    assert one(rows, "select count(distinct technician) from maintenance") <= 12
    busy = "select count(*) as n from maintenance group by technician"
    assert one(rows, f"select max(n) / min(n) from ({busy})") > 3


def test_sites_fit_their_customers_trade(rows: Rows) -> None:
    sql = "select count(*) from sites join customers c on c.id = customer_id where"
    assert one(rows, f"{sql} environment = 'hospital' and industry <> 'healthcare'") == 0
    assert one(rows, f"{sql} environment = 'factory' and industry not in ('manufacturing', 'energy')") == 0


def test_devices_are_put_up_on_working_days_before_they_measure(rows: Rows) -> None:
    assert one(rows, "select avg((isodow(installed_on) > 5)::int) from devices") < 0.06
    assert (
        one(
            rows, "select count(*) from readings join devices d on d.id = device_id where taken_at::date < installed_on"
        )
        == 0
    )
    assert one(rows, "select count(distinct name) = count(*) and count(distinct mac) = count(*) from devices")


def test_damp_air_is_cool_air(rows: Rows) -> None:
    sql = "select avg(c) from (select corr(celsius, humidity) c from readings where celsius is not null group by device_id)"
    assert -0.6 < one(rows, sql) < -0.1
    assert one(rows, "select min(humidity) > 15 and max(humidity) < 95 from readings")
