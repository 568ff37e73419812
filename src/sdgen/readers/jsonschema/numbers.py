"""The numbers of a JSON Schema: between limits, without some, in steps."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from sdgen.inference.names import snake
from sdgen.readers.jsonschema.shapes import Shape
from sdgen.readers.jsonschema.spellings import SCALAR_TYPES
from sdgen.readers.jsonschema.texts import Value, examples_of, spec, whole
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import Type, parse_type

_WHOLE = re.compile(
    r"(?:.*_)?(?:id|ids|count|counts|number|num|nr|position|index|year|month|day|hour|minute|size|bytes|rank|ranking|priority|level|"
    r"age|quantity|qty|views|clicks|likes|followers|following|comments|seats|port|version|order|sequence|points|stars|page|"
    r"impressions|conversions|opens|bounces|unsubscribes|visits|sessions|users|members|total_(?:items|results|count|records)|"
    r"width|height|duration_ms|attempts|retries|replies|shares|reads|employees)"
)


_MOST_MULTIPLES = 200  # multiples of a fraction that are listed
_LEAST_SHARE = 0.05  # of numbers that are multiples: where fewer are, some are listed instead
MOST_SPAN = 10**7  # a wider range of numbers is a limit, not a hint at their size


def base_type(shape: Shape) -> Type:
    text = SCALAR_TYPES.get((shape.kind, shape.format)) or SCALAR_TYPES[(shape.kind, "")]
    digits, places = whole(shape.keywords.get("x-digits")), whole(shape.keywords.get("x-places"))
    if shape.kind == "number" and shape.format == "decimal" and (digits or places is not None):
        digits = min(digits or 18, 38)
        return Type("decimal", precision=digits, scale=min(places or (0 if places == 0 else 2), digits))
    return _parsed(text)


_parsed = lru_cache(maxsize=256)(parse_type)


def number_value(name: str, shape: Shape) -> Value | None:
    if shape.kind not in ("integer", "number"):
        return None
    type = base_type(shape)
    examples = [value for value in examples_of(shape) if not isinstance(value, bool) and isinstance(value, int | float)]
    # Authors write `number` for counts and years as well: a name or examples that are whole tell it.
    if type.kind == "double" and not shape.format and (_WHOLE.fullmatch(snake(name)) or _all_whole(examples, shape)):
        type = Type("bigint")
    return Value(type, _limited(shape, type))


def _all_whole(examples: list[Any], shape: Shape) -> bool:
    step = shape.keywords.get("multipleOf")
    if isinstance(step, int) and not isinstance(step, bool) and step > 0:
        return True
    return len(examples) > 1 and all(isinstance(value, int) for value in examples)


def _limited(shape: Shape, type: Type) -> GeneratorSpec | None:
    """Numbers between limits, where both say how large the numbers are."""
    low, high = (
        inner_limit(shape, "minimum", "exclusiveMinimum", 1),
        inner_limit(shape, "maximum", "exclusiveMaximum", -1),
    )
    step = decimal_type(shape.keywords.get("multipleOf"))
    if low is None and high is None and not (step and step > 1):
        return None
    # "At least 0" or 1 is what any count says; the name tells more of its size.
    if high is None and low is not None and low <= 1 and not (step and step > 1):
        return None
    low, high = both(low, high, step)
    excluded = excluded_values(shape)
    if excluded and type.kind in ("int", "bigint"):
        return without(low, high, int(step or 1), excluded)
    # Limits such as those of a 32-bit integer bound the type, and say nothing of usual values.
    if high < low or high - low > MOST_SPAN or abs(low) > 10**15:
        return None
    return range_value(low, high, step, type.kind in ("int", "bigint"))


def excluded_values(shape: Shape) -> set[int]:
    """The whole numbers that a schema says it doesn't take."""
    found = (decimal_type(each) for each in shape.keywords.get("x-not", ()))
    return {int(value) for value in found if value is not None}


