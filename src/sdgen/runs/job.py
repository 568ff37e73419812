"""What a stored run needs to be done, now or again: settled, without anything secret."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version

from sdgen.generators import draws
from sdgen.plan.compile import compile_plan
from sdgen.plan.model import Plan
from sdgen.plan.request import PlanRequest
from sdgen.read.sources import read_text_as_scenario
from sdgen.runs.append import plan_for
from sdgen.runs.targets import TargetSpec
from sdgen.scenario.model import Record
from sdgen.write.base import Mode, Target


class Job(Record):
    """A run, settled: the scenario's text, seed, now and counts; the target as it is written, its path absolute.

    complete: whether the target can be opened from this record; not where a password was left out. scratch: whether the
    rows go to a temporary place of the target's kind, which is removed afterwards.
    """

    scenario_text: str
    scenario_file: str
    seed: int
    as_of: datetime
    rows: Mapping[str, int]
    scale: float
    only: tuple[str, ...]
    target: TargetSpec
    formats: tuple[str, ...]
    mode: Mode
    workers: int
    identity: str
    complete: bool = True
    scratch: bool = False

    def plan(self) -> Plan:
        """The plan; ScenarioError where this sdgen can't make it any more."""
        scenario = read_text_as_scenario(self.scenario_text, self.scenario_file)
        return compile_plan(scenario, self._request)

    def plan_into(self, target: Target) -> Plan:
        """The plan of a run that appends: it begins behind the rows that the target holds now."""
        return plan_for(read_text_as_scenario(self.scenario_text, self.scenario_file), self._request, target, self.mode)

    @property
    def _request(self) -> PlanRequest:
        return PlanRequest(self.seed, self.as_of, self.rows, self.scale, self.only)


def versions_of(plan: Plan) -> dict[str, str | int]:
    """What besides the job decides the values: the versions of sdgen, of its streams, and of each generator."""
    used = [column.generator for entity in plan.entities.values() for column in entity.columns.values()]
    generators = {generator.called: generator.version for generator in used}
    return {"sdgen": version("sdgen"), "streams": draws.STREAM_VERSION, **dict(sorted(generators.items()))}
