"""Words, titles, sentences and paragraphs; in English they read like notes from an office."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from sdgen.generators.base import ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import Domain
from sdgen.generators.locales import LocaleGenerator
from sdgen.generators.pools import Pool, joined, own, text_array
from sdgen.generators.registry import register
from sdgen.generators.text.sentences import (
    english,
    sentences,
    sentences_of,
    text_lists,
    word_rows,
    words_of,
    written,
)
from sdgen.generators.text_generator import ALL_TEXTS, PLAIN_TEXTS, TextGenerator, capitalised
from sdgen.scenario.types import Type

_MOST = 10_000


class Prose(LocaleGenerator, TextGenerator):
    """Text of a wished length."""

    fits: ClassVar[frozenset[str]] = PLAIN_TEXTS

    min_length: int = Field(default=0, ge=0, le=_MOST, description="characters at least: more is added to short texts")
    max_length: int = Field(
        default=0, ge=0, le=1_000_000, description="characters at most: long texts end after a whole word; 0: any"
    )

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        return text_lists(", ".join(self.locales_in(facts)))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from super().faults(facts)
        limit = self._limit(facts)
        if limit and self.min_length > limit:
            yield ParamError(
                "min_length", f"min_length {self.min_length} is above the longest text, {limit}", "lower it"
            )

    def piece(self, cells: ColumnBatch, purpose: str) -> pa.Array:
        """One text per row, of any length."""
        raise NotImplementedError

    def values(self, cells: ColumnBatch) -> pa.Array:
        text = self.piece(cells, "")
        extra = 0
        # Only texts that are too short grow, each by its own draws: what the longest of
        # a batch needs changes no other row.
        while len(text) and self.min_length and pc.min(pc.utf8_length(text)).as_py() < self.min_length:
            extra += 1
            longer = joined(text, " ", self.piece(cells, f"more {extra} "))
            text = pc.if_else(pc.less(pc.utf8_length(text), self.min_length), longer, text)
        limit = self._limit(cells.facts)
        return shortened(text, limit, self.min_length) if limit else text

    def _limit(self, facts: ColumnContext) -> int:
        limits = [limit for limit in (self.max_length, facts.type.length) if limit]
        return min(limits, default=0)


def shortened(texts: pa.Array, limit: int, least: int = 0) -> pa.Array:
    """Texts of at most `limit` characters, cut after a whole word where that leaves `least` of them."""
    long = pc.greater(pc.utf8_length(texts), limit)
    if not pc.any(long).as_py():
        return texts
    cut = pc.utf8_slice_codeunits(texts, 0, limit)
    next_one = pc.utf8_slice_codeunits(texts, limit, limit + 1)
    whole = pc.replace_substring_regex(cut, r"^(.*\S)\s+\S*$", r"\1")
    inside = pc.and_(pc.not_equal(next_one, " "), pc.greater_equal(pc.utf8_length(whole), max(1, least)))
    ended = pc.utf8_rtrim(pc.if_else(inside, whole, cut), characters=" ,;")
    return pc.if_else(long, pc.if_else(pc.greater_equal(pc.utf8_length(ended), least), ended, cut), texts)


@register("text.word")
class Word(TextGenerator):
    """One word."""

    fits: ClassVar[frozenset[str]] = ALL_TEXTS
    example: ClassVar[str] = "{generator: text.word}"

    length: int = Field(default=0, ge=0, le=30, description="only words of so many letters; 0: any")

    def arrow(self, type: Type) -> pa.DataType:
        return type.arrow

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if not len(self._listed(facts)):
            yield ParamError("length", f"there is no word of {self.length} letters", "leave length out")

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        return text_lists(facts.locale)

    def domain(self, facts: ColumnContext) -> Domain:
        return Pool(self._listed(facts))

    def _listed(self, facts: ColumnContext) -> pa.Array:
        words = words_of(facts.locale)
        return words.filter(pc.equal(pc.utf8_length(words), self.length)) if self.length else words


@register("text.words")
class Words(Prose):
    """Several words with blanks between."""

    example: ClassVar[str] = "{generator: text.words, params: {nb_words: 4}}"

    nb_words: int = Field(default=3, ge=1, le=500, description="how many words")

    def piece(self, cells: ColumnBatch, purpose: str) -> pa.Array:
        return word_rows(cells, f"{purpose}words", self.nb_words)


@register("text.title")
class TitleText(Prose):
    """A headline: two to four words with capitals."""

    example: ClassVar[str] = "{generator: text.title}"

    def piece(self, cells: ColumnBatch, purpose: str) -> pa.Array:
        if not english(cells.facts.locale):
            return capitalised(word_rows(cells, f"{purpose}title", 3))
        lists = own("words")
        adjectives = [word.title() for word in lists["adjectives"]]
        starts = [f"The {word} " for word in adjectives] + [f"{word} " for word in adjectives]
        nouns = [word.title() for word in lists["nouns"]]
        # One title of four has no ending.
        ends = [""] * len(nouns) + [f" {link} the {noun}" for noun in nouns for link in ("of", "for", "in")]
        return written(cells, f"{purpose}title", [text_array(part) for part in (starts, nouns, ends)])


@register("text.sentence")
class Sentence(Prose):
    """A sentence; with `nb_words`, of exactly so many words."""

    example: ClassVar[str] = "{generator: text.sentence, params: {nb_words: 8}}"

    nb_words: int = Field(default=0, ge=0, le=500, description="how many words; 0: as it comes, five to twelve")

    def piece(self, cells: ColumnBatch, purpose: str) -> pa.Array:
        if self.nb_words:
            return sentences_of(cells, f"{purpose}sentence", self.nb_words)
        return sentences(cells, f"{purpose}sentence")


@register("text.paragraph", "text.text")
class Paragraph(Prose):
    """Several sentences; with `nb_sentences`, exactly so many."""

    example: ClassVar[str] = "{generator: text.paragraph, params: {nb_sentences: 4}}"

    nb_sentences: int = Field(default=0, ge=0, le=200, description="how many sentences; 0: three to six")

    def piece(self, cells: ColumnBatch, purpose: str) -> pa.Array:
        return paragraph(cells, f"{purpose}paragraph", self.nb_sentences)


@register("text.paragraphs")
class Paragraphs(Prose):
    """Several paragraphs with an empty line between."""

    example: ClassVar[str] = "{generator: text.paragraphs, params: {nb_paragraphs: 2}}"

    nb_paragraphs: int = Field(default=3, ge=1, le=50, description="how many paragraphs")
    nb_sentences: int = Field(default=0, ge=0, le=50, description="how many sentences each; 0: three to six")

    def piece(self, cells: ColumnBatch, purpose: str) -> pa.Array:
        made = [paragraph(cells, f"{purpose}{number} ", self.nb_sentences) for number in range(self.nb_paragraphs)]
        return pc.binary_join_element_wise(*made, "\n\n")


@register("text.quote")
class Quote(Prose):
    """A sentence in quotation marks."""

    example: ClassVar[str] = "{generator: text.quote}"

    def piece(self, cells: ColumnBatch, purpose: str) -> pa.Array:
        return joined("“", sentences(cells, f"{purpose}quote"), "”")


def paragraph(cells: ColumnBatch, purpose: str, count: int) -> pa.Array:
    """So many sentences per row, or three to six for 0."""
    if count:
        made = [sentences(cells, f"{purpose} {number}") for number in range(count)]
        return pc.binary_join_element_wise(*made, " ")
    wanted = pa.array(cells.below(4, f"{purpose} count"))
    # All sentences are made for all rows, so that a row's third sentence doesn't depend on how many others have.
    made = [sentences(cells, f"{purpose} {number}") for number in range(6)]
    kept = [pc.if_else(pc.less_equal(number - 2, wanted), joined(" ", made[number]), "") for number in range(3, 6)]
    return joined(pc.binary_join_element_wise(*made[:3], " "), *kept)
