"""Folders of Parquet files, written by workers of real clusters: the rows, digests and order of a local run."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sdgen
from sdgen.errors import Cancelled, ScenarioError, TargetError
from sdgen.execution.access import SHELL
from sdgen.execution.digest import Result
from sdgen.execution.events import EntityFinished, EntityStarted, Event, Finishing, RowsWritten
from sdgen.execution.execute import execute_run
from sdgen.execution.request import read_request
from sdgen.execution.resolve import resolve
from sdgen.files.spread_folder import SpreadFolder
from sdgen.files.spread_parts import FilePartWriter, LocalPlace
from tests.spread.made import SCENARIO, at_rows, digests, dying, parts

Local = tuple[Path, Result]


def same_rows(folder: Path, local: Local) -> None:
    """The folder holds the rows of the local run, in its order, and tells the same digests."""
    there, result = local
    for each in result.entities:
        assert parts(folder, each.table).equals(pq.read_table(there / f"{each.table}.parquet"))
    told, expected = (json.loads((each / "_sdgen.json").read_text())["tables"] for each in (folder, there))
    assert {name: each["digest"] for name, each in told.items()} == {
        name: each["digest"] for name, each in expected.items()
    }


def test_the_rows_of_a_local_run(cluster: str, local: Local, tmp_path: Path) -> None:
    result = sdgen.write(SCENARIO, tmp_path / "out", formats=["parquet"], engine=cluster)
    assert digests(result) == digests(local[1])
    same_rows(tmp_path / "out", local)
    assert len(list((tmp_path / "out" / "patients").iterdir())) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    report = sdgen.verify(SCENARIO, tmp_path / "out")
    assert not report.broken
    assert {finding.entity for finding in report.findings} >= {"patients", "visits"}


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_a_worker_that_is_killed_changes_nothing(
    format: str, cluster: str, local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying(SpreadFolder, monkeypatch, tmp_path / "died")
    strays: list[Path] = []

    def listen(event: Event) -> None:
        if isinstance(event, Finishing):
            strays.extend(tmp_path.glob(".out.sdgen-*/.attempts/*"))

    request = read_request({"scenario": SCENARIO, "target": f"{tmp_path}/out/", "formats": format, "engine": cluster})
    _, result = execute_run(resolve(request, access=SHELL), listen=listen)
    assert digests(result) == digests(local[1])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["died", "out"]
    assert len(list((tmp_path / "out" / "visits").iterdir())) == 4
    if format == "parquet":
        same_rows(tmp_path / "out", local)
    else:
        assert strays  # what the killed worker had begun, and is not among the rows


def test_cancelling_leaves_the_place_as_it_was(cluster: str, tmp_path: Path) -> None:
    cancel = threading.Event()
    request = read_request(
        {"scenario": SCENARIO, "target": f"{tmp_path}/out/", "formats": "parquet", "engine": cluster}
    )
    with pytest.raises(Cancelled):
        execute_run(resolve(request, access=SHELL), listen=at_rows("patients", cancel.set), cancel=cancel)
    assert list(tmp_path.iterdir()) == []
    result = sdgen.write(SCENARIO, tmp_path / "out", formats=["parquet"], engine=cluster, only=["wards"])
    assert result.rows == 3  # the cluster is free again


def test_progress_comes_as_parts_are_done(dask_cluster: str, tmp_path: Path) -> None:
    events: list[Event] = []
    request = read_request(
        {"scenario": SCENARIO, "target": f"{tmp_path}/out/", "formats": "parquet", "engine": dask_cluster}
    )
    execute_run(resolve(request, access=SHELL), listen=events.append)
    rows = [each.rows for each in events if isinstance(each, RowsWritten) and each.entity == "patients"]
    assert len(rows) == 3
    assert rows == sorted(rows)
    assert rows[-1] == 140_000
    started = [each.entity for each in events if isinstance(each, EntityStarted)]
    finished = {each.entity: each.columns for each in events if isinstance(each, EntityFinished)}
    assert started == list(SCENARIO["entities"])
    assert set(finished) == set(started)
    assert set(finished["visits"]) == set(SCENARIO["entities"]["visits"]["columns"])


def test_a_shorter_run_leaves_no_parts_of_a_longer_one(dask_cluster: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"formats": ["parquet"], "engine": dask_cluster, "only": ["patients"]}
    sdgen.write(SCENARIO, tmp_path / "out", **options)
    with pytest.raises(TargetError, match=r"patients/part-0+\.parquet exists"):
        sdgen.write(SCENARIO, tmp_path / "out", **options)
    sdgen.write(SCENARIO, tmp_path / "out", mode="truncate_then_insert", rows={"patients": 70_000}, **options)
    assert parts(tmp_path / "out", "patients").num_rows == 70_000
    names = [path.name for path in sorted((tmp_path / "out" / "patients").iterdir())]
    assert names == ["part-000000000000000.parquet", "part-000000000065536.parquet"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["_sdgen.json", "patients"]


def test_one_file_and_parts_replace_each_other(dask_cluster: str, tmp_path: Path) -> None:
    replaced: dict[str, Any] = {"formats": ["parquet"], "only": ["wards"], "mode": "truncate_then_insert"}
    for engine, name in (("local", "wards.parquet"), (dask_cluster, "wards/part-000000000000000.parquet")) * 2:
        sdgen.write(SCENARIO, tmp_path / "out", engine=engine, **replaced)
        files = [path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.parquet")]
        assert files == [name]
        assert (tmp_path / "out" / "wards").is_dir() == (engine != "local")


@pytest.mark.parametrize("first", ["local", "dask"])
def test_rows_are_added_behind_others(first: str, dask_cluster: str, tmp_path: Path) -> None:
    engine = {"local": "local", "dask": dask_cluster}
    options: dict[str, Any] = {"formats": ["parquet"], "only": ["patients"], "rows": {"patients": 70_000}}
    sdgen.write(SCENARIO, tmp_path / "out", engine=engine[first], **options)
    sdgen.write(SCENARIO, tmp_path / "out", engine=dask_cluster, mode="append_only", seed=5, **options)
    listed = json.loads((tmp_path / "out" / "_sdgen.json").read_text())["tables"]["patients"]["files"]
    found = pa.concat_tables(pq.read_table(tmp_path / "out" / name) for name in listed)
    assert found["id"].to_pylist() == list(range(1, 140_001))
    assert len(listed) == len(list((tmp_path / "out").rglob("*.parquet")))


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_texts(format: str, dask_cluster: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"formats": [format], "only": ["patients"]}
    sdgen.write(SCENARIO, tmp_path / "one", **options)
    sdgen.write(SCENARIO, tmp_path / "out", engine=dask_cluster, **options)
    lines = (tmp_path / "one" / f"patients.{format}").read_bytes().splitlines()
    head = lines[:1] if format == "csv" else []
    texts = [path.read_bytes().splitlines() for path in sorted((tmp_path / "out" / "patients").iterdir())]
    assert all(text[: len(head)] == head for text in texts)
    assert [*head, *(line for text in texts for line in text[len(head) :])] == lines
    assert not sdgen.verify(SCENARIO, tmp_path / "out", only=["patients"]).broken


def test_a_check_that_a_late_row_breaks(cluster: str, tmp_path: Path) -> None:
    rows = {"type": "bigint", "generator": "sequence"}
    scenario = {
        "name": "late",
        "seed": 1,
        "entities": {"t": {"rows": 140_000, "check": "id <> 99999", "columns": {"id": rows}}},
    }
    with pytest.raises(ScenarioError, match="99999"):
        sdgen.write(scenario, tmp_path / "out", formats=["parquet"], engine=cluster)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_workers_do_not_see(dask_cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        SpreadFolder, "part_writer", lambda self: FilePartWriter(LocalPlace(f"{tmp_path}/elsewhere/.attempts"), {})
    )
    with pytest.raises(TargetError, match=r"a worker doesn't see .*elsewhere(.|\n)*every worker must see"):
        sdgen.write(SCENARIO, tmp_path / "out", formats=["parquet"], engine=dask_cluster)
