"""`${NAME}` and `${file:/path}` in a target's texts: replaced where a run is performed, and never stored.

In the user part of a URL (`user:${PASSWORD}@host`) a value is taken as it is and encoded for the URL.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from sdgen.databases.urls import HIDDEN, SECRET_WORDS, SHORTEST, password_in, without_passwords_of_urls
from sdgen.errors import Problem, TargetError
from sdgen.execution.access import ANYTHING, Access

_PLACE = re.compile(r"\$\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# A reference such as ${file:/run/secret} may hold a slash, at which the user part would else seem to end.
_USER_PART = re.compile(r"^[a-z][\w+.-]*://(?:[^/?#@{}]|\$\{[^{}]*\})*@", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"^[a-z][\w+.-]*://[^/?#:]*:([^/?#]*)@", re.IGNORECASE)
_MOST_BYTES = 65_536


@dataclass(frozen=True)
class Expanded:
    """A text with its secrets in place, and the values that were put there."""

    text: str = field(repr=False)
    values: tuple[str, ...] = field(repr=False)


def expand(template: str, access: Access = ANYTHING) -> Expanded:
    """The text with every `${…}` replaced; TargetError with all that can't be."""
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for name in dict.fromkeys(_PLACE.findall(template)):
        try:
            values[name] = _value(name, access)
        except TargetError as error:
            problems += error.problems
    if problems:
        raise TargetError(problems)
    user_part = _USER_PART.match(template)
    end = user_part.end() if user_part else 0

    def replaced(match: re.Match[str]) -> str:
        value = values[match[1]]
        return quote(value, safe="") if match.start() < end else value

    return Expanded(_PLACE.sub(replaced, template), tuple(values.values()))


def secret_problems(template: str, access: Access = ANYTHING) -> Iterator[Problem]:
    """Why the secrets of a text can't be had, without their values."""
    try:
        expand(template, access)
    except TargetError as error:
        yield from error.problems


def secret_names(template: str) -> list[str]:
    """What stands in the `${…}` of a text."""
    return _PLACE.findall(template)


def texts_of(options: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """The texts inside options, however deep, each with its path."""
    if isinstance(options, Mapping):
        for name, value in options.items():
            yield from texts_of(value, (*path, str(name)))
    elif isinstance(options, str):
        yield path, options


def expand_options(options: Mapping[str, Any], access: Access = ANYTHING) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Options with every `${…}` in them replaced, and the values that were put there; TargetError as of `expand`."""
    values: list[str] = []

    def expanded(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: expanded(each) for name, each in value.items()}
        if not isinstance(value, str):
            return value
        found = expand(value, access)
        values.extend(found.values)
        return found.text

    return expanded(options), tuple(values)


def has_literal_password(template: str) -> bool:
    """Whether a password is written out in a URL, rather than as `${…}`."""
    written = _PLACE.sub("", template)
    found = _URL_PASSWORD.match(written)
    if found[1] if found and "${" in template else password_in(written):
        return True
    query = re.findall(r"[?&;]([\w.-]+)=([^&#]*)", template)
    return any(SECRET_WORD.fullmatch(name) and _PLACE.sub("", value) for name, value in query)


def _value(name: str, access: Access) -> str:
    if not access.allows_secret(name):
        what = f"${{{name}}} is not allowed in requests"
        raise TargetError(Problem(("target", "dsn"), what, "put the target into the folder of targets"))
    if name.startswith("file:"):
        return _of_file(name.removeprefix("file:"))
    if not _NAME.fullmatch(name):
        raise TargetError(
            Problem(("target", "dsn"), f"${{{name}}} is not the name of a variable", "${NAME} or ${file:/path}")
        )
    if name not in os.environ:
        raise TargetError(Problem(("target", "dsn"), f"the variable {name} is not set", f"export {name}=..."))
    return os.environ[name]


def _of_file(path: str) -> str:
    # Access is given by patterns such as file:/run/secrets/*, whose star stands for slashes and dots as well.
    if ".." in Path(path).parts:
        raise TargetError(Problem(("target", "dsn"), f"{path}: a secret's path may not hold .."))
    try:
        with open(path, "rb") as file:
            # Editors end a file with a line end, which is no part of a password.
            return file.read(_MOST_BYTES).decode().strip("\r\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise TargetError(Problem(("target", "dsn"), f"the secret {path} can't be read: {reason}")) from None


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
        # The longest first: of one that holds another, the rest would else stay readable.
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
    # A password with letters that should be encoded is split in the wrong place: it is found by its looks as well.
    written = [each for each in (password, password_in(destination)) if each]
    return tuple(dict.fromkeys([*written, *map(unquote, written), *filter(None, found)]))
