"""Money: account numbers, cards, currencies and prices. Check digits are right, and no number can be anybody's."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from math import exp, log
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from sdgen.errors import did_you_mean
from sdgen.generators.arrays.cast import scaled_decimal
from sdgen.generators.arrays.fixed_text import (
    DIGITS,
    LOWER,
    UPPER,
    FixedLengthTexts,
    Letters,
    TextsWithCheckDigits,
    beside,
    blocks,
    digits,
    long_letters,
    pattern,
    spelled,
    weighted_sum,
)
from sdgen.generators.base import Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import Domain, permute
from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.pools import Pool, encoded, in_groups, text_array
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers, stream_key
from sdgen.generators.text_generator import ALL_TEXTS, TextGenerator, carried
from sdgen.scenario.types import NUMBERS, Type

# What follows the country and the check digits (ISO 13616); bank codes are of ranges that no bank of the country has.
IBAN_PATTERNS = {
    "AT": "9999" + "#" * 12,
    "CH": "9999" + "#" * 13,
    "DE": "9" + "#" * 17,
    "DK": "0000" + "#" * 10,
    "ES": "9999" + "#" * 16,
    "FR": "99999" + "#" * 18,
    "GB": "XXXX99" + "#" * 12,
    "IE": "XXXX99" + "#" * 12,
    "IT": "A99999" + "#" * 17,
    "NL": "XXXX" + "#" * 10,
    "PT": "9999" + "#" * 17,
    "SE": "999" + "#" * 17,
}
_IBAN_SIZE = 10**9  # accounts of each country


def mod97(letters: Letters) -> Numbers:
    """The remainder of ISO 7064 MOD 97-10 for rows of digits and capitals, A standing for 10."""
    # ISO 7064 divides the number as it is written out; the remainder is carried along place by
    # place, since 30 digits fit no word.
    rest = np.zeros(len(letters), dtype=np.int64)
    for place in range(letters.shape[1]):
        value = letters[:, place].astype(np.int64)
        wide = value >= ord("A")
        value -= np.where(wide, ord("A") - 10, ord("0"))
        rest = (rest * np.where(wide, 100, 10) + value) % 97
    return rest


class _Ibans:
    """The domain of the account numbers of some countries."""

    def __init__(self, countries: tuple[str, ...]) -> None:
        self.countries = countries
        self.size = _IBAN_SIZE * len(countries)

    def decode(self, indexes: Numbers) -> pa.Array:
        # Countries alternate, so that all have as many accounts and an index tells its country by a remainder.
        account = indexes // len(self.countries)
        country = indexes - account * len(self.countries)
        return in_groups(country, lambda place, rows: _ibans(self.countries[place], account[rows]))


def _ibans(country: str, accounts: Numbers) -> pa.Array:
    spelling = pattern(IBAN_PATTERNS[country], {"#": DIGITS, "A": UPPER})
    # Spread over all numbers of the country, since the first of them would all begin
    # alike; the key is the same for all seeds.
    numbers = permute(stream_key(0, "iban", country), accounts, min(spelling.size, 10**18))
    bank = spelling.letters(numbers)
    # The check digits are those that make the remainder 1, reckoned with 00 in their place (ISO 13616).
    check = digits(98 - mod97(beside(bank, country, "00")), 2)
    return spelled(beside(country, check, bank))


@register("finance.iban")
class Iban(TextGenerator):
    """An international bank account number with right check digits, at a bank that does not exist.

    Check digits that some countries have within the account number are not computed.
    """

    example: ClassVar[str] = "{generator: finance.iban, params: {countries: [DE, FR]}}"

    countries: tuple[str, ...] = Field(default=("DE", "ES", "FR", "GB", "IT", "NL"), description="codes of countries")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if not self.countries or len(set(self.countries)) < len(self.countries):
            yield ParamError("countries", "countries must be given once each, and one at least", "such as [DE, FR]")
        for country in self.countries:
            if country not in IBAN_PATTERNS:
                yield ParamError(
                    "countries", f"no account numbers of {country!r}", did_you_mean(country, IBAN_PATTERNS)
                )

    def domain(self, facts: ColumnContext) -> Domain:
        return _Ibans(self.countries)


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
class CurrencyCode(TextGenerator):
    """A currency (ISO 4217), the much-used ones more often."""

    fits: ClassVar[frozenset[str]] = ALL_TEXTS
    example: ClassVar[str] = "{generator: finance.currency_code}"

    def arrow(self, type: Type) -> pa.DataType:
        return carried(type)

    def capacity(self, facts: ColumnContext) -> int | None:
        return len(_CURRENCIES)

    def values(self, cells: ColumnBatch) -> pa.Array:
        if cells.facts.unique:
            return encoded(text_array(_CURRENCIES), cells.indexes(len(_CURRENCIES)))
        return encoded(text_array(_CURRENCIES), _currency_table().pick(cells.draw()))


@cache
def _currency_table() -> AliasTable:
    return alias_table(list(_CURRENCIES.values()))


@register("finance.price")
class Price(Generator):
    """A shop's price: low ones are likelier, and most end in .99, .95 or .49."""

    fits: ClassVar[frozenset[str]] = NUMBERS
    example: ClassVar[str] = "{generator: finance.price, params: {min: 5, max: 500}}"

    min: float = Field(default=1.0, gt=0, le=1e12, description="the lowest price")
    max: float = Field(default=1000.0, gt=0, le=1e12, description="the highest price")

    def natural(self) -> Type:
        return Type("decimal", precision=18, scale=2)

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if self.min > self.max:
            yield ParamError("min", f"min {self.min:g} is above max {self.max:g}", "swap them")

    def values(self, cells: ColumnBatch) -> pa.Array:
        knots = _price_knots(self.min, self.max)
        # The mean of two draws over an even scale of logarithms: prices in the
        # middle are likelier than at either end.
        share = (cells.unit("value") + cells.unit("more")) * 0.5 * (len(knots) - 1)
        place = share.astype(np.int64)
        value = knots[place] + (share - place) * (knots[place + 1] - knots[place])
        ending = _ENDINGS[cells.below(len(_ENDINGS), "ending")]
        # Endings count from the whole unit below, so that a price keeps its order of size.
        cents = np.where(ending < 0, (value * 100).astype(np.int64), value.astype(np.int64) * 100 + ending)
        low, high = round(self.min * 100), round(self.max * 100)
        return scaled_decimal(np.minimum(np.maximum(cents, low), high), pa.decimal128(18, 2))


