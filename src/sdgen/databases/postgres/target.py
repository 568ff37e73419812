"""PostgreSQL: one transaction on one connection; tables without keys, COPY, then the constraints.

A run that commits as it goes does so in a transaction for each span of rows, and adds the constraints in the last.

Rows go the binary way where all columns of a table are of proven types and the table is new; otherwise as CSV,
which the server parses for whatever columns an existing table has. Both are made on worker threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sdgen.databases.checkpoint_table import (
    NAME,
    Checkpoint,
    CheckpointTable,
    CommittingTarget,
    PeriodicCommits,
    Run,
    SuspendedKeys,
)
from sdgen.databases.create_table import add_constraint, constraints, create_table, identity_of
from sdgen.databases.dialect import literal
from sdgen.databases.existing_tables import ExistingRowsQuery, ExistingTables, faults, tables_with_rows
from sdgen.databases.postgres import encode_text
from sdgen.databases.postgres.connection import NOT_ALLOWED, connect, errors, problem, search_path, sqlstate
from sdgen.databases.postgres.copy_rows import RowFormat
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.databases.postgres.introspect import existing_tables, forward_keys, rows_of, sequences
from sdgen.databases.urls import without_schema
from sdgen.errors import Problem, TargetError
from sdgen.scenario.request import ExistingRows
from sdgen.targets.base import Mode, SpreadTarget, Table
from sdgen.targets.file_checkpoint import TableProgress

if TYPE_CHECKING:
    import psycopg

# maintenance_work_mem is the memory in which keys and indexes are built after the load.
_SETTINGS = {
    "timezone": "UTC",
    "datestyle": "ISO",
    "maintenance_work_mem": "256MB",
    "max_parallel_maintenance_workers": "2",
    "work_mem": "64MB",
}


class Postgres(CommittingTarget):
    """A database, given as a URL; `?schema=name` makes that schema the first one looked in."""

    takes_tables_at_once = False
    computes = POSTGRES.name

    def __init__(self, url: str) -> None:
        self.url, self.schema = without_schema(url)
        self.connection: psycopg.Connection[Any] | None = None
        self.tables: tuple[Table, ...] = ()
        self.there = ExistingTables({}, {})
        self.begun = False
        self.emptied = False
        self.mode = Mode.CREATE_IF_MISSING
        self.made: list[Table] = []
        self.suspended: SuspendedKeys | None = None
        name = ".".join(POSTGRES.quote(part) for part in (self.schema, NAME) if part)
        self.commits = PeriodicCommits(CheckpointTable(POSTGRES, name, " FOR UPDATE"), "the database")

    def spread(self, manifest: Mapping[str, Any]) -> SpreadTarget:
        from sdgen.databases.postgres.spread import SpreadPostgres

        return SpreadPostgres(self)

    def takes_spans_at_once(self, tables: Sequence[Table], mode: Mode) -> bool:
        """Where all tables are new: rows of others would be copied once more, by one connection."""
        try:
            there = self._look(tables)
            self._begin()
            allowed = self._run("SELECT has_database_privilege(current_database(), 'CREATE')")[0][0]
            stopped = self._left()
            self._roll_back()
        except errors().classes as error:
            raise TargetError(self._problem(error)) from error
        return bool(allowed) and not there.columns and stopped is None

    def left(self) -> Mapping[str, Any] | None:
        try:
            self._begin()
            found = self._left()
            self._roll_back()
        except errors().classes as error:
            raise TargetError(self._problem(error)) from error
        return found.manifest if found else None

    def _left(self) -> Checkpoint | None:
        """What a stopped run left; where one is just dying, after its last word."""
        there = self._run("SELECT to_regclass(%s)", (self.commits.table.name,))[0][0]
        return self.commits.table.read(self._run) if there is not None else None

    def commit(self, table: Table, done: TableProgress, rows: int) -> None:
        try:
            self.commits.advance(self._run, table, done, rows, [each.name for each in self.made], self.suspended or ())
            self._connect().commit()
            self.committed = True
            # What SET LOCAL says ends with its transaction, so that the next one is set up anew.
            self.begun = False
            self._begin()
        except errors().classes as error:
            raise TargetError(self._problem(error, table)) from error

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        self.tables, self.mode = tuple(tables), mode
        try:
            self._connect()
            self.there = self._look(tables)
            problems = self._stopped(tables, mode)
            self.there = self.commits.cleared(self.there)
            held = self._held(tables, mode)
        except errors().classes as error:
            return [self._problem(error)]
        return problems or [*faults(tables, mode, self.there, POSTGRES), *held]

    def _held(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        """Tables that hold rows already; none where this user may write and not read."""
        if self.commits.going_on:
            return []
        self._begin()
        try:
            return tables_with_rows(tables, mode, self.there, POSTGRES, self._run)
        except errors().classes as error:
            if sqlstate(error) == NOT_ALLOWED:
                return []
            raise
        finally:
            self._roll_back()

    def _stopped(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        """What of a run that was stopped half-way is in the way of this one."""
        self._begin()
        asked = [table.name for table in tables if self.commits.resume and table.name in self.there.columns]
        filled = [name for name in asked if self._run(f"SELECT 1 FROM {POSTGRES.table(name)} LIMIT 1")]
        problems = self.commits.faults(self._left(), tables, mode, filled)
        self._roll_back()
        self.committed = self.commits.going_on
        return problems

    def _connect(self) -> psycopg.Connection[Any]:
        if self.connection is None:
            self.connection = connect(self.url)
        return self.connection

    def _roll_back(self) -> None:
        self._connect().rollback()
        self.begun = False

    def _look(self, tables: Sequence[Table]) -> ExistingTables:
        self._begin()
        there = existing_tables(self._run, tables)
        self._roll_back()
        return there

    def existing(self, wanted: Sequence[ExistingRowsQuery]) -> list[ExistingRows | None]:
        try:
            self._begin()
            found = [self._existing(each) for each in wanted]
            self._roll_back()
        except errors().classes as error:
            raise TargetError(self._problem(error)) from error
        return found

    def _existing(self, wanted: ExistingRowsQuery) -> ExistingRows | None:
        source = rows_of(self._run, wanted.table)
        if not source:
            return None
        names = [column.name for column in wanted.columns] or ["n"]
        sql = f"COPY ({wanted.sql(POSTGRES, encode_text.selected, source)}) TO STDOUT (FORMAT csv)".encode()
        with self._connect().cursor() as cursor, cursor.copy(sql) as copy:
            return wanted.existing(encode_text.decode(b"".join(copy), names))

    def _begin(self) -> None:
        if self.begun:
            return
        self.begun = True
        lasting = {"synchronous_commit": "off"} if self.commits.active else {}
        for name, value in {**_SETTINGS, **lasting}.items():
            self._run(f"SET LOCAL {name} = {literal(value)}")
        if self.schema:
            self._run(f"SET LOCAL search_path = {search_path(self.schema)}")

    def _run(self, sql: str, params: Sequence[object] | None = None) -> list[tuple[Any, ...]]:
        cursor = self._connect().execute(sql.encode(), params)
        return cursor.fetchall() if cursor.description else []

    def prepare(self, table: Table, mode: Mode) -> None:
        try:
            self._begin()
            self._suspend()
            if self.commits.going_on:
                self.made += [table] if table.name not in self.there.columns else []
            elif table.name not in self.there.columns:
                self._create(table)
            elif mode is Mode.TRUNCATE_THEN_INSERT and not self.emptied:
                self._empty()
        except errors().classes as error:
            raise TargetError(self._problem(error, table)) from error

    def _suspend(self) -> None:
        """Put off the existing foreign keys to tables that are written later: tables may refer to each other.

        Deferrable ones wait for the end by themselves; others are dropped, and made again (and checked) in `finish`.
        """
        if self.suspended is not None:
            return
        before = self._taken_over()
        self._run("SET CONSTRAINTS ALL DEFERRED")
        there = [POSTGRES.table(table.name) for table in self.tables if table.name in self.there.columns]
        pairs = [(name, there[place + 1 :]) for place, name in enumerate(there[:-1])]
        keys = [key for name, later in pairs for key in forward_keys(self._run, name, later, self.commits.active)]
        for table, name, _ in keys:
            self._run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        self.suspended = (*before, *keys)

    def _taken_over(self) -> SuspendedKeys:
        """The foreign keys that a stopped run put off; where this one begins it anew, what that one made goes."""
        left = self.commits.left
        if left is None:
            return ()
        if self.commits.discards:
            names = [*map(POSTGRES.table, left.made), self.commits.table.name]
            self._run(f"DROP TABLE IF EXISTS {', '.join(names)}")
        return left.suspended

    def _resume(self) -> None:
        self._run("SET CONSTRAINTS ALL IMMEDIATE")  # no table with checks that wait can be altered
        for table, name, definition in self.suspended or ():
            self._run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")

    def _create(self, table: Table) -> None:
        self._make_schema(table)
        # Without keys, which are built several times faster when the rows are there.
        self._run(create_table(table, POSTGRES, frozenset()))
        self.made.append(table)

    def _make_schema(self, table: Table) -> str:
        """See that the schema of a new table is there; its name, "" for the first one of the search path."""
        schema = POSTGRES.split(table.name)[0] or self.schema
        if schema and not self._run("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)):
            self._run(f"CREATE SCHEMA {POSTGRES.quote(schema)}")
        return schema

    def _empty(self) -> None:
        """All tables to be emptied at once: so none is in the way of another that it refers to."""
        emptied = [table for table in self.tables if table.mode_in(self.mode) is Mode.TRUNCATE_THEN_INSERT]
        there = [POSTGRES.table(table.name) for table in emptied if table.name in self.there.columns]
        self._run(f"TRUNCATE {', '.join(there)}")
        self.emptied = True

    def format_of(self, table: Table) -> RowFormat:
        """How the rows of a table are sent; after `check`."""
        if table.name not in self.there.columns:
            return RowFormat.of(table, None)
        there = {column.name: column.declared for column in self.there.columns[table.name]}
        return RowFormat.of(table, [there[name] for name in table.names] if there else ())

    def existed(self, table: Table) -> bool:
        return table.name in self.there.columns

    def encode(self, table: Table, batch: pa.RecordBatch) -> pa.Buffer:
        return self.format_of(table).encode(table, batch)

    def write(self, table: Table, parts: Iterable[pa.Buffer]) -> None:
        # Frozen rows need no VACUUM to visit them later. PostgreSQL allows it for tables that this transaction made.
        options = ["FREEZE"] if table in self.made and not self.commits.active else []
        place = POSTGRES.table(table.name)
        try:
            self.format_of(table).copy(self._connect(), place, table.names, parts, *options)
        except errors().classes as error:
            raise TargetError(self._problem(error, table)) from error

    def let_go(self) -> None:
        """Leave the server; the next statement connects again."""
        if self.connection is not None:
            self.connection.close()
        self.connection, self.begun = None, False

    def take_over(self, staged: Mapping[Table, str], schemas: Iterable[str], check: Callable[[Run], None]) -> None:
        """Take the rows of staging tables over, as a part of the run's transaction; then their schemas go.

        Tables that are new are moved to their places, rows of others are copied. check: called first, within it.
        """
        try:
            self._begin()
            check(self._run)
            self._suspend()
            for table, where in staged.items():
                if table.name in self.there.columns:
                    self.prepare(table, table.mode_in(self.mode))
                    names = ", ".join(POSTGRES.quote(name) for name in table.names)
                    self._run(f"INSERT INTO {POSTGRES.table(table.name)} ({names}) SELECT {names} FROM {where}")
                else:
                    schema = self._make_schema(table) or self._run("SELECT current_schema()")[0][0]
                    self._run(f"ALTER TABLE {where} SET SCHEMA {POSTGRES.quote(schema)}")
                    self.made.append(table)
            # When the new tables have been moved out of them.
            for schema in schemas:
                self._run(f"DROP SCHEMA {POSTGRES.quote(schema)} CASCADE")
        except errors().classes as error:
            raise TargetError(self._problem(error)) from error

    def finish(self) -> None:
        if self.connection is None:
            return
        try:
            self._resume()
            for constraint, table in self._constraints():
                self._constrain(table, add_constraint(table, constraint, POSTGRES))
            self._count_on()
            self.commits.end(self._run)
            # The log is written in order: a commit that waits for it makes all spans before it safe as well.
            self._run("SET LOCAL synchronous_commit = on")
            self.connection.commit()
        except errors().classes as error:
            raise TargetError(self._problem(error)) from error
        self._analyze()
        self.connection.close()
        self.connection = None

    def _constrain(self, table: Table, sql: str) -> None:
        try:
            self._run(sql)
        except errors().classes as error:
            raise TargetError(self._problem(error, table)) from error

    def _count_on(self) -> None:
        """Let the sequences of tables go on after the keys that were written."""
        for table in self.tables:
            if table.name in self.there.columns or identity_of(table, POSTGRES):
                place = POSTGRES.table(table.name)
                for column, sequence in sequences(self._run, table):
                    name = POSTGRES.quote(column)
                    # Of a table without rows the largest key is null: HAVING leaves the sequence alone then.
                    self._run(f"SELECT setval(%s, max({name})) FROM {place} HAVING max({name}) > 0", (sequence,))

    def _constraints(self) -> list[tuple[Any, Table]]:
        """Of the tables made in this run: keys of all tables before the foreign keys, which need them."""
        found = [(constraint, table) for table in self.made for constraint in constraints(table, POSTGRES)]
        return sorted(found, key=lambda pair: pair[0].kind == "foreign key")

    def _analyze(self) -> None:
        """Statistics for the planner. The rows are committed: a failure here is no failure of the run."""
        if self.connection is None or not self.tables:
            return
        with suppress(*errors().classes):
            self.connection.autocommit = True
            self._run(f"ANALYZE {', '.join(self._located(table) for table in self.tables)}")

    def _located(self, table: Table) -> str:
        schema, name = POSTGRES.split(table.name)
        return ".".join(POSTGRES.quote(part) for part in (schema or self.schema, name) if part)

    def interrupt(self) -> None:
        if self.connection is not None:
            # psycopg lets another thread call this while a statement runs.
            self.connection.cancel()

    def abort(self) -> None:
        if self.connection is not None:
            with suppress(Exception):
                self.connection.rollback()
            with suppress(Exception):
                self.connection.close()
            self.connection = None
        self.begun = self.emptied = False
        self.made = []
        self.suspended = None

    def _problem(self, error: BaseException, table: Table | None = None) -> Problem:
        return problem(error, self.url, ("target", table.name) if table else ("target",))
