"""The dry run: what a run would write, in which order, about how many bytes and how long, and what is there already.

Bytes and seconds are extrapolated from a small sample of each entity that is made and encoded as for the target. They
are estimates: what a database adds (indexes, constraints, its own format and speed) is not in them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from sdgen.engine import batch
from sdgen.errors import SdgenError
from sdgen.execution.destinations import OWN_FORMATS, count_rows, open_target
from sdgen.execution.execute import default_workers
from sdgen.execution.sizing import encoded_size
from sdgen.execution.target_kinds import FILES, ICEBERG, OBJECT_STORE
from sdgen.planning.plan import Plan
from sdgen.scenario.model import Record
from sdgen.service.records import ProblemRecord
from sdgen.targets.base import Computing, Mode, Table, Target
from sdgen.targets.tables import left_to_database, tables_of

if TYPE_CHECKING:
    from sdgen.execution.resolved import ResolvedRun

SAMPLE_ROWS = 4096
WARM_ROWS = 64
ENOUGH_SECONDS = 2.0  # of sampling in all; entities after that are sampled with few rows


class EntityEstimate(Record):
    """One entity of a dry run. existing: rows that its table holds now; None where that isn't known."""

    entity: str
    table: str
    rows: int
    bytes: int
    seconds: float
    existing: int | None = None
    emptied: bool = False


class Estimate(Record):
    """What a run would do. problems: what would keep it from working, as far as the target tells beforehand."""

    config_hash: str
    seed: int
    as_of: str
    scenario_id: str
    scenario_name: str
    scenario_version: str
    target_id: str
    target_kind: str
    destination: str
    mode: str
    entities: tuple[EntityEstimate, ...]
    rows: int
    bytes: int
    seconds: float
    warnings: tuple[str, ...] = ()
    problems: tuple[ProblemRecord, ...] = ()


def estimate(resolved: ResolvedRun, *, ask_target: bool = True) -> Estimate:
    """The dry run of a request. Nothing is written; the target is looked at, unless that is not wanted."""
    plan, job, target = resolved.plan, resolved.job, resolved.target
    tables = tables_of(plan, job.only)
    problems = _problems(resolved, list(tables.values())) if ask_target else ()
    there = count_rows(target.kind, target.destination, list(tables.values())) if ask_target else None
    measured = _measure(plan, tables, target.kind, target.destination, target.formats)
    threads = max(1, min(job.workers or default_workers(), 8))
    entities = tuple(
        EntityEstimate(
            entity=name,
            table=table.name,
            rows=table.rows,
            bytes=round(measured[name][0] * table.rows),
            seconds=measured[name][1] * table.rows / threads,
            existing=None if there is None else there.get(table.name, 0),
            emptied=job.mode is Mode.TRUNCATE_THEN_INSERT and (there is None or bool(there.get(table.name))),
        )
        for name, table in tables.items()
    )
    return _estimate(resolved, entities, problems)


def _estimate(
    resolved: ResolvedRun, entities: tuple[EntityEstimate, ...], problems: tuple[ProblemRecord, ...]
) -> Estimate:
    plan, target = resolved.plan, resolved.target
    return Estimate(
        config_hash=resolved.config_hash,
        seed=plan.seed,
        as_of=plan.as_of.isoformat(),
        scenario_id=resolved.scenario_id,
        scenario_name=plan.scenario,
        scenario_version=plan.version,
        target_id=target.spec.id,
        target_kind=target.kind,
        destination=target.shown,
        mode=resolved.job.mode.value,
        entities=entities,
        rows=sum(each.rows for each in entities),
        bytes=sum(each.bytes for each in entities),
        seconds=sum(each.seconds for each in entities),
        warnings=(*resolved.warnings, *_emptied_warnings(entities)),
        problems=problems,
    )


def _emptied_warnings(entities: tuple[EntityEstimate, ...]) -> tuple[str, ...]:
    return tuple(
        f"{each.table} would be emptied of "
        + ("whatever it holds" if each.existing is None else f"{each.existing:,} rows")
        for each in entities
        if each.emptied
    )


def _problems(resolved: ResolvedRun, tables: list[Table]) -> tuple[ProblemRecord, ...]:
    """What the target says against the tables; it is connected to, and left as it is."""
    redactor = resolved.target.redactor
    target: Target | None = None
    try:
        target = resolved.target.open()
        if isinstance(target, Computing):
            tables = [left_to_database(table, target.computes) for table in tables]
        found = list(target.check(tables, resolved.job.mode))
    except SdgenError as error:
        found = list(error.problems)
    finally:
        if target is not None:
            target.abort()
    records = [ProblemRecord.of(problem) for problem in found]
    return tuple(each.redacted(redactor) for each in records)


def _measure(
    plan: Plan, tables: Mapping[str, Table], kind: str, destination: str, formats: tuple[str, ...]
) -> dict[str, tuple[float, float]]:
    """Bytes and seconds for a row of each entity."""
    began = perf_counter()
    found = {}
    of_files = kind in (FILES, OBJECT_STORE, ICEBERG)
    # Such targets write Parquet: a sample of that needs no catalogue and no script.
    if kind == ICEBERG or OWN_FORMATS & set(formats):
        formats = ("parquet",)
    with tempfile.TemporaryDirectory(prefix="sdgen-estimate-") as folder:
        for name, table in tables.items():
            rows = min(table.rows, SAMPLE_ROWS if perf_counter() - began < ENOUGH_SECONDS else WARM_ROWS)
            if not rows:
                found[name] = (0.0, 0.0)
                continue
            # A folder for each entity, as the sizes of all files in it are added up.
            place = f"{folder}/{len(found)}/" if of_files else destination
            found[name] = _measure_sample(
                plan, table, open_target(place, formats), rows, Path(place) if of_files else None
            )
    return found


def _measure_sample(plan: Plan, table: Table, target: Target, rows: int, folder: Path | None) -> tuple[float, float]:
    target.encode(table, batch(plan, table.entity, 0, min(rows, WARM_ROWS)))  # pools are loaded once, whatever the rows
    began = perf_counter()
    part = target.encode(table, batch(plan, table.entity, 0, rows))
    if folder is not None:  # files are compressed as they are written
        target.prepare(table, Mode.CREATE_IF_MISSING)
        target.write(table, [part])
        target.finish()
    seconds = perf_counter() - began
    size = encoded_size(part) if folder is None else sum(file.stat().st_size for file in folder.iterdir())
    return size / rows, seconds / rows
