"""Whole numbers, decimals and dates: what each kind of node is made into."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sdgen.generators.arrays.fixed_text import decimal_units
from sdgen.generators.expressions.vectorized.bounded_numbers import (
    Columns,
    Node,
    Numbers,
    Truth,
    Unsupported,
    aligned,
    array_without_nulls,
    room,
    scaled,
    within,
)
from sdgen.generators.expressions.vectorized.node_reader import NodeReader, branches, chosen

if TYPE_CHECKING:
    from sqlglot import exp

MICROSECONDS_PER_DAY = 86_400_000_000  # microseconds


def _column(reader: NodeReader, node: exp.Expr) -> Node:
    name = node.name

    def read(columns: Columns) -> Numbers:
        array = array_without_nulls(columns, name)
        if pa.types.is_decimal128(array.type):
            values, scale = decimal_units(array), array.type.scale
            if values is None:
                raise Unsupported
        else:
            plain = array.view(pa.int32()) if pa.types.is_date32(array.type) else array
            values, scale = plain.to_numpy(zero_copy_only=False).astype(np.int64, copy=False), 0
        return Numbers(values, int(values.min()), int(values.max()), scale)

    return read


def _literal(reader: NodeReader, node: exp.Expr) -> Node:
    # Eighteen digits fit in 64 bits; what is written in other forms is DuckDB's to read.
    if node.is_string or not re.fullmatch(r"\d{1,18}|(?=[\d.]{2,18}$)\d*\.\d+", node.name):
        raise Unsupported
    whole, _, digits = node.name.partition(".")
    value = int(whole + digits)
    return lambda columns: Numbers(value, value, value, len(digits))


def _negated(reader: NodeReader, node: exp.Expr) -> Node:
    inner = reader.number(node.this)

    def compute(columns: Columns) -> Numbers:
        made = inner(columns)
        return Numbers(-made.values, -made.high, -made.low, made.scale)

    return compute


def _sum(reader: NodeReader, node: exp.Expr) -> Node:
    dates = [reader.type_of(part.unnest()) == "DATE" for part in (node.this, node.expression)]
    # A date and a number make a date, two dates a number, and nothing else is taken.
    if any(dates) and reader.type_of(node) != "DATE" and not (all(dates) and type(node).__name__ == "Sub"):
        raise Unsupported
    one, other = reader.number(node.this), reader.number(node.expression)
    minus = type(node).__name__ == "Sub"

    def compute(columns: Columns) -> Numbers:
        first, second = aligned(one(columns), other(columns))
        if minus:
            low, high = first.low - second.high, first.high - second.low
            return Numbers(within(low, high) and first.values - second.values, low, high, first.scale)
        low, high = first.low + second.low, first.high + second.high
        return Numbers(within(low, high) and first.values + second.values, low, high, first.scale)

    return compute


def _product(reader: NodeReader, node: exp.Expr) -> Node:
    one, other = reader.number(node.this), reader.number(node.expression)

    def compute(columns: Columns) -> Numbers:
        first, second = one(columns), other(columns)
        # The extremes of a product lie at the ends of its factors, whichever their signs are.
        ends = [a * b for a in (first.low, first.high) for b in (second.low, second.high)]
        within(min(ends), max(ends))
        return Numbers(first.values * second.values, min(ends), max(ends), first.scale + second.scale)

    return compute


def _quotient(reader: NodeReader, node: exp.Expr) -> Node:
    """The whole quotient, or the rest, of numbers that aren't below 0: of others, languages have two opinions."""
    one, other = reader.number(node.this), reader.number(node.expression)
    rest = type(node).__name__ == "Mod"

    def compute(columns: Columns) -> Numbers:
        first, second = one(columns), other(columns)
        if first.scale or second.scale or first.low < 0 or second.low < 1:
            raise Unsupported
        if rest:
            return Numbers(first.values % second.values, 0, min(first.high, second.high - 1))
        return Numbers(first.values // second.values, first.low // second.high, first.high // second.low)

    return compute


def _cases(reader: NodeReader, node: exp.Expr) -> Node:
    conditions, values = branches(reader, node)
    scale = room(reader.type_of(node))[1]
    if {reader.type_of(each.unnest()) == "DATE" for each in values} != {reader.type_of(node) == "DATE"}:
        raise Unsupported
    parts = [reader.number(part) for part in values]

    def compute(columns: Columns) -> Numbers:
        made = [scaled(part(columns), scale) for part in parts]
        low, high = min(each.low for each in made), max(each.high for each in made)
        return Numbers(chosen(conditions, columns, [each.values for each in made]), low, high, scale)

    return compute


def _extreme(reader: NodeReader, node: exp.Expr) -> Node:
    """The least or the greatest of several numbers, or of several dates."""
    if len({reader.type_of(part.unnest()) == "DATE" for part in (node, *node.expressions)}) > 1:
        raise Unsupported
    parts = [reader.number(part) for part in node.expressions]
    scale, least = room(reader.type_of(node))[1], node.this.lower() == "least"
    pick: Any = np.minimum if least else np.maximum

    def compute(columns: Columns) -> Numbers:
        made = [scaled(part(columns), scale) for part in parts]
        ends = (min, min) if least else (max, max)
        low, high = ends[0](each.low for each in made), ends[1](each.high for each in made)
        return Numbers(reduce(pick, [each.values for each in made]), low, high, scale)

    return compute


def _cast(reader: NodeReader, node: exp.Expr) -> Node:
    """A cast that loses nothing: of a boolean to a number, of numbers to no fewer digits, of a text to a date."""
    target, inner = reader.type_of(node), node.this.unnest()
    if target == "DATE":
        return _date(reader, inner)
    source, scale = reader.type_of(inner), room(target)[1]
    if source == "BOOLEAN":
        flags = reader.condition(inner)
        return lambda columns: scaled(Numbers(as_numbers(flags(columns)), 0, 1), scale)
    # A cast to fewer digits would round, and is left to our own rounding.
    if source == "DATE" or room(source)[1] > scale:
        raise Unsupported
    number = reader.number(inner)
    return lambda columns: scaled(number(columns), scale)


def _date(reader: NodeReader, node: exp.Expr) -> Node:
    """A date that is written, that a column holds, or of a column of moments from 1970 on."""
    kind, source, name = type(node).__name__, reader.type_of(node), node.name
    if source == "DATE":
        return reader.number(node)
    if kind == "Column" and source == "TIMESTAMP":

        def compute(columns: Columns) -> Numbers:
            moments = array_without_nulls(columns, name).view(pa.int64()).to_numpy()
            # Before 1970 rounding down and cutting differ, so that such moments are left to DuckDB.
            if moments.min() < 0:
                raise Unsupported
            return Numbers(
                moments // MICROSECONDS_PER_DAY,
                int(moments.min()) // MICROSECONDS_PER_DAY,
                int(moments.max()) // MICROSECONDS_PER_DAY,
            )

        return compute
    if kind != "Literal" or not re.fullmatch(r"\d{4}-\d\d-\d\d", name):
        raise Unsupported
    try:
        days = (date.fromisoformat(name) - date(1970, 1, 1)).days
    except ValueError:
        raise Unsupported from None
    return lambda columns: Numbers(days, days, days)


def as_numbers(flags: Truth) -> Any:
    return int(flags) if isinstance(flags, bool) else flags.astype(np.int64)


NUMBERS: Mapping[str, Callable[[NodeReader, Any], Node]] = {
    "Column": _column,
    "Literal": _literal,
    "Neg": _negated,
    "Add": _sum,
    "Sub": _sum,
    "Mul": _product,
    "IntDiv": _quotient,
    "Mod": _quotient,
    "Case": _cases,
    "Cast": _cast,
    "least": _extreme,
    "greatest": _extreme,
}
