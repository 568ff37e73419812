"""What ClickHouse's catalogue says of the tables that a run writes to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sdgen.databases.catalog import Statements
from sdgen.databases.clickhouse.connection import Engine, Remote, fetch_rows
from sdgen.databases.clickhouse.dialect import CLICKHOUSE, WITHOUT_NULL, declared
from sdgen.databases.existing_tables import ExistingColumn
from sdgen.errors import Problem, SourceError, TargetError
from sdgen.targets.base import Mode, Table

QualifiedName: TypeAlias = tuple[str, str]  # database and table

# Engines of one server alone, whose tables can be exchanged; parts of MergeTree tables can be moved besides.
_OWN = frozenset({"Memory", "Log", "TinyLog", "StripeLog"})
_INSERTED = frozenset({"", "DEFAULT", "EPHEMERAL"})
_STATEMENTS = """
    SELECT create_table_query FROM system.tables
    WHERE database = {database} AND NOT is_temporary AND NOT startsWith(name, '.')
    ORDER BY metadata_modification_time, name"""
_QUALIFIED = re.compile(r"(CREATE (?:TABLE|DICTIONARY|VIEW|MATERIALIZED VIEW) )(?:`(?:[^`\\]|\\.)*`|\w+)\.")
_TABLES = "SELECT database, name, engine, toString(length(dependencies_table)) FROM system.tables"
_COLUMNS = "SELECT database, table, name, type, default_kind FROM system.columns"


def introspect(engine: Engine, shown: str) -> Statements:
    """The statements that made the tables of a database; SourceError where it can't be asked."""
    fault = engine.fault() or ("" if engine.exists() else "there is no such database, or nothing is in it")
    if fault:
        raise SourceError(Problem((), fault, "", shown))
    try:
        queries = fetch_rows(engine, _STATEMENTS.format(database=CLICKHOUSE.literal(engine.database)))
    except TargetError as error:
        raise SourceError([Problem((), each.what, each.hint, shown) for each in error.problems]) from None
    finally:
        engine.discard()
    unqualified = [_QUALIFIED.sub(r"\1", query, count=1) for (query,) in queries]
    return Statements("\n".join(f"{query};" for query in unqualified), CLICKHOUSE.name)


@dataclass(frozen=True)
class ExistingTable:
    """A table that is there: its engine, its columns, and whether views are filled from it."""

    engine: str
    feeds: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    computed: Mapping[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> bool:
        """Its rows are parts on this server's disk, which can be moved at once."""
        return self.engine.endswith("MergeTree") and not self.engine.startswith(("Replicated", "Shared"))

    @property
    def exchangeable(self) -> bool:
        return self.parts or self.engine in _OWN

    @property
    def found(self) -> list[ExistingColumn]:
        """Its columns; one not given becomes its type's zero, so that none needs a value."""
        columns = {**self.columns, **self.computed, **_regrouped(self.columns)}
        return [ExistingColumn(name, type, _takes_null(type), filled=True) for name, type in columns.items()]


def _takes_null(type: str) -> bool:
    found = declared(type)
    return found.nullable or found.word in WITHOUT_NULL


def _regrouped(columns: Mapping[str, str]) -> dict[str, str]:
    """Nested types, which ClickHouse keeps as an array for each field, put together again."""
    groups: dict[str, list[str]] = {}
    for name, type in columns.items():
        group, dot, inner = name.partition(".")
        if dot and declared(type).word == "array":
            groups.setdefault(group, []).append(f"`{inner}` {declared(type).arguments[0]}")
    return {group: f"Nested({', '.join(fields)})" for group, fields in groups.items() if group not in columns}


def existing_tables(engine: Engine, names: Sequence[QualifiedName]) -> dict[QualifiedName, ExistingTable]:
    """Those of the tables, each a database and a name, that are there."""
    if not names:
        return {}
    listed = ", ".join(f"({CLICKHOUSE.literal(database)}, {CLICKHOUSE.literal(name)})" for database, name in names)
    columns: dict[QualifiedName, dict[str, str]] = {}
    computed: dict[QualifiedName, dict[str, str]] = {}
    for database, table, name, type, kind in fetch_rows(engine, f"{_COLUMNS} WHERE (database, table) IN ({listed})"):
        into = columns if kind in _INSERTED else computed
        into.setdefault((database, table), {})[name] = type
    return {
        (database, name): ExistingTable(
            kind, feeds != "0", columns.get((database, name), {}), computed.get((database, name), {})
        )
        for database, name, kind, feeds in fetch_rows(engine, f"{_TABLES} WHERE (database, name) IN ({listed})")
    }


def engine_faults(table: Table, existing: ExistingTable, mode: Mode) -> Iterable[Problem]:
    """What keeps rows from a table that is there, beyond its columns' types."""
    path = ("target", table.name)
    if existing.engine.endswith("View") or existing.engine == "Dictionary":
        yield Problem(path, f"is a {existing.engine}, not a table", "give the table behind it")
    for name in table.names:
        if name in existing.computed:
            yield Problem((*path, name), "is computed by the table that exists", "hide it in the scenario")


def count_rows(url: str, tables: Sequence[Table]) -> Mapping[str, int]:
    """From the parts' own counts: nothing is read."""
    engine = Remote(url)
    try:
        split = {table.name: CLICKHOUSE.split(table.name) for table in tables}
        names = {name: (database or engine.database, own) for name, (database, own) in split.items()}
        there = existing_tables(engine, list(names.values())) if engine.exists() else {}
        queries = {name: f"SELECT count() FROM {CLICKHOUSE.table(name)}" for name in names if names[name] in there}
        return {name: int(fetch_rows(engine, sql)[0][0]) for name, sql in queries.items()}
    finally:
        engine.discard()
