"""Places: all address columns of one row and one `who` speak of the same place.

A row's place is drawn by population. In the United States a place is a ZIP code, so city, state, county, ZIP and
coordinates agree as they do in life; elsewhere it is a city, and a postal code has the country's form and, in the
larger countries, the first digits of the city or region.
City data comes from GeoNames (geonames.org, CC BY 4.0). Streets and house numbers are made up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.generators import streams
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.places.countries import CountryGenerator, places_in
from sdgen.generators.places.gazetteer import (
    WORLD,
    column,
    countries,
    country_of,
    gazetteer,
    indices,
    numbers,
    places,
    postal_codes,
    street_lists,
    streets,
)
from sdgen.generators.pools import Joined, encoded, joined, mixture, own, taken
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text_generator import ALL_TEXTS, carried
from sdgen.scenario.types import Type

_DEGREE = 1_000_000
_WITH_STREET = frozenset(
    {"address.street", "address.street_address", "address.street_name", "address.address", "address.full_address"}
)
Missing = NDArray[np.bool_] | None  # rows whose country is null; None where there are none
# Addresses of one city don't lie on one point.
_AROUND = 20_000  # millionths of a degree: a row lies within 0.02° of its place's centre, some 2 km


class AddressGenerator(CountryGenerator):
    """One column of an address."""

    family: ClassVar[str] = "address"
    by_locale: ClassVar[bool] = True

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        return street_lists() if self.called in _WITH_STREET else {}

    def scope(self, facts: ColumnContext) -> str:
        """The country of all rows, or `world`."""
        return self.country or country_of(facts.locale)

    def is_mixed(self, facts: ColumnContext) -> bool:
        """Whether rows are of several countries, by locale or by another column."""
        return bool(self.country_column) or (not self.country and len(mixture(facts.locale)) > 1)

    def values(self, cells: ColumnBatch) -> pa.Array:
        where, missing = self.places(cells)
        made = self.written(cells, where)
        # As a slice by index, which dictionaries take too: null where the country is.
        return made if missing is None else made.take(pa.array(np.arange(len(made)), mask=missing))

    def written(self, cells: ColumnBatch, where: Numbers) -> pa.Array:
        """The column at these places of the gazetteer."""
        raise NotImplementedError

    def places(self, cells: ColumnBatch) -> tuple[Numbers, Missing]:
        """Each row's place in the gazetteer, and which rows have none."""
        # Elements of a nested column have numbers of their own, so that their places aren't the row's.
        if cells.numbers is not cells.rows.numbers:
            return self._places(cells)
        # One draw for the place, which all columns of the address share.
        name = f"place {self.country or country_of(cells.facts.locale)} {self.who}"
        return cells.rows.shared(name, lambda: self._places(cells))

    def _places(self, cells: ColumnBatch) -> tuple[Numbers, Missing]:
        words = self.family_draw(cells, "place")
        if self.country_column:
            try:
                return places_in(self.array(cells, self.country_column), words)
            except LookupError as error:
                raise self.unknown_country(cells, error.args[0]) from None
        chosen = places(self.scope(cells.facts))
        return chosen.table.pick(words) + chosen.start, None

    def street_of(self, cells: ColumnBatch, where: Numbers) -> pa.Array:
        listed = streets()
        street = listed.pick(indices("country_code")[where], self.family_draw(cells, "street"))
        return taken(listed.pool, street)

    def number_of(self, cells: ColumnBatch, where: Numbers) -> Numbers:
        """House numbers: low ones are likelier, as streets are of different lengths (American ones the longest)."""
        # Lengths of streets: a number is drawn below one of eight, so that low numbers are
        # on every street and high ones on few.
        words = self.family_draw(cells, "number")
        american = _styles()[indices("country_code")[where]] == _WITH_STATE
        # The lower bits choose the length and the upper ones the number.
        longest = _LENGTHS[american * 8 + (words & np.uint64(7)).view(np.int64)]
        return streams.below_each(words, longest) + 1

    def line_of(self, cells: ColumnBatch, where: Numbers) -> pa.Array:
        """House number and street, in the order of the country."""
        street, number = self.street_of(cells, where), pa.array(self.number_of(cells, where)).cast(pa.string())
        first = streets().number_first[indices("country_code")[where]]
        if first.all():
            return joined(number, " ", street)
        if not first.any():
            return joined(street, " ", number)
        return pc.if_else(pa.array(first), joined(number, " ", street), joined(street, " ", number))

    def code_of(self, cells: ColumnBatch, where: Numbers) -> pa.Array:
        """Postal codes: those of the gazetteer, or made up where it has none."""
        listed = gazetteer()["postal_code"].take(pa.array(where))
        # The gazetteer's own code where there is one, which agrees with the city.
        if not listed.null_count:
            return listed
        made = postal_codes(where, self.family_draw(cells, "code"))
        return made if listed.null_count == len(listed) else pc.coalesce(listed, made)


