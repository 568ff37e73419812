"""Ready CSV files into PostgreSQL by COPY, then the constraints, in one transaction: URL FOLDER.

Prints the seconds from the first statement to the end of the commit: without imports, without the connection.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg

_BLOCK = 1 << 20
_SETTINGS = ("maintenance_work_mem = '256MB'", "max_parallel_maintenance_workers = 2", "work_mem = '64MB'")


def copy(cursor: psycopg.Cursor[Any], table: str, columns: list[str], file: Path) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    sql = f'COPY "{table}" ({names}) FROM STDIN (FORMAT csv, HEADER, FREEZE)'
    with file.open("rb") as source, cursor.copy(sql.encode()) as target:
        while block := source.read(_BLOCK):
            target.write(block)


def main(url: str, folder: Path) -> None:
    script = json.loads((folder / "ready.json").read_text())["postgres"]
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        started = perf_counter()
        for sql in (*(f"SET LOCAL {setting}" for setting in _SETTINGS), *script["before"]):
            cursor.execute(sql.encode())
        for table, columns in script["tables"].items():
            copy(cursor, table, columns, folder / f"{table}.csv")
        for sql in script["after"]:
            cursor.execute(sql.encode())
        connection.commit()
        print(perf_counter() - started)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
