"""Vocabularies: every preset makes what it says, anywhere a generator's name may stand."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import sdgen
from sdgen.generators import registry
from sdgen.generators.text import vocabularies
from sdgen.generators.text.vocabularies import VOCABULARIES, preset, presets
from sdgen.readers.sources import read_mapping
from sdgen.scenario.types import Type
from tests.generators.fake import facts


def scenario(*columns: dict[str, Any], rows: int = 2000, **more: Any) -> dict[str, Any]:
    named = {f"c{place}": column for place, column in enumerate(columns)}
    return {"name": "v", "seed": 4, "entities": {"t": {"rows": rows, "columns": named}}, **more}


def values(*columns: dict[str, Any], **more: Any) -> list[Any]:
    return list(sdgen.generate(scenario(*columns, **more))["t"]["c0"].to_pylist())


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_every_preset_is_right(vocabulary: str) -> None:
    """It is described, names a generator that exists, takes its params, and has no fault."""
    assert len(presets(vocabulary)) >= {"works": 10}.get(vocabulary, 30)
    for each in presets(vocabulary).values():
        assert each.description.endswith("."), each.name
        made = registry.make(each.name, {})
        assert list(made.faults(facts(made))) == [], each.name
        listed = each.spec.params.get("values", ())
        assert all(value["weight"] > 0 for value in listed if isinstance(value, dict)), each.name
        assert len({str(value) for value in listed}) == len(listed), each.name


def test_all_of_them_generate() -> None:
    made = sdgen.generate(scenario(*({"generator": name} for name in vocabularies.names()), rows=50))["t"]
    assert all(made[name].null_count == 0 for name in made.column_names)


def test_numbers_a_specialist_expects() -> None:
    scores = values({"generator": "fintech.credit_score"})
    assert 300 <= min(scores) < 560
    assert 840 < max(scores) <= 850
    assert 700 < sorted(scores)[1000] < 760
    shares = Counter(values({"generator": "healthcare.blood_type"}, rows=20_000))
    assert shares["O+"] > shares["A+"] > shares["B+"] > shares["AB-"]
    assert 0.6 < values({"generator": "retail.quantity"}).count(1) / 2000 < 0.8


def test_check_digits() -> None:
    for number in values({"generator": "healthcare.npi"}, rows=300):
        digits = [int(digit) for digit in "80840" + number]
        doubled = [digit * 2 if place % 2 else digit for place, digit in enumerate(digits)]
        assert sum(digit - 9 * (digit > 9) for digit in doubled) % 10 == 0
        assert number[0] == "2"
    for number in values({"generator": "fintech.routing_number"}, rows=300):
        assert sum(int(digit) * weight for digit, weight in zip(number, (3, 7, 1) * 3, strict=True)) % 10 == 0
        assert 33 <= int(number[:2]) < 60


def test_own_params_go_first() -> None:
    assert set(values({"generator": "retail.rating", "params": {"values": [7]}})) == {7}
    assert max(values({"generator": "fintech.loan_amount", "params": {"max": 3000}})) <= 3000


def test_presets_of_a_scenario_win_and_may_lean_on_them() -> None:
    own = {"fintech.loan_term": {"generator": "const", "params": {"value": 9}}}
    assert set(values({"generator": "fintech.loan_term"}, presets=own)) == {9}
    own = {"small": {"generator": "fintech.loan_amount", "params": {"max": 2000}}}
    assert max(values({"generator": "small"}, presets=own)) <= 2000


def test_inside_other_generators_and_rules() -> None:
    inner = values({"generator": "array", "params": {"items": "retail.size", "min": 1}})
    assert {size for sizes in inner for size in sizes} == {"XS", "S", "M", "L", "XL", "XXL"}
    ruled = values({"type": "string(20)"}, rules=[{"field": "c0", "generator": "healthcare.department"}])
    assert "Emergency" in ruled


def test_unique_and_typed() -> None:
    made = values({"type": "string(20)", "unique": True, "generator": "fintech.loan_number"})
    assert len(set(made)) == 2000
    assert registry.make("fintech.loan_term", {}).natural() == Type("bigint")


def test_an_unknown_preset_is_told_with_the_nearest() -> None:
    (problem,) = sdgen.check(read_mapping(scenario({"generator": "fintech.loan_amont"})))
    assert "did you mean 'fintech.loan_amount'?" in problem.hint
    (problem,) = sdgen.check(read_mapping(scenario({"generator": "array", "params": {"items": "retail.sice"}})))
    assert "retail.size" in str(problem)
    (problem,) = sdgen.check(read_mapping(scenario({"generator": "retail.rating", "params": {"vlues": [1]}})))
    assert "did you mean 'values'?" in problem.hint
    assert preset("fintech") is None
    assert preset("nonesuch.loan_amount") is None


def test_what_a_vocabulary_says_is_part_of_a_plan() -> None:
    assert vocabularies.versions('{"type":"fintech.loan_amount"}').keys() == {"fintech presets"}
    assert vocabularies.versions('{"type":"choice"}') == {}
