"""Expressions computed in stages: what DuckDB computes, and between its turns the functions of our own.

The tree is cut at our functions, innermost first. A stage is one call of DuckDB for all arguments of the functions that
can be computed by then; their results are columns for the next stage. An expression without such functions has no
stages: DuckDB computes it in one call.

Arguments are computed for every row, also where a CASE around the function wouldn't come to it. So an argument that
could fail keeps the conditions it stands under: `case when a > 0 then round(f(x), 2) end` asks DuckDB for
`case when a > 0 then f(x) end`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import chain, count, groupby, islice
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from sdgen.generators.expressions import decimals, duckdb_engine
from sdgen.generators.expressions.functions import OWN_FUNCTIONS, cast_floats, casts_floats
from sdgen.generators.expressions.rewrites import steady
from sdgen.generators.expressions.syntax import Parsed, rendered
from sdgen.generators.expressions.vectorized import numpy_engine
from sdgen.scenario.types import Type

if TYPE_CHECKING:
    from sqlglot import exp

_CALL = "sdgen_call_"
_CASTS = ("Cast", "TryCast")
_INTEGERS = ("TINYINT", "SMALLINT", "INT", "BIGINT", "UTINYINT", "USMALLINT", "UINT", "UBIGINT")
_CARRIED = (*_INTEGERS, "DECIMAL")  # types that a column of an Arrow table has
_ROUNDING = (*_CARRIED, "INT128", "ARRAY", "LIST")  # casts to these may round
_CARRIED_AS = {pa.float64(): "DOUBLE", pa.float32(): "FLOAT", pa.int64(): "BIGINT"}
_PLAIN = ("Column", "Identifier", "Literal", "Null", "Paren")  # arguments made of these alone can't fail


@dataclass(frozen=True)
class Call:
    """One use of a function of our own: the SQL of its arguments, and the column its result becomes."""

    column: str
    arguments: tuple[str, ...]
    compute: Callable[[list[pa.Array], int], pa.Array]
    type: pa.DataType


@dataclass(frozen=True)
class Program:
    """An expression over columns of certain types: the calls of each stage, then the SQL of the whole."""

    stages: tuple[tuple[Call, ...], ...]
    sql: str


def evaluate(parsed: Parsed, table: pa.Table) -> pa.Array:
    """The expression at each row of the table, in order.

    Raises duckdb.Error or OverflowError where it can't be computed.
    """
    program = _program(parsed, table.schema)
    for stage in program.stages:
        arguments = iter(_selected([sql for call in stage for sql in call.arguments], table))
        for call in stage:
            result = call.compute([next(arguments) for _ in call.arguments], len(table))
            table = table.append_column(call.column, result)
    return _selected([program.sql], table)[0]


def result_type(parsed: Parsed, table: pa.Table) -> Type:
    """The type of the expression over a table's columns; ValueError or duckdb.Error where it has none."""
    program = _program(parsed, table.schema)
    return duckdb_engine.result_type(program.sql, _after(table.schema, program.stages).empty_table())


def _after(schema: pa.Schema, stages: Iterable[Iterable[Call]]) -> pa.Schema:
    return pa.schema([*schema, *(pa.field(call.column, call.type) for stage in stages for call in stage)])


def _selected(sqls: Sequence[str], table: pa.Table) -> list[pa.Array]:
    """Expressions over a table: its bare columns as they are, what numpy can, and the others by one call of DuckDB."""
    columns = {f'"{name}"': name for name in table.column_names}
    # Two calls may have the same argument, which is computed once.
    computed: dict[str, pa.Array | None] = {
        sql: numpy_engine.evaluate(sql, table) for sql in dict.fromkeys(sqls) if sql not in columns
    }
    others = [sql for sql, values in computed.items() if values is None]
    computed.update(zip(others, duckdb_engine.evaluate_all(others, table) if others else (), strict=True))
    return [computed[sql] if sql in computed else table[columns[sql]].combine_chunks() for sql in sqls]


def _program(parsed: Parsed, schema: pa.Schema) -> Program:
    """ValueError or duckdb.Error where functions don't fit their arguments."""
    # What its columns are called makes no difference: a schema's checks are alike but for that.
    return _program_of(replace(parsed, references=()), schema)


@lru_cache(maxsize=4096)  # one for each expression and types of its columns, whichever rows and seeds
def _program_of(parsed: Parsed, schema: pa.Schema) -> Program:
    tree = steady(parsed.tree, schema)
    root = tree.copy()
    # Only where decimals may occur must types be asked for beyond those of our own functions.
    with_decimals = decimals.may_occur(root, schema)
    possible = [node for node in _from_leaves(root) if _is_own(node) or (with_decimals and decimals.operands(node))]
    nodes = [node for node, types in _typed(possible, schema) if _is_ours(node, types)] if possible else []
    if not nodes:
        return Program((), parsed.sql if tree is parsed.tree else rendered(tree))
    stages: list[tuple[Call, ...]] = []
    names = map(f"{_CALL}{{}}".format, count())
    for level in _levels(nodes):
        stage = tuple(_cut(level, _after(schema, stages), names))
        stages += [stage] if stage else []
    whole = root.unnest()
    bare = type(whole).__name__ == "Column" and whole.name.startswith(_CALL)
    return Program(tuple(stages), rendered(whole if bare else root))


