"""Snowfakery recipes → scenarios: objects, friends, references, fakes, choices, formulas, and what is told."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import sdgen
from sdgen.errors import ScenarioError, SdgenError
from sdgen.generators.registry import make
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.formats import format_of
from sdgen.readers.native.write import scenario_text
from sdgen.readers.snowfakery import matches, read
from sdgen.readers.snowfakery.fields import _table, relative
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.identity import canonical
from sdgen.scenario.model import Scenario

CLINIC = Path(__file__).parent / "snowfakery" / "clinic.recipe.yml"
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
Rows = list[dict[str, Any]]


def scenario_of(path: Path) -> Scenario:
    return read(Source(str(path)), ReadOptions())


def recipe(tmp_path: Path, text: str) -> Scenario:
    path = tmp_path / "x.yml"
    path.write_text(text)
    return scenario_of(path)


def rows(scenario: Scenario, entity: str, **request: Any) -> Rows:
    plan = sdgen.plan(scenario, seed=3, as_of=AS_OF, **request)
    return [row for batch in sdgen.batches(plan, entity) for row in batch.to_pylist()]


def told(scenario: Scenario) -> str:
    return "\n".join(str(note) for note in scenario.notes)


@pytest.fixture(scope="module")
def clinic() -> Scenario:
    return scenario_of(CLINIC)


def test_a_recipe_is_known(tmp_path: Path) -> None:
    found = format_of(Source(str(CLINIC)))
    assert found is not None
    assert found.kind == "snowfakery"
    for text in ("- 1\n", "- name: x\n", "object: x\n", "- snowfakery_version: 3\n", "[]", "- object: x\n- {}\n"):
        path = tmp_path / "no.yml"
        path.write_text(text)
        assert not matches(Source(str(path)))


def test_plain_objects_are_fixed_rows(clinic: Scenario) -> None:
    assert rows(clinic, "Feed") == [
        {"id": 1, "name": "Meadow hay", "cost": 10, "organic": None},
        {"id": 2, "name": "Oats", "cost": 12, "organic": True},
    ]
    assert len(rows(clinic, "Feed", scale=10)) == 2


def test_an_object_in_a_field_is_one_for_each(clinic: Scenario) -> None:
    keepers = rows(clinic, "Keeper")
    assert [keeper["home"] for keeper in keepers] == [house["id"] for house in rows(clinic, "House")]
    link = clinic.entities["Keeper"].columns["home"].generator
    assert link is not None
    assert link.type == "fk"
    horses = {horse["id"]: horse for horse in rows(clinic, "Horse")}
    for keeper in keepers:
        for field, kind in (("first", "mare"), ("second", "foal")):
            assert (horses[keeper[field]]["owner"], horses[keeper[field]]["kind"]) == (keeper["id"], kind)


def test_templates_of_one_object_share_a_table(clinic: Scenario) -> None:
    horses = rows(clinic, "Horse", scale=3)
    names = {keeper["id"]: keeper["first_name"] for keeper in rows(clinic, "Keeper", scale=3)}
    assert len(horses) == 24
    for mare, foal in zip(horses[::2], horses[1::2], strict=True):
        assert (mare["feed"], mare["mother"], mare["name"]) == (1, None, f"{names[mare['owner']]}'s horse")
        assert (foal["feed"], foal["mother"], foal["name"]) == (2, mare["id"], None)


def test_friends_and_what_is_above_them(clinic: Scenario) -> None:
    keepers = {keeper["id"]: keeper for keeper in rows(clinic, "Keeper")}
    visits, bills = rows(clinic, "Visit"), rows(clinic, "Bill")
    assert all(1 <= sum(visit["keeper"] == each for visit in visits) <= 3 for each in keepers)
    assert len(bills) == len(visits)
    for visit, bill in zip(visits, bills, strict=True):
        assert bill["keeper"] == visit["keeper"]
        assert bill["text"] == f"Bill for {keepers[visit['keeper']]['first_name']}, {visit['reason']}"
        assert visit["urgent"] == ("yes" if visit["reason"] == "accident" else "no")
        assert visit["feed"] in (1, 2)
        assert bill["amount"] == 10 or 100 <= bill["amount"] <= 200
        assert bill["paid_on"] is None or bill["paid_on"].isoformat() == "2024-03-01"


def test_formulas(clinic: Scenario) -> None:
    for number, keeper in enumerate(rows(clinic, "Keeper", scale=2)):
        assert re.fullmatch(rf"{keeper['first_name'].lower()}\.\d{{7,12}}@example\.com", keeper["email"])
        assert keeper["party"].year == keeper["born"].year + 1
        assert (keeper["place"], keeper["number"]) == (number % 4, 100 + 10 * number)
        assert (keeper["double"], keeper["senior"]) == (keeper["age"] * 2 + 1, keeper["age"] >= 60)
        assert keeper["label"].startswith(f"{keeper['first_name']} {{North}} is {keeper['age']} in ")
        assert keeper["age"] % 2 == 0


def test_billing_columns_speak_of_one_place(clinic: Scenario) -> None:
    columns = clinic.entities["House"].columns
    generators = [columns[name].generator for name in ("BillingCity", "BillingState")]
    assert [each.params if each else None for each in generators] == [{"who": "billing"}] * 2


def test_what_is_told_has_file_and_line(clinic: Scenario) -> None:
    text = told(clinic)
    assert "clinic.recipe.yml:2:3: the plugin snowfakery.standard_plugins.Counters is not run" in text
    assert "clinic.recipe.yml:3:3: the option num_keepers is read at its default, 4" in text
    assert "entities.Horse: 2 templates of Horse: which one a row is of follows from its place" in text
    assert sdgen.check(clinic) == []


def test_a_run_repeats_what_stands_at_the_top(tmp_path: Path) -> None:
    scenario = recipe(
        tmp_path,
        """
