"""Ready Arrow tables in memory into a new SQLite file by its ADBC driver, then the indexes: FILE FOLDER.

Prints the seconds from opening the database to closing it: without imports, without reading the tables.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import pyarrow as pa
from adbc_driver_sqlite import dbapi

_PRAGMAS = (
    "journal_mode = OFF",
    "synchronous = OFF",
    "locking_mode = EXCLUSIVE",
    "cache_size = -131072",
    "temp_store = MEMORY",
    "foreign_keys = OFF",
)


def run(connection: Any, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        cursor.fetchall()


def main(file: str, folder: Path) -> None:
    script = json.loads((folder / "ready.json").read_text())["sqlite"]
    tables = {name: pa.ipc.open_file(str(folder / f"{name}.arrow")).read_all() for name in script["tables"]}
    started = perf_counter()
    with dbapi.connect(file, autocommit=True) as connection:
        for sql in (*(f"PRAGMA {pragma}" for pragma in _PRAGMAS), "BEGIN IMMEDIATE", *script["before"]):
            run(connection, sql)
        for name, table in tables.items():
            with connection.cursor() as cursor:
                cursor.adbc_ingest(name, table, mode="append")
        for sql in (*script["after"], "COMMIT"):
            run(connection, sql)
    print(perf_counter() - started)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
