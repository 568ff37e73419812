"""Every target as a fixture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.targets import places

FILES = ("csv", "jsonl", "json", "parquet", "arrow")
DATABASES = ("duckdb", "sqlite", "postgres", "mysql")
KEYLESS = ("chdb", "clickhouse")  # databases that enforce no keys

_SERVERS: dict[str, tuple[Callable[[str], places.Place], str]] = {
    "postgres": (places.postgres, "postgres_url"),
    "clickhouse": (places.clickhouse, "clickhouse_url"),
    "mysql": (places.mysql, "mysql_url"),
}


def place_of(kind: str, folder: Path, request: pytest.FixtureRequest) -> places.Place:
    if kind in FILES:
        return places.files(folder / "out", kind)
    if kind in _SERVERS:
        make, fixture = _SERVERS[kind]
        return make(request.getfixturevalue(fixture))
    if kind == "chdb":
        return places.clickhouse(f"chdb:///{folder}/x.chdb")
    file = {"duckdb": places.duckdb_file, "sqlite": places.sqlite_file}[kind]
    return file(folder / f"x.{kind}")


@pytest.fixture(params=FILES + DATABASES + KEYLESS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> places.Place:
    """Each target in turn."""
    return place_of(request.param, tmp_path, request)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> places.Place:
    """Each database that enforces keys in turn."""
    return place_of(request.param, tmp_path, request)
