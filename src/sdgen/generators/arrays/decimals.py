"""Numbers with a fixed count of decimal places, made as whole numbers of their last place ("units").

12.34 with two places is 1234 units. Units are exact and can be counted, so that a range of them is a domain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import numpy as np
import pyarrow as pa

from sdgen.generators.arrays.cast import scaled_decimal
from sdgen.generators.arrays.fixed_text import array_over
from sdgen.generators.base import ParamError
from sdgen.generators.column_batch import ColumnContext
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import FLOATS, INTEGER_BITS, INTEGERS, Type

Number = int | float | Decimal | Fraction

# Up to which whole number every one has a float of its own.
_FLOAT_UNITS = {"float": 1 << 24, "double": 1 << 53}


# A double such as 0.1 means the decimal that its author wrote, not the binary fraction that is nearest to it.
def exact(value: Number) -> Fraction:
    """The number as it is written in decimals: 0.1 is a tenth."""
    return value if isinstance(value, Fraction) else Fraction(str(value))


def _power(places: int) -> int:
    return int(10**places)


def units_from(value: Number, places: int) -> int:
    """The fewest units that are no less than a value."""
    # By exact fractions, since a bound that was rounded the wrong way would let a value out of its range.
    return ceil(exact(value) * _power(places))


def units_to(value: Number, places: int) -> int:
    """The most units that are no more than a value."""
    return floor(exact(value) * _power(places))


def places_of(type: Type, asked: int | None = None) -> int | None:
    """The decimal places of a column's numbers: those asked for, else its type's own; None for a float's."""
    if asked is not None:
        return asked
    if type.kind == "decimal":
        return type.scale
    return 0 if type.kind in INTEGERS else None


def digits_for(low: Number, high: Number, places: int) -> int:
    """The precision of a decimal type for numbers in a range: 10, or more where they need it; at most 38."""
    most = max(abs(units_from(low, places)), abs(units_to(high, places)))
    return min(max(len(str(most)), places, 10), 38)


def numbers_of(units: Numbers, places: int, type: Type) -> pa.Array:
    """Units as numbers: decimals for a decimal column, whole numbers without places, else floats."""
    if type.kind == "decimal":
        # Units are whole numbers, which a decimal holds exactly; nothing goes through a float.
        return scaled_decimal(units, pa.decimal128(type.precision, places))
    if places == 0 and type.kind not in FLOATS:
        return array_over(units, pa.int64())
    # One correctly rounded division gives the double nearest to the decimal, on every machine.
    return array_over(units / np.float64(10**places), pa.float64())


@dataclass(frozen=True)
class Steps:
    """The domain of all numbers with `places` decimal places from `start` units up: `size` of them."""

    start: int
    size: int
    places: int
    type: Type

    def decode(self, indexes: Numbers) -> pa.Array:
        return numbers_of(indexes + np.int64(self.start), self.places, self.type)


def steps(low: Number, high: Number, places: int, type: Type) -> Steps:
    """The domain of the numbers from low to high, both included; it may be empty."""
    start = units_from(low, places)
    return Steps(start, max(units_to(high, places) - start + 1, 0), places, type)


def room(type: Type) -> tuple[Fraction, Fraction] | None:
    """The least and the greatest number that a column holds; None where there is no such limit."""
    if type.kind in INTEGERS:
        bits = INTEGER_BITS[type.kind.removeprefix("u")]
        low = 0 if type.kind.startswith("u") else -(1 << (bits - 1))
        return Fraction(low), Fraction(low + (1 << bits) - 1)
    if type.kind == "decimal":
        most = Fraction(10**type.precision - 1, 10**type.scale)
        return -most, most
    return None


def room_faults(
    type: Type, low: Number, high: Number, params: tuple[str, str] = ("min", "max")
) -> Iterator[ParamError]:
    """Values from low to high that the column's type can't hold."""
    limits = room(type)
    if limits is None:
        return
    for param, value, limit, beyond in (
        (params[0], low, limits[0], exact(low) < limits[0]),
        (params[1], high, limits[1], exact(high) > limits[1]),
    ):
        if beyond:
            what = f"values may reach {_written(value)}, and a column of type {type} ends at {_written(limit)}"
            yield ParamError(param, what, f"give a {param} that fits, or the column a wider type")


def places_faults(
    facts: ColumnContext, places: int | None, low: Number, high: Number, param: str
) -> Iterator[ParamError]:
    """Decimal places that the column's type can't hold, or that make numbers too long for 64 bits or a float."""
    if places is None:
        return
    own = places_of(facts.type)
    if own is not None and places > own:
        yield ParamError(param, f"{places} decimal places are more than a column of type {facts.type} holds ({own})")
    kind = facts.type.kind
    distinct = facts.unique or facts.joint is not None
    # A double counts units exactly up to 2^53 alone; a float's few digits matter only where numbers must be distinct.
    most = _FLOAT_UNITS.get(kind, (1 << 62) - 1) if kind == "double" or distinct else (1 << 62) - 1
    if max(abs(units_from(low, places)), abs(units_to(high, places))) > most:
        hint = "ask for fewer decimal places, or a smaller range"
        yield ParamError(
            param,
            f"numbers as large as these have no {places} decimal places in a column of type {facts.type}",
            hint,
        )


def _written(value: Number) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    number = Fraction(value)
    return str(number.numerator) if number.denominator == 1 else f"{float(number):.15g}"
