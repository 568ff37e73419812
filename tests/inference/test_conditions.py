"""Bare schemas: what has a value only where an event came, copies of parents under other names, counts that shape children."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pytest

import sdgen
from sdgen.readers.sources import read_text_as_scenario

SCHEMA = """
CREATE TABLE shoppers (id int PRIMARY KEY, name text NOT NULL, created_at timestamp NOT NULL, orders_count int NOT NULL);
CREATE TABLE wares (id int PRIMARY KEY, name text NOT NULL, price numeric(8,2) NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, shopper_id int NOT NULL REFERENCES shoppers, shopper_name text NOT NULL,
  placed_at timestamp NOT NULL, subtotal numeric(12,2) NOT NULL, tax numeric(12,2) NOT NULL, total numeric(12,2) NOT NULL);
CREATE TABLE order_items (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders, quantity int NOT NULL,
  unit_price numeric(8,2) NOT NULL, discount numeric(8,2), line_total numeric(10,2) NOT NULL);
CREATE TABLE payments (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders, amount numeric(12,2) NOT NULL, method text NOT NULL,
  card_last4 char(4), created_at timestamp NOT NULL, captured_at timestamp, failed_at timestamp, failure_reason text);
CREATE TABLE refunds (id int PRIMARY KEY, payment_id int NOT NULL REFERENCES payments, amount numeric(12,2) NOT NULL, requested_at timestamp NOT NULL);
CREATE TABLE shifts (id int PRIMARY KEY, shift_date date NOT NULL, clock_in timestamp NOT NULL, clock_out timestamp, hours_worked numeric(5,2));
CREATE TABLE payslips (id int PRIMARY KEY, period_start date NOT NULL, period_end date NOT NULL, pay_date date NOT NULL,
  gross_pay numeric(10,2) NOT NULL, income_tax numeric(10,2), social_security numeric(10,2), total_deductions numeric(10,2), net_pay numeric(10,2) NOT NULL);
"""
BROKEN = [
    "payments WHERE card_last4 IS NOT NULL AND method NOT LIKE '%card%'",
    "payments WHERE failed_at IS NOT NULL AND captured_at IS NOT NULL",
    "payments WHERE failed_at IS NULL AND failure_reason IS NOT NULL",
    "(SELECT order_id, sum(amount) AS paid FROM payments GROUP BY 1) JOIN orders ON orders.id = order_id WHERE paid > total",
    "refunds r JOIN payments p ON p.id = r.payment_id WHERE r.amount > p.amount",
    "orders o JOIN shoppers s ON s.id = o.shopper_id WHERE o.shopper_name <> s.name",
    "shoppers s WHERE orders_count <> (SELECT count(*) FROM orders o WHERE o.shopper_id = s.id)",
    "order_items WHERE line_total <> quantity * unit_price - coalesce(discount, 0)",
    "shifts WHERE clock_in::date <> shift_date OR clock_out < clock_in OR abs(hours_worked - epoch(clock_out - clock_in) / 3600) > 0.01",
    "payslips WHERE pay_date < period_end OR total_deductions <> income_tax + social_security OR net_pay <> gross_pay - coalesce(total_deductions, 0)",
]


@pytest.fixture(scope="module")
def rows() -> dict[str, pa.Table]:
    return sdgen.generate(read_text_as_scenario(SCHEMA, "till.sql"), seed=3, as_of=datetime(2026, 3, 2, tzinfo=UTC))


@pytest.mark.parametrize("broken", BROKEN)
def test_what_belongs_together_agrees(rows: dict[str, pa.Table], broken: str) -> None:
    with duckdb.connect() as connection:
        for name, table in rows.items():
            connection.register(name, table)
        assert connection.execute(f"SELECT count(*) FROM {broken}").fetchall() == [(0,)]


def test_what_depends_on_an_event_is_there_where_it_came(rows: dict[str, pa.Table]) -> None:
    methods = rows["payments"].filter(pa.compute.is_valid(rows["payments"]["card_last4"]))
    assert 0 < methods.num_rows < rows["payments"].num_rows
