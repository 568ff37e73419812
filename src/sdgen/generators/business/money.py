"""Money: currencies by country, prices and amounts with the decimals that a currency has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from math import exp, log
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from sdgen.errors import Problem, ScenarioError, did_you_mean
from sdgen.generators.arrays.cast import cast_array, scaled_decimal
from sdgen.generators.base import Dependency, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.places.countries import Currency, codes_of, currencies, currency_of
from sdgen.generators.places.gazetteer import countries, indices
from sdgen.generators.places.places import AddressGenerator
from sdgen.generators.pools import Joined, encoded, text_array
from sdgen.generators.references import COLUMN, Referring, column_faults, named_column
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text_generator import ALL_TEXTS, STRING, carried
from sdgen.scenario.types import NUMBERS, Type

Floats = NDArray[np.float64]

# Rough shares of world payments; the order is that of the alias table and must stay.
_CURRENCIES = {
    "USD": 42,
    "EUR": 28,
    "GBP": 7,
    "JPY": 4,
    "CNY": 4,
    "CAD": 3,
    "AUD": 2.5,
    "CHF": 1.5,
    "HKD": 1.2,
    "SGD": 1,
    "SEK": 0.8,
    "NOK": 0.7,
    "PLN": 0.7,
    "MXN": 0.6,
    "INR": 0.6,
    "BRL": 0.5,
    "KRW": 0.5,
    "NZD": 0.4,
    "DKK": 0.4,
    "ZAR": 0.3,
    "TRY": 0.3,
    "THB": 0.3,
    "CZK": 0.2,
    "HUF": 0.2,
    "ILS": 0.2,
}


@register("finance.currency_code")
class CurrencyCode(AddressGenerator):
    """A currency (ISO 4217): that of a country, or else the much-used ones more often.

    With `country`, it is what the row's address of the same `country` and `who` pays in.
    """

    fits: ClassVar[frozenset[str]] = ALL_TEXTS
    by_locale: ClassVar[bool] = False
    example: ClassVar[str] = "{generator: finance.currency_code}"

    country: str = Field(
        default="",
        description="a country's code (DE), `world` for that of the row's address, or $column, which holds countries"
        " (DE or Germany) or locales (de-AT); left out, any currency by its share of payments",
    )

    def arrow(self, type: Type) -> pa.DataType:
        return carried(type)

    def domain(self, facts: ColumnContext) -> Joined | None:
        return None if self.country else Joined((text_array(_CURRENCIES),))

    def values(self, cells: ColumnBatch) -> pa.Array:
        if self.country:
            return super().values(cells)
        if cells.facts.unique or cells.facts.joint is not None:
            return encoded(text_array(_CURRENCIES), cells.indexes(len(_CURRENCIES)))
        return encoded(text_array(_CURRENCIES), _currency_table().pick(cells.draw()))

    def written(self, cells: ColumnBatch, where: Numbers) -> pa.Array:
        pool, places = _currencies_by_country()
        return encoded(pool, places.take(indices("country_code").take(where)))


@cache
def _currency_table() -> AliasTable:
    return alias_table(list(_CURRENCIES.values()))


@cache
def _currencies_by_country() -> tuple[pa.Array, Numbers]:
    """All currencies, and the place among them of each of the gazetteer's countries."""
    listed = list(currencies())
    places = [listed.index(currency_of(country)) for country in countries()]
    return text_array(listed), np.array(places, dtype=np.int64)


class MoneyGenerator(Referring):
    """A generator that follows a currency: one code, or a column of codes or countries."""

    currency: str = Field(
        default="",
        description="a currency's code (JPY), or $column (of the row, or $link.column of a parent), which holds"
        " currencies (JPY) or countries (JP)",
    )

    @property
    def currency_column(self) -> str:
        """The column that holds each row's currency; "" where the param names none."""
        return named_column(self.currency)

    @property
    def passes_null(self) -> bool:
        return bool(self.currency_column)

    def references(self) -> Iterator[str]:
        return iter((self.currency_column,) if self.currency_column else ())

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from column_faults("currency", self.currency)
        if self.currency and not self.currency.startswith(COLUMN):
            yield from _unknown("currency", self.currency)

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        yield from self.no_texts("currency", self.currency, types, "currencies")

    def currencies_of(self, cells: ColumnBatch) -> tuple[tuple[Currency, ...], Numbers, pa.Array | None]:
        """The currencies of these rows, each row's place among them, and the column that is null where the value is."""
        if not self.currency_column:
            return (currencies()[self.currency],), np.zeros(len(cells), dtype=np.int64), None
        named = self.array(cells, self.currency_column)
        coded = named if pa.types.is_dictionary(named.type) else named.dictionary_encode()
        listed = tuple(self._currency(cells, text) for text in coded.dictionary.to_pylist())
        which = coded.indices.fill_null(0).to_numpy().astype(np.int64)
        return listed or (currencies()["USD"],), which, named if named.null_count else None

    def _currency(self, cells: ColumnBatch, text: str | None) -> Currency:
        """The currency of a column's value, which may be a country's; any for null."""
        if text is None or text in currencies():
            return currencies()[text or "USD"]
        codes = codes_of(text)
        if len(codes) != 1:
            path = ("entities", cells.facts.entity, "columns", cells.facts.column)
            what = f"no currency is called {text!r}, a value of {self.currency_column}"
            raise ScenarioError(Problem(path, what, "it may hold currencies (EUR) or countries (DE, Germany)"))
        return currencies()[currency_of(codes[0])]


