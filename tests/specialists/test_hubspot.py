"""What revenue operations ask of a HubSpot portal first: funnel, win rates, sizes of deals, activity by month, tickets."""

from __future__ import annotations

import itertools

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection
STAGES = ("qualifiedtobuy", "presentationscheduled", "contractsent", "closedwon")


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return connection("hubspot", request.param)


def test_the_funnel_narrows_and_chances_rise_as_the_pipeline_says(rows: Rows) -> None:
    """Of closed deals that came to a stage, about as many were won as its probability."""
    counts = ", ".join(f"count(properties_hs_date_entered_{stage})" for stage in STAGES)
    found = rows.execute(f"select count(*), {counts} from deals where properties_hs_is_closed").fetchone()
    assert found is not None
    assert all(after < before for before, after in itertools.pairwise(found))
    for came, probability in zip(found[:4], (0.2, 0.4, 0.6, 0.9), strict=True):
        assert found[4] / came == pytest.approx(probability, abs=0.08)


def test_stages_follow_one_another(rows: Rows) -> None:
    dates = ["createdAt", *(f"properties_hs_date_entered_{stage}" for stage in STAGES)]
    skipped = " or ".join(f"({later} is not null and {first} is null)" for first, later in itertools.pairwise(dates))
    backwards = " or ".join(f"{later} < {first}" for first, later in itertools.pairwise(dates))
    assert one(rows, f"select count(*) from deals where {skipped} or {backwards}") == 0


def test_larger_companies_have_larger_deals_and_more_contacts(rows: Rows) -> None:
    sizes = """
        select ln(c.properties_numberofemployees) as people, ln(d.properties_amount) as amount
        from deals d join companies c on c.id = d.companies[1]
    """
    assert one(rows, f"select corr(people, amount) from ({sizes})") > 0.45
    contacts = "select corr(ln(properties_numberofemployees), properties_num_associated_contacts) from companies"
    assert one(rows, contacts) > 0.2


def test_nothing_piles_up_before_now(rows: Rows) -> None:
    """The last month is like those before it, for what is created, closed and modified."""
    for table, column in (
        ("companies", "createdAt"),
        ("contacts", "createdAt"),
        ("deals", "createdAt"),
        ("deals", "properties_hs_date_entered_closedlost"),
        ("tickets", "createdAt"),
        ("contacts", "updatedAt"),
    ):
        share = f"count(*) filter ({column} >= '2025-12-02') / count(*) filter ({column} >= '2025-09-03')"
        assert 0.12 < one(rows, f"select {share} from {table} where {column} < '2026-01-01'") < 0.46, (table, column)


def test_people_work_in_offices(rows: Rows) -> None:
    sql = """
        select avg((isodow(createdAt) > 5)::int) as weekend, avg((hour(createdAt) between 13 and 22)::int) as day,
            avg((hour(createdAt) = 17)::int) / avg((hour(createdAt) = 15)::int) as noon from
    """
    for table in ("companies", "contacts", "deals"):
        found = rows.execute(sql + table).fetchone()
        assert found is not None
        weekend, day, noon = found
        assert weekend < 0.05, table
        assert day > 0.85, table
        assert noon < 1.05, table
    assert one(rows, "select avg((isodow(properties_closedate) > 5)::int) from deals") < 0.05


def test_companies_have_one_head(rows: Rows) -> None:
    heads = "'Chief Executive Officer', 'Founder', 'Chief Operating Officer', 'Chief Technology Officer', 'Finance Director'"
    sql = f"""
        select count(*) from (select 1 from contacts where properties_jobtitle in ({heads})
            group by properties_associatedcompanyid, properties_jobtitle having count(*) > 1)
    """
    assert one(rows, sql) == 0


def test_deals_of_high_priority_are_won_more_often(rows: Rows) -> None:
    sql = "select properties_hs_priority, avg(properties_hs_is_closed_won::int) from deals where properties_hs_is_closed group by 1"
    won = dict(rows.execute(sql).fetchall())
    assert won["high"] > 1.3 * won["low"]


def test_those_who_have_bought_buy_again_more_often(rows: Rows) -> None:
    sql = "select properties_dealtype, avg(properties_hs_is_closed_won::int) from deals where properties_hs_is_closed group by 1"
    won = dict(rows.execute(sql).fetchall())
    assert won["existingbusiness"] > 1.3 * won["newbusiness"]


def test_customer_success_answers_tickets_and_sales_sells(rows: Rows) -> None:
    team = "from {} t join owners o on o.id = t.properties_hubspot_owner_id"
    share = "select avg((teams->0->>'name' = 'Customer Success')::int) "
    assert one(rows, share + team.format("tickets")) > 0.85
    assert one(rows, share + team.format("deals")) < 0.05
    same = """
        select avg((d.properties_hubspot_owner_id = c.properties_hubspot_owner_id)::int)
        from deals d join companies c on c.id = d.companies[1]
    """
    assert one(rows, same) == 1


