"""Uniform numbers: bounds, evenness, domains, faults."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.registry import make
from sdgen.scenario.types import parse_type
from tests.generators.fake import facts, fill
from tests.generators.splits import assert_family_documented, assert_split_free, faulty

INT64 = (1 << 63) - 1


def test_examples_and_descriptions() -> None:
    assert_family_documented("numbers.uniform")


@pytest.mark.parametrize(
    ("name", "params", "type"),
    [
        ("boolean", {"probability": 0.3}, ""),
        ("uniform_int", {"min": -5, "max": 90}, ""),
        ("uniform_int", {"min": -INT64 - 1, "max": INT64}, ""),
        ("uniform_float", {"min": -1, "max": 1}, ""),
        ("uniform_float", {"min": -1, "max": 1, "precision": 3}, ""),
        ("uniform_float", {"min": 1, "max": 9}, "decimal(8,3)"),
        ("decimal", {"min": "0.99", "max": 499.99}, ""),
        ("decimal", {"min": -3, "max": 3}, "double"),
    ],
)
def test_any_split_gives_the_same_cells(name: str, params: dict[str, Any], type: str) -> None:
    assert_split_free(name, params, type)


@pytest.mark.parametrize(
    ("name", "params", "size"),
    [
        ("uniform_int", {"min": 3, "max": 1002}, 1000),
        ("uniform_int", {"min": 0, "max": 999, "step": 5}, 200),
        ("uniform_float", {"min": 0, "max": 1, "precision": 2}, 101),
        ("decimal", {"min": "-1.5", "max": "1.49", "scale": 2}, 300),
        ("boolean", {}, 2),
    ],
)
def test_unique_fills_the_whole_domain(name: str, params: dict[str, Any], size: int) -> None:
    generator = make(name, params)
    assert generator.capacity(facts(generator)) == size
    cells = fill(name, params, size, unique=True).to_pylist()
    assert len(set(cells)) == size
    if size > 2:
        assert cells != sorted(cells)


@given(st.integers(-INT64 - 1, INT64), st.integers(-INT64 - 1, INT64), st.integers(1, 1000))
def test_whole_numbers_stay_in_bounds_and_on_the_grid(one: int, other: int, step: int) -> None:
    low, high = min(one, other), max(one, other)
    cells = fill("uniform_int", {"min": low, "max": high, "step": step}, 50).to_pylist()
    assert all(low <= cell <= high and (cell - low) % step == 0 for cell in cells)


def test_a_die_shows_all_its_faces_alike() -> None:
    cells = np.asarray(fill("uniform_int", {"min": 1, "max": 6}, 60_000))
    assert set(cells) == {1, 2, 3, 4, 5, 6}
    assert stats.chisquare(np.bincount(cells)[1:]).pvalue > 1e-4


@pytest.mark.parametrize("probability", [0, 0.25, 0.5, 1])
def test_booleans_are_true_as_often_as_asked(probability: float) -> None:
    share = np.mean(fill("boolean", {"probability": probability}, 40_000).to_numpy(zero_copy_only=False))
    assert share == pytest.approx(probability, abs=0 if probability in (0, 1) else 0.0125)


def test_floats_are_uniform() -> None:
    cells = np.asarray(fill("uniform_float", {"min": -20, "max": 60}, 50_000))
    assert stats.kstest(cells, stats.uniform(-20, 80).cdf).pvalue > 1e-4
    assert cells.min() >= -20
    assert cells.max() < 60


def test_rounded_floats_reach_both_ends_as_often_as_any_other() -> None:
    cells = np.asarray(fill("uniform_float", {"min": 0, "max": 1, "precision": 1}, 44_000))
    values, counts = np.unique(cells, return_counts=True)
    assert values.tolist() == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
    assert stats.chisquare(counts).pvalue > 1e-4


def test_decimals_lie_on_their_scale() -> None:
    made = fill("decimal", {"min": "-0.05", "max": 0.05}, 5000)
    assert str(made.type) == "decimal128(10, 2)"
    assert set(made.to_pylist()) == {Decimal(cents) / 100 for cents in range(-5, 6)}


def test_decimals_take_the_column_s_scale() -> None:
    assert str(fill("decimal", {"max": 5}, 3, "decimal(12,4)").type) == "decimal128(12, 4)"
    assert set(fill("decimal", {"max": 3}, 200, "int").to_pylist()) == {0, 1, 2, 3}
    assert all(cell == round(cell, 2) for cell in fill("decimal", {"max": 3}, 200, "double").to_pylist())


def test_the_natural_decimal_is_wide_enough() -> None:
    assert str(make("decimal", {"min": -123456789012, "max": 5, "scale": 3}).natural()) == "decimal(15,3)"


@pytest.mark.parametrize("type", ["tinyint", "ubigint", "float", "double", "decimal(5,1)"])
@pytest.mark.parametrize(
    ("name", "params"), [("uniform_int", {"min": 1, "max": 9}), ("uniform_float", {"min": 1, "max": 9})]
)
def test_values_conform_to_every_number_type(name: str, params: dict[str, Any], type: str) -> None:
    wanted = parse_type(type)
    made = cast_array(fill(name, params, 100, type), wanted, wanted.arrow)
    assert made.type == wanted.arrow
    assert all(1 <= cell <= 9 for cell in made.to_pylist())


@pytest.mark.parametrize(
    ("name", "params", "type", "param"),
    [
        ("uniform_int", {"min": 5, "max": 4}, "", "min"),
        ("uniform_int", {"min": 0, "max": 300}, "utinyint", "max"),
        ("uniform_int", {"min": -1, "max": 3}, "uint", "min"),
        ("uniform_int", {"min": 0, "max": 1000}, "decimal(4,1)", "max"),
        ("uniform_float", {"min": 2, "max": 1}, "", "min"),
        ("uniform_float", {"min": -1e308, "max": 1.7e308}, "", "max"),
        ("uniform_float", {"min": 0.1, "max": 0.9, "precision": 0}, "", "min"),
        ("uniform_float", {"precision": 2}, "int", "precision"),
        ("uniform_float", {"precision": 3}, "decimal(8,2)", "precision"),
        ("uniform_float", {"max": 1e12, "precision": 6}, "", "precision"),
        ("decimal", {"min": 2, "max": 1}, "", "min"),
        ("decimal", {"min": "0.001", "max": "0.009"}, "", "min"),
        ("decimal", {"max": 10**9}, "decimal(8,2)", "max"),
        ("decimal", {"max": 10**12, "scale": 10}, "decimal(38,10)", "scale"),
    ],
)
def test_wrong_params_are_faults(name: str, params: dict[str, Any], type: str, param: str) -> None:
    assert faulty(name, params, type) == [param]


def test_too_wide_or_too_fine_for_unique() -> None:
    assert faulty("uniform_int", {"min": -INT64, "max": INT64}) == []
    assert faulty("uniform_int", {"min": -INT64, "max": INT64}, unique=True) == ["max"]
    assert faulty("uniform_int", {"min": 0, "max": 1 << 25}, "float", unique=True) == ["max"]
    generator = make("uniform_float", {})
    assert generator.capacity(facts(generator)) is None


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("uniform_int", {"min": 0, "max": 1 << 63}),
        ("uniform_int", {"min": 0}),
        ("uniform_int", {"min": 0, "max": 5, "step": 0}),
        ("uniform_int", {"min": 0.5, "max": 5}),
        ("uniform_float", {"min": float("nan")}),
        ("uniform_float", {"max": float("inf")}),
        ("uniform_float", {"precision": -1}),
        ("decimal", {"min": "x"}),
        ("boolean", {"probability": 1.5}),
        ("boolean", {"chance": 0.5}),
    ],
)
def test_params_of_the_wrong_type_are_refused(name: str, params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make(name, params)
