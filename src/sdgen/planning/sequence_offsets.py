"""What goes on behind the rows that a target holds: sequences after the largest value, and fixed rows not yet there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from sdgen.generators.arrays.cast import scalar_array
from sdgen.generators.base import Generator
from sdgen.generators.keys import Sequence
from sdgen.planning.choose import Key
from sdgen.scenario.model import Entity, Scenario
from sdgen.scenario.request import ExistingRows, PlanRequest
from sdgen.scenario.types import NESTED, Type


def continue_sequences(generators: Mapping[Key, Generator], request: PlanRequest) -> dict[Key, Generator]:
    """The generators, those that count beginning so that the run's first row comes after all existing ones."""
    return {key: _continued(key, generator, request) for key, generator in generators.items()}


def _continued(key: Key, generator: Generator, request: PlanRequest) -> Generator:
    there = request.existing.get(key[0])
    if not isinstance(generator, Sequence) or generator.per or there is None or key[1] not in there.columns:
        return generator
    last = _last(there.columns[key[1]], falling=generator.step < 0)
    if last is None:
        return generator
    # Shuffled ones would mix the new rows' numbers with those that are taken, so these count up.
    # A row's value follows from its number, and the run's first row has the number of rows that are there: `start` is
    # moved back by as many steps.
    start = generator.counted(last) + generator.step - generator.step * there.rows
    return generator.model_copy(update={"start": start, "shuffled": False, "reach": 1.0})


def _last(values: pa.Array, falling: bool) -> int | None:
    """The value furthest along the way a sequence counts; None where there is none, or they are no numbers."""
    try:
        ends = pc.min_max(pc.cast(values, pa.int64()))
    except pa.ArrowInvalid:
        return None
    found: int | None = ends["min" if falling else "max"].as_py()
    return found


def fixed_places(
    scenario: Scenario, request: PlanRequest, types: Mapping[Key, Type | None]
) -> dict[str, tuple[int, ...]]:
    """The row number of each fixed row, by entity: that of the row which the target holds for it, where there is one.

    Those that are missing there come first among the rows that the run makes.
    """
    places = {name: tuple(range(len(entity.rows.fixed))) for name, entity in scenario.entities.items()}
    for name, there in request.existing.items():
        if there.rows and name in scenario.entities:
            entity = scenario.entities[name]
            known = {column: type for (owner, column), type in types.items() if owner == name and type is not None}
            found = [_place(row, index, entity, there, known) for index, row in enumerate(entity.rows.fixed)]
            behind = iter(range(there.rows, there.rows + len(found)))
            places[name] = tuple(next(behind) if place is None else place for place in found)
    return places


def _place(
    row: Mapping[str, Any], index: int, entity: Entity, there: ExistingRows, types: Mapping[str, Type]
) -> int | None:
    """Where the target holds a fixed row: by a key that it gives, else by all that it gives; None where it doesn't.

    One of which nothing can be compared counts as held.
    """
    masks = {}
    for column, value in row.items():
        if column in there.columns and column in types and types[column].kind not in NESTED:
            try:
                masks[column] = pc.is_in(there.columns[column], value_set=scalar_array([value], types[column]))
            except ValueError:
                return index  # no value of the column's type, which is told elsewhere
    columns = entity.columns.items()
    primary = tuple(name for name, column in columns if column.primary_key)
    keys = [primary, *entity.unique, *((name,) for name, column in columns if column.unique)]
    given = [key for key in keys if key and set(key) <= masks.keys()]
    for key in given or ([tuple(masks)] if masks else []):
        held = masks[key[0]]
        for column in key[1:]:
            held = pc.and_(held, masks[column])
        if (place := pc.index(held, True).as_py()) >= 0:
            return int(place)
    return None if masks else index


# In which order: columns that depend on one another, and entities whose keys refer to one another.
T = TypeVar("T")


def find_cycle(graph: Mapping[T, Iterable[T]]) -> list[T]:
    """One cycle of a graph (node → what it depends on), its first node repeated at the end; empty without any."""
    done: set[T] = set()
    for start in graph:
        path: list[T] = []
        on_path: set[T] = set()
        stack = [(start, iter(graph[start]))] if start not in done else []
        if stack:
            path.append(start)
            on_path.add(start)
        while stack:
            node, rest = stack[-1]
            following = next((other for other in rest if other not in done), None)
            if following is None:
                stack.pop()
                path.pop()
                on_path.discard(node)
                done.add(node)
            elif following in on_path:
                return [*path[path.index(following) :], following]
            else:
                path.append(following)
                on_path.add(following)
                stack.append((following, iter(graph.get(following, ()))))
    return []


def entity_order(parents: Mapping[str, Iterable[str]]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Entities with parents first, and the cycles that make that impossible in part.

    Within what the links leave open, the given order is kept. In a cycle, the entity given first comes first.
    """
    waiting = {name: set(above) - {name} for name, above in parents.items()}
    ordered: list[str] = []
    cycles: list[tuple[str, ...]] = []
    while waiting:
        ready = next((name for name, above in waiting.items() if not above & waiting.keys()), None)
        if ready is None:
            cycle = find_cycle(
                {name: [other for other in above if other in waiting] for name, above in waiting.items()}
            )
            # A cycle doesn't stop a plan, since most targets take such rows: it is for the caller to refuse it.
            cycles.append(tuple(cycle))
            ready = next(name for name in waiting if name in cycle)
        ordered.append(ready)
        del waiting[ready]
    return ordered, cycles
