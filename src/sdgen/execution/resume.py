"""Continuing a stopped run: what tells that it is the same run, and the seed it had.

Files keep a checkpoint beside their staging folder, databases a table of checkpoints in the same transaction as the
rows. Both hold the manifest: a run with another one would mix rows of two plans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdgen.errors import Problem, TargetError
from sdgen.execution.destinations import BROKER_KINDS, BROKERS
from sdgen.execution.request import RunSettings
from sdgen.execution.target_spec import ResolvedTarget
from sdgen.generators.links.links import ForeignKey
from sdgen.generators.links.parent_sampler import Link
from sdgen.generators.links.restricted_parents import DistinctWithin, Within
from sdgen.generators.streams import Numbers
from sdgen.planning.plan import EntityPlan, Plan
from sdgen.scenario.model import Scenario
from sdgen.scenario.request import ExistingRows
from sdgen.targets.base import Committing, Described, Mode, Resumable, Sending, Table, Target


def manifest(plan: Plan, tables: Sequence[Table], mode: Mode) -> dict[str, Any]:
    """All that decides what a run writes: another run with the same manifest writes the same bytes."""
    return {
        # Whether another release would write the same bytes can't be known here.
        "sdgen": version("sdgen"),
        "seed": plan.seed,
        "as_of": plan.as_of.isoformat(),
        "mode": mode.value,
        "tables": [table.name for table in tables],
        "rows": {table.name: table.rows for table in tables},
        "plan": plan.identity,
        "scenario": plan.scenario,
        "version": plan.version,
    }


def resume_problems(target: Target, settings: RunSettings) -> list[Problem]:
    """Why a target can't commit during a run, or continue a stopped one, where the settings ask for it."""
    commit_every, resume = settings.commit_every, settings.resume
    what, hint = "", ""
    if commit_every and isinstance(target, Resumable):
        what, hint = "files appear all at once, when a run ends", "leave commit_every out: resume needs none here"
    elif commit_every and not isinstance(target, Committing):
        what, hint = "this target can't commit during a run and record exactly how far it is", "leave commit_every out"
    elif commit_every and settings.appends:
        what = "a run that appends can't be resumed: it depends on the rows that were there when it began"
        hint = "leave commit_every out: then it adds all rows or none"
    elif commit_every and settings.table_modes:
        what, hint = "tables with modes of their own can't be committed during a run", "name one --mode for all of them"
    elif resume and isinstance(target, Described) and not isinstance(target, Resumable):
        what, hint = "what a stopped run left here can't be continued", "leave resume out"
    elif resume and not commit_every and not isinstance(target, Resumable):
        what = "a database takes all rows of a run or none, so that there is nothing to resume"
        hint = _EVERY if isinstance(target, Committing) else "leave resume out"
    return [Problem(("target",), what, hint)] if what else []


_EVERY = "with commit_every (--commit-every 1M) it keeps what is done so far"
WHOLE = "the target is as it was"
SENT = "messages that were sent stay, and the same run again sends the others"
UNCOMMITTED = "consumers that read committed messages see all or none of them (with transactional=false, those sent)"
PART = "committed rows stay, and the same run with --resume continues after them"
KEPT = "the target is as it was, and the same run continues with what is done"


def begin(manifest: Mapping[str, Any], target: Target, settings: RunSettings) -> None:
    """Give a target that can continue a stopped run the manifest of this one; TargetError where it can't but should."""
    problems = resume_problems(target, settings)
    if problems:
        raise TargetError(problems)
    if isinstance(target, Described) or (settings.commit_every and isinstance(target, Committing)):
        target.begin(manifest, settings.resume)


def state_after_failure(target: Target, resume: bool) -> str:
    """The state of a target after a run that failed or was cancelled, in words."""
    if isinstance(target, Committing):
        return PART if target.committed else WHOLE
    if isinstance(target, Sending) and target.sent:
        return SENT
    return KEPT if resume and isinstance(target, Resumable) else WHOLE


_LEFT = {
    "": "the target is as it was",
    "finishing": "it was about to commit: the target holds either all of its rows or none (sdgen verify checks which)",
}


def state_after_kill(phase: str, request: Mapping[str, Any], kind: str = "") -> str:
    """The state of a target whose run was killed in some phase, in words: nobody was there to put it back."""
    # Whatever it was doing: each commit holds its rows and how far the table is, so that nothing is in between.
    if request.get("commit_every"):
        return "the rows that it had committed stay, and the same run with resume continues after them"
    if kind == BROKERS["kafka"]:
        return UNCOMMITTED
    if kind in BROKER_KINDS:
        return SENT
    return _LEFT["finishing" if phase == "finishing" else ""]


