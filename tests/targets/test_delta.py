"""Delta Lake tables, in a folder and on an S3-compatible server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

import sdgen
from sdgen.errors import TargetError
from sdgen.execution.destinations import open_target
from sdgen.scenario.request import PlanRequest
from sdgen.targets.base import Mode
from sdgen.verification.verify import verify
from tests.targets.made import batch, breaking, canonical, every_type, family, write
from tests.targets.test_remote import Bucket, bucket, s3_endpoint, scenario

deltalake = pytest.importorskip("deltalake")
pytest.importorskip("fsspec")
__all__ = ["bucket", "s3_endpoint"]  # fixtures


def listing(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def rows(folder: Path, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
    found = deltalake.DeltaTable(f"{folder}/{table}").to_pyarrow_dataset()
    with duckdb.connect() as connection:
        connection.register("found", found)
        return connection.execute(f"SELECT {columns} FROM found ORDER BY 1").fetchall()


def version(folder: Path, table: str) -> int:
    return int(deltalake.DeltaTable(f"{folder}/{table}").version())


def test_every_type_is_kept_or_told(tmp_path: Path) -> None:
    table, data = every_type(33)
    target = open_target(f"{tmp_path}/out/", ("delta",))
    assert target.check([table], Mode.CREATE_IF_MISSING) == []
    (told,) = target.remarks  # type: ignore[attr-defined]
    assert all(word in told for word in ("(uuid) as text", "(ubigint) as decimal(20,0)", "(time) as text"))
    write(open_target(f"{tmp_path}/out/", ("delta",)), {table: [batch(table, data)]})
    found = rows(tmp_path / "out", "every type")
    for row, wanted in zip(found, data, strict=True):
        for column, value in zip(table.columns, row, strict=True):
            kept = canonical(value, column.type)
            assert kept == canonical(wanted[column.name], column.type), column


def test_create_append_overwrite(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="is no Delta table, so nothing can be appended"):
        sdgen.write(scenario(), tmp_path / "out", formats=["delta"], mode="append_only")
    first = sdgen.write(scenario(), tmp_path / "out", formats=["delta"], partition_by=["flag"], part_rows=400)
    assert (version(tmp_path / "out", "calls"), version(tmp_path / "out", "ships")) == (0, 0)
    assert not verify(scenario(), f"{tmp_path}/out/").broken
    ships = deltalake.DeltaTable(f"{tmp_path}/out/ships")
    assert ships.metadata().partition_columns == ["flag"]
    told = json.loads(ships.history()[0]["sdgen"])
    assert told["digest"] == next(each.digest for each in first.entities if each.table == "ships")
    with pytest.raises(TargetError, match="exists"):
        sdgen.write(scenario(), tmp_path / "out", formats=["delta"])
    more = {"calls": 50, "ships": 5}
    sdgen.write(scenario(), tmp_path / "out", formats=["delta"], mode="append_only", seed=3, rows=more)
    assert version(tmp_path / "out", "calls") == 1
    assert [row[0] for row in rows(tmp_path / "out", "ships", "id")] == list(range(1, 46))
    assert not verify(scenario(), f"{tmp_path}/out/", PlanRequest(rows={"calls": 950, "ships": 45})).broken
    sdgen.write(scenario(), tmp_path / "out", formats=["delta"], mode="truncate_then_insert")
    assert len(rows(tmp_path / "out", "calls")) == 900
    older = deltalake.DeltaTable(f"{tmp_path}/out/calls", version=1).to_pyarrow_dataset()
    assert older.count_rows() == 950


@pytest.mark.parametrize("mode", [Mode.CREATE_IF_MISSING, Mode.TRUNCATE_THEN_INSERT, Mode.APPEND_ONLY])
def test_a_failure_leaves_the_tables_as_they_were(tmp_path: Path, mode: Mode) -> None:
    if mode is not Mode.CREATE_IF_MISSING:
        write(open_target(f"{tmp_path}/out/", ("delta",)), family())
    before = listing(tmp_path)
    target, data = open_target(f"{tmp_path}/out/", ("delta",)), family(start=5)
    assert target.check(list(data), mode) == []
    parents, children = data
    target.prepare(parents, mode)
    target.prepare(children, mode)
    target.write(parents, (target.encode(parents, each) for each in data[parents]))
    with pytest.raises(RuntimeError, match="broken half-way"):
        target.write(children, breaking(target.encode(children, each) for each in data[children]))
    target.abort()
    target.abort()
    assert listing(tmp_path) == before


@pytest.mark.parametrize("mode", [Mode.CREATE_IF_MISSING, Mode.TRUNCATE_THEN_INSERT, Mode.APPEND_ONLY])
def test_a_commit_that_fails_undoes_those_before_it(
    tmp_path: Path, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sdgen.files.delta import DeltaTables
    from sdgen.files.lake import LakeTable

    folder = tmp_path / "out"
    if mode is not Mode.CREATE_IF_MISSING:
        write(open_target(f"{folder}/", ("delta",)), family())
    before = {table.name: rows(folder, table.name) for table in family()} if folder.exists() else {}
    commit = DeltaTables._commit

    def failing(self: DeltaTables, lake: LakeTable, there: Any) -> None:
        if lake.table.name == "children":
            raise OSError("the connection is gone")
        commit(self, lake, there)

    monkeypatch.setattr(DeltaTables, "_commit", failing)
    with pytest.raises(TargetError, match="connection is gone"):
        write(open_target(f"{folder}/", ("delta",)), family(start=5), mode)
    if mode is Mode.CREATE_IF_MISSING:
        assert listing(tmp_path) == []
        return
    assert {table.name: rows(folder, table.name) for table in family()} == before
    assert version(folder, "parents") == 2  # the run's commit, and the one that restores what was before it


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    sdgen.write(scenario(), tmp_path / "out", formats=["delta"])
    with pytest.raises(TargetError, match="is partitioned by nothing, and the run by flag"):
        sdgen.write(scenario(), tmp_path / "out", formats=["delta"], mode="append_only", partition_by=["flag"])
    other = {"name": "x", "entities": {"ships": {"rows": 3, "columns": {"id": {"type": "uuid"}}}}}
    with pytest.raises(TargetError, match="has other columns: the run has no column flag, id is int64 and not string"):
        sdgen.write(other, tmp_path / "out", formats=["delta"], mode="truncate_then_insert")
    with pytest.raises(TargetError, match="Delta partitions by columns, and arrived:month is none"):
        sdgen.write(scenario(), tmp_path / "new", formats=["delta"], partition_by=["arrived:month"])
    with pytest.raises(TargetError, match="written alone, not with csv"):
        sdgen.write(scenario(), tmp_path / "new", formats=["delta", "csv"])
    assert not (tmp_path / "new").exists()


def test_on_an_object_store(bucket: Bucket) -> None:
    if bucket.url.startswith("memory"):
        pytest.skip("deltalake has no memory of fsspec's")
    sdgen.write(scenario(), bucket.url, formats=["delta"], partition_by=["flag"])
    sdgen.write(scenario(), bucket.url, formats=["delta"], mode="append_only", seed=3, rows={"calls": 50, "ships": 5})
    assert not verify(scenario(), bucket.url, PlanRequest(rows={"calls": 950, "ships": 45})).broken
    assert bucket.uploads() == []
    assert {"calls/_delta_log/00000000000000000001.json"} <= set(bucket.names())
