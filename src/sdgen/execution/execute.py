"""The execution of a run: a plan into a target, entity after entity, all or nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Executor, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from os import cpu_count
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from sdgen.engine import BATCH_ROWS, batches, probe
from sdgen.errors import Cancelled, ScenarioError, SdgenError, TargetError
from sdgen.execution.digest import MODULUS, EntityResult, Result, block_digest, column_digests, combine
from sdgen.execution.events import EntityFinished, EntityStarted, Finishing, Listener, Remark, RowsWritten, ignore
from sdgen.execution.interruption import interrupting, one_writer
from sdgen.execution.request import RunSettings
from sdgen.execution.resume import begin, manifest
from sdgen.generators.cancellation import cancelled_by
from sdgen.planning.plan import Plan
from sdgen.targets.base import Committing, Computing, Described, Mode, Parallel, Remarking, Resumable, Table, Target
from sdgen.targets.file_checkpoint import TableProgress
from sdgen.targets.tables import left_to_database, tables_of

if TYPE_CHECKING:
    from sdgen.execution.append import TargetPlan
    from sdgen.execution.resolved import ResolvedRun

DEFAULTS = RunSettings()
SMALL_TABLE = 4 * BATCH_ROWS
MOST_CONNECTIONS = 32  # of one run to a server, which has some hundred for all its users
_logger = logging.getLogger("sdgen.execution")


def default_workers() -> int:
    """Threads: one per core, and at most 8."""
    return min(cpu_count() or 1, 8)


class Runnable(Protocol):
    """A run that can be executed: one that was resolved just now, or one that a store has kept."""

    @property
    def settings(self) -> RunSettings: ...

    def plan_into(self, target: Target) -> TargetPlan:
        """The plan into the target as it is now; nothing else may write to it meanwhile."""
        ...


def execute_run(
    run: ResolvedRun,
    *,
    target: Target | None = None,
    listen: Listener = ignore,
    cancel: threading.Event | None = None,
) -> tuple[Plan, Result]:
    """Execute a resolved run; the plan that was executed, and the result. Errors as of `execute`.

    target: the run's own, opened by a caller who wants to ask it something afterwards.
    """

    def log(planned: TargetPlan) -> None:
        name = f"{planned.plan.scenario} {planned.plan.version}".strip()
        _logger.info("%s to %s, %s, seed %d", name, run.target.shown, run.settings.mode, planned.plan.seed)

    plan, result = execute_into(target or run.target.open(), run, log, listen=listen, cancel=cancel)
    _logger.info("success: %s rows in %.2f s", f"{result.rows:,}", result.seconds)
    return plan, result


def execute_into(
    target: Target,
    run: Runnable,
    planned: Callable[[TargetPlan], None],
    *,
    listen: Listener = ignore,
    cancel: threading.Event | None = None,
) -> tuple[Plan, Result]:
    """Plan a run into a target and execute it; `planned` is called between the two."""
    # The lock is held from planning on: a run that appends builds on the rows that it sees there.
    with one_writer(target, listen, cancel):
        with cancelled_by(cancel):
            into = run.plan_into(target)
        planned(into)
        for remark in into.remarks:
            listen(Remark(remark))
        return into.plan, execute(into.plan, target, run.settings, listen=listen, cancel=cancel, probed=True)


def execute(
    plan: Plan,
    target: Target,
    settings: RunSettings = DEFAULTS,
    *,
    listen: Listener = ignore,
    cancel: threading.Event | None = None,
    probed: bool = False,
) -> Result:
    """Write a plan's entities to a target; with `resume` go on with what a run of the same plan left when it stopped.

    probed: whether the plan's checks were tried on some rows already.

    TargetError with every problem where the target can't take them; Cancelled within a batch of `cancel` being set.
    Whatever is raised, the target has been left as it was; with `resume` the rows that are done are kept beside it, and
    with `commit_every` those that are committed stay.
    """
    started = perf_counter()
    modes = settings.table_modes
    tables = [replace(each, mode=modes.get(name)) for name, each in tables_of(plan, settings.only).items()]
    if isinstance(target, Computing):
        tables = [left_to_database(table, target.computes) for table in tables]
    writing = _Writing(plan, target, settings, listen, cancel or threading.Event())
    # Within `execute_into` the lock is held already, and this lets the run pass.
    with one_writer(target, listen, writing.cancel):
        try:
            broken = [] if probed else probe(plan)
            if broken:
                raise ScenarioError(broken)
            engine = settings.engine or writing.engine_of_threads(tables)
            results = writing.write_on_engine(tables, engine) if engine else writing.write_here(tables)
        except BaseException as error:  # Ctrl-C, too, must leave the target as it was
            target.abort()
            if isinstance(error, SdgenError) and not writing.failed.is_set():
                writing.raise_if_cancelled()  # a statement that was interrupted fails with its driver's own message
            raise
    return Result(results, perf_counter() - started)


@dataclass(frozen=True)
class _Writing:
    """How the rows of one run get to their target. failed: one of several tables did, and the others are stopped."""

    plan: Plan
    target: Target
    settings: RunSettings
    listen: Listener
    cancel: threading.Event
    failed: threading.Event = field(default_factory=threading.Event)

    @property
    def workers(self) -> int:
        return self.settings.workers or default_workers()

    def raise_if_cancelled(self) -> None:
        if self.cancel.is_set():
            raise Cancelled("the run was cancelled")

    def engine_of_threads(self, tables: Sequence[Table]) -> str:
        """The engine that fills a database by several connections, where workers were asked for; "" where one does."""
        asked = self.settings.workers > 1 and not self.settings.resume and not self.settings.commit_every
        # A table of some batches is written before a second connection is opened.
        large = any(table.rows > SMALL_TABLE for table in tables)
        if not (asked and large and isinstance(self.target, Parallel)):
            return ""
        threads = min(self.settings.workers, MOST_CONNECTIONS)
        return f"threads://{threads}" if self.target.takes_spans_at_once(tables, self.settings.mode) else ""

    def write_on_engine(self, tables: Sequence[Table], engine: str) -> tuple[EntityResult, ...]:
        """All of it, by tasks on an engine."""
        from sdgen.execution.spread.write import write_spread

        told = manifest(self.plan, tables, self.settings.mode)
        return write_spread(
            self.plan,
            self.target,
            tables,
            self.settings.model_copy(update={"engine": engine}),
            told,
            workers=self.workers,
            listen=self.listen,
            cancel=self.cancel,
        )

    def write_here(self, tables: Sequence[Table]) -> tuple[EntityResult, ...]:
        """All of it, on threads of this process."""
        begin(manifest(self.plan, tables, self.settings.mode), self.target, self.settings)
        with interrupting(self.target, self.cancel):
            return self._write_all(tables, self.settings.mode)

    def _write_all(self, tables: Sequence[Table], mode: Mode) -> tuple[EntityResult, ...]:
        """From the target's check to its commit."""
        problems = self.target.check(tables, mode)
        if problems:
            raise TargetError(problems)
        for remark in self.target.remarks if isinstance(self.target, Remarking) else ():
            self.listen(Remark(remark))
        for table in tables:
            self.raise_if_cancelled()
            self.target.prepare(table, table.mode_in(mode))
            _logger.debug(
                "%s: prepared for %s rows of %s, %s", table.name, f"{table.rows:,}", table.entity, table.mode_in(mode)
            )
        results = self._write_tables(tables)
        # Told before the commit: of a run that is killed from here on, nobody knows whether the target holds its rows,
        # and `state_after_kill` says so.
        self.listen(Finishing())
        self.raise_if_cancelled()
        started = perf_counter()
        self.target.finish()
        _logger.debug("constraints, indexes and commit: %.2f s", perf_counter() - started)
        return results

    def _write_tables(self, tables: Sequence[Table]) -> tuple[EntityResult, ...]:
        """Write all tables: one after the other, or beside each other where the target can."""
        at_once = min(self.workers, len(tables)) if self.target.takes_tables_at_once else 1
        # Makers and writers have pools of their own: a writer waits for batches, and in one pool writers could hold all
        # of the threads that are to make them.
        with ThreadPoolExecutor(max(self.workers, 1), thread_name_prefix="sdgen") as makers:
            if at_once < 2:
                return tuple(self._write_table(table, makers, self.workers + 1) for table in tables)
            with ThreadPoolExecutor(at_once, thread_name_prefix="sdgen-write") as writers:
                # Two batches ahead for each table: the tables share the makers, and what is made ahead lies in memory.
                writes = [writers.submit(self._write_table, table, makers, 2) for table in tables]
                try:
                    wait(writes, return_when=FIRST_EXCEPTION)
                    return tuple(write.result() for write in _failed_first(writes))
                except BaseException:
                    # The run's own flag stops the other tables. `failed` remembers that nobody asked to cancel, so that
                    # what is told is the failure and no cancellation.
                    if not self.cancel.is_set():
                        self.failed.set()
                    self.cancel.set()
                    writers.shutdown(cancel_futures=True)
                    raise

    def _write_table(self, table: Table, makers: Executor, ahead: int) -> EntityResult:
        started = perf_counter()
        self.listen(EntityStarted(table.entity, table.name, table.rows))
        done = self._progress_of(table)
        counter = _Counter(table, self, done)
        columns: dict[str, str] = {}

        def encode(batch: pa.RecordBatch, number: int) -> _EncodedBatch:
            # Of the whole batch, with columns that the database computes itself and before it is cut: a digest does not
            # depend on the target. It is taken here since this runs on the makers' threads.
            digest = block_digest(batch, done.batches + number)
            if not done.batches + number:
                columns.update(column_digests(batch))
            given = batch if len(table.columns) == batch.num_columns else batch.select(list(table.names))
            slices = _slices(given, self.settings.batch_size)
            return _EncodedBatch(tuple(self.target.encode(table, each) for each in slices), len(batch), digest)

        # A resumed run begins at a whole block, so that digests add up to those of a run that was never stopped.
        start = self.plan.entities[table.entity].first + done.batches * BATCH_ROWS
        stream = batches(
            self.plan, table.entity, start=start, pool=makers, ahead=ahead, encode=encode, cancel=self.cancel
        )
        # Where the target fails, the stream is closed at once: batches that wait are not made any more.
        with closing(stream):
            self._write(table, stream, counter, done)
        seconds, digest = perf_counter() - started, combine(counter.digests)
        _logger.debug("%s: all rows in %.2f s, digest %s", table.name, seconds, digest)
        self.listen(EntityFinished(table.entity, table.name, counter.rows, seconds, digest, columns))
        return EntityResult(table.entity, table.name, counter.rows, seconds, digest)

    def _progress_of(self, table: Table) -> TableProgress:
        """How much of a table a stopped run has written already."""
        if isinstance(self.target, Resumable) or (self.settings.commit_every and isinstance(self.target, Committing)):
            return self.target.done(table)
        return TableProgress()

    def _write(self, table: Table, parts: Iterator[_EncodedBatch], counter: _Counter, done: TableProgress) -> None:
        if self.settings.commit_every and isinstance(self.target, Committing):
            # Commits fall on whole batches: how far a table is, is counted in these.
            for span in _spans(parts, max(1, round(self.settings.commit_every / BATCH_ROWS))):
                self.target.write(table, counter.counted(span))
                self.target.commit(table, counter.done, counter.rows)
        elif not done.finished:
            self.target.write(table, counter.counted(parts))
            counter.keep(finished=True)