_LENGTHS = np.array([9, 20, 40, 60, 60, 99, 120, 180, 60, 99, 99, 199, 499, 999, 999, 4999], dtype=np.int64)
_WITH_STATE = 2
_LISTED = {
    "address.city": "city",
    "faker_city": "city",
    "address.state": "state",
    "address.region": "state",
    "address.province": "state",
    "address.state_code": "state_code",
    "address.county": "county",
    "address.country": "country",
    "address.country_code": "country_code",
    "address.time_zone": "time_zone",
}


@register(*_LISTED)
class LocalityName(AddressGenerator):
    """The city, county, state, country or time zone of a place.

    A unique column lists each name once, and then no longer agrees with the other columns of the address.
    """

    fits: ClassVar[frozenset[str]] = ALL_TEXTS
    example: ClassVar[str] = "{generator: address.city, params: {country: world}}"
    about: ClassVar[Mapping[str, str]] = {
        "address.city": "The city of a place, the large ones more often.",
        "address.state": "The state, province or region of a place.",
        "address.state_code": "The state, province or region of a place, as its short code.",
        "address.county": "The county or district of a place.",
        "address.country": "The country of a place, by its name in English.",
        "address.country_code": "The country of a place, as its two letters (ISO 3166).",
        "address.time_zone": "The time zone of a place (IANA).",
    }

    def arrow(self, type: Type) -> pa.DataType:
        return carried(type)

    def domain(self, facts: ColumnContext) -> Joined | None:
        return None if self.is_mixed(facts) else Joined((column(_LISTED[self.called]).take(self._names(facts)),))

    def values(self, cells: ColumnBatch) -> pa.Array:
        # A unique column, or one of a unique set, lists each name once, and can't follow the place.
        if cells.facts.unique or cells.facts.joint is not None:
            listed = self._names(cells.facts)
            return encoded(column(_LISTED[self.called]), listed[cells.indexes(len(listed))])
        return super().values(cells)

    def written(self, cells: ColumnBatch, where: Numbers) -> pa.Array:
        name = _LISTED[self.called]
        return encoded(column(name), indices(name)[where])

    def _names(self, facts: ColumnContext) -> Numbers:
        chosen = places(self.scope(facts))
        return np.unique(indices(_LISTED[self.called])[chosen.start : chosen.start + chosen.size])


@register("address.street", "address.street_address")
class Street(AddressGenerator):
    """House number and street, as the country writes them, in Latin letters."""

    version: ClassVar[int] = 2
    example: ClassVar[str] = "{generator: address.street}"

    def written(self, cells: ColumnBatch, where: Numbers) -> pa.Array:
        return self.line_of(cells, where)


@register("address.street_name")
class StreetName(AddressGenerator):
    """The name of a street, in the country's language and Latin letters where it is known."""

    version: ClassVar[int] = 2
    example: ClassVar[str] = "{generator: address.street_name}"

    def written(self, cells: ColumnBatch, where: Numbers) -> pa.Array:
        return self.street_of(cells, where)


