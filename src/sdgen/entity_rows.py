"""The rows of an entity as a lazy value: what Spark, Dask and Ray need to make any span of them on any machine."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from functools import lru_cache
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, NamedTuple

import pyarrow as pa

from sdgen import __version__
from sdgen.api import Source, request_of
from sdgen.engine import BATCH_ROWS, batches
from sdgen.errors import Problem, ScenarioError, SdgenError, did_you_mean, install_hint
from sdgen.execution.append import plan_with_existing
from sdgen.execution.resolve import resolve_data
from sdgen.generators.arrays.cast import cast_array
from sdgen.planning.plan import EntityPlan, Plan
from sdgen.scenario.types import Type

SEED = 0  # of a scenario that names none
PARTITION_BYTES = 32 << 20
MOST_PARTITIONS = 10_000  # each is some hundred bytes in a driver's memory, and some messages
PLAN_OPTIONS = ("seed", "as_of", "rows", "scale", "rules", "set", "dialect")

_SAMPLED_ROWS = 4096
Substitutes = Mapping[str, Type]  # the types that stand in another's place, by its kind
NO_SUBSTITUTES: Substitutes = MappingProxyType({})


class Span(NamedTuple):
    """Rows start (included) to stop (excluded)."""

    start: int
    stop: int


@dataclass(frozen=True)
class EntityRows:
    """The rows first … stop of an entity, in spans of `span_rows`; a picklable value of some kilobytes.

    types: of the columns of its batches, which may be others than the plan's. packed: the pickled plan, so that a task
    that runs another version of sdgen can say so instead of failing to read it.
    """

    entity: str
    first: int
    stop: int
    span_rows: int
    row_bytes: float
    schema: pa.Schema = field(repr=False)
    types: tuple[Type, ...] = field(repr=False)
    packed: bytes = field(repr=False)
    version: str = __version__

    @property
    def rows(self) -> int:
        return self.stop - self.first

    @property
    def spans(self) -> tuple[Span, ...]:
        """The partitions: one at least, which has no rows where the entity has none."""
        # Engines need a partition to learn the columns from.
        starts = range(self.first, max(self.stop, self.first + 1), self.span_rows)
        return tuple(Span(start, min(start + self.span_rows, self.stop)) for start in starts)

    def batches(self, start: int, stop: int, columns: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
        """The rows of a span, in order; columns: the ones to make, all where empty. SdgenError where it can't be."""
        plan = _unpacked(self.packed, self.version)
        chosen = [each for each in zip(self.schema, self.types, strict=True) if not columns or each[0].name in columns]
        schema = pa.schema([column for column, _ in chosen])

        def encode(batch: pa.RecordBatch, _: int) -> pa.RecordBatch:
            pairs = zip(batch.columns, chosen, strict=True)
            arrays = [
                array if array.type == column.type else cast_array(array, type, column.type)
                for array, (column, type) in pairs
            ]
            return pa.RecordBatch.from_arrays(arrays, schema=schema)

        if columns:
            plan = _narrowed(plan, self.entity, columns)
        return batches(plan, self.entity, start=start, stop=stop, encode=encode)

    def table(self, start: int, stop: int, columns: Sequence[str] = ()) -> pa.Table:
        """The rows of a span as one table."""
        parts = list(self.batches(start, stop, columns))
        names = [column for column in self.schema if not columns or column.name in columns]
        return pa.Table.from_batches(parts, schema=pa.schema(names))


def entity_rows(
    plan: Plan,
    entity: str,
    *,
    columns: Sequence[str] = (),
    substitutes: Substitutes = NO_SUBSTITUTES,
    partition_bytes: int = PARTITION_BYTES,
    dumps: Callable[[Plan], bytes] = pickle.dumps,
) -> EntityRows:
    """An entity of a plan as a lazy value; ScenarioError where it has no such entity or columns.

    columns: the ones to have, all where empty. partition_bytes: about how many bytes of Arrow arrays a span takes.
    dumps: the engine's way to pickle, which may take more than Python's: generators of a notebook by value.
    """
    problems = list(_unknown_names(plan, entity, columns, partition_bytes))
    if problems:
        raise ScenarioError(problems)
    if columns:
        plan = _narrowed(plan, entity, columns)
    planned = plan.entities[entity]
    types = tuple(_substituted(column.type, substitutes) for column in planned.written)
    fields = [pa.field(each.name, type.arrow, each.nullable) for each, type in zip(planned.written, types, strict=True)]
    # With spans of one batch at first: how large a row is, and with it a span, is measured on the value itself.
    rows = EntityRows(entity, planned.first, planned.rows, BATCH_ROWS, 0.0, pa.schema(fields), types, dumps(plan))
    size = _row_bytes(rows)
    return replace(rows, row_bytes=size, span_rows=_span_rows(rows.rows, size, partition_bytes))


