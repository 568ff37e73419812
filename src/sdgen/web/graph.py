"""Where the entities of a plan stand in a picture of them: parents to the left of their children.

The layers of Sugiyama's method: a layer by the longest way from an entity without parents; links that pass a layer have
a place in it, so that they go between its entities; the order within layers by the mean place of the neighbours, in
sweeps to and fro.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from sdgen.planning.plan import Plan
from sdgen.web.figures import Bar, Figure

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
    # Such a layer is cut into several columns, in which places for passing links would have no meaning.
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
        # To and fro: an order that suits the parents may not suit the children, and each sweep goes on from the one
        # before.
        neighbours = below if sweep % 2 else parents
        for layer in reversed(layers) if sweep % 2 else layers:
            layer.sort(key=lambda item: _mean_place(neighbours.get(item, []), places, places.get(item, 0.0)))
            # Counted from a layer's middle, as layers are drawn centred and are of different lengths.
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


# SVG pictures: the bars of a column's figures, and the graph of a plan's entities.
#
# The colours come from the page's style sheet, by class, so that a picture fits a light and a dark page.
CHART_WIDTH, BINNED_HEIGHT, BINNED_TOP = 320, 96, 18
LABEL_WIDTH, COUNT_WIDTH, BAR_STEP = 128, 50, 20
MOST_LETTERS, LABEL_LETTERS = 20, 18

_SVG = Markup('<svg class="{}" viewBox="0 0 {} {}" width="{}" height="{}" role="{}" aria-label="{}">{}</svg>')
_RECT = Markup(
    '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="1.5"><title>{}</title></rect>'
)
_TEXT = Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>')
_NODE = Markup(
    '<g class="node" transform="translate({},{})"><title>{}</title><rect width="{}" height="{}" rx="8"></rect>{}{}</g>'
)
_LINK = Markup('<a href="{}" data-entity="{}">{}</a>')
_EDGE = Markup('<path class="edge" d="{}" marker-end="url(#to-parent)"><title>{}</title></path>')
_ARROW = Markup(
    '<defs><marker id="to-parent" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
    'orient="auto-start-reverse"><path class="tip" d="M0 0 L8 4 L0 8 z"></path></marker></defs>'
)


def chart(figure: Figure) -> Markup:
    """A histogram where the figure is binned, else a bar for each value; nothing where there is no bar."""
    if not figure.bars:
        return Markup("")
    return _histogram(figure) if figure.binned else _bar_chart(figure)


def _svg(kind: str, width: int, height: int, label: str, parts: Iterator[Markup], role: str = "img") -> Markup:
    return _SVG.format(kind, width, height, width, height, role, label, Markup("").join(parts))


def _histogram(figure: Figure) -> Markup:
    label = f"histogram of {figure.column}, {figure.measure} from {figure.low} to {figure.high}"
    return _svg("chart", CHART_WIDTH, BINNED_TOP + BINNED_HEIGHT + 20, label, _bins(figure))


def _bins(figure: Figure) -> Iterator[Markup]:
    most = max(bar.count for bar in figure.bars)
    densest = max(bar.count / bar.width for bar in figure.bars)
    step, foot, left = CHART_WIDTH / sum(bar.width for bar in figure.bars), BINNED_TOP + BINNED_HEIGHT, 0.0
    for bar in figure.bars:
        tall = max(bar.count / bar.width / densest * BINNED_HEIGHT, 1.5 if bar.count else 0)
        yield _RECT.format("bar", left, foot - tall, max(bar.width * step - 1.5, 0.5), tall, f"{bar.count:,} rows")
        left += bar.width * step
    yield _RECT.format("axis", 0, foot, CHART_WIDTH, 1, "")
    yield _TEXT.format("label", 0, 12, "start", f"up to {most:,} rows a bar")
    words = " characters" if figure.measure == "length" else ""
    yield _TEXT.format("label", 0, foot + 15, "start", _cut(figure.low + words, 24))
    yield _TEXT.format("label", CHART_WIDTH, foot + 15, "end", _cut(figure.high + words, 24))


def _bar_chart(figure: Figure) -> Markup:
    most = max(bar.count for bar in figure.bars)
    said = ", ".join(f"{bar.label} {bar.count}" for bar in figure.bars)
    rows = (_bar(bar, index, most) for index, bar in enumerate(figure.bars))
    return _svg("chart", CHART_WIDTH, BAR_STEP * len(figure.bars), f"bar chart of {figure.column}: {said}", rows)


def _bar(bar: Bar, index: int, most: int) -> Markup:
    top, room = index * BAR_STEP, CHART_WIDTH - LABEL_WIDTH - COUNT_WIDTH
    long = max(bar.count / most * room, 1.5)
    title = f"{bar.label}: {bar.count:,} rows"
    return (
        _TEXT.format("label", LABEL_WIDTH - 6, top + 14, "end", _cut(bar.label or "(empty)", LABEL_LETTERS))
        + _RECT.format("bar rest" if bar.rest else "bar", LABEL_WIDTH, top + 3, long, BAR_STEP - 6, title)
        + _TEXT.format("label count", LABEL_WIDTH + long + 5, top + 14, "start", f"{bar.count:,}")
    )


def graph_picture(graph: Graph, name: str, addresses: Mapping[str, str] | None = None) -> Markup:
    """Entities as boxes with their row counts, links as arrows to the parents.

    addresses: where the boxes lead to, by entity; without them the picture is one image.
    """
    links = "; ".join(f"{edge.child.name} to {edge.parent.name}" for edge in graph.edges) or "no links"
    label = f"entities of {name} and their links: {links}"
    nodes = [_node(each) for each in graph.nodes]
    if addresses is not None:
        nodes = [
            _LINK.format(addresses[each.name], each.name, box) for each, box in zip(graph.nodes, nodes, strict=True)
        ]
    parts = iter([_ARROW, *map(_edge, graph.edges), *nodes])
    return _svg("graph", graph.width, graph.height, label, parts, "img" if addresses is None else "group")


def _node(node: Node) -> Markup:
    name = _TEXT.format("name", WIDTH // 2, 19, "middle", _cut(node.name, MOST_LETTERS))
    rows = _TEXT.format("rows", WIDTH // 2, 35, "middle", f"{node.rows:,} rows")
    return _NODE.format(node.x, node.y, f"{node.name}: {node.rows:,} rows", WIDTH, HEIGHT, name, rows)


def _edge(edge: Edge) -> Markup:
    return _EDGE.format(_way(edge), f"{edge.child.name}.{edge.name} leads to {edge.parent.name}")


def _way(edge: Edge) -> str:
    """From the child's side to the parent's right side; a loop above the box where they are one."""
    child, parent = edge.child, edge.parent
    if child == parent:
        x, y = child.x + WIDTH, child.y + HEIGHT // 2
        return f"M{x} {y + 8} C{x + 34} {y + 22} {x + 34} {y - 22} {x} {y - 8}"
    start_y, end_y, end = child.y + HEIGHT // 2, parent.y + HEIGHT // 2, parent.x + WIDTH
    start = child.x if child.x > parent.x else child.x + WIDTH
    if not edge.passages:
        bend = 40 if child.x > parent.x else -40
        return f"M{start} {start_y} C{start - bend} {start_y} {end + 40} {end_y} {end} {end_y}"
    way = f"M{start} {start_y}"
    for x, y in edge.passages:  # to the right side of the column, and straight on to its left
        way += f" C{start - 40} {start_y} {x + 40} {y} {x} {y} H{x - WIDTH}"
        start, start_y = x - WIDTH, y
    return f"{way} C{start - 40} {start_y} {end + 40} {end_y} {end} {end_y}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
