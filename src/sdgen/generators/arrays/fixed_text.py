"""Texts of a fixed length, spelt byte by byte: numbers as digits, and domains with an alphabet for each place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.streams import Numbers

Letters = NDArray[np.uint8]  # one row a text, one column a character

DIGITS = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"
UPPER = LOWER.upper()
HEX = "0123456789abcdef"
ZERO = np.uint8(ord("0"))


@dataclass(frozen=True)
class FixedLengthTexts:
    """The domain of all ASCII texts whose n-th character comes from the n-th alphabet."""

    alphabets: tuple[str, ...]

    @property
    def size(self) -> int:
        return prod(len(alphabet) for alphabet in self.alphabets)

    def letters(self, indexes: Numbers) -> Letters:
        """The texts as bytes, the last character changing fastest."""
        table = np.empty((len(indexes), len(self.alphabets)), dtype=np.uint8, order="F")
        rest = indexes
        for place in range(len(self.alphabets) - 1, -1, -1):
            alphabet = np.frombuffer(self.alphabets[place].encode("ascii"), dtype=np.uint8)
            if len(alphabet) == 1:
                table[:, place] = alphabet[0]
                continue
            higher = rest // len(alphabet)
            table[:, place] = alphabet[rest - higher * len(alphabet)]
            rest = higher
        return table

    def decode(self, indexes: Numbers) -> pa.Array:
        return spelled(self.letters(indexes))

    def all(self) -> pa.Array:
        """Every text, in order: for small domains."""
        return self.decode(np.arange(self.size, dtype=np.int64))


def spelled(letters: Letters) -> pa.Array:
    """Bytes (ASCII) as texts."""
    rows, width = letters.shape
    offsets = np.arange(rows + 1, dtype=np.int64) * width
    data = pa.py_buffer(np.ascontiguousarray(letters))
    if rows * width < 1 << 31:
        return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets.astype(np.int32)), data)
    return pa.LargeStringArray.from_buffers(rows, pa.py_buffer(offsets), data)


def digits(values: NDArray[np.integer[Any]], width: int) -> Letters:
    """Whole numbers as decimal digits, padded with zeros to a width they fit in."""
    table = np.empty((len(values), width), dtype=np.uint8, order="F")
    for place in range(width - 1, -1, -1):
        higher = values // 10
        table[:, place] = values - higher * 10 + 48
        values = higher
    return table


def beside(*parts: Letters | str) -> Letters:
    """Texts written one after another; a plain string is the same for every row."""
    rows = next(len(part) for part in parts if not isinstance(part, str))
    blocks = [_repeated(part, rows) if isinstance(part, str) else part for part in parts]
    return np.concatenate(blocks, axis=1)


def _repeated(text: str, rows: int) -> Letters:
    return np.broadcast_to(np.frombuffer(text.encode("ascii"), dtype=np.uint8), (rows, len(text)))


def pattern(text: str, classes: dict[str, str]) -> FixedLengthTexts:
    """A domain from a picture: characters named in `classes` stand for an alphabet, others for themselves."""
    return FixedLengthTexts(tuple(classes.get(character, character) for character in text))


def weighted_sum(letters: Letters, weights: Sequence[int]) -> Numbers:
    """The sum of each row's digits times their weights."""
    total = np.zeros(len(letters), dtype=np.int64)
    for place, weight in enumerate(weights):
        total += (letters[:, place] - ZERO).astype(np.int64) * weight
    return total


def luhn(letters: Letters) -> Letters:
    """The check digit of ISO/IEC 7812-1 (Luhn) for rows of digits, as one more column."""
    total = np.zeros(len(letters), dtype=np.int64)
    # Doubling begins with the digit beside the check digit, which is the last one here.
    for steps, place in enumerate(range(letters.shape[1] - 1, -1, -1)):
        value = (letters[:, place] - ZERO).astype(np.int64)
        if steps % 2 == 0:
            value = value * 2
            value -= 9 * (value > 9)
        total += value
    return digits(-total % 10, 1)


def gs1(letters: Letters) -> Letters:
    """The check digit of the GS1 General Specifications (EAN, ISBN-13) for rows of digits, as one more column."""
    width = letters.shape[1]
    # The weight 3 is that of the digit beside the check digit, whatever the length.
    weights = [3 if (width - place) % 2 else 1 for place in range(width)]
    return digits(-weighted_sum(letters, weights) % 10, 1)


@dataclass(frozen=True)
class TextsWithCheckDigits:
    """A domain of spelled texts, finished by something that follows from them: a check digit, marks between."""

    raw: FixedLengthTexts
    finish: Callable[[Letters], Letters]

    @property
    def size(self) -> int:
        return self.raw.size

    def decode(self, indexes: Numbers) -> pa.Array:
        return spelled(self.finish(self.raw.letters(indexes)))


def blocks(alphabets: Sequence[str]) -> list[FixedLengthTexts]:
    """Long texts cut into domains of at most 2^62 values each."""
    found: list[list[str]] = [[]]
    for alphabet in alphabets:
        # An index is a 64-bit number, and a permutation takes domains below 2^63.
        if prod(map(len, found[-1])) * len(alphabet) > 1 << 62:
            found.append([])
        found[-1].append(alphabet)
    return [FixedLengthTexts(tuple(part)) for part in found]


def long_letters(cells: ColumnBatch, parts: Sequence[FixedLengthTexts]) -> Letters:
    """Texts of several blocks: only the first is permuted for a unique column, and that is enough."""
    # Distinct first blocks make distinct texts, whatever is drawn for the others.
    first = parts[0].letters(cells.indexes(parts[0].size))
    rest = [part.letters(cells.below(part.size, f"block {place}")) for place, part in enumerate(parts[1:], 1)]
    return np.concatenate([first, *rest], axis=1) if rest else first


# Arrow arrays over the memory of numpy arrays: nothing is copied, and no Python object is made per value.


def array_over(values: NDArray[Any], arrow: pa.DataType, nulls: NDArray[np.bool_] | None = None) -> pa.Array:
    """The array of a fixed-width Arrow type whose values are these, bit for bit; null where `nulls` says so."""
    valid = None if nulls is None else pa.py_buffer(np.packbits(~nulls, bitorder="little"))
    return pa.Array.from_buffers(arrow, len(values), [valid, pa.py_buffer(np.ascontiguousarray(values))])


def booleans_over(flags: NDArray[np.bool_]) -> pa.Array:
    """The flags as an Arrow array, eight to a byte."""
    packed = np.packbits(flags, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(flags), [None, pa.py_buffer(packed)])


def decimal_units(array: pa.Array) -> NDArray[np.int64] | None:
    """Decimals (decimal128) as whole numbers of their last place; None where one needs more than 64 bits.

    Where the array holds a null, there is any number.
    """
    if not len(array):
        return np.empty(0, dtype=np.int64)
    words = np.frombuffer(array.buffers()[1], np.int64, len(array) * 2, array.offset * 16)
    units: NDArray[np.int64] = np.ascontiguousarray(words[::2])
    # More than 64 bits show in an upper word that isn't the sign of the lower one.
    if array.type.precision > 18 and not np.array_equal(words[1::2], units >> 63):
        return None
    return units
