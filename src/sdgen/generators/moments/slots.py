"""Intervals that don't overlap: each inside a slot of its own, where slots lie side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from sdgen.generators import streams
from sdgen.generators.arrays.encode_text import date_text, timestamp_text
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.moments.durations import parse_moment
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import INTEGERS, TEXTS, Type

_DAY = 86_400_000_000  # microseconds
_STEP = 300_000_000  # moments lie on five minutes
_UNITS = {"date": _DAY, "timestamp": _STEP, "timestamptz": _STEP}


@register("slot")
class Slot(Generator):
    """The start or the end of an interval in the slot that another column numbers, or both as the text of a range.

    Slots are `width` units wide: days for dates, five minutes for moments, ones for numbers. Intervals of different
    slots have no unit in common, so rows that differ in (room, slot) book no room twice. Columns with the same `slot`
    belong to one interval.
    """

    fits: ClassVar[frozenset[str]] = INTEGERS | TEXTS | frozenset(_UNITS)
    example: ClassVar[str] = "{type: timestamp, generator: slot, params: {slot: quantity, width: 36, part: end}}"

    slot: str = Field(description="the column that numbers the slots, from 0: a whole number")
    part: Literal["start", "end", "range"] = Field("start", description="which part of the interval")
    width: int = Field(36, ge=4, le=1_000_000, description="how many units a slot is wide")
    origin: str = Field("-2y", description="where the slot 0 begins, for dates and moments")
    of: Literal["date", "timestamp", "timestamptz", "int"] = Field("timestamptz", description="what a range is of")

    def natural(self) -> Type:
        return Type("text" if self.part == "range" else "timestamp")

    def needs(self) -> tuple[Dependency, ...]:
        return (Dependency(self.slot, param="slot"),)

    @property
    def passes_null(self) -> bool:
        return True

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if (self.part == "range") != (facts.type.kind in TEXTS):
            yield ParamError("part", f"{self.part} is no {facts.type}", "a range is a text; start and end are none")
        try:
            parse_moment(self.origin, facts.as_of)
        except ValueError as error:
            yield ParamError("origin", str(error))

    def values(self, cells: ColumnBatch) -> pa.Array:
        slots = cells.column(self.slot).cast(pa.int64())
        missing = np.asarray(slots.is_null())
        start, end = self._ends(cells, np.asarray(slots.fill_null(0)))
        kind = self.of if self.part == "range" else cells.facts.type.kind
        if self.part == "range":
            ends = self._text(cells, start, kind), ",", self._text(cells, end, kind)
            return pc.if_else(missing, None, pc.binary_join_element_wise("[", *ends, ")", ""))
        return pc.if_else(missing, None, self._array(cells, start if self.part == "start" else end, kind))

    def _ends(self, cells: ColumnBatch, slots: Numbers) -> tuple[Numbers, Numbers]:
        """Start and end in units from the origin; the last unit of a slot stays free, whichever end belongs to it."""
        # A family's key, so that the start and the end of an interval come from one draw.
        key = cells.family_key("slot", self.slot)
        # The slot is distinct for each parent, so that intervals need not look at one another.
        words = streams.draw(key, cells.numbers)
        # A beginning in the first half leaves room for an end.
        before = streams.below(words, max(self.width // 2, 1))
        length = 1 + streams.below_each(streams.mix(words), np.maximum(self.width - before - 2, 1))
        start = slots * np.int64(self.width) + before
        return start, start + length

    def _array(self, cells: ColumnBatch, units: Numbers, kind: str) -> pa.Array:
        if kind not in _UNITS:
            return pa.array(units)
        origin = parse_moment(self.origin, cells.facts.as_of) // _DAY * _DAY
        micros = pa.array(units * np.int64(_UNITS[kind]) + np.int64(origin))
        zone = "UTC" if kind == "timestamptz" else None
        moments = micros.cast(pa.timestamp("us", zone))
        return moments.cast(pa.date32()) if kind == "date" else moments

    def _text(self, cells: ColumnBatch, units: Numbers, kind: str) -> pa.Array:
        array = self._array(cells, units, kind)
        if kind == "int":
            return array.cast(pa.string())
        if kind == "date":
            return date_text(array)
        text = pc.replace_substring(timestamp_text(array), "+00:00", "+00")
        return pc.binary_join_element_wise('"', text, '"', "")
