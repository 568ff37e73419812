"""Codes with check characters: of vehicles, securities, companies, taxpayers, patients, articles and ships.

What each is made of stands in `data/codes.yaml`; numbers kept for tests or never given out are made where there are
any, and else ones that only may be somebody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from sdgen.errors import did_you_mean
from sdgen.generators.base import ColumnContext, ParamError
from sdgen.generators.codes.layouts import CodeForm, Variants, domain_of
from sdgen.generators.pools import own_yaml
from sdgen.generators.registry import register
from sdgen.generators.text_generator import ALL_TEXTS, TextGenerator

_ONLY = ""  # the name of the one form of a code that has no other


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
