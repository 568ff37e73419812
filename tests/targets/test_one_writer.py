"""A local place has one writer: two runs at once lose no row, and neither replaces what the other wrote."""

from __future__ import annotations

import csv
import errno
import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import sdgen
from sdgen.api import request_of
from sdgen.errors import Cancelled, TargetError
from sdgen.execution.destinations import open_target
from sdgen.execution.events import Remark, RowsWritten, ignore
from sdgen.execution.execute import execute_run
from sdgen.execution.interruption import one_writer
from sdgen.execution.resolve import resolve
from sdgen.targets.base import Mode, Target
from sdgen.targets.writer_lock import LocalPath, WriterLock
from tests.targets.made import family

_ROOT = Path(__file__).parents[2]
ROWS = 30_000
PLACES = ("out/", "deep/er/out/", "x.sql", "x.sqlite", "x.duckdb", "chdb:///x.chdb")


def scenario(seed: int = 1) -> dict[str, Any]:
    columns = {
        "id": {"type": "bigint", "generator": "sequence", "primary_key": True},
        "name": {"type": "text", "generator": "person.full_name"},
    }
    return {"name": "items", "seed": seed, "entities": {"items": {"rows": ROWS, "columns": columns}}}


@contextmanager
def at_once(folder: Path, *runs: tuple[str, str, int]) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that write at the same moment: each has imported everything before any begins."""
    command = [sys.executable, "-m", "tests.targets.test_one_writer"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), *sys.path])}
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen(
            [*command, *map(str, run)], cwd=folder, env=environment, text=True, stdin=pipe, stdout=pipe, stderr=pipe
        )
        for run in runs
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def ended(processes: list[subprocess.Popen[str]]) -> list[str]:
    """What each process said at its end, in order."""
    return [process.communicate(timeout=120)[0].strip() for process in processes]


def ids(place: Path) -> list[int]:
    if place.suffix == ".sqlite":
        with closing(sqlite3.connect(place)) as connection:
            return [row[0] for row in connection.execute("SELECT id FROM items")]
    if place.suffix == ".duckdb":
        with duckdb.connect(str(place)) as connection:
            return [row[0] for row in connection.execute("SELECT id FROM items").fetchall()]
    with (place / "items.csv").open() as file:
        return [int(row["id"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("name", ["out/", "x.sqlite", "x.duckdb"])
def test_two_appending_runs_at_once_lose_no_row(name: str, tmp_path: Path) -> None:
    sdgen.write(scenario(), tmp_path / name if "." in name else f"{tmp_path}/{name}")
    with at_once(tmp_path, (name, "append_only", 2), (f"{tmp_path}/{name}", "append_only", 3)) as processes:
        assert ended(processes) == ["written", "written"]
    found = ids(tmp_path / name)
    assert len(found) == 3 * ROWS
    if "." in name:  # a database's rows go on after those that are there
        assert sorted(found) == list(range(1, 3 * ROWS + 1))
    assert [path.name for path in tmp_path.iterdir()] == [name.rstrip("/")]


@pytest.mark.parametrize("name", PLACES)
def test_of_two_runs_that_make_a_place_one_succeeds(name: str, tmp_path: Path) -> None:
    with at_once(tmp_path, (name, "create_if_missing", 2), (name, "create_if_missing", 3)) as processes:
        said = ended(processes)
    assert sorted(each == "written" for each in said) == [False, True], said
    other = next(each for each in said if each != "written")
    assert "exists" in other or "holds 30,000 rows already" in other, other
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*"))
    if not name.startswith("chdb"):
        inside = [f"{name}_sdgen.json", f"{name}items.csv"] if name.endswith("/") else [name]
        assert names == inside, "nothing is left of the lock, or of the run that was refused"
    if name == "out/":
        seed = 2 + [each == "written" for each in said].index(True)
        expected = [row["name"] for row in sdgen.generate(scenario(seed), as_of=None)["items"].slice(0, 5).to_pylist()]
        with (tmp_path / "out/items.csv").open() as file:
            assert [row["name"] for row, _ in zip(csv.DictReader(file), range(5), strict=False)] == expected


@pytest.mark.parametrize("name", ["out/", "x.duckdb"])
def test_threads_of_one_process_take_turns(name: str, tmp_path: Path) -> None:
    place = f"{tmp_path}/{name}"
    sdgen.write(scenario(), place)
    threads = [threading.Thread(target=lambda: sdgen.write(scenario(), place, mode="append")) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids(tmp_path / name)) == 4 * ROWS


@pytest.mark.parametrize("name", ["out/", "x.sqlite", "x.duckdb"])
def test_ten_commands_at_once_take_turns(name: str, tmp_path: Path) -> None:
    make = command(tmp_path, name, "60")
    assert make.wait(60) == 0
    commands = [command(tmp_path, name, "120", "--mode", "append") for _ in range(10)]
    said = [each.communicate(timeout=120)[1] for each in commands]
    assert [each.returncode for each in commands] == [0] * 10, said
    assert len(ids(tmp_path / name)) == 33
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["in", name.rstrip("/")])


@contextmanager
def holder(place: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that is writing to a place."""
    code = """
import sys
from pathlib import Path
from sdgen.targets.writer_lock import LocalPath, WriterLock
assert WriterLock(LocalPath(Path(sys.argv[1]), True), object()).acquire()
print("held", flush=True)
sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(place)], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def small(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "small.yaml"
    path.parent.mkdir(exist_ok=True)
    if not path.exists():  # processes that were started before may be reading it
        path.write_text("name: small\nentities: {items: {rows: 3, columns: {id: {generator: sequence}}}}\n")
    return path


def command(tmp_path: Path, to: str, wait: str, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sdgen", "generate", str(small(tmp_path)), "--to", to, *more],
        cwd=tmp_path,
        env={**os.environ, "SDGEN_WAIT": wait},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("name", PLACES)
def test_a_place_that_is_being_written_is_refused_by_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name.removeprefix("chdb:///")
    with holder(path) as process:
        refused = command(tmp_path, name, "0")
        _, said = refused.communicate(timeout=60)
        place = name.rstrip("/").removeprefix("chdb:///")
        assert refused.returncode == 1
        assert said.startswith(f"error: target: {place} is being written by process {process.pid}\n    ")
        assert "SDGEN_WAIT=3600" in said
    assert not path.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_waits_can_be_stopped(number: signal.Signals, tmp_path: Path) -> None:
    with holder(tmp_path / "out") as process:
        waiting = command(tmp_path, "out/", "60")
        assert waiting.stderr is not None
        said = waiting.stderr.readline()
        assert said == f"out is being written by process {process.pid}: waiting for it, for 60 s at most\n"
        waiting.send_signal(number)
        _, said = waiting.communicate(timeout=60)
        if number is signal.SIGKILL:
            assert waiting.returncode == -number
        else:
            assert waiting.returncode == 128 + number
            assert "cancelled; out/ is as it was" in said
        assert sorted(path.name for path in tmp_path.iterdir()) == [".out.sdgen-lock", "in"]


def test_the_lock_of_a_killed_run_is_free_and_its_file_goes_with_the_next_run(tmp_path: Path) -> None:
    with holder(tmp_path / "out") as process:
        waiting = [command(tmp_path, "out/", "60", "--mode", mode) for mode in ("create", "create")]
        for each in waiting:
            assert each.stderr is not None
            assert str(process.pid) in each.stderr.readline()
        process.send_signal(signal.SIGKILL)
        said = [each.communicate(timeout=60)[1] for each in waiting]
    assert sorted(each.returncode for each in waiting) == [0, 1], said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


@pytest.mark.parametrize("road", ["out", "./out", "../{name}/out", "link", "folder/out"])
def test_all_roads_to_a_place_lead_to_one_lock(road: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("out")
    (tmp_path / "folder").symlink_to(tmp_path)
    lock = WriterLock(LocalPath(tmp_path / "out"), object())
    assert lock.acquire()
    try:
        assert not WriterLock(LocalPath(Path(road.format(name=tmp_path.name))), object()).acquire()
    finally:
        lock.release()


def test_rows_go_where_a_symlink_leads(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    for name in ("out", "x.sql", "x.sqlite", "x.duckdb"):
        (tmp_path / name).symlink_to(f"real/{name}")  # which does not exist yet
        sdgen.write(small(tmp_path), f"{tmp_path}/{name}" + ("/" if name == "out" else ""))
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / "real" / name).exists()


def test_a_run_that_is_refused_leaves_no_folder_that_it_made_for_its_lock(tmp_path: Path) -> None:
    with pytest.raises(TargetError):
        sdgen.write(small(tmp_path), f"{tmp_path}/a/b/out/", mode="append")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_disk_that_is_full_from_the_start_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = small(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TargetError, match="No space left on device"):
        sdgen.write(path, f"{tmp_path}/a/b/out/")
    assert [each.name for each in tmp_path.iterdir()] == ["in"]


def test_a_forked_child_does_not_keep_the_lock(tmp_path: Path) -> None:
    lock = WriterLock(LocalPath(tmp_path / "out"), object())
    assert lock.acquire()
    child = os.fork()
    if not child:
        time.sleep(30)
        os._exit(0)
    try:
        lock.release()
        again = WriterLock(LocalPath(tmp_path / "out"), object())
        assert again.acquire()
        again.release()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.parametrize("name", PLACES)
def test_a_second_look_before_the_place_changes(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where others write without a lock: what has appeared meanwhile is neither replaced nor lost."""
    monkeypatch.chdir(tmp_path)
    target, path = open_target(name), tmp_path / name.removeprefix("chdb:///")
    written(target, Mode.CREATE_IF_MISSING)
    if name.endswith("/") or name.startswith("chdb"):
        path.mkdir()
        path /= "parents.csv"
    path.write_text("somebody's")
    with pytest.raises(TargetError, match="has appeared while this run made its rows"):
        target.finish()
    target.abort()
    assert path.read_text() == "somebody's"


