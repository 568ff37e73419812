"""Domains: indexed sets of values, and the keyed permutations that make draws from them unique.

A plain draw takes any index; a unique draw takes `permute(row)`. Nothing is remembered, so a table of any
size is unique in constant memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Protocol

import numpy as np
import pyarrow as pa

from sdgen.generators.streams import Numbers, Words, mix

_U32 = np.uint64(32)
# A round's hash is keyed by key + constant; any distinct odd numbers serve.
_ROUND_CONSTANTS = tuple(np.uint64(0x9E3779B97F4A7C15 * number % 2**64) for number in range(1, 7))


class Domain(Protocol):
    """An indexed set: `size` distinct values, and the values at given indexes."""

    @property
    def size(self) -> int: ...

    def decode(self, indexes: Numbers) -> pa.Array: ...


@dataclass(frozen=True)
class Integers:
    """start, start + step, …: `size` whole numbers."""

    start: int
    size: int
    step: int = 1

    def decode(self, indexes: Numbers) -> pa.Array:
        values = indexes * np.int64(self.step) if self.step != 1 else indexes
        return pa.array(values + np.int64(self.start))


@dataclass(frozen=True, eq=False)
class Exchange:
    """Row numbers that take the place of others: `instead[i]` for `rows[i]`, `rows` in rising order."""

    rows: Numbers
    instead: Numbers

    def of(self, numbers: Numbers) -> Numbers:
        places = np.minimum(np.searchsorted(self.rows, numbers), len(self.rows) - 1)
        return np.where(self.rows[places] == numbers, self.instead[places], numbers)


def permute(key: int | Words, indexes: Numbers, size: int) -> Numbers:
    """A keyed bijection of [0, size): each index in that range has one image, and no two share it.

    A Feistel network on mixed radices a * b >= size, walked until the value falls inside (Black & Rogaway,
    "Ciphers with Arbitrary Finite Domains", 2002). a * b exceeds size by less than 2 * sqrt(size), so walks are rare.
    `key` is one key for all rows or one for each. Indexes outside [0, size) are an error of the caller.
    """
    if size <= 1:
        return np.zeros_like(indexes)
    if size >= 1 << 63:
        raise ValueError("a permuted domain holds fewer than 2^63 values")
    # Two radices near the square root leave the smallest excess a * b - size, so that few walks go on.
    rows = isqrt(size - 1) + 1
    columns = -(-size // rows)
    keys = np.atleast_1d(np.asarray(key, dtype=np.uint64))
    result = _shuffle(keys, indexes.view(np.uint64), rows, columns)
    # Walking on from outside comes back inside, and to a place that no other index reaches: the network is a
    # bijection of the larger range, and each index lies on a cycle of it.
    outside = np.flatnonzero(result >= np.uint64(size))
    # A walk depends on its own index alone, whatever others of the batch do: values are the same in any batch.
    while outside.size:
        result[outside] = _shuffle(keys[outside] if keys.size > 1 else keys, result[outside], rows, columns)
        outside = outside[result[outside] >= np.uint64(size)]
    return result.view(np.int64)


def permute_each(keys: Words, indexes: Numbers, sizes: Numbers) -> Numbers:
    """As `permute`, each index in a domain of its own, of fewer than 2^52 values: many small ones at once."""
    # The square root is correctly rounded, so that its whole part is that of the integer.
    rows = np.sqrt(np.maximum(sizes - 1, 0)).astype(np.int64) + 1
    columns = -(-sizes // rows)
    result = _shuffle(keys, indexes.view(np.uint64), rows, columns)
    outside = np.flatnonzero(result.view(np.int64) >= np.maximum(sizes, 1))
    while outside.size:
        result[outside] = _shuffle(keys[outside], result[outside], rows[outside], columns[outside])
        outside = outside[result[outside].view(np.int64) >= sizes[outside]]
    return result.view(np.int64)


def permute_rows(key: int | Words, numbers: Numbers, size: int) -> Numbers:
    """As `permute`, of row numbers, which begin anew beyond the size.

    Only rows that a target holds can be as many: they have values of their own, and no further row is made.
    """
    beyond = len(numbers) and int(numbers.max()) >= size > 0
    return permute(key, numbers % np.int64(size) if beyond else numbers, size)


def _shuffle(keys: Words, values: Words, rows: int | Numbers, columns: int | Numbers) -> Words:
    """One pass of the network over [0, rows * columns): each round adds a hash of one half to the other."""
    radix, other_radix = np.uint64(columns), np.uint64(rows)
    left = values // radix
    right = values - left * radix
    # Six rounds: three add to one half and three to the other, so that both depend on all of the index.
    for number, constant in enumerate(_ROUND_CONSTANTS):
        noise = keys + constant
        if number % 2:
            _add_hash(right, left, noise, radix)
        else:
            _add_hash(left, right, noise, other_radix)
    left *= radix
    left += right
    return left


def _add_hash(half: Words, other: Words, noise: Words, radix: np.uint64 | Words) -> None:
    """half = (half + hash(other, noise)) mod radix, in place; both halves stay below 2^32."""
    # The other half is mixed with a hash of the round's key, not with the key itself:
    # neighbouring keys give other noise.
    added = mix(other + mix(noise))
    added >>= _U32
    added *= radix
    added >>= _U32
    half += added
    # A sum below twice the radix needs a comparison and a subtraction, and no division, to be reduced.
    half -= (half >= radix) * radix
