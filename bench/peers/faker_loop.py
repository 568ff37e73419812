"""W1 as a plain loop over rows with Faker, as its users write it: FORMAT FOLDER CUSTOMERS."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from faker import Faker

from bench.peers.row_files import HEIGHTS, STATES, Row, write_w1

FIRST, LAST = date(2020, 1, 1), date(2024, 12, 31)


def customers(fake: Faker, count: int, keys: list[Any], binary: bool) -> Iterator[Row]:
    for _ in range(count):
        key = fake.uuid4(cast_to=None).bytes if binary else fake.uuid4()
        keys.append(key)
        created_at = fake.date_time_between(datetime(2020, 1, 1), datetime(2024, 12, 31))
        yield key, fake.name(), fake.unique.email(), fake.city(), created_at


def orders(fake: Faker, count: int, keys: Sequence[Any], binary: bool) -> Iterator[Row]:
    for _ in range(count):
        key = fake.uuid4(cast_to=None).bytes if binary else fake.uuid4()
        total = fake.random_int(500, 50_000) / 100
        state = fake.random.choices(STATES, cum_weights=HEIGHTS)[0]
        yield key, fake.random.choice(keys), fake.date_between(FIRST, LAST), total, state


def main(form: str, folder: str, count: str) -> None:
    Faker.seed(1)
    fake, keys, number = Faker(), [], int(count)
    binary = form == "parquet"
    write_w1(form, folder, customers(fake, number, keys, binary), orders(fake, 5 * number, keys, binary))


if __name__ == "__main__":
    main(*sys.argv[1:])
