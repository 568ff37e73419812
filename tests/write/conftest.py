"""Every target as a fixture."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.write import places

FILES = ("csv", "jsonl", "parquet", "arrow")
DATABASES = ("duckdb", "sqlite", "postgres")


def _place(kind: str, folder: Path, request: pytest.FixtureRequest) -> places.Place:
    if kind in FILES:
        return places.files(folder / "out", kind)
    if kind == "postgres":
        return places.postgres(request.getfixturevalue("postgres_url"))
    make = {"duckdb": places.duckdb_file, "sqlite": places.sqlite_file}[kind]
    return make(folder / f"x.{kind}")


@pytest.fixture(params=FILES + DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> places.Place:
    """Each target in turn."""
    return _place(request.param, tmp_path, request)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> places.Place:
    """Each database in turn."""
    return _place(request.param, tmp_path, request)