- object: Account
  fields: {name: {fake: company}}
- object: Contact
  count: 2
  fields: {account: {reference: Account}, label: "at ${{Account.name}}"}
- object: Note
  fields: {account: {reference: Account}}
""",
    )
    contacts, names = (
        rows(scenario, "Contact", scale=3),
        {a["id"]: a["name"] for a in rows(scenario, "Account", scale=3)},
    )
    assert [contact["account"] for contact in contacts] == [1, 1, 2, 2, 3, 3]
    assert all(contact["label"] == f"at {names[contact['account']]}" for contact in contacts)


def test_references_to_the_last_and_to_one_of_several(tmp_path: Path) -> None:
    scenario = recipe(
        tmp_path,
        """
- object: Ledger
  count: 3
  fields: {name: {fake: word}}
- object: Entry
  count: 5
  fields: {ledger: {reference: Ledger}, any: {random_reference: {to: Ledger, unique: false}}}
- object: Pet
  count: 3
  fields: {ledger: {random_reference: {to: Ledger, unique: true}}}
- object: Nowhere
  fields: {to: {reference: Leger}}
""",
    )
    assert [entry["ledger"] for entry in rows(scenario, "Entry")] == [3] * 5
    assert sorted(pet["ledger"] for pet in rows(scenario, "Pet")) == [1, 2, 3]
    assert rows(scenario, "Nowhere")[0]["to"] is None
    assert "reference to 'Leger', which there is none of: null\n    did you mean 'Ledger'?" in told(scenario)


def test_pairs_of_a_join_table_are_distinct(tmp_path: Path) -> None:
    scenario = recipe(
        tmp_path,
        """
- object: Campaign
  count: 5
  fields: {name: "Campaign ${{child_index}}"}
- object: Contact
  count: 3
  fields: {name: {fake: FirstName}}
  friends:
    - object: Member
      count: 5
      fields:
        contact: {reference: Contact}
        campaign: {random_reference: {to: Campaign, parent: Contact, unique: true}}
