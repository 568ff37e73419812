"""What a subscription business asks of its billing: revenue, churn, expansion, anniversaries, retries, risk, refunds."""

from __future__ import annotations

import itertools

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection

NOW = 1767225600  # 2026-01-01
MONTH = 2629800
SUBSCRIPTIONS = f"""
    select s.*, p.name as product, s.plan.interval as every, coalesce(s.ended_at, {NOW}) - s.start_date as lived
    from subscriptions s join products p on p.id = s.plan.product
"""
INVOICES = """
    select i.*, s.plan.interval as every, s.billing_cycle_anchor as anchor, l.quantity as seats, l.amount as plan_amount,
        row_number() over (partition by i.subscription order by i.created) as place,
        lag(l.quantity) over (partition by i.subscription order by i.created) as seats_before,
        lead(i.created) over (partition by i.subscription order by i.created) as next_at,
        exists (select 1 from invoice_line_items p where p.invoice_id = i.id and p.proration) as prorated
    from invoices i join subscriptions s on s.id = i.subscription
        join invoice_line_items l on l.invoice_id = i.id and l.type = 'subscription'
"""


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    opened = connection("stripe", request.param)
    opened.execute(f"create or replace temp view subscribed as {SUBSCRIPTIONS}")
    opened.execute(f"create or replace temp view billed as {INVOICES}")
    return opened


def revenue(rows: Rows, year: int) -> float:
    """The monthly recurring revenue at the beginning of a year, by what the latest invoices say."""
    sql = f"""
        select sum(plan_amount / case every when 'year' then 12 else 1 end) from billed b join subscriptions s on s.id = b.subscription
        where b.created < epoch(date '{year}-01-01') and coalesce(b.next_at, 9e12) >= epoch(date '{year}-01-01')
            and coalesce(s.ended_at, 9e12) >= epoch(date '{year}-01-01')
    """
    return float(one(rows, sql))


def test_recurring_revenue_grows_year_by_year(rows: Rows) -> None:
    by_year = [revenue(rows, year) for year in (2023, 2024, 2025, 2026)]
    for before, after in itertools.pairwise(by_year):
        assert 1.1 < after / before < 5
    assert by_year[3] / by_year[2] < 2.2, "and ever more slowly"


def test_subscriptions_are_up_to_several_years_old(rows: Rows) -> None:
    assert one(rows, "select max(lived) from subscribed") > 3.3 * 365 * 86400
    assert one(rows, "select avg((lived > 2 * 31557600)::int) from subscribed where status <> 'canceled'") > 0.15
    counts = dict(
        rows.execute("select year(to_timestamp(start_date)), count(*) from subscriptions group by 1").fetchall()
    )
    assert set(counts) == {2022, 2023, 2024, 2025}
    assert counts[2022] < counts[2024]
    assert counts[2025] < 2.5 * counts[2024], "nothing piles up before the end"


def test_the_dearer_the_plan_the_fewer_leave(rows: Rows) -> None:
    sql = f"select product, sum((status = 'canceled')::int) / sum(lived / {MONTH}) from subscribed group by 1"
    churn = dict(rows.execute(sql).fetchall())
    assert churn["Starter"] > churn["Team"] > churn["Business"]
    assert 0.01 < one(rows, f"select sum((status = 'canceled')::int) / sum(lived / {MONTH}) from subscribed") < 0.06
    sql = f"select every, sum((status = 'canceled')::int) / sum(lived / {MONTH}) from subscribed group by 1"
    by_interval = dict(rows.execute(sql).fetchall())
    assert by_interval["month"] > by_interval["year"]


def test_people_leave_at_every_age(rows: Rows) -> None:
    """No cliff: of those that were billed by the month and ended, some did so in each quarter of the first year."""
    sql = f"select lived // (3 * {MONTH}) as quarter, count(*) from subscribed where status = 'canceled' and every = 'month' group by 1"
    ended = dict(rows.execute(sql).fetchall())
    assert all(ended.get(quarter, 0) >= 3 for quarter in range(4))


