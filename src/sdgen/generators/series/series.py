"""Series: what a sensor measures, as a function of time, computable at any moment without those before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat

from sdgen.generators.arrays.decimals import places_of, room_faults, units_from, units_to
from sdgen.generators.arrays.fixed_text import array_over
from sdgen.generators.arrays.rounding import rounded
from sdgen.generators.base import ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.moments.durations import Moment, fixed_length, moment_faults, parse_moment, zone_faults
from sdgen.generators.numbers.alias_tables import alias_table
from sdgen.generators.references import (
    KEYS,
    MOMENTS,
    ZONES,
    Floats,
    Reference,
    SeriesGenerator,
    Term,
    is_reference,
    term_faults,
)
from sdgen.generators.registry import register
from sdgen.generators.series.parts import (
    AnyPart,
    Charge,
    Cycle,
    Daily,
    Drift,
    Faults,
    Gaps,
    Noise,
    Regimes,
    Trend,
    Weekly,
    Yearly,
    episodes,
    fractal_noise,
    hashed,
    normals,
    part_faults,
    part_references,
)
from sdgen.generators.streams import Numbers, unit
from sdgen.scenario.types import NUMBERS, Type

Mask = NDArray[np.bool_]


class Clocked(NamedTuple):
    """The moments that a sensor sees, those at which it got stuck among them, and numbers for draws of each row."""

    seen: Numbers
    numbers: Numbers


class InTime(SeriesGenerator):
    """A generator whose values follow a column of moments: what series and counters have in common."""

    at: str = Field("", description="the column of moments: the row's, or a parent's as link.column")
    per: str = Field("", description="a column whose rows of the same value are one series: device_id, devices.site_id")
    daily: Daily | None = Field(None, description="a cycle of 24 hours: {amplitude, peak: '15:00'}")
    weekly: Weekly | None = Field(None, description="a cycle of seven days: {amplitude, peak: wed}")
    yearly: Yearly | None = Field(None, description="a cycle of a year: {amplitude, peak: '07-20'}")
    since: Moment = Field(
        "now", description="where trends, drifts and counters start: a moment, or a column such as devices.installed_on"
    )
    timezone: str = Field(
        "UTC", description="whose hours the cycles follow: Europe/Berlin, or a column of names; without daylight saving"
    )

    def cycles(self) -> Iterator[tuple[str, Cycle]]:
        """The cycles there are, by the params' names."""
        for param, cycle in (("daily", self.daily), ("weekly", self.weekly), ("yearly", self.yearly)):
            if cycle is not None:
                yield param, cycle

    def column_params(self) -> Iterator[Reference]:
        if is_reference(self.since):
            yield Reference("since", str(self.since), MOMENTS)
        if is_reference(self.timezone) and self.timezone != "UTC":
            yield Reference("timezone", self.timezone, ZONES)
        for param, cycle in self.cycles():
            yield from part_references(param, cycle)

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if not is_reference(self.since):
            yield from moment_faults("since", self.since, facts)
        if not is_reference(self.timezone):
            yield from zone_faults(self.timezone)
        for param, cycle in self.cycles():
            yield from cycle.faults(param)
            yield from term_faults(f"{param}.amplitude", cycle.amplitude)

    def start_of(self, cells: ColumnBatch) -> tuple[Numbers | int, Mask | None]:
        """`since`, in microseconds since 1970, and where it is null; None where it is nowhere."""
        if is_reference(self.since):
            return self.moments(cells, str(self.since))
        return parse_moment(self.since, cells.facts.as_of), None


