"""Texts by what their schemas say of them: a format, an encoding, a pattern, examples, a length."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sdgen.generators.patterns.syntax import PatternError, read_pattern, shorter_pattern
from sdgen.inference.moments import DAY, ISO
from sdgen.inference.names import snake
from sdgen.readers.jsonschema.shapes import Shape
from sdgen.readers.jsonschema.spellings import NAMED_FORMATS, TEXT_GENERATORS
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import Type

MOST_LISTED = 200  # values of an enum or examples that are listed
_LONGEST_EXAMPLE = 60
_TEXT_DIGITS = re.compile(r"[1-9]\d{3,15}")
_PREFIXED = re.compile(r"([a-z]{2,12}_)([A-Za-z0-9]{8,40})")
_VERSION = re.compile(r"\d{1,4}(?:\.\d{1,4}){1,3}")
_HEXES = re.compile(r"[0-9a-f]{20,64}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NAMED_CODES = re.compile(r"(?:.*_)?(?:country|currency|language|locale|state|region|code|iso|lang|province)(?:_.*)?")


@dataclass(frozen=True)
class Value:
    """A type, and a generator where the name alone would not find the right one."""

    type: Type
    generator: GeneratorSpec | None = None
    told: tuple[str, ...] = ()
    null_rate: float | None = None


def spec(generator: str, **params: Any) -> GeneratorSpec:
    return GeneratorSpec(type=generator, params=params)


def whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**6 else None


def text_type(shape: Shape) -> Type:
    length = whole(shape.keywords.get("maxLength"))
    return Type("string", length=length) if length and length < 10_000 else Type("text")


def examples_of(shape: Shape) -> list[Any]:
    """The examples of a schema, in all places they may stand in."""
    words = shape.keywords
    listed = [words.get("examples"), words.get("example"), words.get("x-example")]
    found: list[Any] = []
    for each in listed:
        if isinstance(each, Mapping):  # OpenAPI: {name: {value: …}}
            each = [inner["value"] for inner in each.values() if isinstance(inner, Mapping) and "value" in inner]
        found += each if isinstance(each, list) else [] if each is None else [each]
    return [value for value in found if isinstance(value, str | int | float | bool)]


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
    type = text_type(shape)
    known = NAMED_FORMATS.get(shape.format)
    if known and re.search(known, snake(name)):
        return Value(type)
    generator, params = TEXT_GENERATORS[shape.format]
    return Value(type if type.length >= 40 or not type.length else Type("text"), spec(generator, **params))


def _encoded(name: str, shape: Shape) -> Value | None:
    """Bytes that are written as text."""
    if shape.kind != "string" or shape.keywords.get("contentEncoding") not in ("base64", "base64url"):
        return None
    return Value(Type("text"), spec("pattern", regex="[A-Za-z0-9]{22}=="))


def _patterned(name: str, shape: Shape) -> Value | None:
    pattern = shape.keywords.get("pattern")
    if shape.kind != "string" or not isinstance(pattern, str):
        return None
    takes = matcher(pattern)
    if takes is not None and (takes("some words") or takes("abcdefghij")):
        return None  # it takes plain words: the name says more
    known = kind_by_pattern(pattern)
    if known and (not text_type(shape).length or text_type(shape).length >= 40):
        generator, given = TEXT_GENERATORS[known]
        return Value(text_type(shape), spec(generator, **given))
    return pattern_value(shape)


def pattern_value(shape: Shape) -> Value:
    """Texts of a pattern, where it can be used."""
    pattern = shape.keywords["pattern"]
    if matcher(pattern) is None:
        return Value(
            text_type(shape), None, (f"the pattern {pattern[:80]!r} can't be used: values follow the name alone",)
        )
    type = text_type(shape)
    # Texts that are longer than maxLength takes can't be cut without breaking the pattern: it repeats less.
    shorter = shorter_pattern(pattern, type.length) if type.length else pattern
    return Value(type if shorter else Type("text"), spec("pattern", regex=shorter or pattern))


# What a regular expression is about, told by texts that it takes and others that it does not.
_MOMENTS = (
    ("2024-03-15T10:20:30Z", ISO),
    ("2024-03-15T10:20:30", "%Y-%m-%dT%H:%M:%S"),
    ("2024-03-15 10:20:30", "%Y-%m-%d %H:%M:%S"),
    ("2024-03-15", DAY),
)
_KINDS = {  # by the format that has the same texts
    "email": ("ana.berg@example.org", "o.neil12@example.com", "li@example.net"),
    "uri": ("https://example.net/garden/warm-river", "https://www.example.com/a/b-c", "https://blog.example.org/x"),
}
_NEITHER = ("abcdefgh", "12345678", "a", "")


def form_by_pattern(pattern: object) -> str:
    """The form of moments where a pattern takes one and no plain words or digits."""
    if not isinstance(pattern, str) or len(pattern) > 200 or not re.search(r"\\d|\[0-9\]|\(\?:0", pattern):
        return ""
    takes = matcher(pattern)
    if takes is None or any(takes(text) for text in _NEITHER):
        return ""
    return next((form for text, form in _MOMENTS if takes(text)), "")


def kind_by_pattern(pattern: str) -> str:
    """The format whose texts a pattern takes, where it takes no other ones; "" for none."""
    takes = matcher(pattern)
    if takes is None or any(takes(text) for text in _NEITHER):
        return ""
    # Several texts of each kind, since a pattern may fit one of them by luck.
    found = [kind for kind, texts in _KINDS.items() if all(map(takes, texts))]
    return found[0] if len(found) == 1 else ""


def matcher(pattern: str) -> Callable[[str], bool] | None:
    """Whether a text is of a pattern; None for patterns that can't be told in a short time."""
    try:
        read_pattern(pattern.removesuffix("$"), 8)  # what it refuses could take for ever
        compiled = re.compile(pattern)
    except (PatternError, re.error, RecursionError, OverflowError):
        return None
    return lambda text: compiled.fullmatch(text) is not None


def _exemplified(name: str, shape: Shape) -> Value | None:
    """Texts like the examples: one of them where they are several, or of the same form where that is plain."""
    texts = [value for value in examples_of(shape) if isinstance(value, str) and value.strip()]
    if shape.kind != "string" or not texts:
        return None
    type = text_type(shape)
    distinct = [*dict.fromkeys(texts)]
    # Examples of a fixed form stand for that form: two UUIDs are not the only ones there are.
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
    least, most = whole(shape.keywords.get("minLength")), whole(shape.keywords.get("maxLength"))
    if shape.kind != "string" or least is None or (least < 4 and least != most):
        return None
    if least == most and 0 < least <= 64:
        # Two or three letters of a country or a currency are real codes, which the rule for the name knows.
        if _NAMED_CODES.fullmatch(snake(name)) and least <= 3:
            return None
        letters = "A-Z0-9" if least <= 12 else "a-f0-9"
        return Value(text_type(shape), spec("pattern", regex=f"[{letters}]{{{least}}}"))
    if least <= 8 or least > 5000 or (most is not None and most < least + 12):
        return None
    return Value(text_type(shape), spec("text.words", min_length=least, **({"max_length": most} if most else {})))


TEXTS: tuple[Callable[[str, Shape], Value | None], ...] = (_formatted, _encoded, _patterned, _exemplified, _sized)
