"""What a verification tells: one record for each check of an entity or a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from sdgen.databases.table_reader import TableReader
from sdgen.planning.plan import EntityPlan
from sdgen.targets.base import Table, TableColumn


class Status(StrEnum):
    """How a check came out. A constraint that is violated is broken; a distribution that doesn't fit is a warning."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """One check: what was expected of some columns (none: of the whole table), and what was found.

    figure: a distribution's test statistic, named by `method`. p: the probability of a figure at least as large where
    the data are as asked.
    """

    entity: str
    columns: tuple[str, ...]
    check: str
    status: Status
    expected: str = ""
    found: str = ""
    method: str = ""
    figure: float | None = None
    p: float | None = None

    def as_record(self) -> dict[str, Any]:
        """The finding as plain data, for JSON."""
        return {**asdict(self), "columns": list(self.columns), "status": str(self.status)}


@dataclass(frozen=True)
class Report:
    """All findings of one verification. `level`: a p-value below it is a warning."""

    findings: tuple[Finding, ...]
    level: float

    def having(self, status: Status) -> list[Finding]:
        return [finding for finding in self.findings if finding.status is status]

    @property
    def broken(self) -> bool:
        return bool(self.having(Status.BROKEN))

    def counts(self) -> dict[str, int]:
        """How many findings there are of each status."""
        return {str(status): len(self.having(status)) for status in Status}


def status_of(right: bool) -> Status:
    """The status of a check that can't be a matter of chance."""
    return Status.OK if right else Status.BROKEN


def list_values(values: Sequence[object], most: int = 6) -> str:
    """Values between commas, the rest counted."""
    shown = ", ".join(str(value) for value in values[:most])
    return f"{shown} and {len(values) - most} more" if len(values) > most else shown


@dataclass(frozen=True)
class StoredEntity:
    """One entity as it stands in a target: its table, the columns that are there, and how many rows and nulls."""

    reader: TableReader
    entity: EntityPlan
    table: Table
    columns: tuple[TableColumn, ...]
    rows: int = 0
    nulls: dict[str, int] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns)

    @property
    def set_by_triggers(self) -> frozenset[str]:
        """The columns that triggers of the table's database set."""
        return frozenset(name for facts in self.entity.target.values() for name in facts.get("set_by", ()))

    @property
    def source(self) -> str:
        return self.reader.source(self.table)

    def quoted(self, columns: Sequence[str], prefix: str = "") -> list[str]:
        return [prefix + self.reader.dialect.quote(column) for column in columns]


def count_stored(reader: TableReader, entity: EntityPlan, table: Table) -> StoredEntity | None:
    """An entity's table with its rows and nulls; None where there is no such table."""
    there = reader.columns(table)
    if not there:
        return None
    columns = tuple(column for column in table.columns if column.name in there)
    stored = StoredEntity(reader, entity, table, columns)
    # Counted in one scan of the table; the nulls of a column are the rows that count() of it leaves out.
    parts = ["count(*)", *(f"count({name})" for name in stored.quoted([column.name for column in columns]))]
    rows, *values = reader.rows(f"SELECT {', '.join(parts)} FROM {stored.source}")[0]
    nulls = {column.name: rows - filled for column, filled in zip(columns, values, strict=True)}
    return StoredEntity(reader, entity, table, columns, rows, nulls)
