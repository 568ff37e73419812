"""What DuckDB's catalogue says of tables, and a reader of their rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from sdgen.databases.catalog import Statements, file_read
from sdgen.databases.checkpoint_table import NAME, Checkpoint, CheckpointTable
from sdgen.databases.dialect import literal
from sdgen.databases.driver_errors import unreadable
from sdgen.databases.duckdb.connection import connect, errors
from sdgen.databases.duckdb.dialect import DUCKDB, union_members
from sdgen.databases.existing_tables import ExistingColumn, ExistingTables
from sdgen.databases.table_reader import PlainTableReader, Row, existing_file
from sdgen.targets.base import Table, TableColumn

if TYPE_CHECKING:
    import duckdb
    from duckdb import DuckDBPyConnection


_STATEMENTS = (
    "SELECT sql FROM duckdb_tables() WHERE NOT internal AND NOT temporary ORDER BY table_oid",
    "SELECT sql || ';' FROM duckdb_indexes() WHERE sql IS NOT NULL ORDER BY index_oid",
)
_COLUMNS = """
    SELECT schema_name, table_name, column_name, data_type, is_nullable, column_default IS NOT NULL
    FROM duckdb_columns() WHERE database_name = current_database() AND NOT internal ORDER BY column_index"""
_REFERRERS = """
    SELECT schema_name, table_name, referenced_table FROM duckdb_constraints()
    WHERE database_name = current_database() AND constraint_type = 'FOREIGN KEY'"""
_CHECKPOINT = "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() AND table_name = ?"


def introspect(path: Path) -> Statements:
    """The statements that made the tables and indexes; SourceError where the file can't be read."""
    with file_read(path, "duckdb"), connect(path, read_only=True) as connection:
        text = "\n".join(row[0] for query in _STATEMENTS for row in connection.execute(query).fetchall())
        return Statements(text, "duckdb", in_order=False)


def existing_tables(connection: DuckDBPyConnection) -> ExistingTables:
    """All tables of a database."""
    columns: dict[str, list[ExistingColumn]] = {}
    for schema, table, *column in connection.execute(_COLUMNS).fetchall():
        columns.setdefault(_name(schema, table), []).append(ExistingColumn(*column))
    referrers: dict[str, list[str]] = {}
    for schema, table, referred in connection.execute(_REFERRERS).fetchall():
        referrers.setdefault(_name(schema, referred), []).append(_name(schema, table))
    return ExistingTables(columns, referrers)


def _name(schema: str, table: str) -> str:
    return table if schema == "main" else f"{schema}.{table}"


def checkpoint(connection: DuckDBPyConnection) -> Checkpoint | None:
    """What a run that was stopped half-way left in a database."""
    if not connection.execute(_CHECKPOINT, [NAME]).fetchall():
        return None
    return CheckpointTable(DUCKDB).read(lambda sql: connection.execute(sql).fetchall())


def count_rows(path: Path, tables: Sequence[Table]) -> Mapping[str, int]:
    if not path.exists():
        return {}
    with connect(path, read_only=True) as connection:
        there = existing_tables(connection).columns
        counts = {
            table.name: connection.execute(f"SELECT count(*) FROM {DUCKDB.table(table.name)}").fetchone()
            for table in tables
            if table.name in there
        }
    return {name: row[0] for name, row in counts.items() if row}


# A DuckDB database file that is read back; and whatever else DuckDB can ask: files, and Arrow tables.
_UNION = re.compile(r"\s*union\s*\(\s*(\"[^\"]*\"|\w+)", re.IGNORECASE)


class DuckDBTables(PlainTableReader):
    """Tables and views of a connection of DuckDB's, which is closed with it. place: what messages call it."""

    dialect = DUCKDB

    def __init__(self, connection: duckdb.DuckDBPyConnection, place: Path) -> None:
        self.connection, self.place = connection, place
        # Casts between moments with and without a zone go by the session's.
        self.connection.execute("SET TimeZone = 'UTC'")

    def translated(self) -> AbstractContextManager[None]:
        """Within it DuckDB's exceptions become TargetErrors."""
        return errors().translated(unreadable(self.place))

    def columns(self, table: Table) -> list[str]:
        schema, name = self.dialect.split(table.name)
        where = f"table_schema = {literal(schema or 'main')} AND table_name = {literal(name)}"
        listed = f"SELECT column_name FROM information_schema.columns WHERE {where} ORDER BY ordinal_position"
        return [row[0] for row in self.rows(listed)]

    def rows(self, sql: str) -> list[Row]:
        with self.translated():
            return self.connection.execute(sql).fetchall()

    def arrow(self, sql: str) -> pa.Table:
        with self.translated():
            return self.connection.sql(sql).to_arrow_table()

    def sampled(self, table: Table, one_in: int) -> str:
        """Views have no `rowid`: their rows are numbered as they come, which is in a file's order."""
        numbered = f"(SELECT *, row_number() OVER () AS sdgen_row FROM {self.dialect.table(table.name)})"
        return f"{numbered} WHERE hash(sdgen_row) % {one_in} = 0"

    def selected(self, column: TableColumn) -> str:
        name = self.dialect.quote(column.name)
        return f"{self.ordered(column)} AS {name}" if column.target.get(self.dialect.name) else name

    def ordered(self, column: TableColumn) -> str:
        """A column whose own type holds the values in another form than they were made in."""
        name, declared = self.dialect.quote(column.name), column.target.get(self.dialect.name, "")
        members = union_members(declared)
        if members is not None and members.fields == column.type.fields:
            fields = (f"{DUCKDB.quote(each)} := union_extract({name}, {literal(each)})" for each in members.fields)
            return f"CASE WHEN {name} IS NOT NULL THEN struct_pack({', '.join(fields)}) END"
        first = _UNION.match(declared)
        if first is not None:
            return f"union_extract({name}, {literal(first[1].strip(chr(34)))})"
        return f"CAST({name} AS VARCHAR)" if column.type.kind == "text" and declared else name

    def close(self) -> None:
        self.connection.close()


class DuckDBReader(DuckDBTables):
    """A database file."""

    def __init__(self, path: Path) -> None:
        with errors().translated(unreadable(existing_file(path))):
            super().__init__(connect(path, read_only=True), path)

    def sampled(self, table: Table, one_in: int) -> str:
        return f"{self.dialect.table(table.name)} WHERE hash(rowid) % {one_in} = 0"
