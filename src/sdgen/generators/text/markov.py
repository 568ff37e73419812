"""Texts by a Markov chain over the words of a text or text file of the user's own."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from sdgen.generators import streams
from sdgen.generators.base import ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers, Words
from sdgen.generators.text_generator import PLAIN_TEXTS, TextGenerator

_SENTENCE = re.compile(r"[^.!?…]*[.!?…]+[\"'”’»)]*")
_STEP = np.uint64(0x9E3779B97F4A7C15)
# A short source may give hardly anything but its own sentences, so that tries must end.
_TRIES = 12  # of a sentence that came out as one of the source's
_END = -1  # stands where a word would, at the end of a sentence


@register("text.markov")
class Markov(TextGenerator):
    """Texts whose words follow one another as in a text of one's own: a Markov chain, of whole sentences.

    Each word is drawn from those that follow the last `order` words in the source. A text ends with the first sentence
    after `min_words`; one that would be longer than `max_words` ends with the sentence before, or is cut. A sentence of
    the source comes out whole only where the chain gave nothing else in twelve tries.
    """

    fits: ClassVar[frozenset[str]] = PLAIN_TEXTS
    example: ClassVar[str] = (
        "{generator: text.markov, params: {order: 1, min_words: 4, text: 'The lift is slow today. The door is stuck"
        " again. Our lift makes a noise and the door is slow. The noise is back again today.'}}"
    )

    text: str = Field("", max_length=4_000_000, description="the source: sentences of one's own")
    file: str = Field(
        "", max_length=1000, description="instead: a text file that holds it (UTF-8), relative to the scenario's own"
    )
    order: int = Field(2, ge=1, le=3, description="how many words decide which one follows; more are nearer the source")
    min_words: int = Field(5, ge=1, le=300, description="a text goes on until it has so many words")
    max_words: int = Field(40, ge=1, le=300, description="the most words of a text")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if self.min_words > self.max_words:
            yield ParamError("min_words", f"min_words {self.min_words} is above max_words {self.max_words}")
        if self.file and self.text:
            yield ParamError("file", "both text and file are given", "leave one of them out")
        elif self.file:
            # A reader puts the text of a file in its place; what no file was, opens none.
            yield ParamError("file", "only a scenario that is a file itself names others", "write the text as `text`")
        elif not self.text.split():
            yield ParamError("text", "the text has no words", "give some sentences")

    def values(self, cells: ColumnBatch) -> pa.Array:
        chain = _chain(self.text, self.order)
        walk = _Walk(chain, cells.draw(), self.max_words)
        walk.run(self.min_words)
        lengths, words = walk.texts()
        offsets = np.append(0, np.cumsum(lengths)).astype(np.int32)
        listed = pa.ListArray.from_arrays(pa.array(offsets), chain.words.take(pa.array(words)))
        return pc.binary_join(listed, " ")


@dataclass(frozen=True, eq=False)
class _Chain:
    """Edges sorted by the state that they lead from, with running sums of how often the source has each.

    State 0 is that of a sentence that has no word yet. `sums[firsts[s]]` … are those of state s, `bases[s]` the sum
    before them. sentences: sorted hashes of the source's own.
    """

    words: pa.Array
    sums: Numbers
    bases: Numbers
    totals: Words
    word: Numbers
    following: Numbers
    sentences: Words


@lru_cache(maxsize=32)
def _chain(text: str, order: int) -> _Chain:
    numbers: dict[str, int] = {}
    sentences = [[numbers.setdefault(word, len(numbers)) for word in each.split()] for each in _sentences(text)]
    states: dict[tuple[int, ...], int] = {(): 0}
    edges: defaultdict[int, Counter[tuple[int, int]]] = defaultdict(Counter)
    for sentence in sentences:
        for place, word in enumerate([*sentence, _END]):
            state = states[tuple(sentence[max(place - order, 0) : place])] if place else 0
            after = tuple(sentence[max(place + 1 - order, 0) : place + 1])
            edges[state][word, 0 if word == _END else states.setdefault(after, len(states))] += 1
    # Sorted by state and then by edge, so that equal sources have equal tables.
    ordered = [(state, *edge, count) for state in range(len(states)) for edge, count in sorted(edges[state].items())]
    table = np.array(ordered, dtype=np.int64).reshape(-1, 4)
    sums = np.cumsum(table[:, 3])
    totals = np.bincount(table[:, 0], table[:, 3], len(states)).astype(np.int64)
    # Hashes of the sentences and not the sentences: whether one was copied is a comparison of numbers.
    hashes = np.array([_hash_of(sentence) for sentence in sentences], dtype=np.uint64)
    return _Chain(
        words=pa.array(list(numbers), pa.string()),
        sums=sums,
        bases=np.cumsum(totals) - totals,
        totals=totals.view(np.uint64),
        word=table[:, 1].copy(),
        following=table[:, 2].copy(),
        sentences=np.sort(hashes),
    )


def _sentences(text: str) -> list[str]:
    """The sentences of a text; what follows the last mark is one too."""
    found = _SENTENCE.findall(text)
    rest = text[sum(map(len, found)) :]
    return [each for each in (*found, rest) if each.strip()]


def _hashed(before: Words, words: Numbers) -> Words:
    return streams.mix(before * _STEP + words.view(np.uint64) + np.uint64(1))


def _hash_of(sentence: list[int]) -> np.uint64:
    value = np.zeros(1, dtype=np.uint64)
    for word in sentence:
        value = _hashed(value, np.array([word], dtype=np.int64))
    return np.uint64(value[0])


class _Walk:
    """The walks of some rows at once, a step of all that go on at a time; each row's step n takes its n-th word."""

    def __init__(self, chain: _Chain, seeds: Words, most: int) -> None:
        rows = len(seeds)
        self.chain, self.seeds, self.most = chain, seeds, most
        self.made = np.zeros((rows, most), dtype=np.int32)
        self.size, self.begun, self.state, self.tries = (np.zeros(rows, dtype=np.int64) for _ in range(4))
        self.hash = np.zeros(rows, dtype=np.uint64)

    def run(self, fewest: int) -> None:
        going, step = np.arange(len(self.seeds)), 0
        while len(going):
            step += 1
            going = self._stepped(going, step, fewest)

    def _stepped(self, rows: Numbers, step: int, fewest: int) -> Numbers:
        """One step of these rows; those that go on."""
        chain = self.chain
        # Step n of a row takes its n-th word, so that a text doesn't depend on its neighbours in the batch.
        draws = streams.mix(self.seeds[rows] + np.uint64(step * int(_STEP) % 2**64))
        state = self.state[rows]
        # A draw below the state's total, laid behind the sums of all states before it, is one search in one array.
        places = chain.bases[state] + streams.multiply_high(draws, chain.totals[state]).view(np.int64)
        edges = np.searchsorted(chain.sums, places, side="right")
        words, ends = chain.word[edges], chain.word[edges] == _END
        self.state[rows] = chain.following[edges]
        finished = self._ended(rows[ends], fewest)
        on, words = rows[~ends], words[~ends]
        room = self.size[on] < self.most
        full, on, words = on[~room], on[room], words[room]
        self.made[on, self.size[on]] = words
        self.size[on] += 1
        self.hash[on] = _hashed(self.hash[on], words)
        # No room for the sentence: the text ends with the one before, or within this one where it is the first.
        self.size[full] = np.where(self.begun[full] > 0, self.begun[full], self.most)
        done = np.zeros(len(self.seeds), dtype=np.bool_)
        done[finished] = done[full] = True
        return rows[~done[rows]]

    def _ended(self, rows: Numbers, fewest: int) -> Numbers:
        """Rows whose sentence is at its end: begun again where it is one of the source's; those whose text is done."""
        chain, hashes = self.chain, self.hash[rows]
        places = np.minimum(np.searchsorted(chain.sentences, hashes), len(chain.sentences) - 1)
        copied = (chain.sentences[places] == hashes) & (self.tries[rows] < _TRIES)
        again, kept = rows[copied], rows[~copied]
        # A copy is begun again from where its sentence began; what came before it is kept.
        self.size[again] = self.begun[again]
        self.tries[again] += 1
        self.begun[kept] = self.size[kept]
        self.tries[kept] = 0
        self.hash[rows] = 0
        done: Numbers = kept[(self.size[kept] >= fewest) | (self.size[kept] >= self.most)]
        return done

    def texts(self) -> tuple[Numbers, NDArray[np.int32]]:
        """How many words each text has, and the words of all, one text after the other."""
        return self.size, self.made[np.arange(self.most) < self.size[:, None]]
