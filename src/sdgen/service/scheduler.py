"""The scheduler: starts a worker for each pending run, in order, so many at once at most, and watches how they end.

Runs into one local place, a folder of files or a database file, go one after the other; those into others beside them.

    scheduler = Scheduler(store, limit=4)
    scheduler.start()          # a thread of its own, until close()

`python -m sdgen.service.scheduler --runs-db DB [--limit N] [--until-empty]` is the same as a process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import sqlalchemy as sa

from sdgen.errors import SdgenError, StoreError
from sdgen.execution.events import is_logged, log_line
from sdgen.execution.interruption import Interruption
from sdgen.service.processes import Owner, is_gone, this_process
from sdgen.service.records import Status
from sdgen.service.run_repository import RunRepository, owner_columns
from sdgen.service.store import VARIABLE, Store, moment, timestamp
from sdgen.service.tables import runs, schedulers
from sdgen.service.worker import FULL
from sdgen.service.worker_processes import worker_processes

AT_ONCE = 2
EVERY = 0.1  # seconds between two looks at the queue
MARK_EVERY = 5.0  # seconds between two searches for lost runs, which ask the system about each run's process
TRIES = 3  # workers that end before they begin, before their run is given up
STOPPED_WITHIN = 30.0  # seconds that runs are given to put their targets back
BEAT = 10.0  # seconds between two signs of life


class SchedulerRegister:
    """The schedulers of a store: a run that is submitted needs to know whether somebody will start it."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def enter(self, owner: Owner) -> None:
        with self.store.writing() as connection:
            connection.execute(sa.insert(schedulers).values(owner_columns(owner, timestamp())))

    def beat(self, owner: Owner) -> None:
        """A sign of life; written every few seconds alone."""
        mine = schedulers.c.owner_token == owner.token
        with self.store.reading() as connection:
            last = connection.execute(sa.select(schedulers.c.heartbeat_at).where(mine)).scalar_one_or_none()
        if last is None:
            self.enter(owner)
        elif (moment(timestamp()) - moment(last)).total_seconds() > BEAT:
            with self.store.writing() as connection:
                connection.execute(sa.update(schedulers).where(mine).values(heartbeat_at=timestamp()))

    def leave(self, owner: Owner) -> None:
        with self.store.writing() as connection:
            connection.execute(sa.delete(schedulers).where(schedulers.c.owner_token == owner.token))

    def leave_if_idle(self, owner: Owner) -> bool:
        """Leave where no run waits: in one transaction, so that a run added meanwhile finds somebody, or nobody."""
        pending = sa.select(runs.c.id).where(runs.c.status == Status.PENDING.value).limit(1)
        with self.store.alone() as connection:
            if connection.execute(pending).first() is not None:
                return False
            connection.execute(sa.delete(schedulers).where(schedulers.c.owner_token == owner.token))
        return True

    def has_live(self) -> bool:
        """Whether a scheduler is alive; the rows of dead ones are removed."""
        with self.store.alone() as connection:  # in turn with one that is about to leave
            found = connection.execute(sa.select(schedulers)).all()
            dead = [
                row.owner_token
                for row in found
                if is_gone(
                    Owner(row.owner_token, row.owner_host, row.owner_pid, row.owner_started), moment(row.heartbeat_at)
                )
            ]
            if dead:
                connection.execute(sa.delete(schedulers).where(schedulers.c.owner_token.in_(dead)))
        return len(found) > len(dead)


