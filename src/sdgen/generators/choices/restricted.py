"""Values of a generator that keep a condition; the others are drawn again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.base import Dependency, Generator, ParamError
from sdgen.generators.column_batch import ColumnBatch, ColumnContext, Rows
from sdgen.generators.nested.nested_generator import NestedGenerator
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.scenario.types import KINDS, NESTED, Type

T = TypeVar("T")
# The first draw and five more; a rare condition must not cost without bound, and a loop
# until the value fits would have none.
_TRIES = 6
_BOOL = Type("bool")


@dataclass(frozen=True)
class _WithValue:
    """Rows beside which the values are that are tried, as a column `value`."""

    rows: Rows
    values: pa.Array

    @property
    def entity(self) -> str:
        return self.rows.entity

    @property
    def numbers(self) -> Numbers:
        return self.rows.numbers

    @property
    def missing(self) -> NDArray[np.bool_] | None:
        return self.rows.missing

    def column(self, name: str) -> pa.Array:
        return self.values if name == "value" else self.rows.column(name)

    def parent(self, link: str) -> Rows:
        return self.rows.parent(link)

    def parent_numbers(self, link: str) -> Numbers:
        return self.rows.parent_numbers(link)

    def child_counts(self, entity: str) -> Numbers:
        return self.rows.child_counts(entity)

    def children(self, entity: str, start: int, stop: int) -> Rows:
        return self.rows.children(entity, start, stop)

    def others(self, entity: str, pick: Callable[[int], Numbers]) -> Rows:
        return self.rows.others(entity, pick)

    def shared(self, name: str, compute: Callable[[], T]) -> T:
        return compute()

    def scores(self, column: str) -> NDArray[np.float64]:
        return self.rows.scores(column)

    def at(self, numbers: Numbers) -> Rows:
        return self.rows.at(numbers)

    def distinct(self) -> tuple[Rows, Numbers | None]:
        return self, None

    def ordinals(self, link: str) -> Numbers:
        return self.rows.ordinals(link)


@register("restricted")
class Restricted(Generator):
    """Values of a generator, those that keep a condition: the others are drawn again, five times at the most.

    What keeps it then neither comes from `otherwise`, which must keep it by itself. The condition is one of the
    expressions' SQL, over the value alone, which is called `value`; null keeps it.
    """

    fits: ClassVar[frozenset[str]] = KINDS - NESTED
    example: ClassVar[str] = (
        "{type: text, generator: restricted, params: {value: person.first_name, check: length(value) > 3,"
        " otherwise: {generator: choice, params: {values: [Anna, Otto]}}}}"
    )

    value: NestedGenerator = Field(description="the generator whose values are wanted")
    check: str = Field("", max_length=4000, description="the condition, over `value` and `as_of`; none where left out")
    otherwise: NestedGenerator | None = Field(None, description="for what is left; null where left out")
    fold: Literal["", "lower", "upper"] = Field(
        "", description="write texts in lower or upper case before they are tried"
    )

    @property
    def gives_null(self) -> bool:
        return self.value.made.gives_null

    @property
    def may_be_null(self) -> bool:
        return self.value.made.may_be_null or self.otherwise is None or self.otherwise.made.may_be_null

    @property
    def parts(self) -> dict[str, NestedGenerator]:
        return {"value": self.value} | ({"otherwise": self.otherwise} if self.otherwise is not None else {})

    def natural(self) -> Type:
        return self.natural_for({})

    def natural_for(self, types: Mapping[Dependency, Type | None]) -> Type:
        return self.value.type_for(types)

    def resolved(self, links: Mapping[str, str]) -> Generator:
        return self.model_copy(update={name: part.resolved(links) for name, part in self.parts.items()})

    def needs(self) -> tuple[Dependency, ...]:
        return tuple(dict.fromkeys(need for part in self.parts.values() for need in part.made.needs()))

    def faults(self, facts: ColumnContext) -> Iterable[ParamError]:
        for name, part in self.parts.items():
            yield from part.faults(facts, facts.type, name)
        if not self.check:
            return
        from sdgen.generators.expressions import Expression

        tried = Expression(sql=self.check)
        wrong = [fault.what for fault in tried.faults(facts)]
        names = [need.column for need in tried.needs() if need != Dependency("value")] if not wrong else []
        wrong += [f"{name} is not the value" for name in names]
        if not wrong:
            try:
                made = tried.natural_for({Dependency("value"): facts.type})
                wrong += [f"it is of type {made}, not true or false"] if made != _BOOL else []
            except (LookupError, ValueError) as error:
                wrong.append(str(error))
        yield from (ParamError("check", what, "write a condition such as length(value) > 3") for what in wrong)

    def check_types(self, types: Mapping[Dependency, Type | None]) -> Iterable[ParamError]:
        for name, part in self.parts.items():
            yield from part.type_faults(types, name)

    def values(self, cells: ColumnBatch) -> pa.Array:
        type = cells.facts.type
        values = self._folded(self.value.values(cells.inner("value/", type), type), type)
        # Whether all rows are tried again depends on the batch, but what a row keeps
        # doesn't: only its own values are replaced.
        for attempt in range(1, _TRIES + 1):
            kept = self.kept(cells, values)
            if kept.all():
                return values
            part = self.value if attempt < _TRIES else self.otherwise
            # Numbers of its own: else a person would be the row's person again, whose name is the same.
            inner = cells.inner(f"{attempt}/", type, cells.numbers.copy())
            again = pa.nulls(len(cells), type.arrow) if part is None else part.values(inner, type)
            values = pc.if_else(pa.array(kept), values, again if attempt == _TRIES else self._folded(again, type))
        return values

    def _folded(self, values: pa.Array, type: Type) -> pa.Array:
        if not self.fold:
            return values
        plain = values.cast(pa.string())
        return cast_array(pc.utf8_lower(plain) if self.fold == "lower" else pc.utf8_upper(plain), type, type.arrow)

    def kept(self, cells: ColumnBatch, values: pa.Array) -> NDArray[np.bool_]:
        """Which values keep the condition."""
        if not self.check:
            return np.ones(len(values), dtype=np.bool_)
        from sdgen.generators.expressions import Expression

        batch = ColumnBatch(_WithValue(cells.rows, values), replace(cells.facts, type=_BOOL))
        # SQL's CHECK holds where it isn't false, so that null keeps it.
        held = pc.fill_null(Expression(sql=self.check).values(batch), True)
        kept: NDArray[np.bool_] = held.to_numpy(zero_copy_only=False).astype(np.bool_)
        return kept
