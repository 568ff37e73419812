"""Makes functions of an expression's nodes, by tables of what each kind of node is made into."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.generators.expressions.vectorized.bounded_numbers import (
    DECIMAL,
    INTEGERS,
    Columns,
    Condition,
    Doubles,
    Node,
    Truth,
    Unsupported,
    aligned,
    array_without_nulls,
    bounded,
    finite,
    room,
)

if TYPE_CHECKING:
    from sqlglot import exp

COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "EQ": lambda a, b: a == b,
    "NEQ": lambda a, b: a != b,
    "LT": lambda a, b: a < b,
    "LTE": lambda a, b: a <= b,
    "GT": lambda a, b: a > b,
    "GTE": lambda a, b: a >= b,
}


@dataclass(frozen=True)
class NodeTables:
    """What makes a function of a node, by the node's kind, for each of the three sorts of values."""

    numbers: Mapping[str, Callable[[NodeReader, Any], Node]]
    doubles: Mapping[str, Callable[[NodeReader, Any], Doubles]]
    conditions: Mapping[str, Callable[[NodeReader, Any], Condition]]


@dataclass(frozen=True)
class NodeReader:
    """Makes functions of nodes; `types` are DuckDB's names of the nodes' types, by the nodes' identities."""

    types: Mapping[int, str]
    tables: NodeTables

    def type_of(self, node: exp.Expr) -> str:
        if id(node) not in self.types:
            raise Unsupported
        return self.types[id(node)]

    def number(self, node: exp.Expr) -> Node:
        """A whole number or decimal, or a date as its days since 1970, within the bounds of the node's type."""
        node = node.unnest()
        bound, scale = room(self.type_of(node))
        return bounded(builder_of(self.tables.numbers, node)(self, node), bound, scale)

    def double(self, node: exp.Expr) -> Doubles:
        """A double, or a whole number made one: finite all of them."""
        node = node.unnest()
        if self.type_of(node) == "DOUBLE":
            return finite(builder_of(self.tables.doubles, node)(self, node))
        # A literal of up to 15 digits is one double, the nearest to what is written.
        if type(node).__name__ == "Literal" and DECIMAL.fullmatch(self.type_of(node)) and len(node.name) <= 15:
            value = float(node.name)
            return lambda columns: value
        if self.type_of(node) not in INTEGERS:
            raise Unsupported
        number = self.number(node)
        return lambda columns: np.asarray(number(columns).values, dtype=np.float64)

    def condition(self, node: exp.Expr) -> Condition:
        node = node.unnest()
        if type(node).__name__ == "Column" and self.type_of(node) == "BOOLEAN":
            return flags_of(node.name)
        condition: Condition = builder_of(self.tables.conditions, node)(self, node)
        return condition

    def compared(self, compare: Callable[[Any, Any], Any], one: exp.Expr, other: exp.Expr) -> Condition:
        """A comparison of numbers, of dates, or of a text with a literal."""
        one, other = one.unnest(), other.unnest()
        types = {self.type_of(one), self.type_of(other)}
        if types == {"VARCHAR"}:
            return _same_text(compare, one, other)
        if "DOUBLE" in types:
            left, right = self.double(one), self.double(other)
            return lambda columns: compare(left(columns), right(columns))
        # A date beside a number, or a boolean beside anything, is compared in ways of DuckDB's own.
        if types != {"DATE"} and types & {"DATE", "BOOLEAN"}:
            raise Unsupported
        first, second = self.number(one), self.number(other)

        def compute(columns: Columns) -> Truth:
            left_number, right_number = aligned(first(columns), second(columns))
            truth: Truth = compare(left_number.values, right_number.values)
            return truth

        return compute


def builder_of(table: Mapping[str, Any], node: exp.Expr) -> Any:
    kind = type(node).__name__
    build = table.get(node.this.lower() if kind == "Anonymous" else kind)
    if build is None:
        raise Unsupported
    return build


def flags_of(name: str) -> Condition:
    def read(columns: Columns) -> Truth:
        flags: NDArray[np.bool_] = array_without_nulls(columns, name).to_numpy(zero_copy_only=False)
        return flags

    return read


def _same_text(compare: Callable[[Any, Any], Any], one: exp.Expr, other: exp.Expr) -> Condition:
    """Whether a column holds a text, or another one."""
    kinds = type(one).__name__, type(other).__name__
    if kinds != ("Column", "Literal") or compare not in (COMPARED["EQ"], COMPARED["NEQ"]):
        raise Unsupported
    name, text, wanted = one.name, other.name, compare is COMPARED["EQ"]

    def compute(columns: Columns) -> Truth:
        array = array_without_nulls(columns, name)
        coded = pa.types.is_dictionary(array.type)
        if coded and array.dictionary.null_count:
            raise Unsupported
        words = array.dictionary if coded else array
        same = pc.equal(words, text).to_numpy(zero_copy_only=False)
        truth: Truth = (same[array.indices.to_numpy()] if coded else same) == wanted
        return truth

    return compute


def branches(reader: NodeReader, node: exp.Expr) -> tuple[list[Condition], list[exp.Expr]]:
    """The conditions of CASE … END, and its values; one without ELSE may be null."""
    branches, default = node.args["ifs"], node.args.get("default")
    if default is None:
        raise Unsupported
    operand, equal = node.args.get("this"), COMPARED["EQ"]
    if operand is not None:
        conditions = [reader.compared(equal, operand, branch.this) for branch in branches]
    else:
        conditions = [reader.condition(branch.this) for branch in branches]
    return conditions, [*(branch.args["true"] for branch in branches), default]


def chosen(conditions: Sequence[Condition], columns: Columns, values: Sequence[Any]) -> Any:
    """The value of the first condition that holds; the last one where none does."""
    # All branches are computed for all rows, which is safe, since none of them can fail.
    chosen = values[-1]
    # From the last to the first, so that the first condition that holds has the last word.
    for condition, value in zip(reversed(conditions), reversed(values[:-1]), strict=True):
        chosen = np.where(condition(columns), value, chosen)
    return chosen
