"""Tables of a relational schema as entities in the making, and what is to be told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sdgen.errors import Path, Problem, Refusal
from sdgen.readers.drafts import ColumnDraft, EntityDraft
from sdgen.readers.sql.schema import CheckSchema, ColumnSchema, KeySchema, TableSchema
from sdgen.scenario.model import GeneratorSpec, RowCount
from sdgen.scenario.types import Type


def column_draft(
    schema: ColumnSchema, type: Type, nullable: bool, generator: GeneratorSpec | None = None
) -> ColumnDraft:
    """The draft of a declared column, before keys, links and CHECKs change it."""
    return ColumnDraft(
        schema.name,
        type,
        generator,
        nullable,
        counts=schema.counts,
        description=schema.description,
        line=schema.line,
        default=schema.default,
    )


def quoted(name: str) -> str:
    """A column's name in an expression; always quoted, since any word may be one of SQL's."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class PartialKey:
    """A partial unique index, and its condition column by column as a scenario has it."""

    key: KeySchema
    where: Mapping[str, Any]


@dataclass(frozen=True)
class MarkedKey:
    """A partial unique index whose condition has branches, and the hidden flag that tells the rows that match."""

    key: KeySchema
    flag: str


def is_fixed(column: ColumnDraft) -> bool:
    """Whether a column's values are settled by something else: a key, a link, a type with a generator of its own."""
    # Enums and arrays come with a generator that CHECKs may still narrow.
    held = column.demanded and column.generator is not None and column.type.kind not in ("enum", "array")
    return column.primary or column.unique or column.is_link or held


def with_before(columns: Mapping[str, ColumnDraft], name: str, new: str, column: ColumnDraft) -> dict[str, ColumnDraft]:
    """Columns with a new one before the one of this name."""
    # A dictionary keeps its order, and has no way to insert: it is built anew.
    found: dict[str, ColumnDraft] = {}
    for each, kept in columns.items():
        if each == name:
            found[new] = column
        found[each] = kept
    return found


@dataclass
class TableDraft(EntityDraft):
    """A table to be; how many rows it has changes with what constraints leave room for.

    alone: its rows where they are counted by no other table's. per: the one whose rows they are counted by, `each` for
    one, through the link `per_link`. active: how many rows at the start have rows counted by them; None for all.
    watched: the CHECKs that rows might break, by their conditions as a scenario has them. partial_keys: unique indexes
    with conditions that are understood; marked_keys: those whose conditions are drawn like the branches of a CHECK;
    kept_keys: those that became one of the partial unique sets, in their order.

    counts: how many rows each parent has, where that is drawn by a law; `alone` is then about as many as that makes.
    listed: the rows of a lookup, which come first.
    """

    schema: TableSchema = field(kw_only=True)
    alone: int = field(kw_only=True)
    per: TableDraft | None = None
    per_link: str = ""
    each: int = 1
    active: int | None = None
    watched: dict[str, CheckSchema] = field(default_factory=dict)
    partial_keys: list[PartialKey] = field(default_factory=list)
    marked_keys: list[MarkedKey] = field(default_factory=list)
    kept_keys: list[KeySchema] = field(default_factory=list)
    counts: RowCount | None = None
    listed: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        self.description = self.schema.description
        self.target = {"clickhouse": self.schema.target} if self.schema.target else {}
        # Only a name that differs from the entity's is worth a line in the written scenario.
        self.table = "" if str(self.schema.name) == self.name else str(self.schema.name)

    @property
    def size(self) -> int:
        """How many rows it has."""
        return self.alone if self.per is None else self.each * self.per.counting

    @property
    def counting(self) -> int:
        """How many of its rows have rows counted by them."""
        return self.size if self.active is None else min(self.active, self.size)

    def cap(self, rows: int) -> bool:
        """Let it have no more than so many rows; whether that is fewer than before."""
        if rows >= self.size:
            return False
        if self.per is None:
            self.alone, self.counts, self.listed = rows, None, self.listed[:rows]
        # Fewer rows than one parent has: that one parent alone has rows, and as many as are left.
        elif rows < self.each:
            self.each, self.per.active = rows, 1
        else:
            # Whole groups only: each counted parent has the same number of rows.
            self.per.active = rows // self.each
        return True

    def row_count(self) -> RowCount:
        if not self.size:
            return RowCount(empty=True)
        if self.per is None:
            alone = RowCount(fixed=self.listed) if len(self.listed) == self.size else RowCount(count=self.size)
            return self.counts or alone
        # A total cuts the count off, so that parents beyond the active ones have none.
        total = self.size if self.per.counting < self.per.size else None
        return RowCount(per=self.per.name, via=self.per_link, count=self.each, total=total)

    def conditions(self) -> tuple[str, ...]:
        return tuple(self.watched)


class Notes:
    """Notes of one source, each at its entity or column, with its line."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Problem] = []

    def add(self, entity: TableDraft, column: str, what: str, line: int = 0, hint: str = "") -> None:
        path: Path = ("entities", entity.name)
        if column:
            path = (*path, "columns", column)
        self.found.append(Problem(path, what, hint, self.file, line, 1 if line else 0))

    def refuse(self, entity: TableDraft, column: str, what: str, line: int = 0, hint: str = "") -> None:
        """Tell what no rows can keep."""
        path: Path = ("entities", entity.name, "columns", column) if column else ("entities", entity.name)
        self.found.append(Refusal(path, what, hint, self.file, line, 1 if line else 0))
