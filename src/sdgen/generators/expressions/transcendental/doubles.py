"""Pairs of doubles, and what the functions of this package share: exact sums and products, tables, blocks.

A pair (high, low) stands for the sum of two doubles that is known to about 106 bits. The sums and products here are
error-free transformations (Dekker, "A floating-point technique for extending the available precision", 1971; Knuth,
The Art of Computer Programming, volume 2, 4.2.2): they need correctly rounded + - *, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import wraps

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]
Pair = tuple[Doubles, Doubles]

# Sixty digits are far more than the 106 bits of a pair, so that tables are correctly rounded.
EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)  # how tables are worked out: the same in every Python
# Dekker's constant: it splits a double of 53 bits into two of 26.
_SPLITTER = 2.0**27 + 1
_BLOCK = 8192  # values whose intermediate results stay in a core's cache


def two_sum(a: Doubles, b: Doubles) -> Pair:
    """a + b as a pair, exactly."""
    # The order of these operations is the algorithm: no term may be put in brackets in another way.
    high = a + b
    back = high - a
    return high, (a - (high - back)) + (b - back)


def quick_two_sum(a: Doubles, b: Doubles) -> Pair:
    """a + b as a pair, exactly where |a| >= |b| or a is zero."""
    high = a + b
    return high, b - (high - a)


def two_product(a: Doubles, b: Doubles | float) -> Pair:
    """a * b as a pair, exactly while nothing comes near the largest or the smallest doubles."""
    high = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    return high, ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low


def _halves(a: Doubles | float) -> tuple[Doubles | float, Doubles | float]:
    """Two doubles of 26 bits whose sum is a."""
    scaled = _SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


def times_pair(pair: Pair, factor: tuple[float, float]) -> Pair:
    """A pair times a constant that is a pair."""
    high, low = two_product(pair[0], factor[0])
    return quick_two_sum(high, low + (pair[0] * factor[1] + pair[1] * factor[0]))


def powers_of_two(exponents: NDArray[np.int64]) -> Doubles:
    """2 to whole exponents in [-1022, 1023], made of their bits."""
    return ((exponents + 1023) << 52).view(np.float64)


def scaled(values: Doubles, exponents: NDArray[np.int64]) -> Doubles:
    """values * 2^exponents, rounded where they are subnormal; exponents in [-2044, 2046]."""
    # In two steps, since one power of two for the whole exponent could itself be beyond the doubles.
    half = exponents >> 1
    return (values * powers_of_two(half)) * powers_of_two(exponents - half)


def polynomial(x: Doubles, coefficients: Iterable[float]) -> Doubles:
    """By Horner's scheme, from the constant on."""
    *rest, last = coefficients
    total = np.full_like(x, last)
    for coefficient in reversed(rest):
        total *= x
        total += coefficient
    return total


def pair_of(exact: Decimal, bits: int = 53) -> tuple[float, float]:
    """The number as a pair whose first part has so many bits, so that its product with small whole numbers is exact."""
    mantissa, exponent = np.frexp(float(exact))
    high = float(np.ldexp(np.rint(mantissa * 2.0**bits), exponent - bits))
    return high, float(EXACT.subtract(exact, Decimal(high)))


def table_of(numbers: Iterable[Decimal], fraction_bits: int = 0) -> Pair:
    """Numbers as a table of pairs; the first parts are whole multiples of 2^-fraction_bits, where that is given."""
    highs, lows = [], []
    for number in numbers:
        high = (
            float(np.rint(float(number) * 2.0**fraction_bits) * 2.0**-fraction_bits) if fraction_bits else float(number)
        )
        highs.append(high)
        lows.append(float(EXACT.subtract(number, Decimal(high))))
    return np.array(highs), np.array(lows)


def total(function: Callable[..., Doubles]) -> Callable[..., Doubles]:
    """A function made total: NaN where an argument or the result isn't finite. Arguments are broadcast.

    The function itself gets finite arrays of one length, a block at a time, and gives NaN outside of its domain.
    """

    @wraps(function)
    def over_blocks(*arguments: ArrayLike) -> Doubles:
        arrays = np.broadcast_arrays(*(np.asarray(argument, dtype=np.float64) for argument in arguments))
        shape, flat = arrays[0].shape, [array.reshape(-1) for array in arrays]
        result = np.empty(flat[0].shape)
        # Overflows and NaN are looked for in the result; warnings would tell of what is handled.
        with np.errstate(all="ignore"):
            for start in range(0, len(result), _BLOCK):
                result[start : start + _BLOCK] = _finite(function, [array[start : start + _BLOCK] for array in flat])
        return result.reshape(shape)

    return over_blocks


def _finite(function: Callable[..., Doubles], arguments: list[Doubles]) -> Doubles:
    usable = np.isfinite(arguments[0])
    for argument in arguments[1:]:
        usable &= np.isfinite(argument)
    if not usable.all():
        arguments = [np.where(usable, argument, 0.5) for argument in arguments]
    result = function(*arguments)
    usable &= np.isfinite(result)
    return result if usable.all() else np.where(usable, result, np.nan)
