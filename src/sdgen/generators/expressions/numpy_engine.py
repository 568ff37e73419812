"""Arithmetic, comparisons and cases of numbers, dates and booleans, computed by numpy.

That is many times faster than DuckDB's turn with a batch, and as exact: whole numbers, decimals and dates are 64-bit
integers, doubles what IEEE 754 makes of + - * / and comparisons everywhere. What a value is doesn't change: an
expression of anything else, and a batch with nulls or whose numbers could leave their types' bounds, is left to DuckDB,
which then gives the value or the error. The bounds of whole numbers are known for each node before it is computed, from
the columns' least and greatest values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sdgen.generators.arrays.cast import scaled_decimal
from sdgen.generators.arrays.fixed_text import array_over, booleans_over, decimal_units
from sdgen.generators.expressions import duckdb_engine
from sdgen.generators.expressions.syntax import parse_tree, rendered

if TYPE_CHECKING:
    from sqlglot import exp

# Half of the range of 64 bits: results are left to DuckDB well before they could overflow.
_LIMIT = 1 << 62
_LONGEST = 4000  # characters of an expression: deeper trees than such have are DuckDB's
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_INTEGERS = {
    "TINYINT": (-(1 << 7), pa.int8()),
    "SMALLINT": (-(1 << 15), pa.int16()),
    "INTEGER": (-(1 << 31), pa.int32()),
    "BIGINT": (-(1 << 63), pa.int64()),
}
_DAY = 86_400_000_000  # microseconds
_DAYS = 100_000_000  # dates as far away as this are left to DuckDB
_MOMENT = pa.timestamp("us")
_CARRIED = {arrow for _, arrow in _INTEGERS.values()} | {pa.date32(), pa.bool_(), pa.float64(), pa.string(), _MOMENT}


# Every doubt ends here: errors, nulls, divisions by zero and infinities all come from one place, which is DuckDB.
class Unsupported(Exception):
    """The expression, or this batch of it, is for DuckDB to compute."""


class Numbers(NamedTuple):
    """Values times ten to the power of `scale`, all within low … high; a plain int is the same in every row."""

    values: Any
    # Python's whole numbers have no bounds of their own, so that bounds can be reckoned without overflow.
    low: int
    high: int
    scale: int = 0


Truth = NDArray[np.bool_] | bool
Columns = Mapping[str, pa.Array]
Node = Callable[[Columns], Numbers]
Doubles = Callable[[Columns], Any]
Condition = Callable[[Columns], Truth]


@dataclass(frozen=True)
class Program:
    """An expression that numpy computes, and the type that DuckDB gives it. texts: those that a CASE chooses from."""

    compute: Callable[[Columns], Any]
    type: str
    texts: tuple[str, ...] = ()


def evaluate(sql: str, table: pa.Table) -> pa.Array | None:
    """The values of an expression at a table's rows; None where they are left to DuckDB."""
    program = _program(sql, table.schema)
    if program is None or not len(table):
        return None
    # A batch that numpy can't compute says nothing of the next one, whose numbers may be smaller.
    try:
        # Overflows and NaN are looked for in the results; numpy's warnings would tell the user of what is handled.
        with np.errstate(all="ignore"):
            computed = program.compute(dict(zip(table.column_names, map(_whole, table.columns), strict=True)))
    except Unsupported:
        return None
    return _as_arrow(computed, program, len(table))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


@lru_cache(maxsize=4096)
def _program(sql: str, schema: pa.Schema) -> Program | None:
    """The program of an expression over columns of these types; None where it is for DuckDB to compute."""
    try:
        return _read(sql, schema)
    except (Unsupported, RecursionError):
        return None


def _read(sql: str, schema: pa.Schema) -> Program:
    carried = all(arrow in _CARRIED or _is_decimal(arrow) or _is_coded(arrow) for arrow in schema.types)
    if not carried or len(sql) > _LONGEST:
        raise Unsupported
    tree = parse_tree(sql)
    # A node of another kind is DuckDB's, and with it the whole expression: no value
    # is computed half here and half there.
    if any(type(node).__name__ not in _KNOWN for node in tree.walk()):
        raise Unsupported
    nodes = [node for node in tree.walk() if type(node).__name__ in _TYPED]
    # Types are DuckDB's own, asked once, so that a sum has the digits that DuckDB gives it.
    types = duckdb_engine.type_names([rendered(node) for node in nodes], schema)
    return _program_of(_Reader({id(node): name for node, name in zip(nodes, types, strict=True)}), tree.unnest())


