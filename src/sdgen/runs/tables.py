"""The store's tables, as the newest migration leaves them. Times are ISO 8601 texts in UTC: they sort anywhere."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.dialects import mysql

METADATA = MetaData()

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

supervisors = Table(
    "supervisors",
    METADATA,
    Column("owner_token", String(64), primary_key=True),
    Column("owner_host", String(200), nullable=False),
    Column("owner_pid", Integer, nullable=False),
    Column("owner_started", String(64), nullable=False),
    Column("heartbeat_at", _TIME, nullable=False),
)
