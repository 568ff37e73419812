"""A ClickHouse database that is read back: a server's, or a folder of chdb's."""

from __future__ import annotations

import pyarrow as pa

from sdgen.databases.clickhouse.connection import Engine, fetch_rows
from sdgen.databases.clickhouse.dialect import CLICKHOUSE
from sdgen.databases.table_reader import PlainTableReader, Row
from sdgen.errors import Problem, TargetError
from sdgen.targets.base import Table, TableColumn

# Outer joins and casts that know null, as in standard SQL.
_STANDARD = "join_use_nulls = 1, cast_keep_nullable = 1, output_format_arrow_string_as_string = 1"


class ClickHouseReader(PlainTableReader):
    """A database that is asked in standard SQL."""

    dialect = CLICKHOUSE

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        fault = engine.fault()
        if fault or not engine.exists():
            raise TargetError(Problem(("target",), fault or "there is no such folder, or nothing is in it"))

    def columns(self, table: Table) -> list[str]:
        database, name = self.dialect.split(table.name)
        there = f"database = {self.dialect.literal(database or self._engine.database)}"
        where = f"{there} AND table = {self.dialect.literal(name)}"
        found = fetch_rows(self._engine, f"SELECT name FROM system.columns WHERE {where} ORDER BY position")
        return [name for (name,) in found]

    def rows(self, sql: str) -> list[Row]:
        return [tuple(row.values()) for row in self.arrow(sql).to_pylist()]

    def arrow(self, sql: str) -> pa.Table:
        found = self._engine.fetch(f"{sql} SETTINGS {_STANDARD}", "ArrowStream")
        return pa.ipc.open_stream(found).read_all()

    def sampled(self, table: Table, one_in: int) -> str:
        return f"{self.dialect.table(table.name)} WHERE cityHash64(_part, _part_offset) % {one_in} = 0"

    def selected(self, column: TableColumn) -> str:
        name = self.dialect.quote(column.name)
        as_text = _AS_TEXT.get(column.type.kind)
        return f"{as_text}({name}) AS {name}" if as_text else name

    def close(self) -> None:
        self._engine.discard()


_AS_TEXT = {"enum": "toString", "binary": "hex"}
