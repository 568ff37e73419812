"""DuckDB: one transaction, rows inserted from a stream of Arrow batches.

A new database is made under a hidden name beside its own and renamed at the end. DuckDB adds primary keys and
unique constraints to a loaded table (faster than keeping them during the load), but no foreign keys: a table that
has them, or that others refer to, is made with all its constraints.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from sdgen.dialects.base import FOREIGN_KEY, PRIMARY_KEY, UNIQUE
from sdgen.dialects.duckdb import DUCKDB
from sdgen.errors import Problem, TargetError
from sdgen.plan.request import Existing
from sdgen.write import columnar
from sdgen.write.base import Mode, Reference, Table
from sdgen.write.create import add_constraint, constraints, create_table
from sdgen.write.existing import Found, There, faults
from sdgen.write.existing_rows import Wanted
from sdgen.write.places import file_fault, leftovers, staged
from sdgen.write.streams import Stream

_COLUMNS = """
    SELECT schema_name, table_name, column_name, data_type, is_nullable, column_default IS NOT NULL
    FROM duckdb_columns() WHERE database_name = current_database() AND NOT internal ORDER BY column_index"""
_REFERRERS = """
    SELECT schema_name, table_name, referenced_table FROM duckdb_constraints()
    WHERE database_name = current_database() AND constraint_type = 'FOREIGN KEY'"""
_INDEXES = """
    SELECT sql FROM duckdb_indexes()
    WHERE database_name = current_database() AND schema_name = ? AND table_name = ? AND sql IS NOT NULL"""
_SQL = """
    SELECT sql FROM duckdb_tables()
    WHERE database_name = current_database() AND schema_name = ? AND table_name = ?"""


class DuckDB:
    """A database file."""

    takes_tables_at_once = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.staged: Path | None = None
        self.connection: Any = None
        self.tables: tuple[Table, ...] = ()
        self.there = There({}, {})
        self.emptied = False
        self.later: list[Table] = []

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        self.tables = tuple(tables)
        fault = file_fault(self.path)
        if fault:
            return [Problem(("target",), fault)]
        for path in leftovers(self.path):
            path.unlink(missing_ok=True)
        if self.path.exists():
            try:
                self._open()
                self.there = _look(self.connection)
            except _error() as error:
                return [_unusable(self.path, str(error))]
        return [*faults(tables, mode, self.there, DUCKDB), *_cycles(tables, self.there)]

    def existing(self, wanted: Sequence[Wanted]) -> list[Existing | None]:
        if not self.path.is_file():
            return [None for _ in wanted]
        import duckdb

        try:
            with duckdb.connect(str(self.path), read_only=True) as connection:
                there = _look(connection).columns
                connection.execute("SET TimeZone = 'UTC'")
                return [
                    each.existing(connection.sql(each.sql(DUCKDB)).to_arrow_table())
                    if each.table.name in there
                    else None
                    for each in wanted
                ]
        except _error() as error:
            raise TargetError(_unusable(self.path, str(error))) from error

    def _open(self) -> None:
        if self.connection is not None:
            return
        import duckdb

        if not self.path.exists():
            self.staged = staged(self.path)
        self.connection = duckdb.connect(str(self.staged or self.path))
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("BEGIN")

    def _run(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return list(self.connection.execute(sql, list(params)).fetchall())
        except _error() as error:
            raise TargetError(_unusable(self.path, str(error))) from error

    def prepare(self, table: Table, mode: Mode) -> None:
        self._open()
        if table.name not in self.there.columns:
            self._create(table)
        elif mode is Mode.TRUNCATE_THEN_INSERT and not self.emptied:
            self._empty()

    def _create(self, table: Table) -> None:
        schema = DUCKDB.split(table.name)[0]
        if schema:
            self._run(f"CREATE SCHEMA IF NOT EXISTS {DUCKDB.quote(schema)}")
        bound = bool(table.references) or self._is_referred(table)
        kinds = frozenset({PRIMARY_KEY, UNIQUE, FOREIGN_KEY}) if bound else frozenset[str]()
        self._run(create_table(table, DUCKDB, kinds))
        if not bound:
            self.later.append(table)

    def _is_referred(self, table: Table) -> bool:
        return any(reference.table == table.name for each in self.tables for reference in each.references)

    def _empty(self) -> None:
        """Empty the run's tables; those bound by foreign keys are made anew, as DuckDB checks keys of deleted rows."""
        self.emptied = True
        there = [table for table in self.tables if table.name in self.there.columns]
        bound = _children_first(there, self.there.referrers)
        sql = [
            row[0] for table in reversed(bound) for query in (_SQL, _INDEXES) for row in self._described(query, table)
        ]
        for table in bound:
            self._run(f"DROP TABLE {DUCKDB.table(table.name)}")
        for statement in sql:
            self._run(statement)
        for table in there:
            if table not in bound:
                self._run(f"TRUNCATE {DUCKDB.table(table.name)}")

    def _described(self, query: str, table: Table) -> list[tuple[Any, ...]]:
        schema, name = DUCKDB.split(table.name)
        return self._run(query, (schema or "main", name))

    def encode(self, table: Table, batch: pa.RecordBatch) -> pa.RecordBatch:
        return columnar.encode(table, batch)

    def write(self, table: Table, parts: Iterable[pa.RecordBatch]) -> None:
        stream = Stream(parts)
        if stream.empty:
            return
        names = ", ".join(DUCKDB.quote(name) for name in table.names)
        self.connection.register("sdgen_rows", stream.reader())
        own = [reference for reference in table.references if reference.table == table.name]
        try:
            if own:
                self._write_tree(table, own[0], names)
            else:
                into = f"INSERT INTO {DUCKDB.table(table.name)} ({names})"
                self.connection.execute(f"{into} SELECT {names} FROM sdgen_rows")
        except _error() as error:
            stream.raise_first()
            raise TargetError(_unusable(self.path, str(error))) from error
        finally:
            with suppress(_error()):  # after a failure the transaction takes no command but ROLLBACK
                self.connection.unregister("sdgen_rows")

    def _write_tree(self, table: Table, own: Reference, names: str) -> None:
        """Insert a table that refers to itself, level by level: DuckDB wants a parent's row inserted before."""
        run = self.connection.execute
        run("CREATE OR REPLACE TEMP TABLE sdgen_tree AS SELECT * FROM sdgen_rows")
        link = " AND ".join(
            f"child.{DUCKDB.quote(a)} = parent.{DUCKDB.quote(b)}" for a, b in zip(own.columns, own.to, strict=True)
        )
        absent = " OR ".join(f"{DUCKDB.quote(name)} IS NULL" for name in own.columns)
        run(f"""CREATE OR REPLACE TEMP TABLE sdgen_levels AS WITH RECURSIVE levels AS (
            SELECT rowid AS place, 0 AS level FROM sdgen_tree AS child
            WHERE {absent} OR EXISTS (FROM {DUCKDB.table(table.name)} AS parent WHERE {link})
            UNION ALL SELECT child.rowid, level + 1 FROM levels
            JOIN sdgen_tree AS parent ON parent.rowid = place JOIN sdgen_tree AS child ON {link})
            SELECT * FROM levels""")
        columns = ", ".join(f"sdgen_tree.{DUCKDB.quote(name)}" for name in table.names)
        (deepest, found, all_) = run(
            "SELECT max(level), count(*), (SELECT count(*) FROM sdgen_tree) FROM sdgen_levels"
        ).fetchone()
        if found != all_:
            what = f"{all_ - found} rows are their own ancestors, or have parents that don't exist"
            raise TargetError(Problem(("target", table.name), what))
        for level in range((deepest or 0) + 1):
            run(f"""INSERT INTO {DUCKDB.table(table.name)} ({names}) SELECT {columns} FROM sdgen_tree
                JOIN sdgen_levels ON place = sdgen_tree.rowid WHERE level = {level} ORDER BY place""")
        run("DROP TABLE sdgen_tree")
        run("DROP TABLE sdgen_levels")

    def finish(self) -> None:
        if self.connection is None:
            return
        for table in self.later:
            for constraint in constraints(table, DUCKDB):
                self._run(add_constraint(table, constraint, DUCKDB))
        self._run("COMMIT")
        self.connection.close()
        self.connection = None
        if self.staged is not None:
            self.staged.rename(self.path)
            self.staged = None

    def abort(self) -> None:
        if self.connection is not None:
            with suppress(Exception):
                self.connection.execute("ROLLBACK")
            with suppress(Exception):
                self.connection.close()
            self.connection = None
        if self.staged is not None:
            for path in (self.staged, Path(f"{self.staged}.wal")):
                path.unlink(missing_ok=True)
            self.staged = None


