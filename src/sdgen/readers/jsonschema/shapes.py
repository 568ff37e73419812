"""One JSON Schema in any spelling → its shape: one kind, one format, and the keywords that say more.

Lists of types, `null` in all places, `nullable`, oneOf/anyOf/allOf, words that are no types, and missing types are
settled here; what was guessed is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sdgen.readers.jsonschema.spellings import AIRBYTE_TYPES, FORMATS, KINDS, TYPE_WORDS

MOST_ALTERNATIVES = 24
_MOST_DEPTH = 12
_ALTERNATIVES = ("oneOf", "anyOf")
_NUMBERS = frozenset({"integer", "number"})
_OBJECT_WORDS = ("properties", "patternProperties", "additionalProperties")
_STRPTIME = re.compile(r"%-?[A-Za-z]")
_JAVA_TIME = re.compile(r"[yY]{4}-MM-[dD]{2}(.*[hH]{1,2}:mm)?.*")


@dataclass(frozen=True)
class Shape:
    """What a schema says of its values.

    kind: one of JSON Schema's types, or `any` where nothing says which. keywords: all of them, those of alternatives
    merged in. form: how moments are written, in strftime codes, where the format says that.
    """

    kind: str
    nullable: bool = False
    format: str = ""
    form: str = ""
    keywords: Mapping[str, Any] = field(default_factory=dict)
    told: tuple[str, ...] = ()

    @property
    def properties(self) -> Mapping[str, Any]:
        found = self.keywords.get("properties")
        return found if isinstance(found, Mapping) else {}

    @property
    def required(self) -> frozenset[str]:
        found = self.keywords.get("required")
        return frozenset(name for name in found if isinstance(name, str)) if isinstance(found, list) else frozenset()

    @property
    def description(self) -> str:
        for key in ("description", "desciption", "decscription", "descrption", "desc"):
            text = self.keywords.get(key)
            if isinstance(text, str) and text.strip():
                return " ".join(text.split())
        return ""


def shape_of(schema: object, depth: int = 0) -> Shape:
    """The shape of a schema, whatever stands in its place."""
    words, told = _spelled(schema)
    # Schemas may hold themselves, by aliases of YAML: the depth is bounded before anything else.
    if depth >= _MOST_DEPTH:
        return Shape(
            "any", True, keywords=words, told=("schemas within schemas are nested too deeply: taken as any value",)
        )
    # allOf is merged before alternatives are looked at, since it may bring some.
    if isinstance(words.get("allOf"), list):
        words = _all_of(words, depth)
    for key in _ALTERNATIVES:
        if isinstance(words.get(key), list) and words[key]:
            return _alternatives(words, key, depth)
    kinds, nullable, implied, wrong = _kinds(words)
    told += wrong
    kind = _one_kind(kinds)
    if len(kinds) > 1 and not set(kinds) <= _NUMBERS:
        told += (f"may be {' or '.join(kinds)}: taken as {_taken(kind)}",)
    format, form, odd = _format(words, kind, implied)
    return Shape(kind, nullable, format, form, words, told + odd)


def _taken(kind: str) -> str:
    return "a JSON document" if kind == "object" else kind


def _spelled(schema: object) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """A schema as a mapping; a type alone and a list of types stand for themselves."""
    if isinstance(schema, Mapping):
        return schema, ()
    if isinstance(schema, str) and (schema.lower() in KINDS or schema.lower() in TYPE_WORDS):
        return {"type": schema}, (f"stands for a schema: {schema!r}, taken as its type",)
    if isinstance(schema, list) and schema and all(isinstance(each, str) for each in schema):
        return {"type": schema}, ("a list stands for a schema: taken as its types",)
    if isinstance(schema, bool) or schema is None:
        return {}, ()
    return {}, (f"no schema but {type(schema).__name__} {str(schema)[:40]!r}: taken as any value",)


def _kinds(words: Mapping[str, Any]) -> tuple[list[str], bool, str, tuple[str, ...]]:
    """The kinds a schema allows, whether null is one, the format that a type word implies, and what was odd."""
    listed = words.get("type")
    said = listed if isinstance(listed, list) else [listed] if listed is not None else []
    kinds: list[str] = []
    implied, told = "", list[str]()
    for each in said:
        word = str(each).strip().lower() if isinstance(each, str) else "null" if each is None else ""
        kind, format = (word, "") if word in KINDS else TYPE_WORDS.get(word, ("", ""))
        if isinstance(each, Mapping):  # a schema where a type should stand
            inner = shape_of(each, 1)
            kind, format = inner.kind, inner.format
        if not kind:
            told.append(f"the type {each!r} is unknown: taken as string")
            kind = "string"
        elif word not in KINDS and word:
            told.append(
                f"the type {each!r} is not one of JSON Schema: taken as {kind}{f' ({format})' if format else ''}"
            )
        implied = implied or format
        kinds += [kind] if kind not in kinds else []
    # Three ways to say it: JSON Schema's type, OpenAPI 3.0's own word, and a null among the values.
    nullable = "null" in kinds or words.get("nullable") is True or _enum_has_null(words)
    kinds = [kind for kind in kinds if kind != "null"] or (["null"] if kinds else [])
    return kinds or [_inferred(words)], nullable, implied, tuple(told)


def _enum_has_null(words: Mapping[str, Any]) -> bool:
    values = words.get("enum")
    return isinstance(values, list) and None in values


def _inferred(words: Mapping[str, Any]) -> str:
    """The kind of a schema that names none."""
    if any(isinstance(words.get(key), Mapping) and words[key] for key in _OBJECT_WORDS):
        return "object"
    if "items" in words or "minItems" in words:
        return "array"
    values = words.get("enum") if isinstance(words.get("enum"), list) else []
    # Values that are given tell a type that is left out.
    probes = [words["const"]] if "const" in words else [*(values or [])]
    probes += [words[key] for key in ("default", "example") if key in words]
    examples = words.get("examples")
    probes += examples if isinstance(examples, list) else []
    kinds = {_kind_of(value) for value in probes if value is not None}
    if kinds:
        return _one_kind(sorted(kinds))
    if any(key in words for key in ("pattern", "maxLength", "minLength", "format")):
        return "string"
    return "number" if any(key in words for key in ("minimum", "maximum", "multipleOf")) else "any"


def _kind_of(value: object) -> str:
    names: Sequence[tuple[type, str]] = (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
        (Mapping, "object"),
    )
    return next((name for type_, name in names if isinstance(value, type_)), "any")


def _one_kind(kinds: Iterable[str]) -> str:
    """The one kind that holds the values of all: text holds every scalar, a JSON document everything."""
    found = set(kinds)
    if len(found) == 1:
        return found.pop()
    if found <= _NUMBERS:
        return "number"
    found -= {"any"}
    if len(found) == 1:
        return found.pop()
    return "object" if found & {"object", "array"} else "string"


def _format(words: Mapping[str, Any], kind: str, implied: str) -> tuple[str, str, tuple[str, ...]]:
    """The format by its own name, how it writes moments, and what is not understood."""
    airbyte = words.get("airbyte_type")
    said = words.get("format")
    # Airbyte's own word says more than format does: with or without a time zone, how large a number.
    if isinstance(airbyte, str) and airbyte in AIRBYTE_TYPES:
        return AIRBYTE_TYPES[airbyte], "", ()
    if not isinstance(said, str) or not said.strip():
        return implied, "", ()
    known = FORMATS.get(re.sub(r"[\s_-]", "", said.lower()))
    if known is not None:
        return known or implied, "", ()
    # Two codes at least: a single percent sign may stand in any text.
    if len(_STRPTIME.findall(said)) >= 2:
        return "", said, ()
    if _JAVA_TIME.fullmatch(said) and kind == "string":
        return ("date-time" if "mm" in said.partition("MM")[2] else "date"), "", ()
    return implied, "", (f"the format {said!r} is not known: left out",)


def _all_of(words: Mapping[str, Any], depth: int) -> Mapping[str, Any]:
    """The keywords of a schema and of all in its allOf, those of the schema itself going first."""
    own = {key: value for key, value in words.items() if key != "allOf"}
    parts = words["allOf"][: 4 * MOST_ALTERNATIVES]
    return _merged([*(shape_of(part, depth + 1).keywords for part in parts), own])


def _merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Keywords of several schemas together: properties and required names of all, else the last one's word."""
    found: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            before = found.get(key)
            if key == "properties" and isinstance(value, Mapping) and isinstance(before, Mapping):
                found[key] = {**before, **value}
            elif key == "required" and isinstance(value, list) and isinstance(before, list):
                found[key] = [*before, *value]
            else:
                found[key] = value
    return found


