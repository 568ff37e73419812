"""One worker: it claims a stored run, executes it, records its progress, and stores its end whatever happens."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sdgen.errors import Cancelled, SdgenError, StoreError
from sdgen.execution import target_kinds
from sdgen.execution.append import TargetPlan, plan_into
from sdgen.execution.destinations import open_target
from sdgen.execution.events import Listener, ignore, log_line
from sdgen.execution.execute import execute_into
from sdgen.execution.interruption import Interruption
from sdgen.execution.job import Job, snapshot_of
from sdgen.execution.request import RunSettings
from sdgen.execution.resolved import taken_values
from sdgen.execution.resume import WHOLE, state_after_failure
from sdgen.execution.secrets import Redactor
from sdgen.execution.target_spec import ResolvedTarget
from sdgen.execution.targets import resolve_target
from sdgen.planning.plan import Plan
from sdgen.service.processes import Owner, this_process
from sdgen.service.recorder import Recorder
from sdgen.service.records import ProblemRecord, Run, Status
from sdgen.service.reproduce import TEMPORARY, remove_stale_scratch, scratch_folder
from sdgen.service.run_repository import Ending, LogEntry, RunRepository
from sdgen.service.store import Store, timestamp
from sdgen.targets.base import Target

STORE_PATIENCE = 60.0  # seconds for which a store that is away is asked again to take the end of a run


Lines = list[LogEntry]


@dataclass(frozen=True)
class RunnableJob:
    """A stored job that can be executed here: its target's secrets in place. plan: None where none is made yet."""

    job: Job
    target: ResolvedTarget
    plan: Plan | None = None

    @property
    def settings(self) -> RunSettings:
        return self.job.settings

    @contextmanager
    def open_target(self) -> Iterator[Target]:
        """The target; of a scratch job one in a temporary folder, which is removed afterwards."""
        if not self.job.scratch:
            yield self.target.open()
            return
        remove_stale_scratch()
        with scratch_folder() as folder:
            yield open_target(target_kinds.in_kind(str(folder / "again"), self.target.kind), self.target.formats)

    def plan_into(self, target: Target) -> TargetPlan:
        """The plan; ScenarioError where this sdgen can't make it any more, Cancelled where `stopped_by` says so."""
        if self.settings.appends:
            return plan_into(self.job.scenario, self.job.plan_request, target, self.settings)
        return TargetPlan(self.plan or self.job.plan())


def runnable_job(job: Job) -> RunnableJob:
    """TargetError where the target can't be had any more."""
    return RunnableJob(job, resolve_target(job.target, formats=job.formats))


def run_worker(
    repository: RunRepository,
    run_id: str,
    owner: Owner,
    run: RunnableJob | None = None,
    *,
    listen: Listener = ignore,
    cancel: threading.Event | None = None,
) -> Run:
    """Execute a run that this owner has claimed; the run as it ended. A failure is stored with the run, not raised."""
    try:
        run = run or runnable_job(repository.job(run_id))
    except Exception as error:
        return _store_end(repository, run_id, owner, *_failure(error, Redactor()))
    cancel = cancel or threading.Event()
    recorder = Recorder(repository, run_id, owner, run.target.redactor, listen, cancel)
    with recorder:
        ending, lines = _execute(run, recorder, cancel)
    if ending.status is Status.SUCCESS:
        # Of a run that failed the counters are taken back, so that only a success needs the last ones.
        recorder.flush()  # the last counters
    for _, level, text in lines:
        log_line(run_id, level, text)
    # In one transaction with the end: who sees that the run is over finds its whole log.
    return _store_end(repository, run_id, owner, ending, [*recorder.rest(), *lines])


