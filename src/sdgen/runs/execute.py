"""Doing it: a plan into a target, entity after entity, all or nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import pyarrow as pa

from sdgen.errors import TargetError
from sdgen.generate import batches
from sdgen.plan.model import Plan
from sdgen.runs.digest import block_digest, combine
from sdgen.runs.events import EntityFinished, EntityStarted, Finishing, Listener, RowsWritten, ignore
from sdgen.write.base import Mode, Table, Target
from sdgen.write.tables import tables_of


@dataclass(frozen=True)
class EntityResult:
    """One entity as it was written. `seconds` is the time of its rows, without constraints and commit."""

    entity: str
    table: str
    rows: int
    seconds: float
    digest: str


@dataclass(frozen=True)
class Result:
    """A run that succeeded."""

    entities: tuple[EntityResult, ...]
    seconds: float

    @property
    def rows(self) -> int:
        return sum(entity.rows for entity in self.entities)


def execute(
    plan: Plan,
    target: Target,
    *,
    mode: Mode = Mode.CREATE_IF_MISSING,
    only: Sequence[str] = (),
    workers: int = 2,
    listen: Listener = ignore,
    cancel: threading.Event | None = None,
) -> Result:
    """Write a plan's entities to a target.

    TargetError with every problem where the target can't take them; Cancelled within a batch of `cancel` being set.
    Whatever is raised, the target has been left as it was.
    """
    started = perf_counter()
    tables = tables_of(plan, only)
    try:
        problems = target.check(list(tables.values()), mode)
        if problems:
            raise TargetError(problems)
        results = tuple(
            _write(plan, target, table, mode, workers, listen, cancel or threading.Event())
            for table in tables.values()
        )
        listen(Finishing())
        target.finish()
    except BaseException:
        target.abort()
        raise
    return Result(results, perf_counter() - started)


def _write(
    plan: Plan,
    target: Target,
    table: Table,
    mode: Mode,
    workers: int,
    listen: Listener,
    cancel: threading.Event,
) -> EntityResult:
    started = perf_counter()
    listen(EntityStarted(table.entity, table.name, table.rows))
    target.prepare(table, mode)
    counter = _Counter(table, listen)

    def encode(batch: pa.RecordBatch, number: int) -> _Part:
        return _Part(target.encode(table, batch), len(batch), block_digest(batch, number))

    stream = batches(plan, table.entity, workers=workers, encode=encode, cancel=cancel)
    try:
        target.write(table, counter.counted(stream))
    finally:
        stream.close()
    seconds = perf_counter() - started
    finished = EntityFinished(table.entity, table.name, counter.rows, seconds, combine(counter.digests))
    listen(finished)
    return EntityResult(table.entity, table.name, counter.rows, seconds, finished.digest)


@dataclass(frozen=True)
class _Part:
    encoded: Any
    rows: int
    digest: int


class _Counter:
    """Counts a table's parts on their way to the target."""

    def __init__(self, table: Table, listen: Listener) -> None:
        self._table = table
        self._listen = listen
        self.rows = 0
        self.digests: list[int] = []

    def counted(self, parts: Iterator[_Part]) -> Iterator[Any]:
        for part in parts:
            yield part.encoded
            self.rows += part.rows
            self.digests.append(part.digest)
            self._listen(RowsWritten(self._table.entity, self.rows, self._table.rows))
