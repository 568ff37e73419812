"""What a run has done, as lines of text."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sdgen.cli.tables import ruled
from sdgen.databases.urls import HIDDEN, without_password
from sdgen.execution.destinations import BROKER_KINDS
from sdgen.execution.digest import EntityResult, Result
from sdgen.execution.request import RunRequest, data_options, format_instant
from sdgen.execution.resolved import ResolvedRun, missing_keys, taken_values
from sdgen.execution.secrets import has_literal_password
from sdgen.execution.target_kinds import FILES, STDOUT
from sdgen.files.script import Script
from sdgen.generators.pools import mixture
from sdgen.generators.text.languages import in_english_alone, is_english
from sdgen.planning.plan import Plan
from sdgen.targets.base import Database, Mode, Table, Target
from sdgen.targets.tables import tables_of

HEAD = ("entity", "table", "rows", "seconds", "rows/s", "digest")
PASSWORD, SOURCE_PASSWORD = "SDGEN_PASSWORD", "SDGEN_SCENARIO_PASSWORD"
_STREAMS = (STDOUT, *BROKER_KINDS)  # which hold no tables
_RIGHT = (False, False, True, True, True, False)


def summary(run: ResolvedRun, plan: Plan, result: Result, target: Target) -> Iterator[str]:
    """A table of the entities, totals, warnings, and the command for the same rows. target: as the run left it."""
    yield from ruled([HEAD], [_cells(entity) for entity in result.entities], _RIGHT)
    yield f"{result.rows:,} rows in {result.seconds:.2f} s to {shown_destination(run.request)}"
    yield from (f"warning: {warning}" for warning in _warnings(run, plan))
    yield from (f"note: {note}" for note in _notes(run, plan))
    yield f"again: {same_again(run, plan, target)}"


def run_record(run: ResolvedRun, plan: Plan, result: Result, target: Target) -> dict[str, Any]:
    """The same as a record for programs."""
    return {
        "scenario": plan.scenario,
        "version": plan.version,
        "seed": plan.seed,
        "as_of": format_instant(plan.as_of),
        "destination": shown_destination(run.request),
        "kind": run.target.kind,
        "mode": run.settings.mode.value,
        "rows": result.rows,
        "seconds": round(result.seconds, 3),
        "entities": [{**asdict(entity), "seconds": round(entity.seconds, 3)} for entity in result.entities],
        "warnings": list(_warnings(run, plan)),
        "notes": list(_notes(run, plan)),
        "again": same_again(run, plan, target),
    }


def runs_document(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Records of runs as one document: a scenario's own output may ask for several."""
    total, seconds = sum(each["rows"] for each in records), sum(each["seconds"] for each in records)
    return {"rows": total, "seconds": round(seconds, 3), "runs": list(records)}


def _notes(run: ResolvedRun, plan: Plan) -> Iterator[str]:
    yield from taken_values(plan, run.settings.only)
    yield from _english_texts(run)
    for variable in _left_out(run):
        yield f"the next line has no password: put it into the variable {variable} first"


def _english_texts(run: ResolvedRun) -> Iterator[str]:
    """Columns that are written in English though the scenario's locale is none."""
    scenario = run.data.scenario if run.data else None
    if scenario is None or any(is_english(locale) for locale, _ in mixture(scenario.locale)):
        return
    columns = [
        f"{name}.{each}"
        for name, entity in scenario.entities.items()
        for each, column in entity.columns.items()
        if column.generator is not None and in_english_alone(column.generator.type)
    ]
    if columns:
        shown = ", ".join(columns[:_SHOWN]) + (f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else "")
        yield f"in English, whatever the locale: {shown}"


_SHOWN = 5


def _warnings(run: ResolvedRun, plan: Plan) -> Iterable[str]:
    """Keys that a database could not get; files have none to lose."""
    return () if run.target.kind in (FILES, *_STREAMS) else missing_keys(plan, run.settings.only)


def shown_destination(request: RunRequest) -> str:
    """The destination as it was typed, and may be shown."""
    place = _typed_destination(request)
    return "standard output" if place == "-" else without_password(place)


def _typed_destination(request: RunRequest) -> str:
    target = request.target
    return target["dsn"] if isinstance(target, Mapping) else target or request.target_path


