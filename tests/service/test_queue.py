"""Runs in processes of their own: so many at once, in order, and none lost when processes are killed."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from sdgen.service import scheduler as queues
from sdgen.service import worker_processes
from sdgen.service.processes import Owner, is_gone, this_process
from sdgen.service.records import Run, Status
from sdgen.service.scheduler import Scheduler, SchedulerRegister, spawn_scheduler
from sdgen.service.service import Service
from sdgen.service.store import moment, timestamp
from sdgen.targets.writer_lock import LocalPath, WriterLock
from tests.service.made import asked, over, succeeded, until

LONG = {"rows": {"parents": 200_000_000}, "include": "parents"}


@pytest.fixture
def scheduler(service: Service) -> Iterator[Scheduler]:
    started = Scheduler(service.store, limit=4)
    started.start()
    yield started
    started.close(stop_runs=True)


def going(service: Service, run_id: str) -> Run:
    until(lambda: service.repository.run(run_id).rows_written > 0)
    return service.repository.run(run_id)


def pid(run: Run) -> int:
    return int(run.worker.rpartition(":")[2])


def test_fifty_at_once(service: Service, scheduler: Scheduler, folder: Path) -> None:
    ids = [service.submit(asked(f"o{number}/")).id for number in range(50)]
    scheduler.wake()
    most = 0
    while service.repository.waiting() or service.repository.running():
        most = max(most, service.repository.running())
        time.sleep(0.005)
    runs = [service.run(each) for each in ids]
    assert {run.status for run in runs} == {Status.SUCCESS}
    assert most <= 4
    assert len({tuple(each.digest for each in run.entities) for run in runs}) == 1
    starts = [run.started_at for run in runs if run.started_at]
    assert all(first <= later for first, later in zip(starts, starts[8:], strict=False)), (
        "begun in their order, but for the limit"
    )


@pytest.mark.parametrize("name", ["x.duckdb", "x.sqlite", "out/"])
def test_ten_runs_into_one_place_take_turns(name: str, service: Service, scheduler: Scheduler, folder: Path) -> None:
    """All of them succeed, one after the other, while runs to other places go on beside them."""
    succeeded(service.perform(asked(name, rows={"parents": 5_000})))
    (folder / "link").symlink_to(folder)
    append = {"rows": {"parents": 5_000}, "mode": "append"}
    ids = [service.submit(asked(f"link/{name}" if number % 2 else name, **append)).id for number in range(10)]
    others = [service.submit(asked(f"other{number}.sqlite", rows={"parents": 5_000})).id for number in range(3)]
    scheduler.wake()
    runs = [succeeded(over(service, each)) for each in ids]
    beside = [succeeded(over(service, each)) for each in others]
    turns = sorted((run.started_at, run.finished_at) for run in runs if run.started_at and run.finished_at)
    assert len(turns) == 10
    assert all(ended <= begun for (_, ended), (begun, _) in pairwise(turns))
    assert not any("waiting for it" in line.text for run in runs for line in service.logs(run.id)), "no slot is wasted"
    assert min(run.started_at for run in beside if run.started_at) < turns[2][0], "others don't wait behind them"
    assert rows_in(folder / name) == 11 * 5_000


def rows_in(place: Path) -> int:
    if place.suffix == ".duckdb":
        with duckdb.connect(str(place)) as connection:
            return len(connection.execute("SELECT DISTINCT id FROM parents").fetchall())
    if place.suffix == ".sqlite":
        with closing(sqlite3.connect(place)) as connection:
            return len(connection.execute("SELECT DISTINCT id FROM parents").fetchall())
    return len((place / "parents.csv").read_text().splitlines()) - 1


def test_a_run_of_a_worker_waits_for_one_that_is_no_workers(
    service: Service, scheduler: Scheduler, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = WriterLock(LocalPath(folder / "x.sqlite"), object())
    assert lock.acquire()
    run_id = service.submit(asked("x.sqlite")).id
    scheduler.wake()
    until(lambda: any("waiting for it, for 600 s at most" in line.text for line in service.logs(run_id)))
    waiting = service.submit(asked("y.sqlite")).id
    succeeded(over(service, waiting))
    assert service.repository.run(run_id).status is Status.RUNNING
    lock.release()
    succeeded(over(service, run_id))


def test_a_run_that_waits_for_its_place_can_be_cancelled(service: Service, scheduler: Scheduler, folder: Path) -> None:
    lock = WriterLock(LocalPath(folder / "x.sqlite"), object())
    assert lock.acquire()
    run_id = service.submit(asked("x.sqlite")).id
    scheduler.wake()
    until(lambda: service.repository.run(run_id).status is Status.RUNNING)
    service.cancel(run_id)
    run = over(service, run_id)
    assert run.status is Status.CANCELLED
    assert "the target is as it was" in run.error
    lock.release()


def test_killed_at_random_moments(service: Service, scheduler: Scheduler, folder: Path) -> None:
    dice = random.Random(5)
    ids = [service.submit(asked(f"k{number}.sqlite", **LONG)).id for number in range(20)]
    scheduler.wake()
    killed: set[str] = set()
    while len(killed) < len(ids):
        victims = [run for run in service.repository.runs(status=[Status.RUNNING])[0] if run.id not in killed]
        if victims:
            victim = dice.choice(victims)
            threading.Event().wait(dice.uniform(0, 0.15))
            with suppress(ProcessLookupError):
                os.kill(pid(victim), signal.SIGKILL)
            killed.add(victim.id)
        time.sleep(0.005)
    for run_id in ids:
        run = over(service, run_id)
        assert run.status is Status.FAILED
        assert "the run was lost: its process" in run.error
        assert "as it was" in run.error
        assert run.rows_written == 0
    assert not list(folder.glob("k*.sqlite"))
    succeeded(over(service, service.submit(asked("k0.sqlite")).id))
    assert not list(folder.glob(".k0.sqlite*"))


def test_a_scheduler_that_is_killed_loses_no_run(service: Service, folder: Path) -> None:
    environment = {**os.environ, "SDGEN_RUNS_DB": service.store.place}
    command = [sys.executable, "-m", "sdgen.service.scheduler", "--limit", "1"]
    first = service.submit(asked("a.sqlite", rows={"parents": 3_000_000}, include="parents"))
    second = service.submit(asked("b.sqlite"))
    process = subprocess.Popen(command, env=environment)
    run = going(service, first.id)
    process.kill()
    process.wait()
    assert service.run(first.id).status is Status.RUNNING, "a worker goes on without its scheduler"
    assert pid(run) != process.pid
    heir = Scheduler(service.store, limit=1)
    heir.start()
    try:
        assert succeeded(over(service, first.id)).rows_written == 3_000_000
        succeeded(over(service, second.id))
    finally:
        heir.close()


def test_a_fork_server_that_is_killed_loses_no_run(service: Service, scheduler: Scheduler) -> None:
    succeeded(over(service, service.submit(asked("a/")).id))
    forked = scheduler._workers
    assert isinstance(forked, worker_processes.ForkedWorkers)
    assert forked._server is not None
    forked._server.kill()
    succeeded(over(service, service.submit(asked("b/")).id))


def test_workers_that_are_new_interpreters(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "worker_processes", worker_processes.SpawnedWorkers)
    scheduler = Scheduler(service.store)
    scheduler.start()
    try:
        run = succeeded(over(service, service.submit(asked("a/")).id))
        assert pid(run) != os.getpid()
    finally:
        scheduler.close()


def test_a_worker_that_can_not_begin(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "worker_processes", worker_processes.SpawnedWorkers)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    scheduler = Scheduler(service.store)
    scheduler.start()
    try:
        run = over(service, service.submit(asked("a/")).id)
        assert "ended before the run began (exit code 1)" in run.error
        monkeypatch.setattr(sys, "executable", "/nonesuch")
        assert "no process could be started" in over(service, service.submit(asked("a/")).id).error
    finally:
        scheduler.close()


def test_cancelling(service: Service, scheduler: Scheduler) -> None:
    scheduler.limit = 1
    ids = [service.submit(asked(f"{number}.sqlite", **LONG)).id for number in range(2)]
    going(service, ids[0])
    assert service.cancel(ids[1]).status is Status.CANCELLED
    assert service.cancel(ids[0]).cancel_requested
    assert over(service, ids[0]).status is Status.CANCELLED
    assert service.run(ids[1]).error == "cancelled before it began"


def test_a_scheduler_tells_of_its_runs(
    service: Service, scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "sdgen.runs"):
        run_id = service.submit(asked("told/")).id
        until(lambda: any(line.startswith(f"{run_id}: success: ") for line in caplog.messages))
    assert f"{run_id}: given to a worker" in caplog.messages


def test_a_signal_cancels(service: Service, scheduler: Scheduler) -> None:
    run = going(service, service.submit(asked("a.sqlite", **LONG)).id)
    os.kill(pid(run), signal.SIGTERM)
    assert over(service, run.id).status is Status.CANCELLED


def test_closing_stops_runs_where_that_is_wanted(service: Service) -> None:
    scheduler = Scheduler(service.store)
    scheduler.start()
    run = going(service, service.submit(asked("a.sqlite", **LONG)).id)
    scheduler.close(stop_runs=True)
    assert service.run(run.id).status is Status.CANCELLED


def test_closing_waits_for_the_step_that_goes_on(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's own scheduler too: what reaps workers is one thread at a time."""
    within: list[str] = []
    entered, step, close = threading.Event(), Scheduler.step, Scheduler._stop_runs

    def slow(self: Scheduler) -> None:
        within.append("step")
        entered.set()
        time.sleep(0.3)
        step(self)
        within.append("stepped")

    def stopping(self: Scheduler) -> None:
        within.append("stop")
        close(self)

    monkeypatch.setattr(Scheduler, "step", slow)
    monkeypatch.setattr(Scheduler, "_stop_runs", stopping)
    scheduler = Scheduler(service.store)
    scheduler.start(until_empty=True)
    entered.wait(10)
    scheduler.close(stop_runs=True)
    assert within == ["step", "stepped", "stop"]


