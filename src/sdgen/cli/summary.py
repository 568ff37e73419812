"""What a run has done, as lines of text."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sdgen.cli.options import shown_instant
from sdgen.cli.tables import ruled
from sdgen.dialects.urls import without_password
from sdgen.execution.execute import EntityResult, Result
from sdgen.execution.kinds import FILES, STDOUT
from sdgen.execution.request import RunRequest
from sdgen.execution.resolve import ResolvedRun
from sdgen.execution.warnings import missing_keys, taken_values
from sdgen.plan.model import Plan
from sdgen.write.base import Mode

HEAD = ("entity", "table", "rows", "seconds", "rows/s", "digest")
_RIGHT = (False, False, True, True, True, False)


def summary(run: ResolvedRun, plan: Plan, result: Result) -> Iterator[str]:
    """A table of the entities, totals, warnings, and the command for the same rows."""
    yield from ruled([HEAD], [_cells(entity) for entity in result.entities], _RIGHT)
    yield f"{result.rows:,} rows in {result.seconds:.2f} s to {shown_place(run.request)}"
    yield from (f"warning: {warning}" for warning in _warnings(run, plan))
    yield from (f"note: {note}" for note in taken_values(plan, run.settings.only))
    yield f"again: {same_again(run, plan)}"


def recorded(run: ResolvedRun, plan: Plan, result: Result) -> dict[str, Any]:
    """The same as a record for programs."""
    return {
        "scenario": plan.scenario,
        "version": plan.version,
        "seed": plan.seed,
        "as_of": shown_instant(plan.as_of),
        "destination": shown_place(run.request),
        "kind": run.target.kind,
        "mode": run.settings.mode.value,
        "rows": result.rows,
        "seconds": round(result.seconds, 3),
        "entities": [{**asdict(entity), "seconds": round(entity.seconds, 3)} for entity in result.entities],
        "warnings": list(_warnings(run, plan)),
        "notes": list(taken_values(plan, run.settings.only)),
        "again": same_again(run, plan),
    }


def documented(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Records of runs as one document: a scenario's own output may ask for several."""
    total, seconds = sum(each["rows"] for each in records), sum(each["seconds"] for each in records)
    return {"rows": total, "seconds": round(seconds, 3), "runs": list(records)}


def _warnings(run: ResolvedRun, plan: Plan) -> Iterable[str]:
    """Keys that a database could not get; files have none to lose."""
    return () if run.target.kind in (FILES, STDOUT) else missing_keys(plan, run.settings.only)


def shown_place(request: RunRequest) -> str:
    """The destination as it was typed, and may be shown."""
    place = _typed(request)
    return "standard output" if place == "-" else without_password(place)


def _typed(request: RunRequest) -> str:
    target = request.target
    return target["dsn"] if isinstance(target, Mapping) else target or request.target_path


def same_again(run: ResolvedRun, plan: Plan) -> str:
    """The command that writes the same rows: with the seed and the instant this run had."""
    request = run.request
    return shlex.join(["sdgen", "generate", without_password(request.scenario_path), *_options(run, plan)])


def _options(run: ResolvedRun, plan: Plan) -> Iterator[str]:
    request = run.request
    if not (isinstance(request.target, Mapping) and "options" in request.target):  # else the scenario's own output
        yield from ("--to", without_password(_typed(request)))
        if isinstance(request.target, Mapping):
            yield from ("--target-kind", request.target["kind"])
    if request.formats:
        yield from ("--format", ",".join(request.formats))
    yield from ("--seed", str(plan.seed), "--as-of", shown_instant(plan.as_of))
    for entity, count in request.rows.items():
        yield from ("--rows", str(count) if entity == "*" else f"{entity}={count}")
    if run.scale != 1:
        yield from ("--scale", repr(run.scale))
    for option in ("include", "exclude", "allow_databases"):
        if words := getattr(request, option):
            yield from (_SPELLED.get(option, f"--{option}"), ",".join(words))
    if run.settings.mode is not Mode.CREATE_IF_MISSING:
        yield from ("--mode", run.settings.mode.value)
    for option in ("commit_every", "batch_size"):
        if number := getattr(request, option):
            yield from (f"--{option.replace('_', '-')}", str(number))
    for words in request.set:
        yield from ("--set", words)
    if request.rules:
        yield from ("--rules", request.rules)
    if request.exec_models:
        yield "--exec-models"


_SPELLED = {"include": "--only", "allow_databases": "--allow-databases"}


def _cells(entity: EntityResult) -> tuple[str, ...]:
    known = entity.rows and entity.seconds >= 1e-3  # rows of a resumed run may have been there
    speed = f"{entity.rows / entity.seconds:,.0f}" if known else "-"
    figures = (f"{entity.rows:,}", f"{entity.seconds:.2f}", speed)
    return (entity.entity, entity.table, *figures, entity.digest)
