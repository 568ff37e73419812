"""How many rows entities may have, in classes, so that a few more rarely change a guess."""

from __future__ import annotations

from sdgen.scenario.model import Scenario
from sdgen.scenario.request import PlanRequest

_MANY = 10**6  # rows where it isn't known how many


class RowClasses:
    """How many rows entities may have: the next of 10, 20, 50, 100 …, so that a few more rarely change a guess."""

    def __init__(self, scenario: Scenario, request: PlanRequest) -> None:
        self._scenario = scenario
        self._request = request
        self._counts: dict[str, float] = {}

    def of(self, entity: str) -> int:
        count, power = self._count(entity), 1
        while 10 * power < count:
            power *= 10
        return next(step * power for step in (1, 2, 5, 10) if step * power >= count)

    def _count(self, name: str) -> float:
        if name not in self._scenario.entities:
            return _MANY
        if name not in self._counts:
            self._counts[name] = _MANY  # stands for itself while it is being counted
            self._counts[name] = self._most(name)
        return self._counts[name]

    def _most(self, name: str) -> float:
        rows, scale = self._scenario.entities[name].rows, self._request.scale
        asked = self._request.asked(name, rows)
        if asked is not None:
            return asked
        if rows.each:
            return sum(map(self._count, rows.each)) / (rows.share or 1)
        if not rows.per:
            return max((rows.number or 0) * scale, len(rows.fixed))
        if rows.total is not None:
            return rows.total * scale
        return self._count(rows.per) * (rows.max or rows.number or 3 * (rows.mean or 1))
