"""URLs of databases: taken apart and put together as text, so that what one leaves out stays left out.

`postgresql:///shop?host=/run` has no host before its path; the standard library's `urlunsplit` would lose its slashes.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode, urlsplit


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
