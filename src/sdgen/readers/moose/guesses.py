"""Guesses taken while a model is read, where its scenario has to know them: names for ids, fields of JSON."""

from __future__ import annotations

from collections.abc import Mapping

from sdgen.inference.guess import with_guesses
from sdgen.readers.feasibility import sampled_values
from sdgen.readers.moose.click_type import ClickType
from sdgen.readers.moose.shapes import singular, stem, words_of
from sdgen.scenario.model import Column, Entity, GeneratorSpec, RowCount, Scenario
from sdgen.scenario.types import INTEGERS, Type

_ENTITY_ROWS = 240
_AT_ONCE = 20
# A fixed moment, so that the same model gives the same scenario on any day.
_AS_OF = "2026-01-01T00:00:00Z"


def guessed(entity: str, column: str, type: Type, description: str = "") -> GeneratorSpec | None:
    """The generator that a rule finds for a column by its name and type."""
    return guesses(entity, {column: description}, type)[column]


def guesses(entity: str, descriptions: Mapping[str, str], type: Type) -> dict[str, GeneratorSpec | None]:
    """The generators that rules find for columns of one type, given by name with their descriptions."""
    asked = list(descriptions.items())
    found: dict[str, Column] = {}
    for start in range(0, len(asked), _AT_ONCE):  # each column is compared with those beside it
        some = _alone(entity, dict(asked[start : start + _AT_ONCE]), type)
        found.update(with_guesses(some).entities[entity].columns)
    return {name: found[name].generator for name in descriptions}


def sampled(entity: str, column: str, type: Type, count: int, description: str = "") -> list[str]:
    """Up to `count` different values of what a rule finds for a text column; the same for the same words."""
    values = sampled_values(_alone(entity, {column: description}, type), entity, column, _ENTITY_ROWS)
    return list(dict.fromkeys(str(value) for value in values if value))[:count]


def _alone(entity: str, descriptions: Mapping[str, str], type: Type) -> Scenario:
    columns = {name: Column(type=str(type), description=text) for name, text in descriptions.items()}
    rows = RowCount(count=_ENTITY_ROWS)
    return Scenario(name="sample", as_of=_AS_OF, entities={entity: Entity(rows=rows, columns=columns)})


_SHORT = frozenset({"Date", "DateTime"})
_FIRST = "1970-01-01"


def within_range(scenario: Scenario, types: Mapping[str, Mapping[str, ClickType]]) -> Scenario:
    """The scenario with generators that stay within range, where a rule would choose one that does not."""
    short = {
        (entity, name)
        for entity, columns in types.items()
        for name, type in columns.items()
        if type.word in _SHORT and scenario.entities[entity].columns[name].generator is None
    }
    if not short:
        return scenario
    guessed = with_guesses(scenario)
    entities = dict(scenario.entities)
    for entity, name in short:
        spec = _later(guessed.entities[entity].columns[name].generator)
        if spec is not None:
            columns: dict[str, Column] = {**entities[entity].columns}
            columns[name] = columns[name].model_copy(update={"generator": spec})
            entities[entity] = entities[entity].model_copy(update={"columns": columns})
    return scenario.model_copy(update={"entities": entities})


def _later(spec: GeneratorSpec | None) -> GeneratorSpec | None:
    """What to use instead of a generator whose times may be before 1970; None where they are not."""
    if spec is None:
        return None
    # Date and DateTime of ClickHouse begin in 1970, and store an earlier moment as another one.
    if "birth" in spec.type:
        return GeneratorSpec(type="date", params={"start": _FIRST, "end": "-18y"})
    start = str(spec.params.get("start", ""))
    if start[:4].isdigit() and start < _FIRST:
        return GeneratorSpec(type=spec.type, params={**spec.params, "start": _FIRST})
    return None


MOST_ELEMENTS = 10
MOST_ENTRIES = 5
POOL = 24
_SIZES: Mapping[str, Mapping[str, object]] = {
    "array": {"items": {}, "min": 0, "max": MOST_ELEMENTS},
    "map": {"keys": {}, "values": {}, "min": 0, "max": MOST_ENTRIES},
}
# Keys of maps of texts by a word of the column's name; of others what a record of such values often has.
_MAP_KEYS: Mapping[str, tuple[str, ...]] = {
    "header": ("content-type", "user-agent", "accept", "accept-language", "cache-control", "x-request-id"),
    "price": ("EUR", "USD", "GBP", "JPY", "CHF", "SEK"),
    "rate": ("EUR", "USD", "GBP", "JPY", "CHF", "SEK"),
    "currency": ("EUR", "USD", "GBP", "JPY", "CHF", "SEK"),
    "translation": ("en", "de", "fr", "es", "it", "pt", "ja"),
    "locale": ("en", "de", "fr", "es", "it", "pt", "ja"),
    "language": ("en", "de", "fr", "es", "it", "pt", "ja"),
    "feature": ("dark_mode", "beta_search", "new_checkout", "two_factor", "export_csv", "live_chat"),
    "flag": ("dark_mode", "beta_search", "new_checkout", "two_factor", "export_csv", "live_chat"),
    "param": ("utm_source", "utm_medium", "utm_campaign", "ref", "page", "sort", "q"),
    "utm": ("source", "medium", "campaign", "term", "content"),
    "query": ("utm_source", "utm_medium", "utm_campaign", "ref", "page", "sort", "q"),
    "address": ("home", "work", "billing", "shipping", "other"),
    "contact": ("home", "work", "billing", "emergency", "other"),
    "size": ("xs", "s", "m", "l", "xl", "xxl"),
}
_KEYS_OF: Mapping[str, tuple[str, ...]] = {
    "numbers": ("views", "clicks", "visits", "orders", "returns", "errors", "retries", "sessions"),
    "struct": ("primary", "secondary", "backup", "default", "latest", "previous"),
    "": ("color", "source", "region", "channel", "version", "owner", "priority", "unit", "label", "team"),
}
_BY = frozenset({"by", "per"})
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
            # A pool of few values would repeat in a key.
            made = None if _is_key(column, record, keys) else _spec(name, column, record, spec, known)
            found[column] = record if made is None else record.model_copy(update={"generator": made})
    return entity.model_copy(update={"columns": {**entity.columns, **found}})


