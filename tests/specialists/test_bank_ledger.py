"""What a bank's auditors and analysts ask first: sums, order, double entry, paydays, transfers, overdrafts, fraud."""

from __future__ import annotations

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return connection("bank_ledger", request.param)


def test_every_balance_is_the_sum_of_what_came_before(rows: Rows) -> None:
    sql = """
        select count(*) from (select balance_after, opening_balance + sum(amount) over (partition by account_id order by posted_at, t.id) as total
            from transactions t join accounts a on a.id = t.account_id) where balance_after <> total
    """
    assert one(rows, sql) == 0
    sql = """
        select count(*) from accounts a join (select account_id, sum(amount) as total from transactions group by 1) t on t.account_id = a.id
        where a.balance <> a.opening_balance + total
    """
    assert one(rows, sql) == 0


def test_statements_join_on(rows: Rows) -> None:
    sql = """
        select count(*) from (select opening_balance, period_start, lag(closing_balance) over w as closed, lag(period_end) over w as ended
            from statements window w as (partition by account_id order by period_start))
        where opening_balance <> closed or period_start <> ended + 1
    """
    assert one(rows, sql) == 0
    assert (
        one(
            rows,
            "select count(*) from transactions t join statements s on s.id = statement_id where posted_at::date not between period_start and period_end",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select count(*) from statements s join accounts a on a.id = account_id where period_start < opened_on or period_end >= '2026-01-01'",
        )
        == 0
    )


def test_transactions_are_numbered_in_order_of_time(rows: Rows) -> None:
    sql = "select count(*) from (select posted_at, lag(posted_at) over (partition by account_id order by id) as before from transactions) where posted_at < before"
    assert one(rows, sql) == 0


def test_debits_equal_credits(rows: Rows) -> None:
    sql = "select count(*) from (select transaction_id from journal_lines group by 1 having sum(debit) <> sum(credit) or count(*) <> 2 or count(distinct gl_code) <> 2)"
    assert one(rows, sql) == 0
    assert (
        one(
            rows,
            "select count(*) from journal_lines j left join gl_accounts g on g.code = j.gl_code where g.code is null",
        )
        == 0
    )
    sql = "select count(*) from transactions t join (select transaction_id, sum(debit) as total from journal_lines group by 1) j on j.transaction_id = t.id where abs(amount) <> total"
    assert one(rows, sql) == 0
    deposits = "select sum(credit - debit) from journal_lines where gl_code in (2000, 2010)"
    turnover = (
        "select sum(amount) from transactions t join accounts a on a.id = account_id where a.kind <> 'credit_card'"
    )
    assert one(rows, deposits) == one(rows, turnover)


def test_transfers_between_own_accounts_have_two_legs(rows: Rows) -> None:
    sql = """
        select count(*) from (select reference from transactions t join accounts a on a.id = account_id where reference is not null group by 1
            having count(*) <> 2 or sum(amount) <> 0 or count(distinct posted_at) <> 1 or count(distinct customer_id) <> 1 or count(distinct account_id) <> 2)
    """
    assert one(rows, sql) == 0
    assert one(rows, "select count(*) from transactions where reference is not null") > 1000
    assert one(rows, "select sum(debit - credit) from journal_lines where gl_code = 1900") == 0


def test_rent_on_the_first_and_salary_on_a_working_day(rows: Rows) -> None:
    assert one(rows, "select count(*) from transactions where kind = 'rent' and day(posted_at) <> 1") == 0
    assert (
        one(
            rows,
            "select count(*) from transactions where kind = 'salary' and (isodow(posted_at) > 5 or day(posted_at) > 5 or strftime(posted_at, '%m%d') = '0101')",
        )
        == 0
    )
    monthly = "select account_id, date_trunc('month', posted_at) from transactions where kind = 'salary' group by all having count(*) <> 1"
    assert one(rows, f"select count(*) from ({monthly})") == 0
    share = "select median(-r.amount / s.amount) from transactions r join transactions s using (statement_id) where r.kind = 'rent' and s.kind = 'salary'"
    assert 0.2 < one(rows, share) < 0.36


