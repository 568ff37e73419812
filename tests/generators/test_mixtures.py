"""Mixtures of generators."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

import sdgen
from sdgen.generators.registry import make
from sdgen.readers.sources import read_text_as_scenario
from tests.generators.splits import assert_family_documented, assert_split_free, faulty

NORMAL: dict[str, Any] = {"generator": "normal", "params": {"mean": 5, "std": 1, "min": 2, "max": 8}, "weight": 0.75}
EDGES: dict[str, Any] = {"generator": "choice", "params": {"values": [0, 10]}, "weight": 0.25}


def values(parts: list[Any], **column: Any) -> list[Any]:
    columns = {
        "it": {"generator": "mixture", "params": {"parts": parts}, **column},
        "who": {"generator": "person.first_name"},
    }
    made = sdgen.generate({"name": "m", "seed": 1, "entities": {"t": {"rows": 4000, "columns": columns}}})["t"]
    return made.to_pylist()


def test_documented() -> None:
    assert_family_documented("choices.mixtures")


def test_the_one_rule() -> None:
    assert_split_free("mixture", {"parts": [NORMAL, EDGES]}, "int")


def test_shares() -> None:
    made = [row["it"] for row in values([NORMAL, EDGES], type="int")]
    assert 900 < sum(value in (0, 10) for value in made) < 1100
    assert all(2 <= value <= 8 or value in (0, 10) for value in made)


def test_families_still_agree() -> None:
    """A part that is a person is the row's person."""
    parts = ["person.full_name", {"generator": "const", "params": {"value": "-"}, "weight": 1}]
    assert all(row["it"] == "-" or row["it"].startswith(row["who"]) for row in values(parts, type="text"))


def test_nested_and_null_parts() -> None:
    struct = {"generator": "struct", "params": {"fields": {"a": {"generator": "const", "params": {"value": 1}}}}}
    none = {"generator": "choice", "params": {"values": [None, 3]}}
    assert {row["it"]["a"] for row in values([struct], type="struct<a: int>")} == {1}
    assert {row["it"] for row in values([none, EDGES], type="int", nullable=True, null_rate=0)} == {None, 0, 3, 10}


def test_faults() -> None:
    assert faulty("mixture", {"parts": [NORMAL, {"generator": "const", "params": {"value": "x"}}]}, "int") == [
        "parts.1.params.value"
    ]
    assert faulty("mixture", {"parts": ["person.email"]}, "int") == ["parts.0"]
    for wrong in ([], [{**NORMAL, "weight": 0}], [{**NORMAL, "weight": -1}], [{"generator": "nonesuch"}]):
        with pytest.raises(ValidationError):
            make("mixture", {"parts": wrong})


def test_null_among_the_values_that_a_part_is_for() -> None:
    text = """
name: x
entities:
  t:
    rows: 400
    columns:
      kind: {type: text, nullable: true, null_rate: 0.3, generator: choice, params: {values: [a, b]}}
      n: {type: int, generator: mixture, params: {by: kind, parts: [
        {generator: const, params: {value: 1}, when: a}, {generator: const, params: {value: 2}, when: [null, "x"]}]}}
"""
    rows = sdgen.generate(read_text_as_scenario(text, "x.yaml"), seed=1)["t"].to_pylist()
    assert {(row["kind"], row["n"]) for row in rows} == {("a", 1), ("b", None), (None, 2)}
