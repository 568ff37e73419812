"""What a fleet's dispatchers ask first: order, distance, minutes, fuel, odometers, services, positions, punctuality."""

from __future__ import annotations

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection
# Meters between (a, o) and (b, p), on a plane, which is near enough for a city.
APART = "111200 * sqrt(pow({b} - {a}, 2) + pow(({p} - {o}) * cos(radians({a})), 2))"


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return connection("logistics", request.param)


def test_stops_are_in_order_and_within_the_trip(rows: Rows) -> None:
    sql = """
        select count(*) from (select s.*, lag(left_at) over (partition by trip_id order by stop_number) as before from stops s)
            join trips t on t.id = trip_id where arrived_at < coalesce(before, departed_at) or left_at < arrived_at or left_at >= returned_at
    """
    assert one(rows, sql) == 0
    assert (
        one(
            rows,
            "select count(*) from trips t join (select trip_id, count(*) as n from stops group by 1) s on s.trip_id = t.id where n <> stop_count",
        )
        == 0
    )


def test_a_vehicle_is_on_one_trip_at_a_time_and_on_working_days(rows: Rows) -> None:
    sql = "select count(*) from (select departed_at, lag(returned_at) over (partition by vehicle_id order by departed_at) as before from trips) where departed_at <= before"
    assert one(rows, sql) == 0
    assert (
        one(
            rows,
            "select count(*) from trips where isodow(departed_at) > 5 or returned_at >= '2026-01-01' or returned_at::date <> departed_at::date",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select count(*) from trips t join vehicles v on v.id = vehicle_id join drivers d on d.id = driver_id where v.id <> d.vehicle_id or t.depot_id <> v.depot_id or hired_on > departed_at or registered_on > departed_at",
        )
        == 0
    )
    hours = dict(rows.execute("select hour(departed_at), count(*) from trips group by 1").fetchall())
    assert hours[8] > hours[10] > hours.get(11, 0)
    assert hours[13] > hours[11]


def test_odometers_are_sums_and_never_fall(rows: Rows) -> None:
    sql = "select count(*) from (select odometer_start, odometer_end, distance_km, lag(odometer_end) over (partition by vehicle_id order by departed_at) as before from trips) where odometer_start <> before or odometer_end - odometer_start <> distance_km"
    assert one(rows, sql) == 0
    sql = "select count(*) from vehicles v join (select vehicle_id, max(odometer_end) as last from trips group by 1) t on t.vehicle_id = v.id where odometer_km <> last"
    assert one(rows, sql) == 0
    sql = "select count(*) from (select odometer_km, lag(odometer_km) over (partition by vehicle_id order by recorded_at) as before from positions p join trips t on t.id = trip_id) where odometer_km < before"
    assert one(rows, sql) == 0
    assert (
        one(
            rows,
            "select count(*) from positions p join trips t on t.id = trip_id where odometer_km not between odometer_start and odometer_end",
        )
        == 0
    )


def test_roads_are_somewhat_longer_than_the_way_of_a_bird(rows: Rows) -> None:
    """Stop to stop, from the depot to the first one, and home from the last."""
    legs = """
        with legs as (select s.leg_km, s.latitude as b, s.longitude as p, coalesce(lag(s.latitude) over w, d.latitude) as a, coalesce(lag(s.longitude) over w, d.longitude) as o
            from stops s join trips t on t.id = trip_id join depots d on d.id = depot_id window w as (partition by trip_id order by stop_number))
    """
    bird = APART.format(a="a", o="o", b="b", p="p")
    assert (
        one(
            rows,
            f"{legs} select count(*) from legs where leg_km > 1 and leg_km * 1000 / ({bird}) not between 1.03 and 1.95",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select min(distance_km - legs) from trips t join (select trip_id, sum(leg_km) as legs from stops group by 1) s on s.trip_id = t.id",
        )
        > 0
    )


def test_minutes_follow_from_kilometres_and_traffic(rows: Rows) -> None:
    trips = "select distance_km, date_diff('minute', departed_at, returned_at) as minutes, stop_count from trips"
    assert one(rows, f"select corr(distance_km, minutes) from ({trips})") > 0.7
    assert 15 < one(rows, f"select median(60 * distance_km / minutes) from ({trips})") < 45
    pace = (
        "select sum(speed_kmh) / count(*) from positions p join stops s on s.id = stop_id where hour(planned_at) in {}"
    )
    assert one(rows, pace.format("(7, 8, 16, 17)")) < 0.88 * one(rows, pace.format("(10, 11, 12, 13, 14)"))
    assert one(rows, "select max(speed_kmh) from positions") <= 130


