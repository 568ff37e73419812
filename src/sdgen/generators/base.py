"""What a generator is, and what it is told.

A generator's class lists its params as fields; an instance is one column's choice of them. `values(cells)` computes the
column at any row numbers, from the cells' draws, other columns of the same rows, and columns of their parents.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import Domain
from sdgen.scenario.types import Type


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


class Generator(BaseModel):
    """Makes a column's values. Subclasses list their params as fields and say what they make.

    names: the registered type names of the class. A class that serves several (`person.email`, `person.full_name`)
           finds the one it was made for in `called`.
    fits:  the kinds of column types it can fill; conversion to the column's exact type is the engine's.
    about: what is made under each name, where a class serves several; its other names are spellings of these.
    rises: whether a value never falls as the draw for it rises, in columns that aren't unique: what correlation takes.
           Where that holds for `cells.correlated` columns alone, `ranks` tells how it is in others.
    main:  the param that a value alone is for (`choice: [a, b]`); left out, the only one that has no default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    version: ClassVar[int] = 1
    how_unique: ClassVar[str] = "use a generator with a domain, such as sequence, uuid4 or pattern"
    fits: ClassVar[frozenset[str]] = frozenset()
    example: ClassVar[str] = ""
    about: ClassVar[Mapping[str, str]] = {}
    rises: ClassVar[bool] = False
    main: ClassVar[str] = ""
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
    def never_null(self) -> bool:
        """Whether every row has a value, whatever nulls the needed columns have."""
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
            # The default serves every generator with a domain: drawn where values may
            # repeat, and permuted where they may not.
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
