"""A JSON Schema → the same with its references replaced by what they lead to, as far as that is wanted.

What refers to itself is cut, and so is what would grow beyond reason: both are told. Discriminators (OpenAPI) become
constants of the kinds that they tell apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sdgen.readers.jsonschema.entities import fields_of, key_of
from sdgen.readers.jsonschema.keywords import types_of
from sdgen.readers.jsonschema.references import References, SchemaNode, Unresolved

MOST_HOPS = 3  # models within models within a column
MOST_SCHEMAS = 1200  # of one column
_ALTERNATIVES = ("anyOf", "oneOf")
_LISTS = ("allOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "dependentSchemas", "dependencies")
_SCALARS = frozenset({"string", "integer", "number"})


class Cut(Exception):
    """A schema that is left out here, as it refers to itself or is too large."""


@dataclass
class Expansion:
    """One expansion on its way: what was told, the references it stands in, and how many schemas it took.

    instance: where in the trail the references begin that are of one and the same value. choices: the alternatives it
    stands in, one of which can be left out.
    """

    references: References
    told: dict[str, None] = field(default_factory=dict)
    linked: SchemaNode | None = None
    trail: list[SchemaNode] = field(default_factory=list)
    schemas: int = 0
    hops: int = MOST_HOPS
    instance: int = 0
    most: int = MOST_SCHEMAS
    choices: int = 0

    def of(self, place: SchemaNode) -> Any:
        """The schema at a place, without references; Cut where nothing of it is left."""
        self.schemas += 1
        if self.schemas > self.most:
            self._cut(f"more than {self.most} parts of it are left out")
        schema = place.value
        if not isinstance(schema, dict):
            return schema
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._referred(place, reference)
        chosen = self._simplest(place)
        return self._parts(place) if chosen is place else self.of(chosen)

    def _referred(self, place: SchemaNode, reference: str) -> Any:
        try:
            target = self.references.target(place, reference)
        except Unresolved as error:
            self.told[f"{error}: taken as any value"] = None
            return _siblings(place.value)
        kinds = kinds_of(self.references, target)
        if kinds and place.parent(2) not in kinds:
            return self._of_kinds(kinds, reference)
        # A union that holds itself is gone into once, so that its kinds of more than one level are there too.
        union = isinstance(target.value, dict) and not {"anyOf", "oneOf"}.isdisjoint(target.value)
        if self.trail.count(target) > union:
            self._cut(f"what refers to itself ({_short(reference)}) is left out")
        # An enum or a text under a name of its own is no deeper nesting.
        inlined = isinstance(target.value, dict) and "properties" not in target.value and "allOf" not in target.value
        if sum(not _plain(each) for each in self.trail) > self.hops and not inlined:
            self._cut(f"models nested more than {self.hops} deep are left out ({_short(reference)})")
        self.trail.append(target)
        try:
            found = self.of(target)
        finally:
            self.trail.pop()
        siblings = _siblings(place.value)
        # Draft 4 to 7 pass over what stands beside a $ref; later drafts, and most authors, mean it.
        return {**found, **siblings} if isinstance(found, dict) else found

    def _of_kinds(self, kinds: Sequence[SchemaNode], reference: str) -> Any:
        """A value of one of the kinds of what is referred to; Cut where it stands inside all of them."""
        found = []
        for kind in kinds:
            if kind in self.trail:
                continue
            self.trail.append(kind)
            with suppress(Cut):
                found.append(self.of(kind))
            self.trail.pop()
        if not found:
            self._cut(f"what refers to itself ({_short(reference)}) is left out")
        return {"anyOf": found}

    def _cut(self, what: str) -> None:
        self.told[what] = None
        raise Cut

    def _simplest(self, place: SchemaNode) -> SchemaNode:
        """Where a schema is a text or number, or else a whole record: that text or number, most often its key."""
        for key in _ALTERNATIVES:
            listed = place.value.get(key)
            if not isinstance(listed, list) or not 1 < len(listed) <= 40:
                continue
            kinds = [each.get("type") if isinstance(each, dict) else None for each in listed]
            plain = [index for index, kind in enumerate(kinds) if isinstance(kind, str) and kind in _SCALARS]
            models = [place.child(key, index) for index, each in enumerate(listed) if _refers(each)]
            records = [found for each in models if (found := self._record(each)) is not None]
            nulls = sum(kind == "null" for kind in kinds)
            if plain and records and len(plain) + len(records) + nulls == len(listed):
                self.told["may be a whole record too: taken as " + str(kinds[plain[0]])] = None
                # Only the column itself can be a link; a key inside one of its fields leads nowhere.
                self.linked = records[0] if len(records) == 1 and len(self.trail) <= 1 else self.linked
                return place.child(key, plain[0])
        return place

    def _record(self, place: SchemaNode) -> SchemaNode | None:
        try:
            target = self.references.target(place, place.value["$ref"])
        except Unresolved:
            return None
        # A part of a document without a key of its own is no record that its key could stand for.
        return (
            target
            if key_of(str(target.path[-1] if target.path else ""), [*fields_of(self.references, target)])
            else None
        )

    def _parts(self, place: SchemaNode) -> dict[str, Any]:
        found = {}
        for key, value in place.value.items():
            expand = _EXPANDED.get(key)
            kept = value if expand is None or not value else expand(self, place.child(key))
            if kept is not None:
                found[key] = kept
        constants = _own_constants(self.references, place)
        return {**found, "allOf": [*found["allOf"], *constants]} if constants else found

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """What stands here is of other values: an object's fields, an array's elements."""
        before, self.instance = self.instance, len(self.trail)
        try:
            yield
        finally:
            self.instance = before

    def named(self, place: SchemaNode) -> Any:
        if not isinstance(place.value, dict):
            return place.value
        found = {}
        required = place.parent().value.get("required") if place.path[-1] == "properties" else None
        with self._inside():
            for name in place.value:
                try:
                    found[name] = self.of(place.child(name))
                except Cut:
                    if name not in (required if isinstance(required, list) else ()):
                        continue
                    empty = empty_value(place.child(name))
                    # Without a field that it must have a record is of no use, as long as there are others.
                    if empty is None and self.choices:
                        raise
                    found |= {name: empty} if empty is not None else {}
        if not found:
            raise Cut
        return found

    def listed(self, place: SchemaNode) -> Any:
        """The schemas of a list, those left out that are cut, or that are of this very value already."""
        if not isinstance(place.value, list):
            return place.value
        found = []
        for index in range(len(place.value)):
            if self._is_open(place.child(index)):
                continue
            try:
                found.append(self.of(place.child(index)))
            except Cut:
                continue
        opened = len(place.value) > 0 and all(self._is_open(place.child(index)) for index in range(len(place.value)))
        # Where nothing but null is left of the alternatives, the whole field was the part that is cut.
        if not opened and (not found or (len(found) < len(place.value) and all(map(_is_null, found)))):
            raise Cut
        return found or None

    def alternatives(self, place: SchemaNode) -> Any:
        """The schemas of anyOf or oneOf, with discriminators' values; None where the value is of one already."""
        if not isinstance(place.value, list):
            return place.value
        found = []
        for index, each in enumerate(place.value):
            child = place.child(index)
            if self._is_open(child):
                return None
            self.choices += 1
            try:
                schema = self.of(child)
            except Cut:
                continue
            finally:
                self.choices -= 1
            found.append(_of_kind(schema, _constants(place.parent(), child) if _refers(each) else []))
        if not found or (len(found) < len(place.value) and all(map(_is_null, found))):
            raise Cut
        return found

    def _is_open(self, place: SchemaNode) -> bool:
        """Whether a schema refers to one that this very value is of, as is known already."""
        if not _refers(place.value):
            return False
        try:
            # A kind's allOf refers to its base, whose oneOf refers to the kind again: of the same value, that says
            # nothing new.
            return self.references.target(place, place.value["$ref"]) in self.trail[self.instance :]
        except Unresolved:
            return False

    def one(self, place: SchemaNode) -> Any:
        with self._inside():
            return self.listed(place) if isinstance(place.value, list) else self.of(place)

    def values(self, place: SchemaNode) -> Any:
        with self._inside():
            try:
                return self.of(place)
            except Cut:
                # Further fields may be left out, so that what is cut is no reason to drop the whole object.
                return True

    def condition(self, place: SchemaNode) -> Any:
        """A schema that only says more of the same value; None where it is cut, so that it says nothing."""
        try:
            return self.of(place)
        except Cut:
            return None