class Scheduler:
    """Starts workers for the pending runs of a store. `limit` holds for the store, whoever else starts workers."""

    def __init__(self, store: Store, limit: int = AT_ONCE) -> None:
        self.store = store
        self.limit = limit
        self.owner: Owner = this_process()
        self._repository = RunRepository(store)
        self._register = SchedulerRegister(store)
        self._workers = worker_processes(store.place)
        self._begun: set[str] = set()
        self._tries: Counter[str] = Counter()
        self._over = threading.Event()
        self._awake = threading.Event()
        self._thread: threading.Thread | None = None
        self._marked = 0.0

    def start(self, until_empty: bool = False) -> threading.Thread:
        """Go on in a thread until `close`, or until nothing is left to do."""
        # Kept, so that `close` waits for it: two threads must not reap workers at once.
        self._thread = threading.Thread(target=self.serve, args=(until_empty,), name="sdgen-scheduler", daemon=True)
        self._thread.start()
        return self._thread

    def wake(self) -> None:
        """Look at the queue at once: a run has been added."""
        self._awake.set()

    def close(self, stop_runs: bool = False) -> None:
        """Start no more workers. Those at work go on, or are stopped: their runs are then cancelled."""
        self._over.set()
        self._awake.set()
        if self._thread is not None:
            self._thread.join()
        if stop_runs:
            self._stop_runs()
        self._workers.close()
        with suppress(StoreError):
            self._register.leave(self.owner)

    def _stop_runs(self) -> None:
        # They are cancelled through the store, as anybody would: the workers put their targets back by themselves.
        for run_id in self._begun:
            with suppress(SdgenError):
                self._repository.cancel(run_id)
        until = time.monotonic() + STOPPED_WITHIN
        while self._begun and time.monotonic() < until:
            self._reap()
            time.sleep(EVERY)

    def serve(self, until_empty: bool = False) -> None:
        """Supervise until `close`, or until nothing is left to do."""
        with suppress(StoreError):
            self._register.enter(self.owner)
        while not self._over.is_set():
            try:
                self.step()
                self._register.beat(self.owner)
                if until_empty and not self._begun and self._register.leave_if_idle(self.owner):
                    return
            except StoreError:
                time.sleep(EVERY)  # the store is away for a moment
            self._awake.wait(EVERY)
            self._awake.clear()

    def step(self) -> None:
        """Reap workers, mark lost runs, and start as many workers as there may be."""
        self._reap()
        if time.monotonic() - self._marked >= MARK_EVERY:
            self._marked = time.monotonic()
            self._repository.mark_lost()
        if len(self._begun) >= self.limit:
            return
        waiting = self._repository.ready()
        starting = len(self._begun.intersection(waiting))  # but not yet claimed
        # The limit is the store's: other schedulers' runs count too. A worker that has not claimed its run yet is not
        # seen among the running ones, so it is counted here; the claim itself checks the limit once more.
        free = self.limit - max(self._repository.running() + starting, len(self._begun))
        for run_id in [each for each in waiting if each not in self._begun][: max(free, 0)]:
            try:
                self._workers.start(run_id, self.limit)
                self._begun.add(run_id)
                log_line(run_id, "info", "given to a worker")
            except OSError as error:
                self._repository.refuse(run_id, f"no process could be started for the run: {error.strerror}")

    def _reap(self) -> None:
        """Settle the runs of workers that have ended: each must have an end, or be pending for another worker.

        A worker that ends before it claims its run (a broken installation, say) would be started for ever: after TRIES
        of them the run fails.
        """
        for ended in self._workers.reap():
            self._begun.discard(ended.run_id)
            if ended.code == FULL:  # another scheduler was faster; the run stays pending, and is tried again
                continue
            self._repository.mark_lost()
            self._log_end(ended.run_id)
            self._tries[ended.run_id] += 1
            if ended.code == 0 or self._repository.run(ended.run_id).status is not Status.PENDING:
                del self._tries[ended.run_id]
            elif self._tries[ended.run_id] >= TRIES:
                how = f"signal {-ended.code}" if ended.code < 0 else f"exit code {ended.code}"
                self._repository.refuse(
                    ended.run_id, f"its worker process ended before the run began ({how}): {ended.errors}"
                )

    def _log_end(self, run_id: str) -> None:
        level = "info"
        if is_logged(level):
            run = self._repository.run(run_id)
            level = "error" if run.status is Status.FAILED else level
            log_line(
                run_id, level, f"{run.status}: {run.rows_written:,} rows" + (f": {run.error}" if run.error else "")
            )


def spawn_scheduler(store: Store, limit: int = AT_ONCE) -> bool:
    """Start a scheduler process that lives until the queue is empty, unless one is alive; whether it was started."""
    if SchedulerRegister(store).has_live():
        return False
    subprocess.Popen(
        [sys.executable, "-m", "sdgen.service.scheduler", "--limit", str(limit), "--until-empty"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, VARIABLE: store.place},
        # It outlives whoever has submitted the run, and the signals of that terminal.
        start_new_session=True,
    )
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m sdgen.service.scheduler", description="Execute the pending runs of a store."
    )
    parser.add_argument("--runs-db", default="")
    parser.add_argument("--limit", type=int, default=AT_ONCE, help="runs at once")
    parser.add_argument("--until-empty", action="store_true", help="end when nothing is left to do")
    options = parser.parse_args(arguments)
    try:
        scheduler = Scheduler(Store(options.runs_db), max(options.limit, 1))
    except SdgenError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    with Interruption() as interruption:
        # Python handles signals between two steps of the main thread, which therefore waits and does nothing else.
        thread = scheduler.start(options.until_empty)
        while thread.is_alive() and not interruption.event.is_set():
            thread.join(EVERY)
    scheduler.close(stop_runs=interruption.event.is_set())
    return 0


if __name__ == "__main__":
    sys.exit(main())