def _from_leaves(root: exp.Expr) -> list[exp.Expr]:
    """The nodes with all that each depends on before it."""
    nodes, left = [], [root]
    while left:
        nodes.append(left.pop())
        left.extend(nodes[-1].iter_expressions())
    return nodes[::-1]


def _is_own(node: exp.Expr) -> bool:
    """Whether a node may be for us to compute, if its types are such."""
    if type(node).__name__ in _CASTS:
        return node.args["to"].this.name in _ROUNDING
    return _name(node) in OWN_FUNCTIONS


def _name(node: exp.Expr) -> str:
    kind = type(node).__name__
    return "power" if kind == "Pow" else str(node.this).lower() if kind == "Anonymous" else ""


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    if not _is_own(node):
        return decimals.operands(node)
    kind = type(node).__name__
    return [node.this] if kind in _CASTS else [node.this, node.expression] if kind == "Pow" else node.expressions


def _typed(nodes: list[exp.Expr], schema: pa.Schema) -> Iterator[tuple[exp.Expr, list[str]]]:
    """Each node with the types of its arguments, and after them, for a cast, its own: as SQL names them."""
    parts = [[*_arguments(node), *([node] if type(node).__name__ in _CASTS else [])] for node in nodes]
    types = iter(duckdb_engine.type_names([rendered(part) for part in chain(*parts)], schema))
    for node, each in zip(nodes, parts, strict=True):
        yield node, list(islice(types, len(each)))


def _is_ours(node: exp.Expr, types: list[str]) -> bool:
    if _is_own(node):
        return _use(node, types) is not None or decimals.rounded_whole(node, types) is not None
    target = decimals.float_wanted(node, types)
    return bool(target) and any(decimals.is_long(each, target) for each in types)


def _levels(nodes: list[exp.Expr]) -> list[list[exp.Expr]]:
    """Nodes of ours, first those that need no other of them: neither in their arguments nor in conditions above."""
    ours = {id(node) for node in nodes}
    known: dict[int, int] = {}

    def level(node: exp.Expr) -> int:
        if id(node) not in known:
            # The conditions that a node stands under are computed beforehand with its
            # arguments, so that calls in them come first.
            parts = [*_arguments(node), *(part for guard in guards_of(node) for part in guard.parts)]
            inside = (each for part in parts for each in part.walk() if id(each) in ours)
            known[id(node)] = 1 + max(map(level, inside), default=-1)
        return known[id(node)]

    return [list(each) for _, each in groupby(sorted(nodes, key=level), key=level)]


def _cut(nodes: list[exp.Expr], schema: pa.Schema, names: Iterator[str]) -> Iterator[Call]:
    """The calls that these nodes are, over columns of these types; in the tree their columns take their place."""
    from sqlglot import exp

    known: dict[tuple[object, ...], str] = {}
    for node, types in list(_typed(nodes, schema)):
        use = _use(node, types) if _is_own(node) else None
        if use is None:
            _rewrite(node, types)
            continue
        arguments = tuple(
            _argument(node, *each, schema) for each in zip(_arguments(node), types, use.types, strict=False)
        )
        # Equal calls are one column: an expression often repeats a part of itself.
        same = (_name(node), use.gives, use.lenient, arguments)
        if same not in known:
            known[same] = next(names)
            yield Call(known[same], arguments, use.compute, use.gives)
        # A cast to a type that Arrow hasn't got stays, around the column.
        place = node.this if node.args.get("to") and node.args["to"].this.name not in _CARRIED else node
        place.replace(exp.Column(this=exp.Identifier(this=known[same], quoted=True)))


def _rewrite(node: exp.Expr, types: list[str]) -> None:
    """Makes of a node that DuckDB computes one that it computes alike in every release."""
    whole = decimals.rounded_whole(node, types)
    if whole is not None:
        node.replace(whole)
        return
    target = decimals.float_wanted(node, types)
    for part, source in zip(_arguments(node), types, strict=False):
        if target and decimals.is_long(source, target):
            part.replace(decimals.as_float(part, source, target))


class _Use(NamedTuple):
    """How a node is computed by us: from arguments of these types of SQL to this type."""

    types: tuple[str, ...]
    gives: pa.DataType
    compute: Callable[[list[pa.Array], int], pa.Array]
    lenient: bool = False


