"""MySQL and MariaDB: rows by LOAD DATA; new tables under other names, renamed all at once in the end.

Statements that make tables end a transaction there, so that new tables are staging tables until all rows are in. Rows
for tables that exist go into one transaction, which keeps the foreign keys; those of tables that refer to each other
in a circle are checked at its end. A run that commits as it goes fills the tables themselves, new or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pyarrow as pa

from sdgen.databases import loading, sql_literals
from sdgen.databases.checkpoint_table import NAME, Checkpoint, CheckpointTable, CommittingTarget, PeriodicCommits
from sdgen.databases.create_table import Constraint, constraints, create_table, identity_of
from sdgen.databases.dialect import FOREIGN_KEY, PRIMARY_KEY, UNIQUE
from sdgen.databases.existing_tables import ExistingRowsQuery, ExistingTables, faults, tables_with_rows
from sdgen.databases.loading import hex_columns, with_hex
from sdgen.databases.mysql import load as mytext
from sdgen.databases.mysql.connection import MySQLConnection, QualifiedName
from sdgen.databases.mysql.create import fitted
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.databases.mysql.introspect import ExistingTable, ForeignKey, constraint_names, existing_tables
from sdgen.databases.mysql.load import EncodedRows, NewTable, engine_remark, load_data, orphans, sql_name, table_faults
from sdgen.databases.mysql.spread import SpreadMySQL
from sdgen.errors import Problem, TargetError
from sdgen.scenario.request import ExistingRows
from sdgen.targets.base import Mode, SpreadTarget, Table, at_table
from sdgen.targets.file_checkpoint import TableProgress

_TABLE = " ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4"
_STAGED = """SELECT table_schema, table_name FROM information_schema.tables
    WHERE table_schema IN ({schemas}) AND table_name LIKE '\\_sdgen\\_%'"""


class MySQL(CommittingTarget):
    """A database, given as a URL."""

    takes_tables_at_once = False
    computes = MYSQL.name

    def __init__(self, url: str) -> None:
        self.connection = MySQLConnection(url)
        self.tables: tuple[Table, ...] = ()
        self.there: dict[QualifiedName, ExistingTable] = {}
        self.staged: dict[str, NewTable] = {}
        self.created: list[NewTable] = []
        self.mode = Mode.CREATE_IF_MISSING
        self.begun = False
        self.remarks: tuple[str, ...] = ()
        self.present: frozenset[QualifiedName] = frozenset()
        self.commits = PeriodicCommits(CheckpointTable(MYSQL, MYSQL.quote(NAME), " FOR UPDATE"), "the database")

    def spread(self, manifest: Mapping[str, Any]) -> SpreadTarget:
        return SpreadMySQL(self)

    def takes_spans_at_once(self, tables: Sequence[Table], mode: Mode) -> bool:
        """Where all tables are new, as those that are there take rows in one transaction."""
        there = existing_tables(self.connection, [self.connection.qualified(table.name) for table in tables])
        return self.connection.local and not there and self._left() is None

    def left(self) -> Mapping[str, Any] | None:
        found = None if self.connection.fault() else self._left()
        return found.manifest if found else None

    def _left(self) -> Checkpoint | None:
        """What a run that was stopped half-way left; where one is just dying, after its last word."""
        there = existing_tables(self.connection, [(self.connection.database, NAME)])
        # The query locks what it reads until its transaction ends.
        found = self.commits.table.read(self.connection.run) if there else None
        self.connection.run("COMMIT")
        return found

    def commit(self, table: Table, done: TableProgress, rows: int) -> None:
        self.commits.advance(self.connection.run, table, done, rows, (), ())
        self.connection.run("COMMIT")
        self.committed = True
        self.connection.run("START TRANSACTION")

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        self.tables, self.mode = tuple(tables), mode
        fault = self.connection.fault()
        if fault:
            return [Problem(("target",), fault)]
        try:
            self.there = existing_tables(self.connection, [self.connection.qualified(table.name) for table in tables])
            self._sweep({self.connection.qualified(table.name)[0] for table in tables})
            stopped = self._stopped(tables, mode)
        except TargetError as error:
            return list(error.problems)
        if stopped:
            return stopped
        found = {
            table.name: self.there[self.connection.qualified(table.name)]
            for table in tables
            if self._exists(table.name)
        }
        referrers = {name: self._referrers(existing) for name, existing in found.items()}
        there = ExistingTables({name: existing.columns for name, existing in found.items()}, referrers)
        problems = faults(tables, mode, there, MYSQL)
        if not self.commits.going_on:
            problems += tables_with_rows(tables, mode, there, MYSQL, self.connection.run)
        for table in tables:
            problems += table_faults(table, found[table.name]) if table.name in found else ()
        remarks = (engine_remark(name, existing) for name, existing in found.items())
        self.remarks = tuple(filter(None, remarks))
        return problems

    def _stopped(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        """What of a run that was stopped half-way is in the way; what that one made is this one's, or goes."""
        asked = [table.name for table in tables if self.commits.resume and self._exists(table.name)]
        filled = [name for name in asked if self.connection.run(f"SELECT 1 FROM {MYSQL.table(name)} LIMIT 1")]
        problems = self.commits.faults(self._left(), tables, mode, filled)
        self.present = frozenset(self.there)
        gone = {self.connection.qualified(name) for name in self.commits.made}
        self.there = {place: existing for place, existing in self.there.items() if place not in gone}
        for existing in self.there.values():
            existing.referrers[:] = [key for key in existing.referrers if key.table not in gone]
        self.committed = self.commits.going_on
        return problems

    def _exists(self, table: str) -> bool:
        return self.connection.qualified(table) in self.there

    def _referrers(self, existing: ExistingTable) -> list[str]:
        own = self.connection.database
        places = {key.table for key in existing.referrers if key.table != key.parent}
        return [name if schema == own else f"{schema}.{name}" for schema, name in sorted(places)]

    def _sweep(self, schemas: Iterable[str]) -> None:
        """Drop the staging tables of processes of this machine that are no more."""
        sql = _STAGED.format(schemas=", ".join(map(MYSQL.literal, schemas)))
        self._drop([(schema, name) for schema, name in self.connection.run(sql) if loading.is_left_over(name)])

    def _drop(self, places: Sequence[QualifiedName]) -> None:
        if places:
            self.connection.run("SET foreign_key_checks = 0")
            # Staging tables may refer to each other in a circle, for which no order of dropping them would do.
            self.connection.run(f"DROP TABLE IF EXISTS {', '.join(map(sql_name, places))}")
            self.connection.run("SET foreign_key_checks = 1")

    def existing(self, wanted: Sequence[ExistingRowsQuery]) -> list[ExistingRows]:
        fault = self.connection.fault()
        if fault:
            raise TargetError(Problem(("target",), fault))
        there = existing_tables(self.connection, [self.connection.qualified(each.table.name) for each in wanted])
        return [
            self._existing(each) if self.connection.qualified(each.table.name) in there else ExistingRows(0)
            for each in wanted
        ]

    def _existing(self, wanted: ExistingRowsQuery) -> ExistingRows:
        return wanted.existing(self.connection.texts(wanted.sql(MYSQL)))

    def prepare(self, table: Table, mode: Mode) -> None:
        self._tell()
        if self._exists(table.name):
            return
        self._stage()
        new = self.staged[table.name]
        if self.commits.going_on and self.connection.qualified(table.name) in self.present:
            self.created.append(new)
        else:
            self._create(new, create_table(new.final, MYSQL, self._inline(new.final)))
        self._constrain(new, new.early)

    def _tell(self) -> None:
        """Where the run commits as it goes: say so before the first table is made, which can't be taken back."""
        if self.commits.discards:
            self._drop([self.connection.qualified(name) for name in (*self.commits.made, NAME)])
            self.commits.discards = False
        if self.commits.active and not self.commits.recorded:
            made = [table.name for table in self.tables if not self._exists(table.name)]
            self.commits.begin(self.connection.run, made, ())
            self.connection.run("COMMIT")

    def _create(self, new: NewTable, sql: str) -> None:
        final, place = MYSQL.table(new.final.name), MYSQL.table(new.staging)
        try:
            # The statement is that of the final name, so that its keys are called after it.
            self.connection.run(sql.replace(f"CREATE TABLE {final}", f"CREATE TABLE {place}", 1) + _TABLE)
        except TargetError as error:
            raise at_table(error, new.final.name) from error
        self.created.append(new)

    def _stage(self) -> None:
        """Names for all new tables, which refer to each other by them."""
        if self.staged:
            return
        new = [fitted(table) for table in self.tables if not self._exists(table.name)]
        names = {table.name: self._staging(table.name, number) for number, table in enumerate(new)}
        for table in new:
            links = tuple(replace(link, table=names.get(link.table, link.table)) for link in table.references)
            made = replace(table, references=links)
            keys = zip(constraints(made, MYSQL, frozenset({FOREIGN_KEY})), table.references, strict=True)
            early = tuple(key for key, link in keys if self._is_written_before(link.table, table))
            self.staged[table.name] = NewTable(made, names[table.name], early)

    def _is_written_before(self, parent: str, table: Table) -> bool:
        """Whether a table that exists has got its rows of the run when another is written."""
        names = [each.name for each in self.tables]
        return self._exists(parent) and names.index(parent) < names.index(table.name)

    def _staging(self, table: str, number: int) -> str:
        if self.commits.active:
            return table
        schema = MYSQL.split(table)[0]
        return f"{schema}.{loading.new_staging_name(number)}" if schema else loading.new_staging_name(number)

    def _mixed(self) -> bool:
        return any(self._exists(table.name) for table in self.tables)

    def _inline(self, table: Table) -> frozenset[str]:
        """Keys that can be added later are cheaper then; but not after rows of other tables were committed."""
        if self._mixed():
            return frozenset({PRIMARY_KEY, UNIQUE})
        # AUTO_INCREMENT must be of a key from the beginning.
        return frozenset({PRIMARY_KEY}) if identity_of(table, MYSQL) else frozenset[str]()

    def existed(self, table: Table) -> bool:
        return self._exists(table.name)

    def encode(self, table: Table, batch: pa.RecordBatch) -> EncodedRows:
        types, batch = with_hex(table, batch, hex_columns(table, MYSQL.name, self._declared(table)))
        if self.connection.local:
            return EncodedRows(mytext.encode(types, batch), len(batch))
        names = ", ".join(map(MYSQL.quote, table.names))
        insert = f"INSERT INTO {self._into(table)} ({names}) VALUES"
        return EncodedRows(sql_literals.encode(types, batch, insert, sql_literals.MYSQL), len(batch))

    def _into(self, table: Table) -> str:
        return MYSQL.table(self.staged[table.name].staging if table.name in self.staged else table.name)

    def write(self, table: Table, parts: Iterable[EncodedRows]) -> None:
        self._begin()
        waiting = bool(self._forward(table))
        try:
            # Rows refer to some that are not written yet: whether they come, `finish` asks by a query.
            if waiting:
                self.connection.run("SET foreign_key_checks = 0")
            if self.connection.local:
                self._load(table, parts)
            else:
                self._insert(parts)
            if waiting:
                self.connection.run("SET foreign_key_checks = 1")
        except TargetError as error:
            raise at_table(error, table.name) from error

    def _load(self, table: Table, parts: Iterable[EncodedRows]) -> None:
        sent = 0

        def buffers() -> Iterator[pa.Buffer]:
            nonlocal sent
            for part in parts:
                sent += part.rows
                yield part.data

        taken = self.connection.load(load_data(table, self._into(table), self._declared(table)), buffers())
        # With LOCAL, rows that break a key are left out, and nothing fails.
        if taken != sent:
            raise TargetError(Problem(("target", table.name), f"MySQL took {taken:,} of {sent:,} rows"))

    def _declared(self, table: Table) -> dict[str, str]:
        existing = self.there.get(self.connection.qualified(table.name))
        if existing is None:
            return {column.name: column.target.get(MYSQL.name, "").lower() for column in table.columns}
        return {column.name: column.declared for column in existing.columns}

    def _insert(self, parts: Iterable[EncodedRows]) -> None:
        """Statements of some hundred rows; a line never ends inside a text, where newlines are escaped."""
        for part in parts:
            for statement in part.data.to_pybytes().split(b";\n"):
                if statement:
                    self.connection.run(statement)

    def _begin(self) -> None:
        """Open the transaction, and empty what is to be emptied: all of it, so that no order is needed."""
        if self.begun:
            return
        self.begun = True
        self.connection.run("START TRANSACTION")
        emptied = [table for table in self.tables if table.mode_in(self.mode) is Mode.TRUNCATE_THEN_INSERT]
        if emptied and not self.commits.moved:
            self.connection.run("SET foreign_key_checks = 0")
            for table in emptied:
                if self._exists(table.name):
                    # TRUNCATE would end the transaction, and could not be taken back.
                    self.connection.run(f"DELETE FROM {MYSQL.table(table.name)}")
            self.connection.run("SET foreign_key_checks = 1")

    def _forward(self, table: Table) -> list[ForeignKey]:
        """The foreign keys of an existing table to tables that are written after it."""
        places = [self.connection.qualified(each.name) for each in self.tables]
        own = self.connection.qualified(table.name)
        later = [self.there[place] for place in places[places.index(own) + 1 :] if place in self.there]
        return [key for existing in later for key in existing.referrers if key.table == own]

    def finish(self) -> None:
        self._begin()
        for table in self.tables:
            for key in self._forward(table):
                self._check_orphans(table, key)
        if self._mixed():  # its keys are there already, and what follows can't be taken back
            self._check_links()
        self.connection.run("COMMIT")
        self._add_keys()
        if not self._mixed():
            self._check_links()
        if self.staged and not self.commits.active:
            # One statement renames all tables or none.
            pairs = [(new.staging, name) for name, new in self.staged.items()]
            self.connection.run("RENAME TABLE " + ", ".join(f"{MYSQL.table(a)} TO {MYSQL.table(b)}" for a, b in pairs))
        self.commits.end(self.connection.run)
        self.created, self.staged = [], {}
        self.connection.close()

    def _add_keys(self) -> None:
        """The constraints that new tables were made without: keys of all before the foreign keys, which need them.

        MySQL copies a table whose foreign key it is to check: `_check_links` does that by a query.
        """
        for new in self.created:
            keys = frozenset({PRIMARY_KEY, UNIQUE}) - self._inline(new.final)
            self._constrain(new, constraints(new.final, MYSQL, keys))
        self.connection.run("SET foreign_key_checks = 0")
        for new in self.created:
            links = constraints(new.final, MYSQL, frozenset({FOREIGN_KEY}))
            self._constrain(new, [link for link in links if link not in new.early])
        self.connection.run("SET foreign_key_checks = 1")

    def _constrain(self, new: NewTable, wanted: Sequence[Constraint]) -> None:
        there = (
            constraint_names(self.connection, self.connection.qualified(new.staging)) if self.commits.going_on else ()
        )
        # The run that was stopped may have added some: each ALTER TABLE counts at once.
        missing = [each for each in wanted if each.name not in there and each.kind not in there]
        added = [f"ADD CONSTRAINT {MYSQL.quote(each.name)} {each.sql}" for each in missing]
        try:
            if added:
                self.connection.run(f"ALTER TABLE {MYSQL.table(new.staging)} {', '.join(added)}")
        except TargetError as error:
            raise at_table(error, new.final.name) from error

    def _check_links(self) -> None:
        for new in self.created:
            watched = {each.columns for each in new.early}
            for link in new.final.references:
                if link.columns not in watched:
                    places = self.connection.qualified(new.staging), self.connection.qualified(link.table)
                    self._check_orphans(new.final, ForeignKey(*places, list(link.columns), list(link.to)))

    def _check_orphans(self, table: Table, key: ForeignKey) -> None:
        number = orphans(self.connection, key)
        if number:
            parent = next((name for name, new in self.staged.items() if new.staging == key.parent[1]), key.parent[1])
            what = f"{number:,} rows refer to rows of {parent} that don't exist"
            raise TargetError(Problem(("target", table.name), what))

    def abort(self) -> None:
        with suppress(TargetError):
            if self.begun:
                self.connection.run("ROLLBACK")
        with suppress(TargetError):
            # What is committed stays, for a run that goes on with it.
            made = [] if self.committed else [self.connection.qualified(new.staging) for new in self.created]
            self._drop(made)
            if self.commits.recorded and not self.committed:
                self.commits.end(self.connection.run)
        self.created, self.staged, self.begun = [], {}, False
        self.connection.close()
