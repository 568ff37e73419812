"""Spark: entities of a scenario as lazy DataFrames, whose rows are made by the tasks that read them.

import sdgen.spark
sdgen.spark.register(spark)                                       # Spark 4: spark.read.format("sdgen")
orders = sdgen.spark.dataframe(spark, "shop", "orders", seed=7)   # Spark 3.5 and later
sdgen.spark.views(spark, "shop", seed=7)                          # a temporary view of each entity
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sdgen.api import Source
from sdgen.engine import BATCH_ROWS
from sdgen.entity_rows import PARTITION_BYTES, EntityRows, entity_rows, plan_of, require
from sdgen.errors import Problem, ScenarioError, SdgenError, did_you_mean
from sdgen.planning.plan import Plan
from sdgen.spark.types import SUBSTITUTES, spark_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def register(spark: SparkSession) -> None:
    """Make `spark.read.format("sdgen")` and `CREATE VIEW … USING sdgen` known; SdgenError before Spark 4."""
    require("pyspark", "spark")
    if not hasattr(spark, "dataSource"):
        hint = "use sdgen.spark.dataframe or sdgen.spark.views, which need Spark 3.5"
        raise SdgenError(Problem((), f"Spark {spark.version} has no data sources in Python: Spark 4 has", hint))
    from sdgen.spark.source import ScenarioDataSource

    spark.dataSource.register(ScenarioDataSource)


def dataframe(
    spark: SparkSession,
    source: Source | Plan,
    entity: str,
    *,
    columns: Sequence[str] = (),
    partition_bytes: int = PARTITION_BYTES,
    **request: Any,
) -> DataFrame:
    """An entity's rows, which are made when they are read, in partitions of about `partition_bytes`.

    columns: the ones to make, all where empty. request: seed, as_of, rows, scale, rules, set, dialect, as of
    `sdgen.plan`; a seed that neither request nor scenario names is 0, and "now" the beginning of today in UTC.

    ScenarioError or SourceError with every problem.
    """
    require("pyspark", "spark")
    return _dataframe(spark, _rows(plan_of(source, **request), entity, columns, partition_bytes))


def views(
    spark: SparkSession,
    source: Source | Plan,
    *,
    only: Sequence[str] = (),
    exclude: Sequence[str] = (),
    prefix: str = "",
    partition_bytes: int = PARTITION_BYTES,
    **request: Any,
) -> dict[str, DataFrame]:
    """A temporary view of each entity, of one plan; the DataFrames by the names of their views.

    A view has the entity's name after `prefix`, with `_` for what is no letter, digit or `_`. The rest is as for
    `dataframe`.
    """
    require("pyspark", "spark")
    plan = plan_of(source, **request)
    names = _view_names(plan, only, exclude, prefix)
    # All frames are made before the first view is, so that a mistake leaves none behind.
    frames = {view: _dataframe(spark, _rows(plan, entity, (), partition_bytes)) for view, entity in names.items()}
    for view, frame in frames.items():
        frame.createOrReplaceTempView(view)
    return frames


def _view_names(plan: Plan, only: Sequence[str], exclude: Sequence[str], prefix: str) -> dict[str, str]:
    """The entities to show by the names of their views."""
    problems = [
        Problem((), f"{plan.scenario} has no entity {name!r}", did_you_mean(name, plan.entities))
        for name in (*only, *exclude)
        if name not in plan.entities
    ]
    views: dict[str, str] = {}
    for entity in plan.entities:
        if (only and entity not in only) or entity in exclude:
            continue
        view = re.sub(r"\W", "_", prefix + entity)
        # Spark's names of views know no capitals.
        if view.lower() in map(str.lower, views):
            what = f"the views of two entities would both be called {view}"
            problems.append(Problem((entity,), what, "leave one out (exclude), and use sdgen.spark.dataframe for it"))
        views[view] = entity
    if problems:
        raise ScenarioError(problems)
    return views


def _rows(plan: Plan, entity: str, columns: Sequence[str], partition_bytes: int) -> EntityRows:
    from pyspark.cloudpickle import dumps

    return entity_rows(
        plan, entity, columns=columns, substitutes=SUBSTITUTES, partition_bytes=partition_bytes, dumps=dumps
    )


def _dataframe(spark: SparkSession, rows: EntityRows) -> DataFrame:
    # A range of all row numbers, though a number for each partition would do: Spark estimates a size from it. Of a
    # range of partitions it would believe that a billion rows are some kilobytes, and broadcast them in a join.
    numbers = spark.range(rows.first, rows.stop, 1, len(rows.spans))
    return numbers.mapInArrow(_maker(rows), spark_schema(rows))


def _maker(rows: EntityRows) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """From a partition's row numbers to its rows."""

    def make(numbers: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for start, stop in _spans(numbers):
            yield from rows.batches(start, stop)

    return make


def _spans(numbers: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, int]]:
    """Batches of consecutive numbers (10,000 by default) as spans of at most BATCH_ROWS, or of one batch."""
    start = stop = 0
    for batch in numbers:
        first, last = batch.column(0)[0].as_py(), batch.column(0)[-1].as_py()
        # Rows are made a batch of the engine's at a time, which costs less than many small ones.
        if first != stop or last - start >= BATCH_ROWS:
            if stop > start:
                yield start, stop
            start = first
        stop = last + 1
    if stop > start:
        yield start, stop
