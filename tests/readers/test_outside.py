"""Tables that a schema speaks of and doesn't hold, and those that are an extension's own."""

from __future__ import annotations

from pathlib import Path

import psycopg

import sdgen
from sdgen.readers.sources import read_source


def test_a_link_to_a_table_outside_is_left_null(postgres_url: str, tmp_path: Path) -> None:
    ddl = "CREATE TABLE visits (id int PRIMARY KEY, user_id uuid REFERENCES auth.users (id), note text NOT NULL);"
    schema = tmp_path / "s.sql"
    schema.write_text(ddl)
    told = "foreign key to auth.users left out: no such table is here: user_id is left null"
    assert [note.what for note in read_source(schema).notes] == [told]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA auth; CREATE TABLE auth.users (id uuid PRIMARY KEY); {ddl}".encode())
        sdgen.write(schema, postgres_url, mode="append_only", seed=1, rows=50)
        assert connection.execute("SELECT count(*), count(user_id) FROM visits").fetchone() == (50, 0)


def test_tables_of_extensions_are_not_filled(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE systems (id int PRIMARY KEY); ALTER EXTENSION plpgsql ADD TABLE systems")
        connection.execute("CREATE TABLE maps (id int PRIMARY KEY)")
        scenario = read_source(postgres_url)
        connection.execute("ALTER EXTENSION plpgsql DROP TABLE systems")
    assert list(scenario.entities) == ["maps"]
