"""Two ways to the same database engine: ClickHouse in this process (chdb), and a ClickHouse server over HTTP."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from sdgen.databases.clickhouse.dialect import CLICKHOUSE
from sdgen.databases.driver_errors import UNREACHED, DriverErrors, next_step
from sdgen.databases.urls import without_password_of
from sdgen.errors import Problem, TargetError, install_hint
from sdgen.targets.paths import appeared, file_fault, leftovers, staged
from sdgen.targets.writer_lock import LocalPath

ROWS = "JSONCompactStringsEachRow"
_EXTRA = "sdgen[clickhouse]"
# Partitions may be many in a load; asynchronous inserts would answer before the rows are there.
_INSERT = {"max_partitions_per_insert_block": 0, "async_insert": 0, "input_format_null_as_default": 1}
_NATIVE_PORT = 9000


class Engine(Protocol):
    """A connection, which opens itself. All methods raise TargetError where the engine refuses.

    local_path: where one in this process keeps its files. text_uuids: uuids are best sent as text. Old servers read
    16 bytes as two numbers of swapped bytes.
    """

    text_uuids: bool
    database: str
    local_path: LocalPath | None

    def fault(self) -> str:
        """Why nothing can be written here, as far as that shows without a connection."""
        ...

    def exists(self) -> bool: ...

    def fetch(self, sql: str, format: str = "") -> bytes: ...

    def insert(self, table: str, names: Sequence[str], pieces: Iterable[bytes]) -> int:
        """Insert an Arrow stream; how many rows were written."""
        ...

    def keep(self) -> None:
        """Close; all that was done stays."""
        ...

    def discard(self) -> None:
        """Close, and leave no new place behind."""
        ...


def fetch_rows(engine: Engine, sql: str) -> list[list[str]]:
    """The rows of a query, all values as texts."""
    return [json.loads(line) for line in engine.fetch(sql, ROWS).splitlines()]


@cache
def remote_errors() -> DriverErrors:
    """clickhouse-connect's own. Those of its transport come through as well: whatever it raises is taken for one."""
    from clickhouse_connect.driver import exceptions

    return DriverErrors({exceptions.ClickHouseError: "", exceptions.StreamCompleteException: ""})


@cache
def embedded_errors() -> DriverErrors:
    """chdb's own, one in each of its packages; its engine raises plain RuntimeErrors besides."""
    import chdb
    from chdb import _exceptions
    from chdb.dbapi import err

    return DriverErrors({chdb.ChdbError: "", _exceptions.ChdbError: "", err.StandardError: ""})


_UNREACHED = re.compile(r"\[Errno -?\d+\] [^\"')]+")  # deep in the words of its transport


def _refusal(error: object, hint: str = "") -> TargetError:
    # Servers send their stack trace and their version along.
    first = str(error).partition("Stack trace:")[0]
    text = " ".join(first.partition("(version ")[0].split())
    unreached = _UNREACHED.search(text)
    text = f"can't connect: {unreached[0]}" if unreached else text
    return TargetError(Problem(("target",), f"ClickHouse: {text}", hint))


class Embedded:
    """A folder of chdb's. A new one is made under a hidden name beside its own and renamed in the end."""

    text_uuids = False
    database = "default"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.local_path: LocalPath | None = LocalPath(path)
        self.staged: Path | None = None
        self._connection: Any = None

    def fault(self) -> str:
        if self.path.is_dir():
            known = (self.path / "metadata").is_dir() and (self.path / "store").is_dir()
            return "" if known or not self.exists() else f"{self.path} is a folder of other files, not chdb's"
        if self.path.exists():
            return f"{self.path} is a file: chdb keeps a database in a folder"
        for path in leftovers(self.path):
            shutil.rmtree(path, ignore_errors=True)
        return file_fault(self.path)

    def exists(self) -> bool:
        return self.path.is_dir() and any(self.path.iterdir())

    def _opened(self) -> Any:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> Any:
        try:
            from chdb.state.sqlitelike import Connection
        except ImportError:
            raise TargetError(Problem(("target",), "chdb:// needs the package chdb", install_hint(_EXTRA))) from None
        if not self.exists():
            self.staged = staged(self.path)
        try:
            return Connection(str((self.staged or self.path).absolute()))
        except Exception as error:
            self._forget()
            hint = "is it in use by another process, or another chdb folder by this one?"
            raise _refusal(f"{self.path} can't be opened: {error}", hint) from error

    def fetch(self, sql: str, format: str = "") -> bytes:
        return bytes(self._query(sql, format or "Null").bytes() or b"")

    def _query(self, sql: str, format: str) -> Any:
        connection = self._opened()
        try:
            return connection.query(sql, format)
        except Exception as error:  # chdb's own, and RuntimeError
            raise _refusal(error) from error

    def insert(self, table: str, names: Sequence[str], pieces: Iterable[bytes]) -> int:
        """Through a file: chdb's streaming insert tells nothing of rows that a table refuses."""
        listed = ", ".join(map(CLICKHOUSE.quote, names))
        settings = ", ".join(f"{name} = {value}" for name, value in _INSERT.items())
        with NamedTemporaryFile(prefix="sdgen-", suffix=".arrow") as file:
            file.writelines(pieces)
            file.flush()
            there = f"INFILE {CLICKHOUSE.literal(file.name)} SETTINGS {settings} FORMAT ArrowStream"
            return int(self._query(f"INSERT INTO {table} ({listed}) FROM {there}", "Null").rows_written())

    def keep(self) -> None:
        # The engine has its files open, and looks for them under the old name, until it is closed.
        self._close()
        if self.staged is not None:
            if self.exists():
                raise appeared(self.path)
            os.rename(self.staged, self.path)
            self.staged = None

    def discard(self) -> None:
        with suppress(Exception):
            self._close()
        self._forget()

    def _close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def _forget(self) -> None:
        if self.staged is not None:
            shutil.rmtree(self.staged, ignore_errors=True)
            self.staged = None


