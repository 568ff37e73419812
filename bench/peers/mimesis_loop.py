"""W1 as a plain loop over rows with Mimesis, as its users write it: FORMAT FOLDER CUSTOMERS."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from mimesis import Address, Cryptographic, Datetime, Finance, Locale, Person
from mimesis.random import Random

CHUNK = 50_000
HEADS = {
    "customers": ("id", "full_name", "email", "city", "created_at"),
    "orders": ("id", "customer_id", "order_date", "total_amount", "status"),
}
Row = tuple[Any, ...]


def customers(count: int, keys: list[Any], binary: bool) -> Iterator[Row]:
    """The customers; their ids are also put into `keys`. The number in the e-mail is the cheapest way to be unique."""
    person, address = Person(Locale.EN, seed=1), Address(Locale.EN, seed=2)
    crypto, moment = Cryptographic(seed=3), Datetime(seed=4)
    for number in range(count):
        key = crypto.uuid_object().bytes if binary else crypto.uuid()
        keys.append(key)
        name = person.full_name()
        email = f"{name.replace(' ', '.').lower()}.{number}@example.com"
        yield key, name, email, address.city(), moment.datetime(2020, 2024)


def orders(count: int, keys: Sequence[Any], binary: bool) -> Iterator[Row]:
    crypto, moment, finance, random = Cryptographic(seed=5), Datetime(seed=6), Finance(seed=7), Random()
    random.seed(8)
    states, heights = ("paid", "sent", "lost", "open"), (80, 90, 95, 100)
    for _ in range(count):
        key = crypto.uuid_object().bytes if binary else crypto.uuid()
        state = random.choices(states, cum_weights=heights)[0]
        yield key, random.choice(keys), moment.date(2020, 2024), finance.price(5, 500), state


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


def main(form: str, folder: str, count: str) -> None:
    write = {"csv": write_csv, "parquet": write_parquet}[form]
    keys: list[Any] = []
    binary = form == "parquet"
    number = int(count)
    for name, rows in (("customers", customers(number, keys, binary)), ("orders", orders(5 * number, keys, binary))):
        write(Path(folder) / f"{name}.{form}", HEADS[name], rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
