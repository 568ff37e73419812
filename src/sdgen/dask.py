"""Dask: an entity of a scenario as a lazy dask.dataframe, whose rows are made by the tasks that read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sdgen.api import Source
from sdgen.entity_rows import PARTITION_BYTES, EntityRows, Span, entity_rows, plan_of, require
from sdgen.planning.plan import Plan
from sdgen.scenario.types import Type

if TYPE_CHECKING:
    import dask.dataframe
    import pandas

_SUBSTITUTES = {"uuid": Type("string")}  # pandas has no uuids


def dataframe(
    source: Source | Plan,
    entity: str,
    *,
    columns: Sequence[str] = (),
    partition_bytes: int = PARTITION_BYTES,
    **request: Any,
) -> dask.dataframe.DataFrame:
    """An entity's rows in partitions of about `partition_bytes`: pandas' Arrow types, row numbers as the index.

    columns: the ones to make, all where empty; what a computation doesn't use is left out anyway. request: seed, as_of,
    rows, scale, rules, set, dialect, as of `sdgen.plan`; a seed that neither request nor scenario names is 0, and "now"
    the beginning of today in UTC.

    ScenarioError or SourceError with every problem.
    """
    require("dask", "dask")
    from cloudpickle import dumps
    from dask.dataframe import from_map

    rows = entity_rows(
        plan_of(source, **request),
        entity,
        columns=columns,
        substitutes=_SUBSTITUTES,
        partition_bytes=partition_bytes,
        dumps=dumps,
    )
    spans = rows.spans
    # Dask takes the last division as included. Of no rows nothing is known.
    divisions = (*(span.start for span in spans), rows.stop - 1) if rows.rows else None
    # `meta` is a partition without rows: from it Dask knows columns and types without making any.
    return from_map(_frame, spans, rows=rows, meta=_frame(Span(rows.first, rows.first), rows), divisions=divisions)


def _frame(span: Span, rows: EntityRows, columns: Sequence[str] | None = None) -> pandas.DataFrame:
    """A partition. columns: those that Dask asks for (`from_map` looks for this name), in their order."""
    import pandas as pd

    table = rows.table(span[0], span[1], columns or ())
    frame = table.to_pandas(types_mapper=pd.ArrowDtype).set_index(pd.RangeIndex(span[0], span[1]))
    # Dask relies on the order in which it asked for them.
    return frame if columns is None else frame[list(columns)]
