"""What marketers ask first: funnels of ads, budgets, rates by channel, weeks, journeys before a purchase, attribution, UTM."""

from __future__ import annotations

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection
OF_CAMPAIGNS = "from ad_stats s join ads a on a.id = ad_id join ad_groups g on g.id = ad_group_id join campaigns c on c.id = campaign_id"
JOURNEYS = "from touchpoints t left join conversions v using (visitor_id)"


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return connection("marketing", request.param)


def test_more_is_shown_than_clicked_and_clicked_than_bought(rows: Rows) -> None:
    assert (
        one(
            rows,
            "select count(*) from ad_stats where not (impressions >= clicks and clicks >= conversions) or cost < 0 or (clicks = 0) <> (cost = 0)",
        )
        == 0
    )
    assert one(rows, "select corr(clicks, cost) from ad_stats") > 0.7
    assert one(rows, "select corr(clicks, conversions) from ads where clicks > 0") > 0.5


@pytest.mark.parametrize("column", ["impressions", "clicks", "conversions", "cost"])
def test_totals_are_sums_of_days(rows: Rows, column: str) -> None:
    for table, join in (("ads", "a.id"), ("ad_groups", "g.id"), ("campaigns", "c.id")):
        sums = f"select {join} as id, sum(s.{column}) as total {OF_CAMPAIGNS} group by 1"
        assert one(rows, f"select count(*) from {table} t join ({sums}) x using (id) where t.{column} <> total") == 0


def test_budgets_are_kept_on_each_day(rows: Rows) -> None:
    days = f"select c.id, day, daily_budget, sum(s.cost) as spent {OF_CAMPAIGNS} group by all"
    assert one(rows, f"select count(*) from ({days}) where spent > daily_budget") == 0
    assert 0.4 < one(rows, f"select sum(spent) / sum(daily_budget) from ({days})") < 0.98
    assert (
        one(
            rows,
            f"select count(*) {OF_CAMPAIGNS} where day < c.started_on or day > c.ended_on or day < a.started_on or day > a.ended_on or day >= '2026-01-01'",
        )
        == 0
    )


def test_rates_and_prices_differ_by_channel(rows: Rows) -> None:
    rates = "select sum(s.clicks) / sum(s.impressions) {} where channel = '{}'"
    ctr = {
        channel: one(rows, rates.format(OF_CAMPAIGNS, channel))
        for channel in ("paid_search", "shopping", "paid_social", "display")
    }
    assert ctr["paid_search"] > 2 * ctr["shopping"]
    assert min(ctr["shopping"], ctr["paid_social"]) > 1.5 * ctr["display"]
    assert 0.02 < ctr["paid_search"] < 0.15
    assert 0.001 < ctr["display"] < 0.01
    prices = dict(rows.execute("select name, sum(cost) / sum(clicks) from campaigns group by 1").fetchall())
    assert prices["Generic search"] > 2 * prices["Brand search"]
    bought = dict(rows.execute("select name, sum(conversions) / sum(clicks) from campaigns group by 1").fetchall())
    assert bought["Brand search"] > 1.5 * bought["Generic search"] > 1.5 * bought["Product videos"]


def test_weekends_and_november_are_busier(rows: Rows) -> None:
    always = f"{OF_CAMPAIGNS} where c.ended_on is null and a.ended_on is null and a.started_on <= '2025-07-02'"
    days = dict(rows.execute(f"select isodow(day), sum(s.cost)::double {always} group by 1").fetchall())
    assert days[6] + days[7] > 1.15 * (days[2] + days[3])
    months = dict(rows.execute(f"select month(day), sum(s.cost)::double {always} group by 1").fetchall())
    assert months[11] > 1.1 * months[8]


def test_days_of_an_ad_resemble_those_before(rows: Rows) -> None:
    """Lag 7 tells of the week, lag 1 of how it goes these days."""
    daily = f"select c.id, day, sum(s.cost) as cost {OF_CAMPAIGNS} where c.ended_on is null group by all"
    for lag in (1, 7):
        assert (
            one(
                rows,
                f"select corr(cost / mean, before / mean) from (select cost, lag(cost, {lag}) over (partition by id order by day) as before, avg(cost) over (partition by id) as mean from ({daily}))",
            )
            > 0.25
        )


def test_keywords_belong_to_search_and_bid_by_quality(rows: Rows) -> None:
    assert (
        one(
            rows,
            "select count(*) from keywords k join ad_groups g on g.id = ad_group_id join campaigns c on c.id = campaign_id where channel <> 'paid_search'",
        )
        == 0
    )
    assert (
        one(rows, "select count(*) from (select ad_group_id, keyword from keywords group by all having count(*) > 1)")
        == 0
    )
    assert (
        one(
            rows,
            "select corr(quality_score, max_cpc) from keywords k join ad_groups g on g.id = ad_group_id where campaign_id = 2",
        )
        < -0.2
    )


