"""What SQLite keeps of its tables: the statements that made them, and what a run has left there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

from sdgen.databases.catalog import Statements, file_read
from sdgen.databases.checkpoint_table import NAME, Checkpoint, CheckpointTable
from sdgen.databases.existing_tables import ExistingColumn, ExistingTables
from sdgen.databases.sqlite.connection import connect, connect_to_read
from sdgen.databases.sqlite.dialect import SQLITE
from sdgen.targets.base import Table

_STATEMENTS = "SELECT sql || ';' FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"


def introspect(path: Path) -> Statements:
    """The statements that made the tables and indexes; SourceError where the file can't be read."""
    with file_read(path, "sqlite"), closing(connect_to_read(path, patience=5.0)) as connection:
        return Statements("\n".join(row[0] for row in connection.execute(_STATEMENTS)), "sqlite")


def existing_tables(path: Path, tables: Sequence[Table]) -> ExistingTables:
    """The run's tables as they are in a database that exists; raises where it can't be written."""
    with closing(connect(path, patience=1, autocommit=True)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        names = [row[0] for row in connection.execute(_TABLES)]
        lower = {name.lower() for name in names}
        columns = {t.name: _columns(connection, t.name) for t in tables if t.name.lower() in lower}
        referrers: dict[str, list[str]] = {}
        for name in names:
            for row in connection.execute(f"PRAGMA foreign_key_list({SQLITE.quote(name)})"):
                referrers.setdefault(row[2], []).append(name)
        connection.execute("ROLLBACK")
    return ExistingTables(columns, referrers)


def _columns(connection: Connection, table: str) -> list[ExistingColumn]:
    rows = connection.execute(f"PRAGMA table_info({SQLITE.quote(table)})").fetchall()
    alone = sum(1 for row in rows if row[5]) == 1
    return [
        # a key of one INTEGER is the row's own number, which SQLite gives where it is left out
        ExistingColumn(name, type, not needed, default is not None or (bool(key) and alone and type == "INTEGER"))
        for _, name, type, needed, default, key in rows
    ]


def checkpoint(connection: Connection) -> Checkpoint | None:
    """What a run that was stopped half-way left in a database."""
    there = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (NAME,)).fetchall()
    return CheckpointTable(SQLITE).read(lambda sql: connection.execute(sql).fetchall()) if there else None


def count_rows(path: Path, tables: Sequence[Table]) -> Mapping[str, int]:
    if not path.exists():
        return {}
    with closing(connect_to_read(path, patience=1)) as connection:
        there = {row[0].lower() for row in connection.execute(_TABLES)}
        return {
            table.name: connection.execute(f"SELECT count(*) FROM {SQLITE.table(table.name)}").fetchone()[0]
            for table in tables
            if table.name.lower() in there
        }
