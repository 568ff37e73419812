"""Random schemas: whatever is generated for them, a database with all their constraints on takes it."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import sdgen

COLUMNS = [
    "code varchar(12) NOT NULL UNIQUE",
    "status text NOT NULL CHECK (status IN ('new', 'open', 'done'))",
    "amount int NOT NULL CHECK (amount BETWEEN 5 AND 90)",
    "price numeric(8,2) CHECK (price >= 0 AND price < 500)",
    "starts_on date NOT NULL, ends_on date NOT NULL, CHECK (ends_on >= starts_on)",
    "name varchar(40) NOT NULL",
    "is_active boolean NOT NULL",
    "tag text CHECK (tag LIKE 'T-%')",
]


@st.composite
def tables(draw: st.DrawFn) -> str:
    """CREATE TABLE text: plain tables that refer to any others and to themselves, and junctions between two of them."""
    size = draw(st.integers(1, 4))
    made = []
    for number in range(size):
        body = ["id integer PRIMARY KEY", *draw(st.lists(st.sampled_from(COLUMNS), unique=True, max_size=4))]
        links = draw(st.lists(st.integers(0, size - 1), unique=True, max_size=2))
        for other in links:
            need = " NOT NULL" if other < number and draw(st.booleans()) else ""
            body.append(f"t{other}_id integer{need} REFERENCES t{other} (id)")
        if draw(st.booleans()) and links:
            body.append(f"rank int NOT NULL, UNIQUE (t{links[0]}_id, rank)")
        body.sort(key=lambda part: part.startswith("CHECK"))
        made.append(f"CREATE TABLE t{number} (\n  " + ",\n  ".join(_constraints_last(body)) + "\n);")
    for number in range(draw(st.integers(0, 2))):
        one, other = draw(st.integers(0, size - 1)), draw(st.integers(0, size - 1))
        made.append(
            f"CREATE TABLE j{number} (a_id integer NOT NULL REFERENCES t{one} (id), "
            f"b_id integer NOT NULL REFERENCES t{other} (id), PRIMARY KEY (a_id, b_id));"
        )
    return "\n".join(made) + "\n"


def _constraints_last(body: list[str]) -> list[str]:
    """Column definitions first: a table's own constraints stand behind them."""
    parts = [part.strip() for entry in body for part in _split(entry)]
    return sorted(parts, key=lambda part: part.startswith(("CHECK", "UNIQUE (")))


def _split(entry: str) -> list[str]:
    for mark in (", CHECK", ", UNIQUE", ", ends_on"):
        if mark in entry:
            head, _, tail = entry.partition(mark)
            return [*_split(head), *_split(mark[2:] + tail)]
    return [entry]


def filled(folder: Path, ddl: str, rows: int) -> tuple[Path, Any]:
    schema, place = folder / "schema.sql", folder / "it.sqlite"
    schema.write_text(ddl)
    with closing(sqlite3.connect(place)) as lite:
        lite.executescript(ddl)
    return place, sdgen.write(schema, place, rows=rows, seed=3, mode="append_only")


@settings(max_examples=40)
@given(ddl=tables(), rows=st.integers(1, 60))
def test_a_database_takes_all_rows(ddl: str, rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place, result = filled(Path(folder), ddl, rows)
        assert all(entity.rows >= 1 for entity in result.entities)
        with closing(sqlite3.connect(place)) as lite:
            assert lite.execute("PRAGMA foreign_key_check").fetchall() == []
            assert lite.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            for entity in result.entities:
                assert lite.execute(f"SELECT count(*) FROM {entity.table}").fetchone() == (entity.rows,)
