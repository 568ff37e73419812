"""Choices and subsets: weights, nulls, types, distinct elements."""

from __future__ import annotations

import pickle
from collections import Counter
from datetime import date
from itertools import combinations, permutations
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError
from scipy import stats

import sdgen
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.registry import make
from sdgen.scenario.types import parse_type
from tests.generators.fake import facts, fill
from tests.generators.splits import assert_family_documented, assert_split_free, faulty

MANY = [f"v{number}" for number in range(300)]


def test_examples_and_descriptions() -> None:
    assert_family_documented("choices.choices")
    assert_family_documented("choices.subsets")


@pytest.mark.parametrize(
    ("name", "params", "type"),
    [
        ("choice", {"values": ["a", "b", "c"], "weights": [5, 3, 2]}, ""),
        ("choice", {"values": [1, 2, None, 3]}, ""),
        ("choice", {"values": MANY}, ""),
        ("subset", {"values": ["a", "b", "c", "d"]}, "array<string>"),
        ("subset", {"values": list(range(20)), "min": 2, "max": 5, "shuffled": True}, ""),
        ("subset", {"values": list(range(200)), "min": 120, "max": 150, "shuffled": True}, ""),
        ("subset", {"values": list(range(200)), "min": 120, "max": 150}, ""),
        ("subset", {"values": list(range(90)), "median": 7, "weights": {"3": 50, "4": 8}}, ""),
        ("subset", {"values": list("abcdef"), "min": 4, "weights": {"b": 1000}, "shuffled": True}, ""),
    ],
)
def test_any_split_gives_the_same_cells(name: str, params: dict[str, Any], type: str) -> None:
    assert_split_free(name, params, type)


@pytest.mark.parametrize(
    "params",
    [
        {"values": ["paid", "sent", "lost"], "weights": [0.8, 0.15, 0.05]},
        {"values": ["paid", "sent", "lost"], "weights": [80, 15, 5]},
        {"values": [{"value": "paid", "weight": 80}, {"value": "sent", "weight": 15}, {"value": "lost", "weight": 5}]},
        {"values": ["paid", "sent", "paid", "lost"], "weights": [50, 15, 30, 5]},
    ],
)
def test_weights_are_kept(params: dict[str, Any]) -> None:
    counts = Counter(fill("choice", params, 50_000).to_pylist())
    assert stats.chisquare([counts[word] for word in ("paid", "sent", "lost")], [40_000, 7500, 2500]).pvalue > 1e-4


def test_without_weights_all_are_alike() -> None:
    counts = Counter(fill("choice", {"values": MANY}, 60_000).to_pylist())
    assert stats.chisquare([counts[word] for word in MANY]).pvalue > 1e-4


def test_a_weight_of_zero_never_occurs() -> None:
    assert set(fill("choice", {"values": [1, 2, 3], "weights": [1, 0, 1]}, 5000).to_pylist()) == {1, 3}
    generator = make("choice", {"values": [1, 2, 3], "weights": [1, 0, 1]})
    assert generator.capacity(facts(generator)) == 2
    assert sorted(fill("choice", {"values": [1, 2, 3], "weights": [1, 0, 1]}, 2, unique=True).to_pylist()) == [1, 3]


@pytest.mark.parametrize("type", ["text", "string(5)", "enum(a, b)", "json", "bigint", "double"])
def test_null_is_a_value_like_others(type: str) -> None:
    values = [1, 2, None] if type in ("bigint", "double") else ["a", "b", None]
    cells = fill("choice", {"values": values, "weights": [1, 1, 2]}, 8000, type)
    cells.validate(full=True)
    assert cells.null_count == pytest.approx(4000, abs=220)
    assert len(set(cells.to_pylist())) == 3
    assert fill("choice", {"values": [None]}, 5, type).to_pylist() == [None] * 5


def test_texts_come_as_a_dictionary() -> None:
    made = fill("choice", {"values": ["b", "a", "b"]}, 100)
    assert made.type == pa.dictionary(pa.int16(), pa.string())
    assert made.dictionary.to_pylist() == ["b", "a"]
    wide = make("choice", {"values": [str(number) for number in range(40_000)]})
    assert wide.arrow(parse_type("text")) == pa.dictionary(pa.int32(), pa.string())
    assert fill("choice", {"values": [2, 3]}, 5).type == pa.int64()


@pytest.mark.parametrize(
    ("values", "natural"),
    [
        ([True, False], "bool"),
        ([1, 2, None], "bigint"),
        ([1, 2.5], "double"),
        (["a", 1], "text"),
        ([date(2024, 1, 1)], "date"),
        ([{"value": 3, "weight": 1}], "bigint"),
        ([None], "text"),
        ([True, 1], "text"),
    ],
)
def test_the_natural_type_is_what_the_values_are(values: list[Any], natural: str) -> None:
    assert str(make("choice", {"values": values}).natural()) == natural


