"""Doubles and conditions: what each kind of node is made into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sdgen.generators.expressions.vectorized.bounded_numbers import (
    Columns,
    Condition,
    Doubles,
    Unsupported,
    array_without_nulls,
)
from sdgen.generators.expressions.vectorized.node_reader import COMPARED, NodeReader, branches, chosen

if TYPE_CHECKING:
    from sqlglot import exp


def _double_column(reader: NodeReader, node: exp.Expr) -> Doubles:
    name = node.name
    return lambda columns: array_without_nulls(columns, name).to_numpy()


def _double_cases(reader: NodeReader, node: exp.Expr) -> Doubles:
    conditions, values = branches(reader, node)
    parts = [reader.double(part) for part in values]
    return lambda columns: chosen(conditions, columns, [part(columns) for part in parts])


def _double_cast(reader: NodeReader, node: exp.Expr) -> Doubles:
    inner = node.this.unnest()
    return reader.double(inner)


def _double_operation(reader: NodeReader, node: exp.Expr) -> Doubles:
    one, other = reader.double(node.this), reader.double(node.expression)
    match type(node).__name__:
        case "Add":
            return lambda columns: one(columns) + other(columns)
        case "Sub":
            return lambda columns: one(columns) - other(columns)
        case "Mul":
            return lambda columns: one(columns) * other(columns)

    def quotient(columns: Columns) -> Any:
        divisor = other(columns)
        if not np.all(divisor):  # a division by zero is null
            raise Unsupported
        return one(columns) / divisor

    return quotient


def _double_negated(reader: NodeReader, node: exp.Expr) -> Doubles:
    inner = reader.double(node.this)
    return lambda columns: -inner(columns)


DOUBLES: Mapping[str, Callable[[NodeReader, Any], Doubles]] = {
    "Column": _double_column,
    "Neg": _double_negated,
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), _double_operation),
    "Case": _double_cases,
    "Cast": _double_cast,
}


def _comparison(reader: NodeReader, node: exp.Expr) -> Condition:
    return reader.compared(COMPARED[type(node).__name__], node.this, node.expression)


def _between(reader: NodeReader, node: exp.Expr) -> Condition:
    above = reader.compared(COMPARED["GTE"], node.this, node.args["low"])
    below = reader.compared(COMPARED["LTE"], node.this, node.args["high"])
    return lambda columns: above(columns) & below(columns)


def _junction(reader: NodeReader, node: exp.Expr) -> Condition:
    one, other = reader.condition(node.this), reader.condition(node.expression)
    if type(node).__name__ == "And":
        return lambda columns: one(columns) & other(columns)
    return lambda columns: one(columns) | other(columns)


def _not(reader: NodeReader, node: exp.Expr) -> Condition:
    inner = reader.condition(node.this)
    return lambda columns: np.logical_not(inner(columns))


CONDITIONS: Mapping[str, Callable[[NodeReader, Any], Condition]] = {
    **dict.fromkeys(COMPARED, _comparison),
    "Between": _between,
    "And": _junction,
    "Or": _junction,
    "Not": _not,
}