def _execute(run: RunnableJob, recorder: Recorder, cancel: threading.Event) -> tuple[Ending, Lines]:
    """Execute the run; how it ended, and the last lines of its log."""

    def planned(into: TargetPlan) -> None:
        if run.settings.appends:
            # Kept before the first row is written: later the old rows can't be told from the run's own.
            recorder.keep(run.job.model_copy(update={"snapshot": snapshot_of(into.existing)}))
        _log_start(recorder, run, into.plan)

    state = WHOLE
    try:
        with run.open_target() as target:
            try:
                _, result = execute_into(target, run, planned, listen=recorder, cancel=cancel)
            finally:
                state = state_after_failure(target, run.job.resume)
    except Exception as error:
        return _failure(error, run.target.redactor, state)
    if cancel.is_set():
        recorder.say("warning", "the run had ended before it could be cancelled: all rows are written")
    recorder.say("info", f"success: {result.rows:,} rows in {result.seconds:.2f} s")
    return Ending(Status.SUCCESS), []


def _log_start(recorder: Recorder, run: RunnableJob, plan: Plan) -> None:
    job = run.job
    name = f"{plan.scenario} {plan.version}".strip()
    target = TEMPORARY if job.scratch else run.target.shown
    recorder.say("info", f"{name} to {target}, {job.mode.value}, seed {plan.seed}")
    if plan.identity != job.identity and not job.settings.appends:
        recorder.say("warning", "the generators' versions differ from those the run was made with: values may differ")
    for change in job.changes:
        recorder.say("warning", change)
    for note in taken_values(plan, job.only):
        recorder.say("info", note)


def _failure(error: Exception, redactor: Redactor, state: str = WHOLE) -> tuple[Ending, Lines]:
    """What is stored of an exception, and what the log says of it and of the target's state."""
    now = timestamp()
    if isinstance(error, Cancelled):
        text = f"{Status.CANCELLED}; {state}"
        return Ending(Status.CANCELLED, text), [(now, "info", text)]
    expected = isinstance(error, SdgenError | OSError | MemoryError)
    problems = [ProblemRecord.of(each).redacted(redactor) for each in getattr(error, "problems", ())]
    message = redactor(str(error) if problems else _message(error))
    lines = [(now, "error", message)]
    if not expected:
        lines.append((now, "debug", redactor("".join(traceback.format_exception(error)))))
    lines.append((now, "info", f"{Status.FAILED}; {state}"))
    return Ending(Status.FAILED, message, tuple(each.model_dump() for each in problems)), lines


def _message(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "out of memory; fewer workers need less"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
    return f"{type(error).__name__}: {error}; this is a bug in sdgen"


def _store_end(
    repository: RunRepository, run_id: str, owner: Owner, ending: Ending, lines: Sequence[tuple[str, str, str]]
) -> Run:
    """Store how the run ended; where the store is away, try again for a while: a run without an end would look lost."""
    until = time.monotonic() + STORE_PATIENCE
    while True:
        try:
            repository.finish(run_id, owner, ending, lines)
            return repository.run(run_id)
        except StoreError:
            if time.monotonic() > until:
                raise
            time.sleep(1)


NOT_MINE, FULL, CANCELLED = 3, 4, 130
_CODES = {Status.SUCCESS: 0, Status.FAILED: 1, Status.CANCELLED: CANCELLED}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sdgen.service.worker", description="Execute one stored run.")
    parser.add_argument("run_id")
    parser.add_argument("--runs-db", default="")
    parser.add_argument("--limit", type=int, default=None, help="do nothing where so many runs are running")
    options = parser.parse_args(arguments)
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        return worker_main(Store(options.runs_db), options.run_id, options.limit)
    except SdgenError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return NOT_MINE


def worker_main(store: Store, run_id: str, limit: int | None = None) -> int:
    """Claim a run and execute it; the exit code says how it ended."""
    repository, owner = RunRepository(store), this_process()
    with Interruption() as interruption:
        # Signals are caught before the claim: one that comes right after it must cancel the run, and not kill its
        # process.
        claimed = repository.claim(run_id, owner, limit)
        if claimed is not Status.RUNNING:
            return FULL if claimed is None else NOT_MINE
        run = interruption.run(lambda: run_worker(repository, run_id, owner, cancel=interruption.event))
    return 128 + interruption.number if run.status is Status.CANCELLED and interruption.number else _CODES[run.status]


if __name__ == "__main__":
    sys.exit(main())
