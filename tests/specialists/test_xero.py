"""What a bookkeeper asks of the books first: totals and tax, rent, numbers, who pays late, revenue by month, what is owed."""

from __future__ import annotations

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return connection("xero", request.param)


def test_totals_and_taxes_are_exact(rows: Rows) -> None:
    sql = """
        select count(*) from invoices i join (select InvoiceID, sum(LineAmount) net, sum(TaxAmount) tax from line_items group by 1) l
        using (InvoiceID) where i.SubTotal <> net or i.TotalTax <> tax or i.Total <> net + tax
        or (i.Status not in ('VOIDED', 'DELETED') and i.AmountDue <> i.Total - i.AmountPaid - i.AmountCredited)
    """
    assert one(rows, sql) == 0


def test_rent_is_billed_once_a_month_by_one_landlord(rows: Rows) -> None:
    sql = """
        select i.ContactID, strftime(i.Date, '%y%m') as month, l.LineAmount, day(i.Date)
        from line_items l join invoices i using (InvoiceID) where l.AccountCode = '469'
    """
    rents = rows.execute(sql).fetchall()
    assert len({contact for contact, *_ in rents}) == 1
    assert len(rents) == len({month for _, month, *_ in rents}) == 27
    assert len({amount for _, _, amount, _ in rents}) == 1
    assert max(day for *_, day in rents) <= 3


def test_what_is_billed_monthly_costs_the_same_each_time(rows: Rows) -> None:
    """Subscriptions, insurance, the payroll bureau: a bill each month from each supplier, of one amount."""
    sql = """
        select i.ContactID, l.Description, count(*), count(distinct strftime(i.Date, '%y%m')), count(distinct l.LineAmount),
            date_diff('month', min(i.Date), max(i.Date)) + 1
        from line_items l join invoices i using (InvoiceID)
        where l.AccountCode in ('412', '433', '463', '489') and i.Type = 'ACCPAY' group by 1, 2
    """
    found = rows.execute(sql).fetchall()
    assert len(found) >= 5
    for _, what, bills, months, amounts, span in found:
        assert bills == months == span, what
        assert amounts == 1, what


def test_a_bill_has_one_line(rows: Rows) -> None:
    sql = """
        select max(n) from (select count(*) n from invoices i join line_items l using (InvoiceID) where i.Type = 'ACCPAY'
        group by InvoiceID)
    """
    assert one(rows, sql) == 1


def test_numbers_of_sales_rise_with_their_dates(rows: Rows) -> None:
    sql = """
        select count(*) from (select Date, lag(Date) over (order by InvoiceNumber) as before from invoices where Type = 'ACCREC')
        where Date < before
    """
    assert one(rows, sql) == 0
    assert one(rows, "select max(substr(InvoiceNumber, 10)::int) from invoices where Type = 'ACCREC'") <= 160


def test_some_customers_pay_late_and_the_studio_mostly_in_time(rows: Rows) -> None:
    sql = """
        select i.ContactID, i.Type, median(p.Date - i.DueDate) as late, stddev(p.Date - i.DueDate) as spread
        from invoices i join payments p using (InvoiceID) group by all having count(*) >= 4
    """
    assert 0.3 < one(rows, f"select avg((late > 2)::int) from ({sql}) where Type = 'ACCREC'") < 0.65
    assert one(rows, f"select avg((late > 14)::int) from ({sql}) where Type = 'ACCREC'") > 0.05
    assert one(rows, f"select avg((late > 7)::int) from ({sql}) where Type = 'ACCPAY'") < 0.1
    between = f"select stddev(late) / avg(spread) from ({sql}) where Type = 'ACCREC'"
    assert one(rows, between) > 1.2, "habits differ more than one customer's payments"


def test_payments_come_after_invoices_and_on_weekdays(rows: Rows) -> None:
    sql = "select count(*) from payments p join invoices i using (InvoiceID) where p.Date <= i.Date or isodow(p.Date) > 5 or p.Date >= '2026-01-01'"
    assert one(rows, sql) == 0