def _unknown(param: str, code: str) -> Iterable[ParamError]:
    if code not in currencies():
        near = did_you_mean(code.upper(), currencies(), "three capital letters such as EUR")
        yield ParamError(param, f"unknown currency {code!r}", near)


@register("finance.currency_name", "finance.currency_symbol")
class CurrencyLabel(MoneyGenerator):
    """The name or the sign of a currency."""

    fits: ClassVar[frozenset[str]] = ALL_TEXTS
    example: ClassVar[str] = "{generator: finance.currency_name, params: {currency: EUR}}"
    about: ClassVar[Mapping[str, str]] = {
        "finance.currency_name": "The name of a currency in English: Euro, Japanese Yen.",
        "finance.currency_symbol": "The sign of a currency: €, ¥, zł.",
    }

    def natural(self) -> Type:
        return STRING

    def arrow(self, type: Type) -> pa.DataType:
        return carried(type)

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from super().faults(facts)
        if not self.currency:
            yield ParamError("currency", "no currency is named", "write a code such as EUR, or $column")

    def values(self, cells: ColumnBatch) -> pa.Array:
        listed, which, nulls = self.currencies_of(cells)
        texts = text_array(each.name if self.called == "finance.currency_name" else each.symbol for each in listed)
        mask = None if nulls is None else nulls.is_null().to_numpy(zero_copy_only=False)
        return pa.DictionaryArray.from_arrays(pa.array(which.astype(np.int32), mask=mask), texts)


class AmountGenerator(MoneyGenerator):
    """A generator of amounts that have their currency's decimals, and may be told in another one."""

    fits: ClassVar[frozenset[str]] = NUMBERS

    base: str = Field(
        default="",
        description="the currency that the numbers are told in (USD): amounts are converted at rough rates, so that"
        " they are of the right order of size; left out, they are in each row's own currency",
    )

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from super().faults(facts)
        if self.base:
            yield from _unknown("base", self.base)
            if not self.currency:
                yield ParamError("base", "base without currency", "name the currency that amounts are made in")

    def natural(self) -> Type:
        digits = currencies()[self.currency].digits if self.currency in currencies() else _MOST_DIGITS
        return Type("decimal", precision=18, scale=digits if self.currency else 2)

    def rates(self, listed: tuple[Currency, ...]) -> Floats:
        """How many units of each currency are one of the base; 1 without a base."""
        per = currencies()[self.base].per_dollar if self.base else 0.0
        return np.array([each.per_dollar / per if per else 1.0 for each in listed])


_MOST_DIGITS = 3
_MOST_UNITS = 10**_MOST_DIGITS  # thousandths: what amounts are counted in
_MOST_AMOUNT = 9e14  # of any currency: in thousandths it still fits 64 bits


def _steps(listed: tuple[Currency, ...]) -> Numbers:
    """The smallest amount of each currency, in thousandths."""
    return np.array([10 ** (_MOST_DIGITS - each.digits) for each in listed], dtype=np.int64)


@register("finance.amount")
class Amount(AmountGenerator):
    """Another column's number as an amount of money: with its currency's decimals (JPY none, KWD three).

    The type where the column names none has as many decimals as the currency, three where another column says which.
    """

    example: ClassVar[str] = "{generator: finance.amount, params: {of: price, currency: JPY, base: USD}}"

    of: str = Field(description="the column of numbers: of the row, or link.column of a parent")

    def references(self) -> Iterator[str]:
        yield self.of
        yield from super().references()

    @property
    def passes_null(self) -> bool:
        return True

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from super().faults(facts)
        if not self.currency:
            yield ParamError("currency", "no currency is named", "write a code such as JPY, or $column")

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        yield from super().check_types(types)
        type = types.get(self.dependency(self.of))
        if type is not None and type.kind not in NUMBERS:
            yield ParamError("of", f"{self.of} is {type}, no number", "name a column of numbers")

    def values(self, cells: ColumnBatch) -> pa.Array:
        listed, which, nulls = self.currencies_of(cells)
        numbers = cast_array(self.array(cells, self.of), Type("double"), pa.float64())
        steps = _steps(listed).take(which)
        own = numbers.fill_null(0).to_numpy() * self.rates(listed).take(which)
        # Rounded by floor(x + 1/2) to the currency's own smallest amount.
        whole = np.floor(np.minimum(np.maximum(own, -_MOST_AMOUNT), _MOST_AMOUNT) * (_MOST_UNITS / steps) + 0.5)
        missing = pc.or_(numbers.is_null(), numbers.is_null() if nulls is None else nulls.is_null())
        amounts = scaled_decimal(whole.astype(np.int64) * steps, _THOUSANDTHS)
        return pc.if_else(missing, None, amounts) if pc.any(missing).as_py() else amounts


