"""What is wrong with a request itself: its fields before anything is read, and its names once the scenario is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sdgen.errors import Problem, did_you_mean
from sdgen.execution.access import Access, matches
from sdgen.execution.request import RunRequest
from sdgen.planning.plan import Plan
from sdgen.scenario.model import Scenario

_EMPTY: Mapping[str, tuple[str | None, ...]] = {  # values of fields that stand for "not given"
    **dict.fromkeys(("scenario_id", "scenario", "scenario_path", "target_id", "target_path"), ("", None)),
    "target": (None,),  # "" is a destination that can't be opened, and that message says more than "no target"
}


def form_problems(request: RunRequest, access: Access, plan: Plan | None) -> Iterator[Problem]:
    """What is wrong with a request before anything is read."""
    ways = {"target": ("target_id", "target", "target_path")}
    if plan is None:
        ways = {"scenario": ("scenario_id", "scenario", "scenario_path"), **ways}
    for word, names in ways.items():
        given = [name for name in names if getattr(request, name) not in _EMPTY[name]]
        if not given:
            yield Problem(("request", f"{word}_id"), f"the request names no {word}", f"give {word}_id or {word}")
        elif len(given) > 1:
            yield Problem(("request", given[1]), f"{' and '.join(given)} are given", "give one of them")
        if f"{word}_path" in given and not access.paths:
            # What comes over a network must not make this process read its files.
            what = "paths are accepted on the command line alone"
            yield Problem(("request", f"{word}_path"), what, f"give {word}_id or {word}")
    if request.scenario_version and not request.scenario_id:
        what = "scenario_version needs a scenario_id: inline scenarios have no other versions"
        yield Problem(("request", "scenario_version"), what, "give scenario_id, or leave scenario_version out")
    for name in ("rules", "exec_models", "size"):
        if getattr(request, name) and not access.paths:
            yield Problem(("request", name), f"{name} is accepted on the command line alone", "leave it out")
    if request.engine not in ("", "local") and not matches(request.engine, access.engines):
        what = f"{request.engine} is not an engine that requests may name"
        hint = f"allowed: {', '.join(access.engines) or 'none'}"
        yield Problem(("request", "engine"), what, hint)
    if request.size and request.scale != 1:
        yield Problem(
            ("request", "size"), "size and scale are both given, and size determines the scale", "leave one of them out"
        )


def name_problems(request: RunRequest, scenario: Scenario) -> Iterator[Problem]:
    """Entities that the request names and the scenario does not have."""
    for word in ("rows", "include", "exclude"):
        for name in getattr(request, word):
            if name not in scenario.entities and not (word == "rows" and name == "*"):
                hint = did_you_mean(name, scenario.entities, f"{scenario.name} has: {', '.join(scenario.entities)}")
                yield Problem(("request", word, name), f"unknown entity {name!r}", hint)
    if scenario.entities and not entities_to_write(request, scenario) and {*request.include} <= {*scenario.entities}:
        yield Problem(("request", "exclude"), "include and exclude leave no entity to write", "exclude fewer entities")


def entities_to_write(request: RunRequest, scenario: Scenario) -> tuple[str, ...]:
    return tuple(
        name
        for name in scenario.entities
        if (not request.include or name in request.include) and name not in request.exclude
    )
