"""Bank accounts: their numbers, banks and transactions. Check digits are right, and no number can be anybody's."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.errors import did_you_mean
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
from sdgen.generators.base import ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import Domain, permute
from sdgen.generators.pools import Pool, in_groups, text_array
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers, stream_key
from sdgen.generators.text_generator import TextGenerator

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
