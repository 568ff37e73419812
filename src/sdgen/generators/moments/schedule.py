"""Dates on a schedule: the first of each month, its last working day, every second Friday."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from sdgen.generators.arrays.fixed_text import array_over
from sdgen.generators.base import Dependency, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.moments.durations import (
    DAY,
    Length,
    Moment,
    moment_faults,
    months_later,
    parse_duration,
    parse_moment,
)
from sdgen.generators.moments.rhythm import holidays, unknown_country
from sdgen.generators.references import Referring, is_reference, microseconds
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import TEXTS, Type

_EPOCH = date(1970, 1, 1)
_LONGEST_PAUSE = 14  # days: no country closes for longer


@register("schedule")
class Schedule(Referring):
    """Dates on a schedule: start, then one every so many months, weeks or days.

    Months are calendar months: from January 31st on, the next is February's last day, and the one after March 31st.
    `day` puts each on a day of its month (a number, or last); `working` moves one that falls on a weekend or a holiday
    to the working day before or after. With `per` each parent's rows have a schedule of their own.
    """

    fits: ClassVar[frozenset[str]] = TEXTS | {"date", "timestamp", "timestamptz"}
    example: ClassVar[str] = (
        "{generator: schedule, params: {start: 2024-01-31, every: 1mo, day: last, working: before, holidays: US}}"
    )

    start: Moment = Field(
        description="the first date: ISO 8601, relative to as_of, a column, or link.column of a parent"
    )
    every: Length = Field("1mo", description="from one to the next: 1mo, 3mo, 1y, 2w or 1d")
    day: int | Literal["last", ""] = Field(
        "", description="the day of the month, 1 to 31, or last; else the start's own"
    )
    working: Literal["", "before", "after"] = Field(
        "", description="move what falls on a weekend or holiday to the working day before it, or after it"
    )
    holidays: str = Field("", description="the country whose public holidays are no working days, such as US")
    skip: int = Field(0, ge=0, le=10_000, description="how many dates to leave out at the beginning")
    per: str = Field("", description="the link that rows are counted by: each parent's rows have their own schedule")

    def natural(self) -> Type:
        return Type("date")

    def references(self) -> Iterator[str]:
        return iter((str(self.start),) if is_reference(self.start) else ())

    def needs(self) -> tuple[Dependency, ...]:
        return (*super().needs(), Dependency(self.per)) if self.per else super().needs()

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if not is_reference(self.start):
            yield from moment_faults("start", self.start, facts)
        try:
            step = parse_duration(self.every)
            # A step is of calendar months or of days, and not of both, since months vary.
            if step.months * step.microseconds or step.microseconds % DAY or not (step.months or step.microseconds):
                yield ParamError("every", f"every {self.every} is no number of months, or of days", "write 1mo or 14d")
        except ValueError as error:
            yield ParamError("every", str(error))
        if isinstance(self.day, int) and not 1 <= self.day <= 31:
            yield ParamError("day", f"no month has a day {self.day}", "take 1 to 31, or last")
        if self.holidays and (unknown := unknown_country(self.holidays)):
            yield ParamError("holidays", *unknown)

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        yield from self.no_moments("start", self.references(), types, "date")

    def values(self, cells: ColumnBatch) -> pa.Array:
        start, known = self._start(cells)
        # The n-th date follows from the row's place, so that none of those before is needed.
        places = (cells.rows.ordinals(self.per) if self.per else cells.numbers) + np.int64(self.skip)
        step = parse_duration(self.every)
        # Days are added before months are: only one of both is given.
        days = start + places * np.int64(step.microseconds // DAY)
        if step.months or self.day:
            days = months_later(days, places * np.int64(step.months), 31 if self.day == "last" else self.day or 0)
        if self.working:
            days = _moved(days, _closed(days, self.holidays), -1 if self.working == "before" else 1)
        return array_over(days.astype(np.int32), pa.date32(), None if known is None else ~known)

    def _start(self, cells: ColumnBatch) -> tuple[Numbers, NDArray[np.bool_] | None]:
        """The day of each row's start, and where it is known."""
        if not is_reference(self.start):
            first = parse_moment(self.start, cells.facts.as_of, UTC) // DAY
            return np.full(len(cells), first, dtype=np.int64), None
        moments, known = microseconds(self.array(cells, str(self.start)))
        return moments // np.int64(DAY), known


def _closed(days: Numbers, country: str) -> Numbers:
    """The holidays of the years that the days lie in, as sorted days from 1970."""
    if not country or not len(days):
        return np.zeros(0, dtype=np.int64)
    years = np.unique(days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)) + 1970
    # A day may be moved into the year before or after.
    found = holidays(country, [int(year) for each in years for year in (each - 1, each, each + 1)])
    return np.array(sorted((day - _EPOCH).days for day in found), dtype=np.int64)


def _moved(days: Numbers, closed: Numbers, step: int) -> Numbers:
    """Days moved to the nearest working day in one direction."""
    for _ in range(_LONGEST_PAUSE):
        # Day 0 is a Thursday, so that Saturdays and Sundays are 5 and 6 from Monday on.
        free = ((days + 3) % 7 >= 5) | np.isin(days, closed)
        if not free.any():
            break
        days = days + free * np.int64(step)
    return days