_ENDINGS = np.array([99] * 9 + [95] * 4 + [49] * 3 + [0] * 2 + [50] + [-1], dtype=np.int64)  # -1: any cents


@cache
def _price_knots(low: float, high: float) -> NDArray[np.float64]:
    # Logarithms and powers differ between machines in their last digits, so that the steps are rounded to twelve.
    steps = [low * exp(log(high / low) * step / 256) for step in range(257)]
    return np.array([*(float(f"{step:.12g}") for step in steps), high])


@register("finance.account_number")
class AccountNumber(TextGenerator):
    """A bank account number of ten digits."""

    example: ClassVar[str] = "{generator: finance.account_number, unique: true}"

    def domain(self, facts: ColumnContext) -> Domain:
        return FixedLengthTexts(("123456789", *(DIGITS,) * 9))


@register("finance.routing_number")
class RoutingNumber(TextGenerator):
    """A US bank's routing number with a right check digit, of the prefixes 33 to 59, which no bank has."""

    example: ClassVar[str] = "{generator: finance.routing_number}"

    def domain(self, facts: ColumnContext) -> Domain:
        return TextsWithCheckDigits(FixedLengthTexts(("345", "3456789", *(DIGITS,) * 6)), _aba)


def _aba(letters: Letters) -> Letters:
    """The check digit of the American Bankers Association: the sum of digits times 3, 7, 1, 3 … is one of tens."""
    return beside(letters, digits(-weighted_sum(letters, (3, 7, 1, 3, 7, 1, 3, 7)) % 10, 1))


@register("finance.bic")
class Bic(TextGenerator):
    """A bank's code (ISO 9362) of the test kind: its location ends in 0."""

    example: ClassVar[str] = "{generator: finance.bic}"

    def domain(self, facts: ColumnContext) -> Domain:
        return Pool(_bics())


@cache
def _bics() -> pa.Array:
    countries = sorted(IBAN_PATTERNS)
    letters = FixedLengthTexts((UPPER, UPPER)).all().to_pylist()
    # A 0 at the end of the location marks a code for tests (ISO 9362).
    return text_array(f"X{two}X{country}{place}0" for two in letters for country in countries for place in "ABH2")


@register("finance.transaction_id")
class TransactionId(TextGenerator):
    """The id of a transaction at a payment processor: a prefix and 24 letters and digits."""

    example: ClassVar[str] = "{generator: finance.transaction_id, unique: true}"

    prefix: str = Field(default="txn_", max_length=32, pattern=r"^[ -~]*$", description="what each id begins with")

    def capacity(self, facts: ColumnContext) -> int | None:
        return _TRANSACTION[0].size

    def values(self, cells: ColumnBatch) -> pa.Array:
        letters = long_letters(cells, _TRANSACTION)
        return spelled(beside(self.prefix, letters) if self.prefix else letters)


_TRANSACTION = blocks((DIGITS + UPPER + LOWER,) * 24)
