"""SQLite: one transaction, rows taken from Arrow batches by the ADBC driver.

A new database is made under a hidden name beside its own, with the journal off, and renamed at the end. One that
exists is changed in an ordinary transaction, so that even a killed run leaves it as it was. A run that commits as it
goes writes to the file itself, new or not, in ordinary transactions. SQLite can't add primary and foreign keys to a
table: they are declared with it; foreign keys are checked before the commit, at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sdgen.databases.checkpoint_table import NAME, CheckpointTable, CommittingTarget, PeriodicCommits
from sdgen.databases.create_table import constraints, create_table, unique_index
from sdgen.databases.dialect import FOREIGN_KEY, PRIMARY_KEY, UNIQUE
from sdgen.databases.driver_errors import next_step
from sdgen.databases.existing_tables import ExistingRowsQuery, ExistingTables, faults, tables_with_rows
from sdgen.databases.loading import RecordStream, hex_columns, with_hex
from sdgen.databases.sqlite.connection import connect, connect_to_read, connect_to_write, errors, problem
from sdgen.databases.sqlite.dialect import DOUBLE_DIGITS, SQLITE
from sdgen.databases.sqlite.introspect import arrow_table, checkpoint, existing_tables
from sdgen.errors import Problem, TargetError
from sdgen.generators.arrays.cast import decimal_to_double
from sdgen.generators.arrays.encode_text import json_text, time_text, timestamp_text, uuid_text
from sdgen.scenario.request import ExistingRows
from sdgen.scenario.types import INTEGERS, NESTED, TEXTS, Type
from sdgen.targets.base import Mode, Table
from sdgen.targets.columnar import plain
from sdgen.targets.file_checkpoint import TableProgress
from sdgen.targets.paths import file_fault, leftovers, rename_new, staged
from sdgen.targets.writer_lock import LocalPath

# Nobody sees a new file before it is renamed: where something fails it is thrown away, and needs no journal.
_NEW = ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE")
_LASTING = ("synchronous = NORMAL", "locking_mode = EXCLUSIVE")
# The size of the cache is in KiB where it is negative. Foreign keys are checked at the end, all at once.
_ALWAYS = ("cache_size = -131072", "temp_store = MEMORY", "foreign_keys = OFF")


class SQLite(CommittingTarget):
    """A database file."""

    takes_tables_at_once = False
    computes = SQLITE.name

    def __init__(self, path: Path) -> None:
        self.path = path
        self.local_path = LocalPath(path)
        self.staged: Path | None = None
        self.new = False
        self.connection: Any = None
        self.there = ExistingTables({}, {})
        self.made: list[Table] = []
        self.used: list[Table] = []
        self.commits = PeriodicCommits(CheckpointTable(SQLITE), str(path))

    def left(self) -> Mapping[str, Any] | None:
        if not self.path.is_file():
            return None
        try:
            with closing(connect(self.path, patience=1)) as connection:
                found = checkpoint(connection)
                return found.manifest if found else None
        except errors().classes as error:
            raise _refused(self.path, error) from error

    def commit(self, table: Table, done: TableProgress, rows: int) -> None:
        self.commits.advance(self._run, table, done, rows, [each.name for each in self.made], ())
        self._run("COMMIT")
        self.committed = True
        self._run("BEGIN IMMEDIATE")

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        fault = file_fault(self.path)
        if fault:
            return [Problem(("target",), fault, next_step(fault))]
        for path in leftovers(self.path):
            path.unlink(missing_ok=True)
        try:
            self.there = existing_tables(self.path, tables) if self.path.exists() else ExistingTables({}, {})
            problems = self._stopped(tables, mode)
            self.there = self.commits.cleared(self.there)
            held = self._held(tables, mode)
        except errors().classes as error:
            return [problem(self.path, error)]
        return problems or [*faults(tables, mode, self.there, SQLITE), *held]

    def _held(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        if self.commits.going_on or not self.path.exists():
            return []
        with closing(connect(self.path, patience=1)) as connection:
            return tables_with_rows(tables, mode, self.there, SQLITE, lambda sql: connection.execute(sql).fetchall())

    def _stopped(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        """What of a run that was stopped half-way is in the way of this one."""
        if not self.path.exists():
            return self.commits.faults(None, tables, mode, ())
        with closing(connect(self.path, patience=1)) as connection:
            asked = [table.name for table in tables if self.commits.resume and table.name in self.there.columns]
            queries = {name: f"SELECT 1 FROM {SQLITE.table(name)} LIMIT 1" for name in asked}
            filled = [name for name, sql in queries.items() if connection.execute(sql).fetchall()]
            problems = self.commits.faults(checkpoint(connection), tables, mode, filled)
        self.committed = self.commits.going_on
        return problems

    def existing(self, wanted: Sequence[ExistingRowsQuery]) -> list[ExistingRows | None]:
        if not self.path.is_file():
            return [None for _ in wanted]
        try:
            with closing(connect_to_read(self.path)) as connection:
                names = {
                    row[0].lower() for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
                }
                return [
                    each.existing(arrow_table(connection.execute(each.sql(SQLITE))))
                    if each.table.name.lower() in names
                    else None
                    for each in wanted
                ]
        except errors().classes as error:
            raise _refused(self.path, error) from error

    def prepare(self, table: Table, mode: Mode) -> None:
        self._open()
        self.used.append(table)
        if self.commits.going_on:
            self.made += [table] if table.name not in self.there.columns else []
        elif table.name not in self.there.columns:
            self._run(create_table(table, SQLITE, frozenset({PRIMARY_KEY, FOREIGN_KEY})), table.name)
            self.made.append(table)
        elif mode is Mode.TRUNCATE_THEN_INSERT:
            self._run(f"DELETE FROM {SQLITE.table(table.name)}")

    def _open(self) -> None:
        if self.connection is not None:
            return
        self.new = self.commits.active and not self.path.exists()
        if not self.new and not self.path.exists():
            self.staged = staged(self.path)
        self.connection = connect_to_write(self.staged or self.path)
        # Before the transaction, in which some of these do nothing.
        for pragma in (_NEW if self.staged else _LASTING if self.commits.active else ()) + _ALWAYS:
            self._run(f"PRAGMA {pragma}")
        # As a writer at once: a transaction that becomes one later fails where another was faster.
        self._run("BEGIN IMMEDIATE")
        if self.commits.discards and self.commits.left is not None:
            for name in (*self.commits.left.made, NAME):
                self._run(f"DROP TABLE IF EXISTS {SQLITE.table(name)}")

    def _run(self, sql: str, table: str = "") -> list[tuple[Any, ...]]:
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall())
        except errors().classes as error:
            raise _refused(self.path, error, table) from error

    def existed(self, table: Table) -> bool:
        return table.name in self.there.columns

    def encode(self, table: Table, batch: pa.RecordBatch) -> pa.RecordBatch:
        existing = {column.name: column.declared for column in self.there.columns.get(table.name, ())}
        types, batch = with_hex(table, batch, hex_columns(table, SQLITE.name, existing))
        arrays = [_storable(plain(array), type) for array, type in zip(batch.columns, types, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, names=list(table.names))

    def write(self, table: Table, parts: Iterable[pa.RecordBatch]) -> None:
        stream = RecordStream(parts)
        if stream.empty:
            return
        try:
            with self.connection.cursor() as cursor:
                cursor.adbc_ingest(table.name, stream.reader(), mode="append")
        except errors().classes as error:
            # What stopped the batches says more than what the driver makes of it.
            stream.raise_first()
            raise _refused(self.path, error, table.name) from error

    def finish(self) -> None:
        if self.connection is None:
            return
        for table in self.made:
            # An index over rows that are there is built in one go, and a constraint would be kept up row by row.
            for constraint in constraints(table, SQLITE, frozenset({UNIQUE})):
                self._run(unique_index(table, constraint, SQLITE), table.name)
        if len(self.made) < len(self.used):  # rows beside older ones; among new tables links hit by construction
            for table in self.used:
                self._check_references(table)
        self.commits.end(self._run)
        self._run("COMMIT")
        self.new = False
        self._close()
        if self.staged is not None:
            rename_new(self.staged, self.path)
            self.staged = None

    def _check_references(self, table: Table) -> None:
        broken = self._run(f"PRAGMA foreign_key_check({SQLITE.quote(table.name)})") if table.references else []
        if broken:
            what = f"{len(broken)} rows refer to rows of {broken[0][2]} that don't exist"
            raise TargetError(Problem(("target", table.name), what))

    def _close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def abort(self) -> None:
        if self.connection is not None:
            with suppress(Exception):
                self._run("ROLLBACK")
            with suppress(Exception):
                self._close()
        self.connection = None
        if self.staged is not None:
            self.staged.unlink(missing_ok=True)
            self.staged = None
        elif self.new and not self.committed:
            self.path.unlink(missing_ok=True)
        self.new = False


def _refused(path: Path, error: BaseException, table: str = "") -> TargetError:
    return TargetError(problem(path, error, table))


def _storable(array: pa.Array, type: Type) -> pa.Array:
    """A column in one of the Arrow types SQLite can store: integers, double, text and bytes."""
    if type.kind == "decimal" and type.precision > DOUBLE_DIGITS:
        return pc.cast(array, pa.string())
    return _STORE[type.kind](array, type)


_STORE: dict[str, Callable[[pa.Array, Type], pa.Array]] = {
    **dict.fromkeys(INTEGERS | {"bool"}, lambda array, type: pc.cast(array, pa.int64())),
    **dict.fromkeys(TEXTS | {"json", "binary"}, lambda array, type: array),
    **dict.fromkeys(NESTED, json_text),
    "ubigint": lambda array, type: pc.cast(array, pa.string()),
    "float": lambda array, type: pc.cast(array, pa.float64()),
    "double": lambda array, type: array,
    "decimal": lambda array, type: decimal_to_double(array),
    "uuid": lambda array, type: uuid_text(array),
    "date": lambda array, type: pc.cast(array, pa.string()),
    "time": lambda array, type: time_text(array),
    "timestamp": lambda array, type: timestamp_text(array),
    "timestamptz": lambda array, type: timestamp_text(array),
}
