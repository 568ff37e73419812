"""Arrays, maps, structs and JSON documents, each made of other generators.

The elements of a row's array or map have numbers of their own, row * max + place, so that any element can be had
alone. A change of `max` therefore changes the elements of all rows but the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from sdgen.generators.arrays.encode_text import json_text
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.nested.elements import SizedCollection, distinct, distinct_faults, element_faults, lonely
from sdgen.generators.nested.nested_generator import NestedGenerator
from sdgen.generators.registry import register
from sdgen.scenario.types import TEXTS, Type, array_of

_JSON = Type("json")


@register("array")
class Array(SizedCollection):
    """An array of elements made by another generator, of random length."""

    fits: ClassVar[frozenset[str]] = frozenset({"array"})
    example: ClassVar[str] = (
        "{generator: array, params: {items: {generator: uniform_int, params: {min: 1, max: 6}}, min: 1, max: 4}}"
    )

    items: NestedGenerator = Field(description="the elements' generator: its name, or {generator, params, type}")
    unique: bool = Field(default=False, description="whether the elements of a row are distinct (at most 100)")

    def natural(self) -> Type:
        return self.natural_for({})

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        return array_of(self.items.type_for(types))

    def needs(self) -> tuple[Dependency, ...]:
        return self.items.made.needs()

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from self.size_faults()
        yield from lonely(self.items, "items")
        type = _part(facts.type, "array", 0)
        yield from self.items.faults(facts, type, "items")
        if self.unique:
            yield from distinct_faults(self.items, facts, type, self.max, "items")

    def values(self, cells: ColumnBatch) -> pa.Array:
        lengths = self.lengths(cells)
        offsets, numbers = self.elements(cells, lengths)
        try:
            type = cells.facts.type if cells.facts.type.kind == "array" else self.natural()
        except LookupError:  # inside a document: elements of a link's type, which the document doesn't know
            values = self.items.made.values(cells.inner("items", _JSON, numbers))
            return pa.ListArray.from_arrays(offsets, values)
        item = type.items[0]
        inner = cells.inner("items", item, numbers)
        if self.unique:
            # Distinct within a row, which takes the row's numbers and not the elements'.
            values = distinct(self.items, cells.inner("items", item), item, self.max, lengths)
        else:
            values = self.items.values(inner, item)
        return pa.ListArray.from_arrays(offsets, values, type=type.arrow)


@register("map")
class Map(SizedCollection):
    """A map whose keys and values are made by other generators; the keys of a row are distinct."""

    fits: ClassVar[frozenset[str]] = frozenset({"map"})
    example: ClassVar[str] = (
        "{generator: map, params: {keys: {generator: pattern, params: {regex: '[a-z]{3}'}},"
        " values: {generator: uniform_int, params: {min: 0, max: 9}}}}"
    )

    keys: NestedGenerator = Field(
        description="the keys' generator, with a finite set of values: choice, pattern, uniform_int …"
    )
    values_: NestedGenerator = Field(alias="values", description="the values' generator")

    def natural(self) -> Type:
        return self.natural_for({})

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        return Type("map", items=(self.keys.type_for(types), self.values_.type_for(types)))

    def needs(self) -> tuple[Dependency, ...]:
        return tuple(dict.fromkeys([*self.keys.made.needs(), *self.values_.made.needs()]))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from self.size_faults()
        for place, (name, inner) in enumerate((("keys", self.keys), ("values", self.values_))):
            yield from lonely(inner, name)
            yield from inner.faults(facts, _part(facts.type, "map", place), name)
        yield from distinct_faults(self.keys, facts, _part(facts.type, "map", 0), self.max, "keys")

    def values(self, cells: ColumnBatch) -> pa.Array:
        type = cells.facts.type if cells.facts.type.kind == "map" else self.natural()
        key, value = type.items
        lengths = self.lengths(cells)
        offsets, numbers = self.elements(cells, lengths)
        keys = distinct(self.keys, cells.inner("keys", key), key, self.max, lengths)
        values = self.values_.values(cells.inner("values", value, numbers), value)
        return pa.MapArray.from_arrays(offsets, keys, values, type=type.arrow)


def _part(type: Type, kind: str, place: int) -> Type | None:
    return type.items[place] if type.kind == kind else None


class FieldCollection(Generator):
    """What structs and JSON documents share: named fields, made side by side from one row."""

    fields: dict[str, NestedGenerator] = Field(
        default_factory=dict, description="each field's generator: its name, or {generator, params, type}"
    )

    def resolved(self, links: Mapping[str, str]) -> Generator:
        fields = {name: inner.resolved(links) for name, inner in self.fields.items()}
        return self.model_copy(update={"fields": fields})

    def needs(self) -> tuple[Dependency, ...]:
        return tuple(dict.fromkeys(need for inner in self.fields.values() for need in inner.made.needs()))

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        for name, inner in self.fields.items():
            yield from inner.type_faults(types, f"fields.{name}")


@register("struct")
class Struct(FieldCollection):
    """A struct whose fields are made by other generators, which may use the row's columns and parents."""

    fits: ClassVar[frozenset[str]] = frozenset({"struct"})
    example: ClassVar[str] = (
        "{generator: struct, params: {fields: {width: {generator: uniform_int, params: {min: 1, max: 9}},"
        " code: {generator: pattern, params: {regex: '[A-Z]{2}'}}}}}"
    )

    def natural(self) -> Type:
        return self.natural_for({})

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        items = tuple(inner.type_for(types) for inner in self.fields.values())
        return Type("struct", fields=tuple(self.fields), items=items, optional=_optional(self.fields))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from element_faults(self, "fields")
        if not self.fields:
            yield ParamError("fields", "a struct needs at least one field")
        known = facts.type.fields if facts.type.kind == "struct" else tuple(self.fields)
        for name in known:
            if name not in self.fields:
                yield ParamError("fields", f"the field {name!r} of {facts.type} has no generator", "add it to fields")
        for name, inner in self.fields.items():
            if name not in known:
                yield ParamError(f"fields.{name}", f"{facts.type} has no field {name!r}", "known: " + ", ".join(known))
                continue
            place = facts.type.fields.index(name) if facts.type.kind == "struct" else -1
            type = facts.type.items[place] if place >= 0 else None
            yield from inner.faults(facts, type, f"fields.{name}")

    def values(self, cells: ColumnBatch) -> pa.Array:
        type = cells.facts.type if cells.facts.type.kind == "struct" else self.natural()
        arrays = [
            # Each field has streams of its own, by its name: adding a field changes no other.
            self.fields[name].values(cells.inner(f"field/{name}", item), item)
            for name, item in zip(type.fields, type.items, strict=True)
        ]
        return pa.StructArray.from_arrays(arrays, fields=list(type.arrow))


