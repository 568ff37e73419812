"""Pieces of a long text: its grammar, lengths, characters of more than a byte, and what grammars can't be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sdgen
from sdgen.errors import ScenarioError
from sdgen.generators.arrays.excerpts import long_text
from sdgen.generators.text.excerpts import written_text
from tests.generators.splits import assert_family_documented, assert_split_free

GRAMMAR = (
    ("text", ("{who} {does} {what}. ",)),
    ("who", ("A gull", "The {size} heron")),
    ("size", ("old", "grey")),
    ("does", ("finds", "drops")),
    ("what", ("a crab", "{size} reeds")),
)


def column(params: dict[str, object], type: str = "text") -> list[str]:
    entity = {"rows": 3000, "columns": {"it": {"type": type, "generator": "text.excerpt", "params": params}}}
    return sdgen.generate({"name": "x", "seed": 4, "entities": {"notes": entity}})["notes"]["it"].to_pylist()


@given(
    text=st.text(st.characters(codec="utf-8"), min_size=60, max_size=90),
    cuts=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=20),
)
def test_pieces_are_slices(text: str, cuts: list[tuple[int, int]]) -> None:
    begins = np.array([begin for begin, _ in cuts], dtype=np.int64)
    lengths = np.array([length for _, length in cuts], dtype=np.int64)
    pieces = long_text(text).pieces(begins, lengths)
    pieces.validate(full=True)
    assert pieces.to_pylist() == [text[begin : begin + length] for begin, length in cuts]


def test_a_text_follows_its_grammar() -> None:
    written = written_text(GRAMMAR, 30_000)
    whole = bytes(written.data[: written.characters]).decode()
    sentences = {each.strip() for each in whole.split(".")[:-1]}
    subjects = ["A gull", "The old heron", "The grey heron"]
    objects = ["a crab", "old reeds", "grey reeds"]
    assert sentences == {f"{who} {does} {what}" for who in subjects for does in ("finds", "drops") for what in objects}
    assert written.characters == 30_000


def test_lengths_are_all_there_and_pieces_differ() -> None:
    found = column({"min_length": 7, "max_length": 15})
    assert {len(text) for text in found} == set(range(7, 16))
    assert len(set(found)) > 2900
    assert max(map(len, column({"min_length": 5, "max_length": 50}, "string(11)"))) == 11


def test_letters_of_several_bytes_stay_whole() -> None:
    found = column({"min_length": 1, "max_length": 6, "grammar": {"text": ["żółw {end}"], "end": ["śpi ", "🐢 "]}})
    assert {len(text) for text in found} == set(range(1, 7))
    assert set("".join(found)) == set("żółw śpi🐢")


def test_any_rows_can_be_had_alone() -> None:
    assert_split_free("text.excerpt", {"min_length": 0, "max_length": 30})


def test_excerpts_are_documented() -> None:
    assert_family_documented("text.excerpts")


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"min_length": 90}, "min_length 90 is above the longest piece, 80"),
        ({"max_length": 50, "size": 400}, "400 characters are too few"),
        ({"grammar": {"words": ["a"]}}, "no rule 'text'"),
        ({"grammar": {"text": ["{nuon}"], "noun": ["a"]}}, "no rule is called 'nuon'"),
        ({"grammar": {"text": ["a {b}"], "b": ["c {d}"], "d": ["{b}", "e"]}}, "leads back to itself"),
        ({"grammar": {"text": ["{b}"], "b": [""]}}, "makes no characters"),
    ],
)
def test_what_excerpts_can_not_be(params: dict[str, object], said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        column(params)
