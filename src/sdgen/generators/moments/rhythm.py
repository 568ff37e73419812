"""Rhythms: how likely each moment is, by year, month, weekday, hour, holiday and burst; some are shipped under names.

The shipped ones are data (`data/rhythms.yaml`); a scenario names one, or spells its own out, on top of one or not.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from sdgen.errors import did_you_mean
from sdgen.generators.base import ParamError
from sdgen.generators.column_batch import ColumnContext
from sdgen.generators.moments.durations import Length, Moment, fixed_length, parse_moment, zone_faults
from sdgen.generators.pools import own_yaml

Share = Annotated[FiniteFloat, Field(ge=0)]
_OWN = ("about",)


class Burst(BaseModel):
    """A time in which more happens than usual: a sale, an outage, a campaign."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    at: Moment = Field(description="when it begins: ISO 8601, or relative to as_of, such as -30d")
    lasts: Length = Field("1d", description="how long it lasts, such as 6h or 4d")
    times: Share = Field(3.0, description="how many times as much happens; below 1 for a lull")


class Rhythm(BaseModel):
    """How much happens in each hour, as a product of shares; only their proportions count."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    base: str = Field("", description="a shipped rhythm that this one changes")
    growth: FiniteFloat = Field(0.0, gt=-1, le=100, description="more from year to year: 0.4 is 40 % a year")
    months: tuple[Share, ...] = Field((), description="twelve shares, January to December")
    weekdays: tuple[Share, ...] = Field((), description="seven shares, Monday to Sunday")
    hours: tuple[Share, ...] = Field((), description="24 shares, from midnight on")
    weekend_hours: tuple[Share, ...] = Field((), description="the same for Saturdays and Sundays")
    month_days: dict[int | Literal["last", "other"], Share] = Field(
        default_factory=dict, description="shares of days of the month: {1: 5, 15: 3, last: 8, other: 1}"
    )
    holidays: str = Field("", description="the country whose public holidays count, such as US")
    holiday: Share = Field(0.3, description="a public holiday's share of an ordinary day's")
    bursts: tuple[Burst, ...] = Field((), max_length=256, description="times in which more happens, or less")
    timezone: str = Field("", description="whose hours these are, such as Europe/Berlin; else UTC")

    @model_validator(mode="before")
    @classmethod
    def _on_its_base(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"base": value}
        if not isinstance(value, Mapping) or not value.get("base"):
            return value
        known = own_yaml("rhythms")
        if value["base"] not in known:
            hint = did_you_mean(str(value["base"]), known, "shipped: " + ", ".join(known))
            raise ValueError(f"there is no rhythm {value['base']!r}; {hint}")
        shipped = {key: shares for key, shares in known[value["base"]].items() if key not in _OWN}
        # What the scenario spells out goes before the shipped rhythm's own.
        return {**shipped, **value}

    @model_validator(mode="after")
    def _whole(self) -> Rhythm:
        lengths = (("months", 12), ("weekdays", 7), ("hours", 24), ("weekend_hours", 24))
        for name, size in lengths:
            shares = getattr(self, name)
            if shares and (len(shares) != size or not any(shares)):
                raise ValueError(f"{name} are {size} shares, not all zero; these are {len(shares)}")
        if self.month_days and not any(self.month_days.values()):
            raise ValueError("month_days are all zero")
        if self.holidays and (unknown := unknown_country(self.holidays)):
            raise ValueError("; ".join(unknown))
        return self


def _as_rhythm(value: Any) -> Any:
    """A rhythm by its name too; what pydantic says of a wrong one is told in one line."""
    if value is None or isinstance(value, Rhythm):
        return value
    try:
        return Rhythm.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        what = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{place}: {what[:1].lower()}{what[1:]}" if place else what) from None


RhythmParam = Annotated[Rhythm | None, BeforeValidator(_as_rhythm)]


def rhythm_faults(rhythm: Rhythm | None, facts: ColumnContext) -> Iterator[ParamError]:
    """What is wrong with a rhythm beyond its own types."""
    # Whether a zone or a moment is right is found when as_of is known.
    if rhythm is None:
        return
    if rhythm.timezone:
        yield from (ParamError("rhythm", fault.what, fault.hint) for fault in zone_faults(rhythm.timezone))
    for burst in rhythm.bursts:
        try:
            parse_moment(burst.at, facts.as_of)
            if fixed_length(burst.lasts) <= 0:
                yield ParamError("rhythm", f"a burst that lasts {burst.lasts} has no time", "give it a length above 0")
        except ValueError as error:
            yield ParamError("rhythm", str(error))


# Public holidays of a country, by rules kept as data: `data/holidays.yaml`.
#
# They are rules of our own, because a list that another package keeps changes with its releases, and with it every
# value that was drawn by it. The tests hold them against the `holidays` package.
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EASTER = re.compile(r"easter([+-]\d+)")
_NTH = re.compile(r"(\d|last) (\w{3}) (\d+)")


@cache
def countries() -> dict[str, list[str]]:
    """The rules of each country whose holidays are known, by its ISO 3166 code."""
    return dict(own_yaml("holidays"))


def unknown_country(country: str) -> tuple[str, str] | None:
    """What is wrong with a country whose holidays aren't known, and a hint; None where they are."""
    if country in countries():
        return None
    hint = did_you_mean(country, countries(), "known: " + ", ".join(countries()))
    return f"the holidays of {country!r} aren't known", hint


def holidays(country: str, years: Sequence[int]) -> frozenset[date]:
    """The days that are public holidays in these years."""
    return frozenset(_day(rule, year) for year in years for rule in countries()[country])


def _day(rule: str, year: int) -> date:
    if found := _EASTER.fullmatch(rule):
        return easter(year) + timedelta(days=int(found[1]))
    if found := _NTH.fullmatch(rule):
        return _nth_weekday(year, int(found[3]), _WEEKDAYS.index(found[2]), found[1])
    month, day = rule.split("-")
    return date(year, int(month), int(day))


def _nth_weekday(year: int, month: int, weekday: int, which: str) -> date:
    if which == "last":
        last = date(year, month, monthrange(year, month)[1])
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (int(which) - 1))


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm, Nature 1876)."""
    golden, century, year_of = year % 19, year // 100, year % 100
    skipped, corrected = century // 4, century % 4
    moon = (19 * golden + century - skipped - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * corrected + 2 * (year_of // 4) - moon - year_of % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
