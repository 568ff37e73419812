"""CHECKs on JSON documents and on SQLite's classes of values: rows keep them in the database whose words they are."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg

import sdgen
from sdgen.readers.sources import read_text_as_scenario
from tests.targets.places import run_mysql

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def fill(ddl: str, url: str) -> None:
    """Fill the tables that their database has made; no note says that something is not kept."""
    scenario = read_text_as_scenario(ddl, "schema.sql")
    assert [note.what for note in scenario.notes] == []
    sdgen.write(scenario, url, mode="append_only", seed=3, as_of=NOW, rows=120)
    assert not sdgen.verify(scenario, url, seed=3, as_of=NOW, rows=120).broken


POSTGRES = """
CREATE TABLE parcels (id serial PRIMARY KEY,
  stops jsonb NOT NULL DEFAULT '[]'::jsonb CHECK (jsonb_typeof(stops) = 'array'),
  scans jsonb CHECK (jsonb_array_length(scans) > 2),
  box json NOT NULL CHECK (json_typeof(box) = 'object'),
  few jsonb NOT NULL CHECK (jsonb_typeof(few) = 'array' AND jsonb_array_length(few) BETWEEN 1 AND 3),
  either jsonb CHECK (jsonb_typeof(either) IN ('array', 'string')),
  named jsonb NOT NULL CHECK (named ? 'carrier'),
  weight jsonb NOT NULL CHECK (jsonb_typeof(weight) = 'number'),
  inner_one jsonb NOT NULL CHECK (jsonb_typeof(inner_one -> 'lines') = 'array' AND inner_one ? 'lines'),
  deep jsonb NOT NULL CHECK (deep #>> '{from,zone}' = 'north'),
  kind jsonb NOT NULL CHECK (kind ->> 'kind' IS NOT NULL),
  plain jsonb NOT NULL CHECK (jsonb_typeof(plain) <> 'object'));
"""


def test_postgres(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(POSTGRES.encode())
        fill(POSTGRES, postgres_url)
        found = connection.execute("SELECT DISTINCT jsonb_typeof(either) FROM parcels WHERE either IS NOT NULL")
        assert {kind for (kind,) in found.fetchall()} == {"array", "string"}


def test_mysql(mysql_url: str) -> None:
    ddl = """CREATE TABLE `parcels` (`id` int PRIMARY KEY,
      `stops` json NOT NULL CHECK (json_type(`stops`) = 'ARRAY'), `scans` json CHECK (json_length(`scans`) > 2),
      `box` longtext NOT NULL CHECK (json_valid(`box`) AND json_type(`box`) = 'OBJECT'),
      `few` json NOT NULL CHECK (json_length(`few`) BETWEEN 1 AND 3 AND json_type(`few`) = 'ARRAY'),
      `named` json NOT NULL CHECK (json_contains_path(`named`, 'all', '$.carrier', '$.lines')),
      `word` json NOT NULL CHECK (json_type(`word`) IN ('STRING', 'INTEGER'))) ENGINE=InnoDB;"""
    run_mysql(mysql_url, ddl.rstrip(";"))
    fill(ddl, mysql_url)


def test_sqlite(tmp_path: Path) -> None:
    ddl = """CREATE TABLE parcels (id INTEGER PRIMARY KEY AUTOINCREMENT,
      stops TEXT NOT NULL CHECK (json_type(stops) = 'array'), scans TEXT CHECK (json_array_length(scans) > 2),
      box TEXT NOT NULL CHECK (json_valid(box) AND json_type(box) = 'object'),
      named TEXT NOT NULL CHECK (json_extract(named, '$.carrier') IS NOT NULL),
      n CHECK (typeof(n) IN ('integer', 'real')), amount NOT NULL CHECK (typeof(amount) IN ('integer','real','null')),
      note CHECK (typeof(note) = 'text' OR typeof(note) = 'null'), code CHECK (typeof(code) NOT IN ('blob', 'null')),
      rank CHECK (typeof(rank) = 'integer' AND rank BETWEEN 3 AND 9));"""
    to = tmp_path / "x.sqlite"
    with closing(sqlite3.connect(to)) as connection:
        connection.execute(ddl)
        fill(ddl, str(to))
        # Null is a class of its own to typeof: what does not name it takes none.
        assert connection.execute("SELECT count(n), count(code), count(rank) FROM parcels").fetchone() == (120,) * 3
        assert connection.execute("SELECT count(*) FROM parcels WHERE note IS NULL").fetchone() != (0,)
