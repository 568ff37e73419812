"""The values of a scalar JSON Schema: its column type, and a generator where keywords say more than the name does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sdgen.generators.patterns.syntax import longest, read_pattern
from sdgen.inference.moments import DAY, epoch_unit, form_of_text, text_form
from sdgen.inference.names import snake
from sdgen.readers.jsonschema.numbers import limited
from sdgen.readers.jsonschema.probes import form_by_pattern, kind_by_pattern, matcher
from sdgen.readers.jsonschema.shapes import Shape
from sdgen.readers.jsonschema.words import NAMED_FORMATS, SCALAR_TYPES, TEXT_GENERATORS
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import Type, parse_type

MOST_LISTED = 200  # values of an enum or examples that are listed
_LONGEST_EXAMPLE = 60
_WHOLE = re.compile(
    r"(?:.*_)?(?:id|ids|count|counts|number|num|nr|position|index|year|month|day|hour|minute|size|bytes|rank|ranking|priority|level|"
    r"age|quantity|qty|views|clicks|likes|followers|following|comments|seats|port|version|order|sequence|points|stars|page|"
    r"impressions|conversions|opens|bounces|unsubscribes|visits|sessions|users|members|total_(?:items|results|count|records)|"
    r"width|height|duration_ms|attempts|retries|replies|shares|reads|employees)"
)
_TEXT_DIGITS = re.compile(r"[1-9]\d{3,15}")
_PREFIXED = re.compile(r"([a-z]{2,12}_)([A-Za-z0-9]{8,40})")
_VERSION = re.compile(r"\d{1,4}(?:\.\d{1,4}){1,3}")
_HEXES = re.compile(r"[0-9a-f]{20,64}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ALWAYS = re.compile(
    r"\balways (?:be |is |equals? |equal to |set to |has the value )?['\"`“](\w[\w.-]{0,40})['\"`”]", re.IGNORECASE
)
_NAMED_CODES = re.compile(r"(?:.*_)?(?:country|currency|language|locale|state|region|code|iso|lang|province)(?:_.*)?")


@dataclass(frozen=True)
class Value:
    """A type, and a generator where the name alone would not find the right one."""

    type: Type
    generator: GeneratorSpec | None = None
    told: tuple[str, ...] = ()
    null_rate: float | None = None


def scalar_value(name: str, shape: Shape) -> Value:
    """What a scalar's schema says of its values; the first of the readers that has an answer."""
    return next(found for read in _READERS if (found := read(name, shape)) is not None)


def spec(generator: str, **params: Any) -> GeneratorSpec:
    return GeneratorSpec(type=generator, params=params)


def written(form: str) -> GeneratorSpec:
    """A moment that the field's name decides on, written as text; a day alone needs no form."""
    value = {"type": "date" if _is_day(form) else "timestamptz"}
    return spec("as_text", value=value) if form == DAY else spec("as_text", value=value, format=form)


def _is_day(form: str) -> bool:
    return not re.search(r"%-?[HIMSfspXcTR]|%_?ms|%epoch", form)


def _base(shape: Shape) -> Type:
    text = SCALAR_TYPES.get((shape.kind, shape.format)) or SCALAR_TYPES[(shape.kind, "")]
    digits, places = _whole(shape.words.get("x-digits")), _whole(shape.words.get("x-places"))
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
    values = [shape.words["const"]] if "const" in shape.words else shape.words.get("enum")
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
    weights = _weights(kept, shape.words.get("default"))
    return Value(type, spec("choice", values=kept, **weights), told)


def _always(name: str, shape: Shape) -> Value | None:
    """A text of which the description says that it is always the same."""
    match = _ALWAYS.search(shape.description) if shape.kind == "string" else None
    return Value(_text_type(shape), spec("const", value=match[1])) if match else None


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
        return Value(type)
    if shape.kind == "string":
        if shape.format and shape.format != "date-time":
            return None
        form = (
            shape.form
            or _form_by_example(shape)
            or form_by_pattern(shape.words.get("pattern"))
            or text_form(name, shape.description)
        )
        return Value(_text_type(shape), written(form)) if form and _fitting_length(form, shape) else None
    if shape.kind not in ("integer", "number"):
        return None
    unit = "s" if shape.format in ("unix-time", "date-time") else epoch_unit(name, shape.description)
    return Value(Type("bigint"), spec("epoch", start="-2y", unit=unit)) if unit else None


def _fitting_length(form: str, shape: Shape) -> bool:
    length = _whole(shape.words.get("maxLength"))
    return length is None or length >= (10 if form == DAY else 20)


def examples_of(shape: Shape) -> list[Any]:
    """The examples of a schema, in all places they may stand in."""
    words = shape.words
    listed = [words.get("examples"), words.get("example"), words.get("x-example")]
    found: list[Any] = []
    for each in listed:
        if isinstance(each, Mapping):  # OpenAPI: {name: {value: …}}
            each = [inner["value"] for inner in each.values() if isinstance(inner, Mapping) and "value" in inner]
        found += each if isinstance(each, list) else [] if each is None else [each]
    return [value for value in found if isinstance(value, str | int | float | bool)]


def _form_by_example(shape: Shape) -> str:
    texts = [value for value in [*examples_of(shape), shape.words.get("default")] if isinstance(value, str)]
    return next((form for text in texts if (form := form_of_text(text))), "")


def _number(name: str, shape: Shape) -> Value | None:
    if shape.kind not in ("integer", "number"):
        return None
    type = _base(shape)
    examples = [value for value in examples_of(shape) if not isinstance(value, bool) and isinstance(value, int | float)]
    if type.kind == "double" and not shape.format and (_WHOLE.fullmatch(snake(name)) or _all_whole(examples, shape)):
        type = Type("bigint")
    return Value(type, limited(shape, type))


