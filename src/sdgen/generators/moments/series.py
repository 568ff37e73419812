"""Moments that follow one another: readings of a device, events of a log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import MAXYEAR, datetime
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators.arrays.fixed_text import array_over
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.moments.durations import Length, Moment, fixed_length, moment_faults, parse_moment
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
    step: Length = Field(description="from one row to the next: 12ms, 1m, 1h30m, 3d; below zero counts backwards")
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
        start, step, spread = self._microseconds(facts.as_of)
        last = start + step * (0 if self.per else max(facts.rows - 1, 0))
        if not _YEAR_1 <= min(start, last) - spread <= max(start, last) + spread <= _YEAR_9999:
            what = f"{facts.rows} rows, {self.step} apart, leave the years 1 to {MAXYEAR}"
            yield ParamError("step", what, "take a shorter step, or fewer rows")

    def _step_faults(self) -> Iterable[ParamError]:
        try:
            if not fixed_length(self.step):
                yield ParamError("step", "a step of 0 never moves on", "use const for one fixed moment")
        except ValueError as error:
            yield ParamError("step", str(error))

    def capacity(self, facts: ColumnContext) -> int | None:
        _, step, spread = self._microseconds(facts.as_of)
        if self.per or 2 * spread >= abs(step) or facts.type.kind == "date":
            # With as much jitter as half a step, two rows could have one moment; and dates lose the time of day.
            return None
        return facts.rows

    def _microseconds(self, as_of: datetime) -> tuple[int, int, int]:
        """Start, step and jitter."""
        return parse_moment(self.start, as_of), fixed_length(self.step), round(self.jitter_seconds * 1e6)

    def values(self, cells: ColumnBatch) -> pa.Array:
        start, step, spread = self._microseconds(cells.facts.as_of)
        places = cells.rows.ordinals(self.per) if self.per else cells.numbers
        moments = places * np.int64(step)
        if spread:
            # The jitter is drawn from whole microseconds, both ends included, and then moved to lie around 0.
            moments += cells.below(2 * spread + 1, "jitter")
        moments += np.int64(start - spread)
        return array_over(moments, moments_arrow(cells.facts.type))


_YEAR_1 = parse_moment("0001-01-01", datetime(2000, 1, 1))
_YEAR_9999 = parse_moment("9999-12-31T23:59:59", datetime(2000, 1, 1))
