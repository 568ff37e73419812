"""Going on with a run that was stopped: what tells that it is the same run, and the seed it had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from typing import Any

from sdgen.plan.model import Plan
from sdgen.plan.request import PlanRequest
from sdgen.scenario.model import Scenario
from sdgen.write.base import Mode, Resumable, Table, Target


def manifest(plan: Plan, tables: Sequence[Table], mode: Mode) -> dict[str, Any]:
    """All that decides what a run writes: another run with the same manifest writes the same bytes."""
    return {
        "sdgen": version("sdgen"),
        "seed": plan.seed,
        "as_of": plan.as_of.isoformat(),
        "mode": mode.value,
        "tables": [table.name for table in tables],
        "plan": plan.identity,
    }


def going_on(request: PlanRequest, scenario: Scenario, target: Target) -> PlanRequest:
    """The request with the seed and the instant of the run that was stopped, where it leaves them open."""
    left = target.left() if isinstance(target, Resumable) else None
    if left is None:
        return request
    seed, as_of = request.seed, request.as_of
    if seed is None and scenario.seed is None:
        seed = int(left["seed"])
    if as_of is None and not scenario.as_of:
        as_of = datetime.fromisoformat(left["as_of"])
    return replace(request, seed=seed, as_of=as_of)
