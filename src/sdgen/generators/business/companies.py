"""Companies: all columns of one row and one `who` speak of the same company.

Like people, companies are a keyed permutation of a fixed set of names; a row's name, domain and e-mail address are
made of the same parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import permute
from sdgen.generators.people.names import names
from sdgen.generators.pools import (
    FALLBACK,
    Joined,
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
from sdgen.generators.streams import Numbers, stream_key
from sdgen.generators.text_generator import ALL_TEXTS, FamilyGenerator, carried
from sdgen.scenario.types import Type

_FORMS = ("", " Inc.", " LLC", " Group", " Co.", " Ltd.")
# The legal forms in full, place by place as they end a name; without one in the name the company is an Inc.
_SUFFIXES = ("Inc.", "Inc.", "LLC", "Group", "Co.", "Ltd.")
# Each pattern has enough names for its slots, so that a name can't come twice.
_SLOT_SIZE = 60_000  # names of one slot, in as many slots as the patterns below
_PATTERNS = (
    *("family", "partners", "compound", "pair", "partners"),
    *("compound", "partners", "compound", "pair", "compound"),
)


@dataclass(frozen=True, eq=False)
class Pattern:
    """One way of naming companies: the parts of the name, and of the domain and the industries it goes with.

    The industry is that of the name's last part; where names tell none, the last part picks one by turns.
    """

    shown: Joined
    domain: Joined
    industries: pa.Array


@cache
def _pattern(kind: str) -> Pattern:
    return _MAKERS[kind]()


def _surnames() -> tuple[list[str], list[str]]:
    listed = names("en")
    return listed.lasts.to_pylist()[: listed.last_size], list(listed.last_folds[: listed.last_size])


def _family() -> Pattern:
    """Hughes Foods."""
    shown, plain = _surnames()
    return Pattern(_made(shown, _fields(" ")), _made(plain, _fields("")), _field_industries())


def _pair() -> Pattern:
    """Hughes Ortiz Foods."""
    shown, plain = _surnames()
    names, folds = [f" {name}" for name in shown], [f"-{fold}" for fold in plain]
    return Pattern(_made(shown, names, _fields(" ")), _made(plain, folds, _fields("-")), _field_industries())


def _partners() -> Pattern:
    """Hughes & Ortiz."""
    shown, plain = _surnames()
    titles, domains = _made(shown, [f" & {name}" for name in shown]), _made(plain, [f"-{fold}" for fold in plain])
    return Pattern(titles, domains, own_pool("words", "partner_industries"))


def _compound() -> Pattern:
    """Silverbrook Analytics."""
    lists = own("words")
    # Parts that would meet in one letter are left out: the word would be hard to read.
    pairs = [(a, b) for a, b in product(lists["company_words"], lists["company_ends"]) if a[-1].lower() != b[0]]
    titles, domains = [a + b for a, b in pairs], [a.lower() + b for a, b in pairs]
    return Pattern(_made(titles, _fields(" ")), _made(domains, _fields("-")), _field_industries())


def _fields(before: str) -> list[str]:
    """The fields companies work in, as they end a name, or a domain (in lower case)."""
    fields = [before + field for field in own("words")["company_fields"]]
    return fields if before == " " else [field.lower() for field in fields]


def _field_industries() -> pa.Array:
    return own_pool("words", "company_field_industries")


def _made(*parts: list[str]) -> Joined:
    return Joined(tuple(text_array(part) for part in parts))


_MAKERS: dict[str, Callable[[], Pattern]] = {
    "family": _family,
    "pair": _pair,
    "partners": _partners,
    "compound": _compound,
}


class CompanyGenerator(FamilyGenerator):
    """One column of a company."""

    family: ClassVar[str] = "company"

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        return file_digests([FALLBACK], "person")

    def companies(self, cells: ColumnBatch) -> tuple[Numbers, Numbers, Numbers]:
        """Each row's slot, its number within the slot, and its legal form."""
        size = _SLOT_SIZE * len(_PATTERNS)
        # A permutation of all names, so that no company comes twice before all have come, with nothing remembered.
        index = permute(cells.family_key(self.family, self.who), cells.numbers % size, size)
        number = index // len(_PATTERNS)
        # The form is drawn apart from the name: it belongs to the company, and the
        # permuted names are distinct without it.
        form = self.family_below(cells, "form", len(_FORMS))
        return index - number * len(_PATTERNS), number, form

    def made(self, cells: ColumnBatch, part: Callable[[Pattern, Numbers], pa.Array]) -> pa.Array:
        """What a pattern makes of the numbers of the rows that have it, put together in the order of the rows."""
        slot, number, _ = self.companies(cells)
        return in_groups(slot, lambda place, rows: part(_pattern(_PATTERNS[place]), _spread(place, number[rows])))


