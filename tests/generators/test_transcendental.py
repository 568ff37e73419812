"""Transcendental functions of our own: their error against an exact reference, their domains, their very bits.

`python -m tests.generators.test_transcendental` writes transcendental_digests.json anew, which is a change of
everybody's data.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from sdgen.generators import streams
from sdgen.generators.expressions import transcendental as own

DIGESTS = Path(__file__).with_name("transcendental_digests.json")
BOUND = 5e-16  # of the relative error: two units in the last place; the documentation promises 1e-15
LEAST, MOST = 5e-324, 1.7976931348623157e308
Doubles = NDArray[np.float64]
reference = mpmath.mp.clone()
reference.prec = 200


def unit(name: str, count: int) -> Doubles:
    return streams.unit(streams.draw(streams.stream_key(1, name), np.arange(count)))


def scaled(name: str, count: int, low: int, high: int) -> Doubles:
    """Numbers of either sign whose sizes spread evenly over powers of two."""
    exponents = low + np.floor(unit(f"{name}/exponent", count) * (high - low)).astype(np.int32)
    signs = np.where(unit(f"{name}/sign", count) < 0.5, -1.0, 1.0)
    return np.ldexp((1 + unit(name, count)) * signs, exponents)


def beside(*points: float) -> Doubles:
    """Points and their neighbours, at all distances."""
    steps = [0.0, *(sign * 2.0**-k for k in range(1, 54) for sign in (1, -1))]
    return np.array([point * (1 + step) for point in points for step in steps])


def grid(count: int) -> Doubles:
    """Ordinary and awkward arguments: zeros, subnormal and huge ones, whole numbers, multiples of pi, neighbours of 1."""
    quarters = np.floor((unit("quarters", count) - 0.5) * 2.0**40)
    parts = [
        np.array([0.0, -0.0, LEAST, -LEAST, 2.0**-1022, MOST, -MOST, 709.78, -708.4, -745.1, 2.0**50, -(2.0**20)]),
        scaled("wide", count, -1074, 1023),
        scaled("middle", 2 * count, -30, 10),
        scaled("angles", count, 10, 49),
        quarters * (math.pi / 2),
        np.arange(-100.0, 100.0) * (math.pi / 64),
        np.arange(-50.0, 50.0),
        np.arange(-50.0, 50.0) / 8,
        np.array([float(f"1e{n}") for n in range(-20, 23)]),
        np.array([2.0**n for n in range(-40, 40)]),
        beside(1.0, -1.0, math.sqrt(0.5), math.sqrt(2), 0.5, 2.0**30, math.pi),
    ]
    return np.concatenate(parts)


def pairs(count: int) -> tuple[Doubles, Doubles]:
    first = np.concatenate([grid(count), scaled("bases", 4 * count, -2, 6), beside(1.0), np.arange(60.0)])
    second = np.concatenate(
        [grid(count)[::-1], scaled("powers", 4 * count, -5, 6), scaled("high", len(beside(1.0)), 0, 53)]
    )
    whole = np.floor(unit("whole", len(first) - len(second)) * 41) - 20
    return first, np.concatenate([second, whole])


def real(function: Callable[..., Any]) -> Callable[..., Any]:
    """A reference that is NaN where the function isn't real."""

    def of(*arguments: Any) -> Any:
        try:
            value = function(*arguments)
        except (ValueError, ZeroDivisionError):
            return reference.nan
        return value if isinstance(value, reference.mpf) else reference.nan

    return of


def angle(function: Callable[..., Any]) -> Callable[..., Any]:
    return real(lambda x: function(x) if abs(x) <= 2**50 else reference.nan)


def positive(function: Callable[..., Any]) -> Callable[..., Any]:
    return real(lambda *xs: function(*xs) if min(xs) > 0 else reference.nan)


def power(x: Any, y: Any) -> Any:
    if x == 0:
        return reference.mpf(0) if y > 0 else reference.mpf(1) if y == 0 else reference.nan
    if x < 0:
        return (-1) ** int(y) * power(-x, y) if y == int(y) else reference.nan
    return reference.exp(max(min(y * reference.log(x), reference.mpf(10000)), reference.mpf(-10000)))


UNARY: dict[str, Callable[..., Any]] = {
    "exp": lambda x: reference.exp(max(min(x, 10000), -10000)),
    "ln": positive(reference.log),
    "log2": positive(lambda x: reference.log(x, 2)),
    "log10": positive(reference.log10),
    "cbrt": lambda x: reference.sign(x) * reference.cbrt(abs(x)),
    "sin": angle(reference.sin),
    "cos": angle(reference.cos),
    "tan": angle(reference.tan),
    "cot": angle(reference.cot),
    "asin": real(lambda x: reference.asin(x) if abs(x) <= 1 else reference.nan),
    "acos": real(lambda x: reference.acos(x) if abs(x) <= 1 else reference.nan),
    "atan": reference.atan,
    "sinh": lambda x: reference.sinh(max(min(x, 10000), -10000)),
    "cosh": lambda x: reference.cosh(min(abs(x), 10000)),
    "tanh": lambda x: reference.tanh(max(min(x, 10000), -10000)),
    "asinh": lambda x: reference.sign(x) * reference.asinh(abs(x)),
    "acosh": real(lambda x: reference.acosh(x) if x >= 1 else reference.nan),
    "atanh": real(lambda x: reference.atanh(x) if abs(x) < 1 else reference.nan),
    "degrees": reference.degrees,
    "radians": reference.radians,
}
BINARY: dict[str, Callable[..., Any]] = {
    "pow": power,
    "log": positive(lambda b, x: reference.log(x) / reference.log(b) if b != 1 else reference.nan),
    "atan2": lambda y, x: reference.atan2(y, x) if x or y else reference.mpf(0),
}
ALL = [*UNARY, *BINARY]


