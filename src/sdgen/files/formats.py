"""The formats of files: how a batch becomes a part, and what takes the parts to a file that is open for writing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any, Protocol

import pyarrow as pa

from sdgen.files import jsonl
from sdgen.scenario.types import Type
from sdgen.targets import columnar, csv_encoding
from sdgen.targets.base import Table


class OpenFile(Protocol):
    """A file being written; `finish` completes it, `close` gives it up. What it writes to is closed by its opener."""

    def write(self, part: Any) -> None: ...

    def finish(self) -> None: ...

    def close(self) -> None: ...


class TextFile:
    """A file that parts are added to; its head, or what it held before, is there already."""

    def __init__(self, table: Table, file: IO[bytes]) -> None:
        self.file = file

    def write(self, part: pa.Buffer) -> None:
        self.file.write(part)

    def sync(self) -> int:
        """See that all is on the disk; how many bytes there are."""
        self.file.flush()
        os.fsync(self.file.fileno())
        return self.file.tell()

    def finish(self) -> None:
        self.file.flush()

    close = finish


@dataclass(frozen=True)
class Format:
    """A file format: how a batch becomes a part (on worker threads), and what takes the parts.

    head: what a text file begins with; only text files can be appended to.
    """

    encode: Callable[[Table, pa.RecordBatch], Any]
    open: Callable[[Table, IO[bytes]], OpenFile]
    head: Callable[[Table], bytes] | None = None


def _types(table: Table) -> list[Type]:
    return [column.type for column in table.columns]


FORMATS: Mapping[str, Format] = {
    "csv": Format(
        lambda table, batch: csv_encoding.encode(_types(table), batch),
        TextFile,
        lambda table: csv_encoding.header(table.names),
    ),
    "jsonl": Format(
        lambda table, batch: jsonl.encode(_types(table), batch, optional=table.optional), TextFile, lambda table: b""
    ),
    "json": Format(
        lambda table, batch: jsonl.encode(_types(table), batch, jsonl.ELEMENT, table.optional), jsonl.ArrayFile
    ),
    "parquet": Format(columnar.encode, columnar.ParquetFile),
    "arrow": Format(columnar.encode, columnar.ArrowFile),
}
