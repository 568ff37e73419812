"""What a run has done, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from sdgen.cli.request import Wanted, same_again
from sdgen.cli.tables import ruled
from sdgen.generators.links import ForeignKey
from sdgen.plan.model import EntityPlan, Plan
from sdgen.runs.execute import EntityResult, Result

HEAD = ("entity", "table", "rows", "seconds", "rows/s", "digest")
_RIGHT = (False, False, True, True, True, False)


def summary(wanted: Wanted, plan: Plan, result: Result, *, keyed: bool) -> Iterator[str]:
    """A table of the entities, totals, warnings, and the command for the same rows.

    `keyed`: whether the target keeps foreign keys, so that those it could not get deserve a warning.
    """
    yield from ruled([HEAD], [_cells(entity) for entity in result.entities], _RIGHT)
    yield f"{result.rows:,} rows in {result.seconds:.2f} s to {wanted.place}"
    for warning in missing_keys(plan, wanted.only) if keyed else ():
        yield f"warning: {warning}"
    yield f"again: {same_again(wanted, plan)}"


def _cells(entity: EntityResult) -> tuple[str, ...]:
    speed = entity.rows / max(entity.seconds, 1e-9)
    figures = (f"{entity.rows:,}", f"{entity.seconds:.2f}", f"{speed:,.0f}" if entity.rows else "-")
    return (entity.entity, entity.table, *figures, entity.digest)


def missing_keys(plan: Plan, only: tuple[str, ...]) -> Iterator[str]:
    """The links between written columns that the target holds no foreign key for, and why."""
    for entity in plan.entities.values():
        if only and entity.name not in only:
            continue
        for link in entity.links:
            yield from _missing_key(entity, link, only)


def _missing_key(entity: EntityPlan, link: str, only: tuple[str, ...]) -> Iterator[str]:
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
    elif tuple(name for name, _ in pairs) not in {key.columns for key in entity.foreign_keys}:
        yield f"{key}: those columns are no key of {parent}"
