"""Where rows to look at come from: the plan of a stored run, or that of a scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote, urlencode

from sdgen.errors import Problem, ScenarioError
from sdgen.execution.job import Job
from sdgen.execution.request import format_instant
from sdgen.planning.compile import compile_plan
from sdgen.planning.plan import Plan
from sdgen.readers.native.write import scenario_text
from sdgen.scenario.request import PlanRequest
from sdgen.service.records import Run
from sdgen.service.service import Service

SEED = 0  # of a scenario that names none


class _Recipe:
    """How a plan is made; equal where the rows are equal."""

    def __init__(self, text: str, make: Callable[[], Plan]) -> None:
        self.text = text
        self.make = make

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Recipe) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


@lru_cache(maxsize=8)
def _cached_plan(recipe: _Recipe) -> Plan:
    return recipe.make()


def plan_of(job: Job) -> Plan:
    """The plan of a stored run; some are kept. ScenarioError where this sdgen can't make it any more."""
    return _cached_plan(_Recipe(job.model_dump_json(), job.plan))


@dataclass(frozen=True)
class RowSource:
    """A plan whose rows are looked at. query: what an address of it must name besides, so that the rows stay the same.

    written: the entities that a run writes. identity: of the run's plan when it was made.
    """

    title: str
    home: str
    plan: Plan
    written: tuple[str, ...]
    query: Mapping[str, str]
    run: Run | None = None
    identity: str = ""

    @property
    def is_other(self) -> bool:
        """Whether this sdgen makes other rows than the one that did the run."""
        return bool(self.identity) and self.identity != self.plan.identity

    def address(self, entity: str = "", row: int | None = None, **query: object) -> str:
        """The address of a page of rows; of one row, where its number is given."""
        path = f"{self.home}/rows" + (f"/{quote(entity, safe='')}" if entity else "")
        path += f"/{row}" if row is not None else ""
        return _with_query(path, self.query, query)

    def download(self, entity: str, **query: object) -> str:
        """The address at which the API gives rows."""
        return _with_query(f"/api/v1{self.home}/rows/{quote(entity, safe='')}", self.query, query)


def of_run(service: Service, run_id: str) -> RowSource:
    """The rows of a run, made again from what is stored of it: the same that it wrote."""
    run = service.run(run_id)
    job = service.repository.job(run.id)
    plan = plan_of(job)
    written = tuple(name for name in plan.entities if not job.only or name in job.only)
    return RowSource(run.scenario_name, f"/runs/{run.id}", plan, written, {}, run, job.identity)


def of_scenario(
    service: Service, scenario_id: str, version: str = "", seed: int | None = None, as_of: datetime | None = None
) -> RowSource:
    """The rows that a scenario gives: by the seed and the instant of the request, else its own, else 0 and now."""
    found = service.catalog.scenario(scenario_id, version)
    chosen = seed if seed is not None else found.value.seed if found.value.seed is not None else SEED
    if not -(2**63) <= chosen < 2**64:
        raise ScenarioError(Problem(("seed",), f"{chosen} is no seed", "a whole number of 64 bits"))
    text = f"{chosen} {as_of} {scenario_text(found.value)}"
    request = PlanRequest(seed=chosen, as_of=as_of)
    plan = (
        _cached_plan(_Recipe(text, lambda: compile_plan(found.value, request)))
        if as_of
        else compile_plan(found.value, request)
    )
    query = {"seed": str(plan.seed), "as_of": format_instant(plan.as_of)}
    if version:
        query["version"] = version
    return RowSource(found.value.name, f"/scenarios/{quote(found.id, safe='')}", plan, tuple(plan.entities), query)


def _with_query(path: str, *queries: Mapping[str, object]) -> str:
    pairs = {name: value for query in queries for name, value in query.items() if value not in ("", None)}
    return f"{path}?{urlencode(pairs)}" if pairs else path
