"""A relational schema as it was declared: what readers of DDL and of live databases agree on.

Nothing here is interpreted: types are the database's own words, CHECKs are texts. `scenario.py` turns a schema into a
scenario. Every record knows the line it was declared on (from 1; 0 where there is none).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sdgen.errors import Problem


@dataclass(frozen=True)
class SqlType:
    """A type in a database's words.

    word: in lower case, without sizes and schema, such as `character varying` or the name of a domain.
    values: of an enum or a set. dimensions: how many `[]` stand behind it. text: the whole of it, as it was written,
    where words and sizes don't tell it; options: what stands behind it in the words of ClickHouse.
    """

    word: str
    sizes: tuple[int, ...] = ()
    values: tuple[str, ...] = ()
    dimensions: int = 0
    unsigned: bool = False
    text: str = ""
    options: str = ""

    def __str__(self) -> str:
        if self.text:
            return self.text
        inner = ", ".join(map(str, self.sizes or self.values))
        sized = f"{self.word}({inner})" if inner else self.word
        return sized + " unsigned" * self.unsigned + "[]" * self.dimensions


@dataclass(frozen=True)
class TableName:
    """A table's name, and its schema; "" for the default one."""

    name: str
    schema: str = ""

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True)
class ColumnSchema:
    """One column.

    default: its SQL text. counts: the database numbers the rows itself (serial, identity, AUTO_INCREMENT).
    computed: the database computes it from other columns, by `expression`, and takes no value for it.
    elsewhere: its type in other databases' words, by dialect, where a table that is made there should have that one.
    """

    name: str
    type: SqlType
    line: int = 0
    nullable: bool = True
    default: str = ""
    counts: bool = False
    computed: bool = False
    description: str = ""
    expression: str = ""
    # Such as a uuid of SQLAlchemy, which SQLite and MySQL keep as CHAR(32).
    elsewhere: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KeySchema:
    """A primary key, a unique constraint or a unique index.

    where: the condition of a partial index. computed: it is over expressions; `columns` are those in them, and `parts`
    all that it is over, as SQL.
    nulls: whether any number of rows may have nulls in it; else nulls count as a value like any other.
    prefixes: columns of which the first so many characters alone count (MySQL).
    """

    columns: tuple[str, ...]
    name: str = ""
    line: int = 0
    where: str = ""
    computed: bool = False
    # SQL's own default: nulls are distinct unless NULLS NOT DISTINCT is said.
    nulls: bool = True
    prefixes: tuple[tuple[str, int], ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class ForeignKeySchema:
    """A foreign key; `to` is empty where it refers to the parent's primary key.

    full: all of its columns are null, or none is (MATCH FULL).
    """

    columns: tuple[str, ...]
    table: TableName
    to: tuple[str, ...] = ()
    name: str = ""
    line: int = 0
    full: bool = False


@dataclass(frozen=True)
class ExclusionSchema:
    """An exclusion constraint: no two rows are equal in some columns and overlap in others.

    spans: for each overlap the columns of its range: one that holds a range, or its start and end.
    """

    equal: tuple[str, ...]
    spans: tuple[tuple[str, ...], ...]
    name: str = ""
    line: int = 0


@dataclass(frozen=True)
class CheckSchema:
    """A CHECK: its condition as SQL text. inherited: by tables that inherit this one."""

    sql: str
    name: str = ""
    line: int = 0
    inherited: bool = True


@dataclass(frozen=True)
class TableSchema:
    """One table with all its constraints, wherever they were declared.

    takes_rows: it is no partitioned table without a partition. target: what else its own database is told. generic:
    links that name the table of another column's ids, each with that column (Django's generic relations).
    filled: the source has rows of it; filled_by: the trigger that adds rows to it; set_by: those that set columns.
    left_empty: why it can have no rows.
    """

    name: TableName
    columns: tuple[ColumnSchema, ...]
    line: int = 0
    primary_key: KeySchema | None = None
    unique: tuple[KeySchema, ...] = ()
    foreign_keys: tuple[ForeignKeySchema, ...] = ()
    checks: tuple[CheckSchema, ...] = ()
    description: str = ""
    # A partitioned table holds no rows itself: without a partition every INSERT fails.
    takes_rows: bool = True
    target: Mapping[str, Any] = field(default_factory=dict)
    exclusions: tuple[ExclusionSchema, ...] = ()
    filled: bool = False
    generic: tuple[tuple[str, str], ...] = ()
    filled_by: str = ""
    set_by: Mapping[str, str] = field(default_factory=dict)
    left_empty: str = ""


@dataclass(frozen=True)
class DomainSchema:
    """A type of the schema's own: another type with conditions, in which VALUE stands for the value."""

    type: SqlType
    nullable: bool = True
    checks: tuple[CheckSchema, ...] = ()


@dataclass(frozen=True)
class Schema:
    """All tables of a source, its types by their names in lower case, and what its reader left out.

    composites: the fields of composite types.
    """

    name: str
    dialect: str
    file: str
    tables: tuple[TableSchema, ...]
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    domains: Mapping[str, DomainSchema] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()
    composites: Mapping[str, Mapping[str, SqlType]] = field(default_factory=dict)
