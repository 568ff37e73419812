"""What a lender's analyst asks: do rates follow scores, do paid-off loans have their payments, who falls behind."""

from __future__ import annotations

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection

LOANS = """
    select l.*, s.score, b.annual_income, b.created_at as joined_at, date '2026-01-01' as today,
        (select count(*) from payments p where p.loan_id = l.id) as made,
        (select count(*) from payments p where p.loan_id = l.id and p.status = 'missed') as missed,
        (select sum(p.principal) from payments p where p.loan_id = l.id) as repaid
    from loans l join borrowers b on b.id = l.borrower_id join credit_scores s on s.borrower_id = b.id
"""


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    opened = connection("fintech_loans", request.param)
    opened.execute(f"create or replace temp view seen as {LOANS}")
    return opened


def test_better_scores_get_lower_rates(rows: Rows) -> None:
    assert -0.9 < one(rows, "select corr(score, interest_rate) from seen") < -0.65
    sql = "select floor(score / 75), avg(interest_rate) from seen where score between 525 and 824 group by 1 order by 1"
    rates = [rate for _, rate in rows.execute(sql).fetchall()]
    assert len(rates) >= 4
    assert rates == sorted(rates, reverse=True)


def test_higher_incomes_borrow_more_within_their_means(rows: Rows) -> None:
    assert 0.45 < one(rows, "select corr(ln(annual_income), ln(amount)) from seen") < 0.85
    assert one(rows, "select corr(annual_income, amount) from seen") > 0.4
    assert one(rows, "select min(amount / annual_income) from seen") > 0
    assert one(rows, "select max(amount / annual_income) from seen") <= 0.4
    assert 0.1 < one(rows, "select median(amount / annual_income) from seen") < 0.35


def test_larger_loans_run_longer(rows: Rows) -> None:
    assert 0.2 < one(rows, "select corr(term_months, ln(amount)) from seen") < 0.5


def test_delinquency_falls_steeply_with_the_score(rows: Rows) -> None:
    sql = """
        select case when score < 600 then 0 when score < 680 then 1 else 2 end as band,
            avg((status = 'delinquent')::int) from seen group by 1 order by 1
    """
    poor, fair, good = (share for _, share in rows.execute(sql).fetchall())
    assert poor > 0.12
    assert poor > 1.7 * fair
    assert fair > 1.7 * good
    assert good < 0.04
    assert 0.03 < one(rows, "select avg((status = 'delinquent')::int) from seen") < 0.12


def test_late_payments_fall_with_the_score(rows: Rows) -> None:
    sql = """
        select floor(score / 100), avg((p.status = 'late')::int) from payments p join seen l on l.id = p.loan_id
        where score between 500 and 799 and p.status <> 'missed' group by 1 order by 1
    """
    shares = [share for _, share in rows.execute(sql).fetchall()]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 2 * shares[-1]


def test_a_loan_has_a_payment_for_each_month_gone_by(rows: Rows) -> None:
    sql = """
        select count(*) from seen where made <> least(term_months, (select count(*) from range(1, 100) m(n)
            where cast(funded_date + to_months(m.n::int) as date) < today))
    """
    assert one(rows, sql) == 0
    assert one(rows, "select count(*) from payments where payment_date >= date '2026-01-01'") == 0


def test_payments_are_due_month_after_month_on_working_days(rows: Rows) -> None:
    sql = """
        select min(due - payment_date), max(due - payment_date), max(isodow(payment_date)) from (select p.payment_date,
            cast(l.funded_date + to_months(p.payment_number) as date) as due from payments p join loans l on l.id = p.loan_id)
    """
    assert rows.execute(sql).fetchone() == (0, 2, 5)
    numbered = "select max(payment_number) - count(*) as d from payments group by loan_id"
    assert one(rows, f"select count(*) from ({numbered}) where d <> 0") == 0


def test_late_payments_come_late_and_missed_ones_not_at_all(rows: Rows) -> None:
    sql = "select count(*) from payments where"
    assert one(rows, f"{sql} (paid_date is null) <> (status = 'missed')") == 0
    assert one(rows, f"{sql} status = 'paid' and paid_date <> payment_date") == 0
    assert one(rows, f"{sql} status = 'late' and paid_date - payment_date not between 0 and 30") == 0
    assert one(rows, "select median(paid_date - payment_date) from payments where status = 'late'") > 9
    assert one(rows, f"{sql} paid_date >= date '2026-01-01'") == 0


