"""ClickHouse's tables: the SQL that makes one, and what is known of those that are there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sdgen.databases.clickhouse.connection import Engine, fetch_rows
from sdgen.databases.clickhouse.dialect import CLICKHOUSE, declared
from sdgen.databases.existing_tables import Found
from sdgen.errors import Problem
from sdgen.targets.base import Mode, Table, TableColumn

Name: TypeAlias = tuple[str, str]  # database and table

# Engines of one server alone, whose tables can be exchanged; parts of MergeTree tables can be moved besides.
_OWN = frozenset({"Memory", "Log", "TinyLog", "StripeLog"})
_ABSENT = frozenset({"array", "map", "tuple", "nested", "json", "object", "dynamic", "variant"})
_INSERTED = frozenset({"", "DEFAULT", "EPHEMERAL"})
_TABLES = "SELECT database, name, engine, toString(length(dependencies_table)) FROM system.tables"
_COLUMNS = "SELECT database, table, name, type, default_kind FROM system.columns"
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Stands:
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
    def found(self) -> list[Found]:
        """Its columns; one not given becomes its type's zero, so that none needs a value."""
        columns = {**self.columns, **self.computed, **_regrouped(self.columns)}
        return [Found(name, type, _takes_null(type), filled=True) for name, type in columns.items()]


def _takes_null(type: str) -> bool:
    found = declared(type)
    return found.nullable or found.word in _ABSENT


def _regrouped(columns: Mapping[str, str]) -> dict[str, str]:
    """Nested types, which ClickHouse keeps as an array for each field, put together again."""
    groups: dict[str, list[str]] = {}
    for name, type in columns.items():
        group, dot, inner = name.partition(".")
        if dot and declared(type).word == "array":
            groups.setdefault(group, []).append(f"`{inner}` {declared(type).arguments[0]}")
    return {group: f"Nested({', '.join(fields)})" for group, fields in groups.items() if group not in columns}


def look(engine: Engine, names: Sequence[Name]) -> dict[Name, Stands]:
    """Those of the tables, each a database and a name, that are there."""
    if not names:
        return {}
    listed = ", ".join(f"({CLICKHOUSE.literal(database)}, {CLICKHOUSE.literal(name)})" for database, name in names)
    columns: dict[Name, dict[str, str]] = {}
    computed: dict[Name, dict[str, str]] = {}
    for database, table, name, type, kind in fetch_rows(engine, f"{_COLUMNS} WHERE (database, table) IN ({listed})"):
        into = columns if kind in _INSERTED else computed
        into.setdefault((database, table), {})[name] = type
    return {
        (database, name): Stands(
            kind, feeds != "0", columns.get((database, name), {}), computed.get((database, name), {})
        )
        for database, name, kind, feeds in fetch_rows(engine, f"{_TABLES} WHERE (database, name) IN ({listed})")
    }


def engine_faults(table: Table, stands: Stands, mode: Mode) -> Iterable[Problem]:
    """What keeps rows from a table that is there, beyond its columns' types."""
    path = ("target", table.name)
    if stands.engine.endswith("View") or stands.engine == "Dictionary":
        yield Problem(path, f"is a {stands.engine}, not a table", "give the table behind it")
    for name in table.names:
        if name in stands.computed:
            yield Problem((*path, name), "is computed by the table that exists", "hide it in the scenario")


def create_table(table: Table, name: str) -> str:
    """CREATE TABLE under a name, from the types and from what the scenario says for ClickHouse."""
    facts = table.target.get(CLICKHOUSE.name, {})
    lines = [f"{CLICKHOUSE.quote(column.name)} {column_type(table, column)}" for column in table.columns]
    lines += [f"{CLICKHOUSE.quote(each)} {ddl}" for each, ddl in (facts.get("computed") or {}).items()]
    lines += [f"INDEX {CLICKHOUSE.quote(each)} {ddl}" for each, ddl in (facts.get("indexes") or {}).items()]
    lines += [f"PROJECTION {CLICKHOUSE.quote(each)} {ddl}" for each, ddl in (facts.get("projections") or {}).items()]
    body = ",\n".join(f"    {line}" for line in lines)
    return "\n".join([f"CREATE TABLE {name} (\n{body}\n)", *_clauses(table, facts)])


def column_type(table: Table, column: TableColumn) -> str:
    """What stands behind a column's name: its own words for ClickHouse, or its type."""
    if CLICKHOUSE.name in column.target:
        return column.target[CLICKHOUSE.name]
    text = CLICKHOUSE.declared(column.type)
    if column.nullable and declared(text).word not in _ABSENT:
        text = f"Nullable({text})"
    few = column.repeats and declared(text).bare.word == "string"
    return f"LowCardinality({text})" if few else text


def _clauses(table: Table, facts: Mapping[str, Any]) -> Iterable[str]:
    engine = str(facts.get("engine") or "MergeTree")
    yield f"ENGINE = {engine}"
    if not engine.partition("(")[0].strip().endswith("MergeTree"):
        return
    order = facts.get("order_by") or table.primary_key
    if facts.get("partition_by"):
        yield f"PARTITION BY {_keys(facts['partition_by'], table)}"
    if facts.get("primary_key"):
        yield f"PRIMARY KEY {_keys(facts['primary_key'], table)}"
    yield f"ORDER BY {_keys(order, table)}"
    if facts.get("sample_by"):
        yield f"SAMPLE BY {_keys(facts['sample_by'], table)}"
    if facts.get("ttl"):
        yield f"TTL {facts['ttl']}"
    settings = {**_null_keys(order, table), **(facts.get("settings") or {})}
    if settings:
        yield "SETTINGS " + ", ".join(f"{name} = {_setting(value)}" for name, value in settings.items())


def _keys(keys: Any, table: Table) -> str:
    """A list of columns or expressions, or one expression as it stands."""
    if isinstance(keys, str):
        return CLICKHOUSE.quote(keys) if keys in table.names else keys
    return f"({', '.join(_keys(str(key), table) for key in keys)})" if keys else "tuple()"


def _null_keys(order: Any, table: Table) -> dict[str, int]:
    text = order if isinstance(order, str) else " ".join(map(str, order))
    nullable = {column.name for column in table.columns if declared(column_type(table, column)).nullable}
    return {"allow_nullable_key": 1} if nullable & set(_WORD.findall(text)) else {}


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    text = str(value)
    return text if re.fullmatch(r"-?\d+(\.\d+)?", text) else CLICKHOUSE.literal(text)
