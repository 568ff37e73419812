"""The figures of columns: histograms show no gaps and peaks but those of the values."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("jinja2")

from sdgen.plan.compile import compile_plan
from sdgen.plan.request import PlanRequest
from sdgen.read.sources import read_mapping
from sdgen.web.figures import BINS, Figure, figures
from sdgen.web.pictures import chart

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
