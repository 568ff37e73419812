"""What a plan says of its rows: samples of them under any seed, the values a column may have, its dependence on now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdgen.errors import ScenarioError
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.arrays.decimals import Steps
from sdgen.generators.base import Dependency
from sdgen.generators.domains import Domain, Integers, permute
from sdgen.generators.links.links import ForeignKey
from sdgen.generators.moments.uniform import Ticks
from sdgen.generators.numbers.ranges import Ranges
from sdgen.generators.streams import Numbers, stream_key
from sdgen.planning.compile import compile_plan
from sdgen.planning.plan import ColumnPlan, EntityPlan, Plan
from sdgen.planning.written_rows import WrittenRows, written_rows
from sdgen.scenario.model import Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.scenario.types import INTEGERS, NUMBERS, TEXTS
from sdgen.verification.comparable import ORDERED, in_order, one_array

SAMPLE = 100_000  # the most values of a column that distributions are compared by
OTHER_SEEDS = 20
MOST_ALLOWED = 1000
_PROBE = 64
_ELSEWHEN = timedelta(days=37)


@dataclass(frozen=True)
class Expectation:
    """A scenario as it was asked for, and its plans under this and other seeds."""

    scenario: Scenario
    request: PlanRequest
    _plans: dict[int, Plan] = field(default_factory=dict, repr=False, compare=False)

    @property
    def seed_known(self) -> bool:
        return self.request.seed is not None or self.scenario.seed is not None

    @property
    def now_known(self) -> bool:
        return self.request.as_of is not None or bool(self.scenario.as_of)

    @cached_property
    def plan(self) -> Plan:
        """The plan of the run, or one that differs from it in the seed alone; the same each time."""
        return compile_plan(self.scenario, self.request if self.seed_known else replace(self.request, seed=0))

    def again(self, number: int) -> Plan:
        """The same plan under the seed of that number, never the run's."""
        if number not in self._plans:
            # Hashed, so that it is none of the seeds that a person would have chosen for the run.
            seed = stream_key(self.plan.seed, "verify", str(number))
            request = replace(self.request, seed=seed, as_of=self.plan.as_of)
            self._plans[number] = compile_plan(self.scenario, request)
        return self._plans[number]

    @cached_property
    def moving(self) -> Mapping[str, frozenset[str]]:
        """For each entity the columns whose values depend on now, where now isn't known."""
        nothing = dict.fromkeys(self.plan.entities, frozenset[str]())
        if self.now_known:
            return nothing
        # What differs under another now, and the same seed, depends on now.
        request = replace(self.request, seed=self.plan.seed, as_of=self.plan.as_of - _ELSEWHEN)
        try:
            other = compile_plan(self.scenario, request)
        except ScenarioError:
            return nothing
        return {name: _different(self.plan, other, name) for name in self.plan.entities}

    def depends_on_seed(self, entity: str) -> bool:
        """Whether an entity has other rows under another seed: fixed rows and sequences alone are the same."""
        return bool(_different(self.plan, self.again(0), entity))


def _different(plan: Plan, other: Plan, entity: str) -> frozenset[str]:
    rows = min(each.entities[entity].rows for each in (plan, other))
    ours, theirs = (rows_of(each, entity, spread(rows, _PROBE)) for each in (plan, other))
    names = list(plan.entities[entity].columns)
    return frozenset(name for name in names if not one_array(ours.column(name)).equals(one_array(theirs.column(name))))


def rows_of(plan: Plan, entity: str, numbers: Numbers) -> WrittenRows:
    """Some rows as they are written, which those of a target are held against."""
    return written_rows(plan, plan.entities[entity], numbers)


def spread(rows: int, most: int) -> Numbers:
    """Up to so many row numbers, evenly over all rows, the last one included."""
    return np.unique(np.linspace(0, max(rows - 1, 0), min(rows, most)).astype(np.int64))