def same_again(run: ResolvedRun, plan: Plan, target: Target) -> str:
    """The command that writes the same rows, for a shell: with the seed and the instant this run had.

    It may be typed when the rows are there: what the run made, or found empty, is replaced. A script is written anew in
    the run's own mode, as that is what it does to the database that it is loaded into.
    """
    command = ["sdgen", "generate"]
    source = _quoted_source(run.request.scenario_path)
    if isinstance(target, Script) and target.place is not None and run.settings.mode is not Mode.TRUNCATE_THEN_INSERT:
        place = ("--to", "-", "--format", f"sql:{target.dialect}")
        options = (*place, *_data(run, plan), *_mode(run.settings.mode), *_rest(run))
        return f"{shlex.join(command)} {source} {shlex.join(options)} > {shlex.quote(str(target.place))}"
    options = (*_place(run), *_data(run, plan), *_modes(run, plan, target), *_rest(run))
    return f"{shlex.join(command)} {source} {shlex.join(options)}"


def _quoted_source(path: str) -> str:
    """The scenario, whose password a shell is to put in: readers of schemas know no variables."""
    if not has_literal_password(path):
        return shlex.quote(path)
    parts = without_password(path).split(HIDDEN)
    return f'"${{{SOURCE_PASSWORD}}}"'.join(shlex.quote(part) if part else "" for part in parts)


def _destination(run: ResolvedRun) -> str:
    """The destination as it was typed; a variable stands for a password that was written out."""
    place = _typed_destination(run.request)
    return without_password(place).replace(HIDDEN, f"${{{PASSWORD}}}") if has_literal_password(place) else place


def _left_out(run: ResolvedRun) -> Iterator[str]:
    """The variables that stand for passwords."""
    if has_literal_password(run.request.scenario_path):
        yield SOURCE_PASSWORD
    if has_literal_password(_typed_destination(run.request)):
        yield PASSWORD


def _place(run: ResolvedRun) -> Iterator[str]:
    request, target = run.request, run.request.target
    if isinstance(target, Mapping) and "options" in target:  # the scenario's own output
        if tuple(run.target.formats) != tuple(run.scenario.output.names.all_formats() if run.scenario.output else ()):
            yield from ("--format", ",".join(target["options"]["formats"]))
        return
    yield from ("--to", _destination(run))
    if isinstance(target, Mapping):
        yield from ("--target-kind", target["kind"])
    if request.formats:
        yield from ("--format", ",".join(request.formats))


def _data(run: ResolvedRun, plan: Plan) -> Iterator[str]:
    request = run.request
    # The seed and instant that were settled, also where nobody had named them.
    yield from data_options(plan.seed, plan.as_of, request.rows, run.scale)
    for option in ("include", "exclude", "allow_databases"):
        if words := getattr(request, option):
            yield from (_SPELLED.get(option, f"--{option}"), ",".join(words))


def _mode(mode: Mode) -> tuple[str, ...]:
    return ("--mode", mode.value) if mode is not Mode.CREATE_IF_MISSING else ()


def _modes(run: ResolvedRun, plan: Plan, target: Target) -> Iterator[str]:
    """What makes the command run where the rows are by now, without emptying what held others before."""
    settings = run.settings
    tables = tables_of(plan, settings.only)
    created = [name for name in tables if settings.mode_of(name) is Mode.CREATE_IF_MISSING]
    own = [name for name in created if _is_own(tables[name], target)]
    if run.target.kind in _STREAMS or (not settings.table_modes and len(created) < len(tables)):
        yield from _mode(settings.mode)
    elif len(own) == len(tables):
        yield from _mode(Mode.TRUNCATE_THEN_INSERT)
    else:
        for name in own:
            yield from ("--set", f"entities.{name}.table_mode={Mode.TRUNCATE_THEN_INSERT.value}")


def _is_own(table: Table, target: Target) -> bool:
    """Whether a table holds the rows of this run alone: it was made, or had keys, so that it had to be empty."""
    keyed = bool(table.rows and (table.primary_key or table.unique))
    return not isinstance(target, Database) or keyed or not target.existed(table)


def _rest(run: ResolvedRun) -> Iterator[str]:
    request = run.request
    if request.partition_by:
        yield from ("--partition-by", ",".join(request.partition_by))
    for option in ("part_rows", "part_bytes", "commit_every", "batch_size", "engine"):
        if value := getattr(request, option):
            yield from (f"--{option.replace('_', '-')}", str(value))
    for words in request.set:
        yield from ("--set", words)
    if request.rules:
        yield from ("--rules", request.rules)
    if request.dialect:
        yield from ("--dialect", request.dialect)
    if request.strict:
        yield "--strict"
    if request.exec_models:
        yield "--exec-models"


_SPELLED = {"include": "--only", "allow_databases": "--allow-databases"}


def _cells(entity: EntityResult) -> tuple[str, ...]:
    known = entity.rows and entity.seconds >= 1e-3  # rows of a resumed run may have been there
    speed = f"{entity.rows / entity.seconds:,.0f}" if known else "-"
    figures = (f"{entity.rows:,}", f"{entity.seconds:.2f}", speed)
    return (entity.entity, entity.table, *figures, entity.digest)
