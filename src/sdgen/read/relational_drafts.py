"""Entities and columns in the making, between a schema and its scenario."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sdgen.read.check_facts import Said
from sdgen.read.schema import ColumnSchema, TableSchema
from sdgen.scenario.model import Column, Entity, GeneratorSpec, RowCount
from sdgen.scenario.types import Type


@dataclass
class ColumnDraft:
    """A column to be.

    said: what CHECKs say about it. demanded: its generator can't be exchanged. strict: its generator may make nulls
    as far as the plan knows, but the column takes none.
    """

    schema: ColumnSchema
    type: Type
    nullable: bool
    generator: GeneratorSpec | None = None
    primary: bool = False
    unique: bool = False
    null_rate: float | None = None
    said: Said = field(default_factory=Said)
    demanded: bool = False
    hidden: bool = False
    strict: bool = False

    @property
    def is_link(self) -> bool:
        return self.generator is not None and self.generator.type == "fk"

    def filled(self, generator: str, demanded: bool = True, **params: Any) -> None:
        """Give it a generator."""
        self.generator = GeneratorSpec(type=generator, params=params)
        self.demanded = demanded

    def column(self) -> Column:
        rate = self.null_rate
        if not self.nullable:
            rate = None
        return Column(
            type=str(self.type),
            generator=self.generator,
            description=self.schema.description,
            primary_key=self.primary,
            unique=self.unique and not self.primary,
            nullable=True if self.nullable else False if self.strict else None,
            null_rate=rate,
            hidden=self.hidden,
        )


@dataclass
class EntityDraft:
    """An entity to be."""

    name: str
    table: TableSchema
    rows: int
    columns: dict[str, ColumnDraft] = field(default_factory=dict)
    unique: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def primary(self) -> tuple[str, ...]:
        return tuple(name for name, column in self.columns.items() if column.primary)

    def entity(self) -> Entity:
        table = str(self.table.name)
        return Entity(
            target_table="" if table == self.name else table,
            description=self.table.description,
            rows=RowCount(count=self.rows),
            columns={name: column.column() for name, column in self.columns.items()},
            unique=tuple(self.unique),
        )
