"""CHECKs of sums, windows of time and patterns, in PostgreSQL with every constraint on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import psycopg
import pytest

import sdgen
from sdgen.readers.base import ReadOptions
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_source, read_text_as_scenario
from sdgen.scenario.identity import canonical
from tests.readers.test_check_branches import filled
from tests.targets.places import run_mysql

# Columns with CHECKs, and what more is true of each row.
FORMS: dict[str, tuple[str, str]] = {
    "a sum": ("net numeric(9,2) NOT NULL, vat numeric(9,2) NOT NULL, gross numeric(9,2) NOT NULL, CHECK (gross = net + vat)",
              "gross > 0"),
    "a sum with a part that may be null": (
        "net numeric(9,2) NOT NULL, tip numeric(9,2), gross numeric(9,2) NOT NULL, CHECK (gross - net = tip)", "gross >= net"),
    "a difference, all of them positive": (
        "subtotal int NOT NULL CHECK (subtotal >= 0), rebate int NOT NULL CHECK (rebate >= 0),"
        " total int NOT NULL CHECK (total >= 0), CHECK (total = subtotal - rebate)", "subtotal >= total"),
    "a product": ("quantity int NOT NULL, unit_price numeric(8,2) NOT NULL, amount numeric(14,2) NOT NULL,"
                  " CHECK (amount = quantity * unit_price)", "amount >= unit_price"),
    "nights of a stay": ("checkin date NOT NULL, checkout date NOT NULL, nights int NOT NULL CHECK (nights BETWEEN 1 AND 14),"
                         " CHECK (nights = checkout - checkin)", "checkout > checkin"),
    "a distance of numbers": ("from_no int NOT NULL, to_no int NOT NULL, CHECK (to_no - from_no BETWEEN 5 AND 9)",
                              "to_no > from_no"),
    "a distance with bounds of its own": (
        "low smallint NOT NULL CHECK (low >= 0), high smallint NOT NULL CHECK (high <= 60), CHECK (high >= low + 20)",
        "high >= 20"),
    "a distance either way": ("a int NOT NULL, b int NOT NULL, CHECK (abs(a - b) <= 3)", "true"),
    "a school year": ("begins smallint NOT NULL, ends smallint NOT NULL, CHECK (ends = begins + 1)", "ends > begins"),
    "a shift of at most eight hours": (
        "begun timestamptz NOT NULL, done timestamptz, CHECK (done > begun), CHECK (done < begun + interval '8 hours')", "true"),
    "a notice of days": ("told_on date NOT NULL, leaves_on date NOT NULL, CHECK (leaves_on >= told_on + 30)",
                         "leaves_on > told_on"),
    "adults": ("born date NOT NULL CHECK (born < current_date - interval '18 years')", "born > '1900-01-01'"),
    "adults, by their age": ("born date NOT NULL CHECK (age(born) >= interval '21 years')", "true"),
    "adults, at the door": ("born date NOT NULL CHECK (born + interval '16 years' <= now())", "true"),
    "days to come": ("due date NOT NULL CHECK (due >= current_date + 7)", "due < current_date + 4000"),
    "a month that is over": ("sent timestamp NOT NULL CHECK (sent <= now() - interval '1 month')", "true"),
    "a pattern and a length": ("ref text NOT NULL CHECK (ref ~ '^[a-z]+:[0-9]+$' AND char_length(ref) >= 12)", "true"),
    "a pattern of SQL": ("code text NOT NULL CHECK (code SIMILAR TO '(AA|BB)-[0-9]{3}_%')", "code LIKE '__-%'"),
    "a pattern with escapes": (r"code text NOT NULL CHECK (code ~ E'^\\d{3}\\.[a-f]{2}$')", "code LIKE '___.__'"),
    "no blanks around": (r"name text NOT NULL CHECK (name !~ E'^\\s|\\s$' AND name <> '')", "name <> ''"),
    "numbers that are numbers": ("n numeric NOT NULL CHECK (n <> 'NaN'), m float8 CHECK (m < 'Infinity'::float8)", "true"),
    "a value and itself": ("starts text NOT NULL CHECK (starts::text = starts::text)", "true"),
    "a time of day beside moments": ("start_time time NOT NULL, started_on date, ended_at timestamptz, due_at timestamp", "true"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_database_takes_all_rows(postgres_url: str, tmp_path: Path, form: str) -> None:
    columns, also = FORMS[form]
    with filled(postgres_url, tmp_path, f"CREATE TABLE t (id int PRIMARY KEY, {columns});") as connection:
        assert connection.execute(f"SELECT count(*) FROM t WHERE NOT ({also})".encode()).fetchall() == [(0,)]


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_told_and_the_scenario_file_says_the_same(tmp_path: Path, form: str) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(f"CREATE TABLE t (id int PRIMARY KEY, {FORMS[form][0]});")
    scenario = read_source(schema)
    assert scenario.notes == ()
    assert canonical(read_text_as_scenario(scenario_text(scenario), "x.yaml")) == canonical(scenario)


def test_distances_by_functions_and_months(mysql_url: str, postgres_url: str) -> None:
    mysql = """CREATE TABLE `rides` (`id` int PRIMARY KEY, `a` datetime NOT NULL, `b` datetime NOT NULL,
      CHECK (timestampdiff(minute, a, b) BETWEEN 5 AND 600), `c` date NOT NULL, `d` date NOT NULL,
      CHECK (datediff(d, c) <= 9), CHECK (d >= c)) ENGINE=InnoDB;"""
    run_mysql(mysql_url, mysql.rstrip(";"))
    postgres = """CREATE TABLE hires (id int PRIMARY KEY, s date NOT NULL, e date NOT NULL, CHECK (e = s + interval '1 month'),
      x timestamp NOT NULL, y timestamp NOT NULL, CHECK (extract(epoch from (y - x)) <= 900), CHECK (y >= x),
      opens time NOT NULL, closes time NOT NULL, CHECK (opens < closes),
      p date NOT NULL, q date NOT NULL, r date NOT NULL, CHECK (p < q AND q < r), CHECK (r - p <= 30),
      n1 int, n2 int, n3 int, CHECK (num_nulls(n1, n2, n3) BETWEEN 1 AND 2),
      n int NOT NULL, twice int GENERATED ALWAYS AS (n * 2 + 1) STORED UNIQUE);"""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(postgres.encode())
    for ddl, url in ((mysql, mysql_url), (postgres, postgres_url)):
        scenario = read_text_as_scenario(ddl, "s.sql")
        assert not [note.what for note in scenario.notes]
        sdgen.write(scenario, url, mode="append_only", seed=2, rows=120)
        assert not sdgen.verify(scenario, url, seed=2, rows=120).broken


def test_lengths_of_lists_and_bytes(tmp_path: Path) -> None:
    duck = """CREATE TABLE t (id BIGINT PRIMARY KEY, l INTEGER[] CHECK (len(l) BETWEEN 1 AND 3), u UNION(n INT, v VARCHAR),
      l2 INTEGER[] NOT NULL CHECK (array_length(l2) = 2));"""
    lite = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, b BLOB NOT NULL CHECK (length(b) BETWEEN 4 AND 8));"
    with duckdb.connect(tmp_path / "x.duckdb") as place:
        place.execute(duck)
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as base:
        base.execute(lite)
    for ddl, name in ((duck, "x.duckdb"), (lite, "x.sqlite")):
        scenario = read_text_as_scenario(ddl, "s.sql", ReadOptions(dialect=name[2:]))
        sdgen.write(scenario, tmp_path / name, mode="append_only", seed=2, rows=120)
        assert not sdgen.verify(scenario, tmp_path / name, seed=2, rows=120).broken