class Remote:
    """A server's HTTP interface: `clickhouse://user:password@host:8123/database`, `clickhouses://` for HTTPS."""

    text_uuids = True

    def __init__(self, url: str) -> None:
        self.parts = urlsplit(url)
        self.local_path: LocalPath | None = None
        self.options = dict(parse_qsl(self.parts.query))
        self.database = unquote(self.parts.path.strip("/")) or "default"
        self._client: Any = None

    def fault(self) -> str:
        try:
            port = self.parts.port
        except ValueError:
            return "the URL's port is no number"
        unknown = sorted(set(self.options) - {"secure", "verify"})
        if unknown:
            return f"the URL has an unknown option: {', '.join(unknown)}"
        return f"port {port} speaks ClickHouse's native protocol; give its HTTP port" if port == _NATIVE_PORT else ""

    def exists(self) -> bool:
        return True

    def _opened(self) -> Any:
        if self._client is None:
            self._client = self._connect()
        return self._client

    def _connect(self) -> Any:
        try:
            import clickhouse_connect
        except ImportError:
            what = "clickhouse:// needs the package clickhouse-connect"
            raise TargetError(Problem(("target",), what, install_hint(_EXTRA))) from None
        logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())  # what it logs is told by ourselves
        try:
            return clickhouse_connect.get_client(**self._arguments())
        except Exception as error:
            absent = "UNKNOWN_DATABASE" in str(error)
            hint = f"CREATE DATABASE {self.database}" if absent else next_step(str(error), UNREACHED)
            raise self._refused(error, hint) from error

    def _arguments(self) -> dict[str, Any]:
        secure = self._says("secure", self.parts.scheme == "clickhouses")
        return {
            "host": self.parts.hostname or "localhost",
            "port": self.parts.port or (8443 if secure else 8123),
            "username": unquote(self.parts.username or "default"),
            "password": unquote(self.parts.password or ""),
            "database": self.database,
            "secure": secure,
            "verify": self._says("verify", True),
            "client_name": "sdgen",
        }

    def _says(self, option: str, default: bool) -> bool:
        return self.options.get(option, str(default)).lower() in ("1", "true", "yes", "on")

    def _refused(self, error: object, hint: str = "") -> TargetError:
        return _refusal(without_password_of(self.parts.geturl(), str(error)), hint)

    def fetch(self, sql: str, format: str = "") -> bytes:
        client = self._opened()
        try:
            if format:
                return bytes(client.raw_query(sql, fmt=format))
            client.command(sql)
        except Exception as error:  # the driver's own, and those of its transport
            raise self._refused(error) from error
        return b""

    def insert(self, table: str, names: Sequence[str], pieces: Iterable[bytes]) -> int:
        sending = _PieceStream(pieces)
        client = self._opened()
        try:
            # The stream is sent as it is made, and never whole in memory.
            done = client.raw_insert(table, list(names), sending.all(), _INSERT, "ArrowStream")
        except Exception as error:
            raise sending.failure or self._refused(error) from error
        return int(done.written_rows)

    def keep(self) -> None:
        self.discard()

    def discard(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            with suppress(Exception):
                client.close()


class _PieceStream:
    """Pieces on their way through a driver; what stopped them is kept, as the driver makes something else of it."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.failure: BaseException | None = None

    def all(self) -> Generator[bytes, None, None]:
        try:
            yield from self._pieces
        except GeneratorExit:
            # The driver wants no more, which is no failure of the pieces.
            raise
        except BaseException as failure:
            self.failure = failure
            raise
