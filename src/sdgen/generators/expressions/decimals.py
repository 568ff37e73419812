"""Decimals that become doubles, written out so that they become the nearest ones; and whole numbers that are rounded.

DuckDB turns decimals into doubles and floats where they meet some, where they are divided, and where a function takes
doubles. Up to 15 digits one division gives the nearest double; what longer ones give differs from release to release.
So a longer one is read from its text, as is a decimal of more than 22 places, since 10^23 is no double. Whole numbers
rounded to tens overflow silently in some releases, decimals in none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa

from sdgen.generators.expressions.allowed import words
from sdgen.generators.expressions.functions import INTEGERS

if TYPE_CHECKING:
    from sqlglot import exp

# What computes with floats whatever it is given, by kinds of syntax and names of functions.
_OF_DOUBLES = words(
    "Div IntDiv sqrt even fdiv fmod format printf make_time make_timestamp to_timestamp to_seconds to_milliseconds"
)
# What brings its operands to one type, which is a float if one of them is.
_OF_ONE_TYPE = words(
    """
    Add Sub Mul Mod EQ NEQ LT LTE GT GTE NullSafeEQ NullSafeNEQ Between In Case If Array
    mod coalesce ifnull greatest least list_value list_pack
    """
)
_DIGITS = {"DOUBLE": 15, "FLOAT": 7}  # of decimals that one division turns into the nearest
_MOST_PLACES = 22


def may_occur(root: exp.Expr, schema: pa.Schema) -> bool:
    """Whether an expression over such columns may hold decimals, or whole numbers of more than 64 bits, at all."""
    if any(pa.types.is_decimal(arrow) or arrow == pa.uint64() for arrow in schema.types):
        return True
    return any(_is_decimal(node) for node in root.walk())


def _is_decimal(node: exp.Expr) -> bool:
    kind = type(node).__name__
    if kind in ("Cast", "TryCast"):
        return node.args["to"].this.name in ("DECIMAL", "INT128", "UBIGINT")
    # A number of more than 18 digits is read as a decimal, or as a whole number of 128 bits.
    return kind == "Literal" and not node.is_string and ("." in node.name or len(node.name) > 18)


def operands(node: exp.Expr) -> list[exp.Expr]:
    """The parts of a node that it may turn into floats; none where it turns nothing."""
    kind = type(node).__name__
    if kind in ("Cast", "TryCast"):
        return [node.this] if node.args["to"].this.name in _DIGITS else []
    if _name(node) not in _OF_DOUBLES | _OF_ONE_TYPE:
        return []
    if kind == "Case":
        return [*(branch.args["true"] for branch in node.args["ifs"]), *_present(node.args.get("default"))]
    if kind == "If":
        # The branches of a CASE are taken in with the CASE; an `if` of its own is a function.
        return [] if type(node.parent).__name__ == "Case" else [node.args["true"], *_present(node.args.get("false"))]
    return list(node.iter_expressions())


def _name(node: exp.Expr) -> str:
    return str(node.this).lower() if type(node).__name__ == "Anonymous" else type(node).__name__


def _present(part: exp.Expr | None) -> list[exp.Expr]:
    return [] if part is None else [part]


def float_wanted(node: exp.Expr, types: Sequence[str]) -> str:
    """The float type that a node turns its operands into, given their types of SQL; "" where it turns none."""
    if type(node).__name__ in ("Cast", "TryCast"):
        return str(node.args["to"].this.name)
    if _name(node) == "IntDiv" and all(re.fullmatch(f"{INTEGERS}|HUGEINT", each) for each in types):
        return ""
    floats = [name for name in _DIGITS if name in types]
    return floats[0] if floats else "DOUBLE" if _name(node) in _OF_DOUBLES else ""


def is_long(source: str, target: str) -> bool:
    """Whether a type holds decimals that one division may not turn into the nearest float."""
    digits, places = _size(source)
    return digits > _DIGITS[target] or places > _MOST_PLACES


def _size(source: str) -> tuple[int, int]:
    """The digits of a decimal type and how many of them are behind the point; none for other types."""
    if source == "HUGEINT":
        return 39, 0
    found = re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", source)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def rounded_whole(node: exp.Expr, types: Sequence[str]) -> exp.Expr | None:
    """round(whole number, -n) by way of decimals, where a result out of bounds is an error; None for other nodes."""
    from sqlglot import exp

    if _name(node) != "round" or len(types) != 2 or not re.fullmatch(INTEGERS, types[0]):
        return None
    number, digits = node.expressions
    # The digits may be a column: then the tables of `rewrites` have it.
    if type(digits).__name__ != "Neg":
        return None
    # Thirty-eight digits hold the result of any rounding of 64 bits, so that only the cast back can overflow, which
    # is an error in every release.
    wide = exp.Cast(this=number.copy(), to=exp.DataType.build("decimal(38, 0)", dialect="duckdb"))
    rounded = exp.Anonymous(this="round", expressions=[wide, digits.copy()])
    return exp.Cast(this=rounded, to=exp.DataType.build(types[0], dialect="duckdb"))


def as_float(part: exp.Expr, source: str, target: str) -> exp.Expr:
    """A decimal, or a hugeint, as the double nearest to it, or as the float nearest to that."""
    from sqlglot import exp

    def cast(inner: exp.Expr, name: str) -> exp.Expr:
        return exp.Cast(this=inner, to=exp.DataType.build(name, dialect="duckdb"))

    double = cast(part.copy(), "double")
    if is_long(source, "DOUBLE"):
        places = _size(source)[1]
        double = cast(cast(part.copy(), "text"), "double")
        # A decimal below 2^53 units becomes the nearest double by one division in every release; a text takes longer.
        if places <= _MOST_PLACES:  # most are short all the same, and need no text
            short = exp.Literal.number(f"{Decimal(2**53).scaleb(-places):f}")
            within = exp.Between(this=exp.Paren(this=part.copy()), low=exp.Neg(this=short), high=short.copy())
            branch = exp.If(this=within, true=cast(part.copy(), "double"))
            double = exp.Case(ifs=[branch], default=double)
    return double if target == "DOUBLE" else cast(double, "float")
