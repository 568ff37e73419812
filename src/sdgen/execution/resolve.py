"""The one door: a run request → a run whose plan and target are checked, or every problem at once.

The command line, `import sdgen`, pytest and the HTTP API all make a RunRequest and resolve it here. Nothing is written;
a target is connected to only where the run depends on what it holds (resume, and sizes of runs that append).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from sdgen.engine import BATCH_ROWS
from sdgen.errors import Problem, ScenarioError, SdgenError, TargetError, did_you_mean
from sdgen.execution.access import ANYTHING, Access
from sdgen.execution.append import plan_into, plan_with_existing
from sdgen.execution.catalog import INLINE, PATH, Catalog, CatalogEntry, ShippedCatalog
from sdgen.execution.job import Job, config_hash
from sdgen.execution.request import RunRequest, RunSettings
from sdgen.execution.resume import resume_problems, stopped_run_in
from sdgen.execution.sizing import SizedPlan, plan_of_size
from sdgen.execution.targets import ResolvedTarget, database_problems, inline_target, resolve_target, target_of_file
from sdgen.execution.warnings import missing_keys
from sdgen.planning.plan import Plan
from sdgen.readers.sources import changed, read_counted, read_mapping, read_text_counted
from sdgen.scenario.model import SHORT_MODES, Mode, Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.targets.base import Target

MODE_VARIABLE, BATCH_VARIABLE = "SDGEN_DEFAULT_MODE", "SDGEN_BATCH_SIZE"
_logger = logging.getLogger("sdgen.execution")
T = TypeVar("T")
Left = tuple[int, datetime]  # the seed and the instant of a run that was stopped
FindStopped = Callable[[ResolvedTarget, Scenario], Left | None]


@dataclass(frozen=True)
class ResolvedData:
    """A scenario with all that a request says of its data. rows: the counts still to be asked of the scenario."""

    entry: CatalogEntry[Scenario]
    rows: Mapping[str, int]
    only: tuple[str, ...]
    plan_request: PlanRequest

    @property
    def scenario(self) -> Scenario:
        return self.entry.value


@dataclass(frozen=True)
class ResolvedRun:
    """A request resolved: all that is needed to execute it, and all that is stored of it.

    plan: of a run that appends, what it would be if the target were empty. data: None where the request came with a
    plan. scale: the one that was found for `size`, else the request's. stored: the run's record, where it is another
    than the one that follows from the rest.
    """

    request: RunRequest
    data: ResolvedData | None
    target: ResolvedTarget
    plan: Plan
    settings: RunSettings
    scale: float
    bytes: float = 0.0
    warnings: tuple[str, ...] = ()
    stored: Job | None = None

    @property
    def scenario(self) -> Scenario:
        """The scenario; LookupError where the request came with a plan alone."""
        if self.data is None:
            raise LookupError("a run of a plan has no scenario")
        return self.data.scenario

    @property
    def scenario_id(self) -> str:
        return self.data.entry.id if self.data else ""

    @property
    def scenario_source(self) -> str:
        return self.data.entry.source if self.data else ""

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities to write, in the order of writing."""
        only = self.settings.only
        return tuple(name for name in self.plan.entities if not only or name in only)

    def plan_into(self, target: Target) -> Plan:
        """The plan of the run into its target as it is now: of one that appends, behind the rows that are there."""
        if self.data is None or not self.settings.appends:
            return self.plan
        request = replace(self.data.plan_request, seed=self.plan.seed, as_of=self.plan.as_of, scale=self.scale)
        return plan_into(self.data.scenario, request, target, self.settings)

    @cached_property
    def job(self) -> Job:
        """What is stored of the run, so that another process can execute it; nothing in it is secret."""
        if self.stored is not None:
            return self.stored
        data = cast(ResolvedData, self.data)
        return Job.of(data.scenario, Path(data.entry.file).name, data.rows, self)

    def with_job(self, job: Job, plan: Plan) -> ResolvedRun:
        """The same run, stored and executed in another way."""
        return replace(self, plan=plan, stored=job)

    @cached_property
    def config_hash(self) -> str:
        return config_hash(self.plan, self.settings, self.target)


def resolve(
    request: RunRequest,
    catalog: Catalog | None = None,
    access: Access = ANYTHING,
    *,
    plan: Plan | None = None,
    stopped: FindStopped = stopped_run_in,
) -> ResolvedRun:
    """The request resolved and checked.

    plan: one that was made already, in place of a scenario. stopped: finds the run that a resumed one goes on with.
    NotFound, or ScenarioError (TargetError where it alone is wrong) with every problem there is.
    """
    catalog, problems = catalog or ShippedCatalog(), _Problems()
    problems.add(ScenarioError(list(_shape(request, access, plan))))
    source = None if plan is not None else problems.attempt(lambda: _bounded(request, catalog, access))
    target = problems.attempt(lambda: _target(request, catalog, access))
    data = _data(request, source) if source is not None else None
    settings = problems.attempt(lambda: _settings(request, target, data, plan)) or RunSettings()
    if target is not None:
        scenario = data.scenario if data else None
        problems.add(TargetError(list(_target_problems(request, target, scenario, settings))))
    sizing = None
    if data is not None:
        problems.add(ScenarioError(list(_name_problems(request, data.scenario))))
        if request.resume and target is not None:
            data = problems.attempt(partial(_resumed, data, target, stopped)) or data
        sizing = problems.attempt(partial(_sizing, request, data, target, settings))
        plan = sizing.plan if sizing else None
    problems.raise_all()
    for name, each in cast(Plan, plan).entities.items():
        columns = {column.name: column.generator.called for column in each.columns.values()}
        _logger.debug("%s: %s rows; generators: %s", name, f"{each.rows:,}", columns)
    return _resolved(request, data, cast(ResolvedTarget, target), cast(Plan, plan), settings, sizing)


