"""Row counts for a wanted number of bytes: all counts of a scenario by one factor, found by encoding samples.

Files are measured as they are written. Of a database file a sample is loaded into an empty one. What a server makes of
the rows it is sent can't be known from here: the bytes are those that are sent.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from sdgen.engine import batch
from sdgen.errors import Problem, ScenarioError
from sdgen.execution.append import plan_into
from sdgen.execution.byte_counts import format_bytes
from sdgen.execution.destinations import is_single_file, open_target
from sdgen.execution.request import RunSettings
from sdgen.files.delta import DeltaTables
from sdgen.files.folder import Files, file_name
from sdgen.files.iceberg import IcebergTables
from sdgen.files.remote_folder import RemoteFiles
from sdgen.planning.plan import Plan
from sdgen.scenario.model import Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.targets.base import Mode, Table, Target
from sdgen.targets.columnar import rows_per_group
from sdgen.targets.tables import tables_of

NEAR = 0.01  # of the wanted size
FAR = 0.1
STEPS = 12
_SPANS = 16  # of text files, spread over all rows, as later numbers have more digits
_SPAN_ROWS = 1024
_GROUPS = 2  # of Parquet files: whole row groups, since those are compressed as one
_LOADED_ROWS = 131_072


@dataclass(frozen=True)
class SizedPlan:
    """The plan found, the factor of its counts, and about how many bytes its rows take."""

    plan: Plan
    scale: float
    bytes: float

    def __str__(self) -> str:
        return f"--scale {self.scale!r} makes about {format_bytes(self.bytes)}"


def plan_of_size(
    scenario: Scenario, request: PlanRequest, target: Target, settings: RunSettings, *, size: int, destination: str
) -> SizedPlan:
    """The plan whose rows take about `size` bytes at a place; ScenarioError where no factor of the counts does."""
    plan = plan_into(scenario, request, target, settings).plan
    # Drawn once: plans of other scales are measured with the same rows, as far as they have them.
    request = replace(request, seed=plan.seed, as_of=plan.as_of)
    measure = _Measure(target, destination, request.only)
    found = [SizedPlan(plan, request.scale, measure.bytes(plan))]
    while len(found) < STEPS and abs(found[-1].bytes / size - 1) > NEAR:
        scale = float(f"{_next(found, size):.6g}")
        # Counts are whole numbers: at some point they no longer change with the scale, and neither does the next step.
        if scale in [each.scale for each in found]:
            break
        plan = plan_into(scenario, replace(request, scale=scale), target, settings).plan
        found.append(SizedPlan(plan, scale, measure.bytes(plan)))
    best = min(found, key=lambda each: abs(each.bytes - size))
    if abs(best.bytes / size - 1) > FAR:
        nearest = f"the nearest, {best.scale:g}, makes {format_bytes(best.bytes)}"
        what = f"no scale of the row counts makes {format_bytes(size)}: {nearest}"
        raise ScenarioError(Problem(("size",), what, "rows that are fixed, or asked for with --rows, stay as they are"))
    return best


def _next(found: Sequence[SizedPlan], size: int) -> float:
    """The factor at which the line through the last two points has the size; not far from the last one."""
    last = found[-1]
    # Bytes count as proportional to the scale at first. The line through two points knows of tables of fixed size, too.
    near = last.scale * size / max(last.bytes, 1.0)
    if len(found) > 1 and last.bytes != found[-2].bytes:
        before = found[-2]
        near = last.scale + (size - last.bytes) * (last.scale - before.scale) / (last.bytes - before.bytes)
    return min(max(near, last.scale / 1e4, 1e-9), last.scale * 1e9)


@dataclass(frozen=True)
class _Measure:
    """How many bytes a plan's rows take in a target."""

    target: Target
    place: str
    only: tuple[str, ...]

    def bytes(self, plan: Plan) -> float:
        return max(1.0, sum(self._table(plan, table) for table in tables_of(plan, self.only).values() if table.rows))

    def _table(self, plan: Plan, table: Table) -> float:
        if isinstance(self.target, Files | RemoteFiles):
            return sum(self._file(plan, table, name) for name in self.target.formats_of(table))
        if isinstance(self.target, DeltaTables | IcebergTables):
            return self._file(plan, table, "parquet")
        if is_single_file(self.place):
            return self._loaded(plan, table, Path(self.place).name)
        return self._encoded(plan, table, self.target)

    def _file(self, plan: Plan, table: Table, form: str) -> float:
        alone = Files(Path(), (form,))
        head = alone.formats[form].head
        if head is not None:
            return self._encoded(plan, table, alone) + len(head(table))
        rows = min(table.rows, _GROUPS * rows_per_group(len(table.columns)))
        with tempfile.TemporaryDirectory(prefix="sdgen-size-") as folder:
            staged = Files(Path(folder) / "sample", (form,))
            _load(plan, replace(table, rows=rows), staged)
            return (staged.folder / file_name(table, form)).stat().st_size / rows * table.rows

    def _encoded(self, plan: Plan, table: Table, target: Target) -> float:
        """Bytes of spans all over the table, which stand for the rest."""
        first = plan.entities[table.entity].first
        spans = list(_spans(table.rows))
        parts = (target.encode(table, batch(plan, table.entity, first + a, first + b)) for a, b in spans)
        return sum(map(encoded_size, parts)) / sum(b - a for a, b in spans) * table.rows

    def _loaded(self, plan: Plan, table: Table, name: str) -> float:
        """Bytes that a database file, or script, grows by."""
        rows = min(table.rows, _LOADED_ROWS)
        # The sample is loaded by itself, without the parents' tables and without the schema that it is to lie in.
        alone = replace(table, rows=rows, references=(), name=table.name.rpartition(".")[2])
        with tempfile.TemporaryDirectory(prefix="sdgen-size-") as folder:
            sizes = []
            # An empty database file has a size as well, which does not grow with the rows.
            for count in (0, rows):
                place = Path(folder) / str(count) / name
                place.parent.mkdir(exist_ok=True)
                _load(plan, replace(alone, rows=count), open_target(str(place)))
                sizes.append(place.stat().st_size)
            return (sizes[1] - sizes[0]) / rows * table.rows


def _spans(rows: int) -> Iterator[tuple[int, int]]:
    if rows <= _SPANS * _SPAN_ROWS:
        yield 0, rows
        return
    for number in range(_SPANS):
        start = (rows - _SPAN_ROWS) * number // (_SPANS - 1)
        yield start, start + _SPAN_ROWS


def _load(plan: Plan, table: Table, target: Target) -> None:
    first = plan.entities[table.entity].first
    starts = range(first, first + table.rows, _SPAN_ROWS * 64)
    stop = first + table.rows
    batches = (batch(plan, table.entity, start, min(start + _SPAN_ROWS * 64, stop)) for start in starts)
    try:
        target.check([table], Mode.CREATE_IF_MISSING)
        target.prepare(table, Mode.CREATE_IF_MISSING)
        target.write(table, (target.encode(table, each) for each in batches))
        target.finish()
    finally:
        target.abort()


def encoded_size(part: Any) -> int:
    """The bytes of an encoded batch, whatever the target made of it."""
    if isinstance(part, pa.Buffer):
        return int(part.size)
    if hasattr(part, "nbytes"):
        return int(part.nbytes)
    if isinstance(part, list | tuple):
        return sum(encoded_size(each) for each in part)
    return len(part) if hasattr(part, "__len__") else 0
