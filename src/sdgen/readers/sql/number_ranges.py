"""Ranges of numbers that CHECKs leave: their ends within a type, and generators between them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise

from sdgen.generators.base import Generator
from sdgen.generators.choices.choices import Choice
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import INTEGER_BITS, INTEGERS, Type

SPAN = 1000  # of a range with one end


def widest(low: Decimal, high: Decimal, refused: Iterable[Decimal], step: Decimal) -> tuple[Decimal, Decimal]:
    """The longest stretch of a range in which none of some values lies."""
    # A step outside both ends, so that each stretch lies between two marks and begins a step behind the first.
    marks = [low - step, *sorted(value for value in refused if low <= value <= high), high + step]
    return max(((start + step, end - step) for start, end in pairwise(marks)), key=lambda ends: ends[1] - ends[0])


def step_of(type: Type) -> Decimal:
    if type.kind in INTEGERS:
        return Decimal(1)
    return Decimal(1).scaleb(-(type.scale if type.kind == "decimal" else 2))


def rounded_to(value: Decimal, step: Decimal, up: bool) -> Decimal:
    whole = value / step
    below = whole.to_integral_value(rounding="ROUND_CEILING" if up else "ROUND_FLOOR")
    return below * step


def is_on_edge(value: Decimal, step: Decimal, open: bool) -> int:
    return int(open and value % step == 0)


def limits(type: Type) -> tuple[Decimal, Decimal]:
    """The least and greatest value of a numeric type; floats up to what they hold exactly."""
    if type.kind in INTEGERS:
        unsigned = type.kind not in INTEGER_BITS
        bits = INTEGER_BITS[type.kind.removeprefix("u") if unsigned else type.kind]
        return (
            (Decimal(0), Decimal(2**bits - 1))
            if unsigned
            else (Decimal(-(2 ** (bits - 1))), Decimal(2 ** (bits - 1) - 1))
        )
    if type.kind == "decimal":
        high = (Decimal(10) ** type.precision - 1).scaleb(-type.scale)
        return -high, high
    return Decimal(-(2**24)), Decimal(2**24)  # a float of 32 bits holds no odd number beyond


def closed_range(low: Decimal | None, high: Decimal | None, type: Type) -> tuple[Decimal, Decimal]:
    """Both ends, the missing one SPAN away or at zero, within what the type holds."""
    least, most = limits(type)
    if low is None:
        assert high is not None
        # Numbers of databases are rarely negative unless something says so.
        low = Decimal(0) if high > 0 else high - SPAN
    if high is None:
        # A range that begins at a million is not a thousand wide: it grows with its start.
        high = max(low + SPAN, low * 2) if low > 1 else Decimal(SPAN)
    return max(low, least), min(high, most)


def stays_within(chosen: Generator, low: Decimal | None, high: Decimal | None) -> bool:
    """Whether a generator with ends of its own, or a list of numbers, stays within a range."""
    least, most = _ends(chosen)
    if least is None or most is None:
        return False
    try:
        return (low is None or Decimal(str(least)) >= low) and (high is None or Decimal(str(most)) <= high)
    except ArithmeticError:
        return False


def _ends(chosen: Generator) -> tuple[object, object]:
    if chosen.needs():  # its ends are those of a distance from another column
        return None, None
    listed = [value for value, _ in chosen.entries] if isinstance(chosen, Choice) else []
    if listed and all(isinstance(value, int | float) for value in listed):
        return min(listed), max(listed)
    return getattr(chosen, "min", None), getattr(chosen, "max", None)


def range_spec(type: Type, low: Decimal, high: Decimal) -> GeneratorSpec:
    """Numbers of a type from low to high, both included."""
    if type.kind in INTEGERS:
        return GeneratorSpec(type="uniform_int", params={"min": int(low), "max": int(high)})
    ends = {"min": _number(low), "max": _number(high)}
    if type.kind == "decimal":
        return GeneratorSpec(type="decimal", params=ends)
    return GeneratorSpec(type="uniform_float", params={**ends, "precision": 2})


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
