"""Columns that repeat a parent's: a line of an order has the price of its product. Which ones is data (conventions)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from sdgen.inference.fit import column_needs
from sdgen.inference.names import entity_name
from sdgen.inference.neighbours import compiled
from sdgen.inference.rules import abbreviations
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario


def with_copies(asked: Scenario, guessed: Scenario, own: Callable[[str, str], bool]) -> Scenario:
    """The scenario whose guessed columns repeat parents' where names say so.

    own: whether a rule of the scenario's own found a column's generator.
    """
    entities = dict(guessed.entities)
    for name, entity in guessed.entities.items():
        kinds = [one for one in _copies() if _is_named(name, one["entity"])]
        free = {
            c for c, column in asked.entities[name].columns.items() if column.generator is None and not own(name, c)
        }
        found = _copied(entity, kinds, free, guessed.entities) if kinds else {}
        if found:
            entities[name] = entity.model_copy(update={"columns": {**entity.columns, **found}})
    return guessed.model_copy(update={"entities": entities})


@cache
def _copies() -> list[Mapping[str, str]]:
    import yaml

    data: Any = yaml.safe_load(files("sdgen").joinpath("data/conventions.yaml").read_text("utf-8"))
    found: list[Mapping[str, str]] = data["copies"]
    return found


def _is_named(entity: str, pattern: str) -> bool:
    return compiled(f"(?:.*_)?(?:{pattern})").fullmatch(entity_name(entity, abbreviations())) is not None


def _copied(
    entity: Entity, kinds: Collection[Mapping[str, str]], free: Collection[str], entities: Mapping[str, Entity]
) -> dict[str, Column]:
    """The columns of an entity that repeat one of the same name and type, through a link that is never null."""
    held = {column for sets in entity.unique for column in sets}
    held |= {word for check in entity.check for word in re.findall(r"\w+", check)}
    found: dict[str, Column] = {}
    for link, each in entity.columns.items():
        spec = each.generator
        if spec is None or spec.type != "fk" or each.nullable or str(spec.params.get("entity")) not in entities:
            continue
        parent = str(spec.params["entity"])
        via = str(spec.params.get("via") or link)
        for kind in (one for one in kinds if _is_named(parent, one["of"])):
            for name, column in entity.columns.items():
                other = entities[parent].columns.get(name)
                if name not in free or name in held or name in found or other is None or column.unique:
                    continue
                if compiled(kind["name"]).fullmatch(name) and _may_repeat(column, other):
                    repeated = GeneratorSpec(type="parent", params={"column": f"{via}.{name}"})
                    found[name] = column.model_copy(update={"generator": repeated})
    return found


def _may_repeat(column: Column, other: Column) -> bool:
    """Whether a column takes all that its parent's holds, and whether that is computed from its own row alone."""
    if other.generator is None or column.type != other.type or bool(other.nullable) > bool(column.nullable):
        return False
    return not any(need.link or need.children or need.entity for need in column_needs(other.generator))
