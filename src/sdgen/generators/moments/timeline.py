"""Moments in order: the events of each parent one after another, with uneven gaps, at any row by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators import streams
from sdgen.generators.arrays.fixed_text import array_over
from sdgen.generators.base import Dependency, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.moments.bounds import BoundedMoments
from sdgen.generators.moments.durations import DAY, Length, Moment, fixed_length, moment_faults, parse_moment
from sdgen.generators.moments.operational_clock import HOUR, OperationalClock, operational_clock
from sdgen.generators.moments.rhythm import Rhythm
from sdgen.generators.moments.uniform import TICKS, Precision, moments_arrow
from sdgen.generators.numbers.quantile_tables import QuantileTable, exponential_table, lognormal_table
from sdgen.generators.registry import register
from sdgen.generators.streams import Floats, Numbers
from sdgen.scenario.types import TEXTS, Type

# Gaps of a block are all that a row's place needs: 64 draws, however many siblings there are.
BLOCK = 64  # siblings whose gaps are added up together
# Far enough for the ends of blocks to look like chance, and less than half a block, so that blocks keep their order.
_SHIFT = {"uneven": 16.0, "bursts": 16.0, "even": 0.2}  # how far a block's end lies from its mean place, in siblings
# Gaps are whole numbers of such parts, since sums of floats would depend on their order.
_ONE = 1 << 24  # a gap of mean length
_BURSTS = 2.0  # sigma of the logarithm of gaps: a few long ones between many short ones


@register("timeline")
class Timeline(BoundedMoments):
    """Moments in order between two bounds: each parent's events one after another, with uneven gaps.

    The moments are order statistics: as if each event had fallen anywhere by itself, and they were then sorted. With
    `per` each parent's rows are in order, and bounds may be columns of that parent; without it all rows of the entity
    are, so that a longer table lies denser. `place` names a column that says which place each row has, such as one made
    from a shuffled sequence: order numbers then rise with time though rows are counted per customer. `decay` lets
    activity fall off after the start, for half of what is to come within that time; `gaps: bursts` makes sessions,
    `gaps: even` a beat.
    """

    fits: ClassVar[frozenset[str]] = TEXTS | {"timestamp", "timestamptz", "date"}
    example: ClassVar[str] = "{generator: timeline, params: {start: 2024-01-01, end: 2025-01-01, rhythm: shop}}"

    per: str = Field("", description="the link that rows are counted by: each parent's rows are in order")
    place: str = Field("", description="a column of each row's place among all rows, from 1; else its own number")
    start: Moment = Field("-1y", description="the earliest moment: ISO 8601, or relative to as_of, such as -730d")
    end: Moment = Field("now", description="the end, itself not included; likewise")
    gaps: Literal["uneven", "bursts", "even"] = Field(
        "uneven", description="uneven as chance has it; bursts: sessions with long pauses; even: nearly a beat"
    )
    precision: Precision = Field("s", description="whole seconds (s), milliseconds (ms) or microseconds (us)")
    decay: Length = Field("0s", description="activity falls off after the start, by half of the rest within this time")

    def natural(self) -> Type:
        return Type("timestamp")

    def needs(self) -> tuple[Dependency, ...]:
        more = [Dependency(name) for name in (self.per, self.place) if name]
        return (*super().needs(), *more)

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        wrong = [*moment_faults("start", self.start, facts), *moment_faults("end", self.end, facts)]
        yield from wrong
        yield from self.bound_faults(facts, UTC)
        try:
            if fixed_length(self.decay) < 0:
                yield ParamError("decay", f"decay {self.decay} is below zero", "take a time above 0s")
        except ValueError as error:
            yield ParamError("decay", str(error))
        if self.per and self.place:
            yield ParamError("place", "each parent's rows have an order of their own", "leave out per or place")
        # Siblings are in order within one interval, so that a bound must be the same for all of them.
        for name in self.references():
            if not self.per or self.dependency(name).link != self.per:
                hint = f"take a column of the parent that {self.per} leads to" if self.per else "give `per` a link"
                yield ParamError("after", f"{name} isn't the same for all rows that are in order", hint)
        if not wrong and self.span(facts)[0] >= self.span(facts)[1]:
            yield ParamError("start", f"start {self.start} is not before end {self.end}", "make start the earlier")

    def span(self, facts: ColumnContext) -> tuple[int, int]:
        return parse_moment(self.start, facts.as_of), parse_moment(self.end, facts.as_of)

    def values(self, cells: ColumnBatch) -> pa.Array:
        start, end = self.span(cells.facts)
        low, high = self.interval(cells, start, end, UTC)
        clock = operational_clock(self.rhythm or Rhythm(), start, end, cells.facts.as_of)
        first = clock.ticks(low)
        width = np.maximum(clock.ticks(high) - first, 1)
        shares = self._decayed(_shares(self._siblings(cells), cells, self._gaps(), _SHIFT[self.gaps]), width, clock)
        moments = clock.moments(first + (shares * width).astype(np.int64))
        # Ticks may be longer than the precision, so that a moment could lie outside.
        moments = np.clip(moments, low, np.maximum(high - 1, low))
        if cells.facts.type.kind == "date":
            return array_over((moments // DAY).astype(np.int32), pa.date32())
        tick = np.int64(TICKS[self.precision])
        return array_over(np.maximum(moments // tick * tick, low), moments_arrow(cells.facts.type))

    def _siblings(self, cells: ColumnBatch) -> _Siblings:
        if not self.per:
            size = np.int64(max(cells.facts.rows, 1))
            places = np.clip(self._places(cells), 0, size - 1)
            return _Siblings(places, np.full(len(cells), size), np.zeros(len(cells), dtype=np.int64))
        places = cells.rows.ordinals(self.per)
        counts = cells.rows.parent(self.per).child_counts(cells.facts.entity)
        return _Siblings(places, np.maximum(counts, places + 1), cells.numbers - places)

    def _places(self, cells: ColumnBatch) -> Numbers:
        if not self.place:
            return cells.numbers
        return np.asarray(cells.column(self.place).cast(pa.int64()).fill_null(1), dtype=np.int64) - 1

    def _gaps(self) -> QuantileTable | None:
        return {"uneven": exponential_table(), "bursts": lognormal_table(_BURSTS)}.get(self.gaps)

    def _decayed(self, shares: Floats, width: Numbers, clock: OperationalClock) -> Floats:
        """Shares moved towards the start by a Lomax law, whose density falls as 1 / (time + decay)²."""
        # A Lomax law and no exponential one, because its inverse needs no logarithm.
        decay = fixed_length(self.decay)
        if not decay:
            return shares
        scale = _mean_ticks(clock, decay)
        # Truncated to the time that there is, so that nothing piles up at its end.
        reached = shares * (width / (width + scale))
        moved: Floats = scale * reached / (1.0 - reached) / width
        return np.minimum(moved, 1.0)


def _mean_ticks(clock: OperationalClock, length: int) -> float:
    """The ticks of a length of time at the clock's mean rate."""
    hours = len(clock.sums) - 1
    return float(clock.total) / hours * (length / HOUR)


