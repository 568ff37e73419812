"""A generator's params, in words and as JSON Schema, from the fields of its class."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sdgen.generators.base import Generator

WORDS: dict[Any, str] = {
    int: "whole number",
    float: "number",
    Decimal: "number",
    str: "text",
    bool: "true or false",
    date: "date",
    datetime: "time",
    time: "time of day",
    timedelta: "duration",
    Any: "any value",
    object: "any value",
}
_BOUNDS = ((Ge, "ge", "≥"), (Gt, "gt", ">"), (Le, "le", "≤"), (Lt, "lt", "<"))
REQUIRED = "required"
_LARGE = 2**53  # bounds beyond are those of the machine, not of the param


@dataclass(frozen=True)
class Param:
    """One param, in words. `default` is REQUIRED where there is none, and "" where it says nothing."""

    name: str
    type: str
    default: str
    description: str


def params_of(kind: type[Generator]) -> Iterator[Param]:
    """All params of a generator, in their order."""
    for name, field in kind.model_fields.items():
        type_words = " ".join([words(field.annotation), *_bounds(field)])
        yield Param(field.alias or name, type_words, _default(field), field.description or "")


def words(annotation: Any) -> str:
    """A param's type for a person."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return words(inner[0])
    if origin is Literal:
        return " | ".join(str(value) for value in inner)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(words(each) for each in inner if each is not NoneType))
    if origin in (tuple, list, set, frozenset, Sequence):
        return "list of " + " or ".join(dict.fromkeys(words(each) for each in inner if each is not ...))
    if annotation is dict or origin in (dict, Mapping):
        return "mapping"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "record of " + ", ".join(field.alias or name for name, field in annotation.model_fields.items())
    return WORDS.get(annotation, getattr(annotation, "__name__", "value"))


def _bounds(field: FieldInfo) -> Iterator[str]:
    for rule in field.metadata:
        for kind, name, sign in _BOUNDS:
            bound: Any = getattr(rule, name, None) if isinstance(rule, kind) else None
            if isinstance(bound, int | float | Decimal) and abs(float(bound)) < _LARGE:
                yield f"{sign} {bound}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return REQUIRED
    value = field.get_default(call_default_factory=True)
    if value is None or value == "" or value == () or value == {}:
        return ""
    return json.dumps(value, default=str, ensure_ascii=False)


def param_schemas(kind: type[Generator]) -> dict[str, dict[str, Any]]:
    """JSON Schema of each param: what it means, and its words where it takes only some.

    Types are left to validation: a generator reads more spellings than a schema says.
    """
    return {field.alias or name: _schema(field) for name, field in kind.model_fields.items()}


def _schema(field: FieldInfo) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": field.description or ""}
    if get_origin(field.annotation) is Literal:
        schema["enum"] = list(get_args(field.annotation))
    if not field.is_required() and _default(field):
        schema["default"] = json.loads(_default(field))
    return schema
