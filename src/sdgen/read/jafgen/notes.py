"""What is told of a jafgen dataset as a whole: outputs, seeds, keys, and what the rules will choose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sdgen.errors import Path, Problem
from sdgen.read.jafgen.columns import Draft
from sdgen.read.jafgen.records import SystemRecord
from sdgen.scenario.model import Origin

_FORMATS = {"csv": "csv", "json": "json", "jsonl": "jsonl", "parquet": "parquet"}
_KEYS = ("format", "path", "formats", "per_entity")


def add_notes(source: str, systems: Sequence[SystemRecord], drafts: Mapping[str, Draft], notes: list[Problem]) -> None:
    """Add the notes of all entities, and those of the whole."""
    told: set[tuple[str, str]] = set()
    for system in systems:
        fresh = [pair for pair in _of_output(source, system) if pair not in told]
        notes += [_origin(system).problem((), what, hint) for what, hint in fresh]
        told.update(fresh)
    notes += _of_seeds(systems)
    keys = [f"{name}.{draft.key}" for name, draft in drafts.items() if draft.key]
    if keys:
        notes.append(Problem((), "taken as primary keys, by their names: " + ", ".join(keys), "", source))
    for name, draft in drafts.items():
        notes += draft.notes
        words = [column for column, each in draft.columns.items() if each.guessed]
        if words:
            what = f"plain words as to their type, so that the rules choose by name: {', '.join(words)}"
            notes.append(draft.origin.problem(("entities", name), what, "`generator: text.word` makes words of them"))


def _of_output(source: str, system: SystemRecord) -> Iterator[tuple[str, str]]:
    output = system.output
    if not output:
        return
    formats, path = _listed(output.get("format")), str(output.get("path") or "./output")
    files = [_FORMATS[each] for each in formats if each in _FORMATS]
    commands = [f"--to {path} --format {','.join(dict.fromkeys(files))}"] if files else []
    if not formats:
        commands = [f"--to {path}"]
    if "duckdb" in formats:
        commands.append(f"--to {path.rstrip('/')}/generated_data.duckdb")
    unknown = [each for each in formats if each not in _FORMATS and each != "duckdb"]
    told = f"output ({', '.join(formats) or 'csv'} in {path}) is no part of a scenario"
    hint = "; ".join(f"sdgen generate {source} {command}" for command in commands)
    yield told + (f"; not known: {', '.join(unknown)}" if unknown else ""), hint
    for key in ("formats", "per_entity"):
        if output.get(key):
            named = ", ".join(map(str, output[key])) if isinstance(output[key], Mapping | list) else str(output[key])
            yield f"output.{key} ({named}) is not used", _OTHERS[key]
    strange = sorted(output.keys() - set(_KEYS))
    if strange:
        yield f"output has unknown keys: {', '.join(strange)}", "known: " + ", ".join(_KEYS)


_OTHERS = {
    "formats": "files are named after their entities, and written with sdgen's own settings",
    "per_entity": "write some entities alone, with a command each: --only ENTITY --to PATH --format FORMAT",
}


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)] if value else []


def _of_seeds(systems: Sequence[SystemRecord]) -> Iterator[Problem]:
    seeds = {system.seed for system in systems if system.seed is not None}
    if len(seeds) > 1:
        first = next(system for system in systems if system.seed is not None)
        told = ", ".join(str(seed) for seed in sorted(seeds))
        yield _origin(first).problem((), f"several seeds ({told}): that of {first.name} counts, {first.seed}")


def _origin(system: SystemRecord) -> Origin:
    root: Mapping[Path, Path] = {(): ("system",)}
    return Origin(system.document.file, {(): system.document.positions.get(("system", "output"), (1, 1))}, root)
