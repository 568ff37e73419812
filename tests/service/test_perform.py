"""One run: remembered as it went, failed in words, cancelled soon, planned beforehand, reproduced afterwards."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import sdgen
from sdgen.cli import run_tables
from sdgen.errors import Cancelled, SdgenError
from sdgen.execution import job
from sdgen.execution.events import Event, Finishing, RowsWritten
from sdgen.generators.keys import Sequence
from sdgen.generators.numbers.uniform import UniformInt
from sdgen.service.reproduce import compare_runs
from sdgen.service.service import Service
from tests.service.made import asked, over, succeeded, tiny


def test_a_run_is_remembered(service: Service) -> None:
    run = succeeded(service.perform(asked("x.sqlite", rows={"parents": 7}, include="parents", seed=3)))
    assert (run.rows_asked, run.rows_written, run.seed, run.mode) == (7, 7, 3, "create_if_missing")
    assert (run.scenario_name, run.scenario_version, run.scenario_source) == ("tiny", "1.0.0", "inline")
    assert run.request["rows"] == {"parents": 7}
    assert run.versions["sequence"] == Sequence.version
    assert run.versions["streams"]
    assert run.started_at is not None
    assert run.finished_at is not None
    assert run.started_at <= run.finished_at
    assert run == service.run("latest")
    texts = [line.text for line in service.logs(run.id)]
    assert "seed 3" in texts[0]
    assert texts[-1].startswith("success: 7 rows")
    assert service.logs(run.id, after=1, limit=1)[0].number == 2
    assert "sequence" in service.scenario_text(run.id)


def test_a_failure_is_told_in_the_run(service: Service, folder: Path) -> None:
    succeeded(service.perform(asked("out/")))
    run = service.perform(asked("out/"))
    assert run.status == "failed"
    assert run.rows_written == 0
    assert run.problems[0].what.endswith("exists")
    assert "--mode truncate_then_insert" in run.error
    assert service.logs(run.id)[-1].text == "failed; the target is as it was"


def test_an_error_that_nobody_foresaw(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr(Sequence, "values", broken)
    run = service.perform(asked("out/"))
    assert run.status == "failed"
    assert run.error.startswith("ZeroDivisionError: nobody")
    assert any(line.level == "debug" and "Traceback" in line.text for line in service.logs(run.id))


@pytest.mark.parametrize("place", ["out/", "x.sqlite", "x.duckdb"])
def test_cancelled_within_two_batches(service: Service, folder: Path, place: str) -> None:
    after: list[int] = []

    def listen(event: Event) -> None:
        if after:
            after.append(1)
        elif isinstance(event, RowsWritten):
            other = Service.open()
            other.cancel("latest")
            other.close()
            after.append(0)

    run = service.perform(asked(place, rows={"parents": 5_000_000}, include="parents"), listen=listen)
    assert run.status == "cancelled"
    assert len(after) - 1 <= 2
    assert run.cancel_requested
    assert run.rows_written == 0
    assert not [path for path in folder.iterdir() if path.name.startswith((place.strip("/"), f".{place.strip('/')}"))]


def test_an_event_cancels_too(service: Service) -> None:
    stop = threading.Event()
    stop.set()
    assert service.perform(asked("out/"), cancel=stop).status == "cancelled"


def test_the_plan_of_a_run(service: Service, folder: Path) -> None:
    found = service.plan(asked("x.sqlite"))
    assert [(each.entity, each.rows, each.existing) for each in found.entities] == [
        ("parents", 100, 0),
        ("children", 200, 0),
    ]
    assert found.rows == 300
    assert found.bytes > 300 * 8
    assert found.seconds > 0
    assert not (folder / "x.sqlite").exists()
    succeeded(service.perform(asked("x.sqlite")))
    emptied = service.plan(asked("x.sqlite", mode="truncate_then_insert"))
    assert [each.existing for each in emptied.entities] == [100, 200]
    assert any("emptied of 200 rows" in each for each in emptied.warnings)
    assert (
        service.plan(
            asked(
                "x.sqlite",
            ),
            ask_target=False,
        )
        .entities[0]
        .existing
        is None
    )


@pytest.mark.parametrize("formats", [["csv"], ["parquet", "jsonl"]])
def test_the_bytes_of_files_are_about_right(service: Service, folder: Path, formats: list[str]) -> None:
    request = asked("out/", rows={"parents": 20_000}, formats=formats)
    found = service.plan(request)
    assert not (folder / "out").exists()
    succeeded(service.perform(request))
    size = sum(path.stat().st_size for path in (folder / "out").iterdir())
    assert 0.5 * size < found.bytes < 2 * size


def test_a_plan_tells_what_the_target_says(service: Service, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "x.sqlite")) as connection:
        connection.execute("CREATE TABLE parents (other INTEGER)")
    found = service.plan(asked("x.sqlite"))
    assert any("no column 'id'" in problem.what for problem in found.problems)
    assert any("refused" in each.what for each in service.plan(asked("postgresql://u@127.0.0.1:1/x")).problems)


def test_rows_of_a_server(service: Service, postgres_url: str) -> None:
    succeeded(service.perform(asked(postgres_url)))
    found = service.plan(asked(postgres_url, mode="truncate_then_insert"))
    assert [each.existing for each in found.entities] == [100, 200]
    again = succeeded(service.perform_again("latest"))
    assert service.comparison(again.id).same


def test_a_run_is_reproduced_after_its_file_has_changed(service: Service, folder: Path) -> None:
    file = folder / "scenarios" / "t.json"
    scenario = tiny()
    del scenario["seed"], scenario["as_of"]
    file.write_text(json.dumps(scenario))
    request = asked("x.sqlite", scenario=None, scenario_id="t", rows={"parents": 30}, exclude="children")
    run = succeeded(service.perform(request))
    file.unlink()
    (folder / "x.sqlite").unlink()
    again = succeeded(service.perform_again(run.id))
    found = service.comparison(again.id)
    assert found.same
    assert [each.rows_now for each in found.entities] == [30]
    assert (again.reproduces, again.destination, again.target_kind) == (run.id, "a temporary place", "sqlite")
    assert (again.seed, again.as_of) == (run.seed, run.as_of)
    elsewhere = succeeded(service.perform_again(run.id, target="out/"))
    assert service.comparison(elsewhere.id).same
    assert (folder / "out" / "parents.csv").exists()


def test_runs_that_append(service: Service, folder: Path) -> None:
    succeeded(service.perform(asked("x.sqlite")))
    run = succeeded(service.perform(asked("x.sqlite", mode="append_only", rows={"parents": 150})))
    with closing(sqlite3.connect(folder / "x.sqlite")) as connection:
        count, distinct = connection.execute("SELECT count(*), count(DISTINCT id) FROM parents").fetchone()
    assert count == distinct > 100
    again = succeeded(service.perform_again(run.id))
    assert service.comparison(again.id).same


def test_a_difference_is_found(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    run = succeeded(service.perform(asked("out/")))
    monkeypatch.setattr(Sequence, "version", 2)
    values = Sequence.values
    monkeypatch.setattr(
        Sequence, "values", lambda self, cells: values(self, cells).take(list(range(len(cells.rows.numbers)))[::-1])
    )
    again = succeeded(service.perform_again(run.id))
    found = service.comparison(again.id)
    assert not found.same
    assert ("sequence", "1", "2") in found.versions
    assert any("other versions" in line.text for line in service.logs(again.id)) or again.versions != run.versions


def test_what_changed_is_told_before_a_run_is_done_again(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    run = succeeded(service.perform(asked("out/")))
    assert run.versions["duckdb"] == version("duckdb")
    assert set(job.LIBRARIES) <= run.versions.keys()
    assert service.again(run.id).job.changes == ()
    monkeypatch.setattr(UniformInt, "version", 7)
    changed = {**job.library_versions(), "duckdb": "9.9"}
    monkeypatch.setattr(job, "library_versions", lambda: changed)
    told = [f"duckdb was version {version('duckdb')}, and is 9.9 now", "uniform_int was version 1, and is 7 now"]
    assert sorted(service.submit_again(run.id).warnings) == told  # what the API answers
    again = succeeded(service.perform_again(run.id))
    assert [line.text for line in service.logs(again.id)][1:3] == list(again.warnings)
    assert sorted(again.warnings) == told
    assert service.comparison(again.id).same


def test_columns_that_differ_are_named(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    run = succeeded(service.perform(asked("out/", rows={"parents": 70_000})))
    assert {each.entity: list(each.columns) for each in run.entities} == {
        "parents": ["id", "value"],
        "children": ["id", "parent_id"],
    }
    values = UniformInt.values
    monkeypatch.setattr(UniformInt, "values", lambda self, cells: pc.add(values(self, cells), 1))
    early = service.comparison(succeeded(service.perform_again(run.id)).id)
    assert [(each.entity, each.same, each.columns) for each in early.entities] == [
        ("parents", False, ("value",)),
        ("children", True, ()),
    ]
    assert "parents: columns that differ: value" in run_tables.comparison_text(early)
    monkeypatch.setattr(
        UniformInt, "values", lambda self, cells: pc.add(values(self, cells), pa.array((cells.numbers >= 65_536) * 1))
    )
    late = service.comparison(succeeded(service.perform_again(run.id)).id)
    assert [(each.same, each.columns) for each in late.entities] == [(False, ()), (True, ())]
    assert "parents: the first 65,536 rows of every column are the same" in run_tables.comparison_text(late)
    unknown = run.model_copy(
        update={"entities": tuple(each.model_copy(update={"columns": {}}) for each in run.entities)}
    )
    assert "not known" in run_tables.comparison_text(compare_runs(unknown, service.run(late.again_id)))


def test_runs_from_python(folder: Path) -> None:
    done = sdgen.run(tiny(), "out/", rows=5)
    assert done.rows_written == 10
    assert sdgen.run(sdgen.read(tiny()), {"dsn": "x.sqlite"}, exclude=["children"]).rows_written == 100
    assert sdgen.run("shop", "shop/", rows=3, include="customers").scenario_id == "shop"
    with pytest.raises(SdgenError, match="exists"):
        sdgen.run(tiny(), "out/")
    with pytest.raises(SdgenError, match="nonesuch"):
        sdgen.run(tiny(), "out2/", nonesuch=1)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        sdgen.run(tiny(), "out3/", cancel=stop)


def test_a_listener_hears_everything(service: Service) -> None:
    heard: list[Any] = []
    succeeded(over(service, service.perform(asked("out/"), listen=heard.append).id))
    assert [type(each).__name__ for each in heard].count("EntityFinished") == 2


def test_a_run_cancelled_just_before_its_commit_changes_nothing(service: Service, folder: Path) -> None:
    stop = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, Finishing):
            stop.set()

    run = service.perform(asked("x.sqlite"), listen=listen, cancel=stop)
    assert (run.status, run.rows_written) == ("cancelled", 0)
    assert not list(folder.glob("*x.sqlite*"))
