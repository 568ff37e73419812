"""Examples in DuckDB, as those who know their field would look at them."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

import sdgen
from sdgen.readers.sources import read_source


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="sdgen-specialists-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def connection(name: str, seed: int | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to a file of an example's rows, by its own seed where none is given; written once in a process."""
    path = _folder() / f"{name}_{seed}_demo.duckdb"  # a name that every example allows
    sdgen.write(read_source(name), path, seed=seed)
    opened = duckdb.connect(str(path), read_only=True)
    opened.execute("set timezone = 'UTC'")
    return opened


def one(rows: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The first value of a query's first row."""
    found = rows.execute(sql).fetchone()
    assert found is not None
    return found[0]
