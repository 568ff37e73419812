"""How many elements, entries and different values columns have whose generators a rule chooses."""

from __future__ import annotations

from collections.abc import Mapping

from sdgen.plan.guess import with_guesses
from sdgen.read.moose.clicktypes import ClickType
from sdgen.read.moose.samples import sampled
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario

MOST_ELEMENTS = 10
MOST_ENTRIES = 5
POOL = 24
_SIZES: Mapping[str, Mapping[str, object]] = {
    "array": {"items": {}, "min": 0, "max": MOST_ELEMENTS},
    "map": {"keys": {}, "values": {}, "min": 0, "max": MOST_ENTRIES},
}
_ENDLESS = ("text.", "pattern", "template")  # what makes another text in nearly every row
_REPEATED = 0.4  # of the rows looked at: with fewer different texts a generator's own pool is small enough
_LOOKED_AT = 240


def with_sizes(scenario: Scenario, types: Mapping[str, Mapping[str, ClickType]]) -> Scenario:
    """The scenario with sizes for arrays and maps, and a pool for texts of low cardinality."""
    wanted = {name for name, columns in types.items() if any(_is_sized(type) for type in columns.values())}
    if not wanted:
        return scenario
    guessed = with_guesses(scenario).entities
    entities = {
        name: _sized(name, entity, guessed[name], types[name]) if name in wanted else entity
        for name, entity in scenario.entities.items()
    }
    return scenario.model_copy(update={"entities": entities})


def _is_sized(type: ClickType) -> bool:
    return type.word in ("Array", "Map") or (type.low_cardinality and type.word == "String" and not type.values)


def _sized(name: str, entity: Entity, guessed: Entity, types: Mapping[str, ClickType]) -> Entity:
    keys = {each for one in entity.unique for each in one}
    found = {}
    for column, record in entity.columns.items():
        spec = guessed.columns[column].generator
        known = types.get(column)
        if record.generator is None and spec is not None and known is not None and _is_sized(known):
            made = None if _is_key(column, record, keys) else _spec(name, column, record, spec)
            found[column] = record if made is None else record.model_copy(update={"generator": made})
    return entity.model_copy(update={"columns": {**entity.columns, **found}})


def _is_key(name: str, column: Column, keys: set[str]) -> bool:
    return column.primary_key or column.unique or name in keys


def _spec(entity: str, name: str, column: Column, spec: GeneratorSpec) -> GeneratorSpec | None:
    if spec.type in _SIZES:
        return GeneratorSpec(type=spec.type, params=_SIZES[spec.type])
    return _pool(entity, name, column) if spec.type.startswith(_ENDLESS) else None


def _pool(entity: str, name: str, column: Column) -> GeneratorSpec | None:
    """A few of the texts that a rule makes for the column, the first of them the most frequent."""
    from sdgen.scenario.types import parse_type

    values = sampled(entity, name, parse_type(str(column.type)), _LOOKED_AT, column.description)
    if len(values) < max(_REPEATED * _LOOKED_AT, POOL):
        return None
    weights = [round(100 / rank) for rank in range(1, POOL + 1)]
    return GeneratorSpec(type="choice", params={"values": values[:POOL], "weights": weights})
