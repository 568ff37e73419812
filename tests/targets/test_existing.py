"""Tables that are there already: what fits, what is refused, and what stays as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import psycopg
import pytest

from sdgen.databases.create_table import too_long
from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.databases.existing_tables import takes
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.databases.sqlite.dialect import SQLITE
from sdgen.scenario.types import parse_type
from sdgen.targets.base import Mode, Table, TableColumn
from tests.targets.conftest import place_of
from tests.targets.made import batch, family, write
from tests.targets.places import Place, run_mysql


def _run(place: Place, *statements: str) -> None:
    if place.destination.startswith("postgresql"):
        with psycopg.connect(place.destination) as connection:
            for sql in statements:
                connection.execute(sql.encode())
    elif place.destination.startswith("mysql"):
        run_mysql(place.destination, *statements)
    elif place.destination.endswith(".duckdb"):
        with duckdb.connect(place.destination) as duck:
            for sql in statements:
                duck.execute(sql)
    else:
        with closing(sqlite3.connect(place.destination, isolation_level=None)) as lite:
            for sql in statements:
                lite.execute(sql)


def _table(*columns: str, name: str = "t") -> Table:
    pairs = [column.split(" ", 1) for column in columns]
    return Table(name, name, tuple(TableColumn(name, parse_type(type), True) for name, type in pairs))


def test_all_differences_at_once(database: Place) -> None:
    _run(database, "CREATE TABLE t (a DATE, b SMALLINT NOT NULL, extra INTEGER NOT NULL, d INTEGER NOT NULL DEFAULT 1)")
    target = database.open()
    problems = target.check([_table("a bigint", "b text", "missing int")], Mode.CREATE_IF_MISSING)
    target.abort()
    told = {(problem.path[-1], problem.what.split()[0]) for problem in problems}
    assert told >= {("a", "bigint"), ("b", "text"), ("b", "may"), ("missing", "the"), ("extra", "the")}
    assert not any(problem.path[-1] == "d" for problem in problems)


def test_other_columns_and_wider_types(database: Place) -> None:
    _run(database, "CREATE TABLE t (x BIGINT, note VARCHAR(9), a BIGINT, b TEXT, c DECIMAL(12,2), d TEXT)")
    table = _table("b string(5)", "a int", "c 'decimal(10,2)'".replace("'", ""), "d uuid")
    row = {"a": 7, "b": "x", "c": None, "d": bytes(16)}
    write(database.open(), {table: [batch(table, [row])]})
    ((_, note, a, b, c, d),) = database.raw(table)
    assert (note, a, b, c, str(d)) == (None, 7, "x", None, "00000000-0000-0000-0000-000000000000")


def test_truncate_refused_for_a_table_outside(database: Place) -> None:
    write(database.open(), family())
    _run(database, "CREATE TABLE outsider (p BIGINT REFERENCES parents (id))")
    parents, children = family()
    target = database.open()
    problems = target.check([parents, children], Mode.TRUNCATE_THEN_INSERT)
    assert ["outsider" in problem.what for problem in problems] == [True]
    assert target.check([parents], Mode.APPEND_ONLY) == []
    target.abort()


def test_truncate_keeps_what_the_table_is(database: Place) -> None:
    """Its own columns, defaults and indexes stay."""
    _run(
        database,
        "CREATE TABLE parents (id BIGINT PRIMARY KEY, email VARCHAR(40), more INTEGER DEFAULT 3)",
        "CREATE TABLE children (id BIGINT PRIMARY KEY, parent_id BIGINT REFERENCES parents (id), up BIGINT)",
        "CREATE INDEX by_parent ON children (parent_id)",
        "INSERT INTO parents (id) VALUES (1)",
        "INSERT INTO children VALUES (1, 1, NULL)",
    )
    write(database.open(), family(), Mode.TRUNCATE_THEN_INSERT)
    parents, children = family()
    assert [row[2] for row in sorted(database.raw(parents))] == [3] * 5
    assert len(database.raw(children)) == 5
    mysql = database.destination.startswith("mysql")  # there a foreign key needs it
    _run(database, "ALTER TABLE children RENAME INDEX by_parent TO other" if mysql else "DROP INDEX by_parent")


FITS = ["int|bigint", "int|integer", "usmallint|integer", "decimal(10,2)|numeric(12,2)", "string(5)|varchar(5)"]
FITS += ["text|varchar(9)", "enum(a,bb)|varchar(2)", "uuid|text", "date|timestamp", "float|double precision"]
FITS += ["json|text", "array<int>|text", "decimal(5,0)|numeric", "int|double precision"]
NOT = ["bigint|integer", "uint|integer", "decimal(10,3)|numeric(12,2)", "string(6)|varchar(5)", "timestamp|date"]
NOT += ["text|integer", "int|text", "bool|text", "double|real", "enum(a,bbb)|varchar(2)", "bigint|double precision"]
NOT += ["text|no_such_type", "int|", "json|integer[]", "binary|text"]


@pytest.mark.parametrize("pair", FITS + NOT)
def test_takes(pair: str) -> None:
    wanted, declared = pair.split("|")
    assert takes(parse_type(wanted), declared, POSTGRES) is (pair in FITS)


def test_takes_what_it_would_declare() -> None:
    kinds = ["bool", "ubigint", "decimal(38,3)", "enum(a, b)", "array<string>", "map<string, int>", "struct<a: int>"]
    for dialect in (POSTGRES, SQLITE, DUCKDB):
        for kind in map(parse_type, kinds):
            assert takes(kind, dialect.declared(kind), dialect)
    assert takes(parse_type("int"), "", SQLITE)


def _held(path: Path) -> Callable[[], None]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE IF NOT EXISTS other (x)")
    connection.execute("BEGIN IMMEDIATE")
    return connection.close


def test_sqlite_in_use(tmp_path: Path) -> None:
    from sdgen.execution.destinations import open_target

    path = tmp_path / "x.sqlite"
    close = _held(path)
    (problem,) = open_target(str(path)).check(list(family()), Mode.CREATE_IF_MISSING)
    assert "in use by another process" in problem.what
    close()


@pytest.mark.parametrize("name", ["x.sqlite", "x.duckdb"])
def test_not_a_database(tmp_path: Path, name: str) -> None:
    from sdgen.execution.destinations import open_target

    path = tmp_path / name
    path.write_bytes(b"hello, world " * 1000)
    (problem,) = open_target(str(path)).check(list(family()), Mode.CREATE_IF_MISSING)
    assert "is not a" in problem.what
    assert path.read_bytes() == b"hello, world " * 1000


@pytest.fixture(params=["duckdb", "sqlite", "postgres", "mysql", "chdb", "clickhouse"])
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return place_of(request.param, tmp_path, request)


def test_rows_that_are_there_are_told_before_anything_is_written(any_database: Place) -> None:
    """A second fill would repeat the keys of the first one."""
    data = {replace(table, rows=5): parts for table, parts in family().items()}
    write(any_database.open(), data)
    for mode, expected in ((Mode.CREATE_IF_MISSING, 2), (Mode.TRUNCATE_THEN_INSERT, 0), (Mode.APPEND_ONLY, 0)):
        target = any_database.open()
        problems = target.check(list(data), mode)
        target.abort()
        assert [each.what.startswith("holds 5 rows already") for each in problems] == [True] * expected
        assert all("truncate_then_insert" in each.hint and "append_only" in each.hint for each in problems)
    own = [replace(table, mode=Mode.APPEND_ONLY) for table in data]
    target = any_database.open()
    assert target.check(own, Mode.CREATE_IF_MISSING) == []
    target.abort()


def test_a_table_without_keys_is_added_to(any_database: Place) -> None:
    table = _table("a int")
    table = replace(table, rows=1)
    for _ in range(2):
        write(any_database.open(), {table: [batch(table, [{"a": 1}])]})
    assert len(any_database.raw(table)) == 2


def test_an_index_of_a_tables_name_is_no_table(tmp_path: Path) -> None:
    place = tmp_path / "x.sqlite"
    with closing(sqlite3.connect(place)) as connection:
        connection.executescript("CREATE TABLE other (x); CREATE INDEX parents ON other (x);")
    from sdgen.databases.existing_tables import ExistingRowsQuery
    from sdgen.execution.destinations import open_target

    target = open_target(str(place))
    parents, _ = family()
    assert target.existing([ExistingRowsQuery(parents, parents.columns)]) == [None]  # type: ignore[attr-defined]
    target.abort()


def test_mysql_counts_the_characters_of_names() -> None:
    long = "ä" * 64
    assert too_long(_table(f"{long} int"), MYSQL) == []
    assert len(too_long(_table(f"{long}b int"), MYSQL)) == 1
    assert "63 bytes" in too_long(_table(f"{long[:40]} int"), POSTGRES)[0].what
    assert MYSQL.shortened(long) == long
    assert len(MYSQL.shortened(long + "b")) == 64
