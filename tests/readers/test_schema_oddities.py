"""Forms that real schemas have and small ones don't: abstract parents, domains of bytes, dropped columns, odd types."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg

import sdgen
from sdgen.readers.base import ReadOptions
from sdgen.readers.sources import read_text_as_scenario


def write(ddl: str, dialect: str, place: str, rows: int = 120) -> list[str]:
    """Fill a place that has the tables; what was told of the schema."""
    scenario = read_text_as_scenario(ddl, "s.sql", ReadOptions(rows, dialect))
    sdgen.write(scenario, place, mode="append_only", seed=6)
    return [str(note) for note in scenario.notes]


def test_a_parent_that_takes_no_rows_is_left_empty_and_its_heirs_are_filled(postgres_url: str) -> None:
    ddl = (
        "CREATE TABLE thing (id int NOT NULL, label text NOT NULL CHECK (label <> 'x'), CHECK (false) NO INHERIT);"
        "CREATE TABLE car (PRIMARY KEY (id), doors int NOT NULL) INHERITS (thing);"
        "CREATE TABLE boat (PRIMARY KEY (id), sails int) INHERITS (thing);"
    )
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(ddl.encode())
        (note,) = write(ddl, "postgres", postgres_url)
        assert "entities.thing: the table is left empty: no row keeps CHECK false" in note
        counts = "SELECT (SELECT count(*) FROM ONLY thing), (SELECT count(*) FROM car), (SELECT count(*) FROM boat)"
        assert connection.execute(counts.encode()).fetchall() == [(0, 120, 120)]


def test_domains_of_bytes_have_their_length(postgres_url: str) -> None:
    ddl = (
        "CREATE DOMAIN digest AS bytea CHECK (VALUE IS NULL OR octet_length(VALUE) = 12);"
        "CREATE DOMAIN token AS bytea CHECK (length(VALUE) = 5);"
        "CREATE TABLE files (id digest PRIMARY KEY, of_part digest, part token NOT NULL UNIQUE,"
        " CHECK (CASE WHEN of_part IS NULL THEN true ELSE id IS NOT NULL END));"
    )
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(ddl.encode())
        assert write(ddl, "postgres", postgres_url) == []
        found = connection.execute("SELECT count(*), min(length(id)), max(length(part)) FROM files").fetchall()
        assert found == [(120, 12, 5)]


def test_arrays_without_elements_in_a_branch(postgres_url: str) -> None:
    ddl = (
        "CREATE TABLE roles (id int PRIMARY KEY, own boolean NOT NULL, rights text[] NOT NULL,"
        " CHECK (own OR cardinality(rights) = 0));"
    )
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(ddl.encode())
        assert write(ddl, "postgres", postgres_url) == []
        found = connection.execute("SELECT own, max(cardinality(rights)) > 0 FROM roles GROUP BY 1 ORDER BY 1")
        assert found.fetchall() == [(False, False), (True, True)]


def test_sequences_are_found_beside_dropped_columns(postgres_url: str) -> None:
    names = [f"t{number}" for number in range(14)]
    made = "".join(f"CREATE TABLE {name} (id serial PRIMARY KEY, old int, word text NOT NULL);" for name in names)
    gone = "".join(f"ALTER TABLE {name} DROP COLUMN old;" for name in names)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute((made + gone + "ANALYZE;").encode())
        assert write(made + gone, "postgres", postgres_url, 20) == []
        assert connection.execute("INSERT INTO t3 (word) VALUES ('x') RETURNING id").fetchall() == [(21,)]


def test_bytes_in_sqlite_columns_of_other_databases_types(tmp_path: Path) -> None:
    ddl = "CREATE TABLE blobs (id INTEGER PRIMARY KEY, a VARBINARY(20) NOT NULL, b BYTEA, c BINARY(8) NOT NULL);"
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.executescript(ddl)
        assert write(ddl, "sqlite", str(tmp_path / "x.db")) == []
        found = connection.execute("SELECT DISTINCT typeof(a), typeof(c), length(c) FROM blobs").fetchall()
        assert found == [("blob", "blob", 8)]
