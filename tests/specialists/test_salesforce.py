"""What those who run a Salesforce org ask first: pipeline, win rates by rating, lead conversion, cases by owner and priority."""

from __future__ import annotations

import itertools

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return connection("salesforce", request.param)


def test_hot_leads_convert_most(rows: Rows) -> None:
    rates = dict(rows.execute("select Rating, avg(IsConverted::int) from Lead group by 1").fetchall())
    assert rates["Hot"] > 1.3 * rates["Warm"] > 1.6 * rates["Cold"]


def test_leads_convert_in_every_year(rows: Rows) -> None:
    """No age of a lead says by itself whether it was converted."""
    sql = "select year(CreatedDate), avg(IsConverted::int) from Lead where CreatedDate > '2022-07-01' group by 1 order by 1"
    assert all(0.1 < rate < 0.42 for _, rate in rows.execute(sql).fetchall())


def test_hot_accounts_are_won_more_often(rows: Rows) -> None:
    sql = """
        select a.Rating, avg(o.IsWon::int) from Opportunity o join Account a on a.Id = o.AccountId where o.IsClosed group by 1
    """
    rates = dict(rows.execute(sql).fetchall())
    assert rates["Hot"] > 1.2 * rates["Warm"] > 1.3 * rates["Cold"]
    assert 0.15 < one(rows, "select avg(IsWon::int) from Opportunity where IsClosed") < 0.4


def test_larger_accounts_have_larger_opportunities(rows: Rows) -> None:
    sizes = """
        select ln(a.NumberOfEmployees) as people, ln(o.Amount) as amount from Opportunity o join Account a on a.Id = o.AccountId
    """
    assert one(rows, f"select corr(people, amount) from ({sizes})") > 0.45


def test_won_takes_longer_than_lost(rows: Rows) -> None:
    sql = "select IsWon, median(CloseDate - CreatedDate::date) from Opportunity where IsClosed group by 1"
    days = dict(rows.execute(sql).fetchall())
    assert 50 < days[True] < 160
    assert days[False] < 0.6 * days[True]


def test_nothing_piles_up_before_now(rows: Rows) -> None:
    for table, column in (
        ("Account", "CreatedDate"),
        ("Contact", "CreatedDate"),
        ("Lead", "CreatedDate"),
        ("Opportunity", "CreatedDate"),
        ("Case", "CreatedDate"),
        ("Account", "LastModifiedDate"),
    ):
        share = f"count(*) filter ({column} >= '2025-12-02') / count(*) filter ({column} >= '2025-09-03')"
        assert 0.12 < one(rows, f'select {share} from "{table}"') < 0.46, (table, column)
    closed = "select count(*) filter (CloseDate >= '2025-12-02') / count(*) filter (CloseDate >= '2025-09-03') from Opportunity where IsClosed"
    assert 0.15 < one(rows, closed) < 0.46


def test_people_work_in_offices(rows: Rows) -> None:
    for table in ("Account", "Contact", "Lead", "Opportunity"):
        sql = "select avg((isodow({0}) > 5)::int), avg((hour({0}) between 13 and 22)::int) from {1}"
        found = rows.execute(sql.format("CreatedDate", table)).fetchone()
        assert found is not None
        weekend, day = found
        assert weekend < 0.05, table
        assert day > 0.85, table


def test_accounts_have_one_of_each_chief(rows: Rows) -> None:
    sql = """
        select count(*) from (select 1 from Contact where Title like 'Chief%' or Title like 'VP%' or Title like '%Director'
            group by AccountId, Title having count(*) > 1)
    """
    assert one(rows, sql) == 0


def test_support_owns_cases_and_sales_owns_opportunities(rows: Rows) -> None:
    share = 'select avg((u.Department {})::int) from {} t join "User" u on u.Id = t.OwnerId'
    assert one(rows, share.format("= 'Support'", '"Case"')) > 0.6
    assert one(rows, share.format("in ('Support', 'Customer Success')", '"Case"')) > 0.85
    assert one(rows, share.format("= 'Sales'", "Opportunity")) > 0.9


def test_sales_development_owns_leads(rows: Rows) -> None:
    sql = """select avg((u.Title = 'Sales Development Representative')::int) from Lead l join "User" u on u.Id = l.OwnerId"""
    assert one(rows, sql) > 0.75


