"""A folder of files that is read back by DuckDB: a table's files are a view, its columns cast to the types planned."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa

from sdgen.databases.dialect import literal
from sdgen.databases.driver_errors import DriverErrors, unreadable
from sdgen.databases.duckdb.connection import connect, errors
from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.databases.duckdb.introspect import DuckDBTables
from sdgen.databases.existing_tables import ExistingRowsQuery
from sdgen.errors import Problem, TargetError
from sdgen.files.delta_library import delta_lake, folder_of, storage_options
from sdgen.files.formats import FORMATS
from sdgen.files.metadata import listed_files, parsed, read_metadata
from sdgen.files.remote import Store
from sdgen.files.table_files import TableFiles, local_files
from sdgen.scenario.output import METADATA, FileNames
from sdgen.scenario.request import ExistingRows
from sdgen.scenario.types import NUMBERS, TIMES
from sdgen.targets.base import Table, TableColumn


class ReadableFolder(Protocol):
    """A folder whose files can be listed and read, on this machine or beyond it."""

    def metadata(self) -> dict[str, Any]: ...

    def among(self, files: TableFiles) -> list[str]:
        """The names of a table's files that are there."""
        ...

    def exists(self, name: str) -> bool: ...

    def address(self, name: str) -> str:
        """A file as DuckDB is to open it."""
        ...

    def open(self, name: str) -> IO[bytes]: ...

    def delta_table(self, folder: str) -> tuple[str, dict[str, str]] | None:
        """The address and storage options of the Delta table in a folder; None where there is none."""
        ...

    @property
    def filesystem(self) -> Any:
        """The fsspec file system; None on this machine."""
        ...


class LocalFolder:
    """A folder of this machine."""

    filesystem = None

    def __init__(self, path: Path) -> None:
        self.path = path

    def metadata(self) -> dict[str, Any]:
        return read_metadata(self.path)

    def among(self, files: TableFiles) -> list[str]:
        return local_files(self.path, files)

    def exists(self, name: str) -> bool:
        return (self.path / name).is_file()

    def address(self, name: str) -> str:
        return str(self.path / name)

    def open(self, name: str) -> IO[bytes]:
        return (self.path / name).open("rb")

    def delta_table(self, folder: str) -> tuple[str, dict[str, str]] | None:
        return (str(self.path / folder), {}) if (self.path / folder / "_delta_log").is_dir() else None


class RemoteFolder:
    """A folder beyond this machine."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def filesystem(self) -> Any:
        return self.store.filesystem

    def metadata(self) -> dict[str, Any]:
        try:
            return parsed(self.store.read(METADATA))
        except FileNotFoundError:
            return {}

    def among(self, files: TableFiles) -> list[str]:
        return files.among(self.store.names())

    def exists(self, name: str) -> bool:
        return name in self.store.names()

    def address(self, name: str) -> str:
        url: str = self.store.filesystem.unstrip_protocol(f"{self.store.root}/{name}")
        return url

    def open(self, name: str) -> IO[bytes]:
        file: IO[bytes] = self.store.filesystem.open(f"{self.store.root}/{name}", "rb")
        return file

    def delta_table(self, folder: str) -> tuple[str, dict[str, str]] | None:
        if not any(name.startswith(f"{folder}/_delta_log/") for name in self.store.names()):
            return None
        return self.store.address(folder), storage_options(self.store)


class TypedViews(DuckDBTables):
    """Views whose columns are cast to the types planned, and stand beside as they are."""

    def unreadable(self, column: TableColumn) -> str:
        raw = DUCKDB.quote(_raw(column.name))
        return f"{raw} IS NOT NULL AND {DUCKDB.quote(column.name)} IS NULL" if _cast(column) else ""


class FilesReader(TypedViews):
    """A folder of files; where a table has them in several formats, in the one whose types are surest."""

    def __init__(self, folder: ReadableFolder, place: Path, names: FileNames | None = None) -> None:
        super().__init__(connect(), place)
        self.folder = folder
        self.names = names or FileNames()
        if folder.filesystem is not None:
            # DuckDB would need an extension of its own for such places, which it fetches over the network.
            self.connection.register_filesystem(folder.filesystem)
        self._views: dict[str, list[str]] = {}

    def columns(self, table: Table) -> list[str]:
        if table.name not in self._views:
            self._views[table.name] = self._viewed(table)
        return self._views[table.name]

    def existing(self, wanted: Sequence[ExistingRowsQuery]) -> list[ExistingRows | None]:
        """What tables hold; None for one without files. TargetError where they can't be read."""
        return [self._existing(each) if self.columns(each.table) else None for each in wanted]

    def _existing(self, query: ExistingRowsQuery) -> ExistingRows:
        return query.existing(self.arrow(query.sql(DUCKDB, self.selected)))

    def _viewed(self, table: Table) -> list[str]:
        """Make the view of a table's files; its columns."""
        lake = self.folder.delta_table(folder_of(table.name))
        if lake is not None:
            return self._viewed_delta(table, *lake)
        format, names = self._files(table)
        if not names:
            return []
        with (errors() | _FILE_ERRORS).translated(unreadable(self.folder.address(names[0]))):
            return make_view(self.connection, table, _SCANS[format](self, names, table))

    def _viewed_delta(self, table: Table, address: str, options: dict[str, str]) -> list[str]:
        found = delta_lake().DeltaTable(address, storage_options=options)
        known = f"delta table {table.name}"
        self.connection.register(known, found.to_pyarrow_dataset())
        return make_view(self.connection, table, DUCKDB.quote(known))

    def _files(self, table: Table) -> tuple[str, list[str]]:
        """The surest format that a table has files in, and these: where the metadata tells of some, no others."""
        listed = listed_files(self.folder.metadata(), table.name)
        for format in _SCANS:
            told = [name for name in listed if name.endswith(f".{format}") and self.folder.exists(name)]
            file = self.names.name(table.entity, table.name, format, {})
            found = told or self.folder.among(TableFiles(file, parted=False))
            if found:
                return format, found
        return "", []

    def arrow_files(self, names: Sequence[str], table: Table) -> str:
        """Make Arrow files known to DuckDB, their data left where it is."""
        known = f"arrow file {table.name}"
        if len(names) == 1 and self.folder.filesystem is None and "=" not in names[0]:
            found: Any = pa.ipc.open_file(pa.memory_map(self.folder.address(names[0]))).read_all()
        else:
            found = self._arrow_dataset(names)
        self.connection.register(known, found)
        return DUCKDB.quote(known)

    def _arrow_dataset(self, names: Sequence[str]) -> Any:
        from pyarrow import dataset  # takes a while to load

        remote = self.folder.filesystem
        places = [self.folder.address(name) for name in names]
        if remote is not None:
            places = [place.partition("://")[2] for place in places]
        keys = dict.fromkeys(part.partition("=")[0] for part in names[0].split("/")[:-1] if "=" in part)
        schema = pa.schema([(key, pa.string()) for key in keys])
        hive = dataset.HivePartitioning(schema, segment_encoding="uri") if keys else None
        return dataset.dataset(places, format="ipc", filesystem=remote, partitioning=hive)


