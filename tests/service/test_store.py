"""The store: made once by however many, brought up to date, safe for many writers; on SQLite and PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from sdgen.errors import StoreError
from sdgen.service import tables
from sdgen.service.processes import this_process
from sdgen.service.records import Status
from sdgen.service.run_repository import RunRepository
from sdgen.service.service import Service
from sdgen.service.store import Store
from tests.service.made import asked, succeeded

OPEN = "import sys; from sdgen.service.store import Store; Store(sys.argv[1]).close()"


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "runs.sqlite") if request.param == "sqlite" else request.getfixturevalue("postgres_url")


def test_processes_make_it_together(place: str) -> None:
    started = [subprocess.Popen([sys.executable, "-c", OPEN, place], stderr=subprocess.PIPE) for _ in range(4)]
    for process in started:
        assert process.wait() == 0, process.stderr.read().decode() if process.stderr else ""
    store = Store(place)
    with store.reading() as connection:
        assert tables.version_of(connection) == tables.newest()
        assert set(sa.inspect(connection).get_table_names()) == set(tables.METADATA.tables)
    store.close()


def test_an_older_store_is_brought_up_to_date(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(place).close()
    newer = tables.newest() + 1
    steps = {newer: lambda connection: connection.execute(sa.text("CREATE TABLE extra (id INTEGER)"))}
    monkeypatch.setattr(tables, "STEPS", steps)
    for _ in range(2):
        store = Store(place)
        with store.reading() as connection:
            assert sa.inspect(connection).has_table("extra")
            assert tables.version_of(connection) == newer
        store.close()


def test_the_first_version_becomes_the_newest(place: str) -> None:
    store = Store(place)
    with store.writing() as connection:
        connection.execute(sa.text("ALTER TABLE run_entities DROP COLUMN column_digests"))
        connection.execute(sa.update(tables.store_version).values(number=tables.FIRST))
    store.close()
    store = Store(place)
    with store.reading() as connection:
        assert tables.version_of(connection) == tables.newest()
        for table in tables.METADATA.tables.values():
            there = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
            assert there == set(table.columns.keys())
    store.close()


def test_a_step_that_fails_changes_nothing(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(place).close()

    def broken(connection: sa.Connection) -> None:
        connection.execute(sa.text("CREATE TABLE extra (id INTEGER)"))
        connection.execute(sa.text("SELECT nonsense"))

    with monkeypatch.context() as patched:
        patched.setattr(tables, "STEPS", {tables.newest() + 1: broken})
        with pytest.raises(StoreError):
            Store(place)
    store = Store(place)
    with store.reading() as connection:
        assert not sa.inspect(connection).has_table("extra")
    store.close()


def test_a_newer_store_is_refused(place: str) -> None:
    store = Store(place)
    with store.writing() as connection:
        connection.execute(sa.update(tables.store_version).values(number=99))
    store.close()
    with pytest.raises(StoreError, match="version 99"):
        Store(place)


def test_a_file_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("not a database, but long enough to be taken for one" * 20)
    with pytest.raises(StoreError, match="not a database"):
        Store(tmp_path / "x")


@pytest.mark.parametrize("url", ["nonsense://x", "postgresql://me:hunter2secret@127.0.0.1:1/x"])
def test_stores_that_are_not_there(url: str) -> None:
    with pytest.raises(StoreError) as error:
        Store(url)
    assert "hunter2secret" not in str(error.value)


def test_many_writers_lose_nothing(place: str, folder: Path) -> None:
    service = Service.open(place)
    resolved = service.resolve(asked("out/"))
    with ThreadPoolExecutor(25) as pool:
        ids = list(pool.map(lambda _: service._add(resolved, None, ""), range(50)))
        for number in range(4):
            list(pool.map(service.repository.log, ids, ["info"] * 50, [f"line {number}"] * 50))
        list(pool.map(lambda _: service.repository.log(ids[0], "info", "more"), range(25)))
    assert len(set(ids)) == 50
    assert service.repository.waiting() == sorted(ids, key=lambda each: service.repository.run(each).created_at)
    assert [line.number for line in service.logs(ids[0])] == list(range(1, 30))
    service.close()


def test_one_of_many_claims_a_run(place: str, folder: Path) -> None:
    service = Service.open(place)
    ids = [service.submit(asked(f"out{number}/")).id for number in range(3)]  # one run at a time for each place
    owners = [this_process() for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        claims = list(pool.map(lambda owner: service.repository.claim(ids[0], owner, 2), owners))
        assert claims.count(Status.RUNNING) == 1
        others = list(
            pool.map(lambda each: service.repository.claim(each[1], each[0], 2), zip(owners, ids[1:] * 5, strict=True))
        )
    assert others.count(Status.RUNNING) == 1
    assert service.repository.running() == 2
    assert None in others
    service.close()


def test_runs_are_kept_in_any_store(place: str, folder: Path) -> None:
    service = Service.open(place)
    done = succeeded(service.perform(asked("out/", seed=2**64 - 1)))
    again = Service.open(place)
    found = again.run(done.id)
    assert (found.seed, found.rows_written, found.rows_asked) == (2**64 - 1, 300, 300)
    assert [each.entity for each in found.entities] == ["parents", "children"]
    assert all(len(each.digest) == 32 for each in found.entities)
    assert again.runs(status=[Status.SUCCESS], scenario="tiny")[1] == 1
    assert again.runs(status=[Status.FAILED])[0] == []
    for each in (service, again):
        each.close()


def test_a_journal_of_a_run_that_is_not_there(service: Service) -> None:
    from sdgen.errors import NotFound

    repository = RunRepository(service.store)
    for ask in (repository.run, repository.job, repository.revision, repository.logs, repository.cancel):
        with pytest.raises(NotFound):
            ask("nonesuch")
