"""The generator `expression`: its params, the columns it needs, its type and its values."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, PrivateAttr

from sdgen.errors import Problem, ScenarioError
from sdgen.generators.arrays.encode_text import uuid_text
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.expressions.syntax import Parsed, Reference, alias, parse_expression, too_large
from sdgen.generators.links.links import resolve_link
from sdgen.generators.registry import register
from sdgen.scenario.types import KINDS, Type

if TYPE_CHECKING:
    from sqlglot import exp

_SLICED_BELOW = 2048  # rows: DuckDB works on so many at a time by itself
_MOST_VALUES = 2**30  # bytes of the values of one call
_NOW = Type("timestamp")
_ALIAS = re.compile(r'"?sdgen_(\d+)"?')
_CALL = re.compile(r'"?sdgen_call_\d+"?')


@register("expression")
class Expression(Generator):
    """An SQL scalar expression over the row's other columns and its parents' columns.

    A parent's column is `link.column`, or `entity.column` where one link leads to that entity. Times are in UTC, uuids
    are text, `/` divides with a fraction and `//` without, and a division by zero is null, as is `ln(0)`. Numbers are
    rounded halves away from zero. Nothing that varies from call to call or from machine to machine can be used: no
    `random()`, and for `now()` there is `as_of`, the instant that counts as now, as a timestamp in UTC.
    """

    version: ClassVar[int] = 2
    fits: ClassVar[frozenset[str]] = KINDS
    example: ClassVar[str] = '{generator: expression, params: {sql: "price * quantity"}}'

    sql: str = Field(
        min_length=1,
        max_length=4000,
        description="one scalar expression in DuckDB's SQL, with columns of the row and `link.column` of its parents",
    )

    _links: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def may_be_null(self) -> bool:
        return True

    def natural(self) -> Type:
        raise LookupError("the type of an expression follows from the columns in it")

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        # Imported here, so that runs without expressions don't pay for DuckDB.
        from duckdb import Error

        from sdgen.generators.expressions.stages import result_type

        parsed = self._parsed()
        if parsed.faults:
            raise ValueError(parsed.faults[0].what)
        unknown = [need for need in self.needs() if types.get(need) is None]
        if unknown:
            raise LookupError(f"the type of {unknown[0].column!r} isn't known")
        try:
            return result_type(parsed, self._empty(types))
        except Error as error:
            raise ValueError(self._told(str(error))) from None

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        """What is wrong with the expression over columns of these types: before anything is generated."""
        try:
            self.natural_for(types)
        except LookupError:
            return
        except ValueError as error:
            yield ParamError("sql", str(error), "cast a value with cast(value as type)")

    def resolved(self, links: Mapping[str, str]) -> Generator:
        parents = {reference.parent for reference in self._parsed().references if reference.parent}
        copy = self.model_copy()
        # Sorted, so that equal expressions are equal whichever set made them.
        copy._links = {parent: resolve_link(parent, links) for parent in sorted(parents)}
        return copy

    def needs(self) -> tuple[Dependency, ...]:
        return tuple(self._need(one) for one in self._parsed().references if not _is_now(one))

    def _need(self, reference: Reference) -> Dependency:
        return Dependency(reference.column, self._links.get(reference.parent, reference.parent))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from self._parsed().faults

    def tells_apart(self, among: Collection[str]) -> str:

        parsed = self._parsed()
        needs = {alias(number): self._need(one) for number, one in enumerate(parsed.references) if not _is_now(one)}
        # Columns of parents that the compared rows share are the same in all of them.
        varying = {name: need for name, need in needs.items() if need.link not in among}
        if parsed.faults or any(need.link for need in varying.values()):
            return ""
        shifted = shifted_column(parsed.sql, varying)
        return varying[shifted].column if shifted else ""

    def values(self, cells: ColumnBatch) -> pa.Array:
        from duckdb import Error

        parsed, table = self._parsed(), self._table(cells)
        # Sizes are measured only where texts can grow: most expressions need no look at their columns.
        size = parsed.row_size(_longest(table) if parsed.growing else {})
        if size.is_too_large:
            raise self._failed(cells, too_large(size)[0].replace("the expression", "it"), "shorten the columns")
        try:
            return self._evaluated(cells, parsed, table, size.rows_at_once)
        except (Error, OverflowError) as error:
            hint = "try(…), try_cast(…) and case avoid it"
            raise self._failed(cells, self._told(str(error)), hint) from error

    def _evaluated(self, cells: ColumnBatch, parsed: Parsed, table: pa.Table, at_once: int) -> pa.Array:
        """The values, of some rows at a time where their texts could be large."""
        from sdgen.generators.expressions.stages import evaluate

        if len(table) <= at_once or at_once >= _SLICED_BELOW:
            return evaluate(parsed, table)
        parts: list[pa.Array] = []
        for first in range(0, len(table), at_once):
            parts.append(evaluate(parsed, table.slice(first, at_once)))
            # Memory is bounded by what has been made, since a bound for each row says nothing of a batch's sum.
            if sum(part.nbytes for part in parts) > _MOST_VALUES:
                why = f"its values in {first + at_once} rows take more than a gigabyte"
                raise self._failed(cells, why, "make shorter texts")
        whole = pa.chunked_array(parts).unify_dictionaries().combine_chunks()
        return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole

    def _failed(self, cells: ColumnBatch, why: str, hint: str) -> ScenarioError:
        path = ("entities", cells.facts.entity, "columns", cells.facts.column)
        return ScenarioError(Problem(path, f"the expression {self.sql!r} can't be computed: {why}", hint))

    def _parsed(self) -> Parsed:
        return parse_expression(self.sql)

    def _table(self, cells: ColumnBatch) -> pa.Table:
        fields = {
            alias(number): _now(cells) if _is_now(one) else _as_sql(self._array(cells, self._need(one)))
            for number, one in enumerate(self._parsed().references)
        }
        return pa.table(fields or {"sdgen_none": pa.array(np.zeros(len(cells), dtype=np.int8))})

    def _array(self, cells: ColumnBatch, need: Dependency) -> pa.Array:
        return cells.rows.parent(need.link).column(need.column) if need.link else cells.column(need.column)

    def _empty(self, types: Mapping[Dependency, Type | None]) -> pa.Table:
        fields: dict[str, pa.Array] = {}
        for number, one in enumerate(self._parsed().references):
            kind = _NOW if _is_now(one) else types[self._need(one)]
            if kind is not None:
                fields[alias(number)] = _as_sql(pa.array([], kind.arrow))
        return pa.table(fields or {"sdgen_none": pa.array([], pa.int8())})

    def _told(self, message: str) -> str:
        """DuckDB's message in one line, with the columns under their own names."""
        references = self._parsed().references
        line = message.strip().splitlines()[0]
        line = line.split(" Error: ", 1)[-1]
        line = _CALL.sub("a value inside", line)
        return _ALIAS.sub(lambda found: str(references[int(found[1])]), line)


