"""What `import sdgen` offers: the command line's verbs as functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import pyarrow as pa

from sdgen.engine import BATCH_ROWS, batch, probe
from sdgen.engine import batches as encoded_batches
from sdgen.errors import Cancelled, Problem, SdgenError
from sdgen.execution.access import SHELL
from sdgen.execution.digest import Result
from sdgen.execution.events import Listener, ignore
from sdgen.execution.execute import default_workers, execute_run
from sdgen.execution.request import RunRequest, read_request
from sdgen.execution.resolve import resolve, resolve_data
from sdgen.planning.compile import check_scenario, compile_plan
from sdgen.planning.plan import Plan
from sdgen.readers.base import ReadOptions
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import changed, read_mapping, read_source
from sdgen.scenario.model import Scenario
from sdgen.service.naming import scenario_fields, target_fields
from sdgen.service.records import Run, Status
from sdgen.service.service import Service, open_service
from sdgen.targets import columnar
from sdgen.targets.base import Mode
from sdgen.targets.tables import tables_of
from sdgen.verification.findings import Report
from sdgen.verification.verify import verify as verify_target

Settings = Mapping[str, Any]  # values of a scenario by their paths
Source = Scenario | str | Path | Mapping[str, Any]


def read(source: Source, *, rules: str | Path = "", set: Settings | None = None) -> Scenario:
    """A scenario from a file, a folder, a shipped example's name, or plain data.

    rules: a file of rules that go before the scenario's own. set: values by path, `{"entities.users.rows": 500}`.
    SourceError where it can't be read, ScenarioError with every problem where it is wrong.
    """
    options = _read_options(rules, set)
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
    data = resolve_data(request_of(source, seed=seed, as_of=as_of, rows=rows, scale=scale, rules=rules, set=set))
    return compile_plan(data.scenario, data.plan_request)


def batches(
    source: Source | Plan, entity: str, *, batch_rows: int = BATCH_ROWS, workers: int = 1, **request: Any
) -> Iterator[pa.RecordBatch]:
    """An entity's rows as Arrow batches, in order, in constant memory. `request` is as for `plan`.

    Uuids and JSON have Arrow's extension types; texts of few values are dictionary-encoded.
    """
    planned = plan(source, **request)
    table = tables_of(planned, [entity])[entity]
    return encoded_batches(
        planned, entity, batch_rows=batch_rows, workers=workers, encode=lambda batch, _: columnar.encode(table, batch)
    )


def generate(source: Source | Plan, *, workers: int = 0, **request: Any) -> dict[str, pa.Table]:
    """Every entity as an Arrow table, by name. `request` is as for `plan`."""
    planned = plan(source, **request)
    tables = {}
    for name, table in tables_of(planned).items():
        # A table without rows has no batch to take the types from.
        schema = columnar.encode(table, batch(planned, name, 0, 0)).schema
        tables[name] = pa.Table.from_batches(
            batches(planned, name, workers=workers or default_workers()), schema=schema
        )
    return tables


def write(
    source: Source | Plan,
    to: str | Path | Mapping[str, Any],
    *,
    mode: Mode | str | None = None,
    formats: str | Sequence[str] = (),
    only: str | Sequence[str] = (),
    exclude: str | Sequence[str] = (),
    workers: int = 0,
    batch_size: int = 0,
    partition_by: str | Sequence[str] = (),
    part_rows: int = 0,
    part_bytes: int | str = 0,
    size: int | str = 0,
    resume: bool = False,
    commit_every: int = 0,
    engine: str = "",
    allow_databases: str | Sequence[str] = (),
    **data: Any,
) -> Result:
    """Write a scenario to a target: a folder, a database file, a database's URL, or a target as data.

    mode: what to do with tables that are there; the target's, SDGEN_DEFAULT_MODE or create_if_missing where None.
    resume: continue a stopped run of the same request into the same target, keep what is done if this one stops.
    commit_every: after about how many rows a database commits, which then stay: a run that is stopped can be resumed
    from there. 0: all rows or none. batch_size: the most rows that the target is given at once.
    engine: the URL of a cluster that makes the rows, such as dask://host:8786; left out: threads of this process.
    partition_by, part_rows, part_bytes: how files are parted: by columns, or `placed_at:month`; by rows; by bytes.
    size: about how many bytes to write, a number or words such as 5GB; row counts are then scaled as that needs.
    allow_databases: patterns such as *_demo; a database of another name is refused.
    `data` is as for `plan`: seed, as_of, rows, scale, rules, set.

    ScenarioError or TargetError with every problem where it can't be done; the target is then as it was.
    """
    request = request_of(
        None if isinstance(source, Plan) else source,
        target=to if isinstance(to, Mapping) else str(to),
        mode=mode,
        formats=_several(formats),
        include=_several(only),
        exclude=_several(exclude),
        workers=workers,
        batch_size=batch_size,
        partition_by=_several(partition_by),
        part_rows=part_rows,
        part_bytes=part_bytes,
        size=size,
        resume=resume,
        commit_every=commit_every,
        engine=engine,
        allow_databases=_several(allow_databases),
        **data,
    )
    resolved = resolve(request, access=SHELL, plan=source if isinstance(source, Plan) else None)
    return execute_run(resolved)[1]


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    """Names as a request has them; a text alone is one or several with commas, as on the command line."""
    return tuple(part.strip() for part in names.split(",")) if isinstance(names, str) else tuple(names)


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
    have: seed, as_of, rows, scale, include, exclude, mode, formats, workers, commit_every, resume, engine; `rules` and
    `set` are as for `read`, whose source is then no id. SdgenError where it fails, which is remembered too.
    """
    service = open_service(runs_db, scenarios_dir, targets_dir)
    try:
        named = read(source, rules=rules, set=set) if rules or set else source
        fields = {**_stored_scenario(service, named), **_stored_target(service, to), **request}
        return _successful(service.perform(request_of(None, **fields), listen=listen, cancel=cancel))
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
    only: str | Sequence[str] = (),
    rules: str | Path = "",
    set: Settings | None = None,
) -> Report:
    """Check what a target holds against a scenario: constraints on all rows, distributions on samples.

    Give all that it was written with: seed, `as_of`, counts, rules. `report.broken` tells whether a constraint is
    violated.
    """
    data = resolve_data(
        request_of(source, seed=seed, as_of=as_of, rows=rows, scale=scale, include=_several(only), rules=rules, set=set)
    )
    return verify_target(data.scenario, str(place), data.plan_request)


