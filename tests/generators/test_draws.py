"""Draws: published vectors, random access, and the statistics of the words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sdgen.generators import streams

WORD = (1 << 64) - 1
PUBLISHED = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]
words64 = st.integers(0, WORD)


def words(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.uint64)


def many(key: int = 7, count: int = 1 << 18) -> np.ndarray:
    return streams.draw(key, np.arange(count, dtype=np.int64))


def splitmix64(state: int) -> int:
    """The published function on Python's whole numbers, as a second opinion."""
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & WORD
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & WORD
    return state ^ (state >> 31)


def test_published_vectors() -> None:
    assert streams.draw(1234567, np.arange(5, dtype=np.int64)).tolist() == PUBLISHED


@given(words64, st.lists(st.integers(0, 1 << 62), min_size=1, max_size=20))
def test_each_draw_stands_alone(key: int, rows: list[int]) -> None:
    expected = [splitmix64((key + (row + 1) * 0x9E3779B97F4A7C15) & WORD) for row in rows]
    numbers = np.array(rows, dtype=np.int64)
    assert streams.draw(key, numbers).tolist() == expected
    assert numbers.tolist() == rows


def test_row_numbers_need_not_lie_side_by_side() -> None:
    numbers = np.arange(20, dtype=np.int64)
    assert streams.draw(5, numbers[::2]).tolist() == streams.draw(5, numbers).tolist()[::2]


@given(st.lists(words64, unique=True, max_size=50))
def test_mix_is_a_bijection(values: list[int]) -> None:
    assert len(set(streams.mix(words(*values)).tolist())) == len(values)


def test_stream_keys_tell_names_apart() -> None:
    names = [("a", "bc"), ("ab", "c"), ("abc",), ("a", "b", "c"), ("", "abc"), ("abc", "")]
    assert len({streams.stream_key(1, *parts) for parts in names} | {streams.stream_key(2, "abc")}) == len(names) + 1
    assert streams.stream_key(1, "a") == streams.stream_key(1, "a")


@pytest.mark.parametrize("shift", [0, 8, 24, 48, 56])
def test_bytes_are_all_alike(shift: int) -> None:
    counts = np.bincount((many() >> np.uint64(shift)).astype(np.uint8), minlength=256)
    assert stats.chisquare(counts).pvalue > 1e-4


def test_pairs_of_neighbouring_rows_are_independent() -> None:
    top = (many() >> np.uint64(60)).astype(np.int64)
    counts = np.bincount(top[:-1] * 16 + top[1:], minlength=256)
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("lag", [1, 2, 3, 10, 65_536])
def test_no_serial_correlation(lag: int) -> None:
    values = streams.unit(many())
    correlation = np.corrcoef(values[:-lag], values[lag:])[0, 1]
    assert abs(correlation) < 5 / np.sqrt(len(values) - lag)


def test_streams_of_different_columns_are_independent() -> None:
    first, second = (streams.unit(many(streams.stream_key(1, "t", name))) for name in ("a", "b"))
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / np.sqrt(len(first))


def test_every_bit_is_set_half_the_time() -> None:
    values = many()
    shares = [float(np.mean((values >> np.uint64(bit)) & np.uint64(1))) for bit in range(64)]
    assert max(abs(share - 0.5) for share in shares) < 5 * 0.5 / np.sqrt(len(values))


def test_unit_lies_in_its_half_open_range() -> None:
    values = streams.unit(words(0, 1, WORD))
    assert values.tolist() == [0.0, 0.0, 1 - 2.0**-53]
    assert stats.kstest(streams.unit(many(count=1 << 15)), "uniform").pvalue > 1e-4


@given(words64, st.integers(1, 1 << 64))
def test_below_is_the_upper_part_of_the_product(word: int, size: int) -> None:
    found = int(streams.below(words(word), size).view(np.uint64)[0])
    expected = ((word >> 32) * size) >> 32 if size <= 1 << 32 else (word * size) >> 64
    assert found == expected < size


@pytest.mark.parametrize("size", [1, 2, 3, (1 << 32) - 1, 1 << 32, (1 << 32) + 1, (1 << 63) - 1, 1 << 63, 1 << 64])
def test_below_reaches_both_ends(size: int) -> None:
    assert streams.below(words(0, WORD), size).view(np.uint64).tolist() == [0, size - 1]


@pytest.mark.parametrize("size", [0, -1])
def test_below_nothing_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="empty"):
        streams.below(words(1), size)


def test_below_is_even() -> None:
    assert stats.chisquare(np.bincount(streams.below(many(), 1000), minlength=1000)).pvalue > 1e-4


@given(st.lists(words64, min_size=1, max_size=10), st.integers(0, WORD))
def test_multiply_high_agrees_with_whole_numbers(values: list[int], size: int) -> None:
    assert streams.multiply_high(words(*values), size).tolist() == [value * size >> 64 for value in values]


@given(st.lists(st.tuples(words64, st.integers(1, 1 << 32)), min_size=1, max_size=10))
def test_below_each_has_a_size_for_each_row(pairs: list[tuple[int, int]]) -> None:
    values, sizes = words(*(word for word, _ in pairs)), np.array([size for _, size in pairs], dtype=np.int64)
    assert streams.below_each(values, sizes).tolist() == [(word >> 32) * size >> 32 for word, size in pairs]
