"""What comments say of a column's values: ranges, lists, codes. Real models put them there: "1-5", "0 = unknown"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sdgen.readers.moose.clicktypes import ClickType
from sdgen.readers.moose.tables import words_of
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import INTEGER_BITS, INTEGERS

_NUMBER = r"[-+−]?\d+(?:\.\d+)?"
_ITEM = r"""["'`]?[\w][\w .+&-]{0,38}["'`]?"""
_SHARES = (
    "score",
    "rate",
    "ratio",
    "average",
    "avg",
    "mean",
    "confidence",
    "probability",
    "percent",
    "weight",
    "rating",
)


@dataclass(frozen=True)
class Said:
    """A match in a comment, and the column it speaks of."""

    match: re.Match[str]
    type: ClickType
    name: str

    @property
    def kind(self) -> str:
        return self.type.type.kind


REGIONS = ("North America", "South America", "Europe", "Africa", "Asia", "Middle East", "Oceania")
Maker = Callable[[Said], GeneratorSpec | None]


def hinted(comment: str, type: ClickType, name: str) -> GeneratorSpec | None:
    """The generator that a comment asks for; None where it asks for none that is understood."""
    for pattern, make in _HINTS:
        for match in pattern.finditer(comment[:2000]):
            spec = make(Said(match, type, name))
            if spec is not None:
                return spec
    return None


def _range(said: Said) -> GeneratorSpec | None:
    """`1-5`, `0.0 to 1.0`; a range that is the type's own says nothing."""
    low, high = (Decimal(text.replace("−", "-").replace("+", "")) for text in said.match.group("low", "high"))
    if low >= high or said.kind not in INTEGERS | {"float", "double", "decimal"}:
        return None
    most = limits(said.kind)
    if most is not None and most[0] == low and most[1] == high:
        return None
    texts = said.match.group("low") + said.match.group("high")
    shares = any(word in words_of(said.name) for word in _SHARES) or high - low <= 1
    whole = said.kind == "double" and "number" not in said.type.marks and "." not in texts and not shares
    return between(said.kind, low, high, whole)


def _numbered(said: Said) -> GeneratorSpec | None:
    """`0 = unknown, 1 = yes`, `1 = state, -1 = cancel`: one of the numbers."""
    numbers = [int(text) for text in re.findall(r"(?<![\w.-])(-?\d+)\s*[=:]", said.match[0])]
    most = limits(said.kind) or (-(2**53), 2**53)
    if said.kind not in INTEGERS | {"double", "float"} or len(set(numbers)) < 2:
        return None
    fitting = [number for number in dict.fromkeys(numbers) if most[0] <= number <= most[1]]
    return _choice(fitting)


def _slashed(said: Said) -> GeneratorSpec | None:
    """`(0/1)`."""
    numbers = [int(text) for text in said.match[1].split("/")]
    return _choice(numbers) if said.kind in INTEGERS else None


def _counted(said: Said) -> GeneratorSpec | None:
    """`(256 clusters)`: numbered from 0."""
    count = int(said.match[1])
    return between(said.kind, Decimal(0), Decimal(count - 1)) if said.kind in INTEGERS and count > 1 else None


def _listed(said: Said) -> GeneratorSpec | None:
    """`Values: bronze, silver, gold`."""
    text = re.split(r"\.(?:\s|$)|\n\s*\n|;", said.match["list"])[0]
    return _words(said, re.split(r",|\||/|\bor\b|\band\b", text))


def _initials(said: Said) -> GeneratorSpec | None:
    """`M = male, F = female`."""
    return _words(said, re.findall(r"([A-Za-z]\w{0,3})\s*=", said.match[0]))


def _quoted(said: Said) -> GeneratorSpec | None:
    return _words(said, re.findall(r"""["'`]([^"'`]{1,40})["'`]""", said.match[0]))


def _examples(said: Said) -> GeneratorSpec | None:
    return _listed(said) if said.type.low_cardinality else None


def _words(said: Said, items: list[str]) -> GeneratorSpec | None:
    if said.type.word not in ("String",) or said.type.values:
        return None
    plain = [item.strip().strip("\"'`()[]").strip() for item in items]
    found = list(dict.fromkeys(item for item in plain if item and not re.match(r"etc\b|\.\.\.|e\.g", item)))
    fitting = [item for item in found if len(item.split()) <= 3 and len(item) <= 40 and re.search(r"\w", item)]
    return _choice(fitting) if len(fitting) >= 2 and len(fitting) == len(found) else None


def _choice(values: list[Any]) -> GeneratorSpec | None:
    return GeneratorSpec(type="choice", params={"values": values}) if len(values) >= 2 else None


def _angle(said: Said) -> GeneratorSpec | None:
    return between(said.kind, Decimal(-60), Decimal(60)) if said.kind in ("float", "double", "decimal") else None


_WIDTHS = (640, 800, 1024, 1280, 1600, 1920, 2048, 2560, 3000, 3840, 4000, 5472, 6000)
_HEIGHTS = (480, 600, 768, 853, 1067, 1080, 1365, 1707, 2000, 2160, 2667, 3648, 4000)


def _pixels(said: Said) -> GeneratorSpec | None:
    most = limits(said.kind)
    sizes = _HEIGHTS if "height" in words_of(said.name) else _WIDTHS
    fits = said.kind == "double" or (most is not None and most[1] >= sizes[-1])
    return _choice(list(sizes)) if fits and {"width", "height"} & set(words_of(said.name)) else None


# What numbers in a unit are like, from and to.
_UNITS: tuple[tuple[str, int, int], ...] = (
    (r"feet ?(?:/|per) ?min(?:ute)?", -2500, 2500),
    (r"feet", 0, 41_000),
    (r"knots", 0, 520),
    (r"h[Pp]a|millibars", 985, 1035),
    (r"bpm|beats per minute", 48, 185),
    (r"(?:degrees |° ?)(?:[Cc]elsius|C)", -10, 35),
    (r"(?:degrees |° ?)(?:[Ff]ahrenheit|F)", 14, 95),
    (r"degrees", 0, 360),
    (r"dBFS?", -48, -2),
)


def _unit(said: Said) -> GeneratorSpec | None:
    """Numbers in a unit; places on earth and shares have rules of their own."""
    if {"lat", "lon", "lng", "latitude", "longitude"} & set(words_of(said.name)):
        return None
    found = next((unit for unit in _UNITS if re.fullmatch(unit[0], said.match[1])), None)
    if found is None or said.kind not in INTEGERS | {"float", "double", "decimal"}:
        return None
    spec = between(said.kind, Decimal(found[1]), Decimal(found[2]))
    if spec is None or spec.type != "uniform_float":
        return spec
    return GeneratorSpec(type=spec.type, params={**spec.params, "precision": 1})


def _digits(said: Said) -> GeneratorSpec | None:
    """`6 hex digits`."""
    letters = {"hex": "[0-9a-f]", "hexadecimal": "[0-9a-f]", "octal": "[0-7]", "decimal": "[0-9]"}
    count = int(said.match[1])
    if said.type.word != "String" or said.type.values or not 0 < count <= 128:
        return None
    return GeneratorSpec(type="pattern", params={"regex": f"{letters[said.match[2].lower()]}{{{count}}}"})


def _region(said: Said) -> GeneratorSpec | None:
    return _choice(list(REGIONS)) if said.type.word == "String" and not said.type.values else None


def _epoch(said: Said) -> GeneratorSpec | None:
    if said.kind not in ("bigint", "ubigint", "double", "int", "uint"):
        return None
    unit = "ms" if re.search(r"\bmilli|\bms\b", said.match.string, re.IGNORECASE) else "s"
    return GeneratorSpec(type="epoch", params={"unit": unit} if unit != "s" else {})


def _text(generator: str, **params: Any) -> Maker:
    def make(said: Said) -> GeneratorSpec | None:
        fits = said.type.word == "String" and not said.type.values
        return GeneratorSpec(type=generator, params=params) if fits else None

    return make


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_HINTS: tuple[tuple[re.Pattern[str], Maker], ...] = (
    (_pattern(r"\biso[- ]?3166(?:-1)?[- ](?:alpha-)?3\b|three[- ]letter country"), lambda said: None),
    (_pattern(r"\biso[- ]?3166|\biso country|two[- ]letter country"), _text("address.country_code", country="world")),
    (_pattern(r"\biso[- ]?4217|\biso currency"), _text("finance.currency_code")),
    (_pattern(r"\be\.164\b"), _text("pattern", regex=r"\+1[2-9][0-9]{2}555[0-9]{4}")),
    (_pattern(r"\biso[- ]?8601\b"), lambda said: None),
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
    (re.compile(r"(?:\b|(?=°))(" + "|".join(unit for unit, _, _ in _UNITS) + r")(?!\w)"), _unit),
)


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