def test_checking_accounts_rarely_overdraw(rows: Rows) -> None:
    assert (
        one(
            rows,
            "select avg((balance_after < 0)::int) from transactions t join accounts a on a.id = account_id where a.kind = 'checking'",
        )
        < 0.06
    )
    assert (
        one(
            rows,
            "select min(balance_after) from transactions t join accounts a on a.id = account_id where a.kind = 'savings'",
        )
        > 0
    )
    assert (
        one(
            rows,
            "select avg((balance_after < 0)::int) from transactions t join accounts a on a.id = account_id where a.kind = 'credit_card'",
        )
        > 0.9
    )


def test_spending_follows_income_hours_and_shops(rows: Rows) -> None:
    sql = """
        select corr(spent / months, net_salary) from (select c.id, net_salary, -sum(amount) as spent, count(distinct date_trunc('month', posted_at)) as months
            from transactions t join accounts a on a.id = account_id join customers c on c.id = a.customer_id where t.kind = 'card' and not is_fraud group by all)
    """
    assert one(rows, sql) > 0.4
    hours = dict(
        rows.execute("select hour(posted_at), count(*) from transactions where kind = 'card' group by 1").fetchall()
    )
    assert hours[12] > hours[9] > 3 * hours[3]
    days = dict(
        rows.execute("select isodow(posted_at), count(*) from transactions where kind = 'card' group by 1").fetchall()
    )
    assert days[6] > days[5] > days[1]
    tickets = dict(
        rows.execute(
            "select mcc, median(-amount) from transactions join merchants m on m.id = merchant_id where mcc in ('5814', '5411', '4511') group by 1"
        ).fetchall()
    )
    assert tickets["5814"] < tickets["5411"] < tickets["4511"]
    top = "select sum(n) filter (place <= 22) / sum(n) from (select count(*) as n, row_number() over (order by count(*) desc) as place from transactions where merchant_id is not null group by merchant_id)"
    assert 0.2 < one(rows, top) < 0.7
    assert one(rows, "select count(*) from transactions where kind = 'atm' and amount % 20 <> 0") == 0
    assert one(rows, "select count(*) from transactions where (kind = 'card') <> (merchant_id is not null)") == 0


def test_fraud_is_rare_and_shows_in_amount_country_and_hour(rows: Rows) -> None:
    of = "from transactions t join merchants m on m.id = merchant_id where {}"
    fraud, honest = of.format("is_fraud"), of.format("not is_fraud")
    assert 0.0003 < one(rows, f"select avg(is_fraud::int) {of.format('true')}") < 0.008
    assert one(rows, f"select median(-amount) {fraud}") > 3 * one(rows, f"select median(-amount) {honest}")
    assert one(rows, f"select avg((country <> 'US')::int) {fraud}") > 2 * one(
        rows, f"select avg((country <> 'US')::int) {honest}"
    )
    assert one(rows, f"select avg((hour(posted_at) < 6)::int) {fraud}") > 3 * one(
        rows, f"select avg((hour(posted_at) < 6)::int) {honest}"
    )


def test_interest_follows_the_rate_of_the_deposit(rows: Rows) -> None:
    sql = "select count(*) from transactions t join statements s on s.id = statement_id where kind = 'interest' and amount not between 0.001 * opening_balance and 0.0035 * closing_balance"
    assert one(rows, sql) == 0


def test_customers_hold_one_account_or_many_and_stay_for_years(rows: Rows) -> None:
    held = [n for (n,) in rows.execute("select count(*) from accounts group by customer_id").fetchall()]
    assert 0.2 < held.count(1) / len(held) < 0.5
    assert max(held) >= 6
    assert (
        one(
            rows,
            "select count(*) from accounts a join customers c on c.id = customer_id where opened_on < joined_on or kind = 'checking' and opened_on <> joined_on",
        )
        == 0
    )
    assert one(rows, "select count(distinct joined_on) / count(*) from customers") > 0.8
    assert one(rows, "select avg((joined_on < '2024-01-01')::int) from customers") > 0.2
    used = "select count(*) as n from transactions t join accounts a on a.id = account_id where a.kind = 'checking' group by account_id"
    assert one(rows, f"select quantile_cont(n, 0.9) / quantile_cont(n, 0.1) from ({used})") > 4


