"""Doing one run that the store knows: under its owner's name, watched, and with its end told whatever happens."""

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
from sdgen.execution.destinations import open_target
from sdgen.execution.events import Listener, ignore, log_line
from sdgen.execution.execute import Result, execute
from sdgen.execution.interruption import Interruption
from sdgen.execution.job import Job
from sdgen.execution.resume import WHOLE, state_after_failure
from sdgen.execution.secrets import Redactor
from sdgen.execution.single_writer import one_writer
from sdgen.execution.targets import ResolvedTarget, resolve_target
from sdgen.execution.warnings import taken_values
from sdgen.generators.cancellation import stopped_by
from sdgen.planning.plan import Plan
from sdgen.service.processes import Owner, this_process
from sdgen.service.recorder import Recorder
from sdgen.service.records import ProblemRecord, Run, Status
from sdgen.service.reproduce import remove_stale_scratch, scratch_folder
from sdgen.service.run_repository import Ending, RunRepository
from sdgen.service.store import Store, timestamp
from sdgen.targets.base import Mode, Target

STORE_PATIENCE = 60.0  # seconds for which the end of a run is tried to be told to a store that is away

LogEntry = tuple[str, str, str]  # time, level, text
Lines = list[LogEntry]


@dataclass(frozen=True)
class RunnableJob:
    """A job that can be done here: its target's secrets in place. plan: made when it is begun where it isn't yet."""

    job: Job
    target: ResolvedTarget
    plan: Plan | None = None

    @contextmanager
    def opened(self) -> Iterator[Target]:
        """The target; of a scratch job one in a temporary folder, which is gone afterwards."""
        if not self.job.scratch:
            yield self.target.open()
            return
        remove_stale_scratch()
        with scratch_folder() as folder:
            yield open_target(target_kinds.in_kind(str(folder / "again"), self.target.kind), self.target.formats)

    def planned(self, target: Target) -> tuple[Plan, Job]:
        """The plan, and the job with all that it depends on.

        ScenarioError where the scenario can't be had any more, Cancelled where `stopped_by` says so.
        """
        if self.job.mode is Mode.APPEND_ONLY:
            return self.job.plan_into(target)
        return self.plan or self.job.plan(), self.job


def runnable_job(job: Job) -> RunnableJob:
    """TargetError where the target can't be had any more."""
    return RunnableJob(job, resolve_target(job.target, formats=job.formats))


def run_worker(
    repository: RunRepository,
    run_id: str,
    owner: Owner,
    prepared: RunnableJob | None = None,
    *,
    listen: Listener = ignore,
    cancel: threading.Event | None = None,
) -> Run:
    """Do a run that this owner has claimed; the run as it ended. Its failure is told in the run, not raised."""
    try:
        prepared = prepared or runnable_job(repository.job(run_id))
    except Exception as error:
        return _end(repository, run_id, owner, *_failure(error, Redactor()))
    stop = cancel or threading.Event()
    recorder = Recorder(repository, run_id, owner, prepared.target.redactor, listen, stop)
    with recorder:
        ending, lines = _done(prepared, recorder, stop)
    if ending.status is Status.SUCCESS:
        recorder.flush()  # the last counters
    for _, level, text in lines:
        log_line(run_id, level, text)
    return _end(repository, run_id, owner, ending, [*recorder.rest(), *lines])


def _done(prepared: RunnableJob, recorder: Recorder, stop: threading.Event) -> tuple[Ending, Lines]:
    """Execute the run; how it ended, and what there is to say of that."""
    left = WHOLE
    try:
        with prepared.opened() as target:
            try:
                result = _executed(prepared, target, recorder, stop)
            finally:
                left = state_after_failure(target, prepared.job.resume)
    except Exception as error:
        return _failure(error, prepared.target.redactor, left)
    if stop.is_set():
        recorder.say("warning", "the wish to stop came too late: all rows are written")
    recorder.say("info", f"success: {result.rows:,} rows in {result.seconds:.2f} s")
    return Ending(Status.SUCCESS), []