def test_deliveries_are_late_when_traffic_is(rows: Rows) -> None:
    assert 0.6 < one(rows, "select avg(on_time::int) from stops") < 0.95
    early = "select avg(on_time::int) from stops where stop_number {}"
    assert one(rows, early.format("<= 2")) > 0.03 + one(rows, early.format(">= 9"))
    mean = "select avg(on_time::int) from stops s join trips t on t.id = trip_id where hour(departed_at) {}"
    assert one(rows, mean.format("between 10 and 14")) > one(rows, mean.format("between 7 and 8"))
    assert (
        one(rows, "select count(*) from stops where on_time <> (arrived_at <= planned_at + interval 20 minutes)") == 0
    )
    assert one(rows, "select count(*) from stops where signed_by is not null and result <> 'delivered'") == 0


def test_fuel_follows_kilometres(rows: Rows) -> None:
    per_trip = "select 100 * fuel_litres / distance_km / litres_per_100_km as ratio from trips t join vehicles v on v.id = vehicle_id"
    assert one(rows, f"select count(*) from ({per_trip}) where ratio not between 0.8 and 1.25") == 0
    sql = """
        select sum(f.litres) / sum(t.litres) from (select vehicle_id, sum(litres) as litres from fuel_purchases group by 1) f
            join (select vehicle_id, sum(fuel_litres) as litres from trips group by 1) t using (vehicle_id)
    """
    assert 0.9 < one(rows, sql) < 1.02
    assert (
        one(
            rows,
            "select count(*) from fuel_purchases f join vehicles v on v.id = vehicle_id where litres > tank_litres or total <> round(litres * price_per_litre, 2)",
        )
        == 0
    )
    days = "select filled_at::date as day, avg(price_per_litre) as price from fuel_purchases group by 1"
    assert (
        one(
            rows,
            f"select corr(price, before) from (select price, lag(price) over (order by day) as before from ({days}))",
        )
        > 0.4
    )
    assert one(rows, "select min(price_per_litre) from fuel_purchases") > 1.3


def test_services_come_every_ten_thousand_kilometres(rows: Rows) -> None:
    assert one(rows, "select count(*) from maintenance") >= 8
    sql = "select count(*) from maintenance m join trips t on t.id = trip_id where m.odometer_km <> odometer_end or floor(odometer_end / 10000) = floor(odometer_start / 10000) or done_at < returned_at"
    assert one(rows, sql) == 0
    assert one(rows, "select count(distinct work) from maintenance") >= 2
    due = "select count(*) from trips where floor(odometer_end / 10000) > floor(odometer_start / 10000)"
    assert one(rows, due) == one(rows, "select count(*) from maintenance")


def test_positions_lie_between_the_stops(rows: Rows) -> None:
    sql = """
        with legs as (select s.id, s.arrived_at, s.latitude as b, s.longitude as p, coalesce(lag(s.latitude) over w, d.latitude) as a, coalesce(lag(s.longitude) over w, d.longitude) as o,
            coalesce(lag(s.left_at) over w, t.departed_at) as began from stops s join trips t on t.id = trip_id join depots d on d.id = depot_id window w as (partition by trip_id order by stop_number))
        select count(*) from positions x join legs on legs.id = stop_id where recorded_at not between began - interval 1 second and arrived_at + interval 1 second
            or latitude not between least(a, b) - 0.0001 and greatest(a, b) + 0.0001 or longitude not between least(o, p) - 0.0001 and greatest(o, p) + 0.0001
    """
    assert one(rows, sql) == 0


def test_headings_point_to_the_next_stop(rows: Rows) -> None:
    bearing = "degrees(atan2((s.longitude - p.longitude) * cos(radians(p.latitude)), s.latitude - p.latitude))"
    off = f"abs((heading - {bearing} + 900) % 360 - 180)"
    far = "abs(s.latitude - p.latitude) + abs(s.longitude - p.longitude) > 0.005"
    assert one(rows, f"select max({off}) from positions p join stops s on s.id = stop_id where {far}") < 25
    assert one(rows, "select count(*) from positions where heading not between 0 and 359") == 0


