"""A SQLite database file that is read back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pyarrow as pa

from sdgen.databases.driver_errors import unreadable
from sdgen.databases.sqlite.connection import connect_to_read, errors
from sdgen.databases.sqlite.dialect import SQLITE
from sdgen.databases.table_reader import PlainTableReader, Row, existing_file
from sdgen.scenario.types import NUMBERS, TIMES
from sdgen.targets.base import Table, TableColumn

_PRIME = 1_000_003  # row numbers may have any step


class SQLiteReader(PlainTableReader):
    """A database file. SQLite keeps values of any type in any column."""

    dialect = SQLITE

    def __init__(self, path: Path) -> None:
        self._path = existing_file(path)
        with self._translated():
            self._connection = connect_to_read(path)
            self._connection.execute("SELECT 1 FROM sqlite_schema").fetchone()

    def _translated(self) -> AbstractContextManager[None]:
        return errors().translated(unreadable(self._path))

    def columns(self, table: Table) -> list[str]:
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
