"""What those who know TPC-DS would look at: its calendar, its prices, returns of what was sold, and some of its queries."""

from __future__ import annotations

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection
DAY = "date '1900-01-02' + ({} - 2415022)"


@pytest.fixture(params=[None, 8], ids=["its own seed", "seed 8"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return connection("tpcds", request.param)


def none(rows: Rows, query: str) -> bool:
    return bool(one(rows, f"select count(*) from {query}") == 0)


def test_days_are_numbered_as_astronomers_do(rows: Rows) -> None:
    assert one(rows, "select count(*) from date_dim") == 73_049
    known = "select d_date_sk from date_dim where d_date in (date '1900-01-02', date '1970-01-01', date '2000-01-01', date '2100-01-01') order by 1"
    assert rows.execute(known).fetchall() == [(2_415_022,), (2_440_588,), (2_451_545,), (2_488_070,)]
    assert none(rows, "date_dim where d_date_sk <> julian(d_date)")
    wrong = "d_year <> year(d_date) or d_moy <> month(d_date) or d_dom <> day(d_date) or d_dow <> dayofweek(d_date) or d_day_name <> dayname(d_date)"
    assert none(rows, f"date_dim where {wrong} or (d_weekend = 'Y') <> (d_dow in (0, 6))")
    # 1998-01-04 was a Sunday, with which a week begins: 52 weeks of seven days.
    assert (
        one(
            rows,
            "select count(distinct d_week_seq) from date_dim where d_date between date '1998-01-04' and date '1999-01-02'",
        )
        == 52
    )
    assert one(rows, "select max(n) from (select count(*) n from date_dim group by d_week_seq)") == 7


def test_seconds_of_a_day(rows: Rows) -> None:
    assert one(rows, "select count(*) from time_dim") == 86_400
    assert none(
        rows,
        "time_dim where t_hour * 3600 + t_minute * 60 + t_second <> t_time_sk or (t_hour < 12) <> (t_am_pm = 'AM') or (t_hour = 12 and t_meal_time is distinct from 'lunch')",
    )


def test_demographics_are_all_combinations(rows: Rows) -> None:
    names = "cd_gender, cd_marital_status, cd_education_status, cd_purchase_estimate, cd_credit_rating, cd_dep_count"
    assert one(rows, f"select count(*) from (select distinct {names} from customer_demographics)") == 39_200
    assert one(rows, "select count(distinct cd_purchase_estimate) from customer_demographics") == 20


def test_facts_lead_to_dimensions(rows: Rows) -> None:
    for fact, day, second in [
        ("store_sales", "ss_sold_date_sk", "ss_sold_time_sk"),
        ("store_returns", "sr_returned_date_sk", "sr_return_time_sk"),
        ("web_sales", "ws_ship_date_sk", "ws_sold_time_sk"),
        ("inventory", "inv_date_sk", "0"),
        ("promotion", "p_end_date_sk", "0"),
    ]:
        assert none(rows, f"{fact} where {day} is not null and {day} not in (select d_date_sk from date_dim)"), fact
        assert none(rows, f"{fact} where {second} not in (select t_time_sk from time_dim)"), fact


@pytest.mark.parametrize("channel", ["ss", "ws"])
def test_prices_follow_from_cost_markup_and_discount(rows: Rows, channel: str) -> None:
    table = {"ss": "store_sales", "ws": "web_sales"}[channel]
    x = channel
    assert none(
        rows, f"{table} where {x}_wholesale_cost > {x}_list_price or {x}_list_price > 3 * {x}_wholesale_cost + 0.01"
    )
    assert none(rows, f"{table} where {x}_sales_price > {x}_list_price or {x}_sales_price < 0")
    assert none(rows, f"{table} where {x}_ext_sales_price <> {x}_sales_price * {x}_quantity")
    assert none(rows, f"{table} where {x}_net_profit <> {x}_net_paid - {x}_wholesale_cost * {x}_quantity")


def test_what_is_paid_in_shops_adds_up(rows: Rows) -> None:
    wrong = "ss_ext_list_price - ss_ext_discount_amt <> ss_ext_sales_price or ss_net_paid <> ss_ext_sales_price - ss_coupon_amt or ss_net_paid_inc_tax <> ss_net_paid + ss_ext_tax"
    assert none(rows, f"store_sales where {wrong}")
    assert 0.17 < one(rows, "select avg(cast(ss_coupon_amt > 0 as int)) from store_sales") < 0.22
    # The benchmark's shops lose money: half of the list price goes in discounts, and costs are what is left.
    assert 0.05 < one(rows, "select avg(cast(ss_net_profit > 0 as int)) from store_sales") < 0.5


def test_a_ticket_is_one_visit_of_eight_to_sixteen_items(rows: Rows) -> None:
    ticket = "select count(*) n, count(ss_customer_sk) k, count(distinct ss_item_sk) i, count(distinct ss_customer_sk) c, count(distinct ss_store_sk) s, count(distinct ss_sold_time_sk) t, count(distinct ss_sold_date_sk) d from store_sales group by ss_ticket_number"
    assert none(
        rows,
        f"({ticket}) where n not between 8 and 16 or i <> n or c > 1 or (k not in (0, n)) or s <> 1 or t <> 1 or d > 1",
    )
    assert 11.5 < one(rows, f"select avg(n) from ({ticket})") < 12.5


def test_a_tenth_of_the_lines_comes_back_after_they_were_sold(rows: Rows) -> None:
    join = "store_returns join store_sales on ss_ticket_number = sr_ticket_number and ss_item_sk = sr_item_sk"
    returns = one(rows, "select count(*) from store_returns")
    assert one(rows, f"select count(*) from {join}") == returns
    assert (
        one(rows, "select count(*) from (select distinct sr_ticket_number, sr_item_sk from store_returns)") == returns
    )
    assert 0.09 < returns / one(rows, "select count(*) from store_sales") < 0.11
    assert none(rows, f"{join} where sr_returned_date_sk - ss_sold_date_sk not between 1 and 90")
    assert none(
        rows, f"{join} where sr_return_quantity not between 1 and ss_quantity or sr_return_amt > ss_ext_sales_price"
    )
    assert none(rows, f"{join} where sr_customer_sk is distinct from ss_customer_sk or sr_store_sk <> ss_store_sk")
    assert none(rows, "store_returns where sr_refunded_cash + sr_reversed_charge + sr_store_credit <> sr_return_amt")


def test_sales_peak_before_christmas(rows: Rows) -> None:
    """Low until July, medium until October, high then: the zones of the specification's sales calendar."""
    months = dict(
        rows.execute(
            "select d_moy, count(distinct ss_ticket_number) from store_sales join date_dim on d_date_sk = ss_sold_date_sk group by 1"
        ).fetchall()
    )
    low, medium, high = (sum(months[m] for m in zone) / len(zone) for zone in (range(1, 8), range(8, 11), (11, 12)))
    assert 1.2 < medium / low < 1.9
    assert 2.8 < high / low < 4.2


def test_stock_is_counted_each_thursday(rows: Rows) -> None:
    assert none(rows, "inventory join date_dim on d_date_sk = inv_date_sk where d_day_name <> 'Thursday'")
    assert one(rows, "select max(n) from (select count(*) n from inventory group by inv_item_sk, inv_date_sk)") == 1


def test_queries_of_the_benchmark_find_rows(rows: Rows) -> None:
    """Queries 3, 7 and 98, with substitutions that are near those of the specification."""
    assert rows.execute(
        "select d_year, i_brand_id, sum(ss_ext_sales_price) from date_dim, store_sales, item where d_date_sk = ss_sold_date_sk "
        "and ss_item_sk = i_item_sk and i_category = 'Music' and d_moy = 11 group by 1, 2 order by 1, 3 desc, 2 limit 100"
    ).fetchall()
    assert rows.execute(
        "select i_item_id, avg(ss_quantity), avg(ss_list_price), avg(ss_coupon_amt), avg(ss_sales_price) "
        "from store_sales, customer, customer_demographics, date_dim, item, promotion where ss_sold_date_sk = d_date_sk and ss_item_sk = i_item_sk "
        "and ss_customer_sk = c_customer_sk and c_current_cdemo_sk = cd_demo_sk and ss_promo_sk = p_promo_sk and cd_gender = 'F' "
        "and cd_marital_status = 'W' and (p_channel_email = 'N' or p_channel_dmail = 'N') group by 1 order by 1 limit 100"
    ).fetchall()
    ratio = (
        "select i_category, 100 * sum(ss_ext_sales_price) / sum(sum(ss_ext_sales_price)) over () share from store_sales, item, date_dim "
        "where ss_item_sk = i_item_sk and ss_sold_date_sk = d_date_sk and d_year = 2000 group by 1"
    )
    assert abs(one(rows, f"select sum(share) from ({ratio})") - 100) < 1e-6
