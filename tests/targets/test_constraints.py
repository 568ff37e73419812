"""Constraints exist after a run, and are enforced."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import duckdb
import psycopg
import pytest

from sdgen.errors import TargetError
from sdgen.execution.destinations import open_target
from sdgen.scenario.types import parse_type
from sdgen.targets.base import Mode, Reference, Table, TableColumn
from tests.targets.made import batch, family, parents_and_children, write
from tests.targets.places import Place, run_mysql

BROKEN = [
    "INSERT INTO parents VALUES (1, 'new')",
    "INSERT INTO parents VALUES (99, 'p1@example.com')",
    "INSERT INTO parents VALUES (99, NULL)",
    "INSERT INTO children VALUES (99, 12345, NULL)",
    "INSERT INTO children VALUES (99, NULL, 12345)",
]


def _attempt(place: Place, sql: str) -> None:
    """One statement that must be refused."""
    if place.destination.startswith("mysql"):
        with pytest.raises(TargetError, match=r"(?i)duplicate|foreign key|null|truncated"):
            run_mysql(place.destination, sql)
        return
    connection: Any
    if place.destination.startswith("postgresql"):
        connection = psycopg.connect(place.destination)
    elif place.destination.endswith(".duckdb"):
        connection = duckdb.connect(place.destination)
    else:
        connection = sqlite3.connect(place.destination)
        connection.execute("PRAGMA foreign_keys = ON")
    refusals = (psycopg.IntegrityError, duckdb.ConstraintException, sqlite3.IntegrityError)
    with closing(connection), pytest.raises(refusals):
        connection.execute(sql)


def test_enforced(database: Place) -> None:
    write(database.open(), family())
    for sql in BROKEN:
        _attempt(database, sql)


def test_in_the_catalog(database: Place) -> None:
    write(database.open(), family())
    wanted = {"parents_pkey", "parents_email_key", "children_pkey", "children_parent_id_fkey", "children_up_fkey"}
    if database.destination.startswith("postgresql"):
        with psycopg.connect(database.destination) as connection:
            found = {row[0] for row in connection.execute("SELECT conname FROM pg_constraint").fetchall()}
        assert wanted <= found
    elif database.destination.startswith("mysql"):
        sql = "SELECT constraint_name FROM information_schema.table_constraints WHERE table_schema = database()"
        assert {row[0] for row in run_mysql(database.destination, sql)} >= {*wanted, "PRIMARY"} - {
            "parents_pkey",
            "children_pkey",
        }
    elif database.destination.endswith(".duckdb"):
        with duckdb.connect(database.destination) as duck:
            rows = duck.execute(
                "SELECT table_name, constraint_type, constraint_column_names FROM duckdb_constraints()"
            ).fetchall()
        found = {(table, kind, *columns) for table, kind, columns in rows}
        assert {("parents", "PRIMARY KEY", "id"), ("parents", "UNIQUE", "email")} <= found
        assert {("children", "FOREIGN KEY", "parent_id"), ("children", "FOREIGN KEY", "up")} <= found
    else:
        with closing(sqlite3.connect(database.destination)) as lite:
            assert len(lite.execute("PRAGMA foreign_key_list(children)").fetchall()) == 2
            assert [row[5] for row in lite.execute("PRAGMA table_info(parents)")] == [1, 0]
            assert [row[2] for row in lite.execute("PRAGMA index_list(parents)")] == [1]


def test_orphans_are_refused(database: Place) -> None:
    parents, children = parents_and_children()
    orphan = batch(children, [{"id": 1, "parent_id": 77, "up": None}])
    write(database.open(), {parents: [], children: []})
    with pytest.raises(TargetError):
        write(database.open(), {parents: [], children: [orphan]})
    assert database.rows(children) == []


def test_circle_of_tables(database: Place) -> None:
    key = parse_type("int")
    columns = (TableColumn("id", key, False), TableColumn("other", key, True))
    a = Table("a", "a", columns, 1, ("id",), (), (Reference(("other",), "b", ("id",)),))
    b = Table("b", "b", columns, 1, ("id",), (), (Reference(("other",), "a", ("id",)),))
    rows = [{"id": 1, "other": 1}]
    target = database.open()
    problems = target.check([a, b], Mode.CREATE_IF_MISSING)
    target.abort()
    if database.destination.endswith(".duckdb"):
        assert "cycle" in problems[0].what
    else:
        write(database.open(), {a: [batch(a, rows)], b: [batch(b, rows)]})
        assert database.rows(a) == [(1, 1)]
        _attempt(database, "INSERT INTO a VALUES (2, 9)")


def test_enum_is_checked(database: Place) -> None:
    table = Table("t", "t", (TableColumn("e", parse_type("enum(a, 'it''s')"), True),))
    write(database.open(), {table: [batch(table, [{"e": "it's"}, {"e": None}])]})
    if not database.destination.endswith(".duckdb"):
        _attempt(database, "INSERT INTO t VALUES ('other')")
    assert {row[0] for row in database.raw(table)} == {"it's", None}


def test_a_table_by_itself(database: Place) -> None:
    """No foreign key in sight: DuckDB gets its constraints after the load."""
    kinds = {"a": "int", "b": "string(5)", "c": "uuid"}
    columns = tuple(TableColumn(name, parse_type(kind), False) for name, kind in kinds.items())
    table = Table("alone", "alone", columns, 2, ("a", "b"), (("c",), ("b", "c")))
    rows = [{"a": 1, "b": text, "c": bytes([n]) * 16} for n, text in enumerate(("x", "y"))]
    write(database.open(), {table: [batch(table, rows)]})
    _attempt(database, "INSERT INTO alone VALUES (1, 'x', '99999999-9999-9999-9999-999999999999')")
    _attempt(database, "INSERT INTO alone VALUES (2, 'z', '00000000-0000-0000-0000-000000000000')")
    _attempt(database, "INSERT INTO alone VALUES (NULL, 'z', '99999999-9999-9999-9999-999999999999')")


@pytest.mark.parametrize("deferrable", ["", " DEFERRABLE"])
def test_existing_tables_in_a_circle(postgres_url: str, deferrable: str) -> None:
    """Neither table can be filled first: the key to the later one waits, and is there and true in the end."""
    key = parse_type("int")
    columns = (TableColumn("id", key, False), TableColumn("other", key, False))
    a = Table("a", "a", columns, 2, ("id",), (), (Reference(("other",), "b", ("id",)),))
    b = Table("b", "b", columns, 2, ("id",), (), (Reference(("other",), "a", ("id",)),))
    with psycopg.connect(postgres_url) as connection:
        for name in "ab":
            connection.execute(f"CREATE TABLE {name} (id int PRIMARY KEY, other int NOT NULL)")
        connection.execute(f"ALTER TABLE a ADD CONSTRAINT to_b FOREIGN KEY (other) REFERENCES b{deferrable}")
        connection.execute(f"ALTER TABLE b ADD CONSTRAINT to_a FOREIGN KEY (other) REFERENCES a{deferrable}")
    rows = [{"id": 1, "other": 2}, {"id": 2, "other": 1}]
    write(open_target(postgres_url), {a: [batch(a, rows)], b: [batch(b, rows)]}, Mode.APPEND_ONLY)
    orphan = [{"id": 3, "other": 9}]
    with pytest.raises(TargetError, match="to_b"):
        write(open_target(postgres_url), {a: [batch(a, orphan)], b: []}, Mode.APPEND_ONLY)
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM a, b WHERE a.other = b.id AND b.other = a.id").fetchone() == (
            2,
        )
        keys = connection.execute(
            "SELECT conname, condeferrable FROM pg_constraint WHERE contype = 'f' ORDER BY 1"
        ).fetchall()
        assert keys == [("to_a", bool(deferrable)), ("to_b", bool(deferrable))]