def _is_key(name: str, column: Column, keys: set[str]) -> bool:
    return column.primary_key or column.unique or name in keys


def _spec(entity: str, name: str, column: Column, spec: GeneratorSpec, type: ClickType) -> GeneratorSpec | None:
    if spec.type == "map" and type.type.kind == "map" and type.type.items[0].kind in ("text", "string"):
        values = _map_keys(entity, name, type.type)
        own = {"keys": {"generator": "choice", "params": {"values": values}}, "max": min(MOST_ENTRIES, len(values))}
        return GeneratorSpec(type="map", params={**_SIZES["map"], **own})
    if spec.type in _SIZES:
        return GeneratorSpec(type=spec.type, params=_SIZES[spec.type])
    return _pool(entity, name, column) if spec.type.startswith(_ENDLESS) else None


def _map_keys(entity: str, column: str, type: Type) -> list[str]:
    """Keys of a map by its name: countries of `sales_by_country`, currencies of `prices`; else common ones."""
    words = words_of(column)
    # `sales_by_country`: behind "by" stands what the keys are.
    split = next((place for place, word in enumerate(words) if word in _BY), None)
    if split is not None and words[split + 1 :]:
        name = "_".join((*words[split + 1 : -1], singular(words[-1])))
        spec = guessed(entity, name, type.items[0])
        if spec is not None and not spec.type.startswith("text."):
            return sampled(entity, name, type.items[0], POOL)
    # From the end, where a name says what it holds: `price_flags` are flags.
    about = next((_MAP_KEYS[word] for word in map(singular, reversed(words)) if word in _MAP_KEYS), None)
    kind = type.items[1].kind
    kind = "numbers" if kind in INTEGERS | {"float", "double", "decimal"} else kind
    return [*(about or _KEYS_OF.get(kind, _KEYS_OF[""]))]


def _pool(entity: str, name: str, column: Column) -> GeneratorSpec | None:
    """A few of the texts that a rule makes for the column, the first of them the most frequent."""
    from sdgen.scenario.types import parse_type

    values = sampled(entity, name, parse_type(str(column.type)), _LOOKED_AT, column.description)
    if len(values) < max(_REPEATED * _LOOKED_AT, POOL):
        return None
    weights = [round(100 / rank) for rank in range(1, POOL + 1)]
    return GeneratorSpec(type="choice", params={"values": values[:POOL], "weights": weights})


def by_stem(scenario: Scenario) -> Scenario:
    """The scenario with the generators that rules find for tables' stems, where they find others for their names."""
    stems = {name: "_".join(stem(name)) for name in scenario.entities}
    stems = {name: short for name, short in stems.items() if short and stem(name) != words_of(name)}
    if not stems:
        return scenario
    stems = _distinct(stems, scenario)
    short = {stems.get(name, name): entity for name, entity in scenario.entities.items()}
    named, shortened = with_guesses(scenario), with_guesses(scenario.model_copy(update={"entities": short}))
    entities = {
        name: _taken(entity, named.entities[name], shortened.entities[stems.get(name, name)])
        for name, entity in scenario.entities.items()
    }
    return scenario.model_copy(update={"entities": entities})


def _distinct(stems: dict[str, str], scenario: Scenario) -> dict[str, str]:
    """Stems of which none is another's, or a table's own name: rules look at the end of a name."""
    taken = set(scenario.entities)
    found = {}
    for name, short in stems.items():
        while short in taken:
            short = f"one_{short}"
        taken.add(short)
        found[name] = short
    return found


def _taken(entity: Entity, named: Entity, shortened: Entity) -> Entity:
    columns = {
        name: shortened.columns[name]
        if column.generator is None and shortened.columns[name].generator != named.columns[name].generator
        else column
        for name, column in entity.columns.items()
    }
    return entity.model_copy(update={"columns": columns})
