"""The texts of a pattern as a domain: an index's mixed-radix digits choose its characters, options and repeats.

Neighbouring characters are joined into tables of up to 65,536 short texts, so that a text is a few look-ups. A
pattern with more than 2^62 texts has a domain of 2^62: the index decides as many places as it has digits for, and the
rest follow from its hash, so that distinct indexes still give distinct texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sdgen.generators import streams
from sdgen.generators.arrays.encode_text import fixed_text
from sdgen.generators.patterns.ambiguity import ambiguous
from sdgen.generators.patterns.syntax import Choice, Node, Repeat, Sequence, Symbols, count, longest, read_pattern
from sdgen.generators.streams import Numbers, Words

LIMIT = 1 << 62
# Tables of neighbouring characters up to this size: fewer look-ups, and little memory.
_BLOCK = 1 << 16
_TWO = np.uint64(2)

Characters = NDArray[Any]  # uint8 for ASCII, uint32 (code points) for anything else
Places = Numbers | int


@dataclass(frozen=True, eq=False)
class Block:
    """Texts of one width, listed: one row of characters each."""

    table: Characters

    @cached_property
    def size(self) -> int:
        return len(self.table)


@dataclass(frozen=True, eq=False)
class Chain:
    """Parts one after the other; the last one's digit varies fastest."""

    parts: tuple[Part, ...]
    size: int

    @cached_property
    def varies(self) -> bool:
        return any(not isinstance(part, Block) for part in self.parts)


@dataclass(frozen=True, eq=False)
class Options:
    """One of several parts; their indexes lie one behind the other."""

    options: tuple[Node, ...]
    sizes: tuple[int, ...]
    size: int
    wide: bool

    def option(self, number: int) -> Part:
        return _compiled(self.options[number], self.wide)


Part = Block | Chain | Options


@dataclass(frozen=True, eq=False)
class PatternTexts:
    """The domain of a pattern's texts."""

    root: Part
    longest: int
    exact: bool

    @property
    def size(self) -> int:
        return min(self.root.size, LIMIT)

    def decode(self, indexes: Numbers) -> pa.Array:
        """The texts at these indexes."""
        return self._texts(indexes, self.size, False)

    def spread(self, words: Words) -> pa.Array:
        """Texts for random words, with options and numbers of repeats equally likely."""
        # Without alternatives and repeats, each text is equally likely either way.
        if isinstance(self.root, Block) or (isinstance(self.root, Chain) and not self.root.varies):
            return self.decode(streams.below(words, self.size))
        # Two bits fewer, so that an index stays within the greatest span.
        return self._texts((words >> _TWO).view(np.int64), LIMIT, True)

    def _texts(self, indexes: Numbers, span: int, even: bool) -> pa.Array:
        wide = _is_wide(self.root)
        # One sheet for all rows, as wide as the longest text, which is written from left to right.
        sheet = np.zeros((len(indexes), self.longest), dtype=np.uint32 if wide else np.uint8)
        pen = _Pen(sheet, even)
        ends = pen.write(self.root, indexes.view(np.uint64), span, np.arange(len(indexes)), 0)
        if wide:
            return pa.array(sheet.view(f"<U{self.longest}").ravel(), pa.string())
        if isinstance(ends, int):
            return fixed_text(sheet[:, :ends], pa.nulls(0))
        return _ragged_text(sheet, ends)