def _spread(slot: int, numbers: Numbers) -> Numbers:
    """A slot's numbers among all names of its pattern: slots of one pattern take different ones."""
    kind = _PATTERNS[slot]
    size = _pattern(kind).shown.size
    # Slots of one pattern begin where the one before has ended, so that they share no name.
    before = _PATTERNS[:slot].count(kind) * _SLOT_SIZE
    # Neighbouring numbers are of one surname; the permutation, which is the same for all seeds, scatters them.
    return permute(stream_key(0, "company", kind), (numbers + before) % size, size)


def _shown(pattern: Pattern, numbers: Numbers) -> pa.Array:
    return pattern.shown.decode(numbers)


def _domain(pattern: Pattern, numbers: Numbers) -> pa.Array:
    return pattern.domain.decode(numbers)


def _industry(pattern: Pattern, numbers: Numbers) -> pa.Array:
    last = numbers % len(pattern.shown.parts[-1])
    listed = own("words")["industries"]
    order = np.array([listed.index(name) for name in pattern.industries.to_pylist()], dtype=np.int64)
    return pa.array(order[last % len(order)])


@register("company.name", "company.company")
class CompanyName(CompanyGenerator):
    """The name of a company, such as `Hughes & Ortiz`, `Silverbrook Analytics LLC` or `Walker Foods Inc.`."""

    example: ClassVar[str] = "{generator: company.name}"

    def capacity(self, facts: ColumnContext) -> int | None:
        return _SLOT_SIZE * len(_PATTERNS)

    def values(self, cells: ColumnBatch) -> pa.Array:
        _, _, form = self.companies(cells)
        return joined(self.made(cells, _shown), taken(text_array(_FORMS), form))


@register("company.domain")
class CompanyDomain(CompanyGenerator):
    """A domain that fits the company's name, under `.example`, where nobody can own one (RFC 2606)."""

    example: ClassVar[str] = "{generator: company.domain}"

    def capacity(self, facts: ColumnContext) -> int | None:
        return _SLOT_SIZE * len(_PATTERNS)

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

    def capacity(self, facts: ColumnContext) -> int | None:
        return _SLOT_SIZE * len(_PATTERNS)

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
        "company.suffix": "The legal form of a company, which fits its name: Inc., LLC.",
        "company.industry": "The industry that a company is in.",
    }

    def arrow(self, type: Type) -> pa.DataType:
        return carried(type)

    def values(self, cells: ColumnBatch) -> pa.Array:
        if self.called == "company.industry":
            return encoded(own_pool("words", "industries"), self.made(cells, _industry).to_numpy())
        listed = sorted(set(_SUFFIXES))
        order = np.array([listed.index(suffix) for suffix in _SUFFIXES], dtype=np.int64)
        return encoded(text_array(listed), order[self.family_below(cells, "form", len(_FORMS))])


@register("company.catch_phrase")
class CatchPhrase(CompanyGenerator):
    """What a company says it offers, such as `Adaptive data-driven benchmark`."""

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
