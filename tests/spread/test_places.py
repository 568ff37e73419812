"""Object stores, partitioned layouts, Delta and Iceberg tables, written by workers: equal rows, once each, all or nothing."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sdgen
from sdgen.databases import loading
from sdgen.errors import Cancelled
from sdgen.execution.access import SHELL
from sdgen.execution.digest import Result
from sdgen.execution.execute import execute_run
from sdgen.execution.request import read_request
from sdgen.execution.resolve import resolve
from sdgen.files.spread_files import SpreadFiles
from sdgen.files.spread_folder import SpreadFolder
from tests.spread.made import SCENARIO, at_rows, digests, dying
from tests.targets import servers

Local = tuple[Path, Result]
ONLY: dict[str, Any] = {"only": ["wards", "visits"]}


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    pytest.importorskip("moto")
    pytest.importorskip("s3fs")
    with servers.s3() as endpoint:
        yield endpoint


@dataclass(frozen=True)
class Lake:
    """A place of tables: where runs write, all of its files, and the rows that its own readers find."""

    target: str
    formats: list[str] | None
    files: Callable[[], list[str]]
    rows: Callable[[str], pa.Table]

    @property
    def options(self) -> dict[str, Any]:
        return {"formats": self.formats} if self.formats else {}


def under(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def delta(folder: Path) -> Lake:
    deltalake = pytest.importorskip("deltalake")
    return Lake(
        f"{folder}/out/",
        ["delta"],
        lambda: under(folder),
        lambda name: deltalake.DeltaTable(f"{folder}/out/{name}").to_pyarrow_table(),
    )


def iceberg(folder: Path) -> Lake:
    catalog = pytest.importorskip("pyiceberg.catalog")

    def rows(name: str) -> pa.Table:
        with catalog.load_catalog("default", type="sql", uri=f"sqlite:///{folder}/out/catalog.db") as opened:
            return opened.load_table(f"default.{name}").scan().to_arrow()

    return Lake(f"iceberg+sqlite:///{folder}/out/catalog.db", None, lambda: under(folder), rows)


def bucket(endpoint: str, formats: list[str]) -> Lake:
    import fsspec

    # Written out, as the workers do not have the environment of this process.
    options: dict[str, Any] = {"key": "me", "secret": "hidden-word", "endpoint_url": endpoint}
    name = f"bay-{time.monotonic_ns()}"
    filesystem = fsspec.filesystem("s3", **options)
    filesystem.mkdir(name)

    def files() -> list[str]:
        filesystem.invalidate_cache()
        return sorted(filesystem.find(f"{name}/data"))

    def rows(table: str) -> pa.Table:
        found = [each for each in files() if each.startswith(f"{name}/data/{table}/")]
        return pa.concat_tables(pq.read_table(pa.BufferReader(filesystem.cat_file(each))) for each in found)

    query = "&".join(f"{key}={value}" for key, value in options.items())
    return Lake(f"s3://{name}/data/?{query}", formats, files, rows)


def same_rows(found: pa.Table, local: Local, table: str) -> None:
    expected = pq.read_table(local[0] / f"{table}.parquet")
    assert found.select(expected.column_names).cast(expected.schema).sort_by("id").equals(expected)


def test_delta_tables_with_a_worker_that_is_killed(
    cluster: str, local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = delta(tmp_path)
    dying(SpreadFiles, monkeypatch, tmp_path / "died")
    result = sdgen.write(SCENARIO, lake.target, engine=cluster, **ONLY, **lake.options)
    assert (tmp_path / "died").exists()
    assert digests(result).items() <= digests(local[1]).items()
    same_rows(lake.rows("visits"), local, "visits")
    kept = [name for name in lake.files() if name.startswith("out/visits/") and name.endswith(".parquet")]
    assert len(kept) == 4  # what the killed worker had begun is gone
    assert [name for name in lake.files() if "_sdgen_" in name or "upload" in name] == []
    log = sorted((tmp_path / "out" / "visits" / "_delta_log").iterdir())
    assert len(log) == 1
    assert not sdgen.verify(SCENARIO, lake.target, **ONLY).broken


@pytest.fixture(params=["delta", "iceberg", "s3", "delta on s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    if request.param in ("delta", "iceberg"):
        return {"delta": delta, "iceberg": iceberg}[request.param](tmp_path)
    formats = ["delta"] if "delta" in request.param else ["parquet"]
    return bucket(request.getfixturevalue("s3_endpoint"), formats)


def test_a_killed_worker_changes_nothing_anywhere(
    lake: Lake, dask_cluster: str, local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying(SpreadFiles, monkeypatch, tmp_path / "died")
    result = sdgen.write(SCENARIO, lake.target, engine=dask_cluster, **ONLY, **lake.options)
    assert (tmp_path / "died").exists()
    assert digests(result).items() <= digests(local[1]).items()
    if lake.formats != ["delta"] or not lake.target.startswith("s3"):
        same_rows(lake.rows("visits"), local, "visits")
    assert not sdgen.verify(SCENARIO, lake.target, **ONLY).broken
    assert [name for name in lake.files() if "_sdgen_" in name or "running" in name] == []
    assert len([name for name in lake.files() if name.endswith(".parquet")]) == 5


@pytest.mark.parametrize("there", [False, True])
def test_cancelling_leaves_the_place_as_it_was(lake: Lake, there: bool, dask_cluster: str) -> None:
    if there:
        sdgen.write(SCENARIO, lake.target, rows={"patients": 50}, **ONLY, **lake.options)
    before, cancel = lake.files(), threading.Event()
    mode = {"mode": "append_only"} if there else {}
    document = {"scenario": SCENARIO, "target": lake.target, "engine": dask_cluster, "include": ONLY["only"], **mode}
    request = read_request({**document, **({"formats": ",".join(lake.formats)} if lake.formats else {})})
    with pytest.raises(Cancelled):
        execute_run(resolve(request, access=SHELL), listen=at_rows("visits", cancel.set), cancel=cancel)
    # Dask can't interrupt a task that runs: it removes what it wrote when it sees that the run is over.
    until, same = time.monotonic() + 20, 0
    while same < 5 and time.monotonic() < until:
        same = same + 1 if lake.files() == before else 0
        time.sleep(0.2)
    assert same == 5


def test_partitions_of_files(dask_cluster: str, local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dying(SpreadFolder, monkeypatch, tmp_path / "died")
    options: dict[str, Any] = {"formats": ["parquet"], "partition_by": ["kind"], "engine": dask_cluster, **ONLY}
    sdgen.write(SCENARIO, tmp_path / "out", **options)
    folders = sorted(path.name for path in (tmp_path / "out" / "visits").iterdir())
    assert folders == ["kind=__HIVE_DEFAULT_PARTITION__", "kind=again", "kind=new"]
    expected = pq.read_table(local[0] / "visits.parquet")
    for folder, value in zip(folders, (None, "again", "new"), strict=True):
        files = sorted((tmp_path / "out" / "visits" / folder).iterdir())
        found = pa.concat_tables(pq.read_table(path, partitioning=None) for path in files)
        ids = [
            key
            for key, kind in zip(*(expected[name].to_pylist() for name in ("id", "kind")), strict=True)
            if kind == value
        ]
        assert found["id"].to_pylist() == ids
        assert len(files) == 4
        assert "kind" not in found.column_names
    assert not sdgen.verify(SCENARIO, tmp_path / "out", **ONLY).broken
    told = json.loads((tmp_path / "out" / "_sdgen.json").read_text())
    assert told["partition_by"] == ["kind"]
    assert len(told["tables"]["visits"]["files"]) == 12


def test_partitions_of_a_lake_and_rows_that_are_added(dask_cluster: str, local: Local, tmp_path: Path) -> None:
    lake = iceberg(tmp_path)
    sdgen.write(SCENARIO, lake.target, engine=dask_cluster, partition_by=["kind"], **ONLY)
    rows = pq.read_table(local[0] / "visits.parquet").num_rows
    added = sdgen.write(SCENARIO, lake.target, engine=dask_cluster, mode="append_only", seed=5, only=["wards"])
    assert added.rows == 3
    assert sorted(lake.rows("wards")["id"].to_pylist()) == [1, 2, 3, 4, 5, 6]
    assert lake.rows("visits").num_rows == rows


def test_parts_of_so_many_rows(dask_cluster: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"formats": ["csv"], "part_rows": 30_000, "engine": dask_cluster, "only": ["patients"]}
    sdgen.write(SCENARIO, tmp_path / "out", **options)
    files = sorted((tmp_path / "out" / "patients").iterdir())
    rows = [len(path.read_bytes().splitlines()) - 1 for path in files]
    assert rows == [30_000, 30_000, 5_536] * 2 + [8_928]
    numbers = [int(line.split(b",")[0]) for path in files for line in path.read_bytes().splitlines()[1:]]
    assert numbers == list(range(1, 140_001))


def test_what_a_killed_driver_left_is_removed(tmp_path: Path) -> None:
    lake = delta(tmp_path)
    run = loading.new_staging_name(0)
    loading._made.discard(run)  # as if a process of this number had made it before
    marks = {"wards": "-00aa", "visits": "-00bb"}
    (tmp_path / "out" / run).mkdir(parents=True)
    (tmp_path / "out" / run / "running").write_text(json.dumps(marks))
    (tmp_path / "out" / "wards").mkdir()
    (tmp_path / "out" / "wards" / "part-000000000000000-00aa-1234.parquet").write_bytes(b"half a file")
    sdgen.write(SCENARIO, lake.target, only=["wards"], **lake.options)
    assert [name for name in lake.files() if "00aa" in name or "_sdgen_" in name] == []
    assert lake.rows("wards").num_rows == 3