def _is_decimal(arrow: pa.DataType) -> bool:
    return bool(pa.types.is_decimal128(arrow))


def _is_coded(arrow: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(arrow) and arrow.value_type == pa.string())


def _program_of(reader: _Reader, node: exp.Expr) -> Program:
    kind = reader.type_of(node)
    match kind:
        case "BOOLEAN":
            return Program(reader.condition(node), kind)
        case "DOUBLE" if type(node).__name__ != "Column":
            return Program(reader.double(node), kind)
        case "VARCHAR":
            return _texts(reader, node)
        case "TIMESTAMP" if type(node).__name__ == "Cast" and reader.type_of(node.this.unnest()) == "DATE":
            return Program(reader.number(node.this), kind)
    return Program(reader.number(node), kind)


class _Reader:
    """Makes functions of nodes; `types` are DuckDB's names of the nodes' types."""

    def __init__(self, types: Mapping[int, str]) -> None:
        self.types = types

    def type_of(self, node: exp.Expr) -> str:
        if id(node) not in self.types:
            raise Unsupported
        return self.types[id(node)]

    def number(self, node: exp.Expr) -> Node:
        """A whole number or decimal, or a date as its days since 1970, within the bounds of the node's type."""
        node = node.unnest()
        bound, scale = _room(self.type_of(node))
        return _bounded(_found(_NUMBERS, node)(self, node), bound, scale)

    def double(self, node: exp.Expr) -> Doubles:
        """A double, or a whole number made one: finite all of them."""
        node = node.unnest()
        if self.type_of(node) == "DOUBLE":
            return _finite(_found(_DOUBLES, node)(self, node))
        # A literal of up to 15 digits is one double, the nearest to what is written.
        if type(node).__name__ == "Literal" and _DECIMAL.fullmatch(self.type_of(node)) and len(node.name) <= 15:
            value = float(node.name)
            return lambda columns: value
        if self.type_of(node) not in _INTEGERS:
            raise Unsupported
        number = self.number(node)
        return lambda columns: np.asarray(number(columns).values, dtype=np.float64)

    def condition(self, node: exp.Expr) -> Condition:
        node = node.unnest()
        if type(node).__name__ == "Column" and self.type_of(node) == "BOOLEAN":
            return _flags(node.name)
        condition: Condition = _found(_CONDITIONS, node)(self, node)
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
            aligned = _aligned(first(columns), second(columns))
            truth: Truth = compare(aligned[0].values, aligned[1].values)
            return truth

        return compute


def _found(table: Mapping[str, Any], node: exp.Expr) -> Any:
    kind = type(node).__name__
    build = table.get(node.this.lower() if kind == "Anonymous" else kind)
    if build is None:
        raise Unsupported
    return build


def _room(name: str) -> tuple[int, int]:
    """The greatest distance from 0 that values of a type have, and its digits behind the point."""
    if name in _INTEGERS:
        return -_INTEGERS[name][0] - 1, 0
    if name == "DATE":
        return _DAYS, 0
    decimal = _DECIMAL.fullmatch(name)
    if decimal is None:
        raise Unsupported
    return min(10 ** int(decimal[1]) - 1, _LIMIT), int(decimal[2])


def _bounded(node: Node, bound: int, scale: int) -> Node:
    def compute(columns: Columns) -> Numbers:
        made = node(columns)
        if made.scale != scale or made.low < -bound or made.high > bound:
            # The type's own bounds count, not those of 64 bits: beyond them DuckDB has an error to tell.
            raise Unsupported
        return made

    return compute


def _finite(node: Doubles) -> Doubles:
    def compute(columns: Columns) -> Any:
        made = node(columns)
        if not np.isfinite(np.sum(made)):  # so is none of them; a sum that overflows is DuckDB's as well
            raise Unsupported
        return made

    return compute


def _array(columns: Columns, name: str) -> pa.Array:
    if columns[name].null_count:
        # Nulls have rules of their own in every operation, which DuckDB has and these functions haven't.
        raise Unsupported
    return columns[name]


def _column(reader: _Reader, node: exp.Expr) -> Node:
    name = node.name

    def read(columns: Columns) -> Numbers:
        array = _array(columns, name)
        if pa.types.is_decimal128(array.type):
            values, scale = decimal_units(array), array.type.scale
            if values is None:
                raise Unsupported
        else:
            plain = array.view(pa.int32()) if pa.types.is_date32(array.type) else array
            values, scale = plain.to_numpy(zero_copy_only=False).astype(np.int64, copy=False), 0
        return Numbers(values, int(values.min()), int(values.max()), scale)

    return read


