"""What an analyst asks of a shop's rows first: revenue, retention, baskets, hours, margins; and what its people say."""

from __future__ import annotations

import itertools

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return connection("shop", request.param)


def test_orders_per_customer_are_skewed(rows: Rows) -> None:
    """Many who came once or twice, and regulars: the variance far above the mean, a top tenth with a third of all."""
    counts = "select count(o.id) as n from customers c left join orders o on o.customer_id = c.id group by c.id"
    assert one(rows, f"select var_samp(n) / avg(n) from ({counts})") > 5
    top = f"select sum(n) filter (place <= 100) / sum(n) from (select n, row_number() over (order by n desc) place from ({counts}))"
    assert 0.25 < one(rows, top) < 0.5
    assert one(rows, f"select quantile_cont(n, 0.99) from ({counts})") < 100


def test_retention_has_no_cliff(rows: Rows) -> None:
    sql = """
        with months as (select date_diff('day', created_at, ordered_at) // 30 as month, customer_id
            from customers c join orders o on o.customer_id = c.id where created_at < '2024-07-01')
        select month, count(distinct customer_id) as n from months where month < 18 group by 1 order by 1
    """
    active = [n for _, n in rows.execute(sql).fetchall()]
    assert len(active) == 18
    quarters = [sum(active[start : start + 3]) for start in range(0, 18, 3)]
    assert quarters == sorted(quarters, reverse=True), "fewer come back, quarter by quarter"
    assert all(after > 0.6 * before for before, after in itertools.pairwise(quarters)), "and none stays away at once"


def test_sales_grow_and_do_not_fall_at_the_end(rows: Rows) -> None:
    sql = "select year(ordered_at), sum(total) from orders group by 1 order by 1"
    years = [float(total) for _, total in rows.execute(sql).fetchall()]
    assert years == sorted(years)
    quarters = "select date_trunc('quarter', ordered_at) q, sum(total) from orders where ordered_at >= '2025-01-01' group by 1 order by 1"
    last = [float(total) for _, total in rows.execute(quarters).fetchall()]
    assert 0.8 < last[3] / last[2] < 1.35


def test_the_day_has_breakfast_and_lunch_and_no_night(rows: Rows) -> None:
    by_hour = dict(rows.execute("select hour(ordered_at), count(*) from orders group by 1").fetchall())
    assert not any(by_hour.get(hour) for hour in (*range(6), *range(21, 24)))
    assert by_hour[12] == max(by_hour.values())
    assert by_hour[8] > by_hour[10] > by_hour[18]


def test_weekends_are_quieter(rows: Rows) -> None:
    days = dict(rows.execute("select isodow(ordered_at), count(*) from orders group by 1").fetchall())
    assert days[7] < days[6] < min(days[day] for day in range(1, 6))


def test_gaps_between_a_customers_orders_are_uneven(rows: Rows) -> None:
    sql = """
        with gaps as (select customer_id, epoch(ordered_at - lag(ordered_at) over (partition by customer_id order by ordered_at)) as gap
            from orders)
        select median(v) from (select stddev(gap) / avg(gap) as v from gaps where gap is not null group by customer_id having count(*) >= 8)
    """
    assert one(rows, sql) > 0.7


def test_nobody_orders_before_joining_or_before_the_store_opens(rows: Rows) -> None:
    sql = """
        select count(*) from orders o join customers c on c.id = o.customer_id join stores s on s.id = o.store_id
        where o.ordered_at < c.created_at or o.ordered_at < s.opened_on or o.ordered_at >= '2026-01-01'
    """
    assert one(rows, sql) == 0


def test_people_eat_in_their_city(rows: Rows) -> None:
    cities = "select customer_id, count(distinct store_id) n from orders group by 1"
    assert one(rows, f"select max(n) from ({cities})") == 1
    sql = "select count(*) from orders o join customers c on c.id = o.customer_id join stores s on s.id = o.store_id where c.city <> s.city"
    assert one(rows, sql) == 0