def test_invoices_come_on_the_anniversary_without_gaps(rows: Rows) -> None:
    sql = """
        select count(*) from billed where created <> epoch(timezone('UTC', to_timestamp(anchor))
            + to_months(cast((place - 1) * case every when 'year' then 12 else 1 end as int)))
    """
    assert one(rows, sql) == 0
    assert one(rows, f"select count(*) from billed where created > {NOW}") == 0
    ages = f"select count(*) from subscribed s where status in ('active', 'past_due') and not exists (select 1 from invoices i where i.subscription = s.id and i.created > {NOW} - case every when 'year' then 366 else 31 end * 86400)"
    assert one(rows, ages) == 0
    assert (
        one(
            rows,
            "select count(*) from subscriptions s where (status = 'trialing' or coalesce(ended_at = trial_end, false)) = exists (select 1 from invoices i where i.subscription = s.id)",
        )
        == 0
    )


def test_each_customers_invoices_are_numbered_in_order_of_time(rows: Rows) -> None:
    sql = """
        select count(*) from (select split_part(number, '-', 2)::int as number,
            row_number() over (partition by customer order by created) as nth from invoices) where number <> nth
    """
    assert one(rows, sql) == 0
    sql = """
        select count(*) from customers c left join (select customer, count(*) as n from invoices group by 1) i on i.customer = c.id
        where c.next_invoice_sequence <> coalesce(n, 0) + 1
    """
    assert one(rows, sql) == 0
    assert one(rows, "select count(*) from (select customer from subscriptions group by 1 having count(*) > 1)") > 50


def test_seats_change_and_what_is_prorated_was_added(rows: Rows) -> None:
    changed = "select count(*) from billed where seats"
    assert one(rows, f"{changed} > seats_before") > 80
    assert 3 < one(rows, f"{changed} < seats_before") < one(rows, f"{changed} > seats_before")
    assert one(rows, "select count(*) from billed where prorated <> coalesce(seats > seats_before, false)") == 0
    sql = """
        select count(*) from billed b join invoice_line_items l on l.invoice_id = b.id and l.proration
        where l.quantity <> b.seats - b.seats_before or l.amount <= 0 or l.amount > l.quantity * l.price.unit_amount
            or l.period.start < b.period_start or l.period.end <> b.created
    """
    assert one(rows, sql) == 0
    last = "select count(*) from subscriptions s join (select subscription, arg_max(seats, created) as seats from billed group by 1) b on b.subscription = s.id where s.quantity <> b.seats"
    assert one(rows, last) == 0
    assert one(rows, "select min(quantity) from subscriptions") >= 1
    assert one(rows, "select count(*) from subscribed where product = 'Starter' and quantity <> 1") == 0


def test_a_few_per_cent_of_charges_fail_and_are_tried_again(rows: Rows) -> None:
    assert 0.02 < one(rows, "select avg((status = 'failed')::int) from charges") < 0.09
    tried = "select *, row_number() over (partition by invoice order by created) as nth, count(*) over (partition by invoice) as tries, lead(created) over (partition by invoice order by created) as again from charges"
    assert one(rows, f"select count(*) from ({tried}) where status = 'succeeded' and again is not null") == 0
    assert one(rows, f"select min(again - created) >= 86400 and max(again - created) <= 7 * 86400 from ({tried})")
    recovered = f"select avg((i.status = 'paid')::int) from ({tried}) c join invoices i on i.id = c.invoice where nth = 1 and c.status = 'failed'"
    assert 0.4 < one(rows, recovered) < 0.95
    assert one(rows, "select max(attempt_count) from invoices") == 4
    assert one(rows, "select count(*) from charges where (failure_code is null) <> (status = 'succeeded')") == 0


def test_who_never_pays_is_let_go(rows: Rows) -> None:
    sql = """
        select count(*) from subscriptions s where coalesce(cancellation_details.reason = 'payment_failed', false)
            <> exists (select 1 from invoices i where i.subscription = s.id and i.status in ('uncollectible', 'void'))
    """
    assert one(rows, sql) == 0
    share = (
        "select avg((cancellation_details.reason = 'payment_failed')::int) from subscriptions where status = 'canceled'"
    )
    assert 0.05 < one(rows, share) < 0.4
    assert (
        0.002 < one(rows, "select avg((status = 'past_due')::int) from subscriptions where status <> 'canceled'") < 0.08
    )


