"""Standard output: one table as CSV or JSON lines. What is printed can't be taken back."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import pyarrow as pa

from sdgen.errors import Problem
from sdgen.files.formats import FORMATS
from sdgen.targets.base import Mode, Table


class Stdout:
    """Standard output in a text format."""

    takes_tables_at_once = False

    def __init__(self, format: str) -> None:
        self.format = FORMATS[format]

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        if len(tables) == 1:
            return []
        names = ", ".join(table.name for table in tables)
        return [Problem(("target",), f"standard output takes one table, not {len(tables)}: {names}", "use --only")]

    def prepare(self, table: Table, mode: Mode) -> None:
        if self.format.head is not None:
            sys.stdout.buffer.write(self.format.head(table))

    def encode(self, table: Table, batch: pa.RecordBatch) -> pa.Buffer:
        return self.format.encode(table, batch)

    def write(self, table: Table, parts: Iterable[pa.Buffer]) -> None:
        for part in parts:
            sys.stdout.buffer.write(part)

    def finish(self) -> None:
        sys.stdout.buffer.flush()

    def abort(self) -> None:
        pass
