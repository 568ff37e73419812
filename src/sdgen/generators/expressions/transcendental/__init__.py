"""Transcendental functions of our own, the same to the last bit on every machine: over arrays of doubles.

They are made of + - * /, square roots, rounding to whole numbers and the bits of doubles, which IEEE 754 defines
exactly; the functions of that name in numpy and in databases take other ways on other processors. The relative error
is below 1e-15. Where an argument isn't finite, lies outside of the domain, or the result would be too large, the
result is NaN, so that no infinity ever comes of them.
"""

from sdgen.generators.expressions.transcendental.circular import (
    PI,
    acos,
    asin,
    atan,
    atan2,
    cos,
    cot,
    degrees,
    radians,
    sin,
    tan,
)
from sdgen.generators.expressions.transcendental.exponential import (
    acosh,
    asinh,
    atanh,
    cbrt,
    cosh,
    exp,
    ln,
    log,
    log2,
    log10,
    pow,
    sinh,
    tanh,
)

__all__ = [
    "PI",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "cos",
    "cosh",
    "cot",
    "degrees",
    "exp",
    "ln",
    "log",
    "log2",
    "log10",
    "pow",
    "radians",
    "sin",
    "sinh",
    "tan",
    "tanh",
]
