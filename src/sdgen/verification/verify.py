"""Does a place hold what a scenario asked for? Constraints are checked on all rows, laws on samples.

counts, duplicates, orphans, nulls, ranges, numbers of children    broken where they don't hold
distributions, shares of nulls, the very rows of the plan          a warning where they don't
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from sdgen.databases.table_reader import TableReader
from sdgen.execution.destinations import open_reader
from sdgen.generators.links.counts import DrawnCounts
from sdgen.generators.links.parent_sampler import Counted
from sdgen.planning.plan import Plan
from sdgen.scenario.model import Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.targets.tables import tables_of
from sdgen.verification.constraints import check_columns, check_conditions, check_duplicates, check_not_null
from sdgen.verification.distributions import Distributions, Judge, check_counted
from sdgen.verification.expected import OTHER_SEEDS, Expectation
from sdgen.verification.findings import Finding, Found, Report, Status, counted, judged
from sdgen.verification.links import check_links, written_links
from sdgen.verification.ranges import check_ranges
from sdgen.verification.sampled_rows import Spots, look
from sdgen.verification.statistics import f_tail

LEVEL = 0.001  # how likely a place that is as asked gets any warning of a law at all


def verify(scenario: Scenario, destination: str, request: PlanRequest | None = None) -> Report:
    """Check a place against a scenario and the request it was written with; nothing is changed.

    ScenarioError where the scenario can't be planned, TargetError where the place can't be read.
    """
    expectation = Expectation(scenario, request or PlanRequest())
    plan = expectation.plan  # what is wrong with the scenario comes before what is wrong with the place
    with closing(open_reader(destination)) as place:
        return _verified(expectation, plan, place)


def _verified(expectation: Expectation, plan: Plan, place: TableReader) -> Report:
    tables = tables_of(plan)
    names = [name for name in plan.entities if name in (expectation.request.only or tables)]
    there = {name: counted(place, plan.entities[name], table) for name, table in tables.items()}
    spots = {name: look(found, expectation) for name, found in there.items() if found is not None}
    own = any(_paired(each) and expectation.depends_on_seed(name) for name, each in spots.items())
    findings: list[Finding] = []
    tests = max(sum(6 * len(tables[name].columns) for name in names), 1)
    for name in names:
        found = there[name]
        if found is None:
            what = f"no table {tables[name].name}"
            findings.append(Finding(name, (), "table", Status.BROKEN, tables[name].name, what))
        else:
            findings += _Entity(expectation, found, there, spots[name], own, LEVEL / tests).all()
    return Report(tuple(findings), LEVEL / tests)


def _paired(spots: Spots | Finding) -> bool:
    return isinstance(spots, Spots) and spots.paired


@dataclass(frozen=True)
class _Entity:
    """The verification of one entity that is there. `own`: the place holds rows that only the run's seed makes."""

    expectation: Expectation
    found: Found
    there: dict[str, Found | None]
    spots: Spots | Finding
    own: bool
    level: float

    def all(self) -> Iterator[Finding]:
        judge = Judge(self.expectation, self.found, _paired(self.spots), self.level)
        asked = self._asked()
        yield self._rows(asked)
        yield from check_columns(self.found)
        yield from check_not_null(self.found)
        yield from check_duplicates(self.found)
        yield from check_links(self.found, self.expectation.plan, self.there)
        yield from check_conditions(self.found)
        yield from check_ranges(self.found, self.expectation, self.found.rows if asked is None else asked)
        yield self.spots.finding(self.found.entity.name) if isinstance(self.spots, Spots) else self.spots
        if self.found.rows and self.found.entity.rows:
            yield from Distributions(judge).all()
            yield from self._counted(judge)

    def _asked(self) -> int | None:
        """How many rows were asked for; None where that depends on a seed that isn't known to be the run's."""
        return None if not self.own and self._drawn(self.found.entity.name) else self.found.entity.rows

    def _rows(self, asked: int | None) -> Finding:
        rows = self.found.rows
        if asked is None:
            return self._drawn_rows()
        return Finding(self.found.entity.name, (), "count", judged(rows == asked), f"{asked:,} rows", f"{rows:,} rows")

    def _drawn(self, name: str) -> bool:
        """Whether an entity's row count depends on the seed: it, or a parent it is counted by, draws numbers."""
        for link in self.expectation.plan.entities[name].links.values():
            if link.layout is not None:
                return isinstance(link.layout, DrawnCounts) or self._drawn(link.parent)
        return False

    def _drawn_rows(self) -> Finding:
        """A row count among those of other seeds (Student's t for one more observation)."""
        entity, rows = self.found.entity, self.found.rows
        plans = [self.expectation.again(number) for number in range(OTHER_SEEDS)]
        others = [plan.entities[entity.name].rows for plan in plans]
        mean = sum(others) / len(others)
        spread = sum((other - mean) ** 2 for other in others) / (len(others) - 1) * (1 + 1 / len(others))
        figure = (rows - mean) ** 2 / max(spread, 1e-9)
        p = f_tail(figure, 1, len(others) - 1)
        status = Status.WARNING if p < self.level else Status.OK
        if not rows and min(others):
            status = Status.BROKEN
        wanted = f"about {mean:,.0f} rows"
        return Finding(entity.name, (), "count", status, wanted, f"{rows:,} rows", "t", figure**0.5, p)

    def _counted(self, judge: Judge) -> Iterator[Finding]:
        for link in written_links(self.found):
            settled = self.found.entity.links[link.name]
            parent = self.there.get(settled.parent)
            if isinstance(settled.chooser, Counted) and parent is not None and set(link.to) <= parent.names:
                yield check_counted(judge, parent, link)
