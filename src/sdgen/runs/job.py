"""What a stored run needs to be done, now or again: settled, without anything secret."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from sdgen.plan.compile import compile_plan
from sdgen.plan.model import Plan
from sdgen.plan.request import PlanRequest
from sdgen.read.sources import read_text_as_scenario
from sdgen.runs.append import behind, plan_behind
from sdgen.runs.standing import Standing, kept, restored
from sdgen.runs.targets import TargetSpec
from sdgen.scenario.model import Record, Scenario
from sdgen.write.base import Mode, Target


class Job(Record):
    """A run, settled: the scenario's text, seed, now and counts; the target as it is written, its path absolute.

    complete: whether the target can be opened from this record; not where a password was left out. scratch: whether the
    rows go to a temporary place of the target's kind, which is removed afterwards. standing: what the target held
    before a run that appended; None where that isn't known.
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
    commit_every: int = 0
    resume: bool = False
    standing: Mapping[str, Standing] | None = None

    def plan(self) -> Plan:
        """The plan; ScenarioError where this sdgen can't make it any more."""
        if self.standing:
            return plan_behind(self._scenario, replace(self._request, existing=restored(self.standing)))
        return compile_plan(self._scenario, self._request)

    def plan_into(self, target: Target) -> tuple[Plan, Job]:
        """The plan of a run that appends, behind the rows that the target holds now; and the job with those."""
        request = behind(self._scenario, self._request, target, self.mode)
        return plan_behind(self._scenario, request), self.model_copy(update={"standing": kept(request.existing)})

    @property
    def _scenario(self) -> Scenario:
        return read_text_as_scenario(self.scenario_text, self.scenario_file)

    @property
    def _request(self) -> PlanRequest:
        return PlanRequest(self.seed, self.as_of, self.rows, self.scale, self.only)


# Their versions decide no value, as tests hold; where one differs all the same, they are the first to be asked.
LIBRARIES = ("duckdb", "jinja2", "mimesis", "numpy", "pyarrow", "sqlglot")


@cache
def library_versions() -> dict[str, str]:
    """The installed versions of the libraries that take part in making values."""
    found = {}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def versions_of(plan: Plan) -> dict[str, str | int]:
    """What besides the job decides the values, or may: versions of sdgen, its streams and generators, and libraries."""
    return {"sdgen": version("sdgen"), **dict(sorted(plan.versions.items())), **library_versions()}
