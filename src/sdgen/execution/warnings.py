"""What a run's user should know, though nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdgen.engine import BATCH_ROWS
from sdgen.execution.append import without_existing
from sdgen.generators.keys import Sequence as Counting
from sdgen.generators.links.links import ForeignKey
from sdgen.planning.plan import EntityPlan, Plan
from sdgen.planning.planned_rows import PlannedRows


def taken_values(plan: Plan, only: Sequence[str] = ()) -> Iterator[str]:
    """How many values of unique columns the target held already, so that rows of the run have others."""
    for entity in plan.entities.values():
        if not 0 < entity.first < entity.rows or (only and entity.name not in only):
            continue
        for column in entity.written:
            drawn = column.facts.unique and not isinstance(column.generator, Counting | ForeignKey)
            taken = _taken(plan, entity, column.name, column.fixed) if drawn and column.fixed is not None else 0
            if taken:
                new = entity.rows - entity.first
                yield f"{entity.name}.{column.name}: {taken:,} of {new:,} new values exist already; others replace them"


def _taken(plan: Plan, entity: EntityPlan, column: str, fixed: pa.Array) -> int:
    held, count, alone = fixed.slice(0, entity.first), 0, without_existing(entity)
    for start in range(entity.first, entity.rows, BATCH_ROWS):
        numbers = np.arange(start, min(start + BATCH_ROWS, entity.rows), dtype=np.int64)
        values = PlannedRows(plan, alone, numbers).column(column)
        count += int(pc.sum(pc.is_in(values.cast(held.type), value_set=held)).as_py() or 0)
    return count


def missing_keys(plan: Plan, only: Sequence[str]) -> Iterator[str]:
    """The links between written columns that the target holds no foreign key for, and why."""
    for entity in plan.entities.values():
        if only and entity.name not in only:
            continue
        for link in entity.links:
            yield from _missing_key(entity, link, only)


def _missing_key(entity: EntityPlan, link: str, only: Sequence[str]) -> Iterator[str]:
    pairs = [
        (column.name, column.generator.column)
        for column in entity.written
        if isinstance(column.generator, ForeignKey) and (column.generator.via or column.name) == link
    ]
    if not pairs:
        return
    parent = entity.links[link].parent
    own, theirs = (", ".join(names) for names in zip(*pairs, strict=True))
    key = f"no foreign key {entity.name} ({own}) to {parent} ({theirs})"
    if only and parent not in only:
        yield f"{key}: {parent} was not written"
    elif not any(
        key.entity == parent and {name for name, _ in pairs} <= set(key.columns) for key in entity.foreign_keys
    ):
        yield f"{key}: those columns are no key of {parent}"
