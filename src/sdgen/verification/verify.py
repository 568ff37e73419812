"""Does a target hold what a scenario describes? Constraints are checked on all rows, distributions on samples.

counts, duplicates, orphans, nulls, ranges, numbers of children    broken where they don't hold
distributions, shares of nulls, the very rows of the plan          a warning where they don't
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace

from sdgen.databases.table_reader import TableReader
from sdgen.execution.destinations import open_reader
from sdgen.generators.links.counts import SummedCounts
from sdgen.generators.links.links import Parent
from sdgen.generators.links.parent_sampler import Counted
from sdgen.planning.plan import Plan
from sdgen.scenario.model import Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.targets.tables import tables_of
from sdgen.verification.constraints import (
    check_columns,
    check_conditions,
    check_duplicates,
    check_not_null,
    check_ranges,
)
from sdgen.verification.distributions import Distributions, Judge, check_child_counts
from sdgen.verification.expected import OTHER_SEEDS, Expectation
from sdgen.verification.findings import Finding, Report, Status, StoredEntity, count_stored, status_of
from sdgen.verification.links import check_links, written_links
from sdgen.verification.sampled_rows import SampledRows, compare_sampled_rows
from sdgen.verification.statistics import f_tail

_SEES_DIRT = ("foreign key", "copy", "children", "range", "check", "partial unique", "distribution")
_SEES_TRIGGERS = ("range", "length", "copy", "distribution", "null share")
_SEES_COPIES = ("children", "partial unique", "distribution")
LEVEL = 0.001  # how likely a correct target gets any warning of a distribution at all


def verify(scenario: Scenario, destination: str, request: PlanRequest | None = None) -> Report:
    """Check a target against a scenario and the request it was written with; nothing is changed.

    ScenarioError where the scenario can't be planned, TargetError where the target can't be read.
    """
    expectation = Expectation(scenario, request or PlanRequest())
    plan = expectation.plan  # what is wrong with the scenario comes before what is wrong with the target
    with closing(open_reader(destination)) as reader:
        return _verify(expectation, plan, reader)


def _verify(expectation: Expectation, plan: Plan, reader: TableReader) -> Report:
    tables = tables_of(plan)
    names = [name for name in plan.entities if name in (expectation.request.only or tables)]
    stored_by_name = {name: count_stored(reader, plan.entities[name], table) for name, table in tables.items()}
    sampled = {
        name: compare_sampled_rows(stored, expectation) for name, stored in stored_by_name.items() if stored is not None
    }
    # Sequences and fixed rows are the same under every seed, and prove nothing about the run's.
    own = any(_is_paired(each) and expectation.depends_on_seed(name) for name, each in sampled.items())
    findings: list[Finding] = []
    # The level is shared by all tests there may be (Bonferroni), so that a right target is rarely warned of.
    tests = max(sum(6 * len(tables[name].columns) for name in names), 1)
    for name in names:
        stored = stored_by_name[name]
        if stored is None:
            what = f"no table {tables[name].name}"
            findings.append(Finding(name, (), "table", Status.BROKEN, tables[name].name, what))
        else:
            findings += _Entity(expectation, stored, stored_by_name, sampled[name], own, LEVEL / tests).all()
    return Report(tuple(findings), LEVEL / tests)


def _is_paired(sampled: SampledRows | Finding) -> bool:
    return isinstance(sampled, SampledRows) and sampled.paired


@dataclass(frozen=True)
class _Entity:
    """The verification of one stored entity. `own`: the target holds rows that only the run's seed makes."""

    expectation: Expectation
    stored: StoredEntity
    stored_by_name: dict[str, StoredEntity | None]
    sampled: SampledRows | Finding
    own: bool
    level: float

    def all(self) -> Iterator[Finding]:
        for finding in self._checks():
            skipped = self._is_dirt(finding) or self._is_set(finding)
            yield replace(finding, status=Status.SKIPPED) if skipped else finding

    def _is_set(self, finding: Finding) -> bool:
        """Whether what looks wrong is in columns that triggers of the database set."""
        wrong = finding.status not in (Status.OK, Status.SKIPPED) and finding.check in _SEES_TRIGGERS
        return wrong and {*finding.columns} <= self.stored.set_by_triggers

    def _is_dirt(self, finding: Finding) -> bool:
        """Whether what looks wrong may be the plan's own dirt. The very rows are compared with it as they are."""
        if finding.status in (Status.OK, Status.SKIPPED) or finding.check not in _SEES_DIRT:
            return False
        entities, own = self.expectation.plan.entities, self.stored.entity
        if finding.check == "copy":  # of a parent's column, which is dirty itself
            copied = entities[own.name].columns[finding.columns[0]].generator
            if isinstance(copied, Parent) and copied.link in own.links:
                parent = entities[own.links[copied.link].parent].dirt
                if parent is not None and copied.column in parent.touched:
                    return True
        keys = [key for key in own.foreign_keys if finding.check in ("foreign key", "children")]
        parents = ((entities[key.entity].dirt, set(key.to)) for key in keys if set(key.columns) & {*finding.columns})
        if any(dirt is not None and dirt.altered & to for dirt, to in parents):
            return True
        copies = own.dirt is not None and own.dirt.copies and finding.check in _SEES_COPIES
        return own.dirt is not None and bool(copies or own.dirt.touched & {*finding.columns})

    def _checks(self) -> Iterator[Finding]:
        judge = Judge(self.expectation, self.stored, _is_paired(self.sampled), self.level)
        expected = self._expected_rows()
        if self._is_filled or self._has_others:
            yield self._rows(expected) if self._is_filled else self._rows_beside_others()
            yield from self._of_any_origin()
            return
        yield self._rows(expected)
        yield from check_columns(self.stored)
        yield from check_not_null(self.stored)
        yield from check_duplicates(self.stored)
        yield from self._links()
        yield from check_conditions(self.stored)
        yield from check_ranges(self.stored, self.expectation, self.stored.rows if expected is None else expected)
        yield self.sampled.finding(self.stored.entity.name) if isinstance(self.sampled, SampledRows) else self.sampled
        if self.stored.rows and self.stored.entity.rows:
            yield from Distributions(judge).all()
            yield from self._child_counts(judge)

    @property
    def _has_others(self) -> bool:
        """Whether the schema's own rows are there besides: then any row may be one of those."""
        name, rows = self.stored.entity.name, self.stored.rows
        alone = rows == self.stored.entity.rows and not (isinstance(self.sampled, SampledRows) and self.sampled.lacks)
        return name in self.expectation.scenario.origin.filled and not alone

    def _rows_beside_others(self) -> Finding:
        planned, rows = self.stored.entity.rows, self.stored.rows
        others = f"{rows:,} rows, the schema's own among them"
        return Finding(
            self.stored.entity.name, (), "count", status_of(rows >= planned), f"{planned:,} rows or more", others
        )

    def _of_any_origin(self) -> Iterator[Finding]:
        """What every row keeps, whoever wrote it."""
        yield from check_columns(self.stored)
        yield from check_not_null(self.stored)
        yield from check_duplicates(self.stored, of_any_origin=True)
        yield from (each for each in self._links() if each.check == "foreign key")
        yield from check_conditions(self.stored)
        what = "the rows of its trigger" if self._is_filled else "the schema's own rows are among them"
        yield Finding(self.stored.entity.name, (), "same rows", Status.SKIPPED, found=what)

    def _links(self) -> Iterator[Finding]:
        """Orphans, copies, and numbers of children, where no parent is a row of the schema's own, which has none."""
        filled = self.expectation.scenario.origin.filled
        counted_by = {link.parent for link in self.stored.entity.links.values() if link.layout is not None}
        for finding in check_links(self.stored, self.expectation.plan, self.stored_by_name):
            if finding.check != "children" or not counted_by & filled:
                yield finding

    @property
    def _is_filled(self) -> bool:
        """Whether triggers of the table's database fill it, and the run makes no rows of it."""
        entity = self.stored.entity
        return not entity.rows and any("filled_by" in facts for facts in entity.target.values())

    def _expected_rows(self) -> int | None:
        """How many rows there should be; None where that depends on a seed that isn't known to be the run's."""
        if self._is_filled:
            return self.stored.rows
        return None if not self.own and self._draws_count(self.stored.entity.name) else self.stored.entity.rows

    def _rows(self, expected: int | None) -> Finding:
        rows = self.stored.rows
        if expected is None:
            return self._row_count_among_seeds()
        wanted = "those of its trigger" if self._is_filled else f"{expected:,} rows"
        return Finding(self.stored.entity.name, (), "count", status_of(rows == expected), wanted, f"{rows:,} rows")

    def _draws_count(self, name: str) -> bool:
        """Whether an entity's row count depends on the seed: it, or a parent it is counted by, draws numbers."""
        for link in self.expectation.plan.entities[name].links.values():
            if link.layout is not None:
                return isinstance(link.layout, SummedCounts) or self._draws_count(link.parent)
        return False

    def _row_count_among_seeds(self) -> Finding:
        """A row count among those of other seeds (Student's t for one more observation)."""
        entity, rows = self.stored.entity, self.stored.rows
        plans = [self.expectation.again(number) for number in range(OTHER_SEEDS)]
        others = [plan.entities[entity.name].rows for plan in plans]
        mean = sum(others) / len(others)
        spread = sum((other - mean) ** 2 for other in others) / (len(others) - 1) * (1 + 1 / len(others))
        figure = (rows - mean) ** 2 / max(spread, 1e-9)
        p = f_tail(figure, 1, len(others) - 1)
        status = Status.WARNING if p < self.level else Status.OK
        # An empty table is no matter of chance where no seed leaves it empty.
        if not rows and min(others):
            status = Status.BROKEN
        expected = f"about {mean:,.0f} rows"
        return Finding(entity.name, (), "count", status, expected, f"{rows:,} rows", "t", figure**0.5, p)

    def _child_counts(self, judge: Judge) -> Iterator[Finding]:
        for link in written_links(self.stored):
            planned = self.stored.entity.links[link.name]
            parent = self.stored_by_name.get(planned.parent)
            if isinstance(planned.chooser, Counted) and parent is not None and set(link.to) <= parent.names:
                yield check_child_counts(judge, parent, link)