@register("address.street_number")
class StreetNumber(AddressGenerator):
    """The number of a house, as text."""

    example: ClassVar[str] = "{generator: address.street_number}"

    def written(self, cells: ColumnBatch, where: Numbers) -> pa.Array:
        return pa.array(self.number_of(cells, where)).cast(pa.string())


@register("address.postal_code", "address.zip_code")
class PostalCode(AddressGenerator):
    """A postal code: in the United States the place's own, elsewhere one in the country's form.

    In some 25 countries, the largest among them, it begins as those of the city or its region do.
    """

    version: ClassVar[int] = 2
    example: ClassVar[str] = "{generator: address.postal_code, params: {country: CA}}"

    def written(self, cells: ColumnBatch, where: Numbers) -> pa.Array:
        return self.code_of(cells, where)


@register("address.address", "address.full_address")
class Address(AddressGenerator):
    """A whole address in one line, as the country writes it; with its name at the end where rows are of several."""

    version: ClassVar[int] = 2
    example: ClassVar[str] = "{generator: address.address}"

    def written(self, cells: ColumnBatch, where: Numbers) -> pa.Array:
        parts: dict[str, Callable[[], pa.Array]] = {
            "city": lambda: _texts("city", where),
            "state": lambda: _texts("state", where),
            "region": lambda: _texts("state_code", where),
            "code": lambda: self.code_of(cells, where),
        }
        lines = joined(self.line_of(cells, where), ", ", _by_style(parts, _styles()[indices("country_code")[where]]))
        return joined(lines, ", ", _texts("country", where)) if self.country_column or self.country == WORLD else lines


def _by_style(parts: Mapping[str, Callable[[], pa.Array]], style: Numbers) -> pa.Array:
    """The parts of addresses below the street, in their country's order."""
    made: dict[str, pa.Array] = {}
    lines = []
    present = np.unique(style).tolist() or [0]
    for number in present:
        words = _WORDS.split(_orders()[number])
        made |= {word: parts[word]() for word in words if word in parts and word not in made}
        lines.append(joined(*(made.get(word, word) for word in words if word)))
    return lines[0] if len(lines) == 1 else pc.choose(pa.array(np.searchsorted(present, style)), *lines)


_WORDS = re.compile(r"(\w+)")


@cache
def _orders() -> tuple[str, ...]:
    """What stands below the street, in the ways that countries have: `code city`, or `city, state code`."""
    return tuple(own("postal")["styles"])


@cache
def _styles() -> Numbers:
    """The place of each country's order; countries that are not listed have the first."""
    order = {country: place for place, listed in enumerate(own("postal")["styles"].values()) for country in listed}
    return np.array([order.get(country, 0) for country in countries()], dtype=np.int64)


@register("address.latitude", "address.longitude")
class Coordinate(AddressGenerator):
    """Degrees north or east (WGS 84), within 0.02° of the place's centre, with six decimals."""

    fits: ClassVar[frozenset[str]] = frozenset({"float", "double", "decimal"})
    example: ClassVar[str] = "{generator: address.latitude}"
    about: ClassVar[Mapping[str, str]] = {
        "address.latitude": "Degrees north (WGS 84), within 0.02° of the place's centre, with six decimals.",
        "address.longitude": "Degrees east (WGS 84), within 0.02° of the place's centre, with six decimals.",
    }

    def natural(self) -> Type:
        return Type("double")

    def written(self, cells: ColumnBatch, where: Numbers) -> pa.Array:
        name = self.called.partition(".")[2]
        around = self.family_below(cells, name, 2 * _AROUND + 1) - _AROUND
        # Whole millionths of a degree, and one division: the same double on every machine.
        return pa.array((numbers(name)[where] * 100 + around) / _DEGREE)


def _texts(name: str, where: Numbers) -> pa.Array:
    return taken(column(name), indices(name)[where])
