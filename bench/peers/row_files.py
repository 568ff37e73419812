"""Rows of W1 that a loop makes, as CSV and Parquet files: for the peers that make rows one by one."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

CHUNK = 50_000
HEADS = {
    "customers": ("id", "full_name", "email", "city", "created_at"),
    "orders": ("id", "customer_id", "order_date", "total_amount", "status"),
}
STATES, HEIGHTS = ("paid", "sent", "lost", "open"), (80, 90, 95, 100)
Row = tuple[Any, ...]


def write_csv(path: Path, names: Sequence[str], rows: Iterator[Row]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)


def write_parquet(path: Path, names: Sequence[str], rows: Iterator[Row]) -> None:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    types = {
        "id": pa.binary(16),
        "customer_id": pa.binary(16),
        "created_at": pa.timestamp("us"),
        "order_date": pa.date32(),
        "total_amount": pa.float64(),
    }
    kept = {"id": pa.uuid(), "customer_id": pa.uuid(), "total_amount": pa.decimal128(10, 2)}
    made = [types.get(name, pa.string()) for name in names]
    schema = pa.schema([pa.field(name, kept.get(name, type)) for name, type in zip(names, made, strict=True)])
    with ParquetWriter(path, schema) as writer:
        while chunk := list(islice(rows, CHUNK)):
            columns = zip(*chunk, strict=True)
            arrays = [pa.array(column, type) for column, type in zip(columns, made, strict=True)]
            arrays = [_kept(array, type) for array, type in zip(arrays, schema.types, strict=True)]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))


def _kept(array: Any, wanted: Any) -> Any:
    import pyarrow as pa

    uuids = isinstance(wanted, pa.BaseExtensionType)
    return pa.ExtensionArray.from_storage(wanted, array) if uuids else array.cast(wanted)


def write_w1(form: str, folder: str, customers: Iterator[Row], orders: Iterator[Row]) -> None:
    """The two tables, customers first: orders may draw from their keys."""
    write = {"csv": write_csv, "parquet": write_parquet}[form]
    for name, rows in (("customers", customers), ("orders", orders)):
        write(Path(folder) / f"{name}.{form}", HEADS[name], rows)