def test_a_file_that_was_appended_to_meanwhile_is_kept(tmp_path: Path) -> None:
    target = open_target(f"{tmp_path}/out/")
    written(target, Mode.CREATE_IF_MISSING)
    target.finish()
    target = open_target(f"{tmp_path}/out/")
    written(target, Mode.APPEND_ONLY)
    with (tmp_path / "out/parents.csv").open("a") as file:
        file.write("more\n")
    with pytest.raises(TargetError, match="has changed while"):
        target.finish()
    target.abort()
    assert (tmp_path / "out/parents.csv").read_text().endswith("more\n")


def written(target: Target, mode: Mode) -> None:
    """All up to `finish`."""
    rows = family()
    assert target.check(list(rows), mode) == []
    for table in rows:
        target.prepare(table, mode)
    for table, batches in rows.items():
        target.write(table, [target.encode(table, batch) for batch in batches])


def test_a_stopped_append_does_not_go_on_over_rows_that_came_since(tmp_path: Path) -> None:
    place = f"{tmp_path}/out/"
    sdgen.write(scenario(), place)
    options = {"mode": "append", "resume": True, "as_of": "2026-01-01T00:00:00Z"}
    run, cancel = resolve(request_of(scenario(), target=place, **options)), threading.Event()
    with pytest.raises(Cancelled):
        execute_run(run, listen=lambda event: cancel.set() if isinstance(event, RowsWritten) else None, cancel=cancel)
    with (tmp_path / "out/items.csv").open("a") as file:
        file.write("7,more\n")
    with pytest.raises(TargetError, match=r"bytes before of items.csv \d+ instead of \d+"):
        execute_run(run)
    sdgen.write(scenario(), place, mode="append")
    assert len(ids(tmp_path / "out")) == 2 * ROWS + 1


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_without_locks_a_run_goes_on_and_says_so(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert (
        f"out can't be locked: its file system has no locks ({os.strerror(number)}); this run does not wait"
        in remarks(tmp_path)
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


def remarks(tmp_path: Path) -> str:
    """What a run into out/ has to say besides its rows."""
    said: list[str] = []
    run = resolve(request_of(small(tmp_path), target=f"{tmp_path}/out/"))
    execute_run(run, listen=lambda event: said.append(event.text) if isinstance(event, Remark) else None)
    return "\n".join(said)


def test_a_lock_file_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("not ours")
    (tmp_path / ".out.sdgen-lock").symlink_to("other")
    assert "/.out.sdgen-lock is a link; this run does not wait for others that write to it" in remarks(tmp_path)
    assert (tmp_path / "other").read_text() == "not ours"


def test_a_wait_that_is_no_number_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDGEN_WAIT", "soon")
    with pytest.raises(TargetError, match="SDGEN_WAIT is 'soon', which is not a number of seconds"):
        sdgen.write(small(tmp_path), f"{tmp_path}/out/")


def test_a_wait_ends_after_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDGEN_WAIT", "0.3")
    with holder(tmp_path / "out"):
        began = time.monotonic()
        with pytest.raises(TargetError, match=r"and still is after 0\.3 s"):
            sdgen.write(small(tmp_path), f"{tmp_path}/out/")
        assert time.monotonic() - began >= 0.3
        cancelled = threading.Event()
        cancelled.set()
        with pytest.raises(Cancelled), one_writer(open_target(f"{tmp_path}/out/"), ignore, cancelled):
            pass


def test_a_run_inside_a_run_of_the_same_thread_does_not_wait_for_itself(tmp_path: Path) -> None:
    """It is refused where it would replace something: by the second look of the outer run."""
    place = f"{tmp_path}/x.sql"
    inner: list[Any] = []

    def listen(event: object) -> None:
        if isinstance(event, RowsWritten) and not inner:
            inner.append(sdgen.write(small(tmp_path), place))

    with pytest.raises(TargetError, match="has appeared"):
        execute_run(resolve(request_of(scenario(), target=place)), listen=listen)
    assert inner


if __name__ == "__main__":
    pa.table({"x": [1]})
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        sdgen.write(scenario(int(sys.argv[3])), sys.argv[1], mode=sys.argv[2])
        print("written")
    except sdgen.SdgenError as error:
        print(str(error).replace("\n", " "))
