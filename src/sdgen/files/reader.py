"""A folder of files that is read back by DuckDB: each file is a view, its columns cast to the types planned."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

import pyarrow as pa

from sdgen.databases.dialect import literal
from sdgen.databases.driver_errors import DriverErrors, unreadable
from sdgen.databases.duckdb.connection import connect, errors
from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.databases.duckdb.introspect import DuckDBTables
from sdgen.errors import Problem, TargetError
from sdgen.files.folder import FORMATS, file_name
from sdgen.files.metadata import read_metadata
from sdgen.scenario.types import NUMBERS, TIMES
from sdgen.targets.base import Table, TableColumn


class FilesReader(DuckDBTables):
    """A folder of files, one for each table; where a table has several, the one whose types are surest."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise TargetError(Problem(("target",), f"there is no folder {folder}"))
        super().__init__(connect(), folder)
        self._views: dict[str, list[str]] = {}

    def columns(self, table: Table) -> list[str]:
        if table.name not in self._views:
            self._views[table.name] = self._viewed(table)
        return self._views[table.name]

    def _viewed(self, table: Table) -> list[str]:
        """Make the view of a table's file; its columns."""
        paths = {name: self.place / file_name(table, name) for name in _SCANS} | self._listed_files(table)
        found = [name for name in _SCANS if paths[name].is_file()]
        if not found:
            return []
        path = paths[found[0]]
        with (errors() | _FILE_ERRORS).translated(unreadable(path)):
            schema, _ = DUCKDB.split(table.name)
            if schema:
                self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {DUCKDB.quote(schema)}")
            source = _SCANS[found[0]](self, path, table)
            names = [row[0] for row in self.connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
            columns = [_typed(column, found[0] in _TEXTUAL) for column in table.columns if column.name in names]
            view = f"CREATE VIEW {DUCKDB.table(table.name)} AS SELECT {', '.join(columns)} FROM {source}"
            self.connection.execute(view)
        return names

    def _listed_files(self, table: Table) -> dict[str, Path]:
        """The files that the folder's metadata tells of a table, by format; none where it doesn't."""
        tables = read_metadata(self.place).get("tables")
        entry = tables.get(table.name) if isinstance(tables, dict) else None
        files = entry.get("files") if isinstance(entry, dict) else None
        names = [PurePosixPath(name) for name in files if isinstance(name, str)] if isinstance(files, list) else []
        inside = (name for name in names if not name.is_absolute() and ".." not in name.parts)
        return {name.suffix.removeprefix("."): self.place / name for name in inside}

    def arrow_file(self, path: Path, table: Table) -> str:
        """Make an Arrow file known to DuckDB, its data left on the disk."""
        name = f"arrow file {table.name}"
        self.connection.register(name, pa.ipc.open_file(pa.memory_map(str(path))).read_all())
        return DUCKDB.quote(name)

    def unreadable(self, column: TableColumn) -> str:
        raw = DUCKDB.quote(_raw(column.name))
        return f"{raw} IS NOT NULL AND {DUCKDB.quote(column.name)} IS NULL" if _cast(column) else ""


def _raw(name: str) -> str:
    return f"{name} as it stands"


def _cast(column: TableColumn) -> bool:
    return column.type.kind in NUMBERS | TIMES | {"bool", "uuid"}


def _typed(column: TableColumn, textual: bool) -> str:
    """A file's column in its planned type, null where that can't be, and beside it as it stands."""
    name, raw = DUCKDB.quote(column.name), DUCKDB.quote(_raw(column.name))
    if not _cast(column):
        return name
    value = f"trim({name})" if textual else name  # DuckDB makes a bare cast part of the reading, where it fails
    return f"TRY_CAST({value} AS {DUCKDB.declared(column.type)}) AS {name}, {name} AS {raw}"


def _csv(reader: FilesReader, path: Path, table: Table) -> str:
    with path.open(encoding="utf-8", newline="") as lines:
        names = next(csv.reader(lines), [])
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in dict.fromkeys(names))
    form = "header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', allow_quoted_nulls = false"
    return f"read_csv({literal(str(path))}, columns = {{{columns}}}, {form})"


def _jsonl(reader: FilesReader, path: Path, table: Table) -> str:
    return _objects(path, table, "newline_delimited")


def _json(reader: FilesReader, path: Path, table: Table) -> str:
    return _objects(path, table, "array")


def _objects(path: Path, table: Table, form: str) -> str:
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in table.names)
    return f"read_json({literal(str(path))}, format = '{form}', columns = {{{columns}}})"


def _parquet(reader: FilesReader, path: Path, table: Table) -> str:
    return f"read_parquet({literal(str(path))})"


_SCANS: Mapping[str, Callable[[FilesReader, Path, Table], str]] = {
    "parquet": _parquet,
    "arrow": FilesReader.arrow_file,
    "jsonl": _jsonl,
    "json": _json,
    "csv": _csv,
}
_FILE_ERRORS = DriverErrors({pa.ArrowInvalid: "", OSError: ""})
_TEXTUAL = frozenset({"jsonl", "json", "csv"})
assert _SCANS.keys() == FORMATS.keys()