def test_risk_scores_tell_failures_and_disputes(rows: Rows) -> None:
    score = "outcome.risk_score"
    assert one(rows, f"select corr((status = 'failed')::int, {score}) from charges") > 0.15
    sql = f"select median({score}) from charges where"
    assert one(rows, f"{sql} status = 'failed'") > 1.5 * one(rows, f"{sql} status = 'succeeded' and not disputed")
    assert one(rows, f"{sql} disputed") > 2 * one(rows, f"{sql} status = 'succeeded' and not disputed")
    assert one(rows, f"select min({score}) >= 0 and max({score}) <= 99 from charges")
    levels = f"select count(*) from charges where (outcome.risk_level = 'normal') <> ({score} < 65)"
    assert one(rows, levels) == 0
    bands = f"select {score} >= 25 as high, avg((status = 'failed')::int) from charges group by 1 order by 1"
    low, high = (share for _, share in rows.execute(bands).fetchall())
    assert high > 3 * low


def test_disputes_are_rare_and_refunds_few(rows: Rows) -> None:
    assert 0.0005 < one(rows, "select avg(disputed::int) from charges") < 0.008
    assert one(rows, "select count(*) from charges where disputed and status <> 'succeeded'") == 0
    assert (
        0.01
        < one(
            rows,
            "select count(distinct r.charge) / count(distinct c.id) from charges c left join refunds r on r.charge = c.id",
        )
        < 0.04
    )
    sql = f"select count(*) from refunds r join charges c on c.id = r.charge where r.created <= c.created or r.created > {NOW} or r.amount > c.amount or c.status <> 'succeeded'"
    assert one(rows, sql) == 0


def test_invoices_add_up_and_tax_follows_the_country(rows: Rows) -> None:
    sql = """
        select count(*) from invoices i join (select invoice_id, sum(amount) as lines from invoice_line_items group by 1) l on l.invoice_id = i.id
        where i.subtotal <> lines or i.total <> i.total_excluding_tax + coalesce(i.tax, 0) or i.amount_paid + i.amount_remaining <> i.amount_due
    """
    assert one(rows, sql) == 0
    sql = """
        select max(abs(tax / total_excluding_tax - case currency when 'gbp' then 0.2 when 'cad' then 0.05 when 'aud' then 0.1 when 'eur' then 0.23 end))
        from invoices where tax > 0 and total_excluding_tax > 20000
    """
    assert one(rows, sql) < 0.0001


def test_customers_sign_up_in_working_hours_more_and_more(rows: Rows) -> None:
    assert (
        one(rows, "select avg((isodow(timezone('America/New_York', to_timestamp(created))) > 5)::int) from customers")
        < 0.08
    )
    by_year = [
        count
        for _, count in rows.execute(
            "select year(to_timestamp(created)), count(*) from customers group by 1 order by 1"
        ).fetchall()
    ]
    assert by_year == sorted(by_year)
    assert (
        one(
            rows,
            "select count(*) from customers c join subscriptions s on s.customer = c.id where c.created >= s.created",
        )
        == 0
    )


def test_most_trials_become_customers_and_those_that_do_not_owe_nothing(rows: Rows) -> None:
    ended = f"from subscriptions where trial_end < {NOW}"
    assert 0.45 < one(rows, f"select avg((ended_at is null or ended_at > trial_end)::int) {ended}") < 0.8
    assert one(rows, "select count(*) from subscriptions where ended_at < coalesce(trial_end, 0)") == 0


def test_a_bridge_of_recurring_revenue_has_all_of_its_parts(rows: Rows) -> None:
    """From one year's beginning to the next: what was kept, what was added to it, what was given up."""
    sql = """
        select sum(after), sum(least(after, before)), sum(greatest(after - before, 0)), sum(before - after) filter (after between 1 and before - 1), sum(before)
        from (select b.subscription, arg_max(m, b.created) filter (b.created < epoch(date '2025-01-01')) as before,
            case when coalesce(any_value(s.ended_at), 9e12) >= epoch(date '2026-01-01') then arg_max(m, b.created) else 0 end as after,
            any_value(s.ended_at) as ended
            from (select *, plan_amount / case every when 'year' then 12 else 1 end as m from billed) b join subscriptions s on s.id = b.subscription
            group by 1) where before > 0 and coalesce(ended, 9e12) >= epoch(date '2025-01-01')
    """
    after, kept, added, lost, before = rows.execute(sql).fetchone() or ()
    assert 0.6 < kept / before < 0.95
    assert kept / before < after / before < 1.15
    assert added > lost > 0


