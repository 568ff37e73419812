"""What a shop's owner and its analyst ask: numbers, seasons, who comes again, prices, weights, baskets, parcels, refunds."""

from __future__ import annotations

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection

THINGS = "select p.*, min(v.price)::double as price, min(v.grams) as grams from products p join product_variants v on v.product_id = p.id group by all"


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return connection("shopify", request.param)


def test_order_numbers_count_orders_in_order_of_time(rows: Rows) -> None:
    assert rows.execute("select min(order_number), max(order_number) - count(*) from orders").fetchone() == (1001, 1000)
    assert one(rows, "select count(distinct order_number) = count(*) from orders")
    sql = "select count(*) from (select created_at, lag(created_at) over (order by order_number) as before from orders) where created_at < before"
    assert one(rows, sql) == 0


def test_november_and_december_are_the_strongest_months(rows: Rows) -> None:
    for year in (2024, 2025):
        sql = f"select month(created_at - interval 6 hours), count(*) from orders where year(created_at - interval 6 hours) = {year} group by 1"
        by_month = dict(rows.execute(sql).fetchall())
        usual = sum(by_month[month] for month in range(1, 11)) / 10
        assert by_month[11] > 1.3 * usual
        assert by_month[12] > 1.3 * usual
        assert by_month[11] > 1.15 * by_month[10]
    assert (
        one(
            rows,
            "select count(*) filter (year(created_at) = 2025) / count(*) filter (year(created_at) = 2024) from orders",
        )
        > 1.3
    )


def test_people_buy_after_dinner_and_not_at_night(rows: Rows) -> None:
    by_hour = "select hour(timezone('America/Chicago', created_at)) as h from orders"
    assert one(rows, f"select avg((h between 19 and 21)::int) / avg((h between 2 and 4)::int) from ({by_hour})") > 8


def test_most_buyers_come_once_and_a_few_again_and_again(rows: Rows) -> None:
    counts = "select count(*) as n from orders group by customer_id"
    assert 0.3 < one(rows, f"select avg((n > 1)::int) from ({counts})") < 0.5
    assert one(rows, f"select var_samp(n) / avg(n) from ({counts})") > 4
    ten = f"select sum(n) filter (place <= 0.1 * many) / sum(n) from (select n, row_number() over (order by n desc) as place, count(*) over () as many from ({counts}))"
    assert 0.35 < one(rows, ten) < 0.65
    assert one(rows, f"select max(n) from ({counts})") <= 40


def test_customers_count_what_they_ordered_and_spent(rows: Rows) -> None:
    sql = """
        select count(*) from customers c left join (select customer_id, count(*) as n, min(created_at) as first_at,
            sum(case when financial_status not in ('voided', 'pending', 'authorized') then current_total_price else 0 end) as spent
            from orders group by 1) o on o.customer_id = c.id
        where c.orders_count <> coalesce(n, 0) or c.total_spent <> coalesce(spent, 0) or c.created_at >= first_at
    """
    assert one(rows, sql) == 0
    assert 0.1 < one(rows, "select avg((orders_count = 0)::int) from customers") < 0.35


def test_prices_belong_to_what_is_sold(rows: Rows) -> None:
    sql = f"select product_type, median(price) from ({THINGS}) group by 1"
    price = dict(rows.execute(sql).fetchall())
    assert price["Furniture"] > 2 * price["Clothing"] > 2.4 * price["Grocery"]
    bounds = {
        "Lip Balm": (3, 12),
        "Ballpoint Pen": (3, 13),
        "Socks": (6, 24),
        "Bookcase": (90, 320),
        "Monitor": (120, 420),
        "Hoodie": (30, 110),
    }
    for thing, (low, high) in bounds.items():
        assert (
            one(
                rows,
                f"select count(*) from ({THINGS}) where title like '% {thing}' and price not between {low} and {high}",
            )
            == 0
        )
    assert one(rows, "select count(*) from product_variants where compare_at_price <= price") == 0


def test_weights_belong_to_what_is_sent(rows: Rows) -> None:
    bounds = {
        "Pruning Shears": (150, 450),
        "Lip Balm": (10, 30),
        "Smartwatch": (40, 130),
        "Bed Frame": (15000, 45000),
        "T-Shirt": (110, 300),
    }
    for thing, (low, high) in bounds.items():
        assert (
            one(
                rows,
                f"select count(*) from ({THINGS}) where title like '% {thing}' and grams not between {low} and {high}",
            )
            == 0
        )
    assert (
        one(
            rows,
            f"select median(grams) filter (product_type = 'Furniture') / median(grams) filter (product_type = 'Clothing') from ({THINGS})",
        )
        > 15
    )
    assert one(rows, "select max(abs(weight - grams / 453.592)) from product_variants") < 0.006