def test_every_total_is_its_lines(rows: Rows) -> None:
    sql = """
        select count(*) from orders o join stores s on s.id = o.store_id join
            (select order_id, sum(quantity * unit_price) as lines from order_items group by 1) i on i.order_id = o.id
        where o.subtotal <> lines or o.tax <> round(o.subtotal * s.tax_rate, 2) or o.total <> o.subtotal + o.tax
    """
    assert one(rows, sql) == 0


def test_baskets_are_small_and_some_large(rows: Rows) -> None:
    lines = "select order_id, count(*) n from order_items group by 1"
    assert 1.5 < one(rows, f"select avg(n) from ({lines})") < 2.2
    assert one(rows, f"select avg((n = 1)::int) from ({lines})") > 0.45
    assert one(rows, f"select max(n) from ({lines})") >= 5


def test_products_earn_money_and_supplies_make_sense(rows: Rows) -> None:
    margins = "select p.sku, min(p.price) - sum(s.cost) as margin, min(p.price) price from products p join supplies s using (sku) group by 1"
    assert one(rows, f"select count(*) from ({margins}) where margin / price not between 0.4 and 0.9") == 0
    assert one(rows, "select count(*) from (select sku, name from supplies group by all having count(*) > 1)") == 0
    assert (
        one(
            rows,
            "select count(*) from supplies where is_perishable and name similar to '%(cup|bag|napkin|sugar|mustard)%'",
        )
        == 0
    )


def test_tweets_come_after_joining_and_rarely_repeat(rows: Rows) -> None:
    sql = "select count(*) from tweets t join customers c on c.id = t.customer_id where tweeted_at < created_at"
    assert one(rows, sql) == 0
    assert one(rows, "select count(distinct content) / count(*) from tweets") > 0.6
    assert one(rows, "select count(*) from tweets where content like '%the the %' or length(content) < 15") == 0


LINES = "orders o join order_items i on i.order_id = o.id join products p using (sku)"


def test_no_product_comes_twice_in_an_order(rows: Rows) -> None:
    assert (
        one(rows, "select count(*) from (select order_id, sku from order_items group by all having count(*) > 1)") == 0
    )


def test_breakfast_is_eaten_in_the_morning_and_lunch_at_noon(rows: Rows) -> None:
    share = f"select avg((sku = '{{}}')::int) from {LINES} where hour(ordered_at)"
    assert one(rows, f"{share.format('SND-001')} < 10") > 5 * one(rows, f"{share.format('SND-001')} >= 10")
    assert one(rows, f"{share.format('SND-004')} between 10 and 14") > 4 * one(rows, f"{share.format('SND-004')} < 10")
    assert one(rows, f"{share.format('SWT-001')} >= 15") > 1.4 * one(
        rows, f"{share.format('SWT-001')} between 10 and 14"
    )
    spent = "select avg(total) from orders where hour(ordered_at)"
    assert one(rows, f"{spent} between 11 and 13") > one(rows, f"{spent} < 10")


def test_cold_drinks_are_for_summer(rows: Rows) -> None:
    share = f"select avg((sku in ('DRK-002', 'DRK-003', 'DRK-004'))::int) from {LINES} where kind = 'drink' and month(ordered_at)"
    assert one(rows, f"{share} between 6 and 8") > 1.3 * one(rows, f"{share} not between 6 and 8")


def test_a_sandwich_mostly_goes_with_a_drink(rows: Rows) -> None:
    sql = f"""select avg((drinks > 0)::int) from (select count(*) filter (kind = 'drink') drinks, count(*) n,
        count(*) filter (kind = 'sandwich') sandwiches from {LINES} group by o.id) where n > 1 and sandwiches > 0"""
    assert one(rows, sql) > 0.65


def test_customers_have_a_usual(rows: Rows) -> None:
    """A product that their first line is far more often than the shop's: for a third of orders by choice."""
    sql = f"""with first as (select customer_id, sku, count(*) n from {LINES} where line = 1 group by all),
        people as (select customer_id, max(n) / sum(n) as share, sum(n) as n from first group by 1)
        select avg(share) from people where n >= 20"""
    shop = f"select max(n) / sum(n) from (select count(*) n from {LINES} where line = 1 group by sku)"
    assert one(rows, sql) > 1.25 * one(rows, shop)


