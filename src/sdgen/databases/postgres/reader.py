"""A PostgreSQL database that is read back, in one read-only transaction."""

from __future__ import annotations

import csv
from contextlib import AbstractContextManager

import pyarrow as pa

from sdgen.databases.dialect import kind_of, literal
from sdgen.databases.postgres.connection import connect, errors, problem, search_path
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.databases.postgres.encode_text import decode, selected
from sdgen.databases.postgres.introspect import rows_of
from sdgen.databases.table_reader import PlainTableReader, Row
from sdgen.databases.urls import without_schema
from sdgen.scenario.types import NESTED, TEXTS
from sdgen.targets.base import Table, TableColumn


class PostgresReader(PlainTableReader):
    """A database, given as a URL; `?schema=name` is looked in first."""

    dialect = POSTGRES

    def __init__(self, url: str) -> None:
        self._url, schema = without_schema(url)
        self._sources: dict[str, str] = {}
        with self._translated():
            self._connection = connect(self._url)
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
        with self._translated():
            return self._connection.execute(sql.encode()).fetchall()

    def arrow(self, sql: str) -> pa.Table:
        copied = f"COPY ({sql}) TO STDOUT (FORMAT csv, HEADER)".encode()
        with self._translated(), self._connection.cursor() as cursor, cursor.copy(copied) as copy:
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
