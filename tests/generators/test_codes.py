"""Codes: check digits against ones worked out by hand, and the ranges kept free."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from sdgen.generators.arrays.fixed_text import FixedLengthTexts, beside, blocks, digits, gs1, luhn, spelled
from sdgen.generators.registry import make
from tests.generators.fake import facts, fill
from tests.generators.families import check_class, check_rows, family_names, plain

NAMES = family_names("codes.codes")


@pytest.mark.parametrize("name", NAMES)
def test_cells_depend_on_row_numbers_alone(name: str) -> None:
    check_rows(name)
    check_class(name)


def _digit(check: Any, number: str) -> str:
    return spelled(check(np.array([list(number.encode())], dtype=np.uint8)))[0].as_py()


def test_check_digits_of_published_numbers() -> None:
    assert _digit(gs1, "400638133393") == "1"
    assert _digit(gs1, "7351353") == "7"
    assert _digit(gs1, "978030640615") == "7"
    assert _digit(luhn, "7992739871") == "3"
    assert _digit(luhn, "49015420323751") == "8"


PATTERNS = {
    "code.ean13": r"2\d{12}",
    "code.ean8": r"2\d{7}",
    "code.isbn13": r"978[01]\d{9}",
    "code.imei": r"00\d{13}",
    "code.ssn": r"9\d\d-[0-4][1-9]-\d{4}",
    "code.sku": r"[A-Z]{3}-\d{5}",
    "code.version": r"\d+\.\d+\.\d+",
    "code.hex_color": r"#[0-9a-f]{6}",
    "faker_device_name": r"[a-z]+-[0-9a-f]{4}",
    "code.hex": r"[0-9a-f]{32}",
    "code.token": r"[\w-]{21}",
    "code.pin": r"\d{4}",
}


@pytest.mark.parametrize(("name", "pattern"), PATTERNS.items())
def test_codes_have_their_form(name: str, pattern: str) -> None:
    assert all(re.fullmatch(pattern, code) for code in plain(fill(name)))


@pytest.mark.parametrize("name", ["code.ean13", "code.ean8", "code.isbn13", "code.imei"])
def test_check_digits_hold(name: str) -> None:
    check = luhn if name == "code.imei" else gs1
    for code in plain(fill(name, rows=50)):
        assert _digit(check, code[:-1]) == code[-1]


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in ("code.color_name", "code.color", "code.version", "code.pin")]
)
def test_codes_can_be_unique(name: str) -> None:
    assert len(set(plain(fill(name, rows=100_000, unique=True)))) == 100_000


@pytest.mark.parametrize("name", ["code.color_name", "code.version", "code.pin"])
def test_small_domains_are_listed_in_full(name: str) -> None:
    generator = make(name, {})
    size = generator.capacity(facts(generator))
    assert size is not None
    assert len(set(plain(fill(name, rows=size, unique=True)))) == size


def test_tokens_take_length_and_prefix() -> None:
    assert all(
        re.fullmatch(r"key_[\w-]{300}", code)
        for code in plain(fill("code.token", {"length": 300, "prefix": "key_"}, 20))
    )
    assert {len(code) for code in plain(fill("code.pin", {"length": 6}))} == {6}


def test_spelled_lists_every_text() -> None:
    domain = FixedLengthTexts(("ab", "-", "123"))
    assert domain.all().to_pylist() == ["a-1", "a-2", "a-3", "b-1", "b-2", "b-3"]
    assert spelled(beside("x", digits(np.array([7, 42]), 3))).to_pylist() == ["x007", "x042"]
    assert [len(block.alphabets) for block in blocks(("0123456789",) * 40)] == [18, 18, 4]
