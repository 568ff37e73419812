"""Telephone numbers: of the country, and in North America of the state, that the row's address is in.

The forms are data (`data/phones.yaml`): what a number begins with, and the digits that follow. Countries that keep
numbers free for fiction give those: the United States and Canada, Britain, Ireland, Germany, France, Sweden, Australia.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators import streams
from sdgen.generators.arrays.fixed_text import DIGITS, FixedLengthTexts, pattern
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.places.gazetteer import WORLD, column, countries, indices
from sdgen.generators.places.places import AddressGenerator
from sdgen.generators.pools import Joined, in_groups, joined, own_yaml, taken, text_array
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text_generator import PLAIN_TEXTS

_PLAIN = {"trunk": "", "heads": ["2", "3", "5", "6", "7", "9"], "tail": "# ### ####"}  # where a country has no form


@dataclass(frozen=True, eq=False)
class CountryForm:
    """How a country writes its numbers: beginnings, those of each region (first and how many), and what follows."""

    heads: tuple[str, ...]
    regions: Mapping[str, tuple[int, int]]
    tail: str


@cache
def form_of(country: str, written: str) -> CountryForm:
    """The form of a country's numbers: `written` is international, national or digits."""
    data = own_yaml("phones")
    form: dict[str, Any] = data["forms"].get(country) or {**_PLAIN, "code": data["codes"].get(country, "")}
    regions = {name: str(heads).split() for name, heads in form.get("regions", {}).items()}
    heads = [head for listed in regions.values() for head in listed] or form["heads"]
    # The beginnings of all regions lie one behind the other, so that a region is a first and a count.
    starts = dict(zip(regions, np.cumsum([0, *map(len, regions.values())]).tolist(), strict=False))
    international = form.get("international", f"+{form.get('code')} {{head}}")
    picture = international if written == "international" else form.get("national", f"{form.get('trunk')}{{head}}")
    texts, tail = [picture.format(head=head) for head in heads], form["tail"]
    if written == "digits":
        texts, tail = [_digits(text) for text in texts], tail.replace(" ", "").replace("-", "")
    return CountryForm(tuple(texts), {name: (starts[name], len(listed)) for name, listed in regions.items()}, tail)


@dataclass(frozen=True, eq=False)
class PhoneBook:
    """All countries' forms: the beginnings in one pool, and for each place of the gazetteer which are its own."""

    heads: pa.Array
    tails: tuple[FixedLengthTexts, ...]
    first: Numbers
    size: Numbers
    tail: Numbers

    def numbers(self, where: Numbers, area: streams.Words, free: streams.Words) -> pa.Array:
        """One number for each place, by two draws."""
        heads = taken(self.heads, self.first.take(where) + streams.below_each(area, self.size.take(where)))
        return joined(heads, in_groups(self.tail.take(where), lambda kind, rows: self._ends(kind, free[rows])))

    def _ends(self, kind: int, free: streams.Words) -> pa.Array:
        return self.tails[kind].decode(streams.below(free, self.tails[kind].size))


@cache
def phone_book(written: str) -> PhoneBook:
    """The forms of all countries: `written` is international, national or digits."""
    listed = [form_of(country, written) for country in countries()]
    starts = np.cumsum([0, *(len(form.heads) for form in listed)])
    tails = sorted({form.tail for form in listed})
    states = column("state_code").to_pylist()
    rows = []
    # A place without a region of its own takes all beginnings of its country.
    for country, state in zip(indices("country_code").tolist(), indices("state_code").tolist(), strict=True):
        form = listed[country]
        first, size = form.regions.get(states[state], (0, len(form.heads)))
        rows.append((starts[country] + first, size, tails.index(form.tail)))
    table = np.array(rows, dtype=np.int64)
    heads = text_array(head for form in listed for head in form.heads)
    shapes = tuple(pattern(tail, {"#": DIGITS}) for tail in tails)
    return PhoneBook(heads, shapes, table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy())


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


@register("person.phone_number", "person.phone", "person.telephone")
class PhoneNumber(AddressGenerator):
    """A telephone number of the country, and in the United States the state, of the row's address (of the same `who`).

    Numbers kept for fiction are made where the country has them: 555-0100 to 555-0199, 020 7946 0000 and their like.
    Others have the country's form, and may be somebody's. A unique column has all numbers of one country, and then no
    longer agrees with the state.
    """

    version: ClassVar[int] = 3
    fits: ClassVar[frozenset[str]] = PLAIN_TEXTS
    example: ClassVar[str] = "{generator: person.phone_number, params: {format: national}}"

    format: Literal["international", "national", "digits"] = Field(
        default="international",
        description="+1-212-555-0123, (212) 555-0123 or 2125550123; +44 20 7946 0123, 020 7946 0123 or 02079460123",
    )

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        return {}

    def domain(self, facts: ColumnContext) -> Joined | None:
        # Rows of several countries have no one set of numbers that could be permuted.
        if self.country == WORLD or self.is_mixed(facts):
            return None
        form = form_of(self.scope(facts), self.format)
        tail = pattern(form.tail, {"#": DIGITS}).alphabets
        # In two halves, so that no table of all endings must be made.
        middle = len(tail) // 2
        ends = (FixedLengthTexts(part).all() for part in (tail[:middle], tail[middle:]))
        return Joined((text_array(form.heads), *ends))

    def values(self, cells: ColumnBatch) -> pa.Array:
        domain = self.domain(cells.facts) if cells.facts.unique or cells.facts.joint is not None else None
        return super().values(cells) if domain is None else domain.decode(cells.indexes(domain.size))

    def written(self, cells: ColumnBatch, where: Numbers) -> pa.Array:
        area, free = self.family_draw(cells, "phone area"), self.family_draw(cells, "phone")
        return phone_book(self.format).numbers(where, area, free)
