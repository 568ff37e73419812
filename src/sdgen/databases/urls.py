"""URLs of databases: taken apart and put together as text, so that what one leaves out stays left out.

`postgresql:///shop?host=/run` has no host before its path; the standard library's `urlunsplit` would lose its slashes.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

HIDDEN = "***"
SHORTEST = 4  # characters: shorter passwords are hidden in their place in URLs alone, as they would tear words apart

SECRET_WORDS = (
    r"password|passwd|pwd|pass|sslpassword|secret|token|secret_access_key|secret_key|session_token|access_key"
    r"|credential|s3\.secret-access-key|s3\.session-token|adls\.account-key|gcs\.oauth2\.token|aws_secret_access_key|aws_session_token|account_key|sas_token|connection_string|client_secret|refresh_token"
)

# A password may hold letters that it should not (`@`, `/`): it goes from the first colon to the last `@`, but for a
# port before a query, in which an `@` is one of a value.
_NO_PORT = r"(?!\d{1,5}(?:/[^@?#\s]*)?\?)"
_WHOLE = re.compile(rf"^([a-z][\w+.-]*://[^/?#:]*):{_NO_PORT}(.*)@", re.IGNORECASE | re.DOTALL)
# From the start of a word, and no further than a token is long, so that long texts take no square of time.
_INSIDE = re.compile(rf"(?<![\w+.-])([\w+.-]+://[^/?#:\s]{{0,255}}):{_NO_PORT}[^\s\"'<>]{{0,4096}}@", re.IGNORECASE)
_USER_PART = re.compile(r"^([a-z][\w+.-]*://)([^/?#]*)@", re.IGNORECASE)
_QUERY = re.compile(rf"([?&;](?:{SECRET_WORDS})=)[^&#]*", re.IGNORECASE)


def path_of(destination: str) -> Path:
    """The path of `duckdb:///relative`, `duckdb:////absolute` or of a path by itself."""
    _, separator, rest = destination.partition("://")
    return Path(unquote(rest.removeprefix("/"))) if separator else Path(destination)


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


def password_in(url: str) -> str:
    """The password of a URL as it is written, with whatever letters; "" where there is none."""
    found = _WHOLE.match(url)
    return found[2] if found else ""


def with_encoded_user(url: str) -> str:
    """A URL whose user and password have `%40` for `@`: drivers take the first `@` for the end of the password."""
    found = _USER_PART.match(url)
    if not found or "@" not in found[2]:
        return url
    return found[1] + found[2].replace("@", "%40") + url[found.end() - 1 :]


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