def _double_column(reader: _Reader, node: exp.Expr) -> Doubles:
    name = node.name
    return lambda columns: _array(columns, name).to_numpy()


def _flags(name: str) -> Condition:
    def read(columns: Columns) -> Truth:
        flags: NDArray[np.bool_] = _array(columns, name).to_numpy(zero_copy_only=False)
        return flags

    return read


def _same_text(compare: Callable[[Any, Any], Any], one: exp.Expr, other: exp.Expr) -> Condition:
    """Whether a column holds a text, or another one."""
    kinds = type(one).__name__, type(other).__name__
    if kinds != ("Column", "Literal") or compare not in (_COMPARED["EQ"], _COMPARED["NEQ"]):
        raise Unsupported
    name, text, wanted = one.name, other.name, compare is _COMPARED["EQ"]

    def compute(columns: Columns) -> Truth:
        array = _array(columns, name)
        coded = pa.types.is_dictionary(array.type)
        if coded and array.dictionary.null_count:
            raise Unsupported
        words = array.dictionary if coded else array
        same = pc.equal(words, text).to_numpy(zero_copy_only=False)
        truth: Truth = (same[array.indices.to_numpy()] if coded else same) == wanted
        return truth

    return compute


def _literal(reader: _Reader, node: exp.Expr) -> Node:
    # Eighteen digits fit in 64 bits; what is written in other forms is DuckDB's to read.
    if node.is_string or not re.fullmatch(r"\d{1,18}|(?=[\d.]{2,18}$)\d*\.\d+", node.name):
        raise Unsupported
    whole, _, digits = node.name.partition(".")
    value = int(whole + digits)
    return lambda columns: Numbers(value, value, value, len(digits))


def _negated(reader: _Reader, node: exp.Expr) -> Node:
    inner = reader.number(node.this)

    def compute(columns: Columns) -> Numbers:
        made = inner(columns)
        return Numbers(-made.values, -made.high, -made.low, made.scale)

    return compute


def _sum(reader: _Reader, node: exp.Expr) -> Node:
    dates = [reader.type_of(part.unnest()) == "DATE" for part in (node.this, node.expression)]
    # A date and a number make a date, two dates a number, and nothing else is taken.
    if any(dates) and reader.type_of(node) != "DATE" and not (all(dates) and type(node).__name__ == "Sub"):
        raise Unsupported
    one, other = reader.number(node.this), reader.number(node.expression)
    minus = type(node).__name__ == "Sub"

    def compute(columns: Columns) -> Numbers:
        first, second = _aligned(one(columns), other(columns))
        if minus:
            low, high = first.low - second.high, first.high - second.low
            return Numbers(_within(low, high) and first.values - second.values, low, high, first.scale)
        low, high = first.low + second.low, first.high + second.high
        return Numbers(_within(low, high) and first.values + second.values, low, high, first.scale)

    return compute


def _within(low: int, high: int) -> bool:
    """True; Unsupported where results could come near the ends of 64 bits."""
    if low < -_LIMIT or high > _LIMIT:
        raise Unsupported
    return True


def _aligned(first: Numbers, second: Numbers) -> tuple[Numbers, Numbers]:
    scale = max(first.scale, second.scale)
    return _scaled(first, scale), _scaled(second, scale)


def _scaled(made: Numbers, scale: int) -> Numbers:
    if made.scale == scale:
        return made
    factor = 10 ** (scale - made.scale)
    _within(made.low * factor, made.high * factor)
    return Numbers(made.values * factor, made.low * factor, made.high * factor, scale)


def _product(reader: _Reader, node: exp.Expr) -> Node:
    one, other = reader.number(node.this), reader.number(node.expression)

    def compute(columns: Columns) -> Numbers:
        first, second = one(columns), other(columns)
        # The extremes of a product lie at the ends of its factors, whichever their signs are.
        ends = [a * b for a in (first.low, first.high) for b in (second.low, second.high)]
        _within(min(ends), max(ends))
        return Numbers(first.values * second.values, min(ends), max(ends), first.scale + second.scale)

    return compute


def _quotient(reader: _Reader, node: exp.Expr) -> Node:
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