def test_promotions_have_their_time_and_reason(rows: Rows) -> None:
    sql = "select min(ordered_at) >= '2025-06-01' and max(ordered_at) < '2025-09-01' from orders where promotion = 'SUMMER25'"
    assert one(rows, sql)
    visits = (
        "select promotion, row_number() over (partition by customer_id order by ordered_at) % 10 as visit from orders"
    )
    assert one(rows, f"select count(*) from ({visits}) where promotion = 'TENTHCOFFEE' and visit <> 0") == 0
    friends = """select count(*) from orders o where promotion = 'BRINGAFRIEND'
        and (select count(*) from order_items where order_id = o.id) < 2"""
    assert one(rows, friends) == 0
    assert 0.06 < one(rows, "select avg((promotion is not null)::int) from orders") < 0.2


def test_the_shop_is_shut_on_great_holidays(rows: Rows) -> None:
    sql = "select count(*) / (select count(*) / 365 from orders) from orders where strftime(ordered_at, '%m-%d') ="
    assert one(rows, f"{sql} '12-25'") < 0.3
    assert one(rows, f"{sql} '01-01'") < 0.3


def test_prices_rise_from_year_to_year_to_those_of_the_menu(rows: Rows) -> None:
    sql = f"select sku, year(ordered_at), min(unit_price), max(unit_price), any_value(p.price) from {LINES} group by all order by 1, 2"
    for _, group in itertools.groupby(rows.execute(sql).fetchall(), key=lambda row: row[0]):
        prices = list(group)
        assert all(low == high for *_, low, high, _ in prices), "one price in a year"
        assert [low for _, _, low, _, _ in prices] == sorted(low for _, _, low, _, _ in prices)
        assert prices[-1][2] == prices[-1][4]
        assert prices[0][2] < prices[-1][2]


def test_notes_are_what_one_says_of_the_product(rows: Rows) -> None:
    sql = f"select count(*) from {LINES} where"
    assert (
        one(rows, f"{sql} note in ('oat milk', 'extra shot', 'half sugar') and sku not in ('DRK-001', 'DRK-002')") == 0
    )
    assert one(rows, f"{sql} note in ('no onions', 'toasted', 'extra cheese') and kind <> 'sandwich'") == 0
    assert one(rows, f"{sql} note = 'warmed up' and kind <> 'sweet' or note = 'no ice' and kind <> 'drink'") == 0
    assert one(rows, f"select count(distinct note) from {LINES} where kind = 'sandwich'") == 6


def test_who_tweets_has_bought_what_the_tweet_is_about(rows: Rows) -> None:
    sql = f"""select count(*) from tweets t where not exists (select 1 from {LINES} where o.customer_id = t.customer_id
        and o.ordered_at < t.tweeted_at and (t.content like '%' || replace(p.name, 'the ', '') || '%'))"""
    assert one(rows, sql) == 0
    assert one(rows, "select max(n) from (select count(*) n from tweets group by customer_id)") < 20
    assert one(rows, "select count(*) from tweets where tweeted_at >= '2026-01-01'") == 0


def test_most_come_again_and_new_ones_bring_ever_less_of_the_orders(rows: Rows) -> None:
    counts = "select count(o.id) n from customers c left join orders o on o.customer_id = c.id group by c.id"
    assert 0.7 < one(rows, f"select avg((n > 1)::int) from ({counts})") < 0.9
    sql = """select avg((visit = 1)::int) from (select ordered_at,
        row_number() over (partition by customer_id order by ordered_at) visit from orders) group by year(ordered_at) order by year(ordered_at)"""
    shares = [share for (share,) in rows.execute(sql).fetchall()]
    assert shares[0] > shares[1] > shares[-1]
    assert 0.04 < shares[-1] < 0.1


def test_stores_open_later_sell_less_and_few_orders_are_undone(rows: Rows) -> None:
    by_store = [n for _, n in rows.execute("select store_id, count(*) from orders group by 1 order by 1").fetchall()]
    assert by_store == sorted(by_store, reverse=True)
    undone = one(rows, "select avg((status = 'cancelled')::int) from orders")
    refunded = one(rows, "select avg((status = 'refunded')::int) from orders")
    assert 0.02 < undone < 0.05
    assert 0.004 < refunded < 0.02