def _error() -> type[Exception]:
    import duckdb

    return duckdb.Error


def _name(schema: str, table: str) -> str:
    return table if schema == "main" else f"{schema}.{table}"


def _look(connection: Any) -> There:
    columns: dict[str, list[Found]] = {}
    for schema, table, *column in connection.execute(_COLUMNS).fetchall():
        columns.setdefault(_name(schema, table), []).append(Found(*column))
    referrers: dict[str, list[str]] = {}
    for schema, table, referred in connection.execute(_REFERRERS).fetchall():
        referrers.setdefault(_name(schema, referred), []).append(_name(schema, table))
    return There(columns, referrers)


def _children_first(tables: Sequence[Table], referrers: Any) -> list[Table]:
    """The tables that foreign keys bind, each before the tables it refers to."""
    bound = {name for name, others in referrers.items() for name in (name, *others)}
    waiting = [table for table in tables if table.name in bound]
    ordered: list[Table] = []
    while waiting:
        names = {table.name for table in waiting}
        free = [t for t in waiting if not (set(referrers.get(t.name, ())) & names - {t.name})]
        ordered += free
        waiting = [table for table in waiting if table not in free]
    return ordered


def _cycles(tables: Sequence[Table], there: There) -> list[Problem]:
    """New tables that refer to each other in a circle: in DuckDB none of them could be made first."""
    waiting = {t.name: {r.table for r in t.references} - {t.name} for t in tables if t.name not in there.columns}
    while True:
        free = [name for name, others in waiting.items() if not others & waiting.keys()]
        if not free:
            break
        for name in free:
            del waiting[name]
    if not waiting:
        return []
    what = f"refer to each other in a circle, which DuckDB can't declare: {', '.join(sorted(waiting))}"
    return [Problem(("target",), what, "write to PostgreSQL or SQLite, or to files")]


def _unusable(path: Path, error: str) -> Problem:
    first = error.splitlines()[0]
    if "lock" in error.lower() and "conflict" in error.lower():
        return Problem(("target",), f"{path} is in use by another process: {first}", "close it and try again")
    if "not a valid DuckDB" in error:
        return Problem(("target",), f"{path} is not a DuckDB database", "choose another file")
    return Problem(("target",), f"{path}: {first}")