def test_paid_off_loans_have_paid_everything(rows: Rows) -> None:
    where = "from seen where status = 'paid_off'"
    assert one(rows, f"select count(*) {where}") > 150
    assert one(rows, f"select count(*) {where} and (made <> term_months or missed > 0 or repaid <> amount)") == 0
    assert one(rows, f"select max(closed_date) {where}") < one(rows, "select any_value(today) from seen")
    assert one(rows, "select count(*) from seen where (closed_date is null) = (status = 'paid_off')") == 0


def test_loans_are_delinquent_where_the_latest_payments_are_missed(rows: Rows) -> None:
    assert one(rows, "select count(*) from seen where (status = 'delinquent') <> (missed > 0)") == 0
    sql = """
        select count(*) from payments p join seen l on l.id = p.loan_id
        where (p.status = 'missed') <> (p.payment_number > l.made - l.missed)
    """
    assert one(rows, sql) == 0
    assert one(rows, "select max(missed) from seen") <= 6
    assert one(rows, "select count(*) from seen where status = 'active' and made = term_months") == 0


def test_interest_is_that_of_the_debt_and_installments_are_alike(rows: Rows) -> None:
    sql = """
        with owed as (
            select p.*, l.interest_rate, l.amount - coalesce(sum(p.principal) over (partition by p.loan_id
                order by payment_number rows between unbounded preceding and 1 preceding), 0) as debt
            from payments p join loans l on l.id = p.loan_id
        ) select max(abs(interest - round(debt * interest_rate / 1200, 2))) from owed
    """
    assert one(rows, sql) < 0.011
    assert (
        one(rows, "select max(d) from (select max(amount) - min(amount) as d from payments group by loan_id)") <= 0.03
    )
    assert one(rows, "select count(*) from payments where amount <> principal + interest or principal <= 0") == 0


def test_funding_is_on_working_days_after_the_application(rows: Rows) -> None:
    assert one(rows, "select count(*) from seen where isodow(funded_date) > 5") == 0
    holidays = "('2022-07-04', '2023-07-04', '2024-07-04', '2025-07-04', '2023-12-25', '2024-12-25', '2025-01-01')"
    assert one(rows, f"select count(*) from seen where strftime(funded_date, '%Y-%m-%d') in {holidays}") == 0
    assert one(rows, "select count(*) from seen where created_at < joined_at or funded_date < created_at::date") == 0
    assert one(rows, "select max(funded_date - created_at::date) from seen") <= 14
    assert one(rows, "select count(*) from seen where funded_date >= today") == 0


def test_loans_are_funded_in_all_years_without_a_heap_at_the_end(rows: Rows) -> None:
    by_year = dict(rows.execute("select year(funded_date), count(*) from seen group by 1").fetchall())
    assert set(by_year) == {*range(2020, 2026)}
    assert by_year[2025] < 2 * by_year[2024]
    assert by_year[2025] > by_year[2021]


def test_retired_people_are_old_and_have_less(rows: Rows) -> None:
    born = "date_diff('year', date_of_birth, date '2026-01-01')"
    assert one(rows, f"select min({born}) from borrowers where employment_status = 'retired'") >= 60
    assert one(rows, f"select avg((employment_status = 'retired')::int) from borrowers where {born} > 68") > 0.7
    sql = "select median(annual_income::double) from borrowers where employment_status"
    assert one(rows, f"{sql} = 'retired'") < 0.8 * one(rows, f"{sql} = 'employed'")


def test_loans_per_borrower_fall_off_without_a_cliff(rows: Rows) -> None:
    sql = "select n, count(*) from (select count(*) as n from loans group by borrower_id) group by 1 order by 1"
    counts = [count for _, count in rows.execute(sql).fetchall()]
    assert counts[0] > counts[1] > counts[2] > counts[3]
    assert len(counts) >= 6
    assert sum(counts) == one(rows, "select count(*) from borrowers")


def test_each_borrower_has_one_recent_score(rows: Rows) -> None:
    assert one(rows, "select count(*) = count(distinct borrower_id) from credit_scores")
    assert one(rows, "select count(*) from credit_scores") == one(rows, "select count(*) from borrowers")
    assert 670 < one(rows, "select median(score) from credit_scores") < 710
    assert one(rows, "select min(score) >= 300 and max(score) <= 850 from credit_scores")
    assert one(rows, "select count(*) from credit_scores where score_date <> created_at::date") == 0
    assert one(rows, "select max(score_date) from credit_scores") < one(rows, "select any_value(today) from seen")


