"""Ranges of numbers that a column's type holds."""

from __future__ import annotations

from decimal import Decimal

from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import INTEGER_BITS, INTEGERS


def limits(kind: str) -> tuple[int, int] | None:
    """The least and the greatest number of a whole-number type."""
    if kind not in INTEGERS:
        return None
    bits = INTEGER_BITS[kind.removeprefix("u") if kind not in INTEGER_BITS else kind]
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if kind in INTEGER_BITS else (0, 2**bits - 1)


def between(kind: str, low: Decimal, high: Decimal, whole: bool = False) -> GeneratorSpec | None:
    """Numbers of a type within a range; None where it holds none of them."""
    most = limits(kind)
    if most is not None:
        low, high = max(low, Decimal(most[0])), min(high, Decimal(most[1]))
        if low > high or low != int(low) or high != int(high):
            return None
    if most is not None or whole:
        return GeneratorSpec(type="uniform_int", params={"min": int(low), "max": int(high)})
    if kind == "decimal":
        return GeneratorSpec(type="decimal", params={"min": _plain(low), "max": _plain(high)})
    places = 4 if high - low <= 1 else 3 if high - low <= 10 else 2
    return GeneratorSpec(type="uniform_float", params={"min": _plain(low), "max": _plain(high), "precision": places})


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)