def test_touches_come_in_order_before_the_purchase(rows: Rows) -> None:
    assert (
        one(
            rows,
            "select count(*) from (select *, lag(touched_at) over (partition by visitor_id order by touch_number) as before from touchpoints) where touched_at < before",
        )
        == 0
    )
    assert one(rows, f"select count(*) {JOURNEYS} where touched_at >= converted_at") == 0
    assert (
        one(
            rows,
            "select count(*) from visitors x join (select visitor_id, min(touched_at) as first, max(touched_at) as last from touchpoints group by 1) t on t.visitor_id = x.id where first_seen_at <> first or last_seen_at <> last",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select quantile_cont(date_diff('minute', last_seen_at, converted_at), 0.5) from conversions join visitors x on x.id = visitor_id",
        )
        < 30
    )


def test_first_and_last_touch_are_those_of_the_journey(rows: Rows) -> None:
    wrong = """
        select count(*) from conversions v
            join (select visitor_id, min_by(t, touch_number) as first, max_by(t, touch_number) as last, count(*) as n from touchpoints t group by 1) j using (visitor_id)
        where n <> touches or first.id <> first_touch_id or last.id <> last_touch_id or first.channel <> first_touch_channel or last.channel <> last_touch_channel
            or first.campaign_id is distinct from first_campaign_id or last.campaign_id is distinct from last_campaign_id
            or days_to_convert <> converted_at::date - first.touched_at::date
    """
    assert one(rows, wrong) == 0
    late = "select avg(({}_touch_channel in ('direct', 'email'))::int) from conversions where touches > 1"
    assert one(rows, late.format("last")) > 2 * one(rows, late.format("first"))


def test_utm_fields_are_those_of_the_campaign(rows: Rows) -> None:
    assert (
        one(
            rows,
            "select count(*) from touchpoints t join campaigns c on c.id = campaign_id where (t.utm_source, t.utm_medium, t.utm_campaign, t.channel) <> (c.utm_source, c.utm_medium, c.utm_campaign, c.channel)",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select count(*) from touchpoints where (campaign_id is null) <> (utm_campaign is null) or (campaign_id is null) <> (ad_group_id is null)",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select count(*) from touchpoints t join ad_groups g on g.id = ad_group_id where g.campaign_id <> t.campaign_id or g.utm_content <> t.utm_content or landing_page <> '/' || g.utm_content",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select count(*) from touchpoints t join campaigns c on c.id = campaign_id where touched_at::date < started_on or touched_at::date > ended_on",
        )
        == 0
    )


def test_longer_journeys_buy_more_often_and_credit_sums_to_one(rows: Rows) -> None:
    lengths = f"select visitor_id, count(*) as n, count(any_value(converted_at)) over (partition by visitor_id) as bought {JOURNEYS} group by 1"
    rate = {
        kind: one(rows, f"select avg(bought) from ({lengths}) where n {kind}")
        for kind in ("= 1", "between 2 and 3", "> 4")
    }
    assert rate["= 1"] < rate["between 2 and 3"] < rate["> 4"]
    assert (
        one(
            rows,
            f"select count(*) from (select visitor_id, sum(linear_credit) as credit, any_value(revenue) as revenue {JOURNEYS} group by 1) where abs(coalesce(credit, 0) - case when revenue is null then 0 else 1 end) > 1e-9",
        )
        == 0
    )
    devices = dict(
        rows.execute(
            "select device, count(v.id) / count(*) from visitors x left join conversions v on v.visitor_id = x.id group by 1"
        ).fetchall()
    )
    assert devices["desktop"] > devices["mobile"] > 0.03


def test_revenue_is_skewed_and_people_come_in_the_evening(rows: Rows) -> None:
    assert one(rows, "select avg(revenue) / median(revenue) from conversions") > 1.15
    assert one(rows, "select corr(items, ln(revenue)) from conversions") > 0.25
    hours = dict(rows.execute("select hour(touched_at), count(*) from touchpoints group by 1").fetchall())
    assert hours[20] > 2 * hours[10] > 4 * hours.get(4, 0)
    assert (
        one(
            rows,
            "select count(*) from conversions where is_new_customer = (select customer_since is not null from visitors where id = visitor_id)",
        )
        == 0
    )


def test_pictures_wear_out_and_searches_do_not(rows: Rows) -> None:
    ratio = """
        select sum(s.clicks) filter (age > 60) / sum(s.impressions) filter (age > 60) / (sum(s.clicks) filter (age < 14) / sum(s.impressions) filter (age < 14))
            from (select s.*, ad_id as ad, day - (select started_on from ads where id = ad_id) as age from ad_stats s) s join ads a on a.id = ad
            where a.format {} and a.id in (select ad_id from ad_stats group by 1 having count(*) > 90)
    """
    assert one(rows, ratio.format("in ('image', 'carousel', 'video')")) < 0.85
    assert one(rows, ratio.format("in ('text', 'product')")) > 0.85


def test_those_who_come_by_mail_stay_and_buyers_never_bounce(rows: Rows) -> None:
    bounce = dict(rows.execute("select channel, avg(is_bounce::int) from touchpoints group by 1").fetchall())
    assert bounce["email"] < bounce["paid_search"] + 0.03 < bounce["display"]
    assert 0.35 < one(rows, "select avg(is_bounce::int) from touchpoints") < 0.5
    assert not one(
        rows, "select count(*) from conversions c join touchpoints t on t.id = last_touch_id where is_bounce"
    )
