"""Public holidays of a country, by rules kept as data: `data/holidays.yaml`.

They are rules of our own, because a list that another package keeps changes with its releases, and with it every value
that was drawn by it. The tests hold them against the `holidays` package.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache

from sdgen.errors import did_you_mean
from sdgen.generators.pools import own_yaml

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
