"""Listed values by number: an expression over other columns says which one a row has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field, PrivateAttr

from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.choices.choices import Pool, natural_type, pool_of, unfit
from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.expressions.expression import Expression
from sdgen.generators.registry import register
from sdgen.scenario.types import INTEGERS, KINDS, NESTED, TEXTS, Type


@register("lookup")
class Lookup(Generator):
    """The value of a list at the place that an expression gives, from 0; null where that is null or there is none.

    Texts are carried as numbers of the list, as those of `choice` are, which takes less room and time than a CASE of
    texts in an `expression`.
    """

    fits: ClassVar[frozenset[str]] = KINDS - NESTED
    example: ClassVar[str] = (
        "{generator: lookup, params: {values: [small, medium, large],"
        " sql: 'case when quantity < 3 then 0 when quantity < 7 then 1 else 2 end'}}"
    )

    values_: tuple[Any, ...] = Field(
        alias="values", min_length=1, max_length=1_000_000, description="the values, each listed once"
    )
    sql: str = Field(min_length=1, max_length=4000, description="an expression of a whole number: the value's place")

    _place: Expression = PrivateAttr()

    def model_post_init(self, context: Any) -> None:
        self._place = Expression(sql=self.sql)

    @cached_property
    def pools(self) -> dict[Type, Pool]:
        """The lists made so far: one for each column type this was asked for."""
        return {}

    @property
    def may_be_null(self) -> bool:
        return True

    def natural(self) -> Type:
        return natural_type(self.values_)

    def arrow(self, type: Type) -> pa.DataType:
        if type.kind not in TEXTS:
            return type.arrow
        return pa.dictionary(pa.int16() if len(self.values_) < 1 << 15 else pa.int32(), type.arrow)

    def resolved(self, links: Mapping[str, str]) -> Generator:
        copy = self.model_copy()
        place = self._place.resolved(links)
        assert isinstance(place, Expression)
        copy._place = place
        return copy

    def needs(self) -> tuple[Dependency, ...]:
        return self._place.needs()

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        yield from self._place.faults(facts)
        yield from unfit("values", self.values_, facts.type)
        if None in self.values_:
            hint = "leave it out: a place that is not in the list gives null"
            yield ParamError("values", "null is listed, which has no place", hint)
        # As the column holds them: 1 and "1" are one text.
        written = map(str if facts.type.kind in TEXTS else repr, self.values_)
        if len(set(written)) < len(self.values_):
            yield ParamError("values", "a value is listed twice", "list each once: places may repeat, values need not")

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        wrong = list(self._place.check_types(types))
        yield from wrong
        try:
            place = None if wrong else self._place.natural_for(types)
        except LookupError:
            return
        if place is not None and place.kind not in INTEGERS:
            yield ParamError("sql", f"its value is {place}, not a whole number", "cast it: cast(value as int)")

    def values(self, cells: ColumnBatch) -> pa.Array:
        places = self._place.values(cells).cast(pa.int64())
        known = np.asarray(places.fill_null(-1) if places.null_count else places)
        listed, size = self._pool(cells.facts.type), len(self.values_)
        if len(known) and (known.min() < 0 or known.max() >= size):
            known = np.where((known < 0) | (known > size), size, known)
        return listed.array(known)

    def _pool(self, type: Type) -> Pool:
        if type not in self.pools:
            listed = (*self.values_, None)  # so that the place behind the last value is null
            self.pools[type] = pool_of(listed, (1.0,) * len(listed), type, self.arrow(type))
        return self.pools[type]