def arguments(name: str, count: int) -> tuple[Doubles, ...]:
    return pairs(count) if name in BINARY else (grid(count),)


def error(value: float, exact: Any) -> float:
    """The relative error; among the subnormal numbers, in units of their last place, as if each had 53 bits."""
    if reference.isnan(exact) or abs(exact) > MOST * (1 + reference.mpf(2) ** -54):
        return 0.0 if math.isnan(value) else math.inf
    scale = max(abs(exact), reference.mpf(2) ** -1022)
    return float(abs(reference.mpf(value) - exact) / scale) if math.isfinite(value) else math.inf


@pytest.mark.parametrize("name", ALL)
def test_relative_error(name: str) -> None:
    taken = arguments(name, 150)
    values = getattr(own, name)(*taken)
    exact = {**UNARY, **BINARY}[name]
    rows = zip(*(each.tolist() for each in taken), strict=True)
    errors = [error(value, exact(*map(reference.mpf, row))) for value, row in zip(values.tolist(), rows, strict=True)]
    worst = int(np.argmax(errors))
    assert errors[worst] < BOUND, (name, [each[worst] for each in taken], values[worst])


def test_exact_results_are_exact() -> None:
    base, exponent = (each.ravel() for each in np.meshgrid(np.arange(-40.0, 41), np.arange(0.0, 33)))
    whole = [int(b) ** int(e) for b, e in zip(base, exponent, strict=True)]
    small = np.array([abs(value) < 2**53 for value in whole])
    assert own.pow(base, exponent)[small].tolist() == [float(v) for v, fits in zip(whole, small, strict=True) if fits]
    assert own.log2([2.0**n for n in range(-1074, 1024)]).tolist() == list(range(-1074, 1024))
    assert own.log10([float(f"1e{n}") for n in range(23)]).tolist() == list(range(23))
    assert own.cbrt(np.arange(-1000.0, 1001) ** 3).tolist() == np.arange(-1000.0, 1001).tolist()
    assert own.log(np.full(50, 3.0), [3.0**n for n in range(33)] + [1.0] * 17).tolist() == [*range(33), *[0] * 17]
    assert own.pow([2.25, 1e4], 0.5).tolist() == [1.5, 100.0]
    assert [float(own.exp(0.0)), float(own.ln(1.0)), float(own.sin(0.0)), float(own.cos(0.0))] == [1.0, 0.0, 0.0, 1.0]
    assert float(own.degrees(own.PI)) == 180.0
    assert math.pi == own.PI


def test_what_is_not_finite_gives_nothing() -> None:
    for name in UNARY:
        assert np.isnan(getattr(own, name)([math.inf, -math.inf, math.nan])).all(), name
    for name in BINARY:
        assert np.isnan(getattr(own, name)([math.inf, 1.0, math.nan, 1.0], [1.0, math.inf, 1.0, math.nan])).all(), name


def test_shapes_and_blocks_do_not_matter() -> None:
    x = grid(20_000)
    for name in ("exp", "ln", "sin", "pow"):
        function = getattr(own, name)
        many = function(*([x] if name != "pow" else [x, 1.5]))
        few = function(*([x[8000:8400]] if name != "pow" else [x[8000:8400], 1.5]))
        assert np.array_equal(many[8000:8400], few, equal_nan=True)
        assert np.array_equal(function(*([x[::-1]] if name != "pow" else [x[::-1], 1.5]))[::-1], many, equal_nan=True)
    assert own.exp([]).shape == (0,)
    assert own.exp(1.0).shape == ()
    assert own.pow([[1.0, 2.0], [3.0, 4.0]], 2.0).tolist() == [[1.0, 4.0], [9.0, 16.0]]
    assert own.exp(np.arange(3)).dtype == np.float64


def digest(name: str) -> str:
    values = getattr(own, name)(*arguments(name, 5_000))
    return hashlib.sha256(np.where(np.isnan(values), 7e77, values).astype("<f8").tobytes()).hexdigest()


def test_the_same_bits_everywhere() -> None:
    assert {name: digest(name) for name in ALL} == json.loads(DIGESTS.read_text("utf-8"))


def test_the_same_bits_on_a_lesser_processor() -> None:
    """numpy takes other ways on a processor with fewer instructions, and its own exp gives other bits there."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__  # type: ignore[import-not-found]

    features = " ".join(name for name in __cpu_dispatch__ if __cpu_features__.get(name))
    code = "from tests.generators import test_transcendental as t; print(*map(t.digest, t.ALL))"
    environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": features}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert ran.stdout.split() == list(json.loads(DIGESTS.read_text("utf-8")).values())


@pytest.mark.parametrize("name", ["exp", "ln", "sin"])
def test_speed(name: str) -> None:
    x = 50 * unit("speed", 1 << 17) + 0.01
    function = getattr(own, name)
    times = []
    for _ in range(20):
        started = time.process_time()
        function(x)
        times.append(time.process_time() - started)
    assert len(x) / min(times) > 2e6  # some 15 million a second on one quiet core


if __name__ == "__main__":
    DIGESTS.write_text(json.dumps({name: digest(name) for name in ALL}, indent=1) + "\n", "utf-8")