def test_somebody_is_there_for_a_run_that_waits(service: Service, folder: Path) -> None:
    run = service.submit(asked("a/"))
    assert spawn_scheduler(service.store)
    succeeded(over(service, run.id))
    until(lambda: not SchedulerRegister(service.store).has_live())
    scheduler = Scheduler(service.store)
    scheduler.start()
    until(lambda: SchedulerRegister(service.store).has_live())
    assert not spawn_scheduler(service.store)
    scheduler.close()
    assert not SchedulerRegister(service.store).has_live()


def test_who_is_gone() -> None:
    mine, now = this_process(), moment(timestamp())
    assert not is_gone(mine, now)
    assert "is gone" in is_gone(replace(mine, started="0"), now)
    far = Owner("t", "elsewhere/1", 1, "1")
    assert not is_gone(far, now - timedelta(seconds=90), now)
    assert "elsewhere" in is_gone(far, now - timedelta(seconds=150), now)


def test_an_owner_that_was_asleep_has_the_last_word(service: Service) -> None:
    resolved = service.resolve(asked("a/"))
    owner = replace(this_process(), host="elsewhere/1")
    run_id = service._add(resolved, owner, "")
    with service.store.writing() as connection:
        from sdgen.service.tables import runs

        connection.execute(runs.update().values(heartbeat_at="2020-01-01T00:00:00.000000Z", phase="finishing"))
    lost = service.run(run_id)
    assert lost.status is Status.FAILED
    assert "either all of its rows or none" in lost.error
    from sdgen.service.run_repository import Ending

    assert service.repository.finish(run_id, owner, Ending(Status.SUCCESS))
    assert service.run(run_id).status is Status.SUCCESS
    assert not service.repository.finish(run_id, this_process(), Ending(Status.FAILED))
