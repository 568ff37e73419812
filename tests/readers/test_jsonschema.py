"""JSON Schema and OpenAPI documents → scenarios."""

from __future__ import annotations

import json
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sdgen
from sdgen.errors import SdgenError, SourceError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.formats import format_of
from sdgen.readers.jsonschema.reader import read_schemas
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_source, read_text_as_scenario
from sdgen.readers.yaml_text import Document, read_document
from sdgen.scenario.identity import canonical
from sdgen.scenario.model import Scenario
from tests.readers.reading import UNEVEN

FOLDER = Path(__file__).parent / "jsonschema"
FILES = ["parcel.json", "library.yaml"]
TEXTS = {name: (FOLDER / name).read_text("utf-8") for name in FILES}


def of(value: object) -> Scenario:
    return read_schemas(Document("x.json", value, {}), 50)


def notes_of(scenario: Scenario, *path: str) -> str:
    return "; ".join(note.what for note in scenario.notes if note.path == path)


def column_notes(scenario: Scenario, entity: str, column: str) -> str:
    return notes_of(scenario, "entities", entity, "columns", column)


@pytest.fixture(scope="module")
def library() -> Scenario:
    return read_source(FOLDER / "library.yaml", ReadOptions(rows=50))


@pytest.fixture(scope="module")
def parcel() -> Scenario:
    return read_source(FOLDER / "parcel.json", ReadOptions(rows=50))


def test_entities_are_records_with_a_key_and_neither_parts_nor_messages(library: Scenario) -> None:
    assert list(library.entities) == ["Record", "Author", "Book", "Loan"]
    assert "Place" in notes_of(library)
    assert "CreateBookRequest" in notes_of(library)
    assert "Error" in notes_of(library)


def test_what_is_in_all_of_belongs_to_the_record(library: Scenario) -> None:
    book = library.entities["Book"]
    assert book.description == "A book of the library."
    assert {"id", "created_at", "title"} <= set(book.columns)
    assert book.columns["id"].primary_key
    assert not book.columns["title"].nullable
    assert str(book.columns["shelf"].generator) != "None"


def test_a_key_or_the_whole_record_is_a_link(library: Scenario) -> None:
    link = library.entities["Book"].columns["author"]
    assert link.generator is not None
    assert (link.generator.type, link.generator.params) == ("fk", {"entity": "Author", "column": "id", **UNEVEN})
    assert "taken as integer" in column_notes(library, "Book", "author")


def test_links_by_name_are_told_with_their_line(library: Scenario) -> None:
    link = library.entities["Loan"].columns["book_id"].generator
    assert link is not None
    assert link.params == {"entity": "Book", "column": "id", **UNEVEN}
    note = next(each for each in library.notes if each.path[-1:] == ("book_id",))
    line = TEXTS["library.yaml"].splitlines()[note.line - 1]
    assert "book_id" in line
    tree = library.entities["Book"].columns["parent_id"].generator
    assert tree is not None
    assert tree.params["entity"] == "Book"


def test_what_refers_to_itself_is_cut(library: Scenario, parcel: Scenario) -> None:
    assert "sequel" not in library.entities["Book"].columns
    assert "refers to itself" in column_notes(library, "Book", "sequel")
    assert "inside" not in parcel.entities["Parcel"].columns


def test_of_kinds_of_records_all_occur_each_with_its_own_fields(library: Scenario) -> None:
    assert library.entities["Loan"].columns["reader"].type == "json"
    assert column_notes(library, "Loan", "reader") == ""
    readers = [json.loads(text) for text in sdgen.generate(library, seed=1)["Loan"]["reader"].to_pylist() if text]
    assert {reader["kind"] for reader in readers} == {"Member", "Guest"}
    assert all(set(reader) <= {"kind", "card" if reader["kind"] == "Member" else "name"} for reader in readers)


def test_references_beside_the_file_are_followed_and_others_are_not(parcel: Scenario) -> None:
    columns = parcel.entities["Parcel"].columns
    assert columns["to"].type == "struct<street: text, city: text, zip: text>"
    assert columns["back_to"].type == "struct<street: text, city: text, zip: text, floor?: bigint>"
    assert "nothing is fetched" in column_notes(parcel, "Parcel", "elsewhere")
    assert "out of the folder" in column_notes(parcel, "Parcel", "secret")


def test_the_root_is_an_entity_and_so_are_definitions_with_keys(parcel: Scenario) -> None:
    assert list(parcel.entities) == ["Parcel", "Sender"]
    assert parcel.entities["Parcel"].columns["parcelId"].primary_key
    assert parcel.entities["Parcel"].columns["sender_id"].type == "uuid"
    assert parcel.entities["Parcel"].description.endswith("📦 🚚.")


def test_guessed_links_close_no_cycle() -> None:
    found = of(
        {
            "openapi": "3.1.0",
            "components": {
                "schemas": {
                    "user": {"properties": {"id": {"type": "integer"}, "main_team_id": {"type": "integer"}}},
                    "team": {"properties": {"id": {"type": "integer"}, "user_id": {"type": "integer"}}},
                }
            },
        }
    )
    assert found.entities["team"].columns["user_id"].generator is not None
    assert found.entities["user"].columns["main_team_id"].generator is None
    assert "cycle" in column_notes(found, "user", "main_team_id")


def test_without_any_keys_the_entities_are_what_no_other_refers_to() -> None:
    found = of(
        {
            "swagger": "2.0",
            "definitions": {
                "Pod": {"properties": {"spec": {"$ref": "#/definitions/Spec"}}},
                "Spec": {"properties": {"image": {"type": "string"}}},
                "PodList": {"properties": {"items": {"type": "array", "items": {"$ref": "#/definitions/Pod"}}}},
            },
        }
    )
    assert list(found.entities) == ["Pod"]