@pytest.mark.parametrize(
    ("type", "values", "expected"),
    [
        ("tinyint", ["1", 2], {1, 2}),
        ("text", [1, 2.5, True], {"1", "2.5", "true"}),
        ("date", ["2024-02-29", date(2024, 1, 1)], {date(2024, 2, 29), date(2024, 1, 1)}),
        ("json", [{"a": 1}, [2]], {'{"a":1}', "[2]"}),
    ],
)
def test_values_become_the_column_s_type(type: str, values: list[Any], expected: set[Any]) -> None:
    wanted = parse_type(type)
    generator = make("choice", {"values": values})
    assert list(generator.faults(facts(generator, type))) == []
    made = cast_array(fill("choice", {"values": values}, 200, type), wanted, generator.arrow(wanted))
    assert set(made.to_pylist()) == expected


def test_an_enum_brings_its_own_values() -> None:
    assert set(fill("choice", {}, 100, "enum(red, green)").to_pylist()) == {"red", "green"}
    assert faulty("choice", {}, "enum(red, green)") == []
    assert faulty("choice", {"values": ["blue"]}, "enum(red, green)") == ["values"]


def test_unique_takes_each_value_once() -> None:
    cells = fill("choice", {"values": [*MANY, "v0", None]}, 300, unique=True).to_pylist()
    assert sorted(cells) == sorted(MANY)
    assert cells != MANY


def test_a_generator_survives_pickling_after_use() -> None:
    generator = make("choice", {"values": ["a", "b"], "weights": [1, 2]})
    generator.capacity(facts(generator))
    assert (
        pickle.loads(pickle.dumps(generator)) == generator == make("choice", {"values": ["a", "b"], "weights": [1, 2]})
    )


