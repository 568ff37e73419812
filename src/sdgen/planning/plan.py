"""The plan: all that is needed to make any part of a dataset, on any machine. A picklable value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sdgen.generators.base import Generator
from sdgen.generators.choices.null_rates import NullRates
from sdgen.generators.column_batch import ColumnContext
from sdgen.generators.dirt import ShareOfRows
from sdgen.generators.links.parent_sampler import Link
from sdgen.scenario.model import Mode, PartialUnique
from sdgen.scenario.types import Type

if TYPE_CHECKING:
    from sdgen.planning.conditions import Condition
    from sdgen.planning.partial_rows import Matching


@dataclass(frozen=True)
class ColumnPlan:
    """One column, settled: what fills it and the Arrow type its values are carried in.

    `fixed` holds the given values of the first rows (null where a fixed row leaves the column to its generator), and
    `given` which of them are given: those of fixed rows, or of rows that the target holds already. `target` holds
    its types in databases' own words, by dialect. `matching` is what the condition of a partial unique set asks of it.
    `optional`: JSON leaves it out where it is null. `identity`: databases number further rows. Where `null_rates` is
    given, it counts instead of `null_rate`.
    """

    name: str
    type: Type
    arrow: pa.DataType
    generator: Generator
    facts: ColumnContext
    nullable: bool
    null_rate: float
    null_rates: NullRates | None
    hidden: bool
    fixed: pa.Array | None = None
    given: Sequence[bool] | NDArray[np.bool_] = ()
    target: Mapping[str, str] = field(default_factory=dict)
    matching: Matching | None = None
    optional: bool = False
    identity: bool = False

    @property
    def field(self) -> pa.Field:
        return pa.field(self.name, self.arrow, nullable=self.nullable)


@dataclass(frozen=True)
class ForeignKeyPlan:
    """A foreign key that a database can hold: its parent columns are a key of the parent."""

    columns: tuple[str, ...]
    entity: str
    to: tuple[str, ...]


@dataclass(frozen=True)
class Mistake:
    """One kind of mistake in one column, or in two that are swapped, and the rows that have it."""

    kind: str
    columns: tuple[str, ...]
    share: ShareOfRows

    @property
    def entries(self) -> int:
        """How many rows of the answer key tell of it: one for each cell."""
        return self.share.count * len(self.columns)


@dataclass(frozen=True)
class DirtPlan:
    """An entity's dirt. `rows` is how many it has without copies; `duplicates` those that are copied after them.

    `columns` are those that are written otherwise than they are computed: with nulls, and without a dictionary;
    `never_null` those that lack values though they are declared not to.
    """

    rows: int
    mistakes: tuple[Mistake, ...]
    duplicates: ShareOfRows | None
    constraints: bool
    listed: bool
    never_null: frozenset[str] = frozenset()
    columns: Mapping[str, ColumnPlan] = field(default_factory=dict)

    @property
    def copies(self) -> int:
        return self.duplicates.count if self.duplicates else 0

    @property
    def altered(self) -> frozenset[str]:
        """The columns that hold wrong values, not nulls alone."""
        return frozenset(name for each in self.mistakes if each.kind != "missing" for name in each.columns)

    @property
    def touched(self) -> frozenset[str]:
        return frozenset(name for each in self.mistakes for name in each.columns)

    def keeps_unique(self, columns: tuple[str, ...]) -> bool:
        """Whether columns that are unique together stay so."""
        return not self.copies and not self.altered & set(columns)


@dataclass(frozen=True)
class EntityPlan:
    """One entity, settled: its row count, columns, links and keys; `target` and `mode` are as the scenario has them.

    `conditions` must hold in every row. `rows` counts those too that the target holds already; `first` is the first
    row that is made. `columns` are as other columns see them; with `dirt` some cells of `written` differ.
    """

    name: str
    table: str
    rows: int
    columns: Mapping[str, ColumnPlan]
    links: Mapping[str, Link]
    primary_key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...]
    foreign_keys: tuple[ForeignKeyPlan, ...]
    conditions: tuple[Condition, ...] = ()
    first: int = 0
    target: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    mode: Mode | None = None
    partial_unique: tuple[PartialUnique, ...] = ()
    dirt: DirtPlan | None = None

    @property
    def clean_rows(self) -> int:
        """The rows without those that dirt writes a second time, which come last: those that others may refer to."""
        return self.rows if self.dirt is None else self.dirt.rows

    @property
    def written(self) -> tuple[ColumnPlan, ...]:
        """The columns that are written, in their order, and as they are written."""
        # Mistakes may be nulls and values that the clean column doesn't take: it is written by another record.
        dirty = self.dirt.columns if self.dirt is not None else {}
        return tuple(dirty.get(column.name, column) for column in self.columns.values() if not column.hidden)

    @property
    def optional(self) -> frozenset[str]:
        """The columns that JSON leaves out where they are null."""
        return frozenset(column.name for column in self.written if column.optional)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the entity's batches."""
        return pa.schema([column.field for column in self.written])


@dataclass(frozen=True)
class Plan:
    """A dataset, settled. `entities` stand in the order in which they are written: parents first where possible.

    `versions` are those of what makes the values: streams, generators, and lists of other packages by their digests.
    """

    scenario: str
    version: str
    seed: int
    as_of: datetime
    entities: Mapping[str, EntityPlan]
    identity: str
    cyclic: tuple[tuple[str, ...], ...] = ()
    versions: Mapping[str, int | str] = field(default_factory=dict)
