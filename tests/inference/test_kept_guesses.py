"""Guesses that are kept from one draft of a schema to the next are those that would be made anew."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sdgen.inference import first_fitting, fit, guess
from sdgen.inference.fit import ColumnNeeds, fitting
from sdgen.inference.guess import with_guesses
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario
from sdgen.scenario.types import Type


def _scenario(**first: Any) -> Scenario:
    columns = {
        "first_name": Column(type="string(40)", **first),
        "last_name": Column(type="string(40)"),
        "born_on": Column(type="date"),
        "kept_guess_marker": Column(type="string(12)"),
    }
    return Scenario(name="s", entities={"kept_guesses": Entity(rows=10, columns=columns)})


def test_a_table_drafted_again_asks_for_its_changed_columns_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(scenario: Any, traits: Any, *rest: Any) -> Any:
        asked.append(traits.raw)
        return first_fitting.guess_of(scenario, traits, *rest)

    monkeypatch.setattr(guess, "guess_of", counted)
    before = with_guesses(_scenario()).entities["kept_guesses"].columns
    assert "last_name" in asked
    asked.clear()
    after = with_guesses(_scenario(description="as on the passport")).entities["kept_guesses"].columns
    assert asked == ["first_name"]
    assert all(after[name] == before[name] for name in after if name != "first_name")


def test_params_that_are_written_alike_stay_what_they_are() -> None:
    needs = ColumnNeeds(Type("date"), rows=10)
    for start in (dt.date(2020, 1, 1), "2020-01-01"):
        spec = GeneratorSpec.model_construct(type="date", params={"start": start, "end": "2021-01-01"})
        assert fitting(spec, needs) is spec


def test_what_is_written_out_fits_a_second_column_alike() -> None:
    spec = GeneratorSpec.model_construct(type="uniform_int", params={"min": 1, "max": 1234})
    needs = ColumnNeeds(Type("string", length=20), rows=10)
    first, second = fitting(spec, needs), fitting(spec, needs)
    assert first is not None
    assert first == second
    assert first.type == "as_text"


def test_lengths_of_listed_texts_and_patterns_need_no_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    def sampled(*_: Any) -> Any:
        raise AssertionError("a sample was made")

    monkeypatch.setattr(fit, "_sampled", sampled)
    needs = ColumnNeeds(Type("string", length=9), rows=10)
    listed = {"values": ["alpha of tests", "beta", "gamma", "delta"]}
    for spec, fits in (
        (GeneratorSpec.model_construct(type="choice", params={"values": listed["values"][1:]}), True),
        (GeneratorSpec.model_construct(type="pattern", params={"regex": "[a-z]{2}[0-9]{7}"}), True),
        (GeneratorSpec.model_construct(type="pattern", params={"regex": "[a-z]{3}[0-9]{7}"}), False),
    ):
        assert (fitting(spec, needs) is not None) is fits
