"""PyMySQL: a connection to MySQL or MariaDB, statements, and LOAD DATA from a pipe."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import closing, suppress
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pyarrow as pa

from sdgen.databases.driver_errors import UNREACHED, DriverErrors
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.databases.urls import without_password_of
from sdgen.errors import Problem, TargetError

# In strict mode values that don't fit are errors. NO_AUTO_VALUE_ON_ZERO keeps a key of 0 from becoming the next
# number.
_SESSION = """SET SESSION time_zone = '+00:00', foreign_key_checks = 1,
    sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'"""
_OPTIONS = frozenset({"unix_socket", "ssl", "charset"})

QualifiedName = tuple[str, str]  # schema and table


@cache
def errors() -> DriverErrors:
    """PyMySQL's, and what it lets through: the system's, and RuntimeError where logging in needs another package."""
    import pymysql

    return DriverErrors({pymysql.MySQLError: "", OSError: "", RuntimeError: ""})


class MySQLConnection:
    """A server and database: `mysql://user:password@host:3306/database`, with `?unix_socket=/path` or `?ssl=true`."""

    def __init__(self, url: str) -> None:
        self.parts = urlsplit(url)
        self.options = dict(parse_qsl(self.parts.query))
        self.database = unquote(self.parts.path.strip("/"))
        self._connection: Any = None
        self.local = False

    def fault(self) -> str:
        """What is wrong with the URL; "" where nothing is."""
        try:
            _ = self.parts.port
        except ValueError:
            return "the URL's port is no number"
        unknown = sorted(set(self.options) - _OPTIONS)
        if unknown:
            return f"the URL has an unknown option: {', '.join(unknown)}"
        return "" if self.database else "the URL names no database: mysql://user@host/database"

    def qualified(self, table: str) -> QualifiedName:
        """A table's schema, which is the URL's database where the name has none, and its own name."""
        schema, name = MYSQL.split(table)
        return schema or self.database, name

    def opened(self) -> Any:
        """The connection; TargetError where there can be none."""
        if self._connection is None:
            import pymysql

            try:
                self._connection = pymysql.connect(**self._arguments())
                self.run(_SESSION)
                self.local = bool(self.run("SELECT @@local_infile")[0][0])
            except errors().classes as error:
                raise self.refused(error, "" if self._connection else UNREACHED) from error
        return self._connection

    def _arguments(self) -> dict[str, Any]:
        secure = self.options.get("ssl", "").lower() in ("1", "true", "yes", "on")
        return {
            "host": self.parts.hostname or "localhost",
            "port": self.parts.port or 3306,
            "user": unquote(self.parts.username or "root"),
            "password": unquote(self.parts.password or ""),
            "database": self.database,
            "unix_socket": self.options.get("unix_socket"),
            "charset": "utf8mb4",
            # The client must allow it as well as the server.
            "local_infile": True,
            "connect_timeout": 10,
            **({"ssl": {}} if secure else {}),
        }

    def refused(self, error: BaseException, otherwise: str = "") -> TargetError:
        """The server's complaint, without secrets; `otherwise` is the hint where it tells none."""
        text = without_password_of(self.parts.geturl(), str(error.args[-1] if error.args else error))
        hint = errors().hint(error, otherwise)
        return TargetError(Problem(("target",), f"MySQL: {' '.join(text.split())}", hint))

    def run(self, sql: str | bytes) -> list[tuple[Any, ...]]:
        """One statement; TargetError where the server refuses it."""
        try:
            with self.opened().cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall() or ())
        except errors().classes as error:
            raise self.refused(error) from error

    def texts(self, sql: str) -> pa.Table:
        """The rows of a query, each column as texts; bytes where the database holds bytes."""
        connection = self.opened()
        # Without decoders PyMySQL hands over what the server sent, and makes no numbers and dates of Python's of it.
        decoders, connection.decoders = connection.decoders, {}
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                names = [each[0] for each in cursor.description]
                rows = cursor.fetchall()
        except errors().classes as error:
            raise self.refused(error) from error
        finally:
            connection.decoders = decoders
        columns = zip(*rows, strict=True) if rows else ((),) * len(names)
        return pa.table(
            [pa.array(column) if any(column) else pa.array(column, pa.string()) for column in columns], names
        )

    def load(self, statement: str, parts: Iterable[pa.Buffer]) -> int:
        """LOAD DATA of what comes through a pipe; how many rows were taken. {file} stands where its name belongs.

        TargetError also where the server would take a row otherwise than it came: with LOCAL it skips rows, and changes
        values, with no more than a warning.
        """
        source, sink = os.pipe()
        told: list[int | BaseException] = []
        # PyMySQL reads the file to its end before it returns: rows go into the pipe on this thread, and out of it on
        # another.
        reader = threading.Thread(target=self._read, args=(statement, source, told), name="sdgen-load")
        reader.start()
        try:
            # Closed after a failure of the parts too, or the other thread would wait for the pipe's end for ever.
            with os.fdopen(sink, "wb", buffering=0) as pipe, suppress(BrokenPipeError):
                for part in parts:
                    _write_all(pipe.fileno(), memoryview(part))
        finally:
            reader.join()
        if isinstance(told[0], BaseException):
            raise told[0]
        for level, _, text in self.run("SHOW WARNINGS"):
            if level != "Note":  # digits beyond a decimal's own
                raise self.refused(Exception(text))
        return told[0]

    def _read(self, statement: str, source: int, told: list[int | BaseException]) -> None:
        """Have the server read the pipe, and close it then: so that its writer learns where nobody reads any more."""
        try:
            with self.opened().cursor() as cursor:
                told.append(cursor.execute(statement.replace("{file}", f"/dev/fd/{source}")))
        except errors().classes as error:
            told.append(self.refused(error))
        except BaseException as error:
            told.append(error)
        finally:
            os.close(source)

    def interrupt(self) -> None:
        """Stop the statement that runs, from a connection of its own."""
        if self._connection is not None:
            import pymysql

            with closing(pymysql.connect(**self._arguments())) as other, other.cursor() as cursor:
                cursor.execute(f"KILL QUERY {int(self._connection.thread_id())}")

    def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with suppress(Exception):
                connection.close()


def _write_all(sink: int, data: memoryview) -> None:
    while data:
        data = data[os.write(sink, data) :]
