"""A JSON Schema (references resolved) → its alternatives: schemas without allOf, anyOf, oneOf, not and if.

A disjunctive normal form. A value is valid where it is of one alternative; what contradicts itself is none. Two words
are added: `x-forbidden`, names that an object doesn't have, and `x-not`, values that are not taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sdgen.readers.jsonschema.keywords import (
    ANNOTATIONS,
    EXCLUDED,
    FIRST,
    FORBIDDEN,
    NUMBERS,
    Contradiction,
    Schema,
    accepts,
    check_limits,
    least,
    listed,
    mapping,
    modern,
    most,
    multiple,
    patterns,
    property_schema,
    same,
    sound,
    types_of,
    types_together,
    values_of,
)
from sdgen.readers.jsonschema.spellings import KINDS

MOST_BRANCHES = 16
_MOST_DEPTH = 12
_LISTS = ("allOf", "anyOf", "oneOf")
_DEPENDENCIES = ("dependentRequired", "dependentSchemas", "dependencies")
_CONDITIONS = frozenset({*_LISTS, "not", "if", "then", "else", *_DEPENDENCIES})


@dataclass(frozen=True)
class Branches:
    """The alternatives of a schema, and what of it could not be kept."""

    schemas: tuple[Schema, ...]
    told: tuple[str, ...] = ()


def branches(schema: object) -> Branches:
    """The alternatives of a schema; none where no value is valid."""
    if not has_conditions(schema):
        return Branches(() if schema is False else (schema,))  # type: ignore[arg-type]  # whatever stands in its place
    form = _NormalForm()
    found = form.of(schema)
    if len(found) > MOST_BRANCHES:
        form.told[f"has {len(found)} alternatives: the first {MOST_BRANCHES} are taken"] = None
    return Branches(tuple(found[:MOST_BRANCHES]), tuple(form.told))


def has_conditions(schema: object) -> bool:
    """Whether a schema has more to say than its own keywords."""
    return schema is False or (isinstance(schema, Mapping) and not _CONDITIONS.isdisjoint(schema))


@dataclass
class _NormalForm:
    """One schema on its way into normal form, and what is told of it."""

    told: dict[str, None] = field(default_factory=dict)
    depth: int = 0

    def of(self, schema: object) -> list[Schema]:
        if schema is False:
            return []
        if not isinstance(schema, Mapping):
            return [{}]
        if not has_conditions(schema):
            return [sound(schema)]
        if self.depth >= _MOST_DEPTH:
            self.told["schemas within schemas are nested too deeply: their conditions are left out"] = None
            return [_without_conditions(schema)]
        self.depth += 1
        try:
            return self.product(self.conditions(schema))
        finally:
            self.depth -= 1

    def conditions(self, schema: Schema) -> list[list[Schema]]:
        """The alternatives of each condition, all of which hold; last those of the schema's own keywords."""
        own = _without_conditions(schema)
        found = [self.of(each) for each in listed(schema, "allOf")]
        if "anyOf" in schema:
            found.append([each for part in listed(schema, "anyOf") for each in self.of(part)])
        if "oneOf" in schema:
            found.append(self.exactly_one(listed(schema, "oneOf"), own))
        if "not" in schema:
            found.append(self.kept(self.negated(schema["not"]), "not"))
        if "if" in schema:
            found.append(self.implied(schema))
        for key in _DEPENDENCIES:
            needs = schema.get(key)
            for name, need in needs.items() if isinstance(needs, Mapping) else ():
                found.append(self.dependent(str(name), need, own))
        return [*found, [own]]

    def product(self, parts: Sequence[list[Schema]]) -> list[Schema]:
        """The alternatives of a conjunction: each of one part with each of the others that doesn't contradict it."""
        found: list[Schema] = [{}]
        for part in parts:
            together = (self.both(one, other) for one in found for other in part)
            # Cut at each step, since a product of a few unions would have thousands; what is over MOST_BRANCHES is
            # told at the end.
            found = _distinct(each for each in together if each is not None)[: 4 * MOST_BRANCHES]
        return found

    def both(self, one: Schema, other: Schema) -> Schema | None:
        """A schema of what both take; None where that is nothing."""
        try:
            return merged(one, other, self)
        except Contradiction:
            return None

    def together(self, one: object, other: object) -> object:
        """A schema of what both take, whatever conditions they have; Contradiction where that is nothing."""
        if one is True or other is True:
            return other if one is True else one
        # The parts may have conditions of their own, which `merged` alone would not look at.
        found = self.of({"allOf": [one, other]})
        if not found:
            raise Contradiction
        return found[0] if len(found) == 1 else {"anyOf": found}

    def exactly_one(self, schemas: Sequence[object], own: Schema) -> list[Schema]:
        """oneOf: what could be of another alternative too is told apart from it by that one's negation."""
        every = [self.of(each) for each in schemas[: 2 * MOST_BRANCHES]]
        found: list[Schema] = []
        for place, part in enumerate(every):
            others = [schemas[index] for index in range(len(every)) if index != place]
            kinds = [every[index] for index in range(len(every)) if index != place]
            found += filter(None, (self.apart(each, others, kinds, own) for each in part))
        return found

    def apart(
        self, each: Schema, others: Sequence[object], kinds: Sequence[list[Schema]], own: Schema
    ) -> Schema | None:
        # oneOf asks that a value be of no other alternative: where the two contradict anyway, nothing has to be
        # added.
        for other, alternatives in zip(others, kinds, strict=True):
            if all(self.both(each, one) is None for one in alternatives):
                continue
            negated = self.negated(other)
            # The first negation that goes together with the schema's own keywords is enough: one field that tells
            # them apart.
            whole = (self.both(each, one) for one in negated or ())
            found = next((one for one in whole if one is not None and self.both(one, own) is not None), None)
            if found is None and negated is not None:
                return None
            if found is None:
                self.told["values may be of more than one alternative of oneOf"] = None
            each = found or each
        return each

    def implied(self, schema: Schema) -> list[Schema]:
        """if: what meets it is of `then`, what doesn't of `else`."""
        met = self.of({"allOf": [schema["if"], schema.get("then", True)]})
        negated = self.negated(schema["if"])
        if negated is None:
            self.told["the negation of an if is not understood: all values meet it"] = None
            return met
        return [*met, *self.product([negated, self.of(schema.get("else", True))])]

    def dependent(self, name: str, need: object, own: Schema) -> list[Schema]:
        """What a field brings with it: others that are required then, or a schema."""
        if isinstance(need, list):
            names = [each for each in need if isinstance(each, str)]
            if set(names) <= set(own.get("required") or ()):
                return [{}]
            # Either the field is there with all that it needs, or it is not there at all.
            return [{"required": [name, *names]}, {FORBIDDEN: [name]}]
        return [*self.product([[{"required": [name]}], self.of(need)]), {FORBIDDEN: [name]}]

    def kept(self, found: list[Schema] | None, key: str) -> list[Schema]:
        if found is None:
            self.told[f"{key} is not kept: its negation is not understood"] = None
        return [{}] if found is None else found

    def negated(self, schema: object) -> list[Schema] | None:
        """The alternatives of what is not of a schema; None where no keyword of it can be negated."""
        if not isinstance(schema, Mapping):
            return [{}] if schema is False else []
        found: list[Schema] = []
        unknown = False
        # Required fields and constants come first: they tell alternatives apart in the plainest way.
        for key in sorted(schema.keys() - ANNOTATIONS, key=lambda each: (each not in FIRST, each)):
            negate = _NEGATED.get(key)
            parts = None if negate is None else negate(self, schema[key])
            unknown = unknown or parts is None
            found += parts or []
        # A schema is broken where one of its keywords is: those that can be negated are enough, though not all there
        # is.
        return None if unknown and not found else _distinct(found)

    def none_of(self, schemas: object) -> list[Schema] | None:
        """Not anyOf: none of them."""
        each = [self.negated(one) for one in schemas] if isinstance(schemas, list) else []
        known = [one for one in each if one is not None]
        return self.product(known) if len(known) == len(each) else None

    def some_not(self, schemas: object) -> list[Schema] | None:
        """Not allOf: one of them not."""
        each = [self.negated(one) for one in schemas] if isinstance(schemas, list) else []
        return [one for found in each for one in found or ()] or None

    def other_properties(self, properties: object) -> list[Schema] | None:
        """Not such properties: one of them is there and is another."""
        found: list[Schema] = []
        for name, schema in properties.items() if isinstance(properties, Mapping) else ():
            found += [{"properties": {name: each}, "required": [name]} for each in self.negated(schema) or ()]
        return found or None


