"""Parquet and Arrow files: batches in the types that other readers know, and row groups at fixed row numbers.

A file's bytes depend on the rows alone, not on workers or on how parts were cut: row groups begin at fixed row
numbers, and only columns that came dictionary-encoded are stored so. Files hold no Arrow schema of their own, so that
plain readers get texts, uuids and decimals, not dictionaries.
"""

from __future__ import annotations

from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc

from sdgen.scenario.types import Type
from sdgen.targets.base import Table

GROUP_ROWS = 131_072
_GROUP_COLUMNS = 16  # wider tables get smaller groups, as a group is held in memory
_BATCH = 1 << 16


def encode(table: Table, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with uuids and JSON marked as such; dictionaries stay."""
    arrays = [_marked(array, column.type) for array, column in zip(batch.columns, table.columns, strict=True)]
    pairs = zip(arrays, table.columns, strict=True)
    fields = [pa.field(column.name, array.type, column.nullable) for array, column in pairs]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _marked(array: pa.Array, type: Type) -> pa.Array:
    wanted = stored_type(type)
    if pa.types.is_dictionary(array.type):
        return array if array.type.value_type == wanted else _marked(plain(array), type)
    if array.type == wanted:
        return array
    if isinstance(wanted, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(wanted, array)
    return array.cast(wanted)


def plain(array: pa.Array) -> pa.Array:
    return pc.take(array.dictionary, array.indices) if pa.types.is_dictionary(array.type) else array


def stored_type(type: Type) -> pa.DataType:
    """The Arrow type that tells a type to other readers: as `Type.arrow`, with uuid and JSON marked at any depth."""
    match type.kind:
        case "uuid":
            return pa.uuid()
        case "json":
            return pa.json_()
        case "array":
            return pa.list_(stored_type(type.items[0]))
        case "map":
            return pa.map_(stored_type(type.items[0]), stored_type(type.items[1]))
        case "struct":
            pairs = zip(type.fields, type.items, strict=True)
            return pa.struct([pa.field(name, stored_type(item)) for name, item in pairs])
    return type.arrow


def schema_of(table: Table) -> pa.Schema:
    """The Arrow schema of a table's encoded batches, but for dictionaries."""
    return pa.schema([pa.field(each.name, stored_type(each.type), each.nullable) for each in table.columns])


class ParquetFile:
    """A Parquet file with statistics, compressed with Snappy.

    Whole numbers, times and decimals are written as differences (DELTA_BINARY_PACKED): smaller than Snappy makes them,
    and in half the time. Uuids stay as they are, there being nothing to compress. Columns of few different values,
    which come as dictionaries, have no statistics: almost every row group holds all of them.

    Takes encoded batches in row order.
    """

    def __init__(self, table: Table, sink: IO[bytes]) -> None:
        self.sink = sink
        self.schema = schema_of(table)
        self.writer: Any = None
        self.size = rows_per_group(len(table.columns))
        self.held: list[pa.RecordBatch] = []
        self.rows = 0

    def write(self, part: pa.RecordBatch) -> None:
        # The first part's schema is the file's: whether a column is stored as a dictionary is decided once for all row
        # groups.
        if self.writer is None and not self.held:
            self.schema = part.schema
        part = part if part.schema.equals(self.schema) else _as(part, self.schema)
        while self.rows + len(part) >= self.size:
            head = part.slice(0, self.size - self.rows)
            part = part.slice(len(head))
            self.held.append(head)
            self._write_group()
        if len(part):
            self.held.append(part)
            self.rows += len(part)

    def _write_group(self) -> None:
        # Each batch brings a dictionary of its own, and Parquet keeps one for each column of a row group.
        group = pa.Table.from_batches(self.held, self.schema).unify_dictionaries()
        self._opened().write_table(group, row_group_size=self.size)
        self.held, self.rows = [], 0

    def _opened(self) -> Any:
        if self.writer is None:
            from pyarrow.parquet import ParquetWriter

            fields = [(field.name, field.type) for field in self.schema]
            coded = [name for name, arrow in fields if pa.types.is_dictionary(arrow)]
            plain = {name for name, arrow in fields if arrow == pa.uuid()}
            whole = {name for name, arrow in fields if _is_whole(arrow)}
            self.writer = ParquetWriter(
                self.sink,
                self.schema,
                use_dictionary=coded,
                column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
                compression={name: "none" if name in whole | plain else "snappy" for name, _ in fields},
                write_statistics=[name for name, _ in fields if name not in coded],
                # DELTA_BINARY_PACKED is for whole numbers of 32 and 64 bits, and decimals are byte arrays where nothing
                # is said.
                store_decimal_as_integer=True,
                store_schema=False,
            )
        return self.writer

    def flush(self) -> None:
        """Write a row group of the rows that wait for one."""
        if self.held:
            self._write_group()

    def finish(self) -> None:
        self.flush()
        self._opened().close()

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()


def _is_whole(arrow: pa.DataType) -> bool:
    """Whether Parquet holds a type's values as whole numbers of 32 or 64 bits."""
    if pa.types.is_decimal(arrow):
        return bool(arrow.precision <= 18)
    return bool(pa.types.is_integer(arrow) or pa.types.is_temporal(arrow))


def rows_per_group(columns: int) -> int:
    """Rows of a row group: a multiple of the batch size, smaller for wide tables."""
    shares = -(-columns // _GROUP_COLUMNS)
    return max(_BATCH, GROUP_ROWS // shares // _BATCH * _BATCH)


def _as(part: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch in the types of the first one: a column may come as a dictionary once and plain another time."""
    arrays = [_recoded(array, field.type) for array, field in zip(part.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _recoded(array: pa.Array, arrow: pa.DataType) -> pa.Array:
    if array.type == arrow:
        return array
    decoded = plain(array)
    # The type of the indices may be another than that of the first batch, too.
    return decoded.dictionary_encode().cast(arrow) if pa.types.is_dictionary(arrow) else decoded


class ArrowFile:
    """An Arrow IPC file; dictionaries are written as plain values, as those of two batches need not agree."""

    def __init__(self, table: Table, sink: IO[bytes]) -> None:
        self.schema = schema_of(table)
        self.writer = pa.ipc.new_file(sink, self.schema)

    def write(self, part: pa.RecordBatch) -> None:
        arrays = [plain(array) for array in part.columns]
        self.writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self.schema))

    def finish(self) -> None:
        self.writer.close()

    close = finish
