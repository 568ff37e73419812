"""ClickHouse, a server's or embedded (chdb): rows go into staging tables, which take the tables' places in the end.

A new table's staging table is renamed; one that is emptied is exchanged for it; appended rows are moved as parts. Each
of these is atomic for one table, and the first two are undone where a later one fails. ClickHouse keeps no keys: its
primary key sorts.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from sdgen.databases import loading as staging
from sdgen.databases.clickhouse import encode as clickrows
from sdgen.databases.clickhouse.connection import Embedded, Engine, Remote, fetch_rows
from sdgen.databases.clickhouse.create import column_type, create_table
from sdgen.databases.clickhouse.dialect import CLICKHOUSE
from sdgen.databases.clickhouse.encode import EncodedBatch, Layout
from sdgen.databases.clickhouse.introspect import ExistingTable, QualifiedName, engine_faults, existing_tables
from sdgen.databases.existing_tables import ExistingRowsQuery, ExistingTables, faults, tables_with_rows
from sdgen.errors import Problem, TargetError
from sdgen.scenario.request import ExistingRows
from sdgen.targets.base import Mode, Table, at_table

_INSERT_ROWS, _INSERT_BYTES = 1 << 20, 1 << 28  # ClickHouse wants large inserts: each makes parts of its own


@dataclass(frozen=True)
class Staged:
    """A table of the run and the staging table with its new rows."""

    table: Table
    name: QualifiedName
    staging: QualifiedName
    existing: ExistingTable | None
    emptied: bool


class ClickHouse:
    """A database of ClickHouse's."""

    takes_tables_at_once = False

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.local_path = engine.local_path
        self.there: dict[QualifiedName, ExistingTable] = {}
        self.staged: dict[str, Staged] = {}
        self.layouts: dict[str, Layout] = {}
        self.extra: list[QualifiedName] = []
        self.made: list[str] = []
        self.undo: list[str] = []
        self.wide = False

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        fault = self.engine.fault()
        if fault:
            return [Problem(("target",), fault)]
        try:
            if self.engine.exists():
                self.there = existing_tables(self.engine, [self._name(table.name) for table in tables])
                self._sweep({self._name(table.name)[0] for table in tables})
        except TargetError as error:
            return list(error.problems)
        existing = {table.name: self.there.get(self._name(table.name)) for table in tables}
        there = ExistingTables({name: each.found for name, each in existing.items() if each is not None}, {})
        problems = [
            *faults(tables, mode, there, CLICKHOUSE),
            *tables_with_rows(tables, mode, there, CLICKHOUSE, self._rows),
        ]
        for table in tables:
            found = existing[table.name]
            problems += engine_faults(table, found, table.mode_in(mode)) if found is not None else ()
        return problems

    def _rows(self, sql: str) -> list[list[str]]:
        return fetch_rows(self.engine, sql)

    def existing(self, wanted: Sequence[ExistingRowsQuery]) -> list[ExistingRows]:
        fault = self.engine.fault()
        if fault:
            raise TargetError(Problem(("target",), fault))
        there = (
            existing_tables(self.engine, [self._name(each.table.name) for each in wanted])
            if self.engine.exists()
            else {}
        )
        return [self._existing(each) if self._name(each.table.name) in there else ExistingRows(0) for each in wanted]

    def _existing(self, wanted: ExistingRowsQuery) -> ExistingRows:
        found = pa.ipc.open_stream(self.engine.fetch(wanted.sql(CLICKHOUSE), "ArrowStream"))
        return wanted.existing(found.read_all())

    def _name(self, table: str) -> QualifiedName:
        database, name = CLICKHOUSE.split(table)
        return database or self.engine.database, name

    def _sweep(self, databases: Iterable[str]) -> None:
        """Drop the staging tables of processes of this machine that are no more."""
        listed = ", ".join(map(CLICKHOUSE.literal, databases))
        like = f"startsWith(name, {CLICKHOUSE.literal(staging.PREFIX)})"
        sql = f"SELECT database, name FROM system.tables WHERE database IN ({listed}) AND {like}"
        for database, name in fetch_rows(self.engine, sql):
            if staging.is_left_over(name):
                self._drop((database, name))

    def _drop(self, name: QualifiedName) -> None:
        # Without SYNC a database of the engine Atomic removes the table's data some time later.
        self.engine.fetch(f"DROP TABLE IF EXISTS {_sql(name)} SYNC")

    def prepare(self, table: Table, mode: Mode) -> None:
        if not self.staged:
            # Older servers know no such year, and answer with the nearest that they have.
            self.wide = fetch_rows(self.engine, "SELECT toString(toYear(toDate32('0100-01-01')))") == [["100"]]
        name = self._name(table.name)
        existing = self.there.get(name)
        place = self._fresh(name[0])
        emptied = mode is Mode.TRUNCATE_THEN_INSERT
        self.staged[table.name] = Staged(table, name, place, existing, emptied)
        try:
            if existing is None:
                self._create_database(name[0])
                self.engine.fetch(create_table(table, _sql(place)))
            else:
                self.engine.fetch(_like(place, name, existing))
        except TargetError as error:
            raise at_table(error, table.name) from error
        self._lay_out(table, place)

    def _fresh(self, database: str) -> QualifiedName:
        return database, staging.new_staging_name(len(self.staged) + len(self.extra))

    def _create_database(self, database: str) -> None:
        known = fetch_rows(self.engine, f"SELECT 1 FROM system.databases WHERE name = {CLICKHOUSE.literal(database)}")
        if not known:
            self.engine.fetch(f"CREATE DATABASE {CLICKHOUSE.quote(database)}")
            self.made.append(database)

    def _lay_out(self, table: Table, place: QualifiedName) -> None:
        columns = [(column.name, column.type) for column in table.columns]
        there = existing_tables(self.engine, [place])[place].columns
        settings = Layout(table.name, (), self.engine.text_uuids, self.wide)
        self.layouts[table.name] = clickrows.layout(table.name, columns, there, settings)

    def existed(self, table: Table) -> bool:
        return self._name(table.name) in self.there

    def encode(self, table: Table, batch: pa.RecordBatch) -> EncodedBatch:
        layout = self.layouts.get(table.name) or _unprepared(table)
        return clickrows.encode(layout, batch)

    def write(self, table: Table, parts: Iterable[EncodedBatch]) -> None:
        rows = iter(parts)
        into, names = _sql(self.staged[table.name].staging), self.layouts[table.name].names
        # `_stream` takes further parts from the same iterator, so that each turn of this loop is one insert.
        for first in rows:
            sent = [0]
            try:
                written = self.engine.insert(into, names, _stream(first, rows, sent))
            except TargetError as error:
                raise at_table(error, table.name) from error
            if written != sent[0]:
                what = f"ClickHouse took {written:,} of {sent[0]:,} rows"
                raise TargetError(Problem(("target", table.name), what))

    def finish(self) -> None:
        for staged in self.staged.values():
            # What can be undone comes first. Rows that were appended can't be taken back, so that they come last of
            # all.
            if staged.existing is None:
                there, here = _sql(staged.name), _sql(staged.staging)
                self._do(staged, f"RENAME TABLE {here} TO {there}", f"RENAME TABLE {there} TO {here}")
        for staged in self.staged.values():
            if staged.existing is not None and staged.emptied:
                self._replace(staged, staged.existing)
        for staged in self.staged.values():
            if staged.existing is not None and not (staged.emptied and _whole(staged.existing)):
                self._move(staged, staged.existing)
        # All tables are in their places: nothing is taken back from here on.
        self.undo, self.made = [], []
        with suppress(TargetError):  # the rows are there; what is left over goes with the next run
            self._clear()
        self.engine.keep()

    def _do(self, staged: Staged, sql: str, undo: str = "") -> None:
        try:
            self.engine.fetch(sql)
        except TargetError as error:
            raise at_table(error, staged.table.name) from error
        if undo:
            self.undo.append(undo)

    def _replace(self, staged: Staged, existing: ExistingTable) -> None:
        """Empty a table that is there: by an exchange that can be undone, where its engine has one."""
        name = _sql(staged.name)
        if not existing.exchangeable:
            self._do(staged, f"TRUNCATE TABLE {name}")
            return
        other = staged.staging
        if existing.feeds:  # its views are to see the new rows: they come by an insert, into an empty table
            other = self._fresh(staged.name[0])
            self.extra.append(other)
            self._do(staged, f"CREATE TABLE {_sql(other)} AS {name}")
        exchange = f"EXCHANGE TABLES {_sql(other)} AND {name}"
        # The same statement once more puts both tables back.
        self._do(staged, exchange, exchange)

    def _move(self, staged: Staged, existing: ExistingTable) -> None:
        """Add the new rows to a table that is there: as parts, or by an insert that fills its views."""
        here, there = _sql(staged.staging), _sql(staged.name)
        if existing.feeds or not existing.parts:
            names = ", ".join(map(CLICKHOUSE.quote, self.layouts[staged.table.name].names))
            self._do(staged, f"INSERT INTO {there} ({names}) SELECT {names} FROM {here}")
            return
        where = (
            f"database = {CLICKHOUSE.literal(staged.staging[0])} AND table = {CLICKHOUSE.literal(staged.staging[1])}"
        )
        ids = fetch_rows(self.engine, f"SELECT DISTINCT partition_id FROM system.parts WHERE active AND {where}")
        moves = ", ".join(f"ATTACH PARTITION ID {CLICKHOUSE.literal(each)} FROM {here}" for (each,) in ids)
        if moves:
            self._do(staged, f"ALTER TABLE {there} {moves}")

    def _clear(self) -> None:
        for name in [*(staged.staging for staged in self.staged.values()), *self.extra]:
            self._drop(name)
        self.staged, self.extra = {}, []

    def abort(self) -> None:
        for sql in reversed(self.undo):
            with suppress(TargetError):
                self.engine.fetch(sql)
        if self.staged:
            with suppress(TargetError):
                self._clear()
        for database in self.made:
            with suppress(TargetError):
                self.engine.fetch(f"DROP DATABASE IF EXISTS {CLICKHOUSE.quote(database)} SYNC")
        self.undo, self.made, self.staged, self.extra = [], [], {}, []
        self.engine.discard()