def test_the_dearer_the_fewer(rows: Rows) -> None:
    sql = "select case when price < 15 then 0 when price < 40 then 1 when price < 100 then 2 else 3 end as band, avg(quantity) from order_line_items group by 1 order by 1"
    means = [mean for _, mean in rows.execute(sql).fetchall()]
    assert means == sorted(means, reverse=True)
    assert means[0] > 1.4
    assert means[-1] < 1.15
    assert one(rows, "select corr(ln(price), quantity) from order_line_items") < -0.2


def test_totals_are_lines_less_discounts_with_shipping_and_tax(rows: Rows) -> None:
    sql = """
        select count(*) from orders o join (select order_id, sum(price * quantity) as lines, sum(grams * quantity) as grams
            from order_line_items group by 1) l on l.order_id = o.id
        where total_line_items_price <> lines or total_weight <> grams or subtotal_price <> lines - total_discounts
            or total_price <> subtotal_price + total_tax + cast(shipping_lines->0->>'price' as decimal(8, 2))
    """
    assert one(rows, sql) == 0
    assert 60 < one(rows, "select median(total_price) from orders") < 140


def test_discounts_are_some_and_fit_their_orders(rows: Rows) -> None:
    assert 0.1 < one(rows, "select avg((total_discounts > 0)::int) from orders") < 0.25
    coded = "select *, discount_codes->0->>'code' as code, row_number() over (partition by customer_id order by created_at) as nth from orders"
    assert one(rows, f"select count(*) from ({coded}) where code = 'WELCOME10' and nth > 1") == 0
    assert one(rows, f"select count(*) from ({coded}) where code = 'SPRING15' and month(created_at) not in (3, 4)") == 0
    assert (
        one(
            rows,
            f"select count(*) from ({coded}) where abs(total_line_items_price * right(code, 2)::int / 100 - total_discounts) > 0.0051",
        )
        == 0
    )


def test_a_few_per_cent_is_given_back_and_never_more_than_was_paid(rows: Rows) -> None:
    assert (
        0.03 < one(rows, "select avg((financial_status in ('refunded', 'partially_refunded'))::int) from orders") < 0.09
    )
    assert 0.01 < one(rows, "select avg((cancelled_at is not null)::int) from orders") < 0.04
    assert (
        one(rows, "select count(*) from orders where current_total_price < 0 or current_total_price > total_price") == 0
    )
    sql = """
        select count(*) from transactions t join orders o on o.id = t.order_id left join fulfillments f on f.order_id = o.id
        where t.kind = 'refund' and (t.created_at < o.created_at or t.created_at < f.created_at or t.amount > o.total_price)
    """
    assert one(rows, sql) == 0
    assert 0.02 < one(rows, "select avg((status = 'failure')::int) from transactions") < 0.09


def test_parcels_leave_on_working_days_soon_after_the_order(rows: Rows) -> None:
    sent = "select o.created_at as ordered, timezone('America/Chicago', f.created_at) as sent, epoch(f.created_at - o.created_at) / 3600 as hours, f.* from fulfillments f join orders o on o.id = f.order_id"
    assert one(rows, f"select count(*) from ({sent}) where isodow(sent) > 5 or hours < 0") == 0
    assert one(rows, f"select count(*) from ({sent}) where strftime(sent, '%m-%d') in ('12-25', '07-04', '01-01')") == 0
    assert 8 < one(rows, f"select median(hours) from ({sent})") < 48
    assert one(rows, f"select quantile_cont(hours, 0.95) from ({sent})") < 24 * 8
    weekend = f"select avg(hours) filter (isodow(ordered) > 5) / avg(hours) filter (isodow(ordered) <= 3) from ({sent})"
    assert one(rows, weekend) > 1.2
    assert one(rows, "select avg((fulfillment_status is null)::int) from orders where created_at < '2025-12-01'") < 0.05
    assert (
        one(rows, "select avg((shipment_status <> 'delivered')::int) from fulfillments where created_at < '2025-12-10'")
        == 0
    )


