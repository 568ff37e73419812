"""The functions of expressions that sdgen computes itself: those whose values would depend on a machine or a release.

One entry of `OWN_FUNCTIONS` is one function. All are total: where an argument is null or not finite, outside of the
domain, or where the result would be too large, they give null, as a division by zero does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.generators.arrays import rounding
from sdgen.generators.arrays.cast import cast_array
from sdgen.scenario.types import INTEGER_BITS, Type

_Compute = Callable[..., object]  # arrays of the arguments' types to a numpy array, or to one number for all rows

# The types of SQL that an argument may be of, and the one it is handed over in.
INTEGERS = "TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT"
_KINDS = {
    "number": (rf"{INTEGERS}|HUGEINT|DECIMAL\(.*\)|FLOAT|DOUBLE", "DOUBLE"),
    "double": ("DOUBLE", "DOUBLE"),
    "float": ("FLOAT", "FLOAT"),
    "digits": ("TINYINT|SMALLINT|INTEGER|UTINYINT|USMALLINT", "BIGINT"),
    "text": (r"VARCHAR|ENUM\(.*\)", "VARCHAR"),
}
_LIST = re.compile(r"(\[\d*\])+$")  # behind a type: a list of it, or an array of so many


@dataclass(frozen=True)
class Overload:
    """One list of arguments a function takes, as kinds of `_KINDS`; `gives` is the type of its result."""

    takes: tuple[str, ...]
    gives: str
    compute: _Compute

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(_KINDS[kind][1] for kind in self.takes)

    def fits(self, types: Sequence[str]) -> bool:
        """Whether it takes arguments of these types of SQL."""
        if len(types) != len(self.takes):
            return False
        pairs = zip(self.takes, types, strict=True)
        return all(re.fullmatch(rf'(?:{_KINDS[kind][0]}|"NULL")', name) for kind, name in pairs)

    def __call__(self, arrays: list[pa.Array], count: int) -> pa.Array:
        """The function's values over `count` rows, from arrays of its `types`."""
        usable = np.ones(count, dtype=bool)
        for array in arrays:
            if array.null_count:
                usable &= array.is_valid().to_numpy(zero_copy_only=False)
        values = np.broadcast_to(np.asarray(self.compute(*map(_filled, arrays))), count)
        # Null and not an error: an error in one row of a billion would end the run, and an
        # infinity can't be stored by most targets.
        usable &= np.isfinite(values)
        if self.gives == "BIGINT":
            # NaN becomes a whole number before the cast, whose result would else differ between processors.
            values = np.where(usable, values, 0).astype(np.int64)
        return pa.array(values, mask=None if usable.all() else ~usable)


def _filled(array: pa.Array) -> object:
    """An array without nulls, as our functions take it: texts in Arrow's form, numbers in numpy's."""
    if pa.types.is_string(array.type):
        return array.fill_null("")
    return np.asarray(array.fill_null(0) if array.null_count else array)


@dataclass(frozen=True)
class OwnFunction:
    """A function by its overloads. DuckDB computes `others`, which no overload takes."""

    summary: str
    overloads: tuple[Overload, ...]
    others: bool = False

    def overload(self, types: Sequence[str]) -> Overload | None:
        return next((each for each in self.overloads if each.fits(types)), None)


def _of_numbers(summary: str, compute: _Compute, arguments: int = 1) -> OwnFunction:
    return OwnFunction(summary, (Overload(("number",) * arguments, "DOUBLE", compute),))


def _to_digits(summary: str, compute: _Compute) -> OwnFunction:
    def of(values: NDArray[np.float64], digits: NDArray[np.int64] | None = None) -> object:
        one = digits is None or bool((digits == digits[:1]).all())  # the same in all rows, which is quicker
        return compute(values, (0 if digits is None or not len(digits) else int(digits[0])) if one else digits)

    floats = ("double", "float")
    overloads = [Overload(takes, kind.upper(), of) for kind in floats for takes in ((kind,), (kind, "digits"))]
    return OwnFunction(summary, tuple(overloads), others=True)


def _floored_remainder(values: NDArray[np.float64], divisors: NDArray[np.float64]) -> object:
    """x - floor(x / y) * y without rounding in between: the C library's fmod is exact, and so is the sum, nearly."""
    with np.errstate(all="ignore"):
        cut = np.fmod(values, divisors)
        # The last zero turns -0.0 into 0.0, which would else be written with a sign.
        return np.where((cut != 0) & ((cut < 0) != (divisors < 0)), cut + divisors, cut) + values.dtype.type(0)


def _of_texts(summary: str, compute: _Compute, gives: str = "BIGINT") -> OwnFunction:
    return OwnFunction(summary, (Overload(("text", "text"), gives, compute),))