@register("json")
class Json(FieldCollection):
    """A JSON document: an object whose fields are made by other generators, a value of another one, or a constant."""

    fits: ClassVar[frozenset[str]] = TEXTS - {"enum"} | {"json"}
    example: ClassVar[str] = (
        "{generator: json, params: {fields: {level: {generator: uniform_int, params: {min: 1, max: 9}},"
        " tags: {generator: array, params: {items: {generator: pattern, params: {regex: '[a-z]{4}'}}}}}}}"
    )

    value: Any = Field(default=None, description="instead of fields: a constant, any structure")
    of: NestedGenerator | None = Field(
        default=None, description="instead of fields: a generator whose values, of whatever type, are written as JSON"
    )

    @model_validator(mode="after")
    def _one_of_three(self) -> Json:
        if bool(self.fields) + ("value" in self.model_fields_set) + (self.of is not None) != 1:
            raise ValueError("a JSON document takes either fields or a value, or the generator of one")
        return self

    def resolved(self, links: Mapping[str, str]) -> Generator:
        made = super().resolved(links)
        return made if self.of is None else made.model_copy(update={"of": self.of.resolved(links)})

    def needs(self) -> tuple[Dependency, ...]:
        return (*super().needs(), *(self.of.made.needs() if self.of is not None else ()))

    def natural(self) -> Type:
        return _JSON

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from element_faults(self, "fields")
        for name, inner in self.fields.items():
            yield from inner.faults(facts, _type_of(inner), f"fields.{name}")
        if self.of is not None:
            yield from self.of.faults(facts, _type_of(self.of), "of")

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        yield from super().check_types(types)
        if self.of is not None:
            yield from self.of.type_faults(types, "of")

    def values(self, cells: ColumnBatch) -> pa.Array:
        if self.of is not None:
            type = _type_of(self.of)
            return json_text(self._field(self.of, cells.inner("of", type or _JSON), type), type)
        if not self.fields:
            text = json.dumps(self.value, ensure_ascii=False, separators=(",", ":"), default=str)
            return pa.repeat(text, len(cells))
        types = {name: _type_of(inner) for name, inner in self.fields.items()}
        arrays = [
            self._field(inner, cells.inner(f"field/{name}", types[name] or _JSON), types[name])
            for name, inner in self.fields.items()
        ]
        type = replace(_struct_type(types), optional=_optional(self.fields))
        return json_text(pa.StructArray.from_arrays(arrays, list(self.fields)), type)

    def _field(self, inner: NestedGenerator, cells: ColumnBatch, type: Type | None) -> pa.Array:
        return inner.with_nulls(cells, inner.made.values(cells)) if type is None else inner.values(cells, type)


