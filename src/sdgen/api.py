"""What `import sdgen` offers: the command line's verbs as functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from os import cpu_count
from pathlib import Path
from typing import Any

import pyarrow as pa

from sdgen.errors import Problem
from sdgen.generate import BATCH_ROWS, batch, probe
from sdgen.generate import batches as encoded_batches
from sdgen.plan.compile import check_scenario, compile_plan
from sdgen.plan.model import Plan
from sdgen.plan.request import PlanRequest
from sdgen.read.sources import read_counted, read_mapping, read_source
from sdgen.runs.execute import Result, execute
from sdgen.scenario.model import Scenario
from sdgen.verify.findings import Report
from sdgen.verify.verify import verify as verified
from sdgen.write import columnar
from sdgen.write.base import Mode
from sdgen.write.registry import open_target
from sdgen.write.tables import tables_of

Source = Scenario | str | Path | Mapping[str, Any]


def read(source: Source) -> Scenario:
    """A scenario from a file, a folder, a shipped example's name, or plain data.

    SourceError where it can't be read, ScenarioError with every problem where it is wrong.
    """
    if isinstance(source, Scenario):
        return source
    return read_mapping(dict(source)) if isinstance(source, Mapping) else read_source(source)


def check(source: Source) -> list[Problem]:
    """Every problem that keeps a scenario from being generated; empty where it can be."""
    scenario = read(source)
    problems = check_scenario(scenario)
    return problems or probe(compile_plan(scenario), scenario.origin)


def plan(
    source: Source | Plan,
    *,
    seed: int | None = None,
    as_of: datetime | None = None,
    rows: int | Mapping[str, int] | None = None,
    scale: float = 1.0,
) -> Plan:
    """A scenario with all decided: `rows` is a count for every entity, or counts by entity."""
    if isinstance(source, Plan):
        return source
    scenario, counts = _read_counted(source, rows)
    return compile_plan(scenario, PlanRequest(seed, as_of, counts, scale))


def batches(
    source: Source | Plan, entity: str, *, batch_rows: int = BATCH_ROWS, workers: int = 1, **request: Any
) -> Iterator[pa.RecordBatch]:
    """An entity's rows as Arrow batches, in order, in constant memory. `request` is as for `plan`.

    Uuids and JSON have Arrow's extension types; texts of few values are dictionary-encoded.
    """
    settled = plan(source, **request)
    table = tables_of(settled, [entity])[entity]
    return encoded_batches(
        settled, entity, batch_rows=batch_rows, workers=workers, encode=lambda batch, _: columnar.encode(table, batch)
    )


def generate(source: Source | Plan, *, workers: int = 0, **request: Any) -> dict[str, pa.Table]:
    """Every entity as an Arrow table, by name. `request` is as for `plan`."""
    settled = plan(source, **request)
    tables = {}
    for name, table in tables_of(settled).items():
        schema = columnar.encode(table, batch(settled, name, 0, 0)).schema
        tables[name] = pa.Table.from_batches(batches(settled, name, workers=workers or _cores()), schema=schema)
    return tables


def write(
    source: Source | Plan,
    to: str | Path,
    *,
    mode: Mode | str = Mode.CREATE_IF_MISSING,
    formats: Sequence[str] = (),
    only: Sequence[str] = (),
    workers: int = 0,
    **request: Any,
) -> Result:
    """Write a scenario to a place: a folder, a database file, a database's URL. `request` is as for `plan`."""
    settled = plan(source, **request)
    target = open_target(str(to), formats=tuple(formats))
    return execute(settled, target, mode=Mode(mode), only=only, workers=workers or _cores())


def verify(
    source: Source,
    place: str | Path,
    *,
    seed: int | None = None,
    as_of: datetime | None = None,
    rows: int | Mapping[str, int] | None = None,
    scale: float = 1.0,
    only: Sequence[str] = (),
) -> Report:
    """Check what a place holds against a scenario: constraints on all rows, distributions on samples.

    Give the seed, `as_of` and counts that it was written with. `report.broken` tells whether a constraint is violated.
    """
    scenario, counts = _read_counted(source, rows)
    return verified(scenario, str(place), PlanRequest(seed, as_of, counts, scale, tuple(only)))


def _read_counted(source: Source, rows: int | Mapping[str, int] | None) -> tuple[Scenario, Mapping[str, int]]:
    """A scenario, and the counts still to be asked of it: a schema's reader takes those of every table itself."""
    counts = _counts(rows)
    return read_counted(source, counts) if isinstance(source, str | Path) else (read(source), counts)


def _counts(rows: int | Mapping[str, int] | None) -> dict[str, int]:
    return {"*": rows} if isinstance(rows, int) else dict(rows or {})


def _cores() -> int:
    return min(cpu_count() or 1, 8)