def test_revenue_has_a_season_and_grows(rows: Rows) -> None:
    """August and December are quiet, March, October and November full; the last year has more than the one before."""
    revenue = """
        select month(Date) as month, year(Date) as year, sum(SubTotal / CurrencyRate) as total from invoices
        where Type = 'ACCREC' and Status not in ('VOIDED', 'DELETED') group by all
    """
    months = dict(rows.execute(f"select month, avg(total) from ({revenue}) group by 1").fetchall())
    assert (months[8] + months[12]) / 2 < 0.85 * (months[3] + months[10] + months[11]) / 3
    years = dict(rows.execute(f"select year, sum(total) from ({revenue}) where year > 2023 group by 1").fetchall())
    assert 1 < years[2025] / years[2024] < 1.8


def test_nothing_piles_up_in_the_last_month(rows: Rows) -> None:
    sql = "select strftime(Date, '%y%m') m, count(*) from invoices where Date >= '2025-07-01' group by 1 order by 1"
    counts = [n for _, n in rows.execute(sql).fetchall()]
    assert counts[-1] < 1.3 * sum(counts[:-1]) / 5


def test_what_is_owed_is_mostly_recent(rows: Rows) -> None:
    """An ageing report: most of the receivables younger than two months, a little of it very old."""
    owed = "from invoices where Type = 'ACCREC' and Status = 'AUTHORISED'"
    assert one(rows, f"select sum(AmountDue) filter (Date > '2025-11-01') / sum(AmountDue) {owed}") > 0.5
    assert one(rows, f"select sum(AmountDue) {owed}") < 0.15 * float(
        one(rows, "select sum(Total) from invoices where Type = 'ACCREC'")
    )
    assert one(rows, "select avg((Date > '2025-12-15')::int) from invoices where Status in ('DRAFT', 'SUBMITTED')") == 1


def test_retainers_bill_one_fee_each_month(rows: Rows) -> None:
    sql = """
        select i.ContactID, count(*), count(distinct strftime(i.Date, '%y%m')), count(distinct l.UnitAmount)
        from line_items l join invoices i using (InvoiceID) where l.ItemCode = 'RET-M' group by 1
    """
    found = rows.execute(sql).fetchall()
    assert len(found) > 30
    assert all(bills == months and fees == 1 for _, bills, months, fees in found)


def test_receivables_age_and_what_is_payable_is_young(rows: Rows) -> None:
    owed = "select sum(AmountDue) filter (DueDate >= '2026-01-01') / sum(AmountDue) from invoices where Status = 'AUTHORISED' and Type = {}"
    assert 0.2 < one(rows, owed.format("'ACCREC'")) < 0.8
    assert one(rows, owed.format("'ACCPAY'")) > 0.3
    old = "select count(*) from invoices where Type = 'ACCREC' and Status = 'AUTHORISED' and DueDate < '2025-10-03'"
    assert 1 <= one(rows, old) < 25


def test_the_largest_cost_is_wages_and_something_is_left(rows: Rows) -> None:
    booked = "from line_items l join invoices i using (InvoiceID) where i.Status in ('AUTHORISED', 'PAID') and i.Type = 'ACCPAY'"
    accounts = dict(rows.execute(f"select l.AccountCode, sum(LineAmount) {booked} group by 1").fetchall())
    assert max(accounts, key=lambda code: accounts[code]) == "477"
    sales = one(
        rows,
        "select sum(SubTotal / CurrencyRate) from invoices where Type = 'ACCREC' and Status in ('AUTHORISED', 'PAID')",
    )
    assert 0.05 < 1 - float(sum(accounts.values())) / sales < 0.5


