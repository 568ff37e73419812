"""SVG pictures: the bars of a column's figures, and the graph of a plan's entities.

The colours come from the page's style sheet, by class, so that a picture fits a light and a dark page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from markupsafe import Markup

from sdgen.web.figures import Bar, Figure
from sdgen.web.graph import HEIGHT, WIDTH, Edge, Graph, Node

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
