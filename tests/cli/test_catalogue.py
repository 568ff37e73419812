"""The catalogue tells all of every generator; its page in the docs is up to date; the schema takes what sdgen takes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from jsonschema import Draft202012Validator

from sdgen.generators import registry
from sdgen.generators.catalogue import Family, families, scenario_schema, words
from sdgen.readers.sources import examples
from sdgen.readers.yaml_text import read_document

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "generators.md"


def own_families() -> list[Family]:
    """All families but that of generators from outside, which other tests register in this process."""
    return [family for family in families() if family.name != "others"]


def test_every_generator_is_listed_once(run: Callable[..., Any]) -> None:
    families = json.loads(run("generators", "--format", "json").stdout)
    listed = [name for family in families for entry in family["entries"] for name in entry["names"]]
    assert sorted(listed) == registry.names()
    lines = [line.split() for line in run("generators").stdout.splitlines() if line.startswith("  ")]
    also = [name.strip(".,") for line in lines if "Also:" in line for name in line[line.index("Also:") + 1 :]]
    assert sorted([line[0] for line in lines] + also) == registry.names()
    assert len(lines) == sum(len(family["entries"]) for family in families)


def test_each_generator_has_a_description_and_an_example_of_its_own() -> None:
    entries = [entry for family in own_families() for entry in family.entries]
    kinds: dict[str, set[str]] = {}
    for entry in entries:
        kinds.setdefault(entry.summary, set()).add(
            entry.preset.removeprefix("{generator: ").strip("}") or entry.names[0]
        )
        assert f"generator: {entry.names[0]}" in entry.example, entry.names
    assert {summary: names for summary, names in kinds.items() if len(names) > 1} == {}


@pytest.mark.parametrize("name", ["code.ean13", "code.ean"])
def test_a_generator_is_shown_under_all_its_names(run: Callable[..., Any], name: str) -> None:
    shown = run("generators", name).stdout
    assert shown.startswith("code.ean13, code.ean: An article number of thirteen digits")


def test_every_generator_has_a_summary_an_example_types_and_described_params() -> None:
    for family in own_families():
        for entry in family.entries:
            assert entry.summary.endswith((".", "…")), entry.names
            assert entry.fits, entry.names
            assert any(name in entry.example for name in entry.names), entry.names
            assert all(param.description for param in entry.params), entry.names


def test_one_generator(run: Callable[..., Any]) -> None:
    lines = run("generators", "uniform_int").stdout.splitlines()
    assert lines[0] == "uniform_int: Whole numbers from min to max, both included, all equally likely."
    assert "unique:   possible, for up to 6 rows with the example's params" in lines
    assert "example:  {generator: uniform_int, params: {min: 1, max: 6}}" in lines
    assert any(line.split()[:4] == ["min", "whole", "number", "required"] for line in lines)
    assert any(line.split()[:6] == ["step", "whole", "number", "≥", "1", "1"] for line in lines)


def test_unknown_generator(run: Callable[..., Any]) -> None:
    result = run("generators", "unifrom_int")
    assert result.exit_code == 1
    assert "did you mean 'uniform_int'?" in result.stderr


def test_params_in_words() -> None:
    assert words(int | None) == "whole number"
    assert words(tuple[float, ...]) == "list of number"
    assert words(Literal["a", "b"]) == "a | b"
    assert words(str | int) == "text or whole number"


@pytest.mark.skipif(not PAGE.exists(), reason="the page is not made yet")
def test_page_of_the_docs_is_up_to_date() -> None:
    command = [sys.executable, "-m", "sdgen.cli.catalogue"]  # a process of its own: other tests register generators
    page = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True).stdout
    assert page == PAGE.read_text(encoding="utf-8"), "run: python -m sdgen.cli.catalogue > docs/generators.md"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = scenario_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("name", examples())
def test_schema_takes_the_examples(name: str, validator: Draft202012Validator) -> None:
    validator.validate(read_document(examples()[name].read_text(), name).value)


INT = {"generator": "uniform_int", "params": {"min": 1, "max": 6}}
RIGHT: list[Any] = [
    {"a": {"columns": {"b": "int"}}},
    {"a": {"columns": {"b": INT}}},
    {"a": {"columns": {"b": {"generator": {"type": "uniform_int", "params": {"min": 1, "max": 6}}}}}},
    {"a": {"columns": {"b": {"type": "decimal(10,2)", "generator": "a_preset"}}, "rows": 5}},
    [{"name": "a", "columns": [{"name": "b", **INT}], "rows": {"per": "c", "min": 0, "max": 3}}],
    {"a": {"columns": {"b": {"type": "int", "uniform_int": {"min": 1}}, "c": {"const": 5}, "d": {"uuid4": None}}}},
    {"a": {"columns": {"b": INT}, "dirt": {"missing": {"b": 0.1}, "duplicate": 0.2, "constraints": False}}},
    {"a": {"columns": {"b": INT, "c": INT}, "dirt": {"swapped": [{"columns": ["b", "c"], "rate": 0.1}]}}},
]
WRONG: list[Any] = [
    {},
    [],
    {"a": {}},
    {"a": {"columns": {}}},
    {"a": {"colums": {"b": "int"}}},
    {"a": {"columns": {"b": {"generater": "uuid4"}}}},
    {"a": {"columns": {"b": {"generator": "uniform_int", "params": {"mni": 1}}}}},
    {"a": {"columns": {"b": {"uniform_int": {"mni": 1}}}}},
    {"a": {"columns": {"b": {"uniform_int": 1}}}},
    {"a": {"columns": {"b": INT}, "rows": -1}},
    {"a": {"columns": {"b": INT}, "rows": {"pre": "c"}}},
    {"a": {"columns": {"b": INT}, "dirt": {"mising": {"b": 0.1}}}},
    {"a": {"columns": {"b": INT}, "dirt": {"missing": {"b": 7}}}},
    {"a": {"columns": {"b": INT}, "dirt": {"swapped": [{"columns": ["b", "c"]}]}}},
    [{"columns": [{"name": "b", **INT}]}],
    [{"name": "a", "columns": [INT]}],
]


@pytest.mark.parametrize("entities", RIGHT)
def test_schema_takes_both_spellings(entities: Any, validator: Draft202012Validator) -> None:
    validator.validate({"entities": entities})


@pytest.mark.parametrize("entities", WRONG)
def test_schema_refuses_mistakes(entities: Any, validator: Draft202012Validator) -> None:
    assert not validator.is_valid({"entities": entities})


def test_schema_is_printed(run: Callable[..., Any], validator: Draft202012Validator) -> None:
    assert json.loads(run("schema").stdout) == validator.schema