def _distinct(schemas: Iterable[Schema]) -> list[Schema]:
    found: list[Schema] = []
    for each in schemas:
        if each not in found:
            found.append(each)
    return found


def _without_conditions(schema: Schema) -> Schema:
    return sound({key: value for key, value in schema.items() if key not in _CONDITIONS})


def _other_types(form: _NormalForm, value: object) -> list[Schema] | None:
    types = types_of({"type": value}) or frozenset()
    # An integer is a number too: what is no integer may not become a number that happens to be whole.
    left = [kind for kind in KINDS if kind not in types and not (kind in NUMBERS and types & NUMBERS)]
    return [{"type": left}] if left else []


def _moved(key: str, step: int) -> Callable[[_NormalForm, Any], list[Schema] | None]:
    """The negation of a size's limit: the other limit, one beyond."""
    return lambda form, value: [{key: value + step}] if isinstance(value, int) and value + step >= 0 else []


_NEGATED: Mapping[str, Callable[[_NormalForm, Any], list[Schema] | None]] = {
    "required": lambda form, value: [{FORBIDDEN: [name]} for name in value] if isinstance(value, list) else None,
    "const": lambda form, value: [{EXCLUDED: [value]}],
    "enum": lambda form, value: [{EXCLUDED: value}] if isinstance(value, list) else None,
    "type": _other_types,
    "minimum": lambda form, value: [{"exclusiveMaximum": value}],
    "maximum": lambda form, value: [{"exclusiveMinimum": value}],
    "exclusiveMinimum": lambda form, value: [{"maximum": value}],
    "exclusiveMaximum": lambda form, value: [{"minimum": value}],
    "minLength": _moved("maxLength", -1),
    "maxLength": _moved("minLength", 1),
    "minItems": _moved("maxItems", -1),
    "maxItems": _moved("minItems", 1),
    "properties": _NormalForm.other_properties,
    "anyOf": _NormalForm.none_of,
    "allOf": _NormalForm.some_not,
    "not": _NormalForm.of,
    # Not to be without any of some fields is to have one of them.
    FORBIDDEN: lambda form, value: [{"required": [name]} for name in value],
}


