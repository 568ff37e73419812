"""Row counts that are left beside the rows of a target, where nobody named the counts that a run would make.

A reader of schemas chooses counts itself. A table whose keys are few, such as a lookup with a key of an enum, may hold
all of them already: fewer rows are then made, and that is told, since nobody asked for more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sdgen.errors import Path, ProblemType
from sdgen.planning.compile import check_scenario, compile_plan
from sdgen.planning.plan import Plan
from sdgen.scenario.model import Scenario
from sdgen.scenario.request import PlanRequest

_TOO_MANY = (ProblemType.UNIQUE, ProblemType.ROWS)


@dataclass(frozen=True)
class FittedRequest:
    """A request whose row counts fit beside the existing rows, and what is to be told of those that are fewer."""

    request: PlanRequest
    remarks: tuple[str, ...] = ()


def fit_beside_existing(scenario: Scenario, request: PlanRequest) -> FittedRequest:
    """The request with fewer rows of entities for which existing rows leave no room; of named counts none changes.

    What can't be had with fewer rows either is left as it is: planning tells why.
    """
    open_counts = scenario.origin.open_counts - request.rows.keys()
    refused = _refused(scenario, request) & open_counts & request.existing.keys()
    if not refused:
        return FittedRequest(request)
    # Without the existing rows, which are what stands against it: for counts and links alone.
    alone = compile_plan(scenario, replace(request, existing={}))
    rows = dict(request.rows)
    while refused:
        if any(rows.get(name) == 0 for name in refused):  # fewer rows do not help
            return FittedRequest(request)
        fitted = _most_rows(scenario, replace(request, rows=rows), alone, _parents_first(alone, refused))
        rows |= fitted
        refused = _refused(scenario, replace(request, rows=rows)) & open_counts & request.existing.keys()
    fewer = {name: rows[name] for name in alone.entities if name in rows and name not in request.rows}
    fewer_rows = replace(request, rows=rows)
    # With further problems, or nothing left to do, planning tells why what was asked for is impossible as it stands.
    further = _places(scenario, fewer_rows) - _places(scenario, request)
    if further or not any(fewer.get(name, 1) for name in request.only or alone.entities):
        return FittedRequest(request)
    return FittedRequest(fewer_rows, tuple(_remarks(request, alone, fewer)))


def _refused(scenario: Scenario, request: PlanRequest) -> set[str]:
    """The entities that have too many rows for what is unique in them."""
    found = (each.path for each in check_scenario(scenario, request) if each.type in _TOO_MANY and len(each.path) > 1)
    return {str(path[1]) for path in found}


def _places(scenario: Scenario, request: PlanRequest) -> set[Path]:
    return {problem.path for problem in check_scenario(scenario, request)}


def _parents_first(alone: Plan, refused: Iterable[str]) -> list[str]:
    """Those of the refused entities whose parents are not among them: room for children depends on their parents."""
    names = set(refused)
    parents = {name: {link.parent for link in alone.entities[name].links.values()} - {name} for name in names}
    return [name for name in names if not parents[name] & names] or list(names)  # in a cycle none is the first


def _most_rows(scenario: Scenario, request: PlanRequest, alone: Plan, names: Iterable[str]) -> dict[str, int]:
    """The most new rows of each entity with which it is not refused, found by halving; 0 where that isn't known."""
    least = dict.fromkeys(names, 0)
    most = {name: request.rows.get(name, alone.entities[name].rows) for name in names}
    while any(most[name] - least[name] > 1 for name in least):
        middle = {name: (least[name] + most[name]) // 2 for name in least}
        refused = _refused(scenario, replace(request, rows={**request.rows, **middle}))
        for name, count in middle.items():
            (most if name in refused else least)[name] = count
    return least


def _remarks(request: PlanRequest, alone: Plan, fewer: Mapping[str, int]) -> Iterator[str]:
    for name, count in fewer.items():
        there, usual = request.first(name), alone.entities[name].rows
        room = f"{there:,} rows are there, and its keys leave room for {count:,} more"
        yield f"{name}: {room}: {count:,} of {usual:,} made"
