"""Exclusion constraints, in a real PostgreSQL with all of them on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

import sdgen
from sdgen.readers.sources import read_source

# A range from a number to itself stands for the number where no extension brings its own operator class.
SCHEMA = """
CREATE TABLE courts (id int PRIMARY KEY, label text NOT NULL);
CREATE TABLE games (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, court_id int NOT NULL REFERENCES courts,
    begins timestamptz NOT NULL, ends timestamptz NOT NULL, off boolean NOT NULL DEFAULT false, CHECK (begins < ends),
    CONSTRAINT apart EXCLUDE USING gist (
        int4range(court_id, court_id, '[]') WITH =, tstzrange(begins, ends, '[]') WITH &&) WHERE (NOT off)
);
CREATE TABLE stays (id int PRIMARY KEY, court_id int NOT NULL REFERENCES courts, nights daterange NOT NULL);
ALTER TABLE stays ADD EXCLUDE USING gist (int4range(court_id, court_id, '[]') WITH =, nights WITH &&);
CREATE TABLE lanes (id int PRIMARY KEY, metres int4range NOT NULL, EXCLUDE USING gist (metres WITH &&));
CREATE TABLE shut (id int PRIMARY KEY, since date NOT NULL, until date NOT NULL, why text);
ALTER TABLE shut ADD CONSTRAINT once EXCLUDE USING gist (daterange(since, until, '[]') WITH &&);
CREATE TABLE codes (id int PRIMARY KEY, code int NOT NULL, EXCLUDE USING btree (code WITH =));
"""


def ask(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("from_database", [False, True], ids=["ddl", "database"])
def test_nothing_overlaps(postgres_url: str, tmp_path: Path, from_database: bool) -> None:
    ask(postgres_url, SCHEMA)
    schema = tmp_path / "s.sql"
    schema.write_text(SCHEMA)
    scenario = read_source(postgres_url if from_database else schema)
    assert [str(note) for note in scenario.notes] == []
    rows = {"courts": 12, "games": 900, "stays": 200, "lanes": 300, "shut": 100, "codes": 100}
    sdgen.write(scenario, postgres_url, mode="append_only", seed=3, rows=rows)
    for name, count in rows.items():
        assert ask(postgres_url, f"SELECT count(*) FROM {name}") == [(count,)]
    assert ask(postgres_url, "SELECT min(n) > 20 FROM (SELECT count(*) n FROM games GROUP BY court_id) g") == [(True,)]
    assert ask(postgres_url, "SELECT count(*) FROM games WHERE begins >= ends") == [(0,)]
    report = sdgen.verify(scenario, postgres_url, seed=3, rows=rows)
    assert not [found for found in report.findings if found.status in ("broken", "warning")]


def test_one_of_another_form_is_told(tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text("CREATE TABLE t (id int PRIMARY KEY, c circle NOT NULL, EXCLUDE USING gist (c WITH &&));")
    assert [note.what for note in read_source(schema).notes] == ["exclusion constraint left out: rows may break it"]