@dataclass(frozen=True)
class _Siblings:
    """Rows as siblings: each one's place among its parent's rows, their count, and the row number of the first."""

    places: Numbers
    counts: Numbers
    firsts: Numbers


def _shares(siblings: _Siblings, cells: ColumnBatch, gaps: QuantileTable | None, shift: float) -> Floats:
    """Each row's place in its parent's time, in [0, 1): rising with the rows, and none depends on the batch.

    Up to 64 siblings are order statistics of a uniform law: sums of gaps, divided by their total. More of them are
    laid out in blocks of 64, whose ends lie near their mean places.
    """
    # A block begins at a row number, which is what its draws are keyed by, whichever of its rows are asked for.
    blocks = siblings.places // BLOCK
    starts = siblings.firsts + blocks * BLOCK  # the row number of each block's first sibling
    sizes = np.minimum(siblings.counts - blocks * BLOCK, BLOCK)
    alone = siblings.counts <= BLOCK
    unique, inverse = np.unique(starts, return_inverse=True)
    size_of = np.zeros(len(unique), dtype=np.int64)
    size_of[inverse] = sizes
    sums, totals = _running(cells, unique, size_of, gaps)
    inside = siblings.places - blocks * BLOCK
    here = sums[inverse, inside]
    before = np.where(inside > 0, sums[inverse, np.maximum(inside - 1, 0)], 0)
    # The events of a block lie at one random phase within their gaps, so that the gap
    # across two blocks is an ordinary one.
    lead = streams.unit(streams.draw(cells.key("shift"), starts))
    # Up to 64 siblings are exact order statistics: each sum divided by the total, with the gap behind the last.
    within = np.where(alone, here / totals[inverse], (before + (here - before) * lead) / sums[inverse, sizes - 1])
    left, right = (_block_end(cells, siblings, blocks + step, shift) for step in (0, 1))
    shares: Floats = left + (right - left) * within
    return shares


def _running(cells: ColumnBatch, starts: Numbers, sizes: Numbers, gaps: QuantileTable | None) -> tuple[Floats, Floats]:
    """For each block: the sums of its gaps up to each sibling, and the total with the gap behind the last one.

    Gaps are whole numbers, so that sums are exact.
    """
    width = int(sizes.max(initial=1)) + 1
    numbers = starts[:, None] + np.arange(width, dtype=np.int64)
    words = streams.draw(cells.key("gap"), np.ascontiguousarray(numbers.ravel()))
    # The lowest chance that the table knows, since a draw of 0 has none.
    drawn = np.full(len(words), 1.0) if gaps is None else gaps.at(np.maximum(streams.unit(words), 2.0**-53))
    jitter = streams.unit(words) * 0.2 if gaps is None else 0.0
    # One more, so that no two siblings have one place.
    lengths = ((drawn + jitter) * _ONE).astype(np.int64).reshape(numbers.shape) + 1
    last = streams.draw(cells.key("last"), starts)
    lengths[np.arange(len(starts)), sizes] = (
        np.int64(_ONE)
        if gaps is None
        else (gaps.at(np.maximum(streams.unit(last), 2.0**-53)) * _ONE).astype(np.int64) + 1
    )
    sums = np.cumsum(lengths, axis=1).astype(np.float64)
    return sums, sums[np.arange(len(starts)), sizes]


def _block_end(cells: ColumnBatch, siblings: _Siblings, block: Numbers, most: float) -> Floats:
    """Where a block of siblings begins, as a share of its parent's time; what is behind the last begins at 1."""
    places = block * BLOCK
    following = siblings.counts - places
    drawn = streams.unit(streams.draw(cells.key("block"), siblings.firsts + places))
    # The last block may be short, and its beginning is moved by less, so that it stays before the end.
    shift = (drawn * 2.0 - 1.0) * np.minimum(most, np.maximum(following, 0) * (most / BLOCK))
    # The first block begins at 0 and what is behind the last at 1, whatever is drawn.
    at = np.where(following > 0, np.where(block > 0, places + shift, 0), siblings.counts)
    begins: Floats = at / siblings.counts
    return begins