def sample_numbers(rows: int, most: int = SAMPLE) -> Numbers:
    """All row numbers where they are few; else so many of them at random, in order, the same ones each time."""
    if rows <= most:
        return np.arange(rows, dtype=np.int64)
    return np.sort(permute(0, np.arange(most, dtype=np.int64), rows))


def is_independent(entity: EntityPlan, name: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a column's rows have nothing to do with one another: none of them looks at a parent."""
    column = entity.columns.get(name)
    if column is None or isinstance(column.generator, ForeignKey):
        return False
    per: str = getattr(column.generator, "per", "")  # counts the rows of a parent
    if per:
        return False
    needs: tuple[Dependency, ...] = column.generator.needs()
    own = {need.column for need in needs} - seen
    return not any(need.link or need.entity for need in needs) and all(
        is_independent(entity, each, seen | own) for each in own
    )


@dataclass(frozen=True)
class Bounds:
    """The least and the greatest value a column may have, as `in_order` has them; None for no bound."""

    low: float | None
    high: float | None


def allowed_values(column: ColumnPlan) -> pa.Array | None:
    """All values a column may have, where they are few and can be told apart exactly."""
    if column.type.kind not in TEXTS | INTEGERS | {"decimal", "uuid"}:
        return None
    domain = column.generator.domain(column.facts)
    if column.type.kind == "enum" and domain is None:
        return pa.array(column.type.values)
    # These have a range, which `bounds` checks, and far too many values to list.
    if domain is None or isinstance(domain, Integers | Ticks | Steps) or not 0 < domain.size <= MOST_ALLOWED:
        return None
    return _with_fixed(column, _decode(column, domain, np.arange(domain.size)))


def bounds(column: ColumnPlan, rows: int) -> Bounds | None:
    """The range of a column's values, where its generator gives one."""
    if column.type.kind not in ORDERED - {"uuid"}:
        return None
    domain = column.generator.domain(column.facts)
    if not isinstance(domain, Integers | Ticks | Steps):
        return _of_params(column)
    # A sequence uses only as much of its domain as there are rows.
    last = (min(domain.size, rows) if column.generator.all_distinct() else domain.size) - 1
    ends = in_order(_with_fixed(column, _decode(column, domain, np.array([0, max(last, 0)]))), column.type)
    return Bounds(ends.min(), ends.max())


def _of_params(column: ColumnPlan) -> Bounds | None:
    low, high = _params(column)
    given = [] if column.fixed is None else [float(value) for value in in_order(column.fixed, column.type)]
    least = None if low is None else min([_rounded(column, low), *given])
    most = None if high is None else max([_rounded(column, high), *given])
    return None if least is None and most is None else Bounds(least, most)


def _params(column: ColumnPlan) -> tuple[Any, Any]:
    """The bounds that a generator of numbers has among its params, where they don't speak of another column."""
    generator = column.generator
    if column.type.kind not in NUMBERS or generator.needs():
        return None, None
    if isinstance(generator, Ranges):
        used = [each for each in generator.ranges if each.weight]
        return min(each.min for each in used), max(each.max for each in used)
    if not {"min", "max"} <= type(generator).model_fields.keys():
        return None, None
    return getattr(generator, "min", None), getattr(generator, "max", None)


def _rounded(column: ColumnPlan, value: Any) -> float:
    """A param as the column's type rounds it."""
    return float(in_order(cast_array(pa.array([value]), column.type, column.type.arrow), column.type)[0])


def _decode(column: ColumnPlan, domain: Domain, indexes: Numbers) -> pa.Array:
    return cast_array(one_array(domain.decode(indexes.astype(np.int64))), column.type, column.type.arrow)


def _with_fixed(column: ColumnPlan, values: pa.Array) -> pa.Array:
    given = [] if column.fixed is None else [one_array(column.fixed).drop_null()]
    return pc.unique(pa.concat_arrays([values.drop_null(), *given]))
