"""The places that the contract of targets is tested on: how to open, read and look at each."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from sdgen.write.base import Table, Target
from sdgen.write.registry import open_target
from tests.write.made import canonical

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Place:
    """A destination. `raw` reads one table's rows, [] where there is none."""

    destination: str
    formats: tuple[str, ...]
    raw: Callable[[Table], Rows]
    database: bool = True

    def open(self) -> Target:
        return open_target(self.destination, self.formats)

    def rows(self, table: Table) -> Rows:
        """A table's rows in canonical form, in order of their first column."""
        found = [tuple(map(canonical, row, (column.type for column in table.columns))) for row in self.raw(table)]
        return sorted(found, key=lambda row: row[0])


def files(folder: Path, format: str) -> Place:
    def raw(table: Table) -> Rows:
        path = folder / f"{table.name}.{format}"
        return list(_READ[format](path)) if path.exists() else []

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


def _arrow(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    return (tuple(row.values()) for row in table.to_pylist())


_READ: dict[str, Callable[[Path], Iterator[tuple[Any, ...]]]] = {
    "csv": _csv,
    "jsonl": _jsonl,
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
