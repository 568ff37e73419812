"""What a run's user should know, though nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sdgen.generators.links import ForeignKey
from sdgen.plan.model import EntityPlan, Plan


def missing_keys(plan: Plan, only: Sequence[str]) -> Iterator[str]:
    """The links between written columns that the target holds no foreign key for, and why."""
    for entity in plan.entities.values():
        if only and entity.name not in only:
            continue
        for link in entity.links:
            yield from _missing_key(entity, link, only)


def _missing_key(entity: EntityPlan, link: str, only: Sequence[str]) -> Iterator[str]:
    pairs = [
        (column.name, column.generator.column)
        for column in entity.written
        if isinstance(column.generator, ForeignKey) and (column.generator.via or column.name) == link
    ]
    if not pairs:
        return
    parent = entity.links[link].parent
    own, theirs = (", ".join(names) for names in zip(*pairs, strict=True))
    key = f"no foreign key {entity.name} ({own}) to {parent} ({theirs})"
    if only and parent not in only:
        yield f"{key}: {parent} was not written"
    elif not any(
        key.entity == parent and {name for name, _ in pairs} <= set(key.columns) for key in entity.foreign_keys
    ):
        yield f"{key}: those columns are no key of {parent}"
