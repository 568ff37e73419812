"""Load files for warehouses: a folder of Parquet files, and the script that makes tables and loads them there.

    out/orders.parquet, out/load.snowflake.sql

The script is what the warehouse's own users run; sdgen connects to none. Types that a warehouse does not load from
Parquet are written as text, and loaded as that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from sdgen.databases.create_table import create_table
from sdgen.databases.dialect import literal
from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.databases.existing_tables import ExistingRowsQuery
from sdgen.errors import Problem
from sdgen.files.folder import Files
from sdgen.files.lake import Lacking, converted, stored_as
from sdgen.files.remote_folder import RemoteFiles
from sdgen.scenario.request import ExistingRows
from sdgen.scenario.types import NESTED
from sdgen.targets.base import Mode, Table

_NO_NESTED: Lacking = dict.fromkeys(NESTED, "text")
_UNSIGNED: Lacking = {"utinyint": "smallint", "usmallint": "int", "uint": "bigint", "ubigint": "decimal(20,0)"}


@dataclass(frozen=True)
class Warehouse:
    """What a warehouse's script says.

    dialect: sqlglot's name of its SQL. place: where it reads files from, as a placeholder. load: one statement for a
    table's files. keys: whether it declares keys, which none of them enforces. hint: the script's first lines.
    """

    dialect: str
    place: str
    load: Callable[[str, str, Sequence[str]], Iterator[str]]
    lacking: Lacking
    keys: bool
    hint: str


def _snowflake(table: str, place: str, files: Sequence[str]) -> Iterator[str]:
    listed = ", ".join(map(literal, files))
    form = "FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE) MATCH_BY_COLUMN_NAME = CASE_SENSITIVE"
    # One statement for all files, and none where a table has no files.
    for _ in files[:1]:
        yield f"COPY INTO {table} FROM {place} FILES = ({listed}) {form}"


def _bigquery(table: str, place: str, files: Sequence[str]) -> Iterator[str]:
    listed = ", ".join(literal(f"{place}/{name}") for name in files)
    for _ in files[:1]:
        yield f"LOAD DATA INTO {table} FROM FILES (format = 'PARQUET', uris = [{listed}])"


def _redshift(table: str, place: str, files: Sequence[str]) -> Iterator[str]:
    yield from (f"COPY {table} FROM {literal(f'{place}/{name}')} IAM_ROLE default FORMAT AS PARQUET" for name in files)


WAREHOUSES: Mapping[str, Warehouse] = {
    "snowflake": Warehouse(
        "snowflake",
        "@SDGEN_STAGE",
        _snowflake,
        {**_NO_NESTED, **_UNSIGNED, "uuid": "text", "json": "text", "time": "text"},
        keys=True,
        hint="Put the files into a stage of the name SDGEN_STAGE first: PUT file://FOLDER/* @SDGEN_STAGE "
        "AUTO_COMPRESS = FALSE, or CREATE STAGE SDGEN_STAGE URL = 's3://…'.",
    ),
    "bigquery": Warehouse(
        "bigquery",
        "gs://BUCKET/PATH",
        _bigquery,
        {
            **_NO_NESTED,
            **_UNSIGNED,
            "tinyint": "bigint",
            "smallint": "bigint",
            "int": "bigint",
            "float": "double",
            "uuid": "text",
            "json": "text",
            "time": "text",
        },
        keys=False,
        hint="Copy the files to a bucket first, and write its path for gs://BUCKET/PATH.",
    ),
    "redshift": Warehouse(
        "redshift",
        "s3://BUCKET/PATH",
        _redshift,
        {
            **_NO_NESTED,
            **_UNSIGNED,
            "tinyint": "smallint",
            "uuid": "text",
            "json": "text",
            "time": "text",
            "binary": "text",
        },
        keys=True,
        hint="Copy the files to a bucket first, and write its path for s3://BUCKET/PATH; IAM_ROLE must be able to "
        "read it.",
    ),
}


class LoadFiles:
    """A folder of Parquet files with the script that loads them into a warehouse."""

    takes_tables_at_once = True

    def __init__(self, files: Files | RemoteFiles, name: str) -> None:
        self.files = files
        self.name = name
        self.warehouse = WAREHOUSES[name]
        self.local_path = files.local_path if isinstance(files, Files) else None
        self.remarks: list[str] = []
        self.mode = Mode.CREATE_IF_MISSING
        self._stored: dict[str, Table] = {}

    def begin(self, manifest: Mapping[str, Any], resume: bool) -> None:
        self.files.begin(manifest, resume)

    def keep(self, table: Table, batches: int, digest: int, finished: bool = False) -> None:
        self.files.keep(self._of(table), batches, digest, finished)

    def _of(self, table: Table) -> Table:
        """The table in the types that the warehouse loads."""
        if table.name not in self._stored:
            lacking = self.warehouse.lacking
            columns = [replace(each, type=stored_as(each.type, lacking)) for each in table.columns]
            self._stored[table.name] = replace(table, columns=tuple(columns))
        return self._stored[table.name]

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        self.mode = mode
        problems = []
        if self.files.names.layout.partition_by:
            what = "load files hold all columns of their tables, and those of partitions don't"
            problems.append(Problem(("target", "partition_by"), what, "use part_rows or part_bytes"))
        return [*problems, *self.files.check([self._of(table) for table in tables], mode)]

    def existing(self, wanted: Sequence[ExistingRowsQuery]) -> list[ExistingRows | None]:
        """What the tables' files hold, by which the keys of rows that are added go on."""
        return self.files.existing(wanted)

    def prepare(self, table: Table, mode: Mode) -> None:
        self.files.prepare(self._of(table), mode)

    def encode(self, table: Table, batch: pa.RecordBatch) -> Any:
        stored = self._of(table)
        return self.files.encode(stored, converted(batch, table, stored))

    def write(self, table: Table, parts: Iterable[Any]) -> None:
        self.files.write(self._of(table), parts)

    def finish(self) -> None:
        self.files.beside[f"load.{self.name}.sql"] = self._script().encode()
        self.files.finish()

    def abort(self) -> None:
        self.files.abort()

    def _script(self) -> str:
        lines = [f"-- {self.warehouse.hint}"] if self._place() == self.warehouse.place else []
        lines += [*(f"{each};" for each in self._statements())]
        return "\n".join(lines) + "\n"

    def _statements(self) -> Iterator[str]:
        from sqlglot import transpile

        for table, files in self.files.new_files().items():
            mode = table.mode_in(self.mode)
            stripped = table if self.warehouse.keys else replace(table, primary_key=(), unique=(), references=())
            # Behind the 14 letters of `SELECT * FROM ` stands the name as the warehouse quotes it.
            name = transpile(f"SELECT * FROM {DUCKDB.table(table.name)}", "duckdb", self.warehouse.dialect)[0][14:]
            if mode is not Mode.APPEND_ONLY:
                # By way of DuckDB's SQL, whose types sqlglot translates into those of the warehouse.
                text = create_table(replace(stripped, target={}), DUCKDB)
                text = text.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1)
                yield transpile(text, "duckdb", self.warehouse.dialect)[0]
            if mode is Mode.TRUNCATE_THEN_INSERT:
                yield f"TRUNCATE TABLE {name}"
            yield from self.warehouse.load(name, self._place(), files)

    def _place(self) -> str:
        """Where the warehouse finds the files: where they are, if it can read there."""
        scheme = self.warehouse.place.partition("://")[0]
        if isinstance(self.files, RemoteFiles) and self.files.store.scheme == scheme:
            return self.files.store.url
        return self.warehouse.place