""",
    )
    members = rows(scenario, "Member")
    assert len({(each["contact"], each["campaign"]) for each in members}) == 15
    assert [each["name"] for each in rows(scenario, "Campaign")] == [f"Campaign {number}" for number in range(5)]


def test_an_object_elsewhere_has_a_table_of_its_own(tmp_path: Path) -> None:
    scenario = recipe(
        tmp_path,
        """
- object: Company
  fields: {name: {fake: company}}
  friends:
    - object: Person
      count: 2
- object: Person
  fields: {name: {fake: name}}
""",
    )
    assert list(scenario.entities) == ["Company", "Person", "Person_2"]
    assert "entities.Person_2: rows of Person that stand elsewhere" in told(scenario)


def test_what_is_not_understood_is_guessed_by_name(tmp_path: Path) -> None:
    scenario = recipe(
        tmp_path,
        """
- object: User
  count: 3
  extra: 1
  fields:
    email: {SalesforceQuery.random_record: User}
    city: ${{some.thing(1)}}
    phone: {fake: telefone}
    first_name: {fake: FirstNameMale}
    __hidden: {Dataset.iterate: {dataset: x.csv}}
    nickname: ${{__hidden.Nick}}
    total: ${{2 ** 3}}
""",
    )
    found = rows(scenario, "User")
    assert all("@" in row["email"] and row["city"] and row["phone"] for row in found)
    assert "__hidden" not in scenario.entities["User"].columns
    text = told(scenario)
    for line, what in (
        (2, "User: the key 'extra' is not understood"),
        (6, "SalesforceQuery.random_record is not understood: guessed from the field's name"),
        (7, "the formula some.thing(1) is not understood"),
        (8, "fake: telefone is not known: guessed from the field's name"),
        (9, "fake: FirstNameMale: names of both genders"),
        (10, "Dataset.iterate is not understood: left out"),
        (11, "the formula __hidden.Nick is not understood"),
        (12, "the formula 2 ** 3 is not understood"),
    ):
        assert re.search(rf"x\.yml:{line}:.*{re.escape(what)}", text), what


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("- object: A\n  include: nothing\n", "no macro 'nothing'"),
        ("- macro: a\n  include: b\n- macro: b\n  include: a\n- object: A\n  include: a\n", "in a cycle: a → b → a"),
        ("- object: A\n  fields: [1]\n", "fields must be a mapping"),
        ("- object: A\n  friends: {}\n", "friends must be a list"),
        ("- object: A\n  friends: [1]\n", "a friend must be an object"),
        ("- object: [1]\n", "an object's name must be a text"),
        ("- objct: A\n- object: A\n", "no item of a recipe\n    did you mean 'object'?"),
        ("- include_file: none.yml\n", "can't include none.yml"),
        ("- snowfakery_version: 3\n", "the recipe makes no objects"),
        ("{}", "a recipe is a list of items"),
    ],
)
def test_faults(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        recipe(tmp_path, text)
    assert wrong in str(caught.value)


def test_files_elsewhere_are_not_included(tmp_path: Path) -> None:
    for name in ("/etc/passwd", "../../x.yml", "secrets.txt"):
        scenario = recipe(tmp_path, f"- include_file: {name}\n- object: A\n")
        assert f"not included: {name}" in told(scenario)


def test_moments() -> None:
    given = ["today", "-30d", "+10M", "2y", "2020-01-01", "-1w"]
    assert [relative(each) for each in given] == ["now", "-30d", "+10mo", "+2y", "2020-01-01", "-1w"]


@pytest.mark.parametrize("name", sorted(_table()))
def test_every_fake_has_a_generator(name: str) -> None:
    entry = _table()[name]
    made = make(entry["generator"], dict(entry.get("params", {})))
    assert set(entry) <= {"generator", "params", "takes", "type", "loses"}
    known = type(made).model_fields
    assert all(param in known for param in entry.get("takes", {}).values())


def test_all_fakes_make_values(tmp_path: Path) -> None:
    fields = "".join(f"    f_{name}: {{fake: {name}}}\n" for name in _table())
    scenario = recipe(tmp_path, f"- object: All\n  count: 20\n  fields:\n{fields}")
    assert scenario.notes == tuple(note for note in scenario.notes if "names of both genders" in note.what)
    assert all(value is not None for value in rows(scenario, "All")[0].values())


def test_round_trip(clinic: Scenario) -> None:
    again = read_text_as_scenario(scenario_text(clinic), "x.yaml")
    assert canonical(again) == canonical(clinic)
    assert all(rows(again, name) == rows(clinic, name) for name in clinic.entities)


TEXT = CLINIC.read_text("utf-8").replace(
    "- include_file: parts/macros.yml\n", "- macro: person\n  fields: {first_name: x}\n"
)
words = st.sampled_from(
    [
        *("A", "B", "b", "NULL", "2020-01-01", "x.y", "10%", "{x}", "${{", "${{" + "(" * 300 + "}}"),
        *("${{id}}", "${{A.x}}", "${{x + y}}", "<<x>>", "${{fake.name | upper}}", "${{child_index}}"),
        *("${{random_number(1, 5) * 2}}", "${{'a' if x else None}}"),
    ]
)
keys = st.sampled_from(
    [
        *("fake", "object", "fields", "friends", "count", "reference", "random_reference", "random_choice"),
        *("random_number", "choice", "pick", "probability", "when", "if", "min", "max", "x", "y", "id", "to"),
        *("date_between", "start_date"),
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats() | words | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.sampled_from(["count", "fields", "friends", "nickname", "just_once", "include"]), values), max_size=3))  # fmt: skip
@settings(max_examples=80)
def test_whatever_stands_there(tmp_path_factory: pytest.TempPathFactory, items: list[dict[str, Any]]) -> None:
    document = [{"object": "AB"[index % 2], **item} for index, item in enumerate(items)]
    path = tmp_path_factory.mktemp("any") / "x.yml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    with suppress(SdgenError):
        scenario = scenario_of(path)
        assert canonical(read_text_as_scenario(scenario_text(scenario), "x.yaml")) == canonical(scenario)
        sdgen.check(scenario)


@given(st.integers(0, len(TEXT)), st.integers(0, 60), st.text("{}[]:-\n \t'\"&*!%x0$", max_size=3))
@settings(max_examples=30)
def test_mutations(tmp_path_factory: pytest.TempPathFactory, at: int, cut: int, put: str) -> None:
    path = tmp_path_factory.mktemp("any") / "x.yml"
    path.write_text(TEXT[:at] + put + TEXT[at + cut :])
    with suppress(SdgenError):
        sdgen.check(scenario_of(path))


def test_one_alternative_is_that_value(tmp_path: Path) -> None:
    made = recipe(
        tmp_path,
        """
- object: a
  count: 5
  fields:
    state:
      random_choice: ${{fake.RandomElement(elements=('Open', 'Done'))}}
    number: The ${{child_index}}
    nothing:
      if:
        - choice: {when: "${{id > 1}}", pick: NULL}
        - choice: {pick: NULL}
""",
    )
    found = rows(made, "a")
    assert {row["state"] for row in found} <= {"Open", "Done"}
    assert {row["nothing"] for row in found} == {None}
    assert all(row["number"].startswith("The ") for row in found)


def test_formulas_of_what_is_guessed_keep_to_its_kind(tmp_path: Path) -> None:
    made = recipe(
        tmp_path,
        """
- object: a
  count: 5
  fields:
    Amount:
      fake: NoSuchThing
    start:
      date_between: {start_date: "${{other.day}}", end_date: "${{other.day}}"}
    end: ${{date(start) + relativedelta(months=12)}}
    half: ${{Amount / 2}}
""",
    )
    assert made.entities["a"].columns["start"].type == "date"
    assert all((row["end"] - row["start"]).days >= 365 for row in rows(made, "a") if row["start"])
    assert "Amount / 2" in told(made)
