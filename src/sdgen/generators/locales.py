"""Several locales in one scenario: each row is of one of them, and all that is written by locale follows it.

The row's locale is drawn once for all families and one `who`, so that a person's name, address and telephone number are
of one country. Each locale's rows are made by themselves, and put together in their order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sdgen.generators import streams
from sdgen.generators.base import ColumnBatch, Generator, Rows, with_nested
from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.pools import in_groups, mixture
from sdgen.generators.streams import Numbers

T = TypeVar("T")


def values_by_locale(generator: Generator, cells: ColumnBatch) -> pa.Array:
    """The generator's values, each row's in the locale that is drawn for it where the scenario has several."""
    mixed = mixture(cells.facts.locale)
    inside = [each for each in with_nested(generator) if each.by_locale]
    if len(mixed) == 1 or not inside:
        return generator.values(cells)
    who = str(getattr(inside[0], "who", ""))
    words = streams.draw(cells.family_key("locale", who), cells.numbers)
    which = _table(cells.facts.locale).pick(words)

    def made(place: int, rows: Numbers) -> pa.Array:
        facts = replace(cells.facts, locale=mixed[place][0], locale_part=(place, len(mixed)))
        # Kept for the batch, so that a person is computed once for all columns that speak of it.
        chosen = cells.rows.shared(f"locale {place} {who}", lambda: ChosenRows(cells.rows, rows))
        values = generator.values(ColumnBatch(chosen, facts, cells.purpose))
        return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values

    return in_groups(which, made)


@cache
def _table(locale: str) -> AliasTable:
    return alias_table([weight for _, weight in mixture(locale)])


@dataclass(frozen=True, eq=False)
class ChosenRows:
    """Some of a batch's rows."""

    outer: Rows
    chosen: Numbers
    _shared: dict[str, Any] = field(default_factory=dict)

    @property
    def entity(self) -> str:
        return self.outer.entity

    @property
    def numbers(self) -> Numbers:
        return self.shared("numbers", lambda: self.outer.numbers[self.chosen])

    @property
    def missing(self) -> NDArray[np.bool_] | None:
        return None if self.outer.missing is None else self.outer.missing[self.chosen]

    def column(self, name: str) -> pa.Array:
        return self.outer.column(name).take(pa.array(self.chosen))

    def parent(self, link: str) -> Rows:
        return ChosenRows(self.outer.parent(link), self.chosen)

    def parent_numbers(self, link: str) -> Numbers:
        return self.outer.parent_numbers(link)[self.chosen]

    def child_counts(self, entity: str) -> Numbers:
        return self.outer.child_counts(entity)[self.chosen]

    def children(self, entity: str, start: int, stop: int) -> Rows:
        raise LookupError("nothing that is written by locale is made of children")

    def others(self, entity: str, pick: Callable[[int], Numbers]) -> Rows:
        return self.outer.others(entity, pick)

    def scores(self, column: str) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = self.outer.scores(column)[self.chosen]
        return scores

    def at(self, numbers: Numbers) -> Rows:
        return self.outer.at(numbers)

    def shared(self, name: str, compute: Callable[[], T]) -> T:
        if name not in self._shared:
            self._shared[name] = compute()
        found: T = self._shared[name]
        return found

    def ordinals(self, link: str) -> Numbers:
        return self.outer.ordinals(link)[self.chosen]
