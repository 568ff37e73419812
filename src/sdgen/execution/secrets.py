"""`${NAME}` and `${file:/path}` in a target's texts: replaced where a run is performed, and never stored.

In the user part of a URL (`user:${PASSWORD}@host`) a value is taken as it is and encoded for the URL.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from sdgen.dialects.urls import password_in
from sdgen.errors import Problem, TargetError
from sdgen.execution.access import ANYTHING, Access
from sdgen.execution.redact import SECRET_WORD

_PLACE = re.compile(r"\$\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
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


def faults(template: str, access: Access = ANYTHING) -> Iterator[Problem]:
    """Why the secrets of a text can't be had, without their values."""
    try:
        expand(template, access)
    except TargetError as error:
        yield from error.problems


def names(template: str) -> list[str]:
    """What stands in the `${…}` of a text."""
    return _PLACE.findall(template)


def has_literal_password(template: str) -> bool:
    """Whether a password is written out in a URL, rather than as `${…}`."""
    written = _PLACE.sub("", template)
    found = _URL_PASSWORD.match(written)
    if found[1] if found and "${" in template else password_in(written):
        return True
    query = re.findall(r"[?&;]([\w-]+)=([^&#]*)", template)
    return any(SECRET_WORD.fullmatch(name) and _PLACE.sub("", value) for name, value in query)


def _value(name: str, access: Access) -> str:
    if not access.allows_secret(name):
        what = f"${{{name}}} may not be named here"
        raise TargetError(Problem(("target", "dsn"), what, "put the target into the folder of targets"))
    if name.startswith("file:"):
        return _of_file(name.removeprefix("file:"))
    if not _NAME.fullmatch(name):
        raise TargetError(
            Problem(("target", "dsn"), f"${{{name}}} is no name of a variable", "${NAME} or ${file:/path}")
        )
    if name not in os.environ:
        raise TargetError(Problem(("target", "dsn"), f"the variable {name} is not set", f"export {name}=..."))
    return os.environ[name]


def _of_file(path: str) -> str:
    if ".." in Path(path).parts:
        raise TargetError(Problem(("target", "dsn"), f"{path}: a secret's path may not hold .."))
    try:
        with open(path, "rb") as file:
            return file.read(_MOST_BYTES).decode().strip("\r\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise TargetError(Problem(("target", "dsn"), f"the secret {path} can't be read: {reason}")) from None
