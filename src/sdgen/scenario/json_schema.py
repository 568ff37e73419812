"""The JSON Schema (draft 2020-12) of a scenario file in all its spellings, for editors.

Descriptions and bounds are the model's own; here is only what a file may spell differently from the canonical form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from sdgen.scenario.dirt import Dirt, SwappedColumns
from sdgen.scenario.model import SHORT_MODES, Column, Entity, Mode, Record, RowCount, Rule, Scenario
from sdgen.scenario.output import DATABASE_FORMATS, FILE_FORMATS, EntityOutput, Output
from sdgen.scenario.types import KINDS, SYNONYMS

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Schema = {"type": "string"}
_NAME: Schema = {"type": "string", "minLength": 1}
_WORD: Schema = {"type": ["string", "number"]}
_PARAMS: Schema = {"type": "object", "description": "the generator's params; they may also stand inside `generator`"}
_SIMPLE_KINDS = KINDS - {"array", "map", "struct", "enum"}
_TYPE_EXAMPLES = (
    "decimal(10,2)",
    "string(40)",
    "enum(new, used)",
    "array<string>",
    "map<string, int>",
    "struct<a: int, b: text>",
)


def scenario_schema(generators: Mapping[str, Mapping[str, Schema]], main: Mapping[str, str]) -> Schema:
    """The schema of a scenario file; `generators` gives the schemas of each generator's params, by names.

    main: the param of each that a value alone is for, or "".
    """
    return {
        "$schema": DRAFT,
        "title": "sdgen scenario",
        **_record(
            Scenario,
            {
                "id": _WORD,
                "name": _WORD,
                "version": _WORD,
                "locale": {
                    "type": ["string", "array", "object"],
                    "description": Scenario.model_fields["locale"].description,
                },
                "presets": _named("preset", "generators with params, under names of the scenario's own"),
                "rules": {
                    "type": "array",
                    "items": _ref("rule"),
                    "description": "they choose generators by columns' names",
                },
                "output": _output(),
                "entities": {**_named("entity", "the tables"), "minProperties": 1, "minItems": 1},
            },
            required=("entities",),
        ),
        "$defs": _definitions(generators, main),
    }


def _output() -> Schema:
    """Formats may be a list or one alone."""
    every = {"enum": [*FILE_FORMATS, *DATABASE_FORMATS]}
    formats = {"anyOf": [every, {"type": "array", "items": every, "minItems": 1}], **_described(Output, "format")}
    files = {"enum": list(FILE_FORMATS)}
    own = {"anyOf": [files, {"type": "array", "items": files}], **_described(EntityOutput, "format")}
    entity = _record(EntityOutput, {"format": own})
    per_entity = {"type": "object", "additionalProperties": entity, **_described(Output, "per_entity")}
    return _record(Output, {"format": formats, "per_entity": per_entity})


def _definitions(generators: Mapping[str, Mapping[str, Schema]], main: Mapping[str, str]) -> Schema:
    filled: Schema = {"generator": _ref("generator"), "params": _PARAMS}
    by_name = {name: _ref(f"with_{name}") for name in generators}
    checked = [_ref("params")]
    references = {"type": "string", "description": "a foreign key to `entity.column`, or to an entity's primary key"}
    descriptor = {
        "type": "object",
        "description": "the params of a link, as of the generator `fk`",
        "required": ["entity"],
    }
    column = {
        **by_name,
        **filled,
        "references": references,
        "fk": descriptor,
        "type": {**_ref("type"), **_described(Column, "type")},
    }
    entity: Schema = {
        "rows": _ref("rows"),
        "table_mode": {"enum": [*Mode, *SHORT_MODES], **_described(Entity, "table_mode")},
        "dirt": _record(Dirt, {"swapped": {"type": "array", "items": _short(SwappedColumns)}}),
        "columns": {**_named("column", "the columns (several: `a, b`)"), "minProperties": 1, "minItems": 1},
        "check": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}], **_described(Entity, "check")},
        "references": {
            "type": "array",
            "items": _short(KeyReference),
            "description": "foreign keys of several columns",
        },
        "tree": _short(TreeShape),
    }
    pairs = {
        "entity": _record(Entity, entity, required=("columns",)),
        "column": {**_record(Column, column), "allOf": checked},
        "preset": {**_closed({**by_name, **filled}), "minProperties": 1, "allOf": checked},
    }
    return {
        **{name: _text_too(schema) if name == "column" else schema for name, schema in pairs.items()},
        **{f"named_{name}": _with_name(schema) for name, schema in pairs.items()},
        "rule": {**_record(Rule, {**filled, **_rule_spellings()}, required=("generator",)), "allOf": checked},
        "rows": {
            "description": RowCount.__doc__,
            "anyOf": [{"type": "integer", "minimum": 0}, _record(RowCount, {"count": _count()})],
        },
        "type": {
            "description": "a column's type",
            "anyOf": [{"enum": sorted(_SIMPLE_KINDS | SYNONYMS.keys())}, _examples()],
        },
        "generator": _generator(sorted(generators)),
        "params": {"allOf": [_condition(name) for name, params in generators.items() if params]},
        **{f"params_{name}": _closed(dict(params)) for name, params in generators.items()},
        **{f"with_{name}": _by_name(name, params.get(main[name])) for name, params in generators.items()},
    }


def _count() -> Schema:
    """A number of rows, or the name of a column of the parent."""
    return {"type": ["integer", "string", "null"], "minimum": 0, "minLength": 1, **_described(RowCount, "count")}


def _short(kind: type[BaseModel]) -> Schema:
    required = [name for name, field in kind.model_fields.items() if field.is_required()]
    return _record(kind, {}, required)


def _rule_spellings() -> Schema:
    """Conditions of a rule that may be one or a list of several."""
    patterns: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
    types: Schema = {"anyOf": [_ref("type"), {"type": "array", "items": _ref("type")}]}
    beside: Schema = {"anyOf": [*patterns["anyOf"], {"type": "object", "additionalProperties": patterns}]}
    return {
        "type": {**types, **_described(Rule, "type")},
        "with": {**beside, **_described(Rule, "beside")},
    }


def _record(kind: type[BaseModel], spelled: Schema, required: Sequence[str] = ()) -> Schema:
    """A record of the model, some of its keys being spelled otherwise in files."""
    own = kind.model_json_schema()["properties"]
    properties = {
        name: spelled.get(name, {key: value for key, value in schema.items() if key != "title"})
        for name, schema in {**own, **spelled}.items()
    }
    return {"description": kind.__doc__ or "", **_closed(properties), "required": list(required)}


def _closed(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _with_name(schema: Schema) -> Schema:
    """A record of a list, which holds its own name."""
    return {
        **schema,
        "properties": {"name": _NAME, **schema["properties"]},
        "required": ["name", *schema.get("required", [])],
    }


def _named(kind: str, description: str) -> Schema:
    """Records by name: a mapping, or a list of records with `name`."""
    return {
        "description": f"{description}: a mapping from names, or a list of records with `name`",
        "type": ["object", "array"],
        "additionalProperties": _ref(kind),
        "items": _ref(f"named_{kind}"),
    }


def _text_too(column: Schema) -> Schema:
    """A column in a mapping may be its type alone."""
    return {"anyOf": [_ref("type"), column]}


def _generator(names: Sequence[str]) -> Schema:
    name: Schema = {"description": "a generator's or a preset's name", "anyOf": [{"enum": list(names)}, _NAME]}
    record = {**_closed({"type": name, "params": {"type": "object"}}), "required": ["type"]}
    return {"description": "what fills the column", "anyOf": [name, record]}


def _by_name(name: str, main: Schema | None) -> Schema:
    """What stands behind a generator's name: its params, a value alone for the main one, or nothing."""
    alone = [] if main is None else [{**main, "not": {"type": "object"}}]
    return {"anyOf": [{"type": "null"}, _ref(f"params_{name}"), *alone]}


