"""Texts by a Markov chain: words follow one another as in the source, texts end with sentences, few are copies."""

from __future__ import annotations

from typing import Any

import pytest

import sdgen
from sdgen.errors import ScenarioError
from tests.generators.splits import assert_family_documented, assert_split_free

SOURCE = """
The lift was slow this morning. The door of the lift was stuck again this morning. Nobody came to look at the door.
Somebody came to look at the lift and said that it was old! Is the heating of the house old too? The heating makes a
noise at night. The neighbours of the house said that the noise was new. We think that the lift makes a noise at the
third floor, and that nobody came to look at it. It was the third time this month that the door was stuck.
"""


def texts(rows: int = 4000, **params: Any) -> list[str]:
    column = {"type": "text", "generator": "text.markov", "params": {"text": SOURCE, **params}}
    scenario = {"name": "x", "seed": 4, "entities": {"notes": {"rows": rows, "columns": {"it": column}}}}
    return sdgen.generate(scenario)["notes"]["it"].to_pylist()


def sentences(text: str) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for word in text.split():
        found[-1].append(word)
        if word[-1] in ".!?":
            found.append([])
    return [each for each in found if each]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_words_follow_as_in_the_source(order: int) -> None:
    source = sentences(SOURCE)
    runs = {tuple(each[place : place + order + 1]) for each in source for place in range(len(each))}
    for text in texts(order=order):
        for each in sentences(text):
            assert all(tuple(each[place : place + order + 1]) in runs for place in range(len(each) - order))
            assert each[0] in {first[0] for first in source}


def test_texts_end_with_sentences_and_have_their_lengths() -> None:
    made = texts(min_words=8, max_words=25)
    sizes = [len(text.split()) for text in made]
    assert max(sizes) <= 25
    assert sum(text[-1] in ".!?" for text in made) > 0.97 * len(made)
    assert sum(size >= 8 for size in sizes) > 0.8 * len(made)
    assert len(set(made)) > 500  # of so short a source


@pytest.mark.parametrize("order", [1, 2])
def test_sentences_of_the_source_are_not_copied(order: int) -> None:
    source = {tuple(each) for each in sentences(SOURCE)}
    made = [tuple(each) for text in texts(order=order) for each in sentences(text)]
    assert sum(each in source for each in made) < 0.001 * len(made)


def test_a_source_of_one_sentence_is_all_there_is() -> None:
    assert set(texts(50, text="Nothing to report.", min_words=3)) == {"Nothing to report."}
    assert set(texts(20, text="no marks at all", min_words=1, max_words=2)) == {"no marks"}


def test_rows_are_computed_alone() -> None:
    assert_split_free("text.markov", {"text": SOURCE, "order": 1, "min_words": 12})


def test_what_cannot_be() -> None:
    with pytest.raises(ScenarioError, match="min_words 9 is above max_words 3"):
        texts(min_words=9, max_words=3)
    with pytest.raises(ScenarioError, match="has no words"):
        texts(text="   ")


def test_it_is_documented() -> None:
    assert_family_documented("text.markov")
