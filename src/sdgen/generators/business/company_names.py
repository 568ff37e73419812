"""How companies of a locale are called: ways of making names, with the domains and industries that go with them.

English names have four ways, of words that suit each other. Other languages have three, of surnames and of what the
company does, in the order of the language (Müller Bau, Panadería García, 田中建設), and the legal forms of the country.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pyarrow as pa

from sdgen.generators.domains import permute
from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.people.names import folded, names
from sdgen.generators.pools import FALLBACK, Joined, chain, own, own_pool, own_yaml, split, text_array
from sdgen.generators.streams import Numbers, stream_key
from sdgen.generators.text.languages import is_english, pairs, words


@dataclass(frozen=True, eq=False)
class Pattern:
    """One way of naming companies: the parts of the name, of the domain, and the industries that go with one part.

    industries: places in the locale's list, by the place of the name's part; where there are fewer, they take turns.
    """

    shown: Joined
    domain: Joined
    industries: Numbers
    part: int = -1


@dataclass(frozen=True, eq=False)
class LegalForms:
    """Legal forms: what stands before and after a name, and which suffix each is; drawn by share, or all alike."""

    before: pa.Array
    after: pa.Array
    suffixes: tuple[str, ...]
    table: AliasTable | None = None


@dataclass(frozen=True, eq=False)
class CompanyNames:
    """The companies of a locale: `ways` names the pattern of each slot, and all slots have as many names.

    further: when all of those have come, names that the last slot's pattern has left.
    """

    locale: str
    ways: tuple[str, ...]
    slot_size: int
    industries: pa.Array
    forms: LegalForms
    further: int = 0

    @property
    def mixed(self) -> int:
        """How many names the slots have."""
        return self.slot_size * len(self.ways)

    @property
    def size(self) -> int:
        return self.mixed + self.further

    def pattern(self, slot: int) -> Pattern:
        return _pattern(self.locale, self.ways[slot])

    def spread(self, slot: int, numbers: Numbers) -> Numbers:
        """A slot's numbers among all names of its pattern: slots of one pattern take different ones."""
        way = self.ways[slot]
        size = self.pattern(slot).shown.size
        # Slots of one pattern begin where the one before has ended, so that they share no name.
        before = self.ways[:slot].count(way) * self.slot_size
        # Neighbouring numbers are of one surname; the permutation, which is the same for all seeds, scatters them.
        apart = () if self.locale == FALLBACK else (self.locale,)
        return permute(stream_key(0, "company", way, *apart), (numbers + before) % size, size)

    def industry(self, slot: int, numbers: Numbers) -> Numbers:
        """The places of the industries of a slot's names."""
        pattern = self.pattern(slot)
        parts = split(numbers, [len(part) for part in pattern.shown.parts])
        return pattern.industries[parts[pattern.part] % len(pattern.industries)]


@cache
def company_names(locale: str) -> CompanyNames:
    """The companies of a locale."""
    if is_english(locale):
        industries = own_pool("words", "industries")
        return CompanyNames(FALLBACK, _ENGLISH_WAYS, _SLOT_SIZE, industries, _forms(chain(locale)[0]))
    own_name = chain(locale)[0]
    surnames, fields = len(_surnames(own_name)[0]), len(words(own_name, "field"))
    # Written without blanks, two surnames could be one that is longer.
    ways = ("one", "partners") if _between(own_name) == "" else ("one", "partners", "pair")
    size = surnames * min(surnames, fields)
    industries = text_array(dict.fromkeys(pairs(own_name, "field")[1].to_pylist()))
    # Two surnames make far more names than one: they go on where a table is larger than all ways together.
    further = surnames**2 * (fields if ways[-1] == "pair" else 1) - size
    return CompanyNames(own_name, ways, size, industries, _forms(own_name), further)


@cache
def _pattern(locale: str, way: str) -> Pattern:
    return _ENGLISH[way]() if locale == FALLBACK else _LOCAL[way](locale)


@cache
def _forms(locale: str) -> LegalForms:
    named = (locale, locale.partition("-")[0])
    listed = own_yaml("companies")
    before: Mapping[str, int]
    after: Mapping[str, int]
    before, after = (
        next((listed[side][name] for name in named if name in listed[side]), {}) for side in ("before", "after")
    )
    if is_english(locale) and locale not in listed["after"]:
        return LegalForms(text_array([""] * len(_ENGLISH_FORMS)), text_array(_ENGLISH_FORMS), _SUFFIXES)
    quotes = words(locale, "quotes") or ""
    first, last = (quotes[:1], quotes[1:]) if quotes else ("", "")
    # Names that are written without blanks have none before their legal forms either.
    blank = "" if words(locale, "between") == "" or (is_english(locale) and not after) else " "
    return LegalForms(
        text_array([form + first for form in before] + [first] * len(after)),
        text_array([last] * len(before) + [last + blank + form for form in after]),
        tuple(form.strip() for form in (*before, *after)),
        alias_table([*before.values(), *after.values()]),
    )


# English names.
_ENGLISH_FORMS = ("", " Inc.", " LLC", " Group", " Co.", " Ltd.")
# The legal forms in full, place by place as they end a name; without one in the name the company is an Inc.
_SUFFIXES = ("Inc.", "Inc.", "LLC", "Group", "Co.", "Ltd.")
# Each pattern has enough names for its slots, so that a name can't come twice.
_SLOT_SIZE = 60_000  # names of one slot, in as many slots as the patterns below
_ENGLISH_WAYS = (
    *("family", "partners", "compound", "pair", "partners"),
    *("compound", "partners", "compound", "pair", "compound"),
)


