"""Doing it: a plan into a target, entity after entity, all or nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Executor, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import pyarrow as pa

from sdgen.errors import Cancelled, ScenarioError, TargetError
from sdgen.generate import batches, probe
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
    tables = list(tables_of(plan, only).values())
    writing = _Writing(plan, target, workers, listen, cancel or threading.Event())
    try:
        broken = probe(plan)
        if broken:
            raise ScenarioError(broken)
        problems = target.check(tables, mode)
        if problems:
            raise TargetError(problems)
        for table in tables:
            writing.go_on()
            target.prepare(table, mode)
        results = writing.all(tables)
        listen(Finishing())
        writing.go_on()
        target.finish()
    except BaseException:
        target.abort()
        raise
    return Result(results, perf_counter() - started)


@dataclass(frozen=True)
class _Writing:
    """How the rows of one run get to their target."""

    plan: Plan
    target: Target
    workers: int
    listen: Listener
    cancel: threading.Event

    def go_on(self) -> None:
        if self.cancel.is_set():
            raise Cancelled("the run was cancelled")

    def all(self, tables: Sequence[Table]) -> tuple[EntityResult, ...]:
        """Write all tables: one after the other, or beside each other where the target can."""
        at_once = min(self.workers, len(tables)) if self.target.takes_tables_at_once else 1
        with ThreadPoolExecutor(max(self.workers, 1), thread_name_prefix="sdgen") as makers:
            if at_once < 2:
                return tuple(self.one(table, makers, self.workers + 1) for table in tables)
            with ThreadPoolExecutor(at_once, thread_name_prefix="sdgen-write") as writers:
                writes = [writers.submit(self.one, table, makers, 2) for table in tables]
                try:
                    wait(writes, return_when=FIRST_EXCEPTION)
                    return tuple(write.result() for write in _failed_first(writes))
                except BaseException:
                    self.cancel.set()
                    writers.shutdown(cancel_futures=True)
                    raise

    def one(self, table: Table, makers: Executor, ahead: int) -> EntityResult:
        started = perf_counter()
        self.listen(EntityStarted(table.entity, table.name, table.rows))
        counter = _Counter(table, self.listen)

        def encode(batch: pa.RecordBatch, number: int) -> _Part:
            return _Part(self.target.encode(table, batch), len(batch), block_digest(batch, number))

        stream = batches(self.plan, table.entity, pool=makers, ahead=ahead, encode=encode, cancel=self.cancel)
        with closing(stream):
            self.target.write(table, counter.counted(stream))
        seconds, digest = perf_counter() - started, combine(counter.digests)
        self.listen(EntityFinished(table.entity, table.name, counter.rows, seconds, digest))
        return EntityResult(table.entity, table.name, counter.rows, seconds, digest)


def _failed_first(writes: Sequence[Future[EntityResult]]) -> Sequence[Future[EntityResult]]:
    """A write that has failed alone, or all of them."""
    failed = [write for write in writes if write.done() and write.exception()]
    return failed[:1] or writes


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
