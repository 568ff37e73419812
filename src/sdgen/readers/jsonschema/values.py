"""The values of a scalar JSON Schema: its column type, and a generator where keywords say more than the name does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from sdgen.inference.moments import DAY, epoch_unit, form_of_text, text_form
from sdgen.inference.names import snake
from sdgen.readers.jsonschema.shapes import Shape
from sdgen.readers.jsonschema.spellings import SCALAR_TYPES
from sdgen.readers.jsonschema.texts import (
    MOST_LISTED,
    TEXTS,
    Value,
    examples_of,
    form_by_pattern,
    pattern_value,
    spec,
    text_type,
    whole,
)
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import Type, parse_type

_WHOLE = re.compile(
    r"(?:.*_)?(?:id|ids|count|counts|number|num|nr|position|index|year|month|day|hour|minute|size|bytes|rank|ranking|priority|level|"
    r"age|quantity|qty|views|clicks|likes|followers|following|comments|seats|port|version|order|sequence|points|stars|page|"
    r"impressions|conversions|opens|bounces|unsubscribes|visits|sessions|users|members|total_(?:items|results|count|records)|"
    r"width|height|duration_ms|attempts|retries|replies|shares|reads|employees)"
)
_ALWAYS = re.compile(
    r"\balways (?:be |is |equals? |equal to |set to |has the value )?['\"`“](\w[\w.-]{0,40})['\"`”]", re.IGNORECASE
)
_MOST_MULTIPLES = 200  # multiples of a fraction that are listed
_MOST_SPAN = 10**7  # a wider range of numbers is a limit, not a hint at their size


def scalar_value(name: str, shape: Shape, strict: bool = False) -> Value:
    """What a scalar's schema says of its values; the first of the readers that has an answer.

    strict: limits count even where the name says more of what the values are like.
    """
    readers = (*_STRICT_READERS, *_READERS) if strict else _READERS
    return next(found for read in readers if (found := read(name, shape)) is not None)


def written(form: str) -> GeneratorSpec:
    """A moment that the field's name decides on, written as text; a day alone needs no form."""
    value = {"type": "date" if _is_day(form) else "timestamptz"}
    return spec("as_text", value=value) if form == DAY else spec("as_text", value=value, format=form)


def _is_day(form: str) -> bool:
    return not re.search(r"%-?[HIMSfspXcTR]|%_?ms|%epoch", form)


def _base(shape: Shape) -> Type:
    text = SCALAR_TYPES.get((shape.kind, shape.format)) or SCALAR_TYPES[(shape.kind, "")]
    digits, places = whole(shape.keywords.get("x-digits")), whole(shape.keywords.get("x-places"))
    if shape.kind == "number" and shape.format == "decimal" and (digits or places is not None):
        digits = min(digits or 18, 38)
        return Type("decimal", precision=digits, scale=min(places or (0 if places == 0 else 2), digits))
    return _parsed(text)


_parsed = lru_cache(maxsize=256)(parse_type)


def _nothing(name: str, shape: Shape) -> Value | None:
    if shape.kind != "null":
        return None
    return Value(Type("text"), spec("const", value=None), ("is null and nothing else",), 1.0)


def _listed(name: str, shape: Shape) -> Value | None:
    """enum and const."""
    values = [shape.keywords["const"]] if "const" in shape.keywords else shape.keywords.get("enum")
    if not isinstance(values, list):
        return None
    kept = [*dict.fromkeys(value for value in values if isinstance(value, str | int | float | bool))]
    if not kept:
        return None
    type = _base(shape)
    if type.kind in ("text", "bool") or not all(_fits(value, type) for value in kept):
        type = _type_of(kept)
    told = (f"the first {MOST_LISTED} of {len(kept)} values are taken",) if len(kept) > MOST_LISTED else ()
    kept = [_as(value, type) for value in kept[:MOST_LISTED]]
    if len(kept) == 1:
        return Value(type, spec("const", value=kept[0]), told)
    weights = _weights(kept, shape.keywords.get("default"))
    return Value(type, spec("choice", values=kept, **weights), told)


def _always(name: str, shape: Shape) -> Value | None:
    """A text of which the description says that it is always the same."""
    match = _ALWAYS.search(shape.description) if shape.kind == "string" else None
    return Value(text_type(shape), spec("const", value=match[1])) if match else None


def _fits(value: Any, type: Type) -> bool:
    if type.kind in ("int", "bigint"):
        return (
            isinstance(value, int)
            and not isinstance(value, bool)
            and abs(value) < (1 << 31 if type.kind == "int" else 1 << 63)
        )
    return (
        type.kind in ("double", "float", "decimal") and isinstance(value, int | float) and not isinstance(value, bool)
    )