@register("series")
class Series(InTime):
    """Numbers that follow time: a base, a trend, cycles of the day, week and year, and autocorrelated noise.

    Each value is computed from its moment alone, so that rows may be at any moments, in any order. Rows with the same
    value of `per` are one series. Values leave no bound: they are reflected at min and max, and don't pile up there.
    """

    fits: ClassVar[frozenset[str]] = NUMBERS
    example: ClassVar[str] = (
        "{generator: series, params: {at: created_at, per: customer_id, base: 21, "
        "daily: {amplitude: 4, peak: '15:00'}, noise: {std: 0.8, correlation_time: 6h}, precision: 1}}"
    )

    at: str = Field(min_length=1, description="the column of moments: the row's, or a parent's as link.column")
    base: Term = Field(0.0, description="the level: a number, a column, or a parent's such as devices.base_celsius")
    trend: Trend | None = Field(None, description="a steady change from `since` on: {change: 0.5, every: 365d}")
    drift: Drift | None = Field(None, description="the same by a rate of each series' own: {std: 0.2, every: 365d}")
    noise: Noise | tuple[Noise, ...] = Field((), description="{std: 0.4, correlation_time: 6h}, or a list of such")
    regimes: Regimes | None = Field(None, description="levels in turn: {levels: [0, 12], weights: [3, 1], every: 8h}")
    charge: Charge | None = Field(None, description="a saw-tooth, as a battery: {full: 100, low: [5, 20], every: 90d}")
    sensor_faults: Faults | None = Field(
        None, alias="faults", description="{stuck: 0.01, offset: 0.01, dropout: 0.02, spike: 0.001, last: 2h, size: 8}"
    )
    gaps: Gaps | None = Field(None, description="stretches of nulls, shared by all columns with gaps: {rate: 0.02}")
    min: FiniteFloat | None = Field(None, description="the least value: values beyond are reflected")
    max: FiniteFloat | None = Field(None, description="the greatest value, likewise")
    precision: int | None = Field(
        None, ge=0, le=15, description="decimal places; a decimal or whole-number column's own where left out"
    )

    @property
    def counted_by(self) -> str:
        return ""

    @property
    def noises(self) -> tuple[Noise, ...]:
        return (self.noise,) if isinstance(self.noise, Noise) else self.noise

    @property
    def gives_null(self) -> bool:
        return bool(self.gaps and self.gaps.rate) or bool(self.sensor_faults and self.sensor_faults.dropout)

    def natural(self) -> Type:
        return Type("double")

    def parts(self) -> Iterator[tuple[str, AnyPart]]:
        """The parts there are, by the params' names."""
        single = ("trend", "drift", "regimes", "charge", "gaps")
        yield from ((param, part) for param in single if (part := getattr(self, param)) is not None)
        if self.sensor_faults is not None:
            yield "faults", self.sensor_faults
        listed = not isinstance(self.noise, Noise)
        for place, noise in enumerate(self.noises):
            yield f"noise.{place}" if listed else "noise", noise

    def column_params(self) -> Iterator[Reference]:
        yield Reference("at", self.at, MOMENTS)
        if is_reference(self.base):
            yield Reference("base", str(self.base), NUMBERS)
        if self.per:
            yield Reference("per", self.per, KEYS)
        yield from super().column_params()
        for param, part in self.parts():
            yield from part_references(param, part)
            if per := getattr(part, "per", ""):
                yield Reference(f"{param}.per", per, KEYS)

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from super().faults(facts)
        yield from term_faults("base", self.base)
        for param, part in self.parts():
            yield from part_faults(param, part)
        if self.min is not None and self.max is not None and self.min >= self.max:
            yield ParamError("min", f"min is {self.min:g}, and max {self.max:g}", "make min the lesser")
        for param, bound in (("min", self.min), ("max", self.max)):
            if bound is not None:
                yield from room_faults(facts.type, bound, bound, (param, param))
        own = places_of(facts.type)
        if self.precision is not None and own is not None and self.precision > own:
            yield ParamError("precision", f"a column of type {facts.type} holds {own} decimal places")

    def values(self, cells: ColumnBatch) -> pa.Array:
        moments, missing = self.moments(cells, self.at)
        # Faults first: a stuck sensor sees the moment at which it got stuck, in every part of the series.
        clocked, lost, off = self._with_faults(cells, moments)
        values = np.zeros(len(cells)) + self.number(cells, self.base)
        change, unknown = self._steady(cells, clocked.seen)
        values += change
        # Cycles follow the local time of the zone, without daylight saving.
        local = clocked.seen + self.zone_offsets(cells, self.timezone)
        for _, cycle in self.cycles():
            values += self.number(cells, cycle.amplitude) * cycle.at(local)
        for place, noise in enumerate(self.noises):
            values += self.number(cells, noise.std) * self._noise(cells, noise, place, clocked)
        if self.regimes is not None:
            values += self._level(cells, self.regimes, clocked.seen)
        if self.charge is not None:
            values += self._charge(cells, self.charge, clocked.seen)
        if off is not None:
            values += off
        lost = either(lost, missing, unknown, self._in_gap(cells, moments), np.isnan(values))
        return self._as_numbers(cells.facts.type, _reflected(values, self.min, self.max), lost)

    def _with_faults(self, cells: ColumnBatch, moments: Numbers) -> tuple[Clocked, Mask | None, Floats | None]:
        """The moments that the sensor sees, which values it loses, and how far they are off."""
        faults = self.sensor_faults
        if faults is None:
            return Clocked(moments, cells.numbers), None, None
        words = self.keys(cells, self.per, "faults")
        stretch = episodes(words, moments, fixed_length(faults.last), 1.0)
        # By stretches of the series' own key, so that a fault lasts over several rows.
        drawn = unit(hashed(self.keys(cells, self.per, "fault kinds"), stretch.number))
        stuck, offset, dropout = faults.bounds()
        frozen = drawn < stuck
        seen = np.where(frozen, stretch.start, moments)
        # Off in one direction for a whole stretch, which its number decides.
        sizes = np.where((drawn >= stuck) & (drawn < offset), np.where(stretch.number & 1, 1.0, -1.0), 0.0)
        spikes = cells.unit("spike")
        share = spikes * (1.0 / faults.spike) if faults.spike else spikes
        # Spikes are single rows, each in a direction of its own, by one to two times the size.
        sizes += np.where(spikes < faults.spike, np.where(share < 0.5, -1.0 - 2.0 * share, 2.0 * share), 0.0)
        # A stuck value has its noise frozen too: rows of a stretch draw by the
        # stretch's number, and not by their own.
        numbers = np.where(frozen, ~stretch.number, cells.numbers)
        lost = (drawn >= offset) & (drawn < dropout)
        return Clocked(seen, numbers), lost, self.number(cells, faults.size) * sizes

    def _steady(self, cells: ColumnBatch, seen: Numbers) -> tuple[Floats | float, Mask | None]:
        """Trend and drift, and where they are unknown, since it is when they began."""
        if self.trend is None and self.drift is None:
            return 0.0, None
        start, unknown = self.start_of(cells)
        elapsed = (seen - start).astype(np.float64)
        change: Floats = np.zeros(len(seen))
        if self.trend is not None:
            change += self.number(cells, self.trend.change) * (elapsed * (1.0 / fixed_length(self.trend.every)))
        if self.drift is not None:
            rates = normals(self.keys(cells, self.per, "drift")) * self.number(cells, self.drift.std)
            change += rates * (elapsed * (1.0 / fixed_length(self.drift.every)))
        return change, unknown

    def _noise(self, cells: ColumnBatch, noise: Noise, place: int, clocked: Clocked) -> Floats:
        words = self.keys(cells, noise.per or self.per, f"noise {place}")
        correlation_time = fixed_length(noise.correlation_time)
        if not correlation_time:
            return normals(hashed(words, clocked.numbers))
        return fractal_noise(words, clocked.seen, correlation_time, noise.octaves)

    def _level(self, cells: ColumnBatch, regimes: Regimes, seen: Numbers) -> Floats:
        words = self.keys(cells, regimes.per or self.per, "regimes")
        stretch = episodes(words, seen, fixed_length(regimes.every), regimes.variation)
        table = alias_table(regimes.weights or [1.0] * len(regimes.levels))
        chosen = table.pick(hashed(self.keys(cells, regimes.per or self.per, "levels"), stretch.number))
        levels = [np.broadcast_to(self.number(cells, level), len(seen)) for level in regimes.levels]
        result: Floats = np.stack(levels)[chosen, np.arange(len(seen))]
        return result

    def _charge(self, cells: ColumnBatch, charge: Charge, seen: Numbers) -> Floats:
        words = self.keys(cells, self.per, "charge")
        stretch = episodes(words, seen, fixed_length(charge.every), charge.variation)
        passed = (seen - stretch.start) / np.maximum(stretch.end - stretch.start, 1)
        lows = self.keys(cells, self.per, "charge low")

        def low(numbers: Numbers) -> Floats:
            return charge.low[0] + (charge.low[1] - charge.low[0]) * unit(hashed(lows, numbers))

        fallen = (passed - charge.charging) * (1.0 / (1.0 - charge.charging))
        level: Floats = charge.full - (charge.full - low(stretch.number)) * fallen
        if not charge.charging:
            return level
        # Charging starts from where the stretch before has ended.
        before = low(stretch.number - 1)
        rising: Floats = before + (charge.full - before) * (passed * (1.0 / charge.charging))
        return np.where(fallen < 0, rising, level)

    def _in_gap(self, cells: ColumnBatch, moments: Numbers) -> Mask | None:
        if self.gaps is None:
            return None
        # The family's key: all columns of an entity with gaps are missing together, as a device is that is off.
        words = self.keys(cells, self.per, "gaps", family="series")
        stretch = episodes(words, moments, fixed_length(self.gaps.last), 1.0)
        return unit(hashed(self.keys(cells, self.per, "gap", family="series"), stretch.number)) < self.gaps.rate

    def _as_numbers(self, type: Type, values: Floats, lost: Mask) -> pa.Array:
        """The values at the column's decimal places, null where they are lost."""
        places = places_of(type, self.precision)
        if places is not None:
            values = rounded(values, places)
            power = 10.0**places  # a bound between two numbers of so many places is kept by the nearer ones
            low = -np.inf if self.min is None else units_from(self.min, places) / power
            high = np.inf if self.max is None else units_to(self.max, places) / power
            values = np.clip(values, low, high)
        return floats_over(values, lost)


def floats_over(values: Floats, lost: Mask) -> pa.Array:
    """Numbers as an array, null where they are lost."""
    return (
        array_over(np.where(lost, 0.0, values), pa.float64(), lost) if lost.any() else array_over(values, pa.float64())
    )


def either(*masks: Mask | None) -> Mask:
    """Where any of the masks says so."""
    there = [mask for mask in masks if mask is not None]
    result: Mask = np.logical_or.reduce(there)
    return result


def _reflected(values: Floats, low: float | None, high: float | None) -> Floats:
    """Values with those beyond a bound mirrored at it, as often as it takes."""
    if low is None:
        # Reflected and not clamped, since clamped values would pile up at the bound.
        return values if high is None else np.where(values > high, 2 * high - values, values)
    if high is None:
        return np.where(values < low, 2 * low - values, values)
    # Bounds on both sides: mirrored as often as it takes, by the remainder of two widths.
    turns = (values - low) * (0.5 / (high - low))
    turns -= np.floor(turns)
    mirrored = low + (high - low) * (1.0 - np.abs(1.0 - 2.0 * turns))
    return np.where((values < low) | (values > high), mirrored, values)
