"""Money: check digits hold, and nothing belongs to anybody."""

from __future__ import annotations

import re
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from sdgen.generators.business.finance import IBAN_PATTERNS, mod97
from sdgen.generators.registry import make
from tests.generators.fake import facts, fill
from tests.generators.families import check_class, check_rows, family_names, plain

NAMES = [*family_names("business.finance", "business.cards"), "finance.currency_code", "finance.price"]
LENGTHS = {
    "AT": 20,
    "CH": 21,
    "DE": 22,
    "DK": 18,
    "ES": 24,
    "FR": 27,
    "GB": 22,
    "IE": 22,
    "IT": 27,
    "NL": 18,
    "PT": 25,
    "SE": 24,
}


@pytest.mark.parametrize("name", NAMES)
def test_cells_depend_on_row_numbers_alone(name: str) -> None:
    check_rows(name)
    check_class(name)


def iban_remainder(iban: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97


def test_mod97_of_a_published_number() -> None:
    moved = b"WEST12345698765432GB82"
    assert mod97(np.array([list(moved)], dtype=np.uint8)).tolist() == [1]
    assert iban_remainder("GB82WEST12345698765432") == 1


def test_ibans_are_valid_and_distinct() -> None:
    ibans = plain(fill("finance.iban", {"countries": sorted(IBAN_PATTERNS)}, 20_000, unique=True))
    assert len(set(ibans)) == 20_000
    assert {iban[:2] for iban in ibans} == set(IBAN_PATTERNS)
    for iban in ibans[:3000]:
        assert iban_remainder(iban) == 1
        assert len(iban) == LENGTHS[iban[:2]]
    generator = make("finance.iban", {"countries": ["DE", "XX", "DE"]})
    assert len(list(generator.faults(facts(generator)))) == 2


def luhn_holds(number: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def test_cards_are_test_cards_of_their_network() -> None:
    prefixes = {
        "Visa": ("424242", "400000"),
        "Mastercard": ("555555", "222300"),
        "American Express": ("378282",),
        "Discover": ("601111",),
    }
    numbers, networks = plain(fill("finance.credit_card_number")), plain(fill("finance.credit_card_type"))
    assert set(networks) == set(prefixes)
    for number, network in zip(numbers, networks, strict=True):
        assert luhn_holds(number)
        assert number.startswith(prefixes[network])
        assert len(number) == (15 if network == "American Express" else 16)
    assert len(fill("finance.credit_card_number", rows=200_000).unique()) == 200_000


def test_prices_look_like_prices() -> None:
    prices = plain(fill("finance.price", {"min": 5, "max": 500}, 20_000))
    assert min(prices) >= 5
    assert max(prices) <= 500
    endings = [price % 1 for price in prices]
    assert 0.35 < endings.count(Decimal("0.99")) / len(endings) < 0.55
    assert sorted(prices)[10_000] < 80
    assert set(plain(fill("finance.price", {"min": 3, "max": 3}))) == {Decimal("3.00")}
    generator = make("finance.price", {"min": 9, "max": 1})
    assert [fault.param for fault in generator.faults(facts(generator))] == ["min"]


def test_currencies_are_weighted_and_dictionaries() -> None:
    codes = fill("finance.currency_code", rows=20_000)
    assert pa.types.is_dictionary(codes.type)
    assert 0.36 < plain(codes).count("USD") / 20_000 < 0.46
    assert len(set(plain(fill("finance.currency_code", rows=25, unique=True)))) == 25


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("account_number", r"[1-9]\d{9}"),
        ("bic", r"X[A-Z]{2}X[A-Z]{2}[A-Z0-9]0"),
        ("transaction_id", r"txn_[0-9A-Za-z]{24}"),
    ],
)
def test_numbers_have_their_form(name: str, pattern: str) -> None:
    assert all(re.fullmatch(pattern, value) for value in plain(fill(f"finance.{name}")))
