"""Iceberg tables of a catalogue in SQLite, whose files are in a folder or on an S3-compatible server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

import sdgen
from sdgen.errors import TargetError
from sdgen.execution.destinations import open_target
from sdgen.execution.target_spec import TargetSpec
from sdgen.execution.targets import resolve_target
from sdgen.scenario.request import PlanRequest
from sdgen.targets.base import Mode
from sdgen.verification.verify import verify
from tests.targets.made import batch, breaking, canonical, every_type, family, write
from tests.targets.test_remote import Bucket, bucket, s3_endpoint, scenario

pytest.importorskip("pyiceberg")
__all__ = ["bucket", "s3_endpoint"]  # fixtures


class Lake:
    """A catalogue in a folder, and how a test looks into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"iceberg+sqlite:///{folder}/catalog.db?schema=harbour&name=bay"

    def table(self, name: str) -> Any:
        from pyiceberg.catalog import load_catalog

        catalog = load_catalog("bay", type="sql", uri=f"sqlite:///{self.folder}/catalog.db", warehouse="unused")
        found = catalog.load_table(("harbour", name))
        catalog.close()
        return found

    def rows(self, name: str, columns: str = "*") -> list[tuple[Any, ...]]:
        with duckdb.connect() as connection:
            connection.register("found", self.table(name).scan().to_arrow())
            return connection.execute(f"SELECT {columns} FROM found ORDER BY 1").fetchall()

    def files(self) -> list[str]:
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*.parquet"))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_every_type_is_kept_or_told(lake: Lake) -> None:
    table, data = every_type(33)
    target = open_target(lake.url)
    assert target.check([table], Mode.CREATE_IF_MISSING) == []
    (told,) = target.remarks  # type: ignore[attr-defined]
    assert all(word in told for word in ("(tinyint) as int", "(ubigint) as decimal(20,0)", "(json) as text"))
    assert "(uuid)" not in told
    write(open_target(lake.url), {table: [batch(table, data)]})
    found = lake.rows("every type")
    for row, wanted in zip(found, data, strict=True):
        for column, value in zip(table.columns, row, strict=True):
            assert canonical(value, column.type) == canonical(wanted[column.name], column.type), column


def test_create_append_overwrite(lake: Lake) -> None:
    with pytest.raises(TargetError, match=r"harbour\.ships does not exist, so nothing can be appended"):
        sdgen.write(scenario(), lake.url, mode="append_only")
    assert not lake.folder.exists()
    first = sdgen.write(scenario(), lake.url, partition_by=["flag", "arrived:month"], part_rows=400)
    assert not verify(scenario(), lake.url).broken
    calls = lake.table("calls")
    assert [str(each.transform) for each in calls.spec().fields] == ["month"]
    assert len(calls.snapshots()) == 1
    digest = next(each.digest for each in first.entities if each.table == "calls")
    assert calls.current_snapshot().summary["sdgen.digest"] == digest
    with pytest.raises(TargetError, match="exists"):
        sdgen.write(scenario(), lake.url)
    sdgen.write(scenario(), lake.url, mode="append_only", seed=3, rows={"calls": 50, "ships": 5})
    assert [row[0] for row in lake.rows("ships", "id")] == list(range(1, 46))
    assert not verify(scenario(), lake.url, PlanRequest(rows={"calls": 950, "ships": 45})).broken
    before = lake.table("calls").current_snapshot().snapshot_id
    sdgen.write(scenario(), lake.url, mode="truncate_then_insert")
    assert len(lake.rows("calls")) == 900
    assert not verify(scenario(), lake.url).broken
    assert len(lake.table("calls").scan(snapshot_id=before).to_arrow()) == 950


