"""What ClickHouse's catalogue says of tables, and a reader of their rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa

from sdgen.databases.catalog import Statements
from sdgen.databases.clickhouse.connection import Engine, Remote, fetch_rows
from sdgen.databases.clickhouse.dialect import CLICKHOUSE, WITHOUT_NULL, declared
from sdgen.databases.existing_tables import ExistingColumn
from sdgen.databases.table_reader import PlainTableReader, Row
from sdgen.errors import Problem, SourceError, TargetError
from sdgen.targets.base import Mode, Table, TableColumn

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


# A ClickHouse database that is read back: a server's, or a folder of chdb's.

# Outer joins and casts that know null, as in standard SQL.
_STANDARD = "join_use_nulls = 1, cast_keep_nullable = 1, output_format_arrow_string_as_string = 1"


class ClickHouseReader(PlainTableReader):
    """A database that is asked in standard SQL."""

    dialect = CLICKHOUSE

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, list[str]] = {}
        fault = engine.fault()
        if fault or not engine.exists():
            raise TargetError(Problem(("target",), fault or "there is no such folder, or nothing is in it"))

    def columns(self, table: Table) -> list[str]:
        """Its columns; a Nested, which is kept as an array for each of its fields, is one."""
        there = self._own_columns(table)
        nested = [column.name for column in table.columns if self._fields(column, there)]
        return [*there, *nested]

    def _own_columns(self, table: Table) -> list[str]:
        if table.name not in self._known:
            self._known[table.name] = self._listed(table)
        return self._known[table.name]

    def _listed(self, table: Table) -> list[str]:
        database, name = self.dialect.split(table.name)
        there = f"database = {self.dialect.literal(database or self._engine.database)}"
        where = f"{there} AND table = {self.dialect.literal(name)}"
        found = fetch_rows(self._engine, f"SELECT name FROM system.columns WHERE {where} ORDER BY position")
        return [name for (name,) in found]

    def _fields(self, column: TableColumn, there: Sequence[str]) -> list[str]:
        """The fields of a Nested that are columns of their own."""
        if column.name in there or column.type.kind != "array":
            return []
        return [field for field in column.type.items[0].fields if f"{column.name}.{field}" in there]

    def source(self, table: Table) -> str:
        return self._with_nested(table, self.dialect.table(table.name))

    def _with_nested(self, table: Table, source: str) -> str:
        """What stands behind FROM, with the columns of each Nested put together again."""
        there, quote = self._own_columns(table), self.dialect.quote
        parts = []
        for column in table.columns:
            fields = self._fields(column, there)
            names = ", ".join(map(self.dialect.literal, fields))
            arrays = ", ".join(quote(f"{column.name}.{field}") for field in fields)
            parts += [f"nested([{names}], {arrays}) AS {quote(column.name)}"] if fields else []
        return f"(SELECT *, {', '.join(parts)} FROM {source})" if parts else source

    def rows(self, sql: str) -> list[Row]:
        return [tuple(row.values()) for row in self.arrow(sql).to_pylist()]

    def arrow(self, sql: str) -> pa.Table:
        found = self._engine.fetch(f"{sql} SETTINGS {_STANDARD}", "ArrowStream")
        return pa.ipc.open_stream(found).read_all()

    def sampled(self, table: Table, one_in: int) -> str:
        # SAMPLE needs a key for it, which most tables lack: a row is known by its part and its place in it.
        rows = f"{self.dialect.table(table.name)} WHERE cityHash64(_part, _part_offset) % {one_in} = 0"
        return self._with_nested(table, rows)

    def selected(self, column: TableColumn) -> str:
        name, as_text = self.dialect.quote(column.name), _AS_TEXT.get(column.type.kind, "{}")
        form = _WIDER.get(_word(column), as_text)
        return f"{form.format(name)} AS {name}" if form != "{}" else name

    def ordered(self, column: TableColumn) -> str:
        return _WIDER.get(_word(column), "{}").format(self.dialect.quote(column.name))

    def close(self) -> None:
        self._engine.discard()


_AS_TEXT = {"enum": "toString({})", "binary": "hex({})"}
# Of the types that come as bare numbers and bytes, what tells what they are.
_WIDER = {
    **dict.fromkeys(("ipv4", "ipv6"), "toString({})"),
    **dict.fromkeys(("datetime", "datetime32"), "toDateTime64({}, 0, 'UTC')"),
    **dict.fromkeys(("int128", "int256", "uint128", "uint256"), "toDecimal128({}, 0)"),
    "fixedstring": "toStringCutToZero({})",
    "date": "toDate32({})",
}


def _word(column: TableColumn) -> str:
    """The word of a column's own type, where the scenario names one."""
    return declared(column.target.get(CLICKHOUSE.name, "")).bare.word
