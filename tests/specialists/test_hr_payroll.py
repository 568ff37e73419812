"""What HR and payroll people ask first: the tree, pay by grade, raises, payslips, leave, headcount, turnover, tenure."""

from __future__ import annotations

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection
PAY = "from employees e join positions p on p.id = position_id where status = 'active' and weekly_hours = 40"


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return connection("hr_payroll", request.param)


def test_managers_make_a_tree_with_one_chief(rows: Rows) -> None:
    """Everybody comes to the chief in three steps at most, within the own department but for heads."""
    assert rows.execute("select count(*) from employees where manager_id is null").fetchall() == [(1,)]
    reached = """
        with recursive up as (select id, 0 as depth from employees where manager_id is null
            union all select e.id, depth + 1 from employees e join up on e.manager_id = up.id)
        select count(distinct id), max(depth) from up
    """
    assert rows.execute(reached).fetchone() == (one(rows, "select count(*) from employees"), 3)
    pairs = "from employees e join employees m on m.id = e.manager_id join positions p on p.id = e.position_id join positions q on q.id = m.position_id"
    assert one(rows, f"select count(*) {pairs} where p.grade >= q.grade or m.status <> 'active'") == 0
    assert one(rows, f"select count(*) {pairs} where e.department_id <> m.department_id and q.grade < 9") == 0


def test_spans_of_control_are_of_a_size_that_one_can_lead(rows: Rows) -> None:
    spans = (
        "select manager_id, count(*) as n from employees where status = 'active' and manager_id is not null group by 1"
    )
    assert 4 < one(rows, f"select avg(n) from ({spans})") < 9
    assert one(rows, f"select max(n) from ({spans})") <= 20


def test_pay_rises_with_grade_and_stays_near_its_band(rows: Rows) -> None:
    medians = [
        value
        for _, value in rows.execute(f"select grade, median(annual_salary) {PAY} group by 1 order by 1").fetchall()
    ]
    assert medians == sorted(medians)
    assert len(medians) == 8
    assert one(rows, f"select avg((annual_salary between 0.9 * salary_min and 1.1 * salary_max)::int) {PAY}") > 0.97
    by_sex = (
        f"select gender, p.grade, avg(annual_salary / salary_mid) as ratio {PAY} group by 1, 2 having count(*) > 15"
    )
    assert one(rows, f"select max(ratio) / min(ratio) from ({by_sex})") < 1.25


def test_salaries_begin_at_hiring_and_rise_once_a_year_by_rating(rows: Rows) -> None:
    steps = "select s.*, lag(annual_salary) over w as before, lag(effective_to) over w as ended from salaries s window w as (partition by employee_id order by effective_from)"
    assert (
        one(
            rows,
            "select count(*) from salaries join employees e on e.id = employee_id where effective_from < hired_on or effective_from > left_on",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select count(*) from (select min(effective_from) as first, employee_id from salaries group by 2) join employees e on e.id = employee_id where first <> hired_on",
        )
        == 0
    )
    assert one(rows, f"select count(*) from ({steps}) where annual_salary < before or effective_from <> ended + 1") == 0
    assert (
        one(
            rows,
            "select count(*) from (select employee_id, year(effective_from), count(*) as n from salaries where reason <> 'hire' group by 1, 2) where n > 1",
        )
        == 0
    )
    raises = f"select rating, avg(annual_salary / before) from ({steps}) where before > 0 group by 1 having count(*) > 8 order by 1"
    means = [value for _, value in rows.execute(raises).fetchall()]
    assert means == sorted(means)
    assert means[-1] < 1.1
    assert (
        one(
            rows,
            "select count(*) from employees e join (select employee_id, arg_max(annual_salary, effective_from) as last from salaries group by 1) s on s.employee_id = e.id where last <> e.annual_salary",
        )
        == 0
    )


