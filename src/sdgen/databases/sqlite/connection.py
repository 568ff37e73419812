"""sqlite3 and ADBC's driver for SQLite: how files are opened, and what the drivers' exceptions mean."""

from __future__ import annotations

import re
import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

from sdgen.databases.driver_errors import DriverErrors
from sdgen.errors import Problem
from sdgen.targets.base import REFUSED


def connect(path: Path, *, patience: float = 5.0, autocommit: bool = False) -> sqlite3.Connection:
    """A file that may be changed. patience: seconds to wait for others that have locked it."""
    if autocommit:
        return sqlite3.connect(path, timeout=patience, isolation_level=None)
    return sqlite3.connect(path, timeout=patience)


def connect_to_read(path: Path, patience: float = 10.0) -> sqlite3.Connection:
    """A file that exists, and is not changed."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=patience)
    # SQLite has the word, and leaves what it means to whoever opens the file.
    connection.create_function("regexp", 2, _is_found, deterministic=True)
    return connection


def _is_found(pattern: str, text: object) -> bool | None:
    return None if text is None else re.search(pattern, str(text)) is not None


def connect_to_write(path: Path) -> Any:
    """A connection of ADBC's, which takes rows from Arrow batches; each statement counts at once."""
    from adbc_driver_sqlite import dbapi

    return dbapi.connect(str(path), autocommit=True)


@cache
def errors() -> DriverErrors:
    from adbc_driver_manager import Error, Warning

    return DriverErrors({sqlite3.Error: "", sqlite3.Warning: "", Error: "", Warning: ""})


def problem(path: Path, error: BaseException, table: str = "") -> Problem:
    """What an exception of a driver tells about a file, or a table in it."""
    # ADBC puts its own words around SQLite's: a status before them, and the statement behind.
    text = str(error).removeprefix("INTERNAL: ").removeprefix("failed to execute: ").partition("\nquery was:")[0]
    place, otherwise = (("target", table), REFUSED) if table else (("target",), "")
    if "locked" in text:
        return Problem(("target",), f"{path} is in use by another process: {text}", "close it and try again")
    if "not a database" in text or "image is malformed" in text:
        return Problem(("target",), f"{path} is not a SQLite database: {text}", "choose another file")
    return Problem(place, f"{path}: {text}", errors().hint(error, otherwise))
