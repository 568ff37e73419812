"""The first guess that fits: of the rules that hold for a column, the one whose generator can fill it.

A nested value's parts are guessed as columns are, by their own names and types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from sdgen.inference.complete import at_times_null
from sdgen.inference.fit import ColumnNeeds, fitting, needs_others, with_distinct_elements
from sdgen.inference.likely_states import weights
from sdgen.inference.names import singular, spelled_out
from sdgen.inference.parts import Surroundings
from sdgen.inference.rule_files import abbreviations
from sdgen.inference.rules import ColumnTraits, Guess, built_in_guesses, guesses
from sdgen.scenario.model import GeneratorSpec, Scenario
from sdgen.scenario.types import Type

_KEYS = 6  # distinct keys that a guessed map can have


def guess_of(
    scenario: Scenario, traits: ColumnTraits, needs: ColumnNeeds, around: Surroundings | None = None
) -> Guess | None:
    """The guess for a column, or for a part of a nested value, which stands in `around`."""
    own = next(guesses(scenario.rules, traits), None)
    if own is not None:
        return own
    # Where no generator has values enough, one that fits the type is better than none: planning then says how many
    # there are, and how many are needed.
    for need, domain in ((needs.need, needs.domain), (0, needs.domain), (0, 0)):
        less = replace(needs, need=need, domain=domain)
        found = _first_fitting(scenario, traits, less, around or Surroundings(traits.entity))
        if found is not None:
            return found
    return None


def _first_fitting(scenario: Scenario, traits: ColumnTraits, needs: ColumnNeeds, around: Surroundings) -> Guess | None:
    if traits.type is not None and traits.type.items:
        spec = _nested(scenario, traits, traits.type, needs, around)
        return None if spec is None else Guess(spec)
    for guess in built_in_guesses(traits):
        # A part of a nested value has no columns beside it to be computed from.
        if needs.types or not needs_others(guess.generator):
            spec = fitting(guess.generator, needs)
            if spec is not None:
                return replace(guess, generator=_likely(spec, traits.type))
    return None


def _likely(spec: GeneratorSpec, type: Type | None) -> GeneratorSpec:
    """A choice of all that an enumeration lists, as likely as its words suggest."""
    found = weights(type.values) if type is not None and type.kind == "enum" and not spec.params else None
    if found is None or type is None or spec.type != "choice":
        return spec
    return GeneratorSpec.model_construct(type="choice", params={"values": [*type.values], "weights": found})


def _nested(
    scenario: Scenario, traits: ColumnTraits, type: Type, needs: ColumnNeeds, around: Surroundings
) -> GeneratorSpec | None:
    """A generator for arrays, maps and structs, each of whose parts is guessed by its own name and type."""
    if needs.need or needs.domain:
        return None
    names = {"array": (traits.raw,), "map": ("map_key", traits.raw), "struct": type.fields}[type.kind]
    around = around.into(traits.raw, type.fields) if type.kind == "struct" else around
    parts = [
        guess_of_part(scenario, around, name, item, type.kind) for name, item in zip(names, type.items, strict=True)
    ]
    inner = [part for part in parts if part is not None]
    if len(inner) < len(parts):
        return None
    params: dict[str, object]
    if type.kind == "array":
        params = {"items": inner[0], "min": 0, "max": 5}
    elif type.kind == "map":
        params = {"keys": inner[0], "values": inner[1], "min": 1, "max": 4}
    else:
        params = {
            "fields": {name: at_times_null(name, part, type) for name, part in zip(type.fields, inner, strict=True)}
        }
    spec = fitting(GeneratorSpec.model_construct(type=type.kind, params=params), ColumnNeeds(type, locale=needs.locale))
    return spec and with_distinct_elements(spec, type)


def guess_of_part(
    scenario: Scenario, around: Surroundings, name: str, type: Type, kind: str
) -> Mapping[str, object] | None:
    """The generator of a part of an array, map or struct: by names and type alone, so that it is found once."""
    if scenario.rules:
        return _found_part(scenario, around, name, type, kind)
    return _usual_part(scenario.locale, around, name, type, kind)


@lru_cache(maxsize=32_768)
def _usual_part(locale: str, around: Surroundings, name: str, type: Type, kind: str) -> Mapping[str, object] | None:
    """A part's generator by the built-in rules."""
    return _found_part(Scenario.model_construct(name="", locale=locale, entities={}), around, name, type, kind)


def _found_part(
    scenario: Scenario, around: Surroundings, name: str, type: Type, kind: str
) -> Mapping[str, object] | None:
    spelled = spelled_out(name, abbreviations())
    head, _, last = spelled.rpartition("_")
    # An array is called by the plural of what its items are, and rules know the singular.
    single = "_".join(filter(None, (head, singular(last)))) if kind == "array" else spelled
    names = tuple(dict.fromkeys((spelled, single, *around.names(name))))
    domain = _KEYS if name == "map_key" else 0
    part = ColumnTraits(name, names, around.entity, type, in_unique_set=bool(domain), beside=around.beside(name))
    found = guess_of(scenario, part, ColumnNeeds(type, domain=domain, locale=scenario.locale), around)
    if found is None:
        return None
    spec = around.own(found.generator, name)
    return {"generator": spec.type, "params": dict(spec.params), "type": str(type)}
