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

from sdgen.errors import Cancelled, Problem, ScenarioError, TargetError
from sdgen.generate import BATCH_ROWS, batches, probe
from sdgen.plan.model import Plan
from sdgen.runs.digest import block_digest, combine
from sdgen.runs.events import EntityFinished, EntityStarted, Finishing, Listener, RowsWritten, ignore
from sdgen.runs.resume import manifest
from sdgen.write.base import Mode, Resumable, Table, Target
from sdgen.write.journal import Done
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
    resume: bool = False,
) -> Result:
    """Write a plan's entities to a target; with `resume` go on with what a run of the same plan left when it stopped.

    TargetError with every problem where the target can't take them; Cancelled within a batch of `cancel` being set.
    Whatever is raised, the target has been left as it was; with `resume` the rows that are done are kept beside it.
    """
    started = perf_counter()
    tables = list(tables_of(plan, only).values())
    writing = _Writing(plan, target, workers, listen, cancel or threading.Event())
    try:
        broken = probe(plan)
        if broken:
            raise ScenarioError(broken)
        _begin(plan, target, tables, mode, resume)
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


def _begin(plan: Plan, target: Target, tables: Sequence[Table], mode: Mode, resume: bool) -> None:
    """Tell a target that can go on with a stopped run what this one is; TargetError where it should and can't."""
    if isinstance(target, Resumable):
        target.begin(manifest(plan, tables, mode), resume)
    elif resume:
        what = "only runs into files can be resumed: a database takes all rows of a run or none"
        raise TargetError(Problem(("target",), what, "leave --resume out, or give a folder: out/"))


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
        done = self.target.done(table) if isinstance(self.target, Resumable) else Done()
        counter = _Counter(table, self.listen, self.target, done)

        def encode(batch: pa.RecordBatch, number: int) -> _Part:
            digest = block_digest(batch, done.batches + number)
            return _Part(self.target.encode(table, batch), len(batch), digest)

        start = self.plan.entities[table.entity].first + done.batches * BATCH_ROWS
        stream = batches(
            self.plan, table.entity, start=start, pool=makers, ahead=ahead, encode=encode, cancel=self.cancel
        )
        with closing(stream):
            if not done.finished:
                self.target.write(table, counter.counted(stream))
                counter.keep(finished=True)
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

    def __init__(self, table: Table, listen: Listener, target: Target, done: Done) -> None:
        self._table = table
        self._listen = listen
        self._target = target
        self.rows = min(done.batches * BATCH_ROWS, table.rows)
        self._batches = done.batches
        self.digests = [done.digest]

    def keep(self, finished: bool = False) -> None:
        """Tell the target that all parts up to here are written."""
        if isinstance(self._target, Resumable):
            self._target.keep(self._table, self._batches, sum(self.digests), finished)

    def counted(self, parts: Iterator[_Part]) -> Iterator[Any]:
        for part in parts:
            yield part.encoded
            self.rows += part.rows
            self._batches += 1
            self.digests.append(part.digest)
            self.keep()
            self._listen(RowsWritten(self._table.entity, self.rows, self._table.rows))
