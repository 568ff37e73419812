"""Tables in the making: what CREATE TABLE says, and what later statements add to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sdgen.errors import Path, Problem
from sdgen.readers.sql.ddl_columns import DdlColumn
from sdgen.readers.sql.ddl_constraints import PRIMARY, Bounds, Constraint, Partitioning
from sdgen.readers.sql.schema import (
    CheckSchema,
    ColumnSchema,
    DomainSchema,
    ExclusionSchema,
    ForeignKeySchema,
    KeySchema,
    SqlType,
    TableName,
    TableSchema,
)

DEFAULT_SCHEMAS = frozenset({"public", "dbo", "main"})


@dataclass
class DdlTable:
    """A table, its constraints, and the tables it is a part or a copy of."""

    name: TableName
    line: int
    columns: dict[str, DdlColumn] = field(default_factory=dict)
    primary: KeySchema | None = None
    unique: list[KeySchema] = field(default_factory=list)
    foreign_keys: list[ForeignKeySchema] = field(default_factory=list)
    checks: list[CheckSchema] = field(default_factory=list)
    exclusions: list[ExclusionSchema] = field(default_factory=list)
    description: str = ""
    target: dict[str, Any] = field(default_factory=dict)  # what else its own database is told
    parents: list[TableName] = field(default_factory=list)  # it inherits or copies their columns
    inherits: bool = False
    partition_of: TableName | None = None
    partition_key: tuple[str, tuple[str, ...]] = ("", ())  # RANGE, LIST or HASH, and the columns
    bounds: list[Bounds] = field(default_factory=list)  # of its partitions that are no tables here
    bound: Bounds | None = None  # its own, as a partition
    filled: bool = False  # by statements of the same text
    former: list[TableName] = field(default_factory=list)  # what it was called before, the first name first

    @property
    def column_names(self) -> frozenset[str]:
        return frozenset(self.columns)

    def add_column(self, found: DdlColumn) -> None:
        self.columns[found.name] = found
        # A column may be defined anew by ALTER TABLE, without a key: the one that is there stays.
        self.primary = found.primary or self.primary
        self.unique += found.unique
        self.checks += found.checks
        self.foreign_keys += found.foreign_keys

    def add_constraint(self, kind: str, constraint: Constraint) -> None:
        if isinstance(constraint, CheckSchema):
            self.checks.append(constraint)
        elif isinstance(constraint, ForeignKeySchema):
            self.foreign_keys.append(constraint)
        elif isinstance(constraint, ExclusionSchema):
            self.exclusions.append(constraint)
        elif kind == PRIMARY:
            self.primary = self._with_index(constraint)
        else:
            self.unique.append(self._with_index(constraint))

    def _with_index(self, key: KeySchema) -> KeySchema:
        """A key declared by the name of an index has the index's columns."""
        if key.columns:
            return key
        columns = next((index.columns for index in self.unique if index.name == key.name), ())
        return replace(key, columns=columns)

    def column(self, name: str) -> DdlColumn | None:
        """A column by its name, whichever way its letters are cased where no other fits."""
        if name in self.columns:
            return self.columns[name]
        return next((column for column in self.columns.values() if column.name.lower() == name.lower()), None)

    def spelled(self, names: Sequence[str]) -> tuple[str, ...]:
        """Column names as the table itself spells them."""
        found = [self.column(name) for name in names]
        return tuple(column.name if column else name for column, name in zip(found, names, strict=True))


