"""A JSON Schema → the same with its references replaced by what they lead to, as far as that is wanted.

What refers to itself is cut, and so is what would grow beyond reason: both are told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sdgen.readers.jsonschema.references import References, SchemaNode, Unresolved

MOST_HOPS = 3  # models within models within a column
MOST_SCHEMAS = 1200  # of one column
_ALTERNATIVES = ("anyOf", "oneOf")
_LISTS = (*_ALTERNATIVES, "allOf", "prefixItems")
_NAMED = ("properties", "patternProperties")
_SCALARS = frozenset({"string", "integer", "number"})


class Cut(Exception):
    """A schema that is left out here, as it refers to itself or is too large."""


@dataclass
class Expansion:
    """One expansion on its way: what was told, the references it stands in, and how many schemas it took."""

    references: References
    told: dict[str, None] = field(default_factory=dict)
    linked: SchemaNode | None = None
    trail: list[SchemaNode] = field(default_factory=list)
    schemas: int = 0
    hops: int = MOST_HOPS

    def of(self, place: SchemaNode) -> Any:
        """The schema at a place, without references; Cut where nothing of it is left."""
        self.schemas += 1
        if self.schemas > MOST_SCHEMAS:
            self._cut(f"more than {MOST_SCHEMAS} parts of it are left out")
        schema = place.value
        if not isinstance(schema, dict):
            return schema
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._referred(place, reference)
        chosen = self._first_kind(self._simplest(place))
        return self._parts(place) if chosen is place else self.of(chosen)

    def _referred(self, place: SchemaNode, reference: str) -> Any:
        try:
            target = self.references.target(place, reference)
        except Unresolved as error:
            self.told[f"{error}: taken as any value"] = None
            return _siblings(place.value)
        if target in self.trail:
            self._cut(f"what refers to itself ({_short(reference)}) is left out")
        inlined = isinstance(target.value, dict) and "properties" not in target.value and "allOf" not in target.value
        if sum(not _plain(each) for each in self.trail) > self.hops and not inlined:
            self._cut(f"models nested more than {self.hops} deep are left out ({_short(reference)})")
        self.trail.append(target)
        try:
            found = self.of(target)
        finally:
            self.trail.pop()
        siblings = _siblings(place.value)
        return {**found, **siblings} if isinstance(found, dict) else found

    def _cut(self, what: str) -> None:
        self.told[what] = None
        raise Cut

    def _first_kind(self, place: SchemaNode) -> SchemaNode:
        """Of kinds of records that a field tells apart, the first: their fields don't go together."""
        for key in _ALTERNATIVES:
            listed = place.value.get(key)
            if isinstance(listed, list) and len(listed) > 1 and "discriminator" in place.value:
                self.told[f"may be of {len(listed)} kinds: the first is taken"] = None
                return place.child(key, 0)
        return place

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
                self.linked = records[0] if len(records) == 1 and len(self.trail) <= 1 else self.linked
                return place.child(key, plain[0])
        return place

    def _record(self, place: SchemaNode) -> SchemaNode | None:
        try:
            target = self.references.target(place, place.value["$ref"])
        except Unresolved:
            return None
        value = target.value
        return target if isinstance(value, dict) and ("properties" in value or "allOf" in value) else None

    def _parts(self, place: SchemaNode) -> dict[str, Any]:
        found = {}
        for key, value in place.value.items():
            expand = _EXPANDED.get(key)
            kept = value if expand is None or not value else expand(self, place.child(key))
            if kept is not None:
                found[key] = kept
        return found

    def named(self, place: SchemaNode) -> Any:
        if not isinstance(place.value, dict):
            return place.value
        found = {}
        for name in place.value:
            try:
                found[name] = self.of(place.child(name))
            except Cut:
                continue
        if not found:
            raise Cut
        return found

    def listed(self, place: SchemaNode) -> Any:
        if not isinstance(place.value, list):
            return place.value
        found = []
        for index in range(len(place.value)):
            try:
                found.append(self.of(place.child(index)))
            except Cut:
                continue
        if not found or (len(found) < len(place.value) and all(_is_null(each) for each in found)):
            raise Cut
        return found

    def one(self, place: SchemaNode) -> Any:
        return self.listed(place) if isinstance(place.value, list) else self.of(place)

    def values(self, place: SchemaNode) -> Any:
        try:
            return self.of(place)
        except Cut:
            return True


_EXPANDED: Mapping[str, Callable[[Expansion, SchemaNode], Any]] = {
    **dict.fromkeys(_LISTS, Expansion.listed),
    **dict.fromkeys(_NAMED, Expansion.named),
    "items": Expansion.one,
    "additionalProperties": Expansion.values,
    **dict.fromkeys(("$defs", "definitions", "not", "if", "then", "else"), lambda self, place: None),
}


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
