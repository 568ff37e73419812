"""Parts of a JSON Schema's values: their types and generators, and values of several schemas as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sdgen.readers.drafts import spec
from sdgen.readers.jsonschema.keywords import types_of
from sdgen.readers.jsonschema.spellings import KINDS
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import Type


@dataclass(frozen=True)
class PartOfValue:
    """The type of a value or of a part of it, and its generator: None where rules find it.

    nullable: its schema takes null.
    """

    type: Type
    generator: GeneratorSpec | None = None
    null_rate: float | None = None
    nullable: bool = False

    @property
    def spelled(self) -> dict[str, Any]:
        """The part as it is written inside another generator."""
        if self.generator is None:
            return {"type": str(self.type)}
        params = {"params": dict(self.generator.params)} if self.generator.params else {}
        return {"generator": self.generator.type, **params, "type": str(self.type)}

    @property
    def as_json(self) -> dict[str, Any]:
        """The part as a JSON value inside another generator."""
        if self.type.kind == "json" and self.generator is not None:
            return self.spelled
        return {"generator": "json", "params": {"of": self.spelled}, "type": "json"}


LISTED = ("choice", "const", "uniform_int", "pattern")  # have a finite set of values
DISTINCT = {
    "text": spec("pattern", regex="[a-z]{4,8}"),
    "string": spec("pattern", regex="[a-z]{4,8}"),
    "uuid": spec("uuid4"),
    "int": spec("uniform_int", min=1, max=1000),
    "bigint": spec("uniform_int", min=1, max=1000),
}


def by_type(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A schema of several types as one for each, where no one type holds them all."""
    types = (types_of(schema) if isinstance(schema, Mapping) else None) or frozenset()
    kinds = types - {"null"}
    if len(kinds) < 2 or kinds <= {"integer", "number"}:
        return [schema]
    return [{**schema, "type": kind} for kind in KINDS if kind in types]


def mixture(parts: Sequence[PartOfValue]) -> PartOfValue:
    """Values of several schemas: of one type where all are of one, else JSON."""
    parts = of_one_number(parts)
    types = {part.type for part in parts}
    # Two structs of equal fields may still differ in which are left out, which only a document can show.
    if len(types) > 1 or next(iter(types)).kind in ("struct", "map", "json"):
        spelled = [part.as_json for part in parts]
        return PartOfValue(Type("json"), spec("mixture", parts=_without_repeats(spelled)))
    spelled = _without_repeats([part.spelled for part in parts])
    if len(spelled) == 1:
        return parts[0]
    return PartOfValue(next(iter(types)), spec("mixture", parts=spelled))


def of_one_number(parts: Sequence[PartOfValue]) -> list[PartOfValue]:
    """Parts that are all numbers, of the one type that holds all of them."""
    types = {part.type for part in parts}
    if len(types) > 1 and types <= {Type("bigint"), Type("int"), Type("double")}:
        widest = Type("double") if Type("double") in types else Type("bigint")
        return [replace(part, type=widest) for part in parts]
    return list(parts)


def _without_repeats(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [part for place, part in enumerate(parts) if part not in parts[:place]]
