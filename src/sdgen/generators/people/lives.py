"""People's dates of birth and ages, as in their country; height, weight and body mass index, by sex."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from sdgen.generators import streams
from sdgen.generators.base import ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.numbers.quantile_tables import Floats, lognormal_table, normal_table
from sdgen.generators.people.people import PersonGenerator
from sdgen.generators.places.gazetteer import country_of
from sdgen.generators.pools import own_yaml
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text_generator import PLAIN_TEXTS
from sdgen.scenario.types import NUMBERS, Type

_EPOCH = date(1970, 1, 1)


class AgedPerson(PersonGenerator):
    """A column that follows from the day of birth: ages as in the population of the locale's country."""

    version: ClassVar[int] = 2

    min_age: int = Field(default=18, ge=0, le=130, description="the youngest, in full years at the scenario's as_of")
    max_age: int = Field(default=80, ge=0, le=130, description="the oldest, in full years at the scenario's as_of")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from super().faults(facts)
        if self.min_age > self.max_age:
            yield ParamError("min_age", f"min_age {self.min_age} is above max_age {self.max_age}", "swap them")

    def birth_days(self, cells: ColumnBatch) -> NDArray[np.int32]:
        """Days from 1970-01-01 to the day of birth: an age by the pyramid, and any day of those that give it."""
        country = country_of(cells.facts.locale)
        # An age first, by the pyramid, and then a day of those that give it: ages
        # are what populations are counted by.
        age = _ages(country, self.min_age, self.max_age).pick(self.family_draw(cells, "birth"))
        # Ages are of the scenario's as_of and never of today, or a run next year would make other people.
        first, size = _birthdays(cells.facts.as_of.date(), self.min_age, self.max_age)
        day = streams.below_each(self.family_draw(cells, "birthday"), size.take(age))
        return (first.take(age) + day).astype(np.int32)


_GROUP = 5  # years that the pyramid counts together
_OLDEST = 105  # years that the last group reaches to


