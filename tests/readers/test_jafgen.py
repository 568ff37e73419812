"""jafgen schemas → scenarios: types, constraints, links across files, guesses, and what is told."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import sdgen
from sdgen.errors import ScenarioError, SdgenError
from sdgen.execution.targets import output_targets, resolve_target
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.formats import format_of
from sdgen.readers.jafgen import matches, read
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.identity import canonical
from sdgen.scenario.model import Scenario
from sdgen.scenario.output import EntityOutput, Output

FOLDER = Path(__file__).parent / "jafgen" / "library"
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
REAL = Path(__file__).parents[3] / "shared" / "inputs" / "jafgen"


def scenario_of(path: Path) -> Scenario:
    return read(Source(str(path)), ReadOptions())


def one(tmp_path: Path, attributes: dict[str, Any], **system: Any) -> Scenario:
    """The scenario of a system with one entity of these attributes."""
    document = {
        "system": {"name": "s", "version": "1", **system},
        "entities": {"things": {"count": 20, "attributes": attributes}},
    }
    path = tmp_path / "s.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return scenario_of(path)


def table(scenario: Scenario, entity: str) -> pa.Table:
    return pa.Table.from_batches(list(sdgen.batches(sdgen.plan(scenario, as_of=AS_OF), entity)))


def told(scenario: Scenario) -> str:
    return "\n".join(str(note) for note in scenario.notes)


def test_a_folder_is_one_dataset() -> None:
    found = format_of(Source(str(FOLDER)))
    assert found is not None
    assert found.kind == "jafgen"
    scenario = scenario_of(FOLDER)
    assert scenario.name == "library"
    assert (scenario.version, scenario.seed) == ("2.1", 8)
    assert list(scenario.entities) == ["books", "loans", "readers"]
    assert scenario.entities["readers"].rows.count == 40


def test_types_and_constraints() -> None:
    columns = scenario_of(FOLDER).entities["books"].columns
    said = {name: (column.type, column.generator) for name, column in columns.items()}
    assert said["price"][0] == "decimal(10,3)"
    assert said["grade"][1] is not None
    assert said["grade"][1].params == {"values": ["a", "b", "c"], "weights": [8, 1, 1]}
    assert said["dish"][1] is not None
    assert said["dish"][1].type == "food.dish"
    assert said["shelf"] == ("string", None)
    readers = scenario_of(FOLDER).entities["readers"].columns
    assert readers["motto"].nullable
    assert readers["vip"].type == "bool"
    assert readers["street"].generator is not None
    assert readers["street"].generator.type == "address.street"  # a city stands beside it


def test_links_lead_across_files_and_names_tell_of_others() -> None:
    scenario = scenario_of(FOLDER)
    loans = table(scenario, "loans")
    readers, books = table(scenario, "readers"), table(scenario, "books")
    assert set(loans["reader_id"].to_pylist()) <= set(readers["id"].to_pylist())
    assert set(loans["book_id"].to_pylist()) <= set(books["id"].to_pylist())
    assert "loans.yml:22:7: entities.loans.columns.book_id: guessed from its name: a link to books.id" in told(scenario)


def test_values_hang_together() -> None:
    scenario = scenario_of(FOLDER)
    loans = table(scenario, "loans")
    assert pc.all(pc.greater_equal(loans["updated_at"], loans["created_at"])).as_py()
    assert pc.max(loans["updated_at"]).as_py().isoformat() <= "2025-01-01"
    product = pc.multiply(loans["quantity"].cast(pa.decimal128(10, 0)), loans["unit_price"])
    assert loans["line_total"].to_pylist() == product.to_pylist()
    assert "updated_at: guessed from its name: it follows created_at" in told(scenario)


def test_a_guess_keeps_declared_bounds(tmp_path: Path) -> None:
    span = {"start_date": "2024-01-01", "end_date": "2024-12-31"}
    early = {"start_date": "2020-01-01", "end_date": "2024-12-31"}
    made = one(
        tmp_path,
        {
            "created_at": {"type": "datetime.datetime", "constraints": early},
            "closed_at": {"type": "datetime.datetime", "constraints": span},
        },
    )
    assert made.entities["things"].columns["closed_at"].generator is not None
    assert made.entities["things"].columns["closed_at"].generator.type == "datetime"


def test_the_last_day_is_included(tmp_path: Path) -> None:
    span = {"start_date": "2024-02-28", "end_date": "2024-02-29"}
    made = one(
        tmp_path,
        {name: {"type": f"datetime.{name}", "constraints": span} for name in ("date", "datetime")},
    )
    columns = made.entities["things"].columns
    assert columns["date"].generator is not None
    assert columns["date"].generator.params == {"start": "2024-02-28", "end": "2024-02-29"}
    assert columns["datetime"].generator is not None
    assert columns["datetime"].generator.params == {"start": "2024-02-28", "end": "2024-03-01"}


def test_outputs_are_the_scenarios() -> None:
    scenario = scenario_of(FOLDER)
    files, database = map(resolve_target, output_targets(scenario))
    assert (files.destination, files.formats) == (f"{FOLDER}/out/library/", ("csv", "json"))
    assert database.destination == f"{FOLDER}/out/library/generated_data.duckdb"
    assert files.names is not None
    assert (files.names.formats_of("readers"), files.names.formats_of("books")) == (("csv",), ("csv", "json"))
    text = told(scenario)
    assert "people.yaml:6:5: output.format: the format 'xml' is left out: not known here" in text
    assert "several seeds (7, 8)" in text


def test_patterns_of_names_are_translated(tmp_path: Path) -> None:
    formats = {
        "csv": {"filename_pattern": "{entity_name}_data.{ext}"},
        "duckdb": {"options": {"database_name": "all.duckdb"}},
    }
    output = {"format": ["csv", "duckdb"], "path": "o", "formats": formats}
    found = one(tmp_path, {"id": {"type": "uuid"}}, output=output).output
    assert found is not None
    assert (found.filename_pattern, found.database_name) == ("{entity}_data.{format}", "all")
    wrong = one(tmp_path, {"id": {"type": "uuid"}}, output={"filename_pattern": "{nobody}.{ext}", "colour": 1})
    assert wrong.output == Output()
    assert "filename_pattern '{nobody}.{ext}' is not used: no placeholder is called {nobody}" in told(wrong)
    assert "unknown keys: colour" in told(wrong)


def test_several_outputs_are_one(tmp_path: Path) -> None:
    for name, output in (("a", "{format: csv, path: o}"), ("b", "{format: [json, csv], path: p}")):
        (tmp_path / f"{name}.yaml").write_text(
            f"system: {{name: {name}, version: '1', output: {output}}}\n"
            f"entities: {{{name}s: {{count: 5, attributes: {{id: uuid}}}}}}\n"
        )
    scenario = scenario_of(tmp_path)
    assert scenario.output == Output(path="o", per_entity={"bs": EntityOutput(format=("json", "csv"))})
    assert "b.yaml:1:63: output.path: p is not used: all files go to o" in told(scenario)


def test_one_fault_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "system: {name: a, version: '1'}\nentities:\n  x: {count: 0, attributes: {id: uuid, id: uuid}}\n"
        "  y: {count: 5, attributes: {x_id: {type: link, link_to: a.z.id}}}\n"
    )
    with pytest.raises(ScenarioError) as caught:
        scenario_of(tmp_path)
    found = {(problem.type.value, problem.line) for problem in caught.value.problems}
    assert found == {("duplicate", 3), ("rows", 3), ("reference", 4)}


@pytest.mark.parametrize(
    ("attribute", "type", "generator", "params"),
    [
        ({"type": "integer"}, "int", "uniform_int", {"min": 1, "max": 100000}),
        ({"type": "integer", "constraints": {"max_value": 5 * 10**9}}, "bigint", "uniform_int", {"min": 1, "max": 5 * 10**9}),
        ({"type": "float", "constraints": {"precision": 4}}, "double", "uniform_float", {"min": 0, "max": 1000, "precision": 4}),
        ({"type": "numeric.decimal"}, "decimal(10,2)", "decimal", {"min": 0, "max": 1000}),
        ({"type": "string", "constraints": {"pattern": "[A-Z]{3}"}}, "string", "pattern", {"regex": "[A-Z]{3}"}),
        ({"type": "string", "constraints": {"min_length": 20, "max_length": 30}}, "string", "text.words", {"min_length": 20, "max_length": 30}),
        ({"type": "text.sentence", "constraints": {"nb_words": 10}}, "text", "text.sentence", {"nb_words": 10}),
        ({"type": "text.sentence", "constraints": {"nb_sentences": 3}}, "text", "text.paragraph", {"nb_sentences": 3}),
        ({"type": "text.paragraph"}, "text", "text.paragraph", {}),
        ({"type": "choice", "constraints": {"choices": {"a": 3, "b": 1}}}, "string", "choice", {"values": ["a", "b"], "weights": [3, 1]}),
        ({"type": "choice", "constraints": {"choices": [1, 2.5]}}, "double", "choice", {"values": [1, 2.5]}),
        ({"type": "choice"}, "string", "choice", {"values": ["option1", "option2", "option3"]}),
        ({"type": "text.word", "constraints": {"min_items": 1, "max_items": 3}}, "array<string>", "array", {"items": {"generator": "text.word"}, "min": 1, "max": 3}),
        ({"type": "person.phone"}, "", "person.phone_number", {}),
        ({"type": "company.company"}, "", "company.company", {}),
        ({"type": "finance.currency_code"}, "", "finance.currency_code", {}),
        ({"type": "person.age", "constraints": {"min_age": 30}}, "", "person.age", {"min_age": 30}),
        ({"type": "development.version"}, "", "code.version", {}),
        ({"type": "person.username", "constraints": {"max_length": 12}}, "string(12)", "person.username", {}),
    ],
)  # fmt: skip
def test_each_type(
    tmp_path: Path, attribute: dict[str, Any], type: str, generator: str, params: dict[str, Any]
) -> None:
    scenario = one(tmp_path, {"x": attribute})
    column = scenario.entities["things"].columns["x"]
    assert column.generator is not None
    assert (column.type, column.generator.type, dict(column.generator.params)) == (type, generator, params)
    assert table(scenario, "things").num_rows == 20


def test_what_is_not_understood_is_told(tmp_path: Path) -> None:
    scenario = one(tmp_path, {"email": {"type": "person.emial", "note": "x", "constraints": {"maxvalue": 3}}})
    text = told(scenario)
    assert (
        "unknown type 'person.emial': the rules choose by the column's name\n    did you mean 'person.email'?" in text
    )
    assert "the key 'note' says nothing here" in text
    assert "the constraint 'maxvalue' is not used\n    did you mean 'max_value'?" in text
    assert all("@" in each for each in table(scenario, "things")["email"].to_pylist())


@pytest.mark.parametrize(
    ("attribute", "wrong"),
    [
        ({"type": "integer", "constraints": {"min_value": 9, "max_value": 1}}, "min_value 9 is above max_value 1"),
        ({"type": "integer", "constraints": {"min_value": "many"}}, "must be a number, found 'many'"),
        ({"type": "datetime.date", "constraints": {"start_date": "soon"}}, "must be a date, found 'soon'"),
        ({"type": "datetime.date", "constraints": {"start_date": "2024-01-02", "end_date": "2024-01-01"}}, "is after end_date"),
        ({"type": "choice", "constraints": {"choices": []}}, "at least one"),
        ({"type": "decimal", "constraints": {"precision": 40}}, "from 0 to 18"),
        ({"type": "link"}, "a link without link_to"),
        ({"type": "link", "link_to": "things"}, "link_to is 'things'"),
        ({"type": "link", "link_to": "t.things.id"}, "no system 't'"),
        ({"type": "link", "link_to": "s.thing.id"}, "the system 's' has no entity 'thing'\n    did you mean 'things'?"),
        ({"type": "link", "link_to": "s.things.idd"}, "things has no attribute 'idd'\n    did you mean 'id'?"),
        ({"type": "link", "link_to": "s.things.x"}, "the attribute links to itself"),
        ({"unique": True}, "has no type"),
        ({"type": "uuid", "unique": "often"}, "unique must be true or false"),
        (5, "must be a mapping"),
    ],
)  # fmt: skip
def test_faults_are_told_with_their_lines(tmp_path: Path, attribute: Any, wrong: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        one(tmp_path, {"id": {"type": "uuid"}, "x": attribute})
    assert wrong in str(caught.value)
    assert all(problem.line > 0 for problem in caught.value.problems)


def test_all_faults_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("system: {}\nentities: {e: {count: 0, attributes: {}}}\n")
    (tmp_path / "b.yaml").write_text("system: [unclosed\nentities: {}\n")
    with pytest.raises(ScenarioError) as caught:
        scenario_of(tmp_path)
    assert len(caught.value.problems) == 5
    assert {Path(problem.file).name for problem in caught.value.problems} == {"a.yaml", "b.yaml"}


def test_names_of_two_systems(tmp_path: Path) -> None:
    for system in ("crm-eu", "crm-us"):
        (tmp_path / f"{system}.yaml").write_text(
            f"system: {{name: {system}, version: '1'}}\n"
            "entities:\n  users: {count: 5, attributes: {id: uuid}}\n"
            f"  {system[-2:]}_notes: {{count: 5, attributes: {{u: {{type: link, link_to: {system}.users.id}}}}}}\n"
        )
    scenario = scenario_of(tmp_path)
    assert list(scenario.entities) == ["crm_eu_users", "eu_notes", "crm_us_users", "us_notes"]
    link = scenario.entities["us_notes"].columns["u"].generator
    assert link is not None
    assert link.params["entity"] == "crm_us_users"


def test_cycles(tmp_path: Path) -> None:
    text = "system: {name: s, version: '1'}\nentities:\n"
    for here, there in (("a", "b"), ("b", "a")):
        link = f"{{type: link, link_to: s.{there}.id}}"
        text += f"  {here}: {{count: 5, attributes: {{id: uuid, {there}_id: {link}}}}}\n"
    (tmp_path / "s.yaml").write_text(text)
    scenario = scenario_of(tmp_path / "s.yaml")
    assert "entities link to one another in a cycle: a → b → a" in told(scenario)
    assert table(scenario, "a").num_rows == 5
    (tmp_path / "s.yaml").write_text(text.replace("s.b.id", "s.b.a_id").replace("s.a.id", "s.a.b_id"))
    with pytest.raises(ScenarioError, match=r"columns depend on each other in a cycle: a\.b_id → b\.a_id → a\.b_id"):
        sdgen.plan(scenario_of(tmp_path / "s.yaml"))


def test_a_plan_s_problem_has_the_schema_s_line(tmp_path: Path) -> None:
    scenario = one(tmp_path, {"n": {"type": "integer", "unique": True, "constraints": {"max_value": 3}}})
    problem = sdgen.check(scenario)[0]
    assert "20 rows" in problem.what
    assert (Path(problem.file).name, problem.line) == ("s.yaml", 8)


def test_round_trip() -> None:
    scenario = scenario_of(FOLDER)
    again = read_text_as_scenario(scenario_text(scenario), "x.yaml")
    assert canonical(again) == canonical(scenario)
    assert all(table(again, name).equals(table(scenario, name)) for name in scenario.entities)


def test_a_native_file_is_none(tmp_path: Path) -> None:
    path = tmp_path / "n.yaml"
    path.write_text("name: n\nentities: {system: {columns: {id: int}}}\n")
    assert not matches(Source(str(path)))
    assert not matches(Source(str(tmp_path)))
    assert not matches(Source(str(tmp_path / "none")))


@pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real input files is not beside this checkout")
@pytest.mark.parametrize("name", ["simple-users.yaml", "e-commerce.yaml", "iot-sensors.yaml", "hubspot", "xero"])
def test_real_files(name: str) -> None:
    scenario = scenario_of(REAL / name)
    assert sdgen.check(scenario) == []
    assert canonical(read_text_as_scenario(scenario_text(scenario), "x.yaml")) == canonical(scenario)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=6)
    | st.sampled_from(["uuid", "link", "choice", "text.word", "s.e.a", "2024-01-01", "fk", "person.email", "decimal"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["type", "unique", "required", "link_to", "constraints", "choices", "min_value", "max_value", "precision", "length"])
        | st.text(max_size=4), inner, max_size=4
    ),
    max_leaves=8,
)  # fmt: skip
TEXT = (FOLDER / "loans.yml").read_text("utf-8").replace("library-people.readers", "library-loans.books")


@given(st.dictionaries(st.sampled_from(["id", "a", "b_id", ""]), values, max_size=3), values)
@settings(max_examples=150)
def test_whatever_stands_there(tmp_path_factory: pytest.TempPathFactory, attributes: Any, system: Any) -> None:
    document = {"system": {"name": "s", "version": "1", "seed": system}, "entities": {"e": {"count": 3, "attributes": attributes}}}  # fmt: skip
    path = tmp_path_factory.mktemp("any") / "s.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    with suppress(SdgenError):
        sdgen.check(scenario_of(path))


@given(st.integers(0, len(TEXT)), st.integers(0, 40), st.text("{}[]:-\n \t'\"&*!%x0", max_size=3))
@settings(max_examples=100)
def test_mutations(tmp_path_factory: pytest.TempPathFactory, at: int, cut: int, put: str) -> None:
    path = tmp_path_factory.mktemp("any") / "s.yaml"
    path.write_text(TEXT[:at] + put + TEXT[at + cut :])
    with suppress(SdgenError):
        sdgen.check(scenario_of(path))
