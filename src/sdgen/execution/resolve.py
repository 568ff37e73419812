"""The one door: a run request → a run whose plan and target are checked, or every problem at once.

The command line, `import sdgen`, pytest and the HTTP API all make a RunRequest and resolve it here. Nothing is written;
a target is connected to only where the run depends on what it holds (resume, and sizes of runs that append).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from sdgen.engine import BATCH_ROWS
from sdgen.errors import Problem, ScenarioError, SdgenError, TargetError, did_you_mean
from sdgen.execution.access import ANYTHING, Access
from sdgen.execution.append import plan_with_existing
from sdgen.execution.catalog import INLINE, PATH, Catalog, CatalogEntry, ShippedCatalog
from sdgen.execution.request import RunRequest, RunSettings
from sdgen.execution.request_problems import entities_to_write, form_problems, name_problems
from sdgen.execution.resolved import ResolvedData, ResolvedRun, missing_keys
from sdgen.execution.resume import resume_problems, stopped_run_in
from sdgen.execution.sizing import SizedPlan, plan_of_size
from sdgen.execution.target_problems import database_problems, dirt_problems
from sdgen.execution.target_spec import ResolvedTarget
from sdgen.execution.targets import inline_target, resolve_target, target_of_file, with_options
from sdgen.planning.plan import Plan
from sdgen.readers.sources import changed, read_counted, read_mapping, read_text_counted
from sdgen.scenario.model import SHORT_MODES, Mode, Scenario
from sdgen.scenario.request import PlanRequest

MODE_VARIABLE, BATCH_VARIABLE = "SDGEN_DEFAULT_MODE", "SDGEN_BATCH_SIZE"
_logger = logging.getLogger("sdgen.execution")
T = TypeVar("T")
StoppedRun = tuple[int, datetime]  # the seed and the instant of a run that was stopped
FindStoppedRun = Callable[[ResolvedTarget, Scenario], StoppedRun | None]


def resolve(
    request: RunRequest,
    catalog: Catalog | None = None,
    access: Access = ANYTHING,
    *,
    plan: Plan | None = None,
    stopped: FindStoppedRun = stopped_run_in,
) -> ResolvedRun:
    """The request resolved and checked.

    plan: one that was made already, in place of a scenario. stopped: finds the run that a resumed one goes on with.
    NotFound, or ScenarioError (TargetError where it alone is wrong) with every problem there is.
    """
    # Each step runs though others failed, so that one answer tells all that is wrong with a request: whoever corrects a
    # scenario does not learn of the wrong target one try later. What needs a failed step's result is left out.
    catalog, problems = catalog or ShippedCatalog(), _ProblemCollector()
    problems.add(ScenarioError(list(form_problems(request, access, plan))))
    source = None if plan is not None else problems.attempt(lambda: _read_bounded(request, catalog, access))
    target = problems.attempt(lambda: _resolve_target_of(request, catalog, access))
    request = _with_entity_names(request, source.entry.value) if source is not None else request
    data = _data_of(request, source) if source is not None else None
    settings = problems.attempt(lambda: _settings_of(request, target, data, plan)) or RunSettings()
    if target is not None:
        scenario = data.scenario if data else None
        problems.add(TargetError(list(_target_problems(request, target, scenario, settings))))
    sizing = None
    if data is not None:
        problems.add(ScenarioError(list(name_problems(request, data.scenario))))
        problems.add(ScenarioError(list(data.scenario.notes) if request.strict else []))
        # Before planning: the seed and the instant of the stopped run decide what the plan is.
        if request.resume and target is not None:
            data = problems.attempt(partial(_with_stopped_run, data, target, stopped)) or data
        sizing = problems.attempt(partial(_plan_at_size, request, data, target, settings))
        plan = sizing.plan if sizing else None
    if plan is not None and target is not None:
        origin = data.scenario.origin if data is not None else None
        problems.add(ScenarioError(list(dirt_problems(plan, target, settings.only, origin))))
    problems.raise_all()
    for name, each in cast(Plan, plan).entities.items():
        columns = {column.name: column.generator.called for column in each.columns.values()}
        _logger.debug("%s: %s rows; generators: %s", name, f"{each.rows:,}", columns)
    return _build_run(request, data, cast(ResolvedTarget, target), cast(Plan, plan), settings, sizing)


class _ProblemCollector:
    """The errors of independent steps, raised as one."""

    def __init__(self) -> None:
        self._errors: list[SdgenError] = []

    def add(self, error: SdgenError) -> None:
        if error.problems:
            self._errors.append(error)

    def attempt(self, step: Callable[[], T]) -> T | None:
        """The step's result; None where it fails, whose problems are kept."""
        try:
            return step()
        except SdgenError as error:
            self._errors.append(error)
            return None

    def raise_all(self) -> None:
        """One error of all problems, of the kind that fits them all."""
        if self._errors:
            # Errors without problems say only that a step could not be done, for a reason that is told elsewhere.
            kinds = {type(error) for error in self._errors if error.problems} or {ScenarioError}
            one = kinds.pop() if len(kinds) == 1 else ScenarioError
            # One mistake may be met by several steps, and is told once.
            raise one(list(dict.fromkeys(problem for error in self._errors for problem in error.problems)))


