"""The package duckdb: how files are opened, and what its exceptions mean."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sdgen.databases.driver_errors import DriverErrors
from sdgen.errors import Problem
from sdgen.targets.base import REFUSED

if TYPE_CHECKING:
    import duckdb


def connect(path: Path | None = None, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A file, which need not exist if it may be changed; a database in memory where there is no path."""
    import duckdb

    return duckdb.connect(str(path) if path else ":memory:", read_only=read_only)


@cache
def errors() -> DriverErrors:
    import duckdb

    return DriverErrors({duckdb.Error: "", duckdb.Warning: ""})


def problem(path: Path, error: BaseException, table: str = "") -> Problem:
    """What an exception of the driver tells about a file, or a table in it."""
    text = str(error)
    first = text.splitlines()[0] if text else type(error).__name__
    if "lock" in text.lower() and "conflict" in text.lower():
        return Problem(("target",), f"{path} is in use by another process: {first}", "close it and try again")
    if "not a valid DuckDB" in text:
        return Problem(("target",), f"{path} is not a DuckDB database", "choose another file")
    place, otherwise = (("target", table), REFUSED) if table else (("target",), "")
    return Problem(place, f"{path}: {first}", errors().hint(error, otherwise))
