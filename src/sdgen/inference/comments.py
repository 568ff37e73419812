"""What comments say of a column's values: ranges, lists, codes. Real models put them there: "1-5", "0 = unknown"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from sdgen.inference.rule_files import conventions
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import INTEGER_BITS, INTEGERS

_NUMBER = r"[-+−]?\d+(?:\.\d+)?"
_LONGEST = 2000  # characters of a comment that are looked at
_ITEM = r"""["'`]?[\w][\w .+&-]{0,38}["'`]?"""


@dataclass(frozen=True)
class CommentedColumn:
    """A column that a comment speaks of.

    text: it holds texts whose values aren't known yet. few: it says of itself that its texts are few. any_number: its
    language has one type of numbers, so that it may be a whole one.
    """

    words: tuple[str, ...]
    kind: str
    text: bool = False
    few: bool = False
    any_number: bool = False


@dataclass(frozen=True)
class CommentMatch(CommentedColumn):
    """The same with what was found in the comment."""

    match: re.Match[str] = field(kw_only=True)


Maker = Callable[[CommentMatch], GeneratorSpec | None]


def by_comment(comment: str, column: CommentedColumn) -> GeneratorSpec | None:
    """The generator that a comment asks for; None where it asks for none that is understood."""
    for pattern, make in _hints():
        for match in pattern.finditer(comment[:_LONGEST]):
            spec = make(CommentMatch(**vars(column), match=match))
            if spec is not None:
                return spec
    return None


def _range(hint: CommentMatch) -> GeneratorSpec | None:
    """`1-5`, `0.0 to 1.0`; a range that is the type's own says nothing."""
    low, high = (Decimal(text.replace("−", "-").replace("+", "")) for text in hint.match.group("low", "high"))
    if low >= high or hint.kind not in INTEGERS | {"float", "double", "decimal"}:
        return None
    most = limits(hint.kind)
    if most is not None and most[0] == low and most[1] == high:
        return None
    texts = hint.match.group("low") + hint.match.group("high")
    shares = any(word in hint.words for word in conventions()["shares"]) or high - low <= 1
    whole = hint.kind == "double" and hint.any_number and "." not in texts and not shares
    return between(hint.kind, low, high, whole)


def _numbered(hint: CommentMatch) -> GeneratorSpec | None:
    """`0 = unknown, 1 = yes`, `1 = state, -1 = cancel`: one of the numbers."""
    numbers = [int(text) for text in re.findall(r"(?<![\w.-])(-?\d+)\s*[=:]", hint.match[0])]
    most = limits(hint.kind) or (-(2**53), 2**53)
    if hint.kind not in INTEGERS | {"double", "float"} or len(set(numbers)) < 2:
        return None
    fitting = [number for number in dict.fromkeys(numbers) if most[0] <= number <= most[1]]
    return _choice(fitting)


def _slashed(hint: CommentMatch) -> GeneratorSpec | None:
    """`(0/1)`."""
    numbers = [int(text) for text in hint.match[1].split("/")]
    return _choice(numbers) if hint.kind in INTEGERS else None


def _counted(hint: CommentMatch) -> GeneratorSpec | None:
    """`(256 clusters)`: numbered from 0."""
    count = int(hint.match[1])
    return between(hint.kind, Decimal(0), Decimal(count - 1)) if hint.kind in INTEGERS and count > 1 else None


def _listed(hint: CommentMatch) -> GeneratorSpec | None:
    """`Values: bronze, silver, gold`."""
    text = re.split(r"\.(?:\s|$)|\n\s*\n|;", hint.match["list"])[0]
    return _words(hint, re.split(r",|\||/|\bor\b|\band\b", text))


def _initials(hint: CommentMatch) -> GeneratorSpec | None:
    """`M = male, F = female`."""
    return _words(hint, re.findall(r"([A-Za-z]\w{0,3})\s*=", hint.match[0]))


def _quoted(hint: CommentMatch) -> GeneratorSpec | None:
    return _words(hint, re.findall(r"""["'`]([^"'`]{1,40})["'`]""", hint.match[0]))


def _examples(hint: CommentMatch) -> GeneratorSpec | None:
    return _listed(hint) if hint.few else None


def _words(hint: CommentMatch, items: list[str]) -> GeneratorSpec | None:
    if not hint.text:
        return None
    plain = [item.strip().strip("\"'`()[]").strip() for item in items]
    found = list(dict.fromkeys(item for item in plain if item and not re.match(r"etc\b|\.\.\.|e\.g", item)))
    fitting = [item for item in found if len(item.split()) <= 3 and len(item) <= 40 and re.search(r"\w", item)]
    # Where one item is no value, the text is a sentence that only looks like a list.
    return _choice(fitting) if len(fitting) >= 2 and len(fitting) == len(found) else None


def _choice(values: list[Any]) -> GeneratorSpec | None:
    return GeneratorSpec(type="choice", params={"values": values}) if len(values) >= 2 else None


def _angle(hint: CommentMatch) -> GeneratorSpec | None:
    return between(hint.kind, Decimal(-60), Decimal(60)) if hint.kind in ("float", "double", "decimal") else None


def _pixels(hint: CommentMatch) -> GeneratorSpec | None:
    side = next((each for each in ("height", "width") if each in hint.words), "")
    sizes = conventions()["pixels"].get(side, ())
    most = limits(hint.kind)
    holds = hint.kind == "double" or (most is not None and side and most[1] >= sizes[-1])
    return _choice(list(sizes)) if side and holds else None


def _unit(hint: CommentMatch) -> GeneratorSpec | None:
    """Numbers in a unit; places on earth and shares have rules of their own."""
    if {"lat", "lon", "lng", "latitude", "longitude"} & set(hint.words):
        return None
    unit = next((each for each in conventions()["units"] if re.fullmatch(each["unit"], hint.match[1])), None)
    if unit is None or hint.kind not in INTEGERS | {"float", "double", "decimal"}:
        return None
    spec = between(hint.kind, Decimal(unit["min"]), Decimal(unit["max"]))
    if spec is None or spec.type != "uniform_float":
        return spec
    return GeneratorSpec(type=spec.type, params={**spec.params, "precision": 1})


def _digits(hint: CommentMatch) -> GeneratorSpec | None:
    """`6 hex digits`."""
    letters = {"hex": "[0-9a-f]", "hexadecimal": "[0-9a-f]", "octal": "[0-7]", "decimal": "[0-9]"}
    count = int(hint.match[1])
    if not hint.text or not 0 < count <= 128:
        return None
    return GeneratorSpec(type="pattern", params={"regex": f"{letters[hint.match[2].lower()]}{{{count}}}"})


def _region(hint: CommentMatch) -> GeneratorSpec | None:
    return _choice(list(conventions()["names"]["region"])) if hint.text else None


def _epoch(hint: CommentMatch) -> GeneratorSpec | None:
    if hint.kind not in ("bigint", "ubigint", "double", "int", "uint"):
        return None
    unit = "ms" if re.search(r"\bmilli|\bms\b", hint.match.string, re.IGNORECASE) else "s"
    return GeneratorSpec(type="epoch", params={"unit": unit} if unit != "s" else {})


def _coded(code: Mapping[str, Any]) -> Maker:
    def make(hint: CommentMatch) -> GeneratorSpec | None:
        known = hint.text and code["generator"]
        return GeneratorSpec(type=code["generator"], params=code.get("params", {})) if known else None

    return make


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


# What speaks of values outright comes before what only looks like a range or a list: `ISO 3166-1` is no range.
_FORMS: tuple[tuple[re.Pattern[str], Maker], ...] = (
    (_pattern(r"(?:(?<![\w.-])-?\d+\s*[=:]\s*[a-z][^,;\n]*[,;\n]?\s*){2,12}"), _numbered),
    (_pattern(r"\((-?\d+(?:/-?\d+){1,8})\)"), _slashed),
    (_pattern(r"\b(\d{1,6}) (?:clusters|categories|classes|groups|buckets|levels|bins|tiers)\b"), _counted),
    (
        _pattern(rf"\bbetween\s+(?P<low>{_NUMBER})\s+and\s+(?P<high>{_NUMBER})"),
        _range,
    ),
    (
        _pattern(
            rf"(?<![\w.:/#])(?<!iso )(?P<low>{_NUMBER})\s*(?:-|–|—|\.\.\.?|\bto\b|\bthrough\b)\s*"
            rf"(?P<high>{_NUMBER})(?![\w.]|\s*[-:/]\s*\d)(?!\.\d)"
        ),
        _range,
    ),
    (
        _pattern(
            r"\b(?:(?:allowed |possible |valid )?values(?: are)?|one of|options(?: are)?|either)\b\s*:?\s*"
            rf"(?P<list>{_ITEM}(?:\s*(?:,|\||/|\bor\b|\band\b)\s*(?:or |and )?{_ITEM})+)"
        ),
        _listed,
    ),
    (
        _pattern(
            r"""(?<!e\.g\. )(?<!e\.g\., )["'`][^"'`\n]{1,40}["'`]"""
            r"""(?:\s*(?:,|\||/|\bor\b)\s*(?:or )?["'`][^"'`\n]{1,40}["'`])+"""
        ),
        _quoted,
    ),
    (re.compile(r"(?:\b[A-Za-z]\w{0,3}\s*=\s*[a-z][\w ]*[,;]?\s*){2,12}"), _initials),
    (_pattern(rf"\b(?:e\.g\.,?|such as|like)\s+(?P<list>{_ITEM}(?:\s*,\s*(?:or |and )?{_ITEM})+)"), _examples),
    (_pattern(r"\b(?:yaw|pitch|roll) angle"), _angle),
    (_pattern(r"\bpixels?\b"), _pixels),
    (_pattern(r"\bgeographic(?:al)? region"), _region),
    (_pattern(r"\b(\d{1,3})[- ](hex|hexadecimal|octal|decimal) (?:digits|characters|chars)\b"), _digits),
    (_pattern(r"\b(?:unix|epoch)\b|\b(?:milli)?seconds since\b"), _epoch),
)


@cache
def _hints() -> tuple[tuple[re.Pattern[str], Maker], ...]:
    """All that comments are searched for, in its order."""
    codes = ((_pattern(code["comment"]), _coded(code)) for code in conventions()["codes"])
    units = "|".join(each["unit"] for each in conventions()["units"])
    return (*codes, *_FORMS, (re.compile(rf"(?:\b|(?=°))({units})(?!\w)"), _unit))


def limits(kind: str) -> tuple[int, int] | None:
    """The least and the greatest number of a whole-number type."""
    if kind not in INTEGERS:
        return None
    bits = INTEGER_BITS[kind.removeprefix("u") if kind not in INTEGER_BITS else kind]
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if kind in INTEGER_BITS else (0, 2**bits - 1)


def between(kind: str, low: Decimal, high: Decimal, whole: bool = False) -> GeneratorSpec | None:
    """Numbers of a type within a range; None where it holds none of them."""
    most = limits(kind)
    if most is not None:
        low, high = max(low, Decimal(most[0])), min(high, Decimal(most[1]))
        if low > high or low != int(low) or high != int(high):
            return None
    if most is not None or whole:
        return GeneratorSpec(type="uniform_int", params={"min": int(low), "max": int(high)})
    if kind == "decimal":
        return GeneratorSpec(type="decimal", params={"min": _plain(low), "max": _plain(high)})
    places = 4 if high - low <= 1 else 3 if high - low <= 10 else 2
    return GeneratorSpec(type="uniform_float", params={"min": _plain(low), "max": _plain(high), "precision": places})


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)