def _branches(reader: _Reader, node: exp.Expr) -> tuple[list[Condition], list[exp.Expr]]:
    """The conditions of CASE … END, and its values; one without ELSE may be null."""
    branches, default = node.args["ifs"], node.args.get("default")
    if default is None:
        raise Unsupported
    operand, equal = node.args.get("this"), _COMPARED["EQ"]
    if operand is not None:
        conditions = [reader.compared(equal, operand, branch.this) for branch in branches]
    else:
        conditions = [reader.condition(branch.this) for branch in branches]
    return conditions, [*(branch.args["true"] for branch in branches), default]


def _chosen(conditions: Sequence[Condition], columns: Columns, values: Sequence[Any]) -> Any:
    """The value of the first condition that holds; the last one where none does."""
    # All branches are computed for all rows, which is safe, since none of them can fail.
    chosen = values[-1]
    # From the last to the first, so that the first condition that holds has the last word.
    for condition, value in zip(reversed(conditions), reversed(values[:-1]), strict=True):
        chosen = np.where(condition(columns), value, chosen)
    return chosen


def _cases(reader: _Reader, node: exp.Expr) -> Node:
    conditions, values = _branches(reader, node)
    scale = _room(reader.type_of(node))[1]
    if {reader.type_of(each.unnest()) == "DATE" for each in values} != {reader.type_of(node) == "DATE"}:
        raise Unsupported
    parts = [reader.number(part) for part in values]

    def compute(columns: Columns) -> Numbers:
        made = [_scaled(part(columns), scale) for part in parts]
        low, high = min(each.low for each in made), max(each.high for each in made)
        return Numbers(_chosen(conditions, columns, [each.values for each in made]), low, high, scale)

    return compute


def _double_cases(reader: _Reader, node: exp.Expr) -> Doubles:
    conditions, values = _branches(reader, node)
    parts = [reader.double(part) for part in values]
    return lambda columns: _chosen(conditions, columns, [part(columns) for part in parts])


def _texts(reader: _Reader, node: exp.Expr) -> Program:
    """A CASE of literals: their places in a list of them."""
    if type(node).__name__ != "Case":
        raise Unsupported
    conditions, values = _branches(reader, node)
    words = [value.unnest() for value in values]
    if not all(type(word).__name__ == "Literal" and word.is_string for word in words):
        raise Unsupported
    texts = tuple(dict.fromkeys(word.name for word in words))
    places = [texts.index(word.name) for word in words]
    return Program(lambda columns: _chosen(conditions, columns, places), "VARCHAR", texts)


def _extreme(reader: _Reader, node: exp.Expr) -> Node:
    """The least or the greatest of several numbers, or of several dates."""
    if len({reader.type_of(part.unnest()) == "DATE" for part in (node, *node.expressions)}) > 1:
        raise Unsupported
    parts = [reader.number(part) for part in node.expressions]
    scale, least = _room(reader.type_of(node))[1], node.this.lower() == "least"
    pick: Any = np.minimum if least else np.maximum

    def compute(columns: Columns) -> Numbers:
        made = [_scaled(part(columns), scale) for part in parts]
        ends = (min, min) if least else (max, max)
        low, high = ends[0](each.low for each in made), ends[1](each.high for each in made)
        return Numbers(reduce(pick, [each.values for each in made]), low, high, scale)

    return compute


def _cast(reader: _Reader, node: exp.Expr) -> Node:
    """A cast that loses nothing: of a boolean to a number, of numbers to no fewer digits, of a text to a date."""
    target, inner = reader.type_of(node), node.this.unnest()
    if target == "DATE":
        return _date(reader, inner)
    source, scale = reader.type_of(inner), _room(target)[1]
    if source == "BOOLEAN":
        flags = reader.condition(inner)
        return lambda columns: _scaled(Numbers(_as_numbers(flags(columns)), 0, 1), scale)
    # A cast to fewer digits would round, and is left to our own rounding.
    if source == "DATE" or _room(source)[1] > scale:
        raise Unsupported
    number = reader.number(inner)
    return lambda columns: _scaled(number(columns), scale)


