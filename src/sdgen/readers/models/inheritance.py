"""Classes that inherit tables: which rows of a base are of which class, so that the ORM loads each as its own.

A subclass's table (joined inheritance) has one row for each of the base's rows that are of it: these take the classes'
identities in turn, by their numbers. A subclass's columns in the base's table are null in rows of others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from sdgen.readers.drafts import quoted_name, spec
from sdgen.readers.models.tables import DeclaredTables
from sdgen.scenario.model import Column, Entity, RowCount, Scenario

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapper

_NUMBER = "row_number"


@dataclass(frozen=True)
class Family:
    """A base class with a column that tells its subclasses apart, and the classes that rows can be of."""

    base: Mapper[Any]
    kind: str
    classes: tuple[Mapper[Any], ...]

    @property
    def identities(self) -> list[str | int]:
        values = (each.polymorphic_identity for each in self.classes)
        return [value.name if isinstance(value, Enum) else value for value in values if value is not None]

    @property
    def is_joined(self) -> bool:
        """Whether a class has a table of its own: its rows then follow from those of the base."""
        return any(each.local_table is not self.base.local_table for each in self.base.self_and_descendants)

    def places(self, mapper: Mapper[Any]) -> list[int]:
        """The classes, by their places, whose rows are in a class's table too."""
        return [place for place, each in enumerate(self.classes) if each.isa(mapper)]


def with_families(scenario: Scenario, tables: DeclaredTables) -> Scenario:
    """The scenario with rows of the classes that its tables' mappers declare."""
    entities = dict(scenario.entities)
    names = {entity.target_table or name: name for name, entity in entities.items()}
    for family in _families(tables):
        _set_family(family, entities, names)
    return scenario.model_copy(update={"entities": entities}).read_from(scenario.origin, scenario.notes)


def _families(tables: DeclaredTables) -> Iterator[Family]:
    for base in tables.mappers.values():
        kind = getattr(base.polymorphic_on, "name", None)
        if (
            base.inherits is not None
            or kind is None
            or getattr(base.polymorphic_on, "table", None) is not base.local_table
        ):
            continue
        # A class without an identity is abstract, and a concrete one has a whole table of its own.
        classes = [
            each for each in base.self_and_descendants if each.polymorphic_identity is not None and not each.concrete
        ]
        named = all(isinstance(each.polymorphic_identity, str | int | Enum) for each in classes)
        if len(classes) > 1 and named:
            yield Family(base, str(kind), tuple(sorted(classes, key=lambda each: str(each.polymorphic_identity))))


def _set_family(family: Family, entities: dict[str, Entity], names: Mapping[str, str]) -> None:
    name = names.get(getattr(family.base.local_table, "name", ""), "")
    entity = entities.get(name)
    # Rows that are counted by others have no number that is known beforehand.
    if entity is None or family.kind not in entity.columns or entity.rows.count is None or entity.rows.per:
        return
    columns = _in_turn(family, entity) if family.is_joined else dict(entity.columns)
    for column, places in _own_columns(family).items():
        if column in columns:
            columns[column] = _only_in(columns[column], family, places)
    entities[name] = entity.model_copy(update={"columns": columns})
    for each in family.base.self_and_descendants:
        if each.inherits is not None and each.local_table is not each.inherits.local_table and not each.concrete:
            _set_table(family, each, entities, names)


def _in_turn(family: Family, entity: Entity) -> dict[str, Column]:
    """The columns, the kind being that of each class in turn, by the rows' numbers."""
    number = _NUMBER if _NUMBER not in entity.columns else f"{_NUMBER}_"
    cases = " ".join(f"when {place} then {_literal(value)}" for place, value in enumerate(family.identities))
    # By row number and not by draw: the subclass's table has to know which rows of the base are its own, and how
    # many.
    turn = f"case mod({quoted_name(number)}, {len(family.classes)}) {cases} end"
    update = {"generator": spec("expression", sql=turn), "nullable": False, "null_rate": None}
    kind = entity.columns[family.kind].model_copy(update=update)
    rows = Column(type="bigint", hidden=True, generator=spec("sequence", start=0))
    return {number: rows, **entity.columns, family.kind: kind}


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _own_columns(family: Family) -> dict[str, list[int]]:
    """Columns of the base's table that subclasses alone have (single-table inheritance), and of which classes."""
    common = {column.name for column in family.base.columns}
    found: dict[str, set[int]] = {}
    for mapper in family.base.self_and_descendants:
        if mapper.local_table is family.base.local_table:
            for column in mapper.columns:
                if getattr(column, "table", None) is family.base.local_table and column.name not in common:
                    found.setdefault(column.name, set()).update(family.places(mapper))
    return {name: sorted(places) for name, places in found.items()}


def _only_in(column: Column, family: Family, places: list[int]) -> Column:
    """A column that is null in rows of the other classes; links stay as they are, null at random."""
    # A link stays a link: as a part of a mixture it would be none.
    if column.generator is not None and column.generator.type == "fk":
        return column
    part: dict[str, Any] = {"when": [family.identities[place] for place in places], "type": column.type}
    if column.generator is not None:
        part |= {"generator": column.generator.type, "params": dict(column.generator.params)}
    generator = spec("mixture", by=family.kind, parts=[part])
    return column.model_copy(update={"generator": generator, "nullable": True, "null_rate": 0.0})


def _set_table(family: Family, mapper: Mapper[Any], entities: dict[str, Entity], names: Mapping[str, str]) -> None:
    """A subclass's own table: a row for each row of its parent's table that is of it."""
    parent = mapper.inherits
    own, above = (
        (names.get(getattr(each.local_table, "name", ""), "") for each in (mapper, parent)) if parent else ("", "")
    )
    if own not in entities or above not in entities or parent is None:
        return
    there = family.places(parent)
    at = [there.index(place) for place in family.places(mapper)]
    among = {"every": len(there), "at": at}
    given = entities[above].rows.count
    count = given if isinstance(given, int) else 0
    # Of each full turn as many rows as it has places, and of the last, unfinished turn those that it reaches.
    rows = count // len(there) * len(at) + sum(place < count % len(there) for place in at)
    columns = dict(entities[own].columns)
    keys = [name for name, column in columns.items() if column.primary_key]
    for name in keys:
        generator = columns[name].generator
        if generator is None or generator.type != "fk" or generator.params.get("entity") != above:
            return
        params = {key: generator.params[key] for key in ("entity", "column", "via") if key in generator.params}
        columns[name] = columns[name].model_copy(update={"generator": spec("fk", **params, among=among)})
    entities[own] = entities[own].model_copy(update={"columns": columns, "rows": RowCount(count=rows)})
