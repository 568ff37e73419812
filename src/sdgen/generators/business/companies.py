"""Companies: all columns of one row and one `who` speak of the same company.

Like people, companies are a keyed permutation of a fixed set of names; a row's name, domain and e-mail address are
made of the same parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators.business.company_names import CompanyNames, company_names
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import permute
from sdgen.generators.locales import LocaleGenerator
from sdgen.generators.pools import (
    FALLBACK,
    Joined,
    chain,
    encoded,
    file_digests,
    in_groups,
    joined,
    own,
    own_pool,
    taken,
    text_array,
)
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text.languages import is_english, language_digests
from sdgen.generators.text_generator import ALL_TEXTS, FamilyGenerator, carried
from sdgen.scenario.types import Type


class CompanyGenerator(LocaleGenerator, FamilyGenerator):
    """One column of a company."""

    family: ClassVar[str] = "company"

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        locales = self.locales_in(facts)
        # English names are of one list, whichever English it is.
        named = [FALLBACK if is_english(locale) else chain(locale)[0] for locale in locales]
        return {**file_digests(dict.fromkeys(named), "person"), **language_digests(*locales)}

    def capacity(self, facts: ColumnContext) -> int | None:
        locales = self.locales_in(facts)
        # Companies of several locales may have one name.
        return company_names(locales[0]).size if len(locales) == 1 else None

    def companies(self, cells: ColumnBatch) -> tuple[Numbers, Numbers]:
        """Each row's slot, and its number within the slot."""
        listed = company_names(cells.facts.locale)
        numbers = cells.numbers % listed.size
        within = np.minimum(numbers, listed.mixed - 1)
        # A permutation of all names, so that no company comes twice before all have come, with nothing remembered.
        index = permute(cells.family_key(self.family, self.who), within, listed.mixed)
        number = index // len(listed.ways)
        slot = index - number * len(listed.ways)
        later = np.flatnonzero(numbers >= listed.mixed)
        if len(later):
            further = permute(
                cells.family_key(f"{self.family}/further", self.who), numbers[later] - listed.mixed, listed.further
            )
            slot[later], number[later] = len(listed.ways) - 1, listed.slot_size + further
        return slot, number

    def form(self, cells: ColumnBatch) -> Numbers:
        """Each row's legal form."""
        # Drawn apart from the name: it belongs to the company, and the permuted names are distinct without it.
        forms = company_names(cells.facts.locale).forms
        if forms.table is None:
            return self.family_below(cells, "form", len(forms.suffixes))
        return forms.table.pick(self.family_draw(cells, "form"))

    def made(self, cells: ColumnBatch, part: Callable[[CompanyNames, int, Numbers], pa.Array]) -> pa.Array:
        """What a pattern makes of the numbers of the rows that have it, put together in the order of the rows."""
        listed = company_names(cells.facts.locale)
        slot, number = self.companies(cells)
        return in_groups(slot, lambda place, rows: part(listed, place, listed.spread(place, number[rows])))


def _shown(listed: CompanyNames, slot: int, numbers: Numbers) -> pa.Array:
    return listed.pattern(slot).shown.decode(numbers)


def _domain(listed: CompanyNames, slot: int, numbers: Numbers) -> pa.Array:
    return listed.pattern(slot).domain.decode(numbers)


def _industry(listed: CompanyNames, slot: int, numbers: Numbers) -> pa.Array:
    return pa.array(listed.industry(slot, numbers))


@register("company.name", "company.company")
class CompanyName(CompanyGenerator):
    """The name of a company, such as `Hughes & Ortiz`, `Silverbrook Analytics LLC` or, in German, `Weber Bau GmbH`.

    Languages and their countries' legal forms follow the locale.
    """

    example: ClassVar[str] = "{generator: company.name}"

    def values(self, cells: ColumnBatch) -> pa.Array:
        forms, form = company_names(cells.facts.locale).forms, self.form(cells)
        parts = [self.made(cells, _shown), taken(forms.after, form)]
        return joined(taken(forms.before, form), *parts) if forms.table else joined(*parts)


@register("company.domain")
class CompanyDomain(CompanyGenerator):
    """A domain that fits the company's name, under `.example`, where nobody can own one (RFC 2606)."""

    example: ClassVar[str] = "{generator: company.domain}"

    def values(self, cells: ColumnBatch) -> pa.Array:
        return joined(self.made(cells, _domain), ".example")


@register("company.email")
class CompanyEmail(CompanyGenerator):
    """An e-mail address at the company's domain, such as `info@silverbrookanalytics.example`."""

    example: ClassVar[str] = "{generator: company.email}"

    mailbox: str = Field(
        default="",
        pattern=r"^$|^[A-Za-z0-9][A-Za-z0-9._+-]*$",
        description="the part before the @; left out, one of info, contact, hello, office and sales",
    )

    def values(self, cells: ColumnBatch) -> pa.Array:
        boxes = text_array([self.mailbox] if self.mailbox else ["info", "contact", "hello", "office", "sales"])
        box = taken(boxes, self.family_below(cells, "mailbox", len(boxes)))
        return joined(box, "@", self.made(cells, _domain), ".example")


@register("company.suffix", "company.industry")
class CompanyLabel(CompanyGenerator):
    """The legal form of a company (which fits its name), or the industry it is in."""

    fits: ClassVar[frozenset[str]] = ALL_TEXTS
    example: ClassVar[str] = "{generator: company.industry}"
    about: ClassVar[Mapping[str, str]] = {
        "company.suffix": "The legal form of a company, which fits its name: Inc., LLC, or its country's: GmbH, S.r.l.",
        "company.industry": "The industry that a company is in.",
    }

    def arrow(self, type: Type) -> pa.DataType:
        return carried(type)

    def capacity(self, facts: ColumnContext) -> int | None:
        return None

    def values(self, cells: ColumnBatch) -> pa.Array:
        listed = company_names(cells.facts.locale)
        if self.called == "company.industry":
            return encoded(listed.industries, self.made(cells, _industry).to_numpy())
        different = sorted(set(listed.forms.suffixes))
        order = np.array([different.index(suffix) for suffix in listed.forms.suffixes], dtype=np.int64)
        return encoded(text_array(different), order[self.form(cells)])


@register("company.catch_phrase")
class CatchPhrase(CompanyGenerator):
    """What a company says it offers, such as `Adaptive data-driven benchmark`: in English, whatever the locale."""

    example: ClassVar[str] = "{generator: company.catch_phrase}"

    def capacity(self, facts: ColumnContext) -> int | None:
        return _phrases().size

    def values(self, cells: ColumnBatch) -> pa.Array:
        phrases = _phrases()
        # A unique column can't follow the company, whose phrases may repeat.
        if cells.facts.unique:
            return phrases.decode(cells.indexes(phrases.size))
        return phrases.decode(self.family_below(cells, "phrase", phrases.size))


@cache
def _phrases() -> Joined:
    lists = own("words")
    middles = text_array(f" {word} " for word in lists["slogan_middles"])
    return Joined((own_pool("words", "slogan_adjectives"), middles, own_pool("words", "slogan_nouns")))