def test_what_is_ordered_by_telephone_is_more_and_came_from_no_page(rows: Rows) -> None:
    phone = "source_name = 'shopify_draft_order'"
    sql = f"select avg(total_price) filter ({phone}) / avg(total_price) filter (not {phone}) from orders"
    assert one(rows, sql) > 1.2
    assert (
        one(rows, f"select count(*) from orders where {phone} and (landing_site is not null or browser_ip is not null)")
        == 0
    )
    assert one(rows, "select avg((browser_ip is null)::int) from orders where source_name = 'web'") < 0.05


def test_pages_say_by_what_buyers_came(rows: Rows) -> None:
    sql = "select count(*) from orders where landing_site like '%gclid=%' and referring_site not like '%google%'"
    assert one(rows, sql) == 0
    assert (
        one(
            rows,
            "select count(*) from orders where landing_site like '%utm_source=newsletter%' and referring_site is not null",
        )
        == 0
    )
    assert one(rows, "select count(distinct landing_site) from orders where landing_site like '%gclid=%'") > 100


def test_a_few_products_sell_most_and_drafts_never(rows: Rows) -> None:
    sold = "select p.id, p.status, sum(l.quantity) as units from order_line_items l join products p on p.id = l.product_id group by all"
    top = f"select sum(units) filter (place <= 0.1) / sum(units) from (select units, percent_rank() over (order by units desc) as place from ({sold}))"
    assert 0.3 < one(rows, top) < 0.7
    assert one(rows, f"select count(*) from ({sold}) where status <> 'active'") == 0
    assert one(rows, "select count(*) from products where status = 'draft'") > 0


def test_what_is_worn_comes_in_sizes_and_most_else_as_it_is(rows: Rows) -> None:
    counts = "select p.product_type, count(*) as n from product_variants v join products p on p.id = v.product_id group by p.id, p.product_type"
    worn = "product_type in ('Clothing', 'Shoes')"
    assert one(rows, f"select min(n) from ({counts}) where {worn}") >= 4
    assert one(rows, f"select avg((n = 1)::int) from ({counts}) where not {worn}") > 0.5
    assert (
        one(
            rows,
            "select count(*) from (select 1 from product_variants group by product_id, option1 having count(*) > 1)",
        )
        == 0
    )


def test_a_lines_discount_is_its_part_of_the_orders(rows: Rows) -> None:
    sql = """select count(*) from orders o join (select order_id, sum(total_discount) as parts, min(total_discount) as least from order_line_items
        group by 1) l on l.order_id = o.id where parts <> total_discounts or least < 0"""
    assert one(rows, sql) == 0


def test_only_what_is_worn_does_not_fit(rows: Rows) -> None:
    sql = """select count(*) from orders o where json_extract_string(refunds, '$[0].note') = 'Did not fit' and not exists (from order_line_items l
        join products p on p.id = l.product_id where l.order_id = o.id and p.product_type in ('Clothing', 'Shoes'))"""
    assert one(rows, sql) == 0
    assert one(rows, "select count(*) from orders where json_extract_string(refunds, '$[0].note') = 'Did not fit'") > 2


def test_carriers_rest_on_sundays_and_bring_by_day(rows: Rows) -> None:
    sql = "select timezone('America/Chicago', updated_at) as brought from fulfillments where shipment_status = 'delivered'"
    assert one(rows, f"select avg((isodow(brought) = 7)::int) from ({sql})") < 0.03
    assert one(rows, f"select avg((hour(brought) between 7 and 20)::int) from ({sql})") > 0.85
    days = "select median(epoch(f.updated_at - f.created_at)) / 86400 from fulfillments f where shipment_status = 'delivered'"
    assert 2 < one(rows, days) < 7


def test_light_parcels_go_by_post(rows: Rows) -> None:
    sql = "select avg((tracking_company = 'USPS')::int) from fulfillments f join orders o on o.id = f.order_id where total_weight {} 1500"
    assert one(rows, sql.format("<")) > 2 * one(rows, sql.format(">="))
    assert 0.005 < one(rows, "select avg((tracking_number is null)::int) from fulfillments") < 0.1


def test_gift_cards_are_not_declined(rows: Rows) -> None:
    assert one(rows, "select count(*) from transactions where gateway = 'gift_card' and status = 'failure'") == 0


def test_the_busiest_hour_is_at_noon_and_the_evening_is_full(rows: Rows) -> None:
    hours = dict(
        rows.execute("select hour(timezone('America/Chicago', created_at)), count(*) from orders group by 1").fetchall()
    )
    assert max(hours, key=lambda hour: hours[hour]) in (10, 11, 12, 13, 14, 19, 20, 21)
    assert sum(hours[hour] for hour in (19, 20, 21)) > 0.12 * sum(hours.values())


