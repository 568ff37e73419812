"""Rows of the store's tables → records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from sdgen.execution.target_kinds import lock_path
from sdgen.service.records import EntityRun, LogLine, ProblemRecord, Run, Status
from sdgen.service.store import Store, moment
from sdgen.service.tables import run_logs

_AS_THEY_ARE = (
    "id",
    "phase",
    "config_hash",
    "scenario_id",
    "scenario_name",
    "scenario_version",
    "scenario_source",
    "target_id",
    "target_name",
    "target_kind",
    "destination",
    "mode",
    "rows_asked",
    "rows_written",
    "error",
    "reproduces",
    "revision",
)


def first_per_target(rows: Iterable[Any]) -> list[str]:
    """Of pending and running runs in their order, the pending ones that may begin: one at a time into a local place."""
    places = [(row, lock_path(row.target_kind, row.destination)) for row in rows]
    taken = {place for row, place in places if row.status == Status.RUNNING.value and place}
    ready = []
    for row, place in places:
        if row.status == Status.PENDING.value and place not in taken:
            ready.append(row.id)
            taken |= {place} if place else set()
    return ready


def run_of(row: Mapping[Any, Any], entities: Sequence[Mapping[Any, Any]]) -> Run:
    """A run of its row, and those of its entities."""
    return Run(
        **{name: row[name] for name in _AS_THEY_ARE},
        status=Status(row["status"]),
        created_at=moment(row["created_at"]),
        started_at=moment(row["started_at"]) if row["started_at"] else None,
        finished_at=moment(row["finished_at"]) if row["finished_at"] else None,
        seed=int(row["seed"]),
        as_of=moment(row["as_of"]),
        warnings=tuple(json.loads(row["warnings"])),
        problems=tuple(ProblemRecord(**each) for each in json.loads(row["problems"])),
        request=json.loads(row["request"]),
        versions=json.loads(row["versions"]),
        cancel_requested=bool(row["cancel_requested"]),
        worker=f"{row['owner_host'].rpartition('/')[0]}:{row['owner_pid']}" if row["owner_pid"] else "",
        entities=tuple(_entity(each) for each in entities),
    )


def _entity(row: Mapping[Any, Any]) -> EntityRun:
    return EntityRun(
        entity=row["entity"],
        table=row["table_name"],
        asked=row["asked"],
        written=row["written"],
        seconds=row["seconds"],
        digest=row["digest"],
        columns=json.loads(row["column_digests"] or "{}"),
    )


def log_line(row: Mapping[Any, Any]) -> LogLine:
    return LogLine(number=row["number"], time=moment(row["time"]), level=row["level"], text=row["text"])


def last_number(store: Store, run_id: str) -> int:
    """The number of the last line of a run's log; 0 where it has none."""
    query = sa.select(sa.func.coalesce(sa.func.max(run_logs.c.number), 0)).where(run_logs.c.run_id == run_id)
    with store.reading() as connection:
        return int(connection.execute(query).scalar_one())