def test_urgent_tickets_are_answered_and_closed_first(rows: Rows) -> None:
    sql = """
        select properties_hs_ticket_priority, median(properties_first_agent_reply_date - createdAt), median(properties_time_to_close)
        from tickets group by 1
    """
    found = {priority: times for priority, *times in rows.execute(sql).fetchall()}
    replies = [found[priority][0] for priority in ("URGENT", "HIGH", "MEDIUM", "LOW")]
    assert replies == sorted(replies)
    assert max(found["URGENT"][1], found["HIGH"][1]) < min(found["MEDIUM"][1], found["LOW"][1])


def test_tickets_about_the_product_come_from_those_who_use_it(rows: Rows) -> None:
    sql = """
        select count(*) from tickets t where properties_hs_ticket_category in ('PRODUCT_ISSUE', 'BILLING_ISSUE')
        and not exists (from deals d where d.companies[1] = t.companies[1] and d.properties_hs_date_entered_closedwon <= t.createdAt)
    """
    assert one(rows, sql) == 0


def test_a_product_stands_once_on_a_deal(rows: Rows) -> None:
    assert (
        one(
            rows,
            "select count(*) from (select 1 from line_items group by deal_id, properties_hs_product_id having count(*) > 1)",
        )
        == 0
    )


def test_open_deals_are_young_and_close_soon(rows: Rows) -> None:
    assert one(rows, "select avg((createdAt > '2025-09-01')::int) from deals where not properties_hs_is_closed") > 0.8
    late = "select avg((properties_closedate < '2026-01-01')::int) from deals where not properties_hs_is_closed"
    assert one(rows, late) < 0.25
    assert 25 < one(rows, "select median(properties_days_to_close) from deals where properties_hs_is_closed_won") < 60


def won(rows: Rows, where: str) -> float:
    sql = "from deals d left join contacts c on c.id = d.contacts[1] where d.properties_hs_is_closed"
    return float(one(rows, f"select avg(d.properties_hs_is_closed_won::int) {sql} and {where}"))


def test_who_was_referred_buys_more_often(rows: Rows) -> None:
    source = "c.properties_hs_analytics_source"
    assert won(rows, f"{source} = 'REFERRALS'") > 1.25 * won(
        rows, f"{source} in ('PAID_SEARCH', 'PAID_SOCIAL', 'OFFLINE')"
    )
    customers = (
        "select avg((properties_lifecyclestage = 'customer')::int) from contacts where properties_hs_analytics_source"
    )
    assert one(rows, f"{customers} = 'REFERRALS'") > one(rows, f"{customers} = 'PAID_SEARCH'")


def test_large_companies_take_longer_to_sign(rows: Rows) -> None:
    sql = "select median(properties_days_to_close) from deals d join companies o on o.id = d.companies[1] where properties_hs_is_closed{} and o.properties_numberofemployees {} 250"
    for which in ("", "_won"):
        assert one(rows, sql.format(which, ">")) > 1.15 * one(rows, sql.format(which, "<="))


def test_seats_come_first_and_extras_with_them(rows: Rows) -> None:
    seats = "select deal_id, count(*) filter (properties_hs_sku like 'SEAT%') as seats from line_items group by 1"
    assert one(rows, f"select min(seats) = 1 and max(seats) = 1 from ({seats})")
    sold = [
        n
        for (n,) in rows.execute(
            "select count(*) from line_items group by properties_hs_product_id order by 1 desc"
        ).fetchall()
    ]
    assert sold[0] > 5 * sold[-1]


def test_reasons_of_lost_deals_are_told_in_words(rows: Rows) -> None:
    assert (
        one(
            rows,
            "select count(distinct properties_closed_lost_reason) / count(properties_closed_lost_reason) from deals",
        )
        > 0.95
    )
    told = "select avg((properties_closed_lost_reason is not null)::int) from deals where properties_dealstage = 'closedlost' and properties_hs_date_entered_presentationscheduled is {} null"
    assert one(rows, told.format("not")) > one(rows, told.format(""))


def test_chats_and_calls_are_answered_in_minutes(rows: Rows) -> None:
    sql = "select median(epoch(properties_first_agent_reply_date - createdAt)) / 60 from tickets where properties_source_type in {}"
    assert one(rows, sql.format("('CHAT', 'PHONE')")) < 30
    assert one(rows, sql.format("('EMAIL', 'FORM')")) > 120


