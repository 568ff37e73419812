"""Sine, cosine, tangent and their inverses, from + - * / and square roots alone.

Angles up to 2^50 are reduced to |s| <= pi / 128 by a table of the circle's 128 points j pi / 64, with pi in as many
parts as keep each product exact (Cody & Waite, "Software Manual for the Elementary Functions", 1980). Beyond 2^50,
where neighbouring doubles are a quarter apart and more, there is no sine.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
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
    table_of,
    times_pair,
    total,
    two_product,
    two_sum,
)

_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
PI = float(_PI)
_POINTS = 128  # of the circle
_LARGEST = 2.0**50
_NEAR = 2.0**20  # as far as steps of pi / 64 can be counted exactly
# Taylor's coefficients and not minimax ones, which would save terms and could not be checked by eye.
_SINE = [(-1.0) ** n / factorial(2 * n + 1) for n in range(1, 5)]  # sin s = s + s³ (-1/6 + s²/120 …)
_COSINE = [(-1.0) ** n / factorial(2 * n) for n in range(1, 6)]  # cos s = 1 + s² (-1/2 + s²/24 …)
_ARCS = 64  # of the arctangent's table, in [0, 1]
_ARC = [(-1.0) ** n / (2 * n + 1) for n in range(1, 6)]  # atan u = u + u³ (-1/3 + u²/5 …)


class _Tables(NamedTuple):
    """Constants worked out once by decimal arithmetic, which is exact to 60 digits everywhere."""

    sines: Pair  # of j pi / 64
    arcs: Pair  # the arctangents of j / 64
    step: tuple[float, ...]  # pi / 64: three parts short enough to be multiplied by 2^25, and the rest
    quarter: tuple[float, ...]  # pi / 2, in full parts


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    with localcontext(EXACT):
        rising = [_sine(j * _PI / 64) for j in range(_POINTS // 4)]
        # A quarter of the circle is reckoned, the rest is its mirror images, so that symmetric
        # angles have exactly opposite sines.
        half = [*rising, Decimal(1), *rising[:0:-1]]
        return _Tables(
            sines=table_of([*half, *(-sine for sine in half)]),
            arcs=table_of(_arctangent(Decimal(j) / _ARCS) for j in range(_ARCS + 1)),
            # A step counted up to 2^25 times 27 bits stays within the 53 bits of a
            # double, so that each product is exact.
            step=_parts(_PI / 64, 27, 27, 27, 53),
            quarter=_parts(_PI / 2, 53, 53, 53),
        )


def _sine(x: Decimal) -> Decimal:
    """By Taylor's series, for 0 <= x < 2: for tables alone."""
    term = result = x
    for n in range(2, 80, 2):
        term = -term * x * x / (n * (n + 1))
        result += term
    return result


def _arctangent(x: Decimal) -> Decimal:
    """By Euler's series, for 0 <= x <= 1: for tables alone."""
    ratio = x * x / (1 + x * x)
    term = result = x / (1 + x * x)
    for n in range(1, 250):
        term = term * ratio * (2 * n) / (2 * n + 1)
        result += term
    return result


def _parts(exact: Decimal, *bits: int) -> tuple[float, ...]:
    """The number as a sum of doubles that have so many bits."""
    parts: list[float] = []
    for each in bits:
        parts.append(pair_of(exact - sum(map(Decimal, parts)), each)[0])
    return tuple(parts)


class _Angle(NamedTuple):
    """j pi / 64 + s + s_low."""

    j: NDArray[np.int64]
    s: Doubles
    s_low: Doubles


def _angle(x: Doubles) -> _Angle:
    """x as a point of the circle and what remains, for |x| <= 2^50."""
    near = _stepped(np.clip(x, -_NEAR, _NEAR))
    far = np.abs(x) > _NEAR
    if not far.any():
        return near
    turned = _turned(x[far])
    for into, values in zip(near, turned, strict=True):
        into[far] = values
    return near


def _stepped(x: Doubles, x_low: Doubles | float = 0.0) -> _Angle:
    first, second, third, fourth = _tables().step
    # Multiplying by the inverse may miss the nearest step by one, which only makes s somewhat larger.
    steps = np.rint(x * (1 / first))
    # Each subtraction keeps what it rounds off: near a multiple of pi little else is left of the angle.
    s, error = two_sum(x - steps * first, -(steps * second))
    s, more = two_sum(s, -(steps * third))
    s, s_low = quick_two_sum(s, error + more - steps * fourth + x_low)
    return _Angle(steps.astype(np.int64), s, s_low)


