"""Patterns of conditions (LIKE, GLOB, SIMILAR TO, POSIX) as regular expressions of whole texts.

And whether texts can be made of them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sdgen.generators.patterns.syntax import shorter_pattern
from sdgen.scenario.types import Type

_ANY = "[a-z]{0,6}"
_SOME = "[a-z]{3,8}"
EVERYTHING, ANY_LETTER = "[\\s\\S]*", "[\\s\\S]"  # what is found, and not made


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


def regex_of_classed_like(text: str, any: str = _ANY, one: str = "[a-z]") -> str:
    """A LIKE pattern of SQL Server, which has classes too: `[A-Z]`, `[^0-9]`, and `[%]` for a plain letter."""
    parts = re.findall(r"\[\^?\]?[^\]]*\]|.", text, re.DOTALL)
    return "".join({"%": any, "_": one}.get(part) or (part if len(part) > 1 else _escaped(part)) for part in parts)


def regex_of_glob(text: str, any: str = _ANY, one: str = "[a-z]") -> str:
    """A GLOB pattern of SQLite as a regular expression: `*` is a few letters, `?` is one, `[…]` a class."""
    # A `]` that comes first in a class is one of its letters.
    parts = re.findall(r"\[\^?\]?[^\]]*\]|.", text, re.DOTALL)
    return "".join({"*": any, "?": one}.get(part) or (part if len(part) > 1 else _escaped(part)) for part in parts)


def regex_of_similar(text: str, any: str = _ANY, one: str = "[a-z]") -> str:
    """A pattern of SIMILAR TO as a regular expression: of the whole text, `%` is a few letters, `_` is one."""
    parts = re.findall(r"\\.|\[\^?\]?[^\]]*\]|.", text, re.DOTALL)
    # SIMILAR TO knows alternatives, repetition and classes, but to it a point and the anchors are plain letters.
    found = ({"%": any, "_": one}.get(part) or (re.escape(part) if part in ".^$" else part) for part in parts)
    return "".join(found)


def _escaped(letter: str) -> str:
    return re.escape(letter) if letter in r"\.^$*+?{}[]|()" else letter


# Classes that a regular expression may name within brackets, as POSIX has them, for ASCII.
_POSIX = {
    "alpha": "A-Za-z",
    "digit": "0-9",
    "alnum": "A-Za-z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "word": r"\w",
}
_CLASS = re.compile(r"\[:(\w+):\]")
_SET = re.compile(r"\\.|(\[\^?\]?)((?:\\.|[^\]\\])*)\]", re.DOTALL)
_DOUBTFUL = re.compile(r"(?<!\\)\[|(?<=-)-|(?<=&)&|(?<=\|)\||(?<=~)~")


def with_plain_classes(regex: str) -> str:
    """A regular expression whose classes such as [:alpha:] are written out.

    A bracket in a class, and signs that stand twice, get a backslash: Python warns that it may read them otherwise.
    """
    plain = _CLASS.sub(lambda match: _POSIX.get(match[1].lower(), match[0]), regex)
    return _SET.sub(lambda found: found[1] + _DOUBTFUL.sub(r"\\\g<0>", found[2]) + "]" if found[2] else found[0], plain)


def whole_regex(text: str) -> str:
    """A search pattern as one for the whole text, with letters where it isn't anchored; "" where it can't be."""
    # A regular expression of a CHECK is found anywhere in the text, the generator's describes all of it.
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
    from sdgen.generators.column_batch import ColumnContext

    facts = ColumnContext(0, "entity", "column", Type("string", length=longest), 1, datetime(2024, 1, 1, tzinfo=UTC))
    try:
        # The generator itself is asked, so that what is told here can't differ from what a plan refuses.
        return not any(registry.make("pattern", {"regex": regex}).faults(facts))
    except (ValidationError, ValueError):
        return False


def fitting_pattern(regex: str, longest: int) -> str:
    """The regular expression, with fewer repeats where texts would be too long; "" where none can be made of it."""
    if can_make(regex, longest):
        return regex
    if not longest or not can_make(regex, 0):
        return ""
    shorter = shorter_pattern(regex, longest)
    return shorter if shorter and can_make(shorter, longest) else ""


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
