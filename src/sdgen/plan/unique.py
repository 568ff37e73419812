"""How the columns of a unique set are drawn so that no two rows agree in all of them.

A set holds by itself where one of its columns is unique, or where a column counts the rows of a parent in the set.
Else its columns' indexes come from one keyed permutation over the product of their domains: of the row number, or,
where the set holds the link that rows are counted by, of the row's place among its parent's children.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from sdgen.generators import draws
from sdgen.generators.base import Generator
from sdgen.generators.counts import Layout
from sdgen.generators.domains import Exchange, permute
from sdgen.generators.draws import Numbers

MOST_COMBINATIONS = 1 << 62


@dataclass(frozen=True)
class JointIndexes:
    """One column's digit of a permuted product of domains.

    `stride` is the product of the sizes of the columns before it. With a layout, each parent's children have a
    permutation of their own, of the place among them. `exchange` keeps rows away from values that are there already.
    """

    key: int
    size: int
    stride: int
    product: int
    layout: Layout | None = None
    exchange: Exchange | None = None

    def indexes(self, numbers: Numbers) -> Numbers:
        numbers = self.exchange.of(numbers) if self.exchange is not None else numbers
        permuted = permute(*self._places(numbers), self.product)
        return permuted // np.int64(self.stride) % np.int64(self.size)

    def choose(self, numbers: Numbers) -> Numbers:
        """As the chooser of a link: the digit is the parent's row number."""
        return self.indexes(numbers)

    def _places(self, numbers: Numbers) -> tuple[draws.Words | int, Numbers]:
        if self.layout is None:
            return self.key, numbers
        parents, ordinals = self.layout.locate(numbers)
        return draws.draw(self.key, parents), ordinals


def share_product(sizes: Mapping[str, int], key: int, layout: Layout | None, at_least: int) -> dict[str, JointIndexes]:
    """Each column's part of the product of `sizes`, using as few columns as hold `at_least` combinations.

    Empty where all of them hold fewer. Columns are taken in the given order.
    """
    taken: list[str] = []
    for name in sizes:
        if prod(sizes[column] for column in [*taken, name]) < MOST_COMBINATIONS:
            taken.append(name)
        if prod(sizes[column] for column in taken) >= at_least and len(taken) > 1:
            break
    if prod(sizes[column] for column in taken) < at_least:  # one too large to be multiplied may be enough by itself
        taken = next(([name] for name, size in sizes.items() if size >= at_least), [])
    product = prod(sizes[column] for column in taken)
    if not taken or product < at_least:
        return {}
    strides = np.cumprod([1, *(sizes[name] for name in taken)], dtype=object)
    return {
        name: JointIndexes(key, sizes[name], int(stride), product, layout)
        for name, stride in zip(taken, strides, strict=False)
    }


def least_sets(sets: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The sets that no other one implies: what has a smaller set among its columns is as unique as that."""
    once = {frozenset(columns): columns for columns in reversed(sets)}
    return [columns for columns in sets if once[frozenset(columns)] is columns and not _implied(columns, sets)]


def _implied(columns: tuple[str, ...], sets: Sequence[tuple[str, ...]]) -> bool:
    return any(set(other) < set(columns) for other in sets)


def holds_alone(columns: Sequence[str], unique: set[str], counted_by: str, generators: Mapping[str, Generator]) -> bool:
    """Whether the set holds without a permutation of its own."""
    counts = any(getattr(generators[name], "per", "") == counted_by for name in columns)
    distinct = any(generators[name].all_distinct() for name in columns)
    return distinct or bool(unique & set(columns)) or (counted_by in columns and counts)
