"""A MySQL or MariaDB database that is read back, in one transaction that changes nothing."""

from __future__ import annotations

import pyarrow as pa

from sdgen.databases.mysql.connection import MySQLConnection
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.databases.mysql.introspect import existing_tables
from sdgen.databases.table_reader import PlainTableReader, Row
from sdgen.errors import Problem, TargetError
from sdgen.targets.base import Table, TableColumn

_BITS = dict.fromkeys(("bool", "utinyint", "usmallint", "uint", "ubigint"), "{} + 0")  # they are read as bytes
_AS_TEXT = {"binary": "hex({})", **_BITS}


class MySQLReader(PlainTableReader):
    """A database, given as a URL, whose rows are read as texts."""

    dialect = MYSQL

    def __init__(self, url: str) -> None:
        self._connection = MySQLConnection(url)
        fault = self._connection.fault()
        if fault:
            raise TargetError(Problem(("target",), fault))
        self._connection.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self._connection.run("START TRANSACTION READ ONLY")

    def columns(self, table: Table) -> list[str]:
        name = self._connection.qualified(table.name)
        there = existing_tables(self._connection, [name])
        return [column.name for column in there[name].columns] if name in there else []

    def rows(self, sql: str) -> list[Row]:
        return self._connection.run(sql)

    def arrow(self, sql: str) -> pa.Table:
        return self._connection.texts(sql)

    def sampled(self, table: Table, one_in: int) -> str:
        names = ", ".join(self.dialect.quote(name) for name in table.primary_key or table.names)
        return f"{self.dialect.table(table.name)} WHERE crc32(concat_ws(',', {names})) % {one_in} = 0"

    def selected(self, column: TableColumn) -> str:
        name, text = self.dialect.quote(column.name), _AS_TEXT.get(column.type.kind)
        return f"{text.format(name)} AS {name}" if text else name

    def close(self) -> None:
        self._connection.close()
