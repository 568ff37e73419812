"""Codes with check characters: of vehicles, securities, companies, taxpayers, patients, articles and ships.

What each is made of stands in `data/codes.yaml`; numbers kept for tests or never given out are made where there are
any, and else ones that only may be somebody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from math import prod
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from sdgen.errors import did_you_mean
from sdgen.generators.arrays.fixed_text import DIGITS, Letters, spelled
from sdgen.generators.base import ParamError
from sdgen.generators.codes.check_digits import CheckRule, automaton, free_digits
from sdgen.generators.column_batch import ColumnContext
from sdgen.generators.patterns.syntax import Choice, Node, Repeat, Sequence, Symbols, read_pattern
from sdgen.generators.pools import in_groups, own_yaml
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text_generator import ALL_TEXTS, TextGenerator

# An empty name can't be a country's code.
_ONLY = ""  # the name of the one form of a code that has no other


class CodeForm(BaseModel):
    """The layout (a regular expression of one length, `_` for check characters), the checks in the order in which
    they are made, and marks: a picture with `#` for each character, where the code is written with marks between."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: str
    checks: tuple[CheckRule, ...] = ()
    marks: str = ""


class CodeRecord(BaseModel):
    """A code's record in the data file, with the forms by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    forms: Mapping[str, CodeForm]
    written: bool


def _record(about: str, written: bool = False, forms: Mapping[str, object] | None = None, **form: object) -> CodeRecord:
    return CodeRecord.model_validate({"about": about, "written": written, "forms": forms or {_ONLY: form}})


RECORDS: dict[str, CodeRecord] = {name: _record(**fields) for name, fields in own_yaml("codes")["codes"].items()}


@cache
def _domain(name: str, countries: tuple[str, ...], marks: bool) -> Variants:
    return domain_of(RECORDS[name].forms, countries, marks)


class CheckedCode(TextGenerator):
    """A code of its kind, with right check characters: `about` says what each name gives."""

    fits: ClassVar[frozenset[str]] = ALL_TEXTS
    about: ClassVar[Mapping[str, str]] = {name: record.about for name, record in RECORDS.items()}

    @property
    def forms(self) -> Mapping[str, CodeForm]:
        return RECORDS[self.called].forms

    def chosen(self) -> tuple[str, ...]:
        """The names of the forms whose codes are made."""
        return tuple(self.forms)

    def with_marks(self) -> bool:
        return RECORDS[self.called].written

    def domain(self, facts: ColumnContext) -> Variants:
        return _domain(self.called, self.chosen(), self.with_marks())


@register(*(name for name, record in RECORDS.items() if _ONLY in record.forms))
class SingleCode(CheckedCode):
    """A code of its kind, with right check characters: `about` says what each name gives."""

    example: ClassVar[str] = "{generator: code.vin, unique: true}"
    about: ClassVar[Mapping[str, str]] = {n: text for n, text in CheckedCode.about.items() if _ONLY in RECORDS[n].forms}

    marks: bool | None = Field(
        default=None, description="whether to write the marks between characters; left out, as the code usually is"
    )

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if self.marks and not self.forms[_ONLY].marks:
            yield ParamError("marks", f"{self.called} is written without marks", "leave it out")

    def with_marks(self) -> bool:
        return super().with_marks() if self.marks is None else self.marks


@register(*(name for name, record in RECORDS.items() if _ONLY not in record.forms))
class CountryCode(CheckedCode):
    """A code of one of several countries, with right check characters: `about` says what each name gives."""

    example: ClassVar[str] = "{generator: code.vat, params: {countries: [DE, FR]}}"
    about: ClassVar[Mapping[str, str]] = {
        n: text for n, text in CheckedCode.about.items() if _ONLY not in RECORDS[n].forms
    }

    countries: tuple[str, ...] = Field(
        default=(), description="codes of countries, which share the rows alike; left out, all that are known"
    )

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if len(set(self.countries)) < len(self.countries):
            yield ParamError("countries", "a country stands twice", "give each once")
        for country in self.countries:
            if country not in self.forms:
                hint = did_you_mean(country.upper(), self.forms, f"known are {', '.join(self.forms)}")
                yield ParamError("countries", f"no {self.called} of {country!r}", hint)

    def chosen(self) -> tuple[str, ...]:
        return self.countries or tuple(self.forms)


# Codes by layout: the characters of each place, and the check characters that follow from them.
#
# A code is an index into the product of its free places, so it is unique by construction; places are decoded in groups
# of some thousand texts, not one by one.
CHECK = "_"  # a place of a layout that a check fills
_GROUP = 4096  # texts of a group of places that are decoded by one look-up


@dataclass(frozen=True, eq=False)
class CheckedTexts:
    """The domain of all codes of a form."""

    form: CodeForm
    marks: str = ""

    @property
    def size(self) -> int:
        return prod(map(len, self._groups))

    @property
    def longest(self) -> int:
        return len(self.marks) or sum(group.shape[1] for group in self._groups)

    def decode(self, indexes: Numbers) -> pa.Array:
        return spelled(_marked(self.letters(indexes), self.marks))

    def letters(self, indexes: Numbers) -> Letters:
        """The codes as bytes, without marks."""
        parts: list[Letters] = []
        for group in reversed(self._groups):
            if len(group) == 1:
                parts.append(np.broadcast_to(group, (len(indexes), group.shape[1])))
                continue
            higher = indexes // len(group)
            parts.append(group.take(indexes - higher * len(group), axis=0))
            indexes = higher
        letters = np.concatenate(parts[::-1], axis=1)
        # In the order of the record: later checks take in the digits that earlier ones have made.
        for rule, machine, refused in self._checks:
            if rule.free >= 0:
                _avoid(letters, rule.free, machine.last_states(_with_zero(letters, rule.free)), refused)
            check = machine.check(letters)
            letters[:, rule.at : rule.at + check.shape[1]] = check
        return letters

    @cached_property
    def _checks(self) -> list[tuple[CheckRule, Any, NDArray[np.uint8]]]:
        none = np.zeros(0, dtype=np.uint8)
        return [(rule, automaton(rule), free_digits(rule) if rule.free >= 0 else none) for rule in self.form.checks]

    @cached_property
    def _groups(self) -> list[Letters]:
        """Neighbouring places, as all texts that may stand there."""
        free = {rule.free for rule in self.form.checks}
        groups: list[list[str]] = [[""]]
        place = 0
        for texts in _places(read_pattern(self.form.layout, 1)):
            # A free digit takes nine of its ten values, those that leave a check character.
            shown = [text for text in texts if text != DIGITS[-1]] if place in free else texts
            place += len(texts[0])
            if len(groups[-1]) * len(shown) > _GROUP:
                groups.append([""])
            groups[-1] = [before + text for before in groups[-1] for text in shown]
        return [np.array([list(text.encode("ascii")) for text in group], dtype=np.uint8) for group in groups]


def _with_zero(letters: Letters, place: int) -> Letters:
    copied = letters.copy()
    copied[:, place] = ord("0")
    return copied


def _avoid(letters: Letters, place: int, states: Numbers, refused: NDArray[np.uint8]) -> None:
    """Of the ten digits the nine that are not refused: 0 to 8 become those, in their order."""
    # Digits from the refused one on move up by one, which is a bijection: codes stay distinct.
    letters[:, place] += letters[:, place] - np.uint8(ord("0")) >= refused.take(states)


def _places(node: Node) -> list[list[str]]:
    """The texts that may stand at each place, or run of places, of a layout."""
    if isinstance(node, Symbols):
        return [list(node.characters)]
    if isinstance(node, Sequence):
        return [texts for part in node.parts for texts in _places(part)]
    if isinstance(node, Repeat) and node.low == node.high:
        return _places(node.part) * node.low
    if isinstance(node, Choice):
        return [[text for option in node.options for text in _spelled_out(option)]]
    raise ValueError("a layout has one length")


def _spelled_out(node: Node) -> list[str]:
    texts = [""]
    for place in _places(node):
        texts = [before + text for before in texts for text in place]
    return texts


def _marked(letters: Letters, marks: str) -> Letters:
    """The characters with marks between, as the picture has them."""
    if not marks:
        return letters
    written = np.empty((len(letters), len(marks)), dtype=np.uint8)
    place = 0
    for column, mark in enumerate(marks):
        written[:, column] = letters[:, place] if mark == "#" else ord(mark)
        place += mark == "#"
    return written


@dataclass(frozen=True, eq=False)
class Variants:
    """The domain of the codes of several forms, such as countries': each has as many, taken by turns."""

    domains: tuple[CheckedTexts, ...]

    @property
    def size(self) -> int:
        # Each form has as many codes, so that the remainder of an index tells the form.
        return min(domain.size for domain in self.domains) * len(self.domains)

    @property
    def longest(self) -> int:
        return max(domain.longest for domain in self.domains)

    def decode(self, indexes: Numbers) -> pa.Array:
        if len(self.domains) == 1:
            return self.domains[0].decode(indexes)
        number = indexes // len(self.domains)
        which = indexes - number * len(self.domains)
        return in_groups(which, lambda place, rows: self._of(place, number[rows]))

    def _of(self, place: int, numbers: Numbers) -> pa.Array:
        """Codes from all over a form's domain, which is larger than what a turn takes of it."""
        # Evenly over the domain: the first codes of a form would all begin with the same characters.
        domain, taken = self.domains[place], self.size // len(self.domains)
        return domain.decode(numbers * (domain.size // taken))


def domain_of(forms: Mapping[str, CodeForm], chosen: tuple[str, ...], marks: bool | None) -> Variants:
    """The domain of the chosen forms; marks are written where they are asked for."""
    return Variants(tuple(CheckedTexts(forms[name], forms[name].marks if marks else "") for name in chosen))
