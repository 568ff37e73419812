"""Text: the wished number of words, sentences and characters."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.generators.registry import make
from tests.generators.fake import facts, fill
from tests.generators.families import check_class, check_rows, family_names, plain

NAMES = family_names("text.prose")


@pytest.mark.parametrize("name", NAMES)
def test_cells_depend_on_row_numbers_alone(name: str) -> None:
    check_rows(name)
    check_rows(name, locale="de")
    check_class(name)


@pytest.mark.parametrize("words", [*range(1, 16), 40])
def test_sentences_have_the_wished_number_of_words(words: int) -> None:
    for sentence in plain(fill("text.sentence", {"nb_words": words}, 50)):
        assert len(sentence.split()) == words
        assert re.fullmatch(r"[A-Z].*[a-z]\.", sentence)


def test_sentences_read_well() -> None:
    for sentence in plain(fill("text.sentence", rows=2000)):
        assert re.fullmatch(r"[A-Z][a-z]+( [A-Za-z'-]+)+\.", sentence)
        assert "  " not in sentence


def test_paragraphs_have_the_wished_number_of_sentences() -> None:
    assert all(text.count(". ") == 3 for text in plain(fill("text.paragraph", {"nb_sentences": 4}, 100)))
    assert {text.count(".") for text in plain(fill("text.paragraph", rows=200))} == {3, 4, 5, 6}
    two = plain(fill("text.paragraphs", {"nb_paragraphs": 2}, 20))
    assert all(text.count("\n\n") == 1 for text in two)


def test_words_have_the_wished_number_and_length() -> None:
    assert all(len(text.split()) == 4 for text in plain(fill("text.words", {"nb_words": 4}, 50)))
    assert {len(word) for word in plain(fill("text.word", {"length": 5}))} == {5}
    generator = make("text.word", {"length": 29})
    assert [fault.param for fault in generator.faults(facts(generator))] == ["length"]


@pytest.mark.parametrize("name", ["text.sentence", "text.title", "text.paragraph"])
@given(limits=st.tuples(st.integers(0, 120), st.integers(1, 200)).filter(lambda pair: pair[0] <= pair[1]))
def test_lengths_are_kept(name: str, limits: tuple[int, int]) -> None:
    least, most = limits
    for text in plain(fill(name, {"min_length": least, "max_length": most}, 20)):
        assert least <= len(text) <= most


def test_long_texts_end_after_a_word() -> None:
    whole = plain(fill("text.sentence", rows=300))
    for text, full in zip(plain(fill("text.sentence", {"max_length": 30}, 300)), whole, strict=True):
        assert full.startswith(text)
        assert len(full) <= 30 or full[len(text)] == " "


def test_the_columns_length_is_the_longest() -> None:
    assert max(map(len, plain(fill("text.paragraph", type="string(40)")))) <= 40
    generator = make("text.sentence", {"min_length": 50})
    assert [fault.param for fault in generator.faults(facts(generator, "string(40)"))] == ["min_length"]


def test_other_languages_have_their_own_words() -> None:
    english, german = set(plain(fill("text.word"))), set(plain(fill("text.word", locale="de")))
    assert len(english & german) < len(german) / 10
