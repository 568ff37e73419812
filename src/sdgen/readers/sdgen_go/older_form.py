"""Scenario files of the older sdgen (mmrzaf/sdgen, written in Go) → a scenario.

They look like native files and differ in a few meanings: `uniform_int` is half open there, [min, max), so that max
becomes one less here; `nullable` never gave a null; `fk` beside another generator was a remark. So a file is only
taken for an older one where nothing in it is native's alone and one of those meanings matters:

* the document has no keys but id, name, version, description, seed and entities (no locale, as_of, presets, rules);
* entities and columns are lists; each entity has a name, a target_table, a whole number of rows and columns, and
  perhaps a table_mode;
* each column has a name, a type of the older ten and a generator in the spelling {type, params}, one of the older
  eleven (or an fk in its place), and no keys but nullable and fk beside them (no primary_key, unique, null_rate,
  hidden, description);
* there is a uniform_int, a `nullable: true` or an `fk`. Without any of them both readings are the same.

A native file is written so only by intent; a note tells how uniform_int was read, and how to have it otherwise. Files
that fit in part are left to the native reader; `sdgen import older FILE` reads them as older ones all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sdgen.errors import Path

TYPES = frozenset(["int", "bigint", "float", "double", "string", "text", "bool", "timestamp", "date", "uuid"])
GENERATORS = frozenset(["const", "uuid4", "uniform_int", "uniform_float", "normal", "choice", "time_series", "fk"]) | {
    "faker_name",
    "faker_city",
    "faker_device_name",
}
_HEAD = {"id", "name", "version", "description", "seed", "entities"}
_ENTITY = {"name", "target_table", "rows", "columns"}
_COLUMN = {"name", "type", "nullable", "generator", "fk"}


def is_older(value: Any) -> bool:
    """Whether a document's value is surely of the older form, and means something else than a native one would."""
    if not isinstance(value, Mapping) or value.keys() - _HEAD or not isinstance(value.get("entities"), list):
        return False
    entities = value["entities"]
    return bool(entities) and all(_is_entity(entity) for entity in entities) and _differs(value)


def _is_entity(value: Any) -> bool:
    if (
        not isinstance(value, Mapping)
        or value.keys() - {"table_mode"} != _ENTITY
        or not isinstance(value["columns"], list)
    ):
        return False
    rows = value["rows"]
    counted = isinstance(rows, int) and not isinstance(rows, bool)
    return counted and bool(value["columns"]) and all(_is_column(column) for column in value["columns"])


def _is_column(value: Any) -> bool:
    if not isinstance(value, Mapping) or value.keys() - _COLUMN or str(value.get("type")) not in TYPES:
        return False
    generator = value.get("generator")
    # The older format let an fk stand in the generator's place.
    if "generator" not in value:
        return isinstance(value.get("fk"), Mapping)
    if not isinstance(generator, Mapping) or generator.keys() - {"type", "params"}:
        return False
    name = generator.get("type")
    return isinstance(name, str) and name in GENERATORS


def _differs(value: Any) -> bool:
    columns = [column for _, _, column in columns_of(value)]
    return any(generator_of(column) == "uniform_int" or column.get("nullable") or "fk" in column for column in columns)


def columns_of(value: Any) -> Iterator[tuple[Path, str, Mapping[str, Any]]]:
    """Each column that has the form of one, with its path and its entity's name."""
    entities = value.get("entities") if isinstance(value, Mapping) else None
    for index, entity in enumerate(entities if isinstance(entities, list) else []):
        columns = entity.get("columns") if isinstance(entity, Mapping) else None
        for place, column in enumerate(columns if isinstance(columns, list) else []):
            if isinstance(column, Mapping):
                yield ("entities", index, "columns", place), str(entity.get("name")), column


def generator_of(column: Mapping[str, Any]) -> str:
    generator = column.get("generator")
    return str(generator.get("type")) if isinstance(generator, Mapping) else ""
