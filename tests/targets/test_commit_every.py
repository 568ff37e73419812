"""A run that commits as it goes and is stopped, by an error or by SIGKILL at any moment, goes on and ends in the same rows."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest

import sdgen
from sdgen.databases.checkpoint_table import NAME
from sdgen.errors import Cancelled, SdgenError, TargetError
from sdgen.execution.destinations import open_target
from sdgen.execution.digest import Result
from sdgen.execution.events import Event as Happening
from sdgen.execution.events import RowsWritten
from sdgen.execution.execute import execute
from sdgen.execution.request import RunSettings
from sdgen.targets.base import Mode, Table, Target
from tests.targets.conftest import DATABASES
from tests.targets.places import Place

BATCH = 65_536
_ROOT = Path(__file__).parents[2]
SCENARIO: dict[str, Any] = {
    "name": "long",
    "as_of": "2026-01-01T00:00:00Z",
    "entities": {
        "small": {
            "rows": 10,
            "columns": {
                "id": {"generator": "sequence", "primary_key": True},
                "mark": {"generator": "uuid4", "unique": True},
            },
        },
        "people": {
            "rows": BATCH + 17,
            "columns": {
                "id": {"generator": "sequence", "primary_key": True},
                "small": {"generator": "fk", "params": {"entity": "small", "column": "id"}},
                "boss": {"generator": "fk", "nullable": True, "params": {"entity": "people", "column": "id"}},
            },
        },
        "keys": {"rows": 1000, "columns": {"key": {"generator": "uuid4", "primary_key": True}}},
    },
}


def write(
    place: Place,
    stop_at: int = 0,
    *,
    resume: bool = False,
    every: int = BATCH,
    mode: str = "create_if_missing",
    **request: Any,
) -> Result:
    """Write the scenario, cancelled after so many batches where `stop_at` is given."""
    return _executed(place.open(), lambda number: number == stop_at, resume, every, mode, **request)


def _executed(
    target: Target, stops: Callable[[int], bool], resume: bool, every: int, mode: str, **request: Any
) -> Result:
    cancel, seen = Event(), []

    def listen(event: Happening) -> None:
        if isinstance(event, RowsWritten):
            seen.append(event)
            if stops(len(seen)):
                cancel.set()

    plan = sdgen.plan(SCENARIO, **{"seed": 4, **request})
    settings = RunSettings(mode=Mode(mode), workers=1, resume=resume, commit_every=every)
    return execute(plan, target, settings, listen=listen, cancel=cancel)


def digests(result: Result) -> list[tuple[str, int, str]]:
    return [(each.entity, each.rows, each.digest) for each in result.entities]


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int, str]]:
    """What an uninterrupted run writes."""
    return digests(sdgen.write(SCENARIO, tmp_path_factory.mktemp("whole") / "x.duckdb", seed=4))


def stopped(place: Place, *stops: int, **asked: Any) -> None:
    for stop in stops:
        with pytest.raises(Cancelled):
            write(place, stop, resume=True, **asked)


def is_right(place: Place, **request: Any) -> None:
    """Each constraint holds, no row is there twice, and none is missing."""
    report = sdgen.verify(SCENARIO, place.destination, **{"seed": 4, **request})
    assert not report.broken, report


def test_stopped_several_times(database: Place, whole: list[tuple[str, int, str]]) -> None:
    stopped(database, 2, 1)
    assert digests(write(database, resume=True)) == whole
    is_right(database)
    with pytest.raises(TargetError, match="holds rows: has the run come to its end"):
        write(database, resume=True)


def test_what_a_stopped_run_left_is_told(database: Place) -> None:
    stopped(database, 2)
    options: list[dict[str, Any]] = [{}, {"every": 0}]
    for asked in options:
        with pytest.raises(TargetError, match=f"was stopped half-way.*{NAME}.*\n.*--resume.*drops.*people"):
            write(database, **asked)
    with pytest.raises(TargetError, match="another one: seed 4 instead of 5"):
        write(database, resume=True, seed=5)
    with pytest.raises(TargetError, match="another one: rows of small 10 instead of 3"):
        write(database, resume=True, rows={"small": 3})


@pytest.mark.parametrize("every", [0, BATCH])
def test_begun_anew(database: Place, every: int) -> None:
    stopped(database, 2)
    write(database, every=every, mode="truncate_then_insert", seed=6)
    is_right(database, seed=6)
    left = database.open().left()  # type: ignore[attr-defined]
    assert left is None


def test_tables_that_are_there(database: Place, whole: list[tuple[str, int, str]]) -> None:
    write(database, every=0, seed=9)
    stopped(database, 2, 1, mode="truncate_then_insert")
    assert digests(write(database, resume=True, mode="truncate_then_insert")) == whole
    is_right(database)


def test_stopped_before_the_first_commit(database: Place) -> None:
    target = database.open()
    with pytest.raises(Cancelled):
        _executed(_Counting(target), lambda number: number == 1, False, 10 * BATCH, "create_if_missing")
    write(database, every=0)
    is_right(database)


class _Counting:
    """A target that is asked to stop before it has committed anything."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    def commit(self, *_: object) -> None:
        raise Cancelled("the run was cancelled")


