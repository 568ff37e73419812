"""Kinds of values, and whether a column's values fit one: all but a few do (fits), they are of the kind but strange
(odd), or a reader would laugh (wrong)."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

AS_OF = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ENOUGH = 0.95  # the share of values that must fit
_RANGE = re.compile(r"(-?[\d.]+)\.\.(-?[\d.]+)")
_CODE = re.compile(r"[A-Z]{2,3}-?\d{2,6}|[A-Z0-9]{3,4}")
_BOUGHT = re.compile(
    r"\b(?:arrived|bought|would buy|this product|my order|ordered|refund|delivery|shipping|parcel)\b", re.I
)
_TEXTS = frozenset(
    {"label", "words", "prose", "unit", "job", "city", "company", "product", "username", "key", "ref", "ident"}
)
# What is said of types that nothing is known of.
_ANY_TYPE = frozenset({"standard", "premium", "basic", "custom", "internal", "A", "B", "C", "D"})
_SHOPS = frozenset({"commerce", "logistics", "content", "crm", "social", "accounting"})
_HOURS = r"(?:[01]?\d|2\d):[0-5]\d(?::[0-5]\d)?(?:\.\d+)?(?: ?[AaPp][Mm])?"

Test = Callable[[Any], bool]


def verdict(kind: str, args: str, values: Sequence[Any], vertical: str) -> str:
    """fits, odd or wrong; a column without values fits."""
    known = [value for value in values if value is not None]
    if not known:
        return "fits"
    if kind in _TEXTS and _random_words(known):
        return "wrong"
    if _share(_test(kind, args), known) >= ENOUGH:
        texts = [str(value) for value in known]
        if kind == "label" and _ANY_TYPE.issuperset(texts):
            return "odd"
        if kind in _TEXTS and _placeholders(texts):
            return "odd"
        foreign = kind == "prose" and vertical not in _SHOPS and _share(_is(_BOUGHT), texts) > 0.3
        return "odd" if foreign else "fits"
    return "odd" if _share(_loose(kind, args), known) >= ENOUGH else "wrong"


def _share(test: Test, values: Sequence[Any]) -> float:
    return sum(map(test, values)) / len(values)


def _is(pattern: re.Pattern[str]) -> Test:
    return lambda value: pattern.search(value) is not None


@cache
def _word_lists() -> dict[str, list[str]]:
    return json.loads(files("sdgen").joinpath("data/words.json").read_text("utf-8"))


@cache
def _fillers() -> frozenset[str]:
    lists = _word_lists()
    return frozenset(word for key in ("adjectives", "nouns", "verbs", "adverbs") for word in lists[key])


@cache
def _first_names() -> frozenset[str]:
    people = json.loads(files("sdgen").joinpath("data/people.json").read_text("utf-8"))
    listed = [one for key in ("female", "male") for one in people[key]]
    return frozenset(one if isinstance(one, str) else one[0] for one in listed)


def is_filler(value: str) -> bool:
    """Whether a text is three words or more that mean nothing together, in lower case."""
    words = value.split()
    return 3 <= len(words) <= 4 and all(word in _fillers() for word in words)


def _random_words(values: Sequence[Any]) -> bool:
    """Whether texts are many words, alone or two together, that mean nothing."""
    texts = {value for value in values if isinstance(value, str) and value}
    drawn = [text for text in texts if all(word in _fillers() for word in text.lower().split())]
    return len(texts) > 12 and len(drawn) > 0.8 * len(texts)


def _placeholders(texts: Sequence[str]) -> bool:
    """Whether texts only say what their column is called, and a letter: nothing was known of it."""
    heads = {text[:-2] for text in texts if re.fullmatch(r".* [A-H]", text)}
    return len(heads) == 1 and len(set(texts)) > 4 and all(re.fullmatch(r".* [A-H]", text) for text in texts)


def is_person(value: str) -> bool:
    words = value.split()
    named = 2 <= len(words) <= 3 and words[0] in _first_names() and all(word[:1].isupper() for word in words)
    return named and words[-1] not in ("County", "Parish")


def _is_company(value: str) -> bool:
    return re.search(r"\b(?:Inc|Ltd|LLC|Co|Corp|Group|GmbH|PLC|Partners|Holdings)\b\.?$", value) is not None


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and not is_filler(value)


def _words(value: Any) -> bool:
    return _text(value) and not re.fullmatch(r"[A-Z]{3}-\d{5}|[A-Z]{3}\d{6}|[A-Z]{3}\d{4}", value)


def _label(value: Any) -> bool:
    return (
        _words(value)
        and len(value) <= 120
        and not is_person(value)
        and not _is_company(value)
        and not re.search(r"@|https?://", value)
        and not re.fullmatch(r"[0-9a-f]{12,}|\d{5,}|[\w-]{20,}", value)
    )


def _prose(value: Any) -> bool:
    return _text(value) and not is_person(value) and (" " in value or len(value) > 3) and not _CODE.fullmatch(value)


def _titled(value: Any) -> bool:
    return _words(value) and not re.search(r"\d|@", value) and len(value) <= 60


def _first(value: Any) -> bool:
    return isinstance(value, str) and value.split()[0] in _first_names()


def _last(value: Any) -> bool:
    return isinstance(value, str) and value[:1].isupper() and len(value.split()) <= 2 and not re.search(r"\d", value)


def _drug(value: Any) -> bool:
    ends = r"(?i)[a-z]+(?:in|ol|ide|ine|one|ate|am|il|an|en|pin|ril|cin|um|ir|mab|ole|ax|ex|or|ix|is|ra|ya)\b"
    return _label(value) and re.match(ends, value) is not None


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return float(value)
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _between(low: float, high: float, whole: bool = False) -> Test:
    def test(value: Any) -> bool:
        number = _number(value)
        return number is not None and low <= number <= high and not (whole and number != int(number))

    return test


def _bounds(args: str, usual: tuple[float, float]) -> tuple[float, float]:
    match = _RANGE.search(args)
    return (float(match[1]), float(match[2])) if match else usual


def _moment(value: Any) -> dt.datetime | None:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC) if isinstance(value, dt.date) else None


def _within(first: int, last: dt.datetime) -> Test:
    def test(value: Any) -> bool:
        moment = _moment(value)
        return moment is not None and first <= moment.year and moment <= last

    return test


def _flag(value: Any) -> bool:
    return value in (True, False, 0, 1) or str(value).lower() in {
        "y",
        "n",
        "yes",
        "no",
        "t",
        "f",
        "true",
        "false",
        "0",
        "1",
    }


def _matches(pattern: str) -> Test:
    regex = re.compile(pattern)
    return lambda value: regex.fullmatch(str(value)) is not None


def _folded(value: Any) -> str:
    return re.sub(r"[^a-z0-9+]+", "", str(value).lower())


def _one_of(args: str) -> Test:
    listed = {_folded(one) for one in args.split("|")}
    return lambda value: _folded(value) in listed


_LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
_URL = r"(?:https?|wss?|ftp)://\S+|[a-z0-9.-]+\.[a-z]{2,}(?:/\S*)?|/\S*"
_TESTS: dict[str, Test] = {
    "id": lambda value: True,
    "ref": lambda value: not (isinstance(value, str) and is_filler(value)),
    "uuid": _matches(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"),
    "token": _matches(r"[\w.~+/=:$,\"-]{6,}"),
    "first": _first,
    "last": _last,
    "person": lambda value: (
        isinstance(value, str) and (is_person(value) or is_person(" ".join(value.split(", ")[::-1])))
    ),
    "username": lambda value: _matches(r"[\w.@+\\-]{3,}")(value) and not is_filler(str(value)),
    "email": _matches(r"[^@\s]+@[^@\s]+\.[a-z]+"),
    "phone": _matches(r"[+(]?\d[\d ().x+-]{5,}"),
    "gender": _matches(r"(?i)m|f|x|u|o|male|female|other|non-?binary|unknown|[0-2]"),
    "birth": _within(1900, AS_OF),
    "company": lambda value: _words(value) and value[:1].isupper(),
    "product": lambda value: _words(value) and not re.search(r"@|//", value),
    "job": lambda value: _titled(value) and not is_person(value),
    "city": _titled,
    "state": _titled,
    "country": _titled,
    "cc": _matches(r"[A-Za-z]{2,3}"),
    "postal": _matches(r"[A-Z0-9][A-Z0-9 -]{2,9}"),
    "street": lambda value: _text(value) and re.search(r"\d", value) is not None and " " in value,
    "url": _matches(_URL),
    "domain": _matches(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+"),
    "ip": _matches(r"(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f:]{6,}"),
    "mac": _matches(r"(?i)(?:[0-9a-f]{2}[:-]?){5}[0-9a-f]{2}"),
    "ua": _matches(r"(?:Mozilla|curl|python|okhttp|Opera|PostmanRuntime|Go-http)\S*.*"),
    "path": _matches(r"(?:[A-Za-z]:)?[\w./\\ @+-]*[/\\.][\w./\\ @+-]+|" + _URL),
    "file": _matches(r"[\w ()+-]+\.[a-z0-9]{2,5}"),
    "mime": _matches(r"[a-z]+/[\w.+-]+"),
    "slug": lambda value: _matches(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")(value),
    "lang": _matches(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?|[A-Z]{2}|[A-Z][a-z]+"),
    "locale": _matches(r"[a-z]{2}(?:[-_][A-Z]{2})?"),
    "tz": _matches(r"[A-Z][A-Za-z]+(?:/[\w+-]+)+|UTC|GMT|[A-Z]{3,4}"),
    "currency": _matches(r"[A-Z]{3}"),
    "version": _matches(r"v?\d+(?:\.\d+){0,3}(?:[-+.]\w+)*"),
    "unit": lambda value: _text(value) and len(value) <= 12 and not _CODE.fullmatch(value),
    "clock": lambda value: isinstance(value, dt.time) or _matches(_HOURS)(value),
    "flag": _flag,
    "label": _label,
    "prose": _prose,
    "words": _words,
    "ident": lambda value: _matches(r"[\w./# -]*[A-Z0-9][\w./# -]*|[0-9a-f-]+|[a-z0-9_-]*\d[a-z0-9_-]*")(value),
    "key": _matches(r"[A-Za-z0-9]+(?:[_.:/-][A-Za-z0-9]+)*"),
    "drug": _drug,
    "medcode": _matches(r"[A-Z]?\d[0-9A-Z]{1,4}(?:\.[0-9A-Z]{1,4})?(?:-\d)?"),
    "past": _within(1900, AS_OF),
    "when": _within(1900, _LATER),
    "e7": lambda value: _number(value) is not None and 10_000_000 <= abs(_number(value) or 0) <= 1_800_000_000,
    "epoch": lambda value: _between(0, AS_OF.timestamp() * 1.15, True)(value) and (value == 0 or float(value) > 5e8),
    "epochms": _between(5e11, AS_OF.timestamp() * 1150, True),
    "instant": lambda value: _TESTS["epoch"](value) or _TESTS["epochms"](value),  # the name doesn't say the unit
}
_LIMITS: dict[str, tuple[float, float, bool]] = {
    "int": (0, 1e6, True),
    "year": (1900, 2035, True),
    "num": (-1e6, 1e6, False),
    "money": (0, 1e7, False),
    "percent": (0, 100, False),
    "share": (0, 1, False),
    "lat": (-90, 90, False),
    "lon": (-180, 180, False),
}


def _test(kind: str, args: str) -> Test:
    if kind in _LIMITS:
        low, high, whole = _LIMITS[kind]
        return _between(*_bounds(args, (low, high)), whole)
    if kind == "hex":
        return _matches(r"(?i)[0-9a-f]" + (f"{{{args}}}" if args else "{6,}"))
    if kind == "code":
        return _matches(args)
    return _one_of(args) if kind == "enum" else _TESTS[kind]


def _loose(kind: str, args: str) -> Test:
    """What makes values odd and not wrong: numbers of about that size, texts that mean something, moments at all."""
    if kind in _LIMITS:
        low, high, _ = _LIMITS[kind]
        low, high = _bounds(args, (low, high))
        return _between(low - 9 * abs(low), high + 9 * abs(high))
    if kind in ("past", "when", "birth"):
        return lambda value: _moment(value) is not None
    if kind in ("e7", "epoch", "epochms", "instant", "flag"):
        return lambda value: False
    return lambda value: _label(value) or _prose(value)


KINDS = frozenset({*_TESTS, *_LIMITS, "hex", "code", "enum"})
