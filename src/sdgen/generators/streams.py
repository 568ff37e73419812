"""The one source of randomness: a hash of (stream key, row number).

A stream's key is BLAKE2b over its names. Its draw for a row is SplitMix64's output function applied to
`key + (row + 1) * gamma` (Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators", 2014), so the draws
of rows 0, 1, 2 … are the published sequence of that generator seeded with the key, and any of them can be had alone.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

# The version is part of every key. Raising it would change every value that anybody has ever made.
STREAM_VERSION = 1

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]

# Every constant below is part of the definition of a draw, and so of everybody's data: none may be changed.
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LOW_32 = np.uint64(0xFFFFFFFF)
_U11, _U27, _U30, _U31, _U32 = (np.uint64(bits) for bits in (11, 27, 30, 31, 32))
_TWO_TO_MINUS_53 = 2.0**-53


@lru_cache(maxsize=65_536)
def stream_key(seed: int, *names: str) -> int:
    """The 64-bit key of the stream with these names (entity, column, purpose)."""
    # Each name goes in with its length in front, so that ("ab", "c") and ("a", "bc") are different streams.
    parts = [str(STREAM_VERSION), str(seed), *names]
    text = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


def mix(words: Words) -> Words:
    """SplitMix64's finaliser, in place: a bijection of 64-bit words."""
    scratch = words >> _U30
    words ^= scratch
    words *= _MIX_1
    np.right_shift(words, _U27, out=scratch)
    words ^= scratch
    words *= _MIX_2
    np.right_shift(words, _U31, out=scratch)
    words ^= scratch
    return words


def draw(key: int | Words, numbers: Numbers) -> Words:
    """One 64-bit word per row number: distinct rows of one stream give distinct words. key: one, or one for each."""
    # Row 0 takes the first number of the published sequence, which is that of one step behind the seed.
    words = numbers.view(np.uint64) + np.uint64(1)
    words *= _GAMMA
    words += np.uint64(key)
    return mix(words)


def draw_each(keys: Words, count: int) -> Words:
    """The first `count` words of the stream of each key: a table with a row for each key."""
    words: Words = np.arange(1, count + 1, dtype=np.uint64) * _GAMMA + keys[:, None]
    return mix(words)


def unit(words: Words) -> NDArray[np.float64]:
    """Words as floats in [0, 1), from their upper 53 bits."""
    # The upper 53 bits are as many as a double holds, so that no word is rounded up to 1.
    return (words >> _U11).astype(np.float64) * _TWO_TO_MINUS_53


def below(words: Words, size: int) -> Numbers:
    """Words as whole numbers in [0, size), by multiplication (Lemire 2019) without rejection.

    The bias is below size / 2^32 up to 2^32 values, and below size / 2^64 beyond.
    """
    if size <= 0 and len(words):
        raise ValueError("an empty domain has no index")
    # The upper half of the word times the size stays within 64 bits, which is one
    # multiplication; a larger size needs 128.
    if size <= 1 << 32:
        return (((words >> _U32) * np.uint64(size)) >> _U32).view(np.int64)
    return multiply_high(words, size).view(np.int64)


def _halves(size: int | Words) -> tuple[np.uint64 | Words, np.uint64 | Words]:
    """The upper and the lower 32 bits."""
    if isinstance(size, int):
        return np.uint64(size >> 32), np.uint64(size & 0xFFFFFFFF)
    return size >> _U32, size & _LOW_32


def multiply_high(words: Words, size: int | Words) -> Words:
    """The upper 64 bits of words * size, for size < 2^64; or for a size of each word's own."""
    # numpy has no product of 128 bits, so that the four products of halves are added up, carries and all.
    factor_high, factor_low = _halves(size)
    high, low = words >> _U32, words & _LOW_32
    middle = high * factor_low + ((low * factor_low) >> _U32)
    carry = (middle & _LOW_32) + low * factor_high
    product: Words = high * factor_high + (middle >> _U32) + (carry >> _U32)
    return product


def below_each(words: Words, sizes: Numbers) -> Numbers:
    """Words as whole numbers in [0, size) with a size of its own for each row; sizes must be 1 … 2^32."""
    return (((words >> _U32) * sizes.view(np.uint64)) >> _U32).view(np.int64)


def below_any(words: Words, sizes: Numbers) -> Numbers:
    """Words as whole numbers in [0, size) with a size of its own for each row; sizes must be 1 … 2^62."""
    return multiply_high(words, sizes.view(np.uint64)).view(np.int64)