def test_a_random_seed_is_that_of_the_stopped_run(database: Place) -> None:
    source = {key: value for key, value in SCENARIO.items() if key != "as_of"}
    settled, cancel = sdgen.plan(source), Event()

    def listen(event: Happening) -> None:
        if isinstance(event, RowsWritten) and event.entity == "people":
            cancel.set()

    settings = RunSettings(workers=1, commit_every=BATCH)
    with pytest.raises(Cancelled):
        execute(settled, database.open(), settings, listen=listen, cancel=cancel)
    result = sdgen.write(source, database.destination, resume=True, commit_every=BATCH)
    assert len({each.digest for each in result.entities}) == 3
    is_right(database, seed=settled.seed, as_of=settled.as_of)


@pytest.mark.parametrize("database", ["sqlite", "postgres", "mysql"], indirect=True)
def test_two_processes_at_once(database: Place) -> None:
    """One of them is refused before it has made anything worse: files are locked, servers tell of the other's rows."""
    stopped(database, 1)
    slow = database.open()
    refused: list[str] = []

    def interfere(number: int) -> bool:
        if number == 1:
            try:
                write(database, 1, resume=True)
            except SdgenError as error:
                refused.append(str(error))
        return False

    try:
        _executed(slow, interfere, True, BATCH, "create_if_missing")
    except TargetError as error:
        refused.append(str(error))
        write(database, resume=True)
    assert any("another process is writing" in each or "in use by another process" in each for each in refused)
    is_right(database)


def test_places_that_cannot(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="files appear all at once, when a run ends"):
        sdgen.write(SCENARIO, f"{tmp_path}/out/", commit_every=BATCH)
    with pytest.raises(TargetError, match="can't commit during a run"):
        sdgen.write(SCENARIO, f"{tmp_path}/x.sql", commit_every=BATCH)
    assert list(tmp_path.iterdir()) == []


def test_rows_are_seen_as_they_are_committed(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    with pytest.raises(Cancelled):
        _executed(open_target(str(path)), lambda number: number == 2, False, BATCH, "create_if_missing")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM people").fetchone()[0] in (BATCH, BATCH + 17)
        told = dict(connection.execute(f"SELECT entry, rows_done FROM {NAME}"))
        assert told["people"] == connection.execute("SELECT count(*) FROM people").fetchone()[0]


@pytest.mark.parametrize("place", DATABASES, indirect=True)
def test_killed(place: Place, whole: list[tuple[str, int, str]]) -> None:
    for moment in ("write 3", "finish"):
        command = [sys.executable, "-m", "tests.targets.test_commit_every", place.destination, moment]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
    assert digests(write(place, resume=True)) == whole
    is_right(place)


class _Dying:
    """A target whose process is killed at some moment: in the third span of rows, or when all but the last commit is done."""

    def __init__(self, target: Target, moment: str) -> None:
        self._target, self._moment, self._spans = target, moment, 0
        if moment == "finish":
            vars(target)["commits"].end = lambda run: _die()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    def write(self, table: Table, parts: Iterable[Any]) -> None:
        self._spans += 1
        self._target.write(table, parts)
        if self._moment == f"write {self._spans}":
            _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    _executed(_Dying(open_target(sys.argv[1]), sys.argv[2]), lambda _: False, True, BATCH, "create_if_missing")
