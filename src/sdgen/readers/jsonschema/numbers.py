"""Limits of numbers in a JSON Schema → a generator of numbers within them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from sdgen.readers.jsonschema.shapes import Shape
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import Type

_MOST_LISTED = 200  # multiples of a fraction that are listed
_MOST_SPAN = 10**7  # a wider range of numbers is a limit, not a hint at their size


def _spec(generator: str, **params: Any) -> GeneratorSpec:
    return GeneratorSpec(type=generator, params=params)


def limited(shape: Shape, type: Type) -> GeneratorSpec | None:
    """Numbers between limits, where both say how large the numbers are."""
    low, high = _limit(shape, "minimum", "exclusiveMinimum", 1), _limit(shape, "maximum", "exclusiveMaximum", -1)
    step = _decimal(shape.words.get("multipleOf"))
    if low is None and high is None and not (step and step > 1):
        return None
    if high is None and low is not None and low <= 1 and not (step and step > 1):
        return None
    low, high = _both(low, high, step)
    if high < low or high - low > _MOST_SPAN or abs(low) > 10**15:
        return None
    return _range(low, high, step, type.kind in ("int", "bigint"))


def _both(low: Decimal | None, high: Decimal | None, step: Decimal | None) -> tuple[Decimal, Decimal]:
    """Both limits, the missing one as far away as numbers of that size are wide."""
    known = low if low is not None else high if high is not None else Decimal(0)
    span = max(abs(known) * 9, Decimal(1000), (step or Decimal(0)) * 1000)
    if low is None:
        low = Decimal(0) if high is None or high > 0 else high - span
    return low, high if high is not None else low + span


def _range(low: Decimal, high: Decimal, step: Decimal | None, whole: bool) -> GeneratorSpec | None:
    if whole or (step and step == step.to_integral_value()):
        size = int(step) if step and step == step.to_integral_value() and step >= 1 else 1
        start, end = (
            -(-int(low.to_integral_value("ROUND_CEILING")) // size) * size,
            int(high.to_integral_value("ROUND_FLOOR")),
        )
        return (
            _spec("uniform_int", min=start, max=end, **({"step": size} if size > 1 else {})) if start <= end else None
        )
    if step and step > 0:
        stepped = _stepped(low, high, step)
        if stepped is not None:
            return stepped
    places = max(2, *(min(12, -int(value.normalize().as_tuple().exponent)) for value in (low, high, step or low)))
    return _spec("uniform_float", min=float(low), max=float(high), precision=places) if low < high else None


def _stepped(low: Decimal, high: Decimal, step: Decimal) -> GeneratorSpec | None:
    """Multiples of a fraction: all of them where they are few, or so many decimal places where it is 0.1, 0.01 …"""
    first = (low / step).to_integral_value("ROUND_CEILING") * step
    count = int((high - first) / step) + 1
    if count > 1 and step.normalize().as_tuple().digits == (1,):
        places = min(12, -int(step.normalize().as_tuple().exponent))
        return _spec("uniform_float", min=float(first), max=float(first + (count - 1) * step), precision=places)
    if 1 < count <= _MOST_LISTED:
        return _spec("choice", values=[float(first + number * step) for number in range(count)])
    return None


def _limit(shape: Shape, key: str, exclusive: str, inward: int) -> Decimal | None:
    """A bound that is a value itself: of an exclusive one, the next number inwards."""
    value, other = _decimal(shape.words.get(key)), shape.words.get(exclusive)
    tick = Decimal(1 if shape.kind == "integer" else "0.01") * inward
    if other is True and value is not None:  # draft 4
        return value + tick
    beyond = _decimal(other)
    if beyond is None:
        return value
    inside = beyond + tick
    return inside if value is None else max(value, inside) if inward > 0 else min(value, inside)


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return found if found.is_finite() and abs(found) < 10**18 else None
