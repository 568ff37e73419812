"""Guessed columns that follow a parent's value: a product is of its category, a city lies in its country."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sdgen.generators.places.countries import codes_of
from sdgen.generators.pools import own as own_data
from sdgen.inference.parts import with_replaced
from sdgen.scenario.model import Column, Entity, RowCount, Scenario


@dataclass(frozen=True)
class _Following:
    """Generators with a param that may name a column, and what tells that a parent has such a column.

    sources: the generators of that column. is_known: whether a value that is listed for it can be followed.
    null: whether rows without a parent have values all the same.
    """

    param: str
    generators: frozenset[str]
    sources: frozenset[str]
    is_known: Callable[[str], bool]
    null: bool = False


_PLACES = "address.city address.state address.state_code address.postal_code address.street address.full_address"
_FOLLOWING = (
    _Following(
        "category",
        frozenset({"product.name", "product.description", "product.price", "product.weight"}),
        frozenset({"product.category"}),
        lambda text: text in own_data("products")["categories"],
        null=True,
    ),
    _Following(
        "country",
        frozenset([*_PLACES.split(), "address.time_zone", "person.phone_number"]),
        frozenset({"address.country", "address.country_code"}),
        lambda text: len(codes_of(text)) == 1,
    ),
)


def with_parent_params(asked: Scenario, guessed: Scenario, own: Callable[[str, str], bool]) -> Scenario:
    """The scenario whose guessed columns follow what their parents hold.

    own: whether a rule of the scenario's own found a column's generator.
    """

    def followed(name: str, entity: Entity, free: Collection[str]) -> Mapping[str, Column]:
        return {
            column: each
            for following in _FOLLOWING
            for column, each in _followed(entity, free, guessed.entities, following).items()
        }

    return with_replaced(asked, guessed, own, followed)


def _followed(
    entity: Entity, free: Collection[str], entities: Mapping[str, Entity], following: _Following
) -> dict[str, Column]:
    columns = {
        name: column
        for name, column in entity.columns.items()
        if name in free and not column.unique and column.generator and column.generator.type in following.generators
    }
    # Without its own param alone: one that has it follows a column of its own row.
    columns = {name: each for name, each in columns.items() if following.param not in _params(each)}
    source = _source(entity, entities, following) if columns else ""
    return {name: _with_param(each, following.param, f"${source}") for name, each in columns.items()} if source else {}


def _source(entity: Entity, entities: Mapping[str, Entity], following: _Following) -> str:
    """link.column of the one parent that holds what is followed; "" where none does, or several do."""
    found = []
    for link, column in entity.columns.items():
        spec = column.generator
        if spec is None or spec.type != "fk" or (column.nullable and not following.null):
            continue
        parent = entities.get(str(spec.params.get("entity")))
        via = str(spec.params.get("via") or link)
        found += [f"{via}.{name}" for name in _held_by(parent, following)[:1]] if parent else []
    return found[0] if len(found) == 1 else ""


def _held_by(parent: Entity, following: _Following) -> list[str]:
    """The columns of a parent that hold what is followed, in every row."""
    rows = parent.rows
    fixed = rows.fixed if isinstance(rows, RowCount) and rows.count is None else ()
    listed = {name: [row.get(name) for row in fixed] for row in fixed[:1] for name in row}
    return [
        name
        for name, column in parent.columns.items()
        if (following.null or not column.nullable)
        and (
            _all_known(listed[name], following)
            if name in listed
            else not fixed and column.generator is not None and column.generator.type in following.sources
        )
    ]


def _all_known(values: Iterable[Any], following: _Following) -> bool:
    return all(isinstance(value, str) and following.is_known(value) for value in values)


def _params(column: Column) -> Mapping[str, Any]:
    return column.generator.params if column.generator else {}


def _with_param(column: Column, param: str, value: str) -> Column:
    spec = column.generator
    assert spec is not None
    return column.model_copy(update={"generator": spec.model_copy(update={"params": {**spec.params, param: value}})})
