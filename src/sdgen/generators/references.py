"""Params that name other columns: `created_at` of the row, `orders.created_at` of its parent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import FiniteFloat, PrivateAttr

from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.links.links import resolve_link
from sdgen.generators.moments.durations import SECOND
from sdgen.generators.streams import Numbers, Words, mix
from sdgen.scenario.types import INTEGERS, NESTED, NUMBERS, TEXTS, TIMES, Type

_REFERENCE = re.compile(r"(?:[^\W\d]\w*\.)?[^\W\d]\w*")
_NOW = frozenset({"now", "as_of"})


def is_reference(value: Any) -> bool:
    """Whether a moment in a param names a column instead."""
    return isinstance(value, str) and value.lower() not in _NOW and _REFERENCE.fullmatch(value) is not None


COLUMN = "$"  # begins a param that names a column, where other texts name a country, a currency or a locale


def named_column(param: str) -> str:
    """The column that holds each row's value; "" where the param names none."""
    return param.removeprefix(COLUMN) if param.startswith(COLUMN) else ""


def column_faults(param: str, text: str, hint: str = "write $column, or $link.column") -> Iterator[ParamError]:
    """A fault for a param that is to name a column, and names none."""
    if text.startswith(COLUMN) and not is_reference(named_column(text)):
        yield ParamError(param, f"{text!r} names no column", hint)


class Referring(Generator):
    """A generator whose params name columns of the row, or `link.column` of its parents."""

    _links: dict[str, str] = PrivateAttr(default_factory=dict)

    def references(self) -> Iterator[str]:
        """The columns as the params name them."""
        raise NotImplementedError

    def resolved(self, links: Mapping[str, str]) -> Self:
        parents = {name.rpartition(".")[0] for name in self.references()} - {""}
        # A copy: the same generator may stand in scenarios with other links.
        copy = self.model_copy()
        copy._links = {parent: resolve_link(parent, links) for parent in sorted(parents)}
        return copy

    def dependency(self, name: str) -> Dependency:
        """What a name of a column stands for."""
        parent, _, column = name.rpartition(".")
        return Dependency(column, self._links.get(parent, parent))

    def needs(self) -> tuple[Dependency, ...]:
        return tuple(dict.fromkeys(self.dependency(name) for name in self.references()))

    def no_moments(
        self, param: str, names: Iterable[str], types: Mapping[Dependency, Type | None], word: str = "moment"
    ) -> Iterator[ParamError]:
        """A fault for each named column that holds neither dates nor moments."""
        for name in names:
            type = types.get(self.dependency(name))
            if type is not None and (type.kind not in TIMES or type.kind == "time"):
                yield ParamError(param, f"{name} is {type}, not a {word}", "name a column of dates or moments")

    def no_texts(
        self, param: str, text: str, types: Mapping[Dependency, Type | None], values: str
    ) -> Iterator[ParamError]:
        """A fault for the column that a param names, if any, where it holds no texts. values: what they are to be."""
        name = named_column(text)
        type = types.get(self.dependency(name)) if name else None
        if type is not None and type.kind not in TEXTS:
            yield ParamError(param, f"{name} is {type}, no text", f"name a column of {values}")

    def no_single_values(
        self, param: str, names: Iterable[str], types: Mapping[Dependency, Type | None]
    ) -> Iterator[ParamError]:
        """A fault for each named column whose values are lists, maps or records."""
        for name in names:
            type = types.get(self.dependency(name))
            if type is not None and type.kind in NESTED:
                yield ParamError(param, f"{name} is {type}, whose values are no single ones", "name another")

    def array(self, cells: ColumnBatch, name: str) -> pa.Array:
        """The column that a name stands for, at the batch's rows."""
        need = self.dependency(name)
        return cells.rows.parent(need.link).column(need.column) if need.link else cells.column(need.column)


def microseconds(array: pa.Array) -> tuple[Numbers, NDArray[np.bool_] | None]:
    """Dates or moments in microseconds from 1970, and which of them are known (None where all are)."""
    moments = cast_array(array, Type("timestamp"), pa.timestamp("us")).cast(pa.int64())
    if not moments.null_count:
        return np.asarray(moments, dtype=np.int64), None
    return np.asarray(moments.fill_null(0), dtype=np.int64), np.asarray(moments.is_valid(), dtype=np.bool_)


# Params that name columns, of the row or, as `devices.base_celsius`, of a parent; and those columns as arrays.
Floats = NDArray[np.float64]
Term = FiniteFloat | str  # a number, or the name of a column of numbers

MOMENTS = frozenset({"timestamp", "timestamptz", "date"})
KEYS = INTEGERS | TEXTS | {"uuid", "date"}
ZONES = TEXTS
_KINDS = {
    NUMBERS: "a column of numbers",
    MOMENTS: "a column of dates or times",
    KEYS: "a column of whole numbers, texts, uuids or dates",
    ZONES: "a column of texts",
}
_MOST = 1e15
# Words of numbers and words of texts must not meet.
_SALT = np.uint64(0x8CB92BA72F3D8DD7)


class Reference(NamedTuple):
    """A param that names a column, and the kinds of types that column may have."""

    param: str
    name: str
    kinds: frozenset[str]


