"""Generators inside generators that are left out: a struct's fields, an array's items, a text's value.

A struct generator with the one field `state` in a column of type `struct<name: text, state: text>` leaves `name` out:
its generator is found by its name and type, as a column would have it. An inner record without a generator likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sdgen.generators.registry import in_full
from sdgen.scenario.model import Column, GeneratorSpec
from sdgen.scenario.types import Type, known_type

# The structs that a part is in, from the outermost on: the name of each, and those of its fields.
Inside = tuple[tuple[str, tuple[str, ...]], ...]
# By a part's name and type, the kind of what it is a part of, and the structs that it is in.
Guesser = Callable[[str, Type, str, Inside], Mapping[str, Any] | None]
_INNER = {"array": ("items",), "map": ("keys", "values"), "as_text": ("value",), "json": ("of",)}
_SEVERAL = {"tuple": "items", "mixture": "parts"}
_NULLS = 0.1  # of fields that need not be there, as of columns
_FIELDS = frozenset({"struct", "json"})
_PART = frozenset({"generator", "params", "type", "null_rate", "optional", "weight", "when", "is"})


class _Missing(Exception):
    """Something is left out."""


def is_whole(column: Column) -> bool:
    """Whether a column has a generator, and all generators inside of it."""
    spec = column.generator
    if spec is None or spec.type not in _INNER.keys() | _FIELDS | _SEVERAL.keys():
        return spec is not None
    try:
        # Gaps are looked for by what fills them, so that both agree on what a gap is.
        completed(spec, _parsed(column.type), "", _missing)
    except _Missing:
        return False
    return True


def _missing(name: str, type: Type, kind: str, inside: Inside) -> None:
    raise _Missing


def completed(spec: GeneratorSpec, type: Type | None, name: str, guess: Guesser) -> GeneratorSpec:
    """The generator with its parts' generators, where `guess` finds those that are left out; itself if none is."""
    params = _params(spec.type, spec.params, type, name, guess, ())
    return spec if params is None else GeneratorSpec(type=spec.type, params=params)


def _params(
    kind: str, params: Mapping[str, Any], type: Type | None, name: str, guess: Guesser, inside: Inside
) -> dict[str, Any] | None:
    """The params with all parts; None where nothing is missing."""
    if kind in _SEVERAL:
        return _several(kind, params, type, name, guess, inside)
    if kind in _FIELDS and "of" not in params:
        fields = params.get("fields", {})
        if not isinstance(fields, Mapping) or "value" in params:
            return None
        found = _fields(kind, fields, type, name, guess, inside)
        return None if found == fields else {**params, "fields": found}
    types = dict(zip(_INNER.get(kind, ()), type.items if type is not None else (), strict=False))
    parts = {key: params[key] for key in _INNER.get(kind, ()) if isinstance(params.get(key), Mapping)}
    whole = {key: _part(_name(key, name), part, types.get(key), kind, guess, inside) for key, part in parts.items()}
    return None if whole == parts else {**params, **whole}


def _several(
    kind: str, params: Mapping[str, Any], type: Type | None, name: str, guess: Guesser, inside: Inside
) -> dict[str, Any] | None:
    """The params with all parts of a list of generators; None where nothing is missing."""
    parts = params.get(_SEVERAL[kind], ())
    if not isinstance(parts, list | tuple):
        return None
    own = type.items[0] if kind == "tuple" and type is not None and type.kind == "array" else None
    own = type if kind == "mixture" else own
    whole = [_part(name, part, own, kind, guess, inside) for part in parts]
    return None if whole == [*parts] else {**params, _SEVERAL[kind]: whole}


def _name(key: str, name: str) -> str:
    return "map_key" if key == "keys" else name


def _fields(
    kind: str, fields: Mapping[str, Any], type: Type | None, struct: str, guess: Guesser, inside: Inside
) -> dict[str, Any]:
    """All fields in the type's order, those that no generator is found for left as they were."""
    types = dict(zip(type.fields, type.items, strict=True)) if type is not None and type.kind == "struct" else {}
    found = {}
    names = [*types, *(name for name in fields if name not in types)]
    inside = (*inside, (struct, tuple(names)))
    for name in names:
        part = fields.get(name, {"type": str(types[name])} if name in types else {})
        part = in_full(part, _PART) if isinstance(part, Mapping) else part
        is_spelled = isinstance(part, Mapping) and bool({"generator", "null_rate"} & part.keys())
        part = _part(name, part, types.get(name), kind, guess, inside)
        if not is_spelled and type is not None and isinstance(part, Mapping):
            part = at_times_null(name, part, type)
        if part != {} and (name in fields or "generator" in part):
            found[name] = part
    return found


def at_times_null(name: str, part: Mapping[str, Any], struct: Type) -> Mapping[str, Any]:
    """A guessed field, null in a share of the values where its struct need not have it."""
    return {**part, "null_rate": _NULLS} if name in struct.optional and "generator" in part else part


def _part(name: str, part: Any, type: Type | None, kind: str, guess: Guesser, inside: Inside) -> Any:
    """An inner record with its generator; as it was where it has one, or where none is found."""
    if not isinstance(part, Mapping):
        return part
    part = in_full(part, _PART)
    type = _parsed(part.get("type")) or type
    inner = part.get("generator")
    if inner is None:
        guessed = guess(name, type, kind, inside) if type is not None else None
        return {**part, **guessed} if guessed else part
    spelled = part.get("params", {})
    if not isinstance(inner, str) or not isinstance(spelled, Mapping):
        return part
    params = _params(inner, spelled, type, name, guess, inside)
    return part if params is None else {**part, "params": params}


def _parsed(text: object) -> Type | None:
    return known_type(text) if isinstance(text, str) else None
