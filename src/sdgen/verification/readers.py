"""Places to read back: what was written there, by SQL, without changing anything."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from sdgen.databases.clickhouse.target import ClickHouse
from sdgen.databases.dialect import kind_of, literal
from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.databases.duckdb.target import DuckDB
from sdgen.databases.mysql.target import MySQL
from sdgen.databases.postgres import encode_text
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.databases.postgres.target import Postgres
from sdgen.databases.sqlite.dialect import SQLITE
from sdgen.databases.sqlite.target import SQLite
from sdgen.errors import Problem, TargetError
from sdgen.execution.destinations import open_target
from sdgen.files.folder import Files
from sdgen.scenario.types import NESTED, NUMBERS, TIMES
from sdgen.targets.base import Table, TableColumn, Target
from sdgen.verification.clickhouse_reader import ClickHousePlace
from sdgen.verification.files_reader import FilesPlace
from sdgen.verification.mysql_reader import MySQLPlace
from sdgen.verification.table_reader import Place, PlainPlace, Row, told

_READABLE = "a folder of files, x.duckdb, x.sqlite, postgresql://user@host/database, mysql://…, clickhouse://…"


def open_place(destination: str) -> Place:
    """The place a destination names, opened for reading; TargetError where it can't be."""
    target = open_target(destination)
    for kind, opened in _OPEN.items():
        if isinstance(target, kind):
            return opened(target)
    raise TargetError(Problem(("target",), f"{destination} can't be read back", f"known: {_READABLE}"))


class DuckDBPlace(PlainPlace):
    """A DuckDB database file."""

    dialect = DUCKDB

    def __init__(self, path: Path) -> None:
        import duckdb

        _must_exist(path)
        self._path, self._error = path, duckdb.Error
        with told(path, self._error):
            self._connection = duckdb.connect(str(path), read_only=True)
            self._connection.execute("SET TimeZone = 'UTC'")

    def columns(self, table: Table) -> list[str]:
        schema, name = self.dialect.split(table.name)
        where = f"table_schema = {literal(schema or 'main')} AND table_name = {literal(name)}"
        listed = f"SELECT column_name FROM information_schema.columns WHERE {where} ORDER BY ordinal_position"
        return [row[0] for row in self.rows(listed)]

    def rows(self, sql: str) -> list[Row]:
        with told(self._path, self._error):
            return self._connection.execute(sql).fetchall()

    def arrow(self, sql: str) -> pa.Table:
        with told(self._path, self._error):
            return self._connection.sql(sql).to_arrow_table()

    def sampled(self, table: Table, one_in: int) -> str:
        return f"{self.dialect.table(table.name)} WHERE hash(rowid) % {one_in} = 0"

    def close(self) -> None:
        self._connection.close()


class SQLitePlace(PlainPlace):
    """A SQLite database file."""

    dialect = SQLITE

    def __init__(self, path: Path) -> None:
        _must_exist(path)
        self._path = path
        with told(path, sqlite3.Error):
            self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
            self._connection.execute("SELECT 1 FROM sqlite_schema").fetchone()

    def columns(self, table: Table) -> list[str]:
        return [row[1] for row in self.rows(f"PRAGMA table_xinfo({self.dialect.quote(table.name)})")]

    def rows(self, sql: str) -> list[Row]:
        with told(self._path, sqlite3.Error):
            return self._connection.execute(sql).fetchall()

    def arrow(self, sql: str) -> pa.Table:
        with told(self._path, sqlite3.Error):
            cursor = self._connection.execute(sql)
            names = [column[0] for column in cursor.description]
            rows = cursor.fetchall()
        columns = zip(*rows, strict=True) if rows else [()] * len(names)
        return pa.Table.from_arrays([_alike(column) for column in columns], names=names)

    def sampled(self, table: Table, one_in: int) -> str:
        most = 1_000_003  # a prime: row numbers may have any step
        return f"{self.dialect.table(table.name)} WHERE abs(rowid) % {most} * 7919 % {most} < {most // one_in}"

    def ordered(self, column: TableColumn) -> str:
        name = self.dialect.quote(column.name)
        return f"CAST({name} AS REAL)" if column.type.kind in {"decimal", "ubigint"} else name

    def unreadable(self, column: TableColumn) -> str:
        name, held = self.dialect.quote(column.name), self.dialect.declared(column.type)
        if column.type.kind in NUMBERS | {"bool"} and held != "TEXT":
            return f"typeof({name}) NOT IN ('integer', 'real', 'null')"
        if column.type.kind in TIMES:
            return f"{name} IS NOT NULL AND julianday({name}) IS NULL"
        return ""

    def close(self) -> None:
        self._connection.close()


def _alike(values: Sequence[Any]) -> pa.Array:
    """A column of SQLite, whose values need not be of one type."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values])


class PostgresPlace(PlainPlace):
    """A PostgreSQL database, in one read-only transaction."""

    dialect = POSTGRES

    def __init__(self, url: str, schema: str, without_secrets: Callable[[Exception], Problem]) -> None:
        import psycopg

        self._error, self._problem = psycopg.Error, without_secrets
        with self._told():
            self._connection = psycopg.connect(url, connect_timeout=10, application_name="sdgen")
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            self._connection.execute("SET LOCAL timezone = 'UTC'")
            self._connection.execute("SET LOCAL datestyle = 'ISO'")
            if schema:
                self._connection.execute(f"SET LOCAL search_path = {POSTGRES.quote(schema)}, public".encode())

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            raise TargetError(self._problem(error)) from error

    def columns(self, table: Table) -> list[str]:
        name = literal(self.dialect.table(table.name))
        where = f"attrelid = to_regclass({name}) AND attnum > 0 AND NOT attisdropped"
        return [row[0] for row in self.rows(f"SELECT attname FROM pg_attribute WHERE {where} ORDER BY attnum")]

    def rows(self, sql: str) -> list[Row]:
        with self._told():
            return self._connection.execute(sql.encode()).fetchall()

    def arrow(self, sql: str) -> pa.Table:
        copied = f"COPY ({sql}) TO STDOUT (FORMAT csv, HEADER)".encode()
        with self._told(), self._connection.cursor() as cursor, cursor.copy(copied) as copy:
            head, _, text = b"".join(copy).partition(b"\n")
        names = next(csv.reader([head.decode()]))
        return encode_text.decode(text, names)

    def sampled(self, table: Table, one_in: int) -> str:
        return f"{self.dialect.table(table.name)} TABLESAMPLE BERNOULLI ({100 / one_in!r}) REPEATABLE (1)"

    def selected(self, column: TableColumn) -> str:
        name = self.dialect.quote(column.name)
        nested = column.type.kind in NESTED and kind_of(column.type) == "array of scalars"
        return f"to_jsonb({name}) AS {name}" if nested else f"{encode_text.selected(column)} AS {name}"

    def ordered(self, column: TableColumn) -> str:
        return encode_text.selected(column)

    def close(self) -> None:
        self._connection.close()


def _must_exist(path: Path) -> None:
    if not path.is_file():
        raise TargetError(Problem(("target",), f"there is no file {path}"))


def _postgres(target: Any) -> Place:
    return PostgresPlace(target.url, target.schema, target._problem)


_OPEN: Mapping[type[Target], Callable[[Any], Place]] = {
    DuckDB: lambda target: DuckDBPlace(target.path),
    SQLite: lambda target: SQLitePlace(target.path),
    Files: lambda target: FilesPlace(target.folder),
    Postgres: _postgres,
    ClickHouse: lambda target: ClickHousePlace(target.engine),
    MySQL: lambda target: MySQLPlace(target.server),
}
