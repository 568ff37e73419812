"""New tables of MySQL and MariaDB, filled by tasks: each loads its spans over a connection of its own.

    _sdgen_…_0, _sdgen_…_1   the staging tables of any run, without keys
    _sdgen_…_2               the spans that are there: a row of it is committed with the span's rows

So a span that was done twice is there once: its second row breaks the key, and its rows are rolled back. The end is
that of any run: keys, foreign keys, and one statement that renames all tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from sdgen.databases import loading
from sdgen.databases.mysql import load as lines
from sdgen.databases.mysql.connection import MySQLConnection
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.databases.mysql.load import load_data, sql_name
from sdgen.errors import Problem, TargetError
from sdgen.targets.base import Mode, Receipt, Span, Table
from sdgen.targets.file_checkpoint import TableProgress

if TYPE_CHECKING:
    from sdgen.databases.mysql.target import MySQL

_SPANS = """(entity VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, start BIGINT, stop BIGINT,
    PRIMARY KEY (entity, start)) ENGINE = InnoDB"""
_TRANSIENT = frozenset({1205, 1213, 2003, 2006, 2013})  # waits that were too long, deadlocks, connections that are lost


@dataclass(frozen=True)
class MySQLPartWriter:
    """Writes spans into staging tables. into: their names, by entity. spans: the table of spans."""

    url: str = field(repr=False)
    into: Mapping[str, str]
    spans: str

    def write(self, table: Table, span: Span, batches: Iterable[pa.RecordBatch]) -> Receipt:
        declared = {column.name: column.target.get(MYSQL.name, "").lower() for column in table.columns}
        # By the comment the driver knows the connections of its tasks.
        statement = load_data(table, self.into[span.entity], declared) + f" -- {self.spans}"
        sent = 0

        def encoded() -> Iterator[pa.Buffer]:
            nonlocal sent
            for batch in batches:
                sent += len(batch)
                types, batch = loading.with_hex(table, batch, loading.hex_columns(table, MYSQL.name, declared))
                yield lines.encode(types, batch)

        connection = MySQLConnection(self.url)
        try:
            with closing(connection):
                connection.run("START TRANSACTION")
                taken = connection.load(statement, encoded())
                if taken != sent:
                    raise TargetError(Problem(("target", table.name), f"MySQL took {taken:,} of {sent:,} rows"))
                values = f"{MYSQL.literal(span.entity)}, {span.start}, {span.stop}"
                # Where another attempt at the span has not ended yet, this waits for its commit or its end.
                connection.run(f"INSERT IGNORE INTO {self.spans} VALUES ({values})")
                added = connection.run("SELECT ROW_COUNT()")[0][0]
                connection.run("COMMIT" if added else "ROLLBACK")  # another attempt was faster
        except TargetError as error:
            cause = error.__cause__
            if cause is not None and cause.args[:1] and cause.args[0] in _TRANSIENT:
                raise ConnectionError(error.problems[0].what) from None
            raise
        return Receipt(span)


class SpreadMySQL:
    """The driver's side; `target` is the one that looks at the database, and finishes there."""

    def __init__(self, target: MySQL) -> None:
        self.target = target
        self.connection = target.connection
        self._spans = ""
        self._taken = 0

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        problems = self.target.check(tables, mode)
        for table in tables if not problems else ():
            if self.target.existed(table):
                hint = "leave the engine out, or drop the table"
                problems.append(Problem(("target", table.name), "exists, and an engine fills new tables alone", hint))
        if not problems and not self.connection.local:
            hint = "SET GLOBAL local_infile = 1, or leave the engine out"
            problems.append(Problem(("target",), "an engine needs LOAD DATA LOCAL, which this server refuses", hint))
        return problems

    def prepare(self, table: Table, mode: Mode) -> None:
        self.target.prepare(table, mode)
        if not self._spans:
            name = self.connection.database, loading.new_staging_name(len(self.target.tables))
            self.connection.run(f"CREATE TABLE {sql_name(name)} {_SPANS}")
            self._spans = sql_name(name)

    def part_writer(self) -> MySQLPartWriter:
        self.connection.close()  # rows may take hours, and idle connections are cut; the next statement connects again
        into = {new.final.entity: MYSQL.table(new.staging) for new in self.target.staged.values()}
        return MySQLPartWriter(self.connection.parts.geturl(), into, self._spans)

    def take(self, table: Table, receipt: Receipt) -> None:
        self._taken += 1

    def finish(self, done: Mapping[str, TableProgress]) -> None:
        # Before spans are counted: a task that was taken for dead must not commit after that.
        self._end_tasks()
        kept = self.connection.run(f"SELECT count(*) FROM {self._spans}")[0][0]
        if kept != self._taken:
            what = f"the server has {kept:,} of {self._taken:,} spans that were committed: it has crashed meanwhile"
            raise TargetError(Problem(("target",), what, "run it again"))
        self._drop_spans()
        self.target.finish()

    def _end_tasks(self) -> None:
        """End the connections of tasks that still run, though their spans are done or not wanted any more."""
        mark = MYSQL.literal(f"%{self._spans.rpartition('.')[2].strip('`')}%")
        sql = f"SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND info LIKE {mark}"
        for (number,) in self.connection.run(sql):
            with suppress(TargetError):  # it may have ended by itself
                self.connection.run(f"KILL {int(number)}")

    def _drop_spans(self) -> None:
        if self._spans:
            self.connection.run(f"DROP TABLE IF EXISTS {self._spans}")
        self._spans = ""

    def abort(self) -> None:
        with suppress(TargetError):  # a server that is away keeps them for the next run to remove
            if self._spans:
                self._end_tasks()
            self._drop_spans()
        self.target.abort()
