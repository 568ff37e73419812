"""Tables that others inherit from: only their own rows are theirs."""

from __future__ import annotations

from pathlib import Path

import psycopg

import sdgen

SCHEMA = """
CREATE TABLE notes (id int PRIMARY KEY, body text NOT NULL);
CREATE TABLE order_notes (order_no int NOT NULL, PRIMARY KEY (id)) INHERITS (notes);
"""


def test_rows_of_heirs_are_not_counted(postgres_url: str, tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(SCHEMA)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
        for seed in (1, 2):
            sdgen.write(schema, postgres_url, mode="append_only", seed=seed, rows=60)
        assert connection.execute("SELECT count(*) FROM ONLY notes").fetchone() == (120,)
        connection.execute("DELETE FROM notes")
    sdgen.write(schema, postgres_url, mode="append_only", seed=3, rows=60)
    assert not [
        each for each in sdgen.verify(schema, postgres_url, seed=3, rows=60).findings if each.status == "broken"
    ]
