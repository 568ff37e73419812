"""What a run has done, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from sdgen.cli.request import Wanted, same_again
from sdgen.cli.tables import ruled
from sdgen.plan.model import Plan
from sdgen.runs.execute import EntityResult, Result
from sdgen.runs.warnings import missing_keys, taken_values

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
    for note in taken_values(plan, wanted.only):
        yield f"note: {note}"
    yield f"again: {same_again(wanted, plan)}"


def _cells(entity: EntityResult) -> tuple[str, ...]:
    known = entity.rows and entity.seconds >= 1e-3  # rows of a resumed run may have been there
    speed = f"{entity.rows / entity.seconds:,.0f}" if known else "-"
    figures = (f"{entity.rows:,}", f"{entity.seconds:.2f}", speed)
    return (entity.entity, entity.table, *figures, entity.digest)