@pytest.mark.parametrize(
    ("name", "params", "type", "params_at_fault"),
    [
        ("choice", {}, "", ["values"]),
        ("choice", {"values": ["abc", 5, "x"]}, "int", ["values", "values"]),
        ("choice", {"values": ["2024-02-30"]}, "date", ["values"]),
        ("choice", {"values": [300]}, "utinyint", ["values"]),
        ("choice", {"values": ["too long"]}, "string(3)", ["values"]),
        ("choice", {"values": [1, 2], "weights": [1]}, "", ["weights"]),
        ("choice", {"values": [1, 2], "weights": []}, "", ["weights"]),
        ("choice", {"values": [1, 2], "weights": [1, -1]}, "", ["weights"]),
        ("choice", {"values": [1, 2], "weights": [0, 0]}, "", ["weights"]),
        ("choice", {"values": [1, 2], "weights": [1, float("inf")]}, "", ["weights"]),
        ("choice", {"values": [{"value": 1, "weight": "x"}]}, "", ["weights"]),
        ("choice", {"values": [{"valeu": 1}]}, "text", ["values"]),
        ("subset", {"values": [1, 2], "max": 3}, "", ["max"]),
        ("subset", {"values": [1, 2], "min": 2, "max": 1}, "", ["min"]),
        ("subset", {"values": [1, 2], "min": 3}, "", ["min"]),
        ("subset", {"values": [1, 2, 1]}, "", ["values"]),
        ("subset", {"values": [1, "1"]}, "array<text>", ["values"]),
        ("subset", {"values": ["a"]}, "array<int>", ["values"]),
        ("subset", {"values": ["a", "b"], "weights": {"c": 2}}, "", ["weights"]),
        ("subset", {"values": ["a", "b"], "by": "kind", "cases": {"x": {"c": 2}}}, "", ["cases.x"]),
        ("subset", {"values": ["a", "b"], "median": 900}, "", ["median"]),
    ],
)
def test_wrong_params_are_faults(name: str, params: dict[str, Any], type: str, params_at_fault: list[str]) -> None:
    assert faulty(name, params, type) == params_at_fault


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("choice", {"values": "abc"}),
        ("choice", {"values": ["a"], "weights": ["x"]}),
        ("choice", {"values": ["a"], "weight": [1]}),
        ("choice", {"values_": ["a"]}),
        ("subset", {"values": []}),
        ("subset", {"values": [1], "min": -1}),
        ("subset", {"values": ["a", "b"], "weights": {"a": 0}}),
        ("subset", {"values": ["a", "b"], "by": "kind"}),
        ("subset", {"values": ["a", "b"], "cases": {"x": {"a": 2}}}),
    ],
)
def test_params_of_the_wrong_type_are_refused(name: str, params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make(name, params)


@pytest.mark.parametrize(("size", "low", "high"), [(1, 0, 1), (5, 0, 5), (40, 3, 9), (300, 140, 200)])
@pytest.mark.parametrize("shuffled", [False, True])
def test_subsets_are_distinct_and_as_long_as_asked(size: int, low: int, high: int, shuffled: bool) -> None:
    params = {"values": list(range(size)), "min": low, "max": high, "shuffled": shuffled}
    rows = fill("subset", params, 600).to_pylist()
    assert all(len(set(row)) == len(row) for row in rows)
    assert {len(row) for row in rows} <= set(range(low, high + 1))
    assert len({len(row) for row in rows}) > 1
    assert shuffled or all(row == sorted(row) for row in rows)


def test_every_combination_is_as_likely_as_any_other() -> None:
    rows = fill("subset", {"values": list("abcde"), "min": 3, "max": 3}, 20_000).to_pylist()
    counts = Counter("".join(row) for row in rows)
    assert stats.chisquare([counts["".join(some)] for some in combinations("abcde", 3)]).pvalue > 1e-4
    assert sum(counts.values()) == 20_000


def test_every_order_is_as_likely_as_any_other() -> None:
    rows = fill("subset", {"values": list("abcd"), "min": 3, "max": 3, "shuffled": True}, 24_000).to_pylist()
    counts = Counter("".join(row) for row in rows)
    assert stats.chisquare([counts["".join(some)] for some in permutations("abcd", 3)]).pvalue > 1e-4


def test_lengths_and_elements_of_long_subsets_are_even() -> None:
    rows = fill("subset", {"values": list(range(260)), "min": 129, "max": 138}, 2600).to_pylist()
    assert stats.chisquare(np.bincount([len(row) - 129 for row in rows], minlength=10)).pvalue > 1e-4
    shares = np.bincount(np.concatenate(rows), minlength=260) / len(rows)
    expected = 133.5 / 260
    assert abs(shares - expected).max() < 5 * np.sqrt(expected * (1 - expected) / len(rows))


@pytest.mark.parametrize("weights", [{"a": 6, "b": 3}, {"a": 500, "b": 20}])
def test_weighted_subsets_are_drawn_without_replacement(weights: dict[str, int]) -> None:
    """The chance of each ordered pair is the product of shares, the second of what the first has left."""
    rows = fill("subset", {"values": list("abcd"), "min": 2, "max": 2, "weights": weights, "shuffled": True}, 40_000)
    counts = Counter("".join(row) for row in rows.to_pylist())
    of = {**dict.fromkeys("abcd", 1), **weights}
    total = sum(of.values())
    expected = {x + y: of[x] / total * of[y] / (total - of[x]) for x, y in permutations("abcd", 2)}
    assert (
        stats.chisquare([counts[pair] for pair in expected], [40_000 * each for each in expected.values()]).pvalue
        > 1e-4
    )


def test_lengths_lie_around_a_median_and_are_truncated() -> None:
    params = {"values": list(range(40)), "min": 1, "max": 40, "median": 6, "sigma": 0.5}
    lengths = np.array([len(row) for row in fill("subset", params, 20_000).to_pylist()])
    assert np.median(lengths) == 6
    assert (np.quantile(lengths, 0.16), np.quantile(lengths, 0.84)) == (4, 10)
    least = np.array([len(row) for row in fill("subset", {**params, "min": 6}, 20_000).to_pylist()])
    assert 0.1 < np.mean(least == 6) < 0.25  # not all of the lower half


def test_another_column_names_likelier_values(tmp_path: Path) -> None:
    scenario = """
        name: pictures
        seed: 3
        entities:
          pictures:
            rows: 4000
            columns:
              id: {type: int, primary_key: true, generator: sequence}
              subject: {type: string, nullable: true, null_rate: 0.1, generator: choice, params: {values: [ocean, city]}}
              tags:
                type: array<string>
                generator: subset
                params: {values: [beach, neon, night, ink, oil, wave], min: 1, max: 3, by: subject,
                         weights: {ink: 4}, cases: {ocean: {beach: 40, wave: 20}, city: {neon: 30}}}
    """
    path = tmp_path / "pictures.yaml"
    path.write_text(dedent(scenario))
    rows = sdgen.generate(path)["pictures"].to_pylist()
    shares = {
        (subject, tag): np.mean([tag in row["tags"] for row in rows if row["subject"] == subject])
        for subject in ("ocean", "city", None)
        for tag in ("beach", "neon", "ink")
    }
    assert shares["ocean", "beach"] > 0.75 > 0.3 > shares["city", "beach"]
    assert shares["city", "neon"] > 0.8 > 0.3 > shares["ocean", "neon"]
    assert shares[None, "ink"] > 1.5 * shares[None, "beach"]


def _shuffled_near(rows: int, reach: float) -> list[int]:
    column = {"generator": "sequence", "params": {"shuffled": True, "reach": reach}}
    made = sdgen.generate({"name": "t", "entities": {"a": {"rows": rows, "columns": {"n": column}}}}, seed=1)
    numbers: list[int] = made["a"]["n"].to_pylist()
    return numbers


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 100, 5003])
@pytest.mark.parametrize("reach", [0.02, 0.3, 0.99])
def test_shuffled_numbers_with_a_reach_leave_none_out(rows: int, reach: float) -> None:
    assert sorted(_shuffled_near(rows, reach)) == list(range(1, rows + 1))


def test_most_shuffled_numbers_stay_within_their_reach() -> None:
    away = np.abs(np.array(_shuffled_near(40_000, 0.1)) - np.arange(1, 40_001)) / 40_000
    assert 0.08 < (away > 0.1).mean() < 0.125
    assert 0.3 < (away < 0.02).mean() < 0.7