def _condition(name: str) -> Schema:
    """Where the generator has this name, its params are these."""
    return {
        "if": {"properties": {"generator": {"const": name}}, "required": ["generator"]},
        "then": {"properties": {"params": _ref(f"params_{name}")}},
    }


def _described(kind: type[BaseModel], field: str) -> Schema:
    return {"description": kind.model_fields[field].description or ""}


def _examples() -> Schema:
    return {**_TEXT, "examples": list(_TYPE_EXAMPLES)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


class KeyReference(Record):
    """A foreign key of one or several columns, all of them filled from the same parent row."""

    columns: tuple[str, ...] = Field(min_length=1, description="the entity's own columns; made where they are missing")
    entity: str = Field(min_length=1, description="the parent entity")
    to: tuple[str, ...] = Field(
        (), description="the parent's columns in the same order; its primary key where left out"
    )
    params: Mapping[str, Any] = Field(default_factory=dict, description="further params of the link, as of `fk`")


class TreeShape(Record):
    """A tree of an entity's rows: a column that refers to earlier rows of the same entity."""

    column: str = Field(min_length=1, description="the column that names the parent row; made where it is missing")
    key: str = Field("", description="the column it refers to; the primary key where left out")
    depth: int = Field(0, ge=0, description="the most levels, roots being the first; 0 for any")
    roots: int = Field(1, ge=1, description="how many rows at the start have no parent")
