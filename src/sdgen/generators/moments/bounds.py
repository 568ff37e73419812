"""Bounds of a moment: fixed ones, other columns of the row, and columns of its parents; and draws between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, tzinfo
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import BeforeValidator, Field

from sdgen.generators.base import Dependency, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.moments.durations import DAY, Moment, parse_moment
from sdgen.generators.moments.operational_clock import OperationalClock, operational_clock
from sdgen.generators.moments.rhythm import RhythmParam, rhythm_faults
from sdgen.generators.references import Referring, is_reference, microseconds
from sdgen.generators.streams import Numbers, Words, below_any
from sdgen.scenario.types import Type

# Far beyond every moment, and yet so that sums of some of them stay within 64 bits.
NEVER = np.iinfo(np.int64).max >> 2


def _as_bounds(value: Any) -> Any:
    several = value if isinstance(value, (list, tuple)) else () if value in (None, "") else (value,)
    for one in several:
        if not isinstance(one, (str, date)):
            raise ValueError(f"{one!r} is neither a column nor a moment; write it like created_at, 2024-12-31 or -7d")
    return tuple(several)


Bounds = Annotated[tuple[Moment, ...], BeforeValidator(_as_bounds)]


def bounds_faults(param: str, bounds: Bounds, facts: ColumnContext, zone: tzinfo = UTC) -> Iterator[ParamError]:
    """What is wrong with the moments among bounds."""
    for bound in bounds:
        if not is_reference(bound):
            try:
                parse_moment(bound, facts.as_of, zone)
            except ValueError as error:
                yield ParamError(param, str(error), "or name a column, as in created_at or orders.created_at")


def bounds_types(
    owner: Referring, param: str, bounds: Bounds, types: Mapping[Dependency, Type | None]
) -> Iterator[ParamError]:
    """What is wrong with the types of the columns that bounds name."""
    yield from owner.no_moments(param, map(str, filter(is_reference, bounds)), types)


def latest(owner: Referring, cells: ColumnBatch, bounds: Bounds, zone: tzinfo, start: int) -> Numbers:
    """The latest of a start and each row's bounds, in microseconds; a null bounds nothing."""
    lows = [_bound(owner, cells, bound, zone, -NEVER, 0) for bound in bounds]
    low: Numbers = np.maximum.reduce([np.full(len(cells), start, dtype=np.int64), *lows])
    return low


def earliest(owner: Referring, cells: ColumnBatch, bounds: Bounds, zone: tzinfo, end: int) -> Numbers:
    """The earliest of an end and each row's bounds, likewise; a date's day is within."""
    highs = [_bound(owner, cells, bound, zone, NEVER, DAY) for bound in bounds]
    high: Numbers = np.minimum.reduce([np.full(len(cells), end, dtype=np.int64), *highs])
    return high


def _bound(owner: Referring, cells: ColumnBatch, bound: Moment, zone: tzinfo, missing: int, day: int) -> Numbers:
    if not is_reference(bound):
        return np.full(len(cells), parse_moment(bound, cells.facts.as_of, zone), dtype=np.int64)
    array = owner.array(cells, str(bound))
    whole_days = pa.types.is_date(array.type)
    moments, known = microseconds(array)
    # A date stands for its whole day, which ends as the next one begins.
    moments = moments + np.int64(day) if whole_days else moments
    return moments if known is None else np.where(known, moments, np.int64(missing))


class BoundedMoments(Referring):
    """Moments between bounds, by a rhythm or all equally likely."""

    rhythm: RhythmParam = Field(
        None, description="how likely each moment is: a shipped rhythm's name, such as shop, or one spelled out"
    )
    after: Bounds = Field(
        (), description="never before these: columns of the row, link.column of parents, or moments; the latest counts"
    )
    before: Bounds = Field((), description="never after these, likewise; the earliest counts")

    @property
    def is_plain(self) -> bool:
        """Whether nothing but a fixed start and end is given."""
        return self.rhythm is None and not self.after and not self.before

    @property
    def never_null(self) -> bool:
        return True  # a bound that is null is none

    def references(self) -> Iterator[str]:
        """The columns that bounds name."""
        return (str(bound) for bound in (*self.after, *self.before) if is_reference(bound))

    def bound_faults(self, facts: ColumnContext, zone: tzinfo) -> Iterable[ParamError]:
        """What is wrong with the rhythm and the bounds."""
        yield from rhythm_faults(self.rhythm, facts)
        for param, bounds in (("after", self.after), ("before", self.before)):
            yield from bounds_faults(param, bounds, facts, zone)

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        for param, bounds in (("after", self.after), ("before", self.before)):
            yield from bounds_types(self, param, bounds, types)

    def interval(self, cells: ColumnBatch, start: int, end: int, zone: tzinfo) -> tuple[Numbers, Numbers]:
        """Each row's least moment and its end, in microseconds; an end is never before the least."""
        low = latest(self, cells, self.after, zone, start)
        # An end before the least moment, which columns of two parents may lead to, leaves the least moment alone.
        return low, np.maximum(earliest(self, cells, self.before, zone, end), low)

    def span(self, facts: ColumnContext) -> tuple[int, int]:
        """The fixed start and end, in microseconds."""
        raise NotImplementedError

    def drawn(self, cells: ColumnBatch, low: Numbers, high: Numbers, timezone: str = "") -> Numbers:
        """One moment for each row in [low, high), in microseconds: the law is truncated there, not clamped."""
        if self.rhythm is None:
            return low + below_any(self.words(cells), np.maximum(high - low, 1))
        rhythm = self.rhythm if self.rhythm.timezone else self.rhythm.model_copy(update={"timezone": timezone})
        # Ticks are drawn between those of the bounds, so that the law is truncated and stays the rhythm's.
        return drawn_by(
            operational_clock(rhythm, *self.span(cells.facts), cells.facts.as_of), self.words(cells), low, high
        )

    def words(self, cells: ColumnBatch) -> Words:
        """One draw for each row."""
        return cells.draw()


def drawn_by(clock: OperationalClock, words: Words, low: Numbers, high: Numbers) -> Numbers:
    """One moment for each word in [low, high), by the clock's rhythm."""
    # An interval without a tick still has a moment: its beginning.
    first = clock.ticks(low)
    moments = clock.moments(first + below_any(words, np.maximum(clock.ticks(high) - first, 1)))
    # A tick may be longer than the interval, so that its moment could lie outside.
    return np.clip(moments, low, np.maximum(high - 1, low))
