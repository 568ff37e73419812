"""The values of a scalar JSON Schema: its column type, and a generator where keywords say more than the name does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sdgen.inference.moments import DAY, epoch_unit, form_of_text, text_form
from sdgen.readers.jsonschema.numbers import (
    MOST_SPAN,
    base_type,
    both,
    decimal_type,
    excluded_values,
    inner_limit,
    number_value,
    range_value,
    without,
)
from sdgen.readers.jsonschema.shapes import Shape
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
from sdgen.scenario.types import Type

_ALWAYS = re.compile(
    r"\balways (?:be |is |equals? |equal to |set to |has the value )?['\"`“](\w[\w.-]{0,40})['\"`”]", re.IGNORECASE
)


def scalar_value(name: str, shape: Shape, strict: bool = False) -> Value:
    """What a scalar's schema says of its values; the first of the readers that has an answer.

    strict: limits count even where the name says more of what the values are like.
    """
    # The strict readers come first: they answer only where limits are set.
    readers = (*_STRICT_READERS, *_READERS) if strict else _READERS
    return next(found for read in readers if (found := read(name, shape)) is not None)


def written(form: str) -> GeneratorSpec:
    """A moment that the field's name decides on, written as text; a day alone needs no form."""
    value = {"type": "date" if _is_day(form) else "timestamptz"}
    return spec("as_text", value=value) if form == DAY else spec("as_text", value=value, format=form)


def _is_day(form: str) -> bool:
    return not re.search(r"%-?[HIMSfspXcTR]|%_?ms|%epoch", form)


def _nothing(name: str, shape: Shape) -> Value | None:
    if shape.kind != "null":
        return None
    return Value(Type("text"), spec("const", value=None), ("is null and nothing else",), 1.0)


def _listed(name: str, shape: Shape) -> Value | None:
    """enum and const."""
    # const is an enum of one, and goes first where a schema has both.
    values = [shape.keywords["const"]] if "const" in shape.keywords else shape.keywords.get("enum")
    if not isinstance(values, list):
        return None
    kept = [*dict.fromkeys(value for value in values if isinstance(value, str | int | float | bool))]
    if not kept:
        return None
    type = base_type(shape)
    # An enum's values count for more than the type beside it: authors list numbers under `type: string`.
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
    # The default is where most records begin, and mostly stay.
    if default not in values or isinstance(default, list | dict):
        return {}
    return {"weights": [3 if value == default else 1 for value in values]}


def _truth(name: str, shape: Shape) -> Value | None:
    return Value(Type("bool")) if shape.kind == "boolean" else None


def _moment(name: str, shape: Shape) -> Value | None:
    """Dates and times by format; texts and numbers that are moments by their form, name or description."""
    type = base_type(shape)
    if type.kind in ("timestamptz", "timestamp", "date", "time"):
        return Value(type, _bounded_moment(shape, type))
    if shape.kind == "string":
        # Another format says what the text is: it is no moment, whatever its name.
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
    # A number that is said to be a date-time counts from 1970; in seconds, where nothing says otherwise.
    unit = "s" if shape.format in ("unix-time", "date-time") else epoch_unit(name, shape.description)
    return Value(Type("bigint"), spec("epoch", start="-2y", unit=unit)) if unit else None


def _bounded_moment(shape: Shape, type: Type) -> GeneratorSpec | None:
    """Moments between the bounds that models have words for, and JSON Schema has not."""
    start, end = (shape.keywords.get(key) for key in ("x-start", "x-end"))
    if type.kind == "time" or (start is None and end is None):
        return None
    # A bound of models may lie ahead of now: the other end must be on the same side of it.
    begins, ends = start or "-5y", end or ("+1y" if str(start).startswith("+") else "now")
    if start is None and str(end)[:4].isdigit():
        begins = f"{max(1, int(str(end)[:4]) - 40):04d}-01-01"
    if start is not None and end is None and not str(start).startswith("+"):
        ends = None if str(start)[:4] < "2020" else "+1y"
    generator = "date" if type.kind == "date" else "datetime"
    return spec(generator, start=begins, **({"end": ends} if ends else {}))


def _fitting_length(form: str, shape: Shape) -> bool:
    length = whole(shape.keywords.get("maxLength"))
    # 2024-03-15 has ten characters, 2024-03-15T10:20:30Z twenty.
    return length is None or length >= (10 if form == DAY else 20)


def _form_by_example(shape: Shape) -> str:
    texts = [value for value in [*examples_of(shape), shape.keywords.get("default")] if isinstance(value, str)]
    return next((form for text in texts if (form := form_of_text(text))), "")


def _plain(name: str, shape: Shape) -> Value:
    told = ("has no type: taken as text",) if shape.kind == "any" and not shape.told else ()
    return Value(text_type(shape), None, told)


_READERS: tuple[Callable[[str, Shape], Value | None], ...] = (
    _nothing,
    _listed,
    _always,
    _truth,
    _moment,
    number_value,
    *TEXTS,
    _plain,
)


def _exact_number(name: str, shape: Shape) -> Value | None:
    """Numbers between limits of any size, the missing one not far away."""
    if shape.kind not in ("integer", "number") or _listed(name, shape) is not None:
        return None
    type = base_type(shape)
    low, high = (
        inner_limit(shape, "minimum", "exclusiveMinimum", 1),
        inner_limit(shape, "maximum", "exclusiveMaximum", -1),
    )
    step = decimal_type(shape.keywords.get("multipleOf"))
    if low is None and high is None and not step:
        return None
    low, high = both(low, high, step)
    # A wider range is a limit, and no hint at the numbers' size: they stay near its lower end.
    if low <= high:
        high = min(high, low + max(MOST_SPAN, (step or 0) * 1000))
    if (excluded := excluded_values(shape)) and type.kind in ("int", "bigint"):
        return Value(type, without(low, high, int(step or 1), excluded))
    return Value(type, range_value(low, high, step, type.kind in ("int", "bigint")))


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
