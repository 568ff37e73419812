"""What a table holds already: its number of rows, and the columns that new rows depend on, as Arrow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pyarrow as pa
import pyarrow.compute as pc

from sdgen.dialects.base import Dialect
from sdgen.errors import Problem, TargetError
from sdgen.generators.conform import conform
from sdgen.plan.request import Existing
from sdgen.write.base import Table, TableColumn


@dataclass(frozen=True)
class Wanted:
    """Columns of a table that are to be read."""

    table: Table
    columns: tuple[TableColumn, ...]

    def sql(self, dialect: Dialect, read: Callable[[TableColumn], str] | None = None) -> str:
        """A query for the columns in the order of the primary key; without columns, for one row with the count.

        read: how a column is selected where its name alone does not give its values in the planned type.
        """
        source = dialect.table(self.table.name)
        if not self.columns:
            return f"SELECT count(*) AS n FROM {source}"
        names = ", ".join(read(column) if read else dialect.quote(column.name) for column in self.columns)
        order = ", ".join(dialect.quote(name) for name in self.table.primary_key or self.table.names[:1])
        return f"SELECT {names} FROM {source} ORDER BY {order}"

    def existing(self, found: pa.Table) -> Existing:
        """What the query gave, in the planned types; TargetError where a value is none of its column's type."""
        if not self.columns:
            return Existing(int(found.column(0)[0].as_py()))
        columns = zip(self.columns, found.columns, strict=True)
        return Existing(found.num_rows, {column.name: self._planned(column, values) for column, values in columns})

    def _planned(self, column: TableColumn, values: pa.ChunkedArray) -> pa.Array:
        array = values.combine_chunks()
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        array = array.storage if isinstance(array, pa.ExtensionArray) else array
        if column.type.kind == "bool" and pa.types.is_string(array.type):
            return pc.if_else(pc.is_null(array), None, pc.is_in(array, value_set=pa.array(["t", "true", "1"])))
        try:
            return conform(array, column.type, column.type.arrow)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
            what = f"the rows that are there can't be read as {column.type}: {str(error).splitlines()[0]}"
            raise TargetError(Problem(("target", self.table.name, column.name), what)) from None


@runtime_checkable
class Holding(Protocol):
    """A target whose tables can be read before new rows are added to them."""

    def existing(self, wanted: Sequence[Wanted]) -> list[Existing | None]:
        """What the tables hold, in the given order; None for one that doesn't exist. TargetError as from `check`."""
        ...
