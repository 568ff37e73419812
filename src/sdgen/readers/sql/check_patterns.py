"""Patterns of conditions as regular expressions of whole texts, and whether texts can be made of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sdgen.scenario.types import Type

_ANY = "[a-z]{0,6}"
_SOME = "[a-z]{3,8}"


def regex_of_like(text: str, any: str = _ANY, one: str = "[a-z]") -> str:
    """A LIKE pattern as a regular expression: `%` is a few letters, `_` is one."""
    parts = []
    letters = iter(text)
    for letter in letters:
        if letter == "\\":
            parts.append(re.escape(next(letters, "\\")))
        else:
            parts.append({"%": any, "_": one}.get(letter) or _escaped(letter))
    return "".join(parts)


def regex_of_glob(text: str, any: str = _ANY, one: str = "[a-z]") -> str:
    """A GLOB pattern of SQLite as a regular expression: `*` is a few letters, `?` is one, `[…]` a class."""
    parts = re.findall(r"\[\^?\]?[^\]]*\]|.", text, re.DOTALL)
    return "".join({"*": any, "?": one}.get(part) or (part if len(part) > 1 else _escaped(part)) for part in parts)


def regex_of_similar(text: str, any: str = _ANY, one: str = "[a-z]") -> str:
    """A pattern of SIMILAR TO as a regular expression: of the whole text, `%` is a few letters, `_` is one."""
    parts = re.findall(r"\\.|\[\^?\]?[^\]]*\]|.", text, re.DOTALL)
    found = ({"%": any, "_": one}.get(part) or (re.escape(part) if part in ".^$" else part) for part in parts)
    return "".join(found)


def _escaped(letter: str) -> str:
    return re.escape(letter) if letter in r"\.^$*+?{}[]|()" else letter


def whole_regex(text: str) -> str:
    """A search pattern as one for the whole text, with letters where it isn't anchored; "" where it can't be."""
    core = text.removeprefix("(?i)")
    before = "" if core.startswith(("^", r"\A")) else _SOME
    after = "" if (core.endswith("$") and not core.endswith(r"\$")) or core.endswith(r"\Z") else _SOME
    core = core.removeprefix("^").removeprefix(r"\A").removesuffix(r"\Z")
    if not after:
        core = core.removesuffix("$")
    if "|" in core and not re.fullmatch(r"\(.*\)", core):  # anchors bind tighter than alternatives
        return "" if before != after or (not before and "^" in core) else f"({core})"
    return f"{before}{core}{after}"


def can_make(regex: str, longest: int) -> bool:
    """Whether texts can be made of a regular expression, none longer than `longest` (0 for no limit)."""
    from pydantic import ValidationError

    from sdgen.generators import registry
    from sdgen.generators.base import ColumnContext

    facts = ColumnContext(0, "entity", "column", Type("string", length=longest), 1, datetime(2024, 1, 1, tzinfo=UTC))
    try:
        return not any(registry.make("pattern", {"regex": regex}).faults(facts))
    except (ValidationError, ValueError):
        return False


def shortest_match(regex: str) -> int:
    """The fewest characters a match can have; 0 where that isn't known."""
    from re import _parser  # type: ignore[attr-defined]

    try:
        return int(_parser.parse(regex).getwidth()[0])
    except re.error:
        return 0


_REPEATED = re.compile(r"(?<!\\)(?:[+*]|\{(\d+),\})(?![?+*])")


def longer_pattern(regex: str, shortest: int, longest: int) -> str:
    """The regular expression with more of what it repeats, so that its texts have a length; "" where that can't be."""
    missing = shortest - shortest_match(regex)
    if missing <= 0:
        return regex
    for found in _REPEATED.finditer(regex):
        least = int(found[1] or 0) + missing + (found[0] == "+")
        most = max(least, min(least + 8, longest or least + 8))
        longer = f"{regex[: found.start()]}{{{least},{most}}}{regex[found.end() :]}"
        if shortest_match(longer) >= shortest and can_make(longer, longest):
            return longer
    return ""
