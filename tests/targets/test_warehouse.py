"""Load files for warehouses, and the scripts that load them. No warehouse is asked: the scripts are parsed."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
import sqlglot
from sqlglot import exp

import sdgen
from sdgen.errors import TargetError
from sdgen.execution.destinations import open_target
from sdgen.targets.base import Mode
from sdgen.verification.verify import verify
from tests.targets.made import batch, every_type, family, write
from tests.targets.test_layouts import scenario

WAREHOUSES = ["snowflake", "bigquery", "redshift"]


def statements(folder: Path, name: str) -> list[exp.Expr]:
    text = (folder / f"load.{name}.sql").read_text()
    return [each for each in sqlglot.parse(text, dialect=name) if each is not None]


@pytest.mark.parametrize("name", WAREHOUSES)
def test_tables_are_made_and_all_their_files_loaded(tmp_path: Path, name: str) -> None:
    sdgen.write(scenario(), tmp_path, formats=[name], part_rows=1000)
    assert not verify(scenario(), f"{tmp_path}/").broken
    created = [each for each in statements(tmp_path, name) if isinstance(each, exp.Create)]
    assert [each.this.this.name for each in created] == ["senders", "parcels"]
    for each in created:
        files = sorted((tmp_path / each.this.this.name).glob("*.parquet"))
        columns = [column.name for column in each.find_all(exp.ColumnDef)]
        assert columns == pq.read_schema(files[0]).names
    loads = (tmp_path / f"load.{name}.sql").read_text()
    assert all(loads.count(f"parcels/part-0000{number}.parquet") == 1 for number in range(3))


@pytest.mark.parametrize("name", WAREHOUSES)
def test_types_that_are_not_loaded_are_text(tmp_path: Path, name: str) -> None:
    table, data = every_type(9)
    write(open_target(f"{tmp_path}/", (name,)), {table: [batch(table, data)]})
    found = duckdb.sql(f"SELECT * FROM '{tmp_path}/every type.parquet'")
    kinds = {column.type.kind: str(found.types[place]) for place, column in enumerate(table.columns)}
    assert all(kinds[kind] == "VARCHAR" for kind in ("uuid", "json", "time", "array", "map", "struct"))
    assert kinds["ubigint"] == "DECIMAL(20,0)"
    (made,) = [each for each in statements(tmp_path, name) if isinstance(each, exp.Create)]
    assert len(list(made.find_all(exp.ColumnDef))) == len(table.columns)


@pytest.mark.parametrize("name", WAREHOUSES)
def test_modes(tmp_path: Path, name: str) -> None:
    write(open_target(f"{tmp_path}/", (name,)), family())
    assert "TRUNCATE" not in (tmp_path / f"load.{name}.sql").read_text()
    write(open_target(f"{tmp_path}/", (name,)), family(), Mode.TRUNCATE_THEN_INSERT)
    assert (tmp_path / f"load.{name}.sql").read_text().count("TRUNCATE TABLE") == 2
    write(open_target(f"{tmp_path}/", (name,)), family(start=5), Mode.APPEND_ONLY)
    script = (tmp_path / f"load.{name}.sql").read_text()
    assert "CREATE TABLE" not in script
    assert "children.part-00001.parquet" in script
    assert "children.parquet" not in script


def test_appended_rows_have_further_keys(tmp_path: Path) -> None:
    for seed, mode in ((1, None), (2, "append_only")):
        sdgen.write(scenario(), tmp_path, formats=["snowflake"], mode=mode, seed=seed)
    found = duckdb.sql(f"SELECT count(*), count(DISTINCT id) FROM '{tmp_path}/parcels*.parquet'").fetchall()
    assert found == [(6000, 6000)]


def test_what_can_not_be_loaded_is_told(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="load files hold all columns"):
        sdgen.write(scenario(), tmp_path / "x", formats=["redshift"], partition_by=["month"])
    with pytest.raises(TargetError, match="the files for snowflake are written alone"):
        sdgen.write(scenario(), tmp_path / "x", formats=["csv", "snowflake"])
    assert not (tmp_path / "x").exists()


def test_the_script_names_the_bucket_that_the_files_are_in() -> None:
    fsspec = pytest.importorskip("fsspec")
    from sdgen.files.remote import Store
    from sdgen.files.remote_folder import RemoteFiles
    from sdgen.files.warehouse import LoadFiles

    fsspec.filesystem("memory").store.clear()
    store = Store("memory://bay/wh/")
    target = LoadFiles(RemoteFiles(store, ("parquet",)), "redshift")
    write(target, family())
    assert "'s3://BUCKET/PATH/parents.parquet'" in store.read("load.redshift.sql").decode()
    store.scheme = "s3"
    assert target._place() == "memory://bay/wh"
