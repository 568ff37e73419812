"""A run into files that was stopped, by an error or by SIGKILL at any moment, goes on and ends in the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

import sdgen
from sdgen.errors import Cancelled, TargetError
from sdgen.execution.destinations import open_target
from sdgen.execution.digest import Result
from sdgen.execution.events import Event as Happening
from sdgen.execution.events import RowsWritten
from sdgen.execution.execute import execute
from sdgen.execution.request import RunSettings
from sdgen.files import folder as files
from sdgen.targets.base import Mode

BATCH = 65_536
SCENARIO: dict[str, Any] = {
    "name": "long",
    "as_of": "2026-01-01T00:00:00Z",
    "entities": {
        "small": {"rows": 10, "columns": {"id": {"generator": "sequence", "primary_key": True}}},
        "people": {
            "rows": 6 * BATCH + 17,
            "columns": {
                "id": {"generator": "sequence", "primary_key": True},
                "small": {"generator": "fk", "params": {"entity": "small", "column": "id"}},
                "name": {"generator": "person.full_name"},
            },
        },
        "keys": {"rows": 3 * BATCH, "columns": {"key": {"generator": "uuid4", "primary_key": True}}},
    },
}


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "KEPT_EVERY", 0.0)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def beside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.iterdir() if path.name.startswith("."))


def write(folder: Path, formats: tuple[str, ...], stop_at: int = 0, resume: bool = True, **request: Any) -> Result:
    """Write the scenario, cancelled after so many batches where `stop_at` is given."""
    cancel, seen = Event(), []

    def listen(event: Happening) -> None:
        if isinstance(event, RowsWritten):
            seen.append(event)
            if len(seen) == stop_at:
                cancel.set()

    settled = sdgen.plan(SCENARIO, **{"seed": 4, **request})
    target = open_target(f"{folder}/", formats)
    mode = Mode(request.get("mode", Mode.CREATE_IF_MISSING))
    settings = RunSettings(mode=mode, workers=2, resume=resume)
    return execute(settled, target, settings, listen=listen, cancel=cancel)


def digests(result: Result) -> list[tuple[str, int, str]]:
    return [(each.entity, each.rows, each.digest) for each in result.entities]


@pytest.mark.parametrize("formats", [("csv",), ("csv", "jsonl"), ("parquet",), ("arrow", "csv"), ("json",)])
def test_stopped_several_times(tmp_path: Path, formats: tuple[str, ...]) -> None:
    whole = write(tmp_path / "whole", formats, resume=False)
    for stop in (2, 1, 1):
        with pytest.raises(Cancelled):
            write(tmp_path / "out", formats, stop_at=stop)
        assert not (tmp_path / "out").exists()
        assert len(beside(tmp_path / "out")) == 2
    done = write(tmp_path / "out", formats)
    assert digests(done) == digests(whole)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert beside(tmp_path / "out") == []


def test_what_is_done_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        write(tmp_path / "out", ("csv",), stop_at=6)
    target = open_target(f"{tmp_path}/out/", ("csv",))
    (journal,) = tmp_path.glob(".out*-journal")
    records = [json.loads(line) for line in journal.read_text().splitlines()[1:]]
    batches = {record["table"]: record["done"]["batches"] for record in records}
    made: list[int] = []

    def listen(event: Happening) -> None:
        if isinstance(event, RowsWritten):
            made.append(event.rows)

    execute(sdgen.plan(SCENARIO, seed=4), target, RunSettings(workers=2, resume=True), listen=listen)
    assert sum(batches.values()) >= 5
    assert len(made) == 1 + 7 + 3 - sum(batches.values())


def test_without_resume_all_is_begun_anew_and_left_overs_go(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        write(tmp_path / "out", ("csv",), stop_at=3)
    write(tmp_path / "out", ("csv",), resume=False)
    assert beside(tmp_path / "out") == []
    with pytest.raises(Cancelled):
        write(tmp_path / "other", ("csv",), stop_at=3, resume=False)
    assert beside(tmp_path / "other") == []


def test_another_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        write(tmp_path / "out", ("csv",), stop_at=3)
    for other in ({"seed": 5}, {"rows": {"small": 3}}):
        with pytest.raises(TargetError, match="of another run"):
            write(tmp_path / "out", ("csv",), **other)
    with pytest.raises(TargetError, match=r"formats \['csv'\] instead of \['jsonl'\]"):
        write(tmp_path / "out", ("jsonl",))
    write(tmp_path / "out", ("csv",))


def test_a_random_seed_is_that_of_the_stopped_run(tmp_path: Path) -> None:
    source = {key: value for key, value in SCENARIO.items() if key != "as_of"}
    settled = sdgen.plan(source)
    cancel = Event()
    target = open_target(f"{tmp_path}/out/", ("csv",))
    settings = RunSettings(workers=1, resume=True)
    with pytest.raises(Cancelled):
        execute(settled, target, settings, listen=lambda _: cancel.set(), cancel=cancel)
    result = sdgen.write(source, f"{tmp_path}/out/", resume=True)
    whole = sdgen.write(settled, f"{tmp_path}/whole/")
    assert digests(result) == digests(whole)


@pytest.mark.parametrize(
    "damage", ["journal cut short", "journal torn", "file too short", "file too long", "no journal"]
)
def test_damage_is_noticed(tmp_path: Path, damage: str) -> None:
    with pytest.raises(Cancelled):
        write(tmp_path / "out", ("csv",), stop_at=5)
    (journal,) = tmp_path.glob(".out*-journal")
    (people,) = tmp_path.glob(".out*/people.csv")
    if damage == "journal cut short":
        os.truncate(journal, journal.stat().st_size - 7)
    elif damage == "journal torn":
        journal.write_bytes(journal.read_bytes() + b'{"table": "peo')
    elif damage == "file too short":
        os.truncate(people, 100)
    elif damage == "file too long":
        people.write_bytes(people.read_bytes() + b"1,2,half a row")
    else:
        journal.unlink()
    write(tmp_path / "out", ("csv",))
    write(tmp_path / "whole", ("csv",), resume=False)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert beside(tmp_path / "out") == []


def test_appending(tmp_path: Path) -> None:
    for name in ("out", "whole"):
        write(tmp_path / name, ("csv",), resume=False)
    settled = sdgen.plan(SCENARIO, seed=6)
    cancel = Event()
    target = open_target(f"{tmp_path}/out/", ("csv",))
    with pytest.raises(Cancelled):
        execute(
            settled, target, RunSettings(mode=Mode.APPEND_ONLY, workers=1, resume=True), cancel=cancel,
            listen=lambda event: cancel.set() if isinstance(event, RowsWritten) and event.entity == "people" else None,
        )  # fmt: skip
    for name in ("out", "whole"):
        sdgen.write(settled, f"{tmp_path}/{name}/", mode=Mode.APPEND_ONLY, resume=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_databases_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="takes all rows of a run or none"):
        sdgen.write(SCENARIO, tmp_path / "x.sqlite", resume=True)
    assert not (tmp_path / "x.sqlite").exists()


def _killed(folder: Path, form: str, seconds: float) -> Iterator[int]:
    """Start the run again and again, kill it after a while, until one comes to its end; how each ended."""
    command = [sys.executable, "-m", "tests.targets.test_resume", str(folder), form]
    root = Path(__file__).parents[2]
    for _ in range(30):
        with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()  # it has begun
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
        yield process.returncode
        if process.returncode != -signal.SIGKILL or folder.exists():
            return
        seconds *= 2.5


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_killed_again_and_again(tmp_path: Path, form: str) -> None:
    write(tmp_path / "whole", (form,), resume=False)
    *kills, last = _killed(tmp_path / "out", form, 0.08)
    assert kills
    assert last in (0, -signal.SIGKILL)  # killed when all was in place
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


if __name__ == "__main__":
    files.KEPT_EVERY = 0.0
    plan = sdgen.plan(SCENARIO, seed=4)
    print("begun", flush=True)
    execute(plan, open_target(f"{sys.argv[1]}/", (sys.argv[2],)), RunSettings(workers=1, resume=True))
