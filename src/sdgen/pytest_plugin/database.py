"""A filled database that a test has for itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdgen.databases.registry import by_name

KINDS = ("sqlite", "duckdb", "postgres")


@dataclass(frozen=True)
class Database:
    """A filled database.

    kind: sqlite, duckdb or postgres. url: as SQLAlchemy and sdgen take it. path: None on a server.
    """

    kind: str
    url: str = field(repr=False)  # it may hold a password
    path: Path | None = None

    @property
    def file(self) -> Path:
        """The path of a database that is a file; ValueError where it is on a server."""
        if self.path is None:
            raise ValueError(f"a {self.kind} database has no file")
        return self.path

    def connect(self) -> Any:
        """A new DB-API connection: of sqlite3, duckdb or psycopg. Close it when done."""
        kind = by_name(self.kind)
        assert kind is not None
        assert kind.connect is not None
        return kind.connect(self.url)


def of_file(kind: str, path: Path) -> Database:
    """The database in a file."""
    return Database(kind, f"{kind}:///{path.as_posix()}", path)
