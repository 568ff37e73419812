"""Databases that several connections of this process fill at the same time: the rows of one, all or nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

import sdgen
from sdgen.databases.mysql.connection import MySQLConnection
from sdgen.databases.mysql.spread import MySQLPartWriter
from sdgen.databases.postgres.spread import PostgresPartWriter
from sdgen.errors import Cancelled, ScenarioError, TargetError
from sdgen.execution.access import SHELL
from sdgen.execution.digest import Result
from sdgen.execution.events import Remark
from sdgen.execution.execute import execute_run
from sdgen.execution.request import read_request
from sdgen.execution.resolve import resolve
from tests.spread.made import SCENARIO, at_rows, digests, parts, query, sums, tables
from tests.spread.test_engines import Twice

Local = tuple[Path, Result]
_ROOT = Path(__file__).parents[2]
SMALL: dict[str, Any] = {
    "name": "small",
    "seed": 3,
    "entities": {
        "wards": {"rows": 3, "columns": {"id": {"generator": "sequence", "primary_key": True}}},
        "patients": {
            "rows": 140_000,
            "columns": {
                "id": {"type": "bigint", "generator": "sequence", "primary_key": True},
                "ward_id": {"generator": "fk", "params": {"entity": "wards", "column": "id"}},
                "kind": {"type": "string", "generator": "choice", "params": {"values": ["new", "again"]}},
            },
        },
    },
}
LATE: dict[str, Any] = {
    "name": "late",
    "seed": 1,
    "entities": {
        "t": {
            "rows": 140_000,
            "check": "id <> 99999",
            "columns": {"id": {"type": "bigint", "generator": "sequence"}},
        }
    },
}


@pytest.fixture
def writers(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The threads that have written spans to databases."""
    names: set[str] = set()

    def noting(write: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any) -> Any:
            names.add(threading.current_thread().name)
            return write(*given)

        return noted

    for writer in (PostgresPartWriter, MySQLPartWriter):
        monkeypatch.setattr(writer, "write", noting(writer.write))
    return names


@pytest.fixture(autouse=True)
def small_tables_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdgen.execution.execute.SMALL_TABLE", 70_000)


def test_the_rows_of_one_connection(local: Local, postgres_url: str, written_here: Any, writers: set[str]) -> None:
    result = sdgen.write(SCENARIO, postgres_url, workers=3)
    assert len(writers) > 1
    assert digests(result) == digests(local[1])
    assert sums(postgres_url) == written_here
    assert tables(postgres_url) == [("public.closed",), ("public.patients",), ("public.visits",), ("public.wards",)]
    assert not sdgen.verify(SCENARIO, postgres_url).broken


@pytest.mark.parametrize("workers", [0, 1])
def test_one_connection_where_no_more_were_asked_for(workers: int, postgres_url: str, writers: set[str]) -> None:
    sdgen.write(SMALL, postgres_url, workers=workers)
    assert not writers


def test_tables_that_are_there_have_one_connection(postgres_url: str, writers: set[str]) -> None:
    sdgen.write(SMALL, postgres_url, rows={"patients": 9})
    only: dict[str, Any] = {"rows": {"patients": 80_000}}
    sdgen.write(SMALL, postgres_url, mode="truncate_then_insert", workers=3, **only)
    assert query(postgres_url, "SELECT count(*) FROM patients") == [(80_000,)]
    assert not writers


def test_a_user_who_may_make_no_schema_has_one_connection(postgres_url: str, writers: set[str]) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute(b"DROP ROLE IF EXISTS sdgen_narrow")
        connection.execute(b"CREATE ROLE sdgen_narrow LOGIN")
        connection.execute(b"CREATE SCHEMA own AUTHORIZATION sdgen_narrow")
    parts = psycopg.conninfo.conninfo_to_dict(postgres_url)
    url = f"postgresql://sdgen_narrow@/{parts['dbname']}?host={parts['host']}&port={parts.get('port', 5432)}&schema=own"
    sdgen.write(SMALL, url, workers=3)
    assert query(postgres_url, "SELECT count(*) FROM own.patients") == [(140_000,)]
    assert not writers
    with psycopg.connect(postgres_url) as connection:
        connection.execute(b"DROP OWNED BY sdgen_narrow")
        connection.execute(b"DROP ROLE sdgen_narrow")


def test_cancelling_leaves_the_place_as_it_was(postgres_url: str) -> None:
    cancel = threading.Event()
    request = read_request({"scenario": SMALL, "target": postgres_url, "workers": 3})
    with pytest.raises(Cancelled):
        execute_run(resolve(request, access=SHELL), listen=at_rows("patients", cancel.set), cancel=cancel)
    assert tables(postgres_url) == []


def test_a_check_that_a_late_row_breaks(postgres_url: str) -> None:
    with pytest.raises(ScenarioError, match="99999"):
        sdgen.write(LATE, postgres_url, workers=2)
    assert tables(postgres_url) == []