def _ragged_text(sheet: Characters, ends: Numbers) -> pa.Array:
    offsets = np.zeros(len(ends) + 1, dtype=np.int32)
    np.cumsum(ends, out=offsets[1:])
    data = sheet[np.arange(sheet.shape[1]) < ends[:, None]]
    return pa.Array.from_buffers(pa.string(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


@dataclass(frozen=True, eq=False)
class _Pen:
    """Writes texts into a sheet of characters, one row each, from left to right."""

    sheet: Characters
    even: bool

    def write(self, part: Part, index: Words, span: int, rows: Numbers, at: Places) -> Places:
        """Write one part of the texts of some rows; `at` is where it begins, and where it ends is returned."""
        match part:
            case Block():
                return self._block(part, index, span, rows, at)
            case Chain():
                return self._chain(part, index, span, rows, at)
            case Options():
                return self._options(part, index, span, rows, at)

    def _block(self, part: Block, index: Words, span: int, rows: Numbers, at: Places) -> Places:
        # More numbers than texts: the remainder keeps each text equally likely, nearly.
        if span > part.size:
            index = index % np.uint64(part.size)
        elif span < part.size:
            # Fewer numbers than texts, where the span has run out: they are scattered over the table,
            # so that texts don't all begin alike.
            index = index * np.uint64(part.size // span)
        written = part.table[index.view(np.int64)]
        width = int(part.table.shape[1])
        if isinstance(at, int):
            whole = len(rows) == len(self.sheet)
            self.sheet[slice(None) if whole else rows, at : at + width] = written
        else:
            self.sheet[rows[:, None], at[:, None] + np.arange(width)] = written
        return at + width

    def _chain(self, part: Chain, index: Words, span: int, rows: Numbers, at: Places) -> Places:
        for inner, (digit, size) in zip(part.parts, self._digits(part, index, span), strict=True):
            at = self.write(inner, digit, size, rows, at)
        return at

    # Distinct indexes must give distinct texts: digits of the index as long as there are
    # any, and hashes of it for the rest.
    def _digits(self, part: Chain, index: Words, span: int) -> list[tuple[Words, int]]:
        """Each part's index and how many it is out of: digits while the span lasts, then hashes."""
        digits: list[tuple[Words, int]] = []
        quotient, left, used = index, span, 1
        for place in range(len(part.parts) - 1, -1, -1):
            inner = part.parts[place]
            size = min(inner.size, LIMIT)
            # Drawn at random, options and repeats are equally likely, so that they take a hash and not a digit.
            if self.even and not isinstance(inner, Block):
                digits.append((_hashed(index, place) >> _TWO, LIMIT))
            elif left >= size:
                rest = quotient // np.uint64(size)
                digits.append((quotient - rest * np.uint64(size), size))
                quotient, left, used = rest, -(-left // size), used * size
            # The rest of the index has fewer values than the part has: a hash of the digits so far moves it over
            # them, and keeps different indexes different.
            elif left > 1:
                low = index - quotient * np.uint64(used)
                noise = streams.below(_hashed(low, place), size).view(np.uint64)
                digits.append(((quotient + noise) % np.uint64(size), size))
                left = 1
            else:
                digits.append((streams.below(_hashed(index, place), size).view(np.uint64), size))
        return digits[::-1]

    def _options(self, part: Options, index: Words, span: int, rows: Numbers, at: Places) -> Places:
        bounds = _bounds(part.sizes, span, self.even)
        which = np.searchsorted(np.array(bounds[1:], dtype=np.uint64), index, side="right").astype(np.uint16)
        order = np.argsort(which, kind="stable")
        ends = np.searchsorted(which[order], np.arange(len(part.sizes) + 1))
        places = np.empty(len(rows), dtype=np.int64)
        for number, (low, high) in enumerate(pairwise(ends)):
            if low < high:
                chosen = order[low:high]
                start = at if isinstance(at, int) else at[chosen]
                inner = index[chosen] - np.uint64(bounds[number])
                size = bounds[number + 1] - bounds[number]
                places[chosen] = self.write(part.option(number), inner, size, rows[chosen], start)
        return places


@lru_cache(maxsize=1024)
def _bounds(sizes: tuple[int, ...], span: int, even: bool) -> tuple[int, ...]:
    """Where each option's indexes begin in [0, span): in proportion to its size, or all alike."""
    # A column drawn at random takes options alike; a unique one takes each text equally often.
    weights = (1,) * len(sizes) if even else sizes
    total, bounds, reached = sum(weights), [0], 0
    for weight in weights:
        reached += weight
        bounds.append(reached * span // total)
    return tuple(bounds)


def _hashed(index: Words, place: int) -> Words:
    return streams.mix(index + np.uint64(_salt(place)))


@cache
def _salt(place: int) -> int:
    # The salt is the same for all seeds: the pattern's texts are a domain, in an order that doesn't change.
    return streams.stream_key(0, "pattern", str(place))


def _is_wide(part: Part) -> bool:
    match part:
        case Block():
            return part.table.dtype == np.uint32
        case Chain():
            return any(map(_is_wide, part.parts))
        case Options():
            return part.wide


@lru_cache(maxsize=512)
def pattern_texts(regex: str, most: int) -> PatternTexts:
    """The domain of a pattern; PatternError says what can't be used in it, and where."""
    node = read_pattern(regex, most)
    return PatternTexts(_compiled(node, not _ascii(node)), longest(node), not ambiguous(node))


def _ascii(node: Node) -> bool:
    match node:
        case Symbols(characters):
            return all(character.isascii() for character in characters)
        case Sequence(inner) | Choice(inner):
            return all(map(_ascii, inner))
        case Repeat(part):
            return _ascii(part)


@lru_cache(maxsize=4096)
def _compiled(node: Node, wide: bool) -> Part:
    match node:
        case Symbols(characters):
            codes = np.array([ord(character) for character in characters])
            return Block(codes.astype(np.uint32 if wide else np.uint8).reshape(-1, 1))
        case Sequence(parts):
            return _chained([_compiled(part, wide) for part in parts], wide)
        case Choice(options):
            return _chosen(options, wide)
        case Repeat(part, low, high):
            if low == high:
                return _chained([_compiled(part, wide)] * low, wide)
            return _chosen(tuple(Repeat(part, times, times) for times in range(low, high + 1)), wide)


def _chained(parts: list[Part], wide: bool) -> Part:
    """Parts in a row, neighbouring tables multiplied out while they stay small."""
    flat: list[Part] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Chain) else (part,))
    merged: list[Part] = []
    for part in flat:
        before = merged[-1] if merged else None
        if isinstance(before, Block) and isinstance(part, Block) and before.size * part.size <= _BLOCK:
            merged[-1] = _product(before, part)
        else:
            merged.append(part)
    if not merged:
        return Block(np.zeros((1, 0), dtype=np.uint32 if wide else np.uint8))
    size = 1
    for part in merged:
        size *= part.size
    return merged[0] if len(merged) == 1 else Chain(tuple(merged), size)


def _product(left: Block, right: Block) -> Block:
    firsts = np.repeat(left.table, right.size, axis=0)
    seconds = np.tile(right.table, (left.size, 1))
    return Block(np.concatenate([firsts, seconds], axis=1))


def _chosen(options: tuple[Node, ...], wide: bool) -> Part:
    """Options; tables of the same width and size are one table."""
    if len(options) <= 1024 and len({(longest(option), count(option)) for option in options}) == 1:
        parts = [_compiled(option, wide) for option in options]
        tables = [part.table for part in parts if isinstance(part, Block)]
        if len(tables) == len(parts) and sum(map(len, tables)) <= _BLOCK:
            return Block(np.concatenate(tables))
    sizes = tuple(count(option) for option in options)
    return Options(options, sizes, sum(sizes), wide)
