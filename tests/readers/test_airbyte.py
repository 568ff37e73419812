"""Airbyte manifests: each spelling gives the entity that it means, and what can't be had is told."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sdgen
from sdgen.errors import ScenarioError, SdgenError, SourceError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.formats import format_of
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_as, read_source, read_text_as_scenario
from sdgen.scenario.identity import canonical
from sdgen.scenario.model import Column, Scenario
from tests.readers.reading import UNEVEN

LIBRARY = Path(__file__).parent / "airbyte" / "library"
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def library() -> Scenario:
    return read_source(LIBRARY)


@pytest.fixture(scope="module")
def rows(library: Scenario) -> dict[str, list[dict[str, Any]]]:
    plan = sdgen.plan(library, seed=7, as_of=AS_OF, rows={"*": 100})
    return {name: table.to_pylist() for name, table in sdgen.generate(plan).items()}


def read(tmp_path: Path, manifest: object, name: str = "manifest.yaml") -> Scenario:
    path = tmp_path / name
    path.write_text(manifest if isinstance(manifest, str) else yaml.safe_dump(manifest, sort_keys=False), "utf-8")
    return read_source(path, ReadOptions(rows=20))


def stream(properties: dict[str, Any], name: str = "things", **more: Any) -> dict[str, Any]:
    loader = {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": properties}}
    return {"type": "DeclarativeStream", "name": name, "schema_loader": loader, **more}


def column(tmp_path: Path, schema: object, **more: Any) -> Column:
    found = read(tmp_path, {"streams": [stream({"x": schema, "other": {"type": "string"}}, **more)]})
    return found.entities["things"].columns["x"]


def told(scenario: Scenario) -> list[str]:
    return [f"{'.'.join(map(str, note.path[1:]))}: {note.what}" for note in scenario.notes]


def generator(scenario: Scenario, entity: str, name: str) -> tuple[str, dict[str, Any]]:
    spec = scenario.entities[entity].columns[name].generator
    assert spec is not None
    return spec.type, dict(spec.params)


def test_a_folder_and_a_file_are_known() -> None:
    for name in (LIBRARY, LIBRARY / "manifest.yaml"):
        found = format_of(Source(str(name)))
        assert found is not None
        assert found.kind == "airbyte"


def test_streams_of_all_spellings_are_entities(library: Scenario) -> None:
    assert list(library.entities) == ["branches", "members", "loans", "fines", "events"]
    assert (library.name, library.version) == ("library", "5.3.1")
    assert library.description == "A library's branches, members and loans."
    assert library.entities["loans"].description == "What was lent."
    counts = {"branches": 15, "members": 300, "loans": 900, "fines": 900, "events": 1000}
    assert {name: entity.rows.count for name, entity in library.entities.items()} == counts
    same = read_source(LIBRARY, ReadOptions(rows=1000))
    assert {entity.rows.count for entity in same.entities.values()} == {1000}


def test_what_has_no_schema_is_told_with_its_line(library: Scenario) -> None:
    lines = (LIBRARY / "manifest.yaml").read_text().splitlines()
    notes = {note.path[1]: note for note in library.notes if "left out" in note.what and len(note.path) == 2}
    assert notes.keys() == {"shelves", "rooms", "dynamic_streams"}
    assert "source_library.components.Shelves" in notes["shelves"].what
    assert "schemas/rooms.json" in notes["rooms"].what
    assert "name: shelves" in lines[notes["shelves"].line - 1]
    assert "DynamicDeclarativeStream" in lines[notes["dynamic_streams"].line - 1]


def test_primary_keys_of_all_forms(library: Scenario, tmp_path: Path) -> None:
    keys = {
        name: [column for column, one in entity.columns.items() if one.primary_key]
        for name, entity in library.entities.items()
    }
    assert keys == {
        "branches": ["id"],
        "members": ["id"],
        "loans": ["branch_id", "number"],
        "fines": [],
        "events": ["id"],
    }
    nothings: tuple[Any, ...] = ([], "", None)
    for nothing in nothings:
        found = read(tmp_path, {"streams": [stream({"id": {"type": "string"}}, primary_key=nothing)]})
        assert not found.entities["things"].columns["id"].primary_key
    nested = {"streams": [stream({"a": {"properties": {"b": {"type": "string"}}}}, primary_key=[["a", "b"]])]}
    assert any("'a.b' lies inside another field" in one for one in told(read(tmp_path, nested)))


def test_keys_and_cursors_are_never_null_and_the_rest_may_be(library: Scenario) -> None:
    members = library.entities["members"].columns
    assert [name for name, one in members.items() if one.nullable] == [
        "email",
        "createdAt",
        "home",
        "outside",
        "friend",
    ]
    assert members["createdAt"].null_rate == 0.0  # every record has it
    assert library.entities["loans"].columns["number"].nullable is None  # required


def test_a_cursor_is_written_in_its_form_from_its_start(rows: dict[str, list[dict[str, Any]]]) -> None:
    for row in rows["members"]:
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", row["updatedAt"])
        assert "2022-03-01" <= row["createdAt"][:10] <= row["updatedAt"][:10] <= "2026-01-01"
        assert row["createdAt"][:19] <= row["updatedAt"][:19]
    assert {type(row["at"]) for row in rows["events"]} == {int}
    assert min(row["at"] for row in rows["events"]) >= 1682899200
    assert max(row["at"] for row in rows["events"]) < 1767225600


@pytest.mark.parametrize(
    ("form", "look"),
    [
        ("%s", r"1\d{9}"),
        ("%ms", r"1\d{12}"),
        ("%epoch_microseconds", r"1\d{15}"),
        ("%s_as_float", r"1\d{9}\.\d{6}"),
        ("%Y-%m-%dT%H:%M:%S.%_msZ", r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
        ("%Y-%m-%dT%H:%M:%S%z", r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+0000"),
        ("%Y-%m-%d", r"20\d\d-\d\d-\d\d"),
        ("%d/%m/%Y", r"\d\d/\d\d/20\d\d"),
    ],
)
def test_forms_of_cursors(tmp_path: Path, form: str, look: str) -> None:
    sync = {"type": "DatetimeBasedCursor", "cursor_field": "x", "datetime_format": form, "start_datetime": "2024-02-01"}
    found = read(tmp_path, {"streams": [stream({"x": {"type": "string"}}, incremental_sync=sync)]})
    plan = sdgen.plan(found, seed=1, as_of=AS_OF)
    values = sdgen.generate(plan)["things"].column("x").to_pylist()
    assert all(re.fullmatch(look, value) for value in values)


def test_the_records_own_form_goes_first(tmp_path: Path) -> None:
    sync = {"cursor_field": "x", "datetime_format": "%Y-%m-%d", "cursor_datetime_formats": ["%s", "%Y"]}
    spec = column(tmp_path, {"type": "string"}, incremental_sync=sync).generator
    assert spec is not None
    assert spec.params["format"] == "%s"


def test_parent_streams_are_links(library: Scenario, rows: dict[str, list[dict[str, Any]]]) -> None:
    assert generator(library, "loans", "branch_id") == ("fk", {"entity": "branches", "column": "id"})
    assert generator(library, "fines", "member_id") == ("fk", {"entity": "members", "column": "id", **UNEVEN})
    assert library.entities["loans"].columns["branch_id"].type == library.entities["branches"].columns["id"].type
    assert {row["branch_id"] for row in rows["loans"]} <= {row["id"] for row in rows["branches"]}


def test_names_are_links_where_one_stream_is_meant(library: Scenario) -> None:
    assert generator(library, "loans", "member_id") == ("fk", {"entity": "members", "column": "id", **UNEVEN})
    assert "loans.columns.member_id: guessed: holds members.id, by its name" in told(library)


def test_an_unknown_parent_is_told(tmp_path: Path) -> None:
    config = {"stream": stream({"id": {"type": "string"}}, "owners"), "parent_key": "id", "partition_field": "owner_id"}
    router = {"type": "SubstreamPartitionRouter", "parent_stream_configs": [config]}
    found = read(
        tmp_path, {"streams": [stream({"owner_id": {"type": "string"}}, retriever={"partition_router": router})]}
    )
    assert any("its parent stream 'owners' is not among the entities" in one for one in told(found))


def test_links_that_close_a_cycle_are_not_guessed(tmp_path: Path) -> None:
    streams = [
        stream({"id": {"type": "string"}, "team_id": {"type": "string"}}, "users", primary_key="id"),
        stream({"id": {"type": "string"}, "user_id": {"type": "string"}}, "teams", primary_key="id"),
    ]
    found = read(tmp_path, {"streams": streams})
    assert generator(found, "users", "team_id")[0] == "fk"
    assert found.entities["teams"].columns["user_id"].generator is None
    assert any("would close a cycle" in one for one in told(found))


def test_transformations(library: Scenario) -> None:
    loans = library.entities["loans"].columns
    assert "secret" not in loans
    assert loans["copy"].type == "struct<title: text>"
    assert generator(library, "loans", "source") == ("const", {"value": "desk"})
    assert any("removed by a transformation: secret, copy.barcode" in one for one in told(library))


def test_lists_of_values_and_of_loaders(library: Scenario) -> None:
    assert generator(library, "fines", "kind") == ("choice", {"values": ["late", "lost"]})
    assert generator(library, "fines", "amount")[0] == "uniform_float"
    assert any("only a part is known" in one for one in told(library))


def test_files_of_schemas_stay_in_their_folder(library: Scenario, tmp_path: Path) -> None:
    members = library.entities["members"].columns
    assert members["home"].type == "struct<street: text, country: string(2)>"
    assert members["friend"].type == "json"
    assert any("'../../../../secret.json' leads to no file" in one for one in told(library))
    (tmp_path / "secret.json").write_text('{"properties": {"password": {"type": "string"}}}')
    inside = tmp_path / "connector"
    inside.mkdir()
    (inside / "link.json").symlink_to(tmp_path / "secret.json")
    for path in ("../secret.json", str(tmp_path / "secret.json"), "./link.json"):
        loader = {"type": "JsonFileSchemaLoader", "file_path": path}
        with pytest.raises(SourceError, match="file that is not there"):
            read(inside, {"streams": [{"name": "a", "schema_loader": loader}]})


def test_names_that_differ_in_case_alone(library: Scenario, tmp_path: Path) -> None:
    assert library.entities["branches"].columns["place"].type == "struct<city: text, Lat: double, lat_2: double>"
    streams = [stream({"Id": {"type": "string"}, "id": {"type": "string"}}, "Users"), stream({"a": {}}, "users")]
    found = read(tmp_path, {"streams": [*streams, stream({"a": {}}, "all.users")]})
    assert list(found.entities) == ["Users", "users_2", "all_users"]
    assert "users_2: the stream is called 'users', which can't be its table's name" in told(found)
    assert list(found.entities["Users"].columns) == ["Id", "id_2"]


@pytest.mark.parametrize(
    ("definitions", "reference", "words"),
    [
        ({"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}, "#/definitions/a", "go in a cycle"),
        ({"a": "#/definitions/a"}, "#/definitions/a", "#/definitions/a → #/definitions/a"),
        ({}, "#/definitions/missing", "nothing stands at the reference '#/definitions/missing'"),
    ],
)
def test_references_that_lead_nowhere(tmp_path: Path, definitions: Any, reference: str, words: str) -> None:
    manifest = {"definitions": definitions, "streams": [{"$ref": reference}, stream({"a": {}})]}
    with pytest.raises(SdgenError, match=re.escape(words)) as caught:
        read(tmp_path, manifest)
    assert caught.value.problems[0].line > 0


def test_schemas_that_go_in_a_cycle_are_told_with_their_path(tmp_path: Path) -> None:
    schemas = {"node": {"properties": {"parent": {"$ref": "#/schemas/node"}}}}
    loader = {"type": "InlineSchemaLoader", "schema": {"$ref": "#/schemas/node"}}
    with pytest.raises(ScenarioError, match="#/schemas/node → #/schemas/node"):
        read(tmp_path, {"schemas": schemas, "streams": [{"name": "nodes", "schema_loader": loader}]})


def test_keys_with_slashes_and_references_through_references(tmp_path: Path) -> None:
    manifest: dict[str, Any] = {
        "definitions": {"v1/things": stream({"a": {"type": "boolean"}}), "all": {"$ref": "#/definitions/linked"}},
        "streams": ["#/definitions/v1/things", {"$ref": "#/definitions/all/other"}, "*ref(definitions.third)"],
    }
    manifest["definitions"] |= {
        "linked": {"other": stream({"b": {"type": "integer"}}, "other")},
        "third": {**stream({"c": {}}, ""), "$options": {"name": "third"}},
    }
    found = read(tmp_path, manifest)
    assert {name: list(one.columns) for name, one in found.entities.items()} == {
        "things": ["a"],
        "other": ["b"],
        "third": ["c"],
    }


def test_parameters_stand_in_for_what_is_missing_and_inner_ones_win(tmp_path: Path) -> None:
    inner = {
        "type": "DatetimeBasedCursor",
        "cursor_field": "{{ parameters.get('cursor') }}",
        "$parameters": {"cursor": "x"},
    }
    one = stream({"key": {"type": "string"}, "x": {"type": "string"}}, "", incremental_sync=inner)
    one |= {"$parameters": {"name": "things", "primary_key": "key", "cursor": "y", "datetime_format": "%Y-%m"}}
    found = read(tmp_path, {"streams": [one]}).entities["things"].columns
    assert found["key"].primary_key
    assert found["x"].generator is not None
    assert found["x"].generator.params["format"] == "%Y-%m"


def test_templates_of_a_configuration_are_not_known(tmp_path: Path) -> None:
    found = read(tmp_path, {"streams": [stream({"id": {"type": "string"}}, primary_key="{{ config['key'] }}")]})
    assert not found.entities["things"].columns["id"].primary_key


def test_the_plain_shape_and_catalogs(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"id": {"type": "string"}, "n": {"type": "integer"}}}
    plain = {"streams": [{"name": "a", "primary_key": [["id"]], "json_schema": schema}]}
    catalog = {
        "streams": [{"stream": {"name": "a", "json_schema": schema}, "primary_key": [["id"]], "cursor_field": []}]
    }
    for manifest in (plain, catalog):
        found = read(tmp_path, manifest)
        assert found.entities["a"].columns["id"].primary_key
        assert found.entities["a"].columns["n"].type == "bigint"


def test_a_json_manifest_is_known(tmp_path: Path) -> None:
    import json

    found = read(tmp_path, json.dumps({"version": "1.0", "streams": [stream({"a": {"type": "string"}})]}), "m.json")
    assert list(found.entities) == ["things"]


def test_a_key_that_stands_twice_is_told(tmp_path: Path) -> None:
    text = "streams:\n- name: a\n  json_schema:\n    properties:\n      x: {type: string}\n      x: {type: integer}\n"
    found = read(tmp_path, text)
    assert found.entities["a"].columns["x"].type == "bigint"
    assert [note.line for note in found.notes] == [6]


def test_empty_schemas_have_the_fields_named_elsewhere(tmp_path: Path) -> None:
    found = read(tmp_path, {"streams": [stream({}, primary_key="id", cursor_field=["at"]), stream({}, "nothing")]})
    assert list(found.entities["things"].columns) == ["id", "at"]
    assert "nothing: its schema has no fields: the stream is left out" in told(found)


def test_a_schema_of_a_list_is_that_of_its_items(tmp_path: Path) -> None:
    schema = {"type": ["array", "null"], "items": {"properties": {"a": {"type": "boolean"}}}}
    found = read(tmp_path, {"streams": [{"name": "things", "json_schema": schema}]})
    assert found.entities["things"].columns["a"].type == "bool"


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no stream of the manifest has a schema"):
        read(tmp_path, {"streams": [{"name": "a", "schema_loader": {"type": "DynamicSchemaLoader"}}]})
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=r"no manifest\.yaml"):
        read_as("airbyte", str(tmp_path / "empty"))


def test_the_file_that_is_written_means_the_same(library: Scenario) -> None:
    again = read_text_as_scenario(scenario_text(library), "library.yaml")
    assert canonical(again) == canonical(library)
    plans = [sdgen.plan(one, seed=3, as_of=AS_OF, rows={"*": 30}) for one in (library, again)]
    assert sdgen.generate(plans[0]) == sdgen.generate(plans[1])


TEXT = (LIBRARY / "manifest.yaml").read_text("utf-8")
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["", "id", "#/definitions", "#/schemas/place", "{{ x }}"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "$ref", "name", "properties"]), inner)
    ),
    max_leaves=6,
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, one in inner for each in _paths(one, (*path, key)))]


PATHS = _paths(yaml.safe_load(TEXT))[1:]


@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(PATHS), value=VALUES)
def test_whatever_stands_anywhere_is_read_or_refused(tmp_path: Path, place: tuple[Any, ...], value: Any) -> None:
    manifest = yaml.safe_load(TEXT)
    inner = manifest
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with suppress(SdgenError):
        sdgen.check(read(tmp_path, manifest))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(end=st.integers(0, len(TEXT)))
def test_cut_manifests_are_read_or_refused(tmp_path: Path, end: int) -> None:
    path = tmp_path / "manifest.yaml"
    path.write_text(TEXT[:end], "utf-8")
    with suppress(SdgenError):
        read_as("airbyte", str(path))


def nested(column: str, **properties: str) -> dict[str, Any]:
    inner = {key: {"type": type} for key, type in properties.items()}
    return {column: {"type": ["object", "null"], "properties": inner}}


def manifest_of_issues(**more: Any) -> dict[str, Any]:
    users = {"id": {"type": "string"}, "name": {"type": "string"}, "email": {"type": "string"}}
    issues = {"id": {"type": "integer"}, **nested("user", id="string", name="string", role="string"), **more}
    return {"streams": [stream(users, "users", primary_key="id"), stream(issues, "issues", primary_key="id")]}


def test_a_struct_with_another_entitys_key_is_one_of_its_rows(tmp_path: Path) -> None:
    found = read(tmp_path, manifest_of_issues())
    assert found.entities["issues"].columns["user_id"].hidden
    made = {name: table.to_pylist() for name, table in sdgen.generate(sdgen.plan(found, seed=1)).items()}
    users = {(row["id"], row["name"]) for row in made["users"]}
    assert {(row["user"]["id"], row["user"]["name"]) for row in made["issues"] if row["user"]} <= users
    assert "user_id" not in made["issues"][0]
    assert "entities" not in told(found)[0]
    assert any("guessed: one of users" in note for note in told(found))


def test_a_struct_goes_with_the_link_that_stands_beside_it(tmp_path: Path) -> None:
    found = read(tmp_path, manifest_of_issues(user_id={"type": "string"}, **nested("assignee", id="string")))
    columns = found.entities["issues"].columns
    assert not columns["user_id"].hidden
    assert columns["assignee_id"].hidden
    for row in sdgen.generate(sdgen.plan(found, seed=1))["issues"].to_pylist():
        assert row["user"] is None or row["user"]["id"] == row["user_id"]


def test_keys_inside_elements_and_of_other_types_are_no_links(tmp_path: Path) -> None:
    items = {"type": "object", "properties": {"id": {"type": "string"}}}
    found = read(tmp_path, manifest_of_issues(users={"type": "array", "items": items}, **nested("owner", id="integer")))
    assert any("elements have no links" in note for note in told(found))
    assert "owner_id" not in found.entities["issues"].columns


def test_links_from_inside_close_no_cycle(tmp_path: Path) -> None:
    manifest = manifest_of_issues()
    manifest["streams"][0]["schema_loader"]["schema"]["properties"] |= nested("issue", id="integer")
    found = read(tmp_path, manifest)
    assert any("would close a cycle" in note for note in told(found))
    assert canonical(read_text_as_scenario(scenario_text(found), "x.yaml")) == canonical(found)
    sdgen.plan(found)


def test_the_older_layout_has_its_manifest_in_the_package(tmp_path: Path) -> None:
    package = tmp_path / "source-chess" / "source_chess"
    (package / "schemas").mkdir(parents=True)
    (package / "schemas" / "games.json").write_text('{"properties": {"id": {"type": "integer"}}}')
    loader = {"type": "JsonFileSchemaLoader", "file_path": "./source_chess/schemas/games.json"}
    games = {"type": "DeclarativeStream", "name": "games", "schema_loader": loader}
    (package / "manifest.yaml").write_text(yaml.safe_dump({"version": "0.29.0", "streams": [games]}))
    form = format_of(Source(str(package.parent)))
    assert form is not None
    assert form.kind == "airbyte"
    found = read_source(package.parent)
    assert found.name == "chess"
    assert list(found.entities["games"].columns) == ["id"]


def sliced(properties: dict[str, Any], added: dict[str, str], **router: Any) -> dict[str, Any]:
    teams = stream({"id": {"type": "integer"}}, "teams", primary_key="id")
    fields = [{"path": [name], "value": value} for name, value in added.items()]
    child = stream(properties, "players", primary_key=["squad", "number"])
    child["transformations"] = [{"type": "AddFields", "fields": fields}]
    key = {"parent_key": "id", "partition_field": "tid"}
    one = {**router, **key, "parent_stream": teams} if router else {"parent_stream_configs": [{**key, "stream": teams}]}
    child["retriever"] = {"partition_router": {"type": "SubstreamPartitionRouter", **one}}
    return {"streams": [teams, child]}


@pytest.mark.parametrize("router", [{}, {"type": "CustomPartitionRouter", "class_name": "x.Y"}])
@pytest.mark.parametrize("value", ["{{ stream_slice['tid'] }}", "{{ stream_partition.tid }}"])
def test_keys_that_are_added_are_links_though_no_schema_has_them(tmp_path: Path, router: Any, value: str) -> None:
    found = read(tmp_path, sliced({"number": {"type": "integer"}}, {"squad": value}, **router))
    assert generator(found, "players", "squad") == ("fk", {"entity": "teams", "column": "id"})
    assert [name for name, each in found.entities["players"].columns.items() if each.primary_key] == ["squad", "number"]
    assert any("not in its schema: squad" in note for note in told(found))


@pytest.mark.parametrize("value", ["{{ record['author']['id'] }}", "{{ (record.get('author') or {}).get('id') }}"])
def test_a_copied_key_is_the_link_that_its_struct_follows(tmp_path: Path, value: str) -> None:
    manifest = manifest_of_issues(written_by={"type": "string"}, **nested("author", id="string", name="string"))
    manifest["streams"][1]["transformations"] = [
        {"type": "AddFields", "fields": [{"path": ["written_by"], "value": value}]}
    ]
    found = read(tmp_path, manifest)
    assert generator(found, "issues", "written_by") == ("fk", {"entity": "users", "column": "id", **UNEVEN})
    for row in sdgen.generate(sdgen.plan(found, seed=1))["issues"].to_pylist():
        assert row["author"] is None or row["author"]["id"] == row["written_by"]


def test_epochs_are_in_order_in_each_unit(tmp_path: Path) -> None:
    names = ("created", "updated", "period_start", "period_end", "created_at", "updated_at")
    properties: dict[str, Any] = {name: {"type": ["integer", "null"]} for name in names}
    for name in names[-2:]:
        properties[name]["description"] = "in milliseconds"
    found = read(tmp_path, {"streams": [stream({"id": {"type": "integer"}, **properties}, primary_key="id")]})
    for row in sdgen.generate(sdgen.plan(found, seed=1, rows={"*": 500}))["things"].to_pylist():
        for first, last in (names[:2], names[2:4], names[4:]):
            assert row[last] is None or row[first] <= row[last] <= row[first] + 31 * 86_400_000
        assert row["created"] < 10**10 < 10**12 < row["created_at"]


def test_a_structs_parent_and_ids_before_their_names_are_links(tmp_path: Path) -> None:
    boards = stream({"id": {"type": "string"}, "name": {"type": "string"}}, "boards", primary_key="id")
    config = {"stream": boards, "parent_key": "id", "partition_field": "id"}
    retriever = {"partition_router": {"type": "SubstreamPartitionRouter", "parent_stream_configs": [config]}}
    cards = stream({"id": {"type": "string"}, "idBoard": {"type": "string"}}, "cards", primary_key="id")
    pins = stream({"id": {"type": "string"}, **nested("board", id="string")}, "pins", primary_key="id")
    streams = [boards, {**cards, "retriever": retriever}, {**pins, "retriever": retriever}]
    found = read(tmp_path, {"streams": streams})
    assert generator(found, "cards", "idBoard") == ("fk", {"entity": "boards", "column": "id", **UNEVEN})
    assert not any("no field holds" in note for note in told(found))


def test_what_ended_did_so_after_it_started(tmp_path: Path) -> None:
    moment = {"type": ["null", "integer"]}
    fields = {"id": {"type": "integer"}, "ended_at": moment, "started_at": moment, "completedTime": moment}
    scenario = read(tmp_path, {"streams": [stream({**fields, "createdTime": moment}, "runs", primary_key="id")]})
    assert generator(scenario, "runs", "ended_at")[1]["column"] == "started_at"
    assert generator(scenario, "runs", "completedTime")[1]["column"] == "createdTime"
