"""Cases: which generator makes a row's value depends on other columns of the row and of its parents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field, PrivateAttr, model_validator

from sdgen.generators.base import ColumnBatch, ColumnContext, Dependency, Generator, ParamError
from sdgen.generators.expressions.expression import Expression
from sdgen.generators.nested.nested_generator import NestedGenerator
from sdgen.generators.registry import register
from sdgen.scenario.types import KINDS, Type

_ANY = object()


class Case(NestedGenerator):
    """A generator, and for which rows it is the one: the first case that holds counts."""

    when: str = Field("", description="a condition in SQL over columns of the row and link.column of its parents")
    is_: Any = Field(_ANY, alias="is", description="instead: a value of the column by")


@register("given")
class Given(Generator):
    """A generator chosen by other columns: the first case whose condition holds makes the value.

    A condition is SQL (`when: score < 580`), or the values of one column (`by: plan`, then `is: free`). A row in no
    case has a value of `otherwise`, or null without it.
    """

    fits: ClassVar[frozenset[str]] = KINDS
    example: ClassVar[str] = (
        "{type: int, generator: given, params: {cases:"
        " [{when: price < 10, generator: const, params: {value: 1}}],"
        " otherwise: {generator: uniform_int, params: {min: 2, max: 50}}}}"
    )

    by: str = Field("", description="the column whose values `is` names: of the row, or link.column of a parent")
    cases: tuple[Case, ...] = Field(min_length=1, max_length=256, description="the cases, in order")
    otherwise: NestedGenerator | None = Field(None, description="the generator of rows in no case")

    _number: Expression = PrivateAttr()

    @model_validator(mode="after")
    def _conditions(self) -> Given:
        for place, case in enumerate(self.cases):
            if (case.is_ is _ANY) == (not case.when):
                raise ValueError(f"case {place + 1} needs one of `when` (a condition) and `is` (a value of `by`)")
            if case.is_ is not _ANY and not self.by:
                raise ValueError(f"case {place + 1} has `is`, but `by` names no column")
        branches = (f"when {self._condition(case)} then {place}" for place, case in enumerate(self.cases))
        self._number = Expression(sql=f"case {' '.join(branches)} else {len(self.cases)} end")
        return self

    def _condition(self, case: Case) -> str:
        return f"({case.when})" if case.is_ is _ANY else _is_one_of(self.by, case.is_)

    @cached_property
    def _inner(self) -> tuple[tuple[str, NestedGenerator], ...]:
        """Every generator with where it stands."""
        cases = tuple((f"cases.{place}", case) for place, case in enumerate(self.cases))
        return cases if self.otherwise is None else (*cases, ("otherwise", self.otherwise))

    @property
    def gives_null(self) -> bool:
        return self.otherwise is None or any(each.made.gives_null for _, each in self._inner)

    @property
    def decides_nulls(self) -> bool:
        return self.gives_null

    @property
    def may_be_null(self) -> bool:
        return self.gives_null or any(each.made.may_be_null for _, each in self._inner)

    def natural(self) -> Type:
        return self.natural_for({})

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        return self.cases[0].type_for(types)

    def resolved(self, links: Mapping[str, str]) -> Generator:
        cases = tuple(case.resolved(links) for case in self.cases)
        otherwise = None if self.otherwise is None else self.otherwise.resolved(links)
        copy = self.model_copy(update={"cases": cases, "otherwise": otherwise})
        copy.__dict__.pop("_inner", None)
        number = self._number.resolved(links)
        assert isinstance(number, Expression)
        copy._number = number
        return copy

    def needs(self) -> tuple[Dependency, ...]:
        inner = (need for _, each in self._inner for need in each.made.needs())
        return tuple(dict.fromkeys((*self._number.needs(), *inner)))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        for fault in self._number.faults(facts):
            yield ParamError("cases", fault.what, fault.hint)
        for place, each in self._inner:
            yield from each.faults(facts, facts.type, place)

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        for fault in self._number.check_types(types):
            yield ParamError("cases", fault.what, "a condition compares columns with values of their types")
        for place, each in self._inner:
            yield from each.type_faults(types, place)

    def values(self, cells: ColumnBatch) -> pa.Array:
        type = cells.facts.type
        chosen = np.asarray(self._number.values(cells).cast(pa.int64()), dtype=np.int64)
        parts, firsts, size = [], np.zeros(len(self.cases) + 1, dtype=np.int64), 0
        for place in np.unique(chosen).tolist() or [0]:
            firsts[place] = size
            parts.append(self._made(cells, place, type))
            size += len(cells)
        return pa.concat_arrays(parts).take(pa.array(firsts[chosen] + np.arange(len(cells))))

    def _made(self, cells: ColumnBatch, place: int, type: Type) -> pa.Array:
        if place == len(self._inner):
            return pa.nulls(len(cells), type.arrow)
        name, each = self._inner[place]
        return each.values(cells.inner(name, type), type)


def _is_one_of(column: str, values: Any) -> str:
    """The condition that a column has one of these values, in SQL."""
    listed: Sequence[Any] = values if isinstance(values, (list, tuple)) else (values,)
    known = [_literal(value) for value in listed if value is not None]
    tests = [f"{column} in ({', '.join(known)})"] if known else []
    tests += [f"{column} is null"] if None in listed else []
    return f"({' or '.join(tests) or 'false'})"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    text = value.isoformat() if isinstance(value, date) else str(value)
    return "'" + text.replace("'", "''") + "'"
