"""An SQL script: CREATE TABLE with keys, parents first, then the rows as INSERT statements; one file for all tables.

The mode is the script's own: what it does to tables that it finds in the database it is run on. The file is staged
beside its place and renamed at the end; what goes to standard output can't be taken back.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import pyarrow as pa

from sdgen.databases import sql_literals
from sdgen.databases.create_table import add_constraint, constraints, create_table, identity_of, too_long
from sdgen.databases.dialect import FOREIGN_KEY, Dialect, literal
from sdgen.databases.driver_errors import next_step
from sdgen.databases.loading import hex_columns, with_hex
from sdgen.databases.mysql.create import fitted
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.databases.sql_literals import Literals
from sdgen.databases.sqlite.dialect import SQLITE
from sdgen.errors import Problem, TargetError
from sdgen.targets.base import Mode, Table
from sdgen.targets.paths import file_fault, folder_fault, leftovers, real, staged
from sdgen.targets.writer_lock import CHANGED_HINT, LocalPath, Look, changed_since, look


@dataclass(frozen=True)
class ScriptDialect:
    """What a script says in one database's SQL.

    load: the command that runs it. start: its first statements; rows: those before the first row; end: its last.
    table: what stands behind a table's columns. checked_at_once: a foreign key needs its table to be there when it is
    declared. emptied_at_once: empties all tables; one after the other where left out. counted_on: lets a column's
    sequence go on after its values.
    """

    dialect: Dialect
    literals: Literals
    load: str
    start: tuple[str, ...]
    rows: tuple[str, ...]
    end: tuple[str, ...]
    table: str = ""
    checked_at_once: bool = False
    emptied_at_once: str = ""
    counted_on: str = ""


SCRIPT_DIALECTS: Mapping[str, ScriptDialect] = {
    "postgres": ScriptDialect(
        POSTGRES,
        sql_literals.POSTGRES,
        "psql -d DATABASE -f FILE",
        start=(
            "BEGIN",
            "SET LOCAL client_encoding = 'UTF8'",
            # Where this is off, a backslash in a text begins an escape.
            "SET LOCAL standard_conforming_strings = on",
            # IF NOT EXISTS tells of each table that is there already, as a notice.
            "SET LOCAL client_min_messages = warning",
        ),
        rows=(),
        end=("COMMIT",),
        checked_at_once=True,
        # PostgreSQL truncates a table that another one refers to only where both are named in one statement.
        emptied_at_once="TRUNCATE {tables}",
        counted_on="SELECT setval(pg_get_serial_sequence({text}, {name}), max({column})) FROM {table} "
        "HAVING max({column}) > 0",
    ),
    # CREATE TABLE ends a transaction in MySQL: the tables are made first, the rows are all or nothing.
    "mysql": ScriptDialect(
        MYSQL,
        sql_literals.MYSQL,
        "mysql DATABASE < FILE",
        start=(
            # Whoever has loaded the script may go on in the same session.
            "SET @old_time_zone = @@time_zone, @old_sql_mode = @@sql_mode, @old_checks = @@foreign_key_checks",
            "SET NAMES utf8mb4",
            # Without NO_AUTO_VALUE_ON_ZERO a key of 0 would become the next number of AUTO_INCREMENT.
            "SET time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES,NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0",
        ),
        rows=("START TRANSACTION",),
        table=" DEFAULT CHARACTER SET utf8mb4",
        end=(
            "COMMIT",
            "SET time_zone = @old_time_zone, sql_mode = @old_sql_mode, foreign_key_checks = @old_checks",
        ),
    ),
    "sqlite": ScriptDialect(
        SQLITE,
        sql_literals.SQLITE,
        "sqlite3 FILE.sqlite < FILE",
        # In this order: within a transaction the pragma does nothing.
        start=("PRAGMA foreign_keys = OFF", "BEGIN"),
        rows=(),
        end=("COMMIT",),
    ),
}


class Script:
    """A script in a file, or on standard output where there is no place."""

    takes_tables_at_once = False

    def __init__(self, place: Path | None, dialect: str) -> None:
        self.place = place
        self.local_path = LocalPath(place, makes_folders=True) if place is not None else None
        self.dialect = dialect
        self.spoken = SCRIPT_DIALECTS[dialect]
        self.computes = self.spoken.dialect.name
        self.mode = Mode.CREATE_IF_MISSING
        self.tables: list[Table] = []
        self.staged: Path | None = None
        self.made: Path | None = None
        self.file: IO[bytes] | None = None
        self.seen: Look = {}

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        self.mode = mode
        problems = [problem for table in tables for problem in too_long(table, self.spoken.dialect)]
        return [*self._place_faults(mode), *problems]

    def _place_faults(self, mode: Mode) -> Iterator[Problem]:
        if self.place is None:
            return
        fault = file_fault(self.place) if self.place.parent.exists() else folder_fault(self.place.parent)
        if fault:
            yield Problem(("target",), fault, "choose another place, or change its permissions")
            return
        for path in leftovers(self.place):
            path.unlink(missing_ok=True)
        self.seen = look([self.place])
        if self.place.exists() and mode is not Mode.TRUNCATE_THEN_INSERT:
            hint = "replace it with --mode truncate_then_insert, or choose another name"
            yield Problem(("target",), f"{self.place} exists", hint)

    def prepare(self, table: Table, mode: Mode) -> None:
        self.tables.append(fitted(table) if self.spoken.dialect is MYSQL else table)

    def encode(self, table: Table, batch: pa.RecordBatch) -> pa.Buffer:
        dialect = self.spoken.dialect
        names = ", ".join(dialect.quote(name) for name in table.names)
        insert = f"INSERT INTO {dialect.table(table.name)} ({names}) VALUES"
        names_in_hex = hex_columns(table, dialect.name, {}) if dialect.hex_uuids else frozenset[str]()
        types, batch = with_hex(table, batch, names_in_hex)
        return sql_literals.encode(types, batch, insert, self.spoken.literals)

    def write(self, table: Table, parts: Iterable[pa.Buffer]) -> None:
        with self._told():
            file = self._opened()
            file.write(f"\n-- {_commented(table.name)}\n".encode())
            for part in parts:
                file.write(part)

    def finish(self) -> None:
        with self._told():
            file = self._opened()
            file.write(_statements([*self._late_keys(), *self._count_on(), *self.spoken.end]))
            file.flush()
            if self.staged is None or self.place is None:
                return
            file.close()
            changed = changed_since(self.seen)
            if changed:
                raise TargetError(Problem(("target",), changed, CHANGED_HINT))
            self.staged.rename(real(self.place))
            self.staged = self.made = self.file = None

    def abort(self) -> None:
        if self.staged is not None:
            if self.file is not None:
                with suppress(OSError):
                    self.file.close()
            self.staged.unlink(missing_ok=True)
        if self.made is not None:
            with suppress(OSError):
                self.made.rmdir()
        self.staged = self.made = self.file = None

    def _opened(self) -> IO[bytes]:
        """The file, with all that stands before the first row."""
        if self.file is None:
            self.file = self._file()
            self.file.write(self._head())
        return self.file

    def _file(self) -> IO[bytes]:
        if self.place is None:
            return sys.stdout.buffer
        if not self.place.parent.exists():
            self.place.parent.mkdir(parents=True)
            self.made = self.place.parent
        self.staged = staged(self.place)
        return self.staged.open("wb")

    def _head(self) -> bytes:
        spoken, rows = self.spoken, sum(table.rows for table in self.tables)
        lines = f"-- {len(self.tables)} tables, {rows:,} rows, made by sdgen. Load them with: {spoken.load}\n"
        return lines.encode() + _statements([*spoken.start, *self._creations(), *spoken.rows, *self._emptying()])

    def _creations(self) -> Iterator[str]:
        dialect = self.spoken.dialect
        created = [table for table in self.tables if table.mode_in(self.mode) is not Mode.APPEND_ONLY]
        schemas = dict.fromkeys(dialect.split(table.name)[0] for table in created)
        yield from (f"CREATE SCHEMA IF NOT EXISTS {dialect.quote(schema)}" for schema in schemas if schema)
        for table in created:
            inline = tuple(each for each in table.references if each.table not in self._later(table))
            text = create_table(replace(table, references=inline), dialect)
            yield text.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1) + self.spoken.table

    def _later(self, table: Table) -> set[str]:
        """The tables that are not there yet when this one is made, where that matters."""
        names = [each.name for each in self.tables]
        return set(names[names.index(table.name) + 1 :]) if self.spoken.checked_at_once else set()

    def _late_keys(self) -> Iterator[str]:
        for table in self.tables:
            if table.mode_in(self.mode) is Mode.APPEND_ONLY:
                continue
            late = tuple(each for each in table.references if each.table in self._later(table))
            for constraint in constraints(replace(table, references=late), self.spoken.dialect):
                if constraint.kind == FOREIGN_KEY:
                    yield add_constraint(table, constraint, self.spoken.dialect)

    def _count_on(self) -> Iterator[str]:
        """Statements that let sequences go on after the keys; MySQL sees to that by itself."""
        for table in self.tables if self.spoken.counted_on else ():
            column = identity_of(table, self.spoken.dialect)
            if column and table.mode_in(self.mode) is not Mode.APPEND_ONLY:
                names = {"table": self.spoken.dialect.table(table.name), "column": self.spoken.dialect.quote(column)}
                literals = {"text": literal(names["table"]), "name": literal(column)}
                yield self.spoken.counted_on.format(**names, **literals)

    def _emptying(self) -> Iterator[str]:
        emptied = [table for table in self.tables if table.mode_in(self.mode) is Mode.TRUNCATE_THEN_INSERT]
        names = [self.spoken.dialect.table(table.name) for table in emptied]
        if names and self.spoken.emptied_at_once:
            yield self.spoken.emptied_at_once.format(tables=", ".join(names))
            return
        # Tables stand after those that they refer to, and are emptied before them.
        yield from (f"DELETE FROM {name}" for name in reversed(names))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What the operating system refuses (a full disk, a missing permission), as a TargetError."""
        try:
            yield
        except BrokenPipeError:
            # Who reads standard output has seen enough, which is no fault of the place.
            raise
        except OSError as error:
            what = f"{self.place or 'standard output'} can't be written: {error.strerror or error}"
            raise TargetError(Problem(("target",), what, next_step(what))) from error


def _statements(statements: Iterable[str]) -> bytes:
    return "".join(f"{statement};\n" for statement in statements).encode()


def _commented(name: str) -> str:
    return " ".join(name.split())
