"""Codes: article numbers, serial numbers, tokens, versions, colours and names of devices.

Where a kind of code has numbers that are never given out, those are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from sdgen.generators.arrays.fixed_text import (
    DIGITS,
    HEX,
    LOWER,
    UPPER,
    FixedLengthTexts,
    Letters,
    TextsWithCheckDigits,
    beside,
    blocks,
    gs1,
    long_letters,
    luhn,
    pattern,
    spelled,
)
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import Domain
from sdgen.generators.pools import Joined, Pool, own_pool, text_array
from sdgen.generators.registry import register
from sdgen.generators.text_generator import ALL_TEXTS, TextGenerator

_NO_LOOKALIKES = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O
URL_SAFE = DIGITS + UPPER + LOWER + "-_"


def _with(check: Callable[[Letters], Letters]) -> Callable[[Letters], Letters]:
    return lambda letters: beside(letters, check(letters))


def _digits(prefix: str, free: int) -> FixedLengthTexts:
    return FixedLengthTexts((*prefix, *(DIGITS,) * free))


_CODES: dict[str, Callable[[], Domain]] = {
    "code.ean13": lambda: TextsWithCheckDigits(_digits("2", 11), _with(gs1)),
    "code.ean8": lambda: TextsWithCheckDigits(_digits("2", 6), _with(gs1)),
    "code.isbn13": lambda: TextsWithCheckDigits(FixedLengthTexts((*"978", "01", *(DIGITS,) * 8)), _with(gs1)),
    "code.imei": lambda: TextsWithCheckDigits(_digits("00", 12), _with(luhn)),
    "code.npi": lambda: TextsWithCheckDigits(_digits("2", 8), _with(lambda letters: luhn(beside("80840", letters)))),
    # Numbers from 900 on are never given out as social security numbers.
    "code.ssn": lambda: pattern("9##-GH-####", {"#": DIGITS, "G": "01234", "H": "123456789"}),
    "code.sku": lambda: pattern("AAA-#####", {"#": DIGITS, "A": _NO_LOOKALIKES}),
    "code.hex_color": lambda: FixedLengthTexts(("#", *(HEX,) * 6)),
    "code.version": lambda: Joined((_counts(10, "."), _counts(25, "."), _counts(20, ""))),
    "code.color_name": lambda: Pool(own_pool("words", "colors")),
    "code.device_name": lambda: Joined(
        (own_pool("words", "devices"), text_array(["-"]), FixedLengthTexts((HEX,) * 4).all())
    ),
}
_SAME = {
    "code.ean": "code.ean13",
    "code.isbn": "code.isbn13",
    "code.color": "code.color_name",
    "faker_device_name": "code.device_name",
}


@cache
def _domain(name: str) -> Domain:
    return _CODES[_SAME.get(name, name)]()


def _counts(size: int, after: str) -> pa.Array:
    return text_array(f"{number}{after}" for number in range(size))


@register(*_CODES, *_SAME)
class Code(TextGenerator):
    """A code of its kind: `about` says what each name gives."""

    fits: ClassVar[frozenset[str]] = ALL_TEXTS
    example: ClassVar[str] = "{generator: code.ean13, unique: true}"
    about: ClassVar[Mapping[str, str]] = {
        "code.ean13": "An article number of thirteen digits with its check digit, of those kept for use inside a shop.",
        "code.ean8": "An article number of eight digits with its check digit, of those kept for use inside a shop.",
        "code.isbn13": "A book's number with its check digit: 978, and ten digits more.",
        "code.imei": "A mobile device's number of fifteen digits with its Luhn digit, of type codes kept for tests.",
        "code.npi": "A US health care provider's number with its check digit, of those that are not given out yet.",
        "code.ssn": "A number in the form of a US social security number, which is given out to nobody.",
        "code.sku": "A stock-keeping code: three letters and five digits, without letters that look like digits.",
        "code.hex_color": "A colour as # and six hexadecimal digits.",
        "code.version": "A version number: major.minor.patch.",
        "code.color_name": "A colour's name in English.",
        "code.device_name": "A device's name: its kind and four hexadecimal digits.",
    }

    def domain(self, facts: ColumnContext) -> Domain:
        return _domain(self.called)


_ALPHABETS = {"code.hex": HEX, "code.token": URL_SAFE, "code.pin": DIGITS}
_LENGTHS = {"code.hex": 32, "code.token": 21, "code.pin": 4}


@register(*_ALPHABETS)
class Token(TextGenerator):
    """Random characters: hexadecimal digits, URL-safe characters (token), or digits alone (pin)."""

    example: ClassVar[str] = "{generator: code.token, params: {length: 24}}"
    about: ClassVar[Mapping[str, str]] = {
        "code.hex": "Random hexadecimal digits: 32, or as many as `length` says.",
        "code.token": "Random characters that a URL may hold: 21, or as many as `length` says.",
        "code.pin": "Random decimal digits: 4, or as many as `length` says.",
    }

    length: int = Field(
        default=0, ge=0, le=4096, description="characters; 0 stands for 32 (hex), 21 (token) or 4 (pin)"
    )
    prefix: str = Field(default="", max_length=64, pattern=r"^[ -~]*$", description="what each text begins with")

    def capacity(self, facts: ColumnContext) -> int | None:
        return self._parts()[0].size

    def values(self, cells: ColumnBatch) -> pa.Array:
        # Long tokens have more values than an index has bits: only the first block is permuted, and that is enough.
        letters = long_letters(cells, self._parts())
        return spelled(beside(self.prefix, letters) if self.prefix else letters)

    def _parts(self) -> list[FixedLengthTexts]:
        length = self.length or _LENGTHS[self.called]
        return blocks((_ALPHABETS[self.called],) * length)
