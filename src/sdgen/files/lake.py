"""What lake tables have in common: rows as Parquet files that nobody reads before a commit lists them.

A format of lake tables lacks some of sdgen's types. A column of such a type is written in the next one that holds its
values, which the run tells; `verify` reads them back in the types that were planned.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

from sdgen.files.layout import NULL
from sdgen.files.table_files import Encoded, FilePlan, TableFiles
from sdgen.generators.arrays.encode_text import json_text
from sdgen.scenario.output import FileLayout
from sdgen.scenario.types import NESTED, Type, parse_type
from sdgen.targets import columnar
from sdgen.targets.base import Mode, Table, TableColumn, WrittenFile
from sdgen.targets.csv_encoding import plain_text

Lacking = Mapping[str, str]  # kinds of types that a format has not, and the types that hold their values


@dataclass(frozen=True)
class LakeTable:
    """A table of a run, and what of it goes into the lake's one. base: the folder of its files, in the place.

    folders_tell: whether the columns that folders are named after are left out of the files.
    """

    table: Table
    stored: Table
    mode: Mode
    layout: FileLayout
    mark: str = field(default_factory=lambda: f"-{secrets.token_hex(8)}")
    base: str = ""
    folders_tell: bool = True

    @classmethod
    def of(
        cls, table: Table, mode: Mode, layout: FileLayout, lacking: Lacking, base: str, folders_tell: bool = True
    ) -> LakeTable:
        columns = [replace(each, type=stored_as(each.type, lacking)) for each in table.columns]
        return cls(table, replace(table, columns=tuple(columns)), mode, layout, base=base, folders_tell=folders_tell)

    @property
    def plan(self) -> FilePlan:
        # No file is kept or replaced by its name: the table's log tells which ones count.
        files = TableFiles(f"{self.base}.parquet", parted=True, mark=self.mark)
        return FilePlan(self.stored, Mode.CREATE_IF_MISSING, "parquet", files, self.layout, (), self.folders_tell)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the lake's table, its partition columns among the others."""
        return columnar.schema_of(self.stored)

    @property
    def partition_columns(self) -> list[str]:
        return [key.column.name for key in self.plan.keys]

    def remark(self) -> str:
        """Which columns are stored in other types than planned; "" where none is."""
        pairs = zip(self.table.columns, self.stored.columns, strict=True)
        changed = [f"{old.name} ({old.type}) as {new.type}" for old, new in pairs if old.type != new.type]
        return f"{self.table.name} is stored with {', '.join(changed)}" if changed else ""

    def encode(self, batch: pa.RecordBatch) -> Encoded:
        """A batch as the files take it: pure, for worker threads."""
        return self.plan.encode(converted(batch, self.table, self.stored))


def converted(batch: pa.RecordBatch, table: Table, stored: Table) -> pa.RecordBatch:
    """A batch of a table in the types that it is stored in."""
    triples = zip(batch.columns, table.columns, stored.columns, strict=True)
    arrays = [_stored(array, old, new) for array, old, new in triples]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def stored_as(type: Type, lacking: Lacking) -> Type:
    """The type that a column is stored in: nested ones that hold a type which is lacking as text of JSON."""
    if type.kind in NESTED and type.kind not in lacking:
        return parse_type("text") if any(stored_as(item, lacking) != item for item in type.items) else type
    return parse_type(lacking[type.kind]) if type.kind in lacking else type


def _stored(array: pa.Array, old: TableColumn, new: TableColumn) -> pa.Array:
    # Arrow holds documents as texts already.
    if old.type == new.type or old.type.kind == "json":
        return array
    if old.type.kind in NESTED:
        return json_text(array, old.type)
    if new.type.kind == "text":
        return plain_text(columnar.plain(array), old.type)
    return columnar.plain(array).cast(new.type.arrow)


def partition_values(file: WrittenFile) -> dict[str, str | None]:
    """The values of a file's partition, by column."""
    pairs = [part.partition("=") for part in file.folder.split("/") if part]
    return {unquote(name): None if value == NULL else unquote(value) for name, _, value in pairs}


def about_run(manifest: Mapping[str, Any], table: Table, digest: int) -> dict[str, str]:
    """What a commit tells of the run: by which the same rows can be made once more."""
    told = {key: str(manifest[key]) for key in ("seed", "as_of", "scenario", "version", "plan") if manifest.get(key)}
    return {**told, "digest": f"{digest % (1 << 128):032x}", "rows": str(table.rows)}


def other_columns(table: LakeTable, found: Sequence[tuple[str, object]]) -> str:
    """In which way the columns of a lake's table that is there are others than the run's; "" where they are not."""
    there = dict(found)
    wanted = dict(zip(table.schema.names, table.schema.types, strict=True))
    missing = [name for name in wanted if name not in there]
    further = [name for name in there if name not in wanted]
    differ = [name for name, type in wanted.items() if there.get(name, type) != type]
    other = [f"{name} is {there[name]} and not {wanted[name]}" for name in differ]
    lacks = [f"it has no column {name}" for name in missing]
    return ", ".join([*lacks, *(f"the run has no column {name}" for name in further), *other])
