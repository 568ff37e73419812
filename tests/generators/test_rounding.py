"""Rounding: halves away from zero, as the numbers are written, for any number of digits."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, localcontext

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from sdgen.generators import streams
from sdgen.generators.arrays.rounding import rounded, rounded_decimals, truncated, units

DIGITS = [0, 1, 2, 3, 4, 6, 9, 12, 15, 18, -1, -2, -4]


def awkward(digits: int, count: int) -> NDArray[np.float64]:
    """Numbers of up to 15 digits, most of them beside a half or a border at so many digits."""
    words = streams.draw(streams.stream_key(1, "rounding", str(digits)), np.arange(count))
    whole = (words % np.uint64(10**6)).astype(np.float64)
    many = (words % np.uint64(10**14)).astype(np.float64)
    unit = streams.unit(words)
    texts = [f"{int(n)}.5e{-digits}" for n in whole[: count // 4]] + [
        f"{int(n)}e{-digits - 1}" for n in many[: count // 4]
    ]
    sizes = np.ldexp(1 + unit, (words >> np.uint64(58)).astype(np.int32) - 40)
    values = np.concatenate([[float(text) for text in texts], whole * 0.005, unit * 1000, sizes, [0.0, 5e-324]])
    values = np.concatenate([values, np.nextafter(values, np.inf), np.nextafter(values, -np.inf)])
    values = np.where(np.arange(len(values)) % 2, -values, values)
    return values[np.abs(values) * 10.0**digits < 1e14]


def written(value: float, digits: int, mode: str) -> float:
    exact = Decimal(repr(value))
    return (
        float(exact.quantize(Decimal(1).scaleb(-digits), mode)) if -digits > int(exact.as_tuple().exponent) else value
    )


@pytest.mark.parametrize("digits", DIGITS)
def test_as_the_numbers_are_written(digits: int) -> None:
    values = awkward(digits, 2_000)
    with localcontext(Context(prec=400)):
        nearest = [written(value, digits, ROUND_HALF_UP) for value in values.tolist()]
        cut = [written(value, digits, ROUND_DOWN) for value in values.tolist()]
    assert rounded(values, digits).tolist() == nearest
    assert truncated(values, digits).tolist() == cut
    each = np.full(len(values), digits, np.int64)
    assert rounded(values, each).tolist() == nearest
    if 0 <= digits < 10:
        scaled = [int(Decimal(repr(value)).scaleb(digits).to_integral_value(ROUND_HALF_UP)) for value in nearest]
        assert units(values, digits).tolist() == scaled


def test_halves_that_are_no_doubles() -> None:
    values = np.array([1.005, 2.675, 0.285, 1.115, -1.005, 0.5, 1.5, 2.5, -0.5, 0.49999999999999994])
    assert rounded(values, 2).tolist()[:5] == [1.01, 2.68, 0.29, 1.12, -1.01]
    assert rounded(values).tolist()[5:] == [1.0, 2.0, 3.0, -1.0, 0.0]
    assert truncated(np.array([0.29, 0.57, 1.1, -0.29, 4.35]), 2).tolist() == [0.29, 0.57, 1.1, -0.29, 4.35]
    assert (
        rounded(np.array([0.285, 1.005, 2.5], np.float32), 2).tolist()
        == np.array([0.29, 1.01, 2.5], np.float32).tolist()
    )


def test_numbers_without_such_digits_stay() -> None:
    huge = np.array([1e300, 2.0**52, 2.0**60 + 4096, -1e17, 5e-324, np.inf, -np.inf])
    assert rounded(huge, 2).tolist() == [*huge[:4], 0.0, np.inf, -np.inf]
    assert truncated(huge, 2).tolist() == [*huge[:4], 0.0, np.inf, -np.inf]
    assert rounded(np.array([1.5, 1e-300]), 400).tolist() == [1.5, 1e-300]
    assert rounded(np.array([1.5, 1e300]), -400).tolist() == [0.0, 0.0]
    assert np.isnan(rounded(np.array([np.nan]), 2)).all()
    assert np.isnan(units(np.array([2.0**52, np.nan, np.inf]), 0)).all()
    assert rounded(np.array([12345678.0], np.float32), 3).tolist() == [12345678.0]
    assert np.signbit(rounded(np.array([-0.2]))).all()


def test_digits_of_each_number() -> None:
    values = np.full(5, 1234.5678)
    assert rounded(values, np.array([-2, 0, 1, 3, 9])).tolist() == [1200.0, 1235.0, 1234.6, 1234.568, 1234.5678]
    assert rounded(np.array([])).tolist() == []


def test_decimals_round_exactly() -> None:
    array = pa.array([Decimal("0.125"), Decimal("-0.125"), Decimal("0.1249"), None], pa.decimal128(38, 4))
    assert rounded_decimals(array, 2).to_pylist() == [Decimal("0.13"), Decimal("-0.13"), Decimal("0.12"), None]
