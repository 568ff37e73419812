"""People's dates of birth, ages and telephone numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from sdgen.generators import streams
from sdgen.generators.base import ColumnBatch, ColumnContext, ParamError
from sdgen.generators.domains import Domain
from sdgen.generators.people.people import PersonGenerator
from sdgen.generators.pools import FALLBACK, Joined, file_digests, text_array, texts
from sdgen.generators.registry import register
from sdgen.generators.text_generator import PLAIN_TEXTS, TextGenerator
from sdgen.scenario.types import NUMBERS, Type

_EPOCH = date(1970, 1, 1)


class AgedPerson(PersonGenerator):
    """A column that follows from the day of birth, which is uniform between two ages."""

    min_age: int = Field(default=18, ge=0, le=130, description="the youngest, in full years at the scenario's as_of")
    max_age: int = Field(default=80, ge=0, le=130, description="the oldest, in full years at the scenario's as_of")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if self.min_age > self.max_age:
            yield ParamError("min_age", f"min_age {self.min_age} is above max_age {self.max_age}", "swap them")

    def birth_days(self, cells: ColumnBatch) -> NDArray[np.int32]:
        """Days from 1970-01-01 to the day of birth."""
        today = cells.facts.as_of.date()
        first = _years_before(today, self.max_age + 1) + timedelta(days=1)
        last = _years_before(today, self.min_age)
        words = self.family_draw(cells, "birth")
        days = streams.below(words, (last - first).days + 1) + (first - _EPOCH).days
        return days.astype(np.int32)


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
        months = days.astype("datetime64[M]")
        today = cells.facts.as_of.date()
        whole = today.year * 12 + today.month - 1 - (months.astype(np.int64) + 1970 * 12)
        not_yet = (days - months).astype(np.int64) + 1 > today.day
        return pa.array((whole - not_yet) // 12)


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year - years, day=28)


@register("person.phone_number", "person.phone", "person.telephone")
class PhoneNumber(TextGenerator):
    """A North American telephone number of the range 555-0100 to 555-0199, which is kept free for fiction."""

    example: ClassVar[str] = "{generator: person.phone_number, params: {format: national}}"

    format: Literal["international", "national", "digits"] = Field(
        default="international", description="+1-212-555-0123, (212) 555-0123 or 2125550123"
    )

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        return file_digests([FALLBACK], "person")

    def domain(self, facts: ColumnContext) -> Domain:
        return _phones(self.format)


_FORMS = {"international": ("+1-", "-555-01"), "national": ("(", ") 555-01"), "digits": ("", "55501")}


@cache
def _phones(form: str) -> Joined:
    before, after = _FORMS[form]
    numbers = ("".join(filter(str.isdigit, listed)) for listed in texts("en", "person", "telephone_fmt"))
    codes = sorted({number[1:4] for number in numbers})
    begins = text_array(f"{before}{code}{after}" for code in codes)
    return Joined((begins, text_array(f"{number:02d}" for number in range(100))))
