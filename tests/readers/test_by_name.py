"""A generator's name as a key, with its params behind it: columns, presets, cases and fields; and what is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import sdgen
from sdgen.errors import ScenarioError
from sdgen.readers.native.scenario_file import read_document
from sdgen.readers.yaml_text import read_document as parse
from sdgen.scenario.identity import config_hash
from sdgen.scenario.model import Scenario

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
