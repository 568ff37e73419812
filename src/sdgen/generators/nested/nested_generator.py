"""Generators inside generators: how they are written, made, checked and asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from sdgen.errors import did_you_mean
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.links.links import ElementLink
from sdgen.generators.registry import find, in_full, make, names, spelled_by_name
from sdgen.scenario.types import Type, parse_type

_LINK = "fk"


class NestedGenerator(BaseModel):
    """A generator with its params and, if need be, its type; its name alone where it takes no params."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    generator: str = Field(description="a generator's name")
    params: dict[str, Any] = Field(default_factory=dict, description="its params")
    type: str = Field(default="", description="the type of its values, where it isn't the natural one")
    null_rate: float = Field(default=0.0, ge=0, le=1, description="the share of nulls among its values")
    optional: bool = Field(default=False, description="as a field: JSON leaves it out where it is null")

    _made: Generator = PrivateAttr()
    _type: Type | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _spelled_out(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"generator": value}
        if isinstance(value, Mapping) and isinstance(value.get("generator"), Mapping):
            kind = dict(value["generator"])
            return {**value, "generator": kind.get("type", ""), "params": kind.get("params", {})}
        if isinstance(value, Mapping) and "generator" not in value:
            known = {field.alias or name for name, field in cls.model_fields.items()}
            value = in_full(value, known)
            named = [] if "generator" in value else spelled_by_name(value, known)
            if len(named) == 1:
                raise ValueError(f"{named[0]} takes params by name; write {named[0]}: {{…}}")
        return value

    @model_validator(mode="after")
    def _make(self) -> NestedGenerator:
        try:
            # A link inside a column has no column of its own that the plan could know: it is drawn by the element.
            is_link = self.generator == _LINK
            self._made = ElementLink(**self.params) if is_link else make(self.generator, dict(self.params))
        except KeyError:
            hint = did_you_mean(self.generator, names())
            raise _error(("generator",), f"unknown generator {self.generator!r}", hint) from None
        except ValidationError as error:
            raise _under_params(error, self.generator) from None
        try:
            self._type = parse_type(self.type) if self.type else None
        except ValueError as error:
            raise _error(("type",), str(error)) from None
        return self

    @property
    def made(self) -> Generator:
        return self._made

    def type_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        """The type of the values: as written, or natural given other columns' types; LookupError if unknown."""
        if self._type is not None:
            return self._type
        try:
            return self._made.natural_for(types)
        # A copy of a parent's column has that column's type, which the generator alone can't know.
        except LookupError:
            needs = self._made.needs()
            copied = types.get(needs[0]) if self.generator == "parent" and needs else None
            if copied is None:
                raise
            return copied

    def resolved(self, links: Mapping[str, str]) -> NestedGenerator:
        # A copy, since one scenario may be planned several times, with other links.
        copy = self.model_copy()
        copy._made = self._made.resolved(links)
        return copy

    def faults(self, facts: ColumnContext, type: Type | None, path: str) -> Iterable[ParamError]:
        """What is wrong inside, under this path; `type` is what the values must be, if that is known."""
        if type is not None and self._made.fits and type.kind not in self._made.fits:
            kinds = ", ".join(sorted(self._made.fits))
            yield ParamError(path, f"{self.generator} can't make values of type {type}", f"it makes: {kinds}")
        # What is unique is the whole column; elements have rules of their own.
        inner = replace(facts, type=type or facts.type, unique=False, joint=None)
        yield from _inside(path, self._made.faults(inner))

    def type_faults(self, types: Mapping[Dependency, Type | None], path: str) -> Iterable[ParamError]:
        """What is wrong inside, given the types of the columns it needs."""
        yield from _inside(path, self._made.check_types(types))

    def values(self, cells: ColumnBatch, type: Type) -> pa.Array:
        return self.with_nulls(cells, cast_array(self._made.values(cells), type, type.arrow))

    def with_nulls(self, cells: ColumnBatch, values: pa.Array) -> pa.Array:
        """The values with their share of nulls."""
        if not self.null_rate:
            return values
        return values.take(pa.array(np.arange(len(values)), mask=cells.unit("null") < self.null_rate))


def _inside(path: str, faults: Iterable[ParamError]) -> Iterable[ParamError]:
    for fault in faults:
        yield replace(fault, param=f"{path}.params.{fault.param}" if fault.param else path)


def _error(path: tuple[str | int, ...], what: str, hint: str = "") -> ValidationError:
    return _errors([_detail(path, f"{what}; {hint}" if hint else what)])


def _under_params(error: ValidationError, name: str) -> ValidationError:
    """The same errors, told of the inner generator, with `params` in front of their places."""
    return _errors([_detail(("params", *one["loc"]), _told(one, name)) for one in error.errors(include_url=False)])


def _told(one: ErrorDetails, name: str) -> str:
    place, what = ".".join(map(str, one["loc"])), one["msg"].removeprefix("Value error, ")
    match one["type"]:
        case "extra_forbidden":
            kind = find(name)
            fields = [field.alias or known for known, field in kind.model_fields.items()] if kind else []
            hint = did_you_mean(place, fields) or "it takes no params"
            return f"{name} has no param {place!r}; {hint}"
        case "missing":
            return f"{name} needs the param {place!r}"
        case "value_error":
            return what
    return f"{name}: {place} is {one['input']!r}: {what[:1].lower()}{what[1:]}"


def _errors(details: list[InitErrorDetails]) -> ValidationError:
    return ValidationError.from_exception_data("inner generator", details)


def _detail(path: tuple[str | int, ...], what: str) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError("value_error", "{what}", {"what": what}), loc=path, input=None)