@cache
def _ages(country: str, youngest: int, oldest: int) -> AliasTable:
    """A draw of an age between two, counted from the youngest. Beyond the pyramid each age is as rare as its last."""
    pyramid = own_yaml("population")["ages"]
    groups = pyramid.get(country, pyramid["other"])
    shares = [groups[min(age, _OLDEST - 1) // _GROUP] for age in range(youngest, oldest + 1)]
    # Whole weights, one at least: an age that the pyramid hasn't got must be rare, and not impossible.
    return alias_table([max(1, round(share * 10)) for share in shares])


@cache
def _birthdays(today: date, youngest: int, oldest: int) -> tuple[Numbers, Numbers]:
    """By age, from the youngest: the first day of birth that gives it, in days from 1970-01-01, and how many do."""
    # The day after the birthday that would make somebody a year older, up to the one that makes the age.
    ends = [_years_before(today, age) for age in range(youngest, oldest + 2)]
    days = np.array([(end - _EPOCH).days for end in ends], dtype=np.int64)
    return days[1:] + 1, days[:-1] - days[1:]


@register("person.birth_date", "person.birthdate", "person.date_of_birth")
class BirthDate(AgedPerson):
    """A person's date of birth; agrees with `person.age` of the same ages."""

    fits: ClassVar[frozenset[str]] = frozenset({"date", "timestamp", "timestamptz"}) | PLAIN_TEXTS
    example: ClassVar[str] = "{generator: person.birth_date, params: {min_age: 21, max_age: 65}}"

    def natural(self) -> Type:
        return Type("date")

    def values(self, cells: ColumnBatch) -> pa.Array:
        return pa.array(self.birth_days(cells)).view(pa.date32())


@register("person.age")
class Age(AgedPerson):
    """A person's age in full years at the scenario's as_of; agrees with `person.birth_date` of the same ages."""

    fits: ClassVar[frozenset[str]] = NUMBERS
    example: ClassVar[str] = "{generator: person.age, params: {min_age: 21, max_age: 65}}"

    def natural(self) -> Type:
        return Type("int")

    def values(self, cells: ColumnBatch) -> pa.Array:
        days = self.birth_days(cells).astype("datetime64[D]")
        # By months, since years have different lengths: a birthday that isn't reached yet takes a month off.
        months = days.astype("datetime64[M]")
        today = cells.facts.as_of.date()
        whole = today.year * 12 + today.month - 1 - (months.astype(np.int64) + 1970 * 12)
        not_yet = (days - months).astype(np.int64) + 1 > today.day
        return pa.array((whole - not_yet) // 12)


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # the 29th of February
        # Born on the 29th of February, people are a year older on the last day of it in other years.
        return day.replace(year=day.year - years, day=28)


class Body(PersonGenerator):
    """A column that follows from a grown person's height and body mass index."""

    fits: ClassVar[frozenset[str]] = NUMBERS | PLAIN_TEXTS

    def natural(self) -> Type:
        return Type("double")

    def height_of(self, cells: ColumnBatch) -> Floats:
        """Height in metres: normal, by sex and country."""
        means, scatter, _ = _bodies(country_of(cells.facts.locale))
        sex = self.people(cells).men
        # Truncated, so that nobody is two or three metres tall, however many rows there are.
        steps = normal_table().draw(self.family_draw(cells, "height"), -_FURTHEST, _FURTHEST)
        return (means.take(sex) + scatter.take(sex) * steps) / 100

    def mass_index_of(self, cells: ColumnBatch) -> Floats:
        """Body mass index in kg/m²: lognormal, by sex and country, whatever the height."""
        # Drawn apart from the height, as body mass index hardly depends on it; the weight
        # follows from both, and so fits both.
        _, _, medians = _bodies(country_of(cells.facts.locale))
        steps = lognormal_table(_MASS_SIGMA).draw(self.family_draw(cells, "mass"), 0.6, 1.9)
        return medians.take(self.people(cells).men) * steps


_FURTHEST = 3.5  # standard deviations from the mean
_MASS_SIGMA = 0.18


@cache
def _bodies(country: str) -> tuple[Floats, Floats, Floats]:
    """Of women and of men: mean height in cm, its standard deviation, and the median body mass index."""
    bodies = own_yaml("population")["bodies"]
    found = bodies.get(country, bodies["other"])
    return np.array(found["height"]), np.array(found["scatter"]), np.array(found["bmi"])


def _rounded(values: Floats, parts: int) -> pa.Array:
    """Values to a whole number of parts of one."""
    # By floor(x + 1/2), one operation that all machines do alike.
    return pa.array(np.floor(values * parts + 0.5) / parts)


@register("person.height")
class Height(Body):
    """A grown person's height, which fits the sex: men are taller by some 13 cm, as in the locale's country."""

    example: ClassVar[str] = "{generator: person.height, params: {unit: cm}}"

    unit: Literal["cm", "m", "in"] = Field(
        default="cm", description="centimetres or inches, with a decimal, or metres, with two"
    )

    def values(self, cells: ColumnBatch) -> pa.Array:
        per_metre, parts = _LENGTHS[self.unit]
        return _rounded(self.height_of(cells) * per_metre, parts)


_LENGTHS = {"cm": (100.0, 10), "m": (1.0, 100), "in": (100 / 2.54, 10)}


@register("person.weight")
class Weight(Body):
    """A grown person's weight, with a decimal, which fits height and sex."""

    example: ClassVar[str] = "{generator: person.weight, params: {unit: kg}}"

    unit: Literal["kg", "lb"] = Field(default="kg", description="kilograms or pounds")

    def values(self, cells: ColumnBatch) -> pa.Array:
        height = self.height_of(cells)
        weight = self.mass_index_of(cells) * height * height
        return _rounded(weight if self.unit == "kg" else weight / 0.45359237, 10)


@register("person.bmi")
class MassIndex(Body):
    """A grown person's body mass index in kg/m², with a decimal, which fits height and weight."""

    example: ClassVar[str] = "{generator: person.bmi}"

    def values(self, cells: ColumnBatch) -> pa.Array:
        return _rounded(self.mass_index_of(cells), 10)
