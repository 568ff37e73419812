"""The catalogue of generators, from their own docstrings and params, and the JSON Schema of scenarios that use them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from inspect import getdoc
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import yaml
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from sdgen.errors import Problem, ScenarioError, did_you_mean
from sdgen.generators import registry
from sdgen.generators.base import Generator
from sdgen.generators.column_batch import ColumnContext
from sdgen.generators.links.links import ForeignKey
from sdgen.generators.text import vocabularies
from sdgen.scenario import json_schema
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import KINDS

OUTSIDE = "added by other packages"
_MANY = 1 << 40  # as many as an entity can have
# A fixed moment, so that the catalogue is the same whenever it is made.
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    """One generator: its names, what it does, and how it is asked for.

    `natural` is the type a column gets that names none, "" where it depends on other columns. `unique` tells how many
    rows a unique column of it can have, with the params of its example. `preset` is, for a vocabulary's preset, the
    generator and the params it stands for.
    """

    names: tuple[str, ...]
    summary: str
    text: str
    params: tuple[Param, ...]
    fits: tuple[str, ...]
    natural: str
    unique: str
    example: str
    preset: str = ""


@dataclass(frozen=True)
class Family:
    """Generators of one file; `title` is the first line of its docstring."""

    name: str
    title: str
    entries: tuple[Entry, ...]


def families() -> Iterator[Family]:
    """All families, in the registry's order; then the vocabularies, and last what other packages add."""
    known: set[str] = set()
    for name, names in registry.families():
        title = getdoc(import_module(f"sdgen.generators.{name}")) or name
        known.update(names)
        yield Family(name, title.partition("\n")[0], tuple(_entries(names)))
    for vocabulary, title in vocabularies.VOCABULARIES.items():
        presets = [each.name for each in vocabularies.presets(vocabulary).values()]
        known.update(presets)
        yield Family(vocabulary, title, tuple(map(entry, presets)))
    others = [name for name in registry.names() if name not in known]
    if others:
        yield Family("others", OUTSIDE, tuple(_entries(others)))


def _entries(names: tuple[str, ...] | list[str]) -> Iterator[Entry]:
    """One entry for each generator, under its name and the other spellings of it."""
    yield from map(entry, dict.fromkeys(registry.spellings(name)[0] for name in names))


class Description(NamedTuple):
    """What is said of a generator without one being made, which takes its pools and time."""

    names: tuple[str, ...]
    summary: str
    text: str
    params: tuple[Param, ...]
    fits: tuple[str, ...]
    example: str


def described(name: str) -> Description:
    """A generator's description, whichever of its names is given; ScenarioError where there is none of that name."""
    kind, preset = registry.find(name), vocabularies.preset(name)
    if kind is None:
        hint = did_you_mean(name, registry.names(), "`sdgen generators` lists them all")
        raise ScenarioError(Problem((), f"unknown generator {name!r}", hint))
    names = registry.spellings(name)
    text = preset.description if preset else getdoc(kind) or ""
    about = kind.about.get(names[0], "")
    return Description(
        names=names,
        summary=about or " ".join(text.partition("\n\n")[0].split()),
        text="\n\n".join(filter(None, (about, text.partition("\n\n")[2]))) if about else text,
        params=tuple(params_of(kind)),
        fits=tuple(sorted(kind.fits)),
        example=f"{{generator: {name}}}" if preset else _own_example(names[0], kind),
    )


def entry(name: str) -> Entry:
    """A generator's entry, whichever of its names is given; ScenarioError where there is none of that name."""
    found, kind, preset = described(name), registry.find(name), vocabularies.preset(name)
    assert kind is not None, "it is described"
    made = registry.make(name, {}) if preset else _example(name, kind)
    return Entry(
        **found._asdict(),
        natural=_natural(made),
        unique=_unique(made),
        preset=_stands_for(preset.spec) if preset else "",
    )


def _own_example(name: str, kind: type[Generator]) -> str:
    """The class's example, under the name of one of its generators."""
    example = kind.example.strip()
    return re.sub(r"^\{generator: [\w.]+", f"{{generator: {name}", example) if name in kind.about else example


def _stands_for(spec: GeneratorSpec) -> str:
    """A preset's generator and params in one line of YAML."""
    record = {"generator": spec.type, **({"params": dict(spec.params)} if spec.params else {})}
    return yaml.safe_dump(record, default_flow_style=True, sort_keys=False, width=10**6, allow_unicode=True).strip()


def _example(name: str, kind: type[Generator]) -> Generator | None:
    """The generator under this name, with the params of its class's example where it takes them."""
    column: dict[str, Any] = yaml.safe_load(kind.example) or {}
    # Through JSON, so that dates which YAML has read become the texts that params take.
    params: dict[str, Any] = json.loads(json.dumps(column.get("params") or {}, default=str))
    # The example of a class that serves several may hold params that this name doesn't take.
    for given in (params, {}):
        try:
            return registry.make(name, given)
        except (KeyError, ValidationError):
            continue
    return None


def _natural(made: Generator | None) -> str:
    try:
        return str(made.natural()) if made is not None else ""
    except (LookupError, NotImplementedError, ValueError):
        return ""


def _unique(made: Generator | None) -> str:
    if isinstance(made, ForeignKey):
        return "possible, for as many rows as the parent has"
    try:
        assert made is not None
        facts = ColumnContext(0, "entity", "column", made.natural(), 1, _NOW, unique=True)
        distinct = made.capacity(facts)
    except (AssertionError, LookupError, NotImplementedError, ValueError):
        distinct = None
    if distinct is None:
        return "no"
    return "possible" if distinct >= _MANY else f"possible, for up to {distinct:,} rows with the example's params"


def fills(entry: Entry) -> str:
    """The kinds of column types in words."""
    return "every type" if set(entry.fits) >= KINDS else ", ".join(entry.fits)


def scenario_schema() -> dict[str, Any]:
    """The JSON Schema of scenario files, with all generators there are."""
    kinds = {name: registry.find(name) for name in registry.names()}
    params = {name: param_schemas(kind) for name, kind in kinds.items() if kind is not None}
    return json_schema.scenario_schema(params, {name: registry.main_param(name) for name in params})


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
