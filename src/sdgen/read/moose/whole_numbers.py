"""TypeScript's `number` is a Float64, and often meant as a whole number: `priority`, `quantity`, `retryCount`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sdgen.generators.rule_fit import Wanted, fitting
from sdgen.read.moose.known import Known
from sdgen.read.moose.samples import guesses
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import Type

_COUNTED = re.compile(r"\b(?:number of|count of|how many|total number)\b", re.IGNORECASE)
_COUNTS = frozenset(
    {
        *("count", "counts", "quantity", "qty", "views", "users", "customers", "clicks", "sessions", "orders", "stock"),
        *("impressions", "visits", "visitors", "size", "number", "items", "rows", "events", "stars", "likes"),
        *("minutes", "seconds", "days", "hours", "index", "level", "followers", "comments"),
    }
)
_LAWS = {"lognormal": "scale", "normal": "precision", "exponential": "precision"}
_DOUBLE, _WHOLE = Type("double"), Type("bigint")
_NOTHING = "zzq"  # a name that no rule knows


def whole_numbers(entity: str, columns: Mapping[str, Known]) -> dict[str, GeneratorSpec]:
    """Generators of whole numbers for the plain numbers whose names speak of such, and of no others."""
    asked = {
        name: column.comment
        for name, column in columns.items()
        if column.type.word == "Float64" and "number" not in column.type.marks and column.generator is None
        if not column.is_key
    }
    if not asked:
        return {}
    broken = guesses(entity, {**asked, _NOTHING: ""}, _DOUBLE)
    whole = guesses(entity, {**asked, _NOTHING: ""}, _WHOLE)
    found = {
        name: whole[name]
        for name in asked
        if _is_count(columns[name]) or (broken[name] == broken[_NOTHING] and whole[name] != whole[_NOTHING])
    }
    fitted = {name: fitting(_rounded(spec), Wanted(_DOUBLE)) for name, spec in found.items() if spec is not None}
    return {name: spec for name, spec in fitted.items() if spec is not None}


def _is_count(column: Known) -> bool:
    return bool(_COUNTS & set(column.words[-1:])) or bool(_COUNTED.search(column.comment))


def _rounded(spec: GeneratorSpec) -> GeneratorSpec:
    places = _LAWS.get(spec.type)
    return GeneratorSpec(type=spec.type, params={**spec.params, places: 0}) if places else spec
