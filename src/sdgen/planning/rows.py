"""How many rows each entity has, and how they are laid out over a parent's rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sdgen.errors import Path, Problem, ProblemType, ScenarioError, did_you_mean
from sdgen.generators import streams
from sdgen.generators.links.counts import ComputedCounts, EvenSpread, FixedCount, KnownCounts, Later, Layout
from sdgen.generators.links.parent_sampler import EachOf
from sdgen.planning.child_counts import drawn_counts, each_is_right, each_laid_out, law_faults
from sdgen.planning.choose import counting_link
from sdgen.planning.sequence_offsets import find_cycle
from sdgen.scenario.model import RowCount, Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.scenario.types import INTEGERS, NUMBERS

if TYPE_CHECKING:
    from sdgen.planning.parent_columns import ParentColumn, ParentColumns

MOST_ROWS = 1 << 40


class RowCounter:
    """Settles row counts on demand, parents first."""

    def __init__(
        self,
        scenario: Scenario,
        request: PlanRequest,
        seed: int,
        links: Mapping[str, Mapping[str, str]],
        problems: list[Problem],
        fixed_places: Mapping[str, tuple[int, ...]],
    ) -> None:
        self._scenario = scenario
        self._links = links
        self._request = request
        self._seed = seed
        self._problems = problems
        self._fixed_places = fixed_places
        self.counts: dict[str, int] = {}
        self.layouts: dict[str, Layout] = {}
        self.each: dict[str, dict[str, EachOf]] = {}

    def settle_all(self, columns: Callable[[], ParentColumns]) -> None:
        """Settle all counts. columns: those of parents that rows are counted by, asked for where there are any."""
        self._check_request()
        if any(_column_of(entity.rows) for entity in self._scenario.entities.values()):
            self._columns = columns()
        # Before anything is counted: counting asks for parents first, and in a cycle there is no first.
        cycle = find_cycle({name: self._before(name) for name in self._scenario.entities})
        if cycle:
            how = "per parent in a cycle" if find_cycle(self._parents) else "by columns that depend on them in a cycle"
            self._problem(cycle[0], f"rows are counted {how}: " + " → ".join(cycle), type=ProblemType.CYCLE)
            return
        for name in self._scenario.entities:
            self._settle(name)

    @cached_property
    def _parents(self) -> dict[str, list[str]]:
        """The entities that each one's rows are counted per."""
        entities = self._scenario.entities
        return {
            name: [parent for parent in (entity.rows.per, *entity.rows.each) if parent in entities]
            for name, entity in entities.items()
        }

    def _before(self, name: str) -> list[str]:
        """The entities whose rows must be settled before those of this one."""
        rows = self._scenario.entities[name].rows
        by_column = self._columns.entities((rows.per, _column_of(rows))) if _column_of(rows) else ()
        return [*self._parents[name], *sorted(by_column)]

    def _problem(self, entity: str, what: str, hint: str = "", type: ProblemType = ProblemType.ROWS) -> None:
        path: Path = ("entities", entity, "rows")
        self._problems.append(self._scenario.origin.problem(path, what, hint, type))

    def _check_request(self) -> None:
        for name in sorted({*self._request.rows, *self._request.only} - {"*"} - self._scenario.entities.keys()):
            hint = did_you_mean(name, self._scenario.entities)
            self._problems.append(
                Problem((), f"--rows or --only names the unknown entity {name!r}", hint, type=ProblemType.REFERENCE)
            )
        if not 0 < self._request.scale < float("inf"):
            self._problems.append(
                Problem((), f"the scale {self._request.scale:g} is no finite number above 0", type=ProblemType.VALUE)
            )
            self._request = replace(self._request, scale=1.0)  # counts that can be computed, for further problems

    def _asked(self, name: str) -> int | None:
        return self._request.asked(name, self._scenario.entities[name].rows)

    def _settle(self, name: str) -> int:
        if name in self.counts:
            return self.counts[name]
        self.counts[name] = 0
        rows = self._scenario.entities[name].rows
        self._check_form(name, rows)
        if rows.each:
            count = self._one_for_each(name, rows)
        else:
            count = self._counted_per(name, rows) if rows.per else self._plain(name, rows)
        if not self._request.adds_to(name):
            count = self._request.first(name)
        if count > MOST_ROWS:
            what = f"{count:,} rows are more than the {MOST_ROWS:,} an entity can have"
            self._problem(name, what, f"ask for at most {MOST_ROWS:,}")
            count = len(rows.fixed)  # those that are counted per row of it need not be counted
        if count < len(rows.fixed):
            self._problem(
                name,
                f"{len(rows.fixed)} fixed rows, but {count} rows in all",
                "count includes the fixed rows",
            )
        self.counts[name] = count
        return count

    def _check_form(self, name: str, rows: RowCount) -> None:
        """An empty table is one that is said to be: a count of zero is more often a mistake."""
        # Of one run, `--rows orders=0` is said by name, and meant.
        none = 0 in (rows.count, rows.total, rows.max)
        counted = rows.per or rows.each or rows.fixed or rows.count is not None
        if rows.empty and (counted or rows.total is not None):
            self._problem(name, "empty is true, and rows are asked for as well", "keep one of them")
        elif none and not rows.fixed and name not in self._request.rows:
            what = "no rows: a count must be above 0"
            self._problem(name, what, f"`rows: {{empty: true}}` means an empty table; for one run, --rows {name}=0")
        elif not (counted or rows.empty or self._asked(name) is not None):
            self._problem(name, "rows gives no count", "write `rows: 100`, or `rows: {empty: true}`")

    def _plain(self, name: str, rows: RowCount) -> int:
        if rows.share is not None:
            self._problem(name, "share speaks of rows that are one for each row of others", "add `each: <entity>`")
        if rows.counted_by or rows.law or rows.weight:
            what = f"count names a column, {rows.counted_by}," if rows.counted_by else "law and weight speak"
            what += " but rows are not counted per a parent" if rows.counted_by else " of rows per parent"
            self._problem(name, what, "add `per: <entity>`, or give a count")
        if any(value is not None for value in (rows.min, rows.max, rows.mean, rows.total)):
            self._problem(
                name,
                "min, max, mean and total speak of rows per parent",
                "add `per: <entity>`, or give a count",
            )
        first = self._request.first(name)
        return first + self._new(name, rows) if first else self._new(name, rows)

    def _one_for_each(self, name: str, rows: RowCount) -> int:
        if not each_is_right(name, rows, self._links[name], self._scenario.entities, self._problem):
            return self._request.first(name)
        counts = {parent: self._settle(parent) for parent in rows.each}
        count, self.each[name] = each_laid_out(name, rows, self._links[name], counts, self._request)
        return count

    def _new(self, name: str, rows: RowCount) -> int:
        """How many rows the run makes, the fixed ones that the target doesn't hold among them."""
        asked = self._asked(name)
        fixed = sum(place >= self._request.first(name) for place in self._fixed_places[name])
        # No order says which of the fixed rows to leave out. A count for all tables says nothing of them.
        if name in self._request.rows and 0 <= self._request.rows[name] < fixed:
            what = f"{self._request.rows[name]:,} rows are asked for, but {fixed:,} fixed rows come first"
            hint = f"ask for at least {fixed:,}, or take rows out of its list (--set entities.{name}.rows=…)"
            self._problem(name, what, hint)
        if asked is not None:
            return max(asked, fixed)
        if rows.number is None:
            return fixed
        # A small scale leaves a row of a table that has some.
        return max(self._scaled(rows.number), fixed, min(rows.number, 1))

    def _scaled(self, count: int) -> int:
        """A count times the scale."""
        # Beyond 2^53 a float skips whole numbers: what is too many is told in exact figures.
        scaled = count * self._request.scale if count < 1 << 53 else float("inf")
        return round(scaled) if scaled <= MOST_ROWS else int(count * Fraction(self._request.scale))

    def _counted_per(self, name: str, rows: RowCount) -> int:
        if rows.per not in self._scenario.entities:
            self._problem(
                name,
                f"rows are counted per unknown entity {rows.per!r}",
                did_you_mean(rows.per, self._scenario.entities),
                ProblemType.REFERENCE,
            )
            return 0
        if counting_link(rows, self._links[name]) is None:
            found = [link for link, parent in self._links[name].items() if parent == rows.per]
            hint = (
                f"add `via:` with one of {', '.join(found)}"
                if found
                else f"add a column with `generator: fk` to {rows.per}"
            )
            self._problem(
                name,
                f"rows are counted per {rows.per}, but {len(found)} foreign keys lead there",
                hint,
                ProblemType.REFERENCE,
            )
            return 0
        parents = self._settle(rows.per)
        layout = self._laid_out(name, rows, parents)
        if layout is None:
            return self._request.first(name)
        self.layouts[name] = layout
        return layout.total

    def _laid_out(self, name: str, rows: RowCount, parents: int) -> Layout | None:
        """The layout of the rows to be made: over the new parents where there are any, behind the rows there are."""
        first = self._request.first(name)
        children = self._request.existing[name].children if first else None
        known = None if children is None else KnownCounts(children)
        if not first or not self._request.adds_to(name):
            return known or self._layout(name, rows, parents)
        older = self._request.first(rows.per)
        skipped = older if parents > older else 0
        by_number = self._total(name, rows) is None  # each parent's count follows from its own number
        layout = self._layout(name, rows, parents if by_number else parents - skipped)
        if layout is None:
            return None
        # Where counts follow from parents' own numbers, new parents have the counts of a table that is made at once.
        base = int(layout.starts(np.array([skipped], dtype=np.int64))[0]) if by_number else 0
        first_parent = 0 if by_number else skipped
        if known is None and (base, first_parent) == (first, 0):
            return layout
        return Later(layout, first, base, first_parent, known, skipped)

    def _total(self, name: str, rows: RowCount) -> int | None:
        asked = self._asked(name)
        return asked if asked is not None else rows.total and self._scaled(rows.total)

    def _layout(self, name: str, rows: RowCount, parents: int) -> Layout | None:
        # The words in stream keys are in everybody's data, and are never renamed.
        key = streams.stream_key(self._seed, name, rows.per, "children")
        total = self._total(name, rows)
        forms = [form for form in (rows.count, rows.mean, rows.total) if form is not None]
        bounded = rows.min is not None or rows.max is not None
        firsts = rows.number is not None and rows.total is not None and len(forms) == 2
        faults = list(law_faults(rows))
        for what, hint in faults:
            self._problem(name, what, hint)
        if faults:
            return None
        if len(forms) + (bounded and rows.mean is None) != 1 + firsts:
            self._problem(name, "rows per parent need one of: count, min and max, mean, total")
            return None
        if total is not None and 1 in (rows.count, rows.max):
            return self._one_each(name, parents, total)
        if total is not None and rows.number and firsts:
            return self._first_ones(name, parents, total, rows.number)
        if total is not None:
            return self._spread(name, parents, total, key)
        if rows.counted_by:
            return self._by_column(name, rows, parents)
        if rows.number is not None:
            return FixedCount(parents, rows.number)
        return self._drawn(name, rows, parents, key)

    def _one_each(self, name: str, parents: int, total: int) -> Layout | None:
        """Where a parent has one row at the most, a count of rows is one of parents: the first ones have a row."""
        if total > parents:
            what = f"{total:,} rows, but at most one for each of {parents:,} parents"
            self._problem(name, what, f"ask for {parents:,} rows at the most, or for more parents")
            return None
        return FixedCount(total, 1)

    def _first_ones(self, name: str, parents: int, total: int, each: int) -> Layout | None:
        """So many rows for each of the first parents, until there are `total`."""
        if total % each or total > parents * each:
            what = f"{total:,} rows, {each:,} for each of the first parents, of which there are {parents:,}"
            hint = f"ask for a multiple of {each:,}, up to {parents * each:,}"
            self._problem(name, what, hint)
            return None
        return FixedCount(total // each, each)

    def _spread(self, name: str, parents: int, total: int, key: int) -> Layout | None:
        # The places where children begin are computed as parents times total, in 64 bits.
        if parents * total >= 1 << 62:
            self._problem(name, f"{total:,} rows over {parents:,} parents are too many to spread", "use min and max")
            return None
        if total and not parents:
            self._problem(name, f"{total:,} rows per parent, but the parent has no rows")
            return None
        return EvenSpread(parents, total, key)

    def _drawn(self, name: str, rows: RowCount, parents: int, key: int) -> Layout | None:
        weight = self._column(name, rows.per, rows.weight, parents, NUMBERS) if rows.weight else None
        if rows.weight and weight is None:
            return FixedCount(parents, 1)  # it is told what is wrong
        return self._tried(name, lambda: drawn_counts(rows, parents, key, weight))

    def _by_column(self, name: str, rows: RowCount, parents: int) -> Layout | None:
        """As many rows as a column of the parent says."""
        column = self._column(name, rows.per, rows.counted_by, parents, INTEGERS)
        if column is None:
            return FixedCount(parents, 1)
        return self._tried(name, lambda: ComputedCounts(parents, column))

    def _tried(self, name: str, lay_out: Callable[[], Layout]) -> Layout | None:
        try:
            return lay_out()
        except ScenarioError as error:
            for problem in error.problems:
                self._problem(name, problem.what, problem.hint)
            return None

    def _column(self, name: str, parent: str, column: str, parents: int, kinds: Collection[str]) -> ParentColumn | None:
        """The parent's column as a function of its row numbers; None where it can't be, which is told here or later."""
        types, known = self._columns.types, self._scenario.entities[parent].columns
        if column not in known:
            what = f"{parent} has no column {column!r} to count rows by"
            self._problem(name, what, did_you_mean(column, known), ProblemType.REFERENCE)
            return None
        type = types.get((parent, column))
        if type is not None and type.kind not in kinds:
            what = f"{parent}.{column} is {type}, not a {'whole ' if kinds is INTEGERS else ''}number"
            self._problem(name, what, "count rows by a column of numbers", ProblemType.TYPE)
            return None
        # The column may be computed from rows of other entities, whose counts must be known by then.
        for other in self._columns.entities((parent, column)):
            self._settle(other)
        return self._columns.column((parent, column))


def _column_of(rows: RowCount) -> str:
    """The parent's column that rows are counted by; "" where there is none."""
    return (rows.counted_by or rows.weight) if rows.per else ""
