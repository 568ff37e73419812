"""The data source of Spark 4: `spark.read.format("sdgen")`. pyspark is imported here, and only where it is used."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.cloudpickle import dumps
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.types import StructType

from sdgen.entity_rows import PARTITION_BYTES, PLAN_OPTIONS, EntityRows, Span, entity_rows, plan_of
from sdgen.errors import Problem, ScenarioError, SdgenError, did_you_mean
from sdgen.execution.byte_counts import byte_count
from sdgen.spark.types import SUBSTITUTES, spark_schema

OPTIONS = ("scenario", "entity", "columns", "partition_bytes", *PLAN_OPTIONS)
_SET = "set."


class ScenarioDataSource(DataSource):  # type: ignore[misc]
    """An entity of a scenario. The plan is made here, once, on the driver, and travels in the pickled instance."""

    @classmethod
    def name(cls) -> str:
        return "sdgen"

    def __init__(self, options: MutableMapping[str, str]) -> None:
        super().__init__(options)
        try:
            self.rows = _rows(options)
        except SdgenError:
            # Spark runs this in a process of its own, which ends after an error, and shows its traceback to whoever
            # called load(). So it shows the message alone (`handle_worker_exception` in pyspark's util.py).
            os.environ["SPARK_HIDE_TRACEBACK"] = "1"
            raise

    def schema(self) -> StructType:
        return spark_schema(self.rows)

    def reader(self, schema: StructType) -> DataSourceReader:
        if schema != self.schema():
            what = f"{self.rows.entity} has another schema: {self.schema().simpleString()}"
            raise ScenarioError(
                Problem(("schema",), what, "leave .schema(…) out; .option('columns', 'a,b') picks some")
            )
        return EntityDataSourceReader(self.rows)


@dataclass
class EntityDataSourceReader(DataSourceReader):  # type: ignore[misc]
    """Reads spans of rows, a partition each."""

    rows: EntityRows

    def partitions(self) -> list[InputPartition]:
        return [InputPartition(tuple(span)) for span in self.rows.spans]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        span = Span(*partition.value)
        return self.rows.batches(span.start, span.stop)


def _rows(options: Mapping[str, str]) -> EntityRows:
    """The rows that options ask for; ScenarioError or SourceError with every problem."""
    # Spark's own word for `load("shop.yaml")` is path.
    named = {("scenario" if key == "path" else key): text for key, text in options.items()}
    problems = [
        Problem((key,), f"unknown option {key!r}", did_you_mean(key, OPTIONS, f"known: {', '.join(OPTIONS)}"))
        for key in named
        if key not in OPTIONS and not key.startswith(_SET)
    ]
    problems += [
        Problem((key,), f"the option {key!r} is missing", f"for example .option({key!r}, {example!r})")
        for key, example in (("scenario", "shop.yaml"), ("entity", "orders"))
        if not named.get(key)
    ]
    size = _bytes(named.get("partition_bytes", ""), problems)
    if problems:
        raise ScenarioError(problems)
    plan = plan_of(named["scenario"], **_request(named))
    return entity_rows(
        plan,
        named["entity"],
        columns=_words(named.get("columns", "")),
        substitutes=SUBSTITUTES,
        partition_bytes=size,
        dumps=dumps,
    )


def _request(options: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a run request: `rows` is `1000`, or `orders=1000,items=5000`; `set` has lines of path=value."""
    request: dict[str, Any] = {name: options[name] for name in PLAN_OPTIONS if name in options}
    if "rows" in request:
        counts = (word.rpartition("=") for word in _words(request["rows"]))
        request["rows"] = {entity.strip() or "*": count.strip() for entity, _, count in counts}
    lines = [line.strip() for line in request.pop("set", "").splitlines() if line.strip()]
    lines += [f"{key.removeprefix(_SET)}={text}" for key, text in options.items() if key.startswith(_SET)]
    return {**request, "set": tuple(lines)} if lines else request


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _bytes(text: str, problems: list[Problem]) -> int:
    try:
        return int(byte_count(text)) if text else PARTITION_BYTES
    except ValueError as error:
        problems.append(Problem(("partition_bytes",), str(error)))
        return PARTITION_BYTES
