"""Columns that databases compute: declared again, left to the database, and computed for files and other databases."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

import sdgen
from sdgen.errors import ScenarioError
from sdgen.readers.base import ReadOptions
from sdgen.readers.sources import read_source, read_text_as_scenario
from sdgen.scenario.model import Scenario
from tests.targets.places import run_mysql

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS = """
CREATE TABLE customer (id integer PRIMARY KEY, first varchar(30) NOT NULL, last varchar(30) NOT NULL,
  shown varchar(80) GENERATED ALWAYS AS ({shown}) {stored});
CREATE TABLE line (id integer PRIMARY KEY, customer_id integer NOT NULL REFERENCES customer (id),
  pieces integer NOT NULL, price decimal(8,2) NOT NULL, off integer,
  net decimal(12,2) GENERATED ALWAYS AS (pieces * price) {stored},
  rest integer GENERATED ALWAYS AS (pieces - coalesce(off, 0)) {stored});
"""
JOINED = {"mysql": "concat(first, ' ', last)"}
STORED = {"duckdb": "VIRTUAL"}


def orders(dialect: str) -> str:
    return ORDERS.format(shown=JOINED.get(dialect, "first || ' ' || last"), stored=STORED.get(dialect, "STORED"))


def scenario_of(dialect: str) -> Scenario:
    return read_text_as_scenario(orders(dialect), "orders.sql", ReadOptions(dialect=dialect))


def ask(dialect: str, place: str, sql: str) -> list[tuple[Any, ...]]:
    if dialect == "postgres":
        import psycopg

        with psycopg.connect(place, autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []
    if dialect == "mysql":
        return run_mysql(place, *filter(str.strip, sql.split(";\n")))
    if dialect == "duckdb":
        with duckdb.connect(place) as file:
            return file.execute(sql).fetchall()
    with closing(sqlite3.connect(place)) as file:
        return file.execute(sql).fetchall() if "SELECT" in sql else list(file.executescript(sql))


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("dialect", ["postgres", "mysql", "sqlite", "duckdb"])
def test_a_database_of_the_dialect_computes_them_itself(
    dialect: str, made: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    files = dialect in ("sqlite", "duckdb")
    place = str(tmp_path / f"x.{dialect}") if files else request.getfixturevalue(f"{dialect}_url")
    scenario = scenario_of(dialect)
    assert scenario.notes == ()
    if not made:
        ask(dialect, place, orders(dialect))
    sdgen.write(scenario, place, mode=None if made else "append_only", seed=1, as_of=NOW, rows=70)
    found = sdgen.verify(scenario, place, seed=1, as_of=NOW, rows=70).findings
    assert [each for each in found if each.status.value not in ("ok", "skipped")] == []
    ask(dialect, place, "UPDATE line SET pieces = 1000, off = NULL WHERE id = 1;")
    assert ask(dialect, place, "SELECT rest FROM line WHERE id = 1") == [(1000,)]
    generator = read_source(place).entities["line"].columns["net"].generator
    assert generator is not None
    assert generator.type == "expression"


def test_files_and_databases_of_other_dialects_get_their_values(tmp_path: Path) -> None:
    scenario = scenario_of("postgres")
    sdgen.write(scenario, tmp_path / "out", formats=["parquet"], seed=1, as_of=NOW, rows=50)
    sdgen.write(scenario, tmp_path / "x.sqlite", seed=1, as_of=NOW, rows=50)
    lines = pq.read_table(tmp_path / "out" / "line.parquet").to_pylist()
    assert all(each["net"] == each["pieces"] * each["price"] for each in lines)
    assert all(each["rest"] == each["pieces"] - (each["off"] or 0) for each in lines)
    people = pq.read_table(tmp_path / "out" / "customer.parquet").to_pylist()
    assert [each["shown"] for each in people] == [f"{each['first']} {each['last']}" for each in people]
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as connection:
        assert [row[0] for row in connection.execute("SELECT rest FROM line ORDER BY id")] == [
            each["rest"] for each in lines
        ]


def test_a_script_declares_them(tmp_path: Path) -> None:
    sdgen.write(scenario_of("sqlite"), tmp_path / "x.sqlite.sql", seed=1, as_of=NOW, rows=20)
    text = (tmp_path / "x.sqlite.sql").read_text()
    assert "GENERATED ALWAYS AS (pieces * price) STORED" in text
    subprocess.run(["sqlite3", str(tmp_path / "x.db")], input=text.encode(), check=True)
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        assert connection.execute("SELECT count(*) FROM line WHERE rest = pieces - coalesce(off, 0)").fetchone() == (
            20,
        )


def test_what_can_not_be_computed_is_told_and_left_out() -> None:
    ddl = "CREATE TABLE t (id int PRIMARY KEY, n int, own text GENERATED ALWAYS AS (my_own(n)) STORED);"
    scenario = read_text_as_scenario(ddl, "t.sql")
    (note,) = scenario.notes
    assert "t.columns.own: it is computed by the database, and can't be computed here (my_own(n))" in str(note)
    assert list(scenario.entities["t"].columns) == ["id", "n"]


def test_keys_and_conditions_over_them_are_kept(tmp_path: Path) -> None:
    ddl = """
        CREATE TABLE member (id INTEGER PRIMARY KEY AUTOINCREMENT, mail TEXT NOT NULL, folded TEXT AS (lower(mail)) STORED,
          age INT NOT NULL CHECK (age BETWEEN 10 AND 20), twice INT AS (age * 2) STORED CHECK (twice >= 20), UNIQUE (folded));"""
    scenario = read_text_as_scenario(ddl, "m.sql")
    assert not scenario.notes, "texts that are distinct when folded"
    assert '"twice" >= 20' in scenario.entities["member"].check
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.executescript(ddl)
    sdgen.write(scenario, tmp_path / "x.db", mode="append_only", seed=1, as_of=NOW, rows=300)
    wrong = ddl.replace("twice >= 20", "twice > 1000")
    with pytest.raises(ScenarioError, match="breaks the check"):
        sdgen.write(read_text_as_scenario(wrong, "m.sql"), tmp_path / "out", seed=1, as_of=NOW)
