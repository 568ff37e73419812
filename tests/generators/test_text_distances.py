"""Distances between texts, against their definitions written plainly."""

from __future__ import annotations

from functools import cache

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.generators.expressions import text_distances

WORDS = st.lists(st.tuples(*[st.text("abé日\x00", max_size=6)] * 2), min_size=1, max_size=30)


def plain_levenshtein(left: str, right: str) -> int:
    @cache
    def distance(first: int, second: int) -> int:
        if not first or not second:
            return first + second
        changed = distance(first - 1, second - 1) + (left[first - 1] != right[second - 1])
        return min(changed, distance(first - 1, second) + 1, distance(first, second - 1) + 1)

    return distance(len(left), len(right))


def arrays(pairs: list[tuple[str, str]]) -> tuple[pa.Array, pa.Array]:
    return pa.array([left for left, _ in pairs], pa.string()), pa.array([right for _, right in pairs], pa.string())


@given(WORDS)
def test_levenshtein(pairs: list[tuple[str, str]]) -> None:
    assert text_distances.levenshtein(*arrays(pairs)).tolist() == [plain_levenshtein(*pair) for pair in pairs]


@given(WORDS)
def test_hamming_and_jaccard(pairs: list[tuple[str, str]]) -> None:
    hamming, jaccard = (compute(*arrays(pairs)) for compute in (text_distances.hamming, text_distances.jaccard))
    for (left, right), places, share in zip(pairs, hamming, jaccard, strict=True):
        if left and len(left) == len(right):
            assert places == sum(one != other for one, other in zip(left, right, strict=True))
        else:
            assert places != places
        if left and right:
            assert share == len(set(left) & set(right)) / len(set(left) | set(right))
        else:
            assert share != share


def test_damerau_levenshtein_lets_neighbours_change_places() -> None:
    pairs = [
        ("ab", "ba", 1),
        ("ca", "abc", 2),
        ("", "xyz", 3),
        ("smtih", "smith", 1),
        ("a cat", "an abct", 3),
        ("日本", "本日", 1),
    ]
    left, right = arrays([(first, second) for first, second, _ in pairs])
    assert text_distances.damerau_levenshtein(left, right).tolist() == [distance for *_, distance in pairs]


@given(WORDS)
def test_damerau_is_symmetric_and_no_more_than_levenshtein(pairs: list[tuple[str, str]]) -> None:
    left, right = arrays(pairs)
    swapped = text_distances.damerau_levenshtein(left, right)
    assert (swapped == text_distances.damerau_levenshtein(right, left)).all()
    assert (swapped <= text_distances.levenshtein(left, right)).all()


def test_long_texts_are_computed_some_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_distances, "_MOST_CELLS", 1 << 16)  # two rows of such texts
    left, right = pa.array(["a" * 160, "b" * 10] * 3), pa.array(["a" * 160 + "c", "b"] * 3)
    assert text_distances.levenshtein(left, right).tolist() == [1, 9] * 3
    assert len(text_distances.levenshtein(left[:0], right[:0])) == 0