def _is_now(reference: Reference) -> bool:
    return not reference.parent and reference.column == "as_of"


def _now(cells: ColumnBatch) -> pa.Array:
    """The instant that counts as now, in each row."""
    microseconds = int(cells.facts.as_of.timestamp() * 1_000_000)
    return pa.array(np.full(len(cells), microseconds, dtype=np.int64)).view(_NOW.arrow)


def _longest(table: pa.Table) -> dict[str, int]:
    """The bytes of the longest text in each column that holds texts."""
    found: dict[str, int] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        array = column.combine_chunks()
        words = array.dictionary if pa.types.is_dictionary(array.type) else array
        if pa.types.is_string(words.type):
            found[name] = pc.max(pc.binary_length(words)).as_py() or 0
    return found


def _as_sql(array: pa.Array) -> pa.Array:
    """An array as DuckDB is to see it: uuids as text, so that they can be compared with texts."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    # Uuids are compared with texts in scenarios, and text is what DuckDB would show.
    return uuid_text(array) if array.type == pa.binary(16) else array


# Functions of one number that keep numbers distinct. Months do not: the 30th and 31st of March are one day in April.
_INTERVALS = frozenset(
    {"to_microseconds", "to_milliseconds", "to_seconds", "to_minutes", "to_hours", "to_days", "to_weeks"}
)


def shifted_column(sql: str, own: Collection[str]) -> str:
    """The one of the `own` columns that a sum shifts by what the other terms hold; "" where there is none.

    The other terms must be free of own columns, so that rows which agree in them differ wherever that column does.
    """
    from sqlglot import parse_one

    terms = list(_terms(parse_one(sql, dialect="duckdb")))
    # With two terms that vary, different rows could have the same sum.
    holding = [term for term in terms if _columns(term) & set(own)]
    if len(holding) != 1:
        return ""
    name = _shifted(holding[0])
    return name if name in own else ""


def _terms(node: exp.Expr) -> Iterator[exp.Expr]:
    """The terms of a sum, however it is bracketed."""
    from sqlglot import exp

    if isinstance(node, exp.Paren):
        yield from _terms(node.this)
    elif isinstance(node, exp.Add | exp.Sub):
        yield from _terms(node.this)
        yield from _terms(node.expression)
    else:
        yield node


def _shifted(term: exp.Expr) -> str:
    """The column of a term that is a column, or an interval of a sum with one column."""
    from sqlglot import exp

    if isinstance(term, exp.Column):
        return term.name
    if isinstance(term, exp.Func) and _function(term) in _INTERVALS:
        inner = [part for part in _terms(next(iter(term.iter_expressions()))) if not isinstance(part, exp.Literal)]
        return inner[0].name if len(inner) == 1 and isinstance(inner[0], exp.Column) else ""
    return ""


def _function(term: exp.Func) -> str:
    from sqlglot import exp

    return (str(term.this) if isinstance(term, exp.Anonymous) else term.sql_name()).lower()


def _columns(node: exp.Expr) -> set[str]:
    from sqlglot import exp

    return {column.name for column in node.find_all(exp.Column)}
