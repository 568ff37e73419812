"""Keys over links, bytes and arrays that a schema declares unique, in a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import psycopg

import sdgen

SCHEMA = """
CREATE TABLE grades (name varchar(20) PRIMARY KEY, rank int UNIQUE);
CREATE TABLE pupils (id int PRIMARY KEY, grade_rank int NOT NULL REFERENCES grades (rank));
CREATE TABLE terms (id int PRIMARY KEY);
CREATE TABLE paths (id int PRIMARY KEY, term int REFERENCES terms, distance int, UNIQUE (term, distance));
CREATE TABLE hashes (id int PRIMARY KEY, one bytea NOT NULL, two bytea NOT NULL, UNIQUE (one, two));
CREATE TABLE talks (id bigint PRIMARY KEY, owner int NOT NULL, members bigint[] NOT NULL DEFAULT '{}');
CREATE UNIQUE INDEX talk_once ON talks (owner, members);
"""


def test_all_rows_load_twice(postgres_url: str, tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(SCHEMA)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
        for seed in (1, 2):
            sdgen.write(schema, postgres_url, mode="append_only", seed=seed, rows=300)
        for name in ("grades", "pupils", "terms", "paths", "hashes", "talks"):
            assert connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchone() == (600,)
        assert connection.execute("SELECT count(rank) FROM grades").fetchone() == (600,)
