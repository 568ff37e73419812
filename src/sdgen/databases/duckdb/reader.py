"""A DuckDB database file that is read back; and whatever else DuckDB can ask: files, and Arrow tables."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from sdgen.databases.dialect import literal
from sdgen.databases.driver_errors import unreadable
from sdgen.databases.duckdb.connection import connect, errors
from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.databases.table_reader import PlainTableReader, Row, existing_file
from sdgen.targets.base import Table, TableColumn

if TYPE_CHECKING:
    import duckdb


_UNION = re.compile(r"\s*union\s*\(\s*(\"[^\"]*\"|\w+)", re.IGNORECASE)


class DuckDBTables(PlainTableReader):
    """Tables and views of a connection of DuckDB's, which is closed with it. place: what messages call it."""

    dialect = DUCKDB

    def __init__(self, connection: duckdb.DuckDBPyConnection, place: Path) -> None:
        self.connection, self.place = connection, place
        self.connection.execute("SET TimeZone = 'UTC'")

    def translated(self) -> AbstractContextManager[None]:
        """Within it DuckDB's exceptions become TargetErrors."""
        return errors().translated(unreadable(self.place))

    def columns(self, table: Table) -> list[str]:
        schema, name = self.dialect.split(table.name)
        where = f"table_schema = {literal(schema or 'main')} AND table_name = {literal(name)}"
        listed = f"SELECT column_name FROM information_schema.columns WHERE {where} ORDER BY ordinal_position"
        return [row[0] for row in self.rows(listed)]

    def rows(self, sql: str) -> list[Row]:
        with self.translated():
            return self.connection.execute(sql).fetchall()

    def arrow(self, sql: str) -> pa.Table:
        with self.translated():
            return self.connection.sql(sql).to_arrow_table()

    def sampled(self, table: Table, one_in: int) -> str:
        """Views have no `rowid`: their rows are numbered as they come, which is in a file's order."""
        numbered = f"(SELECT *, row_number() OVER () AS sdgen_row FROM {self.dialect.table(table.name)})"
        return f"{numbered} WHERE hash(sdgen_row) % {one_in} = 0"

    def selected(self, column: TableColumn) -> str:
        name = self.dialect.quote(column.name)
        return f"{self.ordered(column)} AS {name}" if column.target.get(self.dialect.name) else name

    def ordered(self, column: TableColumn) -> str:
        """A column whose own type holds the values in another form than they were made in."""
        name, declared = self.dialect.quote(column.name), column.target.get(self.dialect.name, "")
        first = _UNION.match(declared)
        if first is not None:
            return f"union_extract({name}, {literal(first[1].strip(chr(34)))})"
        return f"CAST({name} AS VARCHAR)" if column.type.kind == "text" and declared else name

    def close(self) -> None:
        self.connection.close()


class DuckDBReader(DuckDBTables):
    """A database file."""

    def __init__(self, path: Path) -> None:
        with errors().translated(unreadable(existing_file(path))):
            super().__init__(connect(path, read_only=True), path)

    def sampled(self, table: Table, one_in: int) -> str:
        return f"{self.dialect.table(table.name)} WHERE hash(rowid) % {one_in} = 0"
