"""pattern: texts match their expression, indexes give distinct texts, splits and orders change nothing."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sdgen.generators.patterns.syntax import count, read_pattern
from sdgen.generators.patterns.texts import LIMIT, pattern_texts
from sdgen.generators.registry import make
from sdgen.generators.streams import draw
from tests.generators.fake import facts, fill

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])

atoms = st.sampled_from(["a", "b", "ab", "[ab]", "[a-c]", r"\d", r"\w", ".", "[^a-y]", r"\.", "é", r"\x41", "-", ""])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    counts = st.sampled_from(["?", "{2}", "{0,2}", "{1,3}", "+", "*", "??", "{,2}", "{2,}"])
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda options: "(" + "|".join(options) + ")"),
        st.tuples(inner, counts).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    )


patterns = st.recursive(atoms, _grown, max_leaves=6)


@SLOW
@given(patterns)
def test_texts_match_their_pattern(regex: str) -> None:
    texts = pattern_texts(regex, 3)
    words = draw(1, np.arange(200))
    matches = re.compile(regex)
    spread, listed = texts.spread(words), texts.decode(np.arange(min(texts.size, 200)))
    for made in (spread, listed):
        made.validate(full=True)
        assert all(matches.fullmatch(text) for text in made.to_pylist())


@SLOW
@given(patterns)
def test_distinct_indexes_are_distinct_texts_unless_it_says_so(regex: str) -> None:
    assume(count(read_pattern(regex, 3)) <= 3000)
    texts = pattern_texts(regex, 3)
    made = texts.decode(np.arange(texts.size)).to_pylist()
    assert texts.exact == (len(set(made)) == texts.size)


@pytest.mark.parametrize(
    "regex",
    ["[0-9a-f]{32}", "[a-z]{10}-[a-z]{10}", "([a-z]{16}|[0-9]{30})", r"\w{1,40}", "((ab|cd)[0-9]{20}){2}"],
)
def test_more_texts_than_indexes(regex: str) -> None:
    texts = pattern_texts(regex, 8)
    assert texts.size == LIMIT
    near = np.arange(20_000)
    far = LIMIT - 1 - near
    scattered = (draw(7, near) >> np.uint64(2)).view(np.int64)
    made = texts.decode(np.concatenate([near, far, scattered])).to_pylist()
    assert len(set(made)) == 60_000
    assert all(re.fullmatch(regex, text) for text in made[::50])


def test_all_places_vary() -> None:
    texts = pattern_texts("[0-9a-f]{32}", 8)
    made = texts.decode((draw(3, np.arange(4000)) >> np.uint64(2)).view(np.int64)).to_pylist()
    for place in range(32):
        assert len({text[place] for text in made}) == 16


def test_options_and_lengths_are_equally_likely() -> None:
    made = fill("pattern", {"regex": "(a|[0-9]{5})[xyz]{1,3}"}, 12_000).to_pylist()
    assert 0.46 < sum(text[0] == "a" for text in made) / 12_000 < 0.54
    tails = [len(re.sub("[^xyz]", "", text)) for text in made]
    assert all(0.30 < tails.count(length) / 12_000 < 0.37 for length in (1, 2, 3))


@SLOW
@given(st.lists(st.integers(0, 1 << 40), min_size=1, max_size=40), st.booleans())
def test_any_order_and_split_gives_the_same(numbers: list[int], unique: bool) -> None:
    params = {"regex": r"[A-Z]{2,4}-(x|[0-9]{12})\d*"}
    whole = fill("pattern", params, numbers, unique=unique).to_pylist()
    alone = [fill("pattern", params, [number], unique=unique).to_pylist()[0] for number in numbers]
    assert whole == alone


def test_unique_takes_every_text_once() -> None:
    made = fill("pattern", {"regex": "[a-c]{1,3}-[0-9]"}, 390, unique=True).to_pylist()
    assert len(set(made)) == 390


def test_capacity() -> None:
    def capacity(regex: str) -> int | None:
        made = make("pattern", {"regex": regex})
        return made.capacity(facts(made))

    assert capacity(r"[A-Z]{3}-\d{4}") == 26**3 * 10**4
    assert capacity("a{0,3}") == 4
    assert capacity("(a|b|cd)e?") == 6
    assert capacity("(a|a)") is None
    assert capacity("a?a?") is None
    assert capacity("(|)x") is None


@pytest.mark.parametrize(
    ("regex", "words"),
    [
        ("a(?=b)", "a lookahead at character 2"),
        ("(?<=b)", "a lookbehind at character 1"),
        (r"(a)\1", "a backreference at character 4"),
        ("a^b", "an anchor in the middle at character 2"),
        ("(a$)b", "an anchor in the middle at character 3"),
        (r"\bx", "a word boundary at character 1"),
        ("(?i)a", "a group with flags at character 1"),
        ("(a", "never closed at character 1"),
        ("a)", "never opened at character 2"),
        ("[ab", "never closed at character 1"),
        ("[b-a]", "a range from the larger"),
        ("*a", "nothing to repeat"),
        ("a++", "a quantifier behind a quantifier at character 3"),
        ("a{3,2}", "3 as the least and 2 as the most"),
        ("a{2000}", "more than 1024 repeats"),
        ("(a{600}){2}", "texts of up to 1200 characters"),
        (r"\p{L}", r"the escape \p"),
        ("a\\", "an end too early"),
        ("(" * 60 + ")" * 60, "nested too deeply"),
        (r"\ud800", "no character"),
    ],
)
def test_what_cannot_be_used_is_named(regex: str, words: str) -> None:
    made = make("pattern", {"regex": regex})
    (fault,) = made.faults(facts(made))
    assert fault.param == "regex"
    assert words in fault.what


def test_longer_than_the_column() -> None:
    made = make("pattern", {"regex": "[a-z]{3,12}"})
    (fault,) = made.faults(facts(made, "string(10)"))
    assert "up to 12 characters, the column takes 10" in fault.what
    assert not list(made.faults(facts(made, "string(12)")))


def test_golden_values() -> None:
    assert fill("pattern", {"regex": r"^[A-Z]{3}-\d{4}$"}, 3).to_pylist() == GOLDEN


GOLDEN = ["NPB-6494", "YYM-2162", "MOB-1844"]