def embedded(path: Path) -> ClickHouse:
    """The ClickHouse engine inside this process, on a folder (the package chdb)."""
    return ClickHouse(Embedded(path))


def remote(url: str) -> ClickHouse:
    """A ClickHouse server, over HTTP (the package clickhouse-connect)."""
    return ClickHouse(Remote(url))


def _sql(name: QualifiedName) -> str:
    return ".".join(map(CLICKHOUSE.quote, name))


def _like(place: QualifiedName, name: QualifiedName, existing: ExistingTable) -> str:
    """A staging table with the columns of one that is there; of its engine too, where that keeps rows of its own."""
    engine = "" if existing.exchangeable else " ENGINE = MergeTree ORDER BY tuple()"
    return f"CREATE TABLE {_sql(place)} AS {_sql(name)}{engine}"


def _whole(existing: ExistingTable) -> bool:
    """The staging table itself takes the place of the one that is there."""
    return existing.exchangeable and not existing.feeds


def _stream(first: EncodedBatch, others: Iterator[EncodedBatch], sent: list[int]) -> Generator[bytes, None, None]:
    """One insert's Arrow stream; `sent` counts its rows."""
    yield first.head
    part: EncodedBatch | None = first
    size = 0
    while part is not None:
        yield part.message.to_pybytes()
        sent[0] += part.rows
        size += part.message.size
        part = next(others, None) if sent[0] < _INSERT_ROWS and size < _INSERT_BYTES else None
    yield clickrows.END


def _unprepared(table: Table) -> Layout:
    """The layout of a table as it would be made: for an estimate, which prepares nothing."""
    columns = [(column.name, column.type) for column in table.columns]
    there = {column.name: column_type(table, column) for column in table.columns}
    return clickrows.layout(table.name, columns, there, Layout(table.name, (), False, True))