def _use(node: exp.Expr, types: Sequence[str]) -> _Use | None:
    """None where DuckDB computes it; ValueError where nobody does."""
    if type(node).__name__ in _CASTS:
        source, target = types
        if not casts_floats(source, target):
            return None
        # A cast within try() fails to null, as TRY_CAST does.
        lenient = type(node).__name__ == "TryCast" or any(guard.tried for guard in guards_of(node))
        column_type = duckdb_engine.type_named(target)
        compute = partial(cast_floats, type=column_type, lenient=lenient)
        return _Use((source,), column_type.arrow, lambda arrays, rows: compute(arrays[0]), lenient)
    function = OWN_FUNCTIONS[_name(node)]
    overload = function.overload(types)
    if overload is None and not function.others:
        raise ValueError(f"no function {_name(node)}({', '.join(types)}): {function.summary}")
    return _Use(overload.types, duckdb_engine.type_named(overload.gives).arrow, overload) if overload else None


def _argument(node: exp.Expr, part: exp.Expr, source: str, wanted: str, schema: pa.Schema) -> str:
    """The SQL of an argument, in the type it is handed over in; a bare column where it is of that type already."""
    # A long decimal must be the nearest double before it is an argument.
    if wanted in ("DOUBLE", "FLOAT") and decimals.is_long(source, wanted):
        part = decimals.as_float(part, source, wanted)
    if type(node).__name__ in _CASTS or any(type(each).__name__ not in _PLAIN for each in part.walk()):
        part = part.copy()
        # The conditions that the call stands under are written around its argument: a guarded cast must not fail in
        # rows that the guard keeps out.
        for guard in guards_of(node):
            part = guard.around(part)
    sql = rendered(part)
    if type(part).__name__ == "Column" and _CARRIED_AS.get(schema.field(part.name).type) == wanted:
        return sql
    return f"CAST({sql} AS {wanted})" if source != wanted else f"({sql})"


@dataclass(frozen=True)
class Guard:
    """What lets a row through: none of `passed` is true, then `met` is. They are parts of the tree, not copies.

    With an `operand` they are what it is compared with; with `null`, `passed` are values that must be null. `tried`
    stands for a try().
    """

    passed: tuple[exp.Expr, ...] = ()
    met: exp.Expr | None = None
    operand: exp.Expr | None = None
    null: bool = False
    tried: bool = False

    @property
    def parts(self) -> list[exp.Expr]:
        return [part for part in (*self.passed, self.met, self.operand) if part is not None]

    def around(self, inner: exp.Expr) -> exp.Expr:
        """An expression that is computed in the rows that are let through, and null in the others."""
        from sqlglot import exp

        if self.tried:
            return exp.Anonymous(this="try", expressions=[inner])
        passed = [part.copy() for part in self.passed]
        if self.null:
            passed = [exp.Not(this=exp.Is(this=exp.Paren(this=part), expression=exp.Null())) for part in passed]
        branches = [exp.If(this=part, true=exp.Null()) for part in passed]
        branches += [exp.If(this=self.met.copy(), true=inner)] if self.met else []
        operand = self.operand.copy() if self.operand else None
        return exp.Case(this=operand, ifs=branches, default=None if self.met else inner)


def guards_of(node: exp.Expr) -> Iterator[Guard]:
    """The guards of a node of a tree, from the innermost on."""
    child, parent = node, node.parent
    while parent is not None:
        guard = _GUARDS.get(type(parent).__name__, _none)(parent, child)
        if guard is not None:
            yield guard
        child, parent = parent, parent.parent


def _none(parent: exp.Expr, child: exp.Expr) -> Guard | None:
    return None


def _of_if(parent: exp.Expr, child: exp.Expr) -> Guard | None:
    """A branch of CASE, or the function if(condition, value, otherwise)."""
    case = parent.parent
    if case is None or type(case).__name__ != "Case":
        return {
            "this": None,
            "true": Guard(met=parent.this),
            "false": Guard(passed=(parent.this,)),
        }[str(child.arg_key)]
    passed = tuple(branch.this for branch in case.args["ifs"][: parent.index])
    if child.arg_key == "true":
        return Guard(passed, met=parent.this, operand=case.this)
    return Guard(passed, operand=case.this) if passed else None


def _of_case(parent: exp.Expr, child: exp.Expr) -> Guard | None:
    if child.arg_key != "default":
        return None
    return Guard(tuple(branch.this for branch in parent.args["ifs"]), operand=parent.this)


def _of_function(parent: exp.Expr, child: exp.Expr) -> Guard | None:
    name = str(parent.this).lower()
    if name == "try":
        return Guard(tried=True)
    if name not in ("coalesce", "ifnull") or not child.index:
        return None
    return Guard(tuple(parent.expressions[: child.index]), null=True)


_GUARDS = {"If": _of_if, "Case": _of_case, "Anonymous": _of_function}