def _family() -> Pattern:
    """Hughes Foods."""
    shown, plain = _surnames(FALLBACK)
    return Pattern(_joined(shown, _fields(" ")), _joined(plain, _fields("")), _field_industries())


def _pair() -> Pattern:
    """Hughes Ortiz Foods."""
    shown, plain = _surnames(FALLBACK)
    names, folds = [f" {name}" for name in shown], [f"-{fold}" for fold in plain]
    return Pattern(_joined(shown, names, _fields(" ")), _joined(plain, folds, _fields("-")), _field_industries())


def _partners() -> Pattern:
    """Hughes & Ortiz."""
    shown, plain = _surnames(FALLBACK)
    titles, domains = _joined(shown, [f" & {name}" for name in shown]), _joined(plain, [f"-{fold}" for fold in plain])
    return Pattern(titles, domains, _places("partner_industries"))


def _compound() -> Pattern:
    """Silverbrook Analytics."""
    lists = own("words")
    # Parts that would meet in one letter are left out: the word would be hard to read.
    pairs = [(a, b) for a, b in product(lists["company_words"], lists["company_ends"]) if a[-1].lower() != b[0]]
    titles, domains = [a + b for a, b in pairs], [a.lower() + b for a, b in pairs]
    return Pattern(_joined(titles, _fields(" ")), _joined(domains, _fields("-")), _field_industries())


def _fields(before: str) -> list[str]:
    """The fields companies work in, as they end a name, or a domain (in lower case)."""
    fields = [before + field for field in own("words")["company_fields"]]
    return fields if before == " " else [field.lower() for field in fields]


def _field_industries() -> Numbers:
    return _places("company_field_industries")


def _places(name: str) -> Numbers:
    """The places of listed industries among all of them."""
    lists = own("words")
    return np.array([lists["industries"].index(each) for each in lists[name]], dtype=np.int64)


def _joined(*parts: Sequence[str]) -> Joined:
    return Joined(tuple(text_array(part) for part in parts))


_ENGLISH: dict[str, Callable[[], Pattern]] = {
    "family": _family,
    "pair": _pair,
    "partners": _partners,
    "compound": _compound,
}


# Names of other languages.
def _surnames(locale: str) -> tuple[list[str], list[str]]:
    """Surnames, in men's form where there are two, and their ASCII forms."""
    further = words(locale, "surname")  # of languages whose lists of people are short
    if further:
        return further, [folded(name) for name in further]
    listed = names(locale)
    # In English both halves are the same.
    return listed.lasts.to_pylist()[-listed.last_size :], list(listed.last_folds[-listed.last_size :])


def _between(locale: str) -> str:
    found = words(locale, "between")
    return " " if found is None else str(found)


def _local_industries(locale: str) -> Numbers:
    listed = pairs(locale, "field")[1].to_pylist()
    order = {name: place for place, name in enumerate(dict.fromkeys(listed))}
    return np.array([order[name] for name in listed], dtype=np.int64)


def _local_fields(locale: str) -> tuple[list[str], list[str]]:
    """What companies do, as it stands in their names and, in ASCII, in their domains."""
    shown = pairs(locale, "field")[0].to_pylist()
    # Scripts that have no ASCII form have the English words in their domains.
    return shown, [folded(name) or english for name, english in zip(shown, _ENGLISH_FIELDS, strict=True)]


_ENGLISH_FIELDS = (
    *("build", "transport", "food", "software", "consulting", "electric", "cleaning", "realestate"),
    *("furniture", "print", "garden", "metal", "travel", "insurance", "auto", "energy"),
)


def _one(locale: str) -> Pattern:
    """Müller Bau; Panadería García."""
    return _of_surnames(locale, *_surnames(locale))


def _local_pair(locale: str) -> Pattern:
    """Müller Schmidt Bau; Panadería García Ruiz."""
    shown, plain = _surnames(locale)
    between = _between(locale)
    more = [between + name for name in shown], [f"-{fold}" for fold in plain]
    return _of_surnames(locale, shown, plain, more)


def _of_surnames(
    locale: str, shown: list[str], plain: list[str], more: tuple[list[str], list[str]] | None = None
) -> Pattern:
    """Names of one or two surnames and what the company does, in the order of the language."""
    fields, field_folds = _local_fields(locale)
    between = _between(locale)
    inner = ([more[0]], [more[1]]) if more else ([], [])
    # A hyphen stands in every domain, so that a domain can be cut in one way alone.
    if words(locale, "order") == "field first":
        titles = _joined([field + between for field in fields], shown, *inner[0])
        domains = _joined([f"{field}-" for field in field_folds], plain, *inner[1])
        return Pattern(titles, domains, _local_industries(locale), part=0)
    titles = _joined(shown, *inner[0], [between + field for field in fields])
    domains = _joined(plain, *inner[1], [f"-{field}" for field in field_folds])
    return Pattern(titles, domains, _local_industries(locale))


def _local_partners(locale: str) -> Pattern:
    """Müller & Schmidt."""
    shown, plain = _surnames(locale)
    middle, word = words(locale, "partners") or " & ", words(locale, "and")
    titles = _joined(shown, [middle + name for name in shown])
    domains = _joined(plain, [f"-{word}-{fold}" for fold in plain])
    return Pattern(titles, domains, _local_industries(locale))


_LOCAL: Mapping[str, Callable[[str], Pattern]] = {"one": _one, "partners": _local_partners, "pair": _local_pair}
