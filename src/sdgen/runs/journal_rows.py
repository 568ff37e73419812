"""Rows of the store's tables → records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sdgen.runs.records import EntityRun, LogLine, ProblemRecord, Run, Status
from sdgen.runs.store import moment

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