class _Problems:
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
            kinds = {type(error) for error in self._errors if error.problems} or {ScenarioError}
            one = kinds.pop() if len(kinds) == 1 else ScenarioError
            raise one(list(dict.fromkeys(problem for error in self._errors for problem in error.problems)))


def resolve_data(request: RunRequest, catalog: Catalog | None = None, access: Access = ANYTHING) -> ResolvedData:
    """The scenario of a request, with what it asks of the data; ScenarioError or SourceError with every problem."""
    source = _scenario(request, catalog or ShippedCatalog(), access)
    problems = list(_name_problems(request, source.entry.value))
    if problems:
        raise ScenarioError(problems)
    return _data(request, source)


_NOT_GIVEN: Mapping[str, tuple[str | None, ...]] = {
    **dict.fromkeys(("scenario_id", "scenario", "scenario_path", "target_id", "target_path"), ("", None)),
    "target": (None,),  # an empty destination is one that can't be opened
}


def _shape(request: RunRequest, access: Access, plan: Plan | None) -> Iterator[Problem]:
    """What is wrong with a request before anything is read."""
    ways = {"target": ("target_id", "target", "target_path")}
    if plan is None:
        ways = {"scenario": ("scenario_id", "scenario", "scenario_path"), **ways}
    for word, names in ways.items():
        given = [name for name in names if getattr(request, name) not in _NOT_GIVEN[name]]
        if not given:
            yield Problem(("request", f"{word}_id"), f"no {word} is named", f"give {word}_id or {word}")
        elif len(given) > 1:
            yield Problem(("request", given[1]), f"{' and '.join(given)} are given", "give one of them")
        if f"{word}_path" in given and not access.paths:
            yield Problem(("request", f"{word}_path"), "paths can't be named here", f"give {word}_id or {word}")
    if request.scenario_version and not request.scenario_id:
        yield Problem(("request", "scenario_version"), "a version without a scenario_id")
    for name in ("rules", "exec_models", "size"):
        if getattr(request, name) and not access.paths:
            yield Problem(("request", name), f"{name} can be asked for on the command line alone", "leave it out")
    if request.size and request.scale != 1:
        yield Problem(("request", "size"), "size chooses the scale, and scale is given", "leave one of them out")


class _Source(NamedTuple):
    """A scenario, and the row counts still to be asked of it: a reader may have taken some of them itself."""

    entry: CatalogEntry[Scenario]
    rows: Mapping[str, int]


def _bounded(request: RunRequest, catalog: Catalog, access: Access) -> _Source:
    """The scenario of a request; ScenarioError where it is larger than the caller's may be."""
    source = _scenario(request, catalog, access)
    access.bounded(source.entry.value)
    return source


def _scenario(request: RunRequest, catalog: Catalog, access: Access) -> _Source:
    rows: Mapping[str, int] = dict(request.rows)
    reading = request.reading
    if not access.paths:
        reading = replace(reading, rules="", run_code=False)
    if request.scenario_path and access.paths:
        scenario, rows = read_counted(request.scenario_path, rows, reading)
        name = scenario.id or Path(request.scenario_path).stem
        return _Source(CatalogEntry(name, scenario, PATH, request.scenario_path), rows)
    if request.scenario_id:
        found = catalog.scenario(request.scenario_id, request.scenario_version)
        return _Source(replace(found, value=changed(found.value, reading)), rows)
    if request.scenario is None:
        raise ScenarioError([])
    scenario, rows = _inline(request.scenario, rows)
    scenario = changed(scenario, reading)
    return _Source(CatalogEntry(scenario.id, scenario, INLINE, "scenario"), rows)


def _inline(
    scenario: Scenario | str | Mapping[str, object], rows: Mapping[str, int]
) -> tuple[Scenario, Mapping[str, int]]:
    if isinstance(scenario, Scenario):
        return scenario, rows
    if isinstance(scenario, str):
        return read_text_counted(scenario, "scenario", rows)
    return read_mapping(dict(scenario)), rows


def _target(request: RunRequest, catalog: Catalog, access: Access) -> ResolvedTarget:
    if request.target_id:
        found = catalog.target(request.target_id)
        trusted = Access(databases=access.databases)  # its place and secrets were allowed when it was added
        return resolve_target(found.value, trusted, request.formats)
    if request.target_path and access.paths:
        return resolve_target(target_of_file(Path(request.target_path)), access, request.formats)
    if request.target is None:
        raise TargetError([])
    return inline_target(request.target, access, request.formats)


