"""The internet: names and addresses, of the ranges kept for documentation, tests and private networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators.arrays.fixed_text import (
    DIGITS,
    HEX,
    LOWER,
    UPPER,
    FixedLengthTexts,
    beside,
    blocks,
    long_letters,
    spelled,
)
from sdgen.generators.base import Generator
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import Domain, Integers
from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.pools import Joined, Pool, encoded, own, text_array
from sdgen.generators.registry import register
from sdgen.generators.text_generator import ALL_TEXTS, TextGenerator, carried
from sdgen.scenario.types import INTEGERS, Type

_HOSTS = ("www.example.com", "example.com", "example.org", "example.net", "shop.example.com", "blog.example.org")


@cache
def _words(kind: str, before: str = "", after: str = "", capital: bool = False, lower: bool = False) -> pa.Array:
    words = [word.lower() if lower else word for word in own("words")[kind]]
    return text_array(before + (word.capitalize() if capital else word) + after for word in words)


@cache
def _slugs() -> pa.Array:
    """Two-word ends of addresses."""
    return text_array(f"{first}-{second}" for first in own("words")["adjectives"] for second in own("words")["devices"])


@cache
def _user_agents() -> pa.Array:
    """Browsers on systems, in the form each sends."""
    windows, mac = "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7"
    linux, phone = "X11; Linux x86_64", "Linux; Android 10; K"
    start, chromium = "Mozilla/5.0", "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0"
    webkit = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{0}"
    found = []
    for version in range(136, 144):
        chrome = chromium.format(version)
        found += [f"{start} ({system}) {chrome} Safari/537.36" for system in (windows, windows, mac, linux)]
        found += [f"{start} ({phone}) {chrome} Mobile Safari/537.36"] * 2
        found += [f"{start} ({system}) {chrome} Safari/537.36 Edg/{version}.0.0.0" for system in (windows, mac)]
    for version in range(138, 146):
        firefox = f"rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
        found += [f"{start} ({system}; {firefox}" for system in (windows, "Macintosh; Intel Mac OS X 10.15", linux)]
    for safari in ("17.6", "18.1", "18.3", "18.4", "18.5", "18.6"):
        iphone = f"iPhone; CPU iPhone OS {safari.replace('.', '_')} like Mac OS X"
        found.append(f"{start} ({mac}) {webkit.format(safari)} Safari/605.1.15")
        found += [f"{start} ({iphone}) {webkit.format(safari)} Mobile/15E148 Safari/604.1"]
    # Distinct, since a domain must hold no text twice.
    return text_array(dict.fromkeys(found))


_ADDRESSES: dict[str, Callable[[], Domain]] = {
    "internet.url": lambda: Joined(
        (text_array(f"https://{host}/" for host in _HOSTS), _words("nouns", after="/"), _slugs())
    ),
    "internet.domain_name": lambda: Joined(
        (_words("adjectives"), _words("nouns"), text_array([".example", ".example.com", ".example.org", ".test"]))
    ),
    "internet.slug": lambda: Joined((_words("adjectives"), _words("colors", "-", "-", lower=True), _words("nouns"))),
    "internet.hashtag": lambda: Joined((_words("adjectives", "#"), _words("nouns", capital=True))),
    "internet.user_agent": lambda: Pool(_user_agents()),
    # The second digit 2, 6, a or e marks a locally administered address of one card.
    "internet.mac": lambda: FixedLengthTexts((HEX, "26ae", *(":", HEX, HEX) * 5)),
}
_SAME = {
    "internet.uri": "internet.url",
    "internet.hostname": "internet.domain_name",
    "internet.mac_address": "internet.mac",
    "text.slug": "internet.slug",
}


@cache
def _address(name: str) -> Domain:
    return _ADDRESSES[_SAME.get(name, name)]()


@register(*_ADDRESSES, *_SAME)
class WebName(TextGenerator):
    """A name or address of its kind: `about` says what each name gives."""

    example: ClassVar[str] = "{generator: internet.url}"
    about: ClassVar[Mapping[str, str]] = {
        "internet.url": "A web address at a domain that nobody can own (RFC 2606).",
        "internet.domain_name": "A domain name that nobody can own (RFC 2606).",
        "internet.slug": "Three words with hyphens between, as at the end of a web address.",
        "internet.hashtag": "A hashtag of two words: #quietHarbour.",
        "internet.user_agent": "What a current browser sends as its name, on a computer or a phone.",
        "internet.mac": "A network card's address, locally administered, so that it is of no maker.",
    }

    def domain(self, facts: ColumnContext) -> Domain:
        return _address(self.called)


_PUBLIC = (
    "5 23 31 37 46 62 77 81 85 93 109 151 176 188 203 212 217 24 50 63 64 65 66 67 68 69 70 71 72 73 74 75 76 96 98"
)


@cache
def _v4(kind: str) -> Domain:
    octet, dotted = [str(number) for number in _OCTETS], [f"{number}." for number in _OCTETS]
    last, full = text_array(octet), text_array(dotted)
    if kind == "documentation":
        return Joined((text_array(["192.0.2.", "198.51.100.", "203.0.113."]), last))
    if kind == "private":
        return Joined((text_array(["10."]), full, full, last))
    # Without 0 and 255, which are usually a network's own address and its broadcast.
    return Joined((text_array(f"{first}." for first in _PUBLIC.split()), full, full, text_array(octet[1:255])))


_OCTETS = tuple(range(256))


@register("internet.ipv4", "internet.ip_v4")
class Ipv4(TextGenerator):
    """An IPv4 address."""

    example: ClassVar[str] = "{generator: internet.ipv4, params: {range: documentation}}"

    range: Literal["private", "documentation", "public"] = Field(
        default="private",
        description="10.0.0.0/8 (RFC 1918); the 768 addresses kept for examples (RFC 5737); or ones that may be real",
    )

    def domain(self, facts: ColumnContext) -> Domain:
        return _v4(self.range)


# Groups don't begin with 0, since RFC 5952 leaves leading zeros out.
_V6 = blocks((":", HEX[1:], HEX, HEX, HEX) * 6)


@register("internet.ipv6", "internet.ip_v6")
class Ipv6(TextGenerator):
    """An IPv6 address of 2001:db8::/32, kept for documentation (RFC 3849), in the form of RFC 5952."""

    example: ClassVar[str] = "{generator: internet.ipv6}"

    def capacity(self, facts: ColumnContext) -> int | None:
        return _V6[0].size

    def values(self, cells: ColumnBatch) -> pa.Array:
        return spelled(beside("2001:db8", long_letters(cells, _V6)))


_HASH = blocks(("./" + UPPER + LOWER + DIGITS,) * 53)


@register("internet.password_hash")
class PasswordHash(TextGenerator):
    """What a bcrypt hash of a password looks like; no password is known to match it."""

    example: ClassVar[str] = "{generator: internet.password_hash}"

    def capacity(self, facts: ColumnContext) -> int | None:
        return _HASH[0].size

    def values(self, cells: ColumnBatch) -> pa.Array:
        return spelled(beside("$2b$12$", long_letters(cells, _HASH)))


_STATUS = {
    200: 780,
    201: 40,
    202: 5,
    204: 35,
    301: 12,
    302: 18,
    304: 45,
    400: 12,
    401: 14,
    403: 8,
    404: 22,
    409: 2,
    422: 3,
    429: 3,
    500: 5,
    502: 2,
    503: 3,
    504: 1,
}
_METHODS = {"DELETE": 3, "GET": 70, "HEAD": 1, "OPTIONS": 3, "PATCH": 4, "POST": 15, "PUT": 4}


@cache
def _table(weights: tuple[float, ...]) -> AliasTable:
    return alias_table(weights)


@register("internet.http_status", "internet.http_status_code")
class HttpStatus(Generator):
    """An HTTP status code, with the shares of a healthy service."""

    fits: ClassVar[frozenset[str]] = INTEGERS | ALL_TEXTS
    example: ClassVar[str] = "{generator: internet.http_status}"

    def natural(self) -> Type:
        return Type("smallint")

    def values(self, cells: ColumnBatch) -> pa.Array:
        codes = np.array(list(_STATUS), dtype=np.int16)
        return pa.array(codes[_table(tuple(_STATUS.values())).pick(cells.draw())])


@register("internet.http_method")
class HttpMethod(TextGenerator):
    """An HTTP method, GET more than all others together."""

    fits: ClassVar[frozenset[str]] = ALL_TEXTS
    example: ClassVar[str] = "{generator: internet.http_method}"

    def arrow(self, type: Type) -> pa.DataType:
        return carried(type)

    def values(self, cells: ColumnBatch) -> pa.Array:
        return encoded(text_array(_METHODS), _table(tuple(_METHODS.values())).pick(cells.draw()))


@register("internet.port")
class Port(Generator):
    """A TCP or UDP port above the well-known ones: 1024 to 65535."""

    fits: ClassVar[frozenset[str]] = INTEGERS - {"tinyint", "utinyint", "smallint"}
    example: ClassVar[str] = "{generator: internet.port}"

    def natural(self) -> Type:
        return Type("int")

    def domain(self, facts: ColumnContext) -> Domain:
        return Integers(1024, 65_536 - 1024)