def test_payroll_runs_on_the_last_working_day_of_each_month(rows: Rows) -> None:
    assert rows.execute(
        "select count(*), count(distinct date_trunc('month', pay_date)), max(isodow(pay_date)) from payroll_runs"
    ).fetchone() == (72, 72, 5)
    assert one(rows, "select max(period_end - pay_date) from payroll_runs") <= 4
    assert (
        one(
            rows,
            "select count(*) from payslips s left join payroll_runs r on r.id = payroll_run_id where r.pay_date is distinct from s.pay_date",
        )
        == 0
    )


def test_payslips_add_up_and_pay_what_is_in_force(rows: Rows) -> None:
    wrong = "gross_pay <> base_pay + bonus + overtime_pay or net_pay <> gross_pay - tax - pension or net_pay <= 0 or overtime_pay > 0 and overtime_hours is null"
    assert one(rows, f"select count(*) from payslips where {wrong}") == 0
    whole = """
        select count(*) from payslips s join payroll_runs r on r.id = payroll_run_id join employees e on e.id = s.employee_id
            join salaries t on t.employee_id = e.id and r.period_end between effective_from and coalesce(effective_to, '2999-01-01')
        where hired_on <= period_start and coalesce(left_on, '2999-01-01') >= period_end and abs(base_pay - t.annual_salary / 12) > 0.01
    """
    assert one(rows, whole) == 0
    assert (
        one(
            rows,
            "select count(*) from payslips s join payroll_runs r on r.id = payroll_run_id join employees e on e.id = employee_id where hired_on > period_end or left_on < period_start",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select count(*) from (select employee_id, payroll_run_id from payslips group by all having count(*) > 1)",
        )
        == 0
    )
    assert one(rows, "select corr(gross_pay, tax / gross_pay) from payslips") > 0.5  # progressive


def test_bonuses_come_in_march_and_overtime_to_those_below_the_line(rows: Rows) -> None:
    months = dict(rows.execute("select month(pay_date), sum(bonus) from payslips group by 1").fetchall())
    assert months[3] > 3 * months[6] > months[5] == 0
    assert (
        one(
            rows,
            "select count(*) from payslips s join employees e on e.id = employee_id join positions p on p.id = position_id where overtime_hours > 0 and is_exempt",
        )
        == 0
    )
    assert 0.001 < one(rows, "select sum(overtime_pay) / sum(gross_pay) from payslips") < 0.03


def test_nobody_is_away_for_longer_than_the_balance_or_twice_at_once(rows: Rows) -> None:
    taken = """
        select count(*) from leave_balances b left join (select leave_balance_id, sum(working_days) as days from leave_requests
            where leave_type = 'vacation' and status = 'approved' group by 1) r on r.leave_balance_id = b.id
        where taken_days <> coalesce(days, 0) or remaining_days <> entitled_days - taken_days or remaining_days < 0
    """
    assert one(rows, taken) == 0
    assert (
        one(
            rows,
            "select count(*) from (select *, lag(end_on) over (partition by employee_id order by start_on) as before from leave_requests) where start_on <= before",
        )
        == 0
    )
    outside = "start_on < period_start or end_on > period_end or isodow(start_on) > 5 or isodow(end_on) > 5"
    assert (
        one(
            rows,
            f"select count(*) from leave_requests r join leave_balances b on b.id = leave_balance_id where {outside} or r.employee_id <> b.employee_id",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select count(*) from leave_requests r join employees e on e.id = employee_id where approver_id is distinct from manager_id",
        )
        == 0
    )


def test_leave_is_asked_for_before_and_taken_in_summer(rows: Rows) -> None:
    wrong = "decided_at < requested_at or cancelled_at < requested_at or requested_at::date > start_on or leave_type <> 'sick' and requested_at >= start_on"
    assert one(rows, f"select count(*) from leave_requests where {wrong}") == 0
    days = dict(
        rows.execute(
            "select month(start_on), sum(working_days) from leave_requests where leave_type = 'vacation' and status = 'approved' group by 1"
        ).fetchall()
    )
    assert days[7] + days[8] > 1.5 * (days[2] + days[3])
    assert one(rows, "select count(*) from leave_requests where status = 'rejected' and leave_type <> 'vacation'") == 0


