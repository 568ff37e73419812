"""SQLite: the standard library's sqlite3 reads, ADBC's driver writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sdgen.databases.base import DatabaseKind
from sdgen.databases.sqlite.dialect import SQLITE
from sdgen.databases.urls import path_of

if TYPE_CHECKING:
    from sdgen.databases.catalog import Statements
    from sdgen.databases.driver_errors import DriverErrors
    from sdgen.databases.table_reader import TableReader
    from sdgen.targets.base import Table, Target


def _target(destination: str) -> Target:
    from sdgen.databases.sqlite.target import SQLite

    return SQLite(path_of(destination))


def _reader(destination: str) -> TableReader:
    from sdgen.databases.sqlite.introspect import SQLiteReader

    return SQLiteReader(path_of(destination))


def _errors() -> DriverErrors:
    from sdgen.databases.sqlite.connection import errors

    return errors()


def _count_rows(destination: str, tables: Sequence[Table]) -> Mapping[str, int]:
    from sdgen.databases.sqlite.introspect import count_rows

    return count_rows(path_of(destination), tables)


def _introspect(source: str) -> Statements:
    from sdgen.databases.sqlite.introspect import introspect

    return introspect(path_of(source))


def _connect(destination: str) -> Any:
    from sdgen.databases.sqlite.connection import connect

    return connect(path_of(destination))


KIND = DatabaseKind(
    name="sqlite",
    schemes=("sqlite",),
    suffixes=(".sqlite", ".sqlite3", ".db"),
    dialect=SQLITE,
    open_target=_target,
    open_reader=_reader,
    errors=_errors,
    local=True,
    count_rows=_count_rows,
    introspect=_introspect,
    connect=_connect,
)
