"""SQLite: one transaction, rows taken from Arrow batches by the ADBC driver.

A new database is made under a hidden name beside its own, with the journal off, and renamed at the end. One that
exists is changed in an ordinary transaction, so that even a killed run leaves it as it was. A run that commits as it
goes writes to the file itself, new or not, in ordinary transactions. SQLite can't add primary and foreign keys to a
table: they are declared with it; foreign keys are checked before the commit, at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sdgen.databases.checkpoint_table import NAME, Commits, CommitsAsItGoes, Ledger, Progress
from sdgen.databases.create_table import constraints, create_table, unique_index
from sdgen.databases.dialect import FOREIGN_KEY, PRIMARY_KEY, UNIQUE
from sdgen.databases.existing_tables import Found, There, Wanted, faults, holding
from sdgen.databases.record_stream import Stream
from sdgen.databases.refusals import next_step
from sdgen.databases.sqlite.dialect import DOUBLE_DIGITS, SQLITE
from sdgen.errors import Problem, TargetError
from sdgen.generators.arrays.cast import decimal_to_double
from sdgen.generators.arrays.encode_text import json_text, time_text, timestamp_text, uuid_text
from sdgen.scenario.request import ExistingRows
from sdgen.scenario.types import INTEGERS, NESTED, TEXTS, Type
from sdgen.targets.base import Mode, Table
from sdgen.targets.columnar import plain
from sdgen.targets.file_checkpoint import Done
from sdgen.targets.paths import file_fault, leftovers, renamed_new, staged
from sdgen.targets.writer_lock import LocalPlace

_NEW = ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE")
_LASTING = ("synchronous = NORMAL", "locking_mode = EXCLUSIVE")
_ALWAYS = ("cache_size = -131072", "temp_store = MEMORY", "foreign_keys = OFF")


class SQLite(CommitsAsItGoes):
    """A database file."""

    takes_tables_at_once = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.local_place = LocalPlace(path)
        self.staged: Path | None = None
        self.new = False
        self.connection: Any = None
        self.there = There({}, {})
        self.made: list[Table] = []
        self.used: list[Table] = []
        self.commits = Commits(Ledger(SQLITE), str(path))

    def left(self) -> Mapping[str, Any] | None:
        if not self.path.is_file():
            return None
        try:
            with closing(sqlite3.connect(self.path, timeout=1)) as connection:
                found = _left(connection)
                return found.manifest if found else None
        except sqlite3.Error as error:
            raise _refused(self.path, error) from error

    def commit(self, table: Table, done: Done, rows: int) -> None:
        self.commits.note(self._run, table, done, rows, [each.name for each in self.made], ())
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
            self.there = _look(self.path, tables) if self.path.exists() else There({}, {})
            problems = self._stopped(tables, mode)
            self.there = self.commits.cleared(self.there)
            held = self._held(tables, mode)
        except sqlite3.Error as error:
            return [_unusable(self.path, str(error))]
        return problems or [*faults(tables, mode, self.there, SQLITE), *held]

    def _held(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        if self.commits.going_on or not self.path.exists():
            return []
        with closing(sqlite3.connect(self.path, timeout=1)) as connection:
            return holding(tables, mode, self.there, SQLITE, lambda sql: connection.execute(sql).fetchall())

    def _stopped(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        """What of a run that was stopped half-way is in the way of this one."""
        if not self.path.exists():
            return self.commits.faults(None, tables, mode, ())
        with closing(sqlite3.connect(self.path, timeout=1)) as connection:
            asked = [table.name for table in tables if self.commits.resume and table.name in self.there.columns]
            queries = {name: f"SELECT 1 FROM {SQLITE.table(name)} LIMIT 1" for name in asked}
            filled = [name for name, sql in queries.items() if connection.execute(sql).fetchall()]
            problems = self.commits.faults(_left(connection), tables, mode, filled)
        self.committed = self.commits.going_on
        return problems

    def existing(self, wanted: Sequence[Wanted]) -> list[ExistingRows | None]:
        if not self.path.is_file():
            return [None for _ in wanted]
        try:
            with closing(
                sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
            ) as connection:
                names = {row[0].lower() for row in connection.execute("SELECT name FROM sqlite_schema")}
                return [_existing(connection, each) if each.table.name.lower() in names else None for each in wanted]
        except sqlite3.Error as error:
            raise _refused(self.path, error) from error

    def prepare(self, table: Table, mode: Mode) -> None:
        self._open()
        self.used.append(table)
        if self.commits.going_on:
            self.made += [table] if table.name not in self.there.columns else []
        elif table.name not in self.there.columns:
            self._run(create_table(table, SQLITE, frozenset({PRIMARY_KEY, FOREIGN_KEY})))
            self.made.append(table)
        elif mode is Mode.TRUNCATE_THEN_INSERT:
            self._run(f"DELETE FROM {SQLITE.table(table.name)}")

    def _open(self) -> None:
        if self.connection is not None:
            return
        from adbc_driver_sqlite import dbapi

        self.new = self.commits.active and not self.path.exists()
        if not self.new and not self.path.exists():
            self.staged = staged(self.path)
        self.connection = dbapi.connect(str(self.staged or self.path), autocommit=True)
        for pragma in (_NEW if self.staged else _LASTING if self.commits.active else ()) + _ALWAYS:
            self._run(f"PRAGMA {pragma}")
        self._run("BEGIN IMMEDIATE")
        if self.commits.discards and self.commits.left is not None:
            for name in (*self.commits.left.made, NAME):
                self._run(f"DROP TABLE IF EXISTS {SQLITE.table(name)}")

    def _run(self, sql: str) -> list[tuple[Any, ...]]:
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall())
        except self.connection.Error as error:
            raise _refused(self.path, error) from error

    def existed(self, table: Table) -> bool:
        return table.name in self.there.columns

    def encode(self, table: Table, batch: pa.RecordBatch) -> pa.RecordBatch:
        pairs = zip(batch.columns, table.columns, strict=True)
        arrays = [_storable(plain(array), column.type) for array, column in pairs]
        return pa.RecordBatch.from_arrays(arrays, names=list(table.names))

    def write(self, table: Table, parts: Iterable[pa.RecordBatch]) -> None:
        stream = Stream(parts)
        if stream.empty:
            return
        try:
            with self.connection.cursor() as cursor:
                cursor.adbc_ingest(table.name, stream.reader(), mode="append")
        except self.connection.Error as error:
            stream.raise_first()
            raise _refused(self.path, error) from error

    def finish(self) -> None:
        if self.connection is None:
            return
        for table in self.made:
            for constraint in constraints(table, SQLITE, frozenset({UNIQUE})):
                self._run(unique_index(table, constraint, SQLITE))
        if len(self.made) < len(self.used):  # rows beside older ones; among new tables links hit by construction
            for table in self.used:
                self._check_references(table)
        self.commits.end(self._run)
        self._run("COMMIT")
        self.new = False
        self._close()
        if self.staged is not None:
            renamed_new(self.staged, self.path)
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


def _left(connection: sqlite3.Connection) -> Progress | None:
    """What a run that was stopped half-way left in a database."""
    there = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (NAME,)).fetchall()
    return Ledger(SQLITE).read(lambda sql: connection.execute(sql).fetchall()) if there else None


def _look(path: Path, tables: Sequence[Table]) -> There:
    """The run's tables as they are in a database that exists; raises where it can't be written."""
    with closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        lower = {name.lower() for name in names}
        columns = {t.name: _columns(connection, t.name) for t in tables if t.name.lower() in lower}
        referrers: dict[str, list[str]] = {}
        for name in names:
            for row in connection.execute(f"PRAGMA foreign_key_list({SQLITE.quote(name)})"):
                referrers.setdefault(row[2], []).append(name)
        connection.execute("ROLLBACK")
    return There(columns, referrers)


def _existing(connection: sqlite3.Connection, wanted: Wanted) -> ExistingRows:
    cursor = connection.execute(wanted.sql(SQLITE))
    rows = cursor.fetchall()
    columns = zip(*rows, strict=True) if rows else ((),) * len(cursor.description)
    return wanted.existing(
        pa.table([pa.array(column) for column in columns], names=[row[0] for row in cursor.description])
    )


def _columns(connection: sqlite3.Connection, table: str) -> list[Found]:
    rows = connection.execute(f"PRAGMA table_info({SQLITE.quote(table)})").fetchall()
    alone = sum(1 for row in rows if row[5]) == 1
    return [
        Found(name, declared, not needed, default is not None or (bool(key) and alone and declared == "INTEGER"))
        for _, name, declared, needed, default, key in rows
    ]


def _unusable(path: Path, error: str) -> Problem:
    if "locked" in error:
        return Problem(("target",), f"{path} is in use by another process: {error}", "close it and try again")
    if "not a database" in error or "malformed" in error:
        return Problem(("target",), f"{path} is not a SQLite database: {error}", "choose another file")
    return Problem(("target",), f"{path}: {error}", next_step(error))


def _refused(path: Path, error: Exception) -> TargetError:
    return TargetError(_unusable(path, str(error)))


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
