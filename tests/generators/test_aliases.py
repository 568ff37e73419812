"""Alias tables: the probabilities they hold are those asked for."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.streams import draw

weights = st.one_of(
    st.lists(st.integers(0, 1000), min_size=1, max_size=40).filter(any),
    st.lists(st.floats(0, 1e12, allow_nan=False), min_size=1, max_size=40).filter(any),
)


def held(table: AliasTable) -> list[Fraction]:
    """The exact probability of each index, by adding up the table."""
    size = len(table.aliases)
    shares = [Fraction(0)] * size
    for cell, (threshold, alias) in enumerate(zip(table.thresholds.tolist(), table.aliases.tolist(), strict=True)):
        shares[cell] += Fraction(threshold, size << 32)
        shares[alias] += Fraction((1 << 32) - threshold, size << 32)
    return shares


@given(weights)
def test_probabilities_are_exact(given_weights: list[float]) -> None:
    exact = [Fraction(weight) for weight in given_weights]
    for weight, share in zip(exact, held(alias_table(given_weights)), strict=True):
        assert abs(share - weight / sum(exact)) <= Fraction(1, 1 << 32)


@given(weights)
def test_a_weight_of_zero_is_never_picked(given_weights: list[float]) -> None:
    for weight, share in zip(given_weights, held(alias_table(given_weights)), strict=True):
        assert weight > 0 or share == 0


def test_whole_powers_of_two_are_exact_to_the_last_bit() -> None:
    assert held(alias_table([1, 1, 2, 4, 8])) == [Fraction(part, 16) for part in (1, 1, 2, 4, 8)]


@pytest.mark.parametrize("wrong", [[], [0, 0.0], [1, -1], [-0.5]])
def test_impossible_weights_are_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="weights must be"):
        alias_table(wrong)


def test_picks_follow_the_weights() -> None:
    asked = np.array([50, 30, 15, 4, 1, 0.5])
    table = alias_table(asked.tolist())
    picks = table.pick(draw(11, np.arange(300_000, dtype=np.int64)))
    assert stats.chisquare(np.bincount(picks, minlength=6), asked / asked.sum() * 300_000).pvalue > 1e-4


def test_picking_leaves_the_words_alone() -> None:
    words = draw(1, np.arange(100, dtype=np.int64))
    before = words.copy()
    alias_table([1, 2, 3]).pick(words)
    assert np.array_equal(words, before)
