"""Products: name, category, price, weight and description of one row and one `who` speak of the same product."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from sdgen.errors import did_you_mean
from sdgen.generators.arrays.cast import scaled_decimal
from sdgen.generators.base import Dependency, ParamError
from sdgen.generators.business.money import ended_cents, price_endings
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import permute
from sdgen.generators.locales import LocaleGenerator
from sdgen.generators.pools import encoded, joined, own, own_yaml, split, taken, text_array
from sdgen.generators.references import COLUMN, column_faults, named_column
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text.languages import is_english, language_digests, words
from sdgen.generators.text_generator import ALL_TEXTS, FamilyGenerator, carried
from sdgen.scenario.types import NUMBERS, Type


@cache
def _listed() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = own("products")
    return found


@cache
def _things() -> list[tuple[str, str]]:
    """Each thing, with its category."""
    return [(thing, category) for category, things in _listed()["categories"].items() for thing in things]


@cache
def _pool(kind: str) -> pa.Array:
    listed = _listed()["words"]
    lists: dict[str, Callable[[], list[str]]] = {
        "line": lambda: [f"{word} " for word in listed["lines"]],
        "style": lambda: ["", *(f"{word} " for word in listed["styles"])],
        "thing": lambda: [thing for thing, _ in _things()],
        "small thing": lambda: [_small(thing) for thing, _ in _things()],
        "category": lambda: [category for _, category in _things()],
        "praise": lambda: listed["praise"],
        "detail": lambda: listed["details"],
    }
    return text_array(lists[kind]())


def _small(thing: str) -> str:
    """As it stands within a sentence: desk lamp, USB-C hub, T-shirt."""
    # Words in capitals are abbreviations, such as USB, and stay so within a sentence.
    return " ".join(word[0] + word[1:].lower() if word[1:2] == "-" else _lower(word) for word in thing.split())


def _lower(word: str) -> str:
    return word if word[:2].isupper() else word.lower()


@dataclass(frozen=True, eq=False)
class Products:
    """The products of a language: lines, styles and things, of which names are made, and each thing's category."""

    lines: pa.Array
    styles: pa.Array
    things: pa.Array
    categories: pa.Array
    thing_first: bool = False

    @property
    def sizes(self) -> list[int]:
        return [len(self.lines), len(self.styles), len(self.things)]

    def names(self, parts: Sequence[Numbers]) -> pa.Array:
        line, style, thing = (
            taken(pool, part) for pool, part in zip((self.lines, self.styles, self.things), parts, strict=True)
        )
        return joined(thing, line, style) if self.thing_first else joined(line, style, thing)


@cache
def _products(locale: str) -> Products:
    if is_english(locale):
        return Products(_pool("line"), _pool("style"), _pool("thing"), _pool("category"))
    things = [(thing, category) for category, listed in words(locale, "product").items() for thing in listed]
    # Lines are proper names, and styles words that shops of all countries use.
    lines = [f" {word}" for word in _listed()["words"]["lines"]]
    return Products(
        text_array(lines),
        text_array(["", *(f" {word}" for word in _STYLES)]),
        text_array(thing for thing, _ in things),
        text_array(category for _, category in things),
        thing_first=True,
    )


_STYLES = ("Classic", "Compact", "Flex", "Lite", "Max", "Mini", "Plus", "Premium", "Pro", "Studio", "Ultra")


class ProductGenerator(LocaleGenerator, FamilyGenerator):
    """One column of a product."""

    family: ClassVar[str] = "product"

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        return language_digests(*self.locales_in(facts))

    def parts(self, cells: ColumnBatch) -> list[Numbers]:
        """Line, style and thing of each row: all triples before one comes twice."""
        # A permutation of all triples and not three draws, so that a name comes again only when all have come.
        sizes = _products(cells.facts.locale).sizes
        size = prod(sizes)
        return split(permute(cells.family_key(self.family, self.who), cells.numbers % size, size), sizes)


class CategorisedGenerator(ProductGenerator):
    """A column of a product whose category may be known from elsewhere."""

    category: str = Field(
        default="",
        description="the category: one that product.category lists, or $column (of the row, or $link.column of a"
        " parent), which holds them; products are of any where it is null or none of them",
    )

    @property
    def category_column(self) -> str:
        """The column that holds each row's category; "" where the param names none."""
        return named_column(self.category)

    def references(self) -> Iterator[str]:
        yield from super().references()
        if self.category_column:
            yield self.category_column

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from super().faults(facts)
        yield from column_faults("category", self.category)
        if not self.category or self.category.startswith(COLUMN):
            return
        known = {text for locale in self.locales_in(facts) for text in _products(locale).categories.to_pylist()}
        if self.category not in known:
            near = did_you_mean(self.category, known, f"known are {', '.join(sorted(known))}")
            yield ParamError("category", f"no products are of {self.category!r}", near)

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        yield from super().check_types(types)
        yield from self.no_texts("category", self.category, types, "categories")

    def parts(self, cells: ColumnBatch) -> list[Numbers]:
        line, style, thing = super().parts(cells)
        if not self.category:
            return [line, style, thing]
        listed = _products(cells.facts.locale).categories
        if not self.category_column:
            return [line, style, _within(listed, self.category, thing)]
        named = self.array(cells, self.category_column)
        coded = named if pa.types.is_dictionary(named.type) else named.dictionary_encode()
        which = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        thing = thing.copy()
        for number, category in enumerate(coded.dictionary.to_pylist()):
            thing[which == number] = _within(listed, category, thing[which == number])
        return [line, style, thing]


