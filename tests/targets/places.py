"""The places that the contract of targets is tested on: how to open, read and look at each."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from sdgen.databases.clickhouse.dialect import CLICKHOUSE
from sdgen.databases.clickhouse.target import ClickHouse
from sdgen.databases.mysql.connection import MySQLConnection
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.errors import TargetError
from sdgen.execution.destinations import open_target
from sdgen.scenario.types import Type
from sdgen.targets.base import Table, TableColumn, Target
from tests.targets.made import canonical

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Place:
    """A destination. `raw` reads one table's rows, [] where there is none.

    absent: what a null becomes, by the kind of its type, where the place has none for it. declared: what types must be
    declared as, by dialect, where their values hold what the usual declaration doesn't.
    """

    destination: str
    formats: tuple[str, ...]
    raw: Callable[[Table], Rows]
    database: bool = True
    absent: Mapping[str, Callable[[Type], Any]] = field(default_factory=dict)
    declared: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def open(self) -> Target:
        return open_target(self.destination, self.formats)

    def declaring(self, table: Table) -> Table:
        """The table with the types that the place needs."""
        columns = [replace(each, target=self.declared.get(str(each.type), {})) for each in table.columns]
        return replace(table, columns=tuple(columns))

    def kept(self, value: Any, type: Type) -> Any:
        """A value in canonical form, as the place is to keep it."""
        if value is None and type.kind in self.absent:
            return self.absent[type.kind](type)
        return canonical(value, type)

    def rows(self, table: Table) -> Rows:
        """A table's rows in canonical form, in order of their first column."""
        found = [tuple(map(canonical, row, (column.type for column in table.columns))) for row in self.raw(table)]
        return sorted(found, key=lambda row: row[0])


def files(folder: Path, format: str) -> Place:
    def raw(table: Table) -> Rows:
        further = sorted(folder.glob(f"{table.name}.part-*.{format}")) if format in ("parquet", "arrow") else []
        paths = [path for path in (folder / f"{table.name}.{format}", *further) if path.exists()]
        return [row for path in paths for row in _READ[format](path)]

    return Place(f"{folder}/", (format,), raw, database=False)


def _csv(path: Path) -> Iterator[tuple[Any, ...]]:
    """Python's reader can't tell `""` from nothing: quoted fields are marked first."""
    text = path.read_bytes().decode()
    marked = _mark_quotes(text)
    rows = csv.reader(marked.splitlines(keepends=True))
    next(rows)
    for row in rows:
        yield tuple(None if field == "" else field.removeprefix("\x01") for field in row)


def _mark_quotes(text: str) -> str:
    return text.replace(',"",', ',"\x01",').replace(',"",', ',"\x01",')


def _jsonl(path: Path) -> Iterator[tuple[Any, ...]]:
    for line in path.read_bytes().decode().split("\n"):
        if line:
            yield tuple(json.loads(line, parse_float=Decimal).values())


def _json(path: Path) -> Iterator[tuple[Any, ...]]:
    for row in json.loads(path.read_bytes(), parse_float=Decimal):
        yield tuple(row.values())


def _arrow(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    return (tuple(row.values()) for row in table.to_pylist())


_READ: dict[str, Callable[[Path], Iterator[tuple[Any, ...]]]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "json": _json,
    "parquet": lambda path: _arrow(pq.read_table(path)),
    "arrow": lambda path: _arrow(pa.ipc.open_file(path).read_all()),
}


def duckdb_file(path: Path) -> Place:
    def raw(table: Table) -> Rows:
        if not path.exists():
            return []
        with duckdb.connect(str(path)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            try:
                return list(_arrow(connection.sql(f'SELECT * FROM "{table.name}"').to_arrow_table()))
            except duckdb.CatalogException:
                return []

    return Place(str(path), (), raw)


def sqlite_file(path: Path) -> Place:
    def raw(table: Table) -> Rows:
        if not path.exists():
            return []
        with closing(sqlite3.connect(path)) as connection:
            try:
                return connection.execute(f'SELECT * FROM "{table.name}"').fetchall()
            except sqlite3.OperationalError:
                return []

    return Place(str(path), (), raw)


def postgres(url: str) -> Place:
    def raw(table: Table) -> Rows:
        with psycopg.connect(url) as connection:
            try:
                return connection.execute(f'SELECT * FROM "{table.name}"'.encode()).fetchall()
            except psycopg.errors.UndefinedTable:
                return []

    return Place(url, (), raw)


def mysql(url: str) -> Place:
    def raw(table: Table) -> Rows:
        try:
            rows = run_mysql(url, f"SELECT * FROM {MYSQL.quote(table.name)}")
        except TargetError as error:
            if "doesn't exist" not in str(error):
                raise
            return []
        return [tuple(map(_clock, row)) for row in rows]

    return Place(url, (), raw)


def run_mysql(url: str, *statements: str) -> Rows:
    """Statements for a database of MySQL's; the rows of the last one. TargetError where it refuses one."""
    server = MySQLConnection(url)
    try:
        return [server.run(sql) for sql in statements][-1]
    finally:
        server.run("COMMIT")
        server.close()


def _clock(value: Any) -> Any:
    """MySQL's times are durations."""
    return (dt.datetime.min + value).time() if isinstance(value, dt.timedelta) else value


def clickhouse(url: str) -> Place:
    def raw(table: Table) -> Rows:
        target = open_target(url)
        assert isinstance(target, ClickHouse)
        if not target.engine.exists():
            return []
        columns = ", ".join(map(_clickhouse_column, table.columns))
        try:
            found = target.engine.fetch(f"SELECT {columns} FROM {CLICKHOUSE.quote(table.name)}", "ArrowStream")
        except TargetError as error:
            if "UNKNOWN_TABLE" not in str(error):
                raise
            return []
        finally:
            target.engine.discard()
        return list(_arrow(pa.ipc.open_stream(found).read_all()))

    return Place(url, (), raw, absent=_CLICKHOUSE_ABSENT, declared=_CLICKHOUSE_NULLS)


# ClickHouse keeps no null lists, maps and structs.
_CLICKHOUSE_ABSENT: dict[str, Callable[[Type], Any]] = {
    "array": lambda type: [],
    "map": lambda type: {},
    "struct": lambda type: dict.fromkeys(type.fields),
}


_CLICKHOUSE_NULLS = {
    "array<int>": {"clickhouse": "Array(Nullable(Int32))"},
    "array<string>": {"clickhouse": "Array(Nullable(String))"},
}


def _clickhouse_column(column: TableColumn) -> str:
    name = CLICKHOUSE.quote(column.name)
    as_text = {"binary": f"hex({name})", "timestamp": f"toString({name})", "enum": f"toString({name})"}
    return f"{as_text.get(column.type.kind, name)} AS {name}"
