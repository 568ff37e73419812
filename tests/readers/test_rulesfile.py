"""Rules from a file of their own: every form, before the scenario's rules, and mistakes with the file's lines."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sdgen
from sdgen.errors import ScenarioError, SdgenError, SourceError
from sdgen.inference.guess import with_guesses
from sdgen.readers.native.rules_file import with_rules_of
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.model import Column, Entity, Scenario

SCENARIO = """\
name: images
seed: 1
rules:
  - {field: score, generator: const, params: {value: 5}}
entities:
  images:
    rows: 40
    columns: {caption: text, size_cluster_a: int, labels: array<text>, score: double, is_new: bool, height: double}
"""


def made(tmp_path: Path, rules: str) -> dict[str, set[object]]:
    (tmp_path / "rules.yaml").write_text(rules)
    scenario = with_rules_of(read_text_as_scenario(SCENARIO, "images.yaml"), str(tmp_path / "rules.yaml"))
    table = sdgen.generate(scenario)["images"]
    return {name: {str(value) for value in table[name].to_pylist()} for name in table.column_names}


def refused(tmp_path: Path, rules: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ScenarioError) as caught:
        made(tmp_path, rules)
    assert {Path(each.file).name for each in caught.value.problems} == {"rules.yaml"}
    return [(each.line, each.where, each.what) for each in caught.value.problems]


@pytest.mark.parametrize(
    "rules",
    [
        "- {field: caption, generator: const, params: {value: x}}",
        "rules:\n  - {fieldName: Caption, generator: const, params: {value: x}}",
        "fields: {caption: {generator: const, params: {value: x}}}",
        "patterns: {cap.*: {generator: const, params: {value: x}}}",
        "patterns: {'*tion': {generator: const, params: {value: x}}}",
        "- {fieldPattern: apt, generator: const, params: {value: x}}",
        "- {pattern: /^cap/i, generator: const, params: {value: x}}",
        "types: {string: {generator: const, params: {value: x}}}",
    ],
)
def test_forms(tmp_path: Path, rules: str) -> None:
    assert made(tmp_path, rules)["caption"] == {"x"}


def test_types_of_other_languages(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        """\
types:
  string[]: {generator: subset, params: {values: [a], min: 1}}
  number: {generator: uniform_float, params: {min: 7, max: 8}}
  Nullable<boolean>: {generator: const, params: {value: true}}
""",
    )
    assert found["labels"] == {"['a']"}
    assert found["is_new"] == {"True"}
    assert all(7 <= float(str(value)) <= 8 for value in found["height"])


def test_they_go_before_the_scenarios_own(tmp_path: Path) -> None:
    assert made(tmp_path, "[]")["score"] == {"5.0"}
    assert made(tmp_path, "types: {number: {generator: const, params: {value: 6}}}")["score"] == {"6.0"}


def test_a_field_goes_before_a_type(tmp_path: Path) -> None:
    rules = "types: {number: {generator: const, params: {value: 6}}}\nfields: {score: {generator: const, params: {value: 7}}}"
    assert made(tmp_path, rules)["score"] == {"7.0"}


def test_mistakes_have_the_files_lines(tmp_path: Path) -> None:
    found = refused(
        tmp_path,
        "rules:\n- {field: a}\n- {generator: const}\n- 3\n- {field: b, patern: y, generator: const}\n- {pattern: '(', generator: const}\n",
    )
    assert sorted(line for line, _, _ in found) == [2, 3, 4, 5, 6]
    ((line, _, what),) = refused(tmp_path, "\nfields: {caption: text.sentense}")
    assert (line, what) == (2, "unknown generator 'text.sentense'")
    ((line, where, what),) = refused(tmp_path, "- field: b\n  generator: text.word\n  params:\n    maxx: 4")
    assert (line, where) == (4, "0.params.maxx")


def test_problems_of_the_scenarios_own_rules_stay_theirs(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("- {field: x, generator: text.word}\n")
    scenario = with_rules_of(read_text_as_scenario(SCENARIO, "images.yaml"), str(tmp_path / "rules.yaml"))
    assert scenario.origin.problem(("rules", 0), "").file.endswith("rules.yaml")
    assert (scenario.origin.problem(("rules", 1), "").file, scenario.origin.problem(("rules", 1), "").line) == (
        "images.yaml",
        4,
    )


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="can't be read"):
        sdgen.plan("shop", rules=tmp_path / "nothing.yaml")


def test_a_pattern_of_a_scenario_that_is_no_pattern() -> None:
    entities = {"a": {"rows": 1, "columns": {"b": "int"}}}
    with pytest.raises(ScenarioError, match="not a regular expression"):
        sdgen.plan({"name": "x", "rules": [{"pattern": "(", "generator": "const"}], "entities": entities})


words = st.sampled_from(
    ["field", "pattern", "type", "generator", "params", "rules", "fields", "types", "const", "(", "*"]
)
documents = st.recursive(
    st.one_of(st.none(), st.integers(), words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=4)),
    max_leaves=8,
)


@given(document=documents)
def test_any_document_gives_rules_or_a_problem(tmp_path_factory: pytest.TempPathFactory, document: object) -> None:
    import yaml

    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(yaml.safe_dump(document))
    with suppress(SdgenError):
        sdgen.plan(with_rules_of(read_text_as_scenario(SCENARIO, "images.yaml"), str(file)))


@pytest.mark.parametrize(
    ("type", "column", "hit"),
    [
        ("Record<string, number>", "map<text, double>", True),
        ("Record<string, number>", "map<text, text>", False),
        ("Record<string, number>", "struct<a: double>", False),
        ("Record<string, number>", "json", False),
        ("Record<string, string>", "map<text, text>", True),
        ("Map<string, string[]>", "map<text, array<text>>", True),
        ("Record<string, any>", "json", True),
        ("Record<string, any>", "struct<a: double>", False),
    ],
)
def test_a_record_is_a_map_of_its_types(type: str, column: str, hit: bool, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(f'types: {{"{type}": {{generator: const, params: {{value: 1}}}}}}')
    scenario = Scenario(name="s", entities={"t": Entity(columns={"a": Column(type=column)})})
    guessed = with_guesses(with_rules_of(scenario, str(file))).entities["t"].columns["a"].generator
    assert (guessed is not None and guessed.type == "const") is hit
