"""What SQLite keeps of its tables, and a reader of their rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import pyarrow as pa

from sdgen.databases.catalog import Statements, file_read
from sdgen.databases.checkpoint_table import NAME, Checkpoint, CheckpointTable
from sdgen.databases.driver_errors import unreadable
from sdgen.databases.existing_tables import ExistingColumn, ExistingTables
from sdgen.databases.sqlite.connection import connect, connect_to_read, errors
from sdgen.databases.sqlite.dialect import SQLITE
from sdgen.databases.table_reader import PlainTableReader, Row, existing_file
from sdgen.scenario.types import NUMBERS, TIMES
from sdgen.targets.base import Table, TableColumn

_STATEMENTS = "SELECT sql || ';' FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"


def introspect(path: Path) -> Statements:
    """The statements that made the tables and indexes; SourceError where the file can't be read."""
    with file_read(path, "sqlite"), closing(connect_to_read(path, patience=5.0)) as connection:
        return Statements("\n".join(row[0] for row in connection.execute(_STATEMENTS)), "sqlite")


def existing_tables(path: Path, tables: Sequence[Table]) -> ExistingTables:
    """The run's tables as they are in a database that exists; raises where it can't be written."""
    with closing(connect(path, patience=1, autocommit=True)) as connection:
        # Takes the lock of a writer for a moment: a file that can't be written is refused before any rows are made.
        connection.execute("BEGIN IMMEDIATE")
        names = [row[0] for row in connection.execute(_TABLES)]
        lower = {name.lower() for name in names}
        columns = {t.name: _columns(connection, t.name) for t in tables if t.name.lower() in lower}
        referrers: dict[str, list[str]] = {}
        for name in names:
            for row in connection.execute(f"PRAGMA foreign_key_list({SQLITE.quote(name)})"):
                referrers.setdefault(row[2], []).append(name)
        connection.execute("ROLLBACK")
    return ExistingTables(columns, referrers)


def _columns(connection: Connection, table: str) -> list[ExistingColumn]:
    rows = connection.execute(f"PRAGMA table_info({SQLITE.quote(table)})").fetchall()
    alone = sum(1 for row in rows if row[5]) == 1
    return [
        # a key of one INTEGER is the row's own number, which SQLite gives where it is left out
        ExistingColumn(name, type, not needed, default is not None or (bool(key) and alone and type == "INTEGER"))
        for _, name, type, needed, default, key in rows
    ]


def checkpoint(connection: Connection) -> Checkpoint | None:
    """What a run that was stopped half-way left in a database."""
    there = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (NAME,)).fetchall()
    return CheckpointTable(SQLITE).read(lambda sql: connection.execute(sql).fetchall()) if there else None


def count_rows(path: Path, tables: Sequence[Table]) -> Mapping[str, int]:
    if not path.exists():
        return {}
    with closing(connect_to_read(path, patience=1)) as connection:
        there = {row[0].lower() for row in connection.execute(_TABLES)}
        return {
            table.name: connection.execute(f"SELECT count(*) FROM {SQLITE.table(table.name)}").fetchone()[0]
            for table in tables
            if table.name.lower() in there
        }


# A SQLite database file that is read back.
_PRIME = 1_000_003  # row numbers may have any step


class SQLiteReader(PlainTableReader):
    """A database file. SQLite keeps values of any type in any column."""

    dialect = SQLITE

    def __init__(self, path: Path) -> None:
        self._path = existing_file(path)
        with self._translated():
            self._connection = connect_to_read(path)
            # SQLite opens a file without looking into it: only a query finds that it is no database.
            self._connection.execute("SELECT 1 FROM sqlite_schema").fetchone()

    def _translated(self) -> AbstractContextManager[None]:
        return errors().translated(unreadable(self._path))

    def columns(self, table: Table) -> list[str]:
        # table_info would leave out generated columns.
        return [row[1] for row in self.rows(f"PRAGMA table_xinfo({self.dialect.quote(table.name)})")]

    def rows(self, sql: str) -> list[Row]:
        with self._translated():
            return self._connection.execute(sql).fetchall()

    def arrow(self, sql: str) -> pa.Table:
        with self._translated():
            return arrow_table(self._connection.execute(sql))

    def sampled(self, table: Table, one_in: int) -> str:
        return f"{self.dialect.table(table.name)} WHERE abs(rowid) % {_PRIME} * 7919 % {_PRIME} < {_PRIME // one_in}"

    def ordered(self, column: TableColumn) -> str:
        name = self.dialect.quote(column.name)
        return f"CAST({name} AS REAL)" if column.type.kind in {"decimal", "ubigint"} else name

    def unreadable(self, column: TableColumn) -> str:
        name, declared = self.dialect.quote(column.name), self.dialect.declared(column.type)
        if column.type.kind in NUMBERS | {"bool"} and declared != "TEXT":
            return f"typeof({name}) NOT IN ('integer', 'real', 'null')"
        if column.type.kind in TIMES:
            return f"{name} IS NOT NULL AND julianday({name}) IS NULL"
        return ""

    def close(self) -> None:
        self._connection.close()


def arrow_table(cursor: sqlite3.Cursor) -> pa.Table:
    """All rows of a query."""
    names = [column[0] for column in cursor.description]
    rows = cursor.fetchall()
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pa.Table.from_arrays([_alike(column) for column in columns], names=names)


def _alike(values: Sequence[Any]) -> pa.Array:
    """A column of SQLite, whose values need not be of one type."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values])
