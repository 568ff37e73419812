"""Where the entities of a plan stand in a picture of them: parents to the left of their children.

The layers of Sugiyama's method: a layer by the longest way from an entity without parents; links that pass a layer have
a place in it, so that they go between its entities; the order within layers by the mean place of the neighbours, in
sweeps to and fro.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sdgen.planning.plan import Plan

WIDTH, HEIGHT = 172, 44
PASSAGE = 8  # the height that a passing link has
GAP_ACROSS, GAP_DOWN = 76, 18
MARGIN = 12
MOST_DOWN = 14  # entities in one column of the picture
SWEEPS = 4

Item = str | tuple[str, str, int]  # an entity, or the link from a child to a parent as it passes a layer


@dataclass(frozen=True)
class Node:
    """An entity and the upper left corner of its box, in pixels."""

    name: str
    rows: int
    x: int
    y: int


@dataclass(frozen=True)
class Edge:
    """A link: the child leads to the parent through `name`, past columns at these points, of their right sides."""

    name: str
    child: Node
    parent: Node
    passages: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Graph:
    """A laid out picture of entities and links."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    width: int
    height: int


def graph_of(plan: Plan) -> Graph:
    """The entities and links of a plan, laid out."""
    parents: dict[Item, list[Item]] = {
        name: list(dict.fromkeys(link.parent for link in entity.links.values() if link.parent in plan.entities))
        for name, entity in plan.entities.items()
    }
    columns = _columns(parents)
    places = _places(columns)
    nodes = {name: Node(name, entity.rows, *places[name]) for name, entity in plan.entities.items()}
    edges = tuple(
        Edge(link.name, nodes[name], nodes[link.parent], _passages(name, link.parent, places))
        for name, entity in plan.entities.items()
        for link in entity.links.values()
        if link.parent in nodes
    )
    width = 2 * MARGIN + len(columns) * WIDTH + max(len(columns) - 1, 0) * GAP_ACROSS
    return Graph(tuple(nodes.values()), edges, width, 2 * MARGIN + max(map(_tall, columns), default=0))


def _columns(parents: Mapping[Item, list[Item]]) -> list[list[Item]]:
    """The columns of the picture; a layer of too many entities takes several, and links pass these as they may."""
    layers = _layers(parents)
    if any(len(layer) > MOST_DOWN for layer in layers):
        _sort(layers, parents)
        return [layer[at : at + MOST_DOWN] for layer in layers for at in range(0, len(layer), MOST_DOWN)]
    depths = {name: depth for depth, layer in enumerate(layers) for name in layer}
    parents = _with_passages(parents, depths)
    layers = _layers(parents)
    _sort(layers, parents)
    return layers


def _layers(parents: Mapping[Item, list[Item]]) -> list[list[Item]]:
    depths: dict[Item, int] = {}
    for name, above in parents.items():  # parents come first, but for links in a circle
        depths[name] = max((depths[parent] + 1 for parent in above if parent in depths), default=0)
    layers: list[list[Item]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
    for name, depth in depths.items():
        layers[depth].append(name)
    return layers


def _with_passages(parents: Mapping[Item, list[Item]], depths: Mapping[Item, int]) -> dict[Item, list[Item]]:
    """The items above each item, where links that pass layers are items of these."""
    found: dict[Item, list[Item]] = {}
    for name, every in parents.items():
        nearest: list[Item] = []
        for parent in every:
            last = parent
            passed = (
                range(depths[parent] + 1, depths[name]) if parent in found else ()
            )  # a link in a circle passes none
            for depth in passed:
                passage = (str(name), str(parent), depth)
                found[passage] = [last]
                last = passage
            nearest.append(last)
        found[name] = nearest
    return found


def _sort(layers: list[list[Item]], parents: Mapping[Item, list[Item]]) -> None:
    """Order each layer, in place, by the mean places of the items that its own lead to, or are led to from."""
    below: dict[Item, list[Item]] = {}
    for name, every in parents.items():
        for parent in every:
            below.setdefault(parent, []).append(name)
    places: dict[Item, float] = {}
    for sweep in range(SWEEPS):
        neighbours = below if sweep % 2 else parents
        for layer in reversed(layers) if sweep % 2 else layers:
            layer.sort(key=lambda item: _mean_place(neighbours.get(item, []), places, places.get(item, 0.0)))
            places.update({item: place - len(layer) / 2 for place, item in enumerate(layer)})


def _places(columns: list[list[Item]]) -> dict[Item, tuple[int, int]]:
    """The upper left corner of each item; columns are centred."""
    most = max(map(_tall, columns), default=0)
    places: dict[Item, tuple[int, int]] = {}
    for across, column in enumerate(columns):
        down = MARGIN + (most - _tall(column)) // 2
        for item in column:
            places[item] = (MARGIN + across * (WIDTH + GAP_ACROSS), down)
            down += _height(item) + GAP_DOWN
    return places


def _height(item: Item) -> int:
    return HEIGHT if isinstance(item, str) else PASSAGE


def _tall(column: list[Item]) -> int:
    return sum(map(_height, column)) + max(len(column) - 1, 0) * GAP_DOWN


def _passages(child: str, parent: str, places: Mapping[Item, tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The points at which a link passes columns, from the child on."""
    points = [place for item, place in places.items() if isinstance(item, tuple) and item[:2] == (child, parent)]
    return tuple((x + WIDTH, y + PASSAGE // 2) for x, y in sorted(points, reverse=True))


def _mean_place(neighbours: list[Item], places: Mapping[Item, float], own: float) -> float:
    known = [places[each] for each in neighbours if each in places]
    return sum(known) / len(known) if known else own
