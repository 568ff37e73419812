"""What DuckDB's catalogue says: the statements that made its tables, and the tables that a run writes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sdgen.databases.catalog import Statements, file_read
from sdgen.databases.checkpoint_table import NAME, Checkpoint, CheckpointTable
from sdgen.databases.duckdb.connection import connect
from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.databases.existing_tables import ExistingColumn, ExistingTables
from sdgen.targets.base import Table

if TYPE_CHECKING:
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
