"""The targets of the campaign, and what they hold: by table, how many rows there are of each batch.

Each run writes a number of its own, its batch, into every row, so that rows of two runs are told apart.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import psycopg.conninfo
import pyarrow.csv as csv
import pyarrow.parquet as parquet
import yaml

TABLES = ("owners", "things")
Held = Mapping[str, Mapping[int, int]]  # by table: rows of each batch
_COUNT = "SELECT batch, count(*) FROM {} GROUP BY batch"
_QUIET = 60.0  # seconds that a database's server is given to see that its client is gone


@dataclass(frozen=True)
class Place:
    """A target: its id, a run's usual number of rows there, and what it holds now."""

    name: str
    dsn: str
    rows: int
    held: Callable[[], Held]


def scenario(batch: int, rows: int) -> dict[str, Any]:
    """Two tables, a link between them, keys to be checked at the end, and the batch in every row."""
    number = {"type": "int", "generator": "const", "params": {"value": batch}}
    key = {"type": "bigint", "primary_key": True, "generator": "sequence"}
    link = {"generator": "fk", "params": {"entity": "owners", "column": "id"}}
    told = {"type": "text", "generator": "person.full_name"}
    email = {"type": "text", "unique": True, "generator": "person.email"}
    return {
        "name": "kills",
        "seed": batch,
        "as_of": "2026-01-01T00:00:00Z",
        "entities": {
            "owners": {"rows": rows // 4, "columns": {"id": key, "batch": number, "name": told}},
            "things": {"rows": rows, "columns": {"id": key, "batch": number, "owner_id": link, "email": email}},
        },
    }


def whole(batch: int, rows: int) -> Held:
    """What a place holds after the whole of a run, and nothing else."""
    return {"owners": {batch: rows // 4}, "things": {batch: rows}}


def places(folder: Path, postgres: str) -> Iterator[Place]:
    """Two of each kind; their target files are written into `folder`/targets."""
    out = folder / "out"
    for number in (1, 2):
        files, lite, duck = out / f"files{number}", out / f"lite{number}.sqlite", out / f"duck{number}.duckdb"
        database = _made(postgres, f"kills{number}")
        yield Place(f"files{number}", str(files), 1_200_000, partial(_files, files))
        yield Place(f"lite{number}", str(lite), 300_000, partial(_sqlite, lite))
        yield Place(f"duck{number}", str(duck), 600_000, partial(_duckdb, duck))
        yield Place(f"postgres{number}", database, 200_000, partial(_postgres, database))


def write_target_files(folder: Path, found: Iterable[Place]) -> None:
    folder.mkdir()
    for place in found:
        said: dict[str, Any] = {"id": place.name, "dsn": place.dsn, "mode": "truncate_then_insert"}
        if place.name.startswith("files"):
            said["options"] = {"formats": ["parquet", "csv"]}
        (folder / f"{place.name}.yaml").write_text(yaml.safe_dump(said))


def leftovers(folder: Path) -> list[str]:
    """What runs left behind: hidden staging places, journals of databases, scratch folders."""
    out, scratch = folder / "out", folder / "tmp"
    left = [
        path for path in out.iterdir() if path.name.startswith(".") or path.suffix not in ("", ".sqlite", ".duckdb")
    ]
    return [str(path.relative_to(folder)) for path in [*left, *scratch.glob("sdgen-*")]]


def _files(folder: Path) -> Held:
    """Both formats must say the same."""
    if not folder.exists():
        return {}
    held = {}
    for table in TABLES:
        columns = [parquet.read_table(folder / f"{table}.parquet", columns=["batch"])["batch"]]
        columns.append(csv.read_csv(folder / f"{table}.csv")["batch"])
        counts = [{each["values"]: each["counts"] for each in column.value_counts().to_pylist()} for column in columns]
        held[table] = counts[0] if counts[0] == counts[1] else {-1: 0, **counts[0], **counts[1]}
    told = json.loads((folder / "_sdgen.json").read_text())
    seeds = set(held["owners"])
    return held if {_seed(told)} == seeds else {**held, "_sdgen.json": {_seed(told): 0}}


def _seed(told: Mapping[str, Any]) -> int:
    return int(told.get("seed", -1))


def _sqlite(file: Path) -> Held:
    if not file.exists():
        return {}
    with closing(sqlite3.connect(file, timeout=60)) as connection:
        there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return {table: dict(connection.execute(_COUNT.format(table))) for table in TABLES if table in there}


def _duckdb(file: Path) -> Held:
    if not file.exists():
        return {}
    with duckdb.connect(str(file)) as connection:
        there = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        return {table: dict(connection.execute(_COUNT.format(table)).fetchall()) for table in TABLES if table in there}


def _postgres(url: str) -> Held:
    with psycopg.connect(url) as connection:
        quiet(connection)
        there = {row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        return {table: dict(connection.execute(_COUNT.format(table)).fetchall()) for table in TABLES if table in there}


def quiet(connection: psycopg.Connection[Any]) -> None:
    """Wait until the sessions of killed clients are gone: one that had been told to commit still does."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    until = time.monotonic() + _QUIET
    while (row := connection.execute(others).fetchone()) and row[0]:
        if time.monotonic() > until:
            raise TimeoutError(f"{row[0]} sessions are still open in {connection.info.dbname}")
        connection.rollback()
        time.sleep(0.05)


def _made(server: str, database: str) -> str:
    """The URL of a new database on a server."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{database}"')
    head, _, tail = server.partition("/postgres?")
    return f"{head}/{database}?{tail}"
