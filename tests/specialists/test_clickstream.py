"""What an analyst of web traffic asks first: the funnel, devices, hours, sources, lengths of sessions, pages."""

from __future__ import annotations

import ipaddress

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return connection("clickstream", request.param)


def test_the_funnel_narrows_and_no_step_is_left_out(rows: Rows) -> None:
    steps = """select session_id, bool_or(kind = 'add_to_cart') cart, bool_or(kind = 'checkout') checkout, bool_or(kind = 'purchase') bought
        from events group by 1"""
    carts, checkouts, bought, wrong = rows.execute(
        f"""select avg(cart::int), avg(checkout::int), avg(bought::int),
        count(*) filter (bought and not checkout or checkout and not cart) from ({steps})"""
    ).fetchall()[0]
    assert wrong == 0
    assert 0.10 < carts < 0.30
    assert 0.3 < checkouts / carts < 0.75
    assert 0.35 < bought / checkouts < 0.9
    assert 0.02 < bought < 0.09


def test_steps_come_in_order(rows: Rows) -> None:
    sql = """
        with places as (select session_id, min(number) filter (kind = 'add_to_cart') cart, min(number) filter (kind = 'checkout') checkout,
            min(number) filter (kind = 'purchase') bought, max(number) last from events group by 1)
        select count(*) from places where cart > checkout or checkout > bought or bought < last
    """
    assert one(rows, sql) == 0


def test_a_visitor_keeps_a_device_that_the_agent_names(rows: Rows) -> None:
    assert one(rows, "select max(n) from (select count(distinct device) n from sessions group by visitor_id)") == 1
    sql = """
        select count(*) from visitors where (device = 'mobile') <> (user_agent like '%Mobile%' and user_agent not like '%iPad%')
    """
    assert one(rows, sql) == 0
    sql = (
        "select count(*) from events e join sessions s on s.id = e.session_id where e.properties->>'device' <> s.device"
    )
    assert one(rows, sql) == 0


def test_mobile_and_social_convert_less(rows: Rows) -> None:
    rate = "avg((reached = 'purchase')::int)"
    assert one(rows, f"select {rate} filter (device = 'mobile') < {rate} filter (device = 'desktop') from sessions")
    assert one(
        rows,
        f"select {rate} filter (source = 'social') < {rate} filter (source in ('email', 'ads', 'search')) from sessions",
    )


def test_people_sleep_at_night(rows: Rows) -> None:
    by_hour = dict(rows.execute("select hour(started_at), count(*) from sessions group by 1").fetchall())
    night = sum(by_hour.get(hour, 0) for hour in range(1, 6))
    evening = sum(by_hour.get(hour, 0) for hour in range(18, 23))
    assert evening > 4 * night


def test_sessions_last_some_minutes_and_are_skewed(rows: Rows) -> None:
    seconds = "select epoch(max(occurred_at) - min(occurred_at)) s from events group by session_id having count(*) > 1"
    median, mean, longest = rows.execute(f"select median(s), avg(s), max(s) from ({seconds})").fetchall()[0]
    assert 45 < median < 400
    assert mean > 1.2 * median
    assert longest < 3 * 3600
    assert 0.25 < one(rows, "select avg((event_count = 1)::int) from sessions") < 0.6


def test_events_are_in_order_within_their_session(rows: Rows) -> None:
    sql = """
        select count(*) from (select e.*, s.started_at, s.ended_at, lag(occurred_at) over (partition by session_id order by number) before
            from events e join sessions s on s.id = session_id)
        where occurred_at < before or occurred_at not between started_at and ended_at or (number = 1 and occurred_at <> started_at)
    """
    assert one(rows, sql) == 0
    assert one(rows, "select max(occurred_at) <= timestamptz '2026-03-01 00:00:00+00' from events")


def test_first_seen_is_the_first_session(rows: Rows) -> None:
    sql = "select count(*) from visitors v where first_seen_at <> (select min(started_at) from sessions where visitor_id = v.id)"
    assert one(rows, sql) == 0


def test_pages_fit_their_events(rows: Rows) -> None:
    sql = """
        select count(*) from events where (kind = 'purchase') <> (page = '/checkout/thanks') or (kind = 'checkout') <> (page = '/checkout')
            or (kind = 'search') <> (page = '/search') or kind = 'add_to_cart' and page not like '/p/%'
            or (value is not null) <> (kind in ('add_to_cart', 'purchase'))
    """
    assert one(rows, sql) == 0
    sql = """
        with added as (select session_id, max(page) page, max(value) as price from events where kind = 'add_to_cart' group by 1),
            paid as (select session_id, max(value) as price from events where kind = 'purchase' group by 1)
        select count(*) from added join paid using (session_id) where added.price <> paid.price
    """
    assert one(rows, sql) == 0


def test_referrers_fit_sources(rows: Rows) -> None:
    sql = "select count(*) from sessions where (referrer is null) <> (source in ('direct', 'email')) or source = 'search' and referrer like '%instagram%'"
    assert one(rows, sql) == 0


def test_addresses_are_those_of_the_open_internet(rows: Rows) -> None:
    found = rows.execute("select distinct ip from sessions").fetchall()
    assert len(found) > 300
    assert all(ipaddress.ip_address(ip).is_global for (ip,) in found)


def test_those_who_come_back_buy_more(rows: Rows) -> None:
    visits = "select reached, row_number() over (partition by visitor_id order by started_at) as visit from sessions"
    bought = f"select avg((reached = 'purchase')::int) from ({visits}) where visit"
    assert one(rows, f"{bought} > 1") > 1.2 * one(rows, f"{bought} = 1")
