"""Databases that several connections of this process fill at the same time: the rows of one, all or nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest

import sdgen
from sdgen.databases.postgres.spread import PostgresPartWriter
from sdgen.errors import Cancelled, ScenarioError, TargetError
from sdgen.execution.access import SHELL
from sdgen.execution.digest import Result
from sdgen.execution.execute import execute_run
from sdgen.execution.request import read_request
from sdgen.execution.resolve import resolve
from tests.spread.made import SCENARIO, at_rows, digests, parts, query, sums, tables

Local = tuple[Path, Result]
_ROOT = Path(__file__).parents[2]


@pytest.fixture
def writers(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The threads that have written spans to PostgreSQL."""
    names: set[str] = set()
    write = PostgresPartWriter.write

    def noted(self: PostgresPartWriter, *given: Any) -> Any:
        names.add(threading.current_thread().name)
        return write(self, *given)

    monkeypatch.setattr(PostgresPartWriter, "write", noted)
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
    sdgen.write(SCENARIO, postgres_url, only=["wards", "patients"], workers=workers)
    assert not writers


def test_tables_that_are_there_have_one_connection(postgres_url: str, writers: set[str]) -> None:
    sdgen.write(SCENARIO, postgres_url, only=["wards", "patients"], rows={"patients": 9})
    only = {"only": ["wards", "patients"], "rows": {"patients": 80_000}}
    sdgen.write(SCENARIO, postgres_url, mode="truncate_then_insert", workers=3, **only)
    assert query(postgres_url, "SELECT count(*) FROM patients") == [(80_000,)]
    assert not writers


def test_a_user_who_may_make_no_schema_has_one_connection(postgres_url: str, writers: set[str]) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute(b"DROP ROLE IF EXISTS sdgen_narrow")
        connection.execute(b"CREATE ROLE sdgen_narrow LOGIN")
        connection.execute(b"CREATE SCHEMA own AUTHORIZATION sdgen_narrow")
    parts = psycopg.conninfo.conninfo_to_dict(postgres_url)
    url = f"postgresql://sdgen_narrow@/{parts['dbname']}?host={parts['host']}&port={parts.get('port', 5432)}&schema=own"
    sdgen.write(SCENARIO, url, only=["wards", "patients"], workers=3)
    assert query(postgres_url, "SELECT count(*) FROM own.patients") == [(140_000,)]
    assert not writers
    with psycopg.connect(postgres_url) as connection:
        connection.execute(b"DROP OWNED BY sdgen_narrow")
        connection.execute(b"DROP ROLE sdgen_narrow")


def test_cancelling_leaves_the_place_as_it_was(postgres_url: str) -> None:
    cancel = threading.Event()
    request = read_request({"scenario": SCENARIO, "target": postgres_url, "workers": 3})
    with pytest.raises(Cancelled):
        execute_run(resolve(request, access=SHELL), listen=at_rows("patients", cancel.set), cancel=cancel)
    assert tables(postgres_url) == []


def test_a_check_that_a_late_row_breaks(postgres_url: str) -> None:
    rows = {"type": "bigint", "generator": "sequence"}
    scenario = {
        "name": "late",
        "seed": 1,
        "entities": {"t": {"rows": 140_000, "check": "id <> 99999", "columns": {"id": rows}}},
    }
    with pytest.raises(ScenarioError, match="99999"):
        sdgen.write(scenario, postgres_url, workers=2)
    assert tables(postgres_url) == []


def test_what_a_killed_run_leaves_is_no_table_and_the_next_run_removes_it(postgres_url: str) -> None:
    command = [sys.executable, "-m", "tests.spread.test_threads", postgres_url]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = tables(postgres_url)
    assert left
    assert all(name.startswith("_sdgen_") for (name,) in left)
    sdgen.write(SCENARIO, postgres_url, only=["wards", "patients"], workers=2)
    assert tables(postgres_url) == [("public.patients",), ("public.wards",)]


@pytest.mark.parametrize("address", ["0", "many", "257"])
def test_no_number_of_threads(address: str, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"tells no number of threads\n +write threads://4"):
        sdgen.write(SCENARIO, tmp_path / "out", formats=["parquet"], engine=f"threads://{address}")


def test_files_in_spans(local: Local, tmp_path: Path) -> None:
    result = sdgen.write(SCENARIO, tmp_path / "out", formats=["parquet"], engine="threads://2", only=["patients"])
    assert digests(result).items() <= digests(local[1]).items()
    assert len(list((tmp_path / "out" / "patients").iterdir())) == 3
    assert parts(tmp_path / "out", "patients")["id"].to_pylist() == list(range(1, 140_001))


def _die(url: str) -> None:
    """Write some spans, then die."""
    from sdgen.execution import execute
    from sdgen.execution.spread import spans

    spans.SMALLEST = spans.LARGEST = 1
    execute.SMALL_TABLE = 70_000
    request = read_request({"scenario": SCENARIO, "target": url, "workers": 2, "include": ["wards", "patients"]})
    execute_run(
        resolve(request, access=SHELL), listen=at_rows("patients", lambda: os.kill(os.getpid(), signal.SIGKILL))
    )


if __name__ == "__main__":
    _die(*sys.argv[1:])
