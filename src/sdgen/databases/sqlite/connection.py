"""sqlite3 and ADBC's driver for SQLite: how files are opened, and what the drivers' exceptions mean."""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

from sdgen.databases.driver_errors import DriverErrors
from sdgen.errors import Problem


def connect(path: Path, *, patience: float = 5.0, autocommit: bool = False) -> sqlite3.Connection:
    """A file that may be changed. patience: seconds to wait for others that have locked it."""
    if autocommit:
        return sqlite3.connect(path, timeout=patience, isolation_level=None)
    return sqlite3.connect(path, timeout=patience)


def connect_to_read(path: Path, patience: float = 10.0) -> sqlite3.Connection:
    """A file that exists, and is not changed."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=patience)


def connect_to_write(path: Path) -> Any:
    """A connection of ADBC's, which takes rows from Arrow batches; each statement counts at once."""
    from adbc_driver_sqlite import dbapi

    return dbapi.connect(str(path), autocommit=True)


@cache
def errors() -> DriverErrors:
    from adbc_driver_manager import Error, Warning

    return DriverErrors({sqlite3.Error: "", sqlite3.Warning: "", Error: "", Warning: ""})


def problem(path: Path, error: BaseException) -> Problem:
    """What an exception of a driver tells about a file."""
    text = str(error)
    if "locked" in text:
        return Problem(("target",), f"{path} is in use by another process: {text}", "close it and try again")
    if "not a database" in text or "image is malformed" in text:
        return Problem(("target",), f"{path} is not a SQLite database: {text}", "choose another file")
    return Problem(("target",), f"{path}: {text}", errors().hint(error))
