"""Nulls of every type reach PostgreSQL through its binary COPY, and the values beside them stay what they are."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

import sdgen

TYPES = [
    "bool",
    "smallint",
    "int",
    "bigint",
    "float",
    "double",
    "decimal(8,2)",
    "decimal(30,4)",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "uuid",
    "text",
]


@pytest.fixture
def scenario() -> dict[str, Any]:
    columns = {f"c{place}": {"type": type, "null_rate": 0.3} for place, type in enumerate(TYPES)}
    return {
        "name": "nulls",
        "seed": 1,
        "as_of": "2026-01-01T00:00:00Z",
        "entities": {"t": {"rows": 50, "columns": {"id": {"generator": "sequence", "primary_key": True}, **columns}}},
    }


def test_nulls_of_every_type(scenario: dict[str, Any], postgres_url: str) -> None:
    made = sdgen.generate(scenario)["t"]
    sdgen.write(scenario, postgres_url)
    with psycopg.connect(postgres_url) as connection:
        for place, type in enumerate(TYPES):
            query = f"SELECT c{place} IS NULL FROM t ORDER BY id".encode()
            expected = made[f"c{place}"].is_null().to_pylist()
            assert [row[0] for row in connection.execute(query)] == expected, type
            assert True in expected