class Tables:
    """All drafts of a source by name. own_partitions: a table is partitioned by tables, which may be missing."""

    def __init__(self, own_partitions: bool) -> None:
        self.own_partitions = own_partitions
        self.drafts: dict[TableName, DdlTable] = {}
        self.folded: list[tuple[int, str]] = []  # notes on tables that are taken as parts of others, with their lines
        self.schema = ""  # of names that name none

    def located(self, name: TableName) -> TableName:
        """A name with the schema that is in force; "" for the default one."""
        schema = name.schema or self.schema
        return TableName(name.name, "" if schema.lower() in DEFAULT_SCHEMAS else schema)

    def find(self, name: TableName) -> DdlTable | None:
        located = self.located(name)
        if located in self.drafts:
            return self.drafts[located]
        # From the strictest to the loosest; a test that several tables pass decides nothing.
        tests: tuple[Callable[[TableName], bool], ...] = (
            lambda known: str(known).lower() == str(located).lower(),
            lambda known: known.name == name.name and not name.schema,
            lambda known: known.name.lower() == name.name.lower() and not name.schema,
        )
        for test in tests:
            found = [draft for known, draft in self.drafts.items() if test(known)]
            if len(found) == 1:
                return found[0]
        return None

    def finished(self) -> tuple[TableSchema, ...]:
        """The tables that hold rows of their own; partitions' keys belong to the table they are parts of."""
        for draft in self.drafts.values():
            self._fold(draft)
        # Inherited only now that all statements are read, since parents get columns by ALTER TABLE too.
        for draft in self.drafts.values():
            self._inherit(draft, [])
        for draft in self.drafts.values():
            if draft.partition_of is not None:
                self._give_keys(draft)
        parts: dict[TableName, list[DdlTable]] = {}
        for draft in self.drafts.values():
            if draft.partition_of is not None and draft.bound is not None:
                parts.setdefault(draft.partition_of, []).append(draft)
        return tuple(self._finished(draft, parts) for draft in self.drafts.values() if draft.partition_of is None)

    def _fold(self, draft: DdlTable) -> None:
        """A table that inherits all its columns is a part of its parent, in which its rows are seen."""
        # The way to partition before PostgreSQL 10: children that add nothing but a CHECK.
        if draft.inherits and not draft.columns and draft.parents and self.find(draft.parents[0]) is not None:
            draft.partition_of = self.located(draft.parents[0])
            what = f"table {draft.name} left out: it inherits all its columns from {draft.partition_of}"
            self.folded.append((draft.line, f"{what}, which is filled instead"))

    def with_inherited(self, draft: DdlTable) -> tuple[dict[str, DdlColumn], list[CheckSchema]]:
        """A table's columns and CHECKs as they are now, with those that it inherits."""
        columns: dict[str, DdlColumn] = {}
        checks: list[CheckSchema] = []
        for parent in (self.find(name) for name in draft.parents):
            above = self.with_inherited(parent) if parent is not None and parent is not draft else ({}, [])
            columns, checks = {**columns, **above[0]}, [*checks, *(each for each in above[1] if each.inherited)]
        return {**columns, **draft.columns}, [*checks, *draft.checks]

    def _inherit(self, draft: DdlTable, seen: list[TableName]) -> None:
        parents = [parent for name in draft.parents if (parent := self.find(name)) and parent.name not in seen]
        # Emptied before its parents are asked, so that no table takes its parents' CHECKs twice.
        draft.parents = []
        inherited: dict[str, DdlColumn] = {}
        for parent in parents:
            self._inherit(parent, [*seen, draft.name])
            inherited.update({name: found for name, found in parent.columns.items() if name not in draft.columns})
            # NO INHERIT keeps a CHECK from the tables below.
            draft.checks += [check for check in parent.checks if check.inherited]
        draft.columns = {**inherited, **draft.columns}

    def _give_keys(self, draft: DdlTable) -> None:
        """A partition's foreign keys and primary key hold for the whole table's rows that go there."""
        assert draft.partition_of is not None
        whole = self.find(draft.partition_of)
        while whole is not None and whole.partition_of is not None:
            whole = self.find(whole.partition_of)
        if whole is None:
            return
        known = {key.columns for key in whole.foreign_keys}
        whole.foreign_keys += [key for key in draft.foreign_keys if key.columns not in known]
        whole.primary = whole.primary or draft.primary

    def _partitioning(self, draft: DdlTable, parts: Mapping[TableName, list[DdlTable]]) -> Partitioning | None:
        kind, columns = draft.partition_key
        if not kind:
            return None
        inner = [(part.bound, self._partitioning(part, parts)) for part in parts.get(draft.name, ())]
        found = [(bound, nested) for bound, nested in inner if bound is not None]
        return Partitioning(kind, columns, [*((each, None) for each in draft.bounds), *found])

    def _finished(self, draft: DdlTable, parts: Mapping[TableName, list[DdlTable]]) -> TableSchema:
        primary = draft.primary and replace(draft.primary, columns=draft.spelled(draft.primary.columns))
        keyed = set(primary.columns) if primary else set()
        unique = _distinct(
            [replace(key, columns=draft.spelled(key.columns)) for key in draft.unique if key.columns or key.parts]
        )
        partitioning = self._partitioning(draft, parts)
        if partitioning is not None:
            # No partition by range or list takes a null unless it says so, and a row without a partition is refused.
            keyed |= set(draft.spelled(tuple(partitioning.required())))
        checks = [*draft.checks, *(partitioning.conditions() if partitioning is not None else ())]
        return TableSchema(
            draft.name,
            tuple(_column(found, found.name in keyed) for found in draft.columns.values()),
            draft.line,
            primary,
            tuple(unique),
            tuple(self._key(draft, key) for key in draft.foreign_keys),
            tuple(checks),
            draft.description,
            not self.own_partitions or partitioning is None or partitioning.takes_rows,
            draft.target,
            tuple(draft.exclusions),
            draft.filled,
        )

    def _key(self, draft: DdlTable, key: ForeignKeySchema) -> ForeignKeySchema:
        """A foreign key with the names of tables and columns as those are spelled there."""
        parent = self.find(key.table)
        # A key that leads to a partition leads to the whole table, whose rows are written.
        if parent is not None and parent.partition_of is not None:
            parent = self.find(parent.partition_of) or parent
        own = draft.spelled(key.columns)
        if parent is None:
            return replace(key, columns=own, table=self.located(key.table))
        return replace(key, columns=own, table=parent.name, to=parent.spelled(key.to))


