"""A folder of files that is read back by DuckDB: a table's files are a view, its columns cast to the types planned."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
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
        files = {name: self._files(table, name) for name in _SCANS} | self._listed_files(table)
        found = [name for name in _SCANS if all(path.is_file() for path in files[name])]
        if not found:
            return []
        paths = files[found[0]]
        with (errors() | _FILE_ERRORS).translated(unreadable(paths[0])):
            schema, _ = DUCKDB.split(table.name)
            if schema:
                self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {DUCKDB.quote(schema)}")
            source = _SCANS[found[0]](self, paths, table)
            names = [row[0] for row in self.connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
            columns = [_typed(column, found[0] in _TEXTUAL) for column in table.columns if column.name in names]
            view = f"CREATE VIEW {DUCKDB.table(table.name)} AS SELECT {', '.join(columns)} FROM {source}"
            self.connection.execute(view)
        return names

    def _files(self, table: Table, format: str) -> list[Path]:
        """The files of a table by their usual names: one, or the parts in its folder, in the order of rows."""
        one = self.place / file_name(table, format)
        return sorted(one.with_suffix("").glob(f"part-*.{format}")) or [one]

    def _listed_files(self, table: Table) -> dict[str, list[Path]]:
        """The files that the folder's metadata tells of a table, by format; none where it doesn't."""
        tables = read_metadata(self.place).get("tables")
        entry = tables.get(table.name) if isinstance(tables, dict) else None
        files = entry.get("files") if isinstance(entry, dict) else None
        names = [PurePosixPath(name) for name in files if isinstance(name, str)] if isinstance(files, list) else []
        found: dict[str, list[Path]] = {}
        for name in names:
            if not name.is_absolute() and ".." not in name.parts:
                found.setdefault(name.suffix.removeprefix("."), []).append(self.place / name)
        return found

    def arrow_file(self, paths: Sequence[Path], table: Table) -> str:
        """Make an Arrow file known to DuckDB, its data left on the disk."""
        [path] = paths
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


def _listed(paths: Sequence[Path]) -> str:
    return f"[{', '.join(literal(str(path)) for path in paths)}]"


def _csv(reader: FilesReader, paths: Sequence[Path], table: Table) -> str:
    with paths[0].open(encoding="utf-8", newline="") as lines:
        names = next(csv.reader(lines), [])
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in dict.fromkeys(names))
    form = "header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', allow_quoted_nulls = false"
    return f"read_csv({_listed(paths)}, columns = {{{columns}}}, {form})"


def _jsonl(reader: FilesReader, paths: Sequence[Path], table: Table) -> str:
    return _objects(paths, table, "newline_delimited")


def _json(reader: FilesReader, paths: Sequence[Path], table: Table) -> str:
    return _objects(paths, table, "array")


def _objects(paths: Sequence[Path], table: Table, form: str) -> str:
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in table.names)
    return f"read_json({_listed(paths)}, format = '{form}', columns = {{{columns}}})"


def _parquet(reader: FilesReader, paths: Sequence[Path], table: Table) -> str:
    return f"read_parquet({_listed(paths)})"


_SCANS: Mapping[str, Callable[[FilesReader, Sequence[Path], Table], str]] = {
    "parquet": _parquet,
    "arrow": FilesReader.arrow_file,
    "jsonl": _jsonl,
    "json": _json,
    "csv": _csv,
}
_FILE_ERRORS = DriverErrors({pa.ArrowInvalid: "", OSError: ""})
_TEXTUAL = frozenset({"jsonl", "json", "csv"})
assert _SCANS.keys() == FORMATS.keys()
