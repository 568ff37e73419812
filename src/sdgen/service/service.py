"""Scenarios, targets and runs behind one object: what the command line, `sdgen.run` and the HTTP API call.

service = Service.open(scenarios_dir="scenarios", targets_dir="targets")
run = service.submit(RunRequest(scenario_id="shop", target_id="demo"))      # stored; a worker will take it
run = service.perform(RunRequest(scenario_id="shop", target="out/"))        # here and now
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Unpack

from sdgen.errors import Problem, StoreError, TargetError
from sdgen.execution.access import ANYTHING, Access
from sdgen.execution.events import Listener, ignore
from sdgen.execution.job import versions_of
from sdgen.execution.request import RunRequest
from sdgen.execution.resolve import resolve
from sdgen.execution.resolved import ResolvedRun
from sdgen.execution.target_spec import ResolvedTarget, TargetSpec
from sdgen.execution.targets import resolve_target
from sdgen.generators.cancellation import cancelled_by
from sdgen.readers.sources import read_mapping, read_text_as_scenario
from sdgen.scenario.model import Scenario
from sdgen.service import estimate, reproduce
from sdgen.service.catalog import StoredCatalog, target_entry
from sdgen.service.catalog_store import CatalogStore, probe, store_test, with_tests
from sdgen.service.processes import Owner, this_process
from sdgen.service.records import (
    EntityRun,
    LogLine,
    Probe,
    ProblemRecord,
    Run,
    RunFilter,
    ScenarioEntry,
    Status,
    TargetEntry,
)
from sdgen.service.reproduce import Command, command_of
from sdgen.service.run_queries import Retention, old_runs, remove_runs
from sdgen.service.run_repository import RunRepository
from sdgen.service.store import Store, timestamp
from sdgen.service.worker import RunnableJob, run_worker
from sdgen.targets.tables import tables_of

SCENARIOS_VARIABLE, TARGETS_VARIABLE = "SDGEN_SCENARIOS_DIR", "SDGEN_TARGETS_DIR"


@dataclass(frozen=True)
class Service:
    """All there is to do with a store and its folders. `access` limits what requests may name."""

    store: Store
    catalog: StoredCatalog
    repository: RunRepository
    access: Access = ANYTHING

    @classmethod
    def open(
        cls,
        runs_db: str | Path = "",
        scenarios_dir: str | Path = "",
        targets_dir: str | Path = "",
        access: Access = ANYTHING,
    ) -> Service:
        """A service; what is left out is taken from the environment. StoreError where the store can't be used."""
        folders = [
            _folder(str(scenarios_dir), SCENARIOS_VARIABLE, "scenarios"),
            _folder(str(targets_dir), TARGETS_VARIABLE, "targets"),
        ]
        store = Store(runs_db)
        return cls(store, StoredCatalog(CatalogStore(store), *folders), RunRepository(store), access)

    def close(self) -> None:
        self.store.close()

    # Runs

    def resolve(self, request: RunRequest) -> ResolvedRun:
        """The request, resolved and checked; nothing is stored or connected to. All problems at once.

        One that goes on with a stopped run, and leaves its seed or its now open, has those of that run.
        """
        return self._resolve(request, self.access)

    def _resolve(self, request: RunRequest, access: Access) -> ResolvedRun:
        def stopped(target: ResolvedTarget, scenario: Scenario) -> tuple[int, datetime] | None:
            return self._stopped_run(request, target)

        return resolve(request, self.catalog, access, stopped=stopped)

    def _stopped_run(self, request: RunRequest, target: ResolvedTarget) -> tuple[int, datetime] | None:
        """Seed and instant of the newest run that asked for the same, and did not come to its end."""
        self.repository.mark_lost()
        same = _decisive(request.shown(target.redactor))
        over = (Status.FAILED, Status.CANCELLED)
        found, _ = self.repository.runs(limit=_LOOKED_AT, status=over)
        return next(((run.seed, run.as_of) for run in found if _decisive(run.request) == same), None)

    def plan(self, request: RunRequest, *, ask_target: bool = True) -> estimate.Estimate:
        """The dry run of a request."""
        return estimate.estimate(self.resolve(request), ask_target=ask_target)

    def submit(self, request: RunRequest) -> Run:
        """Store a run that waits for a worker. Refused where its target holds a password written out."""
        return self._submit(self.resolve(request))

    def perform(
        self,
        request: RunRequest,
        *,
        listen: Listener = ignore,
        cancel: threading.Event | None = None,
        begun: Callable[[Run], None] | None = None,
    ) -> Run:
        """Do a run in this process, and remember it. Its failure is told in the run, not raised.

        Cancelled where that was asked for before there was a run to remember.
        """
        with cancelled_by(cancel):
            resolved = self.resolve(request)
        return self._perform(resolved, listen, cancel, begun)

    def run(self, run_id: str) -> Run:
        """A run with its entities; `latest` is the newest. Lost runs are marked first."""
        self.repository.mark_lost()
        return self.repository.run(run_id)

    def runs(self, *, limit: int = 50, offset: int = 0, **narrowed: Unpack[RunFilter]) -> tuple[list[Run], int]:
        """Runs without their entities, the newest first, and how many there are in all."""
        self.repository.mark_lost()
        return self.repository.runs(limit=limit, offset=offset, **narrowed)

    def logs(self, run_id: str, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """Lines of a run's log with numbers above `after`."""
        return self.repository.logs(self.repository.run(run_id).id, after, limit)

    def scenario_text(self, run_id: str) -> str:
        """The scenario of a run, as the run had it."""
        return self.repository.job(self.repository.run(run_id).id).scenario_text

    def cancel(self, run_id: str) -> Run:
        """Ask a run to stop; StoreError where it is over."""
        self.repository.mark_lost()
        return self.repository.cancel(self.repository.run(run_id).id)

    def command(self, run_id: str) -> Command:
        """The command line that does a run once more."""
        run = self.repository.run(run_id)
        return command_of(run, self.repository.job(run.id), self.catalog)

    def remove_runs(self, run_ids: Sequence[str]) -> None:
        """Remove the records of runs that are over, all or none of them; what they wrote stays."""
        self.repository.mark_lost()
        remove_runs(self.store, list(dict.fromkeys(self.repository.run(each).id for each in run_ids)))

    def remove_old_runs(self, kept: Retention, *, dry: bool = False) -> list[str]:
        """Remove the runs that are not kept, or, `dry`, only say which; their ids."""
        self.repository.mark_lost()
        found = old_runs(self.store, kept)
        if not dry:
            remove_runs(self.store, found)
        return found

    # Reproducing

    def again(self, run_id: str, **target: Any) -> ResolvedRun:
        """The settled request of a run, for another time: into a temporary place, or a target as a request names it."""
        run = self.run(run_id)
        job = self.repository.job(run.id)
        reproduce.check_reproducible(run, job, target)
        request = reproduce.request_again(job, target)
        # Without a target the place is one of our own in a temporary folder, which no rule for requests need allow.
        resolved = self.resolve(request) if target else self._resolve(request, ANYTHING)
        changes = reproduce.version_warnings(run, resolved.plan)
        resolved = replace(resolved, warnings=(*changes, *resolved.warnings))
        scratch = {} if target else {"scratch": True, "snapshot": job.snapshot}
        again = resolved.job.model_copy(update={**scratch, "changes": changes})
        return resolved.with_job(again, again.plan() if scratch and job.snapshot else resolved.plan)

    def submit_again(self, run_id: str, **target: Any) -> Run:
        """Store a run that reproduces another; `comparison` tells what came of it."""
        return self._submit(self.again(run_id, **target), self.repository.run(run_id).id)

    def perform_again(
        self, run_id: str, *, listen: Listener = ignore, cancel: threading.Event | None = None, **target: Any
    ) -> Run:
        """Reproduce a run in this process."""
        return self._perform(self.again(run_id, **target), listen, cancel, None, self.repository.run(run_id).id)

    def comparison(self, again_id: str) -> reproduce.Comparison:
        """A reproducing run held against the one it reproduces."""
        again = self.run(again_id)
        if not again.reproduces or again.status is not Status.SUCCESS:
            raise StoreError(Problem(("run",), f"the run {again.id} is not a reproduction that succeeded"))
        return reproduce.compare_runs(self.run(again.reproduces), again)

    def compare(self, run_id: str, other_id: str) -> reproduce.Comparison:
        """Any two runs held against each other: what they were to do, and what came of it."""
        run, other = self.run(run_id), self.run(other_id)
        settings = reproduce.compare_settings(run, self.repository.job(run.id), other, self.repository.job(other.id))
        return reproduce.compare_runs(run, other).model_copy(update={"settings": settings})

    # Scenarios and targets

    def scenarios(self) -> list[ScenarioEntry]:
        return self.catalog.scenarios()

    def targets(self) -> list[TargetEntry]:
        """All targets by id, those that can't be read among them, each with its last test."""
        return with_tests(self.store, self.catalog.targets())

    def target(self, target_id: str) -> TargetEntry:
        """One target, with its last test."""
        found = self.catalog.target(target_id)
        entry = target_entry(found.value.model_copy(update={"id": found.id}), found.source, found.file)
        return with_tests(self.store, [entry])[0]

    def add_scenario(
        self, scenario: str | Mapping[str, Any], scenario_id: str = "", file: str = "", *, replace: bool | None = None
    ) -> ScenarioEntry:
        """Keep a scenario, given as text or plain data; problems as for a file. replace: as of the catalog."""
        if isinstance(scenario, str):
            read = read_text_as_scenario(scenario, file or f"{scenario_id or 'scenario'}.yaml")
            return self.catalog.add_scenario(read, scenario, file, scenario_id, replace=replace)
        return self.catalog.add_scenario(read_mapping(dict(scenario)), "", file, scenario_id, replace=replace)

    def add_target(self, spec: TargetSpec, *, replace: bool = False) -> TargetEntry:
        return self.catalog.add_target(spec, replace=replace, access=self.access)

    def test_target(self, target_id: str = "", spec: TargetSpec | None = None) -> Probe:
        """Connect to a target and try it; nothing is left behind. The result for one with an id is remembered."""
        if spec is not None:
            request = RunRequest(scenario_id="shop", target=spec.dumped())
            return probe(self.resolve(request).target)
        # Whoever writes targets into the catalogue is trusted with places and secrets; guards on names of databases
        # hold for all.
        trusted, entry = Access(databases=self.access.databases), self.target(target_id)
        try:
            found = probe(resolve_target(self.catalog.target(target_id).value, trusted))
        except TargetError as error:
            problems = tuple(map(ProblemRecord.of, error.problems))
            dark = Probe(ok=False, kind=entry.kind, destination=entry.dsn, milliseconds=0, problems=problems)
            store_test(self.store, entry, dark)
            raise
        store_test(self.store, entry, found)
        return found

    # The work

    def _submit(self, resolved: ResolvedRun, reproduces: str = "") -> Run:
        if not resolved.job.complete:
            hint = "write it as ${NAME} or ${file:/path}"
            raise StoreError(Problem(("target", "dsn"), "a run that waits for a worker can't store a password", hint))
        return self.repository.run(self._add(resolved, None, reproduces))

    def _perform(
        self,
        resolved: ResolvedRun,
        listen: Listener,
        cancel: threading.Event | None,
        begun: Callable[[Run], None] | None,
        reproduces: str = "",
    ) -> Run:
        owner = this_process()
        run_id = self._add(resolved, owner, reproduces)
        if begun is not None:
            begun(self.repository.run(run_id))
        prepared = RunnableJob(resolved.job, resolved.target, resolved.plan)
        return run_worker(self.repository, run_id, owner, prepared, listen=listen, cancel=cancel)

    def _add(self, resolved: ResolvedRun, owner: Owner | None, reproduces: str) -> str:
        tables = tables_of(resolved.plan, resolved.job.only).values()
        entities = [EntityRun(entity=each.entity, table=each.name, asked=each.rows) for each in tables]
        return self.repository.add({**_row(resolved), "reproduces": reproduces}, entities, owner)


_LOOKED_AT = 200  # of the newest runs
_OPEN = frozenset({"seed", "as_of", "resume", "commit_every", "workers", "engine"})


def _decisive(request: Mapping[str, Any]) -> dict[str, Any]:
    """What of a request must be the same for a run to go on with another."""
    return {name: value for name, value in request.items() if name not in _OPEN}


def _row(resolved: ResolvedRun) -> dict[str, Any]:
    """A run's row in the store, but for what changes while it lives."""
    plan, job, target = resolved.plan, resolved.job, resolved.target
    request = resolved.request.shown(target.redactor)
    return {
        "seed": str(plan.seed),
        "as_of": timestamp(plan.as_of),
        "config_hash": resolved.config_hash,
        "scenario_id": resolved.scenario_id,
        "scenario_name": plan.scenario,
        "scenario_version": plan.version,
        "scenario_source": resolved.scenario_source,
        "target_id": target.spec.id,
        "target_name": target.spec.name,
        "target_kind": target.kind,
        "destination": reproduce.TEMPORARY if job.scratch else target.shown,
        "mode": job.mode.value,
        "rows_asked": sum(plan.entities[name].rows for name in resolved.entities),
        "warnings": json.dumps(list(resolved.warnings), ensure_ascii=False),
        "request": json.dumps(request, ensure_ascii=False),
        "versions": json.dumps(versions_of(plan)),
        "job": job.model_dump_json(by_alias=True),
    }


def _folder(given: str, variable: str, default: str) -> Path | None:
    """A folder that is given, or named by the environment, or of the usual name where there is one."""
    named = given or os.environ.get(variable, "")
    if named and not Path(named).is_dir():
        raise StoreError(Problem((), f"the folder {named} does not exist", f"give another, or unset {variable}"))
    if named:
        return Path(named)
    return Path(default) if Path(default).is_dir() else None


# The way to a service. It imports nothing heavy by itself.


def open_service(
    runs_db: str | Path = "",
    scenarios_dir: str | Path = "",
    targets_dir: str | Path = "",
    access: Access | None = None,
) -> Service:
    """A service; what is left out is taken from the environment. StoreError where the store can't be used."""
    from sdgen.execution.access import ANYTHING

    return Service.open(runs_db, scenarios_dir, targets_dir, access or ANYTHING)