def test_a_few_customers_pay_much_of_it(rows: Rows) -> None:
    paying = "select customer, sum(plan.amount * quantity / case plan.interval when 'year' then 12 else 1 end) as m from subscriptions where ended_at is null group by 1"
    top = f"select sum(m) filter (place <= 0.1) / sum(m) from (select m, percent_rank() over (order by m desc) as place from ({paying}))"
    assert 0.25 < one(rows, top) < 0.6


def test_each_further_attempt_finds_fewer_who_can_pay(rows: Rows) -> None:
    tries = "select paid, row_number() over (partition by invoice order by created) as nth from charges"
    first, second, _, last = (
        share
        for _, share in rows.execute(f"select nth, avg(paid::int) from ({tries}) group by 1 order by 1").fetchall()
    )
    assert first > 0.93 > second > last


def test_prepaid_cards_fail_more_often(rows: Rows) -> None:
    sql = "select avg((status = 'failed')::int) from charges where payment_method_details.card.funding {} 'prepaid'"
    assert one(rows, sql.format("=")) > 1.3 * one(rows, sql.format("<>"))


def test_who_gets_an_invoice_sometimes_pays_late(rows: Rows) -> None:
    sent = "from invoices where collection_method = 'send_invoice'"
    assert 0.15 < one(rows, f"select avg((status_transitions.paid_at > due_date)::int) {sent} and paid") < 0.5
    assert 0.005 < one(rows, f"select avg((status = 'open')::int) {sent}") < 0.12
    assert one(rows, f"select count(*) {sent} and status = 'open' and attempt_count > 0") == 0
    late = f"select count(*) from invoices i join subscriptions s on s.id = i.subscription where i.due_date < {NOW} and i.status = 'open' and s.status <> 'past_due'"
    assert one(rows, late) == 0


def test_credits_are_few_and_used_up_in_order(rows: Rows) -> None:
    assert 0.001 < one(rows, "select avg((starting_balance < 0)::int) from invoices") < 0.03
    assert one(rows, "select count(*) from invoices where starting_balance > ending_balance or ending_balance > 0") == 0
    assert one(rows, "select count(*) from charges where amount <= 0") == 0
    assert 1 <= one(rows, "select count(*) from customers where balance < 0") < 25
    assert one(rows, "select max(balance) from customers") == 0


def test_addresses_belong_to_those_who_signed_up(rows: Rows) -> None:
    own = "contains(lower(email), regexp_extract(lower(name), '[a-z]+$'))"
    assert 0.5 < one(rows, f"select avg(({own})::int) from customers") < 0.98
    assert one(rows, "select count(distinct email) > 0.99 * count(*) from customers")
    assert one(rows, "select count(description) - count(distinct description) from customers") < 5


def test_what_was_charged_twice_is_given_back_whole(rows: Rows) -> None:
    sql = "select count(*) from refunds r join charges c on c.id = r.charge where r.reason in ('duplicate', 'fraudulent') and r.amount < c.amount"
    assert one(rows, sql) == 0
    days = "select median(r.created - c.created) / 86400 from refunds r join charges c on c.id = r.charge"
    assert 1 < one(rows, days) < 20


def test_retention_falls_with_age_and_does_not_break_off(rows: Rows) -> None:
    alive = ", ".join(
        f"avg((lived >= {year} * 31557600)::int) filter (start_date < {NOW} - {year} * 31557600)" for year in (1, 2, 3)
    )
    first, second, third = rows.execute(f"select {alive} from subscribed").fetchone() or ()
    assert 0.85 > first > second > third > 0.2


def test_months_and_years_are_both_sold_and_years_stay(rows: Rows) -> None:
    left = "select plan.interval as interval, status = 'canceled' as gone, start_date from subscriptions where start_date < epoch('2024-01-01'::timestamp)"
    share = dict(rows.execute(f"select interval, avg(gone::int) from ({left}) group by 1").fetchall())
    assert share["month"] > share["year"] > 0.05


