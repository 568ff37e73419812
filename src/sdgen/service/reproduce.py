"""Reproducing a stored run: the same scenario, seed, now and counts again, and a comparison of the digests."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b, sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from pydantic import computed_field

from sdgen.errors import Problem, StoreError
from sdgen.execution import target_kinds
from sdgen.execution.job import Job, versions_of
from sdgen.execution.request import RunRequest, format_instant
from sdgen.planning.plan import Plan
from sdgen.scenario.model import Record
from sdgen.service.processes import this_process
from sdgen.service.records import EntityRun, Run, Status
from sdgen.targets.base import Mode
from sdgen.targets.paths import alive

TEMPORARY = "a temporary place"  # the destination of runs whose rows are removed afterwards


class EntityComparison(Record):
    """An entity's rows and digests in the run of then and in that of now; "" and None where there are none.

    columns: those that differ in the first 65,536 rows; columns_known: whether both runs kept digests of columns.
    """

    entity: str
    rows_then: int | None
    rows_now: int | None
    digest_then: str
    digest_now: str
    columns: tuple[str, ...] = ()
    columns_known: bool = False

    @computed_field  # type: ignore[prop-decorator]
    @property
    def same(self) -> bool:
        return self.digest_then == self.digest_now and self.rows_then == self.rows_now


class Setting(Record):
    """A setting of two runs, as texts; "" where a run leaves it out."""

    name: str
    then: str
    now: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def same(self) -> bool:
        return self.then == self.now


class Comparison(Record):
    """Two runs compared. versions: what makes the values and has changed, as (name, then, now)."""

    run_id: str
    again_id: str
    versions: tuple[tuple[str, str, str], ...]
    entities: tuple[EntityComparison, ...]
    settings: tuple[Setting, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def same(self) -> bool:
        return all(each.same for each in self.entities)


def check_reproducible(run: Run, job: Job, target: Mapping[str, Any]) -> None:
    """StoreError where a run has no digests that another run could have, or not there."""
    if run.status is not Status.SUCCESS:
        what = f"the run {run.id} is {run.status}: only a successful one can be reproduced"
        raise StoreError(Problem(("run",), what))
    if run.mode == Mode.APPEND_ONLY and job.snapshot is None:
        what = f"the run {run.id} appended to rows that were too many to store"
        raise StoreError(Problem(("run",), what, "runs of the other modes can be reproduced"))
    if run.mode == Mode.APPEND_ONLY and target:
        what = f"the run {run.id} appended to rows that another target may not hold"
        raise StoreError(Problem(("run",), what, "name no target: its rows are made again in a temporary place"))


def request_again(job: Job, target: Mapping[str, Any]) -> RunRequest:
    """The request that does a job's run again, into a target as a request names it.

    Without one: in a place of the job's kind where such can be made here, else in files.
    """
    if not target:
        alone = target_kinds.facts(job.target.kind).local and not job.snapshot  # added rows need the others' keys there
        kind = job.target.kind if alone else target_kinds.FILES
        target = {"target": {"kind": kind, "dsn": target_kinds.in_kind(str(Path(gettempdir()) / "again"), kind)}}
        formats = job.formats if job.target.kind == kind else ()
        mode = Mode.CREATE_IF_MISSING
    else:
        formats, mode = (), job.mode
    return RunRequest(
        scenario=job.scenario_text,
        seed=job.seed,
        as_of=job.as_of,
        rows=job.rows,
        scale=job.scale,
        include=job.only,
        mode=mode,
        formats=formats,
        workers=job.workers,
        **target,
    )


def changed_versions(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Which versions are others than those that a run was made with, as (name, then, now)."""
    names = dict.fromkeys([*now, *then])
    versions = ((name, str(then.get(name, "-")), str(now.get(name, "-"))) for name in names)
    return tuple(each for each in versions if each[1] != each[2])


def version_warnings(run: Run, plan: Plan) -> tuple[str, ...]:
    """What is to be said, before a run is done again, of versions that have changed since."""
    changes = changed_versions(run.versions, versions_of(plan))
    return tuple(f"{name} was version {then}, and is {now} now" for name, then, now in changes)


def compare_runs(run: Run, again: Run) -> Comparison:
    """Every entity of both runs; of one that did not succeed there are neither rows nor digests."""
    then = {each.entity: each for each in run.entities}
    now = {each.entity: each for each in again.entities}
    pairs = [(name, then.get(name), now.get(name)) for name in dict.fromkeys([*then, *now])]
    return Comparison(
        run_id=run.id,
        again_id=again.id,
        versions=changed_versions(run.versions, again.versions),
        entities=tuple(
            EntityComparison(
                entity=name,
                rows_then=old.written if old else None,
                rows_now=new.written if new else None,
                digest_then=old.digest if old else "",
                digest_now=new.digest if new else "",
                columns=_differing(old, new),
                columns_known=bool(old and old.columns and new and new.columns),
            )
            for name, old, new in pairs
        ),
    )


def compare_settings(run: Run, job: Job, other: Run, other_job: Job) -> tuple[Setting, ...]:
    """What two runs were to do, side by side; row counts that were given by entity."""
    then, now = _settings(run, job), _settings(other, other_job)
    names = dict.fromkeys([*then, *now])
    return tuple(Setting(name=name, then=then.get(name, ""), now=now.get(name, "")) for name in names)


def _settings(run: Run, job: Job) -> dict[str, str]:
    text = sha256(job.scenario_text.encode()).hexdigest()[:12]
    rows = {f"rows of {'all others' if name == '*' else name}": f"{count:,}" for name, count in job.rows.items()}
    return {
        "scenario": f"{run.scenario_name} {run.scenario_version}".strip(),
        "scenario text": text,
        "target": run.target_id or run.destination,
        "destination": run.destination,
        "kind": run.target_kind,
        "mode": run.mode.replace("_", " "),
        "seed": str(run.seed),
        "as of": format_instant(run.as_of),
        "scale": f"{job.scale:g}",
        **dict(sorted(rows.items())),
        "only": ", ".join(job.only),
        "formats": ", ".join(job.formats),
        "workers": str(job.workers or ""),
        "engine": job.engine,
        "commit every": f"{job.commit_every:,}" if job.commit_every else "",
        "hash": run.config_hash[:12],
    }


def _differing(old: EntityRun | None, new: EntityRun | None) -> tuple[str, ...]:
    then, now = old.columns if old else {}, new.columns if new else {}
    if not then or not now:
        return ()
    return tuple(name for name in dict.fromkeys([*then, *now]) if then.get(name) != now.get(name))


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder for this process's run."""
    with tempfile.TemporaryDirectory(prefix=f"{_prefix()}{os.getpid()}-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def remove_stale_scratch() -> None:
    """Remove the folders of processes of this host that are no more."""
    prefix = _prefix()
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*-*"):
        number = folder.name.removeprefix(prefix).partition("-")[0]
        if number.isdecimal() and not alive(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _prefix() -> str:
    """Process numbers mean nothing on another host, with which the folder may be shared."""
    mark = blake2b(this_process().host.encode(), digest_size=3).hexdigest()
    return f"sdgen-scratch-{mark}-"
