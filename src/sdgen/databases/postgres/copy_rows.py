"""Rows on their way to PostgreSQL: COPY in the binary format, or as CSV.

The binary way is for tables that sdgen makes, of proven types alone; CSV is parsed by the server for whatever columns a
table has that was there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sdgen.databases.postgres import encode_binary, encode_text
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.targets.base import Table

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class RowFormat:
    """How the rows of one table are sent. declared: the types of its columns, where it was there; they go as CSV."""

    binary: bool
    declared: tuple[str, ...] = ()

    @classmethod
    def of(cls, table: Table, declared: Sequence[str] | None) -> RowFormat:
        """declared: None where sdgen makes the table."""
        if declared is not None:
            return cls(False, tuple(declared))
        return cls(all(encode_binary.is_proven(column.type) for column in table.columns))

    def encode(self, table: Table, batch: pa.RecordBatch) -> pa.Buffer:
        """A batch as `copy` takes it; pure."""
        types = [column.type for column in table.columns]
        if self.binary:
            return encode_binary.encode(types, batch)
        return encode_text.encode(types, batch, self.declared)

    def copy(
        self,
        connection: psycopg.Connection[Any],
        where: str,
        columns: Sequence[str],
        parts: Iterable[pa.Buffer],
        *options: str,
    ) -> None:
        """Send encoded rows to a table, whose name is quoted. Raises the driver's own exceptions."""
        names = ", ".join(POSTGRES.quote(name) for name in columns)
        form = ", ".join(["FORMAT binary" if self.binary else "FORMAT csv", *options])
        # psycopg's types want SQL that is put together while running as bytes.
        with connection.cursor() as cursor, cursor.copy(f"COPY {where} ({names}) FROM STDIN ({form})".encode()) as copy:
            if self.binary:
                copy.write(encode_binary.HEAD)
            for part in parts:
                copy.write(memoryview(part))
            if self.binary:
                copy.write(encode_binary.TAIL)
