"""URLs of databases: taken apart and put together as text, so that what one leaves out stays left out.

`postgresql:///shop?host=/run` has no host before its path; the standard library's `urlunsplit` would lose its slashes.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

HIDDEN = "***"
SHORTEST = 4  # characters: shorter passwords are hidden in their place in URLs alone, as they would tear words apart

SECRET_WORDS = (
    r"password|passwd|pwd|pass|sslpassword|secret|token|secret_access_key|secret_key|session_token|access_key"
)

_WHOLE = re.compile(r"^([a-z][\w+.-]*://[^/?#:@]*):[^/?#]*@", re.IGNORECASE)
_INSIDE = re.compile(r"([a-z][\w+.-]*://[^/?#:@\s]*):[^/?#\s]*@", re.IGNORECASE)
_QUERY = re.compile(rf"([?&;](?:{SECRET_WORDS})=)[^&#]*", re.IGNORECASE)


def without_schema(url: str) -> tuple[str, str]:
    """A URL without `?schema=`, which is sdgen's own and no driver's, and that schema ("" where none is named)."""
    place, _, query = url.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    schema = next((value for name, value in pairs if name == "schema"), "")
    rest = urlencode([pair for pair in pairs if pair[0] != "schema"])
    return "?".join(filter(None, (place, rest))), schema


def with_database(url: str, name: str) -> str:
    """A URL with another database."""
    place, mark, query = url.partition("?")
    parts = urlsplit(place)
    return f"{parts.scheme}://{parts.netloc}/{quote(name)}{mark}{query}"


def without_password(destination: str) -> str:
    """A URL with `***` for its password; anything else as it is."""
    return _QUERY.sub(rf"\1{HIDDEN}", _WHOLE.sub(rf"\1:{HIDDEN}@", destination))


def without_passwords_of_urls(text: str) -> str:
    """A text with `***` for the password before the host of each URL in it."""
    return _INSIDE.sub(rf"\1:{HIDDEN}@", text)


def without_password_of(url: str, text: str) -> str:
    """What a server or a driver says, without the password of its URL, however that is spelled."""
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        password = ""
    for secret in sorted({password, unquote(password)}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN) if len(secret) >= SHORTEST else text
    return without_passwords_of_urls(text)
