"""A generator's name as a key, with its params behind it: columns, presets, cases and fields; and what is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import sdgen
from sdgen.errors import ScenarioError
from sdgen.readers.native.scenario_file import read_document
from sdgen.readers.native.write import scenario_text
from sdgen.readers.yaml_text import read_document as parse
from sdgen.scenario.identity import config_hash
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario

HEAD = "name: t\nentities:\n  beds:\n    rows: 4\n    columns:\n"


def scenario(*columns: str, presets: str = "{}") -> Scenario:
    text = f"presets: {presets}\n{HEAD}" + "".join(f"      {column}\n" for column in columns)
    return read_document(parse(text, "beds.yaml"))


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("a: {const: EUR}", "a: {generator: const, params: {value: EUR}}"),
        (
            "a: {type: int, uniform_int: {min: 2, max: 9}}",
            "a: {type: int, generator: uniform_int, params: {min: 2, max: 9}}",
        ),
        ("a: {unique: true, person.email: }", "a: {unique: true, generator: person.email}"),
        ("a: {choice: [hay, straw]}", "a: {generator: choice, params: {values: [hay, straw]}}"),
        (
            "a: {type: int, hidden: true, expression: 1 + 1}",
            "a: {type: int, hidden: true, generator: expression, params: {sql: 1 + 1}}",
        ),
    ],
)
def test_both_spellings_are_one_scenario(short: str, long: str) -> None:
    assert config_hash(scenario(short)) == config_hash(scenario(long))


def test_presets_cases_and_fields_take_it_too() -> None:
    made = sdgen.generate(
        scenario(
            "kind: {choice: [long, short]}",
            "cost: {type: int, given: {by: kind, cases: {long: {uniform_int: {min: 5, max: 9}}}, otherwise: {const: 2}}}",
            "size: {type: 'struct<cm: int>', struct: {fields: {cm: {expression: cost * 10}}}}",
            "price: {generator: money}",
            presets="{money: {decimal: {min: 1, max: 3}}}",
        ),
        seed=1,
    )
    for row in made["beds"].to_pylist():
        assert row["cost"] in (range(5, 10) if row["kind"] == "long" else [2])
        assert row["size"] == {"cm": row["cost"] * 10}
        assert 1 <= row["price"] <= 3


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("a: {const: 1, choice: [1]}", ["names its generator twice", "const, choice"]),
        ("a: {const: 1, generator: choice}", ["names its generator twice"]),
        ("a: {const: 1, references: beds}", ["names its generator twice"]),
        ("a: {uniform_int: 5}", ["a.uniform_int: takes params by name", "uniform_int: {…}"]),
        ("a: {unifrm_int: {max: 5}}", ["unknown key 'unifrm_int'", "did you mean 'uniform_int'"]),
        ("a: {uniform_int: {min: 0, mxa: 5}}", ["beds.yaml:7:33", "no param 'mxa'"]),
        ("a: {given: {cases: [{when: true, uniform_int: 5}]}}", ["uniform_int takes params by name"]),
    ],
)
def test_mistakes_are_told_where_they_stand(column: str, words: Sequence[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        sdgen.plan(scenario(column))
    told = str(caught.value)
    assert all(word in told for word in words), told


def test_a_key_of_several_names_gives_each_the_same_record() -> None:
    short = scenario(
        "paid, captured: {const: true}",
        "'{sent, closed}_at': {description: 'when $1: $name', datetime: {start: -9d}}",
    )
    long = scenario(
        "paid: {const: true}",
        "captured: {const: true}",
        "sent_at: {description: 'when sent: sent_at', datetime: {start: -9d}}",
        "closed_at: {description: 'when closed: closed_at', datetime: {start: -9d}}",
    )
    assert config_hash(short) == config_hash(long)


def test_copies_of_a_parent_s_columns_by_their_own_names() -> None:
    text = (
        "name: t\nentities:\n  beds:\n    rows: 3\n    columns:\n      id: {type: int, primary_key: true, sequence: }\n"
        "      wood: {choice: [oak, ash]}\n      width: {type: int, uniform_int: {min: 80, max: 200}}\n"
        "  slats:\n    rows: {per: beds, count: 2}\n    columns:\n      bed: {references: beds}\n"
        "      wood, width: {parent: bed.$name}\n"
    )
    made = sdgen.generate(read_document(parse(text, "beds.yaml")), seed=1)
    woods = dict(zip(made["beds"]["id"].to_pylist(), made["beds"]["wood"].to_pylist(), strict=True))
    assert [woods[bed] for bed in made["slats"]["bed"].to_pylist()] == made["slats"]["wood"].to_pylist()


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (["a, b: {const: 1}", "b: {const: 2}"], ["7:7", "'b' stands here twice"]),
        (["'a, ': {const: 1}"], ["7:7", "a name is missing"]),
        (["a, b: {conts: 1}"], ["7:14", "entities.beds.columns.a", "unknown key 'conts'"]),
    ],
)
def test_mistakes_of_several_columns(columns: Sequence[str], words: Sequence[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario(*columns)
    for word in words:
        assert word in str(caught.value)


def test_a_name_with_a_comma_is_written_and_read_as_one_column() -> None:
    column = Column(generator=GeneratorSpec(type="const", params={"value": 1}))
    made = Scenario(name="t", entities={"beds": Entity(columns={"long, wide": column, "b": column})})
    assert list(read_document(parse(scenario_text(made), "beds.yaml")).entities["beds"].columns) == ["long, wide", "b"]
