"""W1 with Polyfactory's factories of dataclasses, a `build` a row, as its users write it: FORMAT FOLDER CUSTOMERS."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from polyfactory import Use
from polyfactory.factories import DataclassFactory

from bench.peers.row_files import HEIGHTS, STATES, Row, write_w1


@dataclass
class Customer:
    id: UUID
    full_name: str
    email: str
    city: str
    created_at: datetime


@dataclass
class Order:
    id: UUID
    customer_id: UUID
    order_date: date
    total_amount: float
    status: str


class CustomerFactory(DataclassFactory[Customer]):
    @classmethod
    def full_name(cls) -> str:
        return cls.__faker__.name()

    @classmethod
    def email(cls) -> str:
        return cls.__faker__.unique.email()

    @classmethod
    def city(cls) -> str:
        return cls.__faker__.city()

    @classmethod
    def created_at(cls) -> datetime:
        return cls.__faker__.date_time_between(datetime(2020, 1, 1), datetime(2024, 12, 31))


class OrderFactory(DataclassFactory[Order]):
    keys: list[UUID] = []

    customer_id = Use(lambda: OrderFactory.__random__.choice(OrderFactory.keys))
    status = Use(lambda: OrderFactory.__random__.choices(STATES, cum_weights=HEIGHTS)[0])

    @classmethod
    def order_date(cls) -> date:
        return cls.__faker__.date_between(date(2020, 1, 1), date(2024, 12, 31))

    @classmethod
    def total_amount(cls) -> float:
        return cls.__random__.randint(500, 50_000) / 100


def rows(factory: Any, count: int, binary: bool, keys: list[UUID] | None = None) -> Iterator[Row]:
    for _ in range(count):
        record = factory.build()
        if keys is not None:
            keys.append(record.id)
        row = astuple(record)
        yield tuple(each.bytes if isinstance(each, UUID) else each for each in row) if binary else row


def main(form: str, folder: str, count: str) -> None:
    for factory in (CustomerFactory, OrderFactory):
        factory.seed_random(1)
    binary, number = form == "parquet", int(count)
    customers = rows(CustomerFactory, number, binary, OrderFactory.keys)
    write_w1(form, folder, customers, rows(OrderFactory, 5 * number, binary))


if __name__ == "__main__":
    main(*sys.argv[1:])
