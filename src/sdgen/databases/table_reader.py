"""What verification asks of tables that were written, and what most readers of them have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from sdgen.databases.dialect import Dialect
from sdgen.errors import Problem, TargetError
from sdgen.targets.base import Table, TableColumn

Row = tuple[Any, ...]


class TableReader(Protocol):
    """Tables that can be asked in SQL; nothing is changed. All methods raise TargetError where that is refused."""

    dialect: Dialect

    def columns(self, table: Table) -> list[str]:
        """The names of a table's columns; none where there is no such table."""
        ...

    def rows(self, sql: str) -> list[Row]: ...

    def arrow(self, sql: str) -> pa.Table:
        """The rows as Arrow columns: of the types planned, or as texts of them."""
        ...

    def source(self, table: Table) -> str:
        """What stands behind FROM for the rows that a table itself holds."""
        ...

    def sampled(self, table: Table, one_in: int) -> str:
        """What stands behind FROM for about one row in so many of a table, the same ones each time."""
        ...

    def selected(self, column: TableColumn) -> str:
        """How a column is selected where its values are wanted."""
        ...

    def ordered(self, column: TableColumn) -> str:
        """A column as the database must see it to compare its values by size."""
        ...

    def unreadable(self, column: TableColumn) -> str:
        """A condition on rows whose value is none of the column's type; "" where none such can be stored."""
        ...

    def close(self) -> None: ...


class PlainTableReader:
    """Columns that can be selected and compared as they stand, in tables that keep their types."""

    dialect: Dialect

    def source(self, table: Table) -> str:
        return self.dialect.table(table.name)

    def selected(self, column: TableColumn) -> str:
        return self.dialect.quote(column.name)

    def ordered(self, column: TableColumn) -> str:
        return self.dialect.quote(column.name)

    def unreadable(self, column: TableColumn) -> str:
        return ""


def existing_file(path: Path) -> Path:
    """A database file to be read; TargetError where there is none: a driver would make one."""
    if not path.is_file():
        raise TargetError(Problem(("target",), f"there is no file {path}"))
    return path
