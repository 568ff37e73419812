"""Keys with computed columns in them, in a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

import sdgen
from sdgen.readers.base import ReadOptions
from sdgen.readers.sources import read_source

SCHEMA = """
CREATE TABLE parts (
    line text GENERATED ALWAYS AS ('base') STORED NOT NULL, number int NOT NULL, shelf int, PRIMARY KEY (line, number)
);
CREATE TABLE uses (
    id int PRIMARY KEY, line text NOT NULL DEFAULT 'base', number int NOT NULL,
    FOREIGN KEY (line, number) REFERENCES parts (line, number)
);
CREATE TABLE words (word text NOT NULL, slug text GENERATED ALWAYS AS (upper(left(trim(word), 4))) STORED UNIQUE);
CREATE TABLE people (
    first varchar(40) NOT NULL, last varchar(40) NOT NULL,
    whole text GENERATED ALWAYS AS (first || ', ' || last) STORED PRIMARY KEY
);
CREATE TABLE steps (at int NOT NULL, next int GENERATED ALWAYS AS (at + 1) STORED);
CREATE UNIQUE INDEX steps_next ON steps (next);
CREATE TABLE files (path text NOT NULL, hash text GENERATED ALWAYS AS (md5(path)) STORED UNIQUE);
CREATE TABLE settings (id boolean GENERATED ALWAYS AS (true) STORED PRIMARY KEY, theme text);
"""


@pytest.mark.parametrize("from_database", [False, True], ids=["ddl", "database"])
def test_computed_keys_hold(postgres_url: str, tmp_path: Path, from_database: bool) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(SCHEMA)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
        scenario = read_source(postgres_url if from_database else schema, ReadOptions(rows=1000))
        told = "entities.settings: (id) is the same in all rows, and unique: the table has one row"
        assert [str(note).partition(": ")[2] for note in scenario.notes] == [told]
        sdgen.write(scenario, postgres_url, mode="append_only", seed=1)
        counts = dict.fromkeys(scenario.entities, 1000) | {"settings": 1}
        for name, count in counts.items():
            assert connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchone() == (count,)
        joined = connection.execute("SELECT count(*) FROM uses JOIN parts USING (line, number)").fetchone()
        assert joined == (1000,)


def test_what_can_not_be_kept_is_told(tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(
        "CREATE TABLE t (a int NOT NULL, b int NOT NULL, area int GENERATED ALWAYS AS (a * b) STORED UNIQUE);"
    )
    (note,) = read_source(schema).notes
    assert note.what == "(area) is unique and computed by what isn't understood: rows may break it"
