"""DuckDB: one transaction, rows inserted from a stream of Arrow batches.

A new database is made under a hidden name beside its own and renamed at the end, but by a run that commits as it goes,
which writes to the file itself. DuckDB adds primary keys and
unique constraints to a loaded table (faster than keeping them during the load), but no foreign keys: a table that
has them, or that others refer to, is made with all its constraints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from sdgen.databases.checkpoint_table import NAME, CheckpointTable, CommittingTarget, PeriodicCommits
from sdgen.databases.create_table import add_constraint, constraints, create_table
from sdgen.databases.dialect import FOREIGN_KEY, PRIMARY_KEY, UNIQUE
from sdgen.databases.driver_errors import next_step
from sdgen.databases.duckdb.connection import connect, errors, problem
from sdgen.databases.duckdb.create import ColumnTypes, children_first, cycles, within_schemas
from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.databases.duckdb.introspect import checkpoint, existing_tables
from sdgen.databases.duckdb.load import insert_levels, stored_rows
from sdgen.databases.existing_tables import ExistingRowsQuery, ExistingTables, faults, tables_with_rows
from sdgen.databases.loading import RecordStream
from sdgen.errors import Problem, TargetError
from sdgen.scenario.request import ExistingRows
from sdgen.targets import columnar
from sdgen.targets.base import Mode, Table
from sdgen.targets.file_checkpoint import TableProgress
from sdgen.targets.paths import file_fault, leftovers, rename_new, staged
from sdgen.targets.writer_lock import LocalPath

_INDEXES = """
    SELECT sql FROM duckdb_indexes()
    WHERE database_name = current_database() AND schema_name = ? AND table_name = ? AND sql IS NOT NULL"""
_SQL = """
    SELECT sql FROM duckdb_tables()
    WHERE database_name = current_database() AND schema_name = ? AND table_name = ?"""


class DuckDB(CommittingTarget):
    """A database file."""

    takes_tables_at_once = False
    computes = DUCKDB.name

    def __init__(self, path: Path) -> None:
        self.path = path
        self.local_path = LocalPath(path)
        self.staged: Path | None = None
        self.connection: Any = None
        self.tables: tuple[Table, ...] = ()
        self.there = ExistingTables({}, {})
        self.emptied = False
        self.mode = Mode.CREATE_IF_MISSING
        self.made: list[Table] = []
        self.new = False
        self.remarks: tuple[str, ...] = ()
        self.committing = False
        self.commits = PeriodicCommits(CheckpointTable(DUCKDB), str(path))

    def left(self) -> Mapping[str, Any] | None:
        if not self.path.is_file():
            return None
        try:
            with connect(self.path) as connection:
                found = checkpoint(connection)
                return found.manifest if found else None
        except errors().classes as error:
            raise _refused(self.path, error) from error

    def commit(self, table: Table, done: TableProgress, rows: int) -> None:
        self.commits.advance(self._run, table, done, rows, [each.name for each in self.made], ())
        self._commit()
        self.committed = True
        self._run("BEGIN")

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        self.mode = mode
        fault = file_fault(self.path)
        if fault:
            return [Problem(("target",), fault, next_step(fault))]
        for path in leftovers(self.path):
            path.unlink(missing_ok=True)
        if self.path.exists():
            try:
                self._open()
                self.there = existing_tables(self.connection)
            except errors().classes as error:
                return [problem(self.path, error)]
        problems = self._stopped(tables, mode)
        self.there = self.commits.cleared(self.there)
        tables, self.remarks = within_schemas(tables, self.there)
        types = ColumnTypes(tables, self.there)
        tables = self.tables = tuple(types.agreed(table) for table in tables)
        if problems:
            return problems
        held = () if self.commits.going_on else tables_with_rows(tables, mode, self.there, DUCKDB, self._run)
        return [*faults(tables, mode, self.there, DUCKDB), *held, *types.clashes(), *cycles(tables, self.there)]

    def _stopped(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        """What of a run that was stopped half-way is in the way of this one."""
        asked = [table.name for table in tables if self.commits.resume and table.name in self.there.columns]
        filled = [name for name in asked if self._run(f"SELECT 1 FROM {DUCKDB.table(name)} LIMIT 1")]
        left = checkpoint(self.connection) if self.connection is not None else None
        problems = self.commits.faults(left, tables, mode, filled)
        self.committed = self.commits.going_on
        return problems

    def existing(self, wanted: Sequence[ExistingRowsQuery]) -> list[ExistingRows | None]:
        if not self.path.is_file():
            return [None for _ in wanted]
        try:
            with connect(self.path, read_only=True) as connection:
                there = existing_tables(connection).columns
                connection.execute("SET TimeZone = 'UTC'")
                return [
                    each.existing(connection.sql(each.sql(DUCKDB)).to_arrow_table())
                    if each.table.name in there
                    else None
                    for each in wanted
                ]
        except errors().classes as error:
            raise _refused(self.path, error) from error

    def _open(self) -> None:
        if self.connection is not None:
            return
        self.new = self.commits.active and not self.path.exists()
        if not self.new and not self.path.exists():
            self.staged = staged(self.path)
        self.connection = connect(self.staged or self.path)
        self._run("SET TimeZone = 'UTC'")  # may be interrupted, too
        self._run("BEGIN")

    def _run(self, sql: str, params: Sequence[object] = (), table: str = "") -> list[tuple[Any, ...]]:
        try:
            return list(self.connection.execute(sql, list(params)).fetchall())
        except errors().classes as error:
            raise _refused(self.path, error, table) from error

    def _commit(self) -> None:
        # A commit can't be broken into: `interrupt` does nothing while this is set.
        self.committing = True
        self._run("COMMIT")
        self.committing = False

    def prepare(self, table: Table, mode: Mode) -> None:
        self._open()
        self._discard()
        if self.commits.going_on:
            self.made += [table] if table.name not in self.there.columns else []
        elif table.name not in self.there.columns:
            self._create(table)
        elif mode is Mode.TRUNCATE_THEN_INSERT and not self.emptied:
            self._empty()

    def _discard(self) -> None:
        """Drop what a stopped run made, where this run begins it anew."""
        left = self.commits.left
        if self.commits.discards and left is not None:
            # What refers to a table goes before it.
            for name in (*reversed(left.made), NAME):
                self._run(f"DROP TABLE IF EXISTS {DUCKDB.table(name)}")
            self.commits.discards = False

    def _create(self, table: Table) -> None:
        table = next((each for each in self.tables if each.name == table.name), table)
        schema = DUCKDB.split(table.name)[0]
        if schema:
            self._run(f"CREATE SCHEMA IF NOT EXISTS {DUCKDB.quote(schema)}")
        kinds = frozenset({PRIMARY_KEY, UNIQUE, FOREIGN_KEY}) if self._is_bound(table) else frozenset[str]()
        self._run(create_table(table, DUCKDB, kinds), table=table.name)
        self.made.append(table)

    def _is_bound(self, table: Table) -> bool:
        return bool(table.references) or self._is_referred(table)

    def _is_referred(self, table: Table) -> bool:
        return any(reference.table == table.name for each in self.tables for reference in each.references)

    def _empty(self) -> None:
        """Empty tables; those bound by foreign keys are made anew, as DuckDB checks keys of deleted rows."""
        self.emptied = True
        emptied = [table for table in self.tables if table.mode_in(self.mode) is Mode.TRUNCATE_THEN_INSERT]
        there = [table for table in emptied if table.name in self.there.columns]
        bound = children_first(there, self.there.referrers)
        # The statements that made the tables are read before these go.
        sql = [
            row[0] for table in reversed(bound) for query in (_SQL, _INDEXES) for row in self._described(query, table)
        ]
        for table in bound:
            self._run(f"DROP TABLE {DUCKDB.table(table.name)}")
        for statement in sql:
            self._run(statement)
        for table in there:
            if table not in bound:
                self._run(f"TRUNCATE {DUCKDB.table(table.name)}")

    def _described(self, query: str, table: Table) -> list[tuple[Any, ...]]:
        schema, name = DUCKDB.split(table.name)
        return self._run(query, (schema or "main", name))

    def existed(self, table: Table) -> bool:
        return table.name in self.there.columns

    def encode(self, table: Table, batch: pa.RecordBatch) -> pa.RecordBatch:
        return columnar.encode(table, batch)

    def write(self, table: Table, parts: Iterable[pa.RecordBatch]) -> None:
        stream = RecordStream(parts)
        if stream.empty:
            return
        names = ", ".join(DUCKDB.quote(name) for name in table.names)
        self.connection.register("sdgen_rows", stream.reader())
        own = [reference for reference in table.references if reference.table == table.name]
        try:
            if own:
                insert_levels(self.connection, table, own)
            else:
                into = f"INSERT INTO {DUCKDB.table(table.name)} ({names})"
                self.connection.execute(f"{into} {stored_rows(table)}")
        except errors().classes as error:
            # What stopped the batches says more than what DuckDB makes of it.
            stream.raise_first()
            raise _refused(self.path, error, table.name) from error
        finally:
            with suppress(*errors().classes):  # after a failure the transaction takes no command but ROLLBACK
                self.connection.unregister("sdgen_rows")

    def finish(self) -> None:
        if self.connection is None:
            return
        for table in self.made:
            for constraint in () if self._is_bound(table) else constraints(table, DUCKDB):
                self._run(add_constraint(table, constraint, DUCKDB), table=table.name)
        self.commits.end(self._run)
        self._commit()
        self.new = False
        # Closing takes the log into the file, which must be whole by itself before it gets its name.
        self.connection.close()
        self.connection = None
        if self.staged is not None:
            rename_new(self.staged, self.path)
            self.staged = None

    def interrupt(self) -> None:
        if self.connection is not None and not self.committing:
            self.connection.interrupt()

    def abort(self) -> None:
        if self.connection is not None:
            with suppress(Exception):
                self.connection.execute("ROLLBACK")
            with suppress(Exception):
                self.connection.close()
            self.connection = None
        if self.staged is not None:
            for path in (self.staged, Path(f"{self.staged}.wal")):
                path.unlink(missing_ok=True)
            self.staged = None
        elif self.new and not self.committed:
            for path in (self.path, Path(f"{self.path}.wal")):
                path.unlink(missing_ok=True)
        self.new = False


def _refused(path: Path, error: BaseException, table: str = "") -> TargetError:
    return TargetError(problem(path, error, table))