def _type_of(values: list[Any]) -> Type:
    if all(isinstance(value, bool) for value in values):
        return Type("bool")
    return next(
        (type for type in (Type("bigint"), Type("double")) if all(_fits(value, type) for value in values)), Type("text")
    )


def _as(value: Any, type: Type) -> Any:
    if type.kind != "text" or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _weights(values: list[Any], default: Any) -> Mapping[str, Any]:
    """The default is the commonest value: as common as two others."""
    if default not in values or isinstance(default, list | dict):
        return {}
    return {"weights": [3 if value == default else 1 for value in values]}


def _truth(name: str, shape: Shape) -> Value | None:
    return Value(Type("bool")) if shape.kind == "boolean" else None


def _moment(name: str, shape: Shape) -> Value | None:
    """Dates and times by format; texts and numbers that are moments by their form, name or description."""
    type = _base(shape)
    if type.kind in ("timestamptz", "timestamp", "date", "time"):
        return Value(type, _bounded_moment(shape, type))
    if shape.kind == "string":
        if shape.format and shape.format != "date-time":
            return None
        form = (
            shape.form
            or _form_by_example(shape)
            or form_by_pattern(shape.keywords.get("pattern"))
            or text_form(name, shape.description)
        )
        return Value(text_type(shape), written(form)) if form and _fitting_length(form, shape) else None
    if shape.kind not in ("integer", "number"):
        return None
    unit = "s" if shape.format in ("unix-time", "date-time") else epoch_unit(name, shape.description)
    return Value(Type("bigint"), spec("epoch", start="-2y", unit=unit)) if unit else None


def _bounded_moment(shape: Shape, type: Type) -> GeneratorSpec | None:
    """Moments between the bounds that models have words for, and JSON Schema has not."""
    start, end = (shape.keywords.get(key) for key in ("x-start", "x-end"))
    if type.kind == "time" or (start is None and end is None):
        return None
    begins, ends = start or "-5y", end or ("+1y" if str(start).startswith("+") else "now")
    if start is not None and end is None and not str(start).startswith("+"):
        ends = None if str(start)[:4] < "2020" else "+1y"
    generator = "date" if type.kind == "date" else "datetime"
    return spec(generator, start=begins, **({"end": ends} if ends else {}))


def _fitting_length(form: str, shape: Shape) -> bool:
    length = whole(shape.keywords.get("maxLength"))
    return length is None or length >= (10 if form == DAY else 20)


def _form_by_example(shape: Shape) -> str:
    texts = [value for value in [*examples_of(shape), shape.keywords.get("default")] if isinstance(value, str)]
    return next((form for text in texts if (form := form_of_text(text))), "")


def _number(name: str, shape: Shape) -> Value | None:
    if shape.kind not in ("integer", "number"):
        return None
    type = _base(shape)
    examples = [value for value in examples_of(shape) if not isinstance(value, bool) and isinstance(value, int | float)]
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
    low, high = _limit(shape, "minimum", "exclusiveMinimum", 1), _limit(shape, "maximum", "exclusiveMaximum", -1)
    step = _decimal(shape.keywords.get("multipleOf"))
    if low is None and high is None and not (step and step > 1):
        return None
    if high is None and low is not None and low <= 1 and not (step and step > 1):
        return None
    low, high = _both(low, high, step)
    excluded = _excluded(shape)
    if excluded and type.kind in ("int", "bigint"):
        return _without(low, high, int(step or 1), excluded)
    if high < low or high - low > _MOST_SPAN or abs(low) > 10**15:
        return None
    return _range(low, high, step, type.kind in ("int", "bigint"))


def _excluded(shape: Shape) -> set[int]:
    """The whole numbers that a schema says it doesn't take."""
    found = (_decimal(each) for each in shape.keywords.get("x-not", ()))
    return {int(value) for value in found if value is not None}


