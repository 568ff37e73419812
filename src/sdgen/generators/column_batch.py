"""What a generator is told: its column, and some rows of it with their draws, other columns and parents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sdgen.generators import streams
from sdgen.generators.correlation import Correlation, Floats, Term, scores_at, words_of
from sdgen.generators.domains import permute_rows
from sdgen.generators.numbers.quantile_tables import normal_table
from sdgen.generators.streams import Numbers, Words
from sdgen.scenario.types import Type

T = TypeVar("T")
_SHARED = "*"  # stands where a column name would: no column may be called so


class Joint(Protocol):
    """A column's part in a unique set of columns: its indexes come from one permutation over all of them."""

    def indexes(self, numbers: Numbers) -> Numbers: ...


@dataclass(frozen=True)
class ColumnContext:
    """What the plan settled about one column, and the generator may know.

    `rows` is the entity's row count: it may decide whether a unique column is possible, never what a cell holds
    (but for its power of ten, where a docstring says so).
    """

    seed: int
    entity: str
    column: str
    type: Type
    # What a cell holds must not depend on the row count, or a longer table would not begin with the shorter one.
    rows: int
    as_of: datetime
    locale: str = "en"
    unique: bool = False
    joint: Joint | None = None
    correlation: Correlation | None = None
    locale_part: tuple[int, int] = (0, 1)  # which of a scenario's locales this is, and how many there are


class Rows(Protocol):
    """Some rows of one entity, by row number; columns and parents are computed when asked for, once."""

    @property
    def entity(self) -> str: ...

    @property
    def numbers(self) -> Numbers: ...

    @property
    def missing(self) -> NDArray[np.bool_] | None:
        """Which of these rows there are not, as parents of rows without one; None where there are all."""
        ...

    def column(self, name: str) -> pa.Array:
        """The column's values at these rows, in the Arrow type of its column type."""
        ...

    def parent(self, link: str) -> Rows:
        """The parent rows of these rows through a link (a foreign key column's name)."""
        ...

    def parent_numbers(self, link: str) -> Numbers:
        """The parents' row numbers; a row without a parent has any number, and is null in `missing`."""
        ...

    def child_counts(self, entity: str) -> Numbers:
        """How many children each of these rows has in an entity that counts its rows per this one."""
        ...

    def children(self, entity: str, start: int, stop: int) -> Rows:
        """The children of all these rows, in the rows' order, from the start-th (included) to the stop-th."""
        ...

    def others(self, entity: str, pick: Callable[[int], Numbers]) -> Rows:
        """Rows of any entity: those that `pick` names, told how many there are."""
        ...

    def shared(self, name: str, compute: Callable[[], T]) -> T:
        """What `compute` returns for these rows, done once for all columns that ask for that name."""
        ...

    def scores(self, column: str) -> NDArray[np.float64]:
        """Normal scores of the draws behind a column that others may be correlated with."""
        ...

    def at(self, numbers: Numbers) -> Rows:
        """Other rows of the same entity."""
        ...

    def distinct(self) -> tuple[Rows, Numbers | None]:
        """Rows in which these are computed, without repetitions, and each row's place there (None: they are these)."""
        ...

    def ordinals(self, link: str) -> Numbers:
        """Each row's place among its parent's children, from 0; only for a link that rows are counted by."""
        ...


@dataclass(frozen=True, eq=False)
class ChosenRows:
    """Some rows of others, by their places, each as often as its place is named: they take what is computed there."""

    outer: Rows
    chosen: Numbers
    _shared: dict[str, Any] = field(default_factory=dict)
    _columns: dict[str, pa.Array] = field(default_factory=dict)

    @property
    def entity(self) -> str:
        return self.outer.entity

    @property
    def numbers(self) -> Numbers:
        return self.shared("numbers", lambda: self.outer.numbers[self.chosen])

    @property
    def missing(self) -> NDArray[np.bool_] | None:
        return None if self.outer.missing is None else self.outer.missing[self.chosen]

    def column(self, name: str) -> pa.Array:
        if name not in self._columns:
            self._columns[name] = self.outer.column(name).take(pa.array(self.chosen))
        return self._columns[name]

    def parent(self, link: str) -> Rows:
        parent: Rows = self.shared(f"parent {link}", lambda: ChosenRows(self.outer.parent(link), self.chosen))
        return parent

    def parent_numbers(self, link: str) -> Numbers:
        return self.outer.parent_numbers(link)[self.chosen]

    def child_counts(self, entity: str) -> Numbers:
        return self.outer.child_counts(entity)[self.chosen]

    def children(self, entity: str, start: int, stop: int) -> Rows:
        # Children are counted over these rows alone, and lie in their order.
        return self.outer.at(self.numbers).children(entity, start, stop)

    def others(self, entity: str, pick: Callable[[int], Numbers]) -> Rows:
        return self.outer.others(entity, pick)

    def scores(self, column: str) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = self.outer.scores(column)[self.chosen]
        return scores

    def at(self, numbers: Numbers) -> Rows:
        return self.outer.at(numbers)

    def shared(self, name: str, compute: Callable[[], T]) -> T:
        if name not in self._shared:
            self._shared[name] = compute()
        found: T = self._shared[name]
        return found

    def distinct(self) -> tuple[Rows, Numbers | None]:
        rows, places = self.outer.distinct()
        return rows, self.chosen if places is None else places[self.chosen]

    def ordinals(self, link: str) -> Numbers:
        return self.outer.ordinals(link)[self.chosen]