def _settings(
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
        only=data.only if data else tuple(name for name in request.include if name in own),
        workers=request.workers or int(target.spec.options.get("workers", 0) if target else 0),
        batch_size=_batch_size(request, target),
        commit_every=request.commit_every,
        resume=request.resume,
    )


def _mode(request: RunRequest, target: ResolvedTarget | None) -> Mode:
    """The request's, the target's, or that of the environment."""
    word = os.environ.get(MODE_VARIABLE, "")
    chosen = request.mode or (target.spec.mode if target else None)
    if chosen is None and word and word not in {*SHORT_MODES, *Mode}:
        hint = did_you_mean(word, [*Mode, *SHORT_MODES], "known: " + ", ".join([*Mode, *SHORT_MODES]))
        raise TargetError(Problem(("request", "mode"), f"{MODE_VARIABLE} is {word!r}, which is no mode", hint))
    return chosen or Mode(SHORT_MODES.get(word, word) or Mode.CREATE_IF_MISSING)


def _batch_size(request: RunRequest, target: ResolvedTarget | None) -> int:
    """The request's, the target's, or that of the environment; 0 where none of them says."""
    word = os.environ.get(BATCH_VARIABLE, "")
    chosen = request.batch_size or (int(target.spec.options.get("batch_size", 0)) if target else 0)
    if not chosen and word and not (word.isdecimal() and 0 < int(word) <= BATCH_ROWS):
        what = f"{BATCH_VARIABLE} is {word!r}, which is no number from 1 to {BATCH_ROWS:,}"
        raise TargetError(Problem(("request", "batch_size"), what, "unset it, or give such a number"))
    return chosen or int(word or 0)


def _target_problems(
    request: RunRequest, target: ResolvedTarget, scenario: Scenario | None, settings: RunSettings
) -> Iterator[Problem]:
    """Why a run may not go to its target, or can't in the way that is asked for."""
    yield from resume_problems(target.open(), settings)
    yield from database_problems(target, request.allow_databases, scenario)


def _name_problems(request: RunRequest, scenario: Scenario) -> Iterator[Problem]:
    """Entities that the request names and the scenario does not have."""
    for word in ("rows", "include", "exclude"):
        for name in getattr(request, word):
            if name not in scenario.entities and not (word == "rows" and name == "*"):
                hint = did_you_mean(name, scenario.entities, f"{scenario.name} has: {', '.join(scenario.entities)}")
                yield Problem(("request", word, name), f"unknown entity {name!r}", hint)
    if not _chosen(request, scenario) and {*request.include} <= {*scenario.entities}:
        yield Problem(("request", "exclude"), "no entity is left to write")


def _chosen(request: RunRequest, scenario: Scenario) -> tuple[str, ...]:
    return tuple(
        name
        for name in scenario.entities
        if (not request.include or name in request.include) and name not in request.exclude
    )


def _data(request: RunRequest, source: _Source) -> ResolvedData:
    """What the request says of the data; entities unknown to the scenario are told of elsewhere."""
    entry, rows = source
    scenario = entry.value
    chosen = _chosen(request, scenario)
    only = chosen if len(chosen) < len(scenario.entities) else ()
    known = {name: count for name, count in rows.items() if name == "*" or name in scenario.entities}
    return ResolvedData(entry, rows, only, PlanRequest(request.seed, request.as_of, known, request.scale, only))


def _resumed(data: ResolvedData, target: ResolvedTarget, stopped: FindStopped) -> ResolvedData:
    """With the seed and the instant of the run that was stopped, where request and scenario leave them open."""
    asked, scenario = data.plan_request, data.scenario
    seed_open = asked.seed is None and scenario.seed is None
    as_of_open = asked.as_of is None and not scenario.as_of
    left = stopped(target, scenario) if seed_open or as_of_open else None
    if left is None:
        return data
    seed, as_of = (left[0] if seed_open else asked.seed), (left[1] if as_of_open else asked.as_of)
    return replace(data, plan_request=replace(asked, seed=seed, as_of=as_of))


def _sizing(request: RunRequest, data: ResolvedData, target: ResolvedTarget | None, settings: RunSettings) -> SizedPlan:
    """The checked plan, at the scale that the request names or that its size needs."""
    scenario, asked = data.scenario, data.plan_request
    if request.size and target is not None:
        opened = target.open()
        try:
            return plan_of_size(scenario, asked, opened, settings, size=request.size, place=target.destination)
        finally:
            opened.abort()
    try:
        return SizedPlan(plan_with_existing(scenario, asked), request.scale, 0)
    except ScenarioError:
        if not settings.appends:
            raise
        # Counts may need the rows that the target holds: they are checked with those, when the run begins.
        return SizedPlan(plan_with_existing(scenario, replace(asked, rows={}, scale=1.0)), request.scale, 0)


def _resolved(
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
