"""Totals of a bare schema: counts of children, sums of lines, and what follows from them in the row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import sdgen
from sdgen.inference.guess import with_guesses
from sdgen.readers.sources import read_text_as_scenario

SCHEMA = """
CREATE TABLE invoices (
  id int PRIMARY KEY, net numeric(10,2) NOT NULL, tax numeric(10,2) NOT NULL, gross numeric(10,2) NOT NULL,
  line_count int NOT NULL, number_of_lines smallint NOT NULL, lines_printed int NOT NULL, due_on date);
CREATE TABLE invoice_lines (
  id int PRIMARY KEY, invoice_id int NOT NULL REFERENCES invoices, quantity int NOT NULL, unit_price numeric(8,2) NOT NULL,
  amount numeric(10,2) NOT NULL);
CREATE TABLE articles (id int PRIMARY KEY, title text NOT NULL, amount numeric(10,2), comment_count int NOT NULL);
CREATE TABLE comments (
  id int PRIMARY KEY, article_id int NOT NULL REFERENCES articles, body text NOT NULL, amount numeric(10,2) NOT NULL);
"""


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    scenario = read_text_as_scenario(SCHEMA, "books.sql")
    return sdgen.generate(scenario, seed=4, as_of=datetime(2026, 1, 1, tzinfo=UTC))


def wrong(sql: str, tables: dict[str, pa.Table]) -> Any:
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        return connection.execute(f"SELECT count(*) FROM {sql}").fetchall()[0][0]


def test_sums_of_lines_and_what_follows_from_them(tables: dict[str, pa.Table]) -> None:
    sums = "(SELECT invoice_id, sum(amount) AS lines, count(*) AS n FROM invoice_lines GROUP BY 1) ON invoice_id = id"
    assert wrong(f"invoices JOIN {sums} WHERE net <> lines OR line_count <> n OR number_of_lines <> n", tables) == 0
    assert wrong("invoices WHERE gross <> net + tax", tables) == 0
    assert wrong("invoices WHERE net > 0", tables) > 50


def test_children_that_are_no_lines_are_counted_alone(tables: dict[str, pa.Table]) -> None:
    counts = "(SELECT article_id, count(*) AS n FROM comments GROUP BY 1) ON article_id = id"
    assert wrong(f"articles LEFT JOIN {counts} WHERE comment_count <> coalesce(n, 0)", tables) == 0
    guessed = with_guesses(read_text_as_scenario(SCHEMA, "books.sql"))
    kinds = {c: column.generator.type for c, column in guessed.entities["articles"].columns.items() if column.generator}
    assert kinds["comment_count"] == "rollup"
    assert kinds["amount"] != "rollup"


@pytest.mark.parametrize("cost", ["cost", "purchase_price"])
def test_costs_lie_below_prices(cost: str) -> None:
    text = f"CREATE TABLE products (id int PRIMARY KEY, price numeric(8,2) NOT NULL, {cost} numeric(8,2) NOT NULL);"
    rows = sdgen.generate(read_text_as_scenario(text, "x.sql"), seed=1)
    assert wrong(f"products WHERE {cost} >= price", rows) == 0


def test_documents_come_after_the_visit_that_they_are_of() -> None:
    text = """
    CREATE TABLE appointments (id int PRIMARY KEY, scheduled_at timestamp NOT NULL, started_at timestamp NOT NULL,
      ended_at timestamp NOT NULL);
    CREATE TABLE bills (id int PRIMARY KEY, appointment_id int NOT NULL UNIQUE REFERENCES appointments,
      issued_on date NOT NULL, due_on date NOT NULL);
    """
    rows = sdgen.generate(read_text_as_scenario(text, "x.sql"), seed=1)
    assert (
        wrong("appointments WHERE started_at NOT BETWEEN scheduled_at AND scheduled_at + INTERVAL 40 MINUTE", rows) == 0
    )
    assert wrong("bills WHERE due_on < issued_on + 7", rows) == 0


def test_types_that_are_none_are_told() -> None:
    text = """
name: bad
entities:
  orders:
    rows: 5
    columns: {id: {type: int, primary_key: true}, total: "decimol(10,2)", item_count: whole}
  order_items:
    rows: {per: orders, min: 1, max: 3}
    columns:
      id: {type: int, primary_key: true}
      order_id: {generator: fk, params: {entity: orders, column: id}}
      amount: {type: "decimol(10,2)"}
"""
    told = {problem.what for problem in sdgen.check(read_text_as_scenario(text, "bad.yaml"))}
    assert {"unknown type 'decimol'", "unknown type 'whole'"} <= told


BOUNDS = """
CREATE TABLE grades (id int PRIMARY KEY, name text NOT NULL, min_salary numeric(10,2) NOT NULL, max_salary numeric(10,2) NOT NULL);
CREATE TABLE employees (
  id int PRIMARY KEY, grade_id int NOT NULL REFERENCES grades, birth_date date NOT NULL, hire_date date NOT NULL, salary numeric(10,2) NOT NULL);
CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL, average_rating numeric(3,2), average_price numeric(8,2) NOT NULL);
CREATE TABLE product_reviews (id int PRIMARY KEY, product_id int NOT NULL REFERENCES products, rating int NOT NULL CHECK (rating BETWEEN 1 AND 5));
CREATE TABLE bookings (
  id int PRIMARY KEY, booked_at timestamp NOT NULL, check_in_date date NOT NULL, check_out_date date NOT NULL, nights int NOT NULL,
  nightly_rate numeric(8,2) NOT NULL, total_amount numeric(10,2) NOT NULL, CHECK (check_out_date > check_in_date));
"""


def test_numbers_between_a_parents_means_of_children_and_who_is_of_age() -> None:
    tables = sdgen.generate(read_text_as_scenario(BOUNDS, "bounds.sql"), seed=2, as_of=datetime(2026, 1, 1, tzinfo=UTC))
    joined = "employees e JOIN grades g ON g.id = e.grade_id"
    assert wrong(f"{joined} WHERE salary NOT BETWEEN min_salary AND max_salary", tables) == 0
    assert wrong("employees WHERE birth_date + INTERVAL 18 YEAR > hire_date", tables) == 0
    assert wrong("(SELECT DISTINCT hire_date FROM employees)", tables) > 50
    means = "(SELECT product_id, round(avg(rating), 2) AS mean FROM product_reviews GROUP BY 1) ON product_id = id"
    assert wrong(f"products LEFT JOIN {means} WHERE abs(average_rating - mean) > 0.0101", tables) == 0
    assert wrong(f"products JOIN {means} WHERE average_price <> mean", tables) > 0
    assert "average_rating_sum" not in tables["products"].column_names
    assert (
        wrong("bookings WHERE booked_at::date > check_in_date OR nights <> check_out_date - check_in_date", tables) == 0
    )
    assert wrong("bookings WHERE total_amount <> nights * nightly_rate", tables) == 0
