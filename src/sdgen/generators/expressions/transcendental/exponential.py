"""Exponential, logarithms, powers and the hyperbolic functions, from + - * / and square roots alone.

exp reduces its argument to |r| < 0.0055 by a table of 2^(j/64), ln to |r| < 0.006 by a table of -ln c for short c near
1/x (Tang, "Table-driven implementation of the exponential function", 1989, and "… of the logarithm function", 1990);
what remains is a Taylor polynomial. Both keep their results as pairs of doubles, so that powers keep all of theirs.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from math import factorial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sdgen.generators.expressions.transcendental.doubles import (
    EXACT,
    Doubles,
    Pair,
    pair_of,
    polynomial,
    quick_two_sum,
    scaled,
    table_of,
    times_pair,
    total,
    two_product,
    two_sum,
)

_STEPS = 64  # of exp's table, in an octave
_INTERVALS = 128  # of ln's table, in an octave
_ONE = 0x3FF0 << 48  # the bits of 1.0
# Where ln's octave [0.71, 1.42) begins: so that 1 lies inside an interval of its table, whose c is 1.
_BEGIN = _ONE - 74 * (1 << 45) - (1 << 44)
_LARGEST = 800.0  # e^±800 is beyond every double
_FACTORIALS = [1 / factorial(n) for n in range(20)]
_LN_TAIL = [(-1.0) ** (n + 1) / n for n in range(3, 12)]  # ln(1 + r) = r - r²/2 + r³ (1/3 - r/4 + …)


class _Tables(NamedTuple):
    """Constants worked out once by decimal arithmetic, which is exact to 60 digits everywhere."""

    powers: Pair  # 2^(j/64)
    step: tuple[float, float]  # ln 2 / 64, its first part short enough to be multiplied by any j + 64 k
    inverses: Doubles  # c, of at most 9 bits, near 1/x in the j-th interval
    logarithms: Pair  # -ln c
    ln2: tuple[float, float]
    per_ln2: tuple[float, float]
    per_ln10: tuple[float, float]


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    ln2, ln10 = EXACT.ln(Decimal(2)), EXACT.ln(Decimal(10))
    step = EXACT.divide(ln2, Decimal(_STEPS))
    edges = (np.int64(_BEGIN) + (np.arange(_INTERVALS + 1) << 45)).view(np.float64)
    # Inverses of few bits: their products with halves of a mantissa are exact.
    inverses = np.rint(2 / (edges[:-1] + edges[1:]) * 256) / 256
    return _Tables(
        powers=table_of(EXACT.exp(EXACT.multiply(step, Decimal(j))) for j in range(_STEPS)),
        step=pair_of(step, bits=34),
        inverses=inverses,
        # The first parts are whole multiples of 2^-42, so that adding multiples of ln 2 to them is exact.
        logarithms=table_of((EXACT.minus(EXACT.ln(Decimal(float(c)))) for c in inverses), fraction_bits=42),
        ln2=pair_of(ln2, bits=41),
        per_ln2=pair_of(EXACT.divide(Decimal(1), ln2)),
        per_ln10=pair_of(EXACT.divide(Decimal(1), ln10)),
    )


def _exp(high: Doubles, low: Doubles | float = 0.0) -> tuple[Doubles, Doubles, NDArray[np.int64]]:
    """e^(high + low) as (m, tail, k): (m + tail) * 2^k; |high| is at most 800."""
    tables = _tables()
    # Multiplying by the inverse may miss the nearest step by one, which only makes the rest somewhat larger.
    count = np.rint(high * (1 / tables.step[0]))
    rest = high - count * tables.step[0]
    correction = count * tables.step[1] - low
    r = rest - correction
    r_low = (rest - r) - correction
    # The smallest terms first; r alone has all its digits.
    grown = r * r * polynomial(r, _FACTORIALS[2:8]) + r_low + r
    whole = count.astype(np.int64)
    j = whole & (_STEPS - 1)
    power = tables.powers[0].take(j)
    return power, tables.powers[1].take(j) + power * grown, whole >> 6


class _Reduced(NamedTuple):
    """x = 2^k (1 + r + r_low) / c: ln x is ln c's and 2^k's (high + low), and ln(1 + r + r_low)."""

    high: Doubles
    low: Doubles
    r: Doubles
    r_low: Doubles


def _reduced(x: Doubles, x_low: Doubles | None = None) -> _Reduced:
    """For x > 0, subnormal ones as well; x_low is at most half a unit in the last place of x."""
    tables = _tables()
    subnormal = x < 2.0**-1022
    if subnormal.any():
        # Subnormal numbers have fewer digits in front: scaled up, they are as others,
        # and the exponent is set right below.
        x = np.where(subnormal, x * 2.0**54, x)
    bits = x.view(np.int64)
    # Counted from the beginning of the octave, exponent and interval are bits of one difference.
    place = bits - _BEGIN
    k = place >> 52
    j = (place >> 45) & (_INTERVALS - 1)
    m = bits - (k << 52)
    # The first 26 bits of the mantissa and the others, times the 9 bits of c: both products are exact.
    short = (m & ~((1 << 27) - 1)).view(np.float64)
    rest = m.view(np.float64) - short
    if x_low is not None:
        rest = rest + x_low * ((1023 - k) << 52).view(np.float64)
    c = tables.inverses.take(j)
    r, r_low = two_sum(short * c - 1, rest * c)
    exponent = (k - 54 * subnormal).astype(np.float64)
    high = tables.logarithms[0].take(j) + exponent * tables.ln2[0]
    low = tables.logarithms[1].take(j) + exponent * tables.ln2[1]
    return _Reduced(high, low, r, r_low)


def _ln_pair(x: Doubles, x_low: Doubles | None = None) -> Pair:
    """ln(x + x_low) for x > 0, to about 68 bits."""
    base, base_low, r, r_low = _reduced(x, x_low)
    # Half of r has few enough bits for its square to be exact.
    short = (r.view(np.int64) & ~((1 << 27) - 1)).view(np.float64)
    half_square, half_square_low = 0.5 * short * short, 0.5 * (r + short) * (r - short)
    tail = r * r * r * polynomial(r, _LN_TAIL)
    first, error = two_sum(base, r)
    high, more = two_sum(first, -half_square)
    return quick_two_sum(high, error + more + (tail - half_square_low + (r_low - r * r_low) + base_low))


@total
def exp(x: Doubles) -> Doubles:
    """e^x."""
    m, tail, k = _exp(np.clip(x, -_LARGEST, _LARGEST))
    return scaled(m + tail, k)


@total
def ln(x: Doubles) -> Doubles:
    """The natural logarithm of x > 0."""
    base, base_low, r, r_low = _reduced(_positive(x))
    first, error = two_sum(base, r)
    tail = r * r * (r * polynomial(r, _LN_TAIL[:6]) - 0.5)
    return _where(x > 0, first + (tail + (error + r_low + base_low)))


@total
def log2(x: Doubles) -> Doubles:
    """The logarithm of x > 0 to the base 2; whole for powers of 2."""
    # By way of a pair, so that powers of 2 have whole logarithms.
    return _where(x > 0, times_pair(_ln_pair(_positive(x)), _tables().per_ln2)[0])


@total
def log10(x: Doubles) -> Doubles:
    """The logarithm of x > 0 to the base 10; whole for powers of 10."""
    return _where(x > 0, times_pair(_ln_pair(_positive(x)), _tables().per_ln10)[0])


@total
def log(base: Doubles, x: Doubles) -> Doubles:
    """The logarithm of x > 0 to a base > 0 other than 1."""
    usable = (x > 0) & (base > 0) & (base != 1)
    (high, low), (over, over_low) = _ln_pair(_positive(x)), _ln_pair(np.where(usable, base, 2.0))
    # The quotient of two pairs: a division, and one correction by what it leaves.
    quotient = high / over
    product, error = two_product(quotient, over)
    return _where(usable, quotient + ((high - product - error) + (low - quotient * over_low)) / over)


@total
def pow(x: Doubles, y: Doubles) -> Doubles:
    """x to the power of y: for x > 0, for x = 0 with y >= 0, and for x < 0 with whole y; exact where a double is."""
    high, low = _ln_pair(np.where(x == 0, 1.0, np.abs(x)))
    y_bounded = np.clip(y, -(2.0**70), 2.0**70)  # so that the product stays finite; x^y is 0, 1 or infinite by then
    # A power needs more digits of the logarithm than a double has, since the exponent multiplies its error.
    product, error = two_product(high, y_bounded)
    bounded = np.abs(product) <= _LARGEST
    m, tail, k = _exp(np.clip(product, -_LARGEST, _LARGEST), np.where(bounded, error + low * y_bounded, 0.0))
    power = scaled(m + tail, k)
    # Whether y is odd decides the sign; doubles from 2^53 on are all even.
    odd = np.floor(y * 0.5) * 2 != y
    power = np.where((x < 0) & odd, np.where(np.floor(y) == y, -power, np.nan), power)
    return np.where(x == 0, np.where(y > 0, 0.0, np.where(y == 0, 1.0, np.nan)), power)


@total
def cbrt(x: Doubles) -> Doubles:
    """The cube root of any x; whole for cubes of whole numbers."""
    # A third as a pair, so that cubes of whole numbers have whole roots.
    third = pair_of(EXACT.divide(Decimal(1), Decimal(3)))
    m, tail, k = _exp(*times_pair(_ln_pair(np.where(x == 0, 1.0, np.abs(x))), third))
    return np.where(x == 0, x, np.copysign(scaled(m + tail, k), x))


def _half_powers(magnitude: Doubles) -> Pair:
    """e^x / 2 and e^-x / 2."""
    m, tail, k = _exp(np.minimum(magnitude, _LARGEST))
    grown = scaled(m + tail, k - 1)
    return grown, 0.25 / grown


def _small_sinh(x: Doubles) -> Doubles:
    """For |x| < 1/2, where the difference of powers would cancel."""
    square = x * x
    return x + x * (square * polynomial(square, _FACTORIALS[3:18:2]))


@total
def sinh(x: Doubles) -> Doubles:
    """The hyperbolic sine."""
    # Functions that are odd or even are reckoned for magnitudes, and so are exactly symmetric.
    magnitude = np.abs(x)
    grown, shrunk = _half_powers(magnitude)
    small = _small_sinh(np.minimum(magnitude, 0.5))
    return np.copysign(np.where(magnitude < 0.5, small, grown - shrunk), x)


@total
def cosh(x: Doubles) -> Doubles:
    """The hyperbolic cosine."""
    grown, shrunk = _half_powers(np.abs(x))
    return grown + shrunk


@total
def tanh(x: Doubles) -> Doubles:
    """The hyperbolic tangent."""
    magnitude = np.minimum(np.abs(x), 40.0)  # it is 1 to the last digit from 20 on
    grown, shrunk = _half_powers(magnitude)
    small = _small_sinh(np.minimum(magnitude, 0.5))
    return np.copysign(np.where(magnitude < 0.5, small, grown - shrunk) / (grown + shrunk), x)


def _ln_of_one_and(u: Doubles) -> Doubles:
    """ln(1 + u) for u >= 0, exact in the relative sense down to the smallest u."""
    # 1 + u as a pair, since a small u would be rounded away beside 1.
    return _ln_pair(*two_sum(np.ones_like(u), u))[0]


def _ln_twice(x: Doubles) -> Doubles:
    """ln(2 x), for any x > 0."""
    high, low = _ln_pair(x)
    return high + (low + sum(_tables().ln2))


@total
def asinh(x: Doubles) -> Doubles:
    """The inverse hyperbolic sine."""
    magnitude = np.abs(x)
    near = np.minimum(magnitude, 2.0**30)  # beyond, sqrt(x² + 1) is x
    square = near * near
    # Of small arguments asinh x = ln(1 + x + x² / (1 + sqrt(1 + x²))) keeps the
    # digits that ln(x + sqrt(x² + 1)) loses.
    small = _ln_of_one_and(near + square / (1 + np.sqrt(1 + square)))
    return np.copysign(np.where(magnitude < 2.0**30, small, _ln_twice(np.maximum(magnitude, 1.0))), x)


@total
def acosh(x: Doubles) -> Doubles:
    """The inverse hyperbolic cosine of x >= 1."""
    above = np.clip(x - 1, 0.0, 2.0**30)
    small = _ln_of_one_and(above + np.sqrt(above * 2 + above * above))
    return _where(x >= 1, np.where(x < 2.0**30, small, _ln_twice(np.maximum(x, 1.0))))


@total
def atanh(x: Doubles) -> Doubles:
    """The inverse hyperbolic tangent of |x| < 1."""
    magnitude = np.minimum(np.abs(x), 1 - 2.0**-53)
    half = 0.5 * _ln_of_one_and(2 * magnitude / (1 - magnitude))
    return _where(np.abs(x) < 1, np.copysign(half, x))


def _positive(x: Doubles) -> Doubles:
    return np.where(x > 0, x, 1.0)


def _where(usable: NDArray[np.bool_], result: Doubles) -> Doubles:
    return np.where(usable, result, np.nan)
