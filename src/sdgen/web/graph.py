"""Where the entities of a plan stand in a picture of them: parents to the left of their children.

The layers of Sugiyama's method: a layer by the longest way from an entity without parents, the order within a layer by
the mean place of the parents.
"""

from __future__ import annotations

from dataclasses import dataclass

from sdgen.plan.model import Plan

WIDTH, HEIGHT = 172, 44
GAP_ACROSS, GAP_DOWN = 76, 18
MARGIN = 12
MOST_DOWN = 14  # entities in one column of the picture


@dataclass(frozen=True)
class Node:
    """An entity and the upper left corner of its box, in pixels."""

    name: str
    rows: int
    x: int
    y: int


@dataclass(frozen=True)
class Edge:
    """A link: the child leads to the parent through `name`."""

    name: str
    child: Node
    parent: Node


@dataclass(frozen=True)
class Graph:
    """A laid out picture of entities and links."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    width: int
    height: int


def graph_of(plan: Plan) -> Graph:
    """The entities and links of a plan, laid out."""
    parents = {
        name: [link.parent for link in entity.links.values() if link.parent in plan.entities]
        for name, entity in plan.entities.items()
    }
    columns = _columns(parents)
    most = max((len(column) for column in columns), default=0)
    nodes: dict[str, Node] = {}
    for across, column in enumerate(columns):
        above = (most - len(column)) * (HEIGHT + GAP_DOWN) // 2
        for down, name in enumerate(column):
            x = MARGIN + across * (WIDTH + GAP_ACROSS)
            nodes[name] = Node(name, plan.entities[name].rows, x, MARGIN + above + down * (HEIGHT + GAP_DOWN))
    edges = tuple(
        Edge(link.name, nodes[name], nodes[link.parent])
        for name, entity in plan.entities.items()
        for link in entity.links.values()
        if link.parent in nodes
    )
    width = 2 * MARGIN + len(columns) * WIDTH + max(len(columns) - 1, 0) * GAP_ACROSS
    height = 2 * MARGIN + most * HEIGHT + max(most - 1, 0) * GAP_DOWN
    return Graph(tuple(nodes.values()), edges, width, height)


def _columns(parents: dict[str, list[str]]) -> list[list[str]]:
    """The columns of the picture; a layer of too many entities takes several."""
    places: dict[str, float] = {}
    columns: list[list[str]] = []
    for layer in _layers(parents):
        layer.sort(key=lambda name: _mean_place(parents[name], places))
        places.update({name: place - len(layer) / 2 for place, name in enumerate(layer)})
        columns += [layer[start : start + MOST_DOWN] for start in range(0, len(layer), MOST_DOWN)]
    return columns


def _layers(parents: dict[str, list[str]]) -> list[list[str]]:
    depths: dict[str, int] = {}
    for name, above in parents.items():  # parents come first, but for links in a circle
        depths[name] = max((depths[parent] + 1 for parent in above if parent in depths), default=0)
    layers: list[list[str]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
    for name, depth in depths.items():
        layers[depth].append(name)
    return layers


def _mean_place(above: list[str], places: dict[str, float]) -> float:
    known = [places[name] for name in above if name in places]
    return sum(known) / len(known) if known else 0.0