def _alternatives(words: Mapping[str, Any], key: str, depth: int) -> Shape:
    """A schema with oneOf or anyOf: one alternative beside null is that one; several are put together."""
    own = {name: value for name, value in words.items() if name != key}
    shapes = [shape_of(each, depth + 1) for each in words[key][:MOST_ALTERNATIVES]]
    nullable = any(shape.nullable or shape.kind == "null" for shape in shapes)
    shapes = [shape for shape in shapes if shape.kind != "null"]
    kinds = list(dict.fromkeys(shape.kind for shape in shapes if shape.kind != "any"))
    if not kinds:  # conditions such as {required: [a]}, or nothing but null
        rest = shape_of(own, depth + 1)
        kind = "null" if rest.kind == "any" and not shapes else rest.kind
        return Shape(kind, rest.nullable or nullable, rest.format, rest.form, rest.keywords, rest.told)
    told = tuple(dict.fromkeys(what for shape in shapes for what in shape.told))
    if len(kinds) == 1 or set(kinds) <= _NUMBERS:
        merged = {**_together([shape.keywords for shape in shapes]), **_without_type(own)}
        if "properties" in own:
            merged["properties"] = {**_mapping(merged.get("properties")), **_mapping(own["properties"])}
        first = next((shape for shape in shapes if shape.format or shape.form), shapes[0])
        return Shape(_one_kind(kinds), nullable, first.format, first.form, merged, told)
    kind = _one_kind(kinds)
    told += (f"may be {' or '.join(kinds)}: taken as {_taken(kind)}",)
    return Shape(kind, nullable, "", "", {**_without_type(own), "type": kind}, told)


def _without_type(words: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in words.items() if key not in ("type", "nullable")}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _together(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Keywords of alternatives: fields and enum values of any; a limit holds only where all of them have it."""
    found = _merged(parts)
    lists = [part.get("enum") for part in parts]
    if len(parts) == 1:
        return found
    # What one alternative asks does not hold for the values of another one.
    for key in ("const", "pattern", "minimum", "maximum", "minLength", "maxLength", "required", "default"):
        found.pop(key, None)
    values = [value for listed in lists if isinstance(listed, list) for value in listed]
    consts = [part["const"] for part in parts if "const" in part]
    if all(isinstance(listed, list) or "const" in part for listed, part in zip(lists, parts, strict=True)):
        found["enum"] = [
            *dict.fromkeys(str(value) if isinstance(value, list | dict) else value for value in [*values, *consts])
        ]
    else:
        found.pop("enum", None)
    return found