def killed(url: str) -> None:
    """Have another process write some spans, and die."""
    command = [sys.executable, "-m", "tests.spread.test_threads", url]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_what_a_killed_run_leaves_is_no_table_and_the_next_run_removes_it(postgres_url: str) -> None:
    killed(postgres_url)
    left = tables(postgres_url)
    assert left
    assert all(name.startswith("_sdgen_") for (name,) in left)
    sdgen.write(SMALL, postgres_url, workers=2)
    assert tables(postgres_url) == [("public.patients",), ("public.wards",)]


def mysql_tables(url: str) -> list[str]:
    return sorted(name for (name,) in MySQLConnection(url).run("SHOW TABLES"))


@pytest.mark.parametrize("twice", [False, True])
def test_mysql(twice: bool, mysql_url: str, writers: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if twice:  # every span is done two times, at the same time
        monkeypatch.setattr("sdgen.execution.spread.engines._provided", lambda: {"twice": lambda: Twice})
    more = {"engine": "twice://here"} if twice else {"workers": 3}
    result = sdgen.write(SMALL, mysql_url, **more)
    assert len(writers) > 1
    assert digests(result) == digests(sdgen.write(SMALL, tmp_path / "here", formats=["parquet"]))
    assert mysql_tables(mysql_url) == ["patients", "wards"]
    assert MySQLConnection(mysql_url).run("SELECT count(*), sum(id) FROM patients") == [
        (140_000, 140_000 * 140_001 // 2)
    ]
    assert not sdgen.verify(SMALL, mysql_url).broken
    writers.clear()
    only: dict[str, Any] = {"rows": {"patients": 80_000}, "mode": "truncate_then_insert"}
    sdgen.write(SMALL, mysql_url, workers=3, **only)
    assert not writers  # tables that are there take rows in one transaction
    with pytest.raises(TargetError, match="exists, and an engine fills new tables alone"):
        sdgen.write(SMALL, mysql_url, engine="threads://2", **only)
    assert MySQLConnection(mysql_url).run("SELECT count(*) FROM patients") == [(80_000,)]


def test_mysql_is_as_it_was_after_a_run_that_was_cancelled_or_failed(mysql_url: str) -> None:
    cancel = threading.Event()
    request = read_request({"scenario": SMALL, "target": mysql_url, "workers": 3})
    with pytest.raises(Cancelled):
        execute_run(resolve(request, access=SHELL), listen=at_rows("patients", cancel.set), cancel=cancel)
    assert mysql_tables(mysql_url) == []
    with pytest.raises(ScenarioError, match="99999"):
        sdgen.write(LATE, mysql_url, workers=2)
    assert mysql_tables(mysql_url) == []


def test_mysql_after_a_run_that_was_killed(mysql_url: str) -> None:
    killed(mysql_url)
    assert all(name.startswith("_sdgen_") for name in mysql_tables(mysql_url))
    sdgen.write(SMALL, mysql_url, workers=2)
    assert mysql_tables(mysql_url) == ["patients", "wards"]


def test_what_a_target_has_to_tell_is_told(tmp_path: Path) -> None:
    pytest.importorskip("deltalake")
    told: list[str] = []
    columns = {"id": {"type": "uuid", "generator": "uuid7"}}
    scenario = {"name": "marks", "seed": 1, "entities": {"marks": {"rows": 5, "columns": columns}}}
    document = {"scenario": scenario, "target": f"{tmp_path}/out/", "formats": "delta", "engine": "threads://2"}
    run = resolve(read_request(document), access=SHELL)
    execute_run(run, listen=lambda event: told.append(event.text) if isinstance(event, Remark) else None)
    assert told == ["marks is stored with id (uuid) as text"]


@pytest.mark.parametrize("address", ["0", "many", "257"])
def test_no_number_of_threads(address: str, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"tells no number of threads\n +write threads://4"):
        sdgen.write(SMALL, tmp_path / "out", formats=["parquet"], engine=f"threads://{address}")


def test_files_in_spans(tmp_path: Path) -> None:
    result = sdgen.write(SMALL, tmp_path / "out", formats=["parquet"], engine="threads://2")
    assert digests(result) == digests(sdgen.write(SMALL, tmp_path / "here", formats=["parquet"]))
    assert len(list((tmp_path / "out" / "patients").iterdir())) == 3
    assert parts(tmp_path / "out", "patients")["id"].to_pylist() == list(range(1, 140_001))


def _die(url: str) -> None:
    """Write some spans, then die."""
    from sdgen.execution import execute
    from sdgen.execution.spread import spans

    spans.SMALLEST = spans.LARGEST = 1
    execute.SMALL_TABLE = 70_000
    request = read_request({"scenario": SMALL, "target": url, "workers": 2})
    execute_run(
        resolve(request, access=SHELL), listen=at_rows("patients", lambda: os.kill(os.getpid(), signal.SIGKILL))
    )


if __name__ == "__main__":
    _die(*sys.argv[1:])
