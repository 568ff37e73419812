"""The database that remembers: SQLite by default, or whatever a SQLAlchemy URL opens.

Transactions are short, and one that writes begins as a writer. On SQLite that is `BEGIN IMMEDIATE` in WAL mode with a
long busy timeout; elsewhere a lock of the version's row where order matters (`alone`).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from sdgen.databases.urls import with_encoded_user, without_password
from sdgen.errors import Problem, StoreError, StoreFull, StoreUnusable
from sdgen.execution.secrets import Redactor, expand, passwords_of
from sdgen.service.tables import migrate, newest, store_version, version_of

VARIABLE = "SDGEN_RUNS_DB"
BUSY_SECONDS = 30
LEAST_ROOM = 1_000_000  # bytes on the disk of a file: less is none
_DRIVERS: Mapping[str, str] = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
}


def default_store() -> str:
    """What SDGEN_RUNS_DB says, or runs.sqlite in the user's data folder."""
    told = os.environ.get(VARIABLE)
    if told:
        return told
    folder = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return str(Path(folder) / "sdgen" / "runs.sqlite")


def timestamp(moment: datetime | None = None) -> str:
    """A moment, or now, as the store keeps it."""
    return (moment or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Store:
    """An open store. Safe for threads; made by a path or URL that may hold `${…}`."""

    def __init__(self, place: str | Path = "") -> None:
        self.place = str(place) or default_store()
        self._redactor = Redactor(passwords_of(expand(self.place).text))
        self.engine = self._engine()
        self._writer = self.engine.execution_options(writes=True)
        try:
            self._open()
        except BaseException:
            self.engine.dispose()
            raise

    @property
    def shown(self) -> str:
        """The place without passwords."""
        return without_password(self.place)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        with self._store_errors(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that is committed at its end."""
        with self._store_errors(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def alone(self) -> Iterator[sa.Connection]:
        """A transaction beside which no other `alone` goes on: for what reads, decides and writes."""
        with self.writing() as connection:
            if not self._is_sqlite:
                connection.execute(sa.select(store_version.c.number).with_for_update())
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    @property
    def _is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def _engine(self) -> sa.Engine:
        url = _url(with_encoded_user(expand(self.place).text))
        try:
            engine = sa.create_engine(url, **_options(url))
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            known = "a path, sqlite:///..., postgresql://..., or another URL that SQLAlchemy knows"
            raise StoreError(Problem((), f"{self.shown}: {self._redactor(_first_line(error))}", known)) from None
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine)
        return engine

    def _open(self) -> None:
        """Make the tables, or bring older ones up to date."""
        with self.reading() as connection:
            if version_of(connection) == newest():
                return
        if self._is_sqlite:
            self._use_wal()
        with self.writing() as connection:
            if not self._is_sqlite and connection.dialect.name == "postgresql":
                # The row that is locked elsewhere is made by the first migration: two processes could both find none.
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(7366771)"))
            migrate(connection)

    def _use_wal(self) -> None:
        """The mode stays with the file. The switch needs the file alone, and does not wait for it by itself."""
        until = time.monotonic() + BUSY_SECONDS
        path = self.engine.url.database or ":memory:"
        while True:
            try:
                # Past SQLAlchemy, whose connections begin a transaction: in one the mode can't be changed.
                with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
                    connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.Error as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    what = f"the store {self.shown} can't be used: {error}"
                    raise StoreError(Problem((), what, "name another with --runs-db or SDGEN_RUNS_DB")) from None
            time.sleep(0.02)

    def _full(self) -> StoreFull:
        hint = "make room there; nothing that was stored is lost"
        return StoreFull(Problem((), f"the store {self.shown} is full", hint))

    @contextmanager
    def _store_errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            if _is_full(cause):
                raise self._full() from error
            what = f"the store {self.shown} can't be used: {self._redactor(_first_line(cause))}"
            raise StoreUnusable(Problem((), what, "name another with --runs-db or SDGEN_RUNS_DB")) from error

    def check_writable(self) -> None:
        """Write what is there already; StoreUnusable where that can't be done, or there is no room for more."""
        folder = Path(self.engine.url.database or ".").parent
        if self._is_sqlite and shutil.disk_usage(folder).free < LEAST_ROOM:
            raise self._full()
        with self.writing() as connection:
            connection.execute(sa.update(store_version).values(number=store_version.c.number))


def _is_full(error: BaseException) -> bool:
    """Whether SQLite or a server says that its disk is full (SQLITE_FULL; PostgreSQL's 53100; MySQL's 1021, 1114)."""
    code = getattr(error, "sqlite_errorname", "") or getattr(error, "sqlstate", "") or (*error.args, "")[0]
    return code in ("SQLITE_FULL", "53100", 1021, 1114)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _url(place: str) -> str:
    scheme, separator, rest = place.partition("://")
    if separator:
        return f"{_DRIVERS.get(scheme.lower(), scheme)}://{rest}"
    path = Path(place).absolute()
    try:
        # Made before SQLite makes it, with whatever rights are usual: a store tells of targets and scenarios.
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
    except OSError as error:
        what = f"the store {path} can't be made: {error.strerror}"
        raise StoreError(Problem((), what, "name another with --runs-db or SDGEN_RUNS_DB")) from None
    return f"sqlite:///{quote(str(path), safe='/')}"


def _options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": BUSY_SECONDS}}
    # Servers close connections that were idle for long: each is tried before it is used again.
    return {"pool_pre_ping": True, "pool_size": 5}


def _prepare_sqlite(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def connected(raw: Any, _: object) -> None:
        raw.isolation_level = None  # transactions begin where `begun` says
        # In WAL mode a commit then survives a killed process, and the file stays whole after a power cut.
        raw.execute("PRAGMA synchronous = NORMAL")
        # SQLite leaves them off unless each connection asks for them.
        raw.execute("PRAGMA foreign_keys = ON")

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
