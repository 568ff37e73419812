"""W1 as a plain loop over rows with Mimesis, as its users write it: FORMAT FOLDER CUSTOMERS."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from mimesis import Address, Cryptographic, Datetime, Finance, Locale, Person
from mimesis.random import Random

from bench.peers.row_files import HEIGHTS, STATES, Row, write_w1


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
    for _ in range(count):
        key = crypto.uuid_object().bytes if binary else crypto.uuid()
        state = random.choices(STATES, cum_weights=HEIGHTS)[0]
        yield key, random.choice(keys), moment.date(2020, 2024), finance.price(5, 500), state


def main(form: str, folder: str, count: str) -> None:
    keys: list[Any] = []
    binary, number = form == "parquet", int(count)
    write_w1(form, folder, customers(number, keys, binary), orders(5 * number, keys, binary))


if __name__ == "__main__":
    main(*sys.argv[1:])
