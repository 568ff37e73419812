"""Params that name other columns: `created_at` of the row, `orders.created_at` of its parent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import PrivateAttr

from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.base import ColumnBatch, Dependency, Generator, ParamError
from sdgen.generators.links.links import resolve_link
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import TIMES, Type

_REFERENCE = re.compile(r"(?:[^\W\d]\w*\.)?[^\W\d]\w*")
_NOW = frozenset({"now", "as_of"})


def is_reference(value: Any) -> bool:
    """Whether a moment in a param names a column instead."""
    return isinstance(value, str) and value.lower() not in _NOW and _REFERENCE.fullmatch(value) is not None


class Referring(Generator):
    """A generator whose params name columns of the row, or `link.column` of its parents."""

    _links: dict[str, str] = PrivateAttr(default_factory=dict)

    def references(self) -> Iterator[str]:
        """The columns as the params name them."""
        raise NotImplementedError

    def resolved(self, links: Mapping[str, str]) -> Self:
        parents = {name.rpartition(".")[0] for name in self.references()} - {""}
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
