"""Shares of nulls that follow another column's value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.generators.streams import Numbers


def case_numbers(values: pa.Array, cases: Sequence[str | None]) -> Numbers:
    """For each value its place among the cases, which are written as texts; their number where it is none of them."""
    # Compared as texts, since a scenario writes cases as the keys of a mapping.
    plain = pc.cast(values, values.type.value_type) if pa.types.is_dictionary(values.type) else values
    places = pc.index_in(plain.cast(pa.string()), value_set=pa.array(cases, pa.string()))
    found: Numbers = np.asarray(places.fill_null(len(cases))).astype(np.int64)
    return found


@dataclass(frozen=True)
class NullRates:
    """The shares of nulls by a column's value; `otherwise` where the value is none of those."""

    column: str
    rates: Mapping[str, float]
    otherwise: float

    def missing(self, values: pa.Array, drawn: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which rows are null. drawn: a number in [0, 1) for each."""
        rates = np.array([*self.rates.values(), self.otherwise])
        missing: NDArray[np.bool_] = drawn < rates[case_numbers(values, list(self.rates))]
        return missing