@register("tuple")
class Tuple(Generator):
    """An array whose places have generators of their own: `[48.1, 11.6]`, and as JSON of several types."""

    fits: ClassVar[frozenset[str]] = frozenset({"array", "json"})
    example: ClassVar[str] = (
        "{generator: tuple, params: {items: [{generator: uniform_float, params: {min: -180, max: 180}},"
        " {generator: uniform_float, params: {min: -90, max: 90}}]}}"
    )

    items: tuple[NestedGenerator, ...] = Field(
        min_length=1, max_length=100, description="the generator of each place: its name, or {generator, params, type}"
    )

    def natural(self) -> Type:
        types = {inner.type_for({}) for inner in self.items}
        return array_of(types.pop()) if len(types) == 1 else _JSON

    def resolved(self, links: Mapping[str, str]) -> Generator:
        return self.model_copy(update={"items": tuple(inner.resolved(links) for inner in self.items)})

    def needs(self) -> tuple[Dependency, ...]:
        return tuple(dict.fromkeys(need for inner in self.items for need in inner.made.needs()))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from element_faults(self, "items")
        type = _part(facts.type, "array", 0)
        for place, inner in enumerate(self.items):
            yield from inner.faults(facts, type or _type_of(inner), f"items.{place}")

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        for place, inner in enumerate(self.items):
            yield from inner.type_faults(types, f"items.{place}")

    def values(self, cells: ColumnBatch) -> pa.Array:
        type = _part(cells.facts.type if cells.facts.type.kind in self.fits else self.natural(), "array", 0)
        arrays = []
        for place, inner in enumerate(self.items):
            own = type or _type_of(inner) or _JSON
            arrays.append(inner.values(cells.inner(f"place/{place}", own), own))
        if type is None:
            texts = [json_text(each, own).fill_null("null") for each, own in zip(arrays, self._types(), strict=True)]
            return pc.binary_join_element_wise("[", pc.binary_join_element_wise(*texts, ","), "]", "")
        offsets = pa.array(np.arange(len(cells) + 1, dtype=np.int32) * len(arrays))
        order = np.arange(len(cells) * len(arrays)).reshape(len(arrays), -1).T.ravel()
        return pa.ListArray.from_arrays(offsets, pa.concat_arrays(arrays).take(pa.array(order)))

    def _types(self) -> list[Type]:
        return [_type_of(inner) or _JSON for inner in self.items]


def _optional(fields: Mapping[str, NestedGenerator]) -> tuple[str, ...]:
    return tuple(name for name, inner in fields.items() if inner.optional)


def _type_of(inner: NestedGenerator) -> Type | None:
    """The type of a document's field; None where it follows from other columns."""
    try:
        return inner.type_for({})
    except LookupError:
        return None


def _struct_type(types: Mapping[str, Type | None]) -> Type:
    """The document's type; a field of unknown type is written as its values are."""
    return Type("struct", fields=tuple(types), items=tuple(type or Type("text") for type in types.values()))
