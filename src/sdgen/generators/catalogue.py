"""The catalogue of generators, from their own docstrings and params, and the JSON Schema of scenarios that use them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from inspect import getdoc
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from sdgen.errors import Problem, ScenarioError, did_you_mean
from sdgen.generators import registry, vocabularies
from sdgen.generators.base import Facts, Generator
from sdgen.generators.links import ForeignKey
from sdgen.generators.params import Param, param_schemas, params_of
from sdgen.scenario import jsonschema
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import KINDS

OUTSIDE = "added by other packages"
_MANY = 1 << 40  # as many as an entity can have
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
    params: dict[str, Any] = json.loads(json.dumps(column.get("params") or {}, default=str))
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
        facts = Facts(0, "entity", "column", made.natural(), 1, _NOW, unique=True)
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
    return jsonschema.scenario_schema({name: param_schemas(kind) for name, kind in kinds.items() if kind is not None})
