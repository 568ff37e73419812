"""Batches as JSON lines, one JSON object (RFC 8259) a row; and files of one array that holds such lines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import IO

import pyarrow as pa

from sdgen.generators.arrays.encode_text import json_objects, json_text
from sdgen.scenario.types import Type
from sdgen.targets.base import Table
from sdgen.targets.csv_encoding import characters

LINE = "\n"
ELEMENT = ",\n"  # the end of an array's element, but for the last one


def encode(types: Sequence[Type], batch: pa.RecordBatch, end: str = LINE, optional: Collection[str] = ()) -> pa.Buffer:
    """The batch's rows as objects, each with `end` behind it; optional columns are left out where they are null."""
    triples = zip(batch.schema.names, batch.columns, types, strict=True)
    members = [(name, json_text(array, type), name in optional) for name, array, type in triples]
    # The end stands behind each row, and not between rows, so that parts can be written one after the other.
    return characters(json_objects(members, end))


class ArrayFile:
    """A file that holds one array. Takes encoded elements in row order."""

    def __init__(self, table: Table, file: IO[bytes]) -> None:
        self.file = file
        self.held: pa.Buffer | None = None  # the last part, as nothing that is uploaded can be gone back to

    def write(self, part: pa.Buffer) -> None:
        if not len(part):
            return
        self.file.write(b"[\n" if self.held is None else self.held)
        self.held = part

    def finish(self) -> None:
        """End the array: what stands behind the last element is no comma."""
        if self.held is None:
            self.file.write(b"[]\n")
            return
        self.file.write(self.held.slice(0, len(self.held) - len(ELEMENT)))
        self.file.write(b"\n]\n")

    def close(self) -> None:
        """Nothing: the file is closed by whoever opened it."""
