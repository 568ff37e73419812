"""Which generator fills each column: the one it names, or a preset's. What rules find is in by then (`guess.py`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from sdgen.errors import Path, Problem, ProblemType, did_you_mean
from sdgen.generators import registry
from sdgen.generators.base import Generator
from sdgen.scenario.model import Column, Entity, GeneratorSpec, RowCount, Scenario

Key = tuple[str, str]  # entity and column


def column_path(key: Key) -> Path:
    return ("entities", key[0], "columns", key[1])


def columns_of(scenario: Scenario) -> Iterator[tuple[Key, Entity, Column]]:
    """All columns of all entities, in the scenario's order."""
    for entity_name, entity in scenario.entities.items():
        for column_name, column in entity.columns.items():
            yield (entity_name, column_name), entity, column


def choose_generators(scenario: Scenario, problems: list[Problem]) -> dict[Key, Generator]:
    """A generator for each column that has one without fault; what is wrong with the others is added to `problems`."""
    chosen: dict[Key, Generator] = {}
    for key, _, column in columns_of(scenario):
        path = column_path(key)
        spec = column.generator
        if spec is None:
            hint = "name a generator, or add a rule for it"
            what = "no generator, and no rule finds one"
            problems.append(scenario.origin.problem(path, what, hint, ProblemType.MISSING))
            continue
        made = make_generator(scenario, spec, (*path, "generator"), problems)
        if made is not None:
            chosen[key] = made
    return chosen


def make_generator(scenario: Scenario, spec: GeneratorSpec, path: Path, problems: list[Problem]) -> Generator | None:
    """The generator a spec names, with presets applied; None, and problems added, where it can't be made."""
    known = _made.get(id(spec))
    # The class as well: a program may register another one under the name.
    if known is not None and spec.type not in scenario.presets and registry.find(spec.type) is type(known[1]):
        return known[1]
    origin = scenario.origin
    name, params = spec.type, dict(spec.params)
    seen = [name]
    while name in scenario.presets:
        preset = scenario.presets[name]
        # What stands nearer to the column goes before: its own params, then its preset's, then those of a preset below.
        name, params = preset.type, {**preset.params, **params}
        if name in seen:
            what = "presets refer to each other: " + " → ".join([*seen, name])
            problems.append(origin.problem(("presets", seen[0]), what, type=ProblemType.CYCLE))
            return None
        seen.append(name)
    try:
        made = registry.make(name, params)
    except KeyError:
        names = [*registry.names(), *scenario.presets]
        hint = did_you_mean(name, names, "`sdgen generators` lists them all")
        problems.append(origin.problem(path, f"unknown generator {name!r}", hint, ProblemType.UNKNOWN))
    except ValidationError as error:
        problems.extend(param_problems(scenario, error, name, path))
    else:
        return _remembered(spec, made) if len(seen) == 1 else made
    return None


# A reader plans what it drafts again and again, and few specs change between: each is validated once. By identity,
# since params can't be hashed; the spec is held beside its generator, so that no other one can have its id.
_MOST_MADE = 65_536
_made: dict[int, tuple[GeneratorSpec, Generator]] = {}


def _remembered(spec: GeneratorSpec, made: Generator) -> Generator:
    if len(_made) >= _MOST_MADE:
        _made.clear()
    _made[id(spec)] = spec, made
    return made


def param_problems(scenario: Scenario, error: ValidationError, name: str, path: Path) -> Iterator[Problem]:
    """A generator's params that don't fit its fields, one problem each, in a person's words."""
    kind = registry.find(name)
    fields = [field.alias or name for name, field in kind.model_fields.items()] if kind else []
    for detail in error.errors(include_url=False):
        place = tuple(part for part in detail["loc"] if part not in ("function-before", "function-after"))
        what, hint = _words(detail, name, fields)
        type = _TYPES.get(detail["type"], ProblemType.VALUE)
        # Params stand under `params`; a spelling with the generator's name alone has no place below it.
        yield scenario.origin.problem((*path[:-1], "params", *place), what, hint, type)


_TYPES = {"extra_forbidden": ProblemType.UNKNOWN, "missing": ProblemType.MISSING}


def _words(detail: Mapping[str, Any], name: str, fields: list[str]) -> tuple[str, str]:
    place = ".".join(str(part) for part in detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            takes = ", ".join(fields) or "no params"
            return f"{name} has no param {place!r}", did_you_mean(place, fields) or f"{name} takes {takes}"
        case "missing":
            return f"{name} needs the param {place!r}", f"`sdgen generators {name}` shows an example"
        case "value_error":
            return f"{name}: {str(detail['msg']).removeprefix('Value error, ')}", ""
    given = repr(detail.get("input"))
    short = given if len(given) <= 60 else given[:57] + "…"
    return f"{name}: {place} is {short}: {str(detail['msg'])[:1].lower()}{str(detail['msg'])[1:]}", ""


def counting_link(rows: RowCount, links: Mapping[str, str]) -> str | None:
    """The link through which rows are counted per parent; None where it isn't clear which."""
    found = [link for link, parent in links.items() if parent == rows.per and rows.via in ("", link)]
    return found[0] if len(found) == 1 else None
