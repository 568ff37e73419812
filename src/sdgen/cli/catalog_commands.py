"""Scenarios and targets for `sdgen scenario` and `sdgen target`: found, checked, and as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from sdgen.cli.tables import cut, ruled
from sdgen.cli.validate import ValidationResult, check_scenario
from sdgen.databases.urls import path_of
from sdgen.errors import Problem, SdgenError
from sdgen.execution.target_spec import ResolvedTarget, TargetSpec
from sdgen.execution.targets import resolve_target, target_of_file
from sdgen.planning.compile import compile_plan
from sdgen.readers.base import Source, read_text
from sdgen.readers.formats import format_of
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_source, read_text_as_scenario
from sdgen.scenario.identity import canonical, config_hash
from sdgen.scenario.model import Record, Scenario
from sdgen.service.catalog import target_entry
from sdgen.service.catalog_store import probe
from sdgen.service.naming import scenario_fields, target_fields
from sdgen.service.records import Probe, ScenarioEntry, TargetEntry
from sdgen.service.service import Service


def scenario_table(entries: Sequence[ScenarioEntry]) -> str:
    head = [("id", "version", "entities", "kind", "from", "name")]
    rows = [
        (each.id, each.version, str(each.entities or "-"), each.kind, each.source, cut(_name_or_problem(each), 60))
        for each in entries
    ]
    return "\n".join(ruled(head, rows, (False, False, True, False, False, False)))


def _name_or_problem(entry: ScenarioEntry | TargetEntry) -> str:
    if not entry.problem:
        return entry.name
    return f"can't be read: {entry.problem.splitlines()[0].removeprefix(entry.file).lstrip(':')}"


def scenario_text_of(service: Service, name: str, form: str) -> str:
    scenario_id, _, version = name.partition("@")
    found = service.catalog.scenario(scenario_id, version)
    if form == "json":
        return json.dumps(canonical(found.value), indent=2, ensure_ascii=False)
    return found.text.rstrip("\n")


def check_stored_scenario(service: Service, name: str) -> ValidationResult:
    """What is wrong with a scenario, by id or path, and what its reader remarks."""
    try:
        scenario = _scenario(service, name)
    except SdgenError as error:
        return ValidationResult(None, error.problems)
    return check_scenario(scenario)


def _scenario(service: Service, name: str) -> Scenario:
    named = scenario_fields(name, service.catalog)
    if "scenario_path" in named:
        return read_source(named["scenario_path"])
    return service.catalog.scenario(named["scenario_id"], named.get("scenario_version", "")).value


def add_scenario(service: Service, source: str, scenario_id: str) -> str:
    """Keep a scenario: a native file as it is written, anything else as a native file would say it."""
    scenario = read_source(source)
    compile_plan(scenario)  # what can't be generated is told now
    found = format_of(Source(source)) if Path(source).is_file() else None
    text = read_text(Path(source)) if found is not None and found.kind == "native" else ""
    # What a file says with the texts of others beside it is kept with those texts.
    if not text or config_hash(read_text_as_scenario(text, source)) != config_hash(scenario):
        text = scenario_text(scenario)
    entry = service.catalog.add_scenario(scenario, text, source, scenario_id)
    return f"{entry.id} {entry.version or '#' + str(len(entry.versions))}: {entry.entities} entities"


def target_table(entries: Sequence[TargetEntry]) -> str:
    head = [("id", "kind", "dsn", "guard", "from", "name")]
    rows = [
        (
            each.id,
            each.kind,
            cut(each.dsn, 60),
            ", ".join(each.allow_databases),
            each.source,
            cut(_name_or_problem(each)),
        )
        for each in entries
    ]
    return "\n".join(ruled(head, rows, (False,) * 6))


def target_of(service: Service, target_id: str) -> TargetEntry:
    found = service.catalog.target(target_id)
    return target_entry(found.value, found.source, found.file)


def fields(record: Record) -> str:
    """A record's fields that say something, a line each."""
    told = record.model_dump(mode="json", by_alias=True)
    data = {name: value for name, value in told.items() if value not in ("", [], {}, None)}
    width = max(map(len, data))
    return "\n".join(f"{name:<{width}}  {_plain(value)}" for name, value in data.items())


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def resolved_target(service: Service, name: str, kind: str) -> ResolvedTarget:
    named = target_fields(name, service.catalog, kind)
    return resolve_target(_spec(service, named))


def check_target(service: Service, name: str, kind: str) -> tuple[ResolvedTarget | None, tuple[Problem, ...]]:
    """A target, by id, path or destination, with its secrets in place; or what is wrong with it."""
    try:
        settled = resolved_target(service, name, kind)
    except SdgenError as error:
        return None, error.problems
    problems = tuple(_file_problems(settled))
    return (None if problems else settled), problems


def _file_problems(settled: ResolvedTarget) -> Iterator[Problem]:
    """Why a database's file can't be where it should be."""
    if settled.kind not in ("sqlite", "duckdb"):
        return
    path = path_of(settled.destination)
    if path.is_dir():
        yield Problem(("target", "dsn"), f"{path} is a folder", "name a file in it")
    elif not path.absolute().parent.is_dir():
        yield Problem(
            ("target", "dsn"), f"the folder {path.absolute().parent} does not exist", "make it, or name another"
        )


def _spec(service: Service, named: dict[str, object]) -> TargetSpec:
    if "target_id" in named:
        return service.catalog.target(str(named["target_id"])).value
    if "target_path" in named:
        return target_of_file(Path(str(named["target_path"])))
    given = named["target"]
    return TargetSpec(dsn=given) if isinstance(given, str) else TargetSpec.model_validate(given)


def probe_target(service: Service, name: str, kind: str) -> Probe:
    return probe(resolved_target(service, name, kind))


def probe_text(found: Probe) -> str:
    can = [word for word in ("create", "insert", "truncate") if getattr(found, f"can_{word}")]
    answer = f"answered in {found.milliseconds:,.1f} ms" if can else f"unusable after {found.milliseconds:,.1f} ms"
    return f"{found.kind}: {found.destination}: {answer}" + (f"; can {', '.join(can)}" if can else "")


def add_target(service: Service, name: str, target_id: str, kind: str, force: bool) -> str:
    named: dict[str, object] = {"target": {"dsn": name, "kind": kind}}
    if Path(name).suffix.lower() in (".yaml", ".yml", ".json"):
        named = {"target_path": name}
    spec = _spec(service, named)
    if target_id:
        spec = spec.model_copy(update={"id": target_id})
    if not spec.id:
        raise SdgenError(Problem(("target", "id"), "the target has no id", "give it one with --id"))
    entry = service.add_target(spec, replace=force)
    return f"{entry.id}: {entry.kind or 'kind given by the secret'}: {entry.dsn}"
