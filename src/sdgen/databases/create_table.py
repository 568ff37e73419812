"""The SQL that makes a table, and that adds to it, after the load, the constraints it was made without."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sdgen.databases.dialect import FOREIGN_KEY, PRIMARY_KEY, UNIQUE, Dialect
from sdgen.errors import Path, Problem
from sdgen.scenario.types import Type
from sdgen.targets.base import Table, TableColumn

ALL = frozenset({PRIMARY_KEY, UNIQUE, FOREIGN_KEY})


@dataclass(frozen=True)
class Constraint:
    """A constraint of a table: its kind, its name, its columns, and its SQL behind `CONSTRAINT name`."""

    kind: str
    name: str
    columns: tuple[str, ...]
    sql: str


def constraints(table: Table, dialect: Dialect, kinds: frozenset[str] = ALL) -> list[Constraint]:
    """The constraints of some kinds that a table declares, the primary key first, foreign keys last."""
    found = [*_keys(table, dialect), *_foreign_keys(table, dialect)]
    return [constraint for constraint in found if constraint.kind in kinds]


def _keys(table: Table, dialect: Dialect) -> Iterable[Constraint]:
    name = dialect.split(table.name)[1]
    if table.primary_key:
        sql = f"PRIMARY KEY ({_listed(table.primary_key, dialect)})"
        yield Constraint(PRIMARY_KEY, dialect.shortened(f"{name}_pkey"), table.primary_key, sql)
    for columns in table.unique:
        key = dialect.shortened(f"{name}_{'_'.join(columns)}_key")
        yield Constraint(UNIQUE, key, columns, f"UNIQUE ({_listed(columns, dialect)})")


def _foreign_keys(table: Table, dialect: Dialect) -> Iterable[Constraint]:
    name = dialect.split(table.name)[1]
    for reference in table.references:
        key = dialect.shortened(f"{name}_{'_'.join(reference.columns)}_fkey")
        there = f"{dialect.table(reference.table)} ({_listed(reference.to, dialect)})"
        sql = f"FOREIGN KEY ({_listed(reference.columns, dialect)}) REFERENCES {there}"
        yield Constraint(FOREIGN_KEY, key, reference.columns, sql)


def create_table(table: Table, dialect: Dialect, inline: frozenset[str] = ALL) -> str:
    """CREATE TABLE with types, NOT NULL and the constraints of the kinds in `inline`."""
    counted = identity_of(table, dialect)
    lines = [_column(column, dialect, column.name == counted) for column in table.columns]
    # These columns are in the scenario's words for this database, and rows bring no values for them.
    computed = table.target.get(dialect.name, {}).get("computed") or {}
    lines += [f"{dialect.quote(name)} {declared}" for name, declared in computed.items()]
    lines += [_check(table, column, dialect) for column in table.columns if _checked(column.type, dialect)]
    for constraint in constraints(table, dialect, inline):
        lines.append(f"CONSTRAINT {dialect.quote(constraint.name)} {constraint.sql}")
    body = ",\n".join(f"    {line}" for line in lines)
    return f"CREATE TABLE {dialect.table(table.name)} (\n{body}\n)"


def identity_of(table: Table, dialect: Dialect) -> str:
    """The column whose further values the database counts; "" where none is declared so."""
    for column in table.columns:
        declared = column.target.get(dialect.name) or dialect.declared(column.type)
        # MySQL counts a column that a key begins with, and there is no more than one in a table.
        if column.identity and table.primary_key[:1] == (column.name,) and declared in dialect.counted:
            return column.name
    return ""


def _column(column: TableColumn, dialect: Dialect, counted: bool) -> str:
    nullable = "" if column.nullable else " NOT NULL"
    declared = column.target.get(dialect.name) or dialect.declared(column.type)
    return f"{dialect.quote(column.name)} {declared}{nullable}{f' {dialect.identity}' if counted else ''}"


def _checked(type: Type, dialect: Dialect) -> bool:
    return type.kind == "enum" and dialect.checks_enum


def _check(table: Table, column: TableColumn, dialect: Dialect) -> str:
    name = dialect.shortened(f"{dialect.split(table.name)[1]}_{column.name}_check")
    values = ", ".join("'" + value.replace("'", "''") + "'" for value in column.type.values)
    return f"CONSTRAINT {dialect.quote(name)} CHECK ({dialect.quote(column.name)} IN ({values}))"


def add_constraint(table: Table, constraint: Constraint, dialect: Dialect) -> str:
    """ALTER TABLE that adds a constraint to a loaded table. DuckDB takes a primary key without a name only."""
    named = dialect.name != "duckdb" or constraint.kind != PRIMARY_KEY
    name = f"CONSTRAINT {dialect.quote(constraint.name)} " if named else ""
    return f"ALTER TABLE {dialect.table(table.name)} ADD {name}{constraint.sql}"


def unique_index(table: Table, constraint: Constraint, dialect: Dialect) -> str:
    """CREATE UNIQUE INDEX, for databases that can't add a unique constraint to a table."""
    columns = _listed(constraint.columns, dialect)
    return f"CREATE UNIQUE INDEX {dialect.quote(constraint.name)} ON {dialect.table(table.name)} ({columns})"


def too_long(table: Table, dialect: Dialect) -> list[Problem]:
    """The table and column names that a database would cut."""
    parts = [part for part in dialect.split(table.name) if part]
    places: list[tuple[str, Path]] = [(part, ("target", table.name)) for part in parts]
    places += [(name, ("target", table.name, name)) for name in table.names]
    limit = dialect.longest
    return [
        Problem(
            path, f"{name!r} is longer than the {limit} {dialect.units} {dialect.name} keeps of a name", "shorten it"
        )
        for name, path in places
        if limit and dialect.size(name) > limit
    ]


def _listed(columns: Iterable[str], dialect: Dialect) -> str:
    return ", ".join(dialect.quote(column) for column in columns)
