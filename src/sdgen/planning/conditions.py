"""Conditions that every row of an entity is declared to keep: settled, tried on some rows, and watched in all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow.compute as pc

from sdgen.errors import Path, Problem, ScenarioError, did_you_mean
from sdgen.generators.base import Dependency
from sdgen.generators.column_batch import ColumnBatch, ColumnContext, Rows
from sdgen.generators.expressions import Expression
from sdgen.planning.draft import Draft
from sdgen.scenario.types import Type

BOOL = Type("bool")


@dataclass(frozen=True)
class Condition:
    """One `check` of an entity: an expression that is true, or null, in every row."""

    number: int
    expression: Expression
    facts: ColumnContext

    @property
    def sql(self) -> str:
        return self.expression.sql

    def broken_row(self, rows: Rows) -> int | None:
        """The place of the first of these rows that breaks the condition; None where all keep it."""
        # A CHECK holds where it is not false, so that null keeps it.
        held = pc.fill_null(self.expression.values(ColumnBatch(rows, self.facts)), True).to_numpy(zero_copy_only=False)
        return None if held.all() else int(np.argmin(held))

    def broken(self, rows: Rows) -> ScenarioError | None:
        """What to say of the first row that breaks the condition."""
        path: Path = ("entities", rows.entity, "check", self.number)
        try:
            place = self.broken_row(rows)
        except ScenarioError as error:  # a value that can't be computed
            return ScenarioError([replace(problem, path=path) for problem in error.problems])
        if place is None:
            return None
        found = ", ".join(self._values(rows, place))
        what = f"row {rows.numbers[place]:,} breaks the check {self.sql!r}: {found}"
        hint = (
            "give its columns generators that keep it; those without a generator get one that does where it is simple"
        )
        return ScenarioError(Problem(path, what, hint))

    def _values(self, rows: Rows, place: int) -> Iterator[str]:
        for need in dict.fromkeys(self.expression.needs()):
            values = (rows.parent(need.link) if need.link else rows).column(need.column)
            yield f"{need.link + '.' if need.link else ''}{need.column} is {_shown(values[place].as_py())}"


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str | bytes) else "null" if value is None else str(value)


def plan_conditions(draft: Draft) -> dict[str, tuple[Condition, ...]]:
    """The conditions of each entity; those that can't be computed become problems."""
    settled: dict[str, tuple[Condition, ...]] = {}
    for name, entity in draft.scenario.entities.items():
        found = [_settle(draft, name, number, sql) for number, sql in enumerate(entity.check)]
        settled[name] = tuple(condition for condition in found if condition is not None)
    return settled


def _settle(draft: Draft, entity: str, number: int, sql: str) -> Condition | None:
    path: Path = ("entities", entity, "check", number)
    facts = ColumnContext(draft.seed, entity, "", BOOL, draft.counts.get(entity, 0), draft.as_of, draft.scenario.locale)
    expression = Expression(sql=sql)
    try:
        resolved = expression.resolved(draft.links[entity])
    except ValueError as error:
        draft.refuse(path, str(error))
        return None
    assert isinstance(resolved, Expression)
    faults = [(fault.what, fault.hint) for fault in resolved.faults(facts)]
    faults = faults or [fault for need in resolved.needs() if (fault := _missing(draft, entity, need))]
    if not faults:
        types = {need: draft.types.get(draft.home(entity, need)) for need in resolved.needs()}
        faults = list(_wrong_type(resolved, types))
    for what, hint in faults:
        draft.refuse(path, what, hint)
    return None if faults else Condition(number, resolved, facts)


def _missing(draft: Draft, entity: str, need: Dependency) -> tuple[str, str] | None:
    if need.link and need.link not in draft.links[entity]:
        return f"no link {need.link!r} to a parent", did_you_mean(need.link, draft.links[entity])
    home = draft.home(entity, need)[0]
    columns = draft.scenario.entities[home].columns
    return (
        None
        if need.column in columns
        else (f"{home} has no column {need.column!r}", did_you_mean(need.column, columns))
    )


def _wrong_type(expression: Expression, types: dict[Dependency, Type | None]) -> Iterator[tuple[str, str]]:
    try:
        # Asked before any row is made, so that what is no condition is told with the other problems.
        made = expression.natural_for(types)
    except LookupError:
        return  # a column without a type is told of where it stands
    except ValueError as error:
        yield str(error), "cast a value with cast(value as type)"
        return
    if made != BOOL:
        yield f"a check must be true or false, and this is of type {made}", "compare something: total >= 0"
