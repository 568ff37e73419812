"""How many rows a target's tables hold already, where asking is cheap and changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from sdgen.databases.clickhouse.dialect import CLICKHOUSE
from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.databases.sqlite.dialect import SQLITE
from sdgen.databases.urls import without_schema
from sdgen.errors import TargetError
from sdgen.execution.target_kinds import path_of
from sdgen.targets.base import Table

Counts = dict[str, int]
_SECONDS = 2
_PATIENCE = f"{_SECONDS}s"
_MANY = 1_000_000
_ESTIMATED = b"SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)"


def existing_rows(kind: str, destination: str, tables: Sequence[Table]) -> Counts | None:
    """Rows by table, for the tables that are there; None where this kind of target isn't asked, or doesn't answer."""
    ask = _ASK.get(kind)
    if ask is None:
        return None
    try:
        return ask(destination, tables)
    except Exception:  # a plan without these figures is still a plan; what keeps a run from working is told by `check`
        return None


def _sqlite(destination: str, tables: Sequence[Table]) -> Counts:
    path = path_of(destination)
    if not path.exists():
        return {}
    with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=1)) as connection:
        there = {row[0].lower() for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        return {
            table.name: connection.execute(f"SELECT count(*) FROM {SQLITE.table(table.name)}").fetchone()[0]
            for table in tables
            if table.name.lower() in there
        }


def _duckdb(destination: str, tables: Sequence[Table]) -> Counts:
    import duckdb

    path = path_of(destination)
    if not path.exists():
        return {}
    counts: Counts = {}
    with duckdb.connect(str(path), read_only=True) as connection:
        for table in tables:
            try:
                found = connection.execute(f"SELECT count(*) FROM {DUCKDB.table(table.name)}").fetchone()
            except duckdb.CatalogException:
                continue
            counts[table.name] = found[0] if found else 0
    return counts


def _postgres(destination: str, tables: Sequence[Table]) -> Counts:
    """The server's own estimate of large tables; the others are counted, for a short while."""
    import psycopg

    url, schema = without_schema(destination)
    counts: Counts = {}
    with psycopg.connect(url, connect_timeout=5, application_name="sdgen") as connection:
        connection.execute(f"SET statement_timeout = '{_PATIENCE}'".encode())
        if schema:
            connection.execute(f"SET search_path = {POSTGRES.quote(schema)}, public".encode())
        for table in tables:
            name = POSTGRES.table(table.name)
            row = connection.execute(_ESTIMATED, (name,)).fetchone()
            if row is not None and row[0] <= _MANY:
                row = connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchone()
            if row is not None:
                counts[table.name] = row[0]
    return counts


def _mysql(destination: str, tables: Sequence[Table]) -> Counts:
    """Counted one after the other, and given up together where that takes long."""
    from sdgen.databases.mysql.connection import Server

    server = Server(destination)
    places = {
        table.name: (MYSQL.split(table.name)[0] or server.database, MYSQL.split(table.name)[1]) for table in tables
    }
    try:
        server.opened()
        there = server.look(list(places.values()))
        with suppress(TargetError):  # MariaDB has it in seconds, MySQL under another name in milliseconds
            server.run(f"SET SESSION max_statement_time = {_SECONDS}")
        with suppress(TargetError):
            server.run(f"SET SESSION max_execution_time = {_SECONDS * 1000}")
        return {
            name: server.run(f"SELECT count(*) FROM {MYSQL.table(name)}")[0][0]
            for name, place in places.items()
            if place in there
        }
    finally:
        server.close()


def _clickhouse(destination: str, tables: Sequence[Table]) -> Counts:
    """From the parts' own counts: nothing is read."""
    from sdgen.databases.clickhouse.connection import Remote, fetch_rows
    from sdgen.databases.clickhouse.create import look

    engine = Remote(destination)
    try:
        places = {table.name: CLICKHOUSE.split(table.name) for table in tables}
        named = {name: (database or engine.database, own) for name, (database, own) in places.items()}
        there = look(engine, list(named.values())) if engine.exists() else {}
        counts = {name: f"SELECT count() FROM {CLICKHOUSE.table(name)}" for name in named if named[name] in there}
        return {name: int(fetch_rows(engine, sql)[0][0]) for name, sql in counts.items()}
    finally:
        engine.discard()


def _files(destination: str, tables: Sequence[Table]) -> Counts | None:
    """Files aren't counted: that would be to read them. An empty folder holds nothing."""
    folder = Path(destination)
    return {} if not folder.exists() or not any(folder.iterdir()) else None


_ASK: Mapping[str, Callable[[str, Sequence[Table]], Counts | None]] = {
    "sqlite": _sqlite,
    "duckdb": _duckdb,
    "postgres": _postgres,
    "mysql": _mysql,
    "clickhouse": _clickhouse,
    "files": _files,
}
