"""People and their orders by one tool, as its own documentation shows it: TOOL FOLDER CUSTOMERS ORDERS.

Writes customers.csv and orders.csv with the columns of `CUSTOMERS` and `ORDERS`, and nothing that a tool doesn't have.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

CUSTOMERS = ("id", "first_name", "last_name", "email", "age", "street", "city", "state", "postal_code", "phone")
ORDERS = ("id", "customer_id", "ordered_at", "shipped_at", "total")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SDGEN = """
name: people_and_orders
seed: 3
as_of: 2026-01-01T00:00:00Z
entities:
  customers:
    rows: {customers}
    columns:
      id: {{type: int, primary_key: true, generator: sequence}}
      first_name: {{generator: person.first_name}}
      last_name: {{generator: person.last_name}}
      email: {{generator: person.email, unique: true}}
      age: {{generator: person.age}}
      street: {{generator: address.street}}
      city: {{generator: address.city}}
      state: {{generator: address.state_code}}
      postal_code: {{generator: address.postal_code}}
      phone: {{generator: person.phone_number}}
  orders:
    rows: {{per: customers, law: negative_binomial, mean: {mean}, dispersion: 3}}
    columns:
      id: {{type: int, primary_key: true, generator: sequence}}
      customer_id: {{generator: fk, params: {{entity: customers, column: id}}}}
      ordered_at: {{type: timestamp, generator: timeline, params: {{per: customer_id, start: -2y, rhythm: shop}}}}
      shipped_at: {{type: timestamp, generator: after, params: {{column: ordered_at, median: 1d, max: 9d}}}}
      total: {{type: "decimal(10,2)", generator: lognormal, params: {{median: 45, sigma: 0.8, min: 5}}}}
"""
MISATA: dict[str, Any] = {
    "name": "shop",
    "seed": 3,
    "tables": {
        "customers": {
            "columns": {
                "id": {"type": "int", "unique": True, "min": 1},
                "first_name": {"type": "text", "text_type": "first_name"},
                "last_name": {"type": "text", "text_type": "last_name"},
                "email": {"type": "text", "text_type": "email", "unique": True},
                "age": {"type": "int", "min": 18, "max": 80},
                "street": {"type": "text", "text_type": "address"},
                "city": {"type": "text", "text_type": "city"},
                "state": {"type": "text", "text_type": "state"},
                "postal_code": {"type": "text", "text_type": "zip_code"},
                "phone": {"type": "text", "text_type": "phone"},
            }
        },
        "orders": {
            "columns": {
                "id": {"type": "int", "unique": True, "min": 1},
                "customer_id": {"type": "foreign_key"},
                "ordered_at": {"type": "datetime", "start": "2024-01-01", "end": "2025-12-20"},
                "shipped_at": {"type": "datetime", "start": "2024-01-01", "end": "2025-12-31"},
                "total": {"type": "float", "min": 5, "max": 900, "distribution": "lognormal"},
            },
            "constraints": [
                {
                    "name": "sent_later",
                    "type": "inequality",
                    "column_a": "shipped_at",
                    "operator": ">",
                    "column_b": "ordered_at",
                }
            ],
        },
    },
    "relationships": ["customers.id → orders.customer_id"],
}


def by_sdgen(folder: Path, customers: int, orders: int) -> None:
    import sdgen

    (folder / "scenario.yaml").write_text(SDGEN.format(customers=customers, mean=orders / customers), "utf-8")
    for name, table in sdgen.generate(folder / "scenario.yaml").items():
        write(folder / f"{name}.csv", table.column_names, zip(*(column.to_pylist() for column in table), strict=True))


def by_faker(folder: Path, customers: int, orders: int) -> None:
    from faker import Faker

    fake = Faker("en_US")
    Faker.seed(3)
    today = date(2026, 1, 1)

    def person(number: int) -> Sequence[Any]:
        born = fake.date_of_birth(minimum_age=18, maximum_age=80)
        age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        names = fake.first_name(), fake.last_name(), fake.unique.email()
        return (
            number,
            *names,
            age,
            fake.street_address(),
            fake.city(),
            fake.state_abbr(),
            fake.zipcode(),
            fake.phone_number(),
        )

    def order(number: int) -> Sequence[Any]:
        ordered = fake.date_time_between(NOW - timedelta(days=730), NOW)
        shipped = fake.date_time_between(ordered, ordered + timedelta(days=9))
        total = fake.pyfloat(min_value=5, max_value=400, right_digits=2)
        return number, fake.random_int(1, customers), ordered, shipped, total

    write(folder / "customers.csv", CUSTOMERS, map(person, range(1, customers + 1)))
    write(folder / "orders.csv", ORDERS, map(order, range(1, orders + 1)))


def by_mimesis(folder: Path, customers: int, orders: int) -> None:
    from mimesis import Generic, Locale

    fake = Generic(Locale.EN)  # with a seed it refuses unique addresses
    dice = random.Random(3)

    def person(number: int) -> Sequence[Any]:
        names = fake.person.first_name(), fake.person.last_name(), fake.person.email(unique=True)
        place = fake.address.address(), fake.address.city(), fake.address.state(abbr=True), fake.address.zip_code()
        return number, *names, dice.randint(18, 80), *place, fake.person.phone_number()

    def order(number: int) -> Sequence[Any]:
        ordered = fake.datetime.datetime(2024, 2025)
        shipped = ordered + timedelta(seconds=dice.randint(0, 9 * 86_400))
        return number, dice.randint(1, customers), ordered, shipped, fake.finance.price(5, 400)

    write(folder / "customers.csv", CUSTOMERS, map(person, range(1, customers + 1)))
    write(folder / "orders.csv", ORDERS, map(order, range(1, orders + 1)))


def by_misata(folder: Path, customers: int, orders: int) -> None:
    import misata
    import yaml

    sizes = {"customers": customers, "orders": orders}
    tables = {name: {"rows": sizes[name], **table} for name, table in MISATA["tables"].items()}
    for name, table in tables.items():
        table["columns"]["id"]["max"] = sizes[name]
    (folder / "misata.yaml").write_text(yaml.safe_dump({**MISATA, "tables": tables}, allow_unicode=True), "utf-8")
    made = misata.generate_from_schema(misata.load_yaml_schema(str(folder / "misata.yaml")))
    for name, frame in made.items():
        frame.to_csv(folder / f"{name}.csv", index=False)


TOOLS: dict[str, Callable[[Path, int, int], None]] = {
    "sdgen": by_sdgen,
    "faker": by_faker,
    "mimesis": by_mimesis,
    "misata": by_misata,
}


def write(path: Path, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)


if __name__ == "__main__":
    TOOLS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
