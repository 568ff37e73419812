"""One property, one column: every keyword that says something of the values is heard."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.readers.jsonschema.columns import MOST_DEPTH, Property, distinct_names, read_property
from sdgen.scenario.model import Column
from sdgen.scenario.types import parse_type


def column(schema: Any, name: str = "x", **more: Any) -> Column:
    return read_property(Property(name, schema, **more))[0].column()


def told(schema: Any, name: str = "x") -> list[str]:
    return [each.what for each in read_property(Property(name, schema))[1]]


@pytest.mark.parametrize(
    ("schema", "type"),
    [
        ({"type": ["string", "null"]}, "text"),
        ({"type": ["null", "integer"]}, "bigint"),
        ({"type": "number"}, "double"),
        ({"type": "number", "format": "float"}, "float"),
        ({"type": "integer", "format": "int32"}, "int"),
        ({"type": "boolean"}, "bool"),
        ({"type": "string", "maxLength": 30}, "string(30)"),
        ({"type": "string", "format": "date-time"}, "timestamptz"),
        ({"type": "string", "format": "datetime"}, "timestamptz"),
        ({"type": "string", "format": "date-time", "airbyte_type": "timestamp_without_timezone"}, "timestamp"),
        ({"type": "string", "format": "full-date"}, "date"),
        ({"type": "string", "format": "time"}, "time"),
        ({"type": "string", "format": "uuid"}, "uuid"),
        ({"type": "string", "format": "yyyy-MM-dd'T'HH:mm:ss.SSSZ"}, "timestamptz"),
        ({"type": "int"}, "bigint"),
        ({"type": "date"}, "date"),
        ({"type": "timestamp_without_timezone"}, "timestamp"),
        ({"oneOf": [{"type": "null"}, {"type": "integer"}]}, "bigint"),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}]}, "double"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "text"),
        ({"type": ["object", "string", "null"]}, "json"),
        (
            {"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"properties": {"b": {}}}]},
            "struct<a: text, b: text>",
        ),
        ({"properties": {"a": {"type": "boolean"}}}, "struct<a: bool>"),
        ({"type": "object"}, "json"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "map<text, bigint>"),
        ({"type": "object", "additionalProperties": True}, "json"),
        ({"type": "array"}, "array<text>"),
        ({"type": "array", "items": [{"type": "integer"}, {"type": "number"}]}, "array<double>"),
        ({"enum": [1, 2, None]}, "bigint"),
        ({"enum": [1, "a"]}, "text"),
        ({"const": True}, "bool"),
        ({}, "text"),
        (None, "text"),
        ("integer", "bigint"),
        ({"type": "null"}, "text"),
    ],
)
def test_types(schema: Any, type: str) -> None:
    assert column(schema).type == type


@pytest.mark.parametrize(
    ("schema", "generator", "params"),
    [
        ({"type": "string", "enum": ["a", "b", None]}, "choice", {"values": ["a", "b"]}),
        ({"type": "string", "enum": ["a", "b"], "default": "b"}, "choice", {"values": ["a", "b"], "weights": [1, 3]}),
        ({"const": "eu"}, "const", {"value": "eu"}),
        ({"type": "string", "description": "The kind, always 'invoice'."}, "const", {"value": "invoice"}),
        ({"type": "string", "format": "email"}, "person.email", {}),
        ({"type": "string", "format": "uri"}, "internet.url", {}),
        ({"type": "string", "format": "ipv6"}, "internet.ipv6", {}),
        ({"type": "string", "pattern": "^[A-Z]{3}$"}, "pattern", {"regex": "^[A-Z]{3}$"}),
        ({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}, "as_text", {"value": {"type": "date"}}),
        ({"type": "string", "examples": ["red", "blue"]}, "choice", {"values": ["red", "blue"]}),
        ({"type": "string", "example": "cus_9s6XKzkNRiz8i3"}, "code.token", {"prefix": "cus_", "length": 14}),
        ({"type": "string", "minLength": 6, "maxLength": 6}, "pattern", {"regex": "[A-Z0-9]{6}"}),
        ({"type": "integer", "minimum": 3, "exclusiveMaximum": 10}, "uniform_int", {"min": 3, "max": 9}),
        (
            {"type": "integer", "minimum": 1, "maximum": 99, "multipleOf": 5},
            "uniform_int",
            {"min": 5, "max": 99, "step": 5},
        ),
        (
            {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1},
            "uniform_float",
            {"min": 0.01, "max": 1.0, "precision": 2},
        ),
        (
            {"type": "string", "format": "%d.%m.%Y %H:%M"},
            "as_text",
            {"value": {"type": "timestamptz"}, "format": "%d.%m.%Y %H:%M"},
        ),
        (
            {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2},
            "array",
            {"items": {"type": "text"}, "min": 1, "max": 2},
        ),
    ],
)
def test_generators(schema: Any, generator: str, params: dict[str, Any]) -> None:
    spec = column(schema).generator
    assert spec is not None
    assert (spec.type, dict(spec.params)) == (generator, params)


@pytest.mark.parametrize(
    ("name", "schema", "form"),
    [
        ("created_at", {"type": "string"}, "%Y-%m-%dT%H:%M:%SZ"),
        ("lastModifiedDate", {"type": "string"}, "%Y-%m-%dT%H:%M:%SZ"),
        ("due_date", {"type": "string"}, ""),
        ("stamp", {"type": "string", "description": "Timestamp of the last call"}, "%Y-%m-%dT%H:%M:%SZ"),
        ("when", {"type": "string", "example": "2024-03-01T10:00:00.123Z"}, "%Y-%m-%dT%H:%M:%S.%_msZ"),
    ],
)
def test_texts_that_are_moments(name: str, schema: Any, form: str) -> None:
    spec = column(schema, name).generator
    assert spec is not None
    assert (spec.type, spec.params.get("format", "")) == ("as_text", form)


@pytest.mark.parametrize("name", ["time_zone", "created_by", "format", "update_id", "cat", "start_date_preset"])
def test_texts_that_are_none(name: str) -> None:
    assert column({"type": "string"}, name).generator is None


def test_numbers_that_are_moments() -> None:
    seconds = column({"type": "integer"}, "created").generator
    thousandths = column({"type": "number", "description": "Unix time in milliseconds"}, "x_date").generator
    assert seconds is not None
    assert thousandths is not None
    assert (seconds.params["unit"], thousandths.params["unit"]) == ("s", "ms")


def test_numbers_that_count_are_whole() -> None:
    assert [column({"type": "number"}, name).type for name in ("id", "owner_id", "total_count", "price")] == [
        "bigint",
        "bigint",
        "bigint",
        "double",
    ]


def test_a_struct_names_the_generators_that_names_do_not_tell() -> None:
    fields = {"name": {"type": "string"}, "state": {"enum": ["on", "off"]}, "a b": {"type": "integer"}}
    found = column({"type": "object", "properties": fields})
    assert found.type == "struct<name: text, state: text, 'a b': bigint>"
    assert str(parse_type(found.type)) == found.type
    assert found.generator is not None
    assert list(found.generator.params["fields"]) == ["state"]


def test_nulls() -> None:
    assert column({"type": "string"}).nullable
    assert column({"type": "string"}, required=True).nullable is None
    assert column({"type": ["string", "null"]}, required=True).nullable
    assert column({"type": ["string", "null"]}, key=True).nullable is None
    assert column({"type": "string"}, "created_at").null_rate == 0.0
    assert column({"type": "null"}).null_rate == 1.0


def test_what_was_guessed_is_told() -> None:
    assert told({"type": ["integer", "string"]}) == ["may be integer or string: taken as string"]
    assert "not one of JSON Schema" in told({"type": "int"})[0]
    assert "format 'klingon' is not known" in told({"type": "string", "format": "klingon"})[0]
    assert "can't be used" in told({"type": "string", "pattern": "(?=a)b"})[0]
    assert told({}) == ["has no type: taken as text"]


def test_depth_and_size_are_bounded() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(40):
        deep = {"type": "object", "properties": {"a": deep}}
    assert column(deep).type.count("struct") == MOST_DEPTH
    wide = {"type": "object", "properties": {f"f{index}": {"type": "string"} for index in range(3000)}}
    assert column(wide).type == "json"


def test_names_of_their_own() -> None:
    assert distinct_names(["Id", "id", "ID", "id_2", ""]) == {
        "Id": "Id",
        "id": "id_2",
        "ID": "ID_3",
        "id_2": "id_2_2",
        "": "unnamed",
    }


WORDS = st.sampled_from(
    [
        "type",
        "properties",
        "items",
        "enum",
        "oneOf",
        "allOf",
        "format",
        "pattern",
        "minimum",
        "required",
        "examples",
        "string",
    ]
)
SCHEMAS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=25,
)


@given(schema=SCHEMAS, name=st.text(max_size=8))
def test_any_schema_is_a_column(schema: Any, name: str) -> None:
    found = column(schema, name)
    assert str(parse_type(found.type)) == found.type


def test_patterns_of_addresses_give_addresses() -> None:
    def called(pattern: str, **more: Any) -> str:
        found = column({"type": "string", "pattern": pattern, **more}).generator
        return "" if found is None else found.type

    assert called(r"^[^@\s]+@[^@\s]+\.[a-z]+$") == "person.email"
    assert called("^https?://.*$") == "internet.url"
    assert called("^[A-Z]{3}$") == "pattern"
    assert called(r"^\S+@\S+\.\S+$", maxLength=10) == "pattern"


def test_bytes_as_text_and_versions() -> None:
    encoded = column({"type": "string", "contentEncoding": "base64"}).generator
    assert encoded is not None
    assert encoded.params == {"regex": "[A-Za-z0-9]{22}=="}
    version = column({"type": "string", "examples": ["1.20"]}).generator
    assert version is not None
    assert version.params == {"regex": r"[0-9]\.[1-9][0-9]{1}"}
