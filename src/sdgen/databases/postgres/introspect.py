"""What PostgreSQL's catalogue says of schemas and tables, and a reader of rows."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sdgen.databases.catalog import Catalog, read_catalog
from sdgen.databases.dialect import kind_of, literal
from sdgen.databases.existing_tables import ExistingColumn, ExistingTables
from sdgen.databases.postgres.connection import connect, errors, problem, search_path
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.databases.postgres.encode_text import decode, selected
from sdgen.databases.table_reader import PlainTableReader, Row
from sdgen.databases.urls import without_schema
from sdgen.scenario.types import NESTED, TEXTS
from sdgen.targets.base import Table, TableColumn

if TYPE_CHECKING:
    from sqlalchemy import Connection


Run = Callable[[str, Sequence[object] | None], Sequence[tuple[Any, ...]]]

_TYPES = """
    SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f')"""
_DOMAINS = "SELECT typname, format_type(typbasetype, typtypmod) FROM pg_type WHERE typtype = 'd'"
_EXCLUSIONS = """
    SELECT nspname, relname, conname, pg_get_constraintdef(con.oid)
    FROM pg_constraint con JOIN pg_class c ON c.oid = conrelid JOIN pg_namespace n ON n.oid = relnamespace
    WHERE contype = 'x' AND conparentid = 0"""
# Tables that extensions brought with them, such as PostGIS' list of reference systems: their rows are theirs.
_OF_EXTENSIONS = """
    SELECT nspname, relname FROM pg_depend JOIN pg_class c ON c.oid = objid JOIN pg_namespace n ON n.oid = relnamespace
    WHERE classid = 'pg_class'::regclass AND deptype = 'e'"""
_COMPOSITES = """
    SELECT typname, attname, format_type(atttypid, atttypmod)
    FROM pg_type JOIN pg_class c ON c.oid = typrelid JOIN pg_attribute ON attrelid = c.oid
    WHERE relkind = 'c' AND attnum > 0 AND NOT attisdropped ORDER BY typname, attnum"""
# Objects with numbers below 16384 are PostgreSQL's own.
_UNENFORCED = """
    SELECT format('%s: trigger %s left out', tgrelid::regclass, tgname) FROM pg_trigger
    WHERE NOT tgisinternal AND tgparentid = 0
    UNION ALL SELECT format('%s: rule %s left out', ev_class::regclass, rulename) FROM pg_rewrite
    WHERE rulename <> '_RETURN' AND ev_class >= 16384"""
_PARTITIONS = """
    SELECT pn.nspname, p.relname, n.nspname, c.relname, pg_get_expr(c.relpartbound, c.oid)
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_namespace pn ON pn.oid = p.relnamespace
    WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')"""
_PARTITION_KEYS = """
    SELECT nspname, relname, pg_get_partkeydef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind = 'p'"""
_INHERITORS = """
    SELECT pn.nspname, p.relname, n.nspname, c.relname
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_namespace pn ON pn.oid = p.relnamespace
    WHERE NOT c.relispartition AND i.inhseqno = 1
    AND NOT EXISTS (
        SELECT 1 FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attinhcount = 0)"""


def introspect(url: str) -> Catalog:
    """The tables of a database; SourceError where it can't be asked."""
    return read_catalog(url, "postgresql+psycopg", _details)


def _details(connection: Connection, catalog: Catalog) -> Catalog:
    """What SQLAlchemy's inspector doesn't tell: exact types, partitions, and what rows might break."""
    from sqlalchemy import text

    brought = {tuple(row) for row in connection.execute(text(_OF_EXTENSIONS))}
    return replace(
        catalog,
        tables=[table for table in catalog.tables if (table.schema, table.name) not in brought],
        types={tuple(key): str(type) for *key, type in connection.execute(text(_TYPES))},
        domain_types={str(name): str(type) for name, type in connection.execute(text(_DOMAINS))},
        exclusions=tuple(tuple(row) for row in connection.execute(text(_EXCLUSIONS))),
        composites=_composites(tuple(row) for row in connection.execute(text(_COMPOSITES))),
        partitions=tuple(tuple(row) for row in connection.execute(text(_PARTITIONS))),
        partition_keys=tuple(tuple(row) for row in connection.execute(text(_PARTITION_KEYS))),
        inheritors=tuple(tuple(row) for row in connection.execute(text(_INHERITORS))),
        unenforced=tuple(str(what) for (what,) in connection.execute(text(_UNENFORCED))),
    )


