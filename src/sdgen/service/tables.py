"""The store's tables, as the newest migration leaves them. Times are ISO 8601 texts in UTC: they sort anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.dialects import mysql

from sdgen.errors import Problem, StoreError

METADATA = MetaData()

# MySQL's TEXT ends at 64 KiB, which a scenario may well exceed.
LONG_TEXT = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_ID = String(200)
_TIME = String(32)

store_version = Table("store_version", METADATA, Column("number", Integer, primary_key=True, autoincrement=False))

scenarios = Table(
    "scenarios",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", String(400), nullable=False),
    Column("version", String(200), nullable=False),
    Column("description", LONG_TEXT, nullable=False),
    Column("entities", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("file", String(400), nullable=False),
    Column("text", LONG_TEXT, nullable=False),
    Column("created_at", _TIME, nullable=False),
)

targets = Table(
    "targets",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("spec", LONG_TEXT, nullable=False),
    Column("created_at", _TIME, nullable=False),
)

target_tests = Table(
    "target_tests",
    METADATA,
    Column("target_id", _ID, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("tested_at", _TIME, nullable=False),
    Column("probe", LONG_TEXT, nullable=False),
)

runs = Table(
    "runs",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("status", String(16), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("started_at", _TIME),
    Column("finished_at", _TIME),
    # Seeds may take all 64 bits without a sign, which BIGINT does not hold.
    Column("seed", String(24), nullable=False),
    Column("as_of", _TIME, nullable=False),
    Column("config_hash", String(64), nullable=False),
    Column("scenario_id", _ID, nullable=False),
    Column("scenario_name", String(400), nullable=False),
    Column("scenario_version", String(200), nullable=False),
    Column("scenario_source", String(16), nullable=False),
    Column("target_id", _ID, nullable=False),
    Column("target_name", String(400), nullable=False),
    Column("target_kind", String(40), nullable=False),
    Column("destination", Text, nullable=False),
    Column("mode", String(32), nullable=False),
    Column("rows_asked", BigInteger, nullable=False),
    Column("rows_written", BigInteger, nullable=False),
    Column("warnings", LONG_TEXT, nullable=False),
    Column("problems", LONG_TEXT, nullable=False),
    Column("error", LONG_TEXT, nullable=False),
    Column("request", LONG_TEXT, nullable=False),
    Column("versions", LONG_TEXT, nullable=False),
    Column("job", LONG_TEXT, nullable=False),
    Column("cancel_requested", Integer, nullable=False),
    Column("reproduces", _ID, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("owner_token", String(64), nullable=False),
    Column("owner_host", String(200), nullable=False),
    Column("owner_pid", Integer, nullable=False),
    Column("owner_started", String(64), nullable=False),
    Column("heartbeat_at", _TIME, nullable=False),
    Index("runs_by_time", "created_at", "id"),
    Index("runs_by_status", "status", "created_at"),
)

run_entities = Table(
    "run_entities",
    METADATA,
    Column("run_id", _ID, ForeignKey("runs.id"), primary_key=True),
    Column("entity", String(400), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("table_name", String(400), nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("written", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("column_digests", LONG_TEXT),
)

run_logs = Table(
    "run_logs",
    METADATA,
    Column("run_id", _ID, ForeignKey("runs.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("time", _TIME, nullable=False),
    Column("level", String(16), nullable=False),
    Column("text", LONG_TEXT, nullable=False),
)

# Stores that exist have the table under this name.
schedulers = Table(
    "supervisors",
    METADATA,
    Column("owner_token", String(64), primary_key=True),
    Column("owner_host", String(200), nullable=False),
    Column("owner_pid", Integer, nullable=False),
    Column("owner_started", String(64), nullable=False),
    Column("heartbeat_at", _TIME, nullable=False),
)


FIRST = 1


def _column_digests(connection: Connection) -> None:
    """Entities of runs have a digest of each column."""
    kind = LONG_TEXT.compile(dialect=connection.dialect)
    connection.execute(text(f"ALTER TABLE run_entities ADD COLUMN column_digests {kind}"))


def _target_tests(connection: Connection) -> None:
    """The last test of each target is remembered."""
    target_tests.create(connection, checkfirst=True)


STEPS: Mapping[int, Callable[[Connection], None]] = {2: _column_digests, 3: _target_tests}


def newest() -> int:
    return max(STEPS, default=FIRST)


def version_of(connection: Connection) -> int:
    """The version a store is of; 0 where it has no tables yet."""
    if not inspect(connection).has_table(store_version.name):
        return 0
    return connection.execute(select(store_version.c.number)).scalar_one_or_none() or 0


def migrate(connection: Connection) -> None:
    """Bring a store to the newest version; StoreError where it was made by a newer sdgen."""
    version = version_of(connection)
    if version > newest():
        what = f"the store is of version {version}, and this sdgen knows versions up to {newest()}"
        raise StoreError(Problem((), what, "use the sdgen that made it, or another --runs-db"))
    if not version:
        METADATA.create_all(connection)
        connection.execute(insert(store_version).values(number=newest()))
        return
    for number in range(version + 1, newest() + 1):
        STEPS[number](connection)
    if version < newest():
        connection.execute(update(store_version).values(number=newest()))
