"""What a generator is, and what it is told.

A generator's class lists its params as fields; an instance is one column's choice of them. `values(cells)` computes the
column at any row numbers, from the cells' draws, other columns of the same rows, and columns of their parents.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from sdgen.generators import streams
from sdgen.generators.correlation import Correlation, correlated_scores, scores_at, words_of
from sdgen.generators.domains import Domain, permute
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
    rows: int
    as_of: datetime
    locale: str = "en"
    unique: bool = False
    joint: Joint | None = None
    correlation: Correlation | None = None
    locale_part: tuple[int, int] = (0, 1)  # which of a scenario's locales this is, and how many there are


@dataclass(frozen=True)
class ParamError:
    """A param that can't be right: which one ("" for the generator as a whole), what is wrong, and a hint."""

    param: str
    what: str
    hint: str = ""


@dataclass(frozen=True)
class Dependency:
    """A column that must be computable first: of the same row, of the parent's through a link, or of the children's.

    An empty column needs the rows alone, not what they hold. entity: another one, any of whose rows are taken. param,
    line: where in the params it is named.
    """

    column: str
    link: str = ""
    children: str = ""
    entity: str = ""
    param: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)


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

    def ordinals(self, link: str) -> Numbers:
        """Each row's place among its parent's children, from 0; only for a link that rows are counted by."""
        ...


@dataclass(frozen=True)
class ColumnBatch:
    """The cells a generator is to fill: one column at some rows."""

    rows: Rows
    facts: ColumnContext
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
        return self.facts.correlation is not None and not self.purpose

    def scores(self, generator: Generator) -> NDArray[np.float64]:
        """The normal scores of this column's draws, `generator` being what makes its values of them."""
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
            return self.facts.joint.indexes(self.numbers)
        if self.facts.unique:
            return permute(self.key(purpose), self.numbers, size)
        return self.below(size, purpose)

    def family_key(self, family: str, who: str) -> int:
        """The key of a stream that all columns of one family and one `who` of an entity share."""
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


class Generator(BaseModel):
    """Makes a column's values. Subclasses list their params as fields and say what they make.

    names: the registered type names of the class. A class that serves several (`person.email`, `person.full_name`)
           finds the one it was made for in `called`.
    fits:  the kinds of column types it can fill; conversion to the column's exact type is the engine's.
    about: what is made under each name, where a class serves several; its other names are spellings of these.
    rises: whether a value never falls as the draw for it rises, in columns that aren't unique: what correlation takes.
           Where that holds for `cells.correlated` columns alone, `ranks` tells how it is in others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    version: ClassVar[int] = 1
    how_unique: ClassVar[str] = "use a generator with a domain, such as sequence, uuid4 or pattern"
    fits: ClassVar[frozenset[str]] = frozenset()
    example: ClassVar[str] = ""
    about: ClassVar[Mapping[str, str]] = {}
    rises: ClassVar[bool] = False
    reads_sources: ClassVar[bool] = False  # whether `with_sources` is to be called

    by_locale: ClassVar[bool] = False  # whether values are written in the scenario's locale

    _called: str = ""

    @property
    def called(self) -> str:
        """The registered name this instance was made under."""
        return self._called

    @property
    def counted_by(self) -> str:
        """The link that the entity's rows must be counted by, since a row's place among its siblings is used."""
        return str(getattr(self, "per", ""))

    @property
    def gives_null(self) -> bool:
        """Whether the params ask for nulls: a null among listed values, or states without a value."""
        return False

    @property
    def decides_nulls(self) -> bool:
        """Whether its nulls mean something, so that a nullable column has no others unless it asks for them."""
        return False

    @property
    def passes_null(self) -> bool:
        """Whether a value is null in every row where a needed column is."""
        return False

    @property
    def may_be_null(self) -> bool:
        """Whether nulls can come about where none are asked for and no needed column has any."""
        return self.gives_null

    def natural(self) -> Type:
        """The type a column gets where it names none."""
        raise NotImplementedError

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        """The type a column gets where it names none, given the types of the columns in `needs`.

        ValueError where those types can't be combined as the params ask.
        """
        return self.natural()

    def arrow(self, type: Type) -> pa.DataType:
        """The Arrow type that carries a column of `type`: a dictionary of it where few values are repeated."""
        return type.arrow

    def resolved(self, links: Mapping[str, str]) -> Generator:
        """This generator with its references to parents settled; `links` maps each link to its parent entity.

        ValueError says which reference is unknown or ambiguous.
        """
        return self

    def needs(self) -> tuple[Dependency, ...]:
        """The columns whose values these depend on."""
        return ()

    def with_sources(self, sources: Mapping[Dependency, Generator]) -> Generator:
        """This generator with those of the columns in `needs`, as far as there are any."""
        return self

    def known_terms(self, links: Mapping[str, str]) -> Collection[str]:
        """What the names in the params may stand for besides columns of the row: for hints where one is unknown."""
        return ()

    def ranks(self, cells: ColumnBatch) -> NDArray[np.float64]:
        """Uniform numbers in [0, 1) that rise with the values of a column that is not correlated itself."""
        return cells.unit()

    def all_distinct(self) -> bool:
        """Whether all rows have different values, whether or not the column is declared unique."""
        return False

    def tells_apart(self, among: Collection[str]) -> str:
        """The one column of the same row whose distinct values give distinct values here; "" where there is none.

        It need only hold among rows which have the same parents through the links in `among`.
        """
        return ""

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        """What is wrong with the params beyond their own types."""
        return ()

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        """What is wrong with the params, given the types of the columns in `needs`."""
        return ()

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        """Digests of the lists of other packages that the values are taken from, by names of theirs."""
        return {}

    def domain(self, facts: ColumnContext) -> Domain | None:
        """The finite set the values come from; None where there is none, so that the column can't be unique."""
        return None

    def capacity(self, facts: ColumnContext) -> int | None:
        """How many distinct values a unique column can have; None where uniqueness can't be promised."""
        domain = self.domain(facts)
        return None if domain is None else domain.size

    def values(self, cells: ColumnBatch) -> pa.Array:
        """The column at these rows. The default takes indexes of the generator's domain."""
        domain = self.domain(cells.facts)
        if domain is None:
            raise NotImplementedError
        return domain.decode(cells.indexes(domain.size))


def with_nested(generator: Generator) -> Iterator[Generator]:
    """A generator, and those inside it, such as of an array's elements, to any depth."""
    yield generator
    for value in vars(generator).values():
        yield from _inside(value)


def _inside(value: object) -> Iterator[Generator]:
    if isinstance(value, Mapping):
        for part in value.values():
            yield from _inside(part)
    elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):  # no long lists of plain values
        for part in value:
            yield from _inside(part)
    elif isinstance(made := getattr(value, "made", None), Generator):
        yield from with_nested(made)


Params = Mapping[str, Any]