@pytest.mark.parametrize("mode", [Mode.CREATE_IF_MISSING, Mode.TRUNCATE_THEN_INSERT, Mode.APPEND_ONLY])
def test_a_failure_leaves_the_tables_as_they_were(lake: Lake, mode: Mode) -> None:
    if mode is not Mode.CREATE_IF_MISSING:
        write(open_target(lake.url), family())
    before = lake.files()
    target, data = open_target(lake.url), family(start=5)
    assert target.check(list(data), mode) == []
    parents, children = data
    target.prepare(parents, mode)
    target.prepare(children, mode)
    target.write(parents, (target.encode(parents, each) for each in data[parents]))
    with pytest.raises(RuntimeError, match="broken half-way"):
        target.write(children, breaking(target.encode(children, each) for each in data[children]))
    target.abort()
    target.abort()
    assert lake.files() == before
    assert lake.folder.exists() == (mode is not Mode.CREATE_IF_MISSING)


@pytest.mark.parametrize("mode", [Mode.CREATE_IF_MISSING, Mode.TRUNCATE_THEN_INSERT, Mode.APPEND_ONLY])
def test_a_commit_that_fails_undoes_those_before_it(lake: Lake, mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    from sdgen.files.iceberg import IcebergTables
    from sdgen.files.lake import LakeTable

    if mode is not Mode.CREATE_IF_MISSING:
        write(open_target(lake.url), family())
    before = {table.name: lake.rows(table.name) for table in family()} if lake.folder.exists() else {}
    commit = IcebergTables._commit

    def failing(self: IcebergTables, table: LakeTable, transaction: Any) -> None:
        if table.table.name == "children":
            raise OSError("the connection is gone")
        commit(self, table, transaction)

    monkeypatch.setattr(IcebergTables, "_commit", failing)
    with pytest.raises(TargetError, match="connection is gone"):
        write(open_target(lake.url), family(start=5), mode)
    if mode is Mode.CREATE_IF_MISSING:
        assert lake.files() == []
        assert not (lake.folder / "catalog.db").exists()
        return
    assert {table.name: lake.rows(table.name) for table in family()} == before


def test_what_does_not_fit_is_told(lake: Lake) -> None:
    sdgen.write(scenario(), lake.url)
    with pytest.raises(TargetError, match="is partitioned by nothing, and the run by flag"):
        sdgen.write(scenario(), lake.url, mode="append_only", partition_by=["flag"])
    other = {"name": "x", "entities": {"ships": {"rows": 3, "columns": {"id": {"type": "uuid"}}}}}
    with pytest.raises(TargetError, match="has other columns: the run has no column flag, id is long and not uuid"):
        sdgen.write(other, lake.url, mode="truncate_then_insert")
    with pytest.raises(TargetError, match="names no warehouse"):
        open_target("iceberg+postgresql://me:hidden-word@host/db")
    with pytest.raises(TargetError, match="has no file format"):
        sdgen.write(scenario(), lake.url, formats=["parquet"])


def test_passwords_of_catalogues_are_hidden() -> None:
    url = "iceberg+postgresql://me:hidden-word@127.0.0.1:1/db?warehouse=/tmp/x&s3.secret-access-key=other-word"
    target = resolve_target(TargetSpec(dsn=url))
    assert target.kind == "iceberg"
    assert "word" not in target.shown
    with pytest.raises(TargetError) as refused:
        sdgen.write(scenario(), url)
    assert "-word" not in str(refused.value)


def test_files_on_an_object_store(lake: Lake, bucket: Bucket) -> None:
    if bucket.url.startswith("memory"):
        pytest.skip("pyiceberg has no memory of fsspec's")
    endpoint = bucket.filesystem.endpoint_url
    storage = {"s3.endpoint": endpoint, "s3.access-key-id": "me", "s3.secret-access-key": "x", "s3.region": "us-east-1"}
    target = {"dsn": f"{lake.url}&warehouse={bucket.url}", "options": {"storage": storage}}
    sdgen.write(scenario(), target)
    sdgen.write(scenario(), target, mode="append_only", seed=3, rows={"calls": 50, "ships": 5})
    assert any(name.startswith("harbour/calls/data/part-00000") for name in bucket.names())
    query = "&".join(f"{name}={value}" for name, value in storage.items())
    url = f"{lake.url}&warehouse={bucket.url}&{query}"
    assert not verify(scenario(), url, PlanRequest(rows={"calls": 950, "ships": 45})).broken
