"""What one run asks, and what becomes of it: settled and checked, or every problem at once.

The command line, `sdgen.run` and the HTTP API all make a RunRequest and resolve it here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field, field_validator

from sdgen.errors import Problem, ScenarioError, SdgenError, TargetError, did_you_mean
from sdgen.plan.compile import compile_plan
from sdgen.plan.model import Plan
from sdgen.plan.request import PlanRequest
from sdgen.read.sources import read_counted, read_mapping, read_text_as_scenario
from sdgen.read.writefile import scenario_text
from sdgen.read.yamlfile import Document
from sdgen.runs.access import ANYTHING, Access
from sdgen.runs.documents import Moment, Names, validated
from sdgen.runs.job import Job
from sdgen.runs.library import INLINE, PATH, Found, Library, target_of_file
from sdgen.runs.redact import Redactor
from sdgen.runs.resume import refused
from sdgen.runs.targets import Settled, TargetSpec, absolute, allowed, keepable, read_target, settle
from sdgen.runs.warnings import missing_keys
from sdgen.scenario.identity import canonical_json
from sdgen.scenario.model import Record, Scenario
from sdgen.write.base import Mode

HASH_VERSION = 1
_NUMBER = re.compile(r"\s*-?\d{1,18}\s*")


def _row_count(value: object) -> object:
    """A number of rows, or a text that spells one; told in our own words where it is none."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    whole = whole or (isinstance(value, float) and value.is_integer())
    if not whole and not (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError(f"{value!r} is not a number of rows, such as 500")
    count = int(str(value)) if isinstance(value, str) else int(cast(float, value))
    if count < 0:
        raise ValueError(f"{value!r} rows are less than none")
    return count


class RunRequest(Record):
    """One run: a scenario by id, inline or by path, into a target by id, inline, or as a destination."""

    scenario_id: str = Field("", description="a scenario of the library")
    scenario_version: str = Field("", description="of a stored scenario: another version than the newest")
    scenario: str | Mapping[str, Any] | None = Field(None, description="an inline scenario: its text, or as data")
    scenario_path: str = Field("", description="a scenario file, folder or schema; from the command line alone")
    target_id: str = Field("", description="a target of the library")
    target: str | Mapping[str, Any] | None = Field(
        None, description="an inline target, or a destination: a URL or path"
    )
    target_path: str = Field("", description="a target file; from the command line alone")
    seed: int | None = Field(None, ge=-(2**63), lt=2**64, description="left out: the scenario's, or a random one")
    as_of: Moment | None = Field(None, description="the instant that counts as now; left out: the scenario's, or now")
    rows: Mapping[str, Annotated[int, Field(ge=0), BeforeValidator(_row_count)]] = Field(
        default_factory=dict, description="row counts by entity; `*` speaks of every entity that isn't named"
    )
    scale: float = Field(1.0, gt=0, allow_inf_nan=False, description="multiplies the scenario's row counts")
    include: Names = Field((), description="the entities to write; all where left out")
    exclude: Names = Field((), description="entities not to write; links still lead to their rows")
    mode: Mode | None = Field(None, description="left out: the target's, or create_if_missing")
    formats: Names = Field((), description="formats of files; left out: the target's, or csv")
    workers: int = Field(0, ge=0, le=256, description="threads; 0: one per core, at most 8")

    commit_every: int = Field(
        0, ge=0, le=2**40, description="databases: commit after about so many rows, which then stay; 0: all or nothing"
    )
    resume: bool = Field(False, description="go on where a run of the same was stopped")

    @field_validator("rows", mode="before")
    @classmethod
    def _by_entity(cls, rows: object) -> object:
        if not isinstance(rows, Mapping):
            raise ValueError(f"{rows!r} names no entities: {{'orders': 500}}, or {{'*': 500}} for every one")
        return rows

    def shown(self, redactor: Redactor) -> dict[str, Any]:
        """As plain data that may be stored: without passwords."""
        data = self.model_dump(mode="json", exclude_defaults=True)
        hidden: dict[str, Any] = _mapped(data, redactor)
        return hidden


def read_request(data: object) -> RunRequest:
    """The request of plain data; ScenarioError with every problem."""
    return validated(RunRequest, Document("", data, {}), ScenarioError, under=("request",))


@dataclass(frozen=True)
class Resolved:
    """A request, settled: all that is needed to do it, and all that is stored of it."""

    request: RunRequest
    scenario_id: str
    scenario_source: str
    scenario: Scenario
    target: Settled
    plan: Plan
    job: Job
    warnings: tuple[str, ...]
    config_hash: str

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities to write, in the order of writing."""
        return tuple(name for name in self.plan.entities if not self.job.only or name in self.job.only)


def resolve(request: RunRequest, library: Library, access: Access = ANYTHING) -> Resolved:
    """Settle a request; nothing is connected to or written.

    NotFound, or ScenarioError (TargetError where it alone is wrong) with every problem there is.
    """
    errors: list[SdgenError] = [ScenarioError(list(_shape(request, access)))]
    made, target = None, None
    try:
        found, rows = _scenario(request, library, access)
        errors.append(ScenarioError(list(_names(request, found.value))))
        made = found, rows, _plan(request, found.value, rows)
    except SdgenError as error:
        errors.append(error)
    try:
        target = _target(request, library, access)
        mode = _mode(request, target)
        errors.append(TargetError(refused(target.open(), mode, request.resume, request.commit_every)))
    except SdgenError as error:
        errors.append(error)
    _raise([error for error in errors if error.problems])
    assert made is not None
    assert target is not None
    return _resolved(request, made[0], made[1], target, made[2])


def _raise(errors: Sequence[SdgenError]) -> None:
    """One error of all problems, of the kind that fits them all."""
    if errors:
        kinds = {type(error) for error in errors}
        one = kinds.pop() if len(kinds) == 1 else ScenarioError
        raise one(list(dict.fromkeys(problem for error in errors for problem in error.problems)))


def _shape(request: RunRequest, access: Access) -> Iterator[Problem]:
    """What is wrong with a request before anything is read."""
    for word, ways in (
        ("scenario", ("scenario_id", "scenario", "scenario_path")),
        ("target", ("target_id", "target", "target_path")),
    ):
        given = [way for way in ways if getattr(request, way) not in ("", None)]
        if not given:
            yield Problem(("request", f"{word}_id"), f"no {word} is named", f"give {word}_id or {word}")
        elif len(given) > 1:
            yield Problem(("request", given[1]), f"{' and '.join(given)} are given", "give one of them")
        if f"{word}_path" in given and not access.paths:
            yield Problem(("request", f"{word}_path"), "paths can't be named here", f"give {word}_id or {word}")
    if request.scenario_version and not request.scenario_id:
        yield Problem(("request", "scenario_version"), "a version without a scenario_id")


def _scenario(request: RunRequest, library: Library, access: Access) -> tuple[Found[Scenario], dict[str, int]]:
    """The scenario, and the row counts still to be asked of it."""
    rows = dict(request.rows)
    if request.scenario_id:
        return library.scenario(request.scenario_id, request.scenario_version), rows
    if request.scenario is not None:
        if isinstance(request.scenario, str):
            read = read_text_as_scenario(request.scenario, "scenario")
        else:
            read = read_mapping(dict(request.scenario))
        return Found(read.id, read, INLINE, "scenario"), rows
    if request.scenario_path and access.paths:
        read, rows = read_counted(request.scenario_path, rows)
        return Found(read.id or Path(request.scenario_path).stem, read, PATH, request.scenario_path), rows
    raise ScenarioError([])


def _target(request: RunRequest, library: Library, access: Access) -> Settled:
    if request.target_id:
        found = library.target(request.target_id)
        trusted = Access(databases=access.databases)  # its place and secrets were allowed when it was added
        return settle(found.value, trusted, request.formats)
    if request.target_path and access.paths:
        return settle(target_of_file(Path(request.target_path)), access, request.formats)
    if request.target is None:
        raise TargetError([])
    if isinstance(request.target, str):
        spec = TargetSpec(dsn=request.target)
    else:
        spec = read_target(Document("", dict(request.target), {}))
    placed = absolute(spec, Path.cwd())
    problems = list(allowed(placed, access))
    if problems:
        raise TargetError(problems)
    return settle(placed, access, request.formats)


def _names(request: RunRequest, scenario: Scenario) -> Iterator[Problem]:
    """Entities that the request names and the scenario does not have."""
    for word in ("rows", "include", "exclude"):
        for name in getattr(request, word):
            if name not in scenario.entities and not (word == "rows" and name == "*"):
                what = f"{scenario.name} has no entity {name!r}"
                yield Problem(("request", word, name), what, did_you_mean(name, scenario.entities))
    if not _only(request, scenario) and {*request.include} <= {*scenario.entities}:
        yield Problem(("request", "exclude"), "no entity is left to write")


def _only(request: RunRequest, scenario: Scenario) -> tuple[str, ...]:
    return tuple(
        name
        for name in scenario.entities
        if (not request.include or name in request.include) and name not in request.exclude
    )


def _plan(request: RunRequest, scenario: Scenario, rows: Mapping[str, int]) -> Plan:
    """The plan; entities unknown to the scenario are told of elsewhere."""
    known = {name: count for name, count in rows.items() if name == "*" or name in scenario.entities}
    return compile_plan(scenario, PlanRequest(request.seed, request.as_of, known, request.scale))


def _resolved(
    request: RunRequest, found: Found[Scenario], rows: Mapping[str, int], target: Settled, plan: Plan
) -> Resolved:
    scenario = found.value
    chosen = _only(request, scenario)
    only = chosen if len(chosen) < len(scenario.entities) else ()
    job = Job(
        scenario_text=scenario_text(scenario),
        scenario_file=Path(found.file).name or "scenario.yaml",
        seed=plan.seed,
        as_of=plan.as_of,
        rows=rows,
        scale=request.scale,
        only=only,
        target=_storable(target),
        formats=target.formats,
        mode=_mode(request, target),
        workers=request.workers or int(target.spec.options.get("workers", 0)),
        commit_every=request.commit_every,
        resume=request.resume,
        identity=plan.identity,
        complete=not list(keepable(target.spec)),
    )
    notes = [" ".join(str(note).split()) for note in scenario.notes]
    warnings = tuple(map(target.redactor, [*notes, *missing_keys(plan, only)]))
    said = config_hash(plan, job, target)
    return Resolved(request, found.id, found.source, scenario, target, plan, job, warnings, said)


def _mode(request: RunRequest, target: Settled) -> Mode:
    return request.mode or target.spec.mode or Mode.CREATE_IF_MISSING


def _storable(target: Settled) -> TargetSpec:
    """The target as it may be stored: a password written out is left out."""
    spec = target.spec
    if not list(keepable(spec)):
        return spec.model_copy(update={"kind": target.kind})
    return spec.model_copy(update={"kind": target.kind, "dsn": target.redactor(spec.dsn)})


def config_hash(plan: Plan, job: Job, target: Settled) -> str:
    """SHA-256 over all that decides what a run writes; equal hashes mean equal rows in equal kinds of targets.

    The plan's identity covers the scenario, seed, as_of, row counts and generators' versions. No credentials.
    """
    settled = {
        "format": HASH_VERSION,
        "data": plan.identity,
        "entities": list(job.only),
        "mode": job.mode.value,
        "target": target.facts,
    }
    return sha256(canonical_json(settled).encode()).hexdigest()


def _mapped(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor(value)
    if isinstance(value, Mapping):
        return {key: _mapped(each, redactor) for key, each in value.items()}
    return [_mapped(each, redactor) for each in value] if isinstance(value, list) else value