_EXPANDED: Mapping[str, Callable[[Expansion, SchemaNode], Any]] = {
    **dict.fromkeys(_LISTS, Expansion.listed),
    **dict.fromkeys(_ALTERNATIVES, Expansion.alternatives),
    **dict.fromkeys(_NAMED, Expansion.named),
    "items": Expansion.one,
    "contentSchema": Expansion.one,
    "additionalProperties": Expansion.values,
    **dict.fromkeys(("not", "if", "then", "else", "propertyNames"), Expansion.condition),
    **dict.fromkeys(("$defs", "definitions"), lambda self, place: None),
}


def kinds_of(references: References, place: SchemaNode) -> list[SchemaNode]:
    """The kinds of a schema (of a document, by its name) whose discriminator tells them apart and which lists none.

    They refer to it in their allOf, or to another of its kinds.
    """
    value = place.value
    if not isinstance(value, dict) or "discriminator" not in value or {"anyOf", "oneOf"} & value.keys():
        return []
    named = place.parent()
    parts = [
        (named.child(name), named.child(name, "allOf", index))
        for name, each in (named.value.items() if place.path and isinstance(named.value, dict) else ())
        if isinstance(each, dict) and isinstance(each.get("allOf"), list)
        for index, part in enumerate(each["allOf"])
        if _refers(part)
    ]
    found: list[SchemaNode] = []
    for kind, part in (*parts, *parts):
        with suppress(Unresolved):
            if kind not in found and references.target(part, part.value["$ref"]) in (place, *found):
                found.append(kind)
    return found


