"""Databases of a PostgreSQL server: one filled for each dataset, kept as a template, and a copy of it for each test.

All that is made is named `sdgen_…` and carries the number of the database that the URL names, so that two URLs of one
server don't touch each other's. A template gets its name when it is whole. Whatever else is left of a killed session is
dropped by the next one: a session holds an advisory lock on its number, which ends with its connection.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sdgen.databases.driver_errors import UNREACHED
from sdgen.databases.postgres.connection import IN_USE, NO_SUCH_DATABASE, connect, errors, sqlstate
from sdgen.errors import Problem, TargetError

if TYPE_CHECKING:
    import psycopg

TEMPLATES = 20  # kept on a server; the one used longest ago goes first
_URL = re.compile(r"(postgres(?:ql)?)(?:\+\w+)?://([^/?#]*)(/[^?#]*)?(?:\?([^#]*))?")
_OURS = """SELECT datname::text, coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database
    WHERE datname LIKE %s ORDER BY 2 DESC, 1"""
_NOTE = """SELECT format('COMMENT ON DATABASE %%I IS %%L', %s::text,
    to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'))"""


def with_database(url: str, name: str) -> str:
    """The URL of another database of the same server. TargetError where it is no PostgreSQL URL."""
    match = _URL.fullmatch(url.strip())
    if match is None:
        hint = "write postgresql://user@host/database"
        raise TargetError(Problem(("target",), "the server's address is no PostgreSQL URL", hint))
    # A database that is named in the query would win over the path.
    pairs = [pair for pair in (match[4] or "").split("&") if pair.partition("=")[0] not in ("", "schema", "dbname")]
    path = f"/{name}" if name else match[3] or ""
    return f"postgresql://{match[2]}{path}" + (f"?{'&'.join(pairs)}" if pairs else "")


@dataclass
class PostgresServer:
    """A server, and what this session has made there. The URL's role must be allowed to create databases."""

    url: str
    session: str = field(default_factory=lambda: secrets.token_hex(7))
    _connection: psycopg.Connection[Any] | None = None
    _made: int = 0
    _place: str = ""

    def database(self, key: str, fill: Callable[[str], None]) -> str:
        """The name of a new database, a copy of the template of a key; `fill` is given the URL of one to fill."""
        for attempt in range(3):
            template = self._template(key, fill)
            try:
                return self._create(template)
            except errors().classes as error:
                # Another session had too many, and dropped it just now.
                if sqlstate(error) != NO_SUCH_DATABASE or attempt == 2:
                    raise
        raise AssertionError

    def url_of(self, name: str) -> str:
        """The URL of a database of this server."""
        return with_database(self.url, name)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def clear(self) -> None:
        """Drop all templates."""
        self._connected()
        for name, _ in self._run(_OURS, (f"sdgen\\_template\\_{self._place}\\_%",)):
            with self._alone(name):
                self._forget(name)

    def close(self) -> None:
        """Let go of the server; databases not dropped yet are dropped."""
        if self._connection is not None:
            with suppress(Exception):
                for name, _ in self._run(_OURS, (f"sdgen\\_test\\_{self._place}\\_{self.session}\\_%",)):
                    self.drop(name)
            self._connection.close()
            self._connection = None

    def _template(self, key: str, fill: Callable[[str], None]) -> str:
        """The name of the whole template of a key."""
        self._connected()
        name = f"sdgen_template_{self._place}_{key}"
        if not self._there(name):
            with self._alone(name):
                if not self._there(name):
                    self._make(name, fill)
        # The comment on a database tells when it was last used; COMMENT takes no parameters, so that the server formats
        # it first.
        self._run(self._run(_NOTE, (name,))[0][0])
        return name

    def _there(self, name: str) -> bool:
        return bool(self._run("SELECT 1 FROM pg_database WHERE datname = %s", (name,)))

    def _make(self, name: str, fill: Callable[[str], None]) -> None:
        self._clean()
        made = self._create("")
        try:
            fill(self.url_of(made))
            # A database can be copied only while nobody is connected to it.
            self._run(f'ALTER DATABASE "{made}" WITH ALLOW_CONNECTIONS false')
            # Last of all: what has a template's name is whole.
            self._run(f'ALTER DATABASE "{made}" RENAME TO "{name}"')
        except BaseException:
            with suppress(Exception):
                self.drop(made)
            raise

    def _create(self, template: str) -> str:
        self._connected()
        self._made += 1
        name = f"sdgen_test_{self._place}_{self.session}_{self._made}"
        self._run(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
        return name

    def _clean(self) -> None:
        """Drop what sessions that are no more have left, and templates that are too many."""
        sessions: dict[str, list[str]] = {}
        for name, _ in self._run(_OURS, (f"sdgen\\_test\\_{self._place}\\_%",)):
            sessions.setdefault(name.split("_")[3], []).append(name)
        for session, names in sessions.items():
            if session != self.session and self._run("SELECT pg_try_advisory_lock(%s)", (_number(session),))[0][0]:
                for name in names:
                    self.drop(name)
                self._run("SELECT pg_advisory_unlock(%s)", (_number(session),))
        for name, _ in self._run(_OURS, (f"sdgen\\_template\\_{self._place}\\_%",))[TEMPLATES - 1 :]:
            self._forget(name)

    def _forget(self, template: str) -> None:
        try:
            self._run(f'DROP DATABASE IF EXISTS "{template}"')
        except errors().classes as error:
            if sqlstate(error) != IN_USE:
                raise

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """While no other session makes that template."""
        self._run("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (name,))
        try:
            yield
        finally:
            with suppress(Exception):  # the lock ends with the connection at the latest
                self._run("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (name,))

    def _run(self, sql: str, params: tuple[object, ...] | None = None) -> list[tuple[Any, ...]]:
        cursor = self._connected().execute(sql.encode(), params)
        return cursor.fetchall() if cursor.description else []

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            made = connect(with_database(self.url, ""), autocommit=True)
            # Held as long as the connection lives, whatever ends it: by this others know what is left of dead sessions.
            made.execute("SELECT pg_advisory_lock(%s)", (_number(self.session),))
            found = made.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
            assert found is not None
            self._connection, self._place = made, str(found[0])
        return self._connection


def _number(session: str) -> int:
    """The number that a session holds a lock on."""
    return int(session, 16)


def problem_of(error: Exception) -> Problem:
    """What a failure of the server means for its user."""
    state = sqlstate(error)
    what = f"PostgreSQL: {' '.join(str(error).split())}"
    return Problem(("target",), what, _HINTS.get(state, "" if state else UNREACHED))


_HINTS = {
    "42501": "the URL's role makes a database for each test: ALTER ROLE … CREATEDB",
    "53300": "each test that uses PostgreSQL holds two connections: raise max_connections, or use fewer workers",
}