def without(least: Decimal, most: Decimal, step: int, excluded: set[int]) -> GeneratorSpec | None:
    """Whole numbers without some: listed where they are few, else those above or below, whichever are more."""
    low, high = int(least.to_integral_value("ROUND_CEILING")), int(most.to_integral_value("ROUND_FLOOR"))
    if high - low <= _MOST_MULTIPLES * step:
        values = [value for value in range(-(-low // step) * step, high + 1, step) if value not in excluded]
        return spec("choice", values=values) if values else None
    for value in sorted(excluded):
        if low <= value <= high:
            low, high = (value + 1, high) if high - value > value - low else (low, value - 1)
    return range_value(Decimal(low), Decimal(high), Decimal(step), True)


def both(low: Decimal | None, high: Decimal | None, step: Decimal | None) -> tuple[Decimal, Decimal]:
    """Both limits, the missing one as far away as numbers of that size are wide."""
    known = low if low is not None else high if high is not None else Decimal(0)
    span = max(abs(known) * 9, Decimal(1000), (step or Decimal(0)) * 1000)
    if low is None:
        low = Decimal(0) if high is None or high > 0 else high - span
    return low, high if high is not None else low + span


def range_value(low: Decimal, high: Decimal, step: Decimal | None, whole: bool) -> GeneratorSpec | None:
    if whole or (step and step == step.to_integral_value()):
        size = int(step) if step and step == step.to_integral_value() and step >= 1 else 1
        start, end = (
            -(-int(low.to_integral_value("ROUND_CEILING")) // size) * size,
            int(high.to_integral_value("ROUND_FLOOR")),
        )
        return spec("uniform_int", min=start, max=end, **({"step": size} if size > 1 else {})) if start <= end else None
    if step and step > 0:
        stepped = _stepped(low, high, step)
        if stepped is not None:
            return stepped
    # Enough places for both ends, or values could not come near them.
    places = max(2, *(min(12, -int(value.normalize().as_tuple().exponent)) for value in (low, high, step or low)))
    return spec("uniform_float", min=float(low), max=float(high), precision=places) if low < high else None


def _stepped(low: Decimal, high: Decimal, step: Decimal) -> GeneratorSpec | None:
    """Multiples of a fraction, as validators tell them that divide binary numbers: 0.3 / 0.1 is 2.9999999999999996."""
    first = (low / step).to_integral_value("ROUND_CEILING") * step
    count = int((high - first) / step) + 1
    if count < 2:
        return None
    size = float(step)
    every = (float(first + number * step) for number in range(0, count, max(1, count // _MOST_MULTIPLES)))
    values = [value for value in every if value / size == int(value / size)]
    if not values or count <= _MOST_MULTIPLES:
        return spec("choice", values=values) if values else None
    places = min(12, -int(step.normalize().as_tuple().exponent))
    numbers = {"min": float(first), "max": float(first + (count - 1) * step), "precision": places}
    share = float(Decimal(10) ** -places / step)  # of the numbers with so many places
    if share < _LEAST_SHARE:
        return spec("choice", values=values)
    value, check = {"generator": "uniform_float", "params": numbers}, f"value / {size} = floor(value / {size})"
    return spec("restricted", value=value, check=check, otherwise={"generator": "choice", "params": {"values": values}})


def inner_limit(shape: Shape, key: str, exclusive: str, inward: int) -> Decimal | None:
    """A bound that is a value itself: of an exclusive one, the next number inwards."""
    value, other = decimal_type(shape.keywords.get(key)), shape.keywords.get(exclusive)
    tick = (Decimal(1) if shape.kind == "integer" else _tick(shape)) * inward
    if other is True and value is not None:  # draft 4
        return value + tick
    beyond = decimal_type(other)
    if beyond is None:
        return value
    inside = beyond + tick
    return inside if value is None else max(value, inside) if inward > 0 else min(value, inside)


def _tick(shape: Shape) -> Decimal:
    """The step from an exclusive limit inwards: 0.01, or less where the limits are close together."""
    words = shape.keywords
    limits = [decimal_type(words.get(key)) for key in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")]
    known = [each for each in limits if each is not None]
    step, tick = decimal_type(words.get("multipleOf")), Decimal("0.01")
    if step:
        return min(step, tick)
    span = max(known) - min(known) if len(known) > 1 else Decimal(1)
    while span > 0 and tick * 20 > span and tick > Decimal("1e-9"):
        tick /= 10
    return tick


def decimal_type(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return found if found.is_finite() and abs(found) < 10**18 else None
