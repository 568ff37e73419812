"""Rows of documents' schemas are valid by the schemas themselves: `jsonschema` and Pydantic judge them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from sdgen.engine import batch
from sdgen.files import jsonl
from sdgen.planning.compile import compile_plan
from sdgen.readers.jsonschema.branches import branches
from sdgen.readers.jsonschema.reader import read_schemas
from sdgen.readers.yaml_text import Document
from sdgen.scenario.model import Scenario
from sdgen.scenario.request import PlanRequest

DRAFT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def rows_of(scenario: Scenario, rows: int = 60, seed: int = 1) -> dict[str, list[Any]]:
    """The rows of each entity as JSON files hold them."""
    plan = compile_plan(scenario, PlanRequest(seed=seed))
    found = {}
    for name, entity in plan.entities.items():
        types = [column.type for column in entity.written]
        text = jsonl.encode(types, batch(plan, name, 0, min(rows, entity.rows)), optional=entity.optional)
        found[name] = [json.loads(line) for line in text.to_pybytes().decode().split("\n") if line]
    return found


def read(schema: Mapping[str, Any], rows: int = 60) -> Scenario:
    return read_schemas(Document("test.json", schema, {}), rows)


def valid_rows(schema: Schema, rows: int = 60) -> list[Any]:
    """The rows of the one entity of a schema, each of which is valid by it."""
    scenario = read({"$schema": DRAFT, "title": "record", **schema}, rows)
    (found,) = rows_of(scenario, rows).values()
    validator = Draft202012Validator(schema)
    faults = [f"{error.message} in {row}" for row in found for error in validator.iter_errors(row)]
    assert not faults, f"{faults[0]} — of {json.dumps(schema)}, read with {scenario.notes}"
    return found


def record(properties: Schema, **further: Any) -> Schema:
    fields = {"key": {"type": "integer"}, **properties}
    return {"type": "object", "properties": fields, "required": ["key", *further.pop("required", ())], **further}


def kinds(rows: Iterable[Any], *names: str) -> set[tuple[str, ...]]:
    """Which of these fields the rows have."""
    return {tuple(name for name in names if name in row) for row in rows}


# ------------------------------------------------------------------ an entity of several alternatives


def test_exactly_one_of_some_fields_is_there() -> None:
    fields: Schema = {"by_post": {"type": "string"}, "by_mail": {"type": "string"}, "by_hand": {"type": "boolean"}}
    schema = record(fields, oneOf=[{"required": [name]} for name in fields], additionalProperties=False)
    rows = valid_rows(schema, 200)
    assert kinds(rows, *fields) == {("by_post",), ("by_mail",), ("by_hand",)}


def test_a_constant_tells_alternatives_apart_and_each_has_its_fields() -> None:
    circle = {"properties": {"form": {"const": "circle"}, "radius": {"type": "number", "exclusiveMinimum": 0}}}
    square = {"properties": {"form": {"enum": ["square", "box"]}, "side": {"type": "integer", "minimum": 5}}}
    schema = record(
        {"form": {"type": "string"}},
        anyOf=[
            {**circle, "required": ["form", "radius"]},
            {**square, "required": ["form", "side"]},
        ],
        unevaluatedProperties=False,
    )
    rows = valid_rows(schema, 200)
    assert {(row["form"], "radius" in row, "side" in row) for row in rows} == {
        ("circle", True, False),
        ("square", False, True),
        ("box", False, True),
    }
    assert read({"$schema": DRAFT, **schema}).entities["test"].columns["side"].generator.params["by"] == "form"


def test_if_then_else_and_dependencies_hold() -> None:
    schema = record(
        {
            "state": {"enum": ["open", "paid"]},
            "paid_on": {"type": "string", "format": "date"},
            "due_in": {"type": "integer", "minimum": 1, "maximum": 90},
            "discount": {"type": "integer", "minimum": 1, "maximum": 9},
            "reason": {"type": "string"},
        },
        required=["state"],
        dependentRequired={"discount": ["reason"]},
        additionalProperties=False,
        **{
            "if": {"properties": {"state": {"const": "paid"}}},
            "then": {"required": ["paid_on"]},
            "else": {"required": ["due_in"]},
        },
    )
    rows = valid_rows(schema, 300)
    assert {row["state"] for row in rows} == {"open", "paid"}
    assert {("discount" in row) for row in rows} == {True, False}


def test_all_of_narrows() -> None:
    schema = record(
        {"amount": {"type": "number", "minimum": -50}, "unit": {"enum": ["kg", "g", "t"]}, "code": {"type": "string"}},
        required=["amount", "unit", "code"],
        allOf=[
            {"properties": {"amount": {"type": "integer", "maximum": 20, "multipleOf": 3}}},
            {"properties": {"unit": {"enum": ["g", "t", "mg"]}, "code": {"pattern": "^[A-Z]{3}$"}}},
            {"properties": {"amount": {"multipleOf": 2, "not": {"const": 0}}}},
        ],
    )
    rows = valid_rows(schema, 200)
    assert {row["amount"] for row in rows} <= set(range(-48, 21, 6)) - {0}
    assert {row["unit"] for row in rows} == {"g", "t"}


# ------------------------------------------------------------------ inside columns


def test_elements_are_of_all_kinds_within_one_array() -> None:
    note = {
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
        "additionalProperties": False,
    }
    mark = {
        "type": "object",
        "properties": {"at": {"type": "integer"}},
        "required": ["at"],
        "additionalProperties": False,
    }
    items = {"anyOf": [note, mark, {"type": "integer", "maximum": 9}, {"type": "null"}]}
    schema = record({"parts": {"type": "array", "items": items, "minItems": 4, "maxItems": 6}}, required=["parts"])
    parts = [part for row in valid_rows(schema, 100) for part in row["parts"]]
    assert {type(part) if not isinstance(part, dict) else tuple(part) for part in parts} >= {("text",), ("at",), int}


def test_places_of_a_tuple_have_schemas_of_their_own() -> None:
    point = {
        "prefixItems": [{"type": "number", "minimum": 40}, {"type": "string", "pattern": "^[NS]$"}],
        "items": False,
    }
    schema = record({"point": {"type": "array", "minItems": 2, **point}}, required=["point"])
    assert {row["point"][1] for row in valid_rows(schema)} == {"N", "S"}


def test_names_of_maps_and_sizes() -> None:
    schema = record(
        {
            "rates": {
                "type": "object",
                "propertyNames": {"enum": ["day", "week", "month"]},
                "additionalProperties": {"type": "number", "minimum": 1, "maximum": 2},
                "minProperties": 2,
            },
            "labels": {
                "type": "object",
                "patternProperties": {"^x-[a-z]{3}$": {"type": "boolean"}},
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 2,
            },
        },
        required=["rates", "labels"],
    )
    assert {len(row["rates"]) for row in valid_rows(schema)} == {2, 3}


@pytest.mark.parametrize(
    "items",
    [
        {"enum": ["n", "e", "s", "w"]},
        {"type": "integer", "minimum": 1, "maximum": 4},
        {"type": "string"},
        {"type": "string", "format": "uuid"},
        {"type": "object", "properties": {"a": {"type": "boolean"}}},
    ],
)
def test_elements_are_distinct(items: Schema) -> None:
    schema = record({"each": {"type": "array", "uniqueItems": True, "items": items, "maxItems": 4}}, required=["each"])
    assert any(row["each"] for row in valid_rows(schema))


def test_fields_that_need_not_be_there_are_left_out_and_those_that_may_be_null_are_null() -> None:
    fields = {"must": {"type": ["string", "null"]}, "may": {"type": "string"}}
    inner = {"type": "object", "properties": fields, "required": ["must"], "additionalProperties": False}
    rows = valid_rows(record({**fields, "inner": inner}, required=["must", "inner"]), 300)
    for each in (rows, [row["inner"] for row in rows]):
        assert {("may" in one) for one in each} == {True, False}
        assert {one["must"] is None for one in each} == {True, False}


def test_what_cannot_be_kept_is_a_note_with_its_place() -> None:
    tags = {"type": "array", "items": {"type": "string"}, "contains": {"pattern": "^m"}, "maxContains": 1}
    scenario = read({"$schema": DRAFT, "title": "record", **record({"tags": tags})})
    assert any("not is not kept" in note.what and note.path[-1] == "tags" for note in scenario.notes)


def test_arrays_contain_what_they_must_and_no_more_of_it() -> None:
    item = {"type": "integer", "minimum": 1, "maximum": 6}
    dice = {"type": "array", "items": item, "contains": {"const": 6}, "maxContains": 1, "minItems": 2, "maxItems": 4}
    tags = {"type": "array", "items": {"type": "string"}, "contains": {"const": "main"}}
    rows = valid_rows(record({"dice": dice, "tags": tags}, required=["dice", "tags"]))
    assert all(6 in row["dice"] and "main" in row["tags"] for row in rows)


def test_what_holds_itself_ends_in_empty_lists_nulls_and_other_kinds() -> None:
    sum = {
        "type": "object",
        "properties": {
            "sign": {"enum": ["+", "-"]},
            "left": {"$ref": "#/$defs/term"},
            "right": {"$ref": "#/$defs/term"},
        },
        "required": ["sign", "left", "right"],
        "additionalProperties": False,
    }
    fields = {
        "parts": {"type": "array", "items": {"$ref": "#"}},
        "whole": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
        "value": {"$ref": "#/$defs/term"},
    }
    defs = {"term": {"oneOf": [{"type": "integer"}, sum]}}
    rows = valid_rows({**record(fields, required=["parts", "whole", "value"]), "$defs": defs})
    assert {type(row["value"]) for row in rows} == {int, dict}
    assert all(row["parts"] == [] and row["whole"] is None for row in rows)


def test_null_stands_where_an_alternative_asks_for_it() -> None:
    kinds = [
        {
            "properties": {
                "sort": {"const": "note"},
                "body": {"type": "object", "properties": {"text": {"type": "string"}}},
            }
        },
        {"properties": {"sort": {"const": "ping"}, "body": {"type": "null"}}},
    ]
    rows = valid_rows(record({"sort": {"enum": ["note", "ping"]}, "body": {}}, required=["sort", "body"], oneOf=kinds))
    assert {row["body"] is None for row in rows if row["sort"] == "ping"} == {True}
    assert any(row["body"] is not None for row in rows)


def test_texts_and_parts_without_keys_are_kinds_of_one_union() -> None:
    kinds = [{"$ref": "#/$defs/card"}, {"type": "string", "pattern": "^tok_[0-9]{4}$"}, {"type": "null"}]
    card = {"type": "object", "properties": {"last": {"type": "string", "pattern": "^[0-9]{4}$"}}, "required": ["last"]}
    mixed = {"type": ["integer", "string"], "minimum": 5, "maxLength": 3}
    schema = record({"by": {"oneOf": kinds}, "mixed": mixed}, required=["by", "mixed"])
    rows = valid_rows({**schema, "$defs": {"card": card}})
    assert {type(row["by"]) for row in rows} == {dict, str, type(None)}
    assert {type(row["mixed"]) for row in rows} == {int, str}


@pytest.mark.parametrize(("step", "least", "most"), [(0.01, 0.01, 5000), (0.1, 0, 5), (0.05, 0.05, 100), (0.25, 0, 3)])
def test_multiples_are_what_a_validator_takes_for_them(step: float, least: float, most: float) -> None:
    price = {"type": "number", "multipleOf": step, "minimum": least, "maximum": most}
    rows = valid_rows(record({"price": price}, required=["price"]), 300)
    assert len({row["price"] for row in rows}) > 8


def test_patterns_and_names_of_maps_are_of_their_form() -> None:
    code = {"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$", "maxLength": 12}
    days = {"type": "object", "propertyNames": {"format": "date"}, "additionalProperties": {"type": "integer"}}
    levels = {"type": "object", "propertyNames": {"$ref": "#/$defs/level"}, "additionalProperties": {"type": "number"}}
    schema = record({"code": code, "days": days, "levels": levels}, required=["code", "days", "levels"])
    rows = valid_rows({**schema, "$defs": {"level": {"enum": ["low", "high"]}}})
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for row in rows for day in row["days"])
    assert {name for row in rows for name in row["levels"]} == {"low", "high"}


def test_fields_within_the_most_that_an_object_takes_are_there() -> None:
    number = {"type": "number", "minimum": 0}
    size = {
        "type": "object",
        "properties": {"w": number, "h": number, "d": number},
        "minProperties": 2,
        "maxProperties": 2,
    }
    rows = valid_rows(record({"size": {**size, "additionalProperties": False}}, required=["size"]))
    assert all(len(row["size"]) == 2 for row in rows)


# ------------------------------------------------------------------ OpenAPI


def api(**schemas: Schema) -> Schema:
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "components": {"schemas": schemas}}


def test_a_base_stands_for_any_of_the_kinds_that_extend_it() -> None:
    base = {
        "type": "object",
        "required": ["id", "sort"],
        "properties": {"id": {"type": "integer"}, "sort": {"type": "string"}},
    }
    told = {"propertyName": "sort", "mapping": {"car": "#/components/schemas/Car"}}
    document = api(
        Vehicle={**base, "discriminator": told},
        Car={
            "allOf": [
                {"$ref": "#/components/schemas/Vehicle"},
                {"required": ["doors"], "properties": {"doors": {"enum": [3, 5]}}},
            ]
        },
        Van={
            "allOf": [
                {"$ref": "#/components/schemas/Vehicle"},
                {"required": ["load"], "properties": {"load": {"type": "integer"}}},
            ]
        },
        Trip={
            "type": "object",
            "required": ["id", "by"],
            "properties": {
                "id": {"type": "integer"},
                "by": {"$ref": "#/components/schemas/Vehicle"},
                "score": {
                    "type": "integer",
                    "minimum": 0,
                    "exclusiveMinimum": True,
                    "maximum": 9,
                    "exclusiveMaximum": True,
                },
            },
        },
    )
    scenario = read(document)
    rows = rows_of(scenario)
    assert rows.keys() == {"Car", "Van", "Trip"}
    assert {(row["by"]["sort"], "doors" in row["by"], "load" in row["by"]) for row in rows["Trip"]} == {
        ("car", True, False),
        ("Van", False, True),
    }
    assert not [note for note in scenario.notes if "not valid" in note.what]


def test_a_base_that_refers_to_its_kinds_which_refer_to_it() -> None:
    beast: Schema = {
        "type": "object",
        "required": ["id", "species"],
        "properties": {"id": {"type": "integer"}, "species": {"type": "string"}},
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {
            "propertyName": "species",
            "mapping": {"feline": "#/components/schemas/Cat", "canine": "#/components/schemas/Dog"},
        },
    }

    def kind(field: str) -> Schema:
        own = {"type": "object", "properties": {field: {"type": "boolean"}}, "required": [field]}
        return {"allOf": [{"$ref": "#/components/schemas/Beast"}, own]}

    home = {
        "type": "object",
        "required": ["id", "beasts"],
        "properties": {
            "id": {"type": "integer"},
            "beasts": {"type": "array", "minItems": 2, "items": {"$ref": "#/components/schemas/Beast"}},
        },
    }
    found = rows_of(read(api(Beast=beast, Cat=kind("purrs"), Dog=kind("barks"), Home=home), 100), 100)
    assert {row["species"] for row in found["Cat"]} == {"feline"}
    assert {row["species"] for row in found["Dog"]} == {"canine"}
    beasts = [each for row in found["Home"] for each in row["beasts"]]
    assert {(each["species"], "purrs" in each, "barks" in each) for each in beasts} == {
        ("feline", True, False),
        ("canine", False, True),
    }


# ------------------------------------------------------------------ random schemas

NAMES = ("alpha", "beta", "gamma", "delta")


def scalars() -> st.SearchStrategy[Schema]:
    low = st.integers(-50, 50)
    return st.one_of(
        st.builds(lambda a, b: {"type": "integer", "minimum": a, "maximum": a + b}, low, st.integers(0, 40)),
        st.builds(
            lambda a, b: {"type": "number", "exclusiveMinimum": a, "maximum": a + b}, low, st.sampled_from([0.5, 3])
        ),
        st.builds(lambda a: {"type": "integer", "multipleOf": 3, "exclusiveMinimum": a}, low),
        st.builds(
            lambda a, b: {"type": "string", "minLength": a, "maxLength": a + b}, st.integers(0, 9), st.integers(1, 9)
        ),
        st.sampled_from(
            [
                {"type": "boolean"},
                {"type": ["string", "null"]},
                {"type": "string", "pattern": "^[a-f]{2,4}$"},
                {"enum": ["a", "b", 3]},
                {"const": "only"},
                {"type": "string", "format": "date"},
                {"type": ["integer", "boolean"]},
                {"type": "integer", "minimum": -2, "maximum": 2, "not": {"const": 0}},
                {"type": "string", "not": {"enum": ["x", "y"]}, "enum": ["x", "y", "z", "w"]},
                {"anyOf": [{"type": "integer", "minimum": 5, "maximum": 7}, {"type": "string", "maxLength": 3}]},
                {"allOf": [{"type": "number", "minimum": 0}, {"maximum": 9}, {"multipleOf": 0.5}]},
            ]
        ),
    )


def objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    """Objects with fields, some of them required, and conditions upon them."""

    @st.composite
    def drawn(draw: st.DrawFn) -> Schema:
        names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
        schema: Schema = {"type": "object", "properties": {name: draw(inner) for name in names}}
        schema["required"] = draw(st.lists(st.sampled_from(names), unique=True))
        if draw(st.booleans()):
            schema["additionalProperties"] = False
        one, other = names[0], names[-1]
        match draw(st.integers(0, 7)):
            case 1 if one != other:
                schema["required"] = [name for name in schema["required"] if name not in (one, other)]
                schema["oneOf"] = [{"required": [one]}, {"required": [other]}]
            case 2 if one != other:
                schema["dependentRequired"] = {one: [other]}
            case 3:
                schema["anyOf"] = [{"required": [one]}, {"required": [other]}]
            case 4 if one not in schema["required"]:
                schema["not"] = {"required": [one]}
            case 5:
                schema["properties"]["kind"] = {"enum": ["p", "q"]}
                schema["required"] = [*schema["required"], "kind"]
                schema["if"] = {"properties": {"kind": {"const": "p"}}}
                schema["then"] = {"required": [one]}
            case 6:
                schema["minProperties"] = len(names)
        return schema

    return drawn()


def unions(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    """oneOf objects that a constant tells apart, and anyOf without one."""

    def tagged(parts: list[Schema]) -> Schema:
        kinds = [
            {
                "type": "object",
                "properties": {"tag": {"const": f"t{place}"}, "held": part},
                "required": ["tag", "held"],
                "additionalProperties": False,
            }
            for place, part in enumerate(parts)
        ]
        return {"oneOf": kinds}

    several = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(several.map(tagged), several.map(lambda parts: {"anyOf": parts}))


def arrays(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    size = st.integers(0, 3)
    return st.one_of(
        st.builds(
            lambda each, a, b: {"type": "array", "items": each, "minItems": a, "maxItems": a + b}, inner, size, size
        ),
        st.builds(
            lambda each: {"type": "array", "prefixItems": each, "items": False, "minItems": len(each)},
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(
            lambda each: {"type": "object", "patternProperties": {"^[a-z]{2}$": each}, "additionalProperties": False},
            inner,
        ),
        st.builds(
            lambda each: {"type": "array", "uniqueItems": True, "items": {"enum": each}},
            st.lists(st.sampled_from("abcde"), min_size=1, max_size=4, unique=True),
        ),
    )


def schemas() -> st.SearchStrategy[Schema]:
    return st.recursive(scalars(), lambda inner: st.one_of(objects(inner), unions(inner), arrays(inner)), max_leaves=6)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(fields=st.dictionaries(st.sampled_from(NAMES), schemas(), min_size=1, max_size=3), data=st.data())
def test_rows_of_random_schemas_are_valid(fields: Schema, data: st.DataObject) -> None:
    required = data.draw(st.lists(st.sampled_from(sorted(fields)), unique=True))
    schema = record(fields, required=required, additionalProperties=False)
    conditions = data.draw(objects(scalars()))
    if data.draw(st.booleans()):
        extra = {key: value for key, value in conditions.items() if key in ("oneOf", "anyOf", "dependentRequired")}
        named = {name for name in json.dumps(extra).split('"') if name in NAMES}
        if named <= fields.keys() and not named & set(required):
            schema |= extra
    if branches(schema).schemas:
        valid_rows(schema, 40)