def test_what_comes_in_is_about_spent(rows: Rows) -> None:
    sql = """
        select median((s.closing_balance - s.opening_balance) / c.net_salary) from statements s join accounts a on a.id = account_id
            join customers c on c.id = s.customer_id where a.kind = '{}'
    """
    assert -0.02 < one(rows, sql.format("checking")) < 0.16
    assert abs(one(rows, sql.format("credit_card"))) < 0.05
    sums = "select period_start, sum(turnover) from (select s.period_start, t.amount as turnover from transactions t join statements s on s.id = statement_id where t.kind = 'salary') group by 1"
    assert one(rows, f"select count(*) from ({sums})") == 18


def test_people_buy_daily_goods_often_and_flights_rarely(rows: Rows) -> None:
    share = dict(
        rows.execute(
            "select mcc, count(*) / sum(count(*)) over () from transactions join merchants m on m.id = merchant_id group by 1"
        ).fetchall()
    )
    assert share["5411"] > share["5812"] * 0.9 > 5 * share["7011"]
    assert share["4511"] < 0.02
    chains = "select count(*) / sum(count(*)) over (partition by mcc) as part, mcc from transactions join merchants m on m.id = merchant_id group by merchant_id, mcc"
    assert one(rows, f"select min(most) from (select max(part) as most from ({chains}) group by mcc)") > 0.05
    bought = dict(
        rows.execute(
            "select month(posted_at), count(*) / count(distinct account_id) from transactions where kind = 'card' and year(posted_at) = 2025 group by 1"
        ).fetchall()
    )
    assert bought[12] > 1.1 * bought[10]
    assert bought[1] < bought[11]


def test_salaries_are_raised_once_a_year_and_fraud_comes_in_runs(rows: Rows) -> None:
    raises = "select max(amount) / min(amount) as rise, count(distinct amount) as steps from transactions where kind = 'salary' group by account_id"
    assert one(rows, f"select max(steps) from ({raises})") == 2
    assert one(rows, f"select count(*) from ({raises}) where rise not between 0.999 and 1.04") == 0
    runs = "select posted_at - lag(posted_at) over (partition by account_id order by posted_at) < interval 31 days as again from transactions where is_fraud"
    assert one(rows, f"select avg(coalesce(again, false)::int) from ({runs})") > 0.25
    assert (
        one(
            rows,
            "select count(distinct customer_id) from transactions t join accounts a on a.id = account_id where is_fraud",
        )
        < 36
    )


def test_nobody_joins_as_a_child_and_rents_are_raised_by_a_little(rows: Rows) -> None:
    assert one(rows, "select min(date_diff('year', birth_date, joined_on)) from customers") >= 16
    rents = """select count(distinct amount) n, min(amount) / max(amount) as rise, count(*) paid from transactions
        where kind = 'rent' group by account_id"""
    assert one(rows, f"select avg((n = 2)::int) from ({rents}) where paid > 14") > 0.9
    assert one(rows, f"select max(rise) from ({rents})") < 1.06
    assert one(rows, f"select max(n) from ({rents})") == 2


def test_shops_are_shut_on_christmas(rows: Rows) -> None:
    sql = "select count(*) from transactions where kind = 'card' and strftime(posted_at, '%m-%d')"
    assert one(rows, f"{sql} = '12-25'") < 0.6 * one(rows, f"{sql} between '12-18' and '12-22'") / 5


def test_cash_comes_in_notes_and_fees_on_the_last_day(rows: Rows) -> None:
    assert one(rows, "select count(*) from transactions where kind = 'atm' and amount % 20 <> 0") == 0
    assert (
        one(
            rows,
            "select count(*) from transactions where kind = 'fee' and month(posted_at + interval 1 day) = month(posted_at)",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select max(n) from (select count(*) n from transactions where kind = 'salary' group by account_id, date_trunc('month', posted_at))",
        )
        == 1
    )


def test_a_purchase_is_made_once_and_prices_fit_the_shop(rows: Rows) -> None:
    twice = "select 1 from transactions where kind = 'card' group by account_id, merchant_id, amount, posted_at::date having count(*) > 1"
    assert one(rows, f"select count(*) from ({twice})") == 0
    usual = "select median(-amount)::double from transactions join merchants m on m.id = merchant_id where not is_fraud and mcc"
    assert one(rows, f"{usual} = '5814'") < 0.5 * one(rows, f"{usual} = '5812'") < 0.5 * one(rows, f"{usual} = '5732'")