def resolve_data(request: RunRequest, catalog: Catalog | None = None, access: Access = ANYTHING) -> ResolvedData:
    """The scenario of a request, with what it asks of the data; ScenarioError or SourceError with every problem."""
    source = _read_scenario(request, catalog or ShippedCatalog(), access)
    request = _with_entity_names(request, source.entry.value)
    problems = list(name_problems(request, source.entry.value))
    if problems:
        raise ScenarioError(problems)
    return _data_of(request, source)


class _ScenarioSource(NamedTuple):
    """A scenario, and the row counts still to be asked of it: a reader may have taken some of them itself."""

    entry: CatalogEntry[Scenario]
    rows: Mapping[str, int]


def _read_bounded(request: RunRequest, catalog: Catalog, access: Access) -> _ScenarioSource:
    """The scenario of a request; ScenarioError where it is larger than the caller's may be."""
    source = _read_scenario(request, catalog, access)
    access.bounded(source.entry.value)
    return source


def _read_scenario(request: RunRequest, catalog: Catalog, access: Access) -> _ScenarioSource:
    rows: Mapping[str, int] = dict(request.rows)
    reading = request.read_options
    # Told as a problem already. Reading goes on to find further ones, and opens no file and runs no code for that.
    if not access.paths:
        reading = replace(reading, rules="", run_code=False)
    if request.scenario_path and access.paths:
        scenario, rows = read_counted(request.scenario_path, rows, reading)
        name = scenario.id or Path(request.scenario_path).stem
        return _ScenarioSource(CatalogEntry(name, scenario, PATH, request.scenario_path), rows)
    if request.scenario_id:
        found = catalog.scenario(request.scenario_id, request.scenario_version)
        return _ScenarioSource(replace(found, value=changed(found.value, reading)), rows)
    if request.scenario is None:
        # `form_problems` has told that it is missing.
        raise ScenarioError([])
    scenario, rows = _inline(request.scenario, rows)
    scenario = changed(scenario, reading)
    return _ScenarioSource(CatalogEntry(scenario.id, scenario, INLINE, "scenario"), rows)


def _inline(
    scenario: Scenario | str | Mapping[str, object], rows: Mapping[str, int]
) -> tuple[Scenario, Mapping[str, int]]:
    if isinstance(scenario, Scenario):
        return scenario, rows
    if isinstance(scenario, str):
        return read_text_counted(scenario, "scenario", rows)
    return read_mapping(dict(scenario)), rows


def _resolve_target_of(request: RunRequest, catalog: Catalog, access: Access) -> ResolvedTarget:
    if request.target_id:
        found = catalog.target(request.target_id)
        # Destination and secrets of a stored target were allowed when it was added, by whoever may add targets.
        trusted = Access(databases=access.databases)
        return resolve_target(with_options(found.value, request.layout_options), trusted, request.formats)
    if request.target_path and access.paths:
        of_file = target_of_file(Path(request.target_path))
        return resolve_target(with_options(of_file, request.layout_options), access, request.formats)
    if request.target is None:
        # `form_problems` has told that it is missing.
        raise TargetError([])
    return inline_target(request.target, access, request.formats, request.layout_options)


def _settings_of(
    request: RunRequest, target: ResolvedTarget | None, data: ResolvedData | None, plan: Plan | None
) -> RunSettings:
    """How the run writes. A mode that is asked for is every table's; else tables may have modes of their own."""
    own = {name: each.table_mode for name, each in data.scenario.entities.items()} if data else {}
    if plan is not None:
        own = {name: each.mode for name, each in plan.entities.items()}
    modes = {} if request.mode else {name: mode for name, mode in own.items() if mode}
    return RunSettings(
        mode=_mode(request, target),
        table_modes=modes,
        only=data.plan_request.only if data else tuple(name for name in request.include if name in own),
        workers=request.workers or int(target.spec.options.get("workers", 0) if target else 0),
        batch_size=_batch_size(request, target),
        commit_every=request.commit_every,
        resume=request.resume,
        engine="" if request.engine == "local" else request.engine,
    )


def _mode(request: RunRequest, target: ResolvedTarget | None) -> Mode:
    """The request's, the target's, or that of the environment."""
    word = os.environ.get(MODE_VARIABLE, "")
    chosen = request.mode or (target.spec.mode if target else None)
    if chosen is None and word and word not in {*SHORT_MODES, *Mode}:
        hint = did_you_mean(word, [*Mode, *SHORT_MODES], "known: " + ", ".join([*Mode, *SHORT_MODES]))
        raise TargetError(Problem(("request", "mode"), f"{MODE_VARIABLE} is {word!r}, which is not a mode", hint))
    return chosen or Mode(SHORT_MODES.get(word, word) or Mode.CREATE_IF_MISSING)