def open_delta(store: Store) -> FilesReader:
    """A folder of lake tables, to be read, which may be empty."""
    return FilesReader(RemoteFolder(store), Path(store.shown))


def open_folder(folder: Path) -> FilesReader:
    """A folder of this machine, to be read; TargetError where there is none."""
    if not folder.is_dir():
        raise TargetError(Problem(("target",), f"there is no folder {folder}"))
    return FilesReader(LocalFolder(folder), folder)


def open_store(store: Store) -> FilesReader:
    """A folder beyond this machine, to be read."""
    if not store.names():
        raise TargetError(Problem(("target",), f"there is nothing at {store.shown}"))
    return FilesReader(RemoteFolder(store), Path(store.shown))


def make_view(connection: Any, table: Table, source: str) -> list[str]:
    """Make a view of a table's rows, its columns in the types planned; the columns that the source has."""
    schema, _ = DUCKDB.split(table.name)
    if schema:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {DUCKDB.quote(schema)}")
    found = {row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
    typed = [_typed(column, found[column.name]) for column in table.columns if column.name in found]
    connection.execute(f"CREATE VIEW {DUCKDB.table(table.name)} AS SELECT {', '.join(typed)} FROM {source}")
    return list(found)


def _raw(name: str) -> str:
    return f"{name} as it stands"


def _cast(column: TableColumn) -> bool:
    return column.type.kind in NUMBERS | TIMES | {"bool", "uuid"}


def _typed(column: TableColumn, found: str) -> str:
    """A column in its planned type, null where that can't be, and beside it as it stands. found: its type there."""
    name, raw = DUCKDB.quote(column.name), DUCKDB.quote(_raw(column.name))
    if not _cast(column):
        return name
    value = f"trim({name})" if found == "VARCHAR" else name  # a bare cast becomes part of the reading, where it fails
    return f"TRY_CAST({value} AS {DUCKDB.declared(column.type)}) AS {name}, {name} AS {raw}"


# The names of folders stay texts until they are cast to the planned types: DuckDB would guess numbers and dates.
_HIVE = "hive_partitioning = true, hive_types_autocast = false"


def _csv(reader: FilesReader, names: Sequence[str], table: Table) -> str:
    with reader.folder.open(names[0]) as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as lines:
        # All columns are read as texts: guessed types would change values, such as 007 to 7. Null is nothing and the
        # empty text is quoted, so that quoted values are never null.
        header = next(csv.reader(lines), [])
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in dict.fromkeys(header))
    form = "header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', allow_quoted_nulls = false"
    return f"read_csv({_listed(reader, names)}, columns = {{{columns}}}, {form}{_partitioned(names)})"


def _jsonl(reader: FilesReader, names: Sequence[str], table: Table) -> str:
    return _objects(reader, names, table, "newline_delimited")


def _json(reader: FilesReader, names: Sequence[str], table: Table) -> str:
    return _objects(reader, names, table, "array")


def _objects(reader: FilesReader, names: Sequence[str], table: Table, form: str) -> str:
    folders = {part.partition("=")[0] for part in names[0].split("/")[:-1]}
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in table.names if name not in folders)
    return f"read_json({_listed(reader, names)}, format = '{form}', columns = {{{columns}}}{_partitioned(names)})"


def _parquet(reader: FilesReader, names: Sequence[str], table: Table) -> str:
    return f"read_parquet({_listed(reader, names)}{_partitioned(names)})"


def _listed(reader: FilesReader, names: Sequence[str]) -> str:
    return f"[{', '.join(literal(reader.folder.address(name)) for name in names)}]"


def _partitioned(names: Sequence[str]) -> str:
    # Where nothing is said, DuckDB takes folders with = in their names for partitions, those above the place among
    # them.
    return f", {_HIVE}" if "=" in names[0] else ", hive_partitioning = false"


# The order is that in which a table's formats are preferred: those that keep types before those that are texts.
_SCANS: Mapping[str, Callable[[FilesReader, Sequence[str], Table], str]] = {
    "parquet": _parquet,
    "arrow": FilesReader.arrow_files,
    "jsonl": _jsonl,
    "json": _json,
    "csv": _csv,
}
_FILE_ERRORS = DriverErrors({pa.ArrowInvalid: "", OSError: ""})
assert _SCANS.keys() == FORMATS.keys()
