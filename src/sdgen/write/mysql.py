"""MySQL and MariaDB: rows by LOAD DATA; new tables under other names, renamed all at once in the end.

Statements that make tables end a transaction there, so that new tables are staging tables until all rows are in. Rows
for tables that exist go into one transaction, which keeps the foreign keys; those of tables that refer to each other
in a circle are checked at its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import pyarrow as pa

from sdgen.dialects.base import FOREIGN_KEY, PRIMARY_KEY, UNIQUE
from sdgen.dialects.mysql import MYSQL
from sdgen.errors import Problem, TargetError
from sdgen.plan.request import Existing
from sdgen.write import mytext, sqltext, staging
from sdgen.write.base import Mode, Table, placed
from sdgen.write.create import Constraint, constraints, create_table
from sdgen.write.existing import There, faults
from sdgen.write.existing_rows import Wanted
from sdgen.write.myserver import ForeignKey, Place, Server, Stands
from sdgen.write.script_mysql import fitted

_TABLE = " ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4"
_STAGED = """SELECT table_schema, table_name FROM information_schema.tables
    WHERE table_schema IN ({schemas}) AND table_name LIKE '\\_sdgen\\_%'"""


@dataclass(frozen=True)
class Part:
    """Some rows: lines of LOAD DATA, or INSERT statements where the server takes no such lines."""

    data: pa.Buffer
    rows: int


@dataclass(frozen=True)
class New:
    """A table that the run makes, its foreign keys leading to staging tables; and the name it has until the end.

    early: its foreign keys to tables that exist, which the database can watch over while rows come in.
    """

    final: Table
    staging: str
    early: tuple[Constraint, ...]


class MySQL:
    """A database, given as a URL."""

    takes_tables_at_once = False

    def __init__(self, url: str) -> None:
        self.server = Server(url)
        self.tables: tuple[Table, ...] = ()
        self.there: dict[Place, Stands] = {}
        self.staged: dict[str, New] = {}
        self.created: list[New] = []
        self.mode = Mode.CREATE_IF_MISSING
        self.begun = False

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        self.tables, self.mode = tuple(tables), mode
        fault = self.server.fault()
        if fault:
            return [Problem(("target",), fault)]
        try:
            self.there = self.server.look([self._place(table.name) for table in tables])
            self._sweep({self._place(table.name)[0] for table in tables})
        except TargetError as error:
            return list(error.problems)
        found = {table.name: self.there[self._place(table.name)] for table in tables if self._exists(table.name)}
        referrers = {name: self._referrers(stands) for name, stands in found.items()}
        there = There({name: stands.columns for name, stands in found.items()}, referrers)
        problems = faults(tables, mode, there, MYSQL)
        for table in tables:
            problems += _faults(table, found[table.name]) if table.name in found else ()
        return problems

    def _place(self, table: str) -> Place:
        schema, name = MYSQL.split(table)
        return schema or self.server.database, name

    def _exists(self, table: str) -> bool:
        return self._place(table) in self.there

    def _referrers(self, stands: Stands) -> list[str]:
        own = self.server.database
        places = {key.table for key in stands.referrers if key.table != key.parent}
        return [name if schema == own else f"{schema}.{name}" for schema, name in sorted(places)]

    def _sweep(self, schemas: Iterable[str]) -> None:
        """Drop the staging tables of processes of this machine that are no more."""
        sql = _STAGED.format(schemas=", ".join(map(MYSQL.literal, schemas)))
        self._drop([(schema, name) for schema, name in self.server.run(sql) if staging.left_over(name)])

    def _drop(self, places: Sequence[Place]) -> None:
        if places:
            self.server.run("SET foreign_key_checks = 0")
            self.server.run(f"DROP TABLE IF EXISTS {', '.join(map(_sql, places))}")
            self.server.run("SET foreign_key_checks = 1")

    def existing(self, wanted: Sequence[Wanted]) -> list[Existing]:
        fault = self.server.fault()
        if fault:
            raise TargetError(Problem(("target",), fault))
        there = self.server.look([self._place(each.table.name) for each in wanted])
        return [self._existing(each) if self._place(each.table.name) in there else Existing(0) for each in wanted]

    def _existing(self, wanted: Wanted) -> Existing:
        return wanted.existing(self.server.texts(wanted.sql(MYSQL)))

    def prepare(self, table: Table, mode: Mode) -> None:
        self.mode = mode
        if self._exists(table.name):
            return
        self._stage()
        new = self.staged[table.name]
        self._create(new, create_table(new.final, MYSQL, self._inline()))
        self._constrain(new, new.early)

    def _create(self, new: New, sql: str) -> None:
        final, place = MYSQL.table(new.final.name), MYSQL.table(new.staging)
        try:
            self.server.run(sql.replace(f"CREATE TABLE {final}", f"CREATE TABLE {place}", 1) + _TABLE)
        except TargetError as error:
            raise placed(error, new.final.name) from error
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
            early = tuple(key for key, link in keys if self._stands_before(link.table, table))
            self.staged[table.name] = New(made, names[table.name], early)

    def _stands_before(self, parent: str, table: Table) -> bool:
        """Whether a table that exists has got its rows of the run when another is written."""
        names = [each.name for each in self.tables]
        return self._exists(parent) and names.index(parent) < names.index(table.name)

    def _staging(self, table: str, number: int) -> str:
        schema = MYSQL.split(table)[0]
        return f"{schema}.{staging.fresh(number)}" if schema else staging.fresh(number)

    def _mixed(self) -> bool:
        return any(self._exists(table.name) for table in self.tables)

    def _inline(self) -> frozenset[str]:
        """Keys that can be added later are cheaper then; but not after rows of other tables were committed."""
        return frozenset({PRIMARY_KEY, UNIQUE}) if self._mixed() else frozenset[str]()

    def encode(self, table: Table, batch: pa.RecordBatch) -> Part:
        types = [column.type for column in table.columns]
        if self.server.local:
            return Part(mytext.encode(types, batch), len(batch))
        names = ", ".join(map(MYSQL.quote, table.names))
        insert = f"INSERT INTO {self._into(table)} ({names}) VALUES"
        return Part(sqltext.encode(types, batch, insert, sqltext.MYSQL), len(batch))

    def _into(self, table: Table) -> str:
        return MYSQL.table(self.staged[table.name].staging if table.name in self.staged else table.name)

    def write(self, table: Table, parts: Iterable[Part]) -> None:
        self._begin()
        waiting = bool(self._forward(table))
        try:
            if waiting:
                self.server.run("SET foreign_key_checks = 0")
            if self.server.local:
                self._load(table, parts)
            else:
                self._insert(parts)
            if waiting:
                self.server.run("SET foreign_key_checks = 1")
        except TargetError as error:
            raise placed(error, table.name) from error

    def _load(self, table: Table, parts: Iterable[Part]) -> None:
        sent = 0

        def buffers() -> Iterator[pa.Buffer]:
            nonlocal sent
            for part in parts:
                sent += part.rows
                yield part.data

        taken = self.server.load(_load(table, self._into(table), self._declared(table)), buffers())
        if taken != sent:
            raise TargetError(Problem(("target", table.name), f"MySQL took {taken:,} of {sent:,} rows"))

    def _declared(self, table: Table) -> dict[str, str]:
        stands = self.there.get(self._place(table.name))
        return {column.name: column.declared for column in stands.columns} if stands else {}

    def _insert(self, parts: Iterable[Part]) -> None:
        """Statements of some hundred rows; a line never ends inside a text, where newlines are escaped."""
        for part in parts:
            for statement in part.data.to_pybytes().split(b";\n"):
                if statement:
                    self.server.run(statement)

    def _begin(self) -> None:
        """Open the transaction, and empty what is to be emptied: all of it, so that no order is needed."""
        if self.begun:
            return
        self.begun = True
        self.server.run("START TRANSACTION")
        if self.mode is Mode.TRUNCATE_THEN_INSERT:
            self.server.run("SET foreign_key_checks = 0")
            for table in self.tables:
                if self._exists(table.name):
                    self.server.run(f"DELETE FROM {MYSQL.table(table.name)}")
            self.server.run("SET foreign_key_checks = 1")

    def _forward(self, table: Table) -> list[ForeignKey]:
        """The foreign keys of an existing table to tables that are written after it."""
        places = [self._place(each.name) for each in self.tables]
        own = self._place(table.name)
        later = [self.there[place] for place in places[places.index(own) + 1 :] if place in self.there]
        return [key for stands in later for key in stands.referrers if key.table == own]

    def finish(self) -> None:
        self._begin()
        for table in self.tables:
            for key in self._forward(table):
                self._check_orphans(table, key)
        if self._mixed():  # its keys are there already, and what follows can't be taken back
            self._check_links()
        self.server.run("COMMIT")
        self._add_keys()
        if not self._mixed():
            self._check_links()
        if self.staged:
            pairs = [(new.staging, name) for name, new in self.staged.items()]
            self.server.run("RENAME TABLE " + ", ".join(f"{MYSQL.table(a)} TO {MYSQL.table(b)}" for a, b in pairs))
        self.created, self.staged = [], {}
        self.server.close()

    def _add_keys(self) -> None:
        """The constraints that new tables were made without: keys of all before the foreign keys, which need them.

        MySQL copies a table whose foreign key it is to check: `_check_links` does that by a query.
        """
        keys = frozenset({PRIMARY_KEY, UNIQUE}) - self._inline()
        for new in self.created:
            self._constrain(new, constraints(new.final, MYSQL, keys))
        self.server.run("SET foreign_key_checks = 0")
        for new in self.created:
            links = constraints(new.final, MYSQL, frozenset({FOREIGN_KEY}))
            self._constrain(new, [link for link in links if link not in new.early])
        self.server.run("SET foreign_key_checks = 1")

    def _constrain(self, new: New, wanted: Sequence[Constraint]) -> None:
        added = [f"ADD CONSTRAINT {MYSQL.quote(each.name)} {each.sql}" for each in wanted]
        try:
            if added:
                self.server.run(f"ALTER TABLE {MYSQL.table(new.staging)} {', '.join(added)}")
        except TargetError as error:
            raise placed(error, new.final.name) from error

    def _check_links(self) -> None:
        for new in self.created:
            watched = {each.columns for each in new.early}
            for link in new.final.references:
                if link.columns not in watched:
                    places = self._place(new.staging), self._place(link.table)
                    self._check_orphans(new.final, ForeignKey(*places, list(link.columns), list(link.to)))

    def _check_orphans(self, table: Table, key: ForeignKey) -> None:
        pairs = list(zip(key.columns, key.to, strict=True))
        joined = " AND ".join(f"child.{MYSQL.quote(a)} = parent.{MYSQL.quote(b)}" for a, b in pairs)
        filled = " AND ".join(f"child.{MYSQL.quote(a)} IS NOT NULL" for a, _ in pairs)
        alone = f"parent.{MYSQL.quote(key.to[0])} IS NULL AND {filled}"
        tables = f"{_sql(key.table)} AS child LEFT JOIN {_sql(key.parent)} AS parent ON {joined}"
        ((number,),) = self.server.run(f"SELECT count(*) FROM {tables} WHERE {alone}")
        if number:
            parent = next((name for name, new in self.staged.items() if new.staging == key.parent[1]), key.parent[1])
            what = f"{number:,} rows refer to rows of {parent} that don't exist"
            raise TargetError(Problem(("target", table.name), what))

    def abort(self) -> None:
        with suppress(TargetError):
            if self.begun:
                self.server.run("ROLLBACK")
        with suppress(TargetError):
            self._drop([self._place(new.staging) for new in self.created])
        self.created, self.staged, self.begun = [], {}, False
        self.server.close()


def _sql(place: Place) -> str:
    return ".".join(map(MYSQL.quote, place))


def _faults(table: Table, stands: Stands) -> Iterator[Problem]:
    """What keeps rows from a table that is there, beyond its columns' types."""
    path = ("target", table.name)
    if stands.kind != "BASE TABLE":
        yield Problem(path, f"is a {stands.kind.lower()}, not a table", "give the table behind it")
    elif not stands.transactional:
        hint = f"ALTER TABLE {MYSQL.table(table.name)} ENGINE = InnoDB"
        yield Problem(path, f"its engine {stands.engine} can't take rows back where a run fails", hint)
    for name in table.names:
        if name in stands.computed:
            yield Problem((*path, name), "is computed by the table that exists", "hide it in the scenario")


def _load(table: Table, into: str, declared: dict[str, str]) -> str:
    """LOAD DATA; bytes come as hex digits, and bits as digits, through variables."""
    names, made = [], []
    for number, column in enumerate(table.columns):
        name = MYSQL.quote(column.name)
        through = "UNHEX({})" if column.type.kind == "binary" else ""
        through = "CAST({} AS UNSIGNED)" if declared.get(column.name, "").startswith("bit") else through
        names.append(f"@sdgen_{number}" if through else name)
        made += [f"{name} = {through.format(f'@sdgen_{number}')}"] if through else []
    setting = f" SET {', '.join(made)}" if made else ""
    start = f"LOAD DATA LOCAL INFILE '{{file}}' INTO TABLE {into} CHARACTER SET utf8mb4 {mytext.FORMAT}"
    return f"{start} ({', '.join(names)}){setting}"
