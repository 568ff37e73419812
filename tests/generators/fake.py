"""Cells without an engine: one column, at chosen rows, with other columns given as arrays by row number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sdgen.generators.base import Generator
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.registry import make
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import parse_type

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class FakeRows:
    """Rows whose other columns and parents are given: `columns[name]` holds the value of every row number."""

    numbers: Numbers
    columns: Mapping[str, pa.Array] = field(default_factory=dict)
    parents: Mapping[str, FakeRows] = field(default_factory=dict)
    entity: str = "things"
    missing: NDArray[np.bool_] | None = None

    def column(self, name: str) -> pa.Array:
        return self.columns[name].take(pa.array(self.numbers))

    def parent(self, link: str) -> FakeRows:
        return self.parents[link]

    def parent_numbers(self, link: str) -> Numbers:
        return self.parents[link].numbers

    def shared(self, name: str, compute: Callable[[], Any]) -> Any:
        return compute()

    def at(self, numbers: Numbers) -> FakeRows:
        return replace(self, numbers=numbers)

    def distinct(self) -> tuple[FakeRows, None]:
        return self, None

    def ordinals(self, link: str) -> Numbers:
        return self.numbers % 3

    def child_counts(self, entity: str) -> Numbers:
        raise NotImplementedError

    def children(self, entity: str, start: int, stop: int) -> FakeRows:
        raise NotImplementedError

    def others(self, entity: str, pick: Callable[[int], Numbers]) -> FakeRows:
        raise NotImplementedError

    def scores(self, column: str) -> NDArray[np.float64]:
        raise NotImplementedError


def facts(generator: Generator, type: str = "", **changes: Any) -> ColumnContext:
    settled: dict[str, Any] = {"seed": 42, "entity": "things", "column": "it", "rows": 1000, "as_of": AS_OF} | changes
    return ColumnContext(type=parse_type(type) if type else generator.natural(), **settled)


def fill(
    name: str,
    params: Mapping[str, Any] | None = None,
    rows: int | Sequence[int] | Numbers = 1000,
    type: str = "",
    columns: Mapping[str, Sequence[Any]] | None = None,
    **changes: Any,
) -> pa.Array:
    """The values a generator makes at rows (a count, or row numbers)."""
    generator = make(name, dict(params or {}))
    numbers = np.arange(rows, dtype=np.int64) if isinstance(rows, int) else np.asarray(rows, dtype=np.int64)
    others = {key: pa.array(value) for key, value in (columns or {}).items()}
    return generator.values(ColumnBatch(FakeRows(numbers, others), facts(generator, type, **changes)))