def test_all_use_one_rate_on_a_day_and_it_moves_slowly(rows: Rows) -> None:
    both = "select Date, CurrencyCode, CurrencyRate from invoices where CurrencyCode <> 'GBP' union all select p.Date, i.CurrencyCode, p.CurrencyRate from payments p join invoices i using (InvoiceID) where i.CurrencyCode <> 'GBP'"
    assert (
        one(
            rows,
            f"select count(*) from (select 1 from ({both}) group by Date, CurrencyCode having min(CurrencyRate) < max(CurrencyRate))",
        )
        == 0
    )
    step = f"select max(abs(CurrencyRate / before - 1) / days) from (select CurrencyRate, lag(CurrencyRate) over w as before, Date - lag(Date) over w as days from ({both}) window w as (partition by CurrencyCode order by Date)) where days between 1 and 10"
    assert one(rows, step) < 0.002
    assert one(rows, "select sum(abs(BankAmount - Amount / CurrencyRate)) from payments") < 20


def test_nobody_pays_at_christmas_nor_most_on_mondays(rows: Rows) -> None:
    assert one(rows, "select avg((strftime(Date, '%m-%d') in ('12-25', '12-26', '01-01'))::int) from payments") < 0.006
    days = dict(rows.execute("select isodow(Date), count(*) from payments group by 1").fetchall())
    assert max(days.values()) < 0.36 * sum(days.values())
    assert one(rows, "select count(*) from invoices where strftime(Date, '%m-%d') in ('12-25', '12-26', '01-01')") == 0


def test_the_bank_is_rarely_overdrawn_and_what_is_old_is_reconciled(rows: Rows) -> None:
    sql = """select min(total), arg_max(total, Date) from (select Date,
        sum(sum(case PaymentType when 'ACCRECPAYMENT' then BankAmount else -BankAmount end)) over (order by Date) as total from payments group by Date)"""
    least, last = rows.execute(sql).fetchone() or ()
    assert least > -400_000
    assert last > 0
    assert one(rows, "select count(*) from payments where not IsReconciled and Date < '2025-12-20'") == 0
    assert one(rows, "select count(*) from payments where not IsReconciled") > 0


def test_a_quarters_tax_is_a_part_of_its_sales(rows: Rows) -> None:
    sql = """select sum(TotalTax / CurrencyRate) filter (Type = 'ACCREC') / sum(SubTotal / CurrencyRate) filter (Type = 'ACCREC'),
        sum(TotalTax) filter (Type = 'ACCPAY') / sum(TotalTax / CurrencyRate) filter (Type = 'ACCREC')
        from invoices where Status in ('AUTHORISED', 'PAID') group by date_trunc('quarter', Date)"""
    for rate, reclaimed in rows.execute(sql).fetchall():
        assert 0.13 < rate < 0.2
        assert 0.05 < reclaimed < 0.5


def test_electricity_costs_more_in_winter(rows: Rows) -> None:
    sql = "select avg(l.LineAmount) from line_items l join invoices i using (InvoiceID) where l.AccountCode = '445' and month(i.Date) in {}"
    assert one(rows, sql.format("(12, 1, 2)")) > 1.6 * one(rows, sql.format("(6, 7, 8)"))


def test_a_tenth_of_the_customers_brings_a_good_part(rows: Rows) -> None:
    sql = "select ContactID, sum(SubTotal / CurrencyRate) as total from invoices where Type = 'ACCREC' group by 1"
    top = f"select sum(total) filter (place <= 0.1) / sum(total) from (select total, percent_rank() over (order by total desc) as place from ({sql}))"
    assert 0.2 < one(rows, top) < 0.5


def test_credit_notes_say_what_was_wrong_with_a_sale_or_a_bill(rows: Rows) -> None:
    reasons = "select count(*) from credit_notes where Type = 'ACCPAYCREDIT' and Reference in ('Hours billed twice', 'Scope reduced', 'Goodwill')"
    assert one(rows, reasons) == 0
    assert (
        one(rows, "select count(*) from credit_notes where Reference = 'Goods returned' and Type = 'ACCRECCREDIT'") == 0
    )
    credited = "select sum(AmountCredited) / sum(Total) from invoices where Type = 'ACCREC'"
    assert 0.003 < one(rows, credited) < 0.06


