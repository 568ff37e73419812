"""A stored run once more: the request that repeats it, and the command line that says the same."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b, sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from pydantic import computed_field

from sdgen.errors import Problem, SdgenError, StoreError
from sdgen.execution import target_kinds
from sdgen.execution.catalog import EXAMPLE, FOLDER, STORE
from sdgen.execution.job import Job, versions_of
from sdgen.execution.request import RunRequest, data_options, format_instant
from sdgen.planning.plan import Plan
from sdgen.readers.native.write import scenario_text
from sdgen.scenario.model import Record
from sdgen.service.catalog import StoredCatalog
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
        # A folder of a process that is still there may be in use, though the number may be another's by now.
        if number.isdecimal() and not alive(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _prefix() -> str:
    """Process numbers mean nothing on another host, with which the folder may be shared."""
    mark = blake2b(this_process().host.encode(), digest_size=3).hexdigest()
    return f"sdgen-scratch-{mark}-"


# The command line that does a stored run once more: the same rows into the same target, and nothing secret in it.
PASSWORD = "${PASSWORD}"


class Command(Record):
    """A command as it is typed in a shell.

    file: what the run's scenario text must be kept as first, since no scenario of the catalog has it; "" where one has.
    password: whether a password stood in the run's address, which is not kept: `${PASSWORD}` stands in its place.
    """

    text: str
    file: str = ""
    password: bool = False


def command_of(run: Run, job: Job, catalog: StoredCatalog) -> Command:
    """The command of a run. Its scenario and target are named by id where the catalog still has the same."""
    scenario = _scenario_id(run, job, catalog)
    file = "" if scenario else f"{re.sub(r'[^A-Za-z0-9._-]+', '-', run.scenario_name).strip('-.') or 'scenario'}.yaml"
    target = list(_target(run, job, catalog))
    words = ["sdgen", "run", "start", "--scenario", scenario or file, *target, *_options(run, job)]
    return Command(
        text=shlex.join(words), file=file, password=not job.complete and any(PASSWORD in word for word in target)
    )


def _scenario_id(run: Run, job: Job, catalog: StoredCatalog) -> str:
    """The id by which the catalog has this run's scenario, unchanged; "" where it has not."""
    if run.scenario_source not in (FOLDER, STORE, EXAMPLE):
        return ""
    version = run.request.get("scenario_version", "")
    names = (run.scenario_id, f"{run.scenario_id}@{run.scenario_version}")
    for name in names:
        try:
            found = catalog.scenario(run.scenario_id, version or name.partition("@")[2])
        except SdgenError:
            continue
        # By what it says and not by its version, as a file may be edited without a new one.
        if scenario_text(found.value) == job.scenario_text:
            return f"{run.scenario_id}@{version}" if version else name
    return ""


def _target(run: Run, job: Job, catalog: StoredCatalog) -> Iterator[str]:
    if run.target_id and any(entry.id == run.target_id for entry in catalog.targets()):
        yield from ("--to", run.target_id)
        return
    dsn = job.target.dsn if job.complete else re.sub(r"(?<=:)\*\*\*(?=@)", PASSWORD, job.target.dsn, count=1)
    yield from ("--to", dsn)
    if job.target.kind and target_kinds.kind_of(dsn) != job.target.kind:
        yield from ("--target-kind", job.target.kind)


def _options(run: Run, job: Job) -> Iterator[str]:
    """The settled seed and instant always; what the run left to the target or the defaults stays left out."""
    yield from data_options(job.seed, job.as_of, job.rows, job.scale)
    if job.only:
        yield from ("--only", ",".join(job.only))
    request = run.request
    for option, name in _LISTS:
        if request.get(name):
            yield from (option, ",".join(request[name]))
    for option, name in _VALUES:
        if request.get(name):
            yield from (option, str(request[name]))
    if job.resume:
        yield "--resume"


_LISTS = (("--format", "formats"), ("--partition-by", "partition_by"), ("--allow-databases", "allow_databases"))
_VALUES = (
    ("--mode", "mode"),
    ("--workers", "workers"),
    ("--batch-size", "batch_size"),
    ("--commit-every", "commit_every"),
    ("--part-rows", "part_rows"),
    ("--part-bytes", "part_bytes"),
    ("--engine", "engine"),
)
