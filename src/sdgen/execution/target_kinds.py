"""The kinds of targets as facts: how a kind is told from a DSN, and what parts a DSN of it has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from sdgen.databases.urls import without_schema
from sdgen.execution.destinations import SCHEMES, misnamed
from sdgen.readers.formats import DATABASE_FILES

FILES, STDOUT = "files", "stdout"


@dataclass(frozen=True)
class Kind:
    """One kind. local: the DSN may be a path here. server: it has a database's name. schemas: it takes a schema.

    database: it is one, on a server or in a file, so that guards on names of databases speak of it.
    """

    name: str
    local: bool = False
    server: bool = False
    schemas: bool = False
    database: bool = True


_KNOWN = (
    Kind(FILES, local=True, database=False),
    Kind(STDOUT, database=False),
    Kind("sqlite", local=True),
    Kind("duckdb", local=True),
    Kind("chdb", local=True),
    Kind("sql", local=True, database=False),
    Kind("postgres", server=True, schemas=True),
    Kind("mysql", server=True),
    Kind("clickhouse", server=True),
)
_SYNONYMS: Mapping[str, str] = {
    "postgresql": "postgres",
    "mariadb": "mysql",
    "clickhouses": "clickhouse",
    "file": FILES,
    "folder": FILES,
    "sqlite3": "sqlite",
}
_SUFFIXES: Mapping[str, str] = {**DATABASE_FILES, ".sql": "sql"}
_PLAIN: Mapping[str, Kind] = {kind.name: kind for kind in _KNOWN}


def kinds() -> list[str]:
    """The names of all kinds there are."""
    return sorted({FILES, "sql", *(named(scheme) for scheme in SCHEMES)})


def named(word: str) -> str:
    """A kind's one name, of whichever spelling."""
    return _SYNONYMS.get(word.lower(), word.lower())


def facts(kind: str) -> Kind:
    return _PLAIN.get(kind, Kind(kind))


def kind_of(dsn: str) -> str:
    """The kind a DSN speaks of: by its scheme, its suffix, or as a folder; "" where it tells nothing."""
    scheme, separator, _ = dsn.partition("://")
    if not dsn.strip() or dsn.startswith("${"):  # whatever the secret will say
        return ""
    if dsn == "-":
        return STDOUT
    if separator:
        return named(scheme)
    if dsn.endswith(("/", "\\")) or Path(dsn).is_dir():
        return FILES
    return _SUFFIXES.get(Path(dsn).suffix.lower(), "" if misnamed(dsn) else FILES)


def path_of(dsn: str) -> Path:
    """The path of a local DSN: `sqlite:///relative`, `sqlite:////absolute`, or the path itself."""
    _, separator, rest = dsn.partition("://")
    return Path(unquote(rest.removeprefix("/"))) if separator else Path(dsn)


def writers_place(kind: str, destination: str) -> str:
    """The real path of an absolute local destination, by which runs take turns; "" for any other."""
    path = path_of(destination) if facts(kind).local else Path()
    return os.path.realpath(path) if path.is_absolute() else ""


def in_kind(dsn: str, kind: str) -> str:
    """A path so written that it is of a kind, which its own name may not tell."""
    if "://" in dsn or not facts(kind).local:
        return dsn
    if kind == FILES:
        return dsn if dsn.endswith("/") else f"{dsn}/"
    return dsn if kind_of(dsn) == kind else f"{kind}:///{quote(dsn)}"


def placed(dsn: str, kind: str, base: Path) -> str:
    """A local DSN with an absolute path, which means the same wherever a run is performed; others as they are."""
    if not facts(kind).local or not dsn:
        return dsn
    scheme, separator, _ = dsn.partition("://")
    path = str((base / path_of(dsn)).absolute())
    return f"{scheme}:///{quote(path)}" if separator else in_kind(path, kind)


def is_readable(destination: str, kind: str) -> bool:
    """Whether the host and port of a server's URL can be read."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        if kind != "postgres":
            return urlsplit(destination).port != 0
        ports = str(conninfo_to_dict(without_schema(destination)[0]).get("port") or "")
    except (ValueError, ProgrammingError):
        return False
    return all(not port or (port.isdecimal() and 0 < int(port) < 65536) for port in ports.split(","))


def database_of(destination: str, kind: str) -> str:
    """The name of the database a destination leads to; "" where it names none. Of files, the file's or folder's."""
    if facts(kind).local:
        return path_of(destination).stem
    if kind == "postgres":
        return _postgres_database(destination)
    return unquote(urlsplit(destination).path.strip("/").partition("/")[0])


def _postgres_database(destination: str) -> str:
    """As the driver reads it: `?dbname=` wins, and `?service=` could name another."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        found = conninfo_to_dict(without_schema(destination)[0])
    except ProgrammingError:
        return ""
    return "" if found.get("service") else str(found.get("dbname") or "")
