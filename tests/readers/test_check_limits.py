"""CHECKs of sums and products against an end, or another column: real databases take all rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

import sdgen
from sdgen.readers.base import ReadOptions
from sdgen.readers.sources import read_text_as_scenario
from sdgen.readers.sql.unenforced_checks import holds_on_null
from tests.targets.places import run_mysql

ROWS = 300
# Columns with CHECKs, a question, and its answer.
FORMS: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    "a sum of three": (
        "x int NOT NULL CHECK (x >= 0), y int NOT NULL CHECK (y >= 0), z int, CHECK (x + y + z <= 90)",
        "SELECT count(z) > 200, max(x + y + coalesce(z, 0)) > 50 FROM t",
        (True, True),
    ),
    "parts of a whole": (
        "red numeric(5,2) NOT NULL CHECK (red >= 0), blue numeric(5,2) NOT NULL CHECK (blue BETWEEN 0 AND 1),"
        " green numeric(5,2) NOT NULL CHECK (green BETWEEN 0 AND 1), CHECK (red + blue + green = 1)",
        "SELECT count(*), min(red) >= 0 FROM t",
        (ROWS, True),
    ),
    "a sum below a column": (
        "sold int NOT NULL CHECK (sold >= 0), kept int NOT NULL CHECK (kept >= 0), stock int NOT NULL,"
        " CHECK (sold + kept <= stock)",
        "SELECT max(stock) > 100, count(*) FROM t",
        (True, ROWS),
    ),
    "an area": (
        "wide int NOT NULL CHECK (wide > 2), high int NOT NULL CHECK (high > 2), CHECK (wide * high < 5000)",
        "SELECT count(DISTINCT wide) > 20, count(*) FROM t",
        (True, ROWS),
    ),
    "a product no less than": (
        "wide numeric(9,2) NOT NULL, high int NOT NULL, CHECK (wide * high > 300)",
        "SELECT count(*), count(DISTINCT high) > 20 FROM t",
        (ROWS, True),
    ),
    "no less than": (
        "base int NOT NULL, extra int NOT NULL, CHECK (base + 2 * extra >= 40)",
        "SELECT count(DISTINCT base) > 20, count(*) FROM t",
        (True, ROWS),
    ),
    "beside branches": (
        "way varchar(5) NOT NULL, x int NOT NULL, y int NOT NULL,"
        " CHECK (way = 'up' AND x < y OR way = 'down' AND x > y), CHECK (x + y <= 80)",
        "SELECT count(DISTINCT way), max(x + y) > 40 FROM t",
        (2, True),
    ),
    "in one branch": (
        "way varchar(5) NOT NULL, x int NOT NULL, y int NOT NULL,"
        " CHECK (way = 'few' AND x + y < 30 OR way = 'many' AND x + y >= 500)",
        "SELECT count(DISTINCT way), max(x + y) >= 500 FROM t",
        (2, True),
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_postgresql(postgres_url: str, name: str) -> None:
    columns, question, answer = FORMS[name]
    ddl = f"CREATE TABLE t (id int PRIMARY KEY, {columns});"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(ddl.encode())
        fill(ddl, "postgres", postgres_url)
        assert connection.execute(question.encode()).fetchall() == [answer]


@pytest.mark.parametrize("name", ["a sum of three", "an area", "beside branches"])
def test_mysql(mysql_url: str, name: str) -> None:
    columns, question, answer = FORMS[name]
    ddl = f"CREATE TABLE t (id int PRIMARY KEY, {columns}) ENGINE=InnoDB"
    run_mysql(mysql_url, ddl)
    fill(ddl, "mysql", mysql_url)
    assert [tuple(row) for row in run_mysql(mysql_url, question)] == [answer]


@pytest.mark.parametrize("name", ["a sum below a column", "in one branch"])
def test_sqlite(tmp_path: Path, name: str) -> None:
    columns, question, answer = FORMS[name]
    ddl = f"CREATE TABLE t (id int PRIMARY KEY, {columns});"
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.executescript(ddl)
        fill(ddl, "sqlite", str(tmp_path / "x.db"))
        assert connection.execute(question).fetchall() == [answer]


def fill(ddl: str, dialect: str, place: str) -> None:
    scenario = read_text_as_scenario(ddl, "s.sql", ReadOptions(dialect=dialect))
    assert [str(note) for note in scenario.notes] == []
    sdgen.write(scenario, place, mode="append_only", seed=4, rows=ROWS)


@pytest.mark.parametrize(
    ("sql", "holds"),
    [
        ("a > 3", True),
        ("NOT (a > 3)", True),
        ("a > 3 AND b > 1", False),
        ("NOT (a > 3 AND b > 1)", True),
        ("a > 3 OR b > 1", True),
        ("NOT (a > 3 OR b > 1)", False),
        ("NOT NOT (a > 3 OR b > 1)", True),
        ("(a > 3 OR b > 1) = true", False),
        ("NOT (coalesce(a, 1) > 3)", False),
    ],
)
def test_what_holds_where_a_column_is_null(sql: str, holds: bool) -> None:
    assert holds_on_null(sql, "a") is holds


LIKES = r"""CREATE TABLE t (id INTEGER PRIMARY KEY,
  a TEXT NOT NULL CHECK (a LIKE 'a!_b!%%' ESCAPE '!'), b TEXT NOT NULL CHECK (b LIKE 'x\_y%'), c TEXT NOT NULL CHECK (c LIKE 'q##_%' ESCAPE '#'));"""


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_like_is_read_with_its_own_escape(postgres_url: str, tmp_path: Path, dialect: str) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(LIKES)
    to = str(tmp_path / "x.sqlite") if dialect == "sqlite" else postgres_url
    if dialect == "sqlite":
        with closing(sqlite3.connect(to)) as lite:
            lite.executescript(LIKES)
    else:
        with psycopg.connect(to, autocommit=True) as connection:
            connection.execute(LIKES.encode())
    scenario = sdgen.readers.sources.read_source(schema, ReadOptions(rows=40, dialect=dialect))
    sdgen.write(scenario, to, mode="append_only", seed=1)
    rows = sdgen.generate(scenario, seed=1)["t"].to_pylist()
    assert all(row["a"].startswith("a_b%") for row in rows)
    assert all(row["b"].startswith("x\\" if dialect == "sqlite" else "x_y") for row in rows)
    assert all(row["c"].startswith("q#") for row in rows)
