"""The gazetteer: the places people live in, by country, with how many live there.

Read once from `data/places.arrow`, which `tools/places.py` makes. Cities, populations, coordinates and time zones come
from GeoNames (geonames.org, CC BY 4.0).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.pools import DATA, chain
from sdgen.generators.streams import Numbers

WORLD = "world"


@dataclass(frozen=True, eq=False)
class Gazetteer:
    """The places of one country, or of all: rows of the gazetteer from `start`, and a draw by population."""

    start: int
    table: AliasTable

    @property
    def size(self) -> int:
        return len(self.table.aliases)


@cache
def gazetteer() -> pa.RecordBatch:
    """All places, sorted by country."""
    with pa.memory_map(str(DATA / "places.arrow")) as file:
        return pa.ipc.open_file(file).get_batch(0)


@cache
def column(name: str) -> pa.Array:
    """The different values of one text column of the gazetteer."""
    return gazetteer()[name].dictionary


@cache
def indices(name: str) -> Numbers:
    """For each place, its value's index in `column(name)`."""
    found: Numbers = gazetteer()[name].indices.to_numpy().astype(np.int64)
    return found


@cache
def numbers(name: str) -> Numbers:
    """One number column of the gazetteer."""
    found: Numbers = gazetteer()[name].to_numpy().astype(np.int64)
    return found


@cache
def countries() -> tuple[str, ...]:
    """The codes of the countries there are places of (ISO 3166-1), in the order of `column("country_code")`."""
    return tuple(column("country_code").to_pylist())


@cache
def places(country: str) -> Gazetteer:
    """The places of a country (its code), or of the world; KeyError for an unknown one."""
    weights = numbers("weight")
    if country == WORLD:
        return Gazetteer(0, alias_table(weights.tolist()))
    if country not in countries():
        raise KeyError(country)
    rows = np.flatnonzero(indices("country_code") == countries().index(country))
    return Gazetteer(int(rows[0]), alias_table(weights[rows].tolist()))


def country_of(locale: str) -> str:
    """The country most people of a locale live in."""
    name = chain(locale)[0]
    region = name.partition("-")[2].upper()
    if region in countries():
        return region
    return _COUNTRIES.get(name.partition("-")[0], "US")


_COUNTRIES = {
    "ar": "EG",
    "az": "AZ",
    "cs": "CZ",
    "da": "DK",
    "de": "DE",
    "el": "GR",
    "en": "US",
    "es": "ES",
    "et": "EE",
    "fa": "IR",
    "fi": "FI",
    "fr": "FR",
    "hr": "HR",
    "hu": "HU",
    "is": "IS",
    "it": "IT",
    "ja": "JP",
    "kk": "KZ",
    "ko": "KR",
    "nl": "NL",
    "no": "NO",
    "pl": "PL",
    "pt": "PT",
    "ru": "RU",
    "sk": "SK",
    "sv": "SE",
    "tr": "TR",
    "uk": "UA",
    "zh": "CN",
}