def request_of(source: Source | None, **fields: Any) -> RunRequest:
    """The run request of Python's arguments; ScenarioError with every problem of its form. None: left out."""
    fields = {name: value for name, value in fields.items() if value is not None}
    if isinstance(rows := fields.get("rows"), int):
        fields["rows"] = {"*": rows}
    if isinstance(rules := fields.get("rules"), Path):
        fields["rules"] = str(rules)
    if isinstance(source, str | Path):
        fields["scenario_path"] = str(source)
    elif source is not None:
        fields["scenario"] = source
    return read_request(fields)


def _read_options(rules: str | Path, set: Settings | None) -> ReadOptions:
    return request_of(None, rules=rules, set=set).read_options


def _stored_scenario(service: Service, source: Source) -> dict[str, Any]:
    if isinstance(source, Scenario):
        return {"scenario": scenario_text(source)}
    if isinstance(source, Mapping):
        return {"scenario": source}
    return {"scenario_path": str(source)} if isinstance(source, Path) else scenario_fields(source, service.catalog)


def _stored_target(service: Service, to: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(to, Mapping):
        return {"target": to}
    return {"target": str(to)} if isinstance(to, Path) else target_fields(to, service.catalog)


def _successful(run: Run) -> Run:
    """The run; SdgenError where it failed, Cancelled where it was cancelled."""
    if run.status is Status.CANCELLED:
        raise Cancelled(f"the run {run.id} was cancelled")
    if run.status is not Status.SUCCESS:
        problems = [each.as_problem() for each in run.problems]
        raise SdgenError(problems or f"the run {run.id} failed: {run.error}")
    return run
