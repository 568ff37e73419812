"""Layouts: every child has one parent, whatever rows are asked for together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.generators.links.counts import BLOCK, ComputedCounts, DrawnCounts, EvenSpread, FixedCount, Layout
from sdgen.generators.numbers.alias_tables import alias_table
from sdgen.generators.numbers.count_laws import CountLaw
from sdgen.generators.streams import Numbers, draw


class ByLaw:
    """Counts by a law whose mean rises from parent to parent."""

    def counts(self, parents: Numbers) -> Numbers:
        return CountLaw("negative_binomial", 1.0, 3.0).draw(draw(11, parents), parents % 50 / 10)


class EveryThird:
    """Children of every third parent alone."""

    def counts(self, parents: Numbers) -> Numbers:
        return np.where(parents % 3 == 1, parents % 5, 0)


LAYOUTS: dict[str, Layout] = {
    "fixed": FixedCount(40, 3),
    "drawn": DrawnCounts(500, 0, 7, key=5),
    "weighted": DrawnCounts(300, 1, 3, key=6, table=alias_table([1, 2, 5])),
    "blocks": DrawnCounts(BLOCK + 100, 0, 2, key=7),
    "by law": ComputedCounts(700, ByLaw()),
    "computed": ComputedCounts(BLOCK + 90, EveryThird()),
    "spread thick": EvenSpread(30, 1000, key=8),
    "spread thin": EvenSpread(1000, 30, key=9),
    "spread even": EvenSpread(77, 77, key=10),
}


def located(layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    return layout.locate(np.arange(layout.total, dtype=np.int64))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_children_stand_parent_after_parent(layout: Layout) -> None:
    parents, ordinals = located(layout)
    assert (np.diff(parents) >= 0).all()
    assert 0 <= parents[0] <= parents[-1] < layout.parents  # type: ignore[attr-defined]
    first = np.r_[True, np.diff(parents) > 0]
    assert (ordinals[first] == 0).all()
    assert (np.diff(ordinals)[~first[1:]] == 1).all()


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@given(numbers=st.lists(st.integers(0, 10**6), min_size=1, max_size=50))
def test_any_rows_give_the_same(layout: Layout, numbers: list[int]) -> None:
    rows = np.array(numbers, dtype=np.int64) % layout.total
    for all_rows, some in zip(located(layout), layout.locate(rows), strict=True):
        assert (all_rows[rows] == some).all()


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (3, 9), (65_000, 66_000)])
def test_rows_in_sequence_give_the_same(start: int, stop: int) -> None:
    for layout in LAYOUTS.values():
        stop_here = min(stop, layout.total)
        rows = np.arange(min(start, stop_here), stop_here, dtype=np.int64)
        for all_rows, some in zip(located(layout), layout.locate(rows), strict=True):
            assert (all_rows[rows] == some).all()


def test_counts_keep_their_bounds_and_law() -> None:
    counts = np.bincount(located(LAYOUTS["drawn"])[0], minlength=500)
    assert counts.min() == 0
    assert counts.max() == 7
    assert abs(counts.mean() - 3.5) < 0.4
    weighted = np.bincount(located(LAYOUTS["weighted"])[0], minlength=300)
    assert abs(weighted.mean() - (1 + 2 * 2 + 3 * 5) / 8) < 0.15


def test_a_spread_gives_each_parent_at_most_twice_the_mean() -> None:
    counts = np.bincount(located(LAYOUTS["spread thick"])[0], minlength=30)
    assert counts.sum() == 1000
    assert counts.max() <= 2 * 1000 / 30 + 1
    assert counts.std() > 5


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_starts_are_where_children_begin(layout: Layout) -> None:
    size: int = layout.parents  # type: ignore[attr-defined]
    starts = layout.starts(np.arange(size + 1, dtype=np.int64))
    counts = np.bincount(located(layout)[0], minlength=size)
    assert (np.diff(starts) == counts).all()
    assert starts[-1] == layout.total
