"""Counts, lists and instants as options take them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import typer

from sdgen.cli.options import formats, instant, listed, row_count, row_counts, seed
from sdgen.execution.request import format_instant


@pytest.mark.parametrize(
    ("text", "count"),
    [("0", 0), ("500", 500), ("1_000", 1000), ("10k", 10_000), ("1.5M", 1_500_000), ("2G", 2 * 10**9), (" 7 ", 7)],
)
def test_row_count(text: str, count: int) -> None:
    assert row_count(text) == count


@pytest.mark.parametrize("text", ["", "k", "-1", "1.5", "1e3", "0.0001k", "1T", "1 000", "٣x"])
def test_no_row_count(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        row_count(text)


def test_row_counts() -> None:
    assert row_counts(["500", "orders=10k,items=2"]) == {"*": 500, "orders": 10_000, "items": 2}


def test_lists() -> None:
    assert listed(["a, b", "c", ""]) == ("a", "b", "c")
    assert formats("CSV,parquet,csv") == ("csv", "parquet")


def test_instants() -> None:
    assert instant(None) is None
    assert instant("2026-01-01") == datetime(2026, 1, 1, tzinfo=UTC)
    moment = instant("2026-01-01T02:00:00.5+02:00")
    assert moment is not None
    assert format_instant(moment) == "2026-01-01T00:00:00.500000Z"
    assert instant(format_instant(moment)) == moment


def test_seeds() -> None:
    assert seed(2**64 - 1) == 2**64 - 1
    assert seed(-(2**63)) == -(2**63)
    for number in (2**64, -(2**63) - 1):
        with pytest.raises(typer.BadParameter):
            seed(number)
