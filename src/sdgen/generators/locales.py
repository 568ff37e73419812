"""Whose language a row is written in: the scenario's locale, one of several, or one that a param or a column says.

The row's locale is drawn once for all families and one `who`, so that a person's name, address and telephone number
are of one country; where a column says it, all that name the column agree. Each locale's rows are made by themselves,
and put together in their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr

from sdgen.errors import Problem, ScenarioError, did_you_mean
from sdgen.generators import streams
from sdgen.generators.base import Dependency, Generator, ParamError, with_nested
from sdgen.generators.column_batch import ChosenRows, ColumnBatch, ColumnContext
from sdgen.generators.numbers.alias_tables import AliasTable, alias_table
from sdgen.generators.places.countries import codes_of, locale_of
from sdgen.generators.places.gazetteer import countries
from sdgen.generators.pools import chain, in_groups, is_known, locales, mixture
from sdgen.generators.references import COLUMN, Referring, column_faults, named_column
from sdgen.generators.streams import Numbers
from sdgen.scenario.model import locale_text, locale_weights
from sdgen.scenario.types import Type


def _checked(text: str) -> str:
    """The text; ValueError where it is neither a column's name nor locales with weights."""
    if text and not text.startswith(COLUMN):
        locale_weights(text)
    return text


class LocaleGenerator(Referring):
    """A generator that writes in a locale: its own param's, or else the scenario's."""

    by_locale: ClassVar[bool] = True
    reads_sources: ClassVar[bool] = True

    locale: Annotated[str, BeforeValidator(locale_text), AfterValidator(_checked)] = Field(
        default="",
        description="the language: de, or [en, de] or {en: 3, de: 1} for rows of several; or $column (of the row, or"
        " $link.column of a parent), which holds locales (de-AT) or countries (AT); left out, the scenario's",
    )

    _choices: tuple[str, ...] = PrivateAttr(default=())

    @property
    def locale_column(self) -> str:
        """The column that holds each row's locale; "" where the param names none."""
        return named_column(self.locale)

    @property
    def passes_null(self) -> bool:
        return bool(self.locale_column)

    def references(self) -> Iterator[str]:
        return iter((self.locale_column,) if self.locale_column else ())

    def with_sources(self, sources: Mapping[Dependency, Generator]) -> Generator:
        # The fewer locales there may be, the fewer marks tell people of one name apart.
        source = next(iter(sources.values()), None)
        listed = [value for value, _ in getattr(source, "entries", ())]
        if not listed or not all(isinstance(value, str | None) for value in listed):
            return self
        copy = self.model_copy()
        copy._choices = tuple(sorted({named_locale(value) for value in listed if value} - {""}))
        return copy

    def locales_in(self, facts: ColumnContext) -> tuple[str, ...]:
        """All locales that rows may be of."""
        if self.locale_column:
            return self._choices or locales()
        return tuple(name for name, _ in mixture(self.locale or facts.locale))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from super().faults(facts)
        yield from column_faults("locale", self.locale)
        if self.locale.startswith(COLUMN):
            return
        for name, _ in mixture(self.locale) if self.locale else ():
            if not is_known(name):
                near = did_you_mean(name.lower(), locales(), f"known are {', '.join(locales())}")
                yield ParamError("locale", f"unknown locale {name!r}", near)

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        yield from self.no_texts("locale", self.locale, types, "locales")


@cache
def named_locale(text: str) -> str:
    """The locale that a column's value names: a locale, or a country by its code or English name; "" for neither."""
    if text in countries():
        return locale_of(text)
    if is_known(text):
        return chain(text)[0]
    codes = codes_of(text)
    return locale_of(codes[0]) if len(codes) == 1 else ""


def values_by_locale(generator: Generator, cells: ColumnBatch) -> pa.Array:
    """The generator's values, each row's in its locale, where rows are of several."""
    inside = [each for each in with_nested(generator) if each.by_locale]
    if not inside:
        return generator.values(cells)
    # Parts of a nested column follow the first of them that says its locale.
    saying = next((each for each in inside if isinstance(each, LocaleGenerator) and each.locale), None)
    who = str(getattr(inside[0], "who", ""))
    if saying is not None and saying.locale_column:
        return _by_column(generator, saying, cells, who)
    locale = cells.facts.locale if saying is None else saying.locale
    mixed = mixture(locale)
    if len(mixed) > 1:
        # One draw for a row and `who`, so that a person, their address and their telephone are of one country.
        words = streams.draw(cells.family_key("locale", who), cells.numbers)
        listed = tuple(name for name, _ in mixed)
        return _in_locales(generator, cells, f"{who} {locale}", listed, _table(locale).pick(words))
    facts = cells.facts if saying is None else replace(cells.facts, locale=mixed[0][0])
    return generator.values(ColumnBatch(cells.rows, facts, cells.purpose))


def _by_column(generator: Generator, saying: LocaleGenerator, cells: ColumnBatch, who: str) -> pa.Array:
    """Values in the locales that a column holds; null where it is."""
    named = saying.array(cells, saying.locale_column)
    coded = named if pa.types.is_dictionary(named.type) else named.dictionary_encode()
    listed = saying.locales_in(cells.facts)
    which = [_place_in(listed, str(text), saying, cells) for text in coded.dictionary.to_pylist()]
    each = np.array([*which, 0], dtype=np.int64)[pc.fill_null(coded.indices, len(which)).to_numpy()]
    made = _in_locales(generator, cells, f"{who} {saying.locale}", listed, each)
    if not named.null_count:
        return made
    missing = named.is_null().to_numpy(zero_copy_only=False)
    return made.take(pa.array(np.arange(len(made)), mask=missing))


def _place_in(listed: tuple[str, ...], text: str, saying: LocaleGenerator, cells: ColumnBatch) -> int:
    """The place among the locales of the one that a column's value names."""
    locale = named_locale(text)
    if locale in listed:
        return listed.index(locale)
    path = ("entities", cells.facts.entity, "columns", cells.facts.column)
    what = f"no locale is called {text!r}, a value of {saying.locale_column}"
    # People of one name are told apart by which of the listed locales they are of, so that none may come besides.
    hint = (
        f"its generator lists {', '.join(listed)} alone" if locale else "it may hold locales (de-AT) or countries (AT)"
    )
    raise ScenarioError(Problem(path, what, hint))


def _in_locales(generator: Generator, cells: ColumnBatch, by: str, listed: tuple[str, ...], which: Numbers) -> pa.Array:
    """Values of rows each of which is of one of the locales. by: what has chosen them."""

    def made(place: int, rows: Numbers) -> pa.Array:
        # Which of the locales it is tells people of one name apart, whose lists may share it.
        facts = replace(cells.facts, locale=listed[place], locale_part=(place, len(listed)))
        # Kept for the batch, so that a person is computed once for all columns that speak of it.
        chosen = cells.rows.shared(f"locale {place} {by}", lambda: ChosenRows(cells.rows, rows))
        values = generator.values(ColumnBatch(chosen, facts, cells.purpose))
        # Dictionaries of different locales can't be put together as they are.
        return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values

    return in_groups(which, made)


@cache
def _table(locale: str) -> AliasTable:
    return alias_table([weight for _, weight in mixture(locale)])