_THOUSANDTHS = pa.decimal128(18, _MOST_DIGITS)


@register("finance.price")
class Price(AmountGenerator):
    """A shop's price: low ones are likelier, and most end in .99, .95 or .49.

    With `currency`, it has that currency's decimals, and ends as its prices do: 1299 for JPY, 4.990 for KWD.
    """

    example: ClassVar[str] = "{generator: finance.price, params: {min: 5, max: 500}}"

    min: float = Field(default=1.0, gt=0, le=1e12, description="the lowest price")
    max: float = Field(default=1000.0, gt=0, le=1e12, description="the highest price")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if self.min > self.max:
            yield ParamError("min", f"min {self.min:g} is above max {self.max:g}", "swap them")
        yield from super().faults(facts)
        if self.currency and self.max > _MOST_PRICE:
            yield ParamError("max", f"max {self.max:g} is too much", f"take {_MOST_PRICE:g} at most with a currency")

    def values(self, cells: ColumnBatch) -> pa.Array:
        knots = _price_knots(self.min, self.max)
        # The mean of two draws over an even scale of logarithms: prices in the
        # middle are likelier than at either end.
        share = (cells.unit("value") + cells.unit("more")) * 0.5 * (len(knots) - 1)
        place = share.astype(np.int64)
        value = knots[place] + (share - place) * (knots[place + 1] - knots[place])
        ending = price_endings(cells)
        if self.currency:
            return self._in_currency(cells, value, ending)
        cents = ended_cents(value, ending)
        low, high = round(self.min * 100), round(self.max * 100)
        return scaled_decimal(np.minimum(np.maximum(cents, low), high), pa.decimal128(18, 2))

    def _in_currency(self, cells: ColumnBatch, value: Floats, ending: Numbers) -> pa.Array:
        listed, which, nulls = self.currencies_of(cells)
        rates, steps, wholes = (each.take(which) for each in (self.rates(listed), _steps(listed), _wholes(listed)))
        own = value * rates
        # What a currency's prices end on counts in its own order of size: ¥1,299 as $12.99.
        ended = (own / wholes).astype(np.int64) * wholes * _MOST_UNITS + ending * wholes * (_MOST_UNITS // 100)
        amounts = np.where(ending < 0, (own * _MOST_UNITS).astype(np.int64), ended)
        low, high = (np.floor(edge * rates * _MOST_UNITS + 0.5).astype(np.int64) for edge in (self.min, self.max))
        amounts = np.minimum(np.maximum(amounts, low), high)
        return scaled_decimal(amounts // steps * steps, _THOUSANDTHS, nulls)


_MOST_PRICE = 1e9


def _wholes(listed: tuple[Currency, ...]) -> Numbers:
    """What counts as a whole unit in each currency's prices: the power of ten below what a dollar is worth."""
    return np.array([10 ** (len(str(int(each.per_dollar))) - 1) for each in listed], dtype=np.int64)


_ENDINGS = np.array([99] * 9 + [95] * 4 + [49] * 3 + [0] * 2 + [50] + [-1], dtype=np.int64)  # -1: any cents


def price_endings(cells: ColumnBatch) -> Numbers:
    """What each row's price ends on, in cents; -1 for any cents."""
    return _ENDINGS[cells.below(len(_ENDINGS), "ending")]


def ended_cents(value: Floats, ending: Numbers) -> Numbers:
    """Prices in cents with their endings."""
    # Endings count from the whole unit below, so that a price keeps its order of size.
    return np.where(ending < 0, (value * 100).astype(np.int64), value.astype(np.int64) * 100 + ending)


@cache
def _price_knots(low: float, high: float) -> NDArray[np.float64]:
    # Logarithms and powers differ between machines in their last digits, so that the steps are rounded to twelve.
    steps = [low * exp(log(high / low) * step / 256) for step in range(257)]
    return np.array([*(float(f"{step:.12g}") for step in steps), high])
