"""Schemas of services with many tenants, whose names are unique within one: the set takes no realistic generator away."""

from __future__ import annotations

import re

import duckdb
import pytest

import sdgen
from sdgen.readers.sources import read_text_as_scenario

AS_OF = "2026-06-01T00:00:00Z"
TENANTS = """
CREATE TABLE orgs (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE products (id int PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, name varchar(80) NOT NULL, UNIQUE (org_id, name));
CREATE TABLE customers (id int PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, company_name varchar(80) NOT NULL,
  email varchar(120) NOT NULL, UNIQUE (org_id, company_name), UNIQUE (org_id, email));
CREATE TABLE contacts (id int PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, first_name varchar(80) NOT NULL,
  last_name varchar(80) NOT NULL, UNIQUE (org_id, first_name, last_name));
CREATE TABLE users (id int PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, username varchar(50) NOT NULL, UNIQUE (org_id, username));
CREATE TABLE cities (id int PRIMARY KEY, country char(2) NOT NULL, name varchar(80) NOT NULL, UNIQUE (country, name));
CREATE TABLE exchange_rates (currency char(3), rate_date date, rate numeric(12,6), PRIMARY KEY (currency, rate_date));
CREATE TABLE stock (product_id int REFERENCES products, snapshot_date date, on_hand int NOT NULL, PRIMARY KEY (product_id, snapshot_date));
CREATE TABLE projects (id int PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, key text NOT NULL, UNIQUE (org_id, key));
CREATE TABLE issues (id int PRIMARY KEY, project_id int NOT NULL REFERENCES projects, number int NOT NULL, title text, UNIQUE (project_id, number));
CREATE TABLE attendance (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users, check_in time NOT NULL, check_out time NOT NULL);
CREATE TABLE payslips (id int PRIMARY KEY, contact_id int NOT NULL REFERENCES contacts, pay_month date NOT NULL, UNIQUE (contact_id, pay_month));
"""
PLACEHOLDER = re.compile(r".* [A-Z]|[A-Z]{3}-\d+|[a-z]{5,7}\d{2,3}(?:@.*)?")


@pytest.fixture(scope="module")
def tenants() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    tables = sdgen.generate(read_text_as_scenario(TENANTS, "tenants.sql"), seed=4, as_of=AS_OF)
    for name, table in tables.items():
        connection.register(name, table)
    return connection


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("products", "name"),
        ("customers", "company_name"),
        ("customers", "email"),
        ("contacts", "first_name"),
        ("contacts", "last_name"),
        ("users", "username"),
        ("cities", "name"),
    ],
)
def test_names_within_a_tenant_are_names(tenants: duckdb.DuckDBPyConnection, table: str, columns: str) -> None:
    values = [value for (value,) in tenants.execute(f"SELECT {columns} FROM {table}").fetchall()]
    assert not [value for value in values if PLACEHOLDER.fullmatch(value)]


def test_codes_in_keys_are_codes(tenants: duckdb.DuckDBPyConnection) -> None:
    (dollars,) = tenants.execute(
        "SELECT count(*) FROM exchange_rates WHERE currency IN ('USD', 'EUR', 'GBP')"
    ).fetchall()
    assert dollars[0] > 20
    (known,) = tenants.execute("SELECT count(*) FROM cities WHERE country IN ('DE', 'FR', 'US', 'XX', 'QQ')").fetchall()
    assert 3 <= known[0] <= 40


def test_a_day_in_a_parents_key_is_a_row_a_day_up_to_now(tenants: duckdb.DuckDBPyConnection) -> None:
    gaps = "SELECT DISTINCT {0} - lag({0}) OVER (PARTITION BY {1} ORDER BY {0}) FROM {2} QUALIFY count(*) OVER () > 1"
    days = {gap for (gap,) in tenants.execute(gaps.format("snapshot_date", "product_id", "stock")).fetchall()}
    assert days == {None, 1}
    months = {gap for (gap,) in tenants.execute(gaps.format("pay_month", "contact_id", "payslips")).fetchall()}
    assert {None, 30, 31} <= months <= {None, 28, 29, 30, 31}
    late = "SELECT count(*) FROM {} WHERE {} >= TIMESTAMP '2026-06-01'"
    assert tenants.execute(late.format("stock", "snapshot_date")).fetchall() == [(0,)]


def test_numbers_in_a_parents_key_count_its_rows(tenants: duckdb.DuckDBPyConnection) -> None:
    wrong = "SELECT project_id FROM issues GROUP BY ALL HAVING max(number) <> count(*) OR min(number) <> 1"
    assert tenants.execute(wrong).fetchall() == []
    keys = tenants.execute("SELECT count(*) FROM projects WHERE NOT regexp_full_match(key, '[A-Z]{4}')").fetchall()
    assert keys == [(0,)]


def test_people_go_after_they_come(tenants: duckdb.DuckDBPyConnection) -> None:
    assert tenants.execute("SELECT count(*) FROM attendance WHERE check_out <= check_in").fetchall() == [(0,)]
