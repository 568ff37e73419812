"""Values that tell rows apart: constants, sequences and UUIDs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators import streams
from sdgen.generators.arrays.cast import scalar_array
from sdgen.generators.base import Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import Domain, Integers, permute
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers, Words
from sdgen.scenario.types import KINDS, NUMBERS, TEXTS, Type

_NATURAL: dict[type, str] = {bool: "bool", int: "bigint", float: "double", str: "text"}


@register("const")
class Constant(Generator):
    """The same value in every row."""

    fits: ClassVar[frozenset[str]] = KINDS
    example: ClassVar[str] = "{generator: const, params: {value: EUR}}"

    value: Any = Field(description="the value; null is allowed for a nullable column")

    @property
    def gives_null(self) -> bool:
        return self.value is None

    def natural(self) -> Type:
        return Type(_NATURAL.get(type(self.value), "json"))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        try:
            scalar_array([self.value], facts.type)
        except ValueError as error:
            yield ParamError("value", str(error))

    def capacity(self, facts: ColumnContext) -> int:
        return 1

    def values(self, cells: ColumnBatch) -> pa.Array:
        one = scalar_array([self.value], cells.facts.type)
        return one.take(pa.array(np.zeros(len(cells), dtype=np.int64)))


@register("sequence")
class Sequence(Generator):
    """Whole numbers that count up: start, start + step, …

    Shuffled ones are the same numbers, none left out, in an order of chance that depends on how many rows there are;
    with a `reach` most rows stay near their places, as a customer's orders come soon after the first.
    Sparse ones have gaps: with `keep: 8, every: 32` each eight numbers are followed by 24 that are left out.
    """

    fits: ClassVar[frozenset[str]] = NUMBERS | TEXTS
    example: ClassVar[str] = "{type: bigint, primary_key: true, generator: sequence, params: {start: 1000}}"

    start: int = Field(1, description="the first row's number")
    step: int = Field(1, description="the distance between one row's number and the next; not 0")
    per: str = Field("", description="a link: count each parent's rows for themselves, from start")

    keep: int = Field(0, ge=0, le=1 << 31, description="with every: how many numbers come before each gap")
    every: int = Field(0, ge=0, le=1 << 31, description="with keep: how far each such group is from the next")
    shuffled: bool = Field(False, description="the numbers of all rows in an order of chance, none left out")
    reach: float = Field(
        1, gt=0, le=1, description="with shuffled: the share of all numbers within which seven rows in eight stay"
    )

    def natural(self) -> Type:
        return Type("bigint")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        if self.step == 0:
            yield ParamError("step", "a step of 0 never counts", "use const for a fixed value")
        if bool(self.keep) != bool(self.every) or self.keep > self.every:
            yield ParamError("keep", "gaps take keep and every, keep being no more than every", "give both, or neither")
        elif self.keep and (self.start < 0 or self.step < 0 or self.per or self.shuffled):
            what = "sparse numbers count up from 0 or more, over all rows"
            yield ParamError("keep", what, "leave out per and shuffled, and give no start or step below 0")
        if self.shuffled and self.per:
            yield ParamError("shuffled", "only the numbers of all rows can be shuffled", "leave out per or shuffled")
        if self.reach < 1 and not self.shuffled:
            yield ParamError("reach", "numbers in order have none", "add shuffled: true, or leave out reach")

    def all_distinct(self) -> bool:
        return not self.per

    def counted(self, value: int) -> int:
        """The number that a value would be without gaps; that of the last before a gap for one within it."""
        if not self.keep:
            return value
        return value // self.every * self.keep + min(value % self.every, self.keep - 1)

    def domain(self, facts: ColumnContext) -> Domain | None:
        if self.per:
            return None
        if self.keep:
            return SparseIntegers(self.start, self.step, self.keep, self.every)
        # All distinct numbers up to 2^62, so that start and step can't leave 64 bits.
        size = max(facts.rows, 1) if self.shuffled else (1 << 62) // abs(self.step)
        return Integers(self.start, size, self.step)

    def values(self, cells: ColumnBatch) -> pa.Array:
        places = cells.rows.ordinals(self.per) if self.per else cells.numbers
        # The one place in which a sequence depends on how many rows there are, as the docstring says: a permutation
        # of all rows, and not draws, since none may be left out and none come twice.
        if self.shuffled:
            places = np.minimum(places, max(cells.facts.rows - 1, 0))
            key, rows = cells.key("order"), cells.facts.rows
            places = permute(key, places, rows) if self.reach == 1 else _permute_near(key, places, rows, self.reach)
        if self.keep:
            return SparseIntegers(self.start, self.step, self.keep, self.every).decode(places)
        return pa.array(places * np.int64(self.step) + np.int64(self.start))


def _permute_near(key: int, places: Numbers, size: int, reach: float) -> Numbers:
    """A keyed bijection of [0, size) that moves each place within a window: one place in eight in one of all places.

    The windows of the others are `reach`, a half, a quarter and an eighth of it, so that no distance is typical.
    Each of eight classes, every eighth place, is permuted within itself, window after window.
    """
    moved = np.empty_like(places)
    for turn, part in enumerate(_WINDOWS):
        rows = places % len(_WINDOWS) == turn
        own = places[rows] // len(_WINDOWS)
        count = (size - turn + len(_WINDOWS) - 1) // len(_WINDOWS)
        width = max(1, int(count * (part * reach if part else 1)))
        windows, within = own // width, own % width
        whole = (windows + 1) * width <= count
        turned = np.empty_like(own)
        keys = streams.draw(key, windows * len(_WINDOWS) + turn)
        turned[whole] = permute(keys[whole], within[whole], width)
        turned[~whole] = permute(keys[~whole], within[~whole], max(count % width, 1))
        moved[rows] = (windows * width + turned) * len(_WINDOWS) + turn
    return moved


# Windows as shares of the reach; 0 stands for all places.
_WINDOWS = (0, 1, 1, 1 / 2, 1 / 2, 1 / 4, 1 / 4, 1 / 8)


@dataclass(frozen=True)
class SparseIntegers:
    """Numbers that count up with gaps: of each group of `every` numbers only the first `keep` are taken."""

    start: int
    step: int
    keep: int
    every: int

    @property
    def size(self) -> int:
        return (1 << 62) // self.step // self.every * self.keep

    def decode(self, indexes: Numbers) -> pa.Array:
        counted = indexes * np.int64(self.step) + np.int64(self.start)
        groups = counted // np.int64(self.keep)
        return pa.array(counted + groups * np.int64(self.every - self.keep))


@register("uuid4")
class Uuid4(Generator):
    """Random UUIDs (RFC 9562, version 4), all distinct: 64 of the bits are a permutation of the row number."""

    fits: ClassVar[frozenset[str]] = TEXTS | {"uuid"}
    example: ClassVar[str] = "{type: uuid, primary_key: true, generator: uuid4}"

    def natural(self) -> Type:
        return Type("uuid")

    def all_distinct(self) -> bool:
        return True

    def capacity(self, facts: ColumnContext) -> int:
        return 1 << 62

    def values(self, cells: ColumnBatch) -> pa.Array:
        # The word of one stream is a bijection of the row number, so that UUIDs are
        # distinct without a list of those made.
        distinct, rest = cells.draw("distinct"), cells.draw("rest")
        # All 64 bits of that word must be kept somewhere, or two rows could share what is left of them.
        # The version takes bits 12–15 of the first word; the four bits it displaces move into the second.
        displaced = (distinct >> np.uint64(12)) & np.uint64(0xF)
        distinct &= np.uint64(0xFFFFFFFFFFFF0FFF)
        distinct |= np.uint64(0x4000)
        rest &= np.uint64(0x03FFFFFFFFFFFFFF)
        rest |= displaced << np.uint64(58)
        rest |= np.uint64(1 << 63)
        return _uuids(distinct, rest)


@register("uuid7")
class Uuid7(Generator):
    """UUIDs in the order of time (RFC 9562, version 7): row after row, `step_ms` apart."""

    fits: ClassVar[frozenset[str]] = TEXTS | {"uuid"}
    example: ClassVar[str] = "{type: uuid, primary_key: true, generator: uuid7, params: {start: 2024-01-01}}"

    start: datetime | None = Field(None, description="the first row's time; 365 days before as_of where left out")
    step_ms: int = Field(1000, ge=1, description="milliseconds from one row to the next")

    def natural(self) -> Type:
        return Type("uuid")

    def all_distinct(self) -> bool:
        return True

    def capacity(self, facts: ColumnContext) -> int:
        return 1 << 47

    def values(self, cells: ColumnBatch) -> pa.Array:
        start = self.start or cells.facts.as_of
        first = int((start if start.tzinfo else start.replace(tzinfo=UTC)).timestamp() * 1000)
        if self.start is None:
            first -= 365 * 86_400_000
        # The moment follows from the row number and never falls, so that UUIDs sort
        # as rows do, as version 7 is meant to.
        milliseconds = (cells.numbers * np.int64(self.step_ms) + np.int64(first)).view(np.uint64)
        random, rest = cells.draw("random"), cells.draw("rest")
        high = (milliseconds << np.uint64(16)) | np.uint64(0x7000) | (random & np.uint64(0xFFF))
        low = (rest & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(1 << 63)
        return _uuids(high, low)


def _uuids(high: Words, low: Words) -> pa.Array:
    # RFC 9562 writes the most significant byte first, whatever the byte order of the processor.
    words = np.empty((len(high), 2), dtype=">u8")
    words[:, 0] = high
    words[:, 1] = low
    return pa.Array.from_buffers(pa.binary(16), len(high), [None, pa.py_buffer(words)])