def _executed(prepared: RunnableJob, target: Target, recorder: Recorder, stop: threading.Event) -> Result:
    job = prepared.job
    with one_writer(target, recorder, stop):
        with stopped_by(stop):
            plan, settled = prepared.planned(target)
        if settled is not job:
            recorder.keep(settled)
        _introduce(recorder, prepared, plan)
        return execute(plan, target, job.settings, listen=recorder, cancel=stop)


def _introduce(recorder: Recorder, prepared: RunnableJob, plan: Plan) -> None:
    job = prepared.job
    name = f"{plan.scenario} {plan.version}".strip()
    place = "a temporary place" if job.scratch else prepared.target.shown
    recorder.say("info", f"{name} to {place}, {job.mode.value}, seed {plan.seed}")
    if plan.identity != job.identity and job.mode is not Mode.APPEND_ONLY:
        recorder.say("warning", "other versions of generators than those that the run was made with: other values")
    for change in job.changes:
        recorder.say("warning", change)
    for note in taken_values(plan, job.only):
        recorder.say("info", note)


def _failure(error: Exception, redactor: Redactor, left: str = WHOLE) -> tuple[Ending, Lines]:
    """What is stored of an exception, and what the log says of it and of the rows that were written."""
    now = timestamp()
    if isinstance(error, Cancelled):
        said = f"{Status.CANCELLED}; {left}"
        return Ending(Status.CANCELLED, said), [(now, "info", said)]
    known = isinstance(error, SdgenError | OSError | MemoryError)
    problems = [_hidden(ProblemRecord.of(each), redactor) for each in getattr(error, "problems", ())]
    told = redactor(str(error) if problems else _words(error))
    lines = [(now, "error", told)]
    if not known:
        lines.append((now, "debug", redactor("".join(traceback.format_exception(error)))))
    lines.append((now, "info", f"{Status.FAILED}; {left}"))
    return Ending(Status.FAILED, told, tuple(each.model_dump() for each in problems)), lines


def _hidden(problem: ProblemRecord, redactor: Redactor) -> ProblemRecord:
    return problem.model_copy(update={"what": redactor(problem.what), "hint": redactor(problem.hint)})


def _words(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "out of memory; fewer workers need less"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
    return f"{type(error).__name__}: {error}; this is a bug in sdgen"


def _end(
    repository: RunRepository, run_id: str, owner: Owner, ending: Ending, lines: Sequence[tuple[str, str, str]]
) -> Run:
    """Tell the end to the store, for a while again and again where the store is away."""
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
    parser = argparse.ArgumentParser(prog="python -m sdgen.service.worker", description="Do one stored run.")
    parser.add_argument("run_id")
    parser.add_argument("--runs-db", default="")
    parser.add_argument("--limit", type=int, default=None, help="do nothing where so many runs are running")
    asked = parser.parse_args(arguments)
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        return worker_main(Store(asked.runs_db), asked.run_id, asked.limit)
    except SdgenError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return NOT_MINE


def worker_main(store: Store, run_id: str, limit: int | None = None) -> int:
    """Claim a run and do it; the exit code that tells how it ended."""
    repository, owner = RunRepository(store), this_process()
    with Interruption() as interruption:
        claimed = repository.claim(run_id, owner, limit)
        if claimed is not Status.RUNNING:
            return FULL if claimed is None else NOT_MINE
        run = interruption.run(lambda: _performed(repository, run_id, owner, interruption))
    return 128 + interruption.number if run.status is Status.CANCELLED and interruption.number else _CODES[run.status]


def _performed(repository: RunRepository, run_id: str, owner: Owner, interruption: Interruption) -> Run:
    return run_worker(repository, run_id, owner, cancel=interruption.event)


if __name__ == "__main__":
    sys.exit(main())
