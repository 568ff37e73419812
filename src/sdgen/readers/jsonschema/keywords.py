"""What single keywords of a JSON Schema say: types, listed values, limits, fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from math import lcm
from typing import Any

from sdgen.readers.jsonschema.spellings import KINDS, TYPE_WORDS

Schema = Mapping[str, Any]

FORBIDDEN, EXCLUDED = "x-forbidden", "x-not"


class Contradiction(Exception):
    """No value is of both schemas."""


_KEYWORDS: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("required", "enum", "prefixItems", FORBIDDEN, EXCLUDED), list),
    **dict.fromkeys(("properties", "patternProperties"), Mapping),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), int),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), (int, float)),
    "pattern": str,
}


def sound(schema: Schema) -> Schema:
    """A schema without keywords whose values are none of theirs."""
    wrong = {key for key, types in _KEYWORDS.items() if key in schema and not isinstance(schema[key], types)}
    names = schema.get("required")
    if isinstance(names, list) and not all(isinstance(name, str) for name in names):
        schema = {**schema, "required": [name for name in names if isinstance(name, str)]}
    return {key: value for key, value in schema.items() if key not in wrong} if wrong else schema


def listed(schema: Schema, key: str) -> list[Any]:
    value = schema.get(key)
    return value if isinstance(value, list) else []


# ------------------------------------------------------------------ negations

# fmt: off
ANNOTATIONS = frozenset({
    "title", "description", "default", "examples", "example", "$schema", "$id", "$comment", "deprecated", "readOnly",
    "writeOnly", "format", "$defs", "definitions", "discriminator", "additionalProperties",
})
# fmt: on
FIRST = ("required", "const", "enum")


# ------------------------------------------------------------------ conjunctions

NUMBERS = frozenset({"integer", "number"})


def types_of(schema: Schema) -> frozenset[str] | None:
    """The types that a schema names, in JSON Schema's words; None where it names none."""
    value = schema.get("type")
    listed = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    # `type: [string, null]` in YAML has a null where JSON Schema has the word "null".
    words = [each.strip().lower() if isinstance(each, str) else "null" for each in listed]
    found = {word if word in KINDS else TYPE_WORDS.get(word, ("string", ""))[0] for word in words}
    return frozenset(found | ({"null"} if schema.get("nullable") is True else set())) if found else None


def modern(schema: Schema) -> Schema:
    """Draft 4's exclusive limits, which are true or false, as those of later drafts."""
    found = dict(schema)
    for key, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(found.get(key), bool):
            exclusive = found.pop(key)
            if exclusive and limit in found:
                found[key] = found.pop(limit)
    return found


def types_together(one: Schema, other: Schema) -> frozenset[str] | None:
    first, second = types_of(one), types_of(other)
    if first is None or second is None:
        return second if first is None else first
    both = first & second
    # Every integer is a number, so that both together are integers.
    if ("integer" in first and "number" in second) or ("number" in first and "integer" in second):
        both |= {"integer"}
    if "number" in both:
        both -= {"integer"}
    if not both:
        raise Contradiction
    return both


def same(one: object, other: object) -> bool:
    """Whether two values of JSON are the same: true is not 1, and 1.0 is."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def values_of(schema: Schema) -> list[Any] | None:
    """The values that const and enum leave; None where neither is there."""
    if "const" in schema:
        return [schema["const"]]
    return listed(schema, "enum") or None


_PYTHON: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": Mapping,
    "array": list,
}


def accepts(schema: Schema, value: object) -> bool:
    """Whether a listed value is of a schema's types and limits."""
    types = types_of(schema)
    if value is None:
        return types is None or "null" in types
    if types is not None and not any(_is_of(value, kind) for kind in types):
        return False
    if isinstance(value, str):
        pattern = schema.get("pattern")
        length = len(value)
        long = length <= schema.get("maxLength", length) and length >= schema.get("minLength", 0)
        return long and (not isinstance(pattern, str) or _matches(pattern, value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    limits = ((key, schema.get(key)) for key in _BREAKS)
    return not any(isinstance(limit, int | float) and _BREAKS[key](value, limit) for key, limit in limits)


_BREAKS: Mapping[str, Callable[[float, float], bool]] = {
    "minimum": lambda value, limit: value < limit,
    "maximum": lambda value, limit: value > limit,
    "exclusiveMinimum": lambda value, limit: value <= limit,
    "exclusiveMaximum": lambda value, limit: value >= limit,
    # By decimals: 0.3 is a multiple of 0.1, and not so in binary fractions.
    "multipleOf": lambda value, limit: bool(limit) and Decimal(str(value)) % Decimal(str(limit)) != 0,
}


def _is_of(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, float) and kind == "integer":
        # JSON Schema counts 1.0 as an integer.
        return value.is_integer()
    return kind in _PYTHON and isinstance(value, _PYTHON[kind])


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except (re.error, RecursionError, OverflowError):
        return True  # told where the pattern is used


def property_schema(schema: Schema, name: str) -> object:
    """What a schema says of a field: by its name, a pattern of names, or of all further ones."""
    properties = mapping(schema, "properties")
    matching = [each for key, each in mapping(schema, "patternProperties").items() if _matches(str(key), name)]
    own = [properties[name]] if name in properties else []
    if own or matching:
        found = [*own, *matching]
        return found[0] if len(found) == 1 else {"allOf": found}
    return schema.get("additionalProperties", True)


def mapping(schema: Schema, key: str) -> Mapping[str, Any]:
    value = schema.get(key)
    return value if isinstance(value, Mapping) else {}


def multiple(one: Any, other: Any) -> Any:
    """The least common multiple, of fractions too."""
    if not (_number(one) and _number(other) and one > 0 and other > 0):
        return other
    first, second = Decimal(str(one)), Decimal(str(other))
    scale = 10 ** max(0, *(-int(each.normalize().as_tuple().exponent) for each in (first, second)))
    value = Decimal(lcm(int(first * scale), int(second * scale))) / scale
    return int(value) if value == value.to_integral_value() else float(value)


def check_limits(found: Mapping[str, Any]) -> None:
    """Contradiction where no number, or no size, is between the limits."""
    for low, high in (("minLength", "maxLength"), ("minItems", "maxItems"), ("minProperties", "maxProperties")):
        if _number(found.get(low)) and _number(found.get(high)) and found[low] > found[high]:
            raise Contradiction
    lows = [(found[key], key != "minimum") for key in ("minimum", "exclusiveMinimum") if _number(found.get(key))]
    highs = [(found[key], key != "maximum") for key in ("maximum", "exclusiveMaximum") if _number(found.get(key))]
    for low, exclusive in lows:
        if any(low > high or (low == high and (exclusive or beyond)) for high, beyond in highs):
            raise Contradiction


def most(one: Any, other: Any) -> Any:
    return max(one, other) if _number(one) and _number(other) else other


def least(one: Any, other: Any) -> Any:
    return min(one, other) if _number(one) and _number(other) else other


def patterns(one: Any, other: Any) -> Any:
    return {**one, **other} if isinstance(one, Mapping) and isinstance(other, Mapping) else other
