"""Values kept in another form than their own: numbers and times as text, moments as counts of seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.arrays.decimals import room_faults
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import Domain, Integers
from sdgen.generators.moments.durations import SECOND, Moment, moment_faults, parse_moment
from sdgen.generators.moments.formats import pieces, tells_apart, written
from sdgen.generators.nested.nested_generator import NestedGenerator
from sdgen.generators.numbers.uniform import order_fault
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text_generator import PLAIN_TEXTS, STRING
from sdgen.scenario.types import NUMBERS, TIMES, Type


def as_written(array: pa.Array, form: str) -> pa.Array:
    """Values as text: times in the form, if one is given."""
    return written(array, form) if form else cast_array(array, STRING, STRING.arrow)


@dataclass(frozen=True)
class EncodedValue:
    """The domain of another one's values, written as text."""

    values: Domain
    type: Type
    form: str

    @property
    def size(self) -> int:
        return self.values.size

    def decode(self, indexes: Numbers) -> pa.Array:
        return as_written(cast_array(self.values.decode(indexes), self.type, self.type.arrow), self.form)


@register("as_text")
class AsText(Generator):
    """Another generator's values, written as text: for numbers, times and truths that a text column keeps.

    `format` says how dates, moments and times of day are written, in the codes of strftime (`%d/%m/%Y %H:%M`). Besides
    them there are `%f` and `%_ms` (micro- and milliseconds), and counts since 1970: `%s` (seconds), `%ms`,
    `%epoch_microseconds` and `%s_as_float`.
    """

    fits: ClassVar[frozenset[str]] = PLAIN_TEXTS
    example: ClassVar[str] = "{generator: as_text, params: {value: {generator: uniform_int, params: {min: 1, max: 9}}}}"

    value: NestedGenerator = Field(
        description="whose values to write: a generator's name, or {generator, params, type}"
    )
    format: str = Field("", max_length=200, description="how times are written, such as %d/%m/%Y; ISO 8601 if left out")

    def natural(self) -> Type:
        return STRING

    @property
    def gives_null(self) -> bool:
        return self.value.made.gives_null

    @property
    def passes_null(self) -> bool:
        return self.value.made.passes_null

    def needs(self) -> tuple[Dependency, ...]:
        return self.value.made.needs()

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        type = self.value.type_for({})
        yield from self.value.faults(facts, type, "value")
        try:
            pieces(self.format)
        except ValueError as error:
            yield ParamError("format", str(error), "use the codes of strftime, such as %Y-%m-%d")
        if self.format and type.kind not in TIMES:
            yield ParamError("format", f"a format is for times; the values are {type}", "leave it out")

    def capacity(self, facts: ColumnContext) -> int | None:
        type = self.value.type_for({})
        # A format that leaves something out writes different values alike.
        if self.format and not tells_apart(self.format, type.kind):
            return None
        return self.value.made.capacity(replace(facts, type=type))

    def domain(self, facts: ColumnContext) -> Domain | None:
        type = self.value.type_for({})
        inner = self.value.made.domain(replace(facts, type=type))
        if inner is None or (self.format and not tells_apart(self.format, type.kind)):
            return None
        return EncodedValue(inner, type, self.format)

    def values(self, cells: ColumnBatch) -> pa.Array:
        type = self.value.type_for({})
        inner = replace(cells, facts=replace(cells.facts, type=type))
        return as_written(self.value.values(inner, type), self.format)


_UNITS = {"s": SECOND, "ms": 1_000, "us": 1}


@register("epoch")
class Epoch(Generator):
    """Moments as whole numbers: seconds, milliseconds or microseconds since 1970-01-01 (Unix time)."""

    # Counts of seconds since 1970 don't fit smaller types.
    fits: ClassVar[frozenset[str]] = NUMBERS - {"tinyint", "utinyint", "smallint", "usmallint", "float"}
    example: ClassVar[str] = "{generator: epoch, params: {start: -1y, unit: ms}}"

    start: Moment = Field("-2y", description="the earliest moment: ISO 8601, or relative to as_of, such as -30d")
    end: Moment = Field("now", description="the end, itself not included; likewise")
    unit: Literal["s", "ms", "us"] = Field("s", description="seconds (s), milliseconds (ms) or microseconds (us)")

    def natural(self) -> Type:
        return Type("bigint")

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        wrong = [*moment_faults("start", self.start, facts), *moment_faults("end", self.end, facts)]
        yield from wrong
        if wrong:
            return
        domain = self.domain(facts)
        if domain.size <= 0:
            yield order_fault(self.start, self.end)
        else:
            yield from room_faults(facts.type, domain.start, domain.start + domain.size, ("start", "end"))

    def domain(self, facts: ColumnContext) -> Integers:
        start, end = (parse_moment(value, facts.as_of) // _UNITS[self.unit] for value in (self.start, self.end))
        return Integers(start, end - start)


_MOST_BYTES = 65_536


@register("bytes")
class Bytes(Generator):
    """Random bytes."""

    fits: ClassVar[frozenset[str]] = frozenset({"binary"})
    example: ClassVar[str] = "{type: binary, generator: bytes, params: {length: 32}}"

    length: int = Field(16, ge=1, le=_MOST_BYTES, description="how many bytes each value has")

    def natural(self) -> Type:
        return Type("binary")

    def capacity(self, facts: ColumnContext) -> int | None:
        return 1 << min(8 * self.length, 62)

    def all_distinct(self) -> bool:
        return self.length >= 8  # the first eight are a row's draw, which no other row has

    def values(self, cells: ColumnBatch) -> pa.Array:
        words = -(-self.length // 8)
        # Bytes have an order of their own on disk: the lowest first, whatever the processor.
        table = np.empty((len(cells), words), dtype="<u8")
        for place in range(words):
            table[:, place] = cells.draw(f"word {place}")
        # Less than eight bytes may repeat in draws, so that a unique column takes its indexes.
        if cells.facts.unique and self.length < 8:
            table[:, 0] = cells.indexes(1 << (8 * self.length)).view(np.uint64)
        data = np.ascontiguousarray(table.view(np.uint8)[:, : self.length])
        offsets = np.arange(len(cells) + 1, dtype=np.int64) * self.length
        # Offsets of 64 bits while it is made, since a batch of long values may have more than 2 GiB.
        return pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), len(cells), [None, pa.py_buffer(offsets), pa.py_buffer(data)]
        ).cast(pa.binary())
