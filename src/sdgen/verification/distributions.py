"""Are a column's values spread as the plan spreads them? A sample of the target is compared with samples of the plan.

The plan's rows are computed, so that every generator is covered without its distribution being known:

* under another seed, which tells whether the distribution is as asked. Rows that look at parents are no independent
  draws, so that a figure counts only if it stands out among those between datasets of different seeds;
* under the run's own seed, where the target holds those very rows: then nothing is left to chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.links.links import ForeignKey
from sdgen.generators.links.parent_sampler import Counted, EachOf, Link, Uniform, Zipf
from sdgen.planning.plan import Plan
from sdgen.planning.planned_rows import PlannedRows
from sdgen.planning.written_rows import WrittenRows
from sdgen.scenario.types import Type
from sdgen.targets.base import TableColumn
from sdgen.targets.csv_encoding import plain_text
from sdgen.verification.comparable import CATEGORIES, ORDERED, one_array
from sdgen.verification.expected import OTHER_SEEDS, SAMPLE, Expectation, is_independent, rows_of, sample_numbers
from sdgen.verification.findings import Finding, Status, StoredEntity
from sdgen.verification.links import WrittenLink, child_counts, written_links
from sdgen.verification.statistics import (
    TOO_FEW,
    Compare,
    Counts,
    Outcome,
    Sample,
    SampleComparison,
    compare_children,
    compare_counts,
    compare_ranks,
    compare_texts,
    compare_values,
    p_among,
)

MOST_PARENTS = 200  # links to more parents are compared by how many children each has
_COUNTED_ROWS = 2_000_000
_KEPT = 10_000  # rows of a sample that is kept for the next column
_ORDINARY = 2.0  # an inflation between seeds that independent rows stay below


@dataclass(frozen=True)
class Judge:
    """Makes findings of comparisons. `level`: a p-value below it is a warning.

    paired: the target holds the plan's very rows.
    """

    expectation: Expectation
    stored: StoredEntity
    paired: bool
    level: float

    @property
    def entity(self) -> str:
        return self.stored.entity.name

    def finding(
        self,
        columns: tuple[str, ...],
        check: str,
        there: Sample,
        draw: Callable[[Plan], Sample],
        compare: Compare,
        independent: bool = False,
    ) -> Finding:
        """Compare a sample of the target with samples of the plan that `draw` makes."""

        def finding(status: Status, compared: SampleComparison, p: float | None = None) -> Finding:
            outcome = compared.outcome
            figures = (outcome.method, outcome.figure, p) if outcome else ()
            return Finding(self.entity, columns, check, status, compared.expected, compared.found, *figures)

        # Rows that were changed after the run can look right by another seed, but not by their own.
        if self.paired:
            own = compare(there, draw(self.expectation.plan))
            if own.outcome and own.outcome.p < self.level:
                return finding(Status.WARNING, own, own.outcome.p)
        distribution = draw(self.expectation.again(0))
        compared = compare(there, distribution)
        if compared.outcome is None:
            same = compared.found and compared.expected == compared.found
            return finding(Status.OK, compared) if same else finding(Status.SKIPPED, TOO_FEW)
        p = compared.outcome.p
        # Only what looks wrong is worth the plans under other seeds that tell whether it is.
        if p < self.level:
            p = self._p_among_others(compared.outcome, draw, compare, independent)
        return finding(Status.WARNING if p < self.level else Status.OK, compared, p)

    def _p_among_others(
        self, outcome: Outcome, draw: Callable[[Plan], Sample], compare: Compare, independent: bool
    ) -> float:
        """The p-value of a figure among those between the rows of one seed and the rows of the next."""
        plans = [self.expectation.again(number) for number in range(OTHER_SEEDS + 1)]
        outcomes = [compare(one, two).outcome for one, two in pairwise(map(draw, plans))]
        others = [other.inflation if other else 0.0 for other in outcomes]
        same_rows = len({plan.entities[self.entity].rows for plan in plans}) == 1
        # Between independent rows of one count the test's own law holds, and is sharper than one of few comparisons.
        if independent and same_rows and sum(others) / len(others) < _ORDINARY:
            return outcome.p
        return p_among(outcome.inflation, others)


@dataclass(frozen=True)
class Distributions:
    """The comparisons of one entity. `judge.level` may be changed without reading the target again."""

    judge: Judge

    @cached_property
    def there(self) -> Mapping[str, pa.Array]:
        """A sample of the target's rows, column by column."""
        stored = self.judge.stored
        columns = ", ".join(stored.reader.selected(column) for column in stored.columns)
        one_in = -(-stored.rows // SAMPLE)
        source = stored.source if one_in <= 1 else stored.reader.sampled(stored.table, one_in)
        table = stored.reader.arrow(f"SELECT {columns} FROM {source}")
        return {column.name: one_array(table[column.name]) for column in stored.columns}

    def all(self) -> Iterator[Finding]:
        entity = self.judge.stored.entity
        moving = self.judge.expectation.moving[entity.name]
        for column in self.judge.stored.columns:
            if column.name in moving:
                what = "depends on the run's as_of: give --as-of"
                yield Finding(entity.name, (column.name,), "distribution", Status.SKIPPED, found=what)
            elif not isinstance(entity.columns[column.name].generator, ForeignKey):
                yield self._values(column)
            if column.nullable:
                yield self._nulls(column)
        for link in written_links(self.judge.stored):
            yield from self._link(link)

    def planned(self, plan: Plan, column: str) -> pa.Array:
        """A sample of a plan's values of one column."""
        return one_array(self._sample(plan).column(column))

    def _sample(self, plan: Plan) -> WrittenRows:
        """A sample of a plan's rows. Small ones are kept: what several columns are computed from is made once."""
        entity = self.judge.entity
        numbers = sample_numbers(plan.entities[entity].rows)
        if len(numbers) > _KEPT:
            return rows_of(plan, entity, numbers)
        # What columns share, such as a parent's rows, is computed once for all of them.
        return self._samples.setdefault(plan.seed, rows_of(plan, entity, numbers))

    @cached_property
    def _samples(self) -> dict[int, WrittenRows]:
        return {}

    def _values(self, column: TableColumn) -> Finding:
        entity, kind = self.judge.stored.entity, column.type.kind
        if kind not in ORDERED | CATEGORIES:
            what = f"values of type {kind} are not compared"
            return Finding(entity.name, (column.name,), "distribution", Status.SKIPPED, found=what)
        try:
            return self.judge.finding(
                (column.name,),
                "distribution",
                self.there[column.name],
                lambda plan: self.planned(plan, column.name),
                lambda one, two: compare_values(one, two, column.type),
                is_independent(entity, column.name),
            )
        except ValueError as error:
            what = str(error).partition("\n")[0]
            return Finding(entity.name, (column.name,), "types", Status.BROKEN, str(column.type), what)

    def _nulls(self, column: TableColumn) -> Finding:
        """The share of nulls: all rows of the target against a sample of the plan's."""
        stored = self.judge.stored
        nulls = stored.nulls[column.name]

        def draw(plan: Plan) -> Counts:
            values = self.planned(plan, column.name)
            return np.array([values.null_count, len(values) - values.null_count], dtype=np.int64)

        return self.judge.finding(
            (column.name,),
            "null share",
            np.array([nulls, stored.rows - nulls], dtype=np.int64),
            draw,
            lambda one, two: (
                compare_counts(one, two, ["null", "null or not:"])
                if one[0] + two[0]
                else SampleComparison(None, "null 0.00%", "null 0.00%")
            ),
            is_independent(stored.entity, column.name),
        )

    def _link(self, link: WrittenLink) -> Iterator[Finding]:
        """Each parent's share of the rows where parents are few; else how many children they have."""
        chooser, rows = self._planned(link).chooser, self._parents(self.judge.expectation.plan, link)
        if isinstance(chooser, Counted | EachOf):
            return
        if rows > MOST_PARENTS:
            yield self._occupancy(link)
        elif isinstance(chooser, Zipf) or not self._shared_keys(link):
            yield self._ranks(link)
        else:
            yield self._shares(link)

    def _plain(self, link: WrittenLink) -> bool:
        """Whether each row draws its parent by itself, and any seed draws all parents alike."""
        return isinstance(self._planned(link).chooser, Uniform)

    def _planned(self, link: WrittenLink) -> Link:
        return self.judge.stored.entity.links[link.name]

    def _parents(self, plan: Plan, link: WrittenLink) -> int:
        return plan.entities[self._planned(link).parent].clean_rows

    def _drawn(self, plan: Plan, link: WrittenLink) -> Counts:
        """The parents' row numbers of a sample of a plan's rows, those without a parent left out."""
        own = plan.entities[self.judge.entity]
        parents = PlannedRows(plan, own, sample_numbers(own.clean_rows)).parent(link.name)
        return parents.numbers if parents.missing is None else parents.numbers[~parents.missing]

    @cached_property
    def _parent_keys(self) -> dict[str, pa.Array]:
        """For each link the keys of the sample's parents, one text a row."""
        stored = self.judge.stored
        return {link.name: _keys(stored, self.there, link, link.columns) for link in written_links(stored)}

    def _children(self, link: WrittenLink) -> Counts:
        """How many of the sample's rows each parent has that has any."""
        each = pc.value_counts(self._parent_keys[link.name]).field("counts")
        counts: Counts = each.to_numpy(zero_copy_only=False)
        return counts

    def _occupancy(self, link: WrittenLink) -> Finding:
        """How many parents have how many children."""
        children = self._children(link)
        counts = np.bincount(children, minlength=1)
        # Parents without a child have no row to be counted by.
        counts[0] = max(self._parents(self.judge.expectation.plan, link) - len(children), 0)

        def draw(plan: Plan) -> Counts:
            return np.bincount(np.bincount(self._drawn(plan, link), minlength=self._parents(plan, link)))

        return self.judge.finding(link.columns, "distribution", counts, draw, compare_children, self._plain(link))

    def _ranks(self, link: WrittenLink) -> Finding:
        """The shares of the parents, the one with most rows first."""

        def draw(plan: Plan) -> Counts:
            return np.sort(np.bincount(self._drawn(plan, link)))[::-1]

        counts = np.sort(self._children(link))[::-1]
        return self.judge.finding(link.columns, "distribution", counts, draw, compare_ranks)

    def _shares(self, link: WrittenLink) -> Finding:
        """Each parent's share. Parents are the same under all seeds by their row numbers, not by their keys."""

        def draw(plan: Plan) -> pa.Array:
            keys, drawn = self._planned_keys(link), self._drawn(plan, link)
            return keys.take(pa.array(drawn[drawn < len(keys)]))

        return self.judge.finding(
            link.columns, "distribution", self._parent_keys[link.name], draw, compare_texts, self._plain(link)
        )

    def _planned_keys(self, link: WrittenLink) -> pa.Array:
        """The key of each parent of the plan. Rows beyond the last one have none: a permutation does not reach them."""
        parent = self.judge.expectation.plan.entities[self._planned(link).parent]
        known = min(4 * MOST_PARENTS, parent.clean_rows)
        rows = rows_of(self.judge.expectation.plan, parent.name, np.arange(known, dtype=np.int64))
        return _keys(self.judge.stored, {name: one_array(rows.column(name)) for name in link.to}, link, link.to)

    def _shared_keys(self, link: WrittenLink) -> bool:
        """Whether the target's parents have the keys that the plan's have."""
        known = pc.is_in(self._parent_keys[link.name], self._planned_keys(link))
        return bool(2 * (pc.sum(known).as_py() or 0) >= len(known))


def _keys(stored: StoredEntity, columns: Mapping[str, pa.Array], link: WrittenLink, names: Sequence[str]) -> pa.Array:
    """A link's columns as one text a row, rows without a parent left out."""
    types = [stored.entity.columns[name].type for name in link.columns]
    texts = [_key_texts(columns[name], type) for name, type in zip(names, types, strict=True)]
    return pc.binary_join_element_wise(*texts, " ").drop_null()


def _key_texts(array: pa.Array, type: Type) -> pa.Array:
    """A key column's values as texts that agree whichever target they are from."""
    return plain_text(cast_array(array, type, type.arrow), type)


def check_child_counts(judge: Judge, parent: StoredEntity, link: WrittenLink) -> Finding:
    """How many children the parents have that an entity's rows are counted by."""
    numbers = child_counts(judge.stored, parent, link)
    counts = np.zeros(max(numbers, default=0) + 1, dtype=np.int64)
    for children, parents in numbers.items():
        counts[children] = parents

    def draw(plan: Plan) -> Counts:
        own = plan.entities[judge.entity]
        read = min(own.clean_rows, _COUNTED_ROWS)
        of, _ = own.links[link.name].parents(np.arange(read, dtype=np.int64))
        parents = plan.entities[own.links[link.name].parent].clean_rows
        # The last parent that was read may have more children, behind the rows that were read.
        whole = parents if read == own.clean_rows else int(of[-1])
        return np.bincount(np.bincount(of[of < whole], minlength=whole))

    return judge.finding(link.columns, "distribution", counts, draw, compare_children)
