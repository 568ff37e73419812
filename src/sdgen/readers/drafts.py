"""Scenarios in the making: what every reader brings its format into, and the one builder that makes scenarios of it.

A reader fills drafts, which can be changed until all entities are known (links need the others), and ends in
`ScenarioDraft.build`. Records of a format's own syntax are its own affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sdgen.errors import Problem
from sdgen.readers.sql.check_facts import ColumnBounds, ColumnCases
from sdgen.readers.sql.schema import CheckSchema
from sdgen.scenario.model import Column, Entity, GeneratorSpec, PartialUnique, RowCount, Scenario
from sdgen.scenario.output import Output
from sdgen.scenario.problems import Origin
from sdgen.scenario.types import INTEGERS, Type

UNTYPED = Type("")


def spec(generator: str, **params: Any) -> GeneratorSpec:
    """A generator with those of the params that have a value."""
    return GeneratorSpec(type=generator, params={key: value for key, value in params.items() if value is not None})


def quoted_name(name: str) -> str:
    """A column's name in an expression: bare where it is plain, so that expressions stay readable."""
    # A capital letter needs no quotes: DuckDB finds columns whatever their case.
    return name if name.isidentifier() and name.isascii() else '"' + name.replace('"', '""') + '"'


@dataclass
class ColumnDraft:
    """A column to be.

    type: UNTYPED where the generator brings one. nullable: it takes nulls. counts: the source itself numbers its rows.
    strict: its generator may make nulls as far as the plan knows, but the column takes none. demanded: its generator
    can't be exchanged. optional: JSON leaves it out where it is null.
    default: the text of an SQL default. bounds: what CHECKs say about it, cases: what they say by a drawn branch;
    checks: which they are. target: its exact type by dialect.
    """

    name: str
    type: Type = UNTYPED
    generator: GeneratorSpec | None = None
    nullable: bool = False
    null_rate: float | None = None
    null_rates: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    primary: bool = False
    unique: bool = False
    hidden: bool = False
    optional: bool = False
    strict: bool = False
    demanded: bool = False
    counts: bool = False
    description: str = ""
    line: int = 0
    default: str = ""
    # Only relational readers know CHECKs; the fields stand here, since all drafts may be given to one planner.
    bounds: ColumnBounds = field(default_factory=ColumnBounds)
    cases: ColumnCases | None = None
    checks: list[CheckSchema] = field(default_factory=list)
    target: dict[str, str] = field(default_factory=dict)
    _last: tuple[Mapping[str, Any], Column] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def is_link(self) -> bool:
        return self.generator is not None and self.generator.type == "fk"

    @property
    def params(self) -> Mapping[str, Any]:
        return self.generator.params if self.generator is not None else {}

    def fill(self, generator: str, demanded: bool = True, **params: Any) -> None:
        """Give it a generator."""
        self.generator, self.demanded = GeneratorSpec(type=generator, params=params), demanded

    def column(self, alone: bool = False) -> Column:
        """The column as a scenario has it; alone: it is the whole primary key, which needs no second `unique`."""
        record = {
            "type": self.type,
            "generator": self.generator,
            "description": self.description,
            "primary_key": self.primary,
            "unique": self.unique and not alone,
            # None leaves it open: then the plan itself tells whether the generator makes nulls.
            "nullable": True if self.nullable else False if self.strict else None,
            # A share of nulls may be left from before the column was found to be NOT NULL.
            "null_rate": self.null_rate if self.nullable else None,
            "null_rates": dict(self.null_rates) if self.nullable else {},
            "hidden": self.hidden,
            "target": dict(self.target),
            "optional": self.optional and self.nullable,
            "identity": self.counts and self.primary and self.type.kind in INTEGERS and not self.is_link,
        }
        # Drafts are planned again and again while few columns change: only those are validated anew.
        if self._last is None or self._last[0] != record:
            self._last = record, Column(**{**record, "type": str(self.type)})
        return self._last[1]


@dataclass
class EntityDraft:
    """An entity to be. table: its name in a database where that is another; target: what databases are told of it."""

    name: str
    columns: dict[str, ColumnDraft] = field(default_factory=dict)
    rows: RowCount = field(default_factory=RowCount)
    description: str = ""
    table: str = ""
    unique: list[tuple[str, ...]] = field(default_factory=list)
    partial_unique: list[PartialUnique] = field(default_factory=list)
    target: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def primary(self) -> tuple[str, ...]:
        """The columns of the primary key."""
        return tuple(name for name, column in self.columns.items() if column.primary)

    def entity(self) -> Entity:
        """The entity as a scenario has it."""
        primary = self.primary
        return Entity(
            target_table=self.table,
            description=self.description,
            rows=self.row_count(),
            columns={name: column.column(primary == (name,)) for name, column in self.columns.items()},
            unique=tuple(self.unique),
            partial_unique=tuple(self.partial_unique),
            check=self.conditions(),
            target=self.target,
        )

    def row_count(self) -> RowCount:
        return self.rows

    def conditions(self) -> tuple[str, ...]:
        """What every row keeps, as a scenario says it."""
        return ()


@dataclass
class ScenarioDraft:
    """A scenario to be. notes: what was guessed, or not understood and left out."""

    name: str
    entities: Mapping[str, EntityDraft]
    notes: list[Problem] = field(default_factory=list)
    version: str = ""
    description: str = ""
    seed: int | None = None
    presets: Mapping[str, GeneratorSpec] = field(default_factory=dict)
    output: Output | None = None

    def build(self, origin: Origin) -> Scenario:
        """The scenario, which knows where its parts stand and what is to be told of them."""
        scenario = Scenario(
            name=self.name,
            version=self.version,
            description=self.description,
            seed=self.seed,
            presets=self.presets,
            output=self.output,
            entities={name: entity.entity() for name, entity in self.entities.items()},
        )
        return scenario.read_from(origin, self.notes)
