"""Short texts that people write, in the locale's language: notes, and reviews that fit a rating."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from sdgen.generators import streams
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.base import Dependency, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.locales import LocaleGenerator
from sdgen.generators.pools import encoded, in_groups, taken, text_array
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text.languages import language_digests, words
from sdgen.generators.text_generator import PLAIN_TEXTS, TextGenerator, carried
from sdgen.scenario.types import NUMBERS, Type


class Remark(LocaleGenerator, TextGenerator):
    """A short text of listed sentences."""

    fits: ClassVar[frozenset[str]] = PLAIN_TEXTS

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        return language_digests(*self.locales_in(facts))


@register("text.note")
class Note(Remark):
    """A note of a few words on a customer or an order, in the locale's language."""

    example: ClassVar[str] = "{generator: text.note, params: {locale: de}}"

    def arrow(self, type: Type) -> pa.DataType:
        return carried(type)

    def values(self, cells: ColumnBatch) -> pa.Array:
        listed = words(cells.facts.locale, "note")
        return encoded(text_array(listed), cells.below(len(listed)))


_GOOD, _FAIR, _BAD = "good", "fair", "bad"
_CLASSES = (_GOOD, _FAIR, _BAD)
_SHARES = np.array([66, 82], dtype=np.int64)  # of a hundred: up to the first good, up to the second fair
_FROM_GOOD, _FROM_FAIR = 0.7, 0.5  # of the highest rating


@register("text.review")
class Review(Remark):
    """A review of one or two sentences in the locale's language, which fits the row's rating where there is one.

    Two thirds are good without a rating. With one, those of 70 % of `most` and more (4 and 5 of 5) are good, those
    below 50 % bad.
    """

    example: ClassVar[str] = "{generator: text.review, params: {rating: quantity, most: 9, locale: fr}}"

    rating: str = Field(default="", description="the column of ratings: of the row, or link.column of a parent")
    most: float = Field(default=5, gt=0, description="the highest rating there is")

    @property
    def passes_null(self) -> bool:
        return bool(self.rating) or super().passes_null

    def references(self) -> Iterator[str]:
        yield from super().references()
        if self.rating:
            yield self.rating

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        yield from super().check_types(types)
        type = types.get(self.dependency(self.rating)) if self.rating else None
        if type is not None and type.kind not in NUMBERS:
            yield ParamError("rating", f"{self.rating} is {type}, no number", "name a column of numbers")

    def values(self, cells: ColumnBatch) -> pa.Array:
        locale, words_drawn = cells.facts.locale, cells.draw()
        made = in_groups(self._classes(cells), lambda kind, rows: _reviews(locale, _CLASSES[kind], words_drawn[rows]))
        if not self.rating:
            return made
        return pc.if_else(self.array(cells, self.rating).is_null(), None, made)

    def _classes(self, cells: ColumnBatch) -> Numbers:
        """Each row's place among good, fair and bad."""
        if not self.rating:
            return np.searchsorted(_SHARES, streams.below(cells.draw("class"), 100), side="right").astype(np.int64)
        ratings = cast_array(self.array(cells, self.rating), Type("double"), pa.float64()).fill_null(0).to_numpy()
        classes: Numbers = (ratings < _FROM_GOOD * self.most).astype(np.int64) + (ratings < _FROM_FAIR * self.most)
        return classes


def _reviews(locale: str, kind: str, drawn: streams.Words) -> pa.Array:
    listed = _texts(locale, kind)
    return taken(listed, streams.below(drawn, len(listed)))


@cache
def _texts(locale: str, kind: str) -> pa.Array:
    """All reviews of a class: each sentence alone as often as with another one behind it."""
    listed = words(locale, "review")[kind]
    space = (words(locale, "sentence") or {}).get("space", " ")
    pairs = [f"{one}{space}{other}" for one in listed for other in listed if one != other]
    return text_array([*listed * (len(listed) - 1), *pairs])