def _turned(x: Doubles) -> _Angle:
    """By quarters of the circle first, of which there are too many to be multiplied exactly by less than pairs."""
    first, second, third = _tables().quarter
    quarters = np.rint(x * (1 / first))
    product, product_low = two_product(quarters, first)
    next_product, next_low = two_product(quarters, second)
    rest, error = two_sum(x - product, -product_low)
    rest, more = two_sum(rest, -next_product)
    angle = _stepped(*quick_two_sum(rest, error + more - next_low - quarters * third))
    # Whole turns don't matter, so that two bits of the count of quarters are enough.
    return angle._replace(j=angle.j + (quarters.astype(np.int64) & 3) * (_POINTS // 4))


def _sine_of(angle: _Angle, turn: int = 0) -> Doubles:
    """The sine of an angle and `turn` 128th parts of a circle."""
    sines, sines_low = _tables().sines
    place = (angle.j + turn) & (_POINTS - 1)
    square = angle.s * angle.s
    small = angle.s + (angle.s * square * polynomial(square, _SINE) + angle.s_low)
    sine = sines.take(place)
    cosine = sines.take((place + _POINTS // 4) & (_POINTS - 1))
    # The small terms are summed up first, so that only the last addition rounds what counts.
    return sine + (sines_low.take(place) + (sine * (square * polynomial(square, _COSINE)) + cosine * small))


def _within(x: Doubles, result: Doubles) -> Doubles:
    return np.where(np.abs(x) <= _LARGEST, result, np.nan)


def _bounded(x: Doubles) -> Doubles:
    return np.clip(x, -_LARGEST, _LARGEST)


@total
def sin(x: Doubles) -> Doubles:
    """The sine of an angle up to 2^50."""
    # The sign of a zero is kept, as IEEE 754 wants it of a sine.
    return _within(x, np.where(x == 0, x, _sine_of(_angle(_bounded(x)))))


@total
def cos(x: Doubles) -> Doubles:
    """The cosine of an angle up to 2^50."""
    return _within(x, _sine_of(_angle(_bounded(x)), _POINTS // 4))


@total
def tan(x: Doubles) -> Doubles:
    """The tangent of an angle up to 2^50."""
    angle = _angle(_bounded(x))
    return _within(x, np.where(x == 0, x, _sine_of(angle) / _sine_of(angle, _POINTS // 4)))


@total
def cot(x: Doubles) -> Doubles:
    """The cotangent of an angle up to 2^50 other than 0."""
    angle = _angle(_bounded(x))
    return _within(x, _sine_of(angle, _POINTS // 4) / _sine_of(angle))


def _arc(y: Doubles, x: Doubles) -> Doubles:
    """The angle of the point (x, y) with x, y >= 0, one of them above 0, in [0, pi / 2]."""
    arcs, arcs_low = _tables().arcs
    steep = y > x
    over, under = np.where(steep, x, y), np.where(steep, y, x)
    # Products with the table's points must neither overflow nor lose digits among the subnormal numbers.
    scale = np.where(under > 2.0**1000, 2.0**-100, np.where(under < 2.0**-900, 2.0**200, 1.0))
    over, under = over * scale, under * scale
    j = np.rint(over / under * _ARCS)
    point = j / _ARCS
    # The tangent of a difference of angles, by which the quotient is brought near a point of the table.
    u = (over - point * under) / (under + point * over)
    square = u * u
    tail = u * square * polynomial(square, _ARC)
    index = j.astype(np.int64)
    base, base_low = arcs.take(index), arcs_low.take(index)
    first, error = two_sum(base, u)
    flat = first + (error + base_low + tail)
    # The angle of a steep point is a quarter of the circle less that of its mirror image, in a pair of doubles.
    half, half_low = pair_of(_PI / 2)
    rest, rest_error = two_sum(np.full_like(first, half), -first)
    return np.where(steep, rest + (rest_error + half_low - (error + base_low + tail)), flat)


@total
def atan2(y: Doubles, x: Doubles) -> Doubles:
    """The angle of the point (x, y), in [-pi, pi]; 0 for the origin."""
    origin = (x == 0) & (y == 0)
    # The origin has no angle, and gets one here, so that nothing is divided by zero; it is 0 by definition.
    arc = _arc(np.abs(y), np.where(origin, 1.0, np.abs(x)))
    return np.copysign(np.where((x < 0), PI - arc, arc), y)


@total
def atan(x: Doubles) -> Doubles:
    """The arctangent of any x, in [-pi / 2, pi / 2]."""
    return np.copysign(_arc(np.abs(x), np.ones_like(x)), x)


@total
def asin(x: Doubles) -> Doubles:
    """The arcsine of |x| <= 1, in [-pi / 2, pi / 2]."""
    magnitude = np.minimum(np.abs(x), 1.0)
    # (1 - x)(1 + x) and not 1 - x², which would lose the digits near 1.
    arc = _arc(magnitude, np.sqrt((1 - magnitude) * (1 + magnitude)))
    return np.where(np.abs(x) <= 1, np.copysign(arc, x), np.nan)


@total
def acos(x: Doubles) -> Doubles:
    """The arccosine of |x| <= 1, in [0, pi]."""
    magnitude = np.minimum(np.abs(x), 1.0)
    arc = _arc(np.sqrt((1 - magnitude) * (1 + magnitude)), magnitude)
    return np.where(np.abs(x) <= 1, np.where(x < 0, PI - arc, arc), np.nan)


@total
def degrees(x: Doubles) -> Doubles:
    """An angle in degrees, from radians."""
    return _converted(x, pair_of(EXACT.divide(Decimal(180), _PI)))


@total
def radians(x: Doubles) -> Doubles:
    """An angle in radians, from degrees."""
    return _converted(x, pair_of(EXACT.divide(_PI, Decimal(180))))


def _converted(x: Doubles, factor: tuple[float, float]) -> Doubles:
    # Exact products need room at both ends of the doubles' range; there the plain product is as good.
    roomy = (np.abs(x) > 2.0**-900) & (np.abs(x) < 2.0**900)
    return np.where(roomy, times_pair((np.where(roomy, x, 1.0), np.zeros_like(x)), factor)[0], x * factor[0])
