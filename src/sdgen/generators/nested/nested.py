"""Arrays, maps, structs and JSON documents, each made of other generators.

The elements of a row's array or map have numbers of their own, row * max + place, so that any element can be had
alone. A change of `max` therefore changes the elements of all rows but the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from sdgen.generators import streams
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.arrays.encode_text import json_text
from sdgen.generators.base import ColumnBatch, ColumnContext, Dependency, Generator, ParamError
from sdgen.generators.nested.nested_generator import NestedGenerator
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import TEXTS, Type, array_of

_MOST = 10_000
_MOST_ELEMENTS = 20_000  # of a row, at all depths: a batch of 65,536 rows then has fewer than 2^31, which Arrow counts
_MOST_DISTINCT = 100
_JSON = Type("json")


class SizedCollection(Generator):
    """What arrays and maps share: how many elements a row has, and their numbers."""

    min: int = Field(default=0, ge=0, le=_MOST, description="the fewest elements of a row")
    max: int = Field(default=5, ge=0, le=_MOST, description="the most elements of a row")

    def size_faults(self) -> Iterable[ParamError]:
        if self.min > self.max:
            yield ParamError("min", f"min {self.min} is more than max {self.max}", "swap them")
        yield from _element_faults(self, "max")

    def lengths(self, cells: ColumnBatch) -> Numbers:
        return cells.below(self.max - self.min + 1, "length") + self.min

    def elements(self, cells: ColumnBatch, lengths: Numbers) -> tuple[pa.Array, Numbers]:
        """The rows' offsets, and the elements' numbers."""
        ends = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=ends[1:])
        starts = cells.numbers * self.max - ends[:-1]
        return pa.array(ends.astype(np.int32)), np.arange(ends[-1]) + np.repeat(starts, lengths)


def elements(generator: Generator) -> int:
    """The most elements that a row has in the arrays and maps of a generator: those of nested ones multiply."""
    inside = sum(elements(inner.made) for inner in _inners(generator))
    return generator.max * max(1, inside) if isinstance(generator, SizedCollection) else inside


def _inners(generator: Generator) -> Iterator[NestedGenerator]:
    """The generators that stand directly inside another, whichever of its params holds them."""
    for name in type(generator).model_fields:
        value = getattr(generator, name)
        each = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else (value,)
        yield from (inner for inner in each if isinstance(inner, NestedGenerator))


def _element_faults(generator: Generator, param: str) -> Iterable[ParamError]:
    """Told once: by the innermost generator that has too many."""
    most = elements(generator)
    if most > _MOST_ELEMENTS and all(elements(inner.made) <= _MOST_ELEMENTS for inner in _inners(generator)):
        what = f"a row could have {most:,} elements, those of nested arrays multiplied; {_MOST_ELEMENTS:,} is the most"
        yield ParamError(param, what, "lower max, here or inside")


def _lonely(inner: NestedGenerator, path: str) -> Iterable[ParamError]:
    """Elements aren't rows: they have no other columns and no parents, but for links of their own."""
    for need in inner.made.needs():
        if need.entity:
            continue
        what = f"{inner.generator} takes the column {need.column!r}, but an element has no columns beside it"
        yield ParamError(path, what, "compute the value in a column of its own")


def _distinct_faults(
    inner: NestedGenerator, facts: ColumnContext, type: Type | None, most: int, path: str
) -> Iterable[ParamError]:
    if type is None:
        return
    own = _inner_facts(facts, type)
    size = inner.made.capacity(own)
    if size is None or inner.made.domain(own) is None:
        what = f"{inner.generator} can't promise distinct values"
        yield ParamError(path, what, "take choice, uniform_int, pattern or another with a finite set of values")
    elif size < most:
        yield ParamError(
            "max", f"a row may have {most} distinct values, but {inner.generator} has only {size}", "lower max"
        )
    if most > _MOST_DISTINCT:
        yield ParamError("max", f"a row can have at most {_MOST_DISTINCT} distinct values", "lower max")


def _inner_facts(facts: ColumnContext, type: Type) -> ColumnContext:
    return ColumnContext(facts.seed, facts.entity, facts.column, type, facts.rows, facts.as_of, facts.locale)


def _distinct(inner: NestedGenerator, cells: ColumnBatch, type: Type, most: int, lengths: Numbers) -> pa.Array:
    """Values distinct within a row: drawn from its domain without replacement.

    The n-th draw is a place among the values not yet taken; counting up past the taken ones, in their order, gives
    its index.
    """
    domain = inner.made.domain(_inner_facts(cells.facts, type))
    if domain is None:
        raise ValueError(f"{inner.generator} has no finite set of values")
    taken = np.empty((len(cells), most), dtype=np.int64)
    key = cells.key("distinct")
    for place in range(most):
        words = streams.draw(key, cells.numbers * most + place)
        index = streams.below(words, domain.size - place)
        for before in np.sort(taken[:, :place], axis=1).T:
            index += index >= before
        taken[:, place] = index
    chosen = taken[np.arange(most) < lengths[:, None]]
    return cast_array(domain.decode(chosen), type, type.arrow)


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
        yield from _lonely(self.items, "items")
        type = _part(facts.type, "array", 0)
        yield from self.items.faults(facts, type, "items")
        if self.unique:
            yield from _distinct_faults(self.items, facts, type, self.max, "items")

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
            values = _distinct(self.items, cells.inner("items", item), item, self.max, lengths)
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
            yield from _lonely(inner, name)
            yield from inner.faults(facts, _part(facts.type, "map", place), name)
        yield from _distinct_faults(self.keys, facts, _part(facts.type, "map", 0), self.max, "keys")

    def values(self, cells: ColumnBatch) -> pa.Array:
        type = cells.facts.type if cells.facts.type.kind == "map" else self.natural()
        key, value = type.items
        lengths = self.lengths(cells)
        offsets, numbers = self.elements(cells, lengths)
        keys = _distinct(self.keys, cells.inner("keys", key), key, self.max, lengths)
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
        yield from _element_faults(self, "fields")
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
        yield from _element_faults(self, "fields")
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
        yield from _element_faults(self, "items")
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
