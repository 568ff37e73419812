"""Guessed columns that tell of a row's children: a subtotal is the sum of the lines, a post's comments are counted.

Only children that are counted per their parent have totals: others are drawn, and their parents don't know them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache

from sdgen.inference.names import entity_name, free_name, snake
from sdgen.inference.neighbours import compiled
from sdgen.inference.parts import free_columns
from sdgen.inference.rule_files import abbreviations, conventions
from sdgen.scenario.model import Column, Entity, GeneratorSpec, RowCount, Scenario
from sdgen.scenario.types import known_type

_WHOLE = frozenset({"smallint", "int", "bigint", "uint", "usmallint", "ubigint"})
_LEAST_DIGITS = 6  # before the point: a narrower column can't hold every sum


def with_child_totals(asked: Scenario, guessed: Scenario, own: Callable[[str, str], bool]) -> Scenario:
    """The scenario whose guessed columns are counts and sums of children where names say so.

    own: whether a rule of the scenario's own found a column's generator.
    """
    entities = dict(guessed.entities)
    for child, entity in guessed.entities.items():
        rows = entity.rows
        parent = rows.per if isinstance(rows, RowCount) else ""
        if parent not in entities:
            continue
        free = free_columns(asked, entities[parent], parent, own)
        found = _totals(entities[parent], child, entity, free)
        if found:
            columns = {**entities[parent].columns, **found}
            entities[parent] = entities[parent].model_copy(update={"columns": columns})
    return guessed.model_copy(update={"entities": entities})


def _totals(parent: Entity, child: str, children: Entity, free: Collection[str]) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for name in _counts(parent, child, free):
        found[name] = _as_rollup(parent.columns[name], {"entity": child, "function": "count"})
    found |= _average(parent, child, children, free)
    total, part = _sum(parent, free), _part(child, children)
    # A part that repeats the parent's own total would make a cycle.
    if total and part and not any(f".{total}" in str(c.generator) for c in children.columns.values()):
        found[total] = _as_rollup(parent.columns[total], {"entity": child, "column": part})
    return found


def _as_rollup(column: Column, params: Mapping[str, str]) -> Column:
    return column.model_copy(update={"generator": GeneratorSpec(type="rollup", params=dict(params))})


def _counts(parent: Entity, child: str, free: Collection[str]) -> Iterator[str]:
    """The columns that are called after the number of children, as `comment_count` and `number_of_comments`."""
    names = count_names(child)
    for name in parent.columns:
        type = known_type(parent.columns[name].type)
        if name in free and type is not None and type.kind in _WHOLE and names.fullmatch(snake(name)):
            yield name


@lru_cache(maxsize=4096)
def count_names(child: str) -> re.Pattern[str]:
    """What columns are called that count the rows of an entity."""
    words = {snake(child), entity_name(child, abbreviations())}
    words |= {word.rpartition("_")[2] for word in words}
    several = "|".join(sorted(re.escape(word) for word in words))
    return compiled(conventions()["child_totals"]["count"].replace("CHILDREN", f"(?:{several})"))


def _average(parent: Entity, child: str, children: Entity, free: Collection[str]) -> dict[str, Column]:
    """The column that is called the mean of what each child has, as average_rating, by a hidden sum and number."""
    words = conventions()["child_totals"]
    for name in (name for name in parent.columns if name in free):
        match = compiled(words["average"]).fullmatch(snake(name))
        rated = compiled(words["rated"]).fullmatch(snake(match["of"])) if match is not None else None
        type = known_type(parent.columns[name].type)
        if rated is None or type is None or type.kind not in ("decimal", "float", "double"):
            continue
        of = next((each for each in children.columns if compiled(words["rated"]).fullmatch(snake(each))), "")
        kind = known_type(children.columns[of].type) if of else None
        if kind is not None and kind.kind in _WHOLE:
            places = type.scale if type.kind == "decimal" else 2
            total, number = (free_name(f"{name}_{part}", parent.columns) for part in ("sum", "number"))
            none = "null" if parent.columns[name].nullable else "0"
            sql = f'CASE WHEN "{number}" = 0 THEN {none} ELSE round("{total}" / "{number}", {places}) END'
            mean = parent.columns[name].model_copy(
                update={"generator": GeneratorSpec(type="expression", params={"sql": sql}), "null_rate": None}
            )
            hidden = Column(type="bigint", hidden=True)
            return {
                total: _as_rollup(hidden, {"entity": child, "column": of}),
                number: _as_rollup(hidden, {"entity": child, "function": "count"}),
                name: mean,
            }
    return {}


def _sum(parent: Entity, free: Collection[str]) -> str:
    """The column that all of a row's lines add up to: the first that is named so, before taxes where there are any."""
    for pattern in conventions()["child_totals"]["sum"]:
        for name, column in parent.columns.items():
            if compiled(pattern).fullmatch(snake(name)):
                type, spec = known_type(column.type), column.generator
                wide = type is not None and type.kind == "decimal" and type.precision - type.scale >= _LEAST_DIGITS
                # What follows from other columns of the row already is their total, not the lines'.
                return name if name in free and wide and (spec is None or spec.type != "expression") else ""
    return ""


def _part(child: str, children: Entity) -> str:
    """The column of a line that is summed; "" where the children are no lines, or have none."""
    words = conventions()["child_totals"]
    if not compiled(words["lines"]).fullmatch(entity_name(child, abbreviations())):
        return ""
    for name, column in children.columns.items():
        type = known_type(column.type)
        if type is not None and type.kind == "decimal" and compiled(words["part"]).fullmatch(snake(name)):
            return name
    return ""
