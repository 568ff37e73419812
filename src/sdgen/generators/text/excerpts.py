"""Excerpts: pieces of one long text, which is written once from a grammar; fast, as comments of large tables need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import BeforeValidator, Field

from sdgen.errors import did_you_mean
from sdgen.generators import streams
from sdgen.generators.arrays.excerpts import LongText, long_text
from sdgen.generators.base import ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.pools import own, text_array
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text_generator import PLAIN_TEXTS, TextGenerator, chosen
from sdgen.scenario.output import several

Grammar = tuple[tuple[str, tuple[str, ...]], ...]

START = "text"
_PARTS = re.compile(r"\{([^{}]*)\}")
# Written in rounds of many texts, so that a grammar is expanded by whole arrays.
_AT_ONCE = 8192  # texts written in one round
_MOST_ROUNDS = 4096
# A grammar without a cycle ends long before; the bound keeps a mistake from running on.
_MOST_LEVELS = 64
_U32 = np.uint64(32)


@register("text.excerpt")
class Excerpt(TextGenerator):
    """A piece of `min_length` to `max_length` characters out of a long text: it may begin and end within a word.

    The text follows a grammar: each rule lists alternatives, of which one is drawn, and in which `{rule}` stands for
    what another rule makes. It begins with the rule `text`, again and again, until the text is `size` characters long.
    Without a grammar it is plain English.
    """

    fits: ClassVar[frozenset[str]] = PLAIN_TEXTS
    example: ClassVar[str] = (
        "{generator: text.excerpt, params: {min_length: 20, max_length: 60, grammar:"
        " {text: ['{noun} {verb} the {noun}. '], noun: [driver, parcel, depot], verb: [finds, leaves]}}}"
    )

    min_length: int = Field(10, ge=0, le=10_000, description="the fewest characters")
    max_length: int = Field(80, ge=1, le=10_000, description="the most characters; the column's length, if shorter")
    grammar: Mapping[str, Annotated[tuple[str, ...], BeforeValidator(several)]] = Field(
        default_factory=dict, description="rules, each with its alternatives; the text is made by the rule `text`"
    )
    size: int = Field(
        1 << 20, ge=1, le=1 << 28, description="how many characters the long text has; at least ten times max_length"
    )

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if self.min_length > self._longest(facts):
            what = f"min_length {self.min_length} is above the longest piece, {self._longest(facts)}"
            yield ParamError("min_length", what, "lower it")
        if self.size < 10 * self.max_length:
            yield ParamError(
                "size", f"{self.size:,} characters are too few for pieces of {self.max_length}", "raise it"
            )
        yield from _grammar_faults(self.grammar)

    def values(self, cells: ColumnBatch) -> pa.Array:
        text = written_text(tuple(self.grammar.items()) or _english(), self.size)
        longest = self._longest(cells.facts)
        words = cells.draw()
        # The upper half of the word tells where a piece begins, the lower half how long it is.
        begins = (((words >> _U32) * np.uint64(text.characters - longest + 1)) >> _U32).view(np.int64)
        return text.pieces(begins, chosen(words, longest - self.min_length + 1) + np.int64(self.min_length))

    def _longest(self, facts: ColumnContext) -> int:
        return min(self.max_length, facts.type.length or self.max_length)


def _grammar_faults(grammar: Mapping[str, tuple[str, ...]]) -> Iterable[ParamError]:
    if grammar and START not in grammar:
        yield ParamError("grammar", f"there is no rule {START!r}, with which a text begins", "name one so")
    for name, alternatives in grammar.items():
        named = {part for text in alternatives for part in _PARTS.findall(text)}
        for unknown in sorted(named - grammar.keys()):
            what = f"no rule is called {unknown!r}"
            yield ParamError(f"grammar.{name}", what, did_you_mean(unknown, grammar.keys()))
        if not alternatives:
            yield ParamError(f"grammar.{name}", "a rule needs an alternative", "list one")
    # A rule that leads back to itself would never be written out.
    if START in grammar and (cycle := _cyclic(grammar)):
        yield ParamError(
            f"grammar.{cycle}", f"the rule {cycle!r} leads back to itself", "make rules that come to an end"
        )
    elif START in grammar and not any(_ends_in_text(grammar, START, text) for text in grammar[START]):
        yield ParamError("grammar", f"the rule {START!r} makes no characters", "write some text in it")


def _cyclic(grammar: Mapping[str, tuple[str, ...]]) -> str:
    """A rule that is reached from itself; "" where there is none."""
    leads = {name: {part for text in texts for part in _PARTS.findall(text)} for name, texts in grammar.items()}
    left = {name: parts & leads.keys() for name, parts in leads.items()}
    while ended := [name for name, parts in left.items() if not parts]:
        for name in ended:
            del left[name]
        for parts in left.values():
            parts.difference_update(ended)
    return min(left, default="")


def _ends_in_text(grammar: Mapping[str, tuple[str, ...]], rule: str, text: str) -> bool:
    if _PARTS.sub("", text):
        return True
    parts = [part for part in _PARTS.findall(text) if part in grammar]
    return any(_ends_in_text(grammar, part, each) for part in parts for each in grammar[part])


# Kept for the process: the text depends on the grammar alone, so that all columns, workers and seeds share it.
@lru_cache(maxsize=64)
def written_text(grammar: Grammar, size: int) -> LongText:
    """The long text of a grammar: the same for every seed, as it depends on the grammar alone."""
    symbols = _Symbols(grammar)
    key = streams.stream_key(0, "text.excerpt")
    parts: list[str] = []
    length = 0
    for turn in range(_MOST_ROUNDS):
        parts.append(symbols.texts(streams.stream_key(key, str(turn))))
        length += len(parts[-1])
        if length >= size:
            break
    return long_text("".join(parts)[:size])


class _Symbols:
    """A grammar as numbers: its rules, and behind them the plain texts between their references."""

    def __init__(self, grammar: Grammar) -> None:
        rules = [name for name, _ in grammar]
        split = [_PARTS.split(text) for _, texts in grammar for text in texts]
        plain = sorted({part for parts in split for part in parts[::2]})
        number = {name: place for place, name in enumerate(rules)}
        word = {text: len(rules) + place for place, text in enumerate(plain)}
        bodies = [[(number if place % 2 else word)[part] for place, part in enumerate(parts)] for parts in split]
        bodies += [[place] for place in word.values()]  # a plain text stands for itself
        counts = [len(texts) for _, texts in grammar] + [1] * len(plain)
        self.start, self.rules, self.plain = number[START], len(rules), text_array(plain)
        self.counts = np.array(counts, dtype=np.int64)
        self.firsts = np.cumsum(self.counts) - self.counts
        self.sizes = np.array([len(body) for body in bodies], dtype=np.int64)
        self.begins = np.cumsum(self.sizes) - self.sizes
        self.body = np.array([symbol for body in bodies for symbol in body], dtype=np.int64)

    def texts(self, key: int) -> str:
        """Many texts one behind the other: all symbols are replaced by an alternative of theirs until none is left."""
        symbols = np.full(_AT_ONCE, self.start, dtype=np.int64)
        for level in range(_MOST_LEVELS):
            if not (symbols < self.rules).any():
                break
            # Draws by level and place: the text is the same whoever writes it.
            words = streams.draw(streams.stream_key(key, str(level)), np.arange(len(symbols), dtype=np.int64))
            symbols = self._expanded(self.firsts[symbols] + streams.below_each(words, self.counts[symbols]))
        data = self.plain.take(pa.array(symbols - self.rules))
        return b"".join(buffer for buffer in data.buffers()[2:] if buffer is not None).decode()

    def _expanded(self, alternatives: Numbers) -> Numbers:
        sizes = self.sizes[alternatives]
        ends = np.cumsum(sizes)
        expanded: Numbers = self.body[
            np.repeat(self.begins[alternatives] - (ends - sizes), sizes) + np.arange(ends[-1])
        ]
        return expanded


def _english() -> Grammar:
    words = own("words")
    noun, end = "{adjective} {noun}", "{ending}. "
    return (
        (START, (f"{{determiner}} {noun} {{verb}} the {noun}{end}", f"{{determiner}} {{noun}} {{verb}} a {noun}{end}")),
        ("determiner", tuple(word.capitalize() for word in words["determiners"])),
        ("adjective", tuple(words["adjectives"])),
        ("noun", tuple(words["nouns"])),
        ("verb", tuple(words["verbs"])),
        ("ending", tuple(words["endings"])),
    )
