"""How rows of which only the schema is known are filled: few parents have most rows, and what people leave out together
is null together. What names say of it is data (`data/shape.yaml`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sdgen.inference import likely_states
from sdgen.inference.agreeing_links import with_agreeing_links
from sdgen.inference.names import entity_name, free_name, spelled_out
from sdgen.inference.neighbours import compiled
from sdgen.inference.rule_files import abbreviations
from sdgen.inference.shape import Link, links_of, shape_rules, shapes_of, unique_sets_of
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario

_LEAST_PARENTS = 3  # fewer are shared evenly
_IN_ORDER = ("later_than", "unlike", "within")


def with_skew(scenario: Scenario) -> Scenario:
    """The scenario, its free links being uneven: few customers have most of the orders, most orders are delivered.

    Links that are to lead to the same row do so.
    """
    scenario = with_agreeing_links(scenario)
    shapes = shapes_of(scenario.entities, 0)
    entities = dict(scenario.entities)
    for name, entity in scenario.entities.items():
        columns = {
            link: _uneven(entity.columns[link], params)
            for link, each in _free_links(name, entity).items()
            if each.parent in entities
            and (params := _distribution(scenario.entities[each.parent], shapes[each.parent].is_lookup))
        }
        if columns:
            entities[name] = entity.model_copy(update={"columns": {**entity.columns, **columns}})
    return scenario.model_copy(update={"entities": entities}).read_from(scenario.origin, scenario.notes)


def _free_links(name: str, entity: Entity) -> dict[str, Link]:
    """The links that nothing is said of but where they lead."""
    held = frozenset().union(*unique_sets_of(entity), *(each.columns for each in entity.partial_unique))
    specs = [column.generator for column in entity.columns.values() if column.generator is not None]
    leading = {str(spec.params[word]) for spec in specs for word in _IN_ORDER if word in spec.params}
    return {
        link: each
        for link, each in links_of(entity).items()
        if set(_params(entity.columns[link])) - {"sharing", "follows"} == {"entity", "column"}
        and not (held & set(each.columns) or link in leading or each.parent in (name, entity.rows.per))
    }


def _params(column: Column) -> Mapping[str, Any]:
    return column.generator.params if column.generator is not None else {}


def _uneven(column: Column, params: Mapping[str, Any]) -> Column:
    spec = GeneratorSpec(type="fk", params={**_params(column), **params})
    return column.model_copy(update={"generator": spec})


def _distribution(parent: Entity, is_lookup: bool) -> dict[str, Any]:
    if (len(parent.rows.fixed) or parent.rows.number or _LEAST_PARENTS) < _LEAST_PARENTS:
        return {}
    weights = _weights(parent.rows.fixed) if is_lookup else None
    if weights:
        return {"distribution": "weighted", "weights": weights}
    return {"distribution": "zipf", "exponent": shape_rules()["skew"]["lookup" if is_lookup else "other"]}


def _weights(rows: Iterable[Mapping[str, Any]]) -> list[int] | None:
    """How likely the states are that a lookup lists; None where it lists none."""
    names = [next((value for value in row.values() if isinstance(value, str)), None) for row in rows]
    return likely_states.weights(names) if names else None


def null_habits(entity: Entity, free: Collection[str]) -> dict[str, Column]:
    """The columns of an entity that are null more rarely than others, or together, and the hidden columns for these.

    free: the columns that may be null of which nothing says how often. A hidden column says of a row whether what is
    left out together is there.
    """
    spelled = {name: spelled_out(name, abbreviations()) for name in entity.columns}
    held = frozenset().union(*(each for each in unique_sets_of(entity) if len(each) > 1))
    links = links_of(entity)
    open_ = [name for name in free if name not in held and name not in links]
    found: dict[str, Column] = {}
    for group in shape_rules()["together"]:
        for prefix, members in _together([name for name in open_ if name not in found], spelled, group).items():
            flag = free_name(f"{prefix}{group['name']}_known", {*entity.columns, *found})
            spec = GeneratorSpec(type="boolean", params={"probability": round(1 - group["rate"], 6)})
            found[flag] = Column(type="bool", hidden=True, generator=spec)
            update = {"null_rate": 0.0, "null_rates": {flag: {"false": 1.0}}}
            found |= {name: entity.columns[name].model_copy(update=update) for name in members}
    rates = {name: _rate(spelled[name]) for name in open_ if name not in found}
    unique = frozenset().union(*unique_sets_of(entity))
    rates |= {name: 0.0 for name in free if name in links.keys() - unique and _goes_without_saying(entity, links, name)}
    rated = {name: rate for name, rate in rates.items() if rate is not None}
    return found | {name: entity.columns[name].model_copy(update={"null_rate": rate}) for name, rate in rated.items()}


def _rate(name: str) -> float | None:
    return next((float(one["rate"]) for one in shape_rules()["nulls"] if _is_one_of(name, one["name"])), None)


def _goes_without_saying(entity: Entity, links: Mapping[str, Link], name: str) -> bool:
    """Whether a link that is called after its parent may be null only because nothing of the entity is NOT NULL."""
    keys = {column for link in links.values() for column in link.columns}
    declared = [each for column, each in entity.columns.items() if not each.primary_key and column not in keys]
    if any(not column.nullable and not column.hidden for column in declared):
        return False
    parent = entity_name(links[name].parent, abbreviations())
    words = spelled_out(name, abbreviations())
    return words in (parent, f"{parent}_id", f"{parent}_key", f"{parent}_code", f"{parent}_no", f"{parent}_fk")


def _together(names: Iterable[str], spelled: Mapping[str, str], group: Mapping[str, Any]) -> dict[str, list[str]]:
    """Columns of a group by what stands before them: a billing address is left out apart from a shipping address."""
    found: dict[str, list[str]] = {}
    for name in names:
        words = spelled[name].split("_")
        at = next((at for at in range(len(words)) if _is_one_of("_".join(words[at:]), group["columns"])), None)
        if at is not None:
            found.setdefault("".join(f"{word}_" for word in words[:at]), []).append(name)
    return {prefix: members for prefix, members in found.items() if len(members) > 1}


def _is_one_of(name: str, alternatives: str) -> bool:
    # Folded lines of YAML are joined by blanks.
    return compiled(alternatives.replace(" ", "")).fullmatch(name) is not None
