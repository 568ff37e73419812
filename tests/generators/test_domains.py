"""Domains and permutations: nothing twice, nothing left out, well shuffled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sdgen.generators.domains import Integers, permute, permute_each, permute_rows

keys = st.integers(0, (1 << 64) - 1)


def indexes(size: int) -> np.ndarray:
    return np.arange(size, dtype=np.int64)


@settings(max_examples=150, deadline=None)
@given(keys, st.integers(1, 5000))
def test_a_permutation_is_a_bijection(key: int, size: int) -> None:
    given_indexes = indexes(size)
    assert np.array_equal(np.sort(permute(key, given_indexes, size)), given_indexes)


@pytest.mark.parametrize("size", range(1, 70))
def test_the_smallest_sizes_are_bijections(size: int) -> None:
    for key in range(20):
        assert sorted(permute(key, indexes(size), size).tolist()) == list(range(size))


@pytest.mark.parametrize("size", [(1 << 32) - 1, 1 << 32, (1 << 32) + 1, 10**15 + 7, 1 << 62, (1 << 63) - 1])
def test_huge_sizes_stay_inside_and_apart(size: int) -> None:
    places = np.concatenate([indexes(5000), size - 1 - indexes(5000), size // 2 + indexes(5000)])
    images = permute(99, places, size)
    assert images.min() >= 0
    assert images.max() < size
    assert len(np.unique(images)) == len(places)
    assert stats.kstest(images / size, "uniform").pvalue > 1e-4


def test_too_large_a_domain_is_refused() -> None:
    with pytest.raises(ValueError, match="2\\^63"):
        permute(1, indexes(3), 1 << 63)


@given(keys, st.integers(2, 3000), st.data())
def test_each_image_stands_alone(key: int, size: int, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=30))
    whole = permute(key, indexes(size), size)
    assert permute(key, np.array(places, dtype=np.int64), size).tolist() == whole[places].tolist()


@pytest.mark.parametrize("size", [3, 5, 10, 24])
def test_every_index_lands_on_every_place_alike(size: int) -> None:
    """Over many keys, each (index, image) pair is equally likely."""
    rounds = 6000
    row_keys = np.repeat(np.arange(rounds, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15), size)
    places = np.tile(indexes(size), rounds)
    images = permute(row_keys, places, size)
    counts = np.bincount(places * size + images, minlength=size * size)
    assert stats.chisquare(counts).pvalue > 1e-4


def test_neighbours_do_not_stay_neighbours() -> None:
    size = 100_003
    images = permute(5, indexes(size), size)
    assert abs(np.corrcoef(images[:-1], images[1:])[0, 1]) < 5 / np.sqrt(size)
    assert abs(np.corrcoef(indexes(size), images)[0, 1]) < 5 / np.sqrt(size)
    steps, counts = np.unique(np.diff(images) % size, return_counts=True)
    assert counts.max() < 20, steps[counts.argmax()]


def test_a_key_for_each_row_is_that_row_s_key() -> None:
    places = indexes(50)
    row_keys = places.view(np.uint64) % np.uint64(3)
    mixed = permute(row_keys, places, 50)
    assert [int(permute(int(key), places[at : at + 1], 50)[0]) for at, key in enumerate(row_keys)] == mixed.tolist()


def test_integers_count_in_steps() -> None:
    assert Integers(10, 4, 5).decode(indexes(4)).to_pylist() == [10, 15, 20, 25]
    assert Integers(-(1 << 63), 1 << 64).decode(np.array([0, -1], dtype=np.int64)).to_pylist() == [
        -(1 << 63),
        (1 << 63) - 1,
    ]


def test_row_numbers_beyond_a_domain_begin_anew() -> None:
    numbers = np.arange(7, dtype=np.int64)
    found = permute_rows(5, numbers, 3)
    assert list(found[:3]) == list(permute(5, numbers[:3], 3))
    assert list(found) == [*found[:3], *found[:3], found[0]]


def test_many_domains_at_once_are_permuted_as_each_by_itself() -> None:
    sizes = np.repeat(np.arange(1, 60, dtype=np.int64), np.arange(1, 60))
    places = np.concatenate([indexes(size) for size in range(1, 60)])
    each_key = np.arange(len(sizes), dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    found = permute_each(each_key, places, sizes)
    for place, size in enumerate(sizes.tolist()):
        assert found[place] == permute(int(each_key[place]), places[place : place + 1], size)[0]