def test_high_priority_is_closed_first(rows: Rows) -> None:
    times = dict(rows.execute('select Priority, median(ClosedDate - CreatedDate) from "Case" group by 1').fetchall())
    assert times["High"] < times["Medium"] < times["Low"]
    escalated = dict(
        rows.execute("select Priority, avg((Status <> 'Closed')::int) from \"Case\" group by 1").fetchall()
    )
    assert all(rate < 0.2 for rate in escalated.values())


def test_case_numbers_count_up_in_order_of_time(rows: Rows) -> None:
    numbers = [
        number
        for (number,) in rows.execute('select CaseNumber::int from "Case" order by CreatedDate, CaseNumber').fetchall()
    ]
    assert all(after == before + 1 for before, after in itertools.pairwise(numbers))


def test_cases_come_from_customers(rows: Rows) -> None:
    sql = """select avg((a.Type like 'Customer%')::int) from "Case" k join Account a on a.Id = k.AccountId"""
    assert one(rows, sql) > 0.65


def test_a_product_stands_once_on_an_opportunity(rows: Rows) -> None:
    sql = "select count(*) from (select 1 from OpportunityLineItem group by OpportunityId, Product2Id having count(*) > 1)"
    assert one(rows, sql) == 0


def test_who_was_sent_by_somebody_buys_and_converts_more_often(rows: Rows) -> None:
    sql = "select avg({}::int) from {} where LeadSource in {}"
    sent, bought = "('Partner Referral', 'Employee Referral')", "('Purchased List')"
    assert one(rows, sql.format("IsConverted", "Lead", sent)) > 1.3 * one(
        rows, sql.format("IsConverted", "Lead", bought)
    )
    closed = "(select * from Opportunity where IsClosed)"
    assert one(rows, sql.format("IsWon", closed, sent)) > one(rows, sql.format("IsWon", closed, bought))


def test_large_accounts_take_longer_to_win(rows: Rows) -> None:
    sql = "select median(o.CloseDate - o.CreatedDate::date) from Opportunity o join Account a on a.Id = o.AccountId where o.IsWon and a.NumberOfEmployees {} 400"
    assert one(rows, sql.format(">")) > 1.2 * one(rows, sql.format("<="))


def test_a_license_or_scanners_stand_first(rows: Rows) -> None:
    first = "select count(*) from OpportunityLineItem where SortOrder = 1 and ProductCode not in ('YC-SITE', 'YC-USER', 'HW-HX2')"
    assert one(rows, first) == 0
    sold = [
        n
        for (n,) in rows.execute(
            "select count(*) from OpportunityLineItem group by ProductCode order by 1 desc"
        ).fetchall()
    ]
    assert sold[0] > 4 * sold[-1]


def test_opportunities_are_called_what_is_on_them(rows: Rows) -> None:
    sql = """select count(*) from Opportunity o where regexp_matches(o.Name, ' - (Handheld|Scanner|HX2) ')
        <> exists (from OpportunityLineItem l where l.OpportunityId = o.Id and l.ProductCode = 'HW-HX2')"""
    assert one(rows, sql) == 0
    assert (
        one(
            rows,
            "select count(*) from Opportunity where Type = 'New Customer' and regexp_matches(Name, ' - (Second|Third|Renewal)')",
        )
        == 0
    )


def test_accounts_have_goods_to_store(rows: Rows) -> None:
    sql = "select Industry, count(*) from Account where Industry is not null group by 1 order by 2 desc"
    industries = dict(rows.execute(sql).fetchall())
    assert "Venture Capital" not in industries
    assert sum(list(industries.values())[:4]) > 0.4 * sum(industries.values())


def test_titles_are_many_below_those_who_lead(rows: Rows) -> None:
    assert one(rows, "select count(distinct Title) from Contact") > 500
    assert 0.02 < one(rows, "select avg((Title = 'Chief Executive Officer')::int) from Contact") < 0.2


def test_the_pipeline_is_young_and_weighted(rows: Rows) -> None:
    assert one(rows, "select median(date '2026-01-01' - CreatedDate::date) from Opportunity where not IsClosed") < 150
    assert one(rows, "select sum(ExpectedRevenue) / sum(Amount) from Opportunity where not IsClosed") < 0.8
    late = "select avg((CloseDate < '2026-01-01')::int) from Opportunity where not IsClosed"
    assert one(rows, late) < 0.25


