"""Entities as Spark's DataFrames, on a cluster of two executors: the same rows as here, however they are read."""

from __future__ import annotations

import os
import signal
import threading
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

import sdgen
from sdgen.entity_rows import EntityRows, entity_rows, plan_of
from sdgen.errors import ScenarioError
from sdgen.execution.digest import digest
from tests.clusters.conftest import DEPOT, examples

pytest.importorskip("pyspark")

import sdgen.spark
from sdgen.spark.types import SUBSTITUTES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameReader, SparkSession

TYPES = {
    "id": "int", "flag": "boolean", "n8": "tinyint", "n16": "smallint", "n64": "bigint",
    "u8": "smallint", "u16": "int", "u32": "bigint", "u64": "decimal(20,0)",
    "f32": "float", "f64": "double", "money": "decimal(12,2)", "wide": "decimal(38,10)",
    "word": "string", "note": "string", "kind": "string", "code": "string", "document": "string", "raw": "binary",
    "day": "date", "clock": "string", "local": "timestamp_ntz", "instant": "timestamp",
    "tags": "array<string>", "codes": "array<string>", "sizes": "map<string,int>",
    "inside": "struct<n:smallint,at:string,deep:struct<code:string,list:array<decimal(20,0)>>>",
}  # fmt: skip


@pytest.fixture(scope="session")
def source(spark: SparkSession) -> DataFrameReader:
    sdgen.spark.register(spark)
    return spark.read


def reader(spark: SparkSession, entity: str, **options: Any) -> DataFrameReader:
    given = {"scenario": DEPOT, "entity": entity, **options}
    return spark.read.format("sdgen").options(**{name.replace("__", "."): value for name, value in given.items()})


def local_rows(entity: str, **request: Any) -> EntityRows:
    return entity_rows(plan_of(DEPOT, **request), entity, substitutes=SUBSTITUTES)


def in_order(frame: DataFrame) -> pa.Table:
    return frame.toArrow().sort_by("id")


@pytest.mark.parametrize("road", ["format", "dataframe"])
def test_every_type(spark: SparkSession, source: DataFrameReader, road: str) -> None:
    frame = reader(spark, "samples").load() if road == "format" else sdgen.spark.dataframe(spark, DEPOT, "samples")
    assert dict(frame.dtypes) == TYPES
    assert [field.name for field in frame.schema if not field.nullable][:3] == ["id", "n8", "n16"]
    table = in_order(frame)
    rows = local_rows("samples")
    assert digest(table.to_batches()) == digest(rows.batches(rows.first, rows.stop))
    (plain,) = sdgen.batches(DEPOT, "samples", batch_rows=200, rows={"samples": 200})
    assert [as_spark_has_it(row) for row in plain.to_pylist()] == table.slice(0, 200).to_pylist()


def as_spark_has_it(value: Any) -> Any:
    """A value of `sdgen.batches` as docs/spark.md says that Spark has it."""
    import datetime
    import uuid

    match value:
        case dict():
            return {name: as_spark_has_it(each) for name, each in value.items()}
        case list():
            return [as_spark_has_it(each) for each in value]
        case uuid.UUID() | datetime.time():
            return str(value)
    return value


def test_views_belong_together(spark: SparkSession) -> None:
    frames = sdgen.spark.views(spark, DEPOT, prefix="depot_", only=["bins", "parcels"], seed=5, scale=2)
    assert list(frames) == ["depot_bins", "depot_parcels"]
    query = """
        SELECT count(*), count(b.id), sum(p.weight) FROM depot_parcels p LEFT JOIN depot_bins b ON p.bin_id = b.id
    """
    rolled_up = "SELECT sum(parcel_count), sum(parcel_count), sum(weight), count(*) FROM depot_bins"
    (joined,), (rollup,) = spark.sql(query).collect(), spark.sql(rolled_up).collect()
    assert tuple(joined) == tuple(rollup)[:3]
    expected = sdgen.plan(DEPOT, seed=5, scale=2).entities
    assert (joined[0], rollup[3]) == (expected["parcels"].rows, expected["bins"].rows)
    wrong = """
        SELECT count(*) FROM depot_bins b LEFT JOIN (SELECT bin_id, count(*) n FROM depot_parcels GROUP BY 1) p
        ON p.bin_id = b.id WHERE coalesce(n, 0) <> parcel_count
    """
    assert spark.sql(wrong).collect()[0][0] == 0


def test_loads_without_a_seed_belong_together(spark: SparkSession, source: DataFrameReader) -> None:
    options = {"scenario": DEPOT, "set.seed": "null", "set.as_of": "null"}
    bins, parcels = (spark.read.format("sdgen").options(entity=name, **options).load() for name in ("bins", "parcels"))
    assert parcels.join(bins, parcels.bin_id == bins.id, "left_anti").count() == 0


def test_options(spark: SparkSession, source: DataFrameReader) -> None:
    frame = reader(
        spark, "samples", rows="samples=2000, bins=10", seed="3", as_of="2020-01-01", columns="day, id", set__name="other"
    ).load()  # fmt: skip
    rows = local_rows("samples", seed=3, as_of="2020-01-01", rows={"samples": 2000})
    assert frame.columns == ["id", "day"]
    assert in_order(frame)["day"].to_pylist() == rows.table(0, 2000)["day"].to_pylist()