def merged(one: Schema, other: Schema, form: _NormalForm) -> Schema:
    """The keywords of both schemas together, each narrowed; Contradiction where no value is of both."""
    if not one or not other:
        return other or one
    one, other = modern(one), modern(other)
    found = {**one, **other}
    types = types_together(one, other)
    if types is not None:
        found["type"] = sorted(types) if len(types) > 1 else next(iter(types))
        # Both name their types, so that `types` has settled whether null is one.
        if types_of(one) is not None and types_of(other) is not None:
            found.pop("nullable", None)
    for key in one.keys() & other.keys() & _NARROWED.keys():
        found[key] = _NARROWED[key](one[key], other[key])
    if "pattern" in one and "pattern" in other and one["pattern"] != other["pattern"]:
        form.told["of two patterns the last is taken"] = None
    _set_values(found, one, other)
    _set_properties(found, one, other, form)
    for key in ("items", "additionalProperties"):
        if key in one and key in other:
            found[key] = _either(one[key], other[key], form)
    check_limits(found)
    return found


def _either(one: object, other: object, form: _NormalForm) -> object:
    """Both schemas of elements or further fields together; nothing at all where they contradict each other."""
    if one is False or other is False:
        return False
    try:
        return form.together(one, other)
    except Contradiction:
        return False


def _set_values(found: dict[str, Any], one: Schema, other: Schema) -> None:
    """const, enum and the values that are excluded."""
    lists = [values for each in (one, other) if (values := values_of(each)) is not None]
    excluded = [*listed(one, EXCLUDED), *listed(other, EXCLUDED)]
    if excluded:
        found[EXCLUDED] = excluded
    if not lists:
        if types_of(found) == frozenset({"boolean"}) and excluded:
            lists = [[True, False]]
        else:
            return
    values = [value for value in lists[0] if all(any(same(value, each) for each in listed) for listed in lists[1:])]
    values = [value for value in values if not any(same(value, each) for each in excluded) and accepts(found, value)]
    if not values:
        raise Contradiction
    found.pop("const", None)
    found.pop("enum", None)
    found |= {"const": values[0]} if len(values) == 1 else {"enum": values}


def _set_properties(found: dict[str, Any], one: Schema, other: Schema, form: _NormalForm) -> None:
    """The fields of both: each of both schemas where both know it, and forbidden where one takes no further fields."""
    required = list(dict.fromkeys([*listed(one, "required"), *listed(other, "required")]))
    forbidden = {*listed(one, FORBIDDEN), *listed(other, FORBIDDEN)}
    properties: dict[str, Any] = {}
    for name in dict.fromkeys([*mapping(one, "properties"), *mapping(other, "properties")]):
        try:
            properties[name] = form.together(property_schema(one, name), property_schema(other, name))
        except Contradiction:
            forbidden.add(name)
        if properties.get(name) is False:
            forbidden.add(name)
    if forbidden & {*required}:
        raise Contradiction
    if required:
        found["required"] = required
    if forbidden:
        found[FORBIDDEN] = sorted(forbidden)
    if properties:
        found["properties"] = {name: each for name, each in properties.items() if name not in forbidden}


_NARROWED: Mapping[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), most),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), least),
    "multipleOf": multiple,
    "uniqueItems": lambda one, other: bool(one or other),
    "patternProperties": patterns,
}
