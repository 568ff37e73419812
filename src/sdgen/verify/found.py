"""One entity as it stands in a place: what every check looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sdgen.plan.model import EntityPlan
from sdgen.verify.place import Place
from sdgen.write.base import Table, TableColumn


@dataclass(frozen=True)
class Found:
    """One entity as it stands in a place: its table, the columns that are there, and how many rows and nulls."""

    place: Place
    entity: EntityPlan
    table: Table
    columns: tuple[TableColumn, ...]
    rows: int = 0
    nulls: dict[str, int] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns)

    @property
    def source(self) -> str:
        return self.place.dialect.table(self.table.name)

    def quoted(self, columns: Sequence[str], prefix: str = "") -> list[str]:
        return [prefix + self.place.dialect.quote(column) for column in columns]


def counted(place: Place, entity: EntityPlan, table: Table) -> Found | None:
    """An entity's table with its rows and nulls; None where there is no such table."""
    there = place.columns(table)
    if not there:
        return None
    columns = tuple(column for column in table.columns if column.name in there)
    found = Found(place, entity, table, columns)
    parts = ["count(*)", *(f"count({name})" for name in found.quoted([column.name for column in columns]))]
    rows, *values = place.rows(f"SELECT {', '.join(parts)} FROM {found.source}")[0]
    nulls = {column.name: rows - filled for column, filled in zip(columns, values, strict=True)}
    return Found(place, entity, table, columns, rows, nulls)