class SeriesGenerator(Referring):
    """A generator whose params name columns of certain kinds. A column that is null makes the value null."""

    def column_params(self) -> Iterator[Reference]:
        """The params that name columns."""
        raise NotImplementedError

    def references(self) -> Iterator[str]:
        return (one.name for one in self.column_params())

    def needs(self) -> tuple[Dependency, ...]:
        return tuple(replace(self.dependency(one.name), param=one.param) for one in self.column_params())

    @property
    def passes_null(self) -> bool:
        return True

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        for one in self.column_params():
            type = types.get(self.dependency(one.name))
            if type is not None and type.kind not in one.kinds:
                yield ParamError(one.param, f"{one.name} is {type}", f"name {_KINDS[one.kinds]}")

    def referred(self, cells: ColumnBatch, name: str) -> pa.Array:
        """The column of that name, of these rows or of their parents."""
        array = self.array(cells, name)
        return pc.cast(array, array.type.value_type) if pa.types.is_dictionary(array.type) else array

    def number(self, cells: ColumnBatch, term: Term) -> Floats | float:
        """A term's numbers: NaN where its column is null."""
        if not isinstance(term, str):
            return float(term)
        # NaN carries nulls through sums and products, and is null again at the end.
        values: Floats = cast_array(self.referred(cells, term), Type("double"), pa.float64()).to_numpy(
            zero_copy_only=False
        )
        return values

    def moments(self, cells: ColumnBatch, name: str) -> tuple[Numbers, NDArray[np.bool_] | None]:
        """A column's moments in microseconds since 1970, and which of them are null; None where none is."""
        moments, known = microseconds(self.referred(cells, name))
        return moments, None if known is None else ~known

    def keys(self, cells: ColumnBatch, name: str, purpose: str, family: str = "") -> Words:
        """A stream's key for each row, the same in all rows whose column `name` is the same; one key without a name.

        family: all columns of the entity that name the same family have the same keys.
        """
        # A family's key, so that columns that belong together, such as those with gaps, have the same stretches.
        own = np.uint64(cells.family_key(family, purpose) if family else cells.key(purpose))
        if not name:
            return np.full(len(cells), own, dtype=np.uint64)
        # Hashed once for a batch, however many parts of a series ask for them.
        words = cells.rows.shared(f"keys {name}", lambda: key_words(self.referred(cells, name)))
        # By the value and not the row number: rows that share a value share a curve.
        return mix(words ^ own)

    def zone_offsets(self, cells: ColumnBatch, zone: str) -> Numbers | int:
        """By how many microseconds a zone's standard time is ahead of UTC; zone: its name, or a column of names."""
        if not is_reference(zone) or zone == "UTC":
            return _standard_offset(zone, cells.facts.as_of.year)
        codes = self.referred(cells, zone).dictionary_encode()
        offsets = [_standard_offset(name or "UTC", cells.facts.as_of.year) for name in codes.dictionary.to_pylist()]
        each: Numbers = np.array([*offsets, 0], dtype=np.int64)[codes.indices.fill_null(len(offsets)).to_numpy()]
        return each


def term_faults(param: str, term: Term) -> Iterator[ParamError]:
    """A fault where a term is neither a number nor a name, or a number so large that sums would have no end."""
    if isinstance(term, str) and not is_reference(term):
        what = f"{term!r} is neither a number nor the name of a column"
        yield ParamError(param, what, "write a number, column, or parent.column")
    elif not isinstance(term, str) and abs(term) > _MOST:
        yield ParamError(param, f"{term:g} is too large", f"take a number up to {_MOST:g}")


def key_words(array: pa.Array) -> Words:
    """One word for each value, the same for the same value, whatever other values there are."""
    if pa.types.is_integer(array.type) or pa.types.is_date(array.type):
        whole = array.fill_null(0)
        whole = whole.cast(pa.int32()) if pa.types.is_date(array.type) else whole
        words = whole.to_numpy().astype(np.int64).view(np.uint64)
        return mix(words ^ _SALT)
    codes = array.dictionary_encode()
    # Each different text is hashed once: a batch has few of them.
    hashes = [_word(value) for value in codes.dictionary.to_pylist()]
    each: Words = np.array([*hashes, 0], dtype=np.uint64)[codes.indices.fill_null(len(hashes)).to_numpy()]
    return each


def _word(value: str | bytes) -> int:
    data = value if isinstance(value, bytes) else value.encode()
    # BLAKE2b, as for streams: Python's own hash differs from process to process.
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big")


@lru_cache(maxsize=1024)
def _standard_offset(zone: str, year: int) -> int:
    """The lesser of a zone's offsets in January and July: cycles of nature know no daylight saving."""
    # The year of as_of, since zones have changed their offsets.
    try:
        found = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        # A name that is no zone has been told when the scenario was checked; a column may still hold one.
        return 0
    # January and July are in different halves of the year, one of which has standard
    # time on either side of the equator.
    halves = [datetime(year, month, 1, 12, tzinfo=UTC).astimezone(found).utcoffset() for month in (1, 7)]
    return min(int(half.total_seconds()) * SECOND for half in halves if half is not None)
