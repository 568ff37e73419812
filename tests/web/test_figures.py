"""The figures of columns: histograms show no gaps and peaks but those of the values."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

pytest.importorskip("jinja2")

from sdgen.planning.compile import compile_plan
from sdgen.readers.sources import read_mapping
from sdgen.scenario.request import PlanRequest
from sdgen.web.figures import BINS, Figure, figures
from sdgen.web.graph import HEIGHT, WIDTH, Graph, chart, graph_of, graph_picture

MIDNIGHTS = [f"2026-01-{day:02d}T00:00:00" for day in range(1, 14)]


def figure_of(column: dict[str, Any], rows: int = 4000) -> Figure:
    scenario = read_mapping({"name": "s", "entities": {"a": {"rows": rows, "columns": {"it": column}}}})
    return figures(compile_plan(scenario, PlanRequest(seed=1)), "a")[0]


def uniform(low: int, high: int) -> dict[str, Any]:
    return {"type": "int", "generator": "uniform_int", "params": {"min": low, "max": high}}


@pytest.mark.parametrize(
    ("column", "steps"),
    [
        (uniform(1, 12), 12),
        (uniform(1, 29), 29),
        (uniform(0, 24), 25),
        (uniform(1, 100), 100),
        ({"type": "date", "generator": "date", "params": {"start": "2026-01-01", "end": "2026-01-30"}}, 30),
        ({"type": "decimal(4,2)", "generator": "decimal", "params": {"min": "0.01", "max": "0.36", "scale": 2}}, 36),
        ({"type": "timestamp", "generator": "choice", "params": {"values": MIDNIGHTS}}, 13),
    ],
)
def test_bins_of_equal_chances_are_of_equal_height(column: dict[str, Any], steps: int) -> None:
    figure = figure_of(column)
    assert figure.binned
    assert len(figure.bars) <= BINS
    assert sum(bar.width for bar in figure.bars) == steps
    dense = [bar.count / bar.width for bar in figure.bars]
    assert min(dense) > 0.6 * max(dense)
    assert sum(bar.count for bar in figure.bars) == figure.rows
    assert chart(figure).count("<rect") == len(figure.bars) + 1


def test_values_between_steps_are_binned_evenly() -> None:
    figure = figure_of({"type": "double", "generator": "uniform_float", "params": {"min": 0, "max": 1}})
    assert [bar.width for bar in figure.bars] == [1.0] * BINS
    assert min(bar.count for bar in figure.bars) > 100


LONG = {
    "authors": [],
    "customers": [],
    "books": ["authors"],
    "reviews": ["books", "customers"],
    "notes": ["reviews", "authors", "customers"],
}


def test_links_pass_between_the_entities_of_the_picture() -> None:
    entities = {
        name: {
            "columns": {
                "id": {"type": "int", "primary_key": True},
                **{f"{each}_id": {"references": each} for each in above},
            }
        }
        for name, above in LONG.items()
    }
    graph = graph_of(compile_plan(read_mapping({"name": "s", "entities": entities}), PlanRequest(seed=1)))
    assert len(graph.edges) == 6
    assert sorted(len(edge.passages) for edge in graph.edges) == [0, 0, 0, 1, 2, 2]
    for edge in graph.edges:
        assert edge.child.x > edge.parent.x
        for x, y in edge.passages:
            column = [node for node in graph.nodes if node.x == x - WIDTH]
            assert all(not node.y - 2 <= y <= node.y + HEIGHT + 2 for node in column)
    for one, other in combinations(graph.nodes, 2):
        assert one.x != other.x or abs(one.y - other.y) >= HEIGHT
    assert max(node.x for node in graph.nodes) + WIDTH <= graph.width
    assert max(node.y for node in graph.nodes) + HEIGHT <= graph.height


def circle_of(names: tuple[str, ...]) -> Graph:
    """Each leads to the one before it, and the first, nullable, to the last."""
    entities = {
        name: {
            "columns": {
                "id": {"type": "int", "primary_key": True},
                "it": {"references": names[at - 1], "null_rate": 0.5},
            }
        }
        for at, name in enumerate(names)
    }
    return graph_of(compile_plan(read_mapping({"name": "s", "entities": entities}), PlanRequest(seed=1)))


def test_a_picture_of_many_and_of_circles_can_be_drawn() -> None:
    many = {f"e{number}": {"columns": {"id": {"type": "int", "primary_key": True}}} for number in range(40)}
    own = {"column": "boss_id"}
    staff = {"tree": own, "columns": {"id": {"type": "int", "primary_key": True}, "e_id": {"references": "e0"}}}
    graph = graph_of(
        compile_plan(read_mapping({"name": "s", "entities": {**many, "staff": staff}}), PlanRequest(seed=1))
    )
    assert len({(node.x, node.y) for node in graph.nodes}) == 41
    assert "M" in graph_picture(circle_of(("one", "two", "three", "four")), "s")
    assert "staff to staff" in graph_picture(graph, "s")
