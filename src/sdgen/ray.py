"""Ray: an entity of a scenario as a lazy ray.data.Dataset, whose Arrow blocks are made by the tasks that read them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sdgen.api import Source
from sdgen.entity_rows import PARTITION_BYTES, EntityRows, Span, entity_rows, plan_of, require
from sdgen.planning.plan import Plan
from sdgen.scenario.types import Type

if TYPE_CHECKING:
    import ray.data

_SUBSTITUTES = {"uuid": Type("string")}  # which not all of Ray's operations know


def dataset(
    source: Source | Plan,
    entity: str,
    *,
    columns: Sequence[str] = (),
    partition_bytes: int = PARTITION_BYTES,
    **request: Any,
) -> ray.data.Dataset:
    """An entity's rows as Arrow blocks; a read task makes about `partition_bytes` of them.

    columns: the ones to make, all where empty. request: seed, as_of, rows, scale, rules, set, dialect, as of
    `sdgen.plan`; a seed that neither request nor scenario names is 0, and "now" the beginning of today in UTC.

    ScenarioError or SourceError with every problem.
    """
    require("ray", "ray")
    import ray.data
    from ray.cloudpickle import dumps

    rows = entity_rows(
        plan_of(source, **request),
        entity,
        columns=columns,
        substitutes=_SUBSTITUTES,
        partition_bytes=partition_bytes,
        dumps=dumps,
    )
    return ray.data.read_datasource(_datasource(rows), override_num_blocks=len(rows.spans))


def _datasource(rows: EntityRows) -> ray.data.Datasource:
    """The rows as Ray's interface for what can be read; its class needs ray, which is imported where it is used."""
    from ray.data.block import BlockMetadata
    from ray.data.datasource import Datasource, ReadTask

    class EntityDatasource(Datasource):  # type: ignore[misc]
        def get_name(self) -> str:
            return f"sdgen {rows.entity}"

        def estimate_inmemory_data_size(self) -> int:
            return int(rows.rows * rows.row_bytes)

        def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[ReadTask]:
            return [read_task(span) for span in rows.spans]

    def read_task(span: Span) -> ReadTask:
        count = span.stop - span.start
        metadata = BlockMetadata(
            num_rows=count, size_bytes=int(count * rows.row_bytes), input_files=None, exec_stats=None
        )
        return ReadTask(partial(_blocks, rows, span), metadata, schema=rows.schema)

    return EntityDatasource()


def _blocks(rows: EntityRows, span: Span) -> list[pa.Table]:
    # A block of each batch, and an empty one where there is none: Ray learns the columns from blocks.
    return [pa.Table.from_batches([batch], rows.schema) for batch in rows.batches(*span)] or [rows.schema.empty_table()]
