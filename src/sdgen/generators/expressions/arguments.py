"""What arguments of certain functions must be: memory stays bounded, and values are the same in every release."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from sdgen.generators.expressions.allowed import FORMATS, LENGTHS, LONGEST

if TYPE_CHECKING:
    from sqlglot import exp


class ArgumentRule(NamedTuple):
    """What an argument has to be: `the length` `must be …`, and what to write instead."""

    thing: str
    must: str
    hint: str = ""


_BAD_FORMAT = re.compile(r"\d{4,}|\*|\{[^}]*\{")
_CHARACTER = re.compile(r"(?<!%)(?:%%)*%[-+ #0,.\d]*c")
_ANCHORED = re.compile(r"(?<![\[\\])\^|\\[AbB]")
_GROUP = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]|(\((?!\?)|\(\?P?<)", re.DOTALL)
_REFERENCE = re.compile(r"\\(.?)", re.DOTALL)
_NO_DISTANCES = frozenset({"era", "epoch", "epoch_seconds", "timezone", "timezone_hour", "timezone_minute"})


def broken_rule(node: exp.Expr, name: str) -> ArgumentRule | None:
    """What an argument of a function should be and isn't; None where nothing is wrong."""
    demands = (check(node.expressions, name) for check in _CHECKS.get(name, ()))
    return next((demand for demand in demands if demand), None)


def _text(arguments: list[exp.Expr], place: int) -> str | None:
    """The plain text that an argument is, if it is one."""
    node = arguments[place] if place < len(arguments) else None
    return str(node.name) if type(node).__name__ == "Literal" and node is not None and node.is_string else None


def _length(arguments: list[exp.Expr], name: str) -> ArgumentRule | None:
    length = arguments[LENGTHS[name]] if len(arguments) > LENGTHS[name] else None
    plain = length is not None and type(length).__name__ == "Literal" and not length.is_string
    if plain and length is not None and length.name.isdigit() and int(length.name) <= LONGEST:
        return None
    return ArgumentRule("the length", f"must be a plain number, at most {LONGEST}")


def _format(arguments: list[exp.Expr], name: str) -> ArgumentRule | None:
    format = _text(arguments, 0)
    if format is None or _BAD_FORMAT.search(format):
        return ArgumentRule("the format", "must be a plain text with widths below 1000")
    if name == "printf" and _CHARACTER.search(format):
        return ArgumentRule("the format", "must do without %c, which not all DuckDBs have", "write chr(number)")
    return None


def _pattern(arguments: list[exp.Expr], name: str) -> ArgumentRule | None:
    """A pattern that isn't one is told before anything runs; pyarrow reads patterns by the library that DuckDB uses."""
    import pyarrow as pa
    import pyarrow.compute as pc

    pattern = _text(arguments, 1)
    try:
        pc.match_substring_regex(pa.array([""]), pattern or "")
    except ValueError:
        return ArgumentRule(
            "the pattern", "must be a regular expression", "of RE2: without lookaround and \\1 in the pattern"
        )
    return None


def _separators(arguments: list[exp.Expr], name: str) -> ArgumentRule | None:
    """Whether an anchor holds at the text's start alone, or at that of each rest, differs between releases."""
    pattern = _text(arguments, 1)
    if pattern and not _ANCHORED.search(pattern):
        return None
    must = r"must be a plain text, not empty, without ^, \A and \b"
    return ArgumentRule("the pattern", must, "string_split splits at a text")


def _replacement(arguments: list[exp.Expr], name: str) -> ArgumentRule | None:
    r"""References to groups that the pattern hasn't got are an error in some releases, and nothing in others."""
    pattern, replacement = _text(arguments, 1), _text(arguments, 2)
    if replacement is None:
        return None
    groups = sum(bool(match[1]) for match in _GROUP.finditer(pattern or ""))
    wrong = [found for found in _REFERENCE.findall(replacement) if not _is_reference(found, groups)]
    if not wrong:
        return None
    must = f"must not hold \\{wrong[0]}: the pattern has {groups} groups" if pattern else "must not refer to groups"
    return ArgumentRule("the replacement", must, r"\1 stands for the first (…) of a plain pattern, \\ for a backslash")


def _is_reference(character: str, groups: int) -> bool:
    return character == "\\" or (character.isdigit() and int(character) <= groups)


def _unit(arguments: list[exp.Expr], name: str) -> ArgumentRule | None:
    unit = _text(arguments, 0)
    if unit is not None and unit.lower() not in _NO_DISTANCES:
        return None
    return ArgumentRule("the unit", "must be a plain unit of time, such as 'day'")


_Check = Callable[["list[exp.Expr]", str], ArgumentRule | None]
_CHECKS: Mapping[str, tuple[_Check, ...]] = {
    **dict.fromkeys(LENGTHS, (_length,)),
    **dict.fromkeys(FORMATS, (_format,)),
    **dict.fromkeys(("regexp_matches", "regexp_full_match", "regexp_extract", "regexp_extract_all"), (_pattern,)),
    "regexp_split_to_array": (_pattern, _separators),
    "regexp_replace": (_pattern, _replacement),
    "date_sub": (_unit,),
}