def _spans(parts: Iterator[_EncodedBatch], size: int) -> Iterator[Iterator[_EncodedBatch]]:
    """The parts, so many at a time; each span must be used up before the next."""
    for first in parts:
        yield chain((first,), islice(parts, size - 1))


def _failed_first(writes: Sequence[Future[EntityResult]]) -> Sequence[Future[EntityResult]]:
    """A write that has failed alone, or all of them."""
    # Results are asked for in order: without this, a table that is still being written would be waited for before the
    # error of a later one is seen.
    failed = [write for write in writes if write.done() and write.exception()]
    return failed[:1] or writes


def _slices(batch: pa.RecordBatch, size: int) -> Iterator[pa.RecordBatch]:
    """A batch in parts of at most so many rows; digests are of whole batches, whatever a target takes at once."""
    if not 0 < size < len(batch):
        yield batch
        return
    for start in range(0, len(batch), size):
        yield batch.slice(start, size)


@dataclass(frozen=True)
class _EncodedBatch:
    """A batch as the target takes it, in one piece or several."""

    encoded: tuple[Any, ...]
    rows: int
    digest: int


class _Counter:
    """Counts a table's parts on their way to the target."""

    def __init__(self, table: Table, writing: _Writing, done: TableProgress) -> None:
        self._table = table
        self._writing = writing
        self._target = writing.target
        self.rows = min(done.batches * BATCH_ROWS, table.rows)
        self._batches = done.batches
        self.digests = [done.digest]

    @property
    def done(self) -> TableProgress:
        return TableProgress(self._batches, sum(self.digests) % MODULUS)

    def keep(self, finished: bool = False) -> None:
        """Tell the target that all parts up to here are written."""
        if isinstance(self._target, Described):
            self._target.keep(self._table, self._batches, sum(self.digests), finished)

    def counted(self, parts: Iterator[_EncodedBatch]) -> Iterator[Any]:
        for part in parts:
            self._writing.raise_if_cancelled()  # parts were made ahead, and need not be written any more
            yield from part.encoded
            # After the yield: by now the target has asked for more, so it has taken this part.
            self.rows += part.rows
            self._batches += 1
            self.digests.append(part.digest)
            self.keep()
            _logger.debug("%s: %s rows are with the target", self._table.name, f"{self.rows:,}")
            self._writing.listen(RowsWritten(self._table.entity, self.rows, self._table.rows))
