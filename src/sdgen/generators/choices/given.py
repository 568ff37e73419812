"""Cases: which generator makes a row's value follows from other columns of the row and of its parents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from sdgen.generators.base import Dependency, ParamError
from sdgen.generators.choices.null_rates import case_numbers
from sdgen.generators.column_batch import ChosenRows, ColumnBatch, ColumnContext
from sdgen.generators.expressions.expression import Expression
from sdgen.generators.nested.nested_generator import NestedGenerator
from sdgen.generators.pools import in_groups
from sdgen.generators.references import Referring
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.model import case_names
from sdgen.scenario.types import KINDS, Type

# A marker of its own, since null is a value that a case can be for.
_ANY = object()


class Case(NestedGenerator):
    """A generator, and for which rows it is the one: the first case that holds counts."""

    when: str = Field("", description="a condition in SQL over columns of the row and link.column of its parents")
    is_: Any = Field(_ANY, alias="is", description="instead: a value of the column `by` names, or several")

    @property
    def texts(self) -> tuple[str | None, ...]:
        """The values it is for, as texts."""
        several = self.is_ if isinstance(self.is_, (list, tuple)) else (self.is_,)
        return tuple(_text(value) for value in several)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


@register("given")
class GivenColumn(Referring):
    """A generator chosen by other columns: the first case that holds makes the value.

    With `by`, cases are written by that column's values (`cases: {free: …, pro: …}`, or `is: [free, trial]`), as texts;
    a condition is SQL (`when: score < 580`). A row in no case has a value of `otherwise`, or null without it. The type
    where the column names none is that of the first case.
    """

    fits: ClassVar[frozenset[str]] = KINDS
    example: ClassVar[str] = (
        "{type: int, generator: given, params: {cases:"
        " [{when: price < 10, generator: const, params: {value: 1}}],"
        " otherwise: {generator: uniform_int, params: {min: 2, max: 50}}}}"
    )

    by: str = Field("", description="the column whose value chooses: of the row, or link.column of a parent")
    cases: Annotated[dict[str, NestedGenerator], BeforeValidator(case_names)] | tuple[Case, ...] = Field(
        min_length=1, max_length=1024, description="by the values of `by`, or a list of cases, each with `is` or `when`"
    )
    otherwise: NestedGenerator | None = Field(None, description="the generator of rows in no case")

    _number: Expression | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _conditions(self) -> GivenColumn:
        if isinstance(self.cases, dict):
            if not self.by:
                raise ValueError("cases are written by values, but `by` names no column")
            return self
        for place, case in enumerate(self.cases):
            if (case.is_ is _ANY) == (not case.when):
                raise ValueError(f"case {place + 1} needs one of `when` (a condition) and `is` (a value of `by`)")
            if case.is_ is not _ANY and not self.by:
                raise ValueError(f"case {place + 1} has `is`, but `by` names no column")
        if any(case.when for case in self.cases):
            branches = (f"when {self._condition(case)} then {place}" for place, case in enumerate(self.cases))
            # All conditions become one CASE, so that DuckDB is asked once a batch; the
            # number of the case is what it gives.
            self._number = Expression(sql=f"case {' '.join(branches)} else {len(self.cases)} end")
        return self

    def _condition(self, case: Case) -> str:
        return f"({case.when})" if case.is_ is _ANY else _is_one_of(self.by, case.texts)

    @property
    def parts(self) -> tuple[tuple[str, NestedGenerator], ...]:
        """Every generator with the path of its params, what is for all other rows at the end."""
        named = self.cases.items() if isinstance(self.cases, dict) else enumerate(self.cases)
        parts: list[tuple[str, NestedGenerator]] = [(f"cases.{name}", part) for name, part in named]
        return tuple(parts if self.otherwise is None else [*parts, ("otherwise", self.otherwise)])

    @property
    def gives_null(self) -> bool:
        return self.otherwise is None or any(part.made.gives_null for _, part in self.parts)

    @property
    def decides_nulls(self) -> bool:
        return self.gives_null

    @property
    def may_be_null(self) -> bool:
        return self.gives_null or any(part.made.may_be_null for _, part in self.parts)

    def natural(self) -> Type:
        return self.natural_for({})

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        return self.parts[0][1].type_for(types)

    def references(self) -> Iterator[str]:
        return iter((self.by,) if self.by else ())

    def resolved(self, links: Mapping[str, str]) -> GivenColumn:
        copy = super().resolved(links)
        cases: Any = (
            {name: part.resolved(links) for name, part in self.cases.items()}
            if isinstance(self.cases, dict)
            else tuple(case.resolved(links) for case in self.cases)
        )
        otherwise = self.otherwise and self.otherwise.resolved(links)
        copy = copy.model_copy(update={"cases": cases, "otherwise": otherwise})
        number = self._number and self._number.resolved(links)
        assert number is None or isinstance(number, Expression)
        copy._number = number
        return copy

    def needs(self) -> tuple[Dependency, ...]:
        conditions = self._number.needs() if self._number else super().needs()
        inner = (need for _, part in self.parts for need in part.made.needs())
        return tuple(dict.fromkeys((*conditions, *inner)))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        for fault in self._number.faults(facts) if self._number else ():
            yield ParamError("cases", fault.what, fault.hint)
        for path, part in self.parts:
            yield from part.faults(facts, facts.type, path)

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        for fault in self._number.check_types(types) if self._number else ():
            yield ParamError("cases", fault.what, "a condition compares columns with values of their types")
        yield from self.no_single_values("by", self.references(), types)
        for path, part in self.parts:
            yield from part.type_faults(types, path)

    def values(self, cells: ColumnBatch) -> pa.Array:
        return in_groups(self._chosen(cells), lambda place, rows: self._of_case(cells, place, rows))

    def _chosen(self, cells: ColumnBatch) -> Numbers:
        """The place of each row's case; the number of cases where it is in none."""
        if self._number is not None:
            return np.asarray(self._number.values(cells).cast(pa.int64()), dtype=np.int64)
        values = self.array(cells, self.by)
        if isinstance(self.cases, dict):
            return case_numbers(values, list(self.cases))
        texts = [(text, place) for place, case in enumerate(self.cases) for text in case.texts]
        # The first case that holds counts, so that later ones must not overwrite it.
        first = dict(reversed(texts))
        places = np.array([*first.values(), len(self.cases)], dtype=np.int64)
        return places[case_numbers(values, list(first))]

    def _of_case(self, cells: ColumnBatch, place: int, rows: Numbers) -> pa.Array:
        """The values of some rows, all of one case: what is made for a row doesn't depend on which others are."""
        if len(rows) == len(cells):
            return self._made(cells, place)
        # Elements of an array have numbers of their own, apart from the rows that they lie in.
        if cells.numbers is not cells.rows.numbers:
            return self._made(cells, place).take(pa.array(rows))
        return self._made(replace(cells, rows=ChosenRows(cells.rows, rows), numbers_override=None), place)

    def _made(self, cells: ColumnBatch, place: int) -> pa.Array:
        type = cells.facts.type
        if place == len(self.parts):
            return pa.nulls(len(cells), type.arrow)
        path, part = self.parts[place]
        return part.values(cells.inner(f"{path}/", type), type)


def _is_one_of(column: str, texts: Sequence[str | None]) -> str:
    """The condition that a column has one of these values, in SQL."""
    known = ["'" + text.replace("'", "''") + "'" for text in texts if text is not None]
    tests = [f"cast({column} as varchar) in ({', '.join(known)})"] if known else []
    tests += [f"{column} is null"] if None in texts else []
    return f"({' or '.join(tests) or 'false'})"