def test_nobody_is_a_customer_before_coming_of_age(rows: Rows) -> None:
    assert one(rows, "select count(*) from borrowers where created_at < date_of_birth + interval 18 year") == 0


def test_incomes_rise_with_age_and_fall_with_retirement(rows: Rows) -> None:
    sql = (
        "select median(annual_income::double) from borrowers where date_diff('year', date_of_birth, date '2026-01-01')"
    )
    young, middle, old = (one(rows, f"{sql} between {ages}") for ages in ("21 and 29", "38 and 58", "68 and 80"))
    assert young < 0.85 * middle
    assert old < 0.85 * middle


def test_those_without_work_have_lower_scores(rows: Rows) -> None:
    sql = "select avg(score) from credit_scores join borrowers b on b.id = borrower_id where employment_status"
    assert one(rows, f"{sql} = 'unemployed'") < one(rows, f"{sql} = 'employed'")


def test_people_ask_for_round_sums(rows: Rows) -> None:
    assert 0.5 < one(rows, "select avg((amount % 1000 = 0)::int) from loans") < 0.75
    assert one(rows, "select avg((amount % 500 = 0)::int) from loans") > 0.7
    assert one(rows, "select count(*) from loans where amount % 100 <> 0") == 0


def test_loans_are_numbered_in_the_order_of_a_borrowers_applications(rows: Rows) -> None:
    sql = "select created_at < lag(created_at) over (partition by borrower_id order by id) as back from loans"
    assert one(rows, f"select count(*) from ({sql}) where back") == 0
    gaps = "select date_diff('day', lag(created_at) over (partition by borrower_id order by created_at), created_at) d from loans"
    assert one(rows, f"select median(d) from ({gaps})") > 45


def test_deeper_debt_for_the_income_pays_later(rows: Rows) -> None:
    sql = """select third, avg((p.status in ('late', 'missed'))::int) from
        (select id, ntile(3) over (order by amount / annual_income) third from seen) thirds join payments p on p.loan_id = thirds.id group by 1 order by 1"""
    shares = [share for _, share in rows.execute(sql).fetchall()]
    assert shares[2] > 1.3 * shares[0]


def test_late_payments_lead_to_missed_ones(rows: Rows) -> None:
    sql = """select avg((p.status = 'late')::int) from payments p join seen l on l.id = p.loan_id
        where l.missed > 0 and p.status <> 'missed' and p.payment_number"""
    assert one(rows, f"{sql} > l.made - l.missed - 3") > 2.5 * one(rows, f"{sql} <= l.made - l.missed - 3")
    before = "select status, lag(status) over (partition by loan_id order by payment_number) before from payments"
    late = f"select avg((status = 'late')::int) from ({before}) where before"
    assert one(rows, f"{late} = 'late'") > 1.4 * one(rows, f"{late} = 'paid'")


def test_most_late_payments_are_a_few_days_late(rows: Rows) -> None:
    days = "select count(*) from payments where status = 'late' and paid_date - payment_date"
    week, fortnight, month = (one(rows, f"{days} between {span}") for span in ("5 and 12", "13 and 20", "21 and 29"))
    assert week > 1.5 * fortnight
    assert fortnight > 0.7 * month


def test_fewer_months_missed_are_more_common(rows: Rows) -> None:
    sql = "select count(*) from seen where missed"
    assert one(rows, f"{sql} = 1") > one(rows, f"{sql} = 2") > one(rows, f"{sql} >= 4")


def test_older_vintages_are_paid_off_more(rows: Rows) -> None:
    sql = "select year(funded_date), avg((status = 'paid_off')::int) from seen group by 1 order by 1"
    shares = [share for _, share in rows.execute(sql).fetchall()]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.75
    assert shares[-1] < 0.1
    delinquent = "select avg((status = 'delinquent')::int) from seen where made"
    assert one(rows, f"{delinquent} < 12") < 0.15


def test_installments_fit_the_income_and_interest_the_amounts(rows: Rows) -> None:
    shares = "select p.amount * 12 / l.annual_income as share from payments p join seen l on l.id = loan_id where payment_number = 1"
    assert 0.06 < one(rows, f"select median(share) from ({shares})") < 0.15
    assert one(rows, f"select max(share) from ({shares})") < 0.5
    years = rows.execute(
        "select year(payment_date), sum(interest) from payments where status <> 'missed' group by 1 order by 1"
    ).fetchall()
    assert [interest for _, interest in years] == sorted(interest for _, interest in years)