def test_revenue_lands_in_the_account_by_currency(rows: Rows) -> None:
    by = dict(rows.execute("select currency, sum(amount_captured) / 100 from charges group by 1").fetchall())
    assert set(by) == {"usd", "gbp", "cad", "aud", "eur"}
    assert by["usd"] > 0.45 * sum(by.values())


def test_what_is_expanded_is_more_than_what_is_given_up(rows: Rows) -> None:
    seats = """select i.subscription, i.created, l.quantity, lag(l.quantity) over (partition by i.subscription order by i.created) as before
        from invoices i join invoice_line_items l on l.invoice_id = i.id and l.type = 'subscription'"""
    more = one(rows, f"select sum(quantity - before) filter (quantity > before) from ({seats})")
    less = one(rows, f"select sum(before - quantity) filter (quantity < before) from ({seats})")
    assert more > 1.5 * less > 0


def test_net_revenue_retention_is_plausible(rows: Rows) -> None:
    sql = """with lines as (select i.customer, i.created, l.amount / case when s.plan.interval = 'year' then 12 else 1 end as mrr,
            case when s.plan.interval = 'year' then 365 else 31 end as days
        from invoices i join invoice_line_items l on l.invoice_id = i.id and l.type = 'subscription' join subscriptions s on s.id = i.subscription),
        months as (select customer, sum(mrr) filter (epoch('2025-01-01'::timestamp) between created and created + days * 86400) as then_mrr,
            sum(mrr) filter (epoch('2025-12-31'::timestamp) between created and created + days * 86400) as now_mrr from lines group by 1)
        select sum(coalesce(now_mrr, 0)) / sum(then_mrr) from months where then_mrr > 0"""
    assert 0.75 < one(rows, sql) < 1.3


def test_charges_belong_to_open_or_paid_invoices(rows: Rows) -> None:
    assert (
        one(rows, "select count(*) from charges c join invoices i on i.id = c.invoice where c.paid and not i.paid") == 0
    )
    sql = "select count(*) from invoices i where i.paid and amount_due > 0 and not exists (from charges c where c.invoice = i.id and c.paid)"
    assert one(rows, sql) == 0


def test_nothing_is_charged_or_refunded_in_the_future(rows: Rows) -> None:
    for table in ("charges", "refunds", "invoices", "subscriptions", "customers"):
        assert one(rows, f"select max(created) <= epoch('2026-01-01'::timestamp) from {table}")


def test_refunds_come_soon_and_sum_to_what_the_charge_says(rows: Rows) -> None:
    assert (
        one(rows, "select median((r.created - c.created) / 86400) from refunds r join charges c on c.id = r.charge")
        < 30
    )
    sql = "select count(*) from charges c left join (select charge, sum(amount) as back from refunds group by 1) r on r.charge = c.id where c.amount_refunded <> coalesce(back, 0)"
    assert one(rows, sql) == 0


def test_cards_expire_later_and_brands_are_as_common_as_they_are(rows: Rows) -> None:
    brands = dict(
        rows.execute(
            "select payment_method_details.card.brand, count(distinct customer) from charges group by 1"
        ).fetchall()
    )
    assert brands["visa"] > brands["mastercard"] > brands["amex"] > brands.get("discover", 0)
    assert one(rows, "select min(payment_method_details.card.exp_year) from charges") >= 2026


def test_days_sales_outstanding_of_invoices_that_are_sent(rows: Rows) -> None:
    sql = "select median((status_transitions.paid_at - created) / 86400) from invoices where collection_method = '{}' and paid"
    assert one(rows, sql.format("charge_automatically")) < 1
    assert 15 < one(rows, sql.format("send_invoice")) < 40


def test_customers_who_left_have_no_running_subscription(rows: Rows) -> None:
    assert (
        one(
            rows,
            "select count(*) from customers c join subscriptions s on s.customer = c.id where c.is_deleted and s.status in ('active', 'trialing', 'past_due')",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select count(*) from subscriptions where status = 'canceled' and (ended_at is null or ended_at < start_date)",
        )
        == 0
    )
