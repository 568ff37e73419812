"""What the rows of a column look like, in few figures: a sample of a plan's rows, counted.

The rows are made anew from the plan, which gives the ones that a run of it wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.engine import batch
from sdgen.planning.plan import ColumnPlan, EntityPlan, Plan
from sdgen.scenario.types import NUMBERS, TIMES, Type
from sdgen.targets import csv_encoding
from sdgen.targets.columnar import plain

SAMPLE_ROWS, SLICES = 4000, 8
MOST_BARS, BINS = 8, 24
SHORT = 32
_PARTS = 10_000  # of one: numbers with at most four decimals are multiples of such a part


@dataclass(frozen=True)
class Bar:
    """Rows with one value, or in one bin of values; `rest` where it stands for all other values.

    width: of a bin, in as many of its column's steps; the last one may be narrower than the others.
    """

    label: str
    count: int
    rest: bool = False
    width: float = 1.0


@dataclass(frozen=True)
class Figure:
    """One column of a sample. binned: the bars are bins from `low` to `high`, of what `measure` says."""

    column: str
    type: str
    rows: int
    nulls: int
    distinct: int
    bars: tuple[Bar, ...] = ()
    binned: bool = False
    low: str = ""
    high: str = ""
    measure: str = ""
    example: str = ""

    @property
    def null_share(self) -> float:
        return self.nulls / self.rows if self.rows else 0.0


def figures(plan: Plan, entity: str) -> list[Figure]:
    """The figures of every written column, from at most SAMPLE_ROWS rows spread over the entity."""
    settled = plan.entities[entity]
    table = sample(plan, settled)
    return [_figure(column, table.column(column.name)) for column in settled.written]


def sample(plan: Plan, entity: EntityPlan) -> pa.Table:
    """Rows of an entity: all where they are few, else slices spread evenly from the first to the last."""
    parts = [batch(plan, entity.name, start, stop) for start, stop in _slices(entity.rows)]
    return pa.Table.from_batches(parts, schema=entity.schema)


def _slices(rows: int) -> Iterator[tuple[int, int]]:
    if rows <= SAMPLE_ROWS:
        yield 0, rows
        return
    each = SAMPLE_ROWS // SLICES
    for start in np.linspace(0, rows - each, SLICES).astype(np.int64).tolist():
        yield start, start + each


def _figure(column: ColumnPlan, chunks: pa.ChunkedArray) -> Figure:
    combined = chunks.combine_chunks()
    array = plain(pa.concat_arrays(combined.chunks) if isinstance(combined, pa.ChunkedArray) else combined)
    rows, nulls = len(array), array.null_count
    array = array.drop_null()
    texts = csv_encoding.plain_text(array, column.type)
    counted = pc.value_counts(texts).sort(order="descending", by="counts")
    empty = Figure(column.name, str(column.type), rows, nulls, len(counted))
    if not len(texts):
        return empty
    some = replace(empty, example=_short(texts[len(texts) // 2].as_py()))
    values = _measured(array, column.type.kind)
    if len(counted) <= MOST_BARS or (values is None and _repeats(counted)):
        return replace(some, bars=_bars(counted, len(texts)))
    if values is None or not len(values):
        return _binned(some, pc.utf8_length(texts).to_numpy().astype(np.float64), "length")
    low, high = (_short(texts[int(find(values))].as_py()) for find in (np.argmin, np.argmax))
    return replace(_binned(some, values, "value"), low=low, high=high)


def texts_of(array: pa.Array, type: Type) -> pa.Array:
    """The values as texts, null as null."""
    return csv_encoding.plain_text(plain(array), type)


def _measured(array: pa.Array, kind: str) -> NDArray[np.float64] | None:
    """Values that can be binned, times counted from the first; None where they can't: texts, and not finite numbers."""
    if kind in TIMES:
        whole = array.view(pa.int32() if array.type.bit_width == 32 else pa.int64())
        numbers = whole.to_numpy(zero_copy_only=False).astype(np.int64)
        since: NDArray[np.float64] = (numbers - numbers.min()).astype(np.float64)
        return since
    if kind in NUMBERS:
        measured: NDArray[np.float64] = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return measured if np.isfinite(measured).all() else None
    return None


def _repeats(counted: pa.StructArray) -> bool:
    """Whether the most frequent values of a text are a good part of all."""
    counts = counted.field("counts").to_numpy()
    return bool(counts[:MOST_BARS].sum() * 4 >= counts.sum() and counts[0] > 1)


def _bars(counted: pa.StructArray, rows: int) -> tuple[Bar, ...]:
    """The most frequent values, and the rest in one."""
    most = counted.slice(0, MOST_BARS).to_pylist()
    bars = [Bar(_short(each["values"]), each["counts"]) for each in most]
    rest = rows - sum(bar.count for bar in bars)
    return (*bars, Bar(f"{len(counted) - len(bars):,} others", rest, True)) if rest else tuple(bars)


def _binned(figure: Figure, values: NDArray[np.float64], measure: str) -> Figure:
    """The figure with a histogram; without one where all values are equal."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return figure
    bars = _stepped_bins(values - low) or _even_bins(values - low)
    return replace(figure, bars=bars, binned=True, low=f"{low:.0f}", high=f"{high:.0f}", measure=measure)


def _even_bins(values: NDArray[np.float64]) -> tuple[Bar, ...]:
    counts, _ = np.histogram(values, bins=BINS, range=(0.0, float(values.max())))
    return tuple(Bar("", count) for count in counts.tolist())


def _stepped_bins(values: NDArray[np.float64]) -> tuple[Bar, ...]:
    """Bins of whole steps, where all values from 0 are multiples of one: each holds as many values that can be.

    A bin of any other width holds now one value more and now one less, or none: gaps and peaks that the data has not.
    """
    scaled = values if (values == np.rint(values)).all() else values * _PARTS
    whole = np.rint(scaled)
    if float(whole.max()) >= 2**53 or not np.allclose(whole, scaled, rtol=0, atol=1e-3):
        return ()
    steps = whole.astype(np.int64)
    steps //= np.gcd.reduce(steps)
    last = int(steps.max())
    wide = -(-(last + 1) // BINS)
    counts = np.bincount(steps // wide).tolist()
    widths = [float(wide)] * (len(counts) - 1) + [float(last + 1 - wide * (len(counts) - 1))]
    return tuple(Bar("", count, width=width) for count, width in zip(counts, widths, strict=True))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"