def _within(categories: pa.Array, category: str | None, things: Numbers) -> Numbers:
    """Numbers of any things as numbers of things of a category; as they are where it has none."""
    places = np.flatnonzero(pc.equal(categories, category).to_numpy(zero_copy_only=False)) if category else ()
    if not len(places):
        return things
    found: Numbers = places[things * len(places) // len(categories)]
    return found


@register("product.name")
class ProductName(CategorisedGenerator):
    """The name of a product in the locale's language, such as `Harbor Compact Desk Lamp` or `Sessel Alta Pro`."""

    example: ClassVar[str] = "{generator: product.name}"

    def capacity(self, facts: ColumnContext) -> int | None:
        locales = self.locales_in(facts)
        # Products of several languages may have one name, as may those of one category.
        return prod(_products(locales[0]).sizes) if len(locales) == 1 and not self.category else None

    def values(self, cells: ColumnBatch) -> pa.Array:
        return _products(cells.facts.locale).names(self.parts(cells))


@register("product.category")
class ProductCategory(ProductGenerator):
    """The category a product is in, such as `Lighting`.

    A unique column lists each category once, and then no longer agrees with the product's name.
    """

    fits: ClassVar[frozenset[str]] = ALL_TEXTS
    example: ClassVar[str] = "{generator: product.category}"

    def arrow(self, type: Type) -> pa.DataType:
        return carried(type)

    def capacity(self, facts: ColumnContext) -> int | None:
        locales = self.locales_in(facts)
        return len(_products(locales[0]).categories.unique()) if len(locales) == 1 else None

    def values(self, cells: ColumnBatch) -> pa.Array:
        # One of each category can't agree with the names of the rows, which share categories.
        listed = _products(cells.facts.locale).categories
        if cells.facts.unique:
            categories = listed.unique()
            return encoded(categories, cells.indexes(len(categories)))
        return taken(listed, self.parts(cells)[2])


@register("product.description")
class ProductDescription(CategorisedGenerator):
    """What a shop says of a product, in a sentence: in English, or the thing and two phrases of the language."""

    example: ClassVar[str] = "{generator: product.description}"

    def values(self, cells: ColumnBatch) -> pa.Array:
        if not is_english(cells.facts.locale):
            return self._phrases(cells)
        praise, detail = _pool("praise"), _pool("detail")
        first = taken(praise, self.family_below(cells, "praise", len(praise)))
        last = taken(detail, self.family_below(cells, "detail", len(detail)))
        return joined(first, " ", taken(_pool("small thing"), self.parts(cells)[2]), " ", last, ".")

    def _phrases(self, cells: ColumnBatch) -> pa.Array:
        """Schreibtischlampe: mit Anleitung, in drei Farben."""
        locale = cells.facts.locale
        phrases, marks = words(locale, "phrase"), words(locale, "sentence") or {}
        first = self.family_below(cells, "praise", len(phrases))
        # Counted on from the first, so that no phrase stands twice.
        other = (first + 1 + self.family_below(cells, "detail", len(phrases) - 1)) % len(phrases)
        space, pool = marks.get("space", " "), text_array(phrases)
        thing = taken(_products(locale).things, self.parts(cells)[2])
        comma, stop = marks.get("comma", ",") + space, marks.get("stop", ".")
        return joined(thing, "：" if not space else ": ", taken(pool, first), comma, taken(pool, other), stop)


@register("product.price")
class ProductPrice(CategorisedGenerator):
    """What the product of the row costs in a shop, in dollars: a thing's usual price, three fifths to 1.7 times."""

    fits: ClassVar[frozenset[str]] = NUMBERS
    example: ClassVar[str] = "{generator: product.price}"

    def natural(self) -> Type:
        return Type("decimal", precision=18, scale=2)

    def capacity(self, facts: ColumnContext) -> int | None:
        return None

    def values(self, cells: ColumnBatch) -> pa.Array:
        usual = _usual("product_prices", cells.facts.locale).take(self.parts(cells)[2])
        # The mean of two draws, so that most shops ask about the usual price.
        share = (cells.unit("value") + cells.unit("more")) * 0.5
        cents = ended_cents(usual * (0.6 + 1.1 * share), price_endings(cells))
        return scaled_decimal(cents, pa.decimal128(18, 2))


@register("product.weight")
class ProductWeight(CategorisedGenerator):
    """What the product of the row weighs, in grams: a thing's usual weight, 0.7 to 1.3 times."""

    fits: ClassVar[frozenset[str]] = NUMBERS
    example: ClassVar[str] = "{generator: product.weight}"

    def natural(self) -> Type:
        return Type("int")

    def capacity(self, facts: ColumnContext) -> int | None:
        return None

    def values(self, cells: ColumnBatch) -> pa.Array:
        usual = _usual("product_weights", cells.facts.locale).take(self.parts(cells)[2])
        share = (cells.unit("value") + cells.unit("more")) * 0.5
        return pa.array(np.rint(usual * (0.7 + 0.6 * share)).astype(np.int64))


# The categories of other languages, in the order in which they list them.
_LISTED_ELSEWHERE = ["Lighting", "Furniture", "Kitchen", "Electronics", "Clothing", "Sports", "Tools", "Toys"]


@cache
def _usual(table: str, locale: str) -> NDArray[np.float64]:
    """A usual number of each thing of a language: in other languages than English that of most things so classed."""
    usual: Mapping[str, float] = own_yaml(table)
    if is_english(locale):
        return np.array([usual[thing] for thing, _ in _things()], dtype=np.float64)
    listed = {name.split()[0]: sorted(usual[thing] for thing in each) for name, each in _listed()["categories"].items()}
    middle = (listed[name][len(listed[name]) // 2] for name in _LISTED_ELSEWHERE)
    counts = map(len, words(locale, "product").values())
    return np.array([each for each, count in zip(middle, counts, strict=True) for _ in range(count)], dtype=np.float64)
