"""Products: name, category, material and description of one row and one `who` speak of the same product."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import ClassVar

import pyarrow as pa

from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import permute
from sdgen.generators.pools import encoded, joined, own, split, taken, text_array
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text_generator import ALL_TEXTS, FamilyGenerator, carried
from sdgen.scenario.types import Type


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
    words = _listed()["words"]
    lists: dict[str, Callable[[], list[str]]] = {
        "line": lambda: [f"{word} " for word in words["lines"]],
        "style": lambda: ["", *(f"{word} " for word in words["styles"])],
        "thing": lambda: [thing for thing, _ in _things()],
        "small thing": lambda: [_small(thing) for thing, _ in _things()],
        "category": lambda: [category for _, category in _things()],
        "praise": lambda: words["praise"],
        "detail": lambda: words["details"],
    }
    return text_array(lists[kind]())


def _small(thing: str) -> str:
    """As it stands within a sentence: desk lamp, USB-C hub, T-shirt."""
    # Words in capitals are abbreviations, such as USB, and stay so within a sentence.
    return " ".join(word[0] + word[1:].lower() if word[1:2] == "-" else _lower(word) for word in thing.split())


def _lower(word: str) -> str:
    return word if word[:2].isupper() else word.lower()


class ProductGenerator(FamilyGenerator):
    """One column of a product."""

    family: ClassVar[str] = "product"

    def parts(self, cells: ColumnBatch) -> list[Numbers]:
        """Line, style and thing of each row: all triples before one comes twice."""
        # A permutation of all triples and not three draws, so that a name comes again only when all have come.
        sizes = [len(_pool(kind)) for kind in ("line", "style", "thing")]
        size = _size()
        return split(permute(cells.family_key(self.family, self.who), cells.numbers % size, size), sizes)


def _size() -> int:
    return len(_pool("line")) * len(_pool("style")) * len(_pool("thing"))


@register("product.name")
class ProductName(ProductGenerator):
    """The name of a product, such as `Harbor Compact Desk Lamp`."""

    example: ClassVar[str] = "{generator: product.name}"

    def capacity(self, facts: ColumnContext) -> int | None:
        return _size()

    def values(self, cells: ColumnBatch) -> pa.Array:
        line, style, thing = self.parts(cells)
        return joined(taken(_pool("line"), line), taken(_pool("style"), style), taken(_pool("thing"), thing))


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
        return len(_listed()["categories"])

    def values(self, cells: ColumnBatch) -> pa.Array:
        # One of each category can't agree with the names of the rows, which share categories.
        if cells.facts.unique:
            categories = text_array(_listed()["categories"])
            return encoded(categories, cells.indexes(len(categories)))
        return taken(_pool("category"), self.parts(cells)[2])


@register("product.description")
class ProductDescription(ProductGenerator):
    """What a shop says of a product, in a sentence."""

    example: ClassVar[str] = "{generator: product.description}"

    def values(self, cells: ColumnBatch) -> pa.Array:
        praise, detail = _pool("praise"), _pool("detail")
        first = taken(praise, self.family_below(cells, "praise", len(praise)))
        last = taken(detail, self.family_below(cells, "detail", len(detail)))
        return joined(first, " ", taken(_pool("small thing"), self.parts(cells)[2]), " ", last, ".")
