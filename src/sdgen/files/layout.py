"""How a table's rows are spread over files: by the values of partition keys, and in parts.

    out/orders.parquet                                      without a layout; further parts of a run that appended:
    out/orders.part-00001.parquet
    out/orders/part-00000.parquet                           in parts
    out/orders/country=DE/month=2026-01/part-00000.parquet  partitioned, as Hive, Spark and DuckDB do it

Partitioned files leave the columns out that their folders tell; a folder for a part of a moment (`placed_at:month`)
stands beside the column. Which rows a file holds depends on the rows alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdgen.errors import Problem, did_you_mean
from sdgen.scenario.output import FileLayout
from sdgen.scenario.types import MOMENTS, NESTED
from sdgen.targets.base import Table, TableColumn
from sdgen.targets.columnar import plain
from sdgen.targets.csv_encoding import plain_text

NULL = "__HIVE_DEFAULT_PARTITION__"
UNITS: Mapping[str, str] = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d"}
_UNFIT = NESTED | {"json", "binary", "float", "double"}  # whose values are no names of folders
_PLAIN = " !#$&()+,-.;<>@[]^_`{|}~"  # letters of a value that a folder's name may hold; a reader decodes the others


@dataclass(frozen=True)
class PartitionKey:
    """What one level of folders is named after: a column's values, or a unit of its moments."""

    column: TableColumn
    name: str
    unit: str = ""

    def values(self, batch: pa.RecordBatch) -> pa.DictionaryArray:
        """The folder names of the rows."""
        array = batch.column(self.column.name)
        if self.unit:  # few words to name folders after, as moments are mostly distinct
            array = pc.floor_temporal(plain(array), unit=self.unit)
        array = array if pa.types.is_dictionary(array.type) else array.dictionary_encode("encode")
        words = array.dictionary
        if self.unit:
            texts = pc.strftime(words.cast(pa.timestamp("us")), format=UNITS[self.unit])
        else:
            texts = plain_text(words, self.column.type)
        folders = [f"{_escaped(self.name)}={NULL if text is None else _escaped(text)}" for text in texts.to_pylist()]
        indices = array.indices
        # Nulls stand in the dictionary where it was made here, and among the indices where the column came as one.
        if indices.null_count:
            folders.append(f"{_escaped(self.name)}={NULL}")
            indices = indices.fill_null(len(folders) - 1)
        return pa.DictionaryArray.from_arrays(indices, pa.array(folders, pa.string()))


def _escaped(text: str) -> str:
    # As names of folders these would mean the folder itself, and the one above it.
    return "%2E" * len(text) if text in (".", "..") else quote(text, safe=_PLAIN)


def partition_keys(table: Table, layout: FileLayout) -> tuple[PartitionKey, ...]:
    """The keys of a layout that a table has; none where it is not partitioned."""
    keys: list[PartitionKey] = []
    for word in layout.partition_by:
        column, unit = _column_of(word, table)
        if column is not None:
            taken = {*table.names, *(key.name for key in keys)}
            name = unit or column.name
            keys.append(PartitionKey(column, f"{column.name}_{unit}" if unit and name in taken else name, unit))
    return tuple(keys)


def _column_of(word: str, table: Table) -> tuple[TableColumn | None, str]:
    """The column that `column`, `entity.column` or `column:unit` names, where the table has it."""
    path, _, unit = word.partition(":")
    names = [path]
    for owner in (table.entity, table.name):
        if path.startswith(f"{owner}."):
            names.append(path.removeprefix(f"{owner}."))
    return next((column for column in table.columns if column.name in names), None), unit


def layout_problems(tables: Sequence[Table], layout: FileLayout) -> Iterator[Problem]:
    """Why tables can't be spread over files in a layout."""
    known = [name for table in tables for name in table.names]
    for word in layout.partition_by:
        here = ("target", "partition_by")
        found = [column for table in tables if (column := _column_of(word, table)[0]) is not None]
        unit = word.partition(":")[2]
        if not found:
            hint = did_you_mean(word.partition(":")[0], known, "name a column of a table of the run")
            yield Problem(here, f"no table of the run has a column {word.partition(':')[0]!r}", hint)
        if unit and unit not in UNITS:
            hint = did_you_mean(unit, UNITS, "known: " + ", ".join(UNITS))
            yield Problem(here, f"moments have no part {unit!r} to partition by", hint)
        for column in found:
            if unit and column.type.kind not in MOMENTS:
                yield Problem(here, f"{column.name} is {column.type}, and {unit} is a part of moments", "leave it out")
            elif column.type.kind in _UNFIT:
                hint = "partition by texts, whole numbers, dates or parts of moments"
                yield Problem(here, f"{column.name} is {column.type}, which names no folder", hint)
    for table in tables:
        told = {key.column.name for key in partition_keys(table, layout) if not key.unit}
        if told and told == set(table.names):
            what = f"partitioned by all of its columns, {table.name} has none left for its files"
            yield Problem(("target", table.name), what, "partition by fewer columns")


def within_files(table: Table, keys: Sequence[PartitionKey]) -> Table:
    """The table as its files hold it: without the columns that their folders tell."""
    told = {key.column.name for key in keys if not key.unit}
    return replace(table, columns=tuple(each for each in table.columns if each.name not in told)) if told else table


def split(batch: pa.RecordBatch, keys: Sequence[PartitionKey], rows: int) -> Iterator[tuple[str, pa.RecordBatch]]:
    """A batch's rows by folder ("" without keys), in order, at most so many at once where `rows` is not 0."""
    for folder, part in _by_folder(batch, keys):
        for start in range(0, len(part), rows or len(part) or 1):
            yield folder, part.slice(start, rows or len(part))


def _by_folder(batch: pa.RecordBatch, keys: Sequence[PartitionKey]) -> Iterator[tuple[str, pa.RecordBatch]]:
    if not keys:
        yield "", batch
        return
    columns = [key.values(batch) for key in keys]
    # One number for each combination of the keys' words, so that rows are grouped by sorting numbers and not texts.
    codes = np.zeros(len(batch), dtype=np.int64)
    for column in columns:
        codes = codes * len(column.dictionary) + column.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    # A dictionary may hold a word twice: folders are told apart by their names.
    _, firsts, of_rows = np.unique(codes, return_index=True, return_inverse=True)
    names = ["/".join(column[int(first)].as_py() for column in columns) for first in firsts]
    folders = {name: number for number, name in enumerate(dict.fromkeys(names))}
    numbers = np.array([folders[name] for name in names], dtype=np.int64)[of_rows]
    # Rows of a folder keep their order, so that its file depends on the rows alone.
    order = np.argsort(numbers, kind="stable")
    sorted_rows = batch.take(pa.array(order))
    bounds = np.searchsorted(numbers[order], np.arange(len(folders) + 1))
    for name, number in folders.items():
        start, end = int(bounds[number]), int(bounds[number + 1])
        yield f"{name}/", sorted_rows.slice(start, end - start)