class RanksDraws(Protocol):
    """What correlation asks of a generator."""

    def ranks(self, cells: ColumnBatch) -> NDArray[np.float64]:
        """The rank of each draw among all draws, in [0, 1]."""
        ...


@dataclass(frozen=True)
class ColumnBatch:
    """The cells a generator is to fill: one column at some rows."""

    rows: Rows
    facts: ColumnContext
    # Streams of a part of a column (an element, a field) begin with the part's
    # purpose, so that parts are drawn apart.
    purpose: str = ""
    numbers_override: Numbers | None = field(default=None, repr=False)
    elements: str = ""  # the purpose of the array or map whose elements these are, all of whose fields belong together

    @property
    def numbers(self) -> Numbers:
        return self.rows.numbers if self.numbers_override is None else self.numbers_override

    def __len__(self) -> int:
        return len(self.numbers)

    def key(self, purpose: str) -> int:
        """The key of this column's stream for a purpose."""
        # Purposes are part of everybody's data: a purpose that is renamed gives other values.
        facts = self.facts
        return streams.stream_key(facts.seed, facts.entity, facts.column, self.purpose + purpose)

    def draw(self, purpose: str = "value") -> Words:
        """One 64-bit word per row, different for each purpose; that of a correlated column's values follows others."""
        if purpose == "value" and self.correlated:
            return words_of(self.rows.scores(self.facts.column))
        return streams.draw(self.key(purpose), self.numbers)

    @property
    def correlated(self) -> bool:
        """Whether values must rise with their draws, which follow other columns'."""
        # Parts of a column are never correlated: it is the whole column that other columns follow.
        return self.facts.correlation is not None and not self.purpose

    def scores(self, generator: RanksDraws) -> NDArray[np.float64]:
        """The normal scores of this column's draws, `generator` being what makes its values of them."""
        # A followed column keeps its cells; its score is told from the draw that it has anyway.
        if self.facts.correlation is None:
            return scores_at(generator.ranks(self))
        return correlated_scores(self, streams.draw(self.key("value"), self.numbers), self.facts.correlation)

    def unit(self, purpose: str = "value") -> NDArray[np.float64]:
        """One float in [0, 1) per row."""
        return streams.unit(self.draw(purpose))

    def below(self, size: int, purpose: str = "value") -> Numbers:
        """One whole number in [0, size) per row."""
        return streams.below(self.draw(purpose), size)

    def indexes(self, size: int, purpose: str = "value") -> Numbers:
        """Indexes into a domain: drawn, or permuted from the row numbers where the column must be unique."""
        if self.facts.joint is not None:
            # A set of columns is unique together: the set's own permutation gives each of them its index.
            return self.facts.joint.indexes(self.numbers)
        if self.facts.unique:
            # A permutation of the row numbers and not a set of seen values: unique
            # at any size, with nothing remembered.
            return permute_rows(self.key(purpose), self.numbers, size)
        return self.below(size, purpose)

    def family_key(self, family: str, who: str) -> int:
        """The key of a stream that all columns of one family and one `who` of an entity share."""
        # Elements of an array have numbers of their own, which would else be taken for row numbers, and
        # be given the person of another row.
        apart = () if self.numbers is self.rows.numbers else (self.facts.column, self.elements)
        return streams.stream_key(self.facts.seed, self.facts.entity, _SHARED, family, who, *apart)

    def column(self, name: str) -> pa.Array:
        """Another column of the same rows."""
        return self.rows.column(name)

    def inner(self, purpose: str, type: Type, numbers: Numbers | None = None) -> ColumnBatch:
        """The batch of a part of this column (an array's elements, a struct's field), with streams of their own."""
        facts = ColumnContext(
            seed=self.facts.seed,
            entity=self.facts.entity,
            column=self.facts.column,
            type=type,
            rows=self.facts.rows,
            as_of=self.facts.as_of,
            locale=self.facts.locale,
        )
        inside = f"{self.purpose}{purpose}/"
        if numbers is None:
            return ColumnBatch(self.rows, facts, inside, self.numbers, self.elements)
        return ColumnBatch(self.rows, facts, inside, numbers, inside)


def correlated_scores(cells: ColumnBatch, words: Words, correlation: Correlation) -> Floats:
    """The scores of a correlated column, `words` being draws of its own."""
    # Scores come from the table of the normal law, so that sums are of + - * alone and the same on every machine.
    scores = normal_table().draw(words)
    # The weights leave the sum with the variance 1, so that the column's own law stays what it was.
    scores *= correlation.own
    for term in correlation.terms:
        scores += _others(cells, term) * term.weight
    return scores


def _others(cells: ColumnBatch, term: Term) -> Floats:
    """Another column's scores. A row without a parent has one of its own, so that the sum stays normal."""
    if not term.link:
        return cells.rows.scores(term.column)
    parent = cells.rows.parent(term.link)
    scores = parent.scores(term.column)
    if parent.missing is None:
        return scores
    # A row without a parent would else have a score of smaller variance, and its law would be narrower.
    alone = normal_table().draw(cells.draw(f"correlate {term.link}.{term.column}"))
    return np.where(parent.missing, alone, scores)
