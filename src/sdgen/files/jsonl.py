"""Batches as JSON lines, one JSON object (RFC 8259) a row; and files of one array that holds such lines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

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
    return characters(json_objects(members, end))


class ArrayFile:
    """A file that holds one array. Takes encoded elements in row order."""

    def __init__(self, table: Table, path: Path) -> None:
        self.file = path.open("wb")
        self.file.write(b"[\n")

    def write(self, part: pa.Buffer) -> None:
        self.file.write(part)

    def finish(self) -> None:
        """End the array: what stands behind the last element is no comma."""
        empty = self.file.tell() == len("[\n")
        self.file.seek(-len(LINE if empty else ELEMENT), 1)
        self.file.write(b"]\n" if empty else b"\n]\n")
        self.file.close()

    def close(self) -> None:
        self.file.close()