def _column(found: DdlColumn, keyed: bool) -> ColumnSchema:
    return replace(found.schema, nullable=found.nullable and not keyed)


def _distinct(keys: Iterable[KeySchema]) -> list[KeySchema]:
    """Keys over the same columns once: a constraint and the index made for it."""
    found: dict[tuple[tuple[str, ...], str, tuple[str, ...]], KeySchema] = {}
    for key in keys:
        found.setdefault((key.columns, key.where, key.parts), key)
    return list(found.values())


@dataclass(frozen=True)
class Trigger:
    """A trigger on inserted rows, its name and its table's in lower case. body: what stands behind these."""

    name: str
    table: str
    body: str
    line: int


class SchemaBuilder:
    """Tables, types of the schema's own, and notes. It is what the readers of statements add to."""

    def __init__(self, file: str, dialect: str) -> None:
        self.file = file
        self.dialect = dialect
        self.tables = Tables(own_partitions=dialect == "postgres")
        self.enums: dict[str, tuple[str, ...]] = {}
        self.domains: dict[str, DomainSchema] = {}
        self.composites: dict[str, dict[str, SqlType]] = {}
        self.notes: list[Problem] = []
        self.routines: dict[str, str] = {}  # the texts of functions, by their names
        self.triggers: dict[tuple[str, str], Trigger] = {}  # by their names and those of their tables
        self.views: set[str] = set()
        self._left_out: dict[str, list[int]] = {}

    def note(self, what: str, line: int, path: Path = (), hint: str = "") -> None:
        self.notes.append(Problem(path, what, hint, self.file, line, 1 if line else 0))

    def left_out(self, kind: str, line: int) -> None:
        """Something of a kind of which there may be many: told once for all of them."""
        self._left_out.setdefault(kind, []).append(line)

    def all_notes(self) -> Iterator[Problem]:
        yield from self.notes
        for kind, lines in self._left_out.items():
            many = _plural(kind).replace("policys", "policies")
            what = f"{len(lines)} {many if len(lines) > 1 else kind} left out"
            yield Problem((), what, "", self.file, lines[0], 1)


def _plural(kind: str) -> str:
    first, space, rest = kind.partition(" with ")
    return f"{first}s{space}{rest}"