def _without(least: Decimal, most: Decimal, step: int, excluded: set[int]) -> GeneratorSpec | None:
    """Whole numbers without some: listed where they are few, else those above or below, whichever are more."""
    low, high = int(least.to_integral_value("ROUND_CEILING")), int(most.to_integral_value("ROUND_FLOOR"))
    if high - low <= _MOST_MULTIPLES * step:
        values = [value for value in range(-(-low // step) * step, high + 1, step) if value not in excluded]
        return spec("choice", values=values) if values else None
    inside = [value for value in excluded if low <= value <= high]
    for value in inside:
        low, high = (value + 1, high) if high - value > value - low else (low, value - 1)
    return _range(Decimal(low), Decimal(high), Decimal(step), True)


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
        return spec("uniform_int", min=start, max=end, **({"step": size} if size > 1 else {})) if start <= end else None
    if step and step > 0:
        stepped = _stepped(low, high, step)
        if stepped is not None:
            return stepped
    places = max(2, *(min(12, -int(value.normalize().as_tuple().exponent)) for value in (low, high, step or low)))
    return spec("uniform_float", min=float(low), max=float(high), precision=places) if low < high else None


def _stepped(low: Decimal, high: Decimal, step: Decimal) -> GeneratorSpec | None:
    """Multiples of a fraction: all of them where they are few, or so many decimal places where it is 0.1, 0.01 …"""
    first = (low / step).to_integral_value("ROUND_CEILING") * step
    count = int((high - first) / step) + 1
    if count > 1 and step.normalize().as_tuple().digits == (1,):
        places = min(12, -int(step.normalize().as_tuple().exponent))
        return spec("uniform_float", min=float(first), max=float(first + (count - 1) * step), precision=places)
    if 1 < count <= _MOST_MULTIPLES:
        return spec("choice", values=[float(first + number * step) for number in range(count)])
    return None


def _limit(shape: Shape, key: str, exclusive: str, inward: int) -> Decimal | None:
    """A bound that is a value itself: of an exclusive one, the next number inwards."""
    value, other = _decimal(shape.keywords.get(key)), shape.keywords.get(exclusive)
    tick = (Decimal(1) if shape.kind == "integer" else _tick(shape)) * inward
    if other is True and value is not None:  # draft 4
        return value + tick
    beyond = _decimal(other)
    if beyond is None:
        return value
    inside = beyond + tick
    return inside if value is None else max(value, inside) if inward > 0 else min(value, inside)


def _tick(shape: Shape) -> Decimal:
    """The step from an exclusive limit inwards: 0.01, or less where the limits are close together."""
    words = shape.keywords
    limits = [_decimal(words.get(key)) for key in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")]
    known = [each for each in limits if each is not None]
    step, tick = _decimal(words.get("multipleOf")), Decimal("0.01")
    if step:
        return min(step, tick)
    span = max(known) - min(known) if len(known) > 1 else Decimal(1)
    while span > 0 and tick * 20 > span and tick > Decimal("1e-9"):
        tick /= 10
    return tick


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return found if found.is_finite() and abs(found) < 10**18 else None


def _plain(name: str, shape: Shape) -> Value:
    told = ("has no type: taken as text",) if shape.kind == "any" and not shape.told else ()
    return Value(text_type(shape), None, told)


_READERS: tuple[Callable[[str, Shape], Value | None], ...] = (
    _nothing,
    _listed,
    _always,
    _truth,
    _moment,
    _number,
    *TEXTS,
    _plain,
)


def _exact_number(name: str, shape: Shape) -> Value | None:
    """Numbers between limits of any size, the missing one not far away."""
    if shape.kind not in ("integer", "number") or _listed(name, shape) is not None:
        return None
    type = _base(shape)
    low, high = _limit(shape, "minimum", "exclusiveMinimum", 1), _limit(shape, "maximum", "exclusiveMaximum", -1)
    step = _decimal(shape.keywords.get("multipleOf"))
    if low is None and high is None and not step:
        return None
    low, high = _both(low, high, step)
    if low <= high:
        high = min(high, low + max(_MOST_SPAN, (step or 0) * 1000))
    if (excluded := _excluded(shape)) and type.kind in ("int", "bigint"):
        return Value(type, _without(low, high, int(step or 1), excluded))
    return Value(type, _range(low, high, step, type.kind in ("int", "bigint")))


def _exact_text(name: str, shape: Shape) -> Value | None:
    """Texts by their pattern, or of their lengths."""
    words = shape.keywords
    least, most = whole(words.get("minLength")) or 0, whole(words.get("maxLength"))
    if shape.kind != "string" or shape.format or _listed(name, shape) is not None:
        return None
    if isinstance(words.get("pattern"), str):
        return pattern_value(shape)
    if not least and most is None:
        return None
    most = max(least, 1, min(least + 12, 40)) if most is None else most
    return Value(Type("text"), spec("pattern", regex=f"[a-z]{{{least},{max(least, min(most, least + 12))}}}"))


_STRICT_READERS: tuple[Callable[[str, Shape], Value | None], ...] = (_exact_number, _exact_text)