def stopped_run_in(resolved: ResolvedTarget, scenario: Scenario) -> tuple[int, datetime] | None:
    """The seed and the instant of the run that was stopped on its way to a target; None where there is none."""
    target = resolved.open()
    try:
        left = target.left() if isinstance(target, Resumable | Committing) else None
    finally:
        target.abort()
    return None if left is None else (int(left["seed"]), datetime.fromisoformat(left["as_of"]))


# Old rows, laid out over the parents that they belong to: what links within a parent's row must know of them.


def with_children(plan: Plan, there: dict[str, ExistingRows]) -> dict[str, ExistingRows]:
    """What tables hold, in the order of the rows' parents where a link of the plan depends on it."""
    found = dict(there)
    if draws_within(plan):
        for name, entity in plan.entities.items():  # parents first: their rows may change places
            link = counting_link(entity)
            if link is not None and name in found and link.parent in found:
                found[name] = _laid_out(entity, link.name, found[name], found[link.parent])
    return found


def draws_within(plan: Plan) -> bool:
    """Whether a link takes parents of the same row further up: it must know which old rows belong to which."""
    links = [link for entity in plan.entities.values() for link in entity.links.values()]
    return any(isinstance(link.chooser, Within | DistinctWithin) for link in links)


def counting_link(entity: EntityPlan) -> Link | None:
    """The link that an entity's rows are counted by."""
    return next((link for link in entity.links.values() if link.layout is not None), None)


def columns_of_link(entity: EntityPlan, link: str) -> list[str]:
    """All columns that a link fills: together they tell its parents apart."""
    columns = entity.columns.items()
    links = [(name, column.generator) for name, column in columns if isinstance(column.generator, ForeignKey)]
    return [name for name, generator in links if (generator.via or name) == link]


def parent_positions(
    entity: EntityPlan, link: str, own: Mapping[str, pa.Array], parents: Mapping[str, pa.Array]
) -> Numbers:
    """For each row that is there the place of its parent among the parents' rows; -1 where it has none of them.

    own: the columns that the link fills, by name; parents: those of the parents whose values they are.
    """
    made = {name: entity.columns[name].generator for name in columns_of_link(entity, link)}
    keys = {name: parents[each.column] for name, each in made.items() if isinstance(each, ForeignKey)}
    codes = Codes(keys)
    known, codes_of_own = codes.of(keys), codes.of(own)
    if not len(known):
        return np.full(len(codes_of_own), -1, dtype=np.int64)
    order = np.argsort(known, kind="stable")
    # Of a code that is not among the known ones this is a place all the same: the next line looks whether it is there.
    place = np.minimum(np.searchsorted(known[order], codes_of_own), len(known) - 1)
    found = (known[order][place] == codes_of_own) & (codes_of_own >= 0)
    return np.where(found, order[place], -1)


def _laid_out(entity: EntityPlan, link: str, there: ExistingRows, parents: ExistingRows) -> ExistingRows:
    """Rows in the order of the parents that they belong to; those without a parent come first."""
    found = parent_positions(entity, link, there.columns, parents.columns)
    # Stable, so that siblings keep the order in which the target holds them.
    rows = np.argsort(found, kind="stable")
    # One place more than there are parents: the end of the last one's rows.
    firsts = np.searchsorted(found[rows], np.arange(parents.rows + 1)).astype(np.int64)
    columns = {name: values.take(pa.array(rows)) for name, values in there.columns.items()}
    return ExistingRows(there.rows, columns, firsts)


class Codes:
    """Numbers the combinations of values that some rows have."""

    def __init__(self, columns: Mapping[str, pa.Array]) -> None:
        self._words = {name: pc.unique(values).drop_null() for name, values in columns.items()}

    @property
    def names(self) -> list[str]:
        return list(self._words)

    def of(self, values: Mapping[str, pa.Array]) -> Numbers:
        """One number for each row's values; -1 where one of them is null, or is none of the known ones."""
        codes: Numbers | None = None
        for name, words in self._words.items():
            array = values[name]
            array = array.cast(words.type) if array.type != words.type else array
            place = pc.fill_null(pc.index_in(array, value_set=words, skip_nulls=True), -1).to_numpy().astype(np.int64)
            # The columns' places are the digits of one number.
            codes = place if codes is None else np.where((codes < 0) | (place < 0), -1, codes * len(words) + place)
        assert codes is not None
        return codes
