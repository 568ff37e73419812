"""A MySQL or MariaDB database to read back, in one transaction that changes nothing."""

from __future__ import annotations

import pyarrow as pa

from sdgen.databases.mysql.connection import Server
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.errors import Problem, TargetError
from sdgen.targets.base import Table, TableColumn
from sdgen.verification.table_reader import PlainPlace, Row


class MySQLPlace(PlainPlace):
    """A database, whose rows are read as texts."""

    dialect = MYSQL

    def __init__(self, server: Server) -> None:
        fault = server.fault()
        if fault:
            raise TargetError(Problem(("target",), fault))
        self._server = server
        server.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        server.run("START TRANSACTION READ ONLY")

    def columns(self, table: Table) -> list[str]:
        schema, name = self.dialect.split(table.name)
        place = (schema or self._server.database, name)
        there = self._server.look([place])
        return [column.name for column in there[place].columns] if place in there else []

    def rows(self, sql: str) -> list[Row]:
        return self._server.run(sql)

    def arrow(self, sql: str) -> pa.Table:
        return self._server.texts(sql)

    def sampled(self, table: Table, one_in: int) -> str:
        names = ", ".join(self.dialect.quote(name) for name in table.primary_key or table.names)
        return f"{self.dialect.table(table.name)} WHERE crc32(concat_ws(',', {names})) % {one_in} = 0"

    def selected(self, column: TableColumn) -> str:
        name = self.dialect.quote(column.name)
        wanted = _WANTED.get(column.type.kind)
        return f"{wanted.format(name)} AS {name}" if wanted else name

    def close(self) -> None:
        self._server.close()


_WANTED = {"binary": "hex({})", "bool": "{} + 0"}  # a bit is read as a byte
