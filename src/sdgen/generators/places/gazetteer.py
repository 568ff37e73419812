"""The gazetteer: the places people live in, by country, with how many live there.

Read once from `data/places.arrow`, which `tools/places.py` makes. Cities, populations, coordinates and time zones come
from GeoNames (geonames.org, CC BY 4.0).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sdgen.generators import streams
from sdgen.generators.arrays.fixed_text import FixedLengthTexts, pattern
from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.pools import (
    DATA,
    Joined,
    chain,
    file_digests,
    in_groups,
    joined,
    own,
    own_yaml,
    text_array,
    texts,
)
from sdgen.generators.streams import Numbers, Words

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
    # The file is mapped into memory and not read: a run needs few of its columns.
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
    # By population, so that large cities are as common among rows as among people.
    weights = numbers("weight")
    if country == WORLD:
        return Gazetteer(0, alias_table(weights.tolist()))
    if country not in countries():
        raise KeyError(country)
    # Places are sorted by country, so that those of one are a stretch of rows.
    rows = np.flatnonzero(indices("country_code") == countries().index(country))
    return Gazetteer(int(rows[0]), alias_table(weights[rows].tolist()))


def country_of(locale: str) -> str:
    """The country most people of a locale live in."""
    name = chain(locale)[0]
    # de-AT names its country; de alone takes the one where most of its speakers live.
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


# Streets and postal codes, as they are written in each country.
_MOST = 600  # streets of one country
_LONGEST = 26


@dataclass(frozen=True, eq=False)
class Streets:
    """Street names of all countries in one pool: each country's are `sizes` names from `starts`."""

    pool: pa.Array
    starts: Numbers
    sizes: Numbers
    number_first: NDArray[np.bool_]

    def pick(self, country: Numbers, words: Words) -> Numbers:
        """A street's index in the pool for each row."""
        return self.starts[country] + streams.below_each(words, self.sizes[country])


@cache
def street_lists() -> dict[str, str]:
    """One digest of all files of mimesis that have street names in them."""
    locales = [locale for locale, form in own("streets")["locales"].items() if not {"stems", "names"} & set(form)]
    digests = "".join(file_digests(locales, "address").values())
    return {"mimesis addresses": blake2b(digests.encode(), digest_size=8).hexdigest()}


@cache
def streets() -> Streets:
    """The streets of the gazetteer's countries, in its order."""
    data = own("streets")
    lists = {"": tuple(data["generic"]), "en": tuple(f"{a} {b}" for a in data["words"] for b in data["suffixes"])}
    lists |= {locale: _listed(locale, **form) for locale, form in data["locales"].items()}
    starts = dict(zip(lists, np.cumsum([0, *map(len, lists.values())]).tolist(), strict=False))
    named = data["countries"] | dict.fromkeys(data["american"], "en")
    chosen = [named.get(country, "") for country in countries()]
    return Streets(
        text_array(name for names in lists.values() for name in names),
        np.array([starts[name] for name in chosen], dtype=np.int64),
        np.array([len(lists[name]) for name in chosen], dtype=np.int64),
        np.array([country in data["number_first"] for country in countries()]),
    )


def _listed(
    locale: str, before: str = "", after: str = "", keep: str = "", stems: str = "", ends: str = "", names: str = ""
) -> tuple[str, ...]:
    """A locale's street names in the form its data gives; made of stems and ends, or listed, where mimesis has few."""
    if names:
        return tuple(before + name + after for name in names.split("|"))
    if stems:
        return tuple(stem + end for stem in stems.split() for end in ends.split())
    fitting = [
        before + name + after
        for name in texts(locale, "address", "street.name")
        if len(name) <= _LONGEST and re.search(keep, name) and not name[-1].isdigit()
    ]
    size = min(_MOST, len(fitting))
    # Evenly over the list, which is sorted: the first of them would all begin with the first letters.
    return tuple(fitting[number * len(fitting) // size] for number in range(size))


def postal_codes(where: Numbers, free: Words) -> pa.Array:
    """Codes in each country's form: what stands before the bar of its pattern depends on the place alone."""
    # Hashed from the place alone, so that all addresses of a city share the beginning of their codes.
    fixed = streams.mix(where.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return in_groups(_form_of()[where], lambda form, rows: _codes(form, fixed[rows], free[rows]))


def _codes(form: int, fixed: Words, free: Words) -> pa.Array:
    before, after = _forms()[form]
    return joined(before.decode(streams.below(fixed, before.size)), after.decode(streams.below(free, after.size)))


class Form(NamedTuple):
    """How a place's codes are written: its country's pattern, and what they begin with.

    first: characters that may stand first; "" for the pattern's own. prefixes: instead, whole beginnings.
    """

    pattern: str
    first: str = ""
    prefixes: tuple[str, ...] = ()


@cache
def _place_forms() -> tuple[Form, ...]:
    """The form of each place's codes."""
    data, known = own("postal"), own_yaml("postal_prefixes")
    names = (column("state_code").to_pylist(), column("city").to_pylist())
    forms = []
    for place, state, city in zip(
        *(indices(name).tolist() for name in ("country_code", "state_code", "city")), strict=True
    ):
        code, region = countries()[place], names[0][state]
        pattern = data["patterns"].get(code, data["other"])
        by_region = known["regions"].get(code, {})
        of_region = by_region.get(region, by_region.get("*", "")).split()
        of_city = _of_city(known["cities"].get(code, {}), names[1][city]).split()
        # A place of another region may share a city's name, as a quarter of Madrid does with Salamanca.
        prefixes = of_city if of_city and (not of_region or set(of_city) <= set(of_region)) else of_region
        first = "" if prefixes else data["by_state"].get(code, {}).get(region, "")
        forms.append(Form(pattern, first, tuple(prefixes)))
    return tuple(forms)


def _of_city(prefixes: Mapping[str, str], city: str) -> str:
    """The prefixes of a city, or of the one that it is a part of: Paris 05 Panthéon, Zürich (Kreis 7)."""
    return prefixes.get(city) or prefixes.get(_PART_OF_CITY.split(city)[0], "")


_PART_OF_CITY = re.compile(r" (?=\d|\()")


@cache
def _listed_forms() -> tuple[Form, ...]:
    return tuple(sorted(set(_place_forms())))


@cache
def _form_of() -> Numbers:
    """For each place, the index of its form."""
    order = {form: number for number, form in enumerate(_listed_forms())}
    return np.array([order[form] for form in _place_forms()], dtype=np.int64)


@cache
def _forms() -> tuple[tuple[FixedLengthTexts | Joined, FixedLengthTexts], ...]:
    classes = own("postal")["classes"]
    forms = []
    for each in _listed_forms():
        before, after = each.pattern.split("|")
        fixed = pattern(before, classes)
        forms.append((_beginnings(each, fixed), pattern(after, classes)))
    return tuple(forms)


def _beginnings(form: Form, fixed: FixedLengthTexts) -> FixedLengthTexts | Joined:
    if form.prefixes:
        rest = fixed.alphabets[len(form.prefixes[0]) :]
        listed = text_array(form.prefixes)
        return Joined((listed, FixedLengthTexts(rest).all()) if rest else (listed,))
    return FixedLengthTexts((form.first, *fixed.alphabets[1:])) if form.first else fixed
