"""What is told of a jafgen dataset as a whole: seeds, keys, and what the rules will choose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sdgen.errors import Path, Problem
from sdgen.read.jafgen.columns import Draft
from sdgen.read.jafgen.records import SystemRecord
from sdgen.scenario.model import Origin


def add_notes(source: str, systems: Sequence[SystemRecord], drafts: Mapping[str, Draft], notes: list[Problem]) -> None:
    """Add the notes of all entities, and those of the whole."""
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


def _of_seeds(systems: Sequence[SystemRecord]) -> Iterator[Problem]:
    seeds = {system.seed for system in systems if system.seed is not None}
    if len(seeds) > 1:
        first = next(system for system in systems if system.seed is not None)
        told = ", ".join(str(seed) for seed in sorted(seeds))
        yield _origin(first).problem((), f"several seeds ({told}): that of {first.name} counts, {first.seed}")


def _origin(system: SystemRecord) -> Origin:
    root: Mapping[Path, Path] = {(): ("system",)}
    return Origin(system.document.file, {(): system.document.positions.get(("system", "output"), (1, 1))}, root)