def test_a_few_customers_bring_most_of_the_revenue(rows: Rows) -> None:
    sql = "select sum(total) filter (place <= 0.1) / sum(total) from (select properties_total_revenue as total, percent_rank() over (order by properties_total_revenue desc) as place from companies where properties_total_revenue > 0)"
    assert 0.35 < one(rows, sql) < 0.85


def test_bookings_grow_with_the_years(rows: Rows) -> None:
    sql = "select year(properties_closedate), count(*) from deals where properties_hs_is_closed_won and properties_closedate >= '2023-01-01' group by 1 order by 1"
    counts = [n for _, n in rows.execute(sql).fetchall()]
    assert counts == sorted(counts)


def test_deals_of_one_company_have_names_of_their_own(rows: Rows) -> None:
    assert (
        one(rows, "select avg((n > 1)::int) from (select count(*) as n from deals group by properties_dealname)") < 0.1
    )
    assert (
        one(
            rows,
            "select count(*) from deals d join companies c on c.id = d.companies[1] where not starts_with(properties_dealname, c.properties_name)",
        )
        == 0
    )


def test_larger_companies_get_more_off(rows: Rows) -> None:
    sql = "select avg(properties_hs_discount_percentage) from line_items l join deals d on d.id = l.deal_id join companies c on c.id = d.companies[1] where c.properties_numberofemployees {} 300"
    assert one(rows, sql.format(">")) > 1.5 * one(rows, sql.format("<="))


def test_subjects_of_tickets_are_peoples_own(rows: Rows) -> None:
    assert one(rows, "select count(distinct properties_subject) / count(*) from tickets") > 0.9
    seats = "select count(*) from tickets where properties_subject like 'Quote for%' and properties_hs_ticket_category <> 'GENERAL_INQUIRY'"
    assert one(rows, seats) == 0


def test_a_win_rate_is_a_quarter_or_so(rows: Rows) -> None:
    assert (
        0.15 < one(rows, "select avg(properties_hs_is_closed_won::int) from deals where properties_hs_is_closed") < 0.5
    )


def test_sales_cycles_are_weeks_and_of_small_companies_shorter(rows: Rows) -> None:
    assert 10 < one(rows, "select median(properties_days_to_close) from deals where properties_hs_is_closed_won") < 120


def test_forecasts_are_amounts_times_chances(rows: Rows) -> None:
    sql = "select count(*) from deals where abs(properties_hs_forecast_amount - round(properties_amount * properties_hs_deal_stage_probability, 2)) > 0.01"
    assert one(rows, sql) == 0


def test_owners_share_deals_unevenly_but_nobody_has_all(rows: Rows) -> None:
    share = "select count(*) / (select count(*) from deals) as part from deals where properties_hubspot_owner_id is not null group by properties_hubspot_owner_id"
    assert one(rows, f"select max(part) from ({share})") < 0.25


def test_contacts_of_a_deal_work_at_its_company(rows: Rows) -> None:
    sql = """select count(*) from (select properties_hs_primary_associated_company as company, unnest(contacts) as contact from deals) d
        join contacts c on c.id = d.contact where c.properties_associatedcompanyid <> d.company"""
    assert one(rows, sql) == 0


def test_nothing_closes_before_it_was_created(rows: Rows) -> None:
    assert (
        one(
            rows,
            "select count(*) from deals where properties_hs_is_closed and properties_closedate < properties_createdate",
        )
        == 0
    )
    assert one(rows, "select count(*) from tickets where properties_closed_date < properties_createdate") == 0


def test_revenue_of_a_company_is_that_of_its_deals(rows: Rows) -> None:
    sql = """select count(*) from companies c left join (select properties_hs_primary_associated_company as id, sum(properties_hs_closed_amount) as won from deals
        group by 1) d on d.id = c.id where coalesce(c.properties_total_revenue, 0) <> coalesce(d.won, 0)"""
    assert one(rows, sql) == 0


def test_copies_of_dates_and_ids_agree(rows: Rows) -> None:
    for table in ("companies", "contacts", "deals", "tickets"):
        assert one(rows, f'select count(*) from {table} where "createdAt" <> properties_createdate') == 0


def test_support_takes_hours_not_weeks(rows: Rows) -> None:
    assert (
        2
        < one(
            rows,
            "select median(properties_time_to_close) / 3600000 from tickets where properties_closed_date is not null",
        )
        < 120
    )


def test_products_are_sold_at_list_price_less_the_discount(rows: Rows) -> None:
    assert (
        one(
            rows,
            "select count(*) from line_items l join products p on p.id = l.properties_hs_product_id where l.properties_price <> p.properties_price",
        )
        == 0
    )
    assert 0.05 < one(rows, "select avg((properties_hs_discount_percentage > 0)::int) from line_items") < 0.6
