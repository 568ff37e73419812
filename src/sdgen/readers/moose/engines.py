"""What a table's config says of its ClickHouse engine: the words of its DDL, and what it asks of the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sdgen.readers.moose.clicktypes import quoted
from sdgen.readers.moose.tables import MooseTable, unknown_text

MERGE_TREE = "MergeTree"
# Engines that hold no rows of their own, and why.
WITHOUT_ROWS: Mapping[str, str] = {
    "S3Queue": "reads its rows from files in S3",
    "Kafka": "reads its rows from a topic",
    "Merge": "shows the rows of other tables",
    "Buffer": "passes its rows on to another table",
    "Distributed": "passes its rows on to other servers",
    "IcebergS3": "shows the rows of an Iceberg table",
}
_COLLAPSES = ("Replacing", "Collapsing", "Summing", "Aggregating")


@dataclass(frozen=True)
class Engine:
    """A table's engine.

    order_by: the sorting key's columns, or its expression. sign, version, deleted: the columns with these roles.
    collapses: rows of equal sorting keys become one. null_keys: columns of the sorting key may be null.
    """

    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    order_by: tuple[str, ...] = ()
    sign: str = ""
    version: str = ""
    deleted: str = ""
    collapses: bool = False
    null_keys: bool = False


def engine_of(table: MooseTable, keys: tuple[str, ...]) -> Engine:
    """The engine of a table whose Key columns are `keys`."""
    name, params = _named(table.config)
    columns, expression = _texts(table.config.get("order_by_fields")), table.config.get("order_by_expression")
    facts: dict[str, Any] = {"engine": _spelled(name, params)}
    if isinstance(expression, str):
        columns, facts["order_by"] = _plain_columns(expression), expression
    else:
        columns = columns or keys
        facts["order_by"] = list(columns) or "tuple()"
    facts.update(_others(table.config))
    settings = facts.get("settings", {})
    return Engine(
        name=name,
        facts=facts,
        order_by=columns,
        sign=_text(params.get("sign")),
        version=_text(params.get("ver")),
        deleted=_text(params.get("is_deleted")),
        collapses=any(word in name for word in _COLLAPSES),
        null_keys=str(settings.get("allow_nullable_key", "0")) in ("1", "true", "True"),
    )


def _named(config: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The engine's name and its params, which stand beside it or, in Python, in its call."""
    engine = config.get("engine")
    if isinstance(engine, Mapping):
        return str(engine.get("name", MERGE_TREE)), {**config, **engine}
    text = engine if isinstance(engine, str) else unknown_text(engine).rpartition(".")[2]
    if not text and config.get("deduplicate") is True:
        return "ReplacingMergeTree", config
    name = text.removesuffix("Engine")
    return name if is_engine(name) else MERGE_TREE, config


def is_engine(name: str) -> bool:
    """Whether ClickHouse has an engine of this name, as far as Moose knows."""
    return name.endswith(MERGE_TREE) or name == "S3" or name in WITHOUT_ROWS


def _spelled(name: str, params: Mapping[str, Any]) -> str:
    """The engine with its params, as CREATE TABLE has it."""
    given = _given(name, params)
    if name.startswith("Replicated"):
        place = [params.get("keeper_path"), params.get("replica_name")]
        given = [*(quoted(text) for text in place if isinstance(text, str)), *given]
    return f"{name}({', '.join(given)})" if given else name


def _given(name: str, params: Mapping[str, Any]) -> list[str]:
    family = name.removeprefix("Replicated")
    if family == "S3":
        place, form = _text(params.get("path")), _text(params.get("format"))
        unsigned = [] if "aws_access_key_id" in params else ["NOSIGN"]
        return [quoted(place), *unsigned, *([quoted(form)] if form else [])] if place else []
    if family == "SummingMergeTree":
        columns = _texts(params.get("columns"))
        return [f"({', '.join(columns)})" if len(columns) > 1 else columns[0]] if columns else []
    wanted = {
        "ReplacingMergeTree": ("ver", "is_deleted"),
        "CollapsingMergeTree": ("sign",),
        "VersionedCollapsingMergeTree": ("sign", "ver"),
    }.get(family, ())
    return [text for key in wanted if (text := _text(params.get(key)))]


_CLAUSES = {
    "partition_by": "partition_by",
    "primary_key_expression": "primary_key",
    "sample_by_expression": "sample_by",
    "ttl": "ttl",
}


def _others(config: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {ours: config[key] for key, ours in _CLAUSES.items() if _text(config.get(key))}
    settings = config.get("settings")
    if isinstance(settings, Mapping):
        plain = {key: value for key, value in settings.items() if isinstance(value, str | int | float)}
        found.update({"settings": plain} if plain else {})
    indexes = {each["name"]: _index(each) for each in _records(config, "indexes", "expression")}
    projections = {each["name"]: _bracketed(each["body"]) for each in _records(config, "projections", "body")}
    named = {"indexes": indexes, "projections": projections}
    return {**found, **{key: value for key, value in named.items() if value}}


def _bracketed(query: str) -> str:
    return query if query.strip().startswith("(") else f"({query})"


def _index(index: Mapping[str, Any]) -> str:
    args = ", ".join(str(each) for each in index.get("arguments") or () if isinstance(each, str | int | float))
    kind = str(index.get("type", "minmax")) + (f"({args})" if args else "")
    granularity = index.get("granularity")
    return f"{index['expression']} TYPE {kind}" + (
        f" GRANULARITY {granularity}" if isinstance(granularity, int) else ""
    )


def _records(config: Mapping[str, Any], key: str, needed: str) -> Iterable[Mapping[str, Any]]:
    """The records of a list that have a name, and a text under `needed`."""
    value = config.get(key)
    items = value if isinstance(value, list | tuple) else ()
    return [each for each in items if isinstance(each, Mapping) and _text(each.get("name")) and _text(each.get(needed))]


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list | tuple) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _plain_columns(expression: str) -> tuple[str, ...]:
    """The columns of an expression that is a list of names; () where it computes anything."""
    inner = expression.strip()
    inner = inner[1:-1] if inner.startswith("(") and inner.endswith(")") else inner
    names = tuple(name.strip(" `") for name in inner.split(",") if name.strip())
    return names if all(name.replace("_", "a").isalnum() for name in names) else ()
