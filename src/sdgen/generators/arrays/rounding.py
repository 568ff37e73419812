"""Rounding to decimal digits, by one definition everywhere: to the nearest, halves away from zero.

A half such as 2.675 is seldom a double. Here the double nearest to it counts as the half, so that numbers round as they
are written: 2.675 to 2.68 and 1.005 to 1.01, though both doubles lie below the half. The comparison is exact, since
the nearest double is what one division by a power of ten gives.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

WHOLE = 2.0**52  # from here on a double is a whole number: there is nothing to round
_WHOLE_SINGLE = 2.0**23
# The doubles nearest to 1, 10, 100 …: exact up to 10^22, and close enough for the numbers that need more.
_POWERS = np.array([float(f"1e{digits}") for digits in range(310)])

_Floats = TypeVar("_Floats", NDArray[np.float32], NDArray[np.float64])
_Doubles = NDArray[np.float64]
_Digits = int | NDArray[np.int64]


def rounded(values: _Floats, digits: _Digits = 0) -> _Floats:
    """Floats at so many digits behind the point, or before it where that is negative."""
    if isinstance(digits, int) and 0 <= digits < len(_POWERS):
        counted = units(values, digits)
        result = (counted / _POWERS[digits]).astype(values.dtype, copy=False)
        return np.where(np.isnan(counted), values, result)
    return _at_digits(values, digits, nearest=True)


def truncated(values: _Floats, digits: _Digits = 0) -> _Floats:
    """Floats cut after so many digits; 0.29 has two of them, though its double lies below."""
    return _at_digits(values, digits, nearest=False)


def units(values: _Floats, digits: int) -> _Doubles:
    """Floats rounded and counted in units of 10^-digits, for digits >= 0; NaN where that is no exact number."""
    # A product that overflows and a power that is infinite are both found below: they are no exact number of units.
    with np.errstate(all="ignore"):
        magnitude = np.abs(values)
        times = magnitude * _POWERS[digits]
        # The product may have been rounded to the wrong side of a half; the comparison with (whole + 1/2) / 10^n, the
        # double that the half is, decides.
        whole: _Doubles = np.floor(times)
        half = whole + 0.5
        half /= _POWERS[digits]
        whole += magnitude >= half.astype(values.dtype, copy=False)
        # From the limit on neighbouring numbers lie a unit or more apart, so that a half is none.
        if len(times) and not times.max() < _limit(values):
            whole[~(times < _limit(values))] = np.nan
        np.copysign(whole, values, out=whole)
    return whole


def rounded_decimals(array: pa.Array, digits: int) -> pa.Array:
    """Decimals at so many digits behind the point, exactly; the Arrow type stays, and must have room for a carry."""
    # Decimals are exact, so that Arrow's rounding of them is ours too, and no release has changed it.
    return pc.round(array, digits, "half_towards_infinity")


def _at_digits(values: _Floats, digits: _Digits, nearest: bool) -> _Floats:
    # One of the two powers is 1: multiplying and dividing by it changes nothing, and saves a case.
    over = _POWERS[np.clip(digits, 0, 309)]
    under = _POWERS[np.clip(np.negative(digits), 0, 309)]
    with np.errstate(all="ignore"):
        magnitude = np.abs(values)
        times = magnitude * over
        times /= under
        whole = np.floor(times)
        if nearest:
            whole += magnitude >= _number(whole + 0.5, over, under).astype(values.dtype, copy=False)
        else:  # the product may have been rounded to either side of a whole number
            whole += magnitude >= _number(whole + 1, over, under).astype(values.dtype, copy=False)
            whole -= magnitude < _number(whole, over, under).astype(values.dtype, copy=False)
        result = np.where(whole > 0, _number(whole, over, under), 0.0).astype(values.dtype, copy=False)
        return np.where(times < _limit(values), np.copysign(result, values), values)


def _limit(values: _Floats) -> float:
    """The units from which on such floats lie too far apart to be rounded."""
    return WHOLE if values.dtype == np.float64 else _WHOLE_SINGLE


def _number(count: _Doubles, over: _Doubles, under: _Doubles) -> _Doubles:
    count = count / over
    count *= under
    return count
