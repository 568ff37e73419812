"""A connection to MySQL or MariaDB: statements, LOAD DATA from a pipe, and what is known of the tables there."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pyarrow as pa

from sdgen.databases.existing_tables import Found
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.databases.refusals import UNREACHED, next_step
from sdgen.databases.urls import without_password_of
from sdgen.errors import Problem, TargetError

_SESSION = """SET SESSION time_zone = '+00:00', foreign_key_checks = 1,
    sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'"""
_OPTIONS = frozenset({"unix_socket", "ssl", "charset"})
_TABLES = """SELECT t.table_name, t.table_type, coalesce(t.engine, ''), coalesce(e.transactions, '')
    FROM information_schema.tables t LEFT JOIN information_schema.engines e ON e.engine = t.engine
    WHERE t.table_schema = {schema} AND t.table_name IN ({names})"""
_COLUMNS = """SELECT table_name, column_name, column_type, is_nullable, column_default, extra
    FROM information_schema.columns
    WHERE table_schema = {schema} AND table_name IN ({names}) ORDER BY table_name, ordinal_position"""
_KEYS = """SELECT table_schema, table_name, constraint_name, column_name, referenced_table_schema,
        referenced_table_name, referenced_column_name
    FROM information_schema.key_column_usage
    WHERE referenced_table_schema = {schema} AND referenced_table_name IN ({names})
    ORDER BY table_schema, table_name, constraint_name, ordinal_position"""

Place = tuple[str, str]  # schema and table


@dataclass
class ForeignKey:
    """A foreign key of a table that is there."""

    table: Place
    parent: Place
    columns: list[str] = field(default_factory=list)
    to: list[str] = field(default_factory=list)


@dataclass
class Stands:
    """A table that is there: what it is, its columns, those the database computes, and the foreign keys to it."""

    kind: str
    engine: str
    transactional: bool
    columns: list[Found] = field(default_factory=list)
    computed: set[str] = field(default_factory=set)
    referrers: list[ForeignKey] = field(default_factory=list)


class Server:
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

    def opened(self) -> Any:
        """The connection; TargetError where there can be none."""
        if self._connection is None:
            import pymysql

            try:
                self._connection = pymysql.connect(**self._arguments())
                self.run(_SESSION)
                self.local = bool(self.run("SELECT @@local_infile")[0][0])
            except (pymysql.MySQLError, OSError, RuntimeError) as error:
                hint = next_step(str(error), "" if self._connection else UNREACHED)
                raise self.refused(error, hint) from error
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
            "local_infile": True,
            "connect_timeout": 10,
            **({"ssl": {}} if secure else {}),
        }

    def refused(self, error: BaseException, hint: str = "") -> TargetError:
        """The server's complaint, without secrets."""
        text = without_password_of(self.parts.geturl(), str(error.args[-1] if error.args else error))
        return TargetError(Problem(("target",), f"MySQL: {' '.join(text.split())}", hint))

    def run(self, sql: str | bytes) -> list[tuple[Any, ...]]:
        """One statement; TargetError where the server refuses it."""
        import pymysql

        try:
            with self.opened().cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall() or ())
        except (pymysql.MySQLError, OSError) as error:
            raise self.refused(error) from error

    def texts(self, sql: str) -> pa.Table:
        """The rows of a query, each column as texts; bytes where the database holds bytes."""
        import pymysql

        connection = self.opened()
        decoders, connection.decoders = connection.decoders, {}
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                names = [each[0] for each in cursor.description]
                rows = cursor.fetchall()
        except pymysql.MySQLError as error:
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
        reader = threading.Thread(target=self._read, args=(statement, source, told), name="sdgen-load")
        reader.start()
        try:
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
        import pymysql

        try:
            with self.opened().cursor() as cursor:
                told.append(cursor.execute(statement.replace("{file}", f"/dev/fd/{source}")))
        except (pymysql.MySQLError, OSError) as error:
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

    def look(self, tables: Sequence[Place]) -> dict[Place, Stands]:
        """Those of the tables that are there."""
        found: dict[Place, Stands] = {}
        for schema in dict.fromkeys(schema for schema, _ in tables):
            names = ", ".join(MYSQL.literal(name) for other, name in tables if other == schema)
            found |= self._look(schema, {"schema": MYSQL.literal(schema), "names": names})
        return found

    def _look(self, schema: str, within: Mapping[str, str]) -> dict[Place, Stands]:
        found: dict[Place, Stands] = {}
        for name, kind, engine, transactional in self.run(_TABLES.format(**within)):
            found[schema, name] = Stands(kind, engine, transactional == "YES")
        for table, name, type, nullable, default, extra in self.run(_COLUMNS.format(**within)):
            stands, words = found[schema, table], extra.upper()
            computed = "GENERATED" in words.replace("DEFAULT_GENERATED", "")
            filled = default not in (None, "NULL") or "AUTO_INCREMENT" in words or computed
            stands.columns.append(Found(name, _typed(type), nullable == "YES", filled))
            stands.computed |= {name} if computed else set()
        keys: dict[tuple[str, str, str], ForeignKey] = {}
        for own, table, name, column, other, parent, to in self.run(_KEYS.format(**within)):
            key = keys.setdefault((own, table, name), ForeignKey((own, table), (other, parent)))
            key.columns.append(column)
            key.to.append(to)
        for key in keys.values():
            if key.parent in found:
                found[key.parent].referrers.append(key)
        return found


def _typed(declared: bytes | str) -> str:
    return declared.decode() if isinstance(declared, bytes) else declared


def _write_all(sink: int, data: memoryview) -> None:
    while data:
        data = data[os.write(sink, data) :]