def _composites(rows: Iterable[tuple[str, ...]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, field, type in rows:
        found.setdefault(name.lower(), {})[field] = type
    return found


# Columns with the types that their values are written as: domains and arrays of them are followed to what they hold,
# enums and composite types are texts.
_COLUMNS = """
    WITH RECURSIVE held AS (
        SELECT attnum, atttypid AS type, atttypmod AS modifier, '' AS marks, NOT attnotnull AS nullable
        FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT attnum, CASE typtype WHEN 'd' THEN typbasetype ELSE typelem END,
               CASE WHEN typtype = 'd' THEN typtypmod ELSE modifier END,
               CASE typtype WHEN 'd' THEN marks ELSE '[]' END, nullable AND NOT typnotnull
        FROM held JOIN pg_type ON pg_type.oid = type WHERE typtype = 'd' OR (typcategory = 'A' AND typelem <> 0))
    SELECT attname,
           CASE WHEN typtype IN ('e', 'c') THEN 'text'
                WHEN typnamespace <> 'pg_catalog'::regnamespace AND typtype IN ('r', 'm') THEN
                     CASE typtype WHEN 'r' THEN 'numrange' ELSE 'nummultirange' END
                ELSE regexp_replace(format_type(type, modifier), '^[^.]+[.]', '') END || marks,
           nullable, atthasdef OR attidentity <> ''
    FROM held JOIN pg_attribute USING (attnum) JOIN pg_type ON pg_type.oid = type
    WHERE attrelid = to_regclass(%s) AND typtype <> 'd' AND NOT (typcategory = 'A' AND typelem <> 0) ORDER BY attnum"""
# Parts of a table, partitions and inheritors, are emptied with it.
_REFERRERS = """
    SELECT DISTINCT CASE WHEN to_regclass(quote_ident(relname)) = c.oid THEN relname
                         ELSE nspname || '.' || relname END
    FROM pg_constraint LEFT JOIN pg_inherits ON inhrelid = conrelid
    JOIN pg_class c ON c.oid = coalesce(pg_partition_root(conrelid), inhparent, conrelid)
    JOIN pg_namespace n ON n.oid = relnamespace
    WHERE contype = 'f' AND confrelid = to_regclass(%s) AND conrelid <> confrelid"""
# The sequences that columns of a table take their values from. The function fails for columns that were dropped, and
# only CASE says what is looked at first.
_SEQUENCES = """
    SELECT attname, sequence FROM (
        SELECT attname, CASE WHEN attnum > 0 AND NOT attisdropped AND attname = ANY(%s)
                             THEN pg_get_serial_sequence(attrelid::regclass::text, attname) END AS sequence
        FROM pg_attribute WHERE attrelid = to_regclass(%s)) AS found
    WHERE sequence IS NOT NULL"""
# Foreign keys of a table to some others; those of partitions come and go with their parent's. Deferrable ones wait for
# the end of a transaction by themselves, which is enough where there is one alone.
_FORWARD = """SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'f' AND (%s OR NOT condeferrable) AND conparentid = 0
    AND conrelid = to_regclass(%s) AND confrelid = ANY(%s::regclass[])"""


# Whether a table has heirs with columns of their own, which are tables beside it: their rows are not its own. Those of
# partitions are, and of heirs that have none, into which a trigger may put them.
_HAS_HEIRS = """
    SELECT EXISTS (
        SELECT 1 FROM pg_inherits JOIN pg_attribute ON attrelid = inhrelid
        WHERE inhparent = c.oid AND c.relkind = 'r' AND attnum > 0 AND NOT attisdropped AND attislocal)
    FROM pg_class c WHERE c.oid = to_regclass({})"""


def rows_of(run: Callable[[str], Sequence[tuple[Any, ...]]], table: Table) -> str:
    """What stands behind FROM for the rows that a table itself holds; "" where there is no such table."""
    name = POSTGRES.table(table.name)
    found = run(_HAS_HEIRS.format(literal(name)))
    return "" if not found else f"ONLY {name}" if found[0][0] else name


def existing_tables(run: Run, tables: Sequence[Table]) -> ExistingTables:
    """Those of a run's tables that are there, and what refers to them."""
    columns: dict[str, list[ExistingColumn]] = {}
    referrers: dict[str, list[str]] = {}
    for table in tables:
        # to_regclass gives null for a table that isn't there, where a cast would fail and end the transaction.
        name = (POSTGRES.table(table.name),)
        found = [ExistingColumn(*row) for row in run(_COLUMNS, name * 2)]
        if found:
            columns[table.name] = found
            referrers[table.name] = [row[0] for row in run(_REFERRERS, name)]
    return ExistingTables(columns, referrers)


def forward_keys(run: Run, table: str, later: Sequence[str], all_of_them: bool) -> list[tuple[str, str, str]]:
    """Table, name and definition of the foreign keys of a table to some others; if not all, those checked at once."""
    return [(owner, name, sql) for owner, name, sql in run(_FORWARD, (all_of_them, table, list(later)))]


def sequences(run: Run, table: Table) -> list[tuple[str, str]]:
    """The columns of a table that count by themselves, and the sequences they count by."""
    return [(column, name) for column, name in run(_SEQUENCES, (list(table.names), POSTGRES.table(table.name)))]


_MANY = 1_000_000  # rows beyond which the server's own estimate will do
_SECONDS = 2
_ESTIMATED = b"SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)"


def count_rows(url: str, tables: Sequence[Table]) -> Mapping[str, int]:
    """The server's own estimate of large tables; the others are counted, for a short while."""
    url, schema = without_schema(url)
    counts: dict[str, int] = {}
    with connect(url, patience=5) as connection:
        connection.execute(f"SET statement_timeout = '{_SECONDS}s'".encode())
        if schema:
            connection.execute(f"SET search_path = {search_path(schema)}".encode())
        for table in tables:
            name = POSTGRES.table(table.name)
            row = connection.execute(_ESTIMATED, (name,)).fetchone()
            # The estimate is -1 for a table that was never analysed: such a table is counted.
            if row is not None and row[0] <= _MANY:
                row = connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchone()
            if row is not None:
                counts[table.name] = row[0]
    return counts


# A PostgreSQL database that is read back, in one read-only transaction.


class PostgresReader(PlainTableReader):
    """A database, given as a URL; `?schema=name` is looked in first."""

    dialect = POSTGRES

    def __init__(self, url: str) -> None:
        self._url, schema = without_schema(url)
        self._sources: dict[str, str] = {}
        with self._translated():
            self._connection = connect(self._url)
            # All queries see the tables at one moment, whoever writes meanwhile.
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            self._connection.execute("SET LOCAL timezone = 'UTC'")
            self._connection.execute("SET LOCAL datestyle = 'ISO'")
            if schema:
                self._connection.execute(f"SET LOCAL search_path = {search_path(schema)}".encode())

    def _translated(self) -> AbstractContextManager[None]:
        return errors().translated(lambda error: problem(error, self._url))

    def columns(self, table: Table) -> list[str]:
        name = literal(self.dialect.table(table.name))
        where = f"attrelid = to_regclass({name}) AND attnum > 0 AND NOT attisdropped"
        return [row[0] for row in self.rows(f"SELECT attname FROM pg_attribute WHERE {where} ORDER BY attnum")]

    def rows(self, sql: str) -> list[Row]:
        # In a savepoint: a query that the server refuses would end the transaction for all that follow.
        with self._translated(), self._connection.transaction():
            return self._connection.execute(sql.encode()).fetchall()

    def arrow(self, sql: str) -> pa.Table:
        copied = f"COPY ({sql}) TO STDOUT (FORMAT csv, HEADER)".encode()
        with (
            self._translated(),
            self._connection.transaction(),
            self._connection.cursor() as cursor,
            cursor.copy(copied) as copy,
        ):
            head, _, text = b"".join(copy).partition(b"\n")
        names = next(csv.reader([head.decode()]))
        return decode(text, names)

    def source(self, table: Table) -> str:
        if table.name not in self._sources:
            self._sources[table.name] = rows_of(self.rows, table) or self.dialect.table(table.name)
        return self._sources[table.name]

    def sampled(self, table: Table, one_in: int) -> str:
        return f"{self.source(table)} TABLESAMPLE BERNOULLI ({100 / one_in!r}) REPEATABLE (1)"

    def selected(self, column: TableColumn) -> str:
        name = self.dialect.quote(column.name)
        if column.type.kind not in NESTED or kind_of(column.type) != "array of scalars":
            return f"{selected(column)} AS {name}"
        if column.type.items[0].kind not in TEXTS:
            return f"to_jsonb({name}) AS {name}"
        # As the server prints each of them: composite values would be objects, and a cast gives addresses their masks.
        each = f"ARRAY(SELECT CASE WHEN e IS NOT NULL THEN format('%s', e) END FROM unnest({name}) AS e)"
        return f"CASE WHEN {name} IS NOT NULL THEN to_jsonb({each}) END AS {name}"

    def ordered(self, column: TableColumn) -> str:
        return selected(column)

    def close(self) -> None:
        self._connection.close()
