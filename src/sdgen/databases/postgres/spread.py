"""PostgreSQL, filled by tasks on other machines: each COPYs its spans into staging tables that the run takes over.

    _sdgen_…_0.spans   the spans that are there: a row of it is committed with the span's rows
    _sdgen_…_1.orders  a staging table for each table, without keys

So a span that was done twice is there once: its second row breaks the key, and its rows go with it. In the end one
transaction moves the tables that are new to their schema, and copies the rows of those that were there; the rest is as
in any run. Tasks commit without waiting for the server's log: what a crash of the server takes back is missed then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sdgen.databases import loading
from sdgen.databases.checkpoint_table import Run
from sdgen.databases.create_table import create_table
from sdgen.databases.dialect import literal
from sdgen.databases.postgres.connection import connect, errors, problem, search_path
from sdgen.databases.postgres.copy_rows import RowFormat
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.errors import Problem, TargetError
from sdgen.targets.base import Mode, Receipt, Span, Table
from sdgen.targets.file_checkpoint import TableProgress

if TYPE_CHECKING:
    import psycopg

    from sdgen.databases.postgres.target import Postgres

_LOCAL = {"timezone": "UTC", "datestyle": "ISO", "synchronous_commit": "off"}


@dataclass(frozen=True)
class PostgresPartWriter:
    """Writes spans into staging tables. tables: where, and in which form, by entity. mark: of its connections."""

    url: str = field(repr=False)
    mark: str
    tables: Mapping[str, tuple[str, RowFormat]]
    spans: str

    def write(self, table: Table, span: Span, batches: Iterable[pa.RecordBatch]) -> Receipt:
        where, form = self.tables[span.entity]
        parts = (form.encode(table, batch) for batch in batches)
        with self._translated(table), connect(self.url, name=self.mark) as connection:
            for name, value in _LOCAL.items():
                connection.execute(f"SET LOCAL {name} = {literal(value)}".encode())
            form.copy(connection, where, table.names, parts)
            # Where another attempt at the span has not ended yet, this waits for its commit or its end.
            added = f"INSERT INTO {self.spans} VALUES (%s, %s, %s) ON CONFLICT DO NOTHING".encode()
            if not connection.execute(added, (span.entity, span.start, span.stop)).rowcount:
                connection.rollback()  # another attempt was faster
        return Receipt(span)

    @contextmanager
    def _translated(self, table: Table) -> Iterator[None]:
        """A connection that was lost or refused is worth another attempt; what the server says of rows is not."""
        from psycopg import OperationalError

        try:
            yield
        except OperationalError as error:
            raise ConnectionError(problem(error, self.url).what) from None
        except errors().classes as error:
            raise TargetError(problem(error, self.url, ("target", table.name))) from None


class SpreadPostgres:
    """The driver's side; `target` is the one that looks at the database, and finishes there."""

    def __init__(self, target: Postgres) -> None:
        self.target = target
        self.url = target.url
        self._staged: dict[Table, str] = {}
        self._schemas: dict[tuple[str, ...], str] = {}
        self._taken = 0

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        return self.target.check(tables, mode)

    def prepare(self, table: Table, mode: Mode) -> None:
        """Make the table's staging table, which others see at once."""
        schema, name = POSTGRES.split(table.name)
        with self._translated(), self._own_connection() as connection:
            if not self._schemas:
                self._begin(connection)
            staging = self._make_schema(connection, (schema,))
            where = f"{POSTGRES.quote(staging)}.{POSTGRES.quote(name)}"
            if self.target.existed(table):
                # Unlogged, as these rows are copied in the end. The staging table of a new table becomes that table,
                # and is logged.
                columns = ", ".join(POSTGRES.quote(each) for each in table.names)
                source = f"SELECT {columns} FROM {POSTGRES.table(table.name)} WITH NO DATA"
                connection.execute(f"CREATE UNLOGGED TABLE {where} AS {source}".encode())
            else:
                staged = replace(table, name=f"{staging}.{name}")
                connection.execute(create_table(staged, POSTGRES, frozenset()).encode())
        self._staged[table] = where

    def _begin(self, connection: psycopg.Connection[Any]) -> None:
        """Remove what killed runs of this machine left, and make the table of spans."""
        found = connection.execute(b"SELECT nspname FROM pg_namespace WHERE nspname LIKE '\\_sdgen\\_%'").fetchall()
        for (name,) in found:
            if loading.is_left_over(name):
                connection.execute(f"DROP SCHEMA {POSTGRES.quote(name)} CASCADE".encode())
        where = self._make_schema(connection, ())
        columns = "entity text, start bigint, stop bigint, PRIMARY KEY (entity, start)"
        connection.execute(f"CREATE TABLE {POSTGRES.quote(where)}.spans ({columns})".encode())

    def _make_schema(self, connection: psycopg.Connection[Any], key: tuple[str, ...]) -> str:
        """The staging schema for the tables of a schema, which keep their names; of no schema, for the spans."""
        if key not in self._schemas:
            name = loading.new_staging_name(len(self._schemas))
            connection.execute(f"CREATE SCHEMA {POSTGRES.quote(name)}".encode())
            self._schemas[key] = name
        return self._schemas[key]

    @property
    def _spans(self) -> str:
        return f"{POSTGRES.quote(self._schemas[()])}.spans"

    @property
    def _mark(self) -> str:
        """The name of the tasks' connections, by which they are known."""
        return self._schemas[()]

    @contextmanager
    def _own_connection(self) -> Iterator[psycopg.Connection[Any]]:
        """A short transaction of its own: staging tables must be seen by others before the run's own ends."""
        with connect(self.url) as connection:
            if self.target.schema:
                connection.execute(f"SET LOCAL search_path = {search_path(self.target.schema)}".encode())
            yield connection

    def part_writer(self) -> PostgresPartWriter:
        self.target.let_go()  # rows may take hours, and idle connections are cut
        tables = {table.entity: (where, self.target.format_of(table)) for table, where in self._staged.items()}
        return PostgresPartWriter(self.url, self._mark, tables, self._spans)

    def take(self, table: Table, receipt: Receipt) -> None:
        self._taken += 1

    def finish(self, done: Mapping[str, TableProgress]) -> None:
        """In one transaction: take the staging tables over, then constraints and commit as in any run."""
        with self._translated():
            # Before spans are counted: a task that was taken for dead must not commit after that.
            self._end_tasks()
        self.target.take_over(self._staged, self._schemas.values(), self._check_spans)
        self.target.finish()
        self._schemas.clear()

    def _check_spans(self, run: Run) -> None:
        """That the server has kept what tasks committed."""
        kept = run(f"SELECT count(*) FROM {self._spans}")[0][0]
        if kept != self._taken:
            what = f"the server has {kept:,} of {self._taken:,} spans that were committed: it has crashed meanwhile"
            raise TargetError(Problem(("target",), what, "run it again"))

    def _end_tasks(self) -> None:
        """End the connections of tasks that still run, though their spans are done or not wanted any more."""
        with connect(self.url, autocommit=True) as connection:
            sql = b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
            connection.execute(sql, (self._mark,))

    def abort(self) -> None:
        self.target.abort()
        if self._schemas:
            with suppress(Exception):  # a server that is away keeps them for the next run to remove
                self._end_tasks()
                with connect(self.url, autocommit=True) as connection:
                    for name in self._schemas.values():
                        connection.execute(f"DROP SCHEMA IF EXISTS {POSTGRES.quote(name)} CASCADE".encode())
            self._schemas.clear()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except errors().classes as error:
            raise TargetError(problem(error, self.url)) from error