def test_names_keep_what_tells_them_apart() -> None:
    schema = {"properties": {"id": {"type": "integer"}}}
    names = ["api.call", "api.call.recording", "api.account.recording", "Page«User»"]
    found = of({"openapi": "3.0.0", "components": {"schemas": dict.fromkeys(names, schema)}})
    assert list(found.entities) == ["call", "call_recording", "account_recording", "Page_User"]


def test_a_generator_that_has_too_few_values_gives_way() -> None:
    schema = {"properties": {"id": {"type": "string", "enum": ["a", "b"]}, "name": {"type": "string"}}}
    found = read_schemas(Document("x.json", schema, {}), 1000)
    assert "its values follow its name alone" in column_notes(found, "x", "id")
    assert sdgen.plan(found, seed=1).entities["x"].rows == 1000


@pytest.mark.parametrize(
    "value",
    [
        {"$schema": "http://json-schema.org/draft-07/schema#", "type": "string"},
        {"openapi": "3.0.0", "info": {"title": "x"}, "paths": {}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/none"},
        {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#"},
    ],
)
def test_documents_without_records_are_refused(value: object, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(value))
    with pytest.raises(SourceError):
        read_source(path)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {}}', "jsonschema"),
        ("swagger: '2.0'\ndefinitions: {}\n", "jsonschema"),
        ('{"$schema": "https://example.com/mine.json", "properties": {}}', "native"),
        ("name: x\nentities: {a: {columns: {openapi: text}}}\n", "native"),
        ("openapi\n", "native"),
    ],
)
def test_fits_is_strict(text: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    found = format_of(Source(str(path)))
    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize("name", FILES)
def test_round_trip(name: str, tmp_path: Path) -> None:
    scenario = read_source(FOLDER / name, ReadOptions(rows=30))
    again = read_text_as_scenario(scenario_text(scenario), "x.yaml")
    assert canonical(again) == canonical(scenario)
    one, other = (sdgen.generate(each, seed=1, as_of=datetime(2026, 1, 1, tzinfo=UTC)) for each in (scenario, again))
    assert one == other
    assert sdgen.write(scenario, tmp_path / "x.duckdb", seed=1).rows == 30 * len(scenario.entities)


_PARTS: list[Any] = [None, 1, -1.5, "", "x", [], {}, True, {"$ref": "#"}, {"$ref": 3}, {"type": "nope"}, "#/components"]


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, one in inner for each in _paths(one, (*path, key)))]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(FILES), st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(_PARTS)), max_size=4))
def test_mutated_documents_are_read_or_refused(name: str, changes: list[tuple[int, Any]]) -> None:
    value = deepcopy(yaml.safe_load(TEXTS[name]) if name.endswith("yaml") else json.loads(TEXTS[name]))
    for number, part in changes:
        paths = [path for path in _paths(value) if path]
        *head, last = paths[number % len(paths)] if paths else [None]
        target = value
        for key in head:
            target = target[key]
        if paths:
            target[last] = deepcopy(part)
    with suppress(SdgenError):
        sdgen.plan(of(value), seed=1)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(FILES), st.integers(0, 2500))
def test_truncated_documents_are_read_or_refused(name: str, size: int) -> None:
    with suppress(SdgenError):
        read_schemas(read_document(TEXTS[name][:size], name), 20)


def test_records_of_operations_where_no_schema_is_named(tmp_path: Path) -> None:
    pet = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
    answer = {"200": {"content": {"application/json": {"schema": {"type": "array", "items": pet}}}}}
    page = {"type": "object", "properties": {"data": {"type": "array", "items": pet}, "next": {"type": "string"}}}
    paths = {
        "/v1/pets": {"get": {"responses": answer}},
        "/v1/pets/{id}/visits": {"post": {"requestBody": {"content": {"application/json": {"schema": page}}}}},
        "/broken": {"get": {"responses": [1]}, "post": 3},
    }
    path = tmp_path / "api.json"
    path.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "pets"}, "paths": paths}))
    found = read_source(path)
    assert {name: list(entity.columns) for name, entity in found.entities.items()} == {
        "pets": ["id", "name"],
        "visits": ["id", "name"],
    }


def test_a_root_that_is_one_of_its_records_is_none_itself() -> None:
    record = {"type": "object", "properties": {"id": {"type": "string"}, "size": {"type": "integer"}}}
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "oneOf": [{"$ref": "#/definitions/Box"}, {"$ref": "#/definitions/Bag"}],
        "definitions": {"Box": record, "Bag": record},
    }
    assert list(of(document).entities) == ["Box", "Bag"]


def test_defaults_are_hints() -> None:
    properties = {
        "id": {"type": "string"},
        "glowing": {"type": "boolean", "default": True},
        "goes": {"type": "integer", "default": 0},
        "status": {"type": "string", "default": "queued_up"},
    }
    document = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "properties": properties}
    (found,) = of(document).entities.values()
    made = {name: each.generator for name, each in found.columns.items() if each.generator is not None}
    assert made["glowing"].params == {"probability": 0.85}
    assert made["goes"].type == "poisson"
    assert made["status"].params["values"][0] == "queued_up"


def test_values_that_are_excluded_near_an_end_move_it() -> None:
    number = {"type": "integer", "minimum": 0, "maximum": 1000, "not": {"enum": [10, 5, 990]}}
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "required": ["n"],
        "properties": {"n": number},
    }
    (table,) = sdgen.generate(of(document), rows=4000).values()
    assert not {5, 10, 990} & set(table["n"].to_pylist())
