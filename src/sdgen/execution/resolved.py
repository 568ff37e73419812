"""A run request, resolved: its scenario, target and plan, checked, and all that is stored of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from sdgen.execution.append import TargetPlan, plan_into
from sdgen.execution.catalog import CatalogEntry
from sdgen.execution.job import Job, config_hash
from sdgen.execution.request import RunRequest, RunSettings
from sdgen.execution.target_spec import ResolvedTarget
from sdgen.planning.plan import Plan
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
