"""A ClickHouse database that is read back: a server's, or a folder of chdb's."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from sdgen.databases.clickhouse.connection import Engine, fetch_rows
from sdgen.databases.clickhouse.dialect import CLICKHOUSE, declared
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
        self._known: dict[str, list[str]] = {}
        fault = engine.fault()
        if fault or not engine.exists():
            raise TargetError(Problem(("target",), fault or "there is no such folder, or nothing is in it"))

    def columns(self, table: Table) -> list[str]:
        """Its columns; a Nested, which is kept as an array for each of its fields, is one."""
        there = self._own_columns(table)
        nested = [column.name for column in table.columns if self._fields(column, there)]
        return [*there, *nested]

    def _own_columns(self, table: Table) -> list[str]:
        if table.name not in self._known:
            self._known[table.name] = self._listed(table)
        return self._known[table.name]

    def _listed(self, table: Table) -> list[str]:
        database, name = self.dialect.split(table.name)
        there = f"database = {self.dialect.literal(database or self._engine.database)}"
        where = f"{there} AND table = {self.dialect.literal(name)}"
        found = fetch_rows(self._engine, f"SELECT name FROM system.columns WHERE {where} ORDER BY position")
        return [name for (name,) in found]

    def _fields(self, column: TableColumn, there: Sequence[str]) -> list[str]:
        """The fields of a Nested that are columns of their own."""
        if column.name in there or column.type.kind != "array":
            return []
        return [field for field in column.type.items[0].fields if f"{column.name}.{field}" in there]

    def source(self, table: Table) -> str:
        return self._with_nested(table, self.dialect.table(table.name))

    def _with_nested(self, table: Table, source: str) -> str:
        """What stands behind FROM, with the columns of each Nested put together again."""
        there, quote = self._own_columns(table), self.dialect.quote
        parts = []
        for column in table.columns:
            fields = self._fields(column, there)
            names = ", ".join(map(self.dialect.literal, fields))
            arrays = ", ".join(quote(f"{column.name}.{field}") for field in fields)
            parts += [f"nested([{names}], {arrays}) AS {quote(column.name)}"] if fields else []
        return f"(SELECT *, {', '.join(parts)} FROM {source})" if parts else source

    def rows(self, sql: str) -> list[Row]:
        return [tuple(row.values()) for row in self.arrow(sql).to_pylist()]

    def arrow(self, sql: str) -> pa.Table:
        found = self._engine.fetch(f"{sql} SETTINGS {_STANDARD}", "ArrowStream")
        return pa.ipc.open_stream(found).read_all()

    def sampled(self, table: Table, one_in: int) -> str:
        rows = f"{self.dialect.table(table.name)} WHERE cityHash64(_part, _part_offset) % {one_in} = 0"
        return self._with_nested(table, rows)

    def selected(self, column: TableColumn) -> str:
        name, as_text = self.dialect.quote(column.name), _AS_TEXT.get(column.type.kind, "{}")
        form = _WIDER.get(_word(column), as_text)
        return f"{form.format(name)} AS {name}" if form != "{}" else name

    def ordered(self, column: TableColumn) -> str:
        return _WIDER.get(_word(column), "{}").format(self.dialect.quote(column.name))

    def close(self) -> None:
        self._engine.discard()


_AS_TEXT = {"enum": "toString({})", "binary": "hex({})"}
# Of the types that come as bare numbers and bytes, what tells what they are.
_WIDER = {
    **dict.fromkeys(("ipv4", "ipv6"), "toString({})"),
    **dict.fromkeys(("datetime", "datetime32"), "toDateTime64({}, 0, 'UTC')"),
    **dict.fromkeys(("int128", "int256", "uint128", "uint256"), "toDecimal128({}, 0)"),
    "fixedstring": "toStringCutToZero({})",
    "date": "toDate32({})",
}


def _word(column: TableColumn) -> str:
    """The word of a column's own type, where the scenario names one."""
    return declared(column.target.get(CLICKHOUSE.name, "")).bare.word
