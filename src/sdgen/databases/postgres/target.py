"""PostgreSQL: one transaction on one connection; tables without keys, COPY, then the constraints.

A run that commits as it goes does so in a transaction for each span of rows, and adds the constraints in the last.

Rows go the binary way where all columns of a table are of proven types and the table is new; otherwise as CSV,
which the server parses for whatever columns an existing table has. Both are made on worker threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sdgen.databases.checkpoint_table import NAME, Commits, CommitsAsItGoes, Ledger, Progress, Suspended
from sdgen.databases.create_table import add_constraint, constraints, create_table
from sdgen.databases.dialect import literal
from sdgen.databases.existing_tables import Found, There, Wanted, faults, holding
from sdgen.databases.postgres import encode_binary, encode_text
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.databases.refusals import UNREACHED, next_step
from sdgen.databases.urls import without_password_of, without_schema
from sdgen.errors import Problem, TargetError
from sdgen.scenario.request import ExistingRows
from sdgen.targets.base import Mode, Table
from sdgen.targets.file_checkpoint import Done

if TYPE_CHECKING:
    import psycopg

_SETTINGS = {
    "timezone": "UTC",
    "datestyle": "ISO",
    "maintenance_work_mem": "256MB",
    "max_parallel_maintenance_workers": "2",
    "work_mem": "64MB",
}


class Postgres(CommitsAsItGoes):
    """A database, given as a URL; `?schema=name` makes that schema the first one looked in."""

    takes_tables_at_once = False

    def __init__(self, url: str) -> None:
        self.url, self.schema = without_schema(url)
        self.connection: psycopg.Connection[Any] | None = None
        self.tables: tuple[Table, ...] = ()
        self.there = There({}, {})
        self.begun = False
        self.emptied = False
        self.mode = Mode.CREATE_IF_MISSING
        self.made: list[Table] = []
        self.suspended: Suspended | None = None
        name = ".".join(POSTGRES.quote(part) for part in (self.schema, NAME) if part)
        self.commits = Commits(Ledger(POSTGRES, name, " FOR UPDATE"), "the database")

    def left(self) -> Mapping[str, Any] | None:
        try:
            self._begin()
            found = self._left()
            self._connect().rollback()
        except _error() as error:
            raise TargetError(self._problem(error)) from error
        self.begun = False
        return found.manifest if found else None

    def _left(self) -> Progress | None:
        """What a stopped run left; where one is just dying, after its last word."""
        there = self._run("SELECT to_regclass(%s)", (self.commits.ledger.name,))[0][0]
        return self.commits.ledger.read(self._run) if there is not None else None

    def commit(self, table: Table, done: Done, rows: int) -> None:
        try:
            self.commits.note(self._run, table, done, rows, [each.name for each in self.made], self.suspended or ())
            self._connect().commit()
            self.committed = True
            self.begun = False
            self._begin()
        except _error() as error:
            raise TargetError(self._problem(error, table)) from error

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        self.tables, self.mode = tuple(tables), mode
        try:
            self._connect()
            self.there = self._look(tables)
            problems = self._stopped(tables, mode)
            self.there = self.commits.cleared(self.there)
            held = self._held(tables, mode)
        except _error() as error:
            return [self._problem(error)]
        return problems or [*faults(tables, mode, self.there, POSTGRES), *held]

    def _held(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        """Tables that hold rows already; none where this user may write and not read."""
        from psycopg.errors import InsufficientPrivilege

        if self.commits.going_on:
            return []
        self._begin()
        try:
            return holding(tables, mode, self.there, POSTGRES, self._run)
        except InsufficientPrivilege:
            return []
        finally:
            self._connect().rollback()
            self.begun = False

    def _stopped(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        """What of a run that was stopped half-way is in the way of this one."""
        self._begin()
        asked = [table.name for table in tables if self.commits.resume and table.name in self.there.columns]
        filled = [name for name in asked if self._run(f"SELECT 1 FROM {POSTGRES.table(name)} LIMIT 1")]
        problems = self.commits.faults(self._left(), tables, mode, filled)
        self._connect().rollback()
        self.begun = False
        self.committed = self.commits.going_on
        return problems

    def _connect(self) -> psycopg.Connection[Any]:
        import psycopg

        if self.connection is None:
            self.connection = psycopg.connect(self.url, connect_timeout=10, application_name="sdgen")
        return self.connection

    def _look(self, tables: Sequence[Table]) -> There:
        self._begin()
        columns: dict[str, list[Found]] = {}
        referrers: dict[str, list[str]] = {}
        for table in tables:
            name = (POSTGRES.table(table.name),)
            found = [Found(*row) for row in self._run(COLUMNS, name)]
            if found:
                columns[table.name] = found
                referrers[table.name] = [row[0] for row in self._run(REFERRERS, name)]
        self._connect().rollback()
        self.begun = False
        return There(columns, referrers)

    def existing(self, wanted: Sequence[Wanted]) -> list[ExistingRows | None]:
        try:
            self._begin()
            found = [self._existing(each) for each in wanted]
            self._connect().rollback()
        except _error() as error:
            raise TargetError(self._problem(error)) from error
        self.begun = False
        return found

    def _existing(self, wanted: Wanted) -> ExistingRows | None:
        if self._run("SELECT to_regclass(%s)", (POSTGRES.table(wanted.table.name),))[0][0] is None:
            return None
        names = [column.name for column in wanted.columns] or ["n"]
        sql = f"COPY ({wanted.sql(POSTGRES, encode_text.selected)}) TO STDOUT (FORMAT csv)".encode()
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
            self._run(f"SET LOCAL search_path = {POSTGRES.quote(self.schema)}, public")

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
        except _error() as error:
            raise TargetError(self._problem(error)) from error

    def _suspend(self) -> None:
        """Put off the existing foreign keys to tables that are written later: tables may refer to each other.

        Deferrable ones wait for the end by themselves; others are dropped, and made again (and checked) in `finish`.
        """
        if self.suspended is not None:
            return
        before = self._taken_over()
        self._run("SET CONSTRAINTS ALL DEFERRED")
        there = [POSTGRES.table(table.name) for table in self.tables if table.name in self.there.columns]
        pairs = [(self.commits.active, name, there[place + 1 :]) for place, name in enumerate(there[:-1])]
        found = [(table, name, sql) for pair in pairs for table, name, sql in self._run(FORWARD, pair)]
        for table, name, _ in found:
            self._run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        self.suspended = (*before, *found)

    def _taken_over(self) -> Suspended:
        """The foreign keys that a stopped run put off; where this one begins it anew, what that one made goes."""
        left = self.commits.left
        if left is None:
            return ()
        if self.commits.discards:
            names = [*map(POSTGRES.table, left.made), self.commits.ledger.name]
            self._run(f"DROP TABLE IF EXISTS {', '.join(names)}")
        return left.suspended

    def _resume(self) -> None:
        self._run("SET CONSTRAINTS ALL IMMEDIATE")  # no table with checks that wait can be altered
        for table, name, definition in self.suspended or ():
            self._run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")

    def _create(self, table: Table) -> None:
        schema = POSTGRES.split(table.name)[0] or self.schema
        if schema and not self._run("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)):
            self._run(f"CREATE SCHEMA {POSTGRES.quote(schema)}")
        self._run(create_table(table, POSTGRES, frozenset()))
        self.made.append(table)

    def _empty(self) -> None:
        """All tables to be emptied at once: so none is in the way of another that it refers to."""
        emptied = [table for table in self.tables if table.mode_in(self.mode) is Mode.TRUNCATE_THEN_INSERT]
        there = [POSTGRES.table(table.name) for table in emptied if table.name in self.there.columns]
        self._run(f"TRUNCATE {', '.join(there)}")
        self.emptied = True

    def _binary(self, table: Table) -> bool:
        return table.name not in self.there.columns and all(
            encode_binary.is_proven(column.type) for column in table.columns
        )

    def existed(self, table: Table) -> bool:
        return table.name in self.there.columns

    def encode(self, table: Table, batch: pa.RecordBatch) -> pa.Buffer:
        types = [column.type for column in table.columns]
        return encode_binary.encode(types, batch) if self._binary(table) else encode_text.encode(types, batch)

    def write(self, table: Table, parts: Iterable[pa.Buffer]) -> None:
        binary = self._binary(table)
        options = ["FORMAT binary" if binary else "FORMAT csv"]
        if table in self.made and not self.commits.active:
            options.append("FREEZE")
        names = ", ".join(POSTGRES.quote(name) for name in table.names)
        sql = f"COPY {POSTGRES.table(table.name)} ({names}) FROM STDIN ({', '.join(options)})"
        try:
            with self._connect().cursor() as cursor, cursor.copy(sql.encode()) as copy:
                if binary:
                    copy.write(encode_binary.HEAD)
                for part in parts:
                    copy.write(memoryview(part))
                if binary:
                    copy.write(encode_binary.TAIL)
        except _error() as error:
            raise TargetError(self._problem(error, table)) from error

    def finish(self) -> None:
        if self.connection is None:
            return
        try:
            self._resume()
            for constraint, table in self._constraints():
                self._run(add_constraint(table, constraint, POSTGRES))
            self._count_on()
            self.commits.end(self._run)
            self._run("SET LOCAL synchronous_commit = on")
            self.connection.commit()
        except _error() as error:
            raise TargetError(self._problem(error)) from error
        self._analyze()
        self.connection.close()
        self.connection = None

    def _count_on(self) -> None:
        """Let the sequences of tables that were there go on after the keys that were written."""
        for table in self.tables:
            if table.name in self.there.columns:
                place = POSTGRES.table(table.name)
                for column, sequence in self._run(SEQUENCES, (place, list(table.names))):
                    name = POSTGRES.quote(column)
                    self._run(f"SELECT setval(%s, max({name})) FROM {place} HAVING max({name}) > 0", (sequence,))

    def _constraints(self) -> list[tuple[Any, Table]]:
        """Of the tables made in this run: keys of all tables before the foreign keys, which need them."""
        found = [(constraint, table) for table in self.made for constraint in constraints(table, POSTGRES)]
        return sorted(found, key=lambda pair: pair[0].kind == "foreign key")

    def _analyze(self) -> None:
        """Statistics for the planner. The rows are committed: a failure here is no failure of the run."""
        if self.connection is None or not self.tables:
            return
        with suppress(_error()):
            self.connection.autocommit = True
            self._run(f"ANALYZE {', '.join(self._located(table) for table in self.tables)}")

    def _located(self, table: Table) -> str:
        schema, name = POSTGRES.split(table.name)
        return ".".join(POSTGRES.quote(part) for part in (schema or self.schema, name) if part)

    def interrupt(self) -> None:
        if self.connection is not None:
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

    def _problem(self, error: Exception, table: Table | None = None) -> Problem:
        path = ("target", table.name) if table else ("target",)
        text = " ".join(str(error).split())
        return Problem(path, f"PostgreSQL: {without_password_of(self.url, text)}", _hint(error))


def _hint(error: Exception) -> str:
    return next_step(str(error), "" if getattr(error, "sqlstate", None) else UNREACHED)


def _error() -> type[Exception]:
    import psycopg

    return psycopg.Error


COLUMNS = """
    SELECT attname,
           CASE typtype WHEN 'e' THEN 'text' WHEN 'd' THEN format_type(typbasetype, typtypmod)
                        ELSE format_type(atttypid, atttypmod) END,
           NOT (attnotnull OR typnotnull), atthasdef OR attidentity <> ''
    FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
    WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"""
# Parts of a table, partitions and inheritors, are emptied with it.
REFERRERS = """
    SELECT DISTINCT CASE WHEN to_regclass(quote_ident(relname)) = c.oid THEN relname
                         ELSE nspname || '.' || relname END
    FROM pg_constraint LEFT JOIN pg_inherits ON inhrelid = conrelid
    JOIN pg_class c ON c.oid = coalesce(pg_partition_root(conrelid), inhparent, conrelid)
    JOIN pg_namespace n ON n.oid = relnamespace
    WHERE contype = 'f' AND confrelid = to_regclass(%s) AND conrelid <> confrelid"""

# The sequences that columns of a table take their values from.
SEQUENCES = """
    SELECT attname, pg_get_serial_sequence(attrelid::regclass::text, attname) FROM pg_attribute
    WHERE attrelid = to_regclass(%s) AND attname = ANY(%s)
    AND pg_get_serial_sequence(attrelid::regclass::text, attname) IS NOT NULL"""

# Foreign keys of a table to some others; those of partitions come and go with their parent's. Deferrable ones wait for
# the end of a transaction by themselves, which is enough where there is one alone.
FORWARD = """SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'f' AND (%s OR NOT condeferrable) AND conparentid = 0
    AND conrelid = to_regclass(%s) AND confrelid = ANY(%s::regclass[])"""