def empty_value(place: SchemaNode) -> dict[str, Any] | None:
    """What a field holds instead of what is cut, as a schema: an empty list, or null; None where it takes neither."""
    value = place.value
    types = types_of(value) if isinstance(value, dict) else None
    if types is not None and "array" in types and not value.get("minItems"):
        return {"type": "array", "maxItems": 0}
    listed = [each for key in _ALTERNATIVES for each in (value.get(key) or ())] if isinstance(value, dict) else []
    null = (types is not None and "null" in types) or any(map(_is_null, listed)) or value.get("nullable") is True
    return {"type": "null"} if null else None


def _constants(owner: SchemaNode, place: SchemaNode) -> list[str]:
    """The values that a schema's discriminator has in a kind that it refers to; its own name where none is mapped."""
    told = owner.value.get("discriminator") if isinstance(owner.value, dict) else None
    field = told.get("propertyName") if isinstance(told, dict) else told  # Swagger 2 has the field's name alone
    if not isinstance(field, str):
        return []
    mapping = told.get("mapping") if isinstance(told, dict) else None
    reference = str(place.value["$ref"]) if _refers(place.value) else ""
    name = reference.rpartition("/")[2] if reference else str(place.path[-1])
    goals = mapping.items() if isinstance(mapping, dict) else ()
    # A mapping's goals are references or bare names, and both end in the schema's name.
    values = [str(value) for value, goal in goals if str(goal).rpartition("/")[2] == name]
    return [field, *(values or [name])]


def _own_constants(references: References, place: SchemaNode) -> list[Any]:
    """What a kind (a schema of a document, by its name) says of itself, whose base has a discriminator."""
    if not isinstance(place.value.get("allOf"), list) or len(place.path) < 2:
        return []
    if place.path[-2] not in ("schemas", "$defs", "definitions"):
        return []
    found = []
    for index, each in enumerate(place.value["allOf"]):
        if not _refers(each):
            continue
        try:
            base = references.target(place.child("allOf", index), each["$ref"])
        except Unresolved:
            continue
        constants = _constants(base, place)
        if constants and constants[0] not in _named_constants(place.value):
            found.append(_of_kind({}, constants))
    return found


def _named_constants(schema: Mapping[str, Any]) -> set[str]:
    """The fields that a schema, or a part of its allOf, gives a constant or a list of values itself."""
    parts = [schema, *(part for part in schema.get("allOf", ()) if isinstance(part, dict))]
    own = [part["properties"] for part in parts if isinstance(part.get("properties"), dict)]
    return {
        name
        for each in own
        for name, value in each.items()
        if isinstance(value, dict) and {"const", "enum"} & value.keys()
    }


def _of_kind(schema: Any, constants: list[str]) -> Any:
    """A schema whose discriminator has one of these values, unless it says so itself."""
    if not constants or not isinstance(schema, dict) or constants[0] in _named_constants(schema):
        return schema
    field, *values = constants
    kind = {"const": values[0]} if len(values) == 1 else {"enum": values}
    return {**schema, "allOf": [*schema.get("allOf", ()), {"properties": {field: kind}, "required": [field]}]}


def _siblings(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What stands beside a reference, and says more than what it leads to."""
    return {key: value for key, value in schema.items() if key not in ("$ref", "$defs", "definitions")}


def _is_null(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "null"


def _refers(schema: Any) -> bool:
    return isinstance(schema, dict) and isinstance(schema.get("$ref"), str)


def _plain(place: SchemaNode) -> bool:
    """Whether a schema has no fields: an enum, say, is no model within a model."""
    return not (isinstance(place.value, dict) and ("properties" in place.value or "allOf" in place.value))


def _short(reference: str) -> str:
    return reference.rpartition("/")[2] or reference
