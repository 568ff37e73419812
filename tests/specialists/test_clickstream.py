"""What an analyst of web traffic asks first: the funnel, devices, hours, sources, lengths of sessions, pages."""

from __future__ import annotations

import ipaddress
import itertools

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


def test_no_page_is_looked_at_twice_in_a_row(rows: Rows) -> None:
    sql = """select count(*) from (select *, lag(page) over w before, lag(kind) over w kind_before from events
        window w as (partition by session_id order by number)) where page = before and kind = kind_before"""
    assert one(rows, sql) == 0


def test_what_goes_into_the_cart_was_looked_at_just_before(rows: Rows) -> None:
    sql = """select count(*) from (select *, lag(page) over (partition by session_id order by number) before from events)
        where kind = 'add_to_cart' and before is distinct from page"""
    assert one(rows, sql) == 0


def test_searches_and_advertisements_land_on_products_and_direct_visits_at_the_front_door(rows: Rows) -> None:
    sql = "from events join sessions s on s.id = session_id where number = 1"
    product, front = (f"select avg((page {which})::int) {sql}" for which in ("like '/p/%'", "= '/'"))
    assert one(rows, f"{product} and source in ('search', 'ads')") > 2 * one(rows, f"{product} and source = 'direct'")
    assert one(rows, f"{front} and source = 'direct'") > 0.6
    assert one(rows, f"{front} and source = 'email'") < 0.4


def test_newsletters_and_purchases_need_an_address(rows: Rows) -> None:
    sql = "select count(*) from sessions s join visitors v on v.id = visitor_id where v.email is null and"
    assert one(rows, f"{sql} source = 'email'") == 0
    assert one(rows, f"{sql} reached = 'purchase'") == 0
    assert 0.2 < one(rows, "select avg((email is not null)::int) from visitors") < 0.5


def test_those_who_come_back_come_directly(rows: Rows) -> None:
    visits = "select source, row_number() over (partition by visitor_id order by started_at) visit from sessions"
    direct, search = (
        f"select avg((source = '{source}')::int) from ({visits}) where visit" for source in ("direct", "search")
    )
    assert one(rows, f"{direct} > 1") > 1.6 * one(rows, f"{direct} = 1")
    assert one(rows, f"{search} > 1") < 0.8 * one(rows, f"{search} = 1")


def test_addresses_are_of_the_visitors_country(rows: Rows) -> None:
    sql = "select split_part(ip, '.', 1) net, count(distinct country_code) n from sessions join visitors v on v.id = visitor_id group by 1"
    assert one(rows, f"select max(n) from ({sql})") == 1
    assert one(rows, "select max(n) from (select count(distinct ip) n from sessions group by visitor_id)") == 1


def test_telephones_are_those_of_the_country(rows: Rows) -> None:
    sql = "select avg((user_agent like '%iPhone%')::int) from visitors where device = 'mobile' and country_code"
    assert one(rows, f"{sql} in ('US', 'GB', 'CA', 'AU', 'IE')") > 1.3 * one(
        rows, f"{sql} in ('DE', 'FR', 'NL', 'IN', 'BR')"
    )


def test_visits_are_apart_and_do_not_heap_up_at_the_end(rows: Rows) -> None:
    gaps = "select started_at - lag(ended_at) over (partition by visitor_id order by started_at) gap from sessions"
    assert one(rows, f"select avg((gap < interval 30 minute)::int) from ({gaps})") < 0.02
    months = [
        n
        for _, n in rows.execute(
            "select date_trunc('month', started_at), count(*) from sessions group by 1 order by 1"
        ).fetchall()
    ]
    assert len(months) == 6
    assert all(after < 1.6 * before for before, after in itertools.pairwise(months[1:]))
    assert months[-1] > months[1]


def test_a_bounce_is_one_page_and_social_bounces_most(rows: Rows) -> None:
    sql = "select source, avg((event_count = 1)::int) from sessions group by 1 order by 2 desc"
    assert rows.execute(sql).fetchall()[0][0] == "social"
    assert (
        one(
            rows,
            "select count(*) from sessions s where event_count <> (select count(*) from events where session_id = s.id)",
        )
        == 0
    )
    assert one(rows, "select count(*) from sessions where (event_count = 1) <> (reached = 'landing')") == 0


def test_pages_take_their_time_and_people_differ(rows: Rows) -> None:
    gaps = "select epoch(occurred_at - lag(occurred_at) over (partition by session_id order by number)) s from events"
    median, late, longest = rows.execute(f"select median(s), quantile_cont(s, 0.95), max(s) from ({gaps})").fetchall()[
        0
    ]
    assert 12 < median < 45
    assert 3 * median < late < 10 * median
    assert longest < 1800


def test_carts_are_left_more_often_on_the_telephone_and_a_few_products_sell_most(rows: Rows) -> None:
    left = "select avg((reached <> 'purchase')::int) from sessions where reached in ('cart', 'checkout', 'purchase') and device"
    assert one(rows, f"{left} = 'mobile'") > one(rows, f"{left} = 'desktop'")
    assert 0.55 < one(rows, f"{left} <> ''") < 0.9
    views = (
        "select page, count(*) n from events where page like '/p/%' and kind = 'page_view' group by 1 order by 2 desc"
    )
    assert rows.execute(views).fetchall()[0][0] == "/p/1042"
    assert 0.2 < one(rows, f"select max(n) / sum(n) from ({views})") < 0.45


def test_weekends_are_quieter(rows: Rows) -> None:
    days = dict(rows.execute("select isodow(started_at), count(*) from sessions group by 1").fetchall())
    assert days[6] + days[7] < 0.75 * (days[1] + days[2])
