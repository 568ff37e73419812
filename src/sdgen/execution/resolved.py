"""A run request, resolved: its scenario, target and plan, checked, and all that is stored of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdgen.engine import BATCH_ROWS
from sdgen.execution.append import TargetPlan, plan_into, without_existing
from sdgen.execution.catalog import CatalogEntry
from sdgen.execution.job import Job, config_hash
from sdgen.execution.request import RunRequest, RunSettings
from sdgen.execution.target_spec import ResolvedTarget
from sdgen.generators.keys import Sequence as Counting
from sdgen.generators.links.links import ForeignKey
from sdgen.planning.plan import EntityPlan, Plan
from sdgen.planning.planned_rows import PlannedRows
from sdgen.scenario.model import Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.targets.base import Target


@dataclass(frozen=True)
class ResolvedData:
    """A scenario, and what a request asks of its data."""

    entry: CatalogEntry[Scenario]
    plan_request: PlanRequest

    @property
    def scenario(self) -> Scenario:
        return self.entry.value


@dataclass(frozen=True)
class ResolvedRun:
    """A request resolved: all that is needed to execute it, and all that is stored of it.

    plan: of a run that appends, what it would be if the target were empty. data: None where the request came with a
    plan. scale: the one that was computed for `size`, else the request's. stored: the run's record, where it differs
    from the one that follows from the rest.
    """

    request: RunRequest
    data: ResolvedData | None
    target: ResolvedTarget
    plan: Plan
    settings: RunSettings
    scale: float
    bytes: float = 0.0
    warnings: tuple[str, ...] = ()
    stored: Job | None = None

    @property
    def scenario(self) -> Scenario:
        """The scenario; LookupError where the request came with a plan alone."""
        return self._data.scenario

    @property
    def _data(self) -> ResolvedData:
        if self.data is None:
            raise LookupError("a run of a plan has no scenario")
        return self.data

    @property
    def scenario_id(self) -> str:
        return self.data.entry.id if self.data else ""

    @property
    def scenario_source(self) -> str:
        return self.data.entry.source if self.data else ""

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities to write, in the order of writing."""
        only = self.settings.only
        return tuple(name for name in self.plan.entities if not only or name in only)

    def plan_into(self, target: Target) -> TargetPlan:
        """The plan of the run into its target as it is now: of one that appends, behind the rows that are there."""
        if self.data is None or not self.settings.appends:
            return TargetPlan(self.plan)
        # Seed and instant are the plan's: where the request leaves them open, they were drawn when it was resolved.
        request = replace(self.data.plan_request, seed=self.plan.seed, as_of=self.plan.as_of, scale=self.scale)
        return plan_into(self.data.scenario, request, target, self.settings)

    @cached_property
    def job(self) -> Job:
        """What is stored of the run, so that another process can execute it; nothing in it is secret."""
        if self.stored is not None:
            return self.stored
        entry, rows = self._data.entry, self._data.plan_request.rows
        return Job.of(entry.value, entry.file, rows, self.scale, self.plan, self.target, self.settings)

    def with_job(self, job: Job, plan: Plan) -> ResolvedRun:
        """The same run, stored and executed in another way."""
        return replace(self, plan=plan, stored=job)

    @cached_property
    def config_hash(self) -> str:
        return config_hash(self.plan, self.settings, self.target)


# What a run's user should know, though nothing is wrong.


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
    # As if the table were empty: beside the rows that are there, these values have been exchanged for others.
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
