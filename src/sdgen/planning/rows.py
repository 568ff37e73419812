"""How many rows each entity has, and how they are laid out over a parent's rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from math import exp

import numpy as np

from sdgen.errors import Path, Problem, ProblemType, did_you_mean
from sdgen.generators import streams
from sdgen.generators.links.counts import DrawnCounts, EvenSpread, FixedCount, KnownCounts, Later, Layout
from sdgen.generators.links.parent_sampler import EachOf
from sdgen.generators.numbers.alias_tables import alias_table
from sdgen.planning.order import find_cycle
from sdgen.scenario.model import RowCount, Scenario
from sdgen.scenario.request import PlanRequest

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

    def settle_all(self) -> None:
        self._check_request()
        cycle = find_cycle({name: self._per(name) for name in self._scenario.entities})
        if cycle:
            self._problem(
                cycle[0], "rows are counted per parent in a cycle: " + " → ".join(cycle), type=ProblemType.CYCLE
            )
            return
        for name in self._scenario.entities:
            self._settle(name)

    def _per(self, name: str) -> list[str]:
        rows = self._scenario.entities[name].rows
        return [parent for parent in (rows.per, *rows.each) if parent in self._scenario.entities]

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
        if name in self._request.rows and 0 <= self._request.rows[name] < fixed:
            what = f"{self._request.rows[name]:,} rows are asked for, but {fixed:,} fixed rows come first"
            hint = f"ask for at least {fixed:,}, or take rows out of its list (--set entities.{name}.rows=…)"
            self._problem(name, what, hint)
        if asked is not None:
            return max(asked, fixed)
        if rows.count is None:
            return fixed
        return max(self._scaled(rows.count), fixed, min(rows.count, 1))

    def _scaled(self, count: int) -> int:
        """A count times the scale."""
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
        base = int(layout.starts(np.array([skipped], dtype=np.int64))[0]) if by_number else 0
        first_parent = 0 if by_number else skipped
        if known is None and (base, first_parent) == (first, 0):
            return layout
        return Later(layout, first, base, first_parent, known, skipped)

    def _total(self, name: str, rows: RowCount) -> int | None:
        asked = self._asked(name)
        return asked if asked is not None else rows.total and self._scaled(rows.total)

    def _layout(self, name: str, rows: RowCount, parents: int) -> Layout | None:
        key = streams.stream_key(self._seed, name, rows.per, "children")
        total = self._total(name, rows)
        forms = [form for form in (rows.count, rows.mean, rows.total) if form is not None]
        bounded = rows.min is not None or rows.max is not None
        firsts = rows.count is not None and rows.total is not None and len(forms) == 2
        if len(forms) + (bounded and rows.mean is None) != 1 + firsts:
            self._problem(name, "rows per parent need one of: count, min and max, mean, total")
            return None
        if total is not None and 1 in (rows.count, rows.max):
            return self._one_each(name, parents, total)
        if total is not None and rows.count and firsts:
            return self._first_ones(name, parents, total, rows.count)
        if total is not None:
            return self._spread(name, parents, total, key)
        if rows.count is not None:
            return FixedCount(parents, rows.count)
        return self._drawn(name, rows, parents, key)

    def _one_each(self, name: str, parents: int, total: int) -> Layout | None:
        """Where a parent has one row at the most, a count of rows is one of parents: the first ones have a row."""
        if total > parents:
            self._problem(name, f"{total:,} rows, but at most one for each of {parents:,} parents")
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
        if parents * total >= 1 << 62:
            self._problem(name, f"{total:,} rows over {parents:,} parents are too many to spread", "use min and max")
            return None
        if total and not parents:
            self._problem(name, f"{total:,} rows per parent, but the parent has no rows")
            return None
        return EvenSpread(parents, total, key)

    def _drawn(self, name: str, rows: RowCount, parents: int, key: int) -> Layout | None:
        low = rows.min or 0
        if rows.mean is not None:
            high = rows.max if rows.max is not None else round(rows.mean + 10 * rows.mean**0.5 + 10)
        elif rows.max is not None:
            high = rows.max
        else:
            self._problem(name, "min without max", "give the most rows a parent has as max")
            return None
        if low > high:
            self._problem(name, f"min is {low}, above max, which is {high}")
            return None
        if rows.mean is None:
            return DrawnCounts(parents, low, high, key)
        if rows.mean > 500:
            self._problem(name, f"a mean of {rows.mean:g} rows per parent is too large to draw", "use min and max")
            return None
        return DrawnCounts(parents, low, high, key, alias_table(_poisson(rows.mean, low, high)))


def _poisson(mean: float, low: int, high: int) -> list[float]:
    """The Poisson law's probabilities of low … high, rounded so that they are the same everywhere."""
    shares = []
    share = exp(-mean)
    for number in range(high + 1):
        if number:
            share *= mean / number
        if number >= low:
            shares.append(float(f"{share:.12g}"))
    return shares


def counting_link(rows: RowCount, links: Mapping[str, str]) -> str | None:
    """The link through which rows are counted per parent; None where it isn't clear which."""
    found = [link for link, parent in links.items() if parent == rows.per and rows.via in ("", link)]
    return found[0] if len(found) == 1 else None


# Takes an entity, what is wrong with its rows, a hint, and what sort of problem it is.
Refuse = Callable[[str, str, str, ProblemType], None]


def each_links(rows: RowCount, links: Mapping[str, str]) -> dict[str, str]:
    """The link that leads to each entity of `each`; entities that none or several lead to are left out."""
    found = {parent: [link for link, there in links.items() if there == parent] for parent in rows.each}
    return {parent: names[0] for parent, names in found.items() if len(names) == 1}


def each_is_right(name: str, rows: RowCount, links: Mapping[str, str], entities: Iterable[str], refuse: Refuse) -> bool:
    """Whether rows can be laid out so; what is wrong otherwise is told."""
    known = each_links(rows, links)
    before = len(known)
    if any((rows.count, rows.per, rows.min, rows.max, rows.mean, rows.total, rows.fixed)):
        refuse(name, "each takes only share beside it", "leave count, per and fixed out", ProblemType.ROWS)
        before = -1
    for parent in rows.each:
        if parent not in entities:
            what = f"rows are one for each of the unknown entity {parent!r}"
            refuse(name, what, did_you_mean(parent, entities), ProblemType.REFERENCE)
        elif parent not in known:
            count = sum(there == parent for there in links.values())
            hint = f"add a column with `generator: fk` to {parent}" if not count else "keep one of them"
            refuse(
                name,
                f"rows are one for each of {parent}, but {count} foreign keys lead there",
                hint,
                ProblemType.REFERENCE,
            )
    return before == len(rows.each)


def each_laid_out(
    name: str, rows: RowCount, links: Mapping[str, str], counts: Mapping[str, int], request: PlanRequest
) -> tuple[int, dict[str, EachOf]]:
    """How many rows there are, and how each link finds its parents: first the rows of the first entity, and so on.

    Rows that are there already stay with their parents; the run's rows belong to those parents that it makes.
    """
    start = request.first(name)
    found = {}
    for parent, link in each_links(rows, links).items():
        older = request.first(parent)
        found[link] = EachOf(start, counts[parent] - older, older)
        start += counts[parent] - older
    new = start - request.first(name)
    asked = request.rows.get(name)
    whole = asked if asked is not None else round(new / (rows.share or 1))
    return request.first(name) + max(new, whole), found