def test_headcount_is_hires_less_leavers(rows: Rows) -> None:
    steps = (
        "select *, lag(headcount, 1, 0) over (partition by department_id order by month_end) as before from headcounts"
    )
    assert one(rows, f"select count(*) from ({steps}) where headcount <> before + hires - leavers") == 0
    counted = "select count(*) from headcounts h where headcount <> (select count(*) from employees e where e.department_id = h.department_id and hired_on <= month_end and coalesce(left_on, '2999-01-01') > month_end)"
    assert one(rows, counted) == 0
    ends = [
        value
        for _, value in rows.execute(
            "select year(month_end), sum(headcount) from headcounts where month(month_end) = 12 group by 1 order by 1"
        ).fetchall()
    ]
    assert ends == sorted(ends)
    assert ends[-1] > 3 * ends[0]


def test_turnover_is_higher_where_people_stay_less(rows: Rows) -> None:
    gone = "select count(*) from employees where year(left_on) = 2025"
    average = "select avg(n) from (select month_end, sum(headcount) as n from headcounts where year(month_end) = 2025 group by 1)"
    assert 0.08 < one(rows, gone) / one(rows, average) < 0.24
    rate = "select count(left_on) / sum((coalesce(left_on, '2026-01-01') - hired_on) / 365.0) from employees e join departments d on d.id = department_id where name in {}"
    assert one(rows, rate.format("('Sales', 'Customer Support')")) > 1.2 * one(
        rows, rate.format("('Engineering', 'Finance', 'People')")
    )
    assert (
        one(
            rows,
            "select count(*) from employees where (leaving_reason is null) <> (left_on is null) or (status = 'terminated') <> (left_on is not null)",
        )
        == 0
    )


def test_tenures_are_many_short_ones_and_few_long_ones(rows: Rows) -> None:
    years = "select (coalesce(left_on, '2026-01-01') - hired_on) / 365.0 as years from employees"
    assert one(rows, f"select avg(years) - median(years) from ({years})") > 0
    assert (
        one(
            rows,
            "select count(*) from employees where date_diff('year', birth_date, hired_on) < 18 or isodow(hired_on) > 5 or isodow(left_on) > 5",
        )
        == 0
    )
    hires = dict(rows.execute("select isodow(hired_on), count(*) from employees group by 1").fetchall())
    assert hires[1] > 3 * max(hires[day] for day in (2, 3, 4, 5))


def test_most_are_hired_young_and_seniors_are_older(rows: Rows) -> None:
    ages = "select date_diff('day', birth_date, hired_on) / 365.25 as age, grade from employees e join positions p on p.id = position_id"
    assert 28 < one(rows, f"select median(age) from ({ages})") < 37
    assert one(rows, f"select min(age) from ({ages})") > 18
    assert one(rows, f"select avg((age > 55)::int) from ({ages})") < 0.04
    assert one(rows, f"select corr(age, grade) from ({ages} where grade < 6)") > 0.4


def test_marks_are_of_a_person_and_bad_where_one_is_dismissed(rows: Rows) -> None:
    marks = "select employee_id, rating, lag(rating) over (partition by employee_id order by effective_from) as before from salaries"
    assert one(rows, f"select corr(rating, before) from ({marks})") > 0.2
    mean = "select avg(rating) from salaries s join employees e on e.id = employee_id where leaving_reason {}"
    assert one(rows, mean.format("= 'dismissal'")) < one(rows, mean.format("is distinct from 'dismissal'")) - 0.7
    part = "select avg((employment_type = 'part_time')::int) from employees where gender = '{}'"
    assert one(rows, part.format("Female")) > 1.5 * one(rows, part.format("Male"))