def test_sql_alone(spark: SparkSession, source: DataFrameReader) -> None:
    spark.sql(f"CREATE OR REPLACE TEMPORARY VIEW parcels USING sdgen OPTIONS (scenario '{DEPOT}', entity 'parcels')")
    assert spark.sql("SELECT count(*) FROM parcels").collect()[0][0] == plan_of(DEPOT).entities["parcels"].rows


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"entity": "parcel"}, "depot has no entity 'parcel'\n    did you mean 'parcels'?"),
        ({"columns": "id,wieght"}, "parcels has no column 'wieght'\n    did you mean 'weight'?"),
        ({"sede": "1"}, "unknown option 'sede'\n    did you mean 'seed'?"),
        ({"seed": "x"}, "request.seed: "),
        ({"rows": "bin=5"}, "request.rows.bin: unknown entity 'bin'\n    did you mean 'bins'?"),
        ({"partition_bytes": "some"}, "partition_bytes: 'some' is not a size"),
        ({"scenario": "deport.yaml"}, "deport.yaml: there is no such file, folder or example"),
        ({"set.entities.parcels.columns.weight.generator": "no_such"}, "unknown generator 'no_such'"),
    ],
)
def test_a_mistake_is_told_by_load(
    spark: SparkSession, source: DataFrameReader, options: dict[str, str], message: str
) -> None:
    from pyspark.errors import AnalysisException

    with pytest.raises(AnalysisException) as told:
        spark.read.format("sdgen").options(**{"scenario": DEPOT, "entity": "parcels", **options}).load()
    assert message in str(told.value)
    assert "Traceback" not in str(told.value)


def test_mistakes_of_functions_are_sdgens_own(spark: SparkSession) -> None:
    with pytest.raises(ScenarioError, match="unknown option 'sede'"):
        sdgen.spark.views(spark, DEPOT, sede=1)
    with pytest.raises(ScenarioError, match="has no entity 'bin'"):
        sdgen.spark.views(spark, DEPOT, only=["bin"])
    with pytest.raises(ScenarioError, match="takes no seed"):
        sdgen.spark.dataframe(spark, sdgen.plan(DEPOT), "bins", seed=1)


def test_the_pages_examples(spark: SparkSession) -> None:
    for text in examples("spark.md"):
        exec(text, {})


@pytest.mark.parametrize("road", ["format", "dataframe"])
def test_the_first_rows_of_a_billion_come_at_once(spark: SparkSession, source: DataFrameReader, road: str) -> None:
    count, columns = 10**9, ["id", "code"]
    if road == "format":
        frame = reader(spark, "samples", rows=f"samples={count}", columns=",".join(columns)).load()
    else:
        frame = sdgen.spark.dataframe(spark, DEPOT, "samples", rows={"samples": count}, columns=columns)
    spark.sparkContext.setJobGroup(road, "the first rows")
    assert [row.id for row in frame.limit(10).collect()] == list(range(1, 11))
    tracker = spark.sparkContext.statusTracker()
    stages = [stage for job in tracker.getJobIdsForGroup(road) for stage in tracker.getJobInfo(job).stageIds]
    assert [tracker.getStageInfo(stage).numTasks for stage in stages] == [1]
    # Spark must not believe that so many rows are few bytes, or it would send them to all executors in a join.
    assert int(frame._jdf.queryExecution().optimizedPlan().stats().sizeInBytes()) >= count


@pytest.mark.parametrize("road", ["format", "dataframe"])
def test_an_executor_is_killed(spark: SparkSession, source: DataFrameReader, road: str) -> None:
    count = 800_000
    if road == "format":
        frame = reader(
            spark, "samples", rows=f"samples={count}", columns="id,code", partition_bytes="1MB"
        ).load()  # fmt: skip
    else:
        frame = sdgen.spark.dataframe(
            spark, DEPOT, "samples", rows={"samples": count}, columns=["id", "code"], partition_bytes=1_000_000
        )
    killed: list[int] = []
    killer = threading.Thread(target=kill_an_executor, args=(spark, killed))
    killer.start()
    (found,) = frame.selectExpr("count(*)", "count(distinct id)", "sum(id)", "sum(crc32(code))").collect()
    killer.join()
    assert len(killed) == 1
    rows = local_rows("samples", rows={"samples": count})
    codes = rows.table(0, count, ["id", "code"])["code"].drop_null().to_pylist()
    assert tuple(found) == (count, count, count * (count + 1) // 2, sum(zlib.crc32(code.encode()) for code in codes))


def kill_an_executor(spark: SparkSession, killed: list[int]) -> None:
    """Wait until some tasks of a job are done and some are not, and kill one of the executors."""
    tracker = spark.sparkContext.statusTracker()
    for _ in range(5000):
        stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
        if any(each and 2 <= each.numCompletedTasks < each.numTasks - 2 for each in stages):
            pid = executors(spark.sparkContext._gateway.proc.pid)[0]
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
            return
        time.sleep(0.02)


def executors(driver: int) -> list[int]:
    """The processes of a driver's executors."""
    found = []
    for task in Path(f"/proc/{driver}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            if b"CoarseGrainedExecutorBackend" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found