COHORTS = """with o as (select customer_id, created_at, min(created_at) over (partition by customer_id) as first_at from orders),
    c as (select customer_id, datediff('day', first_at, created_at) // 90 as age from o where first_at < '2024-07-01')
    select age, count(distinct customer_id) from c where age < 7 group by 1 order by 1"""


def test_fewer_of_a_cohort_come_back_the_older_it_is(rows: Rows) -> None:
    kept = [count for _, count in rows.execute(COHORTS).fetchall()]
    assert kept[1] < 0.5 * kept[0]
    assert sum(kept[1:3]) > 1.25 * sum(kept[5:7])
    assert kept[6] > 0.03 * kept[0]


def test_who_comes_again_does_so_within_weeks_or_months(rows: Rows) -> None:
    waits = "select datediff('day', lag(created_at) over (partition by customer_id order by created_at), created_at) as days from orders"
    assert 7 < one(rows, f"select median(days) from ({waits})") < 60
    assert one(rows, f"select quantile_cont(days, 0.9) from ({waits})") > 80


def test_new_customers_are_won_in_each_quarter(rows: Rows) -> None:
    first = "select min(created_at) as first_at from orders group by customer_id"
    counts = [
        n
        for _, n in rows.execute(
            f"select date_trunc('quarter', first_at), count(*) from ({first}) group by 1 order by 1"
        ).fetchall()
    ]
    assert len(counts) == 8
    assert min(counts) > 0.25 * max(counts)


def test_nothing_is_sold_before_it_is_published_nor_a_price_cut_below_itself(rows: Rows) -> None:
    sold = "order_line_items l join orders o on o.id = l.order_id join products p on p.id = l.product_id"
    assert one(rows, f"select count(*) from {sold} where o.created_at < p.published_at") == 0
    assert one(rows, "select count(*) from product_variants where compare_at_price <= price") == 0


def test_open_states_are_of_the_last_days(rows: Rows) -> None:
    young = "(select max(created_at) - interval 10 days from orders)"
    assert (
        one(
            rows,
            f"select count(*) from orders where financial_status in ('pending', 'authorized') and created_at < {young}",
        )
        == 0
    )
    assert (
        one(
            rows,
            f"select count(*) from orders where fulfillment_status = 'partial' and created_at < {young} - interval 30 days",
        )
        < 8
    )


def test_whose_orders_were_declined_paid_at_last_or_never(rows: Rows) -> None:
    sql = """select count(*) from (select order_id, max(created_at) filter (status = 'failure') as no, min(created_at) filter (status <> 'failure') as yes
        from transactions where kind <> 'refund' group by 1) where no >= yes or yes is null"""
    assert one(rows, sql) == 0
    assert 0.03 < one(rows, "select avg((status = 'failure')::int) from transactions where kind <> 'refund'") < 0.1


def test_refunds_come_after_payments_and_are_no_more(rows: Rows) -> None:
    sql = """select count(*) from (select order_id, sum(amount) filter (kind = 'refund') as back, sum(amount) filter (kind <> 'refund' and status = 'success') as paid,
        min(created_at) filter (kind = 'refund') as later, min(created_at) as first_at from transactions group by 1) where back > paid or later < first_at"""
    assert one(rows, sql) == 0


def test_larger_baskets_are_cheaper_to_send(rows: Rows) -> None:
    free = "json_extract_string(shipping_lines, '$[0].price') = '0.00'"
    assert one(
        rows,
        f"select min(subtotal_price) filter ({free}) >= 75 and max(subtotal_price) filter (not {free}) < 75 from orders",
    )


def test_customers_live_where_people_do(rows: Rows) -> None:
    live = "select default_address.province_code as state, count(*) as n from customers where default_address is not null group by 1"
    top = [state for state, _ in rows.execute(f"select * from ({live}) order by n desc limit 4").fetchall()]
    assert len({"CA", "TX", "NY", "FL"} & set(top)) >= 2
    assert one(rows, f"select count(*) from ({live})") > 35


def test_friday_after_thanksgiving_is_the_best_day_or_near_it(rows: Rows) -> None:
    days = "select cast(created_at - interval 6 hours as date) as day, count(*) as n from orders where year(created_at) = 2025 group by 1"
    assert (
        one(
            rows,
            f"select rank from (select day, rank() over (order by n desc) as rank from ({days})) where day = '2025-11-28'",
        )
        <= 12
    )