def _date(reader: _Reader, node: exp.Expr) -> Node:
    """A date that is written, that a column holds, or of a column of moments from 1970 on."""
    kind, source, name = type(node).__name__, reader.type_of(node), node.name
    if source == "DATE":
        return reader.number(node)
    if kind == "Column" and source == "TIMESTAMP":

        def compute(columns: Columns) -> Numbers:
            moments = _array(columns, name).view(pa.int64()).to_numpy()
            # Before 1970 rounding down and cutting differ, so that such moments are left to DuckDB.
            if moments.min() < 0:
                raise Unsupported
            return Numbers(moments // _DAY, int(moments.min()) // _DAY, int(moments.max()) // _DAY)

        return compute
    if kind != "Literal" or not re.fullmatch(r"\d{4}-\d\d-\d\d", name):
        raise Unsupported
    try:
        days = (date.fromisoformat(name) - date(1970, 1, 1)).days
    except ValueError:
        raise Unsupported from None
    return lambda columns: Numbers(days, days, days)


def _double_cast(reader: _Reader, node: exp.Expr) -> Doubles:
    inner = node.this.unnest()
    return reader.double(inner)


def _double_operation(reader: _Reader, node: exp.Expr) -> Doubles:
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


def _double_negated(reader: _Reader, node: exp.Expr) -> Doubles:
    inner = reader.double(node.this)
    return lambda columns: -inner(columns)


def _as_numbers(flags: Truth) -> Any:
    return int(flags) if isinstance(flags, bool) else flags.astype(np.int64)


def _comparison(reader: _Reader, node: exp.Expr) -> Condition:
    return reader.compared(_COMPARED[type(node).__name__], node.this, node.expression)


def _between(reader: _Reader, node: exp.Expr) -> Condition:
    above = reader.compared(_COMPARED["GTE"], node.this, node.args["low"])
    below = reader.compared(_COMPARED["LTE"], node.this, node.args["high"])
    return lambda columns: above(columns) & below(columns)


def _junction(reader: _Reader, node: exp.Expr) -> Condition:
    one, other = reader.condition(node.this), reader.condition(node.expression)
    if type(node).__name__ == "And":
        return lambda columns: one(columns) & other(columns)
    return lambda columns: one(columns) | other(columns)


def _not(reader: _Reader, node: exp.Expr) -> Condition:
    inner = reader.condition(node.this)
    return lambda columns: np.logical_not(inner(columns))


_COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "EQ": lambda a, b: a == b,
    "NEQ": lambda a, b: a != b,
    "LT": lambda a, b: a < b,
    "LTE": lambda a, b: a <= b,
    "GT": lambda a, b: a > b,
    "GTE": lambda a, b: a >= b,
}
_NUMBERS: Mapping[str, Callable[[_Reader, Any], Node]] = {
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
_DOUBLES: Mapping[str, Callable[[_Reader, Any], Doubles]] = {
    "Column": _double_column,
    "Neg": _double_negated,
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), _double_operation),
    "Case": _double_cases,
    "Cast": _double_cast,
}
_CONDITIONS: Mapping[str, Callable[[_Reader, Any], Condition]] = {
    **dict.fromkeys(_COMPARED, _comparison),
    "Between": _between,
    "And": _junction,
    "Or": _junction,
    "Not": _not,
}
_TYPED = _NUMBERS.keys() | _DOUBLES.keys() | _CONDITIONS.keys() | {"Anonymous"}
_KNOWN = _TYPED | {"Paren", "Identifier", "If", "DataType", "DataTypeParam"}


def _as_arrow(computed: Any, program: Program, rows: int) -> pa.Array:
    kind = program.type
    if kind == "BOOLEAN":
        return booleans_over(np.broadcast_to(np.asarray(computed, dtype=np.bool_), (rows,)))
    if kind == "DOUBLE":
        return array_over(np.broadcast_to(np.asarray(computed, dtype=np.float64), (rows,)), pa.float64())
    if kind == "VARCHAR":
        places = np.broadcast_to(np.asarray(computed, dtype=np.int32), (rows,))
        return pa.array(program.texts, pa.string()).take(pa.array(places))
    values = np.broadcast_to(np.asarray(computed.values, dtype=np.int64), (rows,))
    if kind == "TIMESTAMP":
        return array_over(values * np.int64(_DAY), _MOMENT)
    if kind == "DATE":
        return array_over(values.astype(np.int32), pa.date32())
    if kind in _INTEGERS:
        arrow = _INTEGERS[kind][1]
        return array_over(values.astype(arrow.to_pandas_dtype(), copy=False), arrow)
    precision, scale = map(int, _DECIMAL.fullmatch(kind).groups())  # type: ignore[union-attr]
    return scaled_decimal(values, pa.decimal128(precision, scale))
