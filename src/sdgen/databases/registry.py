"""The kinds of databases there are. To add one is to add a package and a line here, or an entry point elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import cast

from sdgen.databases import clickhouse, duckdb, mysql, postgres, sqlite
from sdgen.databases.base import DatabaseKind

BUILT_IN: tuple[DatabaseKind, ...] = (
    sqlite.KIND,
    duckdb.KIND,
    postgres.KIND,
    mysql.KIND,
    clickhouse.SERVER,
    clickhouse.EMBEDDED,
)
_BY_SCHEME: Mapping[str, DatabaseKind] = {scheme: kind for kind in BUILT_IN for scheme in kind.schemes}
_BY_SUFFIX: Mapping[str, DatabaseKind] = {suffix: kind for kind in BUILT_IN for suffix in kind.suffixes}


@cache
def _provided() -> tuple[DatabaseKind, ...]:
    """Those of other packages. Looked for only where none of the built-in ones will do: it takes a while."""
    from importlib.metadata import entry_points

    return tuple(cast(DatabaseKind, point.load()) for point in entry_points(group="sdgen.databases"))


def database_kinds() -> tuple[DatabaseKind, ...]:
    return (*BUILT_IN, *_provided())


def by_name(name: str) -> DatabaseKind | None:
    """The kind called so."""
    known = next((kind for kind in BUILT_IN if kind.name == name), None)
    return known or next((kind for kind in _provided() if kind.name == name), None)


def by_scheme(scheme: str) -> DatabaseKind | None:
    """The kind whose URLs have a scheme, in lower case."""
    return _BY_SCHEME.get(scheme) or next((kind for kind in _provided() if scheme in kind.schemes), None)


def by_suffix(path: Path) -> DatabaseKind | None:
    """The kind whose files end as a path does."""
    suffix = path.suffix.lower()
    if not suffix:
        return None
    return _BY_SUFFIX.get(suffix) or next((kind for kind in _provided() if suffix in kind.suffixes), None)


def of_source(source: str) -> DatabaseKind | None:
    """The kind that a URL or a path is of; a URL may name SQLAlchemy's driver too, `mysql+mysqldb://`."""
    scheme, separator, _ = source.partition("://")
    return by_scheme(scheme.lower().partition("+")[0]) if separator else by_suffix(Path(source))
