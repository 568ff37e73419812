"""The pytest plugin: marks, options, fixtures. Loaded with every pytest run, so it imports nothing heavy itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import sqlite3

    import duckdb
    import psycopg
    import pyarrow as pa

    from sdgen.pytest_plugin.cache import Database
    from sdgen.pytest_plugin.session import Factory, Session

MARK = (
    "sdgen(scenario, *, rows, scale, seed, as_of, include, exclude, set, rules, target): what the sdgen_* fixtures "
    "hold: a scenario file beside the test (or in the rootdir), a template's name, YAML text or a dict; "
    'rows={"customers": 50} or rows=50. A mark without a scenario changes the next one out.'
)
_POSTGRES = "URL of the PostgreSQL server that databases are made on; else $SDGEN_POSTGRES_URL"
_TARGET = "what sdgen_database is where a mark names no target: sqlite (where left out), duckdb or postgres"
_CACHE = "how large the cache of filled databases may get, 1GB where left out"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("sdgen", "sdgen: filled databases for tests")
    group.addoption("--sdgen-postgres", metavar="URL", default="", help=_POSTGRES)
    group.addoption("--sdgen-target", metavar="KIND", default="", help=_TARGET)
    group.addoption(
        "--sdgen-clear", action="store_true", help="make all data anew (so does --cache-clear, but for PostgreSQL)"
    )
    parser.addini("sdgen_postgres", _POSTGRES, default="")
    parser.addini("sdgen_target", _TARGET, default="")
    parser.addini("sdgen_cache_size", _CACHE, default="1GB")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARK)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Once, before any worker of pytest-xdist looks for data."""
    option = session.config.option
    # Workers of pytest-xdist have their own sessions: they would clear what others have just filled.
    if (option.sdgen_clear or getattr(option, "cacheclear", False)) and not hasattr(session.config, "workerinput"):
        from sdgen.pytest_plugin.session import clear

        clear(session.config, templates=option.sdgen_clear)


@pytest.fixture(scope="session")
def _sdgen(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    from sdgen.pytest_plugin.session import Session

    with closing(Session(pytestconfig, tmp_path_factory.getbasetemp())) as session:
        yield session


@pytest.fixture
def sdgen_tables(request: pytest.FixtureRequest, _sdgen: Session) -> dict[str, pa.Table]:
    """The marked scenario as Arrow tables, by entity."""
    return _sdgen.tables(_sdgen.options_of(request))


@pytest.fixture
def sdgen_rows(sdgen_tables: Mapping[str, pa.Table]) -> dict[str, list[dict[str, Any]]]:
    """The marked scenario as lists of dicts, by entity."""
    return {name: table.to_pylist() for name, table in sdgen_tables.items()}


@pytest.fixture
def sdgen_database(request: pytest.FixtureRequest, _sdgen: Session) -> Iterator[Database]:
    """A filled database of the test's own, of the kind that the mark's target or --sdgen-target names."""
    with _sdgen.database(_sdgen.options_of(request)) as database:
        yield database


@pytest.fixture
def sdgen_sqlite_path(request: pytest.FixtureRequest, _sdgen: Session) -> Iterator[Path]:
    """The path of a filled SQLite file of the test's own; removed after it."""
    with _sdgen.database(_sdgen.options_of(request), "sqlite") as database:
        yield database.file


@pytest.fixture
def sdgen_sqlite(sdgen_sqlite_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a filled SQLite file of the test's own, which it may change."""
    from sdgen.databases.sqlite.connection import connect

    connection = connect(sdgen_sqlite_path)
    yield connection
    connection.close()


@pytest.fixture
def sdgen_duckdb_path(request: pytest.FixtureRequest, _sdgen: Session) -> Iterator[Path]:
    """The path of a filled DuckDB file of the test's own; removed after it."""
    with _sdgen.database(_sdgen.options_of(request), "duckdb") as database:
        yield database.file


@pytest.fixture
def sdgen_duckdb(sdgen_duckdb_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a filled DuckDB file of the test's own, which it may change."""
    from sdgen.databases.duckdb.connection import connect

    connection = connect(sdgen_duckdb_path)
    yield connection
    connection.close()


@pytest.fixture
def sdgen_postgres_url(request: pytest.FixtureRequest, _sdgen: Session) -> Iterator[str]:
    """The URL of a filled PostgreSQL database of the test's own; dropped after it."""
    with _sdgen.database(_sdgen.options_of(request), "postgres") as database:
        yield database.url


@pytest.fixture
def sdgen_postgres(sdgen_postgres_url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A psycopg connection to a filled PostgreSQL database of the test's own, which it may change."""
    from sdgen.databases.postgres.connection import connect

    connection = connect(sdgen_postgres_url)
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def sdgen_factory(_sdgen: Session) -> Iterator[Factory]:
    """For fixtures of a wider scope: sdgen_factory("shop.yaml", rows=50, target="duckdb") is a filled database.

    sdgen_factory.tables("shop.yaml", rows=50) gives Arrow tables. Paths are relative to the rootdir. The databases
    live until the session ends.
    """
    from sdgen.pytest_plugin.session import Factory

    with closing(Factory(_sdgen)) as factory:
        yield factory
