"""Entities and columns in the making, between a schema and its scenario."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sdgen.errors import Path, Problem, Refusal
from sdgen.readers.sql.check_facts import Said
from sdgen.readers.sql.schema import CheckSchema, ColumnSchema, TableSchema
from sdgen.scenario.model import Column, Entity, GeneratorSpec, RowCount
from sdgen.scenario.types import Type


@dataclass
class ColumnDraft:
    """A column to be.

    said: what CHECKs say about it, and checks: which they are.
    demanded: its generator can't be exchanged. strict: its generator may make nulls
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
    checks: list[CheckSchema] = field(default_factory=list)
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

    def column(self, alone: bool = False) -> Column:
        """The column; alone: it is the whole primary key."""
        rate = self.null_rate
        if not self.nullable:
            rate = None
        return Column(
            type=str(self.type),
            generator=self.generator,
            description=self.schema.description,
            primary_key=self.primary,
            unique=self.unique and not alone,
            nullable=True if self.nullable else False if self.strict else None,
            null_rate=rate,
            hidden=self.hidden,
        )


@dataclass
class EntityDraft:
    """An entity to be.

    watched: the CHECKs that rows might break, with their conditions as a scenario has them.
    per: the entity whose rows its own are counted by, `each` for one, through the link `per_link`. active: how many
    rows at the start have rows counted by them; None for all.
    """

    name: str
    table: TableSchema
    alone: int
    columns: dict[str, ColumnDraft] = field(default_factory=dict)
    unique: list[tuple[str, ...]] = field(default_factory=list)
    watched: dict[str, CheckSchema] = field(default_factory=dict)
    per: EntityDraft | None = None
    per_link: str = ""
    each: int = 1
    active: int | None = None

    @property
    def primary(self) -> tuple[str, ...]:
        return tuple(name for name, column in self.columns.items() if column.primary)

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self.alone if self.per is None else self.each * self.per.counting

    @property
    def counting(self) -> int:
        """How many of its rows have rows counted by them."""
        return self.rows if self.active is None else min(self.active, self.rows)

    def cap(self, rows: int) -> bool:
        """Let it have no more than so many rows; whether that is fewer than before."""
        if rows >= self.rows:
            return False
        if self.per is None:
            self.alone = rows
        elif rows < self.each:
            self.each, self.per.active = rows, 1
        else:
            self.per.active = rows // self.each
        return True

    def _row_count(self) -> RowCount:
        if self.per is None:
            return RowCount(count=self.rows)
        total = self.rows if self.per.counting < self.per.rows else None
        return RowCount(per=self.per.name, via=self.per_link, count=self.each, total=total)

    def entity(self) -> Entity:
        table = str(self.table.name)
        return Entity(
            target_table="" if table == self.name else table,
            description=self.table.description,
            rows=self._row_count(),
            columns={name: column.column(self.primary == (name,)) for name, column in self.columns.items()},
            unique=tuple(self.unique),
            check=tuple(self.watched),
        )


class Notes:
    """Notes of one source, each at its entity or column, with its line."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Problem] = []

    def add(self, entity: EntityDraft, column: str, what: str, line: int = 0, hint: str = "") -> None:
        path: Path = ("entities", entity.name)
        if column:
            path = (*path, "columns", column)
        self.found.append(Problem(path, what, hint, self.file, line, 1 if line else 0))

    def refuse(self, entity: EntityDraft, column: str, what: str, line: int = 0, hint: str = "") -> None:
        """Tell what no rows can keep."""
        path: Path = ("entities", entity.name, "columns", column)
        self.found.append(Refusal(path, what, hint, self.file, line, 1 if line else 0))