class _ReadAtFirstUse:
    """The functions of a module beside this package. Few expressions need them, and every start would pay for them."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> _Compute:
        def compute(*arrays: object) -> object:
            return getattr(import_module(f"sdgen.generators.expressions.{self._module}"), name)(*arrays)

        return compute


own = _ReadAtFirstUse("transcendental")
text_distances = _ReadAtFirstUse("text_distances")
_POWER = _of_numbers("x to the power of y; also x ** y and x ^ y", own.pow, 2)
OWN_FUNCTIONS: dict[str, OwnFunction] = {
    "round": _to_digits("the nearest number of n digits (0 if not given), halves away from zero", rounding.rounded),
    "trunc": _to_digits("the number cut after n digits (0 if not given)", rounding.truncated),
    "fmod": OwnFunction(
        "the rest of x / y, with the sign of y",
        (
            Overload(("float", "float"), "FLOAT", _floored_remainder),
            Overload(("number", "number"), "DOUBLE", _floored_remainder),
        ),
    ),
    "exp": _of_numbers("e to the power of x", own.exp),
    "ln": _of_numbers("the natural logarithm of x > 0", own.ln),
    "log": OwnFunction(
        "the logarithm of x > 0 to the base 10, or log(b, x) to a base b > 0 other than 1",
        (
            Overload(("number",), "DOUBLE", own.log10),
            Overload(("number", "number"), "DOUBLE", own.log),
        ),
    ),
    "log10": _of_numbers("the logarithm of x > 0 to the base 10", own.log10),
    "log2": _of_numbers("the logarithm of x > 0 to the base 2", own.log2),
    "pow": _POWER,
    "power": _POWER,
    "cbrt": _of_numbers("the cube root of x", own.cbrt),
    "sin": _of_numbers("the sine of x in radians, up to 2^50", own.sin),
    "cos": _of_numbers("the cosine of x in radians, up to 2^50", own.cos),
    "tan": _of_numbers("the tangent of x in radians, up to 2^50", own.tan),
    "cot": _of_numbers("the cotangent of x in radians, up to 2^50", own.cot),
    "asin": _of_numbers("the arcsine of -1 <= x <= 1", own.asin),
    "acos": _of_numbers("the arccosine of -1 <= x <= 1", own.acos),
    "atan": _of_numbers("the arctangent of x", own.atan),
    "atan2": _of_numbers("the angle of the point (x, y), as atan2(y, x)", own.atan2, 2),
    "sinh": _of_numbers("the hyperbolic sine of x", own.sinh),
    "cosh": _of_numbers("the hyperbolic cosine of x", own.cosh),
    "tanh": _of_numbers("the hyperbolic tangent of x", own.tanh),
    "asinh": _of_numbers("the inverse hyperbolic sine of x", own.asinh),
    "acosh": _of_numbers("the inverse hyperbolic cosine of x >= 1", own.acosh),
    "atanh": _of_numbers("the inverse hyperbolic tangent of -1 < x < 1", own.atanh),
    "degrees": _of_numbers("radians as degrees", own.degrees),
    "radians": _of_numbers("degrees as radians", own.radians),
    "levenshtein": _of_texts("how many characters to put in, leave out or change", text_distances.levenshtein),
    "damerau_levenshtein": _of_texts(
        "likewise; two neighbours changing places count once", text_distances.damerau_levenshtein
    ),
    "hamming": _of_texts("in how many places texts of one length differ", text_distances.hamming),
    "jaccard": _of_texts("the share of their characters that both texts have", text_distances.jaccard, "DOUBLE"),
    "pi": OwnFunction("3.141592653589793", (Overload((), "DOUBLE", lambda: math.pi),)),
}


def casts_floats(source: str, target: str) -> bool:
    """Whether a cast between these types of SQL rounds floats to whole numbers or decimals, alone or in lists."""
    element, to = _LIST.sub("", source), _LIST.sub("", target)
    rounds = re.fullmatch(rf"{INTEGERS}|HUGEINT|DECIMAL\(.*\)", to)
    return element in ("DOUBLE", "FLOAT") and bool(rounds) and (element == source) == (to == target)


def cast_floats(array: pa.Array, type: Type, lenient: bool) -> pa.Array:
    """Floats, or lists of them, rounded to a type of whole numbers or decimals.

    What doesn't fit is null if `lenient`, and an OverflowError otherwise.
    """
    if pa.types.is_list(array.type) or pa.types.is_fixed_size_list(array.type):
        array = pc.cast(array, pa.list_(array.type.value_type))
        values = cast_floats(array.values, type.items[0], lenient)
        nulls = array.is_null() if array.null_count else None
        return pa.ListArray.from_arrays(pa.array(np.asarray(array.offsets)), values, mask=nulls)
    try:
        return cast_array(array, type, type.arrow)
    except ValueError as error:
        fits = _fits(np.asarray(array.fill_null(0) if array.null_count else array), type)
        if lenient and not fits.all():
            return cast_array(pc.if_else(pa.array(fits), array, None), type, type.arrow)
        value = array[int(np.argmin(fits))].as_py()
        raise OverflowError(str(error) if fits.all() else f"{value} doesn't fit into {type}") from None


def _fits(values: NDArray[np.float64], type: Type) -> NDArray[np.bool_]:
    """Which of these floats have a place in a type of whole numbers or decimals, once they are rounded."""
    bits = INTEGER_BITS.get(type.kind.removeprefix("u"))
    if bits:
        whole = rounding.rounded(values)
        # Bounds in doubles are exact, since they are powers of two; the greatest whole number of 64 bits is none.
        low, high = (0.0, 2.0**bits) if type.kind.startswith("u") else (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1))
        return (whole >= low) & (whole < high)
    counted = np.abs(rounding.units(values, type.scale))
    with np.errstate(all="ignore"):
        # Where units are no exact number, the magnitude alone decides whether there is room.
        counted = np.where(np.isfinite(counted), counted, np.abs(values) * float(10**type.scale))
    return counted < float(10**type.precision)
