"""In which order: columns that depend on one another, and entities whose keys refer to one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

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
            cycles.append(tuple(cycle))
            ready = next(name for name in waiting if name in cycle)
        ordered.append(ready)
        del waiting[ready]
    return ordered, cycles
