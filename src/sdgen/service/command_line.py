"""The command line that does a stored run once more: the same rows into the same target, and nothing secret in it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from sdgen.errors import SdgenError
from sdgen.execution import target_kinds
from sdgen.execution.catalog import EXAMPLE, FOLDER, STORE
from sdgen.execution.job import Job
from sdgen.execution.request import data_options
from sdgen.readers.native.write import scenario_text
from sdgen.scenario.model import Record
from sdgen.service.catalog import StoredCatalog
from sdgen.service.records import Run

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