def _batch_size(request: RunRequest, target: ResolvedTarget | None) -> int:
    """The request's, the target's, or that of the environment; 0 where none of them says."""
    word = os.environ.get(BATCH_VARIABLE, "")
    chosen = request.batch_size or (int(target.spec.options.get("batch_size", 0)) if target else 0)
    if not chosen and word and not (word.isdecimal() and 0 < int(word) <= BATCH_ROWS):
        what = f"{BATCH_VARIABLE} is {word!r}, which is not a number from 1 to {BATCH_ROWS:,}"
        raise TargetError(Problem(("request", "batch_size"), what, "unset it, or give such a number"))
    return chosen or int(word or 0)


def _target_problems(
    request: RunRequest, target: ResolvedTarget, scenario: Scenario | None, settings: RunSettings
) -> Iterator[Problem]:
    """Why a run may not write to its target, or not with these settings."""
    # Opening a target connects to nothing: what it can do is known from what it is.
    if settings.engine:
        from sdgen.execution.spread.write import spread_problems  # heavy, and most runs have no engine

        yield from spread_problems(target.open(), settings)
    else:
        yield from resume_problems(target.open(), settings)
    yield from database_problems(target, request.allow_databases, scenario)


def _with_entity_names(request: RunRequest, scenario: Scenario) -> RunRequest:
    """The request with entities by their names, where it names them by their tables' or their source's."""
    names = scenario.entity_names
    listed = {word: tuple(names.get(name, name) for name in getattr(request, word)) for word in ("include", "exclude")}
    rows = {names.get(name, name): count for name, count in request.rows.items()}
    return request.model_copy(update={**listed, "rows": rows})


def _data_of(request: RunRequest, source: _ScenarioSource) -> ResolvedData:
    """What the request says of the data; entities unknown to the scenario are left to `name_problems`."""
    scenario = source.entry.value
    entities = entities_to_write(request, scenario)
    only = entities if len(entities) < len(scenario.entities) else ()
    counts = {scenario.entity_names.get(name, name): count for name, count in source.rows.items()}
    rows = {name: count for name, count in counts.items() if name == "*" or name in scenario.entities}
    return ResolvedData(source.entry, PlanRequest(request.seed, request.as_of, rows, request.scale, only))


def _with_stopped_run(data: ResolvedData, target: ResolvedTarget, find: FindStoppedRun) -> ResolvedData:
    """With the seed and the instant of the run that was stopped, where request and scenario leave them open.

    Else both would be drawn anew, the plan would be another one, and nothing of the stopped run could be kept.
    """
    request, scenario = data.plan_request, data.scenario
    seed_open = request.seed is None and scenario.seed is None
    as_of_open = request.as_of is None and not scenario.as_of
    stopped = find(target, scenario) if seed_open or as_of_open else None
    if stopped is None:
        return data
    seed, as_of = (stopped[0] if seed_open else request.seed), (stopped[1] if as_of_open else request.as_of)
    return replace(data, plan_request=replace(request, seed=seed, as_of=as_of))


def _plan_at_size(
    request: RunRequest, data: ResolvedData, target: ResolvedTarget | None, settings: RunSettings
) -> SizedPlan:
    """The checked plan, at the scale that the request names or that its size needs."""
    scenario, plan_request = data.scenario, data.plan_request
    if request.size and target is not None:
        opened = target.open()
        try:
            return plan_of_size(
                scenario, plan_request, opened, settings, size=request.size, destination=target.destination
            )
        finally:
            opened.abort()
    try:
        return SizedPlan(plan_with_existing(scenario, plan_request), request.scale, 0)
    except ScenarioError:
        if not settings.appends:
            raise
        # Counts may be possible only together with the rows that the target holds (children of parents that are there).
        # Resolving connects to no target: they are checked when the run begins.
        return SizedPlan(plan_with_existing(scenario, replace(plan_request, rows={}, scale=1.0)), request.scale, 0)


def _build_run(
    request: RunRequest,
    data: ResolvedData | None,
    target: ResolvedTarget,
    plan: Plan,
    settings: RunSettings,
    sizing: SizedPlan | None,
) -> ResolvedRun:
    notes = [" ".join(str(note).split()) for note in data.scenario.notes] if data else []
    return ResolvedRun(
        request=request,
        data=data,
        target=target,
        plan=plan,
        settings=settings,
        scale=sizing.scale if sizing else request.scale,
        bytes=sizing.bytes if sizing else 0,
        warnings=tuple(map(target.redactor, [*notes, *missing_keys(plan, settings.only)])),
    )