def _all_whole(examples: list[Any], shape: Shape) -> bool:
    step = shape.words.get("multipleOf")
    if isinstance(step, int) and not isinstance(step, bool) and step > 0:
        return True
    return len(examples) > 1 and all(isinstance(value, int) for value in examples)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**6 else None


def _text_type(shape: Shape) -> Type:
    length = _whole(shape.words.get("maxLength"))
    return Type("string", length=length) if length and length < 10_000 else Type("text")


def _formatted(name: str, shape: Shape) -> Value | None:
    """Texts whose format has a generator of its own."""
    if shape.kind != "string" or not shape.format:
        return None
    if shape.format == "uuid":
        return Value(Type("uuid"))
    if shape.format == "decimal":
        return Value(Type("text"), spec("as_text", value={"type": "decimal(18,2)"}))
    if shape.format not in TEXT_GENERATORS:
        return None
    type = _text_type(shape)
    known = NAMED_FORMATS.get(shape.format)
    if known and re.search(known, snake(name)):
        return Value(type)
    generator, params = TEXT_GENERATORS[shape.format]
    return Value(type if type.length >= 40 or not type.length else Type("text"), spec(generator, **params))


def _encoded(name: str, shape: Shape) -> Value | None:
    """Bytes that are written as text."""
    if shape.kind != "string" or shape.words.get("contentEncoding") not in ("base64", "base64url"):
        return None
    return Value(Type("text"), spec("pattern", regex="[A-Za-z0-9]{22}=="))


def _patterned(name: str, shape: Shape) -> Value | None:
    pattern = shape.words.get("pattern")
    if shape.kind != "string" or not isinstance(pattern, str):
        return None
    takes = matcher(pattern)
    if takes is not None and (takes("some words") or takes("abcdefghij")):
        return None  # it takes plain words: the name says more
    known = kind_by_pattern(pattern)
    if known and (not _text_type(shape).length or _text_type(shape).length >= 40):
        generator, given = TEXT_GENERATORS[known]
        return Value(_text_type(shape), spec(generator, **given))
    if takes is None:
        return Value(
            _text_type(shape), None, (f"the pattern {pattern[:80]!r} can't be used: values follow the name alone",)
        )
    type = _text_type(shape)
    params = {"max_repeat": min(8, type.length)} if type.length and type.length < 8 else {}
    if type.length and _longest(pattern, params.get("max_repeat", 8)) > type.length:
        type = Type("text")
    return Value(type, spec("pattern", regex=pattern, **params))


def _longest(pattern: str, most: int) -> int:
    return longest(read_pattern(pattern, most))


def _exemplified(name: str, shape: Shape) -> Value | None:
    """Texts like the examples: one of them where they are several, or of the same form where that is plain."""
    texts = [value for value in examples_of(shape) if isinstance(value, str) and value.strip()]
    if shape.kind != "string" or not texts:
        return None
    type = _text_type(shape)
    distinct = [*dict.fromkeys(texts)]
    for form, make in _EXAMPLE_FORMS:
        match = form.fullmatch(distinct[0])
        if match:
            return Value(type, make(match))
    if len(distinct) < 2 or any(len(text) > _LONGEST_EXAMPLE for text in distinct) or _names_a_row(name):
        return None
    return Value(type, spec("choice", values=distinct[:MOST_LISTED]))


def _names_a_row(name: str) -> bool:
    return bool(
        re.fullmatch(
            r"(?:.*_)?(?:id|uuid|guid|key|token|email|url|uri|hash|name|first_name|last_name|phone)", snake(name)
        )
    )


def _digits(version: str) -> str:
    """The pattern of versions with as many digits as one has."""
    parts = ("[0-9]" if len(part) == 1 else f"[1-9][0-9]{{{len(part) - 1}}}" for part in version.split("."))
    return r"\.".join(parts)


_EXAMPLE_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], GeneratorSpec | None]], ...] = (
    (_UUID, lambda match: spec("uuid4")),
    (
        _PREFIXED,
        lambda match: spec("code.token", prefix=match[1], length=len(match[2])) if re.search(r"\d", match[2]) else None,
    ),
    (_VERSION, lambda match: spec("pattern", regex=_digits(match[0]))),
    (_HEXES, lambda match: spec("code.hex", length=len(match[0]))),
    (
        _TEXT_DIGITS,
        lambda match: spec("pattern", regex=f"[1-9][0-9]{{{len(match[0]) - 1}}}") if len(match[0]) > 4 else None,
    ),
)


def _sized(name: str, shape: Shape) -> Value | None:
    """Texts of a fixed or a least length, where the name alone may give shorter ones."""
    least, most = _whole(shape.words.get("minLength")), _whole(shape.words.get("maxLength"))
    if shape.kind != "string" or least is None or (least < 4 and least != most):
        return None
    if least == most and 0 < least <= 64:
        if _NAMED_CODES.fullmatch(snake(name)) and least <= 3:
            return None
        letters = "A-Z0-9" if least <= 12 else "a-f0-9"
        return Value(_text_type(shape), spec("pattern", regex=f"[{letters}]{{{least}}}"))
    if least <= 8 or least > 5000 or (most is not None and most < least + 12):
        return None
    return Value(_text_type(shape), spec("text.words", min_length=least, **({"max_length": most} if most else {})))


def _plain(name: str, shape: Shape) -> Value:
    told = ("has no type: taken as text",) if shape.kind == "any" and not shape.told else ()
    return Value(_text_type(shape), None, told)


_READERS: tuple[Callable[[str, Shape], Value | None], ...] = (
    _nothing,
    _listed,
    _always,
    _truth,
    _moment,
    _number,
    _formatted,
    _encoded,
    _patterned,
    _exemplified,
    _sized,
    _plain,
)