def test_later_stages_are_older(rows: Rows) -> None:
    sql = "select avg(date '2026-01-01' - CreatedDate::date) from Opportunity where not IsClosed and Probability {}"
    assert one(rows, sql.format(">= 60")) > 1.3 * one(rows, sql.format("<= 10"))


def test_subjects_of_cases_are_peoples_own(rows: Rows) -> None:
    assert one(rows, 'select count(distinct Subject) / count(*) from "Case"') > 0.9
    assert one(rows, """select count(*) from "Case" where Subject like '%{%' or Subject like '%  %'""") == 0


def test_leads_convert_within_weeks(rows: Rows) -> None:
    days = "select median(ConvertedDate - CreatedDate::date) from Lead where IsConverted"
    assert 2 < one(rows, days) < 30
    assert 0.15 < one(rows, "select avg(IsConverted::int) from Lead") < 0.35


def test_amounts_are_sums_of_products(rows: Rows) -> None:
    sql = """select count(*) from "Opportunity" o join (select "OpportunityId" as id, sum("TotalPrice") as total from "OpportunityLineItem" group by 1) l on l.id = o."Id"
        where "Amount" <> total"""
    assert one(rows, sql) == 0


def test_the_forecast_follows_the_stage(rows: Rows) -> None:
    by = dict(
        rows.execute("""select "ForecastCategoryName", avg("Probability") from "Opportunity" group by 1""").fetchall()
    )
    assert by["Omitted"] == 0 < by["Pipeline"] < by["Best Case"] < by["Commit"] < by["Closed"] == 100


def test_closed_dates_are_past_and_open_ones_mostly_ahead(rows: Rows) -> None:
    assert one(rows, """select count(*) from "Opportunity" where "IsClosed" and "CloseDate" > '2026-01-01'""") == 0
    assert (
        one(rows, """select avg(("CloseDate" >= '2025-12-20')::int) from "Opportunity" where not "IsClosed" """) > 0.8
    )


def test_bookings_grow_year_over_year(rows: Rows) -> None:
    by = dict(
        rows.execute("""select "FiscalYear", sum("Amount") from "Opportunity" where "IsWon" group by 1""").fetchall()
    )
    assert by[2025] > by[2023]


def test_win_rates_are_of_this_world(rows: Rows) -> None:
    assert 0.1 < one(rows, """select avg("IsWon"::int) from "Opportunity" where "IsClosed" """) < 0.5


def test_converted_leads_are_their_contacts(rows: Rows) -> None:
    sql = """select count(*) from "Lead" l join "Contact" c on c."Id" = l."ConvertedContactId" where l."LastName" <> c."LastName" or l."ConvertedAccountId" <> c."AccountId"
        or l."CreatedDate" > c."CreatedDate" """
    assert one(rows, sql) == 0


def test_mailing_addresses_are_the_accounts(rows: Rows) -> None:
    sql = """select count(*) from "Contact" c join "Account" a on a."Id" = c."AccountId" where "MailingCity" <> "BillingCity" or "MailingStreet" <> "BillingStreet"
        or "MailingPostalCode" <> "BillingPostalCode" """
    assert one(rows, sql) == 0


def test_case_backlog_is_small(rows: Rows) -> None:
    assert one(rows, """select avg((not "IsClosed")::int) from "Case" """) < 0.1


def test_escalations_are_few_and_mostly_of_high_priority(rows: Rows) -> None:
    assert one(rows, """select count(*) from "Case" where "ClosedDate" < "CreatedDate" """) == 0
    assert one(rows, """select avg(("Priority" = 'High')::int) from "Case" """) < 0.3


def test_a_few_accounts_bring_most_and_most_accounts_something_or_nothing(rows: Rows) -> None:
    won = """select "AccountId", sum("Amount") as won from "Opportunity" where "IsWon" group by 1"""
    top = f"select sum(won) filter (place <= 0.1 * many) / sum(won) from (select won, row_number() over (order by won desc) as place, count(*) over () as many from ({won}))"
    assert 0.25 < one(rows, top) < 0.8
