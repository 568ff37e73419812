"""What a place that is read back can be asked, and what most places have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import pyarrow as pa

from sdgen.databases.dialect import Dialect
from sdgen.errors import Problem, TargetError
from sdgen.targets.base import Table, TableColumn

Row = tuple[Any, ...]


class Place(Protocol):
    """A place that can be asked. All methods raise TargetError where the place refuses."""

    dialect: Dialect

    def columns(self, table: Table) -> list[str]:
        """The names of a table's columns; none where there is no such table."""
        ...

    def rows(self, sql: str) -> list[Row]: ...

    def arrow(self, sql: str) -> pa.Table:
        """The rows as Arrow columns: of the types planned, or as texts of them."""
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
        """A condition on rows whose value is none of the column's type; "" where the place takes no such values."""
        ...

    def close(self) -> None: ...


@contextmanager
def told(place: object, errors: type[Exception]) -> Iterator[None]:
    try:
        yield
    except errors as error:
        what = " ".join(str(error).split())
        raise TargetError(Problem(("target",), f"{place} can't be read: {what}")) from error


class PlainPlace:
    """What most places have in common."""

    dialect: Dialect

    def selected(self, column: TableColumn) -> str:
        return self.dialect.quote(column.name)

    def ordered(self, column: TableColumn) -> str:
        return self.dialect.quote(column.name)

    def unreadable(self, column: TableColumn) -> str:
        return ""