def test_customers_pay_after_their_own_habit(rows: Rows) -> None:
    """Days to pay rise with the terms, and a quarter of all is paid more than a week late."""
    days = "select avg(p.Date - i.Date) from payments p join invoices i using (InvoiceID) where i.Type = 'ACCREC' and i.DueDate - i.Date {}"
    assert one(rows, days.format("<= 14")) < one(rows, days.format(">= 30"))
    late = "select avg((p.Date - i.DueDate > 7)::int) from payments p join invoices i using (InvoiceID) where i.Type = 'ACCREC'"
    assert 0.1 < one(rows, late) < 0.45


def test_debtors_owe_what_their_open_invoices_say(rows: Rows) -> None:
    sql = """select count(*) from contacts c left join (select "ContactID" as id, sum("AmountDue") as due from invoices group by 1) i on i.id = c."ContactID"
        where "Balances"."AccountsReceivable"."Outstanding" + "Balances"."AccountsPayable"."Outstanding" <> coalesce(due, 0)"""
    assert one(rows, sql) == 0


def test_due_dates_follow_terms(rows: Rows) -> None:
    assert one(rows, """select count(*) from invoices where "DueDate" < "Date" """) == 0
    assert one(rows, """select max("DueDate" - "Date") from invoices""") <= 90


def test_days_sales_outstanding_are_a_month_or_so(rows: Rows) -> None:
    sql = """select sum("Total" * ("FullyPaidOnDate" - "Date")) / sum("Total") from invoices where "Type" = 'ACCREC' and "Status" = 'PAID'"""
    assert 15 < one(rows, sql) < 60


def test_gross_margin_is_an_agencys(rows: Rows) -> None:
    by = dict(
        rows.execute(
            """select a."Class", sum(l."LineAmount") from line_items l join accounts a on a."Code" = l."AccountCode" group by 1"""
        ).fetchall()
    )
    assert 0.6 < by["EXPENSE"] / by["REVENUE"] < 1


def test_numbers_of_sales_come_once(rows: Rows) -> None:
    assert one(rows, """select count(*) - count(distinct "InvoiceNumber") from invoices where "Type" = 'ACCREC'""") == 0


def test_sales_lie_in_revenue_and_bills_in_expenses(rows: Rows) -> None:
    sql = """select count(*) from line_items l join invoices i on i."InvoiceID" = l."InvoiceID" join accounts a on a."Code" = l."AccountCode"
        where (i."Type" = 'ACCREC') <> (a."Class" = 'REVENUE')"""
    assert one(rows, sql) == 0


def test_no_tax_is_charged_abroad_nor_on_wages(rows: Rows) -> None:
    sql = """select count(*) from line_items l join invoices i on i."InvoiceID" = l."InvoiceID" where "TaxAmount" <> 0 and ("CurrencyCode" <> 'GBP' or "AccountCode" in ('477', '433'))"""
    assert one(rows, sql) == 0


def test_drafts_are_of_the_last_weeks(rows: Rows) -> None:
    assert one(rows, """select min("Date") > '2025-12-01' from invoices where "Status" in ('DRAFT', 'SUBMITTED')""")


def test_payments_are_what_invoices_say(rows: Rows) -> None:
    sql = """select count(*) from invoices i left join (select "InvoiceID" as id, sum("Amount") as paid from payments group by 1) p on p.id = i."InvoiceID"
        where "AmountPaid" <> coalesce(paid, 0)"""
    assert one(rows, sql) == 0


def test_credit_notes_are_few_and_no_more_than_their_invoice(rows: Rows) -> None:
    sql = """select max(c."Total" / i."Total") from credit_notes c join invoices i on i."InvoiceID" = c."InvoiceID" """
    assert one(rows, sql) <= 1
    assert one(rows, "select count(*) from credit_notes") < 0.08 * one(rows, "select count(*) from invoices")
