"""Random schemas of one dialect's own types and constraints: their database takes all rows, with everything on."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sdgen
from sdgen.databases.clickhouse.connection import Embedded
from sdgen.readers.base import ReadOptions
from sdgen.readers.sources import read_text_as_scenario
from tests.targets.places import run_mysql

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 25

# What stands behind a column's name; {c} is the name.
COLUMNS = {
    "sqlite": (
        *("INTEGER", "TEXT", "REAL", "BLOB", "ANYTHING(3,4)", "", "VARCHAR(9)", "DATE", "BOOLEAN", "DECIMAL(7,2)"),
        "TEXT NOT NULL CHECK (json_valid({c}))",
        "TEXT CHECK ({c} IS NULL OR json_type({c}) = 'object')",
        "NUMERIC CHECK (typeof({c}) IN ('integer', 'null'))",
        "TEXT NOT NULL CHECK ({c} IS date({c}))",
        "TEXT CHECK (strftime('%Y-%m-%d %H:%M:%S', {c}) IS {c})",
        "BLOB NOT NULL CHECK (length({c}) = 12) UNIQUE",
        "INTEGER NOT NULL CHECK (typeof({c}) = 'integer' AND {c} > 7)",
        "CHAR(32) NOT NULL UNIQUE",
        "INTEGER GENERATED ALWAYS AS (id * 3) STORED",
        "TEXT AS (upper('x' || id)) VIRTUAL",
    ),
    "mysql": (
        *("INT UNSIGNED", "NUMERIC", "DATETIME(6)", "TIME", "YEAR NOT NULL", "SET('a','b')", "MEDIUMINT", "TINYTEXT"),
        *("BINARY(7) NOT NULL UNIQUE", "VARBINARY(3)", "BIT(1)", "BIT(9) NOT NULL", "BIT(33)", "BLOB", "DEC(5,1)"),
        "LONGTEXT NOT NULL CHECK (json_valid({c}))",
        "VARCHAR(300) NOT NULL, UNIQUE KEY k_{c} ({c}(3))",
        "TEXT NOT NULL, UNIQUE KEY k_{c} (id, {c}(2))",
        "BIGINT GENERATED ALWAYS AS (id + 10) STORED",
        "VARCHAR(40) AS (concat('n', id)) VIRTUAL",
        "CHAR(32) NOT NULL UNIQUE",
        "JSON",
    ),
    "duckdb": (
        *("INTERVAL", "BIT NOT NULL", "HUGEINT", "UTINYINT", "TIMESTAMP_MS", "DECIMAL", "UUID UNIQUE", "BLOB", "TIME"),
        *("INTEGER[]", "DOUBLE[3] NOT NULL", "DATE[2][]", "MAP(VARCHAR, DECIMAL(5,2))", "UNION(a INTEGER, b VARCHAR)"),
        "STRUCT(a INTEGER, \"b c\" VARCHAR[], d STRUCT(e DATE)) NOT NULL",
        "STRUCT(k ENUM('x', 'y'))[]",
        "ENUM('it''s', 'no')",
        "BIGINT GENERATED ALWAYS AS (id * 2)",
    ),
    "clickhouse": (
        *("UInt8", "Int256", "Float32", "Bool", "UUID", "IPv4", "Nullable(IPv6)", "Date", "DateTime", "FixedString(40)"),
        *("LowCardinality(Nullable(String))", "Decimal64(3)", "Array(Nullable(Int8))", "Map(String, Array(Date))"),
        *("Enum8('a' = 1, 'b' = -2)", "Tuple(x Float64, y Nullable(String))", "Nested(a String, b UInt16)"),
        "DateTime64(3, 'Europe/Berlin') DEFAULT now64(3)",
        "String CODEC(ZSTD(1)) COMMENT 'packed'",
        "UInt32 MATERIALIZED id * 2",
        "String ALIAS toString(id)",
    ),
}  # fmt: skip
ENDS = {"mysql": " ENGINE=InnoDB", "clickhouse": " ENGINE = MergeTree ORDER BY id"}
IDS = {"clickhouse": "id UInt32", "mysql": "id INT PRIMARY KEY"}


def schemas(dialect: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(COLUMNS[dialect]), min_size=1, max_size=7).map(lambda each: _table(dialect, each))


def _table(dialect: str, columns: list[str]) -> str:
    lines = [IDS.get(dialect, "id INTEGER PRIMARY KEY")]
    lines += [f"c{at} {each.format(c=f'c{at}')}" for at, each in enumerate(columns)]
    body = ",\n  ".join(lines)
    return f"CREATE TABLE t (\n  {body}\n){ENDS.get(dialect, '')};"


def filled(dialect: str, ddl: str, place: str) -> None:
    scenario = read_text_as_scenario(ddl, "t.sql", ReadOptions(dialect=dialect))
    assert [str(note) for note in scenario.notes if "left out" in str(note)] == []
    sdgen.write(scenario, place, mode="append_only", seed=5, as_of=NOW, rows=ROWS)
    found = sdgen.verify(scenario, place, seed=5, as_of=NOW, rows=ROWS).findings
    assert [each for each in found if each.status.value == "broken"] == []
    assert [each for each in found if each.check == "same rows" and each.status.value == "warning"] == []


SOME = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@SOME
@given(schemas("sqlite"))
def test_sqlite(ddl: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with closing(sqlite3.connect(f"{folder}/x.db")) as connection:
            connection.executescript(ddl)
        filled("sqlite", ddl, f"{folder}/x.db")


@SOME
@given(schemas("duckdb"))
def test_duckdb(ddl: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with duckdb.connect(f"{folder}/x.duckdb") as connection:
            connection.execute(ddl)
        filled("duckdb", ddl, f"{folder}/x.duckdb")


@settings(SOME, max_examples=6)
@given(schemas("clickhouse"))
def test_chdb(ddl: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = Embedded(Path(folder) / "x")
        engine.fetch(ddl.rstrip(";"))
        engine.keep()
        filled("clickhouse", ddl, f"chdb:///{folder}/x")


@pytest.fixture
def url(mysql_url: str) -> str:
    return mysql_url


@SOME
@given(ddl=schemas("mysql"))
def test_mysql(url: str, ddl: str) -> None:
    run_mysql(url, "DROP TABLE IF EXISTS t", ddl.rstrip(";"))
    filled("mysql", ddl, url)