def test_vehicles_have_right_numbers_and_loads_follow_parcels(rows: Rows) -> None:
    assert one(rows, "select count(*) from vehicles where not regexp_full_match(vin, '[A-HJ-NPR-Z0-9]{17}')") == 0
    assert one(rows, "select corr(parcels, ln(weight_kg)) from stops") > 0.35
    assert (
        one(
            rows,
            "select count(*) from drivers d join vehicles v on v.id = vehicle_id where model = 'box truck' and license_class <> 'C1'",
        )
        == 0
    )


def test_a_fleet_has_busy_vehicles_and_reserves_and_a_season(rows: Rows) -> None:
    used = "select count(*) as n, row_number() over (order by count(*) desc) as place from trips group by vehicle_id"
    assert one(rows, f"select sum(n) filter (place <= 6) / sum(n) from ({used})") > 0.4
    assert one(rows, f"select count(*) from ({used}) where n <= 30") >= 5
    assert not one(
        rows,
        "select count(*) from (select vehicle_id from trips group by vehicle_id, departed_at::date having count(*) > 1)",
    )
    by_month = dict(
        rows.execute(
            "select month(departed_at), count(*) from trips where month(departed_at) > 5 group by 1"
        ).fetchall()
    )
    assert len(by_month) == 7
    assert by_month[12] == max(by_month.values()) < 2 * min(by_month.values())
    assert not one(
        rows, "select count(*) from trips where strftime(departed_at, '%m-%d') in ('10-03', '12-25', '12-26')"
    )


def test_tractors_go_far_to_few_and_unload_long(rows: Rows) -> None:
    sql = """
        select model = 'tractor unit', median(distance_km), median(stop_count), median(60 * distance_km / date_diff('minute', departed_at, returned_at)),
            (select median(epoch(left_at - arrived_at)) from stops s join trips t on t.id = trip_id join vehicles w on w.id = vehicle_id
                where (w.model = 'tractor unit') = (v.model = 'tractor unit'))
        from trips join vehicles v on v.id = vehicle_id group by v.model = 'tractor unit' order by 1
    """
    (_, near, many, slow, brief), (_, far, few, fast, long) = rows.execute(sql).fetchall()
    assert far > 2 * near
    assert few * 3 <= many
    assert fast > 1.3 * slow
    assert long > 3 * brief


def test_loads_fit_and_cost_fuel(rows: Rows) -> None:
    sql = "select {} from trips t join vehicles v on v.id = vehicle_id"
    assert one(rows, sql.format("max(load_kg / payload_kg)")) <= 1.001
    assert one(rows, sql.format("corr(fuel_litres / distance_km / litres_per_100_km, load_kg / payload_kg)")) > 0.2
    assert (
        one(
            rows,
            "select count(*) from trips t where load_kg <> (select sum(weight_kg) from stops where trip_id = t.id)",
        )
        == 0
    )
    assert not one(
        rows,
        "select count(*) from stops s join trips t on t.id = trip_id join vehicles v on v.id = vehicle_id where model not like '%van' and result like '%neighbor'",
    )


def test_drivers_are_of_age_and_keep_their_hours(rows: Rows) -> None:
    assert one(rows, "select count(*) from drivers where hired_on < birth_date + interval 18 year") == 0
    assert (
        one(rows, "select count(*) from trips join drivers d on d.id = driver_id where departed_at::date < hired_on")
        == 0
    )
    weeks = "select sum(epoch(returned_at - departed_at)) / 3600 h from trips group by driver_id, date_trunc('week', departed_at)"
    assert one(rows, f"select max(h) from ({weeks})") < 56


def test_pump_and_load_sums_agree(rows: Rows) -> None:
    assert one(rows, "select count(*) from fuel_purchases where abs(total - litres * price_per_litre) > 0.006") == 0
    assert (
        one(rows, "select count(*) from fuel_purchases join vehicles v on v.id = vehicle_id where litres > tank_litres")
        == 0
    )
    assert (
        one(
            rows,
            "select count(*) from trips t join (select trip_id, sum(weight_kg) w from stops group by 1) on trip_id = t.id where abs(w - load_kg) > 0.2",
        )
        == 0
    )
    assert one(rows, "select count(*) from stops where (signed_by is not null) and result <> 'delivered'") == 0


def test_more_parcels_take_longer_at_the_door(rows: Rows) -> None:
    sql = "select median(epoch(left_at - arrived_at)) from stops where parcels"
    assert one(rows, f"{sql} = 1") < one(rows, f"{sql} between 3 and 6") < one(rows, f"{sql} >= 10")
