"""CHECKs over one column that are tried by: parts of moments, remainders, rounding. Rows load with all of them on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import psycopg
import pytest

import sdgen
from sdgen.readers.base import ReadOptions
from sdgen.readers.sources import read_text_as_scenario
from tests.targets.places import run_mysql

ROWS = 300


def write(ddl: str, dialect: str, place: str) -> list[str]:
    """Fill a place that has the tables; what was told of the schema."""
    scenario = read_text_as_scenario(ddl, "s.sql", ReadOptions(dialect=dialect))
    sdgen.write(scenario, place, mode="append_only", seed=3, rows=ROWS)
    return [str(note) for note in scenario.notes]


def test_windows_of_weekdays_hours_and_months(postgres_url: str) -> None:
    ddl = (
        "CREATE TABLE visits (id int PRIMARY KEY, on_day date NOT NULL CHECK (extract(isodow FROM on_day) <= 5),"
        " at timestamptz NOT NULL, CHECK (extract(hour FROM at) BETWEEN 9 AND 16),"
        " month date NOT NULL CHECK (date_trunc('month', month) = month),"
        " slot timestamp CHECK (date_part('minute', slot) IN (0, 30) AND extract(second FROM slot) = 0),"
        " term date NOT NULL CHECK (extract(month FROM term) = 4 OR extract(month FROM term) = 10));"
    )
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(ddl.encode())
        assert write(ddl, "postgres", postgres_url) == []
        (found,) = connection.execute(
            "SELECT count(DISTINCT extract(dow FROM on_day)), count(DISTINCT extract(hour FROM at)),"
            " count(DISTINCT month) > 5, count(slot) > 200, count(DISTINCT extract(minute FROM slot)),"
            " count(DISTINCT extract(month FROM term)), count(*) FROM visits"
        ).fetchall()
        assert found == (5, 8, True, True, 2, 2, ROWS)


def test_remainders_and_rounded_numbers_by_branch(postgres_url: str) -> None:
    ddl = (
        "CREATE TABLE packs (id int PRIMARY KEY, kind text NOT NULL CHECK (kind IN ('box', 'piece')),"
        " pieces int NOT NULL CHECK (pieces > 0), price numeric(9, 3) NOT NULL CHECK (round(price, 1) = price),"
        " code text NOT NULL CHECK (length(code) % 2 = 1), CHECK (kind = 'piece' OR pieces % 12 = 0));"
    )
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(ddl.encode())
        assert write(ddl, "postgres", postgres_url) == []
        kinds = connection.execute("SELECT kind, bool_and(pieces % 12 = 0) FROM packs GROUP BY 1 ORDER BY 1").fetchall()
        assert kinds == [("box", True), ("piece", False)]


def test_weekdays_as_mysql_counts_them(mysql_url: str) -> None:
    ddl = (
        "CREATE TABLE shifts (id int PRIMARY KEY, a date NOT NULL CHECK (dayofweek(a) BETWEEN 2 AND 6),"
        " b date NOT NULL CHECK (weekday(b) = 0), c datetime NOT NULL CHECK (hour(c) < 12),"
        " d int NOT NULL CHECK (d MOD 5 = 0)) ENGINE=InnoDB"
    )
    run_mysql(mysql_url, ddl)
    assert write(ddl, "mysql", mysql_url) == []
    found = run_mysql(mysql_url, "SELECT count(DISTINCT dayname(a)), min(dayname(b)), max(dayname(b)) FROM shifts")
    assert [tuple(row) for row in found] == [(5, "Monday", "Monday")]


def test_other_databases_words(tmp_path: Path) -> None:
    columns = "id INTEGER PRIMARY KEY, day DATE NOT NULL CHECK ({}), n INTEGER NOT NULL CHECK (n % 7 = 3)"
    lite = "CREATE TABLE t (" + columns.format("strftime('%w', day) IN ('6', '0')") + ");"
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.executescript(lite)
        assert write(lite, "sqlite", str(tmp_path / "x.db")) == []
        assert connection.execute("SELECT count(DISTINCT strftime('%w', day)) FROM t").fetchall() == [(2,)]
    duck = f"CREATE TABLE t ({columns.format('isodow(day) >= 6')});"
    with duckdb.connect(str(tmp_path / "x.duckdb")) as database:
        database.execute(duck)
    assert write(duck, "duckdb", str(tmp_path / "x.duckdb")) == []
    with duckdb.connect(str(tmp_path / "x.duckdb")) as database:
        assert database.execute("SELECT count(DISTINCT isodow(day)) FROM t").fetchall() == [(2,)]


def test_a_condition_that_no_value_keeps_is_told(tmp_path: Path) -> None:
    scenario = read_text_as_scenario(
        "CREATE TABLE t (id int PRIMARY KEY, n int CHECK (n % 2 = 5), code text NOT NULL CHECK (left(code, 4) = 'Q7#!'));",
        "s.sql",
    )
    told = " ".join(str(note) for note in scenario.notes)
    assert "CHECK n % 2 = 5 is not kept: no value was found that keeps it: the column is left null" in told
    assert "= 'Q7#!' is not kept: no value was found that keeps it: rows may break it" in told


def test_python_does_not_warn_of_the_brackets_of_another_dialect(recwarn: pytest.WarningsRecorder) -> None:
    ddl = "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL CHECK (a ~ '^[a-z[]{3}[]]?$'), b text CHECK (b ~ '^[&&a-z]{4}$' AND b !~ '[[a]'));"
    assert sdgen.generate(read_text_as_scenario(ddl, "s.sql"), seed=1, rows=50)["t"].num_rows == 50
    assert [each.message for each in recwarn if each.category is FutureWarning] == []
