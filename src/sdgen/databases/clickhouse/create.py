"""ClickHouse's tables: the SQL that makes one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sdgen.databases.clickhouse.dialect import CLICKHOUSE, WITHOUT_NULL, declared
from sdgen.targets.base import Table, TableColumn

_WORD = re.compile(r"[A-Za-z_]\w*")


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
    if column.nullable and declared(text).word not in WITHOUT_NULL:
        text = f"Nullable({text})"
    few = column.repeats and declared(text).bare.word == "string"
    return f"LowCardinality({text})" if few else text


def _clauses(table: Table, facts: Mapping[str, Any]) -> Iterable[str]:
    engine = str(facts.get("engine") or "MergeTree")
    yield f"ENGINE = {engine}"
    # Engines of other families, such as Memory and Log, take none of these clauses.
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
    # A key of a MergeTree may hold nulls only where this setting allows it.
    return {"allow_nullable_key": 1} if nullable & set(_WORD.findall(text)) else {}


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    text = str(value)
    return text if re.fullmatch(r"-?\d+(\.\d+)?", text) else CLICKHOUSE.literal(text)
