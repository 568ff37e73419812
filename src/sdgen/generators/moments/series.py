"""Moments that follow one another: readings of a device, events of a log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import MAXYEAR, timedelta
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators.arrays.fixed_text import array_over
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.moments.durations import (
    DAY,
    EPOCH,
    Duration,
    Length,
    Moment,
    moment_faults,
    months_later,
    parse_duration,
    parse_moment,
)
from sdgen.generators.moments.uniform import moments_arrow
from sdgen.generators.registry import register
from sdgen.scenario.types import TEXTS, Type

_JITTER_LIMIT = 366 * 86_400


@register("time_series")
class TimeSeries(Generator):
    """Moments that follow one another: start + row number × step, with jitter where asked.

    With `per` each parent's rows have a series of their own, counted from its first row. Without it, and with
    a jitter of less than half a step, all moments differ.
    """

    fits: ClassVar[frozenset[str]] = TEXTS | {"timestamp", "timestamptz", "date"}
    example: ClassVar[str] = "{generator: time_series, params: {start: -7d, step: 1m, jitter_seconds: 5}}"

    start: Moment = Field(description="the first row's moment: ISO 8601, or relative to as_of, such as -7d")
    step: Length = Field(description="from one row to the next: 12ms, 1m, 1h30m, 3d, 1mo; below zero counts backwards")
    jitter_seconds: float = Field(
        0.0, ge=0, le=_JITTER_LIMIT, description="move each moment by up to this many seconds, either way"
    )
    per: str = Field("", description="a link column: each parent's rows have a series of their own")

    def natural(self) -> Type:
        return Type("timestamp")

    def needs(self) -> tuple[Dependency, ...]:
        return (Dependency(self.per),) if self.per else ()

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        wrong = [*moment_faults("start", self.start, facts), *self._step_faults()]
        yield from wrong
        if wrong:
            return
        spread, places = self._spread, 0 if self.per else max(facts.rows - 1, 0)
        start = EPOCH + timedelta(microseconds=parse_moment(self.start, facts.as_of))
        try:
            for side in (timedelta(microseconds=spread), -timedelta(microseconds=spread)):
                self._step.times(places).after(start) + side
        except OverflowError:
            what = f"{facts.rows} rows, {self.step} apart, leave the years 1 to {MAXYEAR}"
            yield ParamError("step", what, "take a shorter step, or fewer rows")

    def _step_faults(self) -> Iterable[ParamError]:
        try:
            if self._step == Duration():
                yield ParamError("step", "a step of 0 never moves on", "use const for one fixed moment")
        except ValueError as error:
            yield ParamError("step", str(error))

    def capacity(self, facts: ColumnContext) -> int | None:
        if self.per or 2 * self._spread >= self._step.shortest or facts.type.kind == "date":
            # With as much jitter as half a step, two rows could have one moment; and dates lose the time of day.
            return None
        return facts.rows

    @property
    def _step(self) -> Duration:
        return parse_duration(self.step)

    @property
    def _spread(self) -> int:
        """The jitter in microseconds."""
        return round(self.jitter_seconds * 1e6)

    def values(self, cells: ColumnBatch) -> pa.Array:
        start, step, spread = parse_moment(self.start, cells.facts.as_of), self._step, self._spread
        places = cells.rows.ordinals(self.per) if self.per else cells.numbers
        moments = places * np.int64(step.microseconds)
        if spread:
            # The jitter is drawn from whole microseconds, both ends included, and then moved to lie around 0.
            moments += cells.below(2 * spread + 1, "jitter")
        if step.months:
            first = np.full(len(places), start // DAY, dtype=np.int64)
            moments += (months_later(first, places * np.int64(step.months)) - first) * np.int64(DAY)
        moments += np.int64(start - spread)
        return array_over(moments, moments_arrow(cells.facts.type))
