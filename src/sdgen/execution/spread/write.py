"""The driver of a spread run: parts come from an engine in any order, and the target takes each span once."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from sdgen.engine import BATCH_ROWS
from sdgen.errors import Cancelled, Problem, TargetError
from sdgen.execution.digest import MODULUS, EntityResult, combine
from sdgen.execution.events import EntityFinished, EntityStarted, Finishing, Listener, Remark, RowsWritten
from sdgen.execution.interruption import interrupting
from sdgen.execution.request import RunSettings
from sdgen.execution.spread.engines import Engine, engine_problems, open_engine
from sdgen.execution.spread.spans import spans_of
from sdgen.execution.spread.task import FinishedPart, RefusedPart, SpreadTask
from sdgen.planning.plan import Plan
from sdgen.targets.base import Remarking, Spreadable, SpreadTarget, Table, Target
from sdgen.targets.file_checkpoint import TableProgress

CAN_BE = (
    "folders of files (--format parquet, csv, jsonl or delta; s3:// too), Iceberg catalogues, PostgreSQL and MySQL can"
)
_LOOK = 0.1  # seconds between two looks at whether the run was cancelled
_logger = logging.getLogger("sdgen.execution")


def spread_problems(target: Target, settings: RunSettings) -> list[Problem]:
    """Why a run can't be spread over the engine of its settings; nothing is connected to."""
    problems = engine_problems(settings.engine)
    if not isinstance(target, Spreadable):
        what = f"this target can't be written in parts by {settings.engine}"
        problems.append(Problem(("target",), what, f"{CAN_BE}; or leave the engine out"))
    else:
        try:
            # Asked only whether the place can be written in parts: no manifest is needed for that.
            target.spread({})
        except TargetError as error:
            problems += error.problems
    if settings.resume or settings.commit_every:
        what = "a run on an engine does lost tasks again by itself, and writes all or nothing"
        problems.append(Problem(("engine",), what, "leave resume and commit_every out"))
    return problems


def write_spread(
    plan: Plan,
    target: Target,
    tables: Sequence[Table],
    settings: RunSettings,
    manifest: Mapping[str, Any],
    *,
    workers: int,
    listen: Listener,
    cancel: threading.Event,
) -> tuple[EntityResult, ...]:
    """Write a plan's tables to a target on the engine of the settings. Errors as of `execute`.

    workers: how many an engine on this machine is to have.
    """
    problems = spread_problems(target, settings)
    if problems or not isinstance(target, Spreadable):
        raise TargetError(problems)
    parts = target.spread(manifest)
    try:
        problems = parts.check(tables, settings.mode)
        if problems:
            raise TargetError(problems)
        for remark in target.remarks if isinstance(target, Remarking) else ():
            listen(Remark(remark))
        results = _on_engine(plan, parts, tables, settings, workers, listen, cancel)
        listen(Finishing())
        _raise_if(cancel)
        started = perf_counter()
        with interrupting(target, cancel):
            parts.finish({each.table.name: each.progress for each in results})
        _logger.debug("taking the parts over: %.2f s", perf_counter() - started)
    except BaseException:
        parts.abort()
        raise
    return tuple(each.result for each in results)


def _on_engine(
    plan: Plan,
    parts: SpreadTarget,
    tables: Sequence[Table],
    settings: RunSettings,
    workers: int,
    listen: Listener,
    cancel: threading.Event,
) -> list[_TableRun]:
    """The tables, all of whose spans are written. The engine is left before the target is finished or put back."""
    _raise_if(cancel)
    # Before any table is prepared, since the cluster may not be there.
    engine = open_engine(settings.engine, workers)
    try:
        for table in tables:
            _raise_if(cancel)
            parts.prepare(table, table.mode_in(settings.mode))
        with _cancelling(engine, cancel):
            return _write_parts(engine, plan, parts, tables, listen, cancel)
    finally:
        engine.close()


def _write_parts(
    engine: Engine,
    plan: Plan,
    target: SpreadTarget,
    tables: Sequence[Table],
    listen: Listener,
    cancel: threading.Event,
) -> list[_TableRun]:
    """Have all spans of all tables done, in any order."""
    spans = [span for table in tables for span in spans_of(plan, table)]
    left = Counter(span.entity for span in spans)
    runs = {table.entity: _TableRun(table, left[table.entity], listen) for table in tables}
    task = SpreadTask.of(plan, {table.entity: table for table in tables}, target.part_writer())
    _logger.debug("%d spans, %d bytes of plan", len(spans), len(task.packed))
    waiting = set(spans)
    with closing(engine.run(task, spans)) as parts:
        for part in parts:
            if isinstance(part, RefusedPart):
                raise part.error
            # The first receipt of a span makes its part count. What another attempt has written disturbs nothing.
            if part.span in waiting:  # an engine may do a task twice
                waiting.discard(part.span)
                run = runs[part.span.entity]
                target.take(run.table, part.receipt)
                run.add(part)
            _raise_if(cancel)
    return list(runs.values())


@dataclass
class _TableRun:
    """How far one table is."""

    table: Table
    left: int  # spans
    listen: Listener
    rows: int = 0
    digest: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    started: float = field(default_factory=perf_counter)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.listen(EntityStarted(self.table.entity, self.table.name, self.table.rows))

    def add(self, part: FinishedPart) -> None:
        """Count a part in, and tell of it."""
        table = self.table
        self.left -= 1
        self.rows += part.span.stop - part.span.start
        self.digest = (self.digest + part.digest) % MODULUS
        self.columns.update(part.columns)
        self.listen(RowsWritten(table.entity, self.rows, table.rows))
        if not self.left:
            self.seconds = perf_counter() - self.started
            digest = combine([self.digest])
            self.listen(EntityFinished(table.entity, table.name, self.rows, self.seconds, digest, self.columns))

    @property
    def progress(self) -> TableProgress:
        return TableProgress(-(-self.rows // BATCH_ROWS), self.digest, finished=True)

    @property
    def result(self) -> EntityResult:
        return EntityResult(self.table.entity, self.table.name, self.rows, self.seconds, combine([self.digest]))


@contextmanager
def _cancelling(engine: Engine, cancel: threading.Event) -> Iterator[None]:
    """Within it the engine's tasks are ended soon after the event is set, though no part comes."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK):
            if cancel.is_set():
                engine.cancel()
                return

    watcher = threading.Thread(target=watch, name="sdgen-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _raise_if(cancel: threading.Event) -> None:
    if cancel.is_set():
        raise Cancelled("the run was cancelled")
