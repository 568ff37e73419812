"""What `import sdgen` offers: the command line's verbs as functions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from os import cpu_count
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import pyarrow as pa

from sdgen.errors import Problem
from sdgen.generate import BATCH_ROWS, batch, probe
from sdgen.generate import batches as encoded_batches
from sdgen.plan.compile import check_scenario, compile_plan
from sdgen.plan.model import Plan
from sdgen.plan.request import PlanRequest
from sdgen.read.base import ReadOptions
from sdgen.read.sources import changed, read_counted, read_mapping, read_source
from sdgen.runs.append import plan_for
from sdgen.runs.byte_counts import byte_count
from sdgen.runs.events import Listener, ignore
from sdgen.runs.execute import Result, execute
from sdgen.runs.records import Run
from sdgen.runs.resume import going_on
from sdgen.runs.sizing import sized
from sdgen.scenario.model import Scenario
from sdgen.verify.findings import Report
from sdgen.verify.verify import verify as verified
from sdgen.write import columnar
from sdgen.write.base import Mode, Target
from sdgen.write.registry import open_target
from sdgen.write.tables import tables_of

Settings = Mapping[str, Any]  # values of a scenario by their paths
Source = Scenario | str | Path | Mapping[str, Any]


def read(source: Source, *, rules: str | Path = "", set: Settings | None = None) -> Scenario:
    """A scenario from a file, a folder, a shipped example's name, or plain data.

    rules: a file of rules that go before the scenario's own. set: values by path, `{"entities.users.rows": 500}`.
    SourceError where it can't be read, ScenarioError with every problem where it is wrong.
    """
    options = _options(rules, set)
    if isinstance(source, Scenario):
        return changed(source, options)
    return changed(read_mapping(dict(source)), options) if isinstance(source, Mapping) else read_source(source, options)


def check(source: Source, *, rules: str | Path = "", set: Settings | None = None) -> list[Problem]:
    """Every problem that keeps a scenario from being generated; empty where it can be. The rest is as for `read`."""
    scenario = read(source, rules=rules, set=set)
    problems = check_scenario(scenario)
    return problems or probe(compile_plan(scenario), scenario.origin)


def plan(
    source: Source | Plan,
    *,
    seed: int | None = None,
    as_of: datetime | None = None,
    rows: int | Mapping[str, int] | None = None,
    scale: float = 1.0,
    rules: str | Path = "",
    set: Settings | None = None,
) -> Plan:
    """A scenario with all decided: `rows` is a count for every entity, or counts by entity; the rest as for `read`."""
    if isinstance(source, Plan):
        return source
    scenario, counts = _read_counted(source, rows, _options(rules, set))
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
    size: int | str = 0,
    resume: bool = False,
    commit_every: int = 0,
    **request: Any,
) -> Result:
    """Write a scenario to a place: a folder, a database file, a database's URL. `request` is as for `plan`.

    resume: go on where a run of the same into the same place was stopped, and keep what is done if this one is.
    commit_every: after about how many rows a database commits, which then stay: a run that is stopped can be resumed
    from there. 0: all rows or none.
    size: about how many bytes are wanted, a number or words such as 5GB; row counts are then scaled as that needs.
    """
    target = open_target(str(to), formats=tuple(formats))
    wanted = _Wanted(
        str(to), target, Mode(mode), tuple(only), byte_count(size) if isinstance(size, str) else size, resume
    )
    settled = source if isinstance(source, Plan) else _plan_into(wanted, source, **request)
    return execute(
        settled,
        target,
        mode=Mode(mode),
        only=only,
        workers=workers or _cores(),
        resume=resume,
        commit_every=commit_every,
    )


class _Wanted(NamedTuple):
    """Where rows are to go, and how many bytes of them where that is wanted."""

    place: str
    target: Target
    mode: Mode
    only: tuple[str, ...]
    size: int
    resume: bool


def _plan_into(
    wanted: _Wanted,
    source: Source,
    *,
    seed: int | None = None,
    as_of: datetime | None = None,
    rows: int | Mapping[str, int] | None = None,
    scale: float = 1.0,
    rules: str | Path = "",
    set: Settings | None = None,
) -> Plan:
    scenario, counts = _read_counted(source, rows, _options(rules, set))
    request = PlanRequest(seed, as_of, counts, scale, wanted.only)
    if wanted.resume:
        request = going_on(request, scenario, wanted.target)
    if not wanted.size:
        return plan_for(scenario, request, wanted.target, wanted.mode)
    size, place = wanted.size, wanted.place
    return sized(scenario, request, wanted.target, wanted.mode, size=size, place=place).plan


def run(
    source: Source,
    to: str | Path | Mapping[str, Any],
    *,
    listen: Listener = ignore,
    cancel: Event | None = None,
    runs_db: str | Path = "",
    scenarios_dir: str | Path = "",
    targets_dir: str | Path = "",
    rules: str | Path = "",
    set: Settings | None = None,
    **request: Any,
) -> Run:
    """Write a scenario to a target as `write` does, and remember the run; the record of a run that succeeded.

    `source` may be a scenario's id, and `to` a target's id or a target as data. `request` holds what a RunRequest may
    have: seed, as_of, rows, scale, include, exclude, mode, formats, workers, commit_every, resume; `rules` and `set`
    are as for `read`, whose source is then no id. SdgenError where it fails, which is remembered too.
    """
    from sdgen.runs.asked import run_asked
    from sdgen.runs.opening import open_service

    service = open_service(runs_db, scenarios_dir, targets_dir)
    try:
        changes = bool(rules or set)
        return run_asked(
            service, read(source, rules=rules, set=set) if changes else source, to, request, listen, cancel
        )
    finally:
        service.close()


def verify(
    source: Source,
    place: str | Path,
    *,
    seed: int | None = None,
    as_of: datetime | None = None,
    rows: int | Mapping[str, int] | None = None,
    scale: float = 1.0,
    only: Sequence[str] = (),
    rules: str | Path = "",
    set: Settings | None = None,
) -> Report:
    """Check what a place holds against a scenario: constraints on all rows, distributions on samples.

    Give all that it was written with: seed, `as_of`, counts, rules. `report.broken` tells whether a constraint is
    violated.
    """
    scenario, counts = _read_counted(source, rows, _options(rules, set))
    return verified(scenario, str(place), PlanRequest(seed, as_of, counts, scale, tuple(only)))


def _options(rules: str | Path, set: Settings | None) -> ReadOptions:
    sets = (f"{path}={json.dumps(value, default=str)}" for path, value in (set or {}).items())
    return ReadOptions(rules=str(rules), sets=tuple(sets))


def _read_counted(
    source: Source, rows: int | Mapping[str, int] | None, options: ReadOptions
) -> tuple[Scenario, Mapping[str, int]]:
    """A scenario, and the counts still to be asked of it: a schema's reader takes those of every table itself."""
    counts = _counts(rows)
    if isinstance(source, str | Path):
        return read_counted(source, counts, options)
    return changed(read(source), options), counts


def _counts(rows: int | Mapping[str, int] | None) -> dict[str, int]:
    return {"*": rows} if isinstance(rows, int) else dict(rows or {})


def _cores() -> int:
    return min(cpu_count() or 1, 8)
