"""What foreign keys ask of tables in DuckDB: the order of making and dropping them, and columns of one type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.databases.existing_tables import ExistingTables
from sdgen.errors import Problem
from sdgen.targets.base import Table, TableColumn


def children_first(tables: Sequence[Table], referrers: Any) -> list[Table]:
    """The tables that foreign keys bind, each before the tables it refers to."""
    bound = {name for name, others in referrers.items() for name in (name, *others)}
    waiting = [table for table in tables if table.name in bound]
    ordered: list[Table] = []
    while waiting:
        names = {table.name for table in waiting}
        # There always is one: DuckDB declares no foreign keys in a circle.
        free = [t for t in waiting if not (set(referrers.get(t.name, ())) & names - {t.name})]
        ordered += free
        waiting = [table for table in waiting if table not in free]
    return ordered


def within_schemas(tables: Sequence[Table], there: ExistingTables) -> tuple[tuple[Table, ...], tuple[str, ...]]:
    """The tables without foreign keys into other schemas, which DuckDB can't declare; and what is told of new ones."""
    told: list[str] = []
    kept: list[Table] = []
    for table in tables:
        across = [each for each in table.references if _schema(each.table) != _schema(table.name)]
        for each in across if table.name not in there.columns else ():
            key = f"{table.name} ({', '.join(each.columns)}) to {each.table} ({', '.join(each.to)})"
            told.append(f"no foreign key {key}: DuckDB declares none across schemas; the rows keep it all the same")
        kept.append(replace(table, references=tuple(each for each in table.references if each not in across)))
    return tuple(kept), tuple(told)


def _schema(table: str) -> str:
    return DUCKDB.split(table)[0] or "main"


def cycles(tables: Sequence[Table], there: ExistingTables) -> list[Problem]:
    """New tables that refer to each other in a cycle: in DuckDB none of them could be made first."""
    waiting = {t.name: {r.table for r in t.references} - {t.name} for t in tables if t.name not in there.columns}
    while True:
        free = [name for name, others in waiting.items() if not others & waiting.keys()]
        if not free:
            break
        for name in free:
            del waiting[name]
    if not waiting:
        return []
    while dangling := [name for name in waiting if not any(name in others for others in waiting.values())]:
        for name in dangling:  # it refers to a cycle, and is in none
            del waiting[name]
    what = f"refer to each other in a cycle, which DuckDB can't declare: {', '.join(sorted(waiting))}"
    return [Problem(("target",), what, "write to PostgreSQL or SQLite, or to files")]


@dataclass(frozen=True)
class ColumnTypes:
    """The types by which DuckDB takes the foreign keys of a run's tables: a column has that of what it refers to.

    DuckDB compares the types' names: INTEGER and BIGINT, or decimals of two sizes, can't be bound.
    """

    tables: Sequence[Table]
    there: ExistingTables

    def agreed(self, table: Table) -> Table:
        """The table with its foreign keys' columns declared as the keys that they refer to are."""
        bound = {name for reference in table.references for name in reference.columns}
        columns = [self._declared(table, each) if each.name in bound else each for each in table.columns]
        return replace(table, columns=tuple(columns))

    def _declared(self, table: Table, column: TableColumn) -> TableColumn:
        above = next(self._referred(table, column.name), None)
        declared = self._of(*above, frozenset()) if above is not None else _own(column)
        return column if declared == _own(column) else replace(column, target={**column.target, DUCKDB.name: declared})

    def _of(self, table: Table, column: str, seen: frozenset[tuple[str, str]]) -> str:
        """A key's type, in DuckDB's words: of the table that exists, else of what it refers to itself."""
        known = next((each.declared for each in self.there.columns.get(table.name, ()) if each.name == column), "")
        above = next(self._referred(table, column), None)
        if known or above is None or (table.name, column) in seen:
            return known or _own(table.column(column))
        return self._of(*above, seen | {(table.name, column)})

    def _referred(self, table: Table, column: str) -> Iterator[tuple[Table, str]]:
        """The columns that a column refers to, but for itself."""
        named = {each.name: each for each in self.tables}
        for reference in table.references:
            for own, to in zip(reference.columns, reference.to, strict=True):
                itself = (reference.table, to) == (table.name, column)
                if own == column and reference.table in named and not itself:
                    yield named[reference.table], to

    def clashes(self) -> list[Problem]:
        """New columns that refer to columns of two types, which no type of their own could agree with."""
        problems = []
        for table in (each for each in self.tables if each.name not in self.there.columns):
            for column in table.names:
                referred = {
                    f"{there.name}.{to}": self._of(there, to, frozenset())
                    for there, to in self._referred(table, column)
                }
                if len(set(referred.values())) > 1:
                    types = ", ".join(f"{name} ({type})" for name, type in referred.items())
                    what = f"refers to columns of several types, which DuckDB can't declare: {types}"
                    problems.append(Problem(("target", table.name, column), what, "give them one type"))
        return problems


def _own(column: TableColumn) -> str:
    return column.target.get(DUCKDB.name) or DUCKDB.declared(column.type)
