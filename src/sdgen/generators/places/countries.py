"""What goes with a country: its currency, its locale, and the ways in which a column may name it.

A column may hold countries' codes (DE), their names in English, currencies (EUR: a country that pays in it, by
population), or locales (de-AT). Currencies follow ISO 4217; rates are rough ones of 2025, for orders of size alone.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from sdgen.errors import Problem, ScenarioError, did_you_mean
from sdgen.generators.base import Dependency, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.places.gazetteer import WORLD, column, countries, country_of, indices, numbers, places
from sdgen.generators.pools import DATA, is_known, locales, own_yaml
from sdgen.generators.references import COLUMN, Referring, column_faults, named_column
from sdgen.generators.streams import Numbers, Words
from sdgen.generators.text_generator import FamilyGenerator
from sdgen.scenario.types import Type

_LOCALE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2})?(?:\..*)?")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Currency:
    """A currency: the decimals of its amounts, how many of it are a US dollar, its sign, name and countries."""

    code: str
    digits: int
    per_dollar: float
    symbol: str
    name: str
    countries: tuple[str, ...]


@cache
def currencies() -> Mapping[str, Currency]:
    """All currencies by code, in the order of the codes."""
    with (DATA / "currencies.csv").open(encoding="utf-8", newline="") as file:
        _, *records = csv.reader(file)
    return {
        code: Currency(code, int(digits), float(rate), symbol, name, tuple(used.split()))
        for code, digits, rate, symbol, name, used in records
    }


@cache
def currency_of(country: str) -> str:
    """The code of the currency that a country pays in; KeyError for an unknown country."""
    return _currencies_by_country()[country]


@cache
def _currencies_by_country() -> Mapping[str, str]:
    return {country: each.code for each in currencies().values() for country in each.countries}


@cache
def locale_of(country: str) -> str:
    """The locale that most people of a country are written in: `en` where there is none of their language."""
    return _locales_by_country().get(country, "en")


@cache
def _locales_by_country() -> Mapping[str, str]:
    listed = {country: locale for locale, named in own_yaml("countries")["locales"].items() for country in named}
    # A locale of the country's own goes before what is listed, and de-AT before de.
    plain = {country_of(locale): locale for locale in locales() if "-" not in locale}
    return {**listed, **plain, **{country_of(locale): locale for locale in locales() if "-" in locale}}


@cache
def codes_of(name: str) -> tuple[str, ...]:
    """The codes of the countries that a text names: one, or those that pay in a currency; none where it names none."""
    if name in countries():
        return (name,)
    if name in _codes_by_name():
        return (_codes_by_name()[name],)
    if _CURRENCY.fullmatch(name) and name in currencies():
        return tuple(code for code in currencies()[name].countries if code in countries())
    return (country_of(name),) if _LOCALE.fullmatch(name) and is_known(name) else ()


@cache
def _codes_by_name() -> Mapping[str, str]:
    pairs = zip(indices("country").tolist(), indices("country_code").tolist(), strict=True)
    names, codes = column("country").to_pylist(), countries()
    found = {names[name]: codes[code] for name, code in dict.fromkeys(pairs)}
    # Without the article too: The Netherlands.
    return found | {name.removeprefix("The "): code for name, code in found.items()}


@dataclass(frozen=True, eq=False)
class Region:
    """The places of some countries: rows of the gazetteer, and a draw by population."""

    rows: Numbers
    table: AliasTable


@cache
def region(name: str) -> Region | None:
    """The places of what a text names; None where it names no country."""
    codes = codes_of(name)
    if not codes:
        return None
    rows = np.concatenate([np.arange(each.start, each.start + each.size) for each in map(places, codes)])
    if len(codes) == 1:
        return Region(rows, places(codes[0]).table)
    return Region(rows, alias_table(numbers("weight")[rows].tolist()))


def places_in(named: pa.Array, words: Words) -> tuple[Numbers, NDArray[np.bool_] | None]:
    """A place for each row in the country that the row names, and which rows name none (None where all do).

    LookupError with a text that is no country's.
    """
    coded = named if pa.types.is_dictionary(named.type) else named.dictionary_encode()
    which = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    found = np.zeros(len(words), dtype=np.int64)
    texts = coded.dictionary.to_pylist()
    for number in np.unique(which).tolist():
        if number < 0 or texts[number] is None:
            continue
        chosen = region(str(texts[number]))
        if chosen is None:
            raise LookupError(texts[number])
        rows = np.flatnonzero(which == number)
        found[rows] = chosen.rows.take(chosen.table.pick(words[rows]))
    if not named.null_count:
        return found, None
    missing: NDArray[np.bool_] = named.is_null().to_numpy(zero_copy_only=False)
    return found, missing


class CountryGenerator(Referring, FamilyGenerator):
    """A generator whose `country` is a country, or names a column that holds one for each row."""

    country: str = Field(
        default="",
        description="a country's code (DE), or `world` for all of them by population; or $column (of the row, or"
        " $link.column of a parent), which holds countries (DE or Germany), currencies (EUR) or locales (de-AT); left"
        " out, the locale's country",
    )

    @property
    def country_column(self) -> str:
        """The column that holds each row's country; "" where the param names none."""
        return named_column(self.country)

    @property
    def passes_null(self) -> bool:
        return bool(self.country_column)

    def references(self) -> Iterator[str]:
        return iter((self.country_column,) if self.country_column else ())

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from column_faults("country", self.country, "write $column, or $link.column of a parent")
        plain = "" if self.country.startswith(COLUMN) else self.country
        if plain and plain != WORLD and plain not in countries():
            near = did_you_mean(self.country.upper(), countries(), "two capital letters such as DE, or world")
            hint = f"{near}; a column is named with a dollar sign, such as $country"
            yield ParamError("country", f"unknown country {self.country!r}", hint)

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        yield from self.no_texts("country", self.country, types, "countries, currencies or locales")

    def unknown_country(self, cells: ColumnBatch, text: object) -> ScenarioError:
        """What to say of a value that no country is called by."""
        path = ("entities", cells.facts.entity, "columns", cells.facts.column)
        hint = "it may hold codes (DE), English names (Germany), currencies (EUR) or locales (de-AT)"
        return ScenarioError(Problem(path, f"no country is called {text!r}, a value of {self.country_column}", hint))
