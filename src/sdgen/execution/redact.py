"""Passwords out of texts: of URLs by their form, and of anything else by their value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from sdgen.dialects.urls import HIDDEN, SECRET_WORDS, SHORTEST, password_in, without_passwords_of_urls

_QUERY = re.compile(rf"([?&;](?:{SECRET_WORDS})=)[^&#\s]*", re.IGNORECASE)
_PAIR = re.compile(rf"\b((?:{SECRET_WORDS})\s*=\s*)('[^']*'|[^\s&;,'\"]+)", re.IGNORECASE)
SECRET_WORD = re.compile(SECRET_WORDS, re.IGNORECASE)


def without_passwords(text: str) -> str:
    """A text with `***` for whatever looks like a password in it: of URLs, and of pairs such as password=x."""
    shown = without_passwords_of_urls(text)
    return _PAIR.sub(rf"\1{HIDDEN}", _QUERY.sub(rf"\1{HIDDEN}", shown))


@dataclass(frozen=True)
class Redactor:
    """Hides secrets in any text: known ones wherever they stand, unknown ones where they look like passwords."""

    secrets: tuple[str, ...] = field(default=(), repr=False)

    def __call__(self, text: str) -> str:
        for secret in sorted(_spellings(self.secrets), key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return without_passwords(text)


def _spellings(secrets: Iterable[str]) -> set[str]:
    """Each secret as it may be spelled in a URL, a message, or a Python literal."""
    ways = (str, quote, quote_plus, unquote, lambda each: quote(each, safe=""), lambda each: repr(each)[1:-1])
    return {spelled for each in secrets for way in ways if len(spelled := way(each)) >= SHORTEST}


def passwords_of(destination: str) -> tuple[str, ...]:
    """The passwords that stand in a URL, however badly it is written."""
    pairs = parse_qsl(destination.partition("?")[2])
    try:
        password = urlsplit(destination).password or ""
    except ValueError:
        password = ""
    found = [value for name, value in pairs if SECRET_WORD.fullmatch(name)]
    written = [each for each in (password, password_in(destination)) if each]
    return tuple(dict.fromkeys([*written, *map(unquote, written), *filter(None, found)]))
