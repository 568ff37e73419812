"""Fields of structs are guessed as parts of what the struct is named after, and belong together."""

from __future__ import annotations

from typing import Any

import pytest

import sdgen
from sdgen.inference.guess import with_guesses
from sdgen.inference.parts import Surroundings
from sdgen.readers.sources import read_mapping


def fields_of(column: str, type: str, entity: str = "tickets", **beside: Any) -> dict[str, Any]:
    columns = {column: {"type": type}, **beside}
    scenario = read_mapping({"name": "s", "entities": {entity: {"rows": 50, "columns": columns}}})
    spec = with_guesses(scenario).entities[entity].columns[column].generator
    assert spec is not None
    found = spec.params["items"]["params"]["fields"] if spec.type == "array" else spec.params["fields"]
    return dict(found)


def rows(**columns: str) -> list[dict[str, Any]]:
    entities = {"tickets": {"rows": 60, "columns": {name: {"type": type} for name, type in columns.items()}}}
    found: list[dict[str, Any]] = sdgen.generate({"name": "s", "seed": 3, "entities": entities})["tickets"].to_pylist()
    return found


def local(email: str) -> str:
    return "".join(letter for letter in email.partition("@")[0] if letter.isalpha())


@pytest.mark.parametrize(
    ("column", "generator"),
    [
        ("assignee", "person.full_name"),
        ("company", "company.name"),
        ("merchant_data", "company.name"),
        ("reviewers", "person.full_name"),
    ],
)
def test_a_name_is_that_of_the_struct(column: str, generator: str) -> None:
    assert fields_of(column, "struct<id: text, name: text>")["name"]["generator"] == generator
    assert fields_of(column, "array<struct<id: text, name: text>>")["name"]["generator"] == generator


@pytest.mark.parametrize("column", ["data", "attributes", "parent", "ticket"])
def test_a_struct_whose_name_says_nothing_is_of_its_entity(column: str) -> None:
    own = fields_of("data", "struct<name: text>")["name"]
    assert fields_of(column, "struct<name: text>")["name"] == own
    assert own["generator"] != fields_of("assignee", "struct<name: text>")["name"]["generator"]


def test_structs_inside_structs() -> None:
    fields = fields_of("owner", "struct<user: struct<name: text, person: struct<email: text>>>")
    user = fields["user"]["params"]["fields"]
    assert user["name"]["params"] == {"who": "owner"}
    assert user["person"]["params"]["fields"]["email"]["params"]["who"] == "owner"


def test_completed_generators_know_their_structs_too() -> None:
    choice = {"generator": "choice", "params": {"values": ["a"]}}
    written = {"generator": "struct", "params": {"fields": {"kind": choice}}, "type": "struct<name: text, kind: text>"}
    spec = read_mapping({"name": "s", "entities": {"tickets": {"columns": {"assignee": written}}}})
    found = with_guesses(spec).entities["tickets"].columns["assignee"].generator
    assert found is not None
    assert found.params["fields"]["name"]["generator"] == "person.full_name"


def test_fields_of_one_struct_agree_and_structs_tell_people_apart() -> None:
    person = "struct<name: text, email: text>"
    made = rows(assignee=person, creator=person)
    for row in made:
        for one in (row["assignee"], row["creator"]):
            assert local(one["email"]) == "".join(letter for letter in one["name"].lower() if letter.isalpha())
    assert sum(row["assignee"]["name"] == row["creator"]["name"] for row in made) < 3


def test_the_fields_of_an_element_agree() -> None:
    elements = [one for row in rows(reviewers="array<struct<first_name: text, last_name: text, full_name: text>>")
                for one in row["reviewers"]]  # fmt: skip
    assert elements
    assert all(one["full_name"] == f"{one['first_name']} {one['last_name']}" for one in elements)


def test_the_rows_own_person_and_place_stay_the_rows() -> None:
    made = rows(full_name="text", city="text", name="struct<first: text>", address="struct<city: text, country: text>")
    assert all(row["full_name"].startswith(row["name"]["first"]) for row in made)
    assert all(row["address"]["city"] == row["city"] for row in made)


def test_moments_of_a_struct_are_in_order() -> None:
    for row in rows(project="struct<created_at: timestamp, updated_at: timestamp>", data="struct<created: text>"):
        assert row["project"]["created_at"] < row["project"]["updated_at"]


def test_a_place_takes_its_siblings_into_account() -> None:
    fields = fields_of("shipping_address", "struct<name: text, city: text, country: text>")
    assert fields["country"]["params"] == {"who": "shipping_address"}
    assert fields["name"]["generator"] == "person.full_name"


def test_into() -> None:
    outer = Surroundings(("order",)).into("customer", ("id", "address")).into("address", ("city",))
    assert (outer.entity, outer.person, outer.place) == (("address",), "customer", "customer")
    assert Surroundings(("order",)).into("billing_address", ()).place == "billing_address"
