"""What spread runs are tested with: a scenario whose tables lean on one another across spans, and what its local run gives."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sdgen.execution.digest import Result
from sdgen.execution.events import Event, RowsWritten
from sdgen.targets.base import PartWriter, Receipt, Span, Table

SCENARIO: dict[str, Any] = {
    "name": "clinic",
    "seed": 11,
    "as_of": "2026-01-01T00:00:00Z",
    "entities": {
        "wards": {"rows": 3, "columns": {"id": {"generator": "sequence", "primary_key": True}}},
        "patients": {
            "rows": 140_000,
            "columns": {
                "id": {"type": "bigint", "generator": "sequence", "primary_key": True},
                "ward_id": {"generator": "fk", "params": {"entity": "wards", "column": "id"}},
                "code": {
                    "type": "string",
                    "generator": "pattern",
                    "params": {"regex": "[A-Z]{3}[0-9]{4}"},
                    "unique": True,
                },
                "visits": {"generator": "rollup", "params": {"entity": "visits", "function": "count"}},
                "paid": {"generator": "rollup", "params": {"entity": "visits", "column": "fee"}},
            },
        },
        "visits": {
            "rows": {"per": "patients", "min": 0, "max": 3},
            "check": "minutes > rest",
            "columns": {
                "id": {"type": "bigint", "generator": "sequence", "primary_key": True},
                "patient_id": {"generator": "fk", "params": {"entity": "patients", "column": "id"}},
                "fee": {"type": "decimal(8,2)", "generator": "decimal", "params": {"min": 5, "max": 90}},
                "minutes": {"type": "int", "generator": "uniform_int", "params": {"min": 10, "max": 90}},
                "rest": {"type": "int", "generator": "uniform_int", "params": {"min": 0, "max": 9}},
                "kind": {
                    "type": "string",
                    "nullable": True,
                    "generator": "choice",
                    "params": {"values": ["new", "again"]},
                },
            },
        },
        "closed": {
            "rows": {"empty": True},
            "columns": {"id": {"generator": "sequence"}, "why": {"generator": "text.word"}},
        },
    },
}


@dataclass(frozen=True)
class DyingWriter:
    """A part writer that kills its own process in the middle of one span, the first time that a worker is there."""

    writer: PartWriter
    entity: str
    start: int
    died: str  # a file, which exists afterwards

    def write(self, table: Table, span: Span, batches: Iterable[pa.RecordBatch]) -> Receipt:
        mine = (span.entity, span.start) == (self.entity, self.start)
        return self.writer.write(table, span, self._dying(batches) if mine else batches)

    def _dying(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield batch
            if not Path(self.died).exists():
                Path(self.died).touch()
                os.kill(os.getpid(), signal.SIGKILL)


def dying(target: Any, monkeypatch: pytest.MonkeyPatch, died: Path, start: int = 65_536) -> None:
    """Have a worker of runs into a target die in the middle of a span of visits."""
    made: Any = target.part_writer
    monkeypatch.setattr(target, "part_writer", lambda self: DyingWriter(made(self), "visits", start, str(died)))


def at_rows(entity: str, act: Callable[[], None]) -> Callable[[Event], None]:
    """A listener that acts once, when the first rows of an entity are written."""
    acted: list[Event] = []

    def listen(event: Event) -> None:
        if isinstance(event, RowsWritten) and event.entity == entity and not acted:
            acted.append(event)
            act()

    return listen


def parts(folder: Path, table: str) -> pa.Table:
    """A table's parts one after the other, in the order of their names."""
    return pa.concat_tables(pq.read_table(path) for path in sorted((folder / table).glob("part-*.parquet")))


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(sql.encode()).fetchall()


def tables(url: str) -> list[tuple[Any, ...]]:
    """All tables of all schemas, and schemas of staging."""
    found = query(
        url, "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information)' ORDER BY 1"
    )
    return found + query(url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE '\\_sdgen%'")


def sums(url: str) -> list[tuple[Any, ...]]:
    """What tells rows apart, whatever their order."""
    return query(
        url,
        "SELECT (SELECT count(*) FROM patients), (SELECT sum(hashtextextended(p::text, 0)) FROM patients p), "
        "(SELECT count(*) FROM visits), (SELECT sum(hashtextextended(v::text, 0)) FROM visits v), "
        "(SELECT count(*) FROM pg_constraint WHERE contype IN ('p', 'f', 'u'))",
    )


def digests(result: Result) -> dict[str, tuple[int, str]]:
    """Rows and digests by entity."""
    return {each.entity: (each.rows, each.digest) for each in result.entities}
