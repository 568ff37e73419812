"""Files in parts and in partitions: which rows are where, appending to them, and reading them back."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner

import sdgen
from sdgen.cli.app import app
from sdgen.errors import TargetError
from sdgen.scenario.request import PlanRequest
from sdgen.verification.verify import verify

TEXT = """
name: parcels
seed: 4
as_of: "2026-06-01T00:00:00Z"
entities:
  senders:
    rows: 60
    columns:
      id: {generator: sequence, primary_key: true}
      land:
        generator: choice
        params: {values: [DE, "A/B c=%", "..", "ü"]}
        nullable: true
        null_rate: 0.2
  parcels:
    rows: 3000
    columns:
      id: {generator: sequence, primary_key: true}
      sender_id: {generator: fk, params: {entity: senders, column: id}}
      sent_at: {generator: datetime, params: {start: "2026-01-10", end: "2026-03-20"}}
      month: {generator: uniform_int, params: {min: 1, max: 3}}
      weight: {generator: uniform_float, params: {min: 0.5, max: 30}}
"""


def scenario() -> Any:
    return sdgen.read(yaml.safe_load(TEXT))


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def ids(sql: str) -> list[int]:
    return [row[0] for row in duckdb.sql(sql).fetchall()]


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl", "json", "arrow"])
def test_partitions_are_read_back(tmp_path: Path, format: str) -> None:
    result = sdgen.write(scenario(), tmp_path / "out", formats=[format], partition_by=["land", "parcels.month"])
    plain = sdgen.write(scenario(), tmp_path / "plain")
    assert [each.digest for each in result.entities] == [each.digest for each in plain.entities]
    folders = ["A%2FB c%3D%25", "DE", "%2E%2E", "__HIVE_DEFAULT_PARTITION__", "%C3%BC"]
    named = [f"senders/land={name}/part-00000.{format}" for name in folders]
    named += [f"parcels/month={number}/part-00000.{format}" for number in (1, 2, 3)]
    assert files(tmp_path / "out") == sorted(["_sdgen.json", *named])
    report = verify(scenario(), f"{tmp_path}/out/")
    assert not report.broken
    assert "the plan's" not in str(report.findings) or all(finding.status != "warning" for finding in report.findings)


def test_what_folders_tell_stands_in_no_file(tmp_path: Path) -> None:
    sdgen.write(scenario(), tmp_path, formats=["parquet", "csv"], partition_by=["land", "sent_at:month"])
    name = "senders/land=DE/part-00000"
    assert pq.read_schema(tmp_path / f"{name}.parquet").names == ["id"]
    with (tmp_path / f"{name}.csv").open() as lines:
        assert next(csv.reader(lines)) == ["id"]
    # The table has a column `month`, so that the folder of the moment's month bears both names.
    found = tmp_path / "parcels/sent_at_month=2026-02/part-00000.parquet"
    moments = pq.read_table(found)["sent_at"].to_pylist()
    assert {(moment.year, moment.month) for moment in moments} == {(2026, 2)}


def test_duckdb_reads_the_layout_as_hive(tmp_path: Path) -> None:
    sdgen.write(scenario(), tmp_path, formats=["parquet"], partition_by=["land", "sent_at:year", "sent_at:day"])
    source = f"read_parquet('{tmp_path}/senders/*/*.parquet', hive_partitioning = true)"
    lands = duckdb.sql(f"SELECT land, count(*) FROM {source} GROUP BY ALL").fetchall()
    assert {land for land, _ in lands} == {None, "DE", "A/B c=%", "..", "ü"}
    assert ids(f"SELECT id FROM {source} ORDER BY id") == list(range(1, 61))
    source = f"read_parquet('{tmp_path}/parcels/**/*.parquet', hive_partitioning = true)"
    assert duckdb.sql(f"SELECT count(*) FROM {source} WHERE day = sent_at::DATE AND year = 2026").fetchall() == [
        (3000,)
    ]


def test_parts_of_so_many_rows(tmp_path: Path) -> None:
    for workers in (1, 3):
        folder = tmp_path / str(workers)
        sdgen.write(scenario(), folder, formats=["parquet", "jsonl"], part_rows=70_000, rows={"parcels": 200_000},
                    workers=workers)  # fmt: skip
        counts = [pq.read_metadata(path).num_rows for path in sorted((folder / "parcels").glob("*.parquet"))]
        assert counts == [70_000, 70_000, 60_000]
        lines = [path.read_bytes().count(b"\n") for path in sorted((folder / "parcels").glob("*.jsonl"))]
        assert sum(lines) == 200_000
        assert max(lines) <= 70_000
    one, three = ({name: (tmp_path / each / name).read_bytes() for name in files(tmp_path / each)} for each in "13")
    one.pop("_sdgen.json"), three.pop("_sdgen.json")
    assert one == three


def test_parts_of_so_many_bytes(tmp_path: Path) -> None:
    sdgen.write(scenario(), tmp_path, formats=["csv"], part_bytes="1MB", rows={"parcels": 200_000})
    sizes = [path.stat().st_size for path in sorted((tmp_path / "parcels").iterdir())]
    assert len(sizes) > 2
    assert all(size >= 1_000_000 for size in sizes[:-1])


@pytest.mark.parametrize("format", ["parquet", "arrow", "csv", "jsonl"])
@pytest.mark.parametrize("layout", [{}, {"part_rows": 2000}, {"partition_by": ["month", "land"]}])
def test_appending_goes_on_after_the_keys_that_are_there(tmp_path: Path, format: str, layout: dict[str, Any]) -> None:
    sdgen.write(scenario(), tmp_path / "out", formats=[format], **layout)
    before = {name: (tmp_path / "out" / name).read_bytes() for name in files(tmp_path / "out")}
    sdgen.write(scenario(), tmp_path / "out", formats=[format], mode="append_only", seed=9, rows={"parcels": 500})
    both = verify(scenario(), f"{tmp_path}/out/", PlanRequest(rows={"parcels": 3500, "senders": 120}))
    assert not both.broken
    if layout or format in ("parquet", "arrow"):
        changed = [name for name, bytes in before.items() if (tmp_path / "out" / name).read_bytes() != bytes]
        assert changed == ["_sdgen.json"]
    else:
        assert files(tmp_path / "out") == list(before)
    told = json.loads((tmp_path / "out/_sdgen.json").read_text())["tables"]["parcels"]
    assert sorted(told["files"]) == [name for name in files(tmp_path / "out") if name.startswith("parcels")]


def test_replacing_leaves_no_older_part(tmp_path: Path) -> None:
    sdgen.write(scenario(), tmp_path, formats=["parquet"], partition_by=["month"])
    with pytest.raises(TargetError, match="exists"):
        sdgen.write(scenario(), tmp_path, formats=["parquet"])
    sdgen.write(scenario(), tmp_path, formats=["parquet"], mode="truncate_then_insert", part_rows=2000)
    assert files(tmp_path) == [
        "_sdgen.json",
        "parcels/part-00000.parquet",
        "parcels/part-00001.parquet",
        "senders/part-00000.parquet",
    ]
    sdgen.write(scenario(), tmp_path, formats=["parquet"], mode="truncate_then_insert")
    assert files(tmp_path) == ["_sdgen.json", "parcels.parquet", "senders.parquet"]
    assert not (tmp_path / "parcels").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lande"], "no table of the run has a column 'lande'"),
        (["sent_at:week"], "no part 'week'"),
        (["land:month"], "month is a part of moments"),
        (["weight"], "weight is double, which names no folder"),
    ],
)
def test_what_can_be_no_partition_is_told(tmp_path: Path, words: list[str], said: str) -> None:
    with pytest.raises(TargetError) as refused:
        sdgen.write(scenario(), tmp_path / "out", partition_by=words)
    assert said in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_other_partitions_than_those_that_are_there_are_refused(tmp_path: Path) -> None:
    sdgen.write(scenario(), tmp_path, formats=["parquet"], partition_by=["month"])
    with pytest.raises(TargetError, match="parcels is partitioned by month, and the run by sent_at_month"):
        sdgen.write(scenario(), tmp_path, formats=["parquet"], mode="append_only", partition_by=["sent_at:month"])


def test_a_key_for_each_row_is_no_partition(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="more than 10,000 partitions"):
        sdgen.write(scenario(), tmp_path / "out", partition_by=["parcels.id"], rows={"parcels": 12_000})
    assert list(tmp_path.iterdir()) == []


def test_databases_have_no_layout(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="partition_by is of files"):
        sdgen.write(scenario(), tmp_path / "x.duckdb", partition_by=["month"])


def test_the_scenarios_own_output_may_name_a_layout(tmp_path: Path) -> None:
    path = tmp_path / "parcels.yaml"
    path.write_text(f"{TEXT}output: {{format: parquet, path: data, partition_by: month, part_rows: 900}}\n")
    done = CliRunner().invoke(app, ["generate", str(path)])
    assert done.exit_code == 0, done.output
    assert "data/parcels/month=2/part-00001.parquet" in files(tmp_path)


def test_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "parcels.yaml"
    path.write_text(TEXT)
    words = ["--partition-by", "sent_at:month", "--part-rows", "1k", "--part-bytes", "10MB", "--format", "parquet"]
    done = CliRunner().invoke(app, ["generate", str(path), "--to", f"{tmp_path}/out/", *words])
    assert done.exit_code == 0, done.output
    assert "--partition-by sent_at:month --part-rows 1000 --part-bytes 10000000" in done.output
    assert "parcels/sent_at_month=2026-01/part-00000.parquet" in files(tmp_path / "out")


def test_many_partitions_at_once_stay_whole(tmp_path: Path) -> None:
    """More files than are open at once: rows that come back to a partition go into a further part."""
    text = TEXT.replace("max: 3}", "max: 200}")
    spread = sdgen.read(yaml.safe_load(text))
    sdgen.write(spread, tmp_path, formats=["parquet"], partition_by=["month"], rows={"parcels": 140_000})
    assert any(name.endswith("part-00001.parquet") for name in files(tmp_path))
    source = f"read_parquet('{tmp_path}/parcels/**/*.parquet', hive_partitioning = true)"
    found = duckdb.sql(f"SELECT count(*), count(DISTINCT id), count(DISTINCT month) FROM {source}").fetchall()
    assert found == [(140_000, 140_000, 200)]
    assert isinstance(pq.read_table(tmp_path / "parcels"), pa.Table)
