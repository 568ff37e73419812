"""The kinds of targets as facts: how a kind is told from a DSN, and what parts a DSN of it has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sdgen.databases.base import DatabaseKind, server_address
from sdgen.databases.registry import by_name, by_scheme, by_suffix, database_kinds
from sdgen.databases.urls import path_of
from sdgen.execution.destinations import BROKER_KINDS, SCHEMES, SCRIPT_SUFFIX, is_iceberg, is_object_store, misnamed
from sdgen.execution.destinations import FILES as FILES
from sdgen.execution.destinations import ICEBERG as ICEBERG
from sdgen.execution.destinations import OBJECT_STORE as OBJECT_STORE

STDOUT, SCRIPT = "stdout", "sql"


@dataclass(frozen=True)
class TargetKind:
    """One kind. local: the DSN may be a path here. server: it has a database's name. schemas: it takes a schema.

    database: it is one, on a server or in a file, so that guards on names of databases speak of it.
    """

    name: str
    local: bool = False
    server: bool = False
    schemas: bool = False
    database: bool = True


_OTHERS: Mapping[str, TargetKind] = {
    FILES: TargetKind(FILES, local=True, database=False),
    OBJECT_STORE: TargetKind(OBJECT_STORE, database=False),
    ICEBERG: TargetKind(ICEBERG, schemas=True, database=False),
    STDOUT: TargetKind(STDOUT, database=False),
    SCRIPT: TargetKind(SCRIPT, local=True, database=False),
    **{kind: TargetKind(kind, database=False) for kind in BROKER_KINDS},
}
SYNONYMS: Mapping[str, str] = {
    **SCHEMES,
    "file": FILES,
    "folder": FILES,
    "sqlite3": "sqlite",
}


def kinds() -> list[str]:
    """The names of all kinds there are."""
    return sorted({FILES, ICEBERG, OBJECT_STORE, SCRIPT, *BROKER_KINDS, *(kind.name for kind in database_kinds())})


def named(word: str) -> str:
    """A kind's one name, of whichever spelling."""
    name = word.lower()
    if not name or name in _OTHERS:
        return name
    return SYNONYMS.get(name) or _name(by_scheme(name)) or name


def facts(kind: str) -> TargetKind:
    known = _OTHERS.get(kind)
    database = by_name(kind) if known is None else None
    if database is None:
        # A target of another package counts as a database, so that guards hold for it, too.
        return known or TargetKind(kind)
    return TargetKind(kind, database.local, not database.local, database.schemas)


def _name(database: DatabaseKind | None) -> str:
    return database.name if database is not None else ""


def kind_of(dsn: str) -> str:
    """The kind a DSN speaks of: by its scheme, its suffix, or as a folder; "" where it tells nothing."""
    scheme, separator, _ = dsn.partition("://")
    if not dsn.strip() or dsn.startswith("${"):  # whatever the secret will say
        return ""
    if dsn == "-":
        return STDOUT
    if separator:
        if is_iceberg(dsn):
            return ICEBERG
        return OBJECT_STORE if is_object_store(dsn) else named(scheme)
    if dsn.endswith(("/", "\\")) or Path(dsn).is_dir():
        return FILES
    if Path(dsn).suffix.lower() == SCRIPT_SUFFIX:
        return SCRIPT
    return _name(by_suffix(Path(dsn))) or ("" if misnamed(dsn) else FILES)


def lock_path(kind: str, destination: str) -> str:
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


def with_absolute_path(dsn: str, kind: str, base: Path) -> str:
    """A local DSN with an absolute path, which means the same wherever a run is performed; others as they are."""
    if not facts(kind).local or not dsn:
        return dsn
    scheme, separator, _ = dsn.partition("://")
    path = str((base / path_of(dsn)).absolute())
    return f"{scheme}:///{quote(path)}" if separator else in_kind(path, kind)


def is_readable(destination: str, kind: str) -> bool:
    """Whether the host and port of a server's URL can be read."""
    database = by_name(kind)
    return database is None or database.address(destination).readable


def database_of(destination: str, kind: str) -> str:
    """The name of the database a destination leads to; "" where it names none. Of files, the file's or folder's."""
    if facts(kind).local:
        return path_of(destination).stem
    if kind in (ICEBERG, OBJECT_STORE, *BROKER_KINDS):
        return ""
    database = by_name(kind)
    return (database.address if database else server_address)(destination).database