def plan_of(source: Source | Plan, **request: Any) -> Plan:
    """The checked plan of a scenario, the same at each call; ScenarioError or SourceError with every problem.

    request: what PLAN_OPTIONS names, as of `sdgen.plan`. Rows of two entities that are loaded by two calls must belong
    together: a seed that nobody names is 0, and "now" the beginning of today in UTC.
    """
    unknown = [name for name in request if name not in PLAN_OPTIONS]
    if unknown:
        hints = {name: did_you_mean(name, PLAN_OPTIONS, f"known: {', '.join(PLAN_OPTIONS)}") for name in unknown}
        raise ScenarioError([Problem((name,), f"unknown option {name!r}", hint) for name, hint in hints.items()])
    if isinstance(source, Plan):
        if request:
            what = f"a plan is complete, and takes no {next(iter(request))}"
            raise ScenarioError(Problem((), what, "give it to sdgen.plan, or give the scenario in place of the plan"))
        return source
    data = resolve_data(request_of(source, **request))
    scenario, chosen = data.scenario, data.plan_request
    if chosen.seed is None and scenario.seed is None:
        chosen = replace(chosen, seed=SEED)
    if chosen.as_of is None and not scenario.as_of:
        # Fixed to the day: two frames that are made minutes apart must have the same now.
        chosen = replace(chosen, as_of=datetime.combine(datetime.now(UTC), time(), UTC))
    return plan_with_existing(scenario, chosen)


def require(package: str, extra: str) -> None:
    """SdgenError, with the command that installs it, where a package is missing."""
    if find_spec(package) is None:
        raise SdgenError(Problem((), f"the package {package} is not installed", install_hint(f"sdgen[{extra}]")))


def _unknown_names(plan: Plan, entity: str, columns: Sequence[str], partition_bytes: int) -> Iterator[Problem]:
    if partition_bytes < 1:
        what = f"partition_bytes is {partition_bytes}, which is not a number above 0"
        yield Problem(("partition_bytes",), what, f"leave it out for {PARTITION_BYTES:,}")
    if entity not in plan.entities:
        hint = did_you_mean(entity, plan.entities, f"{plan.scenario} has: {', '.join(plan.entities)}")
        yield Problem(("entity",), f"{plan.scenario} has no entity {entity!r}", hint)
        return
    names = [column.name for column in plan.entities[entity].written]
    for name in columns:
        if name not in names:
            hint = did_you_mean(name, names, f"{entity} has: {', '.join(names)}")
            yield Problem(("columns", name), f"{entity} has no column {name!r}", hint)


def _narrowed(plan: Plan, entity: str, columns: Sequence[str]) -> Plan:
    """The plan with all other columns of the entity hidden: only those are computed that these depend on."""
    planned: EntityPlan = plan.entities[entity]
    kept = {
        name: column if name in columns else replace(column, hidden=True) for name, column in planned.columns.items()
    }
    return replace(plan, entities={**plan.entities, entity: replace(planned, columns=kept)})


def _substituted(type: Type, substitutes: Substitutes) -> Type:
    """The type with its substitute, at any depth."""
    return replace(
        substitutes.get(type.kind, type), items=tuple(_substituted(item, substitutes) for item in type.items)
    )


def _row_bytes(rows: EntityRows) -> float:
    """About how many bytes a row takes in Arrow arrays; 0 where there are none."""
    sample = rows.table(rows.first, min(rows.stop, rows.first + _SAMPLED_ROWS))
    return sample.nbytes / len(sample) if len(sample) else 0.0


def _span_rows(rows: int, row_bytes: float, partition_bytes: int) -> int:
    """A multiple of the batch size: of about so many bytes, but never more than MOST_PARTITIONS spans."""
    by_size = int(partition_bytes / max(row_bytes, 1.0)) // BATCH_ROWS
    # Rounded up to whole batches, so that there are never more partitions than that.
    by_count = -(-rows // (MOST_PARTITIONS * BATCH_ROWS))
    return max(by_size, by_count, 1) * BATCH_ROWS


@lru_cache(maxsize=4)
def _unpacked(packed: bytes, version: str) -> Plan:
    """The plan, unpickled once in a process, so that what it has computed (sums of counts) serves its other tasks."""
    # Looked at before the plan is unpickled, which may fail in any way between versions.
    if version != __version__:
        what = f"the plan was made by sdgen {version}, and this worker has sdgen {__version__}"
        raise SdgenError(Problem((), what, "install the same version on all machines"))
    plan: Plan = pickle.loads(packed)
    return plan
