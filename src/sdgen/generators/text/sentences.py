"""Plain English sentences from short lists of words: parts of speech in fixed orders, joined column by column.

A sentence is a list of parts, each a pool of texts; every part is drawn on its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pyarrow as pa

from sdgen.generators import streams
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.pools import FALLBACK, chain, file_digests, joined, own, pool, taken, text_array
from sdgen.generators.text_generator import capitalised

Parts = Sequence[pa.Array]


def english(locale: str) -> bool:
    return chain(locale)[0].partition("-")[0] == FALLBACK


def text_lists(locale: str) -> dict[str, str]:
    """The digests of the lists of mimesis that texts of a locale are made of: none where they are English."""
    return {} if english(locale) else file_digests(chain(locale), "text")


def written(cells: ColumnBatch, purpose: str, parts: Parts) -> pa.Array:
    """One text of each part, one after another."""
    return joined(*(taken(part, cells.below(len(part), f"{purpose} {place}")) for place, part in enumerate(parts)))


def sentences(cells: ColumnBatch, purpose: str) -> pa.Array:
    """One sentence per row; in other languages than English, one of the locale's listed texts."""
    if english(cells.facts.locale):
        return written(cells, purpose, _sentence())
    listed = pool(cells.facts.locale, "text", "text")
    return taken(listed, cells.below(len(listed), purpose))


def sentences_of(cells: ColumnBatch, purpose: str, words: int) -> pa.Array:
    """Sentences of so many words each."""
    if english(cells.facts.locale):
        return written(cells, purpose, _sentence_of(words))
    return joined(capitalised(word_rows(cells, purpose, words)), ".")


def word_rows(cells: ColumnBatch, purpose: str, words: int) -> pa.Array:
    """So many words per row, with blanks between."""
    listed = words_of(cells.facts.locale)
    last = [listed] if words else []
    return written(cells, purpose, [_followed(cells.facts.locale)] * (words - 1) + last)


@cache
def words_of(locale: str) -> pa.Array:
    """The words of a locale."""
    if not english(locale):
        return pool(locale, "text", "words")
    lists = own("words")
    # Sorted, since a set has no order that could be relied on.
    return text_array(sorted({*lists["adjectives"], *lists["nouns"], *lists["adverbs"]}))


@cache
def _followed(locale: str) -> pa.Array:
    return joined(words_of(locale), " ")


@cache
def _list(kind: str, before: str = "", after: str = "") -> pa.Array:
    return text_array(f"{before}{word}{after}" for word in own("words")[kind])


@cache
def _starts() -> pa.Array:
    return text_array(f"{word.capitalize()} " for word in own("words")["determiners"])


@cache
def _links() -> pa.Array:
    return text_array(f" {word} " for word in ("the", "the", "our", "this", "their", "every", "that", "another"))


@cache
def _adjectives() -> pa.Array:
    """Adjectives, and as often none."""
    listed = own("words")["adjectives"]
    # As many empty ones, so that half of the nouns have no adjective.
    return text_array([f"{word} " for word in listed] + [""] * len(listed))


@cache
def _sentence() -> tuple[pa.Array, ...]:
    """The quick driver opened the small box yesterday."""
    noun, verb = _list("nouns"), _list("verbs", " ")
    endings = text_array(f"{ending}." for ending in own("words")["endings"])
    return (_starts(), _adjectives(), noun, verb, _links(), _adjectives(), noun, endings)


@cache
def _sentence_of(words: int) -> tuple[pa.Array, ...]:
    noun, adjective, stop = _list("nouns"), _list("adjectives", "", " "), text_array(["."])
    action, verb, adverb = _list("actions", " "), _list("verbs", " "), _list("adverbs", " ")
    lone = (text_array(word.capitalize() for word in own("words")["nouns"]), stop)
    short: dict[int, tuple[pa.Array, ...]] = {
        0: (text_array([""]),),
        1: lone,
        2: (lone[0], action, stop),
        3: (_starts(), noun, action, stop),
        4: (_starts(), adjective, noun, action, stop),
        5: (_starts(), noun, verb, _links(), noun, stop),
        6: (_starts(), adjective, noun, verb, _links(), noun, stop),
    }
    if words in short:
        return short[words]
    beside = (_list("prepositions", " "), _links(), adjective, noun)
    phrases, rest = divmod(words - 7, 4)
    tails = {0: (), 1: (adverb,), 2: (_list("prepositions", " "), text_array([" it", " them", " us", " him", " her"]))}
    tail = tails.get(rest, (_list("prepositions", " "), _links(), noun))
    return (_starts(), adjective, noun, verb, _links(), adjective, noun, *beside * phrases, *tail, stop)


def chance(cells: ColumnBatch, purpose: str, percent: int) -> pa.Array:
    """True in so many of a hundred rows."""
    return pa.array(streams.below(cells.draw(purpose), 100) < percent)
