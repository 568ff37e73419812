"""A run as Python asks for it: whatever names or is a scenario or a target, and a failure raised."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

from sdgen.errors import Cancelled, Problem, SdgenError
from sdgen.execution.events import Listener
from sdgen.execution.request import RunRequest, read_request
from sdgen.read.writefile import scenario_text
from sdgen.runs.naming import named_scenario, named_target
from sdgen.runs.records import Run, Status
from sdgen.runs.service import Service
from sdgen.scenario.model import Scenario


def run_asked(
    service: Service,
    source: Scenario | str | Path | Mapping[str, Any],
    to: str | Path | Mapping[str, Any],
    request: Mapping[str, Any],
    listen: Listener,
    cancel: Event | None,
) -> Run:
    """The run, done; SdgenError where it failed, Cancelled where it was stopped."""
    done = service.perform(request_of(service, source, to, request), listen=listen, cancel=cancel)
    if done.status is Status.CANCELLED:
        raise Cancelled(f"the run {done.id} was cancelled")
    if done.status is not Status.SUCCESS:
        told = [Problem((each.path,) if each.path else (), each.what, each.hint) for each in done.problems]
        raise SdgenError(told or f"the run {done.id} failed: {done.error}")
    return done


def request_of(
    service: Service,
    source: Scenario | str | Path | Mapping[str, Any],
    to: str | Path | Mapping[str, Any],
    request: Mapping[str, Any],
) -> RunRequest:
    """The request of what Python gives; ScenarioError or NotFound where it is none."""
    rows = request.get("rows") or {}
    return read_request(
        {
            **request,
            "rows": {"*": rows} if isinstance(rows, int) else rows,
            **_scenario(service, source),
            **_target(service, to),
        }
    )


def _scenario(service: Service, source: Scenario | str | Path | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(source, Scenario):
        return {"scenario": scenario_text(source)}
    if isinstance(source, Mapping):
        return {"scenario": source}
    return {"scenario_path": str(source)} if isinstance(source, Path) else named_scenario(source, service.library)


def _target(service: Service, to: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(to, Mapping):
        return {"target": to}
    return {"target": str(to)} if isinstance(to, Path) else named_target(to, service.library)
